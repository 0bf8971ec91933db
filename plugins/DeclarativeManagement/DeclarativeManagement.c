
/*
 * DeclarativeManagement: turns declarations on, or tells that there are new
 * ones.  The device asks for their contents itself.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  declarative_management_on = {
    .ios = { .introduced = "15.0", .user_enrollment = MDM_ALLOWED,
             .shared_ipad = MDM_ALLOWED, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_YES },
    .macos = { .introduced = "13.0", .device_channel = MDM_YES,
               .user_channel = MDM_YES, .user_enrollment = MDM_ALLOWED },
    .tvos = { .introduced = "16.0" },
    .visionos = { .introduced = "1.1", .user_enrollment = MDM_ALLOWED },
    .watchos = { .introduced = "10.0" }
};


static const mdm_key_t  declarative_management_keys[] = {
    { "Data", MDM_DATA },
    { 0 }
};


static const mdm_type_t  declarative_management_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "DeclarativeManagement",
        .title = "Declarative Management",
        .on = &declarative_management_on,
        .keys = declarative_management_keys,
        .subject = "declarations",
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  declarative_management_plugin = {
    MDM_PLUGIN,
    .name = "DeclarativeManagement",
    .version = "1",
    .types = declarative_management_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &declarative_management_plugin;
}
