
/*
 * The plugin "updates": updates of the system.
 */


#include "updates.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "updates",
    .version = "1.0",
    .types = MDM_TYPES(&available_os_updates,
                       &os_update_status,
                       &schedule_os_update,
                       &schedule_os_update_scan,
                       &software_update)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
