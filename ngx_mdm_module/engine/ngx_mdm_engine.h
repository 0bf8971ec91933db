
/*
 * The engine of one worker and one database: what the routes do, without
 * HTTP.  It owns the connections, the tenants' snapshots, the judged
 * certificates, the last-contact times that wait to be written, and the hubs
 * of those who listen to events.
 */


#ifndef _NGX_MDM_ENGINE_H_INCLUDED_
#define _NGX_MDM_ENGINE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_mdm_metrics.h"
#include "../message/mdm_base.h"
#include "../pg/ngx_mdm_pg.h"
#include "../pki/mdm_secret.h"
#include "../schema/mdm_schema.h"

#include <ngx_thread_pool.h>


typedef struct ngx_mdm_tenants_s       ngx_mdm_tenants_t;
typedef struct ngx_mdm_certificates_s  ngx_mdm_certificates_t;
typedef struct ngx_mdm_seen_s          ngx_mdm_seen_t;
typedef struct ngx_mdm_job_s           ngx_mdm_job_t;
typedef struct ngx_mdm_sample_s        ngx_mdm_sample_t;
typedef struct ngx_mdm_webhooks_s      ngx_mdm_webhooks_t;
typedef struct ngx_mdm_pushes_s        ngx_mdm_pushes_t;
typedef struct ngx_mdm_request_types_s ngx_mdm_request_types_t;


typedef struct {
    ngx_cycle_t               *cycle;
    ngx_log_t                 *log;
    ngx_thread_pool_t         *threads;    /* NULL: none configured */
    ngx_mdm_pg_t              *pg;
    const mdm_secret_ring_t   *ring;
    const mdm_schema_t        *schema;     /* the cycle's */
    ngx_mdm_tenants_t         *tenants;
    ngx_mdm_certificates_t    *certificates;
    ngx_mdm_seen_t            *seen;
    ngx_mdm_job_t             *job;
    ngx_queue_t                hubs;       /* of ngx_mdm_hub_t */
    ngx_mdm_sample_t          *sample;
    ngx_mdm_metrics_database_t  *metrics;
    ngx_mdm_engine_counters_t   *counters;     /* metrics' */
    ngx_mdm_webhooks_t        *webhooks;   /* NULL: none to send */
    ngx_mdm_pushes_t          *pushes;     /* NULL: this node does not push */
    ngx_mdm_request_types_t   *request_types;  /* of delivered commands */
} ngx_mdm_engine_t;


/* ngx_mdm_secret_conf.c: the directive mdm_secret_key; the row's offset is that
 * of an mdm_secret_ring_t. */
char *ngx_mdm_secret_conf_add(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* In a worker; `metrics` stays.  NULL when memory ran out. */
ngx_mdm_engine_t *ngx_mdm_engine_create(ngx_cycle_t *cycle,
    ngx_mdm_pg_conf_t *conf, const mdm_secret_ring_t *ring,
    const mdm_schema_t *schema, ngx_thread_pool_t *threads,
    ngx_mdm_metrics_database_t *metrics);
void ngx_mdm_engine_destroy(ngx_mdm_engine_t *engine);


/* nginx's strings and the pure core's, one into the other; nothing is
 * copied. */

static ngx_inline mdm_str_t
ngx_mdm_to_str(ngx_str_t s)
{
    return (mdm_str_t) { s.len, s.data };
}


static ngx_inline ngx_str_t
ngx_mdm_from_str(mdm_str_t s)
{
    return (ngx_str_t) { s.len, (u_char *) s.data };
}


static ngx_inline void
ngx_mdm_set_str(ngx_mdm_pg_value_t *value, mdm_str_t s)
{
    ngx_mdm_pg_set_bytes(value, s.data, s.len);
}


#endif /* _NGX_MDM_ENGINE_H_INCLUDED_ */
