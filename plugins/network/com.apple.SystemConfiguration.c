
/*
 * com.apple.SystemConfiguration: the proxies of a Mac, one for each protocol.
 * What is a switch here is 0 or 1, no boolean.
 */


#include "network.h"


static const mdm_systems_t  systems = {
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  proxies_keys[] = {
    { "FTPEnable", MDM_INTEGER },
    { "FTPPassive", MDM_INTEGER },
    { "FTPPort", MDM_INTEGER },
    { "FTPProxy", MDM_STRING },
    { "GopherEnable", MDM_INTEGER },
    { "GopherPort", MDM_INTEGER },
    { "GopherProxy", MDM_STRING },
    { "HTTPEnable", MDM_INTEGER },
    { "HTTPPort", MDM_INTEGER },
    { "HTTPProxy", MDM_STRING },
    { "HTTPSEnable", MDM_INTEGER },
    { "HTTPSPort", MDM_INTEGER },
    { "HTTPSProxy", MDM_STRING },
    { "ProxyAutoConfigEnable", MDM_INTEGER },
    { "ProxyAutoConfigURLString", MDM_STRING },
    { "ProxyCaptiveLoginAllowed", MDM_INTEGER, MDM_ON(.macos = { "10.9" }) },
    { "RTSPEnable", MDM_INTEGER },
    { "RTSPPort", MDM_INTEGER },
    { "RTSPProxy", MDM_STRING },
    { "SOCKSEnable", MDM_INTEGER },

    /* what macOS reads, and how Apple's table spells it */
    { "SOCKSPort", MDM_INTEGER },
    { "SOCKSPortinteger", MDM_INTEGER },
    { "SOCKSProxy", MDM_STRING },
    { "FallBackAllowed", MDM_INTEGER },
    { "ExceptionsList", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }) },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "Proxies", MDM_DICTIONARY, MDM_NEEDED, proxies_keys },
    { 0 }
};


const mdm_type_t  proxies = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.SystemConfiguration",
    .title = "Proxies of a Mac",
    .on = &systems,
    .keys = keys
};
