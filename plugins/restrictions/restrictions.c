
/*
 * The plugin "restrictions": restrictions.
 */


#include "restrictions.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "restrictions",
    .version = "1.0",
    .types = MDM_TYPES(&restrictions,
                       &restrictions_list)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
