
/*
 * StopMirroring: ends the mirroring of a screen.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  stop_mirroring_on = {
    .ios = { .introduced = "7.0", .supervised = MDM_YES,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { .introduced = "10.10", .device_channel = MDM_YES,
               .user_channel = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  stop_mirroring_keys[] = {
    { 0 }
};


static const mdm_type_t  stop_mirroring_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "StopMirroring",
        .title = "Stop Mirroring",
        .on = &stop_mirroring_on,
        .keys = stop_mirroring_keys,
        .subject = "mirroring",
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  stop_mirroring_plugin = {
    MDM_PLUGIN,
    .name = "StopMirroring",
    .version = "1",
    .types = stop_mirroring_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &stop_mirroring_plugin;
}
