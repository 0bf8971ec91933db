
/*
 * RequestUnlockToken: asks for the unlock token and keeps it in escrow.  For
 * devices of long ago; later ones send it when they enrol.  Not overtaken by
 * the ClearPasscode that needs it.
 */


#include "passcode.h"


static const mdm_systems_t  systems = {
    .ios = { "5.0", .deprecated = "6.1.6", .supervised = MDM_YES,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "UnlockToken", MDM_DATA, MDM_NEEDED|MDM_SECRET,
      .escrow = "unlock_token" },
    { 0 }
};


const mdm_type_t  request_unlock_token = {
    .kind = MDM_COMMAND,
    .name = "RequestUnlockToken",
    .title = "Request Unlock Token",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .subject = "passcode",
    .expires = MDM_DAYS(30)
};
