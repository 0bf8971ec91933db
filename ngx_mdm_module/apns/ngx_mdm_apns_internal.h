
/*
 * What the files of apns/ share: the configuration, the topics of a worker
 * and their connections.
 */


#ifndef _NGX_MDM_APNS_INTERNAL_H_INCLUDED_
#define _NGX_MDM_APNS_INTERNAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_event_connect.h>
#include <ngx_http.h>

#include <nghttp2/nghttp2.h>

#include "ngx_mdm_apns.h"
#include "../common/ngx_mdm_restraint.h"
#include "../common/ngx_mdm_thread.h"


/* Connections of one topic, and streams of one connection, whatever the
 * server allows. */
#define NGX_MDM_APNS_MAX_CONNECTIONS   8
#define NGX_MDM_APNS_MAX_STREAMS       1000

/* What may wait beyond the free streams, so that an answer finds a push to
 * take its stream. */
#define NGX_MDM_APNS_RESERVE           256

/* Idle connections of a worker. */
#define NGX_MDM_APNS_MAX_IDLE          256

/* A TLS record. */
#define NGX_MDM_APNS_BUFFER            16384

/* A push that waits longer wants another connection. */
#define NGX_MDM_APNS_CROWDED           200

/* Addresses of a name that one attempt tries: where a firewall drops all, that
 * is told before those of a long list have had their time. */
#define NGX_MDM_APNS_MAX_ADDRESSES     3

/* For a name and the TCP connection to one of its addresses, for what comes
 * until the first SETTINGS, for an answer, and for that to a PING. */
#define NGX_MDM_APNS_CONNECT_TIME      5000
#define NGX_MDM_APNS_START_TIME        10000
#define NGX_MDM_APNS_ANSWER_TIME       30000
#define NGX_MDM_APNS_PING_TIME         10000

/* Idle for so long: tried with a PING, beside the next push and anyhow; and
 * closed, when the topic has another connection. */
#define NGX_MDM_APNS_STALE_TIME        60000
#define NGX_MDM_APNS_IDLE_TIME         (30 * 60 * 1000)
#define NGX_MDM_APNS_SURPLUS_TIME      60000

/* So long a new one is not closed for others: its topic asks the database for
 * pushes when it is there. */
#define NGX_MDM_APNS_FRESH_TIME        1000

/* Between attempts to connect, and after a connection that was closed within
 * that time and gave no more answers than these. */
#define NGX_MDM_APNS_FEW_ANSWERS       64
#define NGX_MDM_APNS_RETRY_FIRST       1000
#define NGX_MDM_APNS_RETRY_LAST        (5 * 60 * 1000)

/* For people. */
#define NGX_MDM_APNS_NO_CONNECTIONS                                           \
    "worker_connections are not enough"
#define NGX_MDM_APNS_NO_FILES                                                 \
    "too many open files: raise worker_rlimit_nofile"

/* So often may a server leave a push unprocessed. */
#define NGX_MDM_APNS_MAX_REFUSED       3


typedef struct ngx_mdm_apns_connection_s  ngx_mdm_apns_connection_t;
typedef struct ngx_mdm_apns_shake_s       ngx_mdm_apns_shake_t;


typedef struct {
    ngx_str_t                    name;        /* NUL behind; no brackets */
    ngx_str_t                    authority;   /* HOST, or HOST:PORT */
    ngx_str_t                    target;      /* HOST:PORT; NUL behind */
    in_port_t                    port;
    ngx_addr_t                  *address;     /* NULL: a name */
} ngx_mdm_apns_host_t;


struct ngx_mdm_apns_conf_s {
    ngx_mdm_apns_host_t          production;
    ngx_mdm_apns_host_t          development; /* name.len 0: not said */
    ngx_mdm_apns_host_t          proxy;       /* name.len 0: none */
    ngx_str_t                    credentials; /* base64; len 0: none */
    ngx_str_t                    trusted;     /* a file; len 0: the system's */
    ngx_uint_t                   rate;

    SSL_CTX                     *ctx;
    ngx_resolver_t              *resolver;
    ngx_msec_t                   resolver_timeout;
};


struct ngx_mdm_apns_s {
    ngx_mdm_apns_conf_t         *conf;
    ngx_mdm_apns_handlers_t      handlers;
    ngx_mdm_apns_counters_t     *counters;
    ngx_mdm_apns_gauges_t       *gauges;
    ngx_log_t                   *log;
    ngx_log_t                    quiet;       /* what is told otherwise */
    ngx_thread_pool_t           *threads;     /* NULL: none */
    ngx_mdm_counter_t           *thread_counters;

    ngx_queue_t                  topics;
    ngx_queue_t                  busy;        /* topics with something to do */
    ngx_event_t                  event;
    ngx_mdm_apns_topic_t        *running;     /* NULL: it was destroyed */

    ngx_queue_t                  idle;        /* connections, oldest first */
    ngx_uint_t                   nidle;
    ngx_uint_t                   max_idle;

    ngx_queue_t                  wanting;     /* topics, a connection */
    ngx_event_t                  want;        /* gives them some */
    const char                  *why;         /* there are none, or NULL */
    ngx_uint_t                   nconnections;
    ngx_uint_t                   max_connections;
    const char                  *scarce;      /* why not more */
    ngx_uint_t                   nopening;    /* of them, not ready yet */
    ngx_uint_t                   max_opening;

    ngx_queue_t                  queued;      /* handshakes, for a thread */
    ngx_queue_t                  shaking;     /* those in threads */
    ngx_uint_t                   nshaking;

    nghttp2_session_callbacks   *callbacks;
    nghttp2_option              *option;

    time_t                       expires;     /* what is written there: */
    u_char                       expiration[NGX_TIME_T_LEN + 1];

    ngx_mdm_restraint_t          restraint;
    u_char                       in[NGX_MDM_APNS_BUFFER];
    u_char                       out[NGX_MDM_APNS_BUFFER];
};


struct ngx_mdm_apns_topic_s {
    ngx_queue_t                  queue;       /* of topics */
    ngx_queue_t                  busy;
    ngx_queue_t                  wanting;
    ngx_mdm_apns_t              *apns;
    ngx_str_t                    name;
    void                        *data;

    mdm_str_t                    certificate; /* both in one allocation */
    mdm_str_t                    key;
    ngx_mdm_apns_host_t         *host;        /* NULL: none for development */

    ngx_queue_t                  connections;
    ngx_uint_t                   nready;
    ngx_uint_t                   nopening;    /* not ready yet */
    ngx_msec_t                   ready_at;    /* the last of them was */

    ngx_queue_t                  waiting;
    ngx_uint_t                   nwaiting;
    ngx_uint_t                   in_flight;
    ngx_queue_t                  done;

    ngx_event_t                  crowded;     /* something waits */
    ngx_event_t                  retry;
    ngx_uint_t                   failures;
    ngx_uint_t                   attempts;    /* since the last answer */
    char                         error[256];

    unsigned                     is_busy:1;
    unsigned                     wants:1;     /* a connection */
    unsigned                     changed:1;
    unsigned                     full:1;      /* room was asked: none */
};


typedef enum {
    NGX_MDM_APNS_RESOLVING = 0,
    NGX_MDM_APNS_CONNECTING,
    NGX_MDM_APNS_PROXY,
    NGX_MDM_APNS_HANDSHAKE,
    NGX_MDM_APNS_STARTING,       /* no stream is allowed yet */
    NGX_MDM_APNS_READY,
    NGX_MDM_APNS_DRAINING,       /* no more pushes */
    NGX_MDM_APNS_NSTATES
} ngx_mdm_apns_connection_e;


typedef struct {
    ngx_sockaddr_t               sockaddr;
    socklen_t                    socklen;
} ngx_mdm_apns_address_t;


/* TLS while it is made. */

typedef struct {
    SSL_CTX                     *ctx;
    ngx_mdm_apns_host_t         *host;
    mdm_str_t                    certificate;
    mdm_str_t                    key;         /* wiped in the end */
    ngx_socket_t                 fd;
    SSL                         *ssl;
} ngx_mdm_apns_tls_t;


struct ngx_mdm_apns_connection_s {
    ngx_queue_t                  queue;       /* of the topic */
    ngx_queue_t                  idle;
    ngx_mdm_apns_topic_t        *topic;
    ngx_mdm_apns_t              *apns;
    ngx_mdm_apns_connection_e    state;
    ngx_connection_t            *connection;
    ngx_event_t                  timer;

    /* on the way there */
    ngx_str_t                    name;        /* that is being resolved */
    ngx_resolver_ctx_t          *resolving;
    ngx_mdm_apns_address_t      *addresses;
    ngx_uint_t                   naddresses;
    ngx_uint_t                   next;
    u_char                       text[NGX_SOCKADDR_STRLEN + 1];
    ngx_buf_t                   *proxy;       /* said to it, and read */

    ngx_mdm_apns_shake_t        *shake;       /* until TLS is there: */
    SSL                         *ssl;
    nghttp2_session             *session;
    u_char                      *rest;        /* could not be written yet */
    u_char                      *rest_pos;
    u_char                      *rest_last;

    ngx_queue_t                  in_flight;   /* oldest first */
    ngx_uint_t                   nin_flight;
    ngx_uint_t                   limit;       /* of streams */
    ngx_uint_t                   answered;
    ngx_msec_t                   opened;
    ngx_msec_t                   answer_at;   /* the last */
    ngx_msec_t                   idle_at;

    char                         reason[128]; /* the server's, for closing */

    unsigned                     is_idle:1;
    unsigned                     named:1;     /* HPACK has apns-id */
    unsigned                     pinged:1;    /* a PING has no answer */
    unsigned                     flush:1;
    unsigned                     unwanted:1;  /* the server wants its end */
    unsigned                     settled:1;   /* its SETTINGS came */
    unsigned                     accepted:1;  /* ours were taken */
};


/* --- ngx_mdm_apns_conf.c --- */

ngx_mdm_apns_host_t *ngx_mdm_apns_conf_next_hop(ngx_mdm_apns_conf_t *conf,
    ngx_mdm_apns_host_t *host);


/* --- ngx_mdm_apns.c --- */

/* Something is to be done for the topic, at the end of this turn. */
void ngx_mdm_apns_topic_post(ngx_mdm_apns_topic_t *topic);
/* Back to its caller with what it holds. */
void ngx_mdm_apns_push_done(ngx_mdm_apns_topic_t *topic,
    ngx_mdm_apns_push_t *push);
/* Not processed by the server: once more, but not for ever; NGX_DECLINED: it
 * is given back. */
ngx_int_t ngx_mdm_apns_push_again(ngx_mdm_apns_topic_t *topic,
    ngx_mdm_apns_push_t *push);
/* An attempt to connect failed. */
void ngx_mdm_apns_topic_failed(ngx_mdm_apns_topic_t *topic, const char *text);
/* There is none to be had. */
void ngx_mdm_apns_topic_short(ngx_mdm_apns_topic_t *topic, const char *text);
/* The server takes our part of the connection. */
void ngx_mdm_apns_topic_works(ngx_mdm_apns_topic_t *topic);


/* --- ngx_mdm_apns_want.c --- */

void ngx_mdm_apns_want_init(ngx_mdm_apns_t *apns, ngx_uint_t connections);
void ngx_mdm_apns_want_done(ngx_mdm_apns_t *apns);
/* Do its pushes want another one? */
ngx_uint_t ngx_mdm_apns_want_one(ngx_mdm_apns_topic_t *topic);
/* The topic gets a connection when it is its turn. */
void ngx_mdm_apns_want(ngx_mdm_apns_topic_t *topic);
void ngx_mdm_apns_want_not(ngx_mdm_apns_topic_t *topic);
/* There may be one for who is next. */
void ngx_mdm_apns_want_go(ngx_mdm_apns_t *apns);
/* nginx or the system has none for this topic, and so for nobody. */
void ngx_mdm_apns_want_later(ngx_mdm_apns_topic_t *topic, const char *why);


/* --- ngx_mdm_apns_connection.c --- */

/* May have failed when it returns. */
void ngx_mdm_apns_connection_open(ngx_mdm_apns_topic_t *topic);
void ngx_mdm_apns_connection_move(ngx_mdm_apns_connection_t *conn,
    ngx_mdm_apns_connection_e state);
/* A socket begins to connect. */
void ngx_mdm_apns_connection_watch(ngx_mdm_apns_connection_t *conn);
/* TCP is there. */
void ngx_mdm_apns_connection_connected(ngx_mdm_apns_connection_t *conn);
/* So is what the proxy leads to. */
void ngx_mdm_apns_connection_through(ngx_mdm_apns_connection_t *conn);
/* TLS is there, too. */
void ngx_mdm_apns_connection_secure(ngx_mdm_apns_connection_t *conn);
/* Asks for the events that are not there. */
ngx_int_t ngx_mdm_apns_event_arm(ngx_connection_t *c);
/* What it became busy or idle with; idle connections are counted. */
void ngx_mdm_apns_connection_busy(ngx_mdm_apns_connection_t *conn);
/* The server changed the number of its streams. */
void ngx_mdm_apns_connection_allowed(ngx_mdm_apns_connection_t *conn);
void ngx_mdm_apns_connection_drain(ngx_mdm_apns_connection_t *conn);
/* After reading or writing: closes it when nothing is left to do.  NGX_DONE:
 * it is gone. */
ngx_int_t ngx_mdm_apns_connection_settle(ngx_mdm_apns_connection_t *conn);
/* It broke, or could not be made: gives back what it had, and is gone. */
void ngx_mdm_apns_connection_lost(ngx_mdm_apns_connection_t *conn,
    const char *fmt, ...);
/* Its topic has to wait: nothing is left to make one of. */
void ngx_mdm_apns_connection_later(ngx_mdm_apns_connection_t *conn,
    const char *why);
/* Closes the one that has been idle longest, but no new one; was there any? */
ngx_uint_t ngx_mdm_apns_connection_spare(ngx_mdm_apns_t *apns);
/* In good order; nothing is given back. */
void ngx_mdm_apns_connection_close(ngx_mdm_apns_connection_t *conn);
ngx_uint_t ngx_mdm_apns_connection_free_streams(
    ngx_mdm_apns_connection_t *conn);


/* --- ngx_mdm_apns_address.c --- */

/* All may have closed the connection when they return. */
void ngx_mdm_apns_resolve(ngx_mdm_apns_connection_t *conn);
void ngx_mdm_apns_resolve_cancel(ngx_mdm_apns_connection_t *conn);
/* The first address, or the next because this one did not do. */
void ngx_mdm_apns_connect_next(ngx_mdm_apns_connection_t *conn,
    const char *why);
/* An event of a socket that connects. */
void ngx_mdm_apns_connect_event(ngx_mdm_apns_connection_t *conn);


/* --- ngx_mdm_apns_proxy.c --- */

void ngx_mdm_apns_proxy_start(ngx_mdm_apns_connection_t *conn);
void ngx_mdm_apns_proxy_event(ngx_mdm_apns_connection_t *conn);
void ngx_mdm_apns_proxy_free(ngx_mdm_apns_connection_t *conn);


/* --- ngx_mdm_apns_tls.c --- */

/* NULL with a line in the log; `file` NULL: the system's certificates. */
SSL_CTX *ngx_mdm_apns_tls_create(ngx_conf_t *cf, const char *file);
/* NGX_AGAIN, NGX_OK, or NGX_ERROR: the text says why. */
ngx_int_t ngx_mdm_apns_tls_step(ngx_mdm_apns_tls_t *tls, char *text,
    size_t size);
void ngx_mdm_apns_tls_free(ngx_mdm_apns_tls_t *tls);
/* Bytes, NGX_AGAIN, or NGX_ERROR with the text. */
ssize_t ngx_mdm_apns_tls_read(ngx_mdm_apns_connection_t *conn, u_char *buf,
    size_t len, char *text, size_t size);
ssize_t ngx_mdm_apns_tls_write(ngx_mdm_apns_connection_t *conn,
    const u_char *buf, size_t len, char *text, size_t size);
void ngx_mdm_apns_tls_close(ngx_mdm_apns_connection_t *conn);


/* --- ngx_mdm_apns_handshake.c --- */

/* Both may have ended it, and the connection. */
void ngx_mdm_apns_handshake_start(ngx_mdm_apns_connection_t *conn);
void ngx_mdm_apns_handshake_event(ngx_mdm_apns_connection_t *conn);
/* Is it not the server that it waits for, but a thread? */
ngx_uint_t ngx_mdm_apns_handshake_is_ours(ngx_mdm_apns_connection_t *conn);
/* The connection ends; its socket may stay with a thread. */
void ngx_mdm_apns_handshake_leave(ngx_mdm_apns_connection_t *conn);
/* The worker ends, and its threads have. */
void ngx_mdm_apns_handshake_done(ngx_mdm_apns_t *apns);


/* --- ngx_mdm_apns_http2.c --- */

ngx_int_t ngx_mdm_apns_http2_init(ngx_mdm_apns_t *apns);
void ngx_mdm_apns_http2_done(ngx_mdm_apns_t *apns);
ngx_int_t ngx_mdm_apns_http2_start(ngx_mdm_apns_connection_t *conn);
/* NGX_DECLINED: nothing can be sent of it, and the answer says why;
 * NGX_ERROR: no more streams can be opened. */
ngx_int_t ngx_mdm_apns_http2_submit(ngx_mdm_apns_connection_t *conn,
    ngx_mdm_apns_push_t *push);
void ngx_mdm_apns_http2_ping(ngx_mdm_apns_connection_t *conn);
/* Its answer came too late. */
void ngx_mdm_apns_http2_cancel(ngx_mdm_apns_connection_t *conn,
    ngx_mdm_apns_push_t *push);


/* --- ngx_mdm_apns_io.c --- */

/* Read and write what there is; NGX_ERROR: the connection is gone. */
ngx_int_t ngx_mdm_apns_read(ngx_mdm_apns_connection_t *conn);
ngx_int_t ngx_mdm_apns_flush(ngx_mdm_apns_connection_t *conn);
/* Says goodbye, as far as that can be written at once. */
void ngx_mdm_apns_leave(ngx_mdm_apns_connection_t *conn);


#endif /* _NGX_MDM_APNS_INTERNAL_H_INCLUDED_ */
