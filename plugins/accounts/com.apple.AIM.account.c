
/*
 * com.apple.AIM.account: an account of AOL's instant messenger, on Macs before
 * macOS 10.14.  There is one server, and one way to sign in.
 */


#include "accounts.h"


static const mdm_systems_t  systems = {
    .macos = { "10.7", .deprecated = "10.13", .removed = "10.14",
               .device_channel = MDM_NO, .user_channel = MDM_YES,
               .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "AIMAccountDescription", MDM_STRING },
    { "AIMHostName", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("slogin.oscar.aol.com") },
    { "AIMUserName", MDM_STRING },
    { "AIMPassword", MDM_STRING, MDM_SECRET },
    { "AIMUseSSL", MDM_BOOLEAN, .preset = "true" },
    { "AIMPort", MDM_INTEGER, .min = "0", .max = "65535", .preset = "5190" },
    { "AIMAuthentication", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("AIMAuthPassword") },
    { 0 }
};


const mdm_type_t  aim = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.AIM.account",
    .title = "AIM account",
    .on = &systems,
    .keys = keys
};
