
/*
 * Listening to a tenant's events: one question a second for all who listen in
 * this worker.  A listener who is at the end is "live" and handed what comes;
 * one who is behind, or cannot take more now, reads on by himself and joins
 * again.  Events are never kept here.
 */


#ifndef _NGX_MDM_HUB_H_INCLUDED_
#define _NGX_MDM_HUB_H_INCLUDED_


#include "ngx_mdm_engine.h"


#define NGX_MDM_HUB_LISTENERS     100      /* of one tenant and worker */
#define NGX_MDM_HUB_CURSOR        64


/* columns of events(); the last row is no event and says where to go on */

enum {
    NGX_MDM_EVENT_CURSOR = 0,
    NGX_MDM_EVENT_TYPE,
    NGX_MDM_EVENT_ENROLLMENT,
    NGX_MDM_EVENT_AT,
    NGX_MDM_EVENT_DATA,
    NGX_MDM_EVENT_MORE
};


typedef struct ngx_mdm_hub_s           ngx_mdm_hub_t;
typedef struct ngx_mdm_hub_listener_s  ngx_mdm_hub_listener_t;


/* A place in the order of events, as SQL writes it: xid, event_id and time on
 * a line each; or what may stand for one. */

typedef struct {
    size_t                     len;
    u_char                     text[NGX_MDM_HUB_CURSOR];
} ngx_mdm_hub_cursor_t;


typedef struct {
    const ngx_mdm_pg_rows_t   *rows;
    ngx_pool_t                *pool;       /* for the time of this call */
    ngx_str_t                 *texts;      /* of the rows, kept by the first
                                              listener for the others */
} ngx_mdm_hub_batch_t;


struct ngx_mdm_hub_listener_s {
    ngx_queue_t                queue;
    ngx_mdm_hub_t             *hub;        /* NULL: it does not listen */
    unsigned                   live:1;

    /* events that came, to a live one; every second; the worker exits */
    void                     (*events)(ngx_mdm_hub_listener_t *listener,
                                       ngx_mdm_hub_batch_t *batch);
    void                     (*tick)(ngx_mdm_hub_listener_t *listener);
    void                     (*leave)(ngx_mdm_hub_listener_t *listener);
};


/* NGX_OK; NGX_DECLINED: there are too many; NGX_ABORT: the worker exits;
 * NGX_ERROR: no memory. */
ngx_int_t ngx_mdm_hub_join(ngx_mdm_engine_t *engine, int64_t tenant_id,
    ngx_mdm_hub_listener_t *listener);
void ngx_mdm_hub_part(ngx_mdm_hub_listener_t *listener);

/* The listener has read until `cursor` and found the end there.  It becomes
 * live and gets what comes, perhaps beginning before the cursor; unless the
 * hub is further: then it must go on reading itself. */
void ngx_mdm_hub_live(ngx_mdm_hub_listener_t *listener,
    const ngx_mdm_hub_cursor_t *cursor);

/* Which comes first?  Below, at or above 0. */
int ngx_mdm_hub_compare(ngx_str_t a, ngx_str_t b);

ngx_str_t ngx_mdm_hub_cursor(const ngx_mdm_hub_cursor_t *cursor);
void ngx_mdm_hub_cursor_set(ngx_mdm_hub_cursor_t *cursor, ngx_str_t text);

/* The worker exits: all listeners leave. */
void ngx_mdm_hubs_leave(ngx_mdm_engine_t *engine);


#endif /* _NGX_MDM_HUB_H_INCLUDED_ */
