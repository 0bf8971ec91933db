
/*
 * The shared memory of the counters:
 *
 *   head | samples of each database | slots
 *   slot: routes' counters | counters and gauges of each database
 *
 * A slot belongs to a worker's number.  After a reload the old worker of that
 * number may still count there beside the new one, so additions are atomic.
 */


#include "ngx_mdm_metrics.h"


/* Slots when worker_processes says less: a reload that adds workers then goes
 * on counting in the same memory. */
#define NGX_MDM_METRICS_SLOTS   32

#define ngx_mdm_metrics_pad(n)  ngx_align(n, 64)


typedef struct {
    uint32_t                   layout;
    time_t                     started;
    ngx_uint_t                 reloads;
} ngx_mdm_metrics_head_t;


struct ngx_mdm_metrics_s {
    ngx_shm_zone_t            *zone;
    ngx_uint_t                 ndatabases;
    ngx_uint_t                 nslots;
    size_t                     size;
    uint32_t                   layout;
};


typedef struct {
    ngx_atomic_t               used;
    ngx_mdm_route_counters_t   route;
} ngx_mdm_metrics_slot_t;


typedef struct {
    ngx_mdm_engine_counters_t  counters;
    ngx_mdm_engine_gauges_t    gauges;
} ngx_mdm_metrics_part_t;


static ngx_int_t ngx_mdm_metrics_init_zone(ngx_shm_zone_t *zone, void *data);
static uint32_t ngx_mdm_metrics_layout(ngx_array_t *databases);
static size_t ngx_mdm_metrics_slot_size(ngx_mdm_metrics_t *metrics);
static ngx_mdm_samples_t *ngx_mdm_metrics_samples_of(
    ngx_mdm_metrics_t *metrics, ngx_uint_t database);
static ngx_mdm_metrics_slot_t *ngx_mdm_metrics_slot(
    ngx_mdm_metrics_t *metrics, ngx_uint_t number);
static ngx_mdm_metrics_part_t *ngx_mdm_metrics_part(
    ngx_mdm_metrics_t *metrics, ngx_mdm_metrics_slot_t *slot,
    ngx_uint_t database);
static void ngx_mdm_metrics_add(void *sum, void *counters, size_t size);


/* The last one stands for all others. */

static const struct {
    ngx_uint_t                 status;
    const char                *name;
} ngx_mdm_metrics_statuses[NGX_MDM_METRICS_STATUSES] = {
    { 200, "200" }, { 201, "201" }, { 202, "202" }, { 204, "204" },
    { 207, "207" }, { 304, "304" }, { 400, "400" }, { 401, "401" },
    { 403, "403" }, { 404, "404" }, { 405, "405" }, { 408, "408" },
    { 409, "409" }, { 410, "410" }, { 411, "411" }, { 413, "413" },
    { 414, "414" }, { 415, "415" }, { 422, "422" }, { 429, "429" },
    { 499, "499" }, { 500, "500" }, { 503, "503" }, { 0, "other" }
};


static const char *const  ngx_mdm_refusal_names[NGX_MDM_NREFUSALS] = {
    "none", "absent", "mismatch", "unreadable", "bad_signature",
    "not_yet_valid", "untrusted", "not_client", "unknown", "expired",
    "revoked", "not_bound", "other_device", "other_tenant", "ended"
};


ngx_mdm_metrics_t *
ngx_mdm_metrics_create(ngx_conf_t *cf, ngx_array_t *databases, void *tag)
{
    size_t              size;
    ngx_core_conf_t    *ccf;
    ngx_mdm_metrics_t  *metrics;

    static ngx_str_t  name = ngx_string("mdm_metrics");

    metrics = ngx_pcalloc(cf->pool, sizeof(ngx_mdm_metrics_t));
    if (metrics == NULL) {
        return NULL;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(cf->cycle->conf_ctx,
                                           ngx_core_module);

    metrics->ndatabases = databases->nelts;
    metrics->nslots = NGX_MDM_METRICS_SLOTS;

    if (ccf->worker_processes != NGX_CONF_UNSET) {
        metrics->nslots = ngx_max(metrics->nslots,
                                  (ngx_uint_t) ccf->worker_processes);
    }

    metrics->size = ngx_mdm_metrics_pad(sizeof(ngx_mdm_metrics_head_t))
                    + metrics->ndatabases
                      * ngx_mdm_metrics_pad(sizeof(ngx_mdm_samples_t))
                    + metrics->nslots * ngx_mdm_metrics_slot_size(metrics);
    metrics->size = ngx_align(metrics->size, ngx_pagesize);
    metrics->layout = ngx_mdm_metrics_layout(databases);

    /* nginx's allocator wants some pages for itself */

    size = metrics->size + metrics->size / 64 + 8 * ngx_pagesize;

    metrics->zone = ngx_shared_memory_add(cf, &name,
                                          ngx_align(size, ngx_pagesize), tag);
    if (metrics->zone == NULL) {
        return NULL;
    }

    metrics->zone->init = ngx_mdm_metrics_init_zone;
    metrics->zone->data = metrics;

    return metrics;
}


/* Whose counts they are: databases that changed places or names begin anew.
 * Another build of the module has another tag, and so other memory. */

static uint32_t
ngx_mdm_metrics_layout(ngx_array_t *databases)
{
    uint32_t            crc;
    ngx_uint_t          i;
    ngx_mdm_pg_conf_t  *db;

    db = databases->elts;

    ngx_crc32_init(crc);

    for (i = 0; i < databases->nelts; i++) {
        ngx_crc32_update(&crc, db[i].name.data, db[i].name.len);
        ngx_crc32_update(&crc, (u_char *) "", 1);
    }

    ngx_crc32_final(crc);

    return crc;
}


static ngx_int_t
ngx_mdm_metrics_init_zone(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t         *pool;
    ngx_mdm_metrics_t       *metrics;
    ngx_mdm_metrics_head_t  *head;

    metrics = zone->data;
    pool = (ngx_slab_pool_t *) zone->shm.addr;

    head = pool->data;

    if (data != NULL && head->layout == metrics->layout) {
        head->reloads++;
        return NGX_OK;
    }

    if (head == NULL) {
        head = ngx_slab_alloc(pool, metrics->size);
        if (head == NULL) {
            return NGX_ERROR;
        }
    }

    ngx_memzero(head, metrics->size);
    head->layout = metrics->layout;
    head->started = ngx_time();
    pool->data = head;

    return NGX_OK;
}


ngx_mdm_route_counters_t *
ngx_mdm_metrics_route(ngx_mdm_metrics_t *metrics)
{
    ngx_mdm_metrics_slot_t  *slot;

    slot = ngx_mdm_metrics_slot(metrics, ngx_worker);
    slot->used = 1;

    return &slot->route;
}


void
ngx_mdm_metrics_database(ngx_mdm_metrics_t *metrics, ngx_uint_t database,
    ngx_mdm_metrics_database_t *places)
{
    ngx_slab_pool_t         *pool;
    ngx_mdm_metrics_part_t  *part;

    pool = (ngx_slab_pool_t *) metrics->zone->shm.addr;
    part = ngx_mdm_metrics_part(metrics,
                                ngx_mdm_metrics_slot(metrics, ngx_worker),
                                database);

    /* what a predecessor left here is no longer true */

    ngx_memzero(&part->gauges, sizeof(ngx_mdm_engine_gauges_t));
    part->gauges.pg.owner = (ngx_atomic_uint_t) ngx_pid;
    part->gauges.apns.owner = (ngx_atomic_uint_t) ngx_pid;

    places->counters = &part->counters;
    places->gauges = &part->gauges;
    places->samples = ngx_mdm_metrics_samples_of(metrics, database);
    places->mutex = &pool->mutex;
}


static size_t
ngx_mdm_metrics_slot_size(ngx_mdm_metrics_t *metrics)
{
    return ngx_mdm_metrics_pad(sizeof(ngx_mdm_metrics_slot_t))
           + metrics->ndatabases
             * ngx_mdm_metrics_pad(sizeof(ngx_mdm_metrics_part_t));
}


static ngx_mdm_samples_t *
ngx_mdm_metrics_samples_of(ngx_mdm_metrics_t *metrics, ngx_uint_t database)
{
    ngx_slab_pool_t  *pool;

    pool = (ngx_slab_pool_t *) metrics->zone->shm.addr;

    return (ngx_mdm_samples_t *)
               ((u_char *) pool->data
                + ngx_mdm_metrics_pad(sizeof(ngx_mdm_metrics_head_t))
                + database * ngx_mdm_metrics_pad(sizeof(ngx_mdm_samples_t)));
}


/* Workers beyond the slots, after a reload that added many, share. */

static ngx_mdm_metrics_slot_t *
ngx_mdm_metrics_slot(ngx_mdm_metrics_t *metrics, ngx_uint_t number)
{
    u_char  *slots;

    slots = (u_char *) ngx_mdm_metrics_samples_of(metrics,
                                                  metrics->ndatabases);

    return (ngx_mdm_metrics_slot_t *)
               (slots + number % metrics->nslots
                        * ngx_mdm_metrics_slot_size(metrics));
}


static ngx_mdm_metrics_part_t *
ngx_mdm_metrics_part(ngx_mdm_metrics_t *metrics, ngx_mdm_metrics_slot_t *slot,
    ngx_uint_t database)
{
    return (ngx_mdm_metrics_part_t *)
               ((u_char *) slot
                + ngx_mdm_metrics_pad(sizeof(ngx_mdm_metrics_slot_t))
                + database
                  * ngx_mdm_metrics_pad(sizeof(ngx_mdm_metrics_part_t)));
}


void
ngx_mdm_metrics_sum_route(ngx_mdm_metrics_t *metrics,
    ngx_mdm_route_counters_t *sum)
{
    ngx_uint_t               i;
    ngx_mdm_metrics_slot_t  *slot;

    ngx_memzero(sum, sizeof(ngx_mdm_route_counters_t));

    for (i = 0; i < metrics->nslots; i++) {
        slot = ngx_mdm_metrics_slot(metrics, i);

        if (slot->used) {
            ngx_mdm_metrics_add(sum, &slot->route,
                                sizeof(ngx_mdm_route_counters_t));
        }
    }
}


void
ngx_mdm_metrics_sum_database(ngx_mdm_metrics_t *metrics, ngx_uint_t database,
    ngx_uint_t workers, ngx_mdm_engine_counters_t *sum,
    ngx_mdm_engine_gauges_t *gauges)
{
    ngx_uint_t               i;
    ngx_mdm_metrics_part_t  *part;
    ngx_mdm_metrics_slot_t  *slot;

    ngx_memzero(sum, sizeof(ngx_mdm_engine_counters_t));
    ngx_memzero(gauges, sizeof(ngx_mdm_engine_gauges_t));

    for (i = 0; i < metrics->nslots; i++) {
        slot = ngx_mdm_metrics_slot(metrics, i);

        if (!slot->used) {
            continue;
        }

        part = ngx_mdm_metrics_part(metrics, slot, database);

        ngx_mdm_metrics_add(sum, &part->counters,
                            sizeof(ngx_mdm_engine_counters_t));

        /* a slot that lost its worker to a reload says nothing of now */

        if (i < workers) {
            ngx_mdm_metrics_add(gauges, &part->gauges,
                                sizeof(ngx_mdm_engine_gauges_t));
        }
    }
}


static void
ngx_mdm_metrics_add(void *sum, void *counters, size_t size)
{
    size_t         i;
    ngx_atomic_t  *to, *from;

    to = sum;
    from = counters;

    for (i = 0; i < size / sizeof(ngx_atomic_t); i++) {
        to[i] += from[i];
    }
}


void
ngx_mdm_metrics_samples(ngx_mdm_metrics_t *metrics, ngx_uint_t database,
    ngx_mdm_samples_t *copy)
{
    ngx_slab_pool_t  *pool;

    pool = (ngx_slab_pool_t *) metrics->zone->shm.addr;

    ngx_shmtx_lock(&pool->mutex);
    *copy = *ngx_mdm_metrics_samples_of(metrics, database);
    ngx_shmtx_unlock(&pool->mutex);
}


time_t
ngx_mdm_metrics_started(ngx_mdm_metrics_t *metrics)
{
    ngx_slab_pool_t  *pool;

    pool = (ngx_slab_pool_t *) metrics->zone->shm.addr;

    return ((ngx_mdm_metrics_head_t *) pool->data)->started;
}


ngx_uint_t
ngx_mdm_metrics_reloads(ngx_mdm_metrics_t *metrics)
{
    ngx_slab_pool_t  *pool;

    pool = (ngx_slab_pool_t *) metrics->zone->shm.addr;

    return ((ngx_mdm_metrics_head_t *) pool->data)->reloads;
}


ngx_uint_t
ngx_mdm_metrics_status(ngx_uint_t status)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_MDM_METRICS_STATUSES - 1; i++) {
        if (ngx_mdm_metrics_statuses[i].status == status) {
            break;
        }
    }

    return i;
}


const char *
ngx_mdm_metrics_status_name(ngx_uint_t place)
{
    return ngx_mdm_metrics_statuses[place].name;
}


const char *
ngx_mdm_refusal_name(ngx_mdm_refusal_e refusal)
{
    return ngx_mdm_refusal_names[refusal];
}
