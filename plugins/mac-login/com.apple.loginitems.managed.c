
/*
 * com.apple.loginitems.managed: what is opened when a user logs in.
 */


#include "mac-login.h"


static const mdm_systems_t  systems = {
    .macos = { "10.13", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES }
};


static const mdm_key_t  item_keys[] = {
    { "Path", MDM_STRING, MDM_NEEDED },
    { "Hide", MDM_BOOLEAN, .preset = "false" },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "AutoLaunchedApplicationDictionary-managed", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, item_keys }) },
    { 0 }
};


const mdm_type_t  login_items = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.loginitems.managed",
    .title = "Login items",
    .on = &systems,
    .keys = keys
};
