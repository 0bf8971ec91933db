
/*
 * com.apple.osxserver.account: an account of a macOS Server, for documents on
 * it; of iOS 9 to 11.
 */


#include "accounts.h"


static const mdm_systems_t  systems = {
    .ios = { "9.0", .deprecated = "12.0", .removed = "12.0", .many = MDM_YES,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_FORBIDDEN }
};


static const mdm_key_t  configured_keys[] = {
    { "Type", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("com.apple.osxserver.documents") },
    { "Port", MDM_INTEGER },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "HostName", MDM_STRING, MDM_NEEDED },
    { "UserName", MDM_STRING, MDM_NEEDED },
    { "Password", MDM_STRING, MDM_SECRET },
    { "AccountDescription", MDM_STRING },
    { "ConfiguredAccounts", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, configured_keys }) },
    { 0 }
};


const mdm_type_t  macos_server = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.osxserver.account",
    .title = "macOS Server account",
    .on = &systems,
    .keys = keys
};
