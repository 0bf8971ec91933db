
/*
 * The counters of all workers, in shared memory.  Each worker has a slot and
 * adds to it; who reads sums the slots.  The slots live on over a reload and
 * over the death of a worker: what was counted is counted.
 */


#ifndef _NGX_MDM_METRICS_H_INCLUDED_
#define _NGX_MDM_METRICS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "../apns/ngx_mdm_apns_counter.h"
#include "../message/mdm_message.h"
#include "../pg/ngx_mdm_pg_counter.h"
#include "../common/ngx_mdm_thread.h"


#define NGX_MDM_METRICS_OPERATIONS   64     /* of the API, at most */
#define NGX_MDM_METRICS_STATUSES     24     /* of HTTP */

#define NGX_MDM_METRICS_MESSAGES     (MDM_REPORT + 2)
#define NGX_MDM_METRICS_UNKNOWN      (MDM_REPORT + 1)

#define NGX_MDM_METRICS_SAMPLES      128    /* of one database */


/* Why an identity was refused.  The names are in ngx_mdm_metrics.c. */

typedef enum {
    NGX_MDM_REFUSAL_NONE = 0,
    NGX_MDM_REFUSAL_ABSENT,          /* no certificate, no signature */
    NGX_MDM_REFUSAL_MISMATCH,        /* both, but not of one certificate */
    NGX_MDM_REFUSAL_UNREADABLE,      /* a certificate or signature that is
                                        none */
    NGX_MDM_REFUSAL_BAD_SIGNATURE,
    NGX_MDM_REFUSAL_NOT_YET_VALID,
    NGX_MDM_REFUSAL_UNTRUSTED,
    NGX_MDM_REFUSAL_NOT_CLIENT,
    NGX_MDM_REFUSAL_UNKNOWN,         /* those of ngx_mdm_outcome.c */
    NGX_MDM_REFUSAL_EXPIRED,
    NGX_MDM_REFUSAL_REVOKED,
    NGX_MDM_REFUSAL_NOT_BOUND,
    NGX_MDM_REFUSAL_OTHER_DEVICE,
    NGX_MDM_REFUSAL_OTHER_TENANT,
    NGX_MDM_REFUSAL_ENDED,
    NGX_MDM_NREFUSALS
} ngx_mdm_refusal_e;


typedef enum {
    NGX_MDM_KIND_UNKNOWN = 0,
    NGX_MDM_KIND_CHECKIN,
    NGX_MDM_KIND_IDLE,
    NGX_MDM_KIND_REPORT,
    NGX_MDM_NKINDS
} ngx_mdm_kind_e;


/* What the routes count.  All members are counters. */

typedef struct {
    ngx_mdm_counter_t   requests[NGX_MDM_METRICS_MESSAGES]
                                [NGX_MDM_METRICS_STATUSES];
    ngx_mdm_counter_t   times[NGX_MDM_NKINDS]
                             [NGX_MDM_HISTOGRAM(NGX_MDM_TIME_BOUNDS)];
    ngx_mdm_counter_t   guarded[NGX_MDM_METRICS_STATUSES];
    ngx_mdm_counter_t   api[NGX_MDM_METRICS_OPERATIONS + 1]
                           [NGX_MDM_METRICS_STATUSES];
} ngx_mdm_route_counters_t;


/* What became of a lease of a topic. */

typedef enum {
    NGX_MDM_LEASE_TAKEN = 0,
    NGX_MDM_LEASE_RELEASED,          /* nothing to push, or the worker exits */
    NGX_MDM_LEASE_LOST,              /* to another, or its topic stopped */
    NGX_MDM_NLEASES
} ngx_mdm_lease_e;


/* What the engine counts of pushes, besides what is said over the wire. */

typedef struct {
    ngx_mdm_counter_t         leases[NGX_MDM_NLEASES];
    ngx_mdm_counter_t         claimed;
    ngx_mdm_counter_t         recorded;
    ngx_mdm_counter_t         unrecorded;        /* calls that failed and are
                                                    repeated */
    ngx_mdm_counter_t         delays[NGX_MDM_HISTOGRAM(NGX_MDM_TIME_BOUNDS)];
                                                 /* from when it was due to
                                                    its acceptance */
} ngx_mdm_push_counters_t;


/* What the engine counts, for one database.  All members are counters. */

typedef struct {
    ngx_mdm_counter_t         refused[NGX_MDM_NREFUSALS];
    ngx_mdm_counter_t         reports[MDM_STATUS_UNREADABLE + 1];
    ngx_mdm_counter_t         loads[3];          /* by ngx_mdm_tenant_rc_e */
    ngx_mdm_counter_t         certificates[2];   /* found; parsed */
    ngx_mdm_counter_t         request_types[2];  /* remembered; asked for */
    ngx_mdm_counter_t         effects[2];        /* of reports; failed */
    ngx_mdm_counter_t         threads[NGX_MDM_NTHREADS];
    ngx_mdm_counter_t         flushes[NGX_MDM_HISTOGRAM(NGX_MDM_FLUSH_BOUNDS)];
    ngx_mdm_push_counters_t   push;
    ngx_mdm_apns_counters_t   apns;
    ngx_mdm_pg_counters_t     pg;
} ngx_mdm_engine_counters_t;


/* The same of what is now; see ngx_mdm_pg_gauges_t. */

typedef struct {
    ngx_mdm_pg_gauges_t       pg;
    ngx_atomic_t              tenants;           /* in the worker's memory */
    ngx_atomic_t              certificates;
    ngx_atomic_t              push_topics;       /* leased */
    ngx_atomic_t              pushes;            /* claimed, not recorded */
    ngx_mdm_apns_gauges_t     apns;
} ngx_mdm_engine_gauges_t;


/* A number that the database told of itself, see ngx_mdm_sample.c. */

typedef struct {
    u_char                    name[40];
    u_char                    label[72];
    u_char                    value[32];
} ngx_mdm_sample_row_t;

typedef struct {
    ngx_uint_t                n;
    time_t                    measured;          /* 0: never read */
    ngx_mdm_sample_row_t      rows[NGX_MDM_METRICS_SAMPLES];
} ngx_mdm_samples_t;


/* What the engine of one database and worker is given. */

typedef struct {
    ngx_mdm_engine_counters_t  *counters;
    ngx_mdm_engine_gauges_t    *gauges;
    ngx_mdm_samples_t          *samples;         /* of the node */
    ngx_shmtx_t                *mutex;           /* for samples */
} ngx_mdm_metrics_database_t;


typedef struct ngx_mdm_metrics_s  ngx_mdm_metrics_t;


/* At configuration: asks nginx for the memory.  `tag` is the module's. */
ngx_mdm_metrics_t *ngx_mdm_metrics_create(ngx_conf_t *cf,
    ngx_array_t *databases, void *tag);

/* In a worker: its places. */
ngx_mdm_route_counters_t *ngx_mdm_metrics_route(ngx_mdm_metrics_t *metrics);
void ngx_mdm_metrics_database(ngx_mdm_metrics_t *metrics, ngx_uint_t database,
    ngx_mdm_metrics_database_t *places);

/* Sums over all workers; of the gauges over the `workers` first. */
void ngx_mdm_metrics_sum_route(ngx_mdm_metrics_t *metrics,
    ngx_mdm_route_counters_t *sum);
void ngx_mdm_metrics_sum_database(ngx_mdm_metrics_t *metrics,
    ngx_uint_t database, ngx_uint_t workers, ngx_mdm_engine_counters_t *sum,
    ngx_mdm_engine_gauges_t *gauges);

/* A copy that no writer changes meanwhile. */
void ngx_mdm_metrics_samples(ngx_mdm_metrics_t *metrics, ngx_uint_t database,
    ngx_mdm_samples_t *copy);

/* Since when is counted, and how many configurations were taken since. */
time_t ngx_mdm_metrics_started(ngx_mdm_metrics_t *metrics);
ngx_uint_t ngx_mdm_metrics_reloads(ngx_mdm_metrics_t *metrics);

/* The place of a status among those counted, and its name. */
ngx_uint_t ngx_mdm_metrics_status(ngx_uint_t status);
const char *ngx_mdm_metrics_status_name(ngx_uint_t place);

const char *ngx_mdm_refusal_name(ngx_mdm_refusal_e refusal);


static ngx_inline void
ngx_mdm_gauge_set(ngx_mdm_engine_gauges_t *gauges, ngx_atomic_t *gauge,
    ngx_uint_t n)
{
    if (gauges->pg.owner == (ngx_atomic_uint_t) ngx_pid) {
        *gauge = n;
    }
}


#endif /* _NGX_MDM_METRICS_H_INCLUDED_ */
