
/*
 * What API calls read from a URL and write into JSON: arguments, ids, cursors,
 * pages.
 */


#include "ngx_mdm_api.h"
#include "../message/mdm_command.h"
#include "../message/mdm_json.h"
#include "../message/mdm_url.h"


#define NGX_MDM_API_LIMIT_DEFAULT   100
#define NGX_MDM_API_LIMIT_MAX       500

/* PostgreSQL's object identifiers of the types that JSON has too */
#define NGX_MDM_API_OID_BOOL        16
#define NGX_MDM_API_OID_INT8        20
#define NGX_MDM_API_OID_INT2        21
#define NGX_MDM_API_OID_INT4        23
#define NGX_MDM_API_OID_JSON        114
#define NGX_MDM_API_OID_JSONB       3802


static ngx_uint_t ngx_mdm_api_arg_taken(ngx_str_t name, const char *taken);
static void ngx_mdm_api_page_found(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static json_t *ngx_mdm_api_page_build(ngx_mdm_api_t *api,
    const ngx_mdm_pg_rows_t *rows);


ngx_str_t
ngx_mdm_api_arg(ngx_mdm_api_t *api, const char *name)
{
    ngx_str_t  none;
    mdm_str_t  args, found, value;

    args = ngx_mdm_to_str(api->args);

    while (mdm_url_argument(&args, &found, &value)) {
        if (mdm_str_is_set(value) && mdm_str_eq_c(found, name)) {
            return ngx_mdm_api_unescape(api, ngx_mdm_from_str(value));
        }
    }

    ngx_str_null(&none);

    return none;
}


ngx_uint_t
ngx_mdm_api_flag(ngx_mdm_api_t *api, const char *name)
{
    ngx_str_t  value;

    value = ngx_mdm_api_arg(api, name);

    return value.len != 0
           && !(value.len == 1 && value.data[0] == '0')
           && !(value.len == 5 && ngx_strncmp(value.data, "false", 5) == 0);
}


/* A name that is misspelt must not widen what is asked for. */

ngx_int_t
ngx_mdm_api_args(ngx_mdm_api_t *api)
{
    ngx_str_t  name;
    mdm_str_t  args, found, value;

    if (api->operation->args == NULL) {
        return NGX_OK;
    }

    args = ngx_mdm_to_str(api->args);

    while (mdm_url_argument(&args, &found, &value)) {

        name = ngx_mdm_from_str(found);

        if (name.len != 0
            && !ngx_mdm_api_arg_taken(name, api->operation->args))
        {
            name = ngx_mdm_api_unescape(api, name);
            ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "unknown_argument",
                              "there is no argument \"%.*s\", there are: %s",
                              (int) ngx_min(name.len, 64), name.data,
                              api->operation->args[0]
                              ? api->operation->args : "none");
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_mdm_api_arg_taken(ngx_str_t name, const char *taken)
{
    size_t  len;

    for ( /* void */ ; *taken != '\0'; taken += len + (taken[len] == ' ')) {
        len = strcspn(taken, " ");

        if (taken[len - 1] == '*') {
            if (name.len >= len
                && ngx_strncmp(name.data, taken, len - 1) == 0)
            {
                return 1;
            }

        } else if (name.len == len && ngx_strncmp(name.data, taken, len) == 0) {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_mdm_api_limit(ngx_mdm_api_t *api)
{
    ngx_int_t  n;
    ngx_str_t  value;

    value = ngx_mdm_api_arg(api, "limit");
    n = value.len ? ngx_atoi(value.data, value.len)
                  : NGX_MDM_API_LIMIT_DEFAULT;

    if (n >= 1 && n <= NGX_MDM_API_LIMIT_MAX) {
        api->limit = n;
        return NGX_OK;
    }

    ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_limit",
                      "\"limit\" is a number from 1 to %d",
                      NGX_MDM_API_LIMIT_MAX);

    return NGX_ERROR;
}


ngx_str_t
ngx_mdm_api_unescape(ngx_mdm_api_t *api, ngx_str_t s)
{
    u_char     *buf;
    ngx_str_t   none;

    buf = mdm_arena_alloc(&api->arena, s.len + 1);

    if (buf == NULL) {
        ngx_str_null(&none);
        return none;
    }

    return ngx_mdm_from_str(mdm_url_decode(ngx_mdm_to_str(s), buf));
}


ngx_int_t
ngx_mdm_api_enrollment(ngx_mdm_api_t *api, ngx_str_t written,
    mdm_str_t *device_id, mdm_str_t *user_id)
{
    mdm_fault_t  fault;

    if (mdm_enrollment_id_of_url(&api->arena, ngx_mdm_to_str(written),
                                 device_id, user_id, &fault)
        == MDM_OK)
    {
        return NGX_OK;
    }

    ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_enrollment_id", "%s",
                      fault.text);

    return NGX_ERROR;
}


json_t *
ngx_mdm_api_row(const ngx_mdm_pg_rows_t *rows, int row)
{
    int      column;
    json_t  *object;

    object = json_object();

    for (column = 0; column < PQnfields(rows->result); column++) {
        if (!ngx_mdm_pg_is_null(rows, row, column)) {
            json_object_set_new(object, PQfname(rows->result, column),
                                ngx_mdm_api_column(rows, row, column));
        }
    }

    return object;
}


json_t *
ngx_mdm_api_column(const ngx_mdm_pg_rows_t *rows, int row, int column)
{
    ngx_str_t     text;
    json_error_t  error;

    if (ngx_mdm_pg_is_null(rows, row, column)) {
        return NULL;
    }

    switch (PQftype(rows->result, column)) {

    case NGX_MDM_API_OID_BOOL:
        return json_boolean(ngx_mdm_pg_bool(rows, row, column));

    case NGX_MDM_API_OID_INT8:
    case NGX_MDM_API_OID_INT4:
    case NGX_MDM_API_OID_INT2:
        return json_integer(ngx_mdm_pg_int(rows, row, column));

    case NGX_MDM_API_OID_JSONB:
        text = ngx_mdm_pg_text(rows, row, column);
        return mdm_json_load((mdm_str_t) { text.len - 1, text.data + 1 },
                             JSON_DECODE_ANY|JSON_ALLOW_NUL, &error);

    case NGX_MDM_API_OID_JSON:
        text = ngx_mdm_pg_text(rows, row, column);
        return mdm_json_load(ngx_mdm_to_str(text),
                             JSON_DECODE_ANY|JSON_ALLOW_NUL, &error);

    default:
        text = ngx_mdm_pg_text(rows, row, column);
        return json_stringn((char *) text.data, text.len);
    }
}


ngx_int_t
ngx_mdm_api_command_uuid(ngx_mdm_api_t *api, ngx_str_t segment,
    ngx_str_t *uuid)
{
    *uuid = ngx_mdm_api_unescape(api, segment);

    if (uuid->len != 0 && uuid->len <= MDM_COMMAND_UUID_MAX
        && mdm_utf8_valid(uuid->data, uuid->len)
        && ngx_strlchr(uuid->data, uuid->data + uuid->len, '\0') == NULL)
    {
        return NGX_OK;
    }

    ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_command_uuid",
                      "a CommandUUID is text of 1 to %d bytes",
                      MDM_COMMAND_UUID_MAX);

    return NGX_ERROR;
}


ngx_int_t
ngx_mdm_api_fingerprint(ngx_str_t hex, u_char *fingerprint)
{
    ngx_int_t   n;
    ngx_uint_t  i;

    if (hex.len != 2 * MDM_SHA256_SIZE) {
        return NGX_ERROR;
    }

    for (i = 0; i < MDM_SHA256_SIZE; i++) {
        n = ngx_hextoi(hex.data + 2 * i, 2);
        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        fingerprint[i] = (u_char) n;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_mdm_api_is(ngx_str_t s, const char *text)
{
    return s.len == ngx_strlen(text) && ngx_memcmp(s.data, text, s.len) == 0;
}


void
ngx_mdm_api_page(ngx_mdm_api_t *api, const ngx_mdm_api_list_t *list,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_page_with(api, list, rows, NULL);
}


void
ngx_mdm_api_page_with(ngx_mdm_api_t *api, const ngx_mdm_api_list_t *list,
    const ngx_mdm_pg_rows_t *rows, json_t *head)
{
    api->list = list;
    api->head = head;

    ngx_mdm_api_build(api, rows, 0, ngx_mdm_api_page_build);
}


void
ngx_mdm_api_call_page(ngx_mdm_api_t *api, ngx_mdm_pg_statement_e statement,
    const ngx_mdm_api_list_t *list)
{
    api->list = list;
    ngx_mdm_api_call(api, statement, ngx_mdm_api_page_found);
}


static void
ngx_mdm_api_page_found(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_api_t  *api;

    api = call->data;

    if (ngx_mdm_api_answered(api, rc) == NGX_OK) {
        ngx_mdm_api_page(api, api->list, rows);
    }
}


static json_t *
ngx_mdm_api_page_build(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows)
{
    int         i, n, last, whole;
    json_t     *items, *answer, *item;
    ngx_str_t   cursor;

    items = json_array();
    whole = PQfnumber(rows->result, "item");
    answer = json_pack("{s:o}", "items", items);

    if (api->head != NULL) {
        json_object_update(answer, api->head);
    }

    n = ngx_min(rows->count, (int) api->limit);
    last = rows->count > n ? n - 1 : -1;

    if (rows->count > 0 && ngx_mdm_pg_is_null(rows, rows->count - 1, 0)) {
        last = rows->count - 1;
        n = last;
    }

    for (i = 0; i < n; i++) {
        item = whole >= 0 ? ngx_mdm_api_column(rows, i, whole)
                          : ngx_mdm_api_row(rows, i);
        json_object_del(item, "cursor");
        json_array_append_new(items, item);
    }

    if (last >= 0) {
        cursor = ngx_mdm_pg_text(rows, last,
                                 PQfnumber(rows->result, "cursor"));
        json_object_set_new(answer, "next",
                            ngx_mdm_api_cursor_encode(api->list, cursor));
    }

    return answer;
}


json_t *
ngx_mdm_api_cursor_encode(const ngx_mdm_api_list_t *list, ngx_str_t cursor)
{
    json_t  *text;
    u_char  *p, *last;

    p = malloc(mdm_cursor_size(list, cursor.len));
    if (p == NULL) {
        return NULL;
    }

    last = mdm_cursor_write(list, ngx_mdm_to_str(cursor), p);
    text = json_stringn((char *) p, last - p);
    free(p);

    return text;
}


ngx_int_t
ngx_mdm_api_after(ngx_mdm_api_t *api, const ngx_mdm_api_list_t *list,
    ngx_str_t *after)
{
    return ngx_mdm_api_cursor_decode(api, list, ngx_mdm_api_arg(api, "after"),
                                     after);
}


ngx_int_t
ngx_mdm_api_paging(ngx_mdm_api_t *api, const ngx_mdm_api_list_t *list,
    ngx_uint_t param)
{
    ngx_str_t            after;
    ngx_mdm_pg_value_t  *p;

    if (ngx_mdm_api_limit(api) != NGX_OK
        || ngx_mdm_api_after(api, list, &after) != NGX_OK)
    {
        return NGX_ERROR;
    }

    p = &api->call.params[param];
    ngx_mdm_pg_set_bytes(&p[0], after.data, after.len);
    ngx_mdm_pg_set_int4(&p[1], (int32_t) api->limit + 1);

    return NGX_OK;
}


ngx_int_t
ngx_mdm_api_cursor_decode(ngx_mdm_api_t *api, const ngx_mdm_api_list_t *list,
    ngx_str_t encoded, ngx_str_t *after)
{
    u_char     *buf;
    mdm_str_t   fields;

    ngx_str_set(after, "");

    if (encoded.len == 0) {
        return NGX_OK;
    }

    buf = ngx_pnalloc(api->pool, encoded.len);

    if (buf != NULL
        && mdm_cursor_read(list, ngx_mdm_to_str(encoded), buf, &fields)
           == MDM_OK)
    {
        after->data = (u_char *) fields.data;
        after->len = fields.len;
        return NGX_OK;
    }

    ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_cursor",
                      "\"after\" is not a \"next\" of this list");

    return NGX_ERROR;
}
