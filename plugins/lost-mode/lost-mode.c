
/*
 * The plugin "lost-mode": lost devices, and Activation Lock.
 */


#include "lost-mode.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "lost-mode",
    .version = "1.0",
    .types = MDM_TYPES(&activation_lock_bypass_code,
                       &clear_activation_lock_bypass_code,
                       &device_location,
                       &disable_lost_mode,
                       &enable_lost_mode,
                       &play_lost_mode_sound)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
