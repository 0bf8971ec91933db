
/*
 * A raw command for the enrolments of a path, in the shapes of NanoMDM's API.
 * What is wrong with one target is said of that target.
 */


#include "ngx_mdm_api_ask.h"
#include "ngx_mdm_api_push.h"

#include <openssl/evp.h>


/* a byte of the path takes as long as so many bytes of a body */
#define NGX_MDM_API_PATH_LABOUR    8


typedef struct {
    ngx_mdm_api_push_wait_t  push;       /* must be first */
    ngx_mdm_api_ask_t        ask;
    ngx_mdm_pg_rows_t        rows;       /* while pushes are waited for */
    json_t                  *status;     /* of all targets */
    mdm_fault_t              bad_id;     /* of the last that cannot be read */
    unsigned                 pushed:1;
} ngx_mdm_api_enqueue_t;


static void ngx_mdm_api_enqueue_targets(ngx_mdm_api_t *api,
    ngx_mdm_api_enqueue_t *enqueue);
static void ngx_mdm_api_enqueue_target(ngx_mdm_api_t *api,
    ngx_mdm_api_enqueue_t *enqueue, ngx_str_t id, mdm_fault_t *fault);
static void ngx_mdm_api_enqueue_cleanup(void *data);
static void ngx_mdm_api_enqueue_read(void *data);
static void ngx_mdm_api_enqueue_ready(void *data);
static void ngx_mdm_api_enqueued(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_enqueue_push(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_enqueue_pushed(ngx_mdm_api_t *api);
static json_t *ngx_mdm_api_enqueue_build(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_enqueue_failures(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);
static ngx_uint_t ngx_mdm_api_enqueue_results(ngx_mdm_api_enqueue_t *enqueue);


void
ngx_mdm_api_enqueue(ngx_mdm_api_t *api)
{
    ngx_pool_cleanup_t     *cln;
    ngx_mdm_api_enqueue_t  *enqueue;

    enqueue = ngx_pcalloc(api->pool, sizeof(ngx_mdm_api_enqueue_t));
    cln = ngx_pool_cleanup_add(api->pool, 0);

    if (enqueue == NULL || cln == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    api->ctx = enqueue;
    enqueue->status = json_object();
    cln->handler = ngx_mdm_api_enqueue_cleanup;
    cln->data = enqueue;

    /* NanoMDM takes any value that is not empty, "0" among them */

    enqueue->ask.push = ngx_mdm_api_arg(api, "nopush").len == 0;
    enqueue->ask.envelope = api->body;

    if (ngx_mdm_api_targets_of_path(api, &enqueue->ask.targets) != NGX_OK) {
        return;
    }

    ngx_mdm_api_work(api, api->body.len + api->segments[0].len
                          * NGX_MDM_API_PATH_LABOUR,
                     ngx_mdm_api_enqueue_read, ngx_mdm_api_enqueue_ready);
}


static void
ngx_mdm_api_enqueue_cleanup(void *data)
{
    ngx_mdm_api_enqueue_t *enqueue = data;

    ngx_mdm_pg_rows_let_go(&enqueue->rows);
    json_decref(enqueue->status);
}


static void
ngx_mdm_api_enqueue_targets(ngx_mdm_api_t *api, ngx_mdm_api_enqueue_t *enqueue)
{
    ngx_str_t  id;

    ngx_str_null(&id);

    while (ngx_mdm_api_targets_next(api, &id) == NGX_OK) {
        ngx_mdm_api_enqueue_target(api, enqueue, id, &enqueue->bad_id);
    }
}


static void
ngx_mdm_api_enqueue_target(ngx_mdm_api_t *api, ngx_mdm_api_enqueue_t *enqueue,
    ngx_str_t id, mdm_fault_t *fault)
{
    mdm_str_t  device, user;

    if (mdm_enrollment_id_of_url(&api->arena, ngx_mdm_to_str(id), &device,
                                 &user, fault)
        != MDM_OK)
    {
        ngx_mdm_api_target_told(api, enqueue->status, id, "command_error",
                                fault->text);
        return;
    }

    ngx_mdm_api_targets_add(&enqueue->ask.targets, id, device, user);
    ngx_mdm_api_target_told(api, enqueue->status, id, NULL, NULL);
}


/* Reads targets and command and seals it: in a thread when they are large. */

static void
ngx_mdm_api_enqueue_read(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_api_ask_t      *ask;
    ngx_mdm_api_enqueue_t  *enqueue;

    enqueue = api->ctx;
    ask = &enqueue->ask;

    ngx_mdm_api_enqueue_targets(api, enqueue);

    if (ask->targets.n == 0) {
        return;
    }

    ask->rc = mdm_command_read(&api->arena, ask->envelope,
                               api->engine->schema, &ask->command,
                               &ask->fault);

    if (ask->rc == MDM_OK
        && EVP_Digest(ask->envelope.data, ask->envelope.len, ask->digest,
                      NULL, EVP_sha256(), NULL)
           != 1)
    {
        ask->rc = mdm_fault(&ask->fault, MDM_NO_MEMORY, "no digest");
    }

    if (ask->rc == MDM_OK) {
        ask->rc = ngx_mdm_api_ask_seal(api, ask);
    }
}


static void
ngx_mdm_api_enqueue_ready(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_api_ask_t      *ask;
    ngx_mdm_api_enqueue_t  *enqueue;

    enqueue = api->ctx;
    ask = &enqueue->ask;

    if (ask->targets.n == 0) {
        ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_enrollment_id", "%s",
                          enqueue->bad_id.text);
        return;
    }

    if (ask->rc == MDM_NO_MEMORY) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    if (ask->rc != MDM_OK) {
        ngx_mdm_api_finish(api, NGX_HTTP_BAD_REQUEST,
                           json_pack("{s:s}", "command_error",
                                     ask->fault.text));
        return;
    }

    ask->expires = ask->command.type->expires;

    ngx_mdm_api_ask(api, ask, ngx_mdm_api_enqueued);
}


static void
ngx_mdm_api_enqueued(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t          *api;
    ngx_mdm_api_enqueue_t  *enqueue;

    api = call->data;
    enqueue = api->ctx;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    if (ngx_mdm_api_is(ngx_mdm_pg_text(rows, 0, NGX_MDM_ENQUEUED_OUTCOME),
                       "conflict"))
    {
        ngx_mdm_api_finish(api, NGX_HTTP_CONFLICT,
                           json_pack("{s:s}", "command_error",
                                     "another command with this CommandUUID "
                                     "was queued within a day: use a new "
                                     "one"));
        return;
    }

    ngx_mdm_api_ask_wake(api, &enqueue->ask);

    enqueue->pushed = enqueue->ask.push
                      && (ngx_mdm_push_configured(api->engine)
                          || ngx_mdm_pg_bool(rows, 0,
                                             NGX_MDM_ENQUEUED_PUSHING));

    if (enqueue->pushed
        && ngx_mdm_pg_int(rows, 0, NGX_MDM_ENQUEUED_QUEUED) != 0)
    {
        ngx_mdm_api_enqueue_push(api, rows);
        return;
    }

    ngx_mdm_api_build(api, rows, enqueue->ask.targets.n
                                 * NGX_MDM_API_TARGET_LABOUR,
                      ngx_mdm_api_enqueue_build);
}


/* A target that does not have the command may be pushed all the same, for what
 * it had before; that ends the waiting for it and is not told. */

static void
ngx_mdm_api_enqueue_push(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_enqueue_t  *enqueue;

    enqueue = api->ctx;

    ngx_mdm_pg_rows_keep(&enqueue->rows, rows);

    ngx_mdm_api_push_wait(api, &enqueue->ask.targets,
                          ngx_mdm_pg_text(rows, 0, NGX_MDM_ENQUEUED_AT),
                          ngx_mdm_api_enqueue_pushed);
}


static void
ngx_mdm_api_enqueue_pushed(ngx_mdm_api_t *api)
{
    ngx_mdm_api_enqueue_t  *enqueue;

    enqueue = api->ctx;

    ngx_mdm_api_build(api, &enqueue->rows, enqueue->ask.targets.n
                                           * NGX_MDM_API_TARGET_LABOUR,
                      ngx_mdm_api_enqueue_build);
}


static json_t *
ngx_mdm_api_enqueue_build(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows)
{
    json_t                 *answer;
    ngx_uint_t              open;
    mdm_command_t          *command;
    ngx_mdm_api_enqueue_t  *enqueue;

    enqueue = api->ctx;
    open = 0;

    ngx_mdm_api_enqueue_failures(api, rows);

    if (enqueue->pushed) {
        open = ngx_mdm_api_enqueue_results(enqueue);
    }

    api->status = ngx_mdm_api_push_code(enqueue->status, open);
    command = &enqueue->ask.command;

    answer = json_pack("{s:o, s:s%, s:s%}", "status", enqueue->status,
                       "command_uuid", command->command_uuid.data,
                       command->command_uuid.len,
                       "request_type", command->request_type.data,
                       command->request_type.len);
    enqueue->status = NULL;

    if (!enqueue->pushed) {
        json_object_set_new(answer, "no_push", json_true());
    }

    if (enqueue->ask.push && !enqueue->pushed
        && ngx_mdm_pg_int(rows, 0, NGX_MDM_ENQUEUED_QUEUED) != 0)
    {
        json_object_set_new(answer, "push_error",
                            json_string(NGX_MDM_API_NO_NODE_PUSHES));
    }

    return answer;
}


static void
ngx_mdm_api_enqueue_failures(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows)
{
    int                               i;
    ngx_uint_t                        target;
    ngx_mdm_api_enqueue_t            *enqueue;
    const ngx_mdm_api_ask_failure_t  *failure;

    enqueue = api->ctx;

    for (i = 1; i < rows->count; i++) {
        if (ngx_mdm_api_ask_failed(&enqueue->ask, rows, i, &target, &failure)
            == NGX_OK)
        {
            ngx_mdm_api_target_told(api, enqueue->status,
                                    enqueue->ask.targets.ids[target],
                                    "command_error", failure->text);
        }
    }
}


/* Of those that have the command; returns of how many it is not known. */

static ngx_uint_t
ngx_mdm_api_enqueue_results(ngx_mdm_api_enqueue_t *enqueue)
{
    json_t                 *target;
    ngx_str_t               id;
    ngx_uint_t              i, open;
    ngx_mdm_api_targets_t  *targets;

    targets = &enqueue->ask.targets;

    for (i = 0, open = 0; i < targets->n; i++) {
        id = targets->ids[i];
        target = json_object_getn(enqueue->status, (char *) id.data, id.len);

        if (json_object_size(target) == 0
            && ngx_mdm_api_push_told(&enqueue->push, i, target) == NGX_AGAIN)
        {
            open++;
        }
    }

    return open;
}
