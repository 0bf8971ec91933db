
/*
 * InstallProvisioningProfile: installs what lets apps of one's own run.
 */


#include "profiles.h"


static const mdm_systems_t  systems = {
    .ios = { "4.0", .access_rights = MDM_CHANGE_PROVISIONING,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "11.0", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_ALLOWED },
    .tvos = { "10.2", .access_rights = MDM_CHANGE_PROVISIONING },
    .visionos = { "1.1", .access_rights = MDM_CHANGE_PROVISIONING,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { "10.0", .access_rights = MDM_CHANGE_PROVISIONING }
};


static const mdm_key_t  keys[] = {
    { "ProvisioningProfile", MDM_DATA, MDM_NEEDED },
    { 0 }
};


const mdm_type_t  install_provisioning_profile = {
    .kind = MDM_COMMAND,
    .name = "InstallProvisioningProfile",
    .title = "Install Provisioning Profile",
    .on = &systems,
    .keys = keys,
    .subject = "provisioning-profile",
    .expires = MDM_DAYS(90)
};
