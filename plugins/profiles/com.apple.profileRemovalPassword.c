
/*
 * com.apple.profileRemovalPassword: what somebody has to enter who removes the
 * profile in which it lies.  The profile says HasRemovalPasscode with it.
 */


#include "profiles.h"


static const mdm_systems_t  systems = {
    .ios = { "4.0", .supervised = MDM_YES, .many = MDM_NO,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_FORBIDDEN },
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN },
    .tvos = { "9.0", .supervised = MDM_YES, .many = MDM_NO },
    .visionos = NEVER,
    .watchos = NEVER
};


static const mdm_key_t  keys[] = {
    { "RemovalPassword", MDM_STRING, MDM_SECRET },
    { 0 }
};


const mdm_type_t  removal_password = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.profileRemovalPassword",
    .title = "Password for removal",
    .on = &systems,
    .keys = keys
};
