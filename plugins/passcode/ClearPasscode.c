
/*
 * ClearPasscode: removes a device's passcode.  The unlock token that proves
 * the right to do so is taken from escrow when the sender leaves it out.
 * Never repeated by itself: the user may have set a new passcode in between.
 */


#include "passcode.h"


static const mdm_systems_t  systems = {
    .ios = { "4.0", .access_rights = MDM_LOCK_AND_CLEAR,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_FORBIDDEN },
    .visionos = { "1.1", .access_rights = MDM_LOCK_AND_CLEAR,
                  .user_enrollment = MDM_FORBIDDEN },
    .watchos = { "10.0", .access_rights = MDM_LOCK_AND_CLEAR }
};


static const mdm_key_t  keys[] = {
    { "UnlockToken", MDM_DATA, MDM_NEEDED|MDM_SECRET,
      .escrow = "unlock_token" },
    { 0 }
};


const mdm_type_t  clear_passcode = {
    .kind = MDM_COMMAND,
    .flags = MDM_ONCE|MDM_DESTRUCTIVE,
    .name = "ClearPasscode",
    .title = "Clear Passcode",
    .on = &systems,
    .keys = keys,
    .subject = "passcode",
    .expires = MDM_DAYS(90)
};
