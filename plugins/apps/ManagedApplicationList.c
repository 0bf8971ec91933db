
/*
 * ManagedApplicationList: the managed apps and what became of installing them.
 */


#include "apps.h"


static const mdm_systems_t  systems = {
    .ios = { "5.0", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "11.0", .access_rights = MDM_CHANGE_APPS,
               .device_channel = MDM_YES, .user_channel = MDM_YES,
               .user_enrollment = MDM_ALLOWED },
    .tvos = { "10.2", .access_rights = MDM_CHANGE_APPS },
    .visionos = { "1.1", .access_rights = MDM_CHANGE_APPS,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { "10.0", .access_rights = MDM_CHANGE_APPS }
};


static const mdm_key_t  app_keys[] = {
    { "Status", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("Queued", "NeedsRedemption", "Redeeming", "Prompting",
                 "PromptingForLogin", "ValidatingPurchase",
                 "PromptingForUpdate", "PromptingForUpdateLogin",
                 "PromptingForManagement", "ValidatingUpdate", "Updating",
                 "Installing", "Managed", "ManagedButUninstalled",
                 "Unknown", "UserInstalledApp", "UserRejected",
                 "UpdateRejected", "ManagementRejected", "Failed") },

    { "ManagementFlags", MDM_INTEGER, MDM_NEEDED },
    /* told once only */
    { "UnusedRedemptionCode", MDM_STRING, MDM_NEEDED|MDM_SECRET,
      .escrow = "unused_redemption_code",
      MDM_ON(.macos = NEVER, .tvos = NEVER) },
    { "HasConfiguration", MDM_BOOLEAN, MDM_NEEDED, MDM_ON(.ios = { "7.0" }) },
    { "HasFeedback", MDM_BOOLEAN, MDM_NEEDED,
      MDM_ON(.ios = { "7.0" },
             .macos = { "11.3", .device_channel = MDM_NO }) },
    { "IsValidated", MDM_BOOLEAN, MDM_NEEDED,
      MDM_ON(.ios = { "9.2" }, .macos = NEVER) },
    { "ExternalVersionIdentifier", MDM_INTEGER, MDM_NEEDED,
      MDM_ON(.ios = { "10.3" }, .macos = { "11.3" }) },
    { 0 }
};


static const mdm_key_t  apps[] = {
    { "*", MDM_DICTIONARY, MDM_NEEDED, .list = "managed_applications",
      .keys = app_keys },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "Identifiers", MDM_ARRAY, MDM_ON(.ios = { "7.0" }),
      MDM_KEYS({ NULL, MDM_STRING }) },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "ManagedApplicationList", MDM_DICTIONARY, MDM_NEEDED, .keys = apps },
    { 0 }
};


const mdm_type_t  managed_application_list = {
    .kind = MDM_COMMAND,
    .name = "ManagedApplicationList",
    .title = "Managed Application List",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .part_keys = MDM_TEXTS("Identifiers"),
    .expires = MDM_DAYS(30)
};
