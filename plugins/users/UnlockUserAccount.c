
/*
 * UnlockUserAccount: lets a user of a Mac log in again who mistyped his
 * password too often.
 */


#include "users.h"


static const mdm_systems_t  systems = {
    .macos = { "10.13", .access_rights = MDM_LOCK_AND_CLEAR,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "UserName", MDM_STRING, MDM_NEEDED },
    { 0 }
};


const mdm_type_t  unlock_user_account = {
    .kind = MDM_COMMAND,
    .name = "UnlockUserAccount",
    .title = "Unlock User Account",
    .on = &systems,
    .keys = keys,
    .subject = "user",
    .subject_keys = MDM_TEXTS("UserName"),
    .expires = MDM_DAYS(90)
};
