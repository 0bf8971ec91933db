
/*
 * VerifyRecoveryLock: is this the password of the recovery lock?  Shares its
 * subject with what sets it.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  systems = {
    .macos = { "11.5", .access_rights = MDM_LOCK_AND_CLEAR,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "Password", MDM_STRING, MDM_NEEDED|MDM_SECRET },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "PasswordVerified", MDM_BOOLEAN, MDM_NEEDED },
    { 0 }
};


static const mdm_type_t  types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "VerifyRecoveryLock",
        .title = "Verify Recovery Lock",
        .on = &systems,
        .keys = keys,
        .answer = answer,
        .subject = "recovery-lock",
        .expires = MDM_DAYS(30)
    },
    { 0 }
};


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "VerifyRecoveryLock",
    .version = "1.0",
    .types = types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
