
/*
 * Work for the thread pool: what takes more than a moment of CPU, such as the
 * decoding and sealing of a large body, or the answer of a large list.
 */


#ifndef _NGX_MDM_THREAD_H_INCLUDED_
#define _NGX_MDM_THREAD_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_thread_pool.h>

#include "ngx_mdm_counter.h"


/* Bodies up to this size are decoded in the event loop. */
#define NGX_MDM_THREAD_INLINE   (64 * 1024)


typedef enum {
    NGX_MDM_THREAD_AT_ONCE = 0,      /* in the event loop */
    NGX_MDM_THREAD_POOL,
    NGX_MDM_THREAD_FULL,
    NGX_MDM_NTHREADS
} ngx_mdm_thread_where_e;


typedef void (*ngx_mdm_thread_pt)(void *data);


typedef struct {
    ngx_mdm_thread_pt          run;        /* in a thread: touches nothing but
                                              its own memory */
    ngx_mdm_thread_pt          done;       /* in the event loop */
    void                      *data;
    ngx_mdm_counter_t         *counters;   /* by ngx_mdm_thread_where_e, or
                                              NULL: not counted */
    ngx_event_t                guard;      /* keeps an exiting worker while the
                                              thread runs */
} ngx_mdm_thread_t;


/*
 * Runs `run` and then `done`: at once when the body is small or there is no
 * pool, else later; `work` and the memory pool stay until then.  NGX_ERROR:
 * neither was or will be called, for the thread pool is full.
 */
ngx_int_t ngx_mdm_thread_run(ngx_mdm_thread_t *work, ngx_thread_pool_t *threads,
    ngx_pool_t *pool, ngx_log_t *log, size_t body);


/*
 * For an exiting worker, when the thread pools are closed: waits until their
 * threads are gone, NGX_MDM_THREAD_LEAVE milliseconds at most.  nginx only has
 * told them to go, and while one of them frees what OpenSSL keeps for it,
 * exit() takes OpenSSL down: the worker would crash.
 */
#define NGX_MDM_THREAD_LEAVE    1000

void ngx_mdm_thread_leave(ngx_log_t *log);


#endif /* _NGX_MDM_THREAD_H_INCLUDED_ */
