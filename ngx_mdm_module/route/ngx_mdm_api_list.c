
/*
 * Lists: the enrolments of a tenant, and one channel's queue and history.
 * Pages are found by keys, never by counting.
 */


#include "ngx_mdm_api.h"


static void ngx_mdm_api_channel_empty(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);


/* the value that the list is ordered by, or nothing, device_id and user_id */

static const ngx_mdm_api_list_t  ngx_mdm_api_enrollment_list = {
    "enrollments", "ttt"
};

/* rank, priority, a time in microseconds since 1970 and a CommandUUID */

static const ngx_mdm_api_list_t  ngx_mdm_api_queue_list = {
    "queue", "iiit"
};

static const ngx_mdm_api_list_t  ngx_mdm_api_history_list = {
    "history", "it"
};


static const ngx_mdm_api_filter_t  ngx_mdm_api_enrollment_filters[] = {
    { "kind", NGX_MDM_API_WORD, 3,
      "device user shared_user enrollment enrollment_user" },
    { "ownership", NGX_MDM_API_WORD, 4, "organization shared user" },
    { "state", NGX_MDM_API_WORD, 5, "pending live closed ended" },
    { "supervised", NGX_MDM_API_BOOLEAN, 6, NULL },
    { "seen_after", NGX_MDM_API_TIME, 7, NULL },
    { "seen_before", NGX_MDM_API_TIME, 8, NULL },
    { "user", NGX_MDM_API_TEXT, 9, NULL },
    { "serial", NGX_MDM_API_TEXT, 10, NULL },
    { "attribute.", NGX_MDM_API_ATTRIBUTE, 11, NULL },
    { NULL, 0, 0, NULL }
};

static const ngx_mdm_api_filter_t  ngx_mdm_api_history_filters[] = {
    { "state", NGX_MDM_API_WORD, 5,
      "ACKNOWLEDGED ERROR EXPIRED CANCELLED UNASKED" },
    { "request_type", NGX_MDM_API_TEXT, 6, NULL },
    { NULL, 0, 0, NULL }
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
    if (ngx_mdm_api_paging(api, &ngx_mdm_api_enrollment_list, 1) != NGX_OK
        || ngx_mdm_api_filters(api, ngx_mdm_api_enrollment_filters) != NGX_OK)
    {
        return;
    }

    ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);

    ngx_mdm_api_call_page(api, NGX_MDM_SQL_ENROLLMENTS,
                          &ngx_mdm_api_enrollment_list);
}


void
ngx_mdm_api_queue(ngx_mdm_api_t *api)
{
    if (ngx_mdm_api_channel_page(api, &ngx_mdm_api_queue_list) == NGX_OK) {
        ngx_mdm_api_call(api, NGX_MDM_SQL_ENROLLMENT_QUEUE,
                         ngx_mdm_api_channel_found);
    }
}


void
ngx_mdm_api_history(ngx_mdm_api_t *api)
{
    if (ngx_mdm_api_channel_page(api, &ngx_mdm_api_history_list) == NGX_OK
        && ngx_mdm_api_filters(api, ngx_mdm_api_history_filters) == NGX_OK)
    {
        ngx_mdm_api_call(api, NGX_MDM_SQL_ENROLLMENT_HISTORY,
                         ngx_mdm_api_channel_found);
    }
}


ngx_int_t
ngx_mdm_api_channel_page(ngx_mdm_api_t *api, const ngx_mdm_api_list_t *list)
{
    mdm_str_t  device_id, user_id;

    if (ngx_mdm_api_paging(api, list, 3) != NGX_OK
        || ngx_mdm_api_channel(api, 1, &device_id, &user_id) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_mdm_pg_set_int8(&api->call.params[0], api->tenant_id);
    api->ctx = (void *) list;

    return NGX_OK;
}


/* Only an empty page asks whether there is such an enrolment; the parameters
 * are still those of the channel. */

void
ngx_mdm_api_channel_found(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    if (rows->count == 0) {
        ngx_mdm_api_call(api, NGX_MDM_SQL_ENROLLMENT_KNOWN,
                         ngx_mdm_api_channel_empty);
        return;
    }

    ngx_mdm_api_page(api, api->ctx, rows);
}


static void
ngx_mdm_api_channel_empty(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) != NGX_OK) {
        return;
    }

    if (!ngx_mdm_pg_bool(rows, 0, 0)) {
        ngx_mdm_api_unknown_enrollment(api);
        return;
    }

    ngx_mdm_api_finish(api, NGX_HTTP_OK, json_pack("{s:[]}", "items"));
}
