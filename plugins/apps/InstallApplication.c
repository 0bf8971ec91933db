
/*
 * InstallApplication: installs an app of the store, or one by its manifest, or
 * takes one into management that is there already.
 */


#include "apps.h"
#include "../app_attributes.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .ios = { "5.0", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "10.9", .access_rights = MDM_CHANGE_APPS,
               .device_channel = MDM_YES, .user_channel = MDM_YES,
               .user_enrollment = MDM_ALLOWED },
    .tvos = { "10.2", .access_rights = MDM_CHANGE_APPS },
    .visionos = { "1.1", .access_rights = MDM_CHANGE_APPS,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { "10.0", .access_rights = MDM_CHANGE_APPS }
};


static const mdm_key_t  keys[] = {
    { "iTunesStoreID", MDM_INTEGER },
    { "Identifier", MDM_STRING, MDM_ON(.ios = { "7.0" }) },
    { "Options", MDM_DICTIONARY, MDM_ON(.ios = { "7.0" }),
      MDM_KEYS({ "PurchaseMethod", MDM_INTEGER, .preset = "0",
                 MDM_ONE_OF("0", "1") }) },
    { "ManifestURL", MDM_STRING, .pattern = "^https:",
      MDM_ON(.ios = { "7.0" }) },
    { "ManagementFlags", MDM_INTEGER, MDM_ONE_OF("1", "4", "5"),
      MDM_ON(.macos = { "11.0", .user_enrollment = MDM_FORBIDDEN }) },
    { "Configuration", MDM_DICTIONARY, MDM_SECRET,
      MDM_ON(.ios = { "7.0" }, .macos = { "11.0" }),
      MDM_KEYS({ "*", MDM_ANY }) },
    { "Attributes", MDM_DICTIONARY, .keys = app_attributes,
      MDM_ON(.ios = { "7.0" }, .macos = NEVER) },

    { "ChangeManagementState", MDM_STRING, MDM_ONE_OF("Managed"),
      MDM_ON(.ios = { "9.0", .user_enrollment = MDM_FORBIDDEN },
             .macos = { "11.0", .user_enrollment = MDM_FORBIDDEN },
             .visionos = { .user_enrollment = MDM_FORBIDDEN }) },

    { "InstallAsManaged", MDM_BOOLEAN, .preset = "false",
      ONLY_MACOS("11.0", .user_enrollment = MDM_FORBIDDEN) },
    { "iOSApp", MDM_BOOLEAN, .preset = "false", ONLY_MACOS("11.0") },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "Identifier", MDM_STRING },

    { "State", MDM_STRING,
      MDM_ONE_OF("Queued", "NeedsRedemption", "Redeeming", "Prompting",
                 "PromptingForLogin", "ValidatingPurchase", "Installing",
                 "Managed", "ManagedButUninstalled", "UserInstalledApp",
                 "UserRejected", "PromptingForUpdate",
                 "PromptingForUpdateLogin", "ValidatingUpdate", "Updating",
                 "UpdateRejected", "PromptingForManagement",
                 "ManagementRejected", "Failed", "Unknown") },

    { "RejectionReason", MDM_STRING,
      MDM_ONE_OF("AppAlreadyInstalled", "AppAlreadyQueued",
                 "AppStoreDisabled", "CouldNotVerifyAppID",
                 "ManagementChangeNotSupported", "NotAnApp",
                 "NotSupported", "Other", "PurchaseMethodNotSupported",
                 "PurchaseMethodNotSupportedInMultiUser") },
    { 0 }
};


const mdm_type_t  install_application = {
    .kind = MDM_COMMAND,
    .name = "InstallApplication",
    .title = "Install Application",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .subject = "app",
    .subject_keys = MDM_TEXTS("Identifier", "iTunesStoreID",
                      "ManifestURL"),
    .expires = MDM_DAYS(90),
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host;

    host = call->host;

    if (host->get(value, "iTunesStoreID") != NULL
        || host->get(value, "Identifier") != NULL
        || host->get(value, "ManifestURL") != NULL)
    {
        return true;
    }

    host->fault(call, "iTunesStoreID",
                "must be there when there is no Identifier "
                "and no ManifestURL");

    return false;
}
