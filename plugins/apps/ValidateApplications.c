
/*
 * ValidateApplications: has a device verify anew that its apps may run.
 */


#include "apps.h"


static const mdm_systems_t  systems = {
    .ios = { "9.2", .access_rights = MDM_CHANGE_APPS,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .tvos = { "10.2", .access_rights = MDM_CHANGE_APPS },
    .visionos = { "1.1", .access_rights = MDM_CHANGE_APPS,
                  .user_enrollment = MDM_ALLOWED }
};


static const mdm_key_t  keys[] = {
    { "Identifiers", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }) },
    { 0 }
};


const mdm_type_t  validate_applications = {
    .kind = MDM_COMMAND,
    .name = "ValidateApplications",
    .title = "Validate Applications",
    .on = &systems,
    .keys = keys,
    .expires = MDM_DAYS(30)
};
