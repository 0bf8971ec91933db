
/*
 * AccountConfiguration: which accounts Setup Assistant of a Mac makes.  Only
 * while it waits for its configuration, so it shares a subject with what ends
 * the wait.
 */


#include "users.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .macos = { "10.11", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .automated = MDM_YES, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  admin_keys[] = {
    { "shortName", MDM_STRING, MDM_NEEDED },
    { "fullName", MDM_STRING },
    { "passwordHash", MDM_DATA, MDM_SECRET },
    { "hidden", MDM_BOOLEAN, .preset = "false" },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "SkipPrimarySetupAccountCreation", MDM_BOOLEAN, .preset = "false" },
    { "SetPrimarySetupAccountAsRegularUser", MDM_BOOLEAN, .preset = "false" },
    { "PrimaryAccountFullName", MDM_STRING, MDM_ON(.macos = { "10.15" }) },
    { "PrimaryAccountUserName", MDM_STRING, MDM_ON(.macos = { "10.15" }) },
    { "DontAutoPopulatePrimaryAccountInfo", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.15" }) },
    { "LockPrimaryAccountInfo", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.15" }) },
    { "AutoSetupAdminAccounts", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, .keys = admin_keys }) },
    { "ManagedLocalUserShortName", MDM_STRING, MDM_ON(.macos = { "11.0" }) },
    { 0 }
};


const mdm_type_t  account_configuration = {
    .kind = MDM_COMMAND,
    .name = "AccountConfiguration",
    .title = "Account Configuration",
    .on = &systems,
    .keys = keys,
    .subject = "setup",
    .expires = MDM_DAYS(90),
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    const mdm_host_t  *host;

    host = call->host;
    good = true;

    if ((host->boolean(host->get(value, "SkipPrimarySetupAccountCreation"))
         || host->boolean(host->get(value,
                                    "SetPrimarySetupAccountAsRegularUser")))
        && host->count(host->get(value, "AutoSetupAdminAccounts")) == 0)
    {
        host->fault(call, "AutoSetupAdminAccounts",
                    "must name an administrator when the user is to be none");
        good = false;
    }

    if (host->boolean(host->get(value, "LockPrimaryAccountInfo"))
        && host->boolean(host->get(value,
                                   "DontAutoPopulatePrimaryAccountInfo")))
    {
        host->fault(call, "LockPrimaryAccountInfo",
                    "must not go with DontAutoPopulatePrimaryAccountInfo");
        good = false;
    }

    return good;
}
