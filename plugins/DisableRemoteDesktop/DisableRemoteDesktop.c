
/*
 * DisableRemoteDesktop: turns Remote Desktop of a Mac off.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  disable_remote_desktop_on = {
    .macos = { .introduced = "10.14.4", .supervised = MDM_YES,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  disable_remote_desktop_keys[] = {
    { 0 }
};


static const mdm_type_t  disable_remote_desktop_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "DisableRemoteDesktop",
        .title = "Disable Remote Desktop",
        .on = &disable_remote_desktop_on,
        .keys = disable_remote_desktop_keys,
        .subject = "remote-desktop",
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  disable_remote_desktop_plugin = {
    MDM_PLUGIN,
    .name = "DisableRemoteDesktop",
    .version = "1",
    .types = disable_remote_desktop_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &disable_remote_desktop_plugin;
}
