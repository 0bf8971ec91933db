
/*
 * RequestMirroring: asks a user to mirror his screen to a certain place.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  request_mirroring_on = {
    .ios = { .introduced = "7.0", .user_enrollment = MDM_ALLOWED,
             .shared_ipad = MDM_ALLOWED, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { .introduced = "10.10", .device_channel = MDM_YES,
               .user_channel = MDM_NO, .user_enrollment = MDM_ALLOWED }
};


static const mdm_key_t  request_mirroring_keys[] = {
    { "DestinationName", MDM_STRING },
    { "DestinationDeviceID", MDM_STRING },
    { "ScanTime", MDM_INTEGER },
    { "Password", MDM_STRING, MDM_SECRET },
    { 0 }
};


static const mdm_key_t  request_mirroring_answer[] = {
    { "MirroringResult", MDM_STRING },
    { 0 }
};


static const mdm_type_t  request_mirroring_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "RequestMirroring",
        .title = "Request Mirroring",
        .on = &request_mirroring_on,
        .keys = request_mirroring_keys,
        .answer = request_mirroring_answer,
        .subject = "mirroring",
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  request_mirroring_plugin = {
    MDM_PLUGIN,
    .name = "RequestMirroring",
    .version = "1",
    .types = request_mirroring_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &request_mirroring_plugin;
}
