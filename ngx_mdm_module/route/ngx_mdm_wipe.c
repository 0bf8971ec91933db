
/*
 * Wiping what nginx, OpenSSL and jansson keep of bodies and answers, which may
 * be secret: memory that they give back is not wiped by them.  Must never
 * touch bytes that somebody still waits for.
 */


#include "../ngx_mdm.h"
#include "../message/mdm_json.h"


static void ngx_mdm_wipe_range(u_char *from, u_char *to);
static void ngx_mdm_wipe_copy(void *data);


void
ngx_mdm_wipe_init(void)
{
    json_set_alloc_funcs(mdm_json_malloc, mdm_free);
}


/* What comes is wiped in OpenSSL's buffer when nginx has taken it. */

void
ngx_mdm_wipe_tls(ngx_http_ssl_srv_conf_t *sscf)
{
    SSL_CTX_set_options(sscf->ssl.ctx, SSL_OP_CLEANSE_PLAINTEXT);
}


u_char *
ngx_mdm_wipe_alloc(ngx_pool_t *pool, size_t size)
{
    ngx_str_t           *copy;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(pool, sizeof(ngx_str_t));
    if (cln == NULL) {
        return NULL;
    }

    copy = cln->data;
    copy->len = size;
    copy->data = ngx_pnalloc(pool, size);

    if (copy->data != NULL) {
        cln->handler = ngx_mdm_wipe_copy;
    }

    return copy->data;
}


static void
ngx_mdm_wipe_copy(void *data)
{
    ngx_str_t *copy = data;

    ngx_explicit_memzero(copy->data, copy->len);
}


/* The body as nginx read it: in the buffer of the header, in one of its own,
 * or, over HTTP/2, in the one for what came before it was asked for. */

void
ngx_mdm_wipe_body(ngx_http_request_t *r)
{
    ngx_buf_t                *b;
    ngx_chain_t              *cl;
    ngx_http_request_body_t  *rb;

    rb = r->request_body;

    if (rb == NULL) {
        return;
    }

    for (cl = rb->bufs; cl; cl = cl->next) {
        if (!cl->buf->in_file) {
            ngx_mdm_wipe_range(cl->buf->pos, cl->buf->last);
        }
    }

    b = rb->buf;

    if (b != NULL && b->temporary) {

        /* one that was emptied into a file says nothing of what it held */

        ngx_mdm_wipe_range(b->start, rb->temp_file ? b->end : b->last);
    }

#if (NGX_HTTP_V2)
    if (r->stream != NULL && r->stream->preread != NULL) {
        ngx_mdm_wipe_range(r->stream->preread->start,
                           r->stream->preread->last);
    }
#endif
}


/* The header that had a token; the access log is written by then. */

void
ngx_mdm_wipe_token(ngx_http_request_t *r)
{
    ngx_table_elt_t  *header;

    header = r->headers_in.authorization;

    if (header != NULL) {
        ngx_mdm_wipe_range(header->value.data,
                           header->value.data + header->value.len);
    }

    ngx_mdm_wipe_password(r);
}


/* What nginx decoded of that header. */

void
ngx_mdm_wipe_password(ngx_http_request_t *r)
{
    ngx_str_t  *passwd;

    passwd = &r->headers_in.passwd;

    if (passwd->data != NULL) {
        ngx_mdm_wipe_range(passwd->data, passwd->data + passwd->len);
    }
}


/* What nginx had encrypted of answers; what it has not yet sent stays. */

void
ngx_mdm_wipe_answer(ngx_http_request_t *r)
{
    ngx_buf_t  *b;

    b = r->connection->ssl ? r->connection->ssl->buf : NULL;

    if (b != NULL && b->start != NULL) {
        ngx_mdm_wipe_range(b->start, b->pos);
        ngx_mdm_wipe_range(b->last, b->end);
    }
}


static void
ngx_mdm_wipe_range(u_char *from, u_char *to)
{
    if (from < to) {
        ngx_explicit_memzero(from, to - from);
    }
}
