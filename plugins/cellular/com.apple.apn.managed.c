
/*
 * com.apple.apn.managed: access points of mobile data, as it was until iOS 7.
 * com.apple.cellular took its place, and a device does not take both.
 */


#include "cellular.h"


static const mdm_systems_t  systems = {
    .ios = { "4.0", .deprecated = "7.0", .many = MDM_NO,
             .user_enrollment = MDM_FORBIDDEN,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO }
};


static const mdm_key_t  apn_keys[] = {
    { "apn", MDM_STRING, MDM_NEEDED },

    /* a person is asked for what is absent of these two */
    { "username", MDM_STRING },
    { "password", MDM_DATA, MDM_SECRET },
    { "proxy", MDM_STRING },
    { "proxyPort", MDM_INTEGER },
    { 0 }
};


static const mdm_key_t  defaults_keys[] = {
    { "apns", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, apn_keys }) },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "DefaultsData", MDM_DICTIONARY, MDM_NEEDED, defaults_keys },
    { "DefaultsDomainName", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("com.apple.managedCarrier") },
    { 0 }
};


const mdm_type_t  apn = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.apn.managed",
    .title = "Access points, old",
    .on = &systems,
    .keys = keys
};
