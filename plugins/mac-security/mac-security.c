
/*
 * The plugin "mac-security": what may run on a Mac, and what it may reach.
 */


#include "mac-security.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "mac-security",
    .version = "1.0",
    .types = MDM_TYPES(&firewall,
                       &gatekeeper,
                       &gatekeeper_override,
                       &gatekeeper_rule,
                       &kernel_extensions,
                       &login_items,
                       &privacy,
                       &security_preferences,
                       &system_extensions)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
