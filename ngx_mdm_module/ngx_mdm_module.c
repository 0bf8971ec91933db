
/*
 * The nginx module: the table of directives, configuration, and the life of
 * the engine in a worker.  Nothing else: a directive of several words is read
 * in a file *_conf.c of its subject, what routes do is in route/, what they
 * mean in engine/.
 */


#include "ngx_mdm.h"
#include "engine/ngx_mdm_plugin_watch.h"
#include "engine/ngx_mdm_push.h"


/* connections to APNs of a worker that pushes for few topics */
#define NGX_MDM_APNS_CONNECTIONS  8


static void *ngx_mdm_create_main_conf(ngx_conf_t *cf);
static void *ngx_mdm_create_srv_conf(ngx_conf_t *cf);
static void *ngx_mdm_create_loc_conf(ngx_conf_t *cf);
static char *ngx_mdm_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static void ngx_mdm_inherit_plugins(ngx_conf_t *cf, ngx_mdm_main_conf_t *mcf);
static char *ngx_mdm_check_webhooks(ngx_conf_t *cf,
    ngx_mdm_main_conf_t *mcf);
static char *ngx_mdm_check_apns(ngx_conf_t *cf, ngx_mdm_main_conf_t *mcf);
static void ngx_mdm_wipe_keys(void *data);
static ngx_int_t ngx_mdm_preconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_mdm_postconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_mdm_init_module(ngx_cycle_t *cycle);
static ngx_int_t ngx_mdm_init_process(ngx_cycle_t *cycle);
static void ngx_mdm_exit_process(ngx_cycle_t *cycle);


static ngx_command_t  ngx_mdm_commands[] = {

    { ngx_string("mdm"),
      NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_mdm_route_conf_set,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mdm_database"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_mdm_pg_conf_add,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_mdm_main_conf_t, databases),
      NULL },

    { ngx_string("mdm_use_database"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_mdm_loc_conf_t, database),
      NULL },

    { ngx_string("mdm_secret_key"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_mdm_secret_conf_add,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_mdm_main_conf_t, ring),
      NULL },

    { ngx_string("mdm_plugin"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_mdm_plugins_add,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_mdm_main_conf_t, plugins),
      NULL },

    { ngx_string("mdm_webhook"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_mdm_webhook_conf_add,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_mdm_main_conf_t, webhooks),
      NULL },

    { ngx_string("mdm_apns"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_mdm_apns_conf_set,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_mdm_main_conf_t, apns),
      NULL },

    { ngx_string("mdm_tenant"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_mdm_loc_conf_t, tenant),
      NULL },

    { ngx_string("mdm_identity"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_mdm_route_conf_identity,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mdm_user_authenticate"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_mdm_loc_conf_t, user_authenticate),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_mdm_module_ctx = {
    ngx_mdm_preconfiguration,              /* preconfiguration */
    ngx_mdm_postconfiguration,             /* postconfiguration */

    ngx_mdm_create_main_conf,              /* create main configuration */
    NULL,                                  /* init main configuration */

    ngx_mdm_create_srv_conf,               /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_mdm_create_loc_conf,               /* create location configuration */
    ngx_mdm_merge_loc_conf                 /* merge location configuration */
};


ngx_module_t  ngx_mdm_module = {
    NGX_MODULE_V1,
    &ngx_mdm_module_ctx,                   /* module context */
    ngx_mdm_commands,                      /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_mdm_init_module,                   /* init module */
    ngx_mdm_init_process,                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_mdm_exit_process,                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_mdm_create_main_conf(ngx_conf_t *cf)
{
    ngx_pool_cleanup_t   *cln;
    ngx_mdm_main_conf_t  *mcf;

    mcf = ngx_pcalloc(cf->pool, sizeof(ngx_mdm_main_conf_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (mcf == NULL || cln == NULL
        || ngx_array_init(&mcf->databases, cf->pool, 1,
                          sizeof(ngx_mdm_pg_conf_t))
           != NGX_OK
        || ngx_array_init(&mcf->webhooks, cf->pool, 1,
                          sizeof(ngx_mdm_webhook_conf_t))
           != NGX_OK
        || ngx_mdm_plugins_init(&mcf->plugins, cf->pool) != NGX_OK)
    {
        return NULL;
    }

    cln->handler = ngx_mdm_wipe_keys;
    cln->data = mcf;

    mcf->apns = NGX_CONF_UNSET_PTR;

    return mcf;
}


static void *
ngx_mdm_create_srv_conf(ngx_conf_t *cf)
{
    return ngx_pcalloc(cf->pool, sizeof(ngx_mdm_srv_conf_t));
}


static void *
ngx_mdm_create_loc_conf(ngx_conf_t *cf)
{
    ngx_mdm_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_mdm_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->tenant = NGX_CONF_UNSET_PTR;
    conf->database = NGX_CONF_UNSET_PTR;
    conf->user_authenticate = NGX_CONF_UNSET;

    return conf;
}


static char *
ngx_mdm_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_mdm_loc_conf_t  *prev = parent;
    ngx_mdm_loc_conf_t  *conf = child;

    ngx_http_core_loc_conf_t  *clcf;

    ngx_conf_merge_ptr_value(conf->tenant, prev->tenant, NULL);
    ngx_conf_merge_ptr_value(conf->database, prev->database, NULL);
    ngx_conf_merge_value(conf->user_authenticate, prev->user_authenticate, 0);

    ngx_conf_merge_bitmask_value(conf->identity, prev->identity,
                                 (NGX_CONF_BITMASK_SET
                                  |NGX_MDM_IDENTITY_CERTIFICATE
                                  |NGX_MDM_IDENTITY_SIGNATURE));

    /* "if" and "limit_except" are locations without a name, and their
     * location's route is theirs; nginx gives them no handler */

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->noname && prev->route != NULL) {
        conf->route = prev->route;

        if (clcf->handler == NULL) {
            clcf->handler = conf->route->handler;
        }
    }

    if (conf->route == NULL) {
        return NGX_CONF_OK;
    }

    return ngx_mdm_route_conf_check(cf, conf);
}


/* A cycle that began without this module has no place for its
 * configuration. */

static void
ngx_mdm_inherit_plugins(ngx_conf_t *cf, ngx_mdm_main_conf_t *mcf)
{
    ngx_uint_t            i;
    ngx_cycle_t          *old;
    ngx_mdm_main_conf_t  *before;

    old = cf->cycle->old_cycle;

    if (old == NULL || ngx_is_init_cycle(old)) {
        return;
    }

    for (i = 0; old->modules[i] != NULL; i++) {

        if (old->modules[i] == &ngx_mdm_module) {
            before = ngx_http_cycle_get_module_main_conf(old, ngx_mdm_module);

            if (before != NULL) {
                ngx_mdm_plugins_inherit(&mcf->plugins, &before->plugins,
                                        cf->log);
            }

            return;
        }
    }
}


static char *
ngx_mdm_check_webhooks(ngx_conf_t *cf, ngx_mdm_main_conf_t *mcf)
{
    if (ngx_mdm_webhook_conf_check(cf, &mcf->webhooks, &mcf->databases)
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (mcf->webhooks.nelts != 0 && mcf->ring.nkeys == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"mdm_webhook\" needs a key: write "
                           "\"mdm_secret_key FILE;\" in http");
        return NGX_CONF_ERROR;
    }

    mcf->used |= (mcf->webhooks.nelts != 0);

    return NGX_CONF_OK;
}


static char *
ngx_mdm_check_apns(ngx_conf_t *cf, ngx_mdm_main_conf_t *mcf)
{
    ngx_uint_t          i;
    ngx_mdm_pg_conf_t  *db;

    ngx_conf_init_ptr_value(mcf->apns, NULL);

    if (mcf->apns == NULL) {
        return NGX_CONF_OK;
    }

    if (mcf->databases.nelts == 0 || mcf->ring.nkeys == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"mdm_apns\" needs a database and a key: write "
                           "\"mdm_database\" and \"mdm_secret_key\" in http");
        return NGX_CONF_ERROR;
    }

    db = mcf->databases.elts;

    for (i = 0; i < mcf->databases.nelts; i++) {
        db[i].push = 1;
    }

    mcf->used = 1;

    return ngx_mdm_apns_conf_check(cf, mcf->apns);
}


static void
ngx_mdm_wipe_keys(void *data)
{
    ngx_mdm_main_conf_t *mcf = data;

    mdm_secret_ring_wipe(&mcf->ring);
    ngx_mdm_webhook_conf_wipe(&mcf->webhooks);
}


static ngx_int_t
ngx_mdm_preconfiguration(ngx_conf_t *cf)
{
    return ngx_mdm_variables_init(cf);
}


static ngx_int_t
ngx_mdm_postconfiguration(ngx_conf_t *cf)
{
    ngx_uint_t                   i;
    ngx_mdm_srv_conf_t          *scf;
    ngx_mdm_main_conf_t         *mcf;
    ngx_http_ssl_srv_conf_t     *sscf;
    ngx_http_core_srv_conf_t   **cscfp;
    ngx_http_core_main_conf_t   *cmcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_mdm_module);

    if (ngx_mdm_check_webhooks(cf, mcf) != NGX_CONF_OK
        || ngx_mdm_check_apns(cf, mcf) != NGX_CONF_OK)
    {
        return NGX_ERROR;
    }

    ngx_mdm_inherit_plugins(cf, mcf);

    if (mcf->used) {
        mcf->metrics = ngx_mdm_metrics_create(cf, &mcf->databases,
                                              &ngx_mdm_module);
        if (mcf->metrics == NULL) {
            return NGX_ERROR;
        }
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    cscfp = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {
        scf = cscfp[i]->ctx->srv_conf[ngx_mdm_module.ctx_index];
        sscf = cscfp[i]->ctx->srv_conf[ngx_http_ssl_module.ctx_index];

        if (scf->device && sscf->ssl.ctx != NULL) {
            ngx_mdm_guard_tls(sscf);
        }

        if (scf->tenant && sscf->ssl.ctx != NULL) {
            ngx_mdm_wipe_tls(sscf);
        }
    }

    if (ngx_mdm_metrics_init(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_mdm_guard_init(cf);
}


/* A worker that runs out of connections cannot reach its database; better
 * said now. */

static ngx_int_t
ngx_mdm_init_module(ngx_cycle_t *cycle)
{
    ngx_uint_t            i, n;
    ngx_event_conf_t     *ecf;
    ngx_mdm_pg_conf_t    *db;
    ngx_mdm_main_conf_t  *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_mdm_module);

    if (mcf == NULL || !mcf->used) {
        return NGX_OK;
    }

    if (OpenSSL_version_num() >> 28 != OPENSSL_VERSION_NUMBER >> 28) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "ngx_mdm was built with %s, this nginx runs with %s: "
                      "build the module anew",
                      OPENSSL_VERSION_TEXT, OpenSSL_version(OPENSSL_VERSION));
        return NGX_ERROR;
    }

    db = mcf->databases.elts;

    for (i = 0, n = 0; i < mcf->databases.nelts; i++) {
        n += ngx_mdm_pg_conf_connections(&db[i]);
        n += db[i].push ? NGX_MDM_APNS_CONNECTIONS : 0;
    }

    ecf = ngx_event_get_conf(cycle->conf_ctx, ngx_event_core_module);

    if (n * 2 > ecf->connections) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                      "\"worker_connections %ui\" leaves too few for devices "
                      "beside %ui to PostgreSQL and APNs: write at least %ui",
                      ecf->connections, n, n * 2);
        return NGX_ERROR;
    }

    /* jansson would read it in a worker, at the first object in any thread */

    json_object_seed(0);

    if (mcf->apns != NULL) {
        mcf->signals = ngx_mdm_push_signals_create(cycle,
                                                   mcf->databases.nelts);
        if (mcf->signals == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_mdm_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                   i;
    ngx_mdm_pg_conf_t           *db;
    ngx_mdm_main_conf_t         *mcf;
    ngx_mdm_metrics_database_t  *places;

    static ngx_str_t  pool = ngx_string("mdm");

    mcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_mdm_module);

    if (mcf == NULL || !mcf->used
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return NGX_OK;
    }

#if (NGX_THREADS)
    mcf->threads = ngx_thread_pool_get(cycle, &pool);
#endif

    ngx_mdm_wipe_init();

    db = mcf->databases.elts;

    mcf->engines = ngx_pcalloc(cycle->pool, mcf->databases.nelts
                                            * sizeof(ngx_mdm_engine_t *));
    places = ngx_palloc(cycle->pool, mcf->databases.nelts
                                     * sizeof(ngx_mdm_metrics_database_t));
    if (mcf->engines == NULL || places == NULL) {
        return NGX_ERROR;
    }

    mcf->counters = ngx_mdm_metrics_route(mcf->metrics);

    for (i = 0; i < mcf->databases.nelts; i++) {
        ngx_mdm_metrics_database(mcf->metrics, i, &places[i]);

        mcf->engines[i] = ngx_mdm_engine_create(cycle, &db[i], &mcf->ring,
                                                mcf->plugins.schema,
                                                mcf->threads, &places[i]);
        if (mcf->engines[i] == NULL) {
            return NGX_ERROR;
        }

        if (ngx_mdm_webhooks_create(mcf->engines[i], &db[i].name,
                                    &mcf->webhooks)
               != NGX_OK
            || ngx_mdm_pushes_create(mcf->engines[i], mcf->apns, mcf->signals,
                                     i)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return ngx_mdm_plugin_watch(cycle, &mcf->plugins, mcf->threads);
}


static void
ngx_mdm_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t            i;
    ngx_mdm_main_conf_t  *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_mdm_module);

    if (mcf == NULL || mcf->engines == NULL) {
        return;
    }

    for (i = 0; i < mcf->databases.nelts; i++) {
        ngx_mdm_engine_destroy(mcf->engines[i]);
    }

    ngx_mdm_thread_leave(cycle->log);
}
