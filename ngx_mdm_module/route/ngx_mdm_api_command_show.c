
/*
 * One command: what became of it at each of its targets, and its payload.
 */


#include "ngx_mdm_api.h"


static void ngx_mdm_api_command_found(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_command_page(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_command_cleanup(void *data);
static void ngx_mdm_api_payload_found(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_payload_open(void *data);
static void ngx_mdm_api_payload_opened(void *data);


typedef struct {
    ngx_str_t               uuid;
    ngx_str_t               after;
    json_t                 *head;        /* of the command itself */
} ngx_mdm_api_command_show_t;


typedef struct {
    mdm_str_t               uuid;
    mdm_str_t               sealed;
    mdm_str_t               plain;
    mdm_rc_e                rc;
} ngx_mdm_api_payload_t;


/* the place among the targets */

static const ngx_mdm_api_list_t  ngx_mdm_api_command_list = {
    "command", "i"
};


void
ngx_mdm_api_command_get(ngx_mdm_api_t *api)
{
    ngx_pool_cleanup_t          *cln;
    ngx_mdm_api_command_show_t  *show;

    show = ngx_pcalloc(api->pool, sizeof(ngx_mdm_api_command_show_t));
    cln = ngx_pool_cleanup_add(api->pool, 0);

    if (show == NULL || cln == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    api->ctx = show;
    cln->handler = ngx_mdm_api_command_cleanup;
    cln->data = show;

    if (ngx_mdm_api_command_uuid(api, api->segments[0], &show->uuid)
           != NGX_OK
        || ngx_mdm_api_limit(api) != NGX_OK
        || ngx_mdm_api_after(api, &ngx_mdm_api_command_list, &show->after)
           != NGX_OK)
    {
        return;
    }

    ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);
    ngx_mdm_pg_set_bytes(&api->call.params[1], show->uuid.data,
                         show->uuid.len);
    ngx_mdm_pg_set_bool(&api->call.params[2], show->after.len == 0);

    ngx_mdm_api_call(api, NGX_MDM_SQL_COMMAND_SHOW,
                     ngx_mdm_api_command_found);
}


static void
ngx_mdm_api_command_cleanup(void *data)
{
    ngx_mdm_api_command_show_t *show = data;

    json_decref(show->head);
}


static void
ngx_mdm_api_command_found(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t               *api;
    ngx_mdm_api_command_show_t  *show;

    api = call->data;
    show = api->ctx;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    if (rows->count == 0) {
        ngx_mdm_api_error(api, NGX_HTTP_NOT_FOUND, "unknown_command",
                          "there is no such command");
        return;
    }

    show->head = ngx_mdm_api_row(rows, 0);

    ngx_mdm_pg_set_bytes(&call->params[2], show->after.data,
                         show->after.len);
    ngx_mdm_pg_set_int4(&call->params[3], (int32_t) api->limit + 1);

    ngx_mdm_api_call(api, NGX_MDM_SQL_COMMAND_TARGETS,
                     ngx_mdm_api_command_page);
}


static void
ngx_mdm_api_command_page(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t               *api;
    ngx_mdm_api_command_show_t  *show;

    api = call->data;
    show = api->ctx;

    if (ngx_mdm_api_answered(api, rc) == NGX_OK) {
        ngx_mdm_api_page_with(api, &ngx_mdm_api_command_list, rows,
                              show->head);
    }
}


void
ngx_mdm_api_command_payload(ngx_mdm_api_t *api)
{
    ngx_str_t               uuid;
    ngx_mdm_pg_value_t     *p;
    ngx_mdm_api_payload_t  *payload;

    payload = ngx_pcalloc(api->pool, sizeof(ngx_mdm_api_payload_t));
    if (payload == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    if (ngx_mdm_api_command_uuid(api, api->segments[0], &uuid) != NGX_OK) {
        return;
    }

    api->ctx = payload;
    payload->uuid = ngx_mdm_to_str(uuid);
    p = api->call.params;

    ngx_mdm_api_who(api, p);
    ngx_mdm_pg_set_bytes(&p[3], uuid.data, uuid.len);

    ngx_mdm_api_call(api, NGX_MDM_SQL_COMMAND_PAYLOAD,
                     ngx_mdm_api_payload_found);
}


static void
ngx_mdm_api_payload_found(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_str_t               sealed;
    ngx_mdm_api_t          *api;
    ngx_mdm_api_payload_t  *payload;

    api = call->data;
    payload = api->ctx;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    sealed = ngx_mdm_pg_text(rows, 0, 0);

    if (sealed.data == NULL) {
        ngx_mdm_api_error(api, NGX_HTTP_NOT_FOUND, "unknown_command",
                          "there is no such command");
        return;
    }

    /* the rows go when this returns */

    payload->sealed = mdm_arena_str(&api->arena, sealed.data, sealed.len);

    if (!mdm_str_is_set(payload->sealed)) {
        ngx_mdm_api_out_of_memory(api);
        return;
    }

    ngx_mdm_api_work(api, sealed.len, ngx_mdm_api_payload_open,
                     ngx_mdm_api_payload_opened);
}


static void
ngx_mdm_api_payload_open(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_api_payload_t  *payload;

    payload = api->ctx;

    payload->rc = mdm_secret_open(&api->arena, api->engine->ring,
                                  api->tenant_id, "command", payload->uuid,
                                  payload->sealed, &payload->plain);
}


static void
ngx_mdm_api_payload_opened(void *data)
{
    ngx_mdm_api_t *api = data;

    ngx_mdm_api_payload_t  *payload;

    payload = api->ctx;

    if (payload->rc != MDM_OK) {
        ngx_mdm_api_cannot_open(api, "command");
        return;
    }

    ngx_mdm_api_finish_raw(api, payload->plain.len > 8
                           && ngx_memcmp(payload->plain.data, "bplist00", 8)
                              == 0
                           ? "application/octet-stream" : "application/xml",
                           payload->plain);
}
