
/*
 * Values in PostgreSQL's binary form, both ways.  Integers are big-endian, a
 * boolean is one byte, text and bytea are their bytes; an array is a header
 * and its elements, each behind its length (-1 for NULL).
 */


#include "ngx_mdm_pg_internal.h"


/* dimensions, has-null flag, element type, size, lower bound */
#define NGX_MDM_PG_ARRAY_HEADER  (5 * 4)


static u_char *ngx_mdm_pg_put32(u_char *p, uint32_t n);


void
ngx_mdm_pg_set_int8(ngx_mdm_pg_value_t *value, int64_t n)
{
    u_char  *p;

    p = ngx_mdm_pg_put32(value->number, (uint32_t) ((uint64_t) n >> 32));
    ngx_mdm_pg_put32(p, (uint32_t) n);

    value->data = value->number;
    value->len = 8;
}


void
ngx_mdm_pg_set_int4(ngx_mdm_pg_value_t *value, int32_t n)
{
    ngx_mdm_pg_put32(value->number, (uint32_t) n);

    value->data = value->number;
    value->len = 4;
}


void
ngx_mdm_pg_set_int2(ngx_mdm_pg_value_t *value, int16_t n)
{
    value->number[0] = (u_char) ((uint16_t) n >> 8);
    value->number[1] = (u_char) n;

    value->data = value->number;
    value->len = 2;
}


void
ngx_mdm_pg_set_bool(ngx_mdm_pg_value_t *value, unsigned flag)
{
    value->number[0] = flag ? 1 : 0;

    value->data = value->number;
    value->len = 1;
}


void
ngx_mdm_pg_set_bytes(ngx_mdm_pg_value_t *value, const void *data, size_t len)
{
    if (data == NULL) {
        ngx_mdm_pg_set_null(value);
        return;
    }

    value->data = (u_char *) data;
    value->len = len;
}


void
ngx_mdm_pg_set_null(ngx_mdm_pg_value_t *value)
{
    value->data = NULL;
    value->len = 0;
}


size_t
ngx_mdm_pg_array_size(const ngx_mdm_pg_value_t *const *values, ngx_uint_t n)
{
    size_t      size;
    ngx_uint_t  i;

    size = NGX_MDM_PG_ARRAY_HEADER;

    for (i = 0; i < n; i++) {
        size += 4 + values[i]->len;
    }

    return size;
}


u_char *
ngx_mdm_pg_array_write(u_char *p, char letter,
    const ngx_mdm_pg_value_t *const *values, ngx_uint_t n)
{
    uint32_t    has_null;
    ngx_uint_t  i;

    has_null = 0;

    for (i = 0; i < n; i++) {
        if (values[i]->data == NULL) {
            has_null = 1;
        }
    }

    p = ngx_mdm_pg_put32(p, 1);
    p = ngx_mdm_pg_put32(p, has_null);
    p = ngx_mdm_pg_put32(p, ngx_mdm_pg_element_type(letter));
    p = ngx_mdm_pg_put32(p, (uint32_t) n);
    p = ngx_mdm_pg_put32(p, 1);

    for (i = 0; i < n; i++) {

        if (values[i]->data == NULL) {
            p = ngx_mdm_pg_put32(p, (uint32_t) -1);
            continue;
        }

        p = ngx_mdm_pg_put32(p, (uint32_t) values[i]->len);
        p = ngx_cpymem(p, values[i]->data, values[i]->len);
    }

    return p;
}


ngx_int_t
ngx_mdm_pg_set_array(ngx_mdm_pg_value_t *value, ngx_pool_t *pool, char letter,
    const ngx_mdm_pg_value_t *values, ngx_uint_t n)
{
    size_t                      size;
    ngx_uint_t                  i;
    const ngx_mdm_pg_value_t  **refs;

    refs = ngx_palloc(pool, (n + 1) * sizeof(ngx_mdm_pg_value_t *));
    if (refs == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        refs[i] = &values[i];
    }

    size = ngx_mdm_pg_array_size(refs, n);

    value->data = ngx_palloc(pool, size);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    value->len = size;
    ngx_mdm_pg_array_write(value->data, letter, refs, n);

    return NGX_OK;
}


ngx_str_t
ngx_mdm_pg_text(const ngx_mdm_pg_rows_t *rows, int row, int column)
{
    ngx_str_t  text;

    ngx_str_null(&text);
    row += rows->first;

    if (!PQgetisnull(rows->result, row, column)) {
        text.data = (u_char *) PQgetvalue(rows->result, row, column);
        text.len = PQgetlength(rows->result, row, column);
    }

    return text;
}


int64_t
ngx_mdm_pg_int(const ngx_mdm_pg_rows_t *rows, int row, int column)
{
    ngx_uint_t  i;
    uint64_t    n;
    ngx_str_t   bytes;

    bytes = ngx_mdm_pg_text(rows, row, column);
    n = (bytes.len && (bytes.data[0] & 0x80)) ? (uint64_t) -1 : 0;

    for (i = 0; i < bytes.len && i < 8; i++) {
        n = n << 8 | bytes.data[i];
    }

    return (int64_t) n;
}


unsigned
ngx_mdm_pg_bool(const ngx_mdm_pg_rows_t *rows, int row, int column)
{
    ngx_str_t  bytes;

    bytes = ngx_mdm_pg_text(rows, row, column);

    return bytes.len == 1 && bytes.data[0];
}


ngx_uint_t
ngx_mdm_pg_is_null(const ngx_mdm_pg_rows_t *rows, int row, int column)
{
    return PQgetisnull(rows->result, rows->first + row, column);
}


static u_char *
ngx_mdm_pg_put32(u_char *p, uint32_t n)
{
    *p++ = (u_char) (n >> 24);
    *p++ = (u_char) (n >> 16);
    *p++ = (u_char) (n >> 8);
    *p++ = (u_char) n;

    return p;
}
