
/*
 * ClearActivationLockBypassCode: the code is void from then on.  What is in
 * escrow stays: it tells what once was, and no later code replaces it
 * silently.
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


const mdm_type_t  clear_activation_lock_bypass_code = {
    .kind = MDM_COMMAND,
    .flags = MDM_DESTRUCTIVE,
    .name = "ClearActivationLockBypassCode",
    .title = "Clear Activation Lock Bypass Code",
    .on = &systems,
    .keys = keys,
    .subject = "activation-lock",
    .expires = MDM_DAYS(90)
};
