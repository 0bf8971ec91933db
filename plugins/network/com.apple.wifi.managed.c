
/*
 * com.apple.wifi.managed: one network to join, with its password or with
 * 802.1X, with its proxy, and with what Hotspot 2.0 knows it by.
 */


#include "network.h"


#define NOT_FOR_USERS                                                         \
    .ios = { .user_enrollment = MDM_FORBIDDEN },                              \
    .macos = { .user_enrollment = MDM_FORBIDDEN },                            \
    .visionos = { .user_enrollment = MDM_FORBIDDEN }

#define HOTSPOT_2  .ios = { "7.0" }, .macos = { "10.9" }


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static void warn_of_password(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .ios = { "4.0", .many = MDM_YES, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES },
    .tvos = { "9.0", .many = MDM_YES },
    .visionos = { "1.0", .many = MDM_YES },
    .watchos = { "3.2", .many = MDM_YES }
};


static const mdm_key_t  qos_keys[] = {
    { "QoSMarkingAllowListAppIdentifiers", MDM_ARRAY, 0, network_strings,
      MDM_ON(.ios = { "14.5" }, .macos = { "14.0" }) },
    { "QoSMarkingWhitelistedAppIdentifiers", MDM_ARRAY, 0, network_strings,
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
    { "EAPClientConfiguration", MDM_DICTIONARY, 0, network_eap },
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
    { "NAIRealmNames", MDM_ARRAY, 0, network_strings, MDM_ON(HOTSPOT_2) },
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
    bool               good;
    const mdm_host_t  *host;

    host = call->host;
    good = true;

    if (host->get(value, "SSID_STR") == NULL
        && host->get(value, "DomainName") == NULL)
    {
        host->fault(call, "SSID_STR",
                    "must be there, or DomainName for Hotspot 2.0");
        good = false;
    }

    warn_of_password(call, value);

    if (!network_validate_eap(call, value)) {
        good = false;
    }

    return network_validate_proxy(call, value, "None") && good;
}


/* Neither is wrong: a person may be asked for what is absent. */

static void
warn_of_password(mdm_call_t *call, const mdm_node_t *value)
{
    bool               eap, there;
    const mdm_host_t  *host;

    host = call->host;
    eap = host->get(value, "EAPClientConfiguration") != NULL;
    there = host->get(value, "Password") != NULL;

    if (network_is(call, value, "EncryptionType", "None") && (eap || there)) {
        host->warn(call, "EncryptionType", "is None, so the password or "
                   "EAPClientConfiguration is not used");
    }

    /* "Any" may turn out to be an open network */

    if (!eap && !there && host->get(value, "PayloadCertificateUUID") == NULL
        && (network_is(call, value, "EncryptionType", "WEP")
            || network_is(call, value, "EncryptionType", "WPA")
            || network_is(call, value, "EncryptionType", "WPA2")
            || network_is(call, value, "EncryptionType", "WPA3")))
    {
        host->warn(call, "Password", "is absent, and so is "
                   "EAPClientConfiguration: the device cannot join by itself");
    }
}
