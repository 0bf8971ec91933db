
/*
 * ManagedApplicationFeedback: what managed apps have to say to the server.
 */


#include "apps.h"


static const mdm_systems_t  systems = {
    .ios = { "7.0", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "11.0", .access_rights = MDM_CHANGE_APPS,
               .device_channel = MDM_NO, .user_channel = MDM_YES,
               .user_enrollment = MDM_FORBIDDEN },
    .tvos = { "10.2", .access_rights = MDM_CHANGE_APPS },
    .visionos = { "1.1", .access_rights = MDM_CHANGE_APPS,
                  .user_enrollment = MDM_ALLOWED }
};


static const mdm_key_t  keys[] = {
    { "Identifiers", MDM_ARRAY, MDM_NEEDED, MDM_KEYS({ NULL, MDM_STRING }) },
    { "DeleteFeedback", MDM_BOOLEAN, .preset = "false" },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "ManagedApplicationFeedback", MDM_ARRAY, MDM_NEEDED,
      .list = "managed_application_feedback",
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ "Identifier", MDM_STRING, MDM_NEEDED|MDM_TELLS },
                          { "Feedback", MDM_DICTIONARY,
                            MDM_KEYS({ "*", MDM_ANY }) }) }) },
    { 0 }
};


const mdm_type_t  managed_application_feedback = {
    .kind = MDM_COMMAND,
    .name = "ManagedApplicationFeedback",
    .title = "Managed Application Feedback",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .part_keys = MDM_TEXTS("Identifiers"),
    .expires = MDM_DAYS(30)
};
