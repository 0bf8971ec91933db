
/*
 * ProvisioningProfileList: the provisioning profiles on a device.
 */


#include "profiles.h"


static const mdm_systems_t  systems = {
    .ios = { "4.0", .access_rights = MDM_INSPECT_PROVISIONING,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "11.0", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_ALLOWED },
    .tvos = { "10.2", .access_rights = MDM_INSPECT_PROVISIONING },
    .visionos = { "1.1", .access_rights = MDM_INSPECT_PROVISIONING,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { "10.0", .access_rights = MDM_INSPECT_PROVISIONING }
};


static const mdm_key_t  keys[] = {
    { "ManagedOnly", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "13.0" }, .tvos = { "13.0" }) },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "ProvisioningProfileList", MDM_ARRAY, MDM_NEEDED,
      .list = "provisioning_profiles",
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ "Name", MDM_STRING, MDM_NEEDED },
                          { "UUID", MDM_STRING, MDM_NEEDED|MDM_TELLS },
                          { "ExpiryDate", MDM_DATE }) }) },
    { 0 }
};


const mdm_type_t  provisioning_profile_list = {
    .kind = MDM_COMMAND,
    .name = "ProvisioningProfileList",
    .title = "Provisioning Profile List",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .part_keys = MDM_TEXTS("ManagedOnly"),
    .expires = MDM_DAYS(30)
};
