
/*
 * Apple's push service for the engine: topics, each with connections of its
 * own certificate, and pushes that are handed to a topic and come back with
 * their answers.  HTTP/2 by nghttp2 on nginx's event loop and TLS.
 *
 * It knows nothing of tenants, enrolments and the database.  Only this
 * directory includes nghttp2's header.
 */


#ifndef _NGX_MDM_APNS_H_INCLUDED_
#define _NGX_MDM_APNS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_thread_pool.h>

#include "ngx_mdm_apns_counter.h"
#include "../message/mdm_push.h"


typedef struct ngx_mdm_apns_s        ngx_mdm_apns_t;
typedef struct ngx_mdm_apns_conf_s   ngx_mdm_apns_conf_t;
typedef struct ngx_mdm_apns_topic_s  ngx_mdm_apns_topic_t;
typedef struct ngx_mdm_apns_push_s   ngx_mdm_apns_push_t;


/*
 * A push belongs to its caller, who keeps it and what it points to from
 * ngx_mdm_apns_send() until it came back.
 */

struct ngx_mdm_apns_push_s {
    mdm_str_t              token;          /* bytes */
    mdm_str_t              magic;
    u_char                 apns_id[36];    /* a UUID in lower case */
    void                  *data;           /* the caller's */

    /* what came back; status 0: it was given back unanswered, and with `sent`
     * it is unknown whether Apple has it */
    mdm_push_answer_t      answer;
    time_t                 retry_after;    /* seconds, 0: not said */
    unsigned               sent:1;
    /* status 0, and it alone was given up, not its connection: what came in
     * the place of an answer, static; else NULL */
    const char            *instead;

    /* apns' own */
    ngx_queue_t            queue;
    ngx_msec_t             at;             /* handed over, then sent */
    u_char                *body;           /* of an answer that has one */
    uint16_t               body_len;
    uint16_t               refused;        /* unprocessed, so many times */
    int32_t                stream;
};


/* All run from the event loop, never inside a call of this header. */

typedef struct {
    /* The push came back and is the caller's again. */
    void  (*done)(ngx_mdm_apns_topic_t *topic, ngx_mdm_apns_push_t *push);
    /* ngx_mdm_apns_room() is above 0 again, or what
     * ngx_mdm_apns_state() tells has changed. */
    void  (*changed)(ngx_mdm_apns_topic_t *topic);
} ngx_mdm_apns_handlers_t;


typedef struct {
    ngx_uint_t             connections;    /* that are ready */
    ngx_uint_t             waiting;        /* pushes not given to any yet */
    ngx_uint_t             in_flight;      /* pushes without an answer */
    ngx_uint_t             failures;       /* attempts to connect since the
                                              last that succeeded */
    ngx_msec_t             retry;          /* until the next; 0: now */
    char                   error[256];     /* why the last one failed, "" after
                                              a success: for people */
} ngx_mdm_apns_state_t;


/* ngx_mdm_apns_conf.c: the directive mdm_apns; the row's offset is that of an
 * ngx_mdm_apns_conf_t *, which "off" leaves NULL. */
char *ngx_mdm_apns_conf_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
/* At the end of the configuration of http, when its resolver is known. */
char *ngx_mdm_apns_conf_check(ngx_conf_t *cf, ngx_mdm_apns_conf_t *conf);
/* Pushes a second of one topic; 0: as many as Apple takes. */
ngx_uint_t ngx_mdm_apns_conf_rate(const ngx_mdm_apns_conf_t *conf);


/* In a worker; handshakes are made in the threads, if there are any.  NULL when
 * memory ran out. */
ngx_mdm_apns_t *ngx_mdm_apns_create(ngx_cycle_t *cycle,
    ngx_mdm_apns_conf_t *conf, const ngx_mdm_apns_handlers_t *handlers,
    ngx_mdm_apns_counters_t *counters, ngx_mdm_apns_gauges_t *gauges,
    ngx_thread_pool_t *threads, ngx_mdm_counter_t *thread_counters);
/* Closes everything; nothing comes back any more.  The threads have left. */
void ngx_mdm_apns_destroy(ngx_mdm_apns_t *apns);


/*
 * A topic with its certificate (DER) and key (PKCS #8 in DER, wiped by the
 * caller afterwards).  No connection is opened before the first push, and until
 * then nobody looks whether OpenSSL takes the two.  NULL: no memory.
 */
ngx_mdm_apns_topic_t *ngx_mdm_apns_topic_create(ngx_mdm_apns_t *apns,
    ngx_str_t name, mdm_str_t certificate, mdm_str_t key, ngx_uint_t
    development, void *data);
void *ngx_mdm_apns_topic_data(ngx_mdm_apns_topic_t *topic);

/* Another certificate: new connections show it, those that are open take no
 * more pushes and close when their last answer is there.  NGX_ERROR: no
 * memory. */
ngx_int_t ngx_mdm_apns_topic_renew(ngx_mdm_apns_topic_t *topic,
    mdm_str_t certificate, mdm_str_t key, ngx_uint_t development);

/* Pushes that no connection has yet come back at once (unsent); the others
 * with their answers. */
void ngx_mdm_apns_topic_recall(ngx_mdm_apns_topic_t *topic);

/* Closes its connections; what was not answered comes back before the return,
 * by done(). */
void ngx_mdm_apns_topic_destroy(ngx_mdm_apns_topic_t *topic);

/* How many more pushes it would take now: what keeps its connections busy.
 * Not above 0 while it can not connect. */
ngx_uint_t ngx_mdm_apns_room(ngx_mdm_apns_topic_t *topic);

/* Hands a push over. */
void ngx_mdm_apns_send(ngx_mdm_apns_topic_t *topic,
    ngx_mdm_apns_push_t *push);

void ngx_mdm_apns_state(ngx_mdm_apns_topic_t *topic,
    ngx_mdm_apns_state_t *state);


#endif /* _NGX_MDM_APNS_H_INCLUDED_ */
