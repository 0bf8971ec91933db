
/*
 * The dictionaries of a VPN, for all traffic and for apps alike: VPNType says
 * which of them holds its settings.  What is a switch here is 0 or 1, no
 * boolean.
 */


#include "vpn.h"


#define SWITCH  MDM_ONE_OF("0", "1")

/* where a provider may be a system extension */
#define SYSTEM_EXTENSION                                                      \
    .ios = NEVER, .macos = { "10.15" }, .visionos = NEVER

#define POST_QUANTUM                                                          \
    .ios = { "18.0" }, .macos = { "15.0" }, .tvos = { "18.0" },               \
    .visionos = { "2.0" }, .watchos = { "11.0" }


static const mdm_key_t  strings[] = {
    { NULL, MDM_STRING },
    { 0 }
};


const mdm_key_t  vpn_vendor[] = {
    { "Realm", MDM_STRING },
    { "Role", MDM_STRING },
    { "Group", MDM_STRING },
    { "LoginGroupOrDomain", MDM_STRING },

    /* the makers of VPNs add keys of their own, some of them secret */
    { "*", MDM_ANY, MDM_SECRET },
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


const mdm_key_t  vpn_app[] = {
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
             .tvos = NEVER) },
    { "EnforceRoutes", MDM_INTEGER, SWITCH, .preset = "0",
      MDM_ON(.ios = { "14.2" }, .macos = { "11.0" }) },
    { "ExcludeLocalNetworks", MDM_INTEGER, SWITCH,
      MDM_ON(.ios = { "14.2" }, .macos = { "10.15" },
             .tvos = NEVER) },
    { "ExcludeCellularServices", MDM_INTEGER, SWITCH, .preset = "1",
      MDM_ON(.ios = { "16.4" }, .macos = { "13.3" },
             .tvos = NEVER) },
    { "ExcludeAPNs", MDM_INTEGER, SWITCH, .preset = "1",
      MDM_ON(.ios = { "16.4" }, .macos = { "13.3" },
             .tvos = NEVER) },
    { "ExcludeDeviceCommunication", MDM_INTEGER, SWITCH, .preset = "1",
      MDM_ON(.ios = { "17.4" }, .macos = { "14.4" },
             .tvos = NEVER, .visionos = { "1.1" }) },
    { "OnDemandEnabled", MDM_INTEGER, SWITCH, .preset = "0" },
    { "OnDemandUserOverrideDisabled", MDM_INTEGER, SWITCH, .preset = "0",
      MDM_ON(.ios = { "14.0" }, .macos = NEVER) },

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


const mdm_key_t  vpn_ipv4[] = {
    { "OverridePrimary", MDM_INTEGER, SWITCH, .preset = "0" },
    { 0 }
};


const mdm_key_t  vpn_ppp[] = {
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


const mdm_key_t  vpn_ipsec[] = {
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


const mdm_key_t  vpn_ikev2[] = {
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
      MDM_ON(.ios = { "14.0" }, .macos = NEVER) },
    { "OnDemandRules", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, rule_keys }) },
    { "DeadPeerDetectionRate", MDM_STRING,
      MDM_ONE_OF("None", "Low", "Medium", "High"), .preset = "Medium",
      MDM_ON(.watchos = NEVER) },
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
      MDM_ON(.ios = { "13.0" }, .macos = NEVER,
             .watchos = NEVER) },

    /* in bytes */
    { "MTU", MDM_INTEGER, .min = "1280", .max = "1400", .preset = "1280",
      MDM_ON(.ios = { "14.0" }, .macos = { "11.0" }) },
    { "ProviderType", MDM_STRING, MDM_ONE_OF("packet-tunnel", "app-proxy"),
      .preset = "packet-tunnel" },
    { "IncludeAllNetworks", MDM_INTEGER, SWITCH, .preset = "0",
      MDM_ON(.ios = { "14.0" }, .macos = { "10.15" },
             .tvos = NEVER, .watchos = NEVER) },
    { "EnforceRoutes", MDM_INTEGER, SWITCH, .preset = "0",
      MDM_ON(.ios = { "14.2" }, .macos = { "11.0" },
             .watchos = NEVER) },
    { "ExcludeLocalNetworks", MDM_INTEGER, SWITCH,
      MDM_ON(.ios = { "14.2" }, .macos = { "10.15" },
             .tvos = NEVER, .watchos = NEVER) },
    { "ExcludeCellularServices", MDM_INTEGER, SWITCH, .preset = "1",
      MDM_ON(.ios = { "16.4" }, .macos = { "13.3" },
             .tvos = NEVER, .watchos = NEVER) },
    { "ExcludeAPNs", MDM_INTEGER, SWITCH, .preset = "1",
      MDM_ON(.ios = { "16.4" }, .macos = { "13.3" },
             .tvos = NEVER, .watchos = NEVER) },
    { "ExcludeDeviceCommunication", MDM_INTEGER, SWITCH, .preset = "1",
      MDM_ON(.ios = { "17.4" }, .macos = { "14.4" },
             .tvos = NEVER, .visionos = { "1.1" },
             .watchos = NEVER) },
    { "PPK", MDM_DATA, MDM_SECRET, MDM_ON(POST_QUANTUM) },
    { "PPKIdentifier", MDM_STRING, MDM_ON(POST_QUANTUM) },
    { "PPKMandatory", MDM_INTEGER, SWITCH, .preset = "1",
      MDM_ON(POST_QUANTUM) },
    { "IKESecurityAssociationParameters", MDM_DICTIONARY, 0, security_keys },
    { "ChildSecurityAssociationParameters", MDM_DICTIONARY, 0, security_keys },
    { 0 }
};


const mdm_key_t  vpn_dns[] = {
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


const mdm_key_t  vpn_proxies[] = {
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


const mdm_key_t  vpn_always_on[] = {
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


const mdm_key_t  vpn_transparent[] = {
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
