
/*
 * com.apple.google-oauth: an account of Google.  It has no password: its user
 * signs in when it is there, and chooses then what he wants of it.
 */


#include "accounts.h"


static const mdm_systems_t  systems = {
    .ios = { "9.3", .many = MDM_YES, .shared_device_channel = MDM_NO,
             .shared_user_channel = MDM_YES },
    .visionos = { "1.1", .many = MDM_YES }
};


static const mdm_key_t  keys[] = {
    { "AccountDescription", MDM_STRING },
    { "AccountName", MDM_STRING },
    { "EmailAddress", MDM_STRING, MDM_NEEDED },
    { "CommunicationServiceRules", MDM_DICTIONARY, 0, communication_keys,
      MDM_ON(.ios = { "10.0" }) },
    { "VPNUUID", MDM_STRING, MDM_ON(.ios = { "14.0" }) },
    { 0 }
};


const mdm_type_t  google = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.google-oauth",
    .title = "Google account",
    .on = &systems,
    .keys = keys
};
