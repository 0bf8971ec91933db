
/*
 * com.apple.xsan: the storage network that a Mac belongs to, of Xsan or of
 * StorNext.
 */


#include "mac-services.h"


static const mdm_systems_t  systems = {
    .macos = { "10.10", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "sanName", MDM_STRING, MDM_NEEDED },
    { "sanConfigURLs", MDM_ARRAY, MDM_NEEDED, MDM_KEYS({ NULL, MDM_STRING }) },
    { "fsnameservers", MDM_ARRAY, MDM_NEEDED, MDM_KEYS({ NULL, MDM_STRING }) },
    { "sanAuthMethod", MDM_STRING, MDM_ONE_OF("auth_secret") },
    { "sharedSecret", MDM_STRING, MDM_NEEDED|MDM_SECRET },
    { 0 }
};


const mdm_type_t  xsan = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.xsan",
    .title = "Xsan",
    .on = &systems,
    .keys = keys
};
