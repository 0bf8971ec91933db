
/*
 * DeviceLock: locks a device, at once.  Never repeated by itself: a second
 * lock with another PIN would leave nobody knowing which one counts.
 */


#include "ngx_mdm_plugin.h"


#define NEVER  { .introduced = MDM_NEVER_THERE }


static const mdm_systems_t  device_lock_on = {
    .ios = { .introduced = "4.0", .access_rights = MDM_LOCK_AND_CLEAR,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { .introduced = "10.7", .access_rights = MDM_LOCK_AND_CLEAR,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN },
    .visionos = { .introduced = "2.0", .access_rights = MDM_LOCK_AND_CLEAR,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { .introduced = "10.0", .access_rights = MDM_LOCK_AND_CLEAR }
};


static const mdm_key_t  device_lock_keys[] = {
    { "Message", MDM_STRING,
      MDM_ON(.ios = { .introduced = "7.0", .shared_ipad = MDM_IGNORED },
             .macos = { .introduced = "10.14" }, .visionos = NEVER) },
    { "PhoneNumber", MDM_STRING,
      MDM_ON(.ios = { .introduced = "7.0", .shared_ipad = MDM_IGNORED },
             .macos = { .introduced = "11.5" }, .visionos = NEVER) },
    { "PIN", MDM_STRING, MDM_SECRET, .pattern = "^[0-9]{6}$",
      MDM_ON(.ios = NEVER, .macos = { .introduced = "10.8" },
             .visionos = NEVER, .watchos = NEVER) },
    { 0 }
};


static const mdm_key_t  device_lock_answer[] = {
    { "MessageResult", MDM_STRING },
    { 0 }
};


static const mdm_type_t  device_lock_types[] = {
    {
        .kind = MDM_COMMAND,
        .flags = MDM_ONCE|MDM_URGENT|MDM_DESTRUCTIVE,
        .name = "DeviceLock",
        .title = "Device Lock",
        .on = &device_lock_on,
        .keys = device_lock_keys,
        .answer = device_lock_answer,
        .subject = "lock"
    },
    { 0 }
};


static const mdm_plugin_t  device_lock_plugin = {
    MDM_PLUGIN,
    .name = "DeviceLock",
    .version = "1",
    .types = device_lock_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &device_lock_plugin;
}
