
/*
 * AccountConfiguration: which accounts Setup Assistant of a Mac makes.  Only
 * while it waits for its configuration, so it shares a subject with what ends
 * the wait.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  account_configuration_on = {
    .macos = { .introduced = "10.11", .device_channel = MDM_YES,
               .user_channel = MDM_NO, .automated = MDM_YES,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  account_configuration_admin[] = {
    { "shortName", MDM_STRING, MDM_NEEDED },
    { "fullName", MDM_STRING },
    { "passwordHash", MDM_DATA, MDM_SECRET },
    { "hidden", MDM_BOOLEAN, .preset = "false" },
    { 0 }
};


static const mdm_key_t  account_configuration_keys[] = {
    { "SkipPrimarySetupAccountCreation", MDM_BOOLEAN, .preset = "false" },
    { "SetPrimarySetupAccountAsRegularUser", MDM_BOOLEAN, .preset = "false" },
    { "PrimaryAccountFullName", MDM_STRING,
      MDM_ON(.macos = { .introduced = "10.15" }) },
    { "PrimaryAccountUserName", MDM_STRING,
      MDM_ON(.macos = { .introduced = "10.15" }) },
    { "DontAutoPopulatePrimaryAccountInfo", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { .introduced = "10.15" }) },
    { "LockPrimaryAccountInfo", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { .introduced = "10.15" }) },
    { "AutoSetupAdminAccounts", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 .keys = account_configuration_admin }) },
    { "ManagedLocalUserShortName", MDM_STRING,
      MDM_ON(.macos = { .introduced = "11.0" }) },
    { 0 }
};


static const mdm_type_t  account_configuration_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "AccountConfiguration",
        .title = "Account Configuration",
        .on = &account_configuration_on,
        .keys = account_configuration_keys,
        .subject = "setup",
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  account_configuration_plugin = {
    MDM_PLUGIN,
    .name = "AccountConfiguration",
    .version = "1",
    .types = account_configuration_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &account_configuration_plugin;
}
