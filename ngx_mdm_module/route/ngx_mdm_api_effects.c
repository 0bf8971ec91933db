
/*
 * Running the handler of a stored report again: after it failed, or when the
 * plugin came later than the report.
 */


#include "ngx_mdm_api.h"

#include "../engine/ngx_mdm_effects.h"
#include "../engine/ngx_mdm_push.h"
#include "../message/mdm_enrollment_id.h"


/* nginx has no name for it */
#define NGX_MDM_HTTP_UNPROCESSABLE  422


/* columns of effects_open() and effects_again() */

enum {
    NGX_MDM_EFFECTS_OUTCOME = 0,
    NGX_MDM_EFFECTS_REQUEST_TYPE,
    NGX_MDM_EFFECTS_REPORT
};

enum {
    NGX_MDM_AGAIN_OUTCOME = 0,
    NGX_MDM_AGAIN_REASON
};


typedef struct {
    ngx_mdm_effects_t           effects;
    mdm_str_t                   row;           /* that the report is tied to */
    mdm_str_t                   sealed;
    mdm_str_t                   request_type;
    mdm_rc_e                    rc;            /* of opening */
} ngx_mdm_api_effects_t;


static ngx_int_t ngx_mdm_api_effects_row(ngx_mdm_api_t *api,
    ngx_mdm_api_effects_t *ctx, ngx_str_t uuid);
static void ngx_mdm_api_effects_found(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static ngx_int_t ngx_mdm_api_effects_refused(ngx_mdm_api_t *api,
    ngx_str_t outcome);
static void ngx_mdm_api_effects_run(void *data);
static void ngx_mdm_api_effects_store(void *data);
static void ngx_mdm_api_effects_stored(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);


void
ngx_mdm_api_effects(ngx_mdm_api_t *api)
{
    ngx_str_t               uuid;
    mdm_str_t               device_id, user_id;
    ngx_mdm_api_effects_t  *ctx;

    if (ngx_mdm_api_command_uuid(api, api->segments[1], &uuid) != NGX_OK
        || ngx_mdm_api_channel(api, 1, &device_id, &user_id) != NGX_OK)
    {
        return;
    }

    ctx = ngx_pcalloc(api->pool, sizeof(ngx_mdm_api_effects_t));
    if (ctx == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    api->ctx = ctx;
    ctx->effects.enrollment = mdm_enrollment_id_write(&api->arena, device_id,
                                                      user_id);

    if (ngx_mdm_api_effects_row(api, ctx, uuid) != NGX_OK) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);
    ngx_mdm_pg_set_bytes(&api->call.params[3], uuid.data, uuid.len);
    ngx_mdm_api_call(api, NGX_MDM_SQL_EFFECTS_OPEN, ngx_mdm_api_effects_found);
}


/* "<written enrolment id>/<CommandUUID>" */

static ngx_int_t
ngx_mdm_api_effects_row(ngx_mdm_api_t *api, ngx_mdm_api_effects_t *ctx,
    ngx_str_t uuid)
{
    u_char     *p;
    mdm_str_t   id;

    id = ctx->effects.enrollment;
    p = ngx_pnalloc(api->pool, id.len + 1 + uuid.len);

    if (!mdm_str_is_set(id) || p == NULL) {
        return NGX_ERROR;
    }

    ctx->row.data = p;
    p = ngx_cpymem(p, id.data, id.len);
    *p++ = '/';
    p = ngx_cpymem(p, uuid.data, uuid.len);
    ctx->row.len = p - ctx->row.data;

    ctx->effects.command_uuid = ngx_mdm_to_str(uuid);

    return NGX_OK;
}


static void
ngx_mdm_api_effects_found(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_str_t               type, report;
    ngx_mdm_api_t          *api;
    ngx_mdm_api_effects_t  *ctx;

    api = call->data;
    ctx = api->ctx;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK
        || ngx_mdm_api_effects_refused(api, ngx_mdm_pg_text(rows, 0,
                                                    NGX_MDM_EFFECTS_OUTCOME))
           != NGX_OK)
    {
        return;
    }

    type = ngx_mdm_pg_text(rows, 0, NGX_MDM_EFFECTS_REQUEST_TYPE);
    report = ngx_mdm_pg_text(rows, 0, NGX_MDM_EFFECTS_REPORT);

    ctx->request_type = mdm_arena_str(&api->arena, type.data, type.len);
    ctx->sealed = mdm_arena_str(&api->arena, report.data, report.len);

    if (!mdm_str_is_set(ctx->request_type) || !mdm_str_is_set(ctx->sealed)) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    ctx->effects.type = mdm_schema_command(api->engine->schema,
                                           ctx->request_type);

    if (!ctx->effects.type->handles) {
        ngx_mdm_api_error(api, NGX_MDM_HTTP_UNPROCESSABLE, "no_handler",
                          "no plugin does anything with a report on this "
                          "command: name it by mdm_plugin");
        return;
    }

    ngx_mdm_api_work(api, ctx->sealed.len, ngx_mdm_api_effects_run,
                     ngx_mdm_api_effects_store);
}


/* NGX_DONE: the client was told. */

static ngx_int_t
ngx_mdm_api_effects_refused(ngx_mdm_api_t *api, ngx_str_t outcome)
{
    if (ngx_mdm_api_is(outcome, "ok")) {
        return NGX_OK;
    }

    if (ngx_mdm_api_is(outcome, "unknown")) {
        ngx_mdm_api_unknown_enrollment(api);

    } else if (ngx_mdm_api_is(outcome, "none")) {
        ngx_mdm_api_error(api, NGX_HTTP_NOT_FOUND, "no_report",
                          "no report of this enrolment on this command is "
                          "kept");

    } else if (ngx_mdm_api_is(outcome, "applied")) {
        ngx_mdm_api_error(api, NGX_HTTP_CONFLICT, "effects_applied",
                          "the effects of this report were applied already");

    } else {
        ngx_mdm_api_error(api, NGX_HTTP_CONFLICT, "enrollment_changed",
                          "the enrolment has ended since, or is another one "
                          "now");
    }

    return NGX_DONE;
}


/* In a thread. */

static void
ngx_mdm_api_effects_run(void *data)
{
    ngx_mdm_api_t          *api;
    ngx_mdm_effects_t      *effects;
    ngx_mdm_api_effects_t  *ctx;

    api = data;
    ctx = api->ctx;
    effects = &ctx->effects;

    ctx->rc = mdm_secret_open(&api->arena, api->engine->ring, api->tenant_id,
                              "report", ctx->row, ctx->sealed,
                              &effects->body);
    if (ctx->rc != MDM_OK) {
        return;
    }

    effects->arena = &api->arena;
    effects->schema = api->engine->schema;
    effects->ring = api->engine->ring;
    effects->tenant_id = api->tenant_id;

    ngx_mdm_effects_run(effects);
}


static void
ngx_mdm_api_effects_store(void *data)
{
    mdm_str_t               device_id, user_id;
    ngx_mdm_api_t          *api;
    ngx_mdm_pg_value_t     *p;
    ngx_mdm_api_effects_t  *ctx;

    api = data;
    ctx = api->ctx;
    p = api->call.params;

    if (ctx->rc != MDM_OK) {
        ngx_mdm_api_cannot_open(api, "report");
        return;
    }

    if (ngx_mdm_api_channel(api, 3, &device_id, &user_id) != NGX_OK) {
        return;
    }

    ngx_mdm_api_who(api, p);
    ngx_mdm_set_str(&p[5], ctx->effects.command_uuid);
    ngx_mdm_set_str(&p[6], ctx->effects.json);
    ngx_mdm_set_str(&p[7], ctx->effects.lists);

    ngx_mdm_api_call(api, NGX_MDM_SQL_EFFECTS_AGAIN,
                     ngx_mdm_api_effects_stored);
}


static void
ngx_mdm_api_effects_stored(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    size_t                 *n;
    json_t                 *answer;
    ngx_str_t               outcome, reason;
    ngx_mdm_api_t          *api;
    ngx_mdm_api_effects_t  *ctx;

    api = call->data;
    ctx = api->ctx;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    ngx_mdm_push_wake(api->engine, api->tenant_id);

    outcome = ngx_mdm_pg_text(rows, 0, NGX_MDM_AGAIN_OUTCOME);

    if (ngx_mdm_api_is(outcome, "failed")) {
        reason = ngx_mdm_pg_text(rows, 0, NGX_MDM_AGAIN_REASON);

        ngx_mdm_api_error(api, NGX_MDM_HTTP_UNPROCESSABLE,
                          "effects_failed", "the effects failed again: %.*s",
                          (int) reason.len, reason.data);
        return;
    }

    if (ngx_mdm_api_effects_refused(api, outcome) != NGX_OK) {
        return;
    }

    n = ctx->effects.counts;

    answer = json_pack("{s:s%, s:s%, s:{s:I, s:I, s:I, s:I, s:I}}",
                       "command_uuid", ctx->effects.command_uuid.data,
                       ctx->effects.command_uuid.len,
                       "request_type", ctx->request_type.data,
                       ctx->request_type.len,
                       "effects",
                       "attributes", (json_int_t) n[MDM_EFFECT_ATTRIBUTE],
                       "secrets", (json_int_t) n[MDM_EFFECT_SECRET],
                       "commands", (json_int_t) n[MDM_EFFECT_COMMAND],
                       "events", (json_int_t) n[MDM_EFFECT_EVENT],
                       "items", (json_int_t) ctx->effects.items);

    ngx_mdm_api_finish(api, NGX_HTTP_OK, answer);
}
