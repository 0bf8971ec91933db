
/*
 * com.apple.vpn.managed.applayer: a VPN for some apps or domains, with all that
 * a VPN for everything has.  Managed apps and accounts name it by its VPNUUID.
 */


#include "vpn.h"


/* since then each account names its VPN itself */
#define UNTIL_13_4                                                            \
    MDM_ON(.ios = { "13.0", .deprecated = "13.4" }, .macos = { "10.15" },     \
           .visionos = NEVER, .watchos = NEVER)


static const mdm_systems_t  systems = {
    .ios = { "7.0", .many = MDM_YES, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { "10.9", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES },
    .visionos = { "1.1", .many = MDM_YES },
    .watchos = { "10.0", .supervised = MDM_YES, .by_hand = MDM_NO,
                 .many = MDM_YES }
};


static const mdm_key_t  strings[] = {
    { NULL, MDM_STRING },
    { 0 }
};


static const mdm_key_t  keys[] = {
    VPN_KEYS,
    { "VPNUUID", MDM_STRING, MDM_NEEDED },

    /* a part of a mobile network, by its name or by its kind of apps */
    { "CellularSliceUUID", MDM_STRING,
      MDM_ON(.ios = { "18.0" }, .macos = NEVER, .tvos = NEVER,
             .visionos = NEVER) },
    { "SafariDomains", MDM_ARRAY, 0, strings, MDM_ON(.watchos = NEVER) },
    { "MailDomains", MDM_ARRAY, 0, strings, UNTIL_13_4 },
    { "CalendarDomains", MDM_ARRAY, 0, strings, UNTIL_13_4 },
    { "ContactsDomains", MDM_ARRAY, 0, strings, UNTIL_13_4 },
    { "AssociatedDomains", MDM_ARRAY, 0, strings,
      MDM_ON(.ios = { "14.0" }, .macos = { "11.0" }) },
    { "ExcludedDomains", MDM_ARRAY, 0, strings,
      MDM_ON(.ios = { "14.0" }, .macos = { "11.0" }) },

    /* absent: as OnDemandEnabled */
    { "OnDemandMatchAppEnabled", MDM_BOOLEAN },
    { "SMBDomains", MDM_ARRAY, 0, strings,
      MDM_ON(.ios = { "13.0" }, .macos = NEVER, .watchos = NEVER) },
    { 0 }
};


const mdm_type_t  app_vpn = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.vpn.managed.applayer",
    .title = "VPN for apps",
    .on = &systems,
    .keys = keys,
    .validate = vpn_validate
};
