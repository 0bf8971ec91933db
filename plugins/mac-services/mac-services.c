
/*
 * The plugin "mac-services": services of a Mac.
 */


#include "mac-services.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "mac-services",
    .version = "1.0",
    .types = MDM_TYPES(&content_caching_information,
                       &disable_remote_desktop,
                       &enable_remote_desktop,
                       &lom_device_request,
                       &lom_setup_request)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
