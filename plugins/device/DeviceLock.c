
/*
 * DeviceLock: locks a device, at once.  Never repeated by itself: a second
 * lock with another PIN would leave nobody knowing which one counts.
 */


#include "device.h"


static const mdm_systems_t  systems = {
    .ios = { "4.0", .access_rights = MDM_LOCK_AND_CLEAR,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "10.7", .access_rights = MDM_LOCK_AND_CLEAR,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN },
    .visionos = { "2.0", .access_rights = MDM_LOCK_AND_CLEAR,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { "10.0", .access_rights = MDM_LOCK_AND_CLEAR }
};


static const mdm_key_t  keys[] = {
    { "Message", MDM_STRING,
      MDM_ON(.ios = { "7.0", .shared_ipad = MDM_IGNORED },
             .macos = { "10.14" }, .visionos = NEVER) },
    { "PhoneNumber", MDM_STRING,
      MDM_ON(.ios = { "7.0", .shared_ipad = MDM_IGNORED }, .macos = { "11.5" },
             .visionos = NEVER) },

    /* six digits are all that the screen of a locked Mac takes */
    { "PIN", MDM_STRING, MDM_SECRET, .pattern = "^[0-9]{6}$",
      MDM_ON(.ios = NEVER, .macos = { "10.8" }, .visionos = NEVER,
             .watchos = NEVER) },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "MessageResult", MDM_STRING },
    { 0 }
};


const mdm_type_t  device_lock = {
    .kind = MDM_COMMAND,
    .flags = MDM_ONCE|MDM_URGENT|MDM_DESTRUCTIVE,
    .name = "DeviceLock",
    .title = "Device Lock",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .subject = "lock"
};
