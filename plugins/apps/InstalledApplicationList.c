
/*
 * InstalledApplicationList: the apps on a device, all or some.  A Mac has some
 * without an identifier; they are in the report only.
 */


#include "apps.h"


static const mdm_systems_t  systems = {
    .ios = { "5.0", .access_rights = MDM_INSPECT_APPS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "10.7", .access_rights = MDM_INSPECT_APPS,
               .device_channel = MDM_YES, .user_channel = MDM_YES,
               .user_enrollment = MDM_FORBIDDEN },
    .tvos = { "10.2", .access_rights = MDM_INSPECT_APPS },
    .visionos = { "1.1", .access_rights = MDM_INSPECT_APPS,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { "10.0", .access_rights = MDM_INSPECT_APPS }
};


static const mdm_key_t  app_keys[] = {
    { "Identifier", MDM_STRING, MDM_TELLS },
    { "ExternalVersionIdentifier", MDM_INTEGER,
      MDM_ON(.ios = { "11.0" }, .macos = { "10.13" }, .tvos = { "11.0" }) },
    { "DistributorIdentifier", MDM_STRING, ONLY_IOS("17.4") },
    { "Version", MDM_STRING },
    { "ShortVersion", MDM_STRING },
    { "Name", MDM_STRING },
    { "BundleSize", MDM_INTEGER },
    { "DynamicSize", MDM_INTEGER, MDM_ON(.macos = NEVER) },
    { "IsValidated", MDM_BOOLEAN, MDM_ON(.ios = { "9.2" }, .macos = NEVER) },
    { "Installing", MDM_BOOLEAN },
    { "AppStoreVendable", MDM_BOOLEAN,
      MDM_ON(.ios = { "11.3" }, .macos = NEVER, .tvos = { "11.3" }) },
    { "DeviceBasedVPP", MDM_BOOLEAN,
      MDM_ON(.ios = { "11.3" }, .macos = NEVER, .tvos = { "11.3" }) },
    { "BetaApp", MDM_BOOLEAN,
      MDM_ON(.ios = { "11.3" }, .macos = NEVER, .tvos = { "11.3" }) },
    { "AdHocCodeSigned", MDM_BOOLEAN,
      MDM_ON(.ios = { "11.3" }, .macos = NEVER, .tvos = { "11.3" }) },
    { "HasUpdateAvailable", MDM_BOOLEAN,
      MDM_ON(.ios = { "11.3" }, .macos = { "10.13.4" }) },
    { "DownloadFailed", MDM_BOOLEAN, .preset = "false" },
    { "DownloadWaiting", MDM_BOOLEAN, .preset = "false" },
    { "DownloadPaused", MDM_BOOLEAN, .preset = "false" },
    { "DownloadCancelled", MDM_BOOLEAN, .preset = "false" },
    { "IsAppClip", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "16.0" }, .macos = NEVER, .tvos = NEVER,
             .watchos = NEVER) },
    { "Source", MDM_STRING, ONLY_IOS("17.2") },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "Identifiers", MDM_ARRAY,
      MDM_ON(.ios = { "7.0" }, .macos = { "10.15" }),
      MDM_KEYS({ NULL, MDM_STRING }) },
    { "ManagedAppsOnly", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "7.0" }, .macos = { "10.15" }) },

    { "Items", MDM_ARRAY,
      MDM_ON(.ios = { "14.0" }, .macos = NEVER, .tvos = { "14.0" }),
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


static const mdm_key_t  answer[] = {
    { "InstalledApplicationList", MDM_ARRAY, MDM_NEEDED,
      .list = "applications",
      MDM_KEYS({ NULL, MDM_DICTIONARY, .keys = app_keys }) },
    { 0 }
};


const mdm_type_t  installed_application_list = {
    .kind = MDM_COMMAND,
    .name = "InstalledApplicationList",
    .title = "Installed Application List",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .part_keys = MDM_TEXTS("Identifiers", "ManagedAppsOnly", "Items"),
    .expires = MDM_DAYS(30)
};
