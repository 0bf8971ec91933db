
/*
 * StopMirroring: ends the mirroring of a screen.
 */


#include "airplay.h"


static const mdm_systems_t  systems = {
    .ios = { "7.0", .supervised = MDM_YES, .user_enrollment = MDM_FORBIDDEN,
             .shared_ipad = MDM_ALLOWED, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { "10.10", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


const mdm_type_t  stop_mirroring = {
    .kind = MDM_COMMAND,
    .name = "StopMirroring",
    .title = "Stop Mirroring",
    .on = &systems,
    .keys = keys,
    .subject = "mirroring",
    .expires = MDM_DAYS(1)
};
