
/*
 * The way through an HTTP proxy: CONNECT, with Basic authentication when the
 * configuration has a user.  Nothing of an answer is read beyond its head: TLS
 * begins there, and the server waits for us.
 */


#include "ngx_mdm_apns_internal.h"


#define NGX_MDM_APNS_PROXY_HEAD   8192


static ngx_int_t ngx_mdm_apns_proxy_send(ngx_mdm_apns_connection_t *conn);
static void ngx_mdm_apns_proxy_read(ngx_mdm_apns_connection_t *conn);
static void ngx_mdm_apns_proxy_judge(ngx_mdm_apns_connection_t *conn);


void
ngx_mdm_apns_proxy_start(ngx_mdm_apns_connection_t *conn)
{
    ngx_buf_t            *b;
    ngx_str_t            *target;
    ngx_mdm_apns_conf_t  *conf;

    conf = conn->apns->conf;
    target = &conn->topic->host->target;

    b = ngx_alloc(sizeof(ngx_buf_t) + NGX_MDM_APNS_PROXY_HEAD,
                  conn->apns->log);
    if (b == NULL) {
        ngx_mdm_apns_connection_lost(conn, "no memory");
        return;
    }

    conn->proxy = b;

    ngx_memzero(b, sizeof(ngx_buf_t));
    b->start = (u_char *) (b + 1);
    b->end = b->start + NGX_MDM_APNS_PROXY_HEAD;
    b->pos = b->start;

    b->last = ngx_slprintf(b->start, b->end,
                           "CONNECT %V HTTP/1.1" CRLF "Host: %V" CRLF
                           "%s%V%s" CRLF, target, target,
                           conf->credentials.len
                           ? "Proxy-Authorization: Basic " : "",
                           &conf->credentials,
                           conf->credentials.len ? CRLF : "");

    if (b->last == b->end) {
        ngx_mdm_apns_connection_lost(conn, "proxy= has too long a password");
        return;
    }

    ngx_mdm_apns_proxy_event(conn);
}


/* An event, or the beginning. */

void
ngx_mdm_apns_proxy_event(ngx_mdm_apns_connection_t *conn)
{
    switch (ngx_mdm_apns_proxy_send(conn)) {

    case NGX_OK:
        ngx_mdm_apns_proxy_read(conn);
        return;

    case NGX_AGAIN:
        return;

    default:
        ngx_mdm_apns_connection_lost(conn, "the proxy %s closed the "
                                     "connection", conn->text);
    }
}


/* What is sent is gone: from then on the buffer is for the answer. */

static ngx_int_t
ngx_mdm_apns_proxy_send(ngx_mdm_apns_connection_t *conn)
{
    ssize_t     n;
    ngx_buf_t  *b;

    b = conn->proxy;

    if (b->flush) {
        return NGX_OK;
    }

    while (b->pos < b->last) {
        n = conn->connection->send(conn->connection, b->pos, b->last - b->pos);

        if (n < 0) {
            return n;
        }

        b->pos += n;
    }

    ngx_explicit_memzero(b->start, b->last - b->start);

    b->pos = b->start;
    b->last = b->start;
    b->flush = 1;

    return NGX_OK;
}


static void
ngx_mdm_apns_proxy_read(ngx_mdm_apns_connection_t *conn)
{
    ssize_t     n;
    ngx_buf_t  *b;

    b = conn->proxy;

    while (b->last < b->end) {
        n = conn->connection->recv(conn->connection, b->last,
                                   b->end - b->last);

        if (n == NGX_AGAIN) {
            return;
        }

        if (n <= 0) {
            ngx_mdm_apns_connection_lost(conn, "the proxy %s closed the "
                                         "connection", conn->text);
            return;
        }

        b->last += n;

        if (ngx_strnstr(b->start, CRLF CRLF, b->last - b->start) != NULL) {
            ngx_mdm_apns_proxy_judge(conn);
            return;
        }
    }

    ngx_mdm_apns_connection_lost(conn, "the proxy %s gives too long an answer",
                                 conn->text);
}


static void
ngx_mdm_apns_proxy_judge(ngx_mdm_apns_connection_t *conn)
{
    u_char     *p;
    ngx_int_t   status;
    ngx_buf_t  *b;

    b = conn->proxy;
    p = b->start;

    status = b->last - p > 12 && ngx_strncmp(p, "HTTP/1.", 7) == 0
             && p[8] == ' ' ? ngx_atoi(p + 9, 3) : NGX_ERROR;

    if (status == NGX_ERROR) {
        ngx_mdm_apns_connection_lost(conn, "the proxy %s does not speak HTTP",
                                     conn->text);
        return;
    }

    if (status == 407) {
        ngx_mdm_apns_connection_lost(conn, "the proxy %s wants another user "
                                     "and password (407)", conn->text);
        return;
    }

    if (status < 200 || status > 299) {
        ngx_mdm_apns_connection_lost(conn, "the proxy %s does not connect to "
                                     "%s (%d)", conn->text,
                                     conn->topic->host->target.data,
                                     (int) status);
        return;
    }

    ngx_mdm_apns_proxy_free(conn);
    ngx_mdm_apns_connection_through(conn);
}


void
ngx_mdm_apns_proxy_free(ngx_mdm_apns_connection_t *conn)
{
    if (conn->proxy != NULL) {
        ngx_explicit_memzero(conn->proxy->start,
                             conn->proxy->last - conn->proxy->start);
        ngx_free(conn->proxy);
        conn->proxy = NULL;
    }
}
