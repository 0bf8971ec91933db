
/*
 * Looking at what happened: events in the order in which they were committed,
 * and the audit, newest first.
 */


#include "ngx_mdm_api.h"
#include "../engine/ngx_mdm_hub.h"


#define NGX_MDM_API_MAX_TYPES       32
#define NGX_MDM_API_MAX_TYPE        64
#define NGX_MDM_API_MAX_FILTER      255


static ngx_int_t ngx_mdm_api_events_after(ngx_mdm_api_t *api,
    ngx_str_t *after);
static ngx_int_t ngx_mdm_api_events_types(ngx_mdm_api_t *api,
    ngx_mdm_api_events_t *query);
static ngx_int_t ngx_mdm_api_events_type(ngx_mdm_api_t *api,
    ngx_mdm_api_events_t *query, ngx_str_t names);
static ngx_uint_t ngx_mdm_api_type_fits(ngx_str_t name);
static ngx_int_t ngx_mdm_api_events_enrollment(ngx_mdm_api_t *api,
    mdm_str_t *device_id, mdm_str_t *user_id);
static void ngx_mdm_api_events_found(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static json_t *ngx_mdm_api_events_build(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);
static json_t *ngx_mdm_api_audit_build(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);
static ngx_int_t ngx_mdm_api_audit_filter(ngx_mdm_api_t *api,
    const char *name, ngx_mdm_pg_value_t *value);
static void ngx_mdm_api_audit_found(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);


/* audit_id */

static const ngx_mdm_api_list_t  ngx_mdm_api_audit_list = {
    "audit", "i"
};


void
ngx_mdm_api_events(ngx_mdm_api_t *api)
{
    ngx_mdm_api_events_t  query;

    if (ngx_mdm_api_limit(api) != NGX_OK
        || ngx_mdm_api_events_query(api, &query) != NGX_OK)
    {
        return;
    }

    ngx_mdm_api_events_call(api, &query, query.after, api->limit,
                            ngx_mdm_api_events_found);
}


ngx_int_t
ngx_mdm_api_events_query(ngx_mdm_api_t *api, ngx_mdm_api_events_t *query)
{
    ngx_memzero(query, sizeof(ngx_mdm_api_events_t));

    if (ngx_mdm_api_events_after(api, &query->after) != NGX_OK
        || ngx_mdm_api_events_types(api, query) != NGX_OK
        || ngx_mdm_api_events_enrollment(api, &query->device_id,
                                         &query->user_id)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (mdm_str_is_set(query->device_id)) {
        query->written = mdm_enrollment_id_write(&api->arena,
                                                 query->device_id,
                                                 query->user_id);
    }

    if (mdm_str_is_set(query->device_id) != mdm_str_is_set(query->written)
        || (query->n != 0
            && ngx_mdm_pg_set_array(&query->array, api->pool, 't',
                                    query->types, query->n)
               != NGX_OK))
    {
        ngx_mdm_api_out_of_memory(api);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* A client that comes back says where it was in the header, and sends the
 * argument that it began with, too. */

static ngx_int_t
ngx_mdm_api_events_after(ngx_mdm_api_t *api, ngx_str_t *after)
{
    ngx_str_t  encoded;

    encoded = api->last_event_id.len ? api->last_event_id
                                     : ngx_mdm_api_arg(api, "after");

    if (ngx_mdm_api_is(encoded, "now")) {
        *after = encoded;
        return NGX_OK;
    }

    return ngx_mdm_api_cursor_decode(api, &mdm_cursor_events, encoded,
                                     after);
}


/* ?type=a,b&type=c */

static ngx_int_t
ngx_mdm_api_events_types(ngx_mdm_api_t *api, ngx_mdm_api_events_t *query)
{
    u_char     *p, *last, *end;
    ngx_str_t   names;

    query->types = ngx_pcalloc(api->pool, NGX_MDM_API_MAX_TYPES
                                          * sizeof(ngx_mdm_pg_value_t));
    if (query->types == NULL) {
        ngx_mdm_api_out_of_memory(api);
        return NGX_ERROR;
    }

    last = api->args.data + api->args.len;

    for (p = api->args.data; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, '&');
        if (end == NULL) {
            end = last;
        }

        if (end - p <= 5 || ngx_strncmp(p, "type=", 5) != 0) {
            continue;
        }

        names.data = p + 5;
        names.len = end - names.data;

        if (ngx_mdm_api_events_type(api, query,
                                    ngx_mdm_api_unescape(api, names))
            != NGX_OK)
        {
            ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_filter",
                              "\"type\" names types of events, at most %d, "
                              "between commas: small letters and \"_\"",
                              NGX_MDM_API_MAX_TYPES);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_mdm_api_events_type(ngx_mdm_api_t *api, ngx_mdm_api_events_t *query,
    ngx_str_t names)
{
    u_char     *p, *last, *comma;
    ngx_str_t   name;

    last = names.data + names.len;

    for (p = names.data; p <= last; p = comma + 1) {

        comma = ngx_strlchr(p, last, ',');
        if (comma == NULL) {
            comma = last;
        }

        name.data = p;
        name.len = comma - p;

        if (query->n == NGX_MDM_API_MAX_TYPES
            || !ngx_mdm_api_type_fits(name))
        {
            return NGX_ERROR;
        }

        ngx_mdm_pg_set_bytes(&query->types[query->n++], name.data, name.len);
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_mdm_api_type_fits(ngx_str_t name)
{
    size_t  i;

    for (i = 0; i < name.len; i++) {
        if ((name.data[i] < 'a' || name.data[i] > 'z') && name.data[i] != '_')
        {
            return 0;
        }
    }

    return name.len != 0 && name.len <= NGX_MDM_API_MAX_TYPE;
}


/* ?enrollment=, which may be absent */

static ngx_int_t
ngx_mdm_api_events_enrollment(ngx_mdm_api_t *api, mdm_str_t *device_id,
    mdm_str_t *user_id)
{
    ngx_str_t  written;

    *device_id = mdm_null_str;
    *user_id = mdm_null_str;

    written = ngx_mdm_api_arg(api, "enrollment");

    if (written.len == 0) {
        return NGX_OK;
    }

    return ngx_mdm_api_enrollment(api, written, device_id, user_id);
}


void
ngx_mdm_api_events_call(ngx_mdm_api_t *api, ngx_mdm_api_events_t *query,
    ngx_str_t after, ngx_int_t limit, ngx_mdm_pg_handler_pt handler)
{
    ngx_mdm_pg_value_t  *p;

    p = api->call.params;

    ngx_mdm_pg_set_int8(&p[0], api->tenant_id);
    ngx_mdm_pg_set_bytes(&p[1], after.len ? after.data : (u_char *) "",
                         after.len);
    ngx_mdm_pg_set_int4(&p[2], (int32_t) limit);
    p[3] = query->array;
    ngx_mdm_set_str(&p[4], query->device_id);
    ngx_mdm_set_str(&p[5], query->user_id);

    ngx_mdm_api_call(api, NGX_MDM_SQL_EVENTS, handler);
}


static void
ngx_mdm_api_events_found(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) == NGX_OK) {
        ngx_mdm_api_build(api, rows, 0, ngx_mdm_api_events_build);
    }
}


/* Other than pages of other lists, this one always says where to go on. */

static json_t *
ngx_mdm_api_events_build(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows)
{
    int      i, last;
    json_t  *items, *event;

    items = json_array();
    last = rows->count - 1;

    for (i = 0; i < last; i++) {
        event = ngx_mdm_api_event(api, rows, i);
        json_object_set_new(event, "data",
                            ngx_mdm_api_column(rows, i, NGX_MDM_EVENT_DATA));
        json_array_append_new(items, event);
    }

    return json_pack("{s:o, s:o, s:b}", "items", items,
                     "next", ngx_mdm_api_cursor_encode(&mdm_cursor_events,
                                 ngx_mdm_pg_text(rows, last,
                                                 NGX_MDM_EVENT_CURSOR)),
                     "more", ngx_mdm_pg_bool(rows, last, NGX_MDM_EVENT_MORE));
}


json_t *
ngx_mdm_api_event(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows, int row)
{
    ngx_str_t  cursor;

    cursor = ngx_mdm_pg_text(rows, row, NGX_MDM_EVENT_CURSOR);

    return json_pack("{s:o, s:o*, s:s%, s:o*, s:o*}",
                     "id", ngx_mdm_api_cursor_encode(&mdm_cursor_events,
                                                     cursor),
                     "type", ngx_mdm_api_column(rows, row,
                                                NGX_MDM_EVENT_TYPE),
                     "tenant", (char *) api->tenant->name.data,
                     api->tenant->name.len,
                     "enrollment", ngx_mdm_api_column(rows, row,
                                                   NGX_MDM_EVENT_ENROLLMENT),
                     "at", ngx_mdm_api_column(rows, row, NGX_MDM_EVENT_AT));
}


void
ngx_mdm_api_audit(ngx_mdm_api_t *api)
{
    mdm_str_t            device_id, user_id;
    ngx_mdm_pg_value_t  *p;

    p = api->call.params;

    if (ngx_mdm_api_paging(api, &ngx_mdm_api_audit_list, 1) != NGX_OK
        || ngx_mdm_api_events_enrollment(api, &device_id, &user_id) != NGX_OK
        || ngx_mdm_api_audit_filter(api, "actor", &p[5]) != NGX_OK
        || ngx_mdm_api_audit_filter(api, "action", &p[6]) != NGX_OK)
    {
        return;
    }

    ngx_mdm_pg_set_int8(&p[0], api->tenant_id);
    ngx_mdm_set_str(&p[3], device_id);
    ngx_mdm_set_str(&p[4], user_id);

    ngx_mdm_api_call(api, NGX_MDM_SQL_AUDIT_LIST, ngx_mdm_api_audit_found);
}


static ngx_int_t
ngx_mdm_api_audit_filter(ngx_mdm_api_t *api, const char *name,
    ngx_mdm_pg_value_t *value)
{
    ngx_str_t  text;

    text = ngx_mdm_api_arg(api, name);

    if (text.len == 0) {
        ngx_mdm_pg_set_null(value);
        return NGX_OK;
    }

    if (text.len <= NGX_MDM_API_MAX_FILTER
        && mdm_utf8_valid(text.data, text.len)
        && ngx_strlchr(text.data, text.data + text.len, '\0') == NULL)
    {
        ngx_mdm_pg_set_bytes(value, text.data, text.len);
        return NGX_OK;
    }

    ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_filter",
                      "\"%s\" is text of 1 to %d bytes", name,
                      NGX_MDM_API_MAX_FILTER);

    return NGX_ERROR;
}


static void
ngx_mdm_api_audit_found(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) == NGX_OK) {
        ngx_mdm_api_build(api, rows, 0, ngx_mdm_api_audit_build);
    }
}


/* A row's own cursor is its id. */

static json_t *
ngx_mdm_api_audit_build(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows)
{
    int      i, n;
    json_t  *items, *item, *answer, *id;

    items = json_array();
    answer = json_pack("{s:o}", "items", items);
    id = NULL;
    n = ngx_min(rows->count, (int) api->limit);

    for (i = 0; i < n; i++) {
        id = ngx_mdm_api_cursor_encode(&ngx_mdm_api_audit_list,
                                       ngx_mdm_pg_text(rows, i, 0));

        item = ngx_mdm_api_row(rows, i);
        json_object_del(item, "cursor");
        json_object_set_new(item, "id", id);
        json_array_append_new(items, item);
    }

    if (rows->count > n) {
        json_object_set(answer, "next", id);
    }

    return answer;
}
