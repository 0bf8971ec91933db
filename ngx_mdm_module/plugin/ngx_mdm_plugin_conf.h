
/*
 * The plugins of one configuration: loaded while it is read, given back with
 * it.
 */


#ifndef _NGX_MDM_PLUGIN_CONF_H_INCLUDED_
#define _NGX_MDM_PLUGIN_CONF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "mdm_plugin_load.h"


typedef struct {
    mdm_schema_t         *schema;        /* what they describe */
    ngx_uint_t            n;
    mdm_plugin_file_t   **files;
} ngx_mdm_plugins_t;


/* An empty set, which goes with the pool; NGX_ERROR: no memory. */
ngx_int_t ngx_mdm_plugins_init(ngx_mdm_plugins_t *plugins, ngx_pool_t *pool);

/* mdm_plugin PATH [key=value ...]; the row's offset is that of an
 * ngx_mdm_plugins_t. */
char *ngx_mdm_plugins_add(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/*
 * To the linker a name that it knows is the file that it has: a file that was
 * replaced under its name is still the one of the configuration before.  What
 * is known of that one is taken over, and a warning says so.
 */
void ngx_mdm_plugins_inherit(ngx_mdm_plugins_t *plugins,
    const ngx_mdm_plugins_t *before, ngx_log_t *log);

/* Says what became of a file. */
void ngx_mdm_plugins_tell(const mdm_plugin_file_t *file,
    mdm_plugin_change_e change, ngx_log_t *log);


#endif /* _NGX_MDM_PLUGIN_CONF_H_INCLUDED_ */
