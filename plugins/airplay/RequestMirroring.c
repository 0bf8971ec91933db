
/*
 * RequestMirroring: asks a user to mirror his screen to a certain place.  Who
 * does not want it within a day does not want it.
 */


#include "airplay.h"


static const mdm_systems_t  systems = {
    .ios = { "7.0", .user_enrollment = MDM_ALLOWED,
             .shared_ipad = MDM_ALLOWED, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { "10.10", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_ALLOWED }
};


static const mdm_key_t  keys[] = {
    { "DestinationName", MDM_STRING },
    { "DestinationDeviceID", MDM_STRING },
    { "ScanTime", MDM_INTEGER, .min = "10", .max = "300", .preset = "30" },
    { "Password", MDM_STRING, MDM_SECRET },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "MirroringResult", MDM_STRING },
    { 0 }
};


const mdm_type_t  request_mirroring = {
    .kind = MDM_COMMAND,
    .name = "RequestMirroring",
    .title = "Request Mirroring",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .subject = "mirroring",
    .expires = MDM_DAYS(1)
};
