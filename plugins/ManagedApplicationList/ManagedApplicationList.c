
/*
 * ManagedApplicationList: the managed apps and what became of installing them.
 */


#include "ngx_mdm_plugin.h"


#define NEVER  { .introduced = MDM_NEVER_THERE }


static const mdm_systems_t  managed_application_list_on = {
    .ios = { .introduced = "5.0", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { .introduced = "11.0", .access_rights = MDM_CHANGE_APPS,
               .device_channel = MDM_YES, .user_channel = MDM_YES,
               .user_enrollment = MDM_ALLOWED },
    .tvos = { .introduced = "10.2", .access_rights = MDM_CHANGE_APPS },
    .visionos = { .introduced = "1.1", .access_rights = MDM_CHANGE_APPS,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { .introduced = "10.0", .access_rights = MDM_CHANGE_APPS }
};


static const mdm_key_t  managed_application_list_app[] = {
    { "Status", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("Queued", "NeedsRedemption", "Redeeming", "Prompting",
                 "PromptingForLogin", "ValidatingPurchase",
                 "PromptingForUpdate", "PromptingForUpdateLogin",
                 "PromptingForManagement", "ValidatingUpdate", "Updating",
                 "Installing", "Managed", "ManagedButUninstalled",
                 "Unknown", "UserInstalledApp", "UserRejected",
                 "UpdateRejected", "ManagementRejected", "Failed") },

    { "ManagementFlags", MDM_INTEGER, MDM_NEEDED },
    { "UnusedRedemptionCode", MDM_STRING, MDM_NEEDED|MDM_SECRET,
      MDM_ON(.macos = NEVER, .tvos = NEVER) },
    { "HasConfiguration", MDM_BOOLEAN, MDM_NEEDED,
      MDM_ON(.ios = { .introduced = "7.0" }) },
    { "HasFeedback", MDM_BOOLEAN, MDM_NEEDED,
      MDM_ON(.ios = { .introduced = "7.0" },
             .macos = { .introduced = "11.3", .device_channel = MDM_NO }) },
    { "IsValidated", MDM_BOOLEAN, MDM_NEEDED,
      MDM_ON(.ios = { .introduced = "9.2" }, .macos = NEVER) },
    { "ExternalVersionIdentifier", MDM_INTEGER, MDM_NEEDED,
      MDM_ON(.ios = { .introduced = "10.3" },
             .macos = { .introduced = "11.3" }) },
    { 0 }
};


static const mdm_key_t  managed_application_list_apps[] = {
    { "*", MDM_DICTIONARY, MDM_NEEDED, .keys = managed_application_list_app },
    { 0 }
};


static const mdm_key_t  managed_application_list_keys[] = {
    { "Identifiers", MDM_ARRAY, MDM_ON(.ios = { .introduced = "7.0" }),
      MDM_KEYS({ NULL, MDM_STRING }) },
    { 0 }
};


static const mdm_key_t  managed_application_list_answer[] = {
    { "ManagedApplicationList", MDM_DICTIONARY, MDM_NEEDED,
      .keys = managed_application_list_apps },
    { 0 }
};


static const mdm_type_t  managed_application_list_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "ManagedApplicationList",
        .title = "Managed Application List",
        .on = &managed_application_list_on,
        .keys = managed_application_list_keys,
        .answer = managed_application_list_answer,
        .expires = MDM_DAYS(30)
    },
    { 0 }
};


static const mdm_plugin_t  managed_application_list_plugin = {
    MDM_PLUGIN,
    .name = "ManagedApplicationList",
    .version = "1",
    .types = managed_application_list_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &managed_application_list_plugin;
}
