
/*
 * EnableRemoteDesktop: turns Remote Desktop of a Mac on.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  enable_remote_desktop_on = {
    .macos = { .introduced = "10.14.4", .supervised = MDM_YES,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  enable_remote_desktop_keys[] = {
    { 0 }
};


static const mdm_type_t  enable_remote_desktop_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "EnableRemoteDesktop",
        .title = "Enable Remote Desktop",
        .on = &enable_remote_desktop_on,
        .keys = enable_remote_desktop_keys,
        .subject = "remote-desktop",
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  enable_remote_desktop_plugin = {
    MDM_PLUGIN,
    .name = "EnableRemoteDesktop",
    .version = "1",
    .types = enable_remote_desktop_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &enable_remote_desktop_plugin;
}
