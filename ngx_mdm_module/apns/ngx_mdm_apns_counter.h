
/*
 * What apns/ counts of one database, in one worker.  The memory is given to
 * ngx_mdm_apns_create() and is written here alone.  Neither topics nor tokens
 * are told apart: there may be many thousands.
 */


#ifndef _NGX_MDM_APNS_COUNTER_H_INCLUDED_
#define _NGX_MDM_APNS_COUNTER_H_INCLUDED_


#include "../message/mdm_push.h"
#include "../pg/ngx_mdm_counter.h"


#define NGX_MDM_APNS_REASONS  48       /* of mdm_push_reason(), at most */


/* Why an attempt to connect came to nothing. */

typedef enum {
    NGX_MDM_APNS_FAIL_RESOLVE = 0,     /* the name has no address */
    NGX_MDM_APNS_FAIL_CONNECT,
    NGX_MDM_APNS_FAIL_PROXY,           /* the proxy refused */
    NGX_MDM_APNS_FAIL_TLS,
    NGX_MDM_APNS_FAIL_HTTP2,           /* the server speaks something else */
    NGX_MDM_APNS_FAIL_TIMEOUT,
    NGX_MDM_APNS_NFAILS
} ngx_mdm_apns_fail_e;


/* Why a connection that was ready was closed. */

typedef enum {
    NGX_MDM_APNS_CLOSE_IDLE = 0,       /* nothing to push for long */
    NGX_MDM_APNS_CLOSE_GOAWAY,         /* the server wanted it */
    NGX_MDM_APNS_CLOSE_RENEWED,        /* the topic has another certificate */
    NGX_MDM_APNS_CLOSE_LOST,           /* the server closed or reset it */
    NGX_MDM_APNS_CLOSE_SILENT,         /* no answer in time */
    NGX_MDM_APNS_CLOSE_PROTOCOL,       /* an error of HTTP/2 or TLS */
    NGX_MDM_APNS_CLOSE_ANSWER,         /* an answer asked for another one */
    NGX_MDM_APNS_CLOSE_LEFT,           /* the topic was given back */
    NGX_MDM_APNS_NCLOSES
} ngx_mdm_apns_close_e;


typedef struct {
    ngx_mdm_counter_t   sent;          /* streams opened */
    ngx_mdm_counter_t   answered[MDM_PUSH_NCLASSES];
    ngx_mdm_counter_t   reasons[NGX_MDM_APNS_REASONS];
    ngx_mdm_counter_t   returned[2];   /* never sent; sent, but who knows */
    ngx_mdm_counter_t   connects;
    ngx_mdm_counter_t   failures[NGX_MDM_APNS_NFAILS];
    ngx_mdm_counter_t   closed[NGX_MDM_APNS_NCLOSES];
    ngx_mdm_counter_t   times[NGX_MDM_HISTOGRAM(NGX_MDM_TIME_BOUNDS)];
                                       /* from the stream to its answer */
} ngx_mdm_apns_counters_t;


/* What is now; as of ngx_mdm_pg_gauges_t only the owner writes. */

typedef struct {
    ngx_atomic_t        owner;         /* process id */
    ngx_atomic_t        connections;   /* ready */
    ngx_atomic_t        in_flight;     /* streams without an answer */
} ngx_mdm_apns_gauges_t;


const char *ngx_mdm_apns_fail_name(ngx_mdm_apns_fail_e cause);
const char *ngx_mdm_apns_close_name(ngx_mdm_apns_close_e cause);


/* An answer that came after so many milliseconds. */

static ngx_inline void
ngx_mdm_apns_count_answer(ngx_mdm_apns_counters_t *counters,
    const mdm_push_answer_t *answer, ngx_msec_t took)
{
    ngx_mdm_count(&counters->answered[answer->class]);

    if (answer->status != 200) {
        ngx_mdm_count(&counters->reasons[
                                   mdm_push_reason_place(answer->reason)]);
    }

    ngx_mdm_histogram_add(counters->times, ngx_mdm_time_bounds,
                          NGX_MDM_TIME_BOUNDS, took);
}


/* There are `n` more of it, or less. */

static ngx_inline void
ngx_mdm_apns_gauge(ngx_mdm_apns_gauges_t *gauges, ngx_atomic_t *gauge,
    ngx_int_t n)
{
    if (gauges->owner == (ngx_atomic_uint_t) ngx_pid) {
        *gauge += n;
    }
}


#endif /* _NGX_MDM_APNS_COUNTER_H_INCLUDED_ */
