
/*
 * AvailableOSUpdates: the updates that a device could install.
 */


#include "updates.h"


static const mdm_systems_t  systems = {
    .ios = { "9.0", .access_rights = MDM_CHANGE_APPS, .supervised = MDM_YES,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "10.11", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN },
    .tvos = { "12.0", .access_rights = MDM_CHANGE_APPS,
              .supervised = MDM_YES, .device_channel = MDM_YES }
};


static const mdm_key_t  update_keys[] = {
    { "ProductKey", MDM_STRING, MDM_NEEDED|MDM_TELLS },
    { "HumanReadableName", MDM_STRING, MDM_NEEDED },
    { "HumanReadableNameLocale", MDM_STRING, MDM_NEEDED, ONLY_MACOS(0) },
    { "MetadataURL", MDM_STRING, MDM_NEEDED, ONLY_MACOS(0) },
    { "ProductName", MDM_STRING, MDM_NEEDED, MDM_ON(.macos = NEVER) },
    { "Version", MDM_STRING, MDM_NEEDED },
    { "Build", MDM_STRING, MDM_NEEDED },
    { "DownloadSize", MDM_INTEGER, MDM_NEEDED, MDM_ON(.macos = { "10.12" }) },
    { "InstallSize", MDM_INTEGER, MDM_NEEDED, MDM_ON(.macos = NEVER) },
    { "AppIdentifiersToClose", MDM_ARRAY, MDM_NEEDED, ONLY_MACOS(0),
      MDM_KEYS({ NULL, MDM_STRING }) },
    { "IsCritical", MDM_BOOLEAN, .preset = "false" },
    { "IsConfigDataUpdate", MDM_BOOLEAN, .preset = "false",
      ONLY_MACOS(0) },
    { "IsFirmwareUpdate", MDM_BOOLEAN, .preset = "false", ONLY_MACOS(0) },
    { "IsMajorOSUpdate", MDM_BOOLEAN, .preset = "false",
      ONLY_MACOS("10.11.4") },
    { "RestartRequired", MDM_BOOLEAN, .preset = "false" },
    { "AllowsInstallLater", MDM_BOOLEAN, .preset = "false" },
    { "DeferredUntil", MDM_DATE, ONLY_MACOS("10.12.4") },
    { "RequiresBootstrapToken", MDM_BOOLEAN, .preset = "false",
      ONLY_MACOS("11.0") },
    { "IsSecurityResponse", MDM_BOOLEAN, MDM_NEEDED,
      MDM_ON(.ios = { "16.2" }, .macos = { "13.1" }, .tvos = { "16.2" }) },
    { "SupplementalBuildVersion", MDM_STRING,
      MDM_ON(.ios = { "16.2" }, .macos = { "13.1" }, .tvos = { "16.2" }) },
    { "SupplementalOSVersionExtra", MDM_STRING,
      MDM_ON(.ios = { "16.2" }, .macos = { "13.1" }, .tvos = { "16.2" }) },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "AvailableOSUpdates", MDM_ARRAY, MDM_NEEDED, .list = "os_updates",
      MDM_KEYS({ NULL, MDM_DICTIONARY, .keys = update_keys }) },
    { 0 }
};


const mdm_type_t  available_os_updates = {
    .kind = MDM_COMMAND,
    .name = "AvailableOSUpdates",
    .title = "Available OS Updates",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .expires = MDM_DAYS(30)
};
