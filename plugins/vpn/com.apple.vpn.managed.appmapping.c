
/*
 * com.apple.vpn.managed.appmapping: which programs of a Mac go through which
 * VPN for apps.  Other devices learn that with the app.
 */


#include "vpn.h"


static const mdm_systems_t  systems = {
    .macos = { "10.9", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_NO }
};


static const mdm_key_t  tool_keys[] = {
    { "DesignatedRequirement", MDM_STRING, MDM_NEEDED,
      MDM_ON(.macos = { "10.15.4" }) },
    { "SigningIdentifier", MDM_STRING, MDM_NEEDED,
      MDM_ON(.macos = { "10.15.4" }) },
    { "Path", MDM_STRING, MDM_ON(.macos = { "10.15.4" }) },
    { 0 }
};


static const mdm_key_t  app_keys[] = {
    { "Identifier", MDM_STRING, MDM_NEEDED },

    /* that of a com.apple.vpn.managed.applayer */
    { "VPNUUID", MDM_STRING, MDM_NEEDED },
    { "DesignatedRequirement", MDM_STRING, MDM_NEEDED,
      MDM_ON(.macos = { "10.10" }) },
    { "SigningIdentifier", MDM_STRING, MDM_NEEDED,
      MDM_ON(.macos = { "10.10" }) },
    { "Path", MDM_STRING, MDM_ON(.macos = { "10.15" }) },

    /* only these of the programs that the app starts */
    { "MatchTools", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, tool_keys }),
      MDM_ON(.macos = { "10.15.4" }) },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "AppLayerVPNMapping", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, app_keys }) },
    { 0 }
};


const mdm_type_t  app_vpn_mapping = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.vpn.managed.appmapping",
    .title = "Apps and their VPN",
    .on = &systems,
    .keys = keys
};
