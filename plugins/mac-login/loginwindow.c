
/*
 * loginwindow: whether login items may be held off with the Shift key.  Its
 * name is this short; com.apple.loginwindow is the window itself.
 */


#include "mac-login.h"


static const mdm_systems_t  systems = {
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "DisableLoginItemsSuppression", MDM_BOOLEAN, .preset = "false" },
    { 0 }
};


const mdm_type_t  login_items_suppression = {
    .kind = MDM_PAYLOAD,
    .name = "loginwindow",
    .title = "Login items, holding them off",
    .on = &systems,
    .keys = keys
};
