
/*
 * com.apple.vpn.managed: one VPN for all that a device does.
 */


#include "vpn.h"


static const mdm_systems_t  systems = {
    .ios = { "4.0", .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN },
    .tvos = { "17.0", .many = MDM_YES },
    .visionos = { "1.0", .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN },
    .watchos = NEVER
};


static const mdm_key_t  keys[] = {
    VPN_KEYS,
    { 0 }
};


const mdm_type_t  vpn = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.vpn.managed",
    .title = "VPN",
    .on = &systems,
    .keys = keys,
    .validate = vpn_validate
};
