
/*
 * Pushes that a person asks for, in the shapes of NanoMDM's API: what is wrong
 * with one target is said of that target.
 */


#include "ngx_mdm_api_targets.h"


/* columns of push_targets() */

enum {
    NGX_MDM_PUSH_N = 0,
    NGX_MDM_PUSH_OUTCOME
};


typedef struct {
    const char               *outcome;
    const char               *text;
} ngx_mdm_api_push_text_t;


static ngx_int_t ngx_mdm_api_push_read(ngx_mdm_api_t *api,
    ngx_mdm_api_targets_t *targets);
static void ngx_mdm_api_push_judged(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static json_t *ngx_mdm_api_push_build(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);
static json_t *ngx_mdm_api_push_status(ngx_mdm_api_targets_t *targets,
    const ngx_mdm_pg_rows_t *rows);
static const char *ngx_mdm_api_push_text(ngx_str_t outcome);


static const ngx_mdm_api_push_text_t  ngx_mdm_api_push_texts[] = {
    { "unknown",        "no such enrolment" },
    { "closed",         "the enrolment is closed" },
    { "pending",        "the device is still enrolling" },
    { "no_certificate", "there is no push certificate for its topic" },
    { NULL,             "no push was sent" }
};


void
ngx_mdm_api_push(ngx_mdm_api_t *api)
{
    ngx_mdm_api_targets_t  *targets;

    targets = ngx_pcalloc(api->pool, sizeof(ngx_mdm_api_targets_t));
    if (targets == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    api->ctx = targets;
    ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);

    if (ngx_mdm_api_push_read(api, targets) == NGX_OK
        && ngx_mdm_api_targets_params(api, targets, 1) == NGX_OK)
    {
        ngx_mdm_api_call(api, NGX_MDM_SQL_PUSH_TARGETS,
                         ngx_mdm_api_push_judged);
    }
}


static ngx_int_t
ngx_mdm_api_push_read(ngx_mdm_api_t *api, ngx_mdm_api_targets_t *targets)
{
    mdm_str_t  device, user;
    ngx_str_t  id;

    if (ngx_mdm_api_targets_of_path(api, targets) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_str_null(&id);

    while (ngx_mdm_api_targets_next(api, &id) == NGX_OK) {

        if (ngx_mdm_api_enrollment(api, id, &device, &user) != NGX_OK) {
            return NGX_ERROR;
        }

        ngx_mdm_api_targets_add(targets, id, device, user);
    }

    return NGX_OK;
}


static void
ngx_mdm_api_push_judged(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) == NGX_OK) {
        ngx_mdm_api_build(api, rows, 0, ngx_mdm_api_push_build);
    }
}


/* The first row is the tenant's. */

static json_t *
ngx_mdm_api_push_build(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows)
{
    ngx_str_t    outcome;
    const char  *text;

    outcome = ngx_mdm_pg_text(rows, 0, NGX_MDM_PUSH_OUTCOME);

    text = ngx_mdm_api_is(outcome, "no_certificate")
           ? "this version sends no pushes, and the tenant has no push "
             "certificate: devices come when they decide to"
           : "this version sends no pushes: devices come when they decide to";

    api->status = NGX_HTTP_INTERNAL_SERVER_ERROR;

    return json_pack("{s:s, s:o}", "push_error", text, "status",
                     ngx_mdm_api_push_status(api->ctx, rows));
}


static json_t *
ngx_mdm_api_push_status(ngx_mdm_api_targets_t *targets,
    const ngx_mdm_pg_rows_t *rows)
{
    int          i;
    json_t      *status;
    int64_t      n;
    ngx_str_t    id;
    const char  *text;

    status = json_object();

    for (i = 1; i < rows->count; i++) {
        n = ngx_mdm_pg_int(rows, i, NGX_MDM_PUSH_N);

        if (n < 1 || n > (int64_t) targets->n) {
            continue;
        }

        id = targets->ids[n - 1];
        text = ngx_mdm_api_push_text(ngx_mdm_pg_text(rows, i,
                                                     NGX_MDM_PUSH_OUTCOME));

        json_object_setn_new(status, (char *) id.data, id.len,
                             json_pack("{s:s}", "push_error", text));
    }

    return status;
}


static const char *
ngx_mdm_api_push_text(ngx_str_t outcome)
{
    const ngx_mdm_api_push_text_t  *t;

    for (t = ngx_mdm_api_push_texts; t->outcome != NULL; t++) {
        if (ngx_mdm_api_is(outcome, t->outcome)) {
            break;
        }
    }

    return t->text;
}
