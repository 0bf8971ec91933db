
/*
 * VerifyRecoveryLock: is this the password of the recovery lock?  Shares its
 * subject with what sets it.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  verify_recovery_lock_on = {
    .macos = { .introduced = "11.5", .access_rights = MDM_LOCK_AND_CLEAR,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  verify_recovery_lock_keys[] = {
    { "Password", MDM_STRING, MDM_NEEDED|MDM_SECRET },
    { 0 }
};


static const mdm_key_t  verify_recovery_lock_answer[] = {
    { "PasswordVerified", MDM_BOOLEAN, MDM_NEEDED },
    { 0 }
};


static const mdm_type_t  verify_recovery_lock_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "VerifyRecoveryLock",
        .title = "Verify Recovery Lock",
        .on = &verify_recovery_lock_on,
        .keys = verify_recovery_lock_keys,
        .answer = verify_recovery_lock_answer,
        .subject = "recovery-lock",
        .expires = MDM_DAYS(30)
    },
    { 0 }
};


static const mdm_plugin_t  verify_recovery_lock_plugin = {
    MDM_PLUGIN,
    .name = "VerifyRecoveryLock",
    .version = "1",
    .types = verify_recovery_lock_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &verify_recovery_lock_plugin;
}
