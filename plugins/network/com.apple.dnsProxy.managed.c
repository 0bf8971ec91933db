
/*
 * com.apple.dnsProxy.managed: an app that answers what is asked of DNS.  Of an
 * iPhone only MDM may demand it; that of its user takes it only with
 * DNSProxyUUID, by which managed apps name it.
 */


#include "network.h"


static const mdm_systems_t  systems = {
    .ios = { "11.0", .by_hand = MDM_NO, .many = MDM_NO,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "10.15", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN },
    .visionos = { "1.1", .by_hand = MDM_NO, .many = MDM_NO }
};


static const mdm_key_t  keys[] = {
    { "AppBundleIdentifier", MDM_STRING, MDM_NEEDED },

    /* which of several that the app has */
    { "ProviderBundleIdentifier", MDM_STRING },

    /* what is in it is up to the app; it may be secret */
    { "ProviderConfiguration", MDM_DICTIONARY,
      MDM_KEYS({ "*", MDM_ANY, MDM_SECRET }) },
    { "DNSProxyUUID", MDM_STRING,
      MDM_ON(.ios = { "16.0" }, .macos = NEVER) },
    { 0 }
};


const mdm_type_t  dns_proxy = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.dnsProxy.managed",
    .title = "DNS proxy",
    .on = &systems,
    .keys = keys
};
