
/*
 * The plugins that mdmctl loads for what it must know of commands.
 */


#ifndef _MDMCTL_PLUGIN_H_INCLUDED_
#define _MDMCTL_PLUGIN_H_INCLUDED_


#include "mdmctl.h"
#include "mdm_plugin_load.h"


typedef struct {
    mdm_schema_t         *schema;
    size_t                n;
    mdm_plugin_file_t    *files;
} mdmctl_plugins_t;


/* Those of --plugins; said why when one cannot be loaded.  Unload them in any
 * case. */
int mdmctl_plugins_load(const mdmctl_options_t *options,
    mdmctl_plugins_t *plugins);
void mdmctl_plugins_unload(mdmctl_plugins_t *plugins);


#endif /* _MDMCTL_PLUGIN_H_INCLUDED_ */
