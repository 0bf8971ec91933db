
/*
 * com.apple.tvremote: which iPhones may control an Apple TV, and which Apple
 * TVs an iPhone may: each side has a list of its own.
 */


#include "airplay.h"


static const mdm_systems_t  systems = {
    .ios = { "11.3", .supervised = MDM_YES, .many = MDM_NO,
             .user_enrollment = MDM_FORBIDDEN, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_YES },
    .macos = NEVER,
    .tvos = { "11.3", .supervised = MDM_YES, .many = MDM_NO },
    .visionos = NEVER,
    .watchos = NEVER
};


static const mdm_key_t  remote_keys[] = {
    { "RemoteDeviceID", MDM_STRING, MDM_NEEDED, .pattern = DEVICE_ID },
    { 0 }
};


static const mdm_key_t  tv_keys[] = {
    { "TVDeviceID", MDM_STRING, MDM_NEEDED, .pattern = DEVICE_ID },
    { "TVDeviceName", MDM_STRING, MDM_ON(.ios = { "15.0" }) },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "AllowedRemotes", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, remote_keys }),
      MDM_ON(.ios = NEVER) },
    { "AllowedTVs", MDM_ARRAY, MDM_KEYS({ NULL, MDM_DICTIONARY, 0, tv_keys }),
      MDM_ON(.tvos = NEVER) },
    { 0 }
};


const mdm_type_t  tv_remote = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.tvremote",
    .title = "Remote control of Apple TVs",
    .on = &systems,
    .keys = keys
};
