
/*
 * com.apple.security.wapi-identity: an identity for WAPI, the wireless networks
 * of a Chinese standard: certificate and key as PEM.  Apple says for no system
 * that it is there or is not; so the first version of each is said, and nobody
 * is refused.
 */


#include "certificates.h"


static const mdm_systems_t  systems = {
    .ios = { "4.0", .many = MDM_YES, .shared_user_channel = MDM_YES },
    .macos = { "10.7", .user_channel = MDM_YES, .many = MDM_YES },
    .tvos = { "9.0", .many = MDM_YES },
    .visionos = { "1.0", .many = MDM_YES },
    .watchos = { "3.0", .many = MDM_YES }
};


static const mdm_key_t  keys[] = {
    { "PEMData", MDM_DATA, MDM_NEEDED|MDM_SECRET },
    { 0 }
};


const mdm_type_t  wapi_identity = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.security.wapi-identity",
    .title = "Identity for WAPI",
    .on = &systems,
    .keys = keys
};
