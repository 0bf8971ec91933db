
/*
 * A plugin that was replaced under a running nginx is noticed by one worker,
 * which says so once for each file.  The file system is asked in a thread, for
 * it may be slow or away.
 */


#include "ngx_mdm_plugin_watch.h"


#define NGX_MDM_PLUGIN_WATCH_INTERVAL  60000

/* a size that the thread pool takes */
#define NGX_MDM_PLUGIN_WATCH_LABOUR    (NGX_MDM_THREAD_INLINE + 1)


typedef struct {
    const ngx_mdm_plugins_t  *plugins;
    mdm_plugin_change_e      *found;       /* the thread's */
    mdm_plugin_change_e      *told;
    ngx_pool_t               *pool;        /* of one look */
    ngx_thread_pool_t        *threads;
    ngx_mdm_thread_t          work;
    ngx_event_t               timer;
} ngx_mdm_plugin_watch_t;


static void ngx_mdm_plugin_watch_timer(ngx_event_t *ev);
static void ngx_mdm_plugin_watch_run(void *data);
static void ngx_mdm_plugin_watch_done(void *data);
static void ngx_mdm_plugin_watch_again(ngx_mdm_plugin_watch_t *watch);


ngx_int_t
ngx_mdm_plugin_watch(ngx_cycle_t *cycle, const ngx_mdm_plugins_t *plugins,
    ngx_thread_pool_t *threads)
{
    ngx_uint_t               i;
    ngx_mdm_plugin_watch_t  *watch;

    if (ngx_worker != 0 || threads == NULL || plugins->n == 0) {
        return NGX_OK;
    }

    watch = ngx_pcalloc(cycle->pool, sizeof(ngx_mdm_plugin_watch_t));
    if (watch == NULL) {
        return NGX_ERROR;
    }

    watch->plugins = plugins;
    watch->threads = threads;
    watch->found = ngx_pcalloc(cycle->pool,
                               plugins->n * sizeof(mdm_plugin_change_e));
    watch->told = ngx_pcalloc(cycle->pool,
                              plugins->n * sizeof(mdm_plugin_change_e));

    if (watch->found == NULL || watch->told == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < plugins->n; i++) {
        watch->told[i] = plugins->files[i]->change;
    }

    watch->timer.handler = ngx_mdm_plugin_watch_timer;
    watch->timer.data = watch;
    watch->timer.log = cycle->log;
    watch->timer.cancelable = 1;

    ngx_mdm_plugin_watch_again(watch);

    return NGX_OK;
}


static void
ngx_mdm_plugin_watch_timer(ngx_event_t *ev)
{
    ngx_mdm_plugin_watch_t *watch = ev->data;

    if (ngx_exiting) {
        return;
    }

    watch->pool = ngx_create_pool(512, ev->log);

    if (watch->pool == NULL) {
        ngx_mdm_plugin_watch_again(watch);
        return;
    }

    watch->work.run = ngx_mdm_plugin_watch_run;
    watch->work.done = ngx_mdm_plugin_watch_done;
    watch->work.data = watch;

    if (ngx_mdm_thread_run(&watch->work, watch->threads, watch->pool, ev->log,
                           NGX_MDM_PLUGIN_WATCH_LABOUR)
        != NGX_OK)
    {
        ngx_destroy_pool(watch->pool);
        ngx_mdm_plugin_watch_again(watch);
    }
}


static void
ngx_mdm_plugin_watch_run(void *data)
{
    ngx_mdm_plugin_watch_t *watch = data;

    ngx_uint_t  i;

    for (i = 0; i < watch->plugins->n; i++) {
        watch->found[i] = mdm_plugin_change(watch->plugins->files[i]);
    }
}


static void
ngx_mdm_plugin_watch_done(void *data)
{
    ngx_mdm_plugin_watch_t *watch = data;

    ngx_uint_t  i;

    ngx_destroy_pool(watch->pool);

    for (i = 0; i < watch->plugins->n; i++) {

        if (watch->found[i] != MDM_PLUGIN_SAME
            && watch->found[i] != watch->told[i])
        {
            ngx_mdm_plugins_tell(watch->plugins->files[i], watch->found[i],
                                 watch->timer.log);
        }

        watch->told[i] = watch->found[i];
    }

    ngx_mdm_plugin_watch_again(watch);
}


static void
ngx_mdm_plugin_watch_again(ngx_mdm_plugin_watch_t *watch)
{
    if (!ngx_exiting) {
        ngx_add_timer(&watch->timer, NGX_MDM_PLUGIN_WATCH_INTERVAL);
    }
}
