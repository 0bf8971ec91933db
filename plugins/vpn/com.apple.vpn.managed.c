
/*
 * com.apple.vpn.managed: one VPN.  VPNType says which of the dictionaries
 * holds its settings; what is a switch here is 0 or 1, no boolean.
 */


#include <stdio.h>
#include <string.h>

#include "vpn.h"


#define SWITCH  MDM_ONE_OF("0", "1")

/* where a provider may be a system extension */
#define SYSTEM_EXTENSION                                                      \
    .ios = { MDM_NEVER_THERE }, .macos = { "10.15" },                         \
    .visionos = { MDM_NEVER_THERE }

#define POST_QUANTUM                                                          \
    .ios = { "18.0" }, .macos = { "15.0" }, .tvos = { "18.0" },               \
    .visionos = { "2.0" }, .watchos = { "11.0" }

typedef struct {
    const char  *type;
    const char  *dictionary;
} vpn_type_t;


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool validate_type(mdm_call_t *call, const mdm_node_t *value);
static bool validate_credentials(mdm_call_t *call, const mdm_node_t *value,
    const char *dictionary);
static bool validate_ikev2(mdm_call_t *call, const mdm_node_t *ikev2);
static bool validate_dns(mdm_call_t *call, const mdm_node_t *dns);
static bool validate_rules(mdm_call_t *call, const mdm_node_t *value,
    const char *dictionary);
static bool missing(mdm_call_t *call, const mdm_node_t *value,
    const char *dictionary, const char *key, const char *rule);
static bool is(mdm_call_t *call, const mdm_node_t *dict, const char *key,
    const char *wanted);


/* Where the settings of each type are. */

static const vpn_type_t  vpn_types[] = {
    { "VPN", "VPN" },
    { "L2TP", "PPP" },
    { "IPSec", "IPSec" },
    { "IKEv2", "IKEv2" },
    { "AlwaysOn", "AlwaysOn" },
    { "TransparentProxy", "TransparentProxy" },
    { NULL, NULL }
};


static const mdm_systems_t  systems = {
    .ios = { "4.0", .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN },
    .tvos = { "17.0", .many = MDM_YES },
    .visionos = { "1.0", .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN },
    .watchos = { MDM_NEVER_THERE }
};


static const mdm_key_t  strings[] = {
    { NULL, MDM_STRING },
    { 0 }
};


static const mdm_key_t  vendor_keys[] = {
    { "Realm", MDM_STRING },
    { "Role", MDM_STRING },
    { "Group", MDM_STRING },
    { "LoginGroupOrDomain", MDM_STRING },

    /* the makers of VPNs add keys of their own */
    { "*", MDM_ANY },
    { 0 }
};


static const mdm_key_t  parameter_keys[] = {
    { "Domains", MDM_ARRAY, MDM_NEEDED, strings },
    { "DomainAction", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("ConnectIfNeeded", "NeverConnect") },
    { "RequiredDNSServers", MDM_ARRAY, 0, strings },
    { "RequiredURLStringProbe", MDM_STRING },
    { 0 }
};


static const mdm_key_t  rule_keys[] = {
    { "Action", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("Allow", "Connect", "Disconnect", "EvaluateConnection",
                 "Ignore") },
    { "ActionParameters", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, parameter_keys }) },
    { "DNSDomainMatch", MDM_ARRAY, 0, strings },
    { "DNSServerAddressMatch", MDM_ARRAY, 0, strings },
    { "InterfaceTypeMatch", MDM_STRING,
      MDM_ONE_OF("Ethernet", "WiFi", "Cellular") },
    { "SSIDMatch", MDM_ARRAY, 0, strings },
    { "URLStringProbe", MDM_STRING },
    { 0 }
};


static const mdm_key_t  vpn_keys[] = {
    { "AuthenticationMethod", MDM_STRING,
      MDM_ONE_OF("Password", "Certificate", "Password+Certificate"),
      .preset = "Password" },
    { "PayloadCertificateUUID", MDM_STRING },
    { "Password", MDM_STRING, MDM_SECRET },
    { "ProviderBundleIdentifier", MDM_STRING },
    { "ProviderDesignatedRequirement", MDM_STRING, MDM_ON(SYSTEM_EXTENSION) },
    { "DisconnectOnIdle", MDM_INTEGER, SWITCH, .preset = "0" },

    /* in seconds */
    { "DisconnectOnIdleTimer", MDM_INTEGER },
    { "ProviderType", MDM_STRING, MDM_ONE_OF("packet-tunnel", "app-proxy"),
      .preset = "packet-tunnel" },

    /* all but what the keys after it let out */
    { "IncludeAllNetworks", MDM_INTEGER, SWITCH, .preset = "0",
      MDM_ON(.ios = { "14.0" }, .macos = { "10.15" },
             .tvos = { MDM_NEVER_THERE }) },
    { "EnforceRoutes", MDM_INTEGER, SWITCH, .preset = "0",
      MDM_ON(.ios = { "14.2" }, .macos = { "11.0" }) },
    { "ExcludeLocalNetworks", MDM_INTEGER, SWITCH,
      MDM_ON(.ios = { "14.2" }, .macos = { "10.15" },
             .tvos = { MDM_NEVER_THERE }) },
    { "ExcludeCellularServices", MDM_INTEGER, SWITCH, .preset = "1",
      MDM_ON(.ios = { "16.4" }, .macos = { "13.3" },
             .tvos = { MDM_NEVER_THERE }) },
    { "ExcludeAPNs", MDM_INTEGER, SWITCH, .preset = "1",
      MDM_ON(.ios = { "16.4" }, .macos = { "13.3" },
             .tvos = { MDM_NEVER_THERE }) },
    { "ExcludeDeviceCommunication", MDM_INTEGER, SWITCH, .preset = "1",
      MDM_ON(.ios = { "17.4" }, .macos = { "14.4" },
             .tvos = { MDM_NEVER_THERE }, .visionos = { "1.1" }) },
    { "OnDemandEnabled", MDM_INTEGER, SWITCH, .preset = "0" },
    { "OnDemandUserOverrideDisabled", MDM_INTEGER, SWITCH, .preset = "0",
      MDM_ON(.ios = { "14.0" }, .macos = { MDM_NEVER_THERE }) },

    /* what OnDemandRules took the place of */
    { "OnDemandMatchDomainsAlways", MDM_ARRAY, 0, strings,
      MDM_ON(.ios = { .deprecated = "7.0" }) },
    { "OnDemandMatchDomainsNever", MDM_ARRAY, 0, strings,
      MDM_ON(.ios = { .deprecated = "7.0" }) },
    { "OnDemandMatchDomainsOnRetry", MDM_ARRAY, 0, strings,
      MDM_ON(.ios = { .deprecated = "7.0" }) },
    { "OnDemandRules", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, rule_keys }) },
    { 0 }
};


static const mdm_key_t  ipv4_keys[] = {
    { "OverridePrimary", MDM_INTEGER, SWITCH, .preset = "0" },
    { 0 }
};


static const mdm_key_t  ppp_keys[] = {
    { "AuthName", MDM_STRING },
    { "AuthPassword", MDM_STRING, MDM_SECRET },
    { "TokenCard", MDM_INTEGER, SWITCH, .preset = "0" },
    { "CommRemoteAddress", MDM_STRING },
    { "AuthEAPPlugins", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_STRING,
                 MDM_ONE_OF("EAP-RSA", "EAP-TLS", "EAP-KRB") }),
      .least = 1, .most = 1 },
    { "AuthProtocol", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_STRING, MDM_ONE_OF("EAP") }), .least = 1,
      .most = 1 },
    { "CCPMPPE40Enabled", MDM_INTEGER, SWITCH },
    { "CCPMPPE128Enabled", MDM_INTEGER, SWITCH },
    { "CCPEnabled", MDM_INTEGER, SWITCH },
    { "DisconnectOnIdle", MDM_INTEGER, SWITCH, .preset = "0" },
    { "DisconnectOnIdleTimer", MDM_INTEGER },
    { 0 }
};


static const mdm_key_t  ipsec_keys[] = {
    { "RemoteAddress", MDM_STRING },
    { "AuthenticationMethod", MDM_STRING,
      MDM_ONE_OF("SharedSecret", "Certificate"), .preset = "SharedSecret" },
    { "XAuthName", MDM_STRING },
    { "XAuthPassword", MDM_STRING, MDM_SECRET },
    { "XAuthEnabled", MDM_INTEGER, SWITCH },

    /* to ask for the password each time */
    { "XAuthPasswordEncryption", MDM_STRING, MDM_ONE_OF("Prompt") },
    { "LocalIdentifier", MDM_STRING },
    { "LocalIdentifierType", MDM_STRING, MDM_ONE_OF("KeyID"),
      .preset = "KeyID" },
    { "SharedSecret", MDM_DATA, MDM_SECRET },
    { "PayloadCertificateUUID", MDM_STRING },
    { "PromptForVPNPIN", MDM_BOOLEAN, .preset = "false" },
    { "DisconnectOnIdle", MDM_INTEGER, SWITCH, .preset = "0" },
    { "DisconnectOnIdleTimer", MDM_INTEGER },
    { "OnDemandEnabled", MDM_INTEGER, SWITCH, .preset = "0" },
    { "OnDemandMatchDomainsAlways", MDM_ARRAY, 0, strings,
      MDM_ON(.ios = { .deprecated = "7.0" }) },
    { "OnDemandMatchDomainsNever", MDM_ARRAY, 0, strings,
      MDM_ON(.ios = { .deprecated = "7.0" }) },
    { "OnDemandMatchDomainsOnRetry", MDM_ARRAY, 0, strings,
      MDM_ON(.ios = { .deprecated = "7.0" }) },
    { "OnDemandRules", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, rule_keys }) },
    { 0 }
};


static const mdm_key_t  security_keys[] = {
    { "EncryptionAlgorithm", MDM_STRING,
      MDM_ONE_OF("DES", "3DES", "AES-128", "AES-256", "AES-128-GCM",
                 "AES-256-GCM", "ChaCha20Poly1305"), .preset = "AES-256" },
    { "IntegrityAlgorithm", MDM_STRING,
      MDM_ONE_OF("SHA1-96", "SHA1-160", "SHA2-256", "SHA2-384", "SHA2-512"),
      .preset = "SHA2-256" },
    { "DiffieHellmanGroup", MDM_INTEGER,
      MDM_ONE_OF("1", "2", "5", "14", "15", "16", "17", "18", "19", "20", "21",
                 "31", "32"), .preset = "14" },
    { "LifeTimeInMinutes", MDM_INTEGER, .min = "10", .max = "1440",
      .preset = "1440" },
    { 0 }
};


static const mdm_key_t  ikev2_keys[] = {
    { "RemoteAddress", MDM_STRING, MDM_NEEDED },
    { "LocalIdentifier", MDM_STRING, MDM_NEEDED },
    { "RemoteIdentifier", MDM_STRING, MDM_NEEDED },
    { "AuthenticationMethod", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("None", "SharedSecret", "Certificate") },
    { "CertificateType", MDM_STRING,
      MDM_ONE_OF("RSA", "ECDSA256", "ECDSA384", "ECDSA521", "RSA-PSS"),
      .preset = "RSA" },
    { "PayloadCertificateUUID", MDM_STRING },
    { "Password", MDM_STRING, MDM_SECRET },
    { "ProviderBundleIdentifier", MDM_STRING },
    { "ProviderDesignatedRequirement", MDM_STRING, MDM_ON(SYSTEM_EXTENSION) },
    { "SharedSecret", MDM_STRING, MDM_SECRET },
    { "ExtendedAuthEnabled", MDM_INTEGER, SWITCH, .preset = "0" },
    { "AuthName", MDM_STRING },
    { "AuthPassword", MDM_STRING, MDM_SECRET },
    { "OnDemandEnabled", MDM_INTEGER, SWITCH, .preset = "0" },
    { "OnDemandUserOverrideDisabled", MDM_INTEGER, SWITCH, .preset = "0",
      MDM_ON(.ios = { "14.0" }, .macos = { MDM_NEVER_THERE }) },
    { "OnDemandRules", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, rule_keys }) },
    { "DeadPeerDetectionRate", MDM_STRING,
      MDM_ONE_OF("None", "Low", "Medium", "High"), .preset = "Medium",
      MDM_ON(.watchos = { MDM_NEVER_THERE }) },
    { "ServerCertificateIssuerCommonName", MDM_STRING },
    { "ServerCertificateCommonName", MDM_STRING },
    { "TLSMinimumVersion", MDM_STRING, MDM_ONE_OF("1.0", "1.1", "1.2"),
      .preset = "1.0", MDM_ON(.ios = { "11.0" }, .macos = { "10.13" }) },
    { "TLSMaximumVersion", MDM_STRING, MDM_ONE_OF("1.0", "1.1", "1.2"),
      .preset = "1.2", MDM_ON(.ios = { "11.0" }, .macos = { "10.13" }) },
    { "UseConfigurationAttributeInternalIPSubnet", MDM_INTEGER, SWITCH,
      .preset = "0", MDM_ON(.ios = { "9.0" }) },
    { "DisableMOBIKE", MDM_INTEGER, SWITCH, .preset = "0",
      MDM_ON(.ios = { "9.0" }) },
    { "DisableRedirect", MDM_INTEGER, SWITCH, .preset = "0",
      MDM_ON(.ios = { "9.0" }) },
    { "DisconnectOnIdle", MDM_INTEGER, SWITCH, .preset = "0" },
    { "DisconnectOnIdleTimer", MDM_INTEGER },
    { "NATKeepAliveOffloadEnable", MDM_INTEGER, SWITCH, .preset = "1",
      MDM_ON(.ios = { "9.0" }) },

    /* in seconds */
    { "NATKeepAliveInterval", MDM_INTEGER, .preset = "20",
      MDM_ON(.ios = { "9.0" }) },
    { "EnablePFS", MDM_INTEGER, SWITCH, .preset = "0",
      MDM_ON(.ios = { "9.0" }) },
    { "EnableCertificateRevocationCheck", MDM_INTEGER, SWITCH, .preset = "0",
      MDM_ON(.ios = { "9.0" }) },
    { "EnableFallback", MDM_INTEGER, SWITCH, .preset = "0",
      MDM_ON(.ios = { "13.0" }, .macos = { MDM_NEVER_THERE },
             .watchos = { MDM_NEVER_THERE }) },

    /* in bytes */
    { "MTU", MDM_INTEGER, .min = "1280", .max = "1400", .preset = "1280",
      MDM_ON(.ios = { "14.0" }, .macos = { "11.0" }) },
    { "ProviderType", MDM_STRING, MDM_ONE_OF("packet-tunnel", "app-proxy"),
      .preset = "packet-tunnel" },
    { "IncludeAllNetworks", MDM_INTEGER, SWITCH, .preset = "0",
      MDM_ON(.ios = { "14.0" }, .macos = { "10.15" },
             .tvos = { MDM_NEVER_THERE }, .watchos = { MDM_NEVER_THERE }) },
    { "EnforceRoutes", MDM_INTEGER, SWITCH, .preset = "0",
      MDM_ON(.ios = { "14.2" }, .macos = { "11.0" },
             .watchos = { MDM_NEVER_THERE }) },
    { "ExcludeLocalNetworks", MDM_INTEGER, SWITCH,
      MDM_ON(.ios = { "14.2" }, .macos = { "10.15" },
             .tvos = { MDM_NEVER_THERE }, .watchos = { MDM_NEVER_THERE }) },
    { "ExcludeCellularServices", MDM_INTEGER, SWITCH, .preset = "1",
      MDM_ON(.ios = { "16.4" }, .macos = { "13.3" },
             .tvos = { MDM_NEVER_THERE }, .watchos = { MDM_NEVER_THERE }) },
    { "ExcludeAPNs", MDM_INTEGER, SWITCH, .preset = "1",
      MDM_ON(.ios = { "16.4" }, .macos = { "13.3" },
             .tvos = { MDM_NEVER_THERE }, .watchos = { MDM_NEVER_THERE }) },
    { "ExcludeDeviceCommunication", MDM_INTEGER, SWITCH, .preset = "1",
      MDM_ON(.ios = { "17.4" }, .macos = { "14.4" },
             .tvos = { MDM_NEVER_THERE }, .visionos = { "1.1" },
             .watchos = { MDM_NEVER_THERE }) },
    { "PPK", MDM_DATA, MDM_SECRET, MDM_ON(POST_QUANTUM) },
    { "PPKIdentifier", MDM_STRING, MDM_ON(POST_QUANTUM) },
    { "PPKMandatory", MDM_INTEGER, SWITCH, .preset = "1",
      MDM_ON(POST_QUANTUM) },
    { "IKESecurityAssociationParameters", MDM_DICTIONARY, 0, security_keys },
    { "ChildSecurityAssociationParameters", MDM_DICTIONARY, 0, security_keys },
    { 0 }
};


static const mdm_key_t  dns_keys[] = {
    { "DNSProtocol", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("Cleartext", "HTTPS", "TLS"),
      MDM_ON(.ios = { "14.0" }, .macos = { "11.0" }) },
    { "ServerURL", MDM_STRING, MDM_ON(.ios = { "14.0" }, .macos = { "11.0" }) },
    { "ServerName", MDM_STRING,
      MDM_ON(.ios = { "14.0" }, .macos = { "11.0" }) },
    { "ServerAddresses", MDM_ARRAY, MDM_NEEDED, strings,
      MDM_ON(.ios = { "10.0" }, .macos = { "10.12" }) },
    { "SearchDomains", MDM_ARRAY, 0, strings,
      MDM_ON(.ios = { "10.0" }, .macos = { "10.12" }) },
    { "DomainName", MDM_STRING,
      MDM_ON(.ios = { "10.0" }, .macos = { "10.12" }) },
    { "SupplementalMatchDomains", MDM_ARRAY, 0, strings,
      MDM_ON(.ios = { "10.0" }, .macos = { "10.12" }) },
    { "SupplementalMatchDomainsNoSearch", MDM_INTEGER, SWITCH, .preset = "0",
      MDM_ON(.ios = { "10.0" }, .macos = { "10.12" }) },
    { "PayloadCertificateUUID", MDM_STRING, .pattern = UUID,
      MDM_ON(.ios = { "16.0" }, .macos = { "13.0" }) },
    { 0 }
};


static const mdm_key_t  proxies_keys[] = {
    { "ProxyAutoConfigEnable", MDM_INTEGER, SWITCH },
    { "ProxyAutoDiscoveryEnable", MDM_INTEGER, SWITCH, .preset = "1" },
    { "ProxyAutoConfigURLString", MDM_STRING },
    { "SupplementalMatchDomains", MDM_ARRAY, 0, strings },
    { "HTTPEnable", MDM_INTEGER, SWITCH, .preset = "0" },
    { "HTTPProxy", MDM_STRING },
    { "HTTPPort", MDM_INTEGER, .min = "0", .max = "65535" },
    { "HTTPProxyUsername", MDM_STRING },
    { "HTTPProxyPassword", MDM_STRING, MDM_SECRET },
    { "HTTPSEnable", MDM_INTEGER, SWITCH, .preset = "0" },
    { "HTTPSProxy", MDM_STRING },
    { "HTTPSPort", MDM_INTEGER, .min = "0", .max = "65535" },
    { 0 }
};


static const mdm_key_t  tunnel_keys[] = {
    { "ProtocolType", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("IKEv2") },
    { "Interfaces", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_STRING, MDM_ONE_OF("Cellular", "WiFi") }) },
    { 0 }
};


static const mdm_key_t  service_keys[] = {
    { "ServiceName", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("VoiceMail", "AirPrint", "CellularServices",
                 "DeviceCommunication") },
    { "Action", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("Allow", "Drop") },
    { 0 }
};


static const mdm_key_t  application_keys[] = {
    { "BundleIdentifier", MDM_STRING, MDM_NEEDED },
    { "LimitToProtocols", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_STRING, MDM_ONE_OF("UDP") }) },
    { 0 }
};


static const mdm_key_t  plugin_keys[] = {
    { "BundleIdentifier", MDM_STRING, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  always_keys[] = {
    { "UIToggleEnabled", MDM_INTEGER, SWITCH, .preset = "0" },
    { "TunnelConfigurations", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, tunnel_keys }) },
    { "ServiceExceptions", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, service_keys }) },
    { "ApplicationExceptions", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, application_keys }),
      MDM_ON(.ios = { "13.6" }) },
    { "AllowCaptiveWebSheet", MDM_INTEGER, SWITCH, .preset = "0" },
    { "AllowAllCaptiveNetworkPlugins", MDM_INTEGER, SWITCH, .preset = "0" },
    { "AllowedCaptiveNetworkPlugins", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, plugin_keys }) },
    { 0 }
};


static const mdm_key_t  transparent_keys[] = {
    { "AuthenticationMethod", MDM_STRING,
      MDM_ONE_OF("Password", "Certificate", "Password+Certificate"),
      .preset = "Password" },
    { "DisconnectOnIdle", MDM_INTEGER, SWITCH, .preset = "0" },
    { "DisconnectOnIdleTimer", MDM_INTEGER },
    { "EnforceRoutes", MDM_INTEGER, SWITCH, .preset = "0" },
    { "OnDemandEnabled", MDM_INTEGER, SWITCH, .preset = "0" },
    { "OnDemandRules", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, rule_keys }) },
    { "PayloadCertificateUUID", MDM_STRING },
    { "Password", MDM_STRING, MDM_SECRET },
    { "ProviderBundleIdentifier", MDM_STRING },
    { "ProviderDesignatedRequirement", MDM_STRING },
    { "ProviderType", MDM_STRING, MDM_ONE_OF("packet-tunnel", "app-proxy"),
      .preset = "packet-tunnel" },
    { "Order", MDM_INTEGER },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "VPNType", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("VPN", "L2TP", "IPSec", "IKEv2", "AlwaysOn",
                 "TransparentProxy") },
    { "VPNSubType", MDM_STRING },
    { "UserDefinedName", MDM_STRING, MDM_NEEDED },
    { "VendorConfig", MDM_DICTIONARY, 0, vendor_keys },
    { "VPN", MDM_DICTIONARY, 0, vpn_keys },
    { "IPv4", MDM_DICTIONARY, 0, ipv4_keys,
      MDM_ON(.tvos = { MDM_NEVER_THERE }) },
    { "PPP", MDM_DICTIONARY, 0, ppp_keys, MDM_ON(.tvos = { MDM_NEVER_THERE }) },
    { "IPSec", MDM_DICTIONARY, 0, ipsec_keys,
      MDM_ON(.tvos = { MDM_NEVER_THERE }) },

    /* beside AlwaysOn, too */
    { "IKEv2", MDM_DICTIONARY, 0, ikev2_keys, MDM_ON(.watchos = { "10.0" }) },
    { "DNS", MDM_DICTIONARY, 0, dns_keys, MDM_ON(.watchos = { "10.0" }) },
    { "Proxies", MDM_DICTIONARY, 0, proxies_keys,
      MDM_ON(.watchos = { "10.0" }) },
    { "AlwaysOn", MDM_DICTIONARY, 0, always_keys,
      MDM_ON(.ios = { "8.0" }, .macos = { MDM_NEVER_THERE },
             .tvos = { MDM_NEVER_THERE }) },
    { "TransparentProxy", MDM_DICTIONARY, 0, transparent_keys,
      MDM_ON(.ios = { MDM_NEVER_THERE }, .macos = { "14.0" },
             .tvos = { MDM_NEVER_THERE }, .visionos = { MDM_NEVER_THERE }) },
    { 0 }
};


const mdm_type_t  vpn = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.vpn.managed",
    .title = "VPN",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    size_t             i;
    const char        *dictionary;
    const mdm_host_t  *host;

    host = call->host;
    good = validate_type(call, value);

    for (i = 0; vpn_types[i].type != NULL; i++) {
        dictionary = vpn_types[i].dictionary;

        if (host->get(value, dictionary) == NULL) {
            continue;
        }

        if (!validate_credentials(call, value, dictionary)) {
            good = false;
        }

        if (!validate_rules(call, value, dictionary)) {
            good = false;
        }
    }

    if (!validate_ikev2(call, host->get(value, "IKEv2"))) {
        good = false;
    }

    return validate_dns(call, host->get(value, "DNS")) && good;
}


static bool
validate_type(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    size_t             i;
    const mdm_host_t  *host;
    const vpn_type_t  *type;

    host = call->host;
    good = true;

    for (i = 0; vpn_types[i].type != NULL; i++) {
        type = &vpn_types[i];

        if (is(call, value, "VPNType", type->type)
            && host->get(value, type->dictionary) == NULL)
        {
            host->fault(call, type->dictionary,
                        "must be there for this VPNType");
            good = false;
        }
    }

    if ((is(call, value, "VPNType", "VPN")
         || is(call, value, "VPNType", "TransparentProxy"))
        && host->text(host->get(value, "VPNSubType")).len == 0)
    {
        host->fault(call, "VPNSubType",
                    "must name the app or the maker for this VPNType");
        good = false;
    }

    if (is(call, value, "VPNType", "IKEv2")
        && host->text(host->get(value, "VPNSubType")).len != 0)
    {
        host->fault(call, "VPNSubType",
                    "must be absent or empty when VPNType is IKEv2");
        good = false;
    }

    if (host->get(value, "VendorConfig") != NULL
        && host->get(value, "VPNSubType") == NULL)
    {
        host->warn(call, "VendorConfig", "is not read without VPNSubType");
    }

    return good;
}


static bool
validate_credentials(mdm_call_t *call, const mdm_node_t *value,
    const char *dictionary)
{
    const mdm_node_t  *vpn;

    vpn = call->host->get(value, dictionary);

    if ((is(call, vpn, "AuthenticationMethod", "Certificate")
         || is(call, vpn, "AuthenticationMethod", "Password+Certificate"))
        && missing(call, value, dictionary, "PayloadCertificateUUID",
                   "must be there for this AuthenticationMethod"))
    {
        return false;
    }

    if (is(call, vpn, "AuthenticationMethod", "SharedSecret")
        && missing(call, value, dictionary, "SharedSecret",
                   "must be there for this AuthenticationMethod"))
    {
        return false;
    }

    return true;
}


static bool
validate_ikev2(mdm_call_t *call, const mdm_node_t *ikev2)
{
    bool               good;
    mdm_text_t         min, max;
    const mdm_host_t  *host;

    host = call->host;
    good = true;

    if (is(call, ikev2, "AuthenticationMethod", "None")
        && host->integer(host->get(ikev2, "ExtendedAuthEnabled")) != 1)
    {
        host->warn(call, "IKEv2.AuthenticationMethod",
                   "is None, which means SharedSecret unless "
                   "ExtendedAuthEnabled is 1");
    }

    if ((host->get(ikev2, "PPK") == NULL)
        != (host->get(ikev2, "PPKIdentifier") == NULL))
    {
        host->fault(call, "IKEv2.PPKIdentifier",
                    "must be there with PPK, and PPK with it");
        good = false;
    }

    /* all that are allowed are of one length, "1.0" to "1.2" */

    min = host->text(host->get(ikev2, "TLSMinimumVersion"));
    max = host->text(host->get(ikev2, "TLSMaximumVersion"));

    if (min.len == 3 && max.len == 3 && memcmp(min.data, max.data, 3) > 0) {
        host->fault(call, "IKEv2.TLSMinimumVersion",
                    "must not be above TLSMaximumVersion");
        good = false;
    }

    return good;
}


static bool
validate_dns(mdm_call_t *call, const mdm_node_t *dns)
{
    const mdm_host_t  *host;

    host = call->host;

    if (is(call, dns, "DNSProtocol", "HTTPS")
        && host->get(dns, "ServerURL") == NULL)
    {
        host->fault(call, "DNS.ServerURL",
                    "must be there when DNSProtocol is HTTPS");
        return false;
    }

    if (is(call, dns, "DNSProtocol", "TLS")
        && host->get(dns, "ServerName") == NULL)
    {
        host->fault(call, "DNS.ServerName",
                    "must be there when DNSProtocol is TLS");
        return false;
    }

    return true;
}


static bool
validate_rules(mdm_call_t *call, const mdm_node_t *value,
    const char *dictionary)
{
    bool               good;
    char               path[80];
    size_t             i, n;
    const mdm_host_t  *host;
    const mdm_node_t  *list, *rule;

    host = call->host;
    list = host->get(host->get(value, dictionary), "OnDemandRules");
    n = host->count(list);
    good = true;

    for (i = 0; i < n; i++) {
        rule = host->item(list, i);

        if (is(call, rule, "Action", "EvaluateConnection")
            && host->get(rule, "ActionParameters") == NULL)
        {
            snprintf(path, sizeof(path), "%s.OnDemandRules[%zu]."
                     "ActionParameters", dictionary, i);
            host->fault(call, path,
                        "must be there when Action is EvaluateConnection");
            good = false;
        }
    }

    return good;
}


static bool
missing(mdm_call_t *call, const mdm_node_t *value, const char *dictionary,
    const char *key, const char *rule)
{
    char  path[80];

    if (call->host->get(call->host->get(value, dictionary), key) != NULL) {
        return false;
    }

    snprintf(path, sizeof(path), "%s.%s", dictionary, key);
    call->host->fault(call, path, rule);
    return true;
}


static bool
is(mdm_call_t *call, const mdm_node_t *dict, const char *key,
    const char *wanted)
{
    mdm_text_t  text;

    text = call->host->text(call->host->get(dict, key));

    return text.len == strlen(wanted)
           && memcmp(text.data, wanted, text.len) == 0;
}
