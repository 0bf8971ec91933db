/*
 * What happens on a connection, step by step: connected, TLS handshake, the
 * request, its answer, rest.  It never decides what to send or whether to
 * try again: the handler does.
 */

#include "sim.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <openssl/err.h>


static int sim_conn_connected(sim_conn_t *c);
static int sim_conn_handshake(sim_conn_t *c);
static int sim_conn_write(sim_conn_t *c);
static int sim_conn_read(sim_conn_t *c);
static int sim_conn_idle(sim_conn_t *c);
static int sim_conn_recv(sim_conn_t *c, char *buf, size_t size);
static int sim_conn_recv_tls(sim_conn_t *c, char *buf, size_t size);
static int sim_conn_tls_result(sim_conn_t *c, int rc, const char *what);
static void sim_conn_end(sim_conn_t *c, sim_http_e outcome);
static void sim_conn_reason(sim_conn_t *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));


void
sim_conn_expire(void *data)
{
    static const char  *doing[] = {
        "connecting", "shaking hands", "sending", "waiting for an answer"
    };

    sim_conn_t  *c = data;

    if (c->state == SIM_CONN_LATE) {
        (void) sim_vanish_go(c);
        return;
    }

    sim_conn_reason(c, "time ran out %s", doing[c->state]);
    sim_conn_end(c, SIM_HTTP_TIMEOUT);
}


/* goes from step to step until there is nothing to do but wait */

void
sim_conn_run(void *data)
{
    int          rc;
    sim_conn_t  *c = data;

    /* a handler that sends at once is served by the loop that called it */

    if (c->running) {
        return;
    }

    c->running = 1;

    do {
        switch (c->state) {

        case SIM_CONN_CONNECT:
            rc = sim_conn_connected(c);
            break;

        case SIM_CONN_HANDSHAKE:
            rc = sim_conn_handshake(c);
            break;

        case SIM_CONN_SEND:
            rc = sim_conn_write(c);
            break;

        case SIM_CONN_READ:
            rc = sim_conn_read(c);
            break;

        case SIM_CONN_REST:
            rc = sim_conn_idle(c);
            break;

        case SIM_CONN_LATE:
            rc = SIM_AGAIN;
            break;

        default:
            rc = SIM_ERROR;
            break;
        }

    } while (rc == SIM_OK);

    c->running = 0;
}


static int
sim_conn_connected(sim_conn_t *c)
{
    int                      err;
    socklen_t                len;
    struct sockaddr_storage  peer;

    err = 0;
    len = sizeof(err);
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len);

    if (err) {
        sim_conn_reason(c, "connect: %s", strerror(err));
        sim_conn_end(c, SIM_HTTP_FAILED);
        return SIM_ERROR;
    }

    len = sizeof(peer);

    if (getpeername(c->fd, (struct sockaddr *) &peer, &len) == -1) {
        return SIM_AGAIN;
    }

    c->state = c->ssl ? SIM_CONN_HANDSHAKE : SIM_CONN_SEND;
    c->begun = c->ssl ? c->begun : sim_now();
    c->sim->stat.connections++;

    return SIM_OK;
}


static int
sim_conn_handshake(sim_conn_t *c)
{
    int  rc;

    ERR_clear_error();
    rc = SSL_do_handshake(c->ssl);

    if (rc != 1) {
        return sim_conn_tls_result(c, rc, "TLS handshake");
    }

    sim_histogram_add(&c->sim->stat.handshake, sim_now() - c->begun);

    c->begun = sim_now();
    c->state = SIM_CONN_SEND;

    return SIM_OK;
}


static int
sim_conn_write(sim_conn_t *c)
{
    int      rc;
    ssize_t  n;

    while (c->out_pos < c->out_stop) {

        if (c->ssl) {
            ERR_clear_error();
            rc = SSL_write(c->ssl, c->out + c->out_pos,
                           (int) (c->out_stop - c->out_pos));

            if (rc <= 0) {
                return sim_conn_tls_result(c, rc, "send");
            }

            c->out_pos += (size_t) rc;
            continue;
        }

        n = send(c->fd, c->out + c->out_pos, c->out_stop - c->out_pos,
                 MSG_NOSIGNAL);

        if (n == -1) {
            if (errno == EAGAIN) {
                return SIM_AGAIN;
            }

            sim_conn_reason(c, "send: %s", strerror(errno));
            sim_conn_end(c, c->served ? SIM_HTTP_STALE : SIM_HTTP_FAILED);
            return SIM_ERROR;
        }

        c->out_pos += (size_t) n;
    }

    if (c->drop) {
        sim_conn_reason(c, "closed after the request, as told");
        sim_conn_end(c, SIM_HTTP_DROPPED);
        return SIM_ERROR;
    }

    c->state = SIM_CONN_READ;

    return c->vanish ? sim_vanish_sent(c) : SIM_OK;
}


static int
sim_conn_read(sim_conn_t *c)
{
    int            n, rc;
    char          *buf;
    size_t         room;
    sim_answer_t  *a;

    a = &c->answer;
    buf = sim_answer_room(a, &room);
    room = c->vanish ? sim_vanish_room(c, room) : room;
    n = buf ? sim_conn_recv(c, buf, room) : SIM_ERROR;

    if (n == SIM_AGAIN) {
        return SIM_AGAIN;
    }

    if (n == SIM_ERROR || (n == 0 && a->len == 0)) {
        if (n == 0) {
            sim_conn_reason(c, "closed by the server before an answer");
        }

        sim_conn_end(c, a->len == 0 && c->served ? SIM_HTTP_STALE
                                                 : SIM_HTTP_FAILED);
        return SIM_ERROR;
    }

    a->len += (size_t) n;
    rc = sim_answer_parse(a, n == 0);

    if (c->vanish && (rc == SIM_OK || sim_vanish_room(c, 1) == 0)) {
        return sim_vanish_go(c);
    }

    if (rc == SIM_AGAIN) {
        return SIM_OK;
    }

    if (rc == SIM_ERROR) {
        sim_conn_reason(c, "the answer is not HTTP/1.1 or not whole");
        sim_conn_end(c, SIM_HTTP_FAILED);
        return SIM_ERROR;
    }

    c->served++;
    c->state = SIM_CONN_REST;
    sim_timer_clear(&c->sim->loop, &c->timer);

    c->handler(c->data, SIM_HTTP_ANSWER);

    return SIM_OK;
}


/* nothing should come while a connection rests; what comes is its end */

static int
sim_conn_idle(sim_conn_t *c)
{
    int   n;
    char  buf[512];

    n = sim_conn_recv(c, buf, sizeof(buf));

    if (n == SIM_AGAIN) {
        return SIM_AGAIN;
    }

    sim_conn_end(c, SIM_HTTP_CLOSED);

    return SIM_ERROR;
}


/* bytes read, 0 at the end; with SIM_ERROR the reason is known */

static int
sim_conn_recv(sim_conn_t *c, char *buf, size_t size)
{
    ssize_t  n;

    if (c->ssl) {
        return sim_conn_recv_tls(c, buf, size);
    }

    n = recv(c->fd, buf, size, 0);

    if (n != -1) {
        return (int) n;
    }

    if (errno == EAGAIN) {
        return SIM_AGAIN;
    }

    sim_conn_reason(c, "read: %s", strerror(errno));

    return SIM_ERROR;
}


static int
sim_conn_recv_tls(sim_conn_t *c, char *buf, size_t size)
{
    int  rc, err;

    ERR_clear_error();
    rc = SSL_read(c->ssl, buf, (int) size);

    if (rc > 0) {
        return rc;
    }

    err = SSL_get_error(c->ssl, rc);

    if (err == SSL_ERROR_WANT_READ || err == SSL_ERROR_WANT_WRITE) {
        return SIM_AGAIN;
    }

    if (err == SSL_ERROR_ZERO_RETURN) {
        return 0;
    }

    sim_conn_reason(c, "read: %s", ERR_peek_error()
                                   ? ERR_reason_error_string(ERR_peek_error())
                                   : "connection lost");

    return SIM_ERROR;
}


static int
sim_conn_tls_result(sim_conn_t *c, int rc, const char *what)
{
    int            err;
    long           verify;
    const char    *text;
    unsigned long  code;

    err = SSL_get_error(c->ssl, rc);

    if (err == SSL_ERROR_WANT_READ || err == SSL_ERROR_WANT_WRITE) {
        return SIM_AGAIN;
    }

    code = ERR_peek_error();
    text = code ? ERR_reason_error_string(code) : "connection lost";
    verify = SSL_get_verify_result(c->ssl);

    if (verify != X509_V_OK && c->sim->options.ca && !c->sim->options.insecure)
    {
        text = X509_verify_cert_error_string(verify);
    }

    sim_conn_reason(c, "%s: %s", what, text ? text : "failed");
    sim_conn_end(c, c->served ? SIM_HTTP_STALE : SIM_HTTP_FAILED);

    return SIM_ERROR;
}


static void
sim_conn_end(sim_conn_t *c, sim_http_e outcome)
{
    sim_http_close(c);
    c->handler(c->data, outcome);
}


static void
sim_conn_reason(sim_conn_t *c, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    vsnprintf(c->reason, sizeof(c->reason), fmt, args);
    va_end(args);
}
