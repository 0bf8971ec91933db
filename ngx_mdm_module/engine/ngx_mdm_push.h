
/*
 * Pushes of one worker and database: leases of topics, wishes that are due,
 * and the record of what became of them.  What is said over the wire is the
 * business of apns/.
 */


#ifndef _NGX_MDM_PUSH_H_INCLUDED_
#define _NGX_MDM_PUSH_H_INCLUDED_


#include "ngx_mdm_engine.h"
#include "../apns/ngx_mdm_apns.h"


typedef struct ngx_mdm_push_watch_s    ngx_mdm_push_watch_t;
typedef struct ngx_mdm_push_signals_s  ngx_mdm_push_signals_t;


/* Told in the event loop when this worker has recorded answers of the
 * tenant's pushes; may part or join in the handler. */

struct ngx_mdm_push_watch_s {
    ngx_queue_t                queue;
    int64_t                    tenant_id;
    void                     (*recorded)(ngx_mdm_push_watch_t *watch);
};


/* Before the workers are forked: by what they wake one another, as long as
 * this configuration lasts.  NULL when memory or descriptors ran out. */
ngx_mdm_push_signals_t *ngx_mdm_push_signals_create(ngx_cycle_t *cycle,
    ngx_uint_t databases);

/* In a worker; `database` is the place of the engine's.  `conf` NULL: this node
 * does not push, and the rest of this header does nothing. */
ngx_int_t ngx_mdm_pushes_create(ngx_mdm_engine_t *engine,
    ngx_mdm_apns_conf_t *conf, ngx_mdm_push_signals_t *signals,
    ngx_uint_t database);
void ngx_mdm_pushes_destroy(ngx_mdm_engine_t *engine);

/* The worker begins to exit: no wish is claimed any more, what is unanswered
 * after a moment is given back, and so are the leases.  May be told several
 * times. */
void ngx_mdm_pushes_leave(ngx_mdm_engine_t *engine);

/* Wishes of this tenant were committed and are due: its topics are claimed at
 * once, by this worker or the one of this node that has them. */
void ngx_mdm_push_wake(ngx_mdm_engine_t *engine, int64_t tenant_id);

/* Does this node push? */
ngx_uint_t ngx_mdm_push_configured(ngx_mdm_engine_t *engine);

void ngx_mdm_push_watch(ngx_mdm_engine_t *engine,
    ngx_mdm_push_watch_t *watch);
void ngx_mdm_push_unwatch(ngx_mdm_push_watch_t *watch);


#endif /* _NGX_MDM_PUSH_H_INCLUDED_ */
