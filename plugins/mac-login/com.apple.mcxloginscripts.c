
/*
 * com.apple.mcxloginscripts: scripts that run when a user logs in or out.
 * They are whole in the payload.
 */


#include "mac-login.h"


static const mdm_systems_t  systems = {
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  script_keys[] = {
    { "filename", MDM_STRING, MDM_NEEDED },
    { "filedata", MDM_DATA, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "loginscripts", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, script_keys }) },
    { "logoutscripts", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, script_keys }) },
    { "skipLoginHook", MDM_BOOLEAN, .preset = "false" },
    { "skipLogoutHook", MDM_BOOLEAN, .preset = "false" },
    { 0 }
};


const mdm_type_t  login_scripts = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.mcxloginscripts",
    .title = "Scripts at login and logout",
    .on = &systems,
    .keys = keys
};
