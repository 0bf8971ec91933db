
/*
 * The plugin "vpn": VPN, of devices and of apps.
 */


#include "vpn.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "vpn",
    .version = "1.0",
    .types = MDM_TYPES(&app_vpn,
                       &app_vpn_mapping,
                       &vpn)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
