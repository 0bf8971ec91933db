
/*
 * The plugin "device": what a device is, and what is done to the whole of it.
 */


#include "device.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "device",
    .version = "1.0",
    .types = MDM_TYPES(&declarative_management,
                       &device_configured,
                       &device_information,
                       &device_lock,
                       &erase_device,
                       &restart_device,
                       &security_info,
                       &settings,
                       &shut_down_device)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
