
/*
 * Settings: changes settings of a device, several at once; each can fail by
 * itself while the command as a whole succeeds.
 */


#include <stdio.h>

#include "device.h"
#include "../app_attributes.h"
#include "../results.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool seconds(mdm_call_t *call, const mdm_node_t *item, size_t n,
    const char *key);
static bool result(mdm_call_t *call, const mdm_result_t *done);
static bool failed(const mdm_host_t *host, const mdm_node_t *item);


static const mdm_systems_t  systems = {
    .ios = { "5.0", .access_rights = MDM_CHANGE_SETTINGS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_YES },
    .macos = { "10.9", .access_rights = MDM_CHANGE_SETTINGS,
               .device_channel = MDM_YES, .user_channel = MDM_YES,
               .user_enrollment = MDM_ALLOWED },
    .tvos = { "9.0", .access_rights = MDM_CHANGE_SETTINGS },
    .visionos = { "1.1", .access_rights = MDM_CHANGE_SETTINGS,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { "10.0", .access_rights = MDM_CHANGE_SETTINGS }
};


static const mdm_key_t  wallpaper_keys[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("Wallpaper") },
    { "Image", MDM_DATA, MDM_NEEDED },
    { "Where", MDM_INTEGER, MDM_NEEDED, MDM_ONE_OF("1", "2", "3") },
    { 0 }
};


static const mdm_key_t  data_roaming_keys[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("DataRoaming") },
    { "Enabled", MDM_BOOLEAN, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  voice_roaming_keys[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("VoiceRoaming") },
    { "Enabled", MDM_BOOLEAN, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  personal_hotspot_keys[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("PersonalHotspot") },
    { "Enabled", MDM_BOOLEAN, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  bluetooth_keys[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("Bluetooth") },
    { "Enabled", MDM_BOOLEAN, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  app_configuration_keys[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("ApplicationConfiguration") },
    { "Identifier", MDM_STRING, MDM_NEEDED },
    { "Configuration", MDM_DICTIONARY, MDM_SECRET, MDM_KEYS({ "*", MDM_ANY }) },
    { 0 }
};


static const mdm_key_t  app_attributes_keys[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("ApplicationAttributes") },
    { "Identifier", MDM_STRING, MDM_NEEDED },
    { "Attributes", MDM_DICTIONARY, .keys = app_attributes },
    { 0 }
};


static const mdm_key_t  device_name_keys[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("DeviceName") },
    { "DeviceName", MDM_STRING, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  host_name_keys[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("HostName") },
    { "HostName", MDM_STRING, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  organization_keys[] = {
    { "OrganizationName", MDM_STRING, MDM_NEEDED },
    { "OrganizationShortName", MDM_STRING,
      MDM_ON(.ios = { "13.0" }, .macos = { "10.15" }, .tvos = { "13.0" }) },
    { "OrganizationAddress", MDM_STRING },
    { "OrganizationPhone", MDM_STRING },
    { "OrganizationEmail", MDM_STRING },
    { "OrganizationMagic", MDM_STRING },
    { 0 }
};


static const mdm_key_t  organization_info_keys[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("OrganizationInfo") },
    { "OrganizationInfo", MDM_DICTIONARY, .keys = organization_keys },
    { 0 }
};


static const mdm_key_t  options_keys[] = {
    { "ActivationLockAllowedWhileSupervised", MDM_BOOLEAN, .preset = "false" },
    { "BootstrapTokenAllowed", MDM_BOOLEAN, .preset = "false",
      ONLY_MACOS(.deprecated = "11.0") },
    { "PromptUserToAllowBootstrapTokenForAuthentication", MDM_BOOLEAN,
      .preset = "false", ONLY_MACOS("11.0") },
    { 0 }
};


static const mdm_key_t  mdm_options_keys[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("MDMOptions") },
    { "MDMOptions", MDM_DICTIONARY, MDM_NEEDED, .keys = options_keys },
    { 0 }
};


static const mdm_key_t  maximum_users_keys[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("MaximumResidentUsers") },
    { "MaximumResidentUsers", MDM_INTEGER, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  shared_device_keys[] = {
    { "Item", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("SharedDeviceConfiguration") },
    { "QuotaSize", MDM_INTEGER },
    { "ResidentUsers", MDM_INTEGER },
    { "UserSessionTimeout", MDM_INTEGER, MDM_ON(.ios = { "14.5" }) },
    { "TemporarySessionTimeout", MDM_INTEGER, MDM_ON(.ios = { "14.5" }) },
    { "TemporarySessionOnly", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "14.5" }) },
    { "ManagedAppleIDDefaultDomains", MDM_ARRAY, MDM_ON(.ios = { "16.0" }),
      MDM_KEYS({ NULL, MDM_STRING }) },
    { "OnlineAuthenticationGracePeriod", MDM_INTEGER,
      MDM_ON(.ios = { "16.0" }) },
    { "SkipLanguageAndLocaleSetupForNewUsers", MDM_BOOLEAN,
      .preset = "false", MDM_ON(.ios = { "16.2" }) },
    { "AwaitUserConfiguration", MDM_DICTIONARY, MDM_ON(.ios = { "17.0" }),
      MDM_KEYS({ "Enabled", MDM_BOOLEAN, MDM_NEEDED }) },

    { "PasscodePolicy", MDM_DICTIONARY, MDM_ON(.ios = { "17.0" }),
      MDM_KEYS({ "PasscodeLockGracePeriod", MDM_INTEGER,
                 MDM_ONE_OF("0", "60", "300", "900", "3600", "14400") },
               { "AutoLockTime", MDM_INTEGER, .min = "120" }) },
    { 0 }
};


static const mdm_key_t  diagnostics_keys[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("DiagnosticSubmission") },
    { "Enabled", MDM_BOOLEAN, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  app_analytics_keys[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("AppAnalytics") },
    { "Enabled", MDM_BOOLEAN, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  grace_period_keys[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("PasscodeLockGracePeriod") },
    { "PasscodeLockGracePeriod", MDM_INTEGER, MDM_NEEDED,
      MDM_ONE_OF("0", "60", "300", "900", "3600", "14400") },
    { 0 }
};


static const mdm_key_t  time_zone_keys[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("TimeZone") },
    { "TimeZone", MDM_STRING, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  updates_keys[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("SoftwareUpdateSettings") },
    { "RecommendationCadence", MDM_INTEGER, MDM_NEEDED,
      MDM_ONE_OF("0", "1", "2") },
    { 0 }
};


static const mdm_key_t  accessibility_keys[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("AccessibilitySettings") },
    { "BoldTextEnabled", MDM_BOOLEAN, .preset = "false" },
    { "IncreaseContrastEnabled", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.watchos = NEVER) },
    { "ReduceMotionEnabled", MDM_BOOLEAN, .preset = "false" },
    { "ReduceTransparencyEnabled", MDM_BOOLEAN, .preset = "false" },
    { "TextSize", MDM_INTEGER, .preset = "4",
      MDM_ONE_OF("0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10",
                 "11") },
    { "TouchAccommodationsEnabled", MDM_BOOLEAN, .preset = "false" },
    { "VoiceOverEnabled", MDM_BOOLEAN, .preset = "false" },
    { "ZoomEnabled", MDM_BOOLEAN, .preset = "false" },
    { "GrayscaleEnabled", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = NEVER, .watchos = NEVER) },
    { 0 }
};


static const mdm_key_t  items[] = {
    { "Wallpaper", MDM_DICTIONARY, .keys = wallpaper_keys,
      ONLY_IOS("8.0", .supervised = MDM_YES,
               .user_enrollment = MDM_FORBIDDEN,
               .shared_user_channel = MDM_NO) },

    { "DataRoaming", MDM_DICTIONARY, .keys = data_roaming_keys,
      ONLY_IOS(.user_enrollment = MDM_FORBIDDEN,
               .shared_user_channel = MDM_NO) },
    { "VoiceRoaming", MDM_DICTIONARY, .keys = voice_roaming_keys,
      ONLY_IOS(.deprecated = "16.0", .user_enrollment = MDM_FORBIDDEN,
               .shared_user_channel = MDM_NO) },

    { "PersonalHotspot", MDM_DICTIONARY, .keys = personal_hotspot_keys,
      ONLY_IOS(.access_rights = MDM_QUERY_NETWORK,
               .user_enrollment = MDM_FORBIDDEN,
               .shared_user_channel = MDM_NO) },

    { "Bluetooth", MDM_DICTIONARY, .keys = bluetooth_keys,
      MDM_ON(.ios = { "11.3", .supervised = MDM_YES,
                      .user_enrollment = MDM_FORBIDDEN,
                      .shared_user_channel = MDM_NO },
             .macos = { "10.13.4", .user_enrollment = MDM_FORBIDDEN },
             .tvos = NEVER, .visionos = NEVER, .watchos = NEVER) },

    { "ApplicationConfiguration", MDM_DICTIONARY,
      .keys = app_configuration_keys,
      MDM_ON(.ios = { "7.0", .access_rights = MDM_CHANGE_APPS,
                      .shared_user_channel = MDM_NO },
             .macos = { "10.15", .access_rights = MDM_CHANGE_APPS,
                        .user_channel = MDM_NO },
             .tvos = { "10.2", .access_rights = MDM_CHANGE_APPS },
             .visionos = { .access_rights = MDM_CHANGE_APPS },
             .watchos = { .access_rights = MDM_CHANGE_APPS }) },

    { "ApplicationAttributes", MDM_DICTIONARY, .keys = app_attributes_keys,
      MDM_ON(.ios = { "7.0", .access_rights = MDM_CHANGE_APPS,
                      .shared_user_channel = MDM_NO },
             .macos = NEVER,
             .tvos = { "10.2", .access_rights = MDM_CHANGE_APPS },
             .visionos = { .access_rights = MDM_CHANGE_APPS },
             .watchos = { .access_rights = MDM_CHANGE_APPS }) },

    { "DeviceName", MDM_DICTIONARY, .keys = device_name_keys,
      MDM_ON(.ios = { .supervised = MDM_YES,
                      .user_enrollment = MDM_FORBIDDEN,
                      .shared_user_channel = MDM_NO },
             .macos = { "10.10", .user_enrollment = MDM_FORBIDDEN },
             .visionos = { "2.0", .supervised = MDM_YES,
                           .user_enrollment = MDM_FORBIDDEN },
             .watchos = NEVER) },

    { "HostName", MDM_DICTIONARY, .keys = host_name_keys,
      ONLY_MACOS("10.11", .user_enrollment = MDM_FORBIDDEN) },
    { "OrganizationInfo", MDM_DICTIONARY, .keys = organization_info_keys,
      MDM_ON(.ios = { .shared_user_channel = MDM_NO }) },

    { "MDMOptions", MDM_DICTIONARY, .keys = mdm_options_keys,
      MDM_ON(.ios = { "7.0", .shared_user_channel = MDM_NO },
             .macos = { "10.15", .user_enrollment = MDM_FORBIDDEN },
             .tvos = NEVER, .visionos = { "2.0" }, .watchos = NEVER) },

    { "MaximumResidentUsers", MDM_DICTIONARY, .keys = maximum_users_keys,
      ONLY_IOS("9.3", .deprecated = "13.4",
               .user_enrollment = MDM_FORBIDDEN,
               .shared_ipad = MDM_REQUIRED, .shared_user_channel = MDM_NO) },

    { "SharedDeviceConfiguration", MDM_DICTIONARY,
      .keys = shared_device_keys,
      ONLY_IOS("13.4", .user_enrollment = MDM_FORBIDDEN,
               .shared_ipad = MDM_REQUIRED, .shared_user_channel = MDM_NO) },

    { "DiagnosticSubmission", MDM_DICTIONARY, .keys = diagnostics_keys,
      ONLY_IOS("9.3", .user_enrollment = MDM_FORBIDDEN,
               .shared_ipad = MDM_REQUIRED, .shared_user_channel = MDM_NO) },
    { "AppAnalytics", MDM_DICTIONARY, .keys = app_analytics_keys,
      ONLY_IOS("9.3.2", .user_enrollment = MDM_FORBIDDEN,
               .shared_ipad = MDM_REQUIRED, .shared_user_channel = MDM_NO) },

    { "PasscodeLockGracePeriod", MDM_DICTIONARY, .keys = grace_period_keys,
      ONLY_IOS("9.3.2", .deprecated = "17.0",
               .user_enrollment = MDM_FORBIDDEN,
               .shared_ipad = MDM_REQUIRED, .shared_user_channel = MDM_NO) },

    { "TimeZone", MDM_DICTIONARY, .keys = time_zone_keys,
      MDM_ON(.ios = { "14.0", .supervised = MDM_YES,
                      .user_enrollment = MDM_FORBIDDEN,
                      .shared_user_channel = MDM_NO },
             .macos = NEVER, .tvos = { "14.0", .supervised = MDM_YES },
             .visionos = { "2.0", .supervised = MDM_YES,
                           .user_enrollment = MDM_FORBIDDEN },
             .watchos = NEVER) },

    { "SoftwareUpdateSettings", MDM_DICTIONARY, .keys = updates_keys,
      ONLY_IOS("14.5", .supervised = MDM_YES,
               .user_enrollment = MDM_FORBIDDEN,
               .shared_user_channel = MDM_NO) },

    { "AccessibilitySettings", MDM_DICTIONARY, .keys = accessibility_keys,
      MDM_ON(.ios = { "16.0", .supervised = MDM_YES,
                      .user_enrollment = MDM_FORBIDDEN,
                      .shared_device_channel = MDM_NO },
             .macos = NEVER, .tvos = NEVER, .visionos = NEVER,
             .watchos = { .supervised = MDM_YES }) },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "Settings", MDM_ARRAY, MDM_NEEDED, .keys = items },
    { 0 }
};


/*
 * Apple's table shows the result of one setting; devices send a list of them,
 * in the order of the command.
 */

static const mdm_key_t  answer[] = {
    { "Settings", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ "Status", MDM_STRING, MDM_NEEDED },
                          { "ErrorChain", MDM_ARRAY,
                            MDM_KEYS({ NULL, MDM_DICTIONARY,
                                       MDM_KEYS({ "*", MDM_ANY,
                                                  MDM_NEEDED }) }) },
                          { "Identifier", MDM_STRING,
                            MDM_ON(.ios = { "7.0" }, .macos = NEVER,
                                   .tvos = { "10.2" }) }) }) },
    { 0 }
};


const mdm_type_t  settings = {
    .kind = MDM_COMMAND,
    .name = "Settings",
    .title = "Settings",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .subject = "settings",
    .expires = MDM_DAYS(90),
    .validate = validate,
    .result = result
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    size_t             i, n;
    const mdm_host_t  *host;
    const mdm_node_t  *items, *item;

    host = call->host;
    items = host->get(value, "Settings");
    n = host->count(items);
    good = true;

    for (i = 0; i < n; i++) {
        item = host->item(items, i);

        good &= seconds(call, item, i, "UserSessionTimeout");
        good &= seconds(call, item, i, "TemporarySessionTimeout");
    }

    return good;
}


/* No end, or one that is no nuisance: what no range can say. */

static bool
seconds(mdm_call_t *call, const mdm_node_t *item, size_t n, const char *key)
{
    char               path[64];
    int64_t            value;
    const mdm_host_t  *host;

    host = call->host;
    value = host->integer(host->get(item, key));

    if (value == 0 || value >= 30) {
        return true;
    }

    snprintf(path, sizeof(path), "Settings[%zu].%s", n, key);
    host->fault(call, path, "must be 0 or at least 30");

    return false;
}


static bool
result(mdm_call_t *call, const mdm_result_t *done)
{
    return tell_failed(call, done, "Settings", failed, "settings_failed");
}


static bool
failed(const mdm_host_t *host, const mdm_node_t *item)
{
    mdm_text_t  status;

    status = host->text(host->get(item, "Status"));

    return status.len > 0 && !text_is(status, "Acknowledged");
}
