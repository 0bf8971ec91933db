
/*
 * What API calls read from a URL and write into JSON: arguments, ids, cursors,
 * pages.
 */


#include "ngx_mdm_api.h"


#define NGX_MDM_API_LIMIT_DEFAULT   100
#define NGX_MDM_API_LIMIT_MAX       500

/* PostgreSQL's object identifiers of the types that JSON has too */
#define NGX_MDM_API_OID_BOOL        16
#define NGX_MDM_API_OID_INT8        20
#define NGX_MDM_API_OID_INT2        21
#define NGX_MDM_API_OID_INT4        23


static json_t *ngx_mdm_api_column(const ngx_mdm_pg_rows_t *rows, int row,
    int column);


ngx_str_t
ngx_mdm_api_arg(ngx_mdm_api_t *api, const char *name)
{
    u_char     *p, *last, *end;
    size_t      len;
    ngx_str_t   value;

    ngx_str_null(&value);

    len = ngx_strlen(name);
    last = api->args.data + api->args.len;

    for (p = api->args.data; p < last; p = end + 1) {

        end = ngx_strlchr(p, last, '&');
        if (end == NULL) {
            end = last;
        }

        if ((size_t) (end - p) > len && p[len] == '='
            && ngx_strncmp(p, name, len) == 0)
        {
            value.data = p + len + 1;
            value.len = end - value.data;

            return ngx_mdm_api_unescape(api, value);
        }
    }

    return value;
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
    u_char     *src, *dst;
    ngx_str_t   plain;

    ngx_str_null(&plain);

    dst = ngx_pnalloc(api->pool, s.len + 1);
    if (dst == NULL) {
        return plain;
    }

    src = s.data;
    plain.data = dst;
    ngx_unescape_uri(&dst, &src, s.len, 0);
    plain.len = dst - plain.data;

    return plain;
}


/* Clients that escape whole path segments write the colon as %3A; then the id
 * is escaped once more than it was written. */

ngx_int_t
ngx_mdm_api_enrollment(ngx_mdm_api_t *api, ngx_str_t written,
    mdm_str_t *device_id, mdm_str_t *user_id)
{
    mdm_fault_t  fault;

    if (ngx_strlchr(written.data, written.data + written.len, ':') == NULL) {
        written = ngx_mdm_api_unescape(api, written);
    }

    if (mdm_enrollment_id_parse(&api->arena, ngx_mdm_to_str(written),
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


static json_t *
ngx_mdm_api_column(const ngx_mdm_pg_rows_t *rows, int row, int column)
{
    ngx_str_t  text;

    switch (PQftype(rows->result, column)) {

    case NGX_MDM_API_OID_BOOL:
        return json_boolean(ngx_mdm_pg_bool(rows, row, column));

    case NGX_MDM_API_OID_INT8:
    case NGX_MDM_API_OID_INT4:
    case NGX_MDM_API_OID_INT2:
        return json_integer(ngx_mdm_pg_int(rows, row, column));

    default:
        text = ngx_mdm_pg_text(rows, row, column);
        return json_stringn((char *) text.data, text.len);
    }
}


void
ngx_mdm_api_page(ngx_mdm_api_t *api, const ngx_mdm_pg_rows_t *rows, int limit,
    ngx_mdm_api_cursor_pt cursor)
{
    int         i, n;
    json_t     *items, *answer, *item;
    ngx_str_t   plain, encoded;

    items = json_array();
    answer = json_pack("{s:o}", "items", items);
    n = ngx_min(rows->count, limit);

    for (i = 0; i < n; i++) {
        item = ngx_mdm_api_row(rows, i);
        json_object_del(item, "cursor");
        json_array_append_new(items, item);
    }

    if (rows->count > limit) {
        plain = cursor(api, rows, limit - 1);
        encoded.data = ngx_pnalloc(api->pool,
                                   ngx_base64_encoded_length(plain.len));

        if (plain.data != NULL && encoded.data != NULL) {
            ngx_encode_base64url(&encoded, &plain);
            json_object_set_new(answer, "next",
                          json_stringn((char *) encoded.data, encoded.len));
        }
    }

    ngx_mdm_api_finish(api, NGX_HTTP_OK, answer);
}


ngx_int_t
ngx_mdm_api_after(ngx_mdm_api_t *api, ngx_str_t *after)
{
    ngx_str_t  encoded;

    encoded = ngx_mdm_api_arg(api, "after");

    after->data = ngx_pnalloc(api->pool,
                              ngx_base64_decoded_length(encoded.len) + 1);
    after->len = 0;

    if (after->data != NULL
        && (encoded.len == 0
            || (ngx_decode_base64url(after, &encoded) == NGX_OK
                && mdm_utf8_valid(after->data, after->len)
                && ngx_strlchr(after->data, after->data + after->len, '\0')
                   == NULL
                && ngx_strlchr(after->data, after->data + after->len, '\n')
                   != NULL)))
    {
        return NGX_OK;
    }

    ngx_mdm_api_error(api, NGX_HTTP_BAD_REQUEST, "bad_cursor",
                      "\"after\" is not a \"next\" of this list");

    return NGX_ERROR;
}
