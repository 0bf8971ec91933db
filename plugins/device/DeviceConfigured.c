
/*
 * DeviceConfigured: lets Setup Assistant go on that waits for its
 * configuration.  The last of its subject, so that it goes behind the rest.
 */


#include "device.h"


static const mdm_systems_t  systems = {
    .ios = { "9.0", .supervised = MDM_YES, .automated = MDM_YES,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "10.11", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .automated = MDM_YES, .user_enrollment = MDM_FORBIDDEN },
    .tvos = { "10.2", .supervised = MDM_YES },
    .visionos = { "2.0", .supervised = MDM_YES, .automated = MDM_YES,
                  .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


const mdm_type_t  device_configured = {
    .kind = MDM_COMMAND,
    .name = "DeviceConfigured",
    .title = "Device Configured",
    .on = &systems,
    .keys = keys,
    .subject = "setup",
    .expires = MDM_DAYS(90)
};
