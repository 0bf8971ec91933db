
/*
 * Gathers last-contact times in a table of the worker and writes them out in
 * chunks.  Only PostgreSQL's clock writes times, so ages travel, not times.
 */


#include "ngx_mdm_seen.h"


#define NGX_MDM_SEEN_INTERVAL   10000
#define NGX_MDM_SEEN_CHUNK      1000

/* Between two chunks, so that requests have their turn. */
#define NGX_MDM_SEEN_PAUSE      1


typedef struct {
    ngx_rbtree_node_t          node;       /* by enrollment_id */
    ngx_queue_t                queue;
    int64_t                    tenant_id;
    int64_t                    enrollment_id;
    ngx_msec_t                 at;
} ngx_mdm_seen_entry_t;


struct ngx_mdm_seen_s {
    ngx_mdm_engine_t          *engine;
    ngx_rbtree_t               tree;
    ngx_rbtree_node_t          sentinel;
    ngx_queue_t                queue;
    ngx_event_t                timer;
};


typedef struct {
    ngx_mdm_pg_call_t          call;
    ngx_pool_t                *pool;
} ngx_mdm_seen_flush_t;


static void ngx_mdm_seen_timer(ngx_event_t *ev);
static ngx_int_t ngx_mdm_seen_flush(ngx_mdm_seen_t *seen);
static void ngx_mdm_seen_written(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);


ngx_mdm_seen_t *
ngx_mdm_seen_create(ngx_mdm_engine_t *engine)
{
    ngx_mdm_seen_t  *seen;

    seen = ngx_pcalloc(engine->cycle->pool, sizeof(ngx_mdm_seen_t));
    if (seen == NULL) {
        return NULL;
    }

    seen->engine = engine;
    ngx_rbtree_init(&seen->tree, &seen->sentinel, ngx_rbtree_insert_value);
    ngx_queue_init(&seen->queue);

    seen->timer.handler = ngx_mdm_seen_timer;
    seen->timer.data = seen;
    seen->timer.log = engine->log;
    seen->timer.cancelable = 1;

    return seen;
}


void
ngx_mdm_seen_destroy(ngx_mdm_seen_t *seen)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&seen->queue)) {
        q = ngx_queue_head(&seen->queue);
        ngx_queue_remove(q);
        ngx_free(ngx_queue_data(q, ngx_mdm_seen_entry_t, queue));
    }

    if (seen->timer.timer_set) {
        ngx_del_timer(&seen->timer);
    }
}


void
ngx_mdm_seen_leave(ngx_mdm_seen_t *seen)
{
    seen->timer.cancelable = 0;

    if (seen->timer.timer_set) {
        ngx_del_timer(&seen->timer);
        ngx_add_timer(&seen->timer, NGX_MDM_SEEN_PAUSE);
    }
}


void
ngx_mdm_seen_touch(ngx_mdm_engine_t *engine, int64_t tenant_id,
    int64_t enrollment_id)
{
    ngx_mdm_seen_t        *seen;
    ngx_rbtree_node_t     *node;
    ngx_mdm_seen_entry_t  *entry;

    seen = engine->seen;
    node = seen->tree.root;

    while (node != &seen->sentinel) {

        if ((ngx_rbtree_key_t) enrollment_id == node->key) {
            entry = (ngx_mdm_seen_entry_t *) node;
            entry->at = ngx_current_msec;
            return;
        }

        node = ((ngx_rbtree_key_t) enrollment_id < node->key) ? node->left
                                                              : node->right;
    }

    entry = ngx_alloc(sizeof(ngx_mdm_seen_entry_t), engine->log);
    if (entry == NULL) {
        return;
    }

    entry->node.key = (ngx_rbtree_key_t) enrollment_id;
    entry->tenant_id = tenant_id;
    entry->enrollment_id = enrollment_id;
    entry->at = ngx_current_msec;

    ngx_rbtree_insert(&seen->tree, &entry->node);
    ngx_queue_insert_tail(&seen->queue, &entry->queue);

    if (!seen->timer.timer_set) {
        ngx_add_timer(&seen->timer,
                      seen->timer.cancelable ? NGX_MDM_SEEN_INTERVAL
                                             : NGX_MDM_SEEN_PAUSE);
    }
}


static void
ngx_mdm_seen_timer(ngx_event_t *ev)
{
    ngx_int_t        rc;
    ngx_mdm_seen_t  *seen;

    seen = ev->data;
    rc = ngx_mdm_seen_flush(seen);

    if (ngx_queue_empty(&seen->queue)) {
        return;
    }

    if (rc == NGX_OK) {
        ngx_add_timer(ev, NGX_MDM_SEEN_PAUSE);

    } else if (ev->cancelable) {
        ngx_add_timer(ev, NGX_MDM_SEEN_INTERVAL);
    }
}


static ngx_int_t
ngx_mdm_seen_flush(ngx_mdm_seen_t *seen)
{
    ngx_uint_t             n;
    ngx_pool_t            *pool;
    ngx_queue_t           *q;
    ngx_mdm_pg_value_t    *tenants, *enrollments, *ages;
    ngx_mdm_seen_entry_t  *entry;
    ngx_mdm_seen_flush_t  *flush;

    pool = ngx_create_pool(16384, seen->engine->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    flush = ngx_pcalloc(pool, sizeof(ngx_mdm_seen_flush_t));
    tenants = ngx_palloc(pool, 3 * NGX_MDM_SEEN_CHUNK
                               * sizeof(ngx_mdm_pg_value_t));

    if (flush == NULL || tenants == NULL) {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    enrollments = tenants + NGX_MDM_SEEN_CHUNK;
    ages = enrollments + NGX_MDM_SEEN_CHUNK;

    for (n = 0; n < NGX_MDM_SEEN_CHUNK && !ngx_queue_empty(&seen->queue); n++) {
        q = ngx_queue_head(&seen->queue);
        entry = ngx_queue_data(q, ngx_mdm_seen_entry_t, queue);

        ngx_mdm_pg_set_int8(&tenants[n], entry->tenant_id);
        ngx_mdm_pg_set_int8(&enrollments[n], entry->enrollment_id);
        ngx_mdm_pg_set_int8(&ages[n],
                            (int64_t) (ngx_current_msec - entry->at));

        ngx_queue_remove(q);
        ngx_rbtree_delete(&seen->tree, &entry->node);
        ngx_free(entry);
    }

    ngx_mdm_histogram_add(seen->engine->counters->flushes,
                          ngx_mdm_flush_bounds, NGX_MDM_FLUSH_BOUNDS, n);

    flush->pool = pool;
    flush->call.statement = NGX_MDM_SQL_SEEN;
    flush->call.handler = ngx_mdm_seen_written;
    flush->call.data = flush;

    if (ngx_mdm_pg_set_array(&flush->call.params[0], pool, 'i', tenants, n)
           != NGX_OK
        || ngx_mdm_pg_set_array(&flush->call.params[1], pool, 'i',
                                enrollments, n)
           != NGX_OK
        || ngx_mdm_pg_set_array(&flush->call.params[2], pool, 'i', ages, n)
           != NGX_OK)
    {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    ngx_mdm_pg_call(seen->engine->pg, &flush->call);

    return NGX_OK;
}


/* What could not be written is forgotten: the device will come again. */

static void
ngx_mdm_seen_written(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_seen_flush_t  *flush;

    flush = call->data;
    ngx_destroy_pool(flush->pool);
}
