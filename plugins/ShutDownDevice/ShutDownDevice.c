
/*
 * ShutDownDevice: turns a device off.  Once: an unanswered one may have
 * worked.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  shut_down_device_on = {
    .ios = { .introduced = "10.3", .access_rights = MDM_LOCK_AND_CLEAR,
             .supervised = MDM_YES, .user_enrollment = MDM_FORBIDDEN,
             .shared_ipad = MDM_ALLOWED, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { .introduced = "10.13", .access_rights = MDM_LOCK_AND_CLEAR,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  shut_down_device_keys[] = {
    { 0 }
};


static const mdm_type_t  shut_down_device_types[] = {
    {
        .kind = MDM_COMMAND,
        .flags = MDM_ONCE,
        .name = "ShutDownDevice",
        .title = "Shut Down Device",
        .on = &shut_down_device_on,
        .keys = shut_down_device_keys,
        .subject = "power",
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  shut_down_device_plugin = {
    MDM_PLUGIN,
    .name = "ShutDownDevice",
    .version = "1",
    .types = shut_down_device_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &shut_down_device_plugin;
}
