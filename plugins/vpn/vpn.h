
/* Types of this plugin, a file each, and what two of them share. */


#ifndef _MDM_PLUGIN_VPN_H_INCLUDED_
#define _MDM_PLUGIN_VPN_H_INCLUDED_


#include "../plugins.h"


extern const mdm_type_t  app_vpn;
extern const mdm_type_t  app_vpn_mapping;
extern const mdm_type_t  vpn;


/* where the settings of each VPNType are, and what goes with them */
extern const mdm_key_t  vpn_vendor[], vpn_app[], vpn_ipv4[], vpn_ppp[];
extern const mdm_key_t  vpn_ipsec[], vpn_ikev2[], vpn_dns[], vpn_proxies[];
extern const mdm_key_t  vpn_always_on[], vpn_transparent[];


/* keys of a VPN for all and for apps; of its types a watch has IKEv2 only */
#define VPN_KEYS                                                              \
    { "VPNType", MDM_STRING, MDM_NEEDED,                                      \
      MDM_ONE_OF("VPN", "L2TP", "IPSec", "IKEv2", "AlwaysOn",                 \
                 "TransparentProxy") },                                       \
    { "VPNSubType", MDM_STRING },                                             \
    { "UserDefinedName", MDM_STRING, MDM_NEEDED },                            \
    { "VendorConfig", MDM_DICTIONARY, 0, vpn_vendor,                          \
      MDM_ON(.watchos = NEVER) },                                             \
    { "VPN", MDM_DICTIONARY, 0, vpn_app, MDM_ON(.watchos = NEVER) },          \
    { "IPv4", MDM_DICTIONARY, 0, vpn_ipv4,                                    \
      MDM_ON(.tvos = NEVER, .watchos = NEVER) },                              \
    { "PPP", MDM_DICTIONARY, 0, vpn_ppp,                                      \
      MDM_ON(.tvos = NEVER, .watchos = NEVER) },                              \
    { "IPSec", MDM_DICTIONARY, 0, vpn_ipsec,                                  \
      MDM_ON(.tvos = NEVER, .watchos = NEVER) },                              \
                                                                              \
    /* beside AlwaysOn, too */                                                \
    { "IKEv2", MDM_DICTIONARY, 0, vpn_ikev2,                                  \
      MDM_ON(.watchos = { "10.0" }) },                                        \
    { "DNS", MDM_DICTIONARY, 0, vpn_dns, MDM_ON(.watchos = { "10.0" }) },     \
    { "Proxies", MDM_DICTIONARY, 0, vpn_proxies,                              \
      MDM_ON(.watchos = { "10.0" }) },                                        \
    { "AlwaysOn", MDM_DICTIONARY, 0, vpn_always_on,                           \
      MDM_ON(.ios = { "8.0" }, .macos = NEVER, .tvos = NEVER,                 \
             .watchos = NEVER) },                                             \
    { "TransparentProxy", MDM_DICTIONARY, 0, vpn_transparent,                 \
      MDM_ON(.ios = NEVER, .macos = { "14.0" }, .tvos = NEVER,                \
             .visionos = NEVER, .watchos = NEVER) }


bool vpn_validate(mdm_call_t *call, const mdm_node_t *value);


#endif /* _MDM_PLUGIN_VPN_H_INCLUDED_ */
