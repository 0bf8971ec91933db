
/*
 * com.apple.shareddeviceconfiguration: whose device it is, in words on its lock
 * screen and in its login window.
 */


#include "home-screen.h"


static const mdm_systems_t  systems = {
    .ios = { "9.3", .supervised = MDM_YES, .many = MDM_NO,
             .user_enrollment = MDM_FORBIDDEN, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = NEVER,
    .tvos = NEVER,
    .visionos = NEVER,
    .watchos = NEVER
};


static const mdm_key_t  keys[] = {
    { "AssetTagInformation", MDM_STRING },

    /* what LockScreenFootnote was called in iOS 9.3.0 */
    { "IfLostReturnToMessage", MDM_STRING,
      MDM_ON(.ios = { "9.3", .deprecated = "9.3.1" }) },
    { "LockScreenFootnote", MDM_STRING, MDM_ON(.ios = { "9.3.1" }) },
    { 0 }
};


const mdm_type_t  lock_screen_message = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.shareddeviceconfiguration",
    .title = "Lock screen message",
    .on = &systems,
    .keys = keys
};
