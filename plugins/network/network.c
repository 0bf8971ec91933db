
/*
 * The plugin "network": networks: Wi-Fi, Ethernet, names, proxies.
 */


#include "network.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "network",
    .version = "1.0",
    .types = MDM_TYPES(&wifi)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
