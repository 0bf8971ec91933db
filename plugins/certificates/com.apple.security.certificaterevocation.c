
/*
 * com.apple.security.certificaterevocation: of which CAs, besides those that a
 * device trusts anyhow, certificates are checked for being revoked.
 */


#include "certificates.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .ios = { "14.2", .many = MDM_YES, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .visionos = { "1.1", .many = MDM_YES }
};


static const mdm_key_t  keys[] = {
    { "EnabledForCerts", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, digest_keys }),
      .combine = MDM_COMBINE_UNION },
    { 0 }
};


const mdm_type_t  certificate_revocation = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.security.certificaterevocation",
    .title = "Revocation of certificates",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    return validate_digests(call, value, "EnabledForCerts");
}
