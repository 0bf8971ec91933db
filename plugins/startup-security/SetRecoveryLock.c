
/*
 * SetRecoveryLock: sets, changes, or removes the recovery lock of a Mac.
 * Never repeated by itself: the current password is another one after it
 * worked.
 */


#include "startup-security.h"
#include "../results.h"


static bool result(mdm_call_t *call, const mdm_result_t *done);


static const mdm_systems_t  systems = {
    .macos = { "11.5", .access_rights = MDM_LOCK_AND_CLEAR,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "CurrentPassword", MDM_STRING, MDM_SECRET },
    { "NewPassword", MDM_STRING, MDM_NEEDED|MDM_SECRET },
    { 0 }
};


const mdm_type_t  set_recovery_lock = {
    .kind = MDM_COMMAND,
    .flags = MDM_ONCE|MDM_DESTRUCTIVE,
    .name = "SetRecoveryLock",
    .title = "Set Recovery Lock",
    .on = &systems,
    .keys = keys,
    .subject = "recovery-lock",
    .expires = MDM_DAYS(90),
    .result = result
};


/* What was verified is not the password any more. */

static bool
result(mdm_call_t *call, const mdm_result_t *done)
{
    if (!acknowledged(done)) {
        return true;
    }

    return call->host->set_attribute(call, "RecoveryLockVerified", NULL);
}
