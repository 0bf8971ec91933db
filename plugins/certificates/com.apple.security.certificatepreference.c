
/*
 * com.apple.security.certificatepreference,
 * com.apple.security.identitypreference: which certificate or identity of the
 * same profile a user's keychain prefers for an address, a host or a service.
 */


#include "certificates.h"


static const mdm_systems_t  systems = {
    .macos = { "10.12", .device_channel = MDM_NO, .user_channel = MDM_YES,
               .many = MDM_YES }
};


static const mdm_key_t  keys[] = {
    { "Name", MDM_STRING, MDM_NEEDED },
    { "PayloadCertificateUUID", MDM_STRING, MDM_NEEDED },
    { 0 }
};


const mdm_type_t  certificate_preference = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.security.certificatepreference",
    .title = "Preferred certificate",
    .on = &systems,
    .keys = keys
};


const mdm_type_t  identity_preference = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.security.identitypreference",
    .title = "Preferred identity",
    .on = &systems,
    .keys = keys
};
