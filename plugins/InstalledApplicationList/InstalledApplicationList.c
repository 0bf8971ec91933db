
/*
 * InstalledApplicationList: the apps on a device, all or some.
 */


#include "ngx_mdm_plugin.h"


#define NEVER  { .introduced = MDM_NEVER_THERE }

#define ONLY_IOS(...)                                                         \
    MDM_ON(.ios = { __VA_ARGS__ }, .macos = NEVER, .tvos = NEVER,             \
           .visionos = NEVER, .watchos = NEVER)


static const mdm_systems_t  installed_application_list_on = {
    .ios = { .introduced = "5.0", .access_rights = MDM_INSPECT_APPS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { .introduced = "10.7", .access_rights = MDM_INSPECT_APPS,
               .device_channel = MDM_YES, .user_channel = MDM_YES,
               .user_enrollment = MDM_FORBIDDEN },
    .tvos = { .introduced = "10.2", .access_rights = MDM_INSPECT_APPS },
    .visionos = { .introduced = "1.1", .access_rights = MDM_INSPECT_APPS,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { .introduced = "10.0", .access_rights = MDM_INSPECT_APPS }
};


static const mdm_key_t  installed_application_list_app[] = {
    { "Identifier", MDM_STRING },

    { "ExternalVersionIdentifier", MDM_INTEGER,
      MDM_ON(.ios = { .introduced = "11.0" },
             .macos = { .introduced = "10.13" },
             .tvos = { .introduced = "11.0" }) },

    { "DistributorIdentifier", MDM_STRING, ONLY_IOS(.introduced = "17.4") },
    { "Version", MDM_STRING },
    { "ShortVersion", MDM_STRING },
    { "Name", MDM_STRING },
    { "BundleSize", MDM_INTEGER },
    { "DynamicSize", MDM_INTEGER, MDM_ON(.macos = NEVER) },
    { "IsValidated", MDM_BOOLEAN,
      MDM_ON(.ios = { .introduced = "9.2" }, .macos = NEVER) },
    { "Installing", MDM_BOOLEAN },
    { "AppStoreVendable", MDM_BOOLEAN,
      MDM_ON(.ios = { .introduced = "11.3" }, .macos = NEVER,
             .tvos = { .introduced = "11.3" }) },
    { "DeviceBasedVPP", MDM_BOOLEAN,
      MDM_ON(.ios = { .introduced = "11.3" }, .macos = NEVER,
             .tvos = { .introduced = "11.3" }) },
    { "BetaApp", MDM_BOOLEAN,
      MDM_ON(.ios = { .introduced = "11.3" }, .macos = NEVER,
             .tvos = { .introduced = "11.3" }) },
    { "AdHocCodeSigned", MDM_BOOLEAN,
      MDM_ON(.ios = { .introduced = "11.3" }, .macos = NEVER,
             .tvos = { .introduced = "11.3" }) },
    { "HasUpdateAvailable", MDM_BOOLEAN,
      MDM_ON(.ios = { .introduced = "11.3" },
             .macos = { .introduced = "10.13.4" }) },
    { "DownloadFailed", MDM_BOOLEAN, .preset = "false" },
    { "DownloadWaiting", MDM_BOOLEAN, .preset = "false" },
    { "DownloadPaused", MDM_BOOLEAN, .preset = "false" },
    { "DownloadCancelled", MDM_BOOLEAN, .preset = "false" },
    { "IsAppClip", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { .introduced = "16.0" }, .macos = NEVER, .tvos = NEVER,
             .watchos = NEVER) },
    { "Source", MDM_STRING, ONLY_IOS(.introduced = "17.2") },
    { 0 }
};


static const mdm_key_t  installed_application_list_keys[] = {
    { "Identifiers", MDM_ARRAY,
      MDM_ON(.ios = { .introduced = "7.0" },
             .macos = { .introduced = "10.15" }),
      MDM_KEYS({ NULL, MDM_STRING }) },

    { "ManagedAppsOnly", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { .introduced = "7.0" },
             .macos = { .introduced = "10.15" }) },

    { "Items", MDM_ARRAY,
      MDM_ON(.ios = { .introduced = "14.0" }, .macos = NEVER,
             .tvos = { .introduced = "14.0" }),
      MDM_KEYS({ NULL, MDM_STRING,
                 MDM_ONE_OF("AdHocCodeSigned", "AppStoreVendable",
                            "BetaApp", "BundleSize", "DeviceBasedVPP",
                            "DistributorIdentifier", "DynamicSize",
                            "ExternalVersionIdentifier",
                            "HasUpdateAvailable", "Identifier",
                            "Installing", "IsAppClip", "IsValidated",
                            "Name", "ShortVersion", "Version") }) },
    { 0 }
};


static const mdm_key_t  installed_application_list_answer[] = {
    { "InstalledApplicationList", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 .keys = installed_application_list_app }) },
    { 0 }
};


static const mdm_type_t  installed_application_list_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "InstalledApplicationList",
        .title = "Installed Application List",
        .on = &installed_application_list_on,
        .keys = installed_application_list_keys,
        .answer = installed_application_list_answer,
        .expires = MDM_DAYS(30)
    },
    { 0 }
};


static const mdm_plugin_t  installed_application_list_plugin = {
    MDM_PLUGIN,
    .name = "InstalledApplicationList",
    .version = "1",
    .types = installed_application_list_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &installed_application_list_plugin;
}
