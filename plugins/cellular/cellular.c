
/*
 * The plugin "cellular": mobile networks.
 */


#include "cellular.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "cellular",
    .version = "1.0",
    .types = MDM_TYPES(&apn,
                       &cellular,
                       &private_network,
                       &refresh_cellular_plans)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
