
/*
 * What all routes share: their table, the engine and tenant of a request, its
 * body in one piece, and sending an answer.
 */


#include "../ngx_mdm.h"


static ngx_int_t ngx_mdm_route_copy_buf(ngx_http_request_t *r, ngx_buf_t *b,
    u_char **p);
static void ngx_mdm_route_cleanup(void *data);
static ngx_uint_t ngx_mdm_route_is_plain(ngx_str_t *value);


static const ngx_mdm_route_t  ngx_mdm_routes[] = {
    { ngx_string("connect"), ngx_mdm_connect_handler, 1, 1 },
    { ngx_string("api"), ngx_mdm_api_handler, 0, 1 },
    { ngx_string("metrics"), ngx_mdm_metrics_handler, 0, 0 },
    { ngx_null_string, NULL, 0, 0 }
};


const ngx_mdm_route_t *
ngx_mdm_route_find(ngx_str_t *name)
{
    const ngx_mdm_route_t  *route;

    for (route = ngx_mdm_routes; route->name.len; route++) {
        if (route->name.len == name->len
            && ngx_strncmp(route->name.data, name->data, name->len) == 0)
        {
            return route;
        }
    }

    return NULL;
}


void
ngx_mdm_route_names(ngx_str_t *names)
{
    u_char                 *p;
    const ngx_mdm_route_t  *route;

    static u_char  buf[256];

    p = buf;

    for (route = ngx_mdm_routes; route->name.len; route++) {
        p = ngx_slprintf(p, buf + sizeof(buf), p == buf ? "%V" : ", %V",
                         &route->name);
    }

    names->data = buf;
    names->len = p - buf;
}


/* The request's context, made on first use. */

ngx_mdm_ctx_t *
ngx_mdm_route_ctx(ngx_http_request_t *r)
{
    ngx_mdm_ctx_t       *ctx;
    ngx_pool_cleanup_t  *cln;

    ctx = ngx_http_get_module_ctx(r, ngx_mdm_module);
    if (ctx != NULL) {
        return ctx;
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_mdm_ctx_t));
    cln = ngx_pool_cleanup_add(r->pool, 0);

    if (ctx == NULL || cln == NULL) {
        return NULL;
    }

    ctx->request = r;
    cln->handler = ngx_mdm_route_cleanup;
    cln->data = ctx;

    ngx_http_set_ctx(r, ctx, ngx_mdm_module);

    return ctx;
}


/* The request has ended and is logged, and nobody mirrors its body any more.
 * A finished exchange ends with it; one that still waits goes on and frees
 * itself. */

static void
ngx_mdm_route_cleanup(void *data)
{
    ngx_mdm_ctx_t *ctx = data;

    ngx_mdm_wipe_body(ctx->request);
    ngx_mdm_wipe_token(ctx->request);
    ngx_mdm_wipe_answer(ctx->request);

    if (ctx->exchange == NULL) {
        return;
    }

    if (ctx->finished) {
        ngx_mdm_exchange_free(ctx->exchange);

    } else {
        ctx->exchange->data = NULL;
    }
}


/* NULL: mdm_use_database names a database that is not configured. */

ngx_mdm_engine_t *
ngx_mdm_route_engine(ngx_http_request_t *r)
{
    ngx_int_t             i;
    ngx_str_t             name;
    ngx_mdm_loc_conf_t   *mlcf;
    ngx_mdm_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_mdm_module);
    mlcf = ngx_http_get_module_loc_conf(r, ngx_mdm_module);

    if (mcf->engines == NULL) {

        /* a process that runs alone takes a new configuration without the
         * start of a worker */

        return NULL;
    }

    if (mlcf->database == NULL) {
        return mcf->engines[0];
    }

    if (ngx_http_complex_value(r, mlcf->database, &name) != NGX_OK) {
        return NULL;
    }

    i = ngx_mdm_pg_conf_find(&mcf->databases, &name);
    if (i != NGX_ERROR) {
        return mcf->engines[i];
    }

    if (!ngx_mdm_route_is_plain(&name)) {
        name.len = 0;
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "mdm: mdm_use_database names \"%V\", but no mdm_database "
                  "has that name", &name);

    return NULL;
}


static ngx_uint_t
ngx_mdm_route_is_plain(ngx_str_t *value)
{
    return value->len <= NGX_MDM_TENANT_MAX_KEY
           && !mdm_str_has_control(ngx_mdm_to_str(*value))
           && mdm_utf8_valid(value->data, value->len);
}


/* mdm_tenant's value, in the pool.  What cannot be a tenant's name is made
 * empty: it may come from the client and must not reach the error log. */

ngx_int_t
ngx_mdm_route_tenant(ngx_http_request_t *r, ngx_pool_t *pool, ngx_str_t *key)
{
    ngx_str_t            value;
    ngx_mdm_loc_conf_t  *mlcf;

    mlcf = ngx_http_get_module_loc_conf(r, ngx_mdm_module);

    if (ngx_http_complex_value(r, mlcf->tenant, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!ngx_mdm_route_is_plain(&value)) {
        value.len = 0;
    }

    key->len = value.len;
    key->data = ngx_pstrdup(pool, &value);

    return key->data ? NGX_OK : NGX_ERROR;
}


off_t
ngx_mdm_route_body_size(ngx_http_request_t *r)
{
    off_t         size;
    ngx_chain_t  *cl;

    if (r->request_body == NULL) {
        return 0;
    }

    for (cl = r->request_body->bufs, size = 0; cl; cl = cl->next) {
        size += ngx_buf_size(cl->buf);
    }

    return size;
}


/*
 * The whole body in one piece, copied into the pool, for it must outlive the
 * request, and wiped with it.  What nginx wrote to a file is read back, which
 * blocks; the sample configuration makes room in memory instead.
 */

ngx_int_t
ngx_mdm_route_body(ngx_http_request_t *r, ngx_pool_t *pool, mdm_str_t *body)
{
    u_char       *data, *p;
    ngx_chain_t  *cl;

    body->data = (u_char *) "";
    body->len = 0;

    if (r->request_body == NULL || r->request_body->bufs == NULL) {
        return NGX_OK;
    }

    if (r->request_body->temp_file != NULL) {
        ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                      "mdm: a body was written to a temporary file: set "
                      "client_body_buffer_size as large as "
                      "client_max_body_size in this location");
    }

    data = ngx_mdm_wipe_alloc(pool, ngx_mdm_route_body_size(r) + 1);
    if (data == NULL) {
        return NGX_ERROR;
    }

    for (cl = r->request_body->bufs, p = data; cl; cl = cl->next) {
        if (ngx_mdm_route_copy_buf(r, cl->buf, &p) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    body->data = data;
    body->len = p - data;

    return NGX_OK;
}


static ngx_int_t
ngx_mdm_route_copy_buf(ngx_http_request_t *r, ngx_buf_t *b, u_char **p)
{
    ssize_t  n;

    if (ngx_buf_size(b) == 0) {
        return NGX_OK;
    }

    if (!b->in_file) {

        /* the end of a chunked body is a buffer of nothing, at NULL */

        if (b->last != b->pos) {
            *p = ngx_cpymem(*p, b->pos, b->last - b->pos);
        }

        return NGX_OK;
    }

    n = ngx_read_file(b->file, *p, (size_t) (b->file_last - b->file_pos),
                      b->file_pos);

    if (n != b->file_last - b->file_pos) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "mdm: a body's temporary file is short");
        return NGX_ERROR;
    }

    *p += n;

    return NGX_OK;
}


/* Sends status, headers and body; the body must last as long as the request.
 * Returns what ngx_http_finalize_request() wants. */

ngx_int_t
ngx_mdm_route_send(ngx_http_request_t *r, ngx_uint_t status, const char *type,
    const u_char *body, size_t len)
{
    ngx_int_t    rc;
    ngx_buf_t   *b;
    ngx_chain_t  out;

    r->headers_out.status = status;
    r->headers_out.content_length_n = len;

    if (type != NULL) {
        r->headers_out.content_type.data = (u_char *) type;
        r->headers_out.content_type.len = ngx_strlen(type);
        r->headers_out.content_type_len = r->headers_out.content_type.len;
        r->headers_out.content_type_lowcase = NULL;
    }

    if (len == 0) {
        r->header_only = 1;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = (u_char *) body;
    b->last = b->pos + len;
    b->memory = 1;
    b->last_buf = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


/*
 * Reads the body, and returns what a content handler does.  The body's handler
 * may run, and the request be finalized, before this returns; nginx goes on
 * with the request then.
 */

ngx_int_t
ngx_mdm_route_read(ngx_http_request_t *r,
    ngx_http_client_body_handler_pt handler)
{
    ngx_int_t       rc;
    ngx_mdm_ctx_t  *ctx;

    ctx = ngx_mdm_route_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    ctx->inside = 1;

    rc = ngx_http_read_client_request_body(r, handler);

    ctx->inside = 0;

    return rc >= NGX_HTTP_SPECIAL_RESPONSE ? rc : NGX_DONE;
}


/*
 * From an event of PostgreSQL or of a thread nobody but us runs what was
 * posted.  Inside of the handler nginx does, when it has no more use for the
 * request: a client that has gone makes finalizing post the request's end, and
 * run here that would free what nginx still holds.
 */

void
ngx_mdm_route_finalize(ngx_http_request_t *r, ngx_int_t rc)
{
    unsigned           inside;
    ngx_mdm_ctx_t     *ctx;
    ngx_connection_t  *c;

    c = r->connection;
    ctx = ngx_http_get_module_ctx(r, ngx_mdm_module);
    inside = (ctx != NULL && ctx->inside);

    ngx_http_finalize_request(r, rc);

    if (!inside) {
        ngx_http_run_posted_requests(c);
    }
}


ngx_table_elt_t *
ngx_mdm_route_header_in(ngx_http_request_t *r, const char *name)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    len = ngx_strlen(name);

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (header[i].key.len == len
                && ngx_strncmp(header[i].lowcase_key, name, len) == 0)
            {
                return &header[i];
            }
        }
    }

    return NULL;
}


/* Name and value are not copied. */

ngx_int_t
ngx_mdm_route_header_out(ngx_http_request_t *r, const char *name,
    const char *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.data = (u_char *) value;
    h->value.len = ngx_strlen(value);

    return NGX_OK;
}
