
/*
 * DisableRemoteDesktop: turns Remote Desktop of a Mac off.
 */


#include "mac-services.h"


static const mdm_systems_t  systems = {
    .macos = { "10.14.4", .supervised = MDM_YES, .device_channel = MDM_YES,
               .user_channel = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


const mdm_type_t  disable_remote_desktop = {
    .kind = MDM_COMMAND,
    .name = "DisableRemoteDesktop",
    .title = "Disable Remote Desktop",
    .on = &systems,
    .keys = keys,
    .subject = "remote-desktop",
    .expires = MDM_DAYS(90)
};
