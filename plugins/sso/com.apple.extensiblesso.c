
/*
 * com.apple.extensiblesso: an app extension that signs users in at websites
 * and in apps.  Apple's own for Kerberos is a variant of it, with keys of its
 * own in ExtensionData; of all others nobody but their makers knows these.
 */


#include <stdio.h>

#include "sso.h"
#include "../text.h"


#define KERBEROS  "com.apple.AppSSOKerberos.KerberosExtension"


static bool validate_kerberos(mdm_call_t *call, const mdm_node_t *value);
static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool validate_urls(mdm_call_t *call, const mdm_node_t *urls);
static bool validate_platform(mdm_call_t *call, const mdm_node_t *value);
static bool validate_users(mdm_call_t *call, const mdm_node_t *platform);
static bool validate_token(mdm_call_t *call, const mdm_node_t *value);
static bool allows(mdm_call_t *call, const mdm_node_t *platform,
    const char *policy);
static bool is(mdm_call_t *call, const mdm_node_t *node, const char *wanted);


static const mdm_systems_t  systems = {
    .ios = { "13.0", .by_hand = MDM_NO, .many = MDM_YES,
             .shared_device_channel = MDM_NO, .shared_user_channel = MDM_YES },
    .macos = { "10.15", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .user_approved = MDM_YES, .by_hand = MDM_NO, .many = MDM_YES },
    .visionos = { "1.1", .by_hand = MDM_NO, .many = MDM_YES }
};


static const mdm_key_t  strings[] = {
    { NULL, MDM_STRING },
    { 0 }
};


static const mdm_key_t  realm_keys[] = {
    /* each realm by its name, with suffixes of host names */
    { "*", MDM_ARRAY, 0, strings },
    { 0 }
};


static const mdm_key_t  kerberos_data_keys[] = {
    { "cacheName", MDM_STRING,
      MDM_ON(.ios = { .deprecated = "15.0" },
             .macos = { .deprecated = "12.0" }) },
    { "principalName", MDM_STRING },
    { "siteCode", MDM_STRING },
    { "certificateUUID", MDM_STRING },
    { "useSiteAutoDiscovery", MDM_BOOLEAN, .preset = "true" },
    { "credentialBundleIdACL", MDM_ARRAY, 0, strings },
    { "includeManagedAppsInBundleIdACL", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "14.0" }, .macos = { "12.0" }) },
    { "includeKerberosAppsInBundleIdACL", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = NEVER, .macos = { "12.0" }, .visionos = NEVER) },
    { "domainRealmMapping", MDM_DICTIONARY, 0, realm_keys },
    { "isDefaultRealm", MDM_BOOLEAN, .preset = "false" },
    { "customUsernameLabel", MDM_STRING,
      MDM_ON(.ios = { "14.0" }, .macos = { "11.0" }) },
    { "helpText", MDM_STRING, MDM_ON(.ios = { "14.0" }, .macos = { "11.0" }) },
    { "allowPasswordChange", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.ios = NEVER, .visionos = NEVER) },
    { "allowAutomaticLogin", MDM_BOOLEAN, .preset = "true" },
    { "requireUserPresence", MDM_BOOLEAN, .preset = "false" },

    /* in days, as pwNotificationDays */
    { "pwExpireOverride", MDM_INTEGER,
      MDM_ON(.ios = NEVER, .macos = { .deprecated = "12.0" },
             .visionos = NEVER) },
    { "pwNotificationDays", MDM_INTEGER, .preset = "15",
      MDM_ON(.ios = NEVER, .visionos = NEVER) },
    { "pwReqLength", MDM_INTEGER, MDM_ON(.ios = NEVER, .visionos = NEVER) },
    { "pwReqComplexity", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = NEVER, .visionos = NEVER) },
    { "pwReqMinAge", MDM_INTEGER, MDM_ON(.ios = NEVER, .visionos = NEVER) },
    { "pwReqHistory", MDM_INTEGER, MDM_ON(.ios = NEVER, .visionos = NEVER) },
    { "pwReqText", MDM_STRING, MDM_ON(.ios = NEVER, .visionos = NEVER) },
    { "pwReqRTFData", MDM_DATA,
      MDM_ON(.ios = NEVER, .macos = { "15.0" }, .visionos = NEVER) },
    { "pwChangeURL", MDM_STRING, MDM_ON(.ios = NEVER, .visionos = NEVER) },
    { "syncLocalPassword", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = NEVER, .visionos = NEVER) },

    /* in seconds */
    { "replicationTime", MDM_INTEGER, .preset = "900",
      MDM_ON(.ios = NEVER, .macos = { "11.0", .deprecated = "12.0" },
             .visionos = NEVER) },
    { "delayUserSetup", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = NEVER, .macos = { "11.0" }, .visionos = NEVER) },
    { "monitorCredentialsCache", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.ios = NEVER, .macos = { "11.0" }, .visionos = NEVER) },
    { "requireTLSForLDAP", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "14.0" }, .macos = { "11.0" }) },
    { "credentialUseMode", MDM_STRING,
      MDM_ONE_OF("always", "whenNotSpecified", "kerberosDefault"),
      .preset = "always", MDM_ON(.ios = { "14.0" }, .macos = { "11.0" }) },
    { "preferredKDCs", MDM_ARRAY, 0, strings,
      MDM_ON(.ios = { "15.0" }, .macos = { "12.0" }) },
    { "usePlatformSSOTGT", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = NEVER, .macos = { "13.0" }, .visionos = NEVER) },
    { "allowPlatformSSOAuthFallback", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.ios = NEVER, .macos = { "13.0" }, .visionos = NEVER) },
    { "performKerberosOnly", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "16.0" }, .macos = { "13.0" }) },
    { "identityIssuerAutoSelectFilter", MDM_STRING,
      MDM_ON(.ios = NEVER, .macos = { "15.0" }, .visionos = NEVER) },
    { "allowSmartCard", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.ios = NEVER, .macos = { "15.0" }, .visionos = NEVER) },
    { "allowPassword", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.ios = NEVER, .macos = { "15.0" }, .visionos = NEVER) },
    { "startInSmartCardMode", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = NEVER, .macos = { "15.0" }, .visionos = NEVER) },
    { 0 }
};


static const mdm_key_t  kerberos_keys[] = {
    { "ExtensionIdentifier", MDM_STRING, MDM_NEEDED, MDM_ONE_OF(KERBEROS) },
    { "TeamIdentifier", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("apple") },
    { "Type", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("Credential") },
    { "Realm", MDM_STRING, MDM_NEEDED },
    { "ExtensionData", MDM_DICTIONARY, 0, kerberos_data_keys },
    { "Hosts", MDM_ARRAY, 0, strings },
    { 0 }
};


static const mdm_key_t  mapping_keys[] = {
    { "AccountName", MDM_STRING },
    { "FullName", MDM_STRING },
    { 0 }
};


static const mdm_key_t  platform_keys[] = {
    { "AuthenticationMethod", MDM_STRING,
      MDM_ONE_OF("Password", "UserSecureEnclaveKey", "SmartCard") },
    { "UseSharedDeviceKeys", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { .user_channel = MDM_NO }) },
    { "AccountDisplayName", MDM_STRING },

    /* in seconds */
    { "LoginFrequency", MDM_INTEGER, .min = "3600", .preset = "64800" },
    { "EnableCreateUserAtLogin", MDM_BOOLEAN, .preset = "false" },
    { "EnableAuthorization", MDM_BOOLEAN, .preset = "false" },
    { "TokenToUserMapping", MDM_DICTIONARY, 0, mapping_keys },
    { "NewUserAuthorizationMode", MDM_STRING,
      MDM_ONE_OF("Standard", "Admin", "Groups") },
    { "UserAuthorizationMode", MDM_STRING,
      MDM_ONE_OF("Standard", "Admin", "Groups") },
    { "AdministratorGroups", MDM_ARRAY, 0, strings },
    { "AdditionalGroups", MDM_ARRAY, 0, strings },
    { "AuthorizationGroups", MDM_DICTIONARY, MDM_KEYS({ "*", MDM_STRING }) },
    { "FileVaultPolicy", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_STRING, MDM_ONE_OF("AttemptAuthentication",
                 "RequireAuthentication", "AllowOfflineGracePeriod",
                 "AllowAuthenticationGracePeriod") }),
      MDM_ON(.macos = { "15.0" }) },
    { "LoginPolicy", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_STRING, MDM_ONE_OF("AttemptAuthentication",
                 "RequireAuthentication", "AllowOfflineGracePeriod",
                 "AllowAuthenticationGracePeriod") }),
      MDM_ON(.macos = { "15.0" }) },
    { "UnlockPolicy", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_STRING, MDM_ONE_OF("AttemptAuthentication",
                 "RequireAuthentication", "AllowOfflineGracePeriod",
                 "AllowAuthenticationGracePeriod",
                 "AllowTouchIDOrWatchForUnlock") }),
      MDM_ON(.macos = { "15.0" }) },

    /* both in seconds */
    { "OfflineGracePeriod", MDM_INTEGER, MDM_ON(.macos = { "15.0" }) },
    { "AuthenticationGracePeriod", MDM_INTEGER, MDM_ON(.macos = { "15.0" }) },
    { "NonPlatformSSOAccounts", MDM_ARRAY, 0, strings,
      MDM_ON(.macos = { "15.0" }) },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "ExtensionIdentifier", MDM_STRING, MDM_NEEDED },

    /* of the maker's; only a Mac looks */
    { "TeamIdentifier", MDM_STRING, MDM_NEEDED,
      MDM_ON(.ios = NEVER, .visionos = NEVER) },
    { "Type", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("Credential", "Redirect") },
    { "Realm", MDM_STRING },

    /* whatever the extension understands */
    { "ExtensionData", MDM_DICTIONARY, MDM_KEYS({ "*", MDM_ANY }) },
    { "URLs", MDM_ARRAY, 0, strings },
    { "Hosts", MDM_ARRAY, 0, strings },
    { "ScreenLockedBehavior", MDM_STRING, MDM_ONE_OF("Cancel", "DoNotHandle"),
      .preset = "Cancel", MDM_ON(.ios = { "15.0" }, .macos = { "12.0" }) },
    { "DeniedBundleIdentifiers", MDM_ARRAY, 0, strings,
      MDM_ON(.ios = { "15.0" }, .macos = { "12.0" }) },

    /* of macOS 13; from 14 on the key in PlatformSSO is heard */
    { "AuthenticationMethod", MDM_STRING,
      MDM_ONE_OF("Password", "UserSecureEnclaveKey"),
      MDM_ON(.ios = NEVER, .macos = { "13.0", .deprecated = "14.0" },
             .visionos = NEVER) },
    { "RegistrationToken", MDM_STRING, MDM_SECRET,
      MDM_ON(.ios = NEVER, .macos = { "13.0" }, .visionos = NEVER) },
    { "PlatformSSO", MDM_DICTIONARY, 0, platform_keys,
      MDM_ON(.ios = NEVER, .macos = { "14.0" }, .visionos = NEVER) },
    { 0 }
};


const mdm_type_t  sso_kerberos = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.extensiblesso",
    .variant = "Kerberos",
    .told_by = MDM_TEXTS("ExtensionIdentifier=" KERBEROS),
    .title = "Single sign-on, Kerberos",
    .on = &systems,
    .keys = kerberos_keys,
    .validate = validate_kerberos
};


const mdm_type_t  sso_extension = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.extensiblesso",
    .title = "Single sign-on by an extension",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate_kerberos(mdm_call_t *call, const mdm_node_t *value)
{
    char               path[64];
    size_t             i;
    const mdm_host_t  *host;
    const mdm_node_t  *data;

    static const char *const  words[] = { "pwReqText", "pwReqRTFData" };

    host = call->host;
    data = host->get(value, "ExtensionData");

    if (host->get(data, "pwReqComplexity") == NULL
        && host->get(data, "pwReqLength") == NULL)
    {
        return true;
    }

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {

        if (host->get(data, words[i]) == NULL) {
            continue;
        }

        snprintf(path, sizeof(path), "ExtensionData.%s", words[i]);
        host->warn(call, path, "is not used beside pwReqComplexity or "
                   "pwReqLength");
    }

    return true;
}


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    const mdm_host_t  *host;
    const mdm_node_t  *type, *urls, *hosts;

    host = call->host;
    type = host->get(value, "Type");
    urls = host->get(value, "URLs");
    hosts = host->get(value, "Hosts");
    good = true;

    if (is(call, type, "Redirect")) {

        if (host->count(urls) == 0) {
            host->fault(call, "URLs", "must be there when Type is Redirect");
            good = false;
        }

        if (hosts != NULL || host->get(value, "Realm") != NULL) {
            host->warn(call, hosts != NULL ? "Hosts" : "Realm",
                       "is not used when Type is Redirect");
        }

        if (!validate_urls(call, urls)) {
            good = false;
        }
    }

    if (is(call, type, "Credential")) {

        if (host->count(hosts) == 0) {
            host->fault(call, "Hosts", "must be there when Type is Credential");
            good = false;
        }

        if (urls != NULL) {
            host->warn(call, "URLs", "is not used when Type is Credential");
        }
    }

    if (!validate_token(call, value)) {
        good = false;
    }

    return validate_platform(call, value) && good;
}


static bool
validate_urls(mdm_call_t *call, const mdm_node_t *urls)
{
    bool               good;
    char               path[40];
    size_t             i, n;
    mdm_text_t         url;
    const mdm_host_t  *host;

    host = call->host;
    n = host->count(urls);
    good = true;

    for (i = 0; i < n; i++) {
        url = host->text(host->item(urls, i));

        if (url.len == 0 || url.data[0] == '%') {
            continue;           /* no string, or a per-device value */
        }

        if ((!text_begins(url, "http://") && !text_begins(url, "https://"))
            || memchr(url.data, '?', url.len) != NULL
            || memchr(url.data, '#', url.len) != NULL)
        {
            snprintf(path, sizeof(path), "URLs[%zu]", i);
            host->fault(call, path, "must begin with http:// or https:// and "
                        "have neither query nor fragment");
            good = false;
        }
    }

    return good;
}


static bool
validate_platform(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    const mdm_host_t  *host;
    const mdm_node_t  *platform;

    host = call->host;
    platform = host->get(value, "PlatformSSO");
    good = true;

    if (platform == NULL) {
        return true;
    }

    if (allows(call, platform, "AllowOfflineGracePeriod")
        && host->get(platform, "OfflineGracePeriod") == NULL)
    {
        host->fault(call, "PlatformSSO.OfflineGracePeriod",
                    "must be there when a policy has AllowOfflineGracePeriod");
        good = false;
    }

    if (allows(call, platform, "AllowAuthenticationGracePeriod")
        && host->get(platform, "AuthenticationGracePeriod") == NULL)
    {
        host->fault(call, "PlatformSSO.AuthenticationGracePeriod",
                    "must be there when a policy has "
                    "AllowAuthenticationGracePeriod");
        good = false;
    }

    return validate_users(call, platform) && good;
}


static bool
validate_users(mdm_call_t *call, const mdm_node_t *platform)
{
    bool               good, create;
    const mdm_host_t  *host;

    host = call->host;
    create = host->boolean(host->get(platform, "EnableCreateUserAtLogin"));
    good = true;

    if ((create || host->boolean(host->get(platform, "EnableAuthorization")))
        && !host->boolean(host->get(platform, "UseSharedDeviceKeys")))
    {
        host->fault(call, "PlatformSSO.UseSharedDeviceKeys",
                    "must be true when EnableCreateUserAtLogin or "
                    "EnableAuthorization is");
        good = false;
    }

    /* who has no account yet has no key in a Secure Enclave, either */

    if (create && is(call, host->get(platform, "AuthenticationMethod"),
                     "UserSecureEnclaveKey"))
    {
        host->fault(call, "PlatformSSO.AuthenticationMethod", "must be "
                    "Password or SmartCard when EnableCreateUserAtLogin is "
                    "true");
        good = false;
    }

    return good;
}


/* macOS 13 has no PlatformSSO: there the method stands beside the token. */

static bool
validate_token(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host;

    host = call->host;

    if (host->get(value, "RegistrationToken") == NULL
        || host->get(value, "AuthenticationMethod") != NULL
        || host->get(host->get(value, "PlatformSSO"), "AuthenticationMethod")
           != NULL)
    {
        return true;
    }

    host->fault(call, "PlatformSSO.AuthenticationMethod",
                "must be there with RegistrationToken");
    return false;
}


/* Does one of the three lists of policies have this one? */

static bool
allows(mdm_call_t *call, const mdm_node_t *platform, const char *policy)
{
    size_t             i, j;
    const mdm_host_t  *host;
    const mdm_node_t  *list;

    static const char *const  lists[] = {
        "FileVaultPolicy", "LoginPolicy", "UnlockPolicy"
    };

    host = call->host;

    for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        list = host->get(platform, lists[i]);

        for (j = 0; j < host->count(list); j++) {
            if (is(call, host->item(list, j), policy)) {
                return true;
            }
        }
    }

    return false;
}


static bool
is(mdm_call_t *call, const mdm_node_t *node, const char *wanted)
{
    return text_is(call->host->text(node), wanted);
}
