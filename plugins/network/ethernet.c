
/*
 * com.apple.globalethernet.managed and com.apple.{first,second,third}[active]
 * ethernet.managed: 802.1X on the wire, for all interfaces or for one by its
 * place in the order of services.  Apple names no keys of these but refers to
 * Wi-Fi; so what it shares with that is checked, and the rest let through.
 */


#include "network.h"


#define ETHERNET(variable, type, what)                                        \
    const mdm_type_t  variable = {                                            \
        .kind = MDM_PAYLOAD,                                                  \
        .flags = MDM_EXCLUSIVE,                                               \
        .name = type,                                                         \
        .title = what,                                                        \
        .on = &one,                                                           \
        .keys = keys,                                                         \
        .validate = validate                                                  \
    }

#define NOT_FOR_USERS                                                         \
    MDM_ON(.ios = { .user_enrollment = MDM_FORBIDDEN },                       \
           .macos = { .user_enrollment = MDM_FORBIDDEN })


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  all = {
    .ios = { "17.0", .many = MDM_NO, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_YES },
    .macos = { "10.13", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_NO },
    .tvos = { "17.0", .many = MDM_NO }
};


static const mdm_systems_t  one = {
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_NO }
};


static const mdm_key_t  keys[] = {
    { "EAPClientConfiguration", MDM_DICTIONARY, 0, network_eap },
    { "Password", MDM_STRING, MDM_SECRET },
    { "PayloadCertificateUUID", MDM_STRING, .pattern = UUID },
    { "TLSCertificateRequired", MDM_BOOLEAN, .preset = "false" },

    /* other than with Wi-Fi no part of a proxy is for devices of users */
    { "ProxyType", MDM_STRING, MDM_ONE_OF("None", "Manual", "Auto"),
      .preset = "None", NOT_FOR_USERS },
    { "ProxyServer", MDM_STRING, NOT_FOR_USERS },
    { "ProxyServerPort", MDM_INTEGER, .min = "0", .max = "65535",
      NOT_FOR_USERS },
    { "ProxyUsername", MDM_STRING, NOT_FOR_USERS },
    { "ProxyPassword", MDM_STRING, MDM_SECRET, NOT_FOR_USERS },
    { "ProxyPACURL", MDM_STRING, NOT_FOR_USERS },
    { "ProxyPACFallbackAllowed", MDM_BOOLEAN, .preset = "false",
      NOT_FOR_USERS },
    { "*", MDM_ANY },
    { 0 }
};


const mdm_type_t  ethernet_global = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.globalethernet.managed",
    .title = "Ethernet, any interface",
    .on = &all,
    .keys = keys,
    .validate = validate
};


ETHERNET(ethernet_first, "com.apple.firstethernet.managed",
         "Ethernet, first interface");

ETHERNET(ethernet_first_active, "com.apple.firstactiveethernet.managed",
         "Ethernet, first active interface");

ETHERNET(ethernet_second, "com.apple.secondethernet.managed",
         "Ethernet, second interface");

ETHERNET(ethernet_second_active, "com.apple.secondactiveethernet.managed",
         "Ethernet, second active interface");

ETHERNET(ethernet_third, "com.apple.thirdethernet.managed",
         "Ethernet, third interface");

ETHERNET(ethernet_third_active, "com.apple.thirdactiveethernet.managed",
         "Ethernet, third active interface");


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool  good;

    good = network_validate_eap(call, value);

    return network_validate_proxy(call, value, "None") && good;
}
