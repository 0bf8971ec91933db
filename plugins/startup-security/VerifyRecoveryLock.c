
/*
 * VerifyRecoveryLock: is this the password of the recovery lock?  Shares its
 * subject with what sets it.
 */


#include "startup-security.h"


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
    { "PasswordVerified", MDM_BOOLEAN, MDM_NEEDED,
      .attribute = "RecoveryLockVerified" },
    { 0 }
};


const mdm_type_t  verify_recovery_lock = {
    .kind = MDM_COMMAND,
    .name = "VerifyRecoveryLock",
    .title = "Verify Recovery Lock",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .subject = "recovery-lock",
    .expires = MDM_DAYS(30)
};
