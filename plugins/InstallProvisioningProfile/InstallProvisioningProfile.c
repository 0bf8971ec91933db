
/*
 * InstallProvisioningProfile: installs what lets apps of one's own run.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  install_provisioning_profile_on = {
    .ios = { .introduced = "4.0", .access_rights = MDM_CHANGE_PROVISIONING,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { .introduced = "11.0", .device_channel = MDM_YES,
               .user_channel = MDM_NO, .user_enrollment = MDM_ALLOWED },
    .tvos = { .introduced = "10.2", .access_rights = MDM_CHANGE_PROVISIONING },
    .visionos = { .introduced = "1.1",
                  .access_rights = MDM_CHANGE_PROVISIONING,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { .introduced = "10.0",
                 .access_rights = MDM_CHANGE_PROVISIONING }
};


static const mdm_key_t  install_provisioning_profile_keys[] = {
    { "ProvisioningProfile", MDM_DATA, MDM_NEEDED },
    { 0 }
};


static const mdm_type_t  install_provisioning_profile_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "InstallProvisioningProfile",
        .title = "Install Provisioning Profile",
        .on = &install_provisioning_profile_on,
        .keys = install_provisioning_profile_keys,
        .subject = "provisioning-profile",
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  install_provisioning_profile_plugin = {
    MDM_PLUGIN,
    .name = "InstallProvisioningProfile",
    .version = "1",
    .types = install_provisioning_profile_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &install_provisioning_profile_plugin;
}
