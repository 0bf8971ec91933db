
/*
 * UserList: the users of a Shared iPad or of a Mac.
 */


#include "users.h"


static const mdm_systems_t  systems = {
    .ios = { "9.3", .user_enrollment = MDM_FORBIDDEN,
             .shared_ipad = MDM_REQUIRED, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { "10.13", .supervised = MDM_YES, .device_channel = MDM_YES,
               .user_channel = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  user_keys[] = {
    { "UserName", MDM_STRING, MDM_NEEDED|MDM_TELLS },
    { "FullName", MDM_STRING, MDM_NEEDED, MDM_ON(.ios = NEVER) },
    { "UID", MDM_INTEGER, MDM_NEEDED, MDM_ON(.ios = NEVER) },
    { "UserGUID", MDM_STRING, MDM_NEEDED, MDM_ON(.ios = NEVER) },
    { "IsLoggedIn", MDM_BOOLEAN, MDM_NEEDED },
    { "HasDataToSync", MDM_BOOLEAN, MDM_NEEDED, MDM_ON(.macos = NEVER) },
    { "DataQuota", MDM_INTEGER, MDM_NEEDED, MDM_ON(.macos = NEVER) },
    { "DataUsed", MDM_INTEGER, MDM_NEEDED, MDM_ON(.macos = NEVER) },
    { "MobileAccount", MDM_BOOLEAN, MDM_NEEDED, MDM_ON(.ios = NEVER) },
    { "HasSecureToken", MDM_BOOLEAN, MDM_NEEDED,
      MDM_ON(.ios = NEVER, .macos = { "11.0" }) },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "Users", MDM_ARRAY, MDM_NEEDED, .list = "users",
      MDM_KEYS({ NULL, MDM_DICTIONARY, .keys = user_keys }) },
    { 0 }
};


const mdm_type_t  user_list = {
    .kind = MDM_COMMAND,
    .name = "UserList",
    .title = "User List",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .expires = MDM_DAYS(30)
};
