
/*
 * com.apple.preference.security: what users may not change in the settings of
 * security.
 */


#include "mac-security.h"


#define FORBID(key)                                                           \
    { key, MDM_BOOLEAN, .preset = "false", .combine = MDM_COMBINE_OR }


static const mdm_systems_t  systems = {
    .macos = { "10.10", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    FORBID("dontAllowPasswordResetUI"),
    FORBID("dontAllowLockMessageUI"),
    FORBID("dontAllowFireWallUI"),
    { 0 }
};


const mdm_type_t  security_preferences = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.preference.security",
    .title = "Security settings, locked",
    .on = &systems,
    .keys = keys
};
