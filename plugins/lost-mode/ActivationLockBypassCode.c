
/*
 * ActivationLockBypassCode: asks for the code that ends Activation Lock, and
 * keeps it in escrow.  A device gives it only in its first days of
 * supervision.
 */


#include "lost-mode.h"


static const mdm_systems_t  systems = {
    .ios = { "7.1", .supervised = MDM_YES, .user_enrollment = MDM_FORBIDDEN,
             .shared_ipad = MDM_FORBIDDEN },
    .macos = { "10.15", .supervised = MDM_YES, .device_channel = MDM_YES,
               .user_channel = MDM_NO, .user_enrollment = MDM_FORBIDDEN },
    .visionos = { "2.0", .supervised = MDM_YES,
                  .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "ActivationLockBypassCode", MDM_STRING, MDM_NEEDED|MDM_SECRET,
      .escrow = "activation_lock_bypass_code" },
    { 0 }
};


const mdm_type_t  activation_lock_bypass_code = {
    .kind = MDM_COMMAND,
    .name = "ActivationLockBypassCode",
    .title = "Activation Lock Bypass Code",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .subject = "activation-lock",
    .expires = MDM_DAYS(30)
};
