
/*
 * The snapshots' life.  A worker asks every two seconds which tenants changed
 * and marks theirs stale; the next request loads anew, and a thread reads the
 * CA certificates when they are several.  While the database is away a stale
 * snapshot goes on serving.  Unknown keys are remembered for a moment, for
 * anyone can write any Host header.
 */


#include "ngx_mdm_tenant.h"
#include "../common/ngx_mdm_thread.h"
#include "../message/mdm_json.h"


#define NGX_MDM_TENANT_POLL          2000
#define NGX_MDM_TENANT_UNKNOWN_MS    2000
#define NGX_MDM_TENANT_MAX_LOADS     64
#define NGX_MDM_TENANT_MAX_UNKNOWN   1024

/* seconds until CAs that could not be read are read again */
#define NGX_MDM_TENANT_AGAIN         10

/* an anchor's X509 weighs several times its PEM text */
#define NGX_MDM_TENANT_WEIGHT     6

/* and takes as long to read as a body so many times as large: 4 KB of PEM, a
 * few certificates, are read at once */
#define NGX_MDM_TENANT_LABOUR     16


/* columns of tenant_load() and tenant_changes() */

enum {
    NGX_MDM_TENANT_ID = 0,
    NGX_MDM_TENANT_NAME,
    NGX_MDM_TENANT_VERSION,
    NGX_MDM_TENANT_DEVICE_CA,
    NGX_MDM_TENANT_SETTINGS
};

enum {
    NGX_MDM_CHANGES_ID = 0,
    NGX_MDM_CHANGES_VERSION,
    NGX_MDM_CHANGES_UNTIL
};


struct ngx_mdm_tenants_s {
    ngx_mdm_engine_t          *engine;
    ngx_rbtree_t               tree;
    ngx_rbtree_node_t          sentinel;
    ngx_queue_t                used;
    size_t                     bytes;
    ngx_uint_t                 n;

    ngx_rbtree_t               unknown;
    ngx_rbtree_node_t          unknown_sentinel;
    ngx_queue_t                unknown_queue;     /* oldest last */
    ngx_uint_t                 nunknown;

    ngx_queue_t                loads;
    ngx_uint_t                 nloads;

    ngx_event_t                poll;
    ngx_uint_t                 polling;
    ngx_uint_t                 epoch;
    ngx_uint_t                 marks;             /* times that some snapshot
                                                     was said to be old */
    ngx_mdm_pg_call_t          changes;
    u_char                     since[NGX_INT64_LEN + 1];
};


/* A load under way and the requests that wait for it. */

typedef struct {
    ngx_queue_t                queue;
    ngx_queue_t                waits;
    ngx_mdm_tenants_t         *tenants;
    ngx_pool_t                *pool;
    ngx_str_t                  key;
    ngx_uint_t                 marks;             /* when it was asked for */
    ngx_mdm_pg_call_t          call;

    /* what came */
    ngx_mdm_pg_rows_t          rows;              /* for the thread */
    ngx_mdm_tenant_t          *tenant;
    ngx_mdm_thread_t           thread;
    mdm_rc_e                   rc;
    mdm_fault_t                fault;
} ngx_mdm_tenant_load_t;


typedef struct {
    ngx_str_node_t             node;
    ngx_queue_t                queue;
    ngx_msec_t                 until;
    u_char                     key[1];
} ngx_mdm_tenant_unknown_t;


static ngx_mdm_tenant_t *ngx_mdm_tenant_find(ngx_mdm_tenants_t *tenants,
    ngx_str_t *key);
static ngx_uint_t ngx_mdm_tenant_is_unknown(ngx_mdm_tenants_t *tenants,
    ngx_str_t *key);
static void ngx_mdm_tenant_remember_unknown(ngx_mdm_tenants_t *tenants,
    ngx_str_t *key);
static void ngx_mdm_tenant_forget_unknown(ngx_mdm_tenants_t *tenants,
    ngx_uint_t all);
static ngx_int_t ngx_mdm_tenant_load(ngx_mdm_tenants_t *tenants,
    ngx_str_t *key, ngx_mdm_tenant_wait_t *wait);
static void ngx_mdm_tenant_loaded(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows);
static ngx_int_t ngx_mdm_tenant_build(ngx_mdm_tenant_load_t *load);
static ngx_int_t ngx_mdm_tenant_policies(ngx_mdm_tenant_t *tenant,
    ngx_str_t settings);
static void ngx_mdm_tenant_read_anchors(void *data);
static void ngx_mdm_tenant_ready(void *data);
static void ngx_mdm_tenant_replace(ngx_mdm_tenant_load_t *load);
static void ngx_mdm_tenant_answer(ngx_mdm_tenant_load_t *load,
    ngx_mdm_tenant_rc_e answer, ngx_mdm_tenant_t *tenant);
static void ngx_mdm_tenant_insert(ngx_mdm_tenants_t *tenants,
    ngx_mdm_tenant_t *tenant);
static void ngx_mdm_tenant_drop(ngx_mdm_tenants_t *tenants,
    ngx_mdm_tenant_t *tenant);
static void ngx_mdm_tenant_free(ngx_mdm_tenant_t *tenant);
static void ngx_mdm_tenants_show(ngx_mdm_tenants_t *tenants);
static void ngx_mdm_tenants_poll(ngx_event_t *ev);
static void ngx_mdm_tenants_changed(ngx_mdm_pg_call_t *call,
    ngx_mdm_pg_rc_e rc, const ngx_mdm_pg_rows_t *rows);
static void ngx_mdm_tenants_mark(ngx_mdm_tenants_t *tenants, int64_t id,
    int64_t version);


ngx_mdm_tenants_t *
ngx_mdm_tenants_create(ngx_mdm_engine_t *engine)
{
    ngx_mdm_tenants_t  *tenants;

    tenants = ngx_pcalloc(engine->cycle->pool, sizeof(ngx_mdm_tenants_t));
    if (tenants == NULL) {
        return NULL;
    }

    tenants->engine = engine;

    ngx_rbtree_init(&tenants->tree, &tenants->sentinel,
                    ngx_str_rbtree_insert_value);
    ngx_rbtree_init(&tenants->unknown, &tenants->unknown_sentinel,
                    ngx_str_rbtree_insert_value);
    ngx_queue_init(&tenants->used);
    ngx_queue_init(&tenants->unknown_queue);
    ngx_queue_init(&tenants->loads);

    tenants->poll.handler = ngx_mdm_tenants_poll;
    tenants->poll.data = tenants;
    tenants->poll.log = engine->log;
    tenants->poll.cancelable = 1;
    ngx_add_timer(&tenants->poll, NGX_MDM_TENANT_POLL);

    return tenants;
}


void
ngx_mdm_tenants_destroy(ngx_mdm_tenants_t *tenants)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&tenants->used)) {
        q = ngx_queue_head(&tenants->used);
        ngx_mdm_tenant_drop(tenants,
                            ngx_queue_data(q, ngx_mdm_tenant_t, queue));
    }

    ngx_mdm_tenant_forget_unknown(tenants, 1);

    if (tenants->poll.timer_set) {
        ngx_del_timer(&tenants->poll);
    }
}


void
ngx_mdm_tenant_get(ngx_mdm_engine_t *engine, ngx_str_t key,
    ngx_mdm_tenant_wait_t *wait)
{
    u_char              lower[NGX_MDM_TENANT_MAX_KEY];
    ngx_str_t           name;
    ngx_mdm_tenant_t   *tenant;
    ngx_mdm_tenants_t  *tenants;

    tenants = engine->tenants;

    if (key.len == 0 || key.len > NGX_MDM_TENANT_MAX_KEY) {
        wait->handler(wait, NGX_MDM_TENANT_UNKNOWN, NULL);
        return;
    }

    ngx_strlow(lower, key.data, key.len);
    name.data = lower;
    name.len = key.len;

    tenant = ngx_mdm_tenant_find(tenants, &name);

    if (tenant != NULL && tenant->again && tenant->again <= ngx_time()) {
        tenant->stale = 1;
    }

    if (tenant != NULL && !tenant->stale) {
        ngx_queue_remove(&tenant->queue);
        ngx_queue_insert_head(&tenants->used, &tenant->queue);
        tenant->refs++;
        wait->handler(wait, NGX_MDM_TENANT_FOUND, tenant);
        return;
    }

    if (tenant == NULL && ngx_mdm_tenant_is_unknown(tenants, &name)) {
        wait->handler(wait, NGX_MDM_TENANT_UNKNOWN, NULL);
        return;
    }

    if (ngx_mdm_tenant_load(tenants, &name, wait) == NGX_OK) {
        return;
    }

    if (tenant == NULL) {
        wait->handler(wait, NGX_MDM_TENANT_AWAY, NULL);
        return;
    }

    tenant->refs++;
    wait->handler(wait, NGX_MDM_TENANT_FOUND, tenant);
}


void
ngx_mdm_tenant_release(ngx_mdm_tenant_t *tenant)
{
    if (--tenant->refs == 0 && !tenant->cached) {
        ngx_mdm_tenant_free(tenant);
    }
}


static ngx_mdm_tenant_t *
ngx_mdm_tenant_find(ngx_mdm_tenants_t *tenants, ngx_str_t *key)
{
    return (ngx_mdm_tenant_t *)
               ngx_str_rbtree_lookup(&tenants->tree, key,
                                     ngx_crc32_short(key->data, key->len));
}


static ngx_uint_t
ngx_mdm_tenant_is_unknown(ngx_mdm_tenants_t *tenants, ngx_str_t *key)
{
    ngx_mdm_tenant_forget_unknown(tenants, 0);

    return ngx_str_rbtree_lookup(&tenants->unknown, key,
                                 ngx_crc32_short(key->data, key->len))
           != NULL;
}


static void
ngx_mdm_tenant_remember_unknown(ngx_mdm_tenants_t *tenants, ngx_str_t *key)
{
    ngx_mdm_tenant_unknown_t  *unknown;

    if (tenants->nunknown >= NGX_MDM_TENANT_MAX_UNKNOWN
        || ngx_mdm_tenant_is_unknown(tenants, key))
    {
        return;
    }

    unknown = ngx_alloc(offsetof(ngx_mdm_tenant_unknown_t, key) + key->len,
                        tenants->engine->log);
    if (unknown == NULL) {
        return;
    }

    ngx_memcpy(unknown->key, key->data, key->len);

    unknown->node.node.key = ngx_crc32_short(key->data, key->len);
    unknown->node.str.data = unknown->key;
    unknown->node.str.len = key->len;
    unknown->until = ngx_current_msec + NGX_MDM_TENANT_UNKNOWN_MS;

    ngx_rbtree_insert(&tenants->unknown, &unknown->node.node);
    ngx_queue_insert_head(&tenants->unknown_queue, &unknown->queue);
    tenants->nunknown++;
}


static void
ngx_mdm_tenant_forget_unknown(ngx_mdm_tenants_t *tenants, ngx_uint_t all)
{
    ngx_queue_t               *q;
    ngx_mdm_tenant_unknown_t  *unknown;

    while (!ngx_queue_empty(&tenants->unknown_queue)) {
        q = ngx_queue_last(&tenants->unknown_queue);
        unknown = ngx_queue_data(q, ngx_mdm_tenant_unknown_t, queue);

        if (!all && (ngx_msec_int_t) (unknown->until - ngx_current_msec) > 0) {
            return;
        }

        ngx_rbtree_delete(&tenants->unknown, &unknown->node.node);
        ngx_queue_remove(q);
        tenants->nunknown--;
        ngx_free(unknown);
    }
}


/* Joins the load of this key that is under way, or starts one. */

static ngx_int_t
ngx_mdm_tenant_load(ngx_mdm_tenants_t *tenants, ngx_str_t *key,
    ngx_mdm_tenant_wait_t *wait)
{
    ngx_pool_t             *pool;
    ngx_queue_t            *q;
    ngx_mdm_tenant_load_t  *load;

    for (q = ngx_queue_head(&tenants->loads);
         q != ngx_queue_sentinel(&tenants->loads);
         q = ngx_queue_next(q))
    {
        load = ngx_queue_data(q, ngx_mdm_tenant_load_t, queue);

        if (load->key.len == key->len
            && ngx_memcmp(load->key.data, key->data, key->len) == 0)
        {
            ngx_queue_insert_tail(&load->waits, &wait->queue);
            return NGX_OK;
        }
    }

    if (tenants->nloads >= NGX_MDM_TENANT_MAX_LOADS) {
        return NGX_ERROR;
    }

    pool = ngx_create_pool(2048, tenants->engine->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    load = ngx_pcalloc(pool, sizeof(ngx_mdm_tenant_load_t));
    if (load == NULL) {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    load->pool = pool;
    load->tenants = tenants;
    load->key.len = key->len;
    load->key.data = ngx_pstrdup(pool, key);

    if (load->key.data == NULL) {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    ngx_queue_init(&load->waits);
    ngx_queue_insert_tail(&load->waits, &wait->queue);
    ngx_queue_insert_tail(&tenants->loads, &load->queue);
    tenants->nloads++;

    load->marks = tenants->marks;
    load->call.statement = NGX_MDM_SQL_TENANT_LOAD;
    load->call.handler = ngx_mdm_tenant_loaded;
    load->call.data = load;
    ngx_mdm_pg_set_bytes(&load->call.params[0], load->key.data, load->key.len);

    ngx_mdm_pg_call(tenants->engine->pg, &load->call);

    return NGX_OK;
}


static void
ngx_mdm_tenant_loaded(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    ngx_mdm_tenant_t       *old;
    ngx_mdm_tenants_t      *tenants;
    ngx_mdm_tenant_load_t  *load;

    load = call->data;
    tenants = load->tenants;
    old = ngx_mdm_tenant_find(tenants, &load->key);

    if (rc == NGX_MDM_PG_DONE && rows->count != 0) {
        ngx_mdm_pg_rows_keep(&load->rows, rows);

        if (ngx_mdm_tenant_build(load) == NGX_OK) {
            return;
        }

        rc = NGX_MDM_PG_OVERLOAD;
    }

    if (rc == NGX_MDM_PG_DONE) {
        if (old != NULL) {
            ngx_mdm_tenant_drop(tenants, old);
        }

        ngx_mdm_tenant_remember_unknown(tenants, &load->key);
        ngx_mdm_tenant_answer(load, NGX_MDM_TENANT_UNKNOWN, NULL);
        return;
    }

    ngx_mdm_tenant_answer(load, old != NULL ? NGX_MDM_TENANT_FOUND
                                            : NGX_MDM_TENANT_AWAY, old);
}


static ngx_int_t
ngx_mdm_tenant_build(ngx_mdm_tenant_load_t *load)
{
    ngx_str_t          name, pem;
    ngx_pool_t        *pool;
    ngx_mdm_tenant_t  *tenant;
    ngx_mdm_engine_t  *engine;

    engine = load->tenants->engine;

    pool = ngx_create_pool(1024, engine->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    tenant = ngx_pcalloc(pool, sizeof(ngx_mdm_tenant_t));
    if (tenant == NULL) {
        goto failed;
    }

    name = ngx_mdm_pg_text(&load->rows, 0, NGX_MDM_TENANT_NAME);
    pem = ngx_mdm_pg_text(&load->rows, 0, NGX_MDM_TENANT_DEVICE_CA);

    tenant->pool = pool;
    tenant->id = ngx_mdm_pg_int(&load->rows, 0, NGX_MDM_TENANT_ID);
    tenant->version = ngx_mdm_pg_int(&load->rows, 0, NGX_MDM_TENANT_VERSION);
    tenant->bytes = 2048 + pem.len * NGX_MDM_TENANT_WEIGHT;

    tenant->name.len = name.len;
    tenant->name.data = ngx_pstrdup(pool, &name);
    tenant->node.str.len = load->key.len;
    tenant->node.str.data = ngx_pstrdup(pool, &load->key);

    if (tenant->name.data == NULL || tenant->node.str.data == NULL) {
        goto failed;
    }

    if (ngx_mdm_tenant_policies(tenant,
                                ngx_mdm_pg_text(&load->rows, 0,
                                                NGX_MDM_TENANT_SETTINGS))
        != NGX_OK)
    {
        goto failed;
    }

    load->tenant = tenant;
    load->thread.run = ngx_mdm_tenant_read_anchors;
    load->thread.done = ngx_mdm_tenant_ready;
    load->thread.data = load;

    if (ngx_mdm_thread_run(&load->thread, engine->threads, load->pool,
                           engine->log, pem.len * NGX_MDM_TENANT_LABOUR)
        == NGX_OK)
    {
        return NGX_OK;
    }

failed:

    ngx_destroy_pool(pool);

    return NGX_ERROR;
}


/* The settings are a JSON object that "mdmctl tenant set" writes. */

static ngx_int_t
ngx_mdm_tenant_policies(ngx_mdm_tenant_t *tenant, ngx_str_t settings)
{
    json_t              *json, *rights;
    const char          *facts;
    json_error_t         error;
    ngx_mdm_policies_t  *policies;

    policies = &tenant->policies;
    json = mdm_json_load(ngx_mdm_to_str(settings), 0, &error);

    if (json == NULL && error.text[0] == '\0') {
        return NGX_ERROR;
    }

    rights = json_object_get(json, "access_rights");
    facts = json_string_value(json_object_get(json, "unknown_facts"));

    policies->access_rights = json_is_integer(rights)
                              ? json_integer_value(rights)
                              : NGX_MDM_ALL_RIGHTS;
    policies->strict = json_is_true(json_object_get(json, "strict"));
    policies->demand_facts = facts != NULL
                             && ngx_strcmp(facts, "refuse") == 0;
    json_decref(json);

    return NGX_OK;
}


static void
ngx_mdm_tenant_read_anchors(void *data)
{
    ngx_mdm_tenant_load_t *load = data;

    mdm_str_t  pem;

    pem = ngx_mdm_to_str(ngx_mdm_pg_text(&load->rows, 0,
                                         NGX_MDM_TENANT_DEVICE_CA));

    load->rc = pem.len != 0 ? mdm_anchors_parse(pem, &load->tenant->anchors,
                                                &load->fault)
                            : MDM_OK;
}


static void
ngx_mdm_tenant_ready(void *data)
{
    ngx_mdm_tenant_load_t *load = data;

    ngx_mdm_tenant_t   *old;
    ngx_mdm_tenants_t  *tenants;

    tenants = load->tenants;

    if (load->rc == MDM_NO_MEMORY) {
        ngx_destroy_pool(load->tenant->pool);

        old = ngx_mdm_tenant_find(tenants, &load->key);
        ngx_mdm_tenant_answer(load, old != NULL ? NGX_MDM_TENANT_FOUND
                                                : NGX_MDM_TENANT_AWAY, old);
        return;
    }

    /* that memory ran out is not always said */

    if (load->rc != MDM_OK) {
        load->tenant->again = ngx_time() + NGX_MDM_TENANT_AGAIN;

        ngx_log_error(NGX_LOG_ERR, tenants->engine->log, 0,
                      "mdm: tenant \"%V\": device CA: %s: none of its devices "
                      "is accepted, set it again with \"mdmctl tenant set\"",
                      &load->tenant->name, load->fault.text);
    }

    ngx_mdm_tenant_replace(load);
    ngx_mdm_tenant_answer(load, NGX_MDM_TENANT_FOUND, load->tenant);
}


/* Puts the snapshot in the place of what was there before. */

static void
ngx_mdm_tenant_replace(ngx_mdm_tenant_load_t *load)
{
    ngx_mdm_tenant_t   *old;
    ngx_mdm_tenants_t  *tenants;

    tenants = load->tenants;
    old = ngx_mdm_tenant_find(tenants, &load->key);

    if (old != NULL) {
        ngx_mdm_tenant_drop(tenants, old);
    }

    ngx_mdm_tenant_insert(tenants, load->tenant);

    /* a change that was told meanwhile may be younger than these rows, and
     * will not be told again */

    if (load->marks != tenants->marks) {
        load->tenant->stale = 1;
    }
}


/* Ends a load: all who wait hear of it. */

static void
ngx_mdm_tenant_answer(ngx_mdm_tenant_load_t *load, ngx_mdm_tenant_rc_e answer,
    ngx_mdm_tenant_t *tenant)
{
    ngx_queue_t            *q, waits;
    ngx_mdm_tenants_t      *tenants;
    ngx_mdm_tenant_wait_t  *wait;

    tenants = load->tenants;

    ngx_mdm_count(&tenants->engine->counters->loads[answer]);
    ngx_mdm_pg_rows_let_go(&load->rows);

    ngx_queue_remove(&load->queue);
    tenants->nloads--;

    ngx_queue_init(&waits);
    ngx_queue_add(&waits, &load->waits);

    if (tenant != NULL) {
        tenant->refs++;
    }

    while (!ngx_queue_empty(&waits)) {
        q = ngx_queue_head(&waits);
        ngx_queue_remove(q);
        wait = ngx_queue_data(q, ngx_mdm_tenant_wait_t, queue);

        if (tenant != NULL) {
            tenant->refs++;
        }

        wait->handler(wait, answer, tenant);
    }

    if (tenant != NULL) {
        ngx_mdm_tenant_release(tenant);
    }

    ngx_destroy_pool(load->pool);
}


static void
ngx_mdm_tenant_insert(ngx_mdm_tenants_t *tenants, ngx_mdm_tenant_t *tenant)
{
    ngx_queue_t  *q;

    tenant->node.node.key = ngx_crc32_short(tenant->node.str.data,
                                            tenant->node.str.len);
    ngx_rbtree_insert(&tenants->tree, &tenant->node.node);
    ngx_queue_insert_head(&tenants->used, &tenant->queue);
    tenant->cached = 1;
    tenants->bytes += tenant->bytes;
    tenants->n++;
    ngx_mdm_tenants_show(tenants);

    while (tenants->bytes > NGX_MDM_TENANTS_BYTES) {
        q = ngx_queue_last(&tenants->used);

        if (q == &tenant->queue) {
            break;
        }

        ngx_mdm_tenant_drop(tenants,
                            ngx_queue_data(q, ngx_mdm_tenant_t, queue));
    }
}


static void
ngx_mdm_tenant_drop(ngx_mdm_tenants_t *tenants, ngx_mdm_tenant_t *tenant)
{
    ngx_rbtree_delete(&tenants->tree, &tenant->node.node);
    ngx_queue_remove(&tenant->queue);
    tenants->bytes -= tenant->bytes;
    tenants->n--;
    ngx_mdm_tenants_show(tenants);
    tenant->cached = 0;

    if (tenant->refs == 0) {
        ngx_mdm_tenant_free(tenant);
    }
}


static void
ngx_mdm_tenant_free(ngx_mdm_tenant_t *tenant)
{
    mdm_anchors_free(tenant->anchors);
    ngx_destroy_pool(tenant->pool);
}


static void
ngx_mdm_tenants_show(ngx_mdm_tenants_t *tenants)
{
    ngx_mdm_engine_gauges_t  *gauges;

    gauges = tenants->engine->metrics->gauges;
    ngx_mdm_gauge_set(gauges, &gauges->tenants, tenants->n);
}


static void
ngx_mdm_tenants_poll(ngx_event_t *ev)
{
    ngx_uint_t          epoch;
    ngx_mdm_tenants_t  *tenants;

    tenants = ev->data;

    if (!ngx_exiting) {
        ngx_add_timer(ev, NGX_MDM_TENANT_POLL);
    }

    if (tenants->polling) {
        return;
    }

    /* transaction ids of another server, or of one restored, say nothing: the
     * poll begins anew */

    epoch = ngx_mdm_pg_epoch(tenants->engine->pg);

    if (tenants->epoch != epoch) {
        tenants->epoch = epoch;
        tenants->since[0] = '\0';
    }

    tenants->polling = 1;

    ngx_memzero(&tenants->changes, sizeof(ngx_mdm_pg_call_t));
    tenants->changes.statement = NGX_MDM_SQL_TENANT_CHANGES;
    tenants->changes.handler = ngx_mdm_tenants_changed;
    tenants->changes.data = tenants;
    ngx_mdm_pg_set_bytes(&tenants->changes.params[0], tenants->since,
                         ngx_strlen(tenants->since));

    ngx_mdm_pg_call(tenants->engine->pg, &tenants->changes);
}


static void
ngx_mdm_tenants_changed(ngx_mdm_pg_call_t *call, ngx_mdm_pg_rc_e rc,
    const ngx_mdm_pg_rows_t *rows)
{
    int                 i;
    ngx_str_t           until;
    ngx_mdm_tenants_t  *tenants;

    tenants = call->data;
    tenants->polling = 0;

    if (rc != NGX_MDM_PG_DONE || rows->count == 0) {
        return;
    }

    /* what came before the beginning will not be told: all snapshots are
     * looked at again */

    if (tenants->since[0] == '\0') {
        ngx_mdm_tenants_mark(tenants, 0, 0);
    }

    for (i = 0; i < rows->count; i++) {

        if (ngx_mdm_pg_is_null(rows, i, NGX_MDM_CHANGES_ID)) {
            continue;
        }

        ngx_mdm_tenants_mark(tenants,
                             ngx_mdm_pg_int(rows, i, NGX_MDM_CHANGES_ID),
                             ngx_mdm_pg_int(rows, i, NGX_MDM_CHANGES_VERSION));
    }

    until = ngx_mdm_pg_text(rows, 0, NGX_MDM_CHANGES_UNTIL);

    if (until.len < sizeof(tenants->since)) {
        ngx_cpystrn(tenants->since, until.data, until.len + 1);
    }
}


/* Marks the snapshots of one tenant whose version differs; id 0: all. */

static void
ngx_mdm_tenants_mark(ngx_mdm_tenants_t *tenants, int64_t id, int64_t version)
{
    ngx_queue_t       *q;
    ngx_mdm_tenant_t  *tenant;

    tenants->marks++;

    for (q = ngx_queue_head(&tenants->used);
         q != ngx_queue_sentinel(&tenants->used);
         q = ngx_queue_next(q))
    {
        tenant = ngx_queue_data(q, ngx_mdm_tenant_t, queue);

        if (id == 0 || (tenant->id == id && tenant->version != version)) {
            tenant->stale = 1;
        }
    }
}
