
/*
 * From a name to a TCP connection: the name is asked for anew each time, and
 * some of its addresses are tried one after another.
 */


#include "ngx_mdm_apns_internal.h"


static void ngx_mdm_apns_resolved(ngx_resolver_ctx_t *ctx);
static ngx_int_t ngx_mdm_apns_address_add(ngx_mdm_apns_connection_t *conn,
    struct sockaddr *sockaddr, socklen_t socklen, in_port_t port);
static const char *ngx_mdm_apns_connect(ngx_mdm_apns_connection_t *conn,
    ngx_mdm_apns_address_t *address, ngx_uint_t *is_short);


void
ngx_mdm_apns_resolve(ngx_mdm_apns_connection_t *conn)
{
    ngx_resolver_ctx_t   *ctx;
    ngx_mdm_apns_host_t  *hop;
    ngx_mdm_apns_conf_t  *conf;

    conf = conn->apns->conf;
    hop = ngx_mdm_apns_conf_next_hop(conf, conn->topic->host);

    if (hop->address != NULL) {

        if (ngx_mdm_apns_address_add(conn, hop->address->sockaddr,
                                     hop->address->socklen, hop->port)
            != NGX_OK)
        {
            ngx_mdm_apns_connection_lost(conn, "no memory");
            return;
        }

        ngx_mdm_apns_connect_next(conn, NULL);
        return;
    }

    /* the resolver writes into it */

    conn->name.len = hop->name.len;
    conn->name.data = ngx_alloc(hop->name.len, conn->apns->log);
    ctx = conn->name.data ? ngx_resolve_start(conf->resolver, NULL) : NULL;

    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        ngx_mdm_apns_connection_lost(conn, "no memory");
        return;
    }

    ngx_memcpy(conn->name.data, hop->name.data, hop->name.len);

    ctx->name = conn->name;
    ctx->handler = ngx_mdm_apns_resolved;
    ctx->data = conn;
    ctx->timeout = conf->resolver_timeout;
    ctx->cancelable = 1;

    conn->resolving = ctx;

    /* what is cached comes before the return, and then conn may be gone */

    if (ngx_resolve_name(ctx) != NGX_OK) {
        conn->resolving = NULL;
        ngx_mdm_apns_connection_lost(conn, "cannot ask for the address of %s",
                                     hop->name.data);
    }
}


static void
ngx_mdm_apns_resolved(ngx_resolver_ctx_t *ctx)
{
    ngx_int_t                   state;
    ngx_uint_t                  i, naddrs;
    ngx_mdm_apns_host_t        *hop;
    ngx_mdm_apns_connection_t  *conn;

    conn = ctx->data;
    hop = ngx_mdm_apns_conf_next_hop(conn->apns->conf, conn->topic->host);

    state = ctx->state;

    /* the resolver begins with another one each time */

    naddrs = ngx_min(ctx->naddrs, NGX_MDM_APNS_MAX_ADDRESSES);

    for (i = 0; state == NGX_OK && i < naddrs; i++) {
        state = ngx_mdm_apns_address_add(conn, ctx->addrs[i].sockaddr,
                                         ctx->addrs[i].socklen, hop->port);
    }

    conn->resolving = NULL;
    ngx_resolve_name_done(ctx);

    if (state == NGX_OK) {
        ngx_mdm_apns_connect_next(conn, NULL);
        return;
    }

    ngx_mdm_apns_connection_lost(conn, "DNS has no address of %s: %s",
                                 hop->name.data,
                                 state == NGX_ERROR
                                 ? "no memory" : ngx_resolver_strerror(state));
}


void
ngx_mdm_apns_resolve_cancel(ngx_mdm_apns_connection_t *conn)
{
    if (conn->resolving != NULL) {
        ngx_resolve_name_done(conn->resolving);
        conn->resolving = NULL;
    }

    if (conn->name.data != NULL) {
        ngx_free(conn->name.data);
        conn->name.data = NULL;
    }

    if (conn->addresses != NULL) {
        ngx_free(conn->addresses);
        conn->addresses = NULL;
    }
}


static ngx_int_t
ngx_mdm_apns_address_add(ngx_mdm_apns_connection_t *conn,
    struct sockaddr *sockaddr, socklen_t socklen, in_port_t port)
{
    ngx_mdm_apns_address_t  *p;

    p = realloc(conn->addresses, (conn->naddresses + 1)
                                 * sizeof(ngx_mdm_apns_address_t));
    if (p == NULL) {
        return NGX_ERROR;
    }

    conn->addresses = p;
    p += conn->naddresses++;

    ngx_memcpy(&p->sockaddr, sockaddr, socklen);
    p->socklen = socklen;
    ngx_inet_set_port(&p->sockaddr.sockaddr, port);

    return NGX_OK;
}


/* Tries the addresses that are left, until one connects or takes its time. */

void
ngx_mdm_apns_connect_next(ngx_mdm_apns_connection_t *conn, const char *why)
{
    ngx_uint_t  is_short;

    if (conn->connection != NULL) {
        ngx_close_connection(conn->connection);
        conn->connection = NULL;
    }

    while (conn->next < conn->naddresses) {
        why = ngx_mdm_apns_connect(conn, &conn->addresses[conn->next],
                                   &is_short);
        if (why == NULL) {
            conn->next++;
            return;
        }

        if (!is_short) {
            conn->next++;

        } else if (!ngx_mdm_apns_connection_spare(conn->apns)) {
            ngx_mdm_apns_connection_later(conn, why);
            return;
        }
    }

    ngx_mdm_apns_connection_lost(conn, "cannot connect to %s: %s", conn->text,
                                 why);
}


/* NULL, or why it cannot be; is it that there is nothing to connect with? */

static const char *
ngx_mdm_apns_connect(ngx_mdm_apns_connection_t *conn,
    ngx_mdm_apns_address_t *address, ngx_uint_t *is_short)
{
    ngx_int_t               rc;
    ngx_str_t               name;
    ngx_err_t               err;
    ngx_peer_connection_t   pc;

    name.data = conn->text;
    name.len = ngx_sock_ntop(&address->sockaddr.sockaddr, address->socklen,
                             conn->text, NGX_SOCKADDR_STRLEN, 1);
    conn->text[name.len] = '\0';

    ngx_memzero(&pc, sizeof(ngx_peer_connection_t));
    pc.sockaddr = &address->sockaddr.sockaddr;
    pc.socklen = address->socklen;
    pc.name = &name;
    pc.get = ngx_event_get_peer;
    pc.log = &conn->apns->quiet;
    pc.log_error = NGX_ERROR_INFO;

    ngx_set_socket_errno(0);
    rc = ngx_event_connect_peer(&pc);
    err = ngx_socket_errno;

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        *is_short = (err == 0 || err == NGX_EMFILE || err == NGX_ENFILE);

        if (*is_short) {
            return err ? NGX_MDM_APNS_NO_FILES : NGX_MDM_APNS_NO_CONNECTIONS;
        }

        return strerror(err);
    }

    conn->connection = pc.connection;
    ngx_mdm_apns_connection_watch(conn);

    if (rc == NGX_OK) {
        ngx_post_event(conn->connection->write, &ngx_posted_events);
    }

    return NULL;
}


void
ngx_mdm_apns_connect_event(ngx_mdm_apns_connection_t *conn)
{
    int                err;
    socklen_t          len;
    ngx_connection_t  *c;

    c = conn->connection;
    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1) {
        err = ngx_socket_errno;
    }

    if (err != 0) {
        ngx_mdm_apns_connect_next(conn, strerror(err));
        return;
    }

    if (!c->write->ready) {
        return;
    }

    (void) ngx_tcp_nodelay(c);

    ngx_mdm_apns_connection_connected(conn);
}
