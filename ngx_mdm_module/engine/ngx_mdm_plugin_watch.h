
/*
 * Looks now and then whether the files of the loaded plugins are still those
 * that were loaded.
 */


#ifndef _NGX_MDM_PLUGIN_WATCH_H_INCLUDED_
#define _NGX_MDM_PLUGIN_WATCH_H_INCLUDED_


#include "../common/ngx_mdm_thread.h"
#include "../plugin/ngx_mdm_plugin_conf.h"


/* In a worker: one of them looks, in a thread, and without threads nobody
 * does.  NGX_ERROR: no memory. */
ngx_int_t ngx_mdm_plugin_watch(ngx_cycle_t *cycle,
    const ngx_mdm_plugins_t *plugins, ngx_thread_pool_t *threads);


#endif /* _NGX_MDM_PLUGIN_WATCH_H_INCLUDED_ */
