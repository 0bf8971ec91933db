
/*
 * com.apple.wifi.managed: one network to join, with its password or with
 * 802.1X, with its proxy, and with what Hotspot 2.0 knows it by.
 */


#include <string.h>

#include "network.h"


#define NOT_FOR_USERS                                                         \
    .ios = { .user_enrollment = MDM_FORBIDDEN },                              \
    .macos = { .user_enrollment = MDM_FORBIDDEN },                            \
    .visionos = { .user_enrollment = MDM_FORBIDDEN }

#define HOTSPOT_2  .ios = { "7.0" }, .macos = { "10.9" }

#define EAP_TLS  13


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool validate_proxy(mdm_call_t *call, const mdm_node_t *value);
static bool validate_eap(mdm_call_t *call, const mdm_node_t *value,
    const mdm_node_t *eap);
static bool only_tls(mdm_call_t *call, const mdm_node_t *types);
static bool is(mdm_call_t *call, const mdm_node_t *dict, const char *key,
    const char *wanted);


static const mdm_systems_t  systems = {
    .ios = { "4.0", .many = MDM_YES, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES },
    .tvos = { "9.0", .many = MDM_YES },
    .visionos = { "1.0", .many = MDM_YES },
    .watchos = { "3.2", .many = MDM_YES }
};


static const mdm_key_t  strings[] = {
    { NULL, MDM_STRING },
    { 0 }
};


static const mdm_key_t  eap_keys[] = {
    { "AcceptEAPTypes", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_INTEGER, MDM_ONE_OF("13", "17", "18", "21", "23",
                                            "25", "43") }) },
    { "UserName", MDM_STRING },
    { "UserPassword", MDM_STRING, MDM_SECRET },
    { "PayloadCertificateAnchorUUID", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_STRING, .pattern = UUID }) },
    { "TLSTrustedCertificates", MDM_ARRAY, 0, strings },
    { "TLSTrustedServerNames", MDM_ARRAY, 0, strings },
    { "TLSAllowTrustExceptions", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.ios = { .removed = "8.0" }, .visionos = { MDM_NEVER_THERE }) },
    { "TLSCertificateIsRequired", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "7.0" }) },
    { "TTLSInnerAuthentication", MDM_STRING,
      MDM_ONE_OF("PAP", "EAP", "CHAP", "MSCHAP", "MSCHAPv2"),
      .preset = "MSCHAPv2" },
    { "TLSMinimumVersion", MDM_STRING, MDM_ONE_OF("1.0", "1.1", "1.2", "1.3"),
      .preset = "1.0",
      MDM_ON(.ios = { "11.0" }, .macos = { "10.13" }, .tvos = { "11.0" }) },
    { "TLSMaximumVersion", MDM_STRING, MDM_ONE_OF("1.0", "1.1", "1.2", "1.3"),
      .preset = "1.2",
      MDM_ON(.ios = { "11.0" }, .macos = { "10.13" }, .tvos = { "11.0" }) },
    { "OuterIdentity", MDM_STRING },
    { "EAPFASTUsePAC", MDM_BOOLEAN, .preset = "false" },
    { "EAPFASTProvisionPAC", MDM_BOOLEAN, .preset = "false" },
    { "EAPFASTProvisionPACAnonymously", MDM_BOOLEAN, .preset = "false" },

    /* of EAP-SIM alone */
    { "EAPSIMNumberOfRANDs", MDM_INTEGER, MDM_ONE_OF("2", "3"), .preset = "3",
      MDM_ON(.ios = { "8.0" }) },
    { "SystemModeCredentialsSource", MDM_STRING },
    { "SystemModeUseOpenDirectoryCredentials", MDM_BOOLEAN, .preset = "false" },
    { "OneTimeUserPassword", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "8.0" }, .macos = { "10.8" }, .tvos = { "9.0" }) },
    { 0 }
};


static const mdm_key_t  qos_keys[] = {
    { "QoSMarkingAllowListAppIdentifiers", MDM_ARRAY, 0, strings,
      MDM_ON(.ios = { "14.5" }, .macos = { "14.0" }) },
    { "QoSMarkingWhitelistedAppIdentifiers", MDM_ARRAY, 0, strings,
      MDM_ON(.ios = { .deprecated = "14.5" }, .macos = { .deprecated = "14.0" },
             .visionos = { MDM_NEVER_THERE }) },
    { "QoSMarkingAppleAudioVideoCalls", MDM_BOOLEAN, .preset = "true" },
    { "QoSMarkingEnabled", MDM_BOOLEAN, .preset = "true" },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "AutoJoin", MDM_BOOLEAN, .preset = "true", MDM_ON(.ios = { "5.0" }) },
    { "SSID_STR", MDM_STRING, MDM_ON(.ios = { "7.0" }) },
    { "HIDDEN_NETWORK", MDM_BOOLEAN, .preset = "false" },

    /* a Mac of its user may be told a proxy type and password, but no server */
    { "ProxyType", MDM_STRING, MDM_ONE_OF("None", "Manual", "Auto"),
      .preset = "None",
      MDM_ON(.ios = { .user_enrollment = MDM_FORBIDDEN },
             .visionos = { .user_enrollment = MDM_FORBIDDEN }) },
    { "EncryptionType", MDM_STRING,
      MDM_ONE_OF("WEP", "WPA", "WPA2", "WPA3", "Any", "None"),
      .preset = "Any" },
    { "Password", MDM_STRING, MDM_SECRET },
    { "PayloadCertificateUUID", MDM_STRING, .pattern = UUID },
    { "EAPClientConfiguration", MDM_DICTIONARY, 0, eap_keys },
    { "DisplayedOperatorName", MDM_STRING, MDM_ON(HOTSPOT_2) },
    { "DomainName", MDM_STRING, MDM_ON(HOTSPOT_2) },

    /*
     * three or five bytes in hex; the expression, as the devices', holds the
     * first alternative only to its beginning
     */
    { "RoamingConsortiumOIs", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_STRING,
                 .pattern = "^([0-9A-Za-z]{6})|([0-9A-Za-z]{9})$" }),
      MDM_ON(HOTSPOT_2) },
    { "ServiceProviderRoamingEnabled", MDM_BOOLEAN, .preset = "false",
      MDM_ON(HOTSPOT_2) },
    { "IsHotspot", MDM_BOOLEAN, .preset = "false", MDM_ON(HOTSPOT_2) },
    { "HESSID", MDM_STRING, MDM_ON(.ios = { "7.0" }) },
    { "NAIRealmNames", MDM_ARRAY, 0, strings, MDM_ON(HOTSPOT_2) },
    { "MCCAndMNCs", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_STRING, .pattern = "^[0-9]{6}$" }),
      MDM_ON(.ios = { "7.0" }, .macos = { MDM_NEVER_THERE }) },
    { "CaptiveBypass", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "10.0" }, .macos = { MDM_NEVER_THERE }) },
    { "QoSMarkingPolicy", MDM_DICTIONARY, 0, qos_keys,
      MDM_ON(.ios = { "10.0" }, .macos = { "10.13" }) },
    { "SetupModes", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_STRING, MDM_ONE_OF("System", "Loginwindow") }),
      MDM_ON(.ios = { MDM_NEVER_THERE }, .macos = { "10.7" },
             .tvos = { MDM_NEVER_THERE }, .visionos = { MDM_NEVER_THERE },
             .watchos = { MDM_NEVER_THERE }) },
    { "EnableIPv6", MDM_BOOLEAN, .preset = "true" },
    { "TLSCertificateRequired", MDM_BOOLEAN, .preset = "false" },
    { "ProxyServer", MDM_STRING, MDM_ON(NOT_FOR_USERS) },
    { "ProxyServerPort", MDM_INTEGER, .min = "0", .max = "65535",
      MDM_ON(NOT_FOR_USERS) },
    { "ProxyUsername", MDM_STRING, MDM_ON(NOT_FOR_USERS) },
    { "ProxyPassword", MDM_STRING, MDM_SECRET,
      MDM_ON(.ios = { .user_enrollment = MDM_FORBIDDEN },
             .visionos = { .user_enrollment = MDM_FORBIDDEN }) },
    { "ProxyPACURL", MDM_STRING, MDM_ON(NOT_FOR_USERS) },
    { "ProxyPACFallbackAllowed", MDM_BOOLEAN, .preset = "false",
      MDM_ON(NOT_FOR_USERS) },
    { "DisableAssociationMACRandomization", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "14.0", .user_enrollment = MDM_FORBIDDEN },
             .macos = { "15.0", .user_enrollment = MDM_FORBIDDEN },
             .tvos = { MDM_NEVER_THERE },
             .visionos = { .user_enrollment = MDM_FORBIDDEN },
             .watchos = { "7.0" }) },
    { 0 }
};


const mdm_type_t  wifi = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.wifi.managed",
    .title = "Wi-Fi",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good, encrypted;
    const mdm_host_t  *host;
    const mdm_node_t  *eap;

    host = call->host;
    good = true;

    if (host->get(value, "SSID_STR") == NULL
        && host->get(value, "DomainName") == NULL)
    {
        host->fault(call, "SSID_STR",
                    "must be there, or DomainName for Hotspot 2.0");
        good = false;
    }

    /* "Any" may turn out to be an open network */

    encrypted = is(call, value, "EncryptionType", "WEP")
                || is(call, value, "EncryptionType", "WPA")
                || is(call, value, "EncryptionType", "WPA2")
                || is(call, value, "EncryptionType", "WPA3");

    eap = host->get(value, "EAPClientConfiguration");

    if (encrypted && eap == NULL && host->get(value, "Password") == NULL
        && host->get(value, "PayloadCertificateUUID") == NULL)
    {
        host->fault(call, "Password", "must be there for this EncryptionType, "
                    "or EAPClientConfiguration in its place");
        good = false;
    }

    if (is(call, value, "EncryptionType", "None")
        && (eap != NULL || host->get(value, "Password") != NULL))
    {
        host->warn(call, "EncryptionType",
                   "is None, so the password or EAPClientConfiguration is "
                   "not used");
    }

    if (eap != NULL && !validate_eap(call, value, eap)) {
        good = false;
    }

    return validate_proxy(call, value) && good;
}


static bool
validate_proxy(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    const mdm_host_t  *host;

    host = call->host;
    good = true;

    if (!is(call, value, "ProxyType", "Manual")) {

        if (host->get(value, "ProxyServer") != NULL) {
            host->warn(call, "ProxyServer",
                       "is used only when ProxyType is Manual");
        }

        return true;
    }

    if (host->get(value, "ProxyServer") == NULL) {
        host->fault(call, "ProxyServer",
                    "must be there when ProxyType is Manual");
        good = false;
    }

    if (host->get(value, "ProxyServerPort") == NULL) {
        host->fault(call, "ProxyServerPort",
                    "must be there when ProxyType is Manual");
        good = false;
    }

    return good;
}


static bool
validate_eap(mdm_call_t *call, const mdm_node_t *value, const mdm_node_t *eap)
{
    bool               good;
    mdm_text_t         min, max;
    const mdm_host_t  *host;

    host = call->host;
    good = true;

    if (only_tls(call, host->get(eap, "AcceptEAPTypes"))
        && host->get(value, "PayloadCertificateUUID") == NULL)
    {
        host->warn(call, "PayloadCertificateUUID", "names no identity, and "
                   "EAP-TLS is the only type that is accepted");
    }

    if (host->get(eap, "SystemModeCredentialsSource") != NULL
        && host->boolean(host->get(eap,
                                   "SystemModeUseOpenDirectoryCredentials")))
    {
        host->fault(call, "EAPClientConfiguration.SystemModeCredentialsSource",
                    "must be absent when SystemModeUseOpenDirectoryCredentials "
                    "is true");
        good = false;
    }

    if (host->boolean(host->get(eap, "EAPFASTProvisionPAC"))
        && !host->boolean(host->get(eap, "EAPFASTUsePAC")))
    {
        host->warn(call, "EAPClientConfiguration.EAPFASTProvisionPAC",
                   "has no effect unless EAPFASTUsePAC is true");
    }

    /* all that are allowed are of one length, "1.0" to "1.3" */

    min = host->text(host->get(eap, "TLSMinimumVersion"));
    max = host->text(host->get(eap, "TLSMaximumVersion"));

    if (min.len == 3 && max.len == 3 && memcmp(min.data, max.data, 3) > 0) {
        host->fault(call, "EAPClientConfiguration.TLSMinimumVersion",
                    "must not be above TLSMaximumVersion");
        good = false;
    }

    return good;
}


static bool
only_tls(mdm_call_t *call, const mdm_node_t *types)
{
    size_t             i, n;
    const mdm_host_t  *host;

    host = call->host;
    n = host->count(types);

    for (i = 0; i < n; i++) {
        if (host->integer(host->item(types, i)) != EAP_TLS) {
            return false;
        }
    }

    return n > 0;
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
