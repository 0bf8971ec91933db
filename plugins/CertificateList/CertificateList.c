
/*
 * CertificateList: the certificates on a device.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  certificate_list_on = {
    .ios = { .introduced = "4.0", .access_rights = MDM_INSPECT_PROFILES,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { .introduced = "10.7", .access_rights = MDM_INSPECT_PROFILES,
               .device_channel = MDM_YES, .user_channel = MDM_YES,
               .user_enrollment = MDM_ALLOWED },
    .tvos = { .introduced = "9.0", .access_rights = MDM_INSPECT_PROFILES },
    .visionos = { .introduced = "1.1",
                  .access_rights = MDM_INSPECT_PROFILES,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { .introduced = "10.0", .access_rights = MDM_INSPECT_PROFILES }
};


static const mdm_key_t  certificate_list_keys[] = {
    { "ManagedOnly", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { .introduced = "13.0" },
             .macos = { .introduced = "10.15" },
             .tvos = { .introduced = "13.0" }) },
    { 0 }
};


static const mdm_key_t  certificate_list_answer[] = {
    { "CertificateList", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ "CommonName", MDM_STRING, MDM_NEEDED },
                          { "IsIdentity", MDM_BOOLEAN, MDM_NEEDED },
                          { "Data", MDM_DATA, MDM_NEEDED }) }) },
    { 0 }
};


static const mdm_type_t  certificate_list_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "CertificateList",
        .title = "Certificate List",
        .on = &certificate_list_on,
        .keys = certificate_list_keys,
        .answer = certificate_list_answer,
        .expires = MDM_DAYS(30)
    },
    { 0 }
};


static const mdm_plugin_t  certificate_list_plugin = {
    MDM_PLUGIN,
    .name = "CertificateList",
    .version = "1",
    .types = certificate_list_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &certificate_list_plugin;
}
