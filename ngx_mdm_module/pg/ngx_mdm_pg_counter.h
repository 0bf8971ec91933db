
/*
 * What pg/ counts of one database, in one worker.  The memory is given to
 * ngx_mdm_pg_create() and is written here alone.
 */


#ifndef _NGX_MDM_PG_COUNTER_H_INCLUDED_
#define _NGX_MDM_PG_COUNTER_H_INCLUDED_


#include "../common/ngx_mdm_counter.h"
#include "ngx_mdm_pg.h"


struct ngx_mdm_pg_counters_s {
    ngx_mdm_counter_t   calls[NGX_MDM_SQL_NSTATEMENTS][NGX_MDM_PG_NRC];
    ngx_mdm_counter_t   batches[NGX_MDM_SQL_NSTATEMENTS]
                               [NGX_MDM_HISTOGRAM(NGX_MDM_BATCH_BOUNDS)];
    ngx_mdm_counter_t   waits[NGX_MDM_PG_NCLASSES]
                             [NGX_MDM_HISTOGRAM(NGX_MDM_TIME_BOUNDS)];
    ngx_mdm_counter_t   connects[NGX_MDM_PG_NCLASSES];
    ngx_mdm_counter_t   failures[NGX_MDM_PG_NCLASSES];
    ngx_mdm_counter_t   losses[NGX_MDM_PG_NCLASSES];
    ngx_mdm_counter_t   bisections;
};


/*
 * What is, not what was: each worker writes its own numbers whenever they
 * change.  A worker that shuts down may share its place with its successor,
 * so only the owner writes; who gives the memory names him.
 */

struct ngx_mdm_pg_gauges_s {
    ngx_atomic_t        owner;               /* process id */
    ngx_atomic_t        wanted[NGX_MDM_PG_NCLASSES];
    ngx_atomic_t        ready[NGX_MDM_PG_NCLASSES];
    ngx_atomic_t        waiting[NGX_MDM_PG_NCLASSES];
};


#endif /* _NGX_MDM_PG_COUNTER_H_INCLUDED_ */
