
/*
 * The effects of a report on its way: which request type, which handler, and
 * what came of it.  That a handler failed is told here, and never to a device.
 */


#include "ngx_mdm_exchange.h"
#include "ngx_mdm_request_type.h"


/* The database says which type it is; when it still does not fit after this
 * often, the command changes faster than we can ask. */
#define NGX_MDM_REPORT_MISTAKES   2

/* Items of lists are copied, hashed and written as JSON: a byte of them is as
 * much work as so many of other reports. */
#define NGX_MDM_REPORT_LIST_LABOUR  8


enum {
    NGX_MDM_REPORT_TYPES_TYPE = 1
};


static void ngx_mdm_report_ask(ngx_mdm_exchange_t *x);
static void ngx_mdm_report_told(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_report_assume(ngx_mdm_exchange_t *x,
    mdm_str_t request_type);
static void ngx_mdm_report_handle(void *data);
static void ngx_mdm_report_handled(void *data);
static void ngx_mdm_report_failed(ngx_mdm_exchange_t *x);


void
ngx_mdm_report_effects(ngx_mdm_exchange_t *x, ngx_mdm_exchange_pt then)
{
    mdm_str_t             type;
    mdm_report_status_e   status;

    x->then = then;
    x->effects.json = mdm_null_str;
    x->effects.lists = mdm_null_str;

    status = x->intake.message.status;

    if (status != MDM_STATUS_ACKNOWLEDGED && status != MDM_STATUS_ERROR
        && status != MDM_STATUS_COMMAND_FORMAT_ERROR)
    {
        then(x);
        return;
    }

    type = ngx_mdm_request_type_find(x->engine, x->tenant->id,
                                     x->intake.message.command_uuid);

    if (!mdm_str_is_set(type)) {
        ngx_mdm_report_ask(x);
        return;
    }

    ngx_mdm_report_assume(x, type);
}


/* Another worker delivered it, or this one long ago. */

static void
ngx_mdm_report_ask(ngx_mdm_exchange_t *x)
{
    ngx_mdm_pg_value_t  *p;

    p = x->call.params;

    ngx_mdm_pg_set_int8(&p[0], x->tenant->id);
    ngx_mdm_set_str(&p[1], x->intake.message.id.device_id);
    ngx_mdm_set_str(&p[2], x->intake.message.id.user_id);
    ngx_mdm_set_str(&p[3], x->intake.message.command_uuid);

    ngx_mdm_exchange_call(x, NGX_MDM_SQL_REPORT_TYPES, ngx_mdm_report_told);
}


static void
ngx_mdm_report_told(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    mdm_str_t            type;
    ngx_mdm_exchange_t  *x;

    x = call->data;
    x->db_time += ngx_current_msec - x->asked;

    if (rc != NGX_MDM_PG_DONE) {
        ngx_mdm_exchange_fail(x, ngx_mdm_pg_rc_text(rc));
        return;
    }

    type = ngx_mdm_to_str(ngx_mdm_pg_text(rows, 0, NGX_MDM_REPORT_TYPES_TYPE));

    if (!mdm_str_is_set(type)) {

        /* nobody asked, or it was answered: it has no effects */

        x->then(x);
        return;
    }

    ngx_mdm_request_type_remember(x->engine, x->tenant->id,
                                  x->intake.message.command_uuid, type);
    ngx_mdm_report_assume(x, type);
}


static void
ngx_mdm_report_assume(ngx_mdm_exchange_t *x, mdm_str_t request_type)
{
    size_t              labour;
    ngx_mdm_effects_t  *effects;

    effects = &x->effects;
    effects->json = mdm_null_str;
    effects->lists = mdm_null_str;

    x->assumed_type = mdm_arena_str(&x->arena, request_type.data,
                                    request_type.len);

    if (!mdm_str_is_set(x->assumed_type)) {
        ngx_mdm_exchange_fail(x, "out of memory");
        return;
    }

    effects->type = mdm_schema_command(x->engine->schema, x->assumed_type);

    if (!effects->type->handles) {
        x->then(x);
        return;
    }

    effects->arena = &x->arena;
    effects->schema = x->engine->schema;
    effects->ring = x->engine->ring;
    effects->tenant_id = x->tenant->id;
    effects->enrollment = x->intake.enrollment;
    effects->command_uuid = x->intake.message.command_uuid;
    effects->plist = x->intake.plist;
    effects->body = x->intake.body;

    x->thread.run = ngx_mdm_report_handle;
    x->thread.done = ngx_mdm_report_handled;

    labour = x->intake.body.len
             * (effects->type->lists ? NGX_MDM_REPORT_LIST_LABOUR : 1);

    if (ngx_mdm_thread_run(&x->thread, x->engine->threads, x->pool, x->log,
                           labour)
        != NGX_OK)
    {
        ngx_mdm_exchange_fail(x, "the thread pool is full");
    }
}


static void
ngx_mdm_report_handle(void *data)
{
    ngx_mdm_exchange_t *x = data;

    ngx_mdm_effects_run(&x->effects);
}


static void
ngx_mdm_report_handled(void *data)
{
    ngx_mdm_exchange_t *x = data;

    if (x->effects.failed) {
        ngx_mdm_report_failed(x);

    } else if (mdm_str_is_set(x->effects.json)) {
        ngx_mdm_count(&x->engine->counters->effects[0]);
    }

    x->then(x);
}


void
ngx_mdm_report_mistaken(ngx_mdm_exchange_t *x, mdm_str_t request_type)
{
    x->db_time += ngx_current_msec - x->asked;

    ngx_mdm_request_type_remember(x->engine, x->tenant->id,
                                  x->intake.message.command_uuid,
                                  request_type);

    if (++x->mistaken <= NGX_MDM_REPORT_MISTAKES) {
        ngx_mdm_report_assume(x, request_type);
        return;
    }

    x->assumed_type = mdm_null_str;
    x->effects.arena = &x->arena;
    ngx_mdm_effects_fail(&x->effects, "the command's type did not stay the "
                                      "same while it was reported");
    ngx_mdm_report_failed(x);
    x->then(x);
}


static void
ngx_mdm_report_failed(ngx_mdm_exchange_t *x)
{
    ngx_uint_t  level;

    ngx_mdm_count(&x->engine->counters->effects[1]);

    level = ngx_mdm_pg_level(x->engine->pg, NGX_LOG_ERR,
                             "the effects of a report failed");

    ngx_log_error(level, x->log, 0,
                  "mdm: the effects of a report failed: %s, tenant \"%V\", "
                  "enrollment \"%*s\", command \"%*s\", request type \"%*s\"",
                  x->effects.fault.text, &x->tenant_key,
                  x->intake.enrollment.len, x->intake.enrollment.data,
                  x->intake.message.command_uuid.len,
                  x->intake.message.command_uuid.data,
                  x->assumed_type.len, x->assumed_type.data);
}
