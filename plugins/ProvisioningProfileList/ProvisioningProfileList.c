
/*
 * ProvisioningProfileList: the provisioning profiles on a device.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  provisioning_profile_list_on = {
    .ios = { .introduced = "4.0", .access_rights = MDM_INSPECT_PROVISIONING,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { .introduced = "11.0", .device_channel = MDM_YES,
               .user_channel = MDM_NO, .user_enrollment = MDM_ALLOWED },
    .tvos = { .introduced = "10.2",
              .access_rights = MDM_INSPECT_PROVISIONING },
    .visionos = { .introduced = "1.1",
                  .access_rights = MDM_INSPECT_PROVISIONING,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { .introduced = "10.0",
                 .access_rights = MDM_INSPECT_PROVISIONING }
};


static const mdm_key_t  provisioning_profile_list_keys[] = {
    { "ManagedOnly", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { .introduced = "13.0" },
             .tvos = { .introduced = "13.0" }) },
    { 0 }
};


static const mdm_key_t  provisioning_profile_list_answer[] = {
    { "ProvisioningProfileList", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ "Name", MDM_STRING, MDM_NEEDED },
                          { "UUID", MDM_STRING, MDM_NEEDED },
                          { "ExpiryDate", MDM_DATE }) }) },
    { 0 }
};


static const mdm_type_t  provisioning_profile_list_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "ProvisioningProfileList",
        .title = "Provisioning Profile List",
        .on = &provisioning_profile_list_on,
        .keys = provisioning_profile_list_keys,
        .answer = provisioning_profile_list_answer,
        .expires = MDM_DAYS(30)
    },
    { 0 }
};


static const mdm_plugin_t  provisioning_profile_list_plugin = {
    MDM_PLUGIN,
    .name = "ProvisioningProfileList",
    .version = "1",
    .types = provisioning_profile_list_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &provisioning_profile_list_plugin;
}
