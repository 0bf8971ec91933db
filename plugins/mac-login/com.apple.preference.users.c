
/*
 * com.apple.preference.users: whether the password of an Apple Account can be
 * that of an account of the Mac.
 */


#include "mac-login.h"


static const mdm_systems_t  systems = {
    .macos = { "10.12", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_NO }
};


static const mdm_key_t  keys[] = {
    { "DisableUsingiCloudPassword", MDM_BOOLEAN, .preset = "false" },
    { 0 }
};


const mdm_type_t  users_preferences = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.preference.users",
    .title = "Preferences of users",
    .on = &systems,
    .keys = keys
};
