
/*
 * Pushes that a person asks for, in the shapes of NanoMDM's API: what is wrong
 * with one target is said of that target.
 */


#include "ngx_mdm_api_push.h"


/* columns of push_ask() */

enum {
    NGX_MDM_ASKED_N = 0,
    NGX_MDM_ASKED_OUTCOME,
    NGX_MDM_ASKED_AT,
    NGX_MDM_ASKED_PUSHING = 4
};


typedef struct {
    ngx_mdm_api_push_wait_t   wait;         /* must be first */
    ngx_mdm_api_targets_t     targets;
    ngx_mdm_pg_rows_t         rows;         /* of push_ask() */
    json_t                   *status;       /* of all targets */
    unsigned                  pushed:1;     /* some node pushes */
} ngx_mdm_api_push_t;


typedef struct {
    const char               *outcome;
    const char               *text;
} ngx_mdm_api_push_text_t;


static void ngx_mdm_api_push_cleanup(void *data);
static ngx_int_t ngx_mdm_api_push_read(ngx_mdm_api_t *api,
    ngx_mdm_api_push_t *push);
static void ngx_mdm_api_push_asked(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static ngx_uint_t ngx_mdm_api_push_any(const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_push_finish(ngx_mdm_api_t *api);
static json_t *ngx_mdm_api_push_build(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);
static const char *ngx_mdm_api_push_fault(ngx_mdm_api_push_t *push,
    const ngx_mdm_pg_rows_t *rows);
static ngx_uint_t ngx_mdm_api_push_status(ngx_mdm_api_push_t *push,
    const ngx_mdm_pg_rows_t *rows, json_t *status);
static ngx_int_t ngx_mdm_api_push_target(ngx_mdm_api_push_t *push,
    ngx_str_t outcome, ngx_uint_t target, json_t *object);


static const ngx_mdm_api_push_text_t  ngx_mdm_api_push_texts[] = {
    { "unknown",        "no such enrolment" },
    { "closed",         "the enrolment is closed" },
    { "pending",        "the device is still enrolling" },
    { "no_certificate", "there is no push certificate for its topic" },
    { NULL,             "it is pushed as soon as a node pushes" }
};


void
ngx_mdm_api_push(ngx_mdm_api_t *api)
{
    ngx_mdm_api_push_t  *push;
    ngx_pool_cleanup_t  *cln;

    push = ngx_pcalloc(api->pool, sizeof(ngx_mdm_api_push_t));
    cln = ngx_pool_cleanup_add(api->pool, 0);

    if (push == NULL || cln == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    api->ctx = push;
    push->status = json_object();
    cln->handler = ngx_mdm_api_push_cleanup;
    cln->data = push;

    ngx_mdm_api_who(api, api->call.params);

    if (ngx_mdm_api_push_read(api, push) == NGX_OK
        && ngx_mdm_api_targets_params(api, &push->targets, 3) == NGX_OK)
    {
        ngx_mdm_api_call(api, NGX_MDM_SQL_PUSH_ASK, ngx_mdm_api_push_asked);
    }
}


static void
ngx_mdm_api_push_cleanup(void *data)
{
    ngx_mdm_api_push_t *push = data;

    ngx_mdm_pg_rows_let_go(&push->rows);
    json_decref(push->status);
}


/* An id that cannot be read hinders no other. */

static ngx_int_t
ngx_mdm_api_push_read(ngx_mdm_api_t *api, ngx_mdm_api_push_t *push)
{
    mdm_str_t    device, user;
    ngx_str_t    id;
    mdm_fault_t  fault;

    if (ngx_mdm_api_targets_of_path(api, &push->targets) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_str_null(&id);

    while (ngx_mdm_api_targets_next(api, &id) == NGX_OK) {

        if (mdm_enrollment_id_of_url(&api->arena, ngx_mdm_to_str(id), &device,
                                     &user, &fault)
            == MDM_OK)
        {
            ngx_mdm_api_targets_add(&push->targets, id, device, user);

        } else {
            ngx_mdm_api_target_told(api, push->status, id, "push_error",
                                    fault.text);
        }
    }

    if (push->targets.n != 0) {
        return NGX_OK;
    }

    ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_enrollment_id", "%s",
                      fault.text);

    return NGX_ERROR;
}


static void
ngx_mdm_api_push_asked(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t       *api;
    ngx_mdm_api_push_t  *push;

    api = call->data;
    push = api->ctx;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    push->pushed = ngx_mdm_push_configured(api->engine)
                   || ngx_mdm_pg_bool(rows, 0, NGX_MDM_ASKED_PUSHING);

    ngx_mdm_pg_rows_keep(&push->rows, rows);

    if (!push->pushed || !ngx_mdm_api_push_any(rows)) {
        ngx_mdm_api_push_finish(api);
        return;
    }

    ngx_mdm_push_wake(api->engine, api->tenant_id);

    ngx_mdm_api_push_wait(api, &push->targets,
                          ngx_mdm_pg_text(rows, 0, NGX_MDM_ASKED_AT),
                          ngx_mdm_api_push_finish);
}


/* Is a push to come? */

static ngx_uint_t
ngx_mdm_api_push_any(const ngx_mdm_pg_rows_t *rows)
{
    int  i;

    for (i = 1; i < rows->count; i++) {
        if (ngx_mdm_api_is(ngx_mdm_pg_text(rows, i, NGX_MDM_ASKED_OUTCOME),
                           "ok"))
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_mdm_api_push_finish(ngx_mdm_api_t *api)
{
    ngx_mdm_api_push_t  *push;

    push = api->ctx;

    ngx_mdm_api_build(api, &push->rows,
                      push->targets.n * NGX_MDM_API_TARGET_LABOUR,
                      ngx_mdm_api_push_build);
}


static json_t *
ngx_mdm_api_push_build(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows)
{
    json_t              *status;
    ngx_uint_t           open;
    ngx_mdm_api_push_t  *push;

    push = api->ctx;

    /* it goes with the answer: thousands are not freed by the event loop */

    status = push->status;
    push->status = NULL;

    open = ngx_mdm_api_push_status(push, rows, status);
    api->status = ngx_mdm_api_push_code(status, open);

    return json_pack("{s:s*, s:o}", "push_error",
                     ngx_mdm_api_push_fault(push, rows), "status", status);
}


/* What is wrong with all of them.  The first row is the tenant's. */

static const char *
ngx_mdm_api_push_fault(ngx_mdm_api_push_t *push, const ngx_mdm_pg_rows_t *rows)
{
    if (ngx_mdm_api_is(ngx_mdm_pg_text(rows, 0, NGX_MDM_ASKED_OUTCOME),
                       "no_certificate"))
    {
        return "the tenant has no push certificate: store one with "
               "PUT /v1/pushcert";
    }

    return push->pushed ? NULL : NGX_MDM_API_NO_NODE_PUSHES;
}


/* Returns of how many it is not known what became of their pushes. */

static ngx_uint_t
ngx_mdm_api_push_status(ngx_mdm_api_push_t *push,
    const ngx_mdm_pg_rows_t *rows, json_t *status)
{
    int          i;
    json_t      *object;
    int64_t      n;
    ngx_str_t    id, outcome;
    ngx_uint_t   open;

    for (i = 1, open = 0; i < rows->count; i++) {
        n = ngx_mdm_pg_int(rows, i, NGX_MDM_ASKED_N);

        if (n < 1 || n > (int64_t) push->targets.n) {
            continue;
        }

        id = push->targets.ids[n - 1];
        outcome = ngx_mdm_pg_text(rows, i, NGX_MDM_ASKED_OUTCOME);

        if (json_object_getn(status, (char *) id.data, id.len) != NULL) {
            continue;
        }

        object = json_object();
        open += (ngx_mdm_api_push_target(push, outcome, n - 1, object)
                 == NGX_AGAIN);

        json_object_setn_new(status, (char *) id.data, id.len, object);
    }

    return open;
}


static ngx_int_t
ngx_mdm_api_push_target(ngx_mdm_api_push_t *push, ngx_str_t outcome,
    ngx_uint_t target, json_t *object)
{
    const ngx_mdm_api_push_text_t  *t;

    if (push->pushed && ngx_mdm_api_is(outcome, "ok")) {
        return ngx_mdm_api_push_told(&push->wait, target, object);
    }

    for (t = ngx_mdm_api_push_texts; t->outcome != NULL; t++) {
        if (ngx_mdm_api_is(outcome, t->outcome)) {
            break;
        }
    }

    json_object_set_new(object, "push_error", json_string(t->text));

    return NGX_DECLINED;
}
