
/*
 * CertificateList: the certificates on a device.
 */


#include "certificates.h"


static const mdm_systems_t  systems = {
    .ios = { "4.0", .access_rights = MDM_INSPECT_PROFILES,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "10.7", .access_rights = MDM_INSPECT_PROFILES,
               .device_channel = MDM_YES, .user_channel = MDM_YES,
               .user_enrollment = MDM_ALLOWED },
    .tvos = { "9.0", .access_rights = MDM_INSPECT_PROFILES },
    .visionos = { "1.1", .access_rights = MDM_INSPECT_PROFILES,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { "10.0", .access_rights = MDM_INSPECT_PROFILES }
};


static const mdm_key_t  keys[] = {
    { "ManagedOnly", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "13.0" }, .macos = { "10.15" }, .tvos = { "13.0" }) },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "CertificateList", MDM_ARRAY, MDM_NEEDED, .list = "certificates",
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ "CommonName", MDM_STRING, MDM_NEEDED },
                          { "IsIdentity", MDM_BOOLEAN, MDM_NEEDED },
                          { "Data", MDM_DATA, MDM_NEEDED|MDM_TELLS }) }) },
    { 0 }
};


const mdm_type_t  certificate_list = {
    .kind = MDM_COMMAND,
    .name = "CertificateList",
    .title = "Certificate List",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .part_keys = MDM_TEXTS("ManagedOnly"),
    .expires = MDM_DAYS(30)
};
