
/*
 * What apns/ counts of one database, in one worker.  The memory is given to
 * ngx_mdm_apns_create() and is written here alone.  Neither topics nor tokens
 * are told apart: there may be many thousands.
 */


#ifndef _NGX_MDM_APNS_COUNTER_H_INCLUDED_
#define _NGX_MDM_APNS_COUNTER_H_INCLUDED_


#include "../message/mdm_push.h"
#include "../common/ngx_mdm_counter.h"


#define NGX_MDM_APNS_REASONS  48       /* of mdm_push_reason(), at most */


/* Where an attempt to connect ended. */

typedef enum {
    NGX_MDM_APNS_FAIL_ADDRESS = 0,     /* none: a name, or no host at all */
    NGX_MDM_APNS_FAIL_CONNECT,
    NGX_MDM_APNS_FAIL_PROXY,
    NGX_MDM_APNS_FAIL_TLS,
    NGX_MDM_APNS_FAIL_HTTP2,           /* before the server's SETTINGS */
    NGX_MDM_APNS_NFAILS
} ngx_mdm_apns_fail_e;


/* Why a connection that was ready is no more. */

typedef enum {
    NGX_MDM_APNS_END_CLOSED = 0,       /* by us */
    NGX_MDM_APNS_END_UNWANTED,         /* the server asked for it */
    NGX_MDM_APNS_END_LOST,
    NGX_MDM_APNS_NENDS
} ngx_mdm_apns_end_e;


typedef struct {
    ngx_mdm_counter_t   sent;          /* streams opened */
    ngx_mdm_counter_t   answered[MDM_PUSH_NCLASSES];
    ngx_mdm_counter_t   reasons[NGX_MDM_APNS_REASONS];
    ngx_mdm_counter_t   returned[2];   /* never sent; sent, but who knows */
    ngx_mdm_counter_t   connects;
    ngx_mdm_counter_t   failures[NGX_MDM_APNS_NFAILS];
    ngx_mdm_counter_t   ends[NGX_MDM_APNS_NENDS];
    ngx_mdm_counter_t   times[NGX_MDM_HISTOGRAM(NGX_MDM_TIME_BOUNDS)];
                                       /* from the stream to its answer */
} ngx_mdm_apns_counters_t;


/* What is now; as of ngx_mdm_pg_gauges_t only the owner writes. */

typedef struct {
    ngx_atomic_t        owner;         /* process id */
    ngx_atomic_t        connections;   /* ready */
    ngx_atomic_t        in_flight;     /* streams without an answer */
} ngx_mdm_apns_gauges_t;


const char *ngx_mdm_apns_fail_name(ngx_mdm_apns_fail_e where);
const char *ngx_mdm_apns_end_name(ngx_mdm_apns_end_e cause);


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
