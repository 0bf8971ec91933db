
/*
 * ManagedApplicationConfiguration: the configuration given to managed apps.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  managed_application_configuration_on = {
    .ios = { .introduced = "7.0", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { .introduced = "10.15", .access_rights = MDM_CHANGE_APPS,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_ALLOWED },
    .tvos = { .introduced = "10.2", .access_rights = MDM_CHANGE_APPS },
    .visionos = { .introduced = "1.1", .access_rights = MDM_CHANGE_APPS,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { .introduced = "10.0", .access_rights = MDM_CHANGE_APPS }
};


static const mdm_key_t  managed_application_configuration_keys[] = {
    { "Identifiers", MDM_ARRAY, MDM_NEEDED, MDM_KEYS({ NULL, MDM_STRING }) },
    { 0 }
};


static const mdm_key_t  managed_application_configuration_answer[] = {
    { "ApplicationConfigurations", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ "Identifier", MDM_STRING, MDM_NEEDED },
                          { "Configuration", MDM_DICTIONARY,
                            MDM_KEYS({ "*", MDM_ANY }) }) }) },
    { 0 }
};


static const mdm_type_t  managed_application_configuration_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "ManagedApplicationConfiguration",
        .title = "Managed Application Configuration",
        .on = &managed_application_configuration_on,
        .keys = managed_application_configuration_keys,
        .answer = managed_application_configuration_answer,
        .expires = MDM_DAYS(30)
    },
    { 0 }
};


static const mdm_plugin_t  managed_application_configuration_plugin = {
    MDM_PLUGIN,
    .name = "ManagedApplicationConfiguration",
    .version = "1",
    .types = managed_application_configuration_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &managed_application_configuration_plugin;
}
