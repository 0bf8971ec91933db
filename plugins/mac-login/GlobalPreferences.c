
/*
 * .GlobalPreferences: several users at once, and logging out those who do
 * nothing.  The dot is part of the name; of this file it is not, which would
 * be hidden.
 */


#include "mac-login.h"


static const mdm_systems_t  systems = {
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "MultipleSessionEnabled", MDM_BOOLEAN, .preset = "true" },

    /* in seconds; 0: never */
    { "com.apple.autologout.AutoLogOutDelay", MDM_REAL },
    { 0 }
};


const mdm_type_t  global_preferences = {
    .kind = MDM_PAYLOAD,
    .name = ".GlobalPreferences",
    .title = "Sessions of users",
    .on = &systems,
    .keys = keys
};
