/*
 * The connections to the server: the address, the TLS context, opening with
 * the device's certificate, giving a request to send, and closing.  What
 * happens in between is in conn.c.
 */

#include "sim.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>


static int sim_http_resolve(sim_t *sim);
static int sim_http_takes(const struct addrinfo *a);
static int sim_http_connect(sim_conn_t *c);
static int sim_http_tls(sim_conn_t *c, sim_device_t *device);
static void sim_http_closed(sim_conn_t *c);


int
sim_http_init(sim_t *sim)
{
    sim_options_t  *o;

    o = &sim->options;

    if (sim_http_resolve(sim) != SIM_OK) {
        return SIM_ERROR;
    }

    if (!o->tls) {
        return SIM_OK;
    }

    sim->ssl_ctx = SSL_CTX_new(TLS_client_method());

    if (sim->ssl_ctx == NULL) {
        sim_error("TLS cannot be set up");
        return SIM_ERROR;
    }

    SSL_CTX_set_min_proto_version(sim->ssl_ctx, TLS1_2_VERSION);
    SSL_CTX_set_session_cache_mode(sim->ssl_ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(sim->ssl_ctx, SSL_MODE_ENABLE_PARTIAL_WRITE
                                   |SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                                   |SSL_MODE_RELEASE_BUFFERS);

    SSL_CTX_set_verify(sim->ssl_ctx, o->ca && !o->insecure ? SSL_VERIFY_PEER
                                                           : SSL_VERIFY_NONE,
                       NULL);

    if (o->ca && SSL_CTX_load_verify_file(sim->ssl_ctx, o->ca) != 1) {
        sim_error("no certificate can be read from \"%s\"", o->ca);
        return SIM_ERROR;
    }

    return SIM_OK;
}


void
sim_http_free(sim_t *sim)
{
    sim_http_reap(sim);
    SSL_CTX_free(sim->ssl_ctx);
}


/* "localhost" is often two addresses, of which the server has one: the first
 * that takes a connection now serves for the whole run. */

static int
sim_http_resolve(sim_t *sim)
{
    int               rc;
    struct addrinfo   hints, *list, *a;
    sim_options_t    *o;

    o = &sim->options;

    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;

    rc = getaddrinfo(o->url_host, o->url_port, &hints, &list);

    if (rc != 0) {
        sim_error("\"%s\" has no address: %s", o->url_host, gai_strerror(rc));
        return SIM_ERROR;
    }

    for (a = list; a->ai_next != NULL; a = a->ai_next) {
        if (sim_http_takes(a)) {
            break;
        }
    }

    memcpy(&sim->address, a->ai_addr, a->ai_addrlen);
    sim->address_len = a->ai_addrlen;

    freeaddrinfo(list);

    return SIM_OK;
}


static int
sim_http_takes(const struct addrinfo *a)
{
    int  fd, taken;

    fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1) {
        return 0;
    }

    taken = (connect(fd, a->ai_addr, a->ai_addrlen) == 0);
    close(fd);

    return taken;
}


/* NULL with errno set: no socket could be made */

sim_conn_t *
sim_http_open(sim_t *sim, sim_device_t *device,
    void (*handler)(void *data, sim_http_e outcome), void *data)
{
    int          err;
    sim_conn_t  *c;

    c = sim_alloc(sizeof(sim_conn_t));

    c->sim = sim;
    c->fd = -1;
    c->handler = handler;
    c->data = data;
    c->begun = sim_now();
    c->event.handler = sim_conn_run;
    c->event.data = c;
    c->timer.handler = sim_conn_expire;
    c->timer.data = c;

    if (sim_http_connect(c) != SIM_OK
        || (sim->options.tls && sim_http_tls(c, device) != SIM_OK))
    {
        err = errno;

        if (c->fd != -1) {
            close(c->fd);
        }

        SSL_free(c->ssl);
        free(c);
        errno = err;

        return NULL;
    }

    sim->open++;
    sim_timer_set(&sim->loop, &c->timer, sim->options.timeout);

    return c;
}


static int
sim_http_connect(sim_conn_t *c)
{
    int     one;
    sim_t  *sim;

    sim = c->sim;
    one = 1;

    c->fd = socket(sim->address.ss_family,
                   SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    if (c->fd == -1) {
        return SIM_ERROR;
    }

    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));

    if (connect(c->fd, (struct sockaddr *) &sim->address, sim->address_len)
        == -1 && errno != EINPROGRESS)
    {
        return SIM_ERROR;
    }

    c->state = SIM_CONN_CONNECT;

    return sim_loop_add(&sim->loop, c->fd, &c->event);
}


static int
sim_http_tls(sim_conn_t *c, sim_device_t *device)
{
    sim_t              *sim;
    struct in6_addr     address;
    X509_VERIFY_PARAM  *param;

    sim = c->sim;
    c->ssl = SSL_new(sim->ssl_ctx);

    if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1) {
        return SIM_ERROR;
    }

    if (sim->options.client_cert && device->cert
        && (SSL_use_certificate(c->ssl, device->cert) != 1
            || SSL_use_PrivateKey(c->ssl, device->key) != 1))
    {
        return SIM_ERROR;
    }

    param = SSL_get0_param(c->ssl);

    if (inet_pton(AF_INET, sim->options.host, &address) == 1
        || inet_pton(AF_INET6, sim->options.host, &address) == 1)
    {
        X509_VERIFY_PARAM_set1_ip_asc(param, sim->options.host);

    } else {
        X509_VERIFY_PARAM_set1_host(param, sim->options.host, 0);
        SSL_set_tlsext_host_name(c->ssl, sim->options.host);
    }

    SSL_set_connect_state(c->ssl);

    return SIM_OK;
}


/* the request's bytes belong to the caller and stay until the outcome */

void
sim_http_send(sim_conn_t *c, const char *out, size_t len, unsigned drop,
    const sim_vanish_t *vanish)
{
    c->out = out;
    c->out_len = len;
    c->out_pos = 0;
    c->out_stop = vanish ? sim_vanish_part(vanish, len) : len;
    c->drop = drop;
    c->vanish = vanish;

    sim_answer_clear(&c->answer);

    if (c->state == SIM_CONN_REST) {
        c->begun = sim_now();
        c->state = SIM_CONN_SEND;
        sim_timer_set(&c->sim->loop, &c->timer, c->sim->options.timeout);
        sim_conn_run(c);
    }
}


/* closes at once and says nothing to the handler */

void
sim_http_close(sim_conn_t *c)
{
    char  buf[4096];

    if (c->state == SIM_CONN_CLOSED) {
        return;
    }

    if (c->ssl) {
        if (c->state != SIM_CONN_CONNECT && c->state != SIM_CONN_HANDSHAKE) {
            ERR_clear_error();
            (void) SSL_shutdown(c->ssl);
        }

        SSL_free(c->ssl);
        c->ssl = NULL;
        ERR_clear_error();
    }

    /* bytes left unread would turn the close into a reset */

    shutdown(c->fd, SHUT_WR);

    while (recv(c->fd, buf, sizeof(buf), 0) > 0) { /* void */ }

    sim_http_closed(c);
}


/* as a client that is gone: no word of TLS, and what came stays unread */

void
sim_http_break(sim_conn_t *c, unsigned reset)
{
    struct linger  linger;

    SSL_free(c->ssl);
    c->ssl = NULL;
    ERR_clear_error();

    if (reset) {
        linger.l_onoff = 1;
        linger.l_linger = 0;
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));

    } else {
        shutdown(c->fd, SHUT_WR);
    }

    sim_http_closed(c);
}


static void
sim_http_closed(sim_conn_t *c)
{
    close(c->fd);
    c->fd = -1;
    c->state = SIM_CONN_CLOSED;

    sim_timer_clear(&c->sim->loop, &c->timer);
    TAILQ_INSERT_TAIL(&c->sim->dead, c, link);
    c->sim->open--;
}


/* frees closed connections when no event can name them any more */

void
sim_http_reap(sim_t *sim)
{
    sim_conn_t  *c;

    while ((c = TAILQ_FIRST(&sim->dead)) != NULL) {
        TAILQ_REMOVE(&sim->dead, c, link);
        free(c->answer.in);
        free(c);
    }
}
