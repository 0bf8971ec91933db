
/*
 * InstallProvisioningProfile: installs what lets apps of one's own run.
 */


#include "ngx_mdm_plugin.h"


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


static const mdm_type_t  types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "InstallProvisioningProfile",
        .title = "Install Provisioning Profile",
        .on = &systems,
        .keys = keys,
        .subject = "provisioning-profile",
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "InstallProvisioningProfile",
    .version = "1.0",
    .types = types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
