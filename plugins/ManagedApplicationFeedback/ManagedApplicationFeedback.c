
/*
 * ManagedApplicationFeedback: what managed apps have to say to the server.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  managed_application_feedback_on = {
    .ios = { .introduced = "7.0", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { .introduced = "11.0", .access_rights = MDM_CHANGE_APPS,
               .device_channel = MDM_NO, .user_channel = MDM_YES,
               .user_enrollment = MDM_FORBIDDEN },
    .tvos = { .introduced = "10.2", .access_rights = MDM_CHANGE_APPS },
    .visionos = { .introduced = "1.1", .access_rights = MDM_CHANGE_APPS,
                  .user_enrollment = MDM_ALLOWED }
};


static const mdm_key_t  managed_application_feedback_keys[] = {
    { "Identifiers", MDM_ARRAY, MDM_NEEDED, MDM_KEYS({ NULL, MDM_STRING }) },
    { "DeleteFeedback", MDM_BOOLEAN, .preset = "false" },
    { 0 }
};


static const mdm_key_t  managed_application_feedback_answer[] = {
    { "ManagedApplicationFeedback", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ "Identifier", MDM_STRING, MDM_NEEDED },
                          { "Feedback", MDM_DICTIONARY,
                            MDM_KEYS({ "*", MDM_ANY }) }) }) },
    { 0 }
};


static const mdm_type_t  managed_application_feedback_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "ManagedApplicationFeedback",
        .title = "Managed Application Feedback",
        .on = &managed_application_feedback_on,
        .keys = managed_application_feedback_keys,
        .answer = managed_application_feedback_answer,
        .expires = MDM_DAYS(30)
    },
    { 0 }
};


static const mdm_plugin_t  managed_application_feedback_plugin = {
    MDM_PLUGIN,
    .name = "ManagedApplicationFeedback",
    .version = "1",
    .types = managed_application_feedback_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &managed_application_feedback_plugin;
}
