
/*
 * Puts the engine of a worker together and takes it apart, and judges whether
 * a database fits this module: its revision and its secret keys.
 */


#include "ngx_mdm_engine.h"
#include "ngx_mdm_hub.h"
#include "ngx_mdm_identity.h"
#include "ngx_mdm_job.h"
#include "ngx_mdm_push.h"
#include "ngx_mdm_request_type.h"
#include "ngx_mdm_sample.h"
#include "ngx_mdm_seen.h"
#include "ngx_mdm_tenant.h"
#include "ngx_mdm_webhook.h"


/* columns of startup(): a row for each secret key in use, one at least */

enum {
    NGX_MDM_STARTUP_OLDEST_REVISION = 1,
    NGX_MDM_STARTUP_KEY_ID,
    NGX_MDM_STARTUP_CHECK
};


static ngx_int_t ngx_mdm_engine_accept(ngx_mdm_pg_t *pg,
    const ngx_mdm_pg_rows_t *rows, ngx_log_t *log);
static void ngx_mdm_engine_leave(ngx_mdm_pg_t *pg);
static ngx_int_t ngx_mdm_engine_accept_key(ngx_mdm_engine_t *engine,
    ngx_str_t id, ngx_str_t check, ngx_log_t *log);


ngx_mdm_engine_t *
ngx_mdm_engine_create(ngx_cycle_t *cycle, ngx_mdm_pg_conf_t *conf,
    const mdm_secret_ring_t *ring, const mdm_schema_t *schema,
    ngx_thread_pool_t *threads, ngx_mdm_metrics_database_t *metrics)
{
    ngx_mdm_engine_t  *engine;

    engine = ngx_pcalloc(cycle->pool, sizeof(ngx_mdm_engine_t));
    if (engine == NULL) {
        return NULL;
    }

    engine->cycle = cycle;
    engine->log = cycle->log;
    engine->ring = ring;
    engine->schema = schema;
    engine->threads = threads;
    ngx_queue_init(&engine->hubs);
    engine->metrics = metrics;
    engine->counters = metrics->counters;

    engine->pg = ngx_mdm_pg_create(cycle, conf, &metrics->counters->pg,
                                   &metrics->gauges->pg,
                                   ngx_mdm_engine_accept,
                                   ngx_mdm_engine_leave, engine);
    engine->tenants = ngx_mdm_tenants_create(engine);
    engine->certificates = ngx_mdm_certificates_create(engine);
    engine->seen = ngx_mdm_seen_create(engine);
    engine->job = ngx_mdm_job_create(engine);
    engine->sample = ngx_mdm_sample_create(engine);
    engine->request_types = ngx_mdm_request_types_create(engine);

    if (engine->pg == NULL || engine->tenants == NULL
        || engine->certificates == NULL || engine->seen == NULL
        || engine->job == NULL || engine->sample == NULL
        || engine->request_types == NULL)
    {
        return NULL;
    }

    return engine;
}


void
ngx_mdm_engine_destroy(ngx_mdm_engine_t *engine)
{
    ngx_mdm_webhooks_destroy(engine);
    ngx_mdm_pushes_destroy(engine);
    ngx_mdm_pg_destroy(engine->pg);
    ngx_mdm_tenants_destroy(engine->tenants);
    ngx_mdm_certificates_destroy(engine->certificates);
    ngx_mdm_seen_destroy(engine->seen);
    ngx_mdm_request_types_destroy(engine->request_types);
}


static void
ngx_mdm_engine_leave(ngx_mdm_pg_t *pg)
{
    ngx_mdm_engine_t  *engine;

    engine = ngx_mdm_pg_data(pg);

    ngx_mdm_hubs_leave(engine);
    ngx_mdm_seen_leave(engine->seen);
    ngx_mdm_webhooks_leave(engine);
    ngx_mdm_pushes_leave(engine);
}


/*
 * A worker that cannot read what is stored, or would store what nobody can
 * read, must not serve: its requests get 503 until the operator acts.
 */

static ngx_int_t
ngx_mdm_engine_accept(ngx_mdm_pg_t *pg, const ngx_mdm_pg_rows_t *rows,
    ngx_log_t *log)
{
    int                i, known;
    int64_t            oldest;
    ngx_str_t          id;
    ngx_uint_t         level;
    ngx_mdm_engine_t  *engine;

    engine = ngx_mdm_pg_data(pg);

    if (rows->count == 0) {
        level = ngx_mdm_pg_level(pg, NGX_LOG_ERR, "the database is empty");

        ngx_log_error(level, log, 0,
                      "mdm: the database is empty: run \"mdmctl migrate\"");
        return NGX_ERROR;
    }

    oldest = ngx_mdm_pg_int(rows, 0, NGX_MDM_STARTUP_OLDEST_REVISION);

    if (oldest > NGX_MDM_REVISION) {
        level = ngx_mdm_pg_level(pg, NGX_LOG_ERR,
                                 "the database has moved on");

        ngx_log_error(level, log, 0,
                      "mdm: the database has moved on: it takes modules of "
                      "revision %L and later, this one is %d: upgrade the "
                      "module", oldest, NGX_MDM_REVISION);
        return NGX_ERROR;
    }

    known = 0;

    for (i = 0; i < rows->count; i++) {
        id = ngx_mdm_pg_text(rows, i, NGX_MDM_STARTUP_KEY_ID);

        if (id.len == 0) {
            continue;
        }

        if (ngx_mdm_engine_accept_key(engine, id,
                            ngx_mdm_pg_text(rows, i, NGX_MDM_STARTUP_CHECK),
                            log)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        known |= ngx_memcmp(id.data, engine->ring->keys[0].id,
                            MDM_SECRET_KEY_ID_SIZE) == 0;
    }

    if (!known) {
        level = ngx_mdm_pg_level(pg, NGX_LOG_ERR,
                                 "the first mdm_secret_key is not known");

        ngx_log_error(level, log, 0,
                      "mdm: the first mdm_secret_key is not known to the "
                      "database: run \"mdmctl rekey\" to bring it into use, "
                      "or name the key that \"mdmctl migrate\" was given");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_mdm_engine_accept_key(ngx_mdm_engine_t *engine, ngx_str_t id,
    ngx_str_t check, ngx_log_t *log)
{
    u_char       hex[2 * MDM_SECRET_KEY_ID_SIZE];
    mdm_rc_e     rc;
    mdm_str_t    row, plain;
    ngx_uint_t   level;
    mdm_arena_t  arena;

    if (id.len != MDM_SECRET_KEY_ID_SIZE) {
        return NGX_ERROR;
    }

    row.data = hex;
    row.len = ngx_hex_dump(hex, id.data, id.len) - hex;

    mdm_arena_init(&arena);
    rc = mdm_secret_open(&arena, engine->ring, 0, "check", row,
                         ngx_mdm_to_str(check), &plain);
    mdm_arena_free(&arena);

    if (rc == MDM_OK) {
        return NGX_OK;
    }

    level = ngx_mdm_pg_level(engine->pg, NGX_LOG_ERR,
                             "the database holds secrets of another key");

    ngx_log_error(level, log, 0,
                  "mdm: the database holds secrets of key %*s, which no "
                  "mdm_secret_key opens: add that key file",
                  row.len, row.data);

    return NGX_ERROR;
}
