
/*
 * Counters: numbers that workers share and anybody may read at any time.
 * Who counts is given a place in shared memory by those above; a count is an
 * atomic addition at a fixed index, and takes no lock and no string.
 */


#ifndef _NGX_MDM_COUNTER_H_INCLUDED_
#define _NGX_MDM_COUNTER_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef ngx_atomic_t  ngx_mdm_counter_t;


/* The upper edge of a histogram's bucket, and as it is written. */

typedef struct {
    ngx_uint_t                 value;
    const char                *text;
} ngx_mdm_bound_t;


/* A histogram is an array: a counter for each bound, one for what passes
 * them all, and the sum. */

#define NGX_MDM_TIME_BOUNDS    13       /* ms, written as seconds */
#define NGX_MDM_BATCH_BOUNDS   6
#define NGX_MDM_FLUSH_BOUNDS   5

#define NGX_MDM_HISTOGRAM(n)   ((n) + 2)


extern const ngx_mdm_bound_t  ngx_mdm_time_bounds[];
extern const ngx_mdm_bound_t  ngx_mdm_batch_bounds[];
extern const ngx_mdm_bound_t  ngx_mdm_flush_bounds[];


void ngx_mdm_histogram_add(ngx_mdm_counter_t *histogram,
    const ngx_mdm_bound_t *bounds, ngx_uint_t nbounds, ngx_uint_t value);


static ngx_inline void
ngx_mdm_count(ngx_mdm_counter_t *counter)
{
    (void) ngx_atomic_fetch_add(counter, 1);
}


#endif /* _NGX_MDM_COUNTER_H_INCLUDED_ */
