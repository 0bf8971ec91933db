
/*
 * The plugin "vpn": VPN.
 */


#include "vpn.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "vpn",
    .version = "1.0",
    .types = MDM_TYPES(&vpn)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
