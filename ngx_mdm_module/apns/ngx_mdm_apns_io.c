
/*
 * What a connection reads and writes: bytes between TLS and nghttp2.  Frames
 * are gathered into whole TLS records; what the socket does not take is kept,
 * and then nothing more is taken from nghttp2.
 */


#include "ngx_mdm_apns_internal.h"


/* Bytes that are read in one turn before others get theirs: answers of half a
 * millisecond. */
#define NGX_MDM_APNS_READ_TURN     8192


static ngx_int_t ngx_mdm_apns_gather(ngx_mdm_apns_connection_t *conn,
    size_t *used, const u_char *data, size_t len);
static ngx_int_t ngx_mdm_apns_write(ngx_mdm_apns_connection_t *conn,
    const u_char *buf, size_t len);
static ngx_int_t ngx_mdm_apns_write_rest(ngx_mdm_apns_connection_t *conn);
static ngx_int_t ngx_mdm_apns_keep_rest(ngx_mdm_apns_connection_t *conn,
    size_t len, const u_char *more, size_t more_len);


ngx_int_t
ngx_mdm_apns_read(ngx_mdm_apns_connection_t *conn)
{
    char             text[160];
    size_t           total;
    ssize_t          n, used;
    ngx_mdm_apns_t  *apns;

    apns = conn->apns;

    for (total = 0; total < NGX_MDM_APNS_READ_TURN; total += n) {
        n = ngx_mdm_apns_tls_read(conn, apns->in, NGX_MDM_APNS_BUFFER, text,
                                  sizeof(text));

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR) {
            ngx_mdm_apns_connection_lost(conn, "%s", text);
            return NGX_ERROR;
        }

        used = nghttp2_session_mem_recv(conn->session, apns->in, n);

        if (used < 0) {
            ngx_mdm_apns_connection_lost(conn, "HTTP/2 failed: %s",
                                         nghttp2_strerror((int) used));
            return NGX_ERROR;
        }
    }

    if (total >= NGX_MDM_APNS_READ_TURN) {
        ngx_post_event(conn->connection->read, &ngx_posted_next_events);
    }

    if (nghttp2_session_want_write(conn->session)) {
        conn->flush = 1;

    } else if (!nghttp2_session_want_read(conn->session)) {
        ngx_mdm_apns_connection_lost(conn, "HTTP/2 ended");
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_mdm_apns_flush(ngx_mdm_apns_connection_t *conn)
{
    size_t          used;
    ssize_t         n;
    ngx_int_t       rc;
    const uint8_t  *frame;

    conn->flush = 0;

    rc = ngx_mdm_apns_write_rest(conn);
    used = 0;

    while (rc == NGX_OK) {
        n = nghttp2_session_mem_send(conn->session, &frame);

        if (n < 0) {
            ngx_mdm_apns_connection_lost(conn, "HTTP/2 failed: %s",
                                         nghttp2_strerror((int) n));
            return NGX_ERROR;
        }

        if (n == 0) {
            break;
        }

        rc = ngx_mdm_apns_gather(conn, &used, frame, n);
    }

    if (rc == NGX_OK && used != 0) {
        rc = ngx_mdm_apns_write(conn, conn->apns->out, used);

        if (rc == NGX_AGAIN) {
            rc = ngx_mdm_apns_keep_rest(conn, used, NULL, 0);
        }
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    /* what has to wait does so in conn->rest; that we left a server that broke
     * the rules was the last word */

    if (conn->rest == NULL
        && !nghttp2_session_want_read(conn->session)
        && !nghttp2_session_want_write(conn->session))
    {
        ngx_mdm_apns_connection_lost(conn, "HTTP/2 ended");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* Adds to the buffer, and writes it each time that it is full.  NGX_AGAIN:
 * what could not be written is kept. */

static ngx_int_t
ngx_mdm_apns_gather(ngx_mdm_apns_connection_t *conn, size_t *used,
    const u_char *data, size_t len)
{
    size_t      part;
    u_char     *out;
    ngx_int_t   rc;

    out = conn->apns->out;

    while (len > NGX_MDM_APNS_BUFFER - *used) {
        part = NGX_MDM_APNS_BUFFER - *used;

        ngx_memcpy(out + *used, data, part);
        data += part;
        len -= part;

        rc = ngx_mdm_apns_write(conn, out, NGX_MDM_APNS_BUFFER);

        if (rc == NGX_AGAIN) {
            rc = ngx_mdm_apns_keep_rest(conn, NGX_MDM_APNS_BUFFER, data, len);
            return rc == NGX_OK ? NGX_AGAIN : NGX_ERROR;
        }

        if (rc != NGX_OK) {
            return rc;
        }

        *used = 0;
    }

    ngx_memcpy(out + *used, data, len);
    *used += len;

    return NGX_OK;
}


/* One record: all of it or nothing. */

static ngx_int_t
ngx_mdm_apns_write(ngx_mdm_apns_connection_t *conn, const u_char *buf,
    size_t len)
{
    char     text[160];
    ssize_t  n;

    n = ngx_mdm_apns_tls_write(conn, buf, len, text, sizeof(text));

    if (n == NGX_ERROR) {
        ngx_mdm_apns_connection_lost(conn, "%s", text);
        return NGX_ERROR;
    }

    return n == NGX_AGAIN ? NGX_AGAIN : NGX_OK;
}


static ngx_int_t
ngx_mdm_apns_write_rest(ngx_mdm_apns_connection_t *conn)
{
    size_t     len;
    ngx_int_t  rc;

    while (conn->rest != NULL) {
        len = ngx_min(conn->rest_last - conn->rest_pos, NGX_MDM_APNS_BUFFER);
        rc = ngx_mdm_apns_write(conn, conn->rest_pos, len);

        if (rc != NGX_OK) {
            return rc;
        }

        conn->rest_pos += len;

        if (conn->rest_pos == conn->rest_last) {
            ngx_free(conn->rest);
            conn->rest = NULL;
        }
    }

    return NGX_OK;
}


/* What is in the buffer, and what would have come behind it. */

static ngx_int_t
ngx_mdm_apns_keep_rest(ngx_mdm_apns_connection_t *conn, size_t len,
    const u_char *more, size_t more_len)
{
    conn->rest = ngx_alloc(len + more_len, conn->apns->log);

    if (conn->rest == NULL) {
        ngx_mdm_apns_connection_lost(conn, "no memory");
        return NGX_ERROR;
    }

    conn->rest_pos = conn->rest;
    conn->rest_last = ngx_cpymem(conn->rest, conn->apns->out, len);

    if (more_len != 0) {
        conn->rest_last = ngx_cpymem(conn->rest_last, more, more_len);
    }

    return NGX_OK;
}


void
ngx_mdm_apns_leave(ngx_mdm_apns_connection_t *conn)
{
    char            text[160];
    ssize_t         n;
    const uint8_t  *frame;

    if (conn->rest != NULL
        || nghttp2_session_terminate_session(conn->session, NGHTTP2_NO_ERROR)
           != 0)
    {
        return;
    }

    n = nghttp2_session_mem_send(conn->session, &frame);

    if (n > 0) {
        (void) ngx_mdm_apns_tls_write(conn, frame, n, text, sizeof(text));
    }
}
