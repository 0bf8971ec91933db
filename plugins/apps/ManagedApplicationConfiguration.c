
/*
 * ManagedApplicationConfiguration: the configuration given to managed apps.  It
 * may hold what an app logs in with, so it stays in the report.
 */


#include "apps.h"


static const mdm_systems_t  systems = {
    .ios = { "7.0", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "10.15", .access_rights = MDM_CHANGE_APPS,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_ALLOWED },
    .tvos = { "10.2", .access_rights = MDM_CHANGE_APPS },
    .visionos = { "1.1", .access_rights = MDM_CHANGE_APPS,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { "10.0", .access_rights = MDM_CHANGE_APPS }
};


static const mdm_key_t  keys[] = {
    { "Identifiers", MDM_ARRAY, MDM_NEEDED, MDM_KEYS({ NULL, MDM_STRING }) },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "ApplicationConfigurations", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ "Identifier", MDM_STRING, MDM_NEEDED },
                          { "Configuration", MDM_DICTIONARY, MDM_SECRET,
                            MDM_KEYS({ "*", MDM_ANY }) }) }) },
    { 0 }
};


const mdm_type_t  managed_application_configuration = {
    .kind = MDM_COMMAND,
    .name = "ManagedApplicationConfiguration",
    .title = "Managed Application Configuration",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .expires = MDM_DAYS(30)
};
