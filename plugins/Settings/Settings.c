
/*
 * Settings: changes settings of a device, several at once; each can fail by
 * itself while the command as a whole succeeds.
 */


#include "ngx_mdm_plugin.h"


#define NEVER  { .introduced = MDM_NEVER_THERE }

#define ONLY_IOS(...)                                                         \
    MDM_ON(.ios = { __VA_ARGS__ }, .macos = NEVER, .tvos = NEVER,             \
           .visionos = NEVER, .watchos = NEVER)

#define ONLY_MACOS(...)                                                       \
    MDM_ON(.ios = NEVER, .macos = { __VA_ARGS__ }, .tvos = NEVER,             \
           .visionos = NEVER, .watchos = NEVER)


static const mdm_systems_t  settings_on = {
    .ios = { .introduced = "5.0", .access_rights = MDM_CHANGE_SETTINGS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_YES },
    .macos = { .introduced = "10.9", .access_rights = MDM_CHANGE_SETTINGS,
               .device_channel = MDM_YES, .user_channel = MDM_YES,
               .user_enrollment = MDM_ALLOWED },
    .tvos = { .introduced = "9.0", .access_rights = MDM_CHANGE_SETTINGS },
    .visionos = { .introduced = "1.1", .access_rights = MDM_CHANGE_SETTINGS,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { .introduced = "10.0", .access_rights = MDM_CHANGE_SETTINGS }
};


static const mdm_key_t  settings_wallpaper[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("Wallpaper") },
    { "Image", MDM_DATA, MDM_NEEDED },
    { "Where", MDM_INTEGER, MDM_NEEDED, MDM_ONE_OF("1", "2", "3") },
    { 0 }
};


static const mdm_key_t  settings_data_roaming[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("DataRoaming") },
    { "Enabled", MDM_BOOLEAN, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  settings_voice_roaming[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("VoiceRoaming") },
    { "Enabled", MDM_BOOLEAN, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  settings_personal_hotspot[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("PersonalHotspot") },
    { "Enabled", MDM_BOOLEAN, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  settings_bluetooth[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("Bluetooth") },
    { "Enabled", MDM_BOOLEAN, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  settings_app_configuration[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("ApplicationConfiguration") },
    { "Identifier", MDM_STRING, MDM_NEEDED },
    { "Configuration", MDM_DICTIONARY, MDM_KEYS({ "*", MDM_ANY }) },
    { 0 }
};


static const mdm_key_t  settings_attributes[] = {
    { "VPNUUID", MDM_STRING, MDM_ON(.tvos = NEVER) },
    { "ContentFilterUUID", MDM_STRING,
      MDM_ON(.ios = { .introduced = "16.0" }, .tvos = NEVER,
             .watchos = NEVER) },
    { "DNSProxyUUID", MDM_STRING,
      MDM_ON(.ios = { .introduced = "16.0" }, .tvos = NEVER,
             .watchos = NEVER) },
    { "RelayUUID", MDM_STRING,
      MDM_ON(.ios = { .introduced = "17.0" }, .tvos = NEVER,
             .watchos = NEVER) },
    { "AssociatedDomains", MDM_ARRAY,
      MDM_ON(.ios = { .introduced = "13.0" }, .tvos = NEVER),
      MDM_KEYS({ NULL, MDM_STRING }) },
    { "AssociatedDomainsEnableDirectDownloads", MDM_BOOLEAN,
      .preset = "false",
      MDM_ON(.ios = { .introduced = "14.0" }, .tvos = NEVER) },
    { "Removable", MDM_BOOLEAN, .preset = "true",
      MDM_ON(.ios = { .introduced = "14.0" },
             .tvos = { .introduced = "14.0" }) },
    { "TapToPayScreenLock", MDM_BOOLEAN, .preset = "false",
      ONLY_IOS(.introduced = "16.4") },
    { "CellularSliceUUID", MDM_STRING, ONLY_IOS(.introduced = "17.0") },
    { "Hideable", MDM_BOOLEAN, .preset = "true",
      ONLY_IOS(.introduced = "18.1") },
    { "Lockable", MDM_BOOLEAN, .preset = "true",
      ONLY_IOS(.introduced = "18.1") },
    { 0 }
};


static const mdm_key_t  settings_app_attributes[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("ApplicationAttributes") },
    { "Identifier", MDM_STRING, MDM_NEEDED },
    { "Attributes", MDM_DICTIONARY, .keys = settings_attributes },
    { 0 }
};


static const mdm_key_t  settings_device_name[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("DeviceName") },
    { "DeviceName", MDM_STRING, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  settings_host_name[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("HostName") },
    { "HostName", MDM_STRING, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  settings_organization[] = {
    { "OrganizationName", MDM_STRING, MDM_NEEDED },

    { "OrganizationShortName", MDM_STRING,
      MDM_ON(.ios = { .introduced = "13.0" },
             .macos = { .introduced = "10.15" },
             .tvos = { .introduced = "13.0" }) },

    { "OrganizationAddress", MDM_STRING },
    { "OrganizationPhone", MDM_STRING },
    { "OrganizationEmail", MDM_STRING },
    { "OrganizationMagic", MDM_STRING },
    { 0 }
};


static const mdm_key_t  settings_organization_info[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("OrganizationInfo") },
    { "OrganizationInfo", MDM_DICTIONARY, .keys = settings_organization },
    { 0 }
};


static const mdm_key_t  settings_options[] = {
    { "ActivationLockAllowedWhileSupervised", MDM_BOOLEAN, .preset = "false" },
    { "BootstrapTokenAllowed", MDM_BOOLEAN, .preset = "false",
      ONLY_MACOS(.deprecated = "11.0") },
    { "PromptUserToAllowBootstrapTokenForAuthentication", MDM_BOOLEAN,
      .preset = "false", ONLY_MACOS(.introduced = "11.0") },
    { 0 }
};


static const mdm_key_t  settings_mdm_options[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("MDMOptions") },
    { "MDMOptions", MDM_DICTIONARY, MDM_NEEDED, .keys = settings_options },
    { 0 }
};


static const mdm_key_t  settings_maximum_users[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("MaximumResidentUsers") },
    { "MaximumResidentUsers", MDM_INTEGER, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  settings_shared_device[] = {
    { "Item", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("SharedDeviceConfiguration") },
    { "QuotaSize", MDM_INTEGER },
    { "ResidentUsers", MDM_INTEGER },
    { "UserSessionTimeout", MDM_INTEGER,
      MDM_ON(.ios = { .introduced = "14.5" }) },
    { "TemporarySessionTimeout", MDM_INTEGER,
      MDM_ON(.ios = { .introduced = "14.5" }) },
    { "TemporarySessionOnly", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { .introduced = "14.5" }) },
    { "ManagedAppleIDDefaultDomains", MDM_ARRAY,
      MDM_ON(.ios = { .introduced = "16.0" }),
      MDM_KEYS({ NULL, MDM_STRING }) },
    { "OnlineAuthenticationGracePeriod", MDM_INTEGER,
      MDM_ON(.ios = { .introduced = "16.0" }) },
    { "SkipLanguageAndLocaleSetupForNewUsers", MDM_BOOLEAN,
      .preset = "false", MDM_ON(.ios = { .introduced = "16.2" }) },
    { "AwaitUserConfiguration", MDM_DICTIONARY,
      MDM_ON(.ios = { .introduced = "17.0" }),
      MDM_KEYS({ "Enabled", MDM_BOOLEAN, MDM_NEEDED }) },

    { "PasscodePolicy", MDM_DICTIONARY,
      MDM_ON(.ios = { .introduced = "17.0" }),
      MDM_KEYS({ "PasscodeLockGracePeriod", MDM_INTEGER,
                 MDM_ONE_OF("0", "60", "300", "900", "3600", "14400") },
               { "AutoLockTime", MDM_INTEGER }) },
    { 0 }
};


static const mdm_key_t  settings_diagnostics[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("DiagnosticSubmission") },
    { "Enabled", MDM_BOOLEAN, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  settings_app_analytics[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("AppAnalytics") },
    { "Enabled", MDM_BOOLEAN, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  settings_grace_period[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("PasscodeLockGracePeriod") },
    { "PasscodeLockGracePeriod", MDM_INTEGER, MDM_NEEDED,
      MDM_ONE_OF("0", "60", "300", "900", "3600", "14400") },
    { 0 }
};


static const mdm_key_t  settings_time_zone[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("TimeZone") },
    { "TimeZone", MDM_STRING, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  settings_updates[] = {
    { "Item", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("SoftwareUpdateSettings") },
    { "RecommendationCadence", MDM_INTEGER, MDM_NEEDED,
      MDM_ONE_OF("0", "1", "2") },
    { 0 }
};


static const mdm_key_t  settings_accessibility[] = {
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


static const mdm_key_t  settings_keys[] = {
    { "Settings", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ "Wallpaper", MDM_DICTIONARY, .keys = settings_wallpaper,
                 ONLY_IOS(.introduced = "8.0", .supervised = MDM_YES,
                          .user_enrollment = MDM_FORBIDDEN,
                          .shared_user_channel = MDM_NO) },
               { "DataRoaming", MDM_DICTIONARY,
                 .keys = settings_data_roaming,
                 ONLY_IOS(.user_enrollment = MDM_FORBIDDEN,
                          .shared_user_channel = MDM_NO) },
               { "VoiceRoaming", MDM_DICTIONARY,
                 .keys = settings_voice_roaming,
                 ONLY_IOS(.deprecated = "16.0",
                          .user_enrollment = MDM_FORBIDDEN,
                          .shared_user_channel = MDM_NO) },
               { "PersonalHotspot", MDM_DICTIONARY,
                 .keys = settings_personal_hotspot,
                 ONLY_IOS(.access_rights = MDM_QUERY_NETWORK,
                          .user_enrollment = MDM_FORBIDDEN,
                          .shared_user_channel = MDM_NO) },
               { "Bluetooth", MDM_DICTIONARY, .keys = settings_bluetooth,
                 MDM_ON(.ios = { .introduced = "11.3",
                                 .supervised = MDM_YES,
                                 .user_enrollment = MDM_FORBIDDEN,
                                 .shared_user_channel = MDM_NO },
                        .macos = { .introduced = "10.13.4",
                                   .user_enrollment = MDM_FORBIDDEN },
                        .tvos = NEVER, .visionos = NEVER, .watchos = NEVER) },
               { "ApplicationConfiguration", MDM_DICTIONARY,
                 .keys = settings_app_configuration,
                 MDM_ON(.ios = { .introduced = "7.0",
                                 .access_rights = MDM_CHANGE_APPS,
                                 .shared_user_channel = MDM_NO },
                        .macos = { .introduced = "10.15",
                                   .access_rights = MDM_CHANGE_APPS,
                                   .user_channel = MDM_NO },
                        .tvos = { .introduced = "10.2",
                                  .access_rights = MDM_CHANGE_APPS },
                        .visionos = { .access_rights = MDM_CHANGE_APPS },
                        .watchos = { .access_rights = MDM_CHANGE_APPS }) },
               { "ApplicationAttributes", MDM_DICTIONARY,
                 .keys = settings_app_attributes,
                 MDM_ON(.ios = { .introduced = "7.0",
                                 .access_rights = MDM_CHANGE_APPS,
                                 .shared_user_channel = MDM_NO },
                        .macos = NEVER,
                        .tvos = { .introduced = "10.2",
                                  .access_rights = MDM_CHANGE_APPS },
                        .visionos = { .access_rights = MDM_CHANGE_APPS },
                        .watchos = { .access_rights = MDM_CHANGE_APPS }) },
               { "DeviceName", MDM_DICTIONARY, .keys = settings_device_name,
                 MDM_ON(.ios = { .supervised = MDM_YES,
                                 .user_enrollment = MDM_FORBIDDEN,
                                 .shared_user_channel = MDM_NO },
                        .macos = { .introduced = "10.10",
                                   .user_enrollment = MDM_FORBIDDEN },
                        .visionos = { .introduced = "2.0",
                                      .supervised = MDM_YES,
                                      .user_enrollment = MDM_FORBIDDEN },
                        .watchos = NEVER) },
               { "HostName", MDM_DICTIONARY, .keys = settings_host_name,
                 ONLY_MACOS(.introduced = "10.11",
                            .user_enrollment = MDM_FORBIDDEN) },
               { "OrganizationInfo", MDM_DICTIONARY,
                 .keys = settings_organization_info,
                 MDM_ON(.ios = { .shared_user_channel = MDM_NO }) },
               { "MDMOptions", MDM_DICTIONARY, .keys = settings_mdm_options,
                 MDM_ON(.ios = { .introduced = "7.0",
                                 .shared_user_channel = MDM_NO },
                        .macos = { .introduced = "10.15",
                                   .user_enrollment = MDM_FORBIDDEN },
                        .tvos = NEVER, .visionos = { .introduced = "2.0" },
                        .watchos = NEVER) },
               { "MaximumResidentUsers", MDM_DICTIONARY,
                 .keys = settings_maximum_users,
                 ONLY_IOS(.introduced = "9.3", .deprecated = "13.4",
                          .user_enrollment = MDM_FORBIDDEN,
                          .shared_ipad = MDM_REQUIRED,
                          .shared_user_channel = MDM_NO) },
               { "SharedDeviceConfiguration", MDM_DICTIONARY,
                 .keys = settings_shared_device,
                 ONLY_IOS(.introduced = "13.4",
                          .user_enrollment = MDM_FORBIDDEN,
                          .shared_ipad = MDM_REQUIRED,
                          .shared_user_channel = MDM_NO) },
               { "DiagnosticSubmission", MDM_DICTIONARY,
                 .keys = settings_diagnostics,
                 ONLY_IOS(.introduced = "9.3",
                          .user_enrollment = MDM_FORBIDDEN,
                          .shared_ipad = MDM_REQUIRED,
                          .shared_user_channel = MDM_NO) },
               { "AppAnalytics", MDM_DICTIONARY,
                 .keys = settings_app_analytics,
                 ONLY_IOS(.introduced = "9.3.2",
                          .user_enrollment = MDM_FORBIDDEN,
                          .shared_ipad = MDM_REQUIRED,
                          .shared_user_channel = MDM_NO) },
               { "PasscodeLockGracePeriod", MDM_DICTIONARY,
                 .keys = settings_grace_period,
                 ONLY_IOS(.introduced = "9.3.2", .deprecated = "17.0",
                          .user_enrollment = MDM_FORBIDDEN,
                          .shared_ipad = MDM_REQUIRED,
                          .shared_user_channel = MDM_NO) },
               { "TimeZone", MDM_DICTIONARY, .keys = settings_time_zone,
                 MDM_ON(.ios = { .introduced = "14.0",
                                 .supervised = MDM_YES,
                                 .user_enrollment = MDM_FORBIDDEN,
                                 .shared_user_channel = MDM_NO },
                        .macos = NEVER,
                        .tvos = { .introduced = "14.0",
                                  .supervised = MDM_YES },
                        .visionos = { .introduced = "2.0",
                                      .supervised = MDM_YES,
                                      .user_enrollment = MDM_FORBIDDEN },
                        .watchos = NEVER) },
               { "SoftwareUpdateSettings", MDM_DICTIONARY,
                 .keys = settings_updates,
                 ONLY_IOS(.introduced = "14.5", .supervised = MDM_YES,
                          .user_enrollment = MDM_FORBIDDEN,
                          .shared_user_channel = MDM_NO) },
               { "AccessibilitySettings", MDM_DICTIONARY,
                 .keys = settings_accessibility,
                 MDM_ON(.ios = { .introduced = "16.0",
                                 .supervised = MDM_YES,
                                 .user_enrollment = MDM_FORBIDDEN,
                                 .shared_device_channel = MDM_NO },
                        .macos = NEVER, .tvos = NEVER, .visionos = NEVER,
                        .watchos = { .supervised = MDM_YES }) }) },
    { 0 }
};


static const mdm_key_t  settings_answer[] = {
    { "Settings", MDM_DICTIONARY,
      MDM_KEYS({ "Status", MDM_STRING, MDM_NEEDED },
               { "ErrorChain", MDM_ARRAY,
                 MDM_KEYS({ NULL, MDM_DICTIONARY,
                            MDM_KEYS({ "*", MDM_ANY, MDM_NEEDED }) }) },
               { "Identifier", MDM_STRING,
                 MDM_ON(.ios = { .introduced = "7.0" }, .macos = NEVER,
                        .tvos = { .introduced = "10.2" }) }) },
    { 0 }
};


static const mdm_type_t  settings_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "Settings",
        .title = "Settings",
        .on = &settings_on,
        .keys = settings_keys,
        .answer = settings_answer,
        .subject = "settings",
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  settings_plugin = {
    MDM_PLUGIN,
    .name = "Settings",
    .version = "1",
    .types = settings_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &settings_plugin;
}
