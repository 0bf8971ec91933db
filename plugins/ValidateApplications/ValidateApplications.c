
/*
 * ValidateApplications: has a device verify anew that its apps may run.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  validate_applications_on = {
    .ios = { .introduced = "9.2", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .tvos = { .introduced = "10.2", .access_rights = MDM_CHANGE_APPS },
    .visionos = { .introduced = "1.1", .access_rights = MDM_CHANGE_APPS,
                  .user_enrollment = MDM_ALLOWED }
};


static const mdm_key_t  validate_applications_keys[] = {
    { "Identifiers", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }) },
    { 0 }
};


static const mdm_type_t  validate_applications_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "ValidateApplications",
        .title = "Validate Applications",
        .on = &validate_applications_on,
        .keys = validate_applications_keys,
        .expires = MDM_DAYS(30)
    },
    { 0 }
};


static const mdm_plugin_t  validate_applications_plugin = {
    MDM_PLUGIN,
    .name = "ValidateApplications",
    .version = "1",
    .types = validate_applications_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &validate_applications_plugin;
}
