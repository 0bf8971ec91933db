
/*
 * Looking: the version, the enrolments of a tenant, and one channel's queue
 * and history.  Pages are found by keys, never by counting.
 */


#include "ngx_mdm_api.h"


static void ngx_mdm_api_enrollments_found(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static ngx_int_t ngx_mdm_api_channel(ngx_mdm_api_t *api);
static void ngx_mdm_api_queue_found(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_api_history_found(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);


/* device_id and user_id; a time in microseconds since 1970 and a CommandUUID */

static const ngx_mdm_api_list_t  ngx_mdm_api_enrollment_list = {
    "enrollments", "tt"
};

static const ngx_mdm_api_list_t  ngx_mdm_api_queue_list = {
    "queue", "t"
};

static const ngx_mdm_api_list_t  ngx_mdm_api_history_list = {
    "history", "it"
};


void
ngx_mdm_api_version(ngx_mdm_api_t *api)
{
    ngx_mdm_api_finish(api, NGX_HTTP_OK,
                       json_pack("{s:s}", "version", NGX_MDM_VERSION));
}


void
ngx_mdm_api_enrollments(ngx_mdm_api_t *api)
{
    ngx_str_t  after;

    if (ngx_mdm_api_limit(api) != NGX_OK
        || ngx_mdm_api_after(api, &ngx_mdm_api_enrollment_list, &after)
           != NGX_OK)
    {
        return;
    }

    ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);
    ngx_mdm_pg_set_bytes(&api->call.params[1], after.data, after.len);
    ngx_mdm_pg_set_int4(&api->call.params[2], (int32_t) api->limit + 1);

    ngx_mdm_api_call(api, NGX_MDM_SQL_ENROLLMENTS,
                     ngx_mdm_api_enrollments_found);
}


static void
ngx_mdm_api_enrollments_found(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) == NGX_OK) {
        ngx_mdm_api_page(api, &ngx_mdm_api_enrollment_list, rows);
    }
}


/* tenant, device and user of the channel in the path */

static ngx_int_t
ngx_mdm_api_channel(ngx_mdm_api_t *api)
{
    mdm_str_t  device, user;

    if (ngx_mdm_api_limit(api) != NGX_OK
        || ngx_mdm_api_enrollment(api, api->segments[0], &device, &user) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);
    ngx_mdm_set_str(&api->call.params[1], device);
    ngx_mdm_set_str(&api->call.params[2], user);

    return NGX_OK;
}


void
ngx_mdm_api_queue(ngx_mdm_api_t *api)
{
    if (ngx_mdm_api_channel(api) != NGX_OK) {
        return;
    }

    ngx_mdm_pg_set_int4(&api->call.params[3], (int32_t) api->limit);

    ngx_mdm_api_call(api, NGX_MDM_SQL_ENROLLMENT_QUEUE,
                     ngx_mdm_api_queue_found);
}


static void
ngx_mdm_api_queue_found(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) == NGX_OK) {
        ngx_mdm_api_page(api, &ngx_mdm_api_queue_list, rows);
    }
}


void
ngx_mdm_api_history(ngx_mdm_api_t *api)
{
    ngx_str_t  after;

    if (ngx_mdm_api_channel(api) != NGX_OK
        || ngx_mdm_api_after(api, &ngx_mdm_api_history_list, &after) != NGX_OK)
    {
        return;
    }

    ngx_mdm_pg_set_bytes(&api->call.params[3], after.data, after.len);
    ngx_mdm_pg_set_int4(&api->call.params[4], (int32_t) api->limit + 1);

    ngx_mdm_api_call(api, NGX_MDM_SQL_ENROLLMENT_HISTORY,
                     ngx_mdm_api_history_found);
}


static void
ngx_mdm_api_history_found(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) == NGX_OK) {
        ngx_mdm_api_page(api, &ngx_mdm_api_history_list, rows);
    }
}
