
/*
 * The plugin "mac-services": services of a Mac.
 */


#include "mac-services.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "mac-services",
    .version = "1.0",
    .types = MDM_TYPES(&content_caching,
                       &content_caching_information,
                       &directory_service,
                       &disable_remote_desktop,
                       &enable_remote_desktop,
                       &file_providers,
                       &lights_out,
                       &lom_device_request,
                       &lom_setup_request,
                       &managed_preferences,
                       &mcx_energy_saver,
                       &mcx_time_server,
                       &printing,
                       &system_logging,
                       &system_migration,
                       &time_machine,
                       &xsan,
                       &xsan_preferences)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
