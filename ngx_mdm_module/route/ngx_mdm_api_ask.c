
/*
 * Asking: a command that was read is sealed and queued for its targets, all in
 * one statement.
 */


#include "ngx_mdm_api_ask.h"

#include "../engine/ngx_mdm_push.h"


static void ngx_mdm_api_ask_params(ngx_mdm_api_t *api,
    ngx_mdm_api_ask_t *ask);
static ngx_int_t ngx_mdm_api_ask_wants(ngx_mdm_api_t *api,
    ngx_mdm_api_ask_t *ask);


const ngx_mdm_api_ask_failure_t  ngx_mdm_api_ask_failures[] = {
    { "unknown",   "unknown_enrollment", "no such enrolment" },
    { "closed",    "closed",             "the enrolment is closed" },
    { "pending",   "pending",            "the device is still enrolling" },
    { "duplicate", "duplicate",          "a live command of this enrolment is "
                                         "the same" },
    { NULL,        "not_queued",         "not queued" }
};


mdm_rc_e
ngx_mdm_api_ask_seal(ngx_mdm_api_t *api, ngx_mdm_api_ask_t *ask)
{
    if (mdm_secret_seal(&api->arena, api->engine->ring, api->tenant_id,
                        "command", ask->command.command_uuid, ask->envelope,
                        &ask->sealed)
        != MDM_OK
        || mdm_secret_digest(api->engine->ring, api->tenant_id, ask->digest,
                             ask->digests, &ask->digests_len)
           != MDM_OK)
    {
        return mdm_fault(&ask->fault, MDM_NO_MEMORY,
                         "the command cannot be sealed");
    }

    return MDM_OK;
}


void
ngx_mdm_api_ask(ngx_mdm_api_t *api, ngx_mdm_api_ask_t *ask,
    ngx_mdm_pg_handler_pt handler)
{
    if ((ask->command.type->flags & MDM_DESTRUCTIVE)
        && ngx_mdm_api_require(api, "destructive") != NGX_OK)
    {
        return;
    }

    ngx_mdm_api_ask_params(api, ask);

    if (ngx_mdm_api_ask_wants(api, ask) == NGX_OK
        && ngx_mdm_api_targets_params(api, &ask->targets, 16) == NGX_OK)
    {
        ngx_mdm_api_call(api, NGX_MDM_SQL_ENQUEUE, handler);
    }
}


/* Those of the targets come in between. */

static void
ngx_mdm_api_ask_params(ngx_mdm_api_t *api, ngx_mdm_api_ask_t *ask)
{
    const char               *repeat;
    mdm_command_t            *command;
    ngx_mdm_pg_value_t       *p;
    const mdm_schema_type_t  *type;

    p = api->call.params;
    command = &ask->command;
    type = command->type;

    repeat = (type->flags & MDM_ONCE) ? "once" : "safe";

    ngx_mdm_api_who(api, p);
    ngx_mdm_set_str(&p[3], command->command_uuid);
    ngx_mdm_set_str(&p[4], command->request_type);
    ngx_mdm_set_str(&p[5], command->subject);
    ngx_mdm_set_str(&p[6], ask->sealed);
    ngx_mdm_pg_set_bytes(&p[7], ask->digests, ask->digests_len);
    ngx_mdm_pg_set_bytes(&p[8], repeat, ngx_strlen(repeat));
    ngx_mdm_pg_set_bool(&p[9], command->urgent);
    ngx_mdm_pg_set_bool(&p[10], command->renewal);
    ngx_mdm_pg_set_bool(&p[11], (type->flags & MDM_SUPERSEDES) != 0);
    ngx_mdm_pg_set_int8(&p[12], ask->expires);
    ngx_mdm_pg_set_int2(&p[13], ask->priority);
    ngx_mdm_pg_set_int8(&p[14], ask->not_before);
    ngx_mdm_set_str(&p[15], ask->dedupe_key);
    ngx_mdm_pg_set_bool(&p[18], ask->push);
    ngx_mdm_pg_set_bool(&p[20], command->part);
}


static ngx_int_t
ngx_mdm_api_ask_wants(ngx_mdm_api_t *api, ngx_mdm_api_ask_t *ask)
{
    ngx_uint_t           i;
    ngx_mdm_pg_value_t  *param, *values;

    param = &api->call.params[19];
    ngx_mdm_pg_set_null(param);

    if (!ask->wanting) {
        return NGX_OK;
    }

    values = ngx_palloc(api->pool, (ask->nwants + 1)
                                   * sizeof(ngx_mdm_pg_value_t));

    for (i = 0; values != NULL && i < ask->nwants; i++) {
        ngx_mdm_set_str(&values[i], ask->wants[i]);
    }

    if (values == NULL
        || ngx_mdm_pg_set_array(param, api->pool, 't', values, ask->nwants)
           != NGX_OK)
    {
        ngx_mdm_api_out_of_memory(api);
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_mdm_api_ask_wake(ngx_mdm_api_t *api, ngx_mdm_api_ask_t *ask)
{
    if (ask->push) {
        ngx_mdm_push_wake(api->engine, api->tenant_id);
    }
}


ngx_int_t
ngx_mdm_api_ask_failed(ngx_mdm_api_ask_t *ask, const ngx_mdm_pg_rows_t *rows,
    int row, ngx_uint_t *target, const ngx_mdm_api_ask_failure_t **failure)
{
    int64_t  n;

    n = ngx_mdm_pg_int(rows, row, NGX_MDM_ENQUEUED_N);

    if (n < 1 || n > (int64_t) ask->targets.n) {
        return NGX_ERROR;
    }

    *target = n - 1;
    *failure = ngx_mdm_api_ask_failure(ngx_mdm_pg_text(rows, row,
                                                  NGX_MDM_ENQUEUED_OUTCOME));

    return NGX_OK;
}


const ngx_mdm_api_ask_failure_t *
ngx_mdm_api_ask_failure(ngx_str_t outcome)
{
    const ngx_mdm_api_ask_failure_t  *failure;

    for (failure = ngx_mdm_api_ask_failures; failure->outcome; failure++) {
        if (ngx_mdm_api_is(outcome, failure->outcome)) {
            break;
        }
    }

    return failure;
}
