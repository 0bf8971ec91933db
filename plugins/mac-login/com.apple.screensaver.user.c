
/*
 * com.apple.screensaver.user: the screen saver of a user, who is asked for his
 * password as com.apple.screensaver says.
 */


#include "mac-login.h"


static const mdm_systems_t  systems = {
    .macos = { "10.11", .device_channel = MDM_NO, .user_channel = MDM_YES,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "moduleName", MDM_STRING, MDM_NEEDED },
    { "modulePath", MDM_STRING },

    /* in seconds; 0: never */
    { "idleTime", MDM_INTEGER },
    { 0 }
};


const mdm_type_t  screen_saver_user = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.screensaver.user",
    .title = "Screen saver of a user",
    .on = &systems,
    .keys = keys
};
