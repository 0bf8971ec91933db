
/*
 * SetAutoAdminPassword: another password for the administrator that automated
 * enrolment made.
 */


#include "users.h"


static const mdm_systems_t  systems = {
    .macos = { "10.11", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .automated = MDM_YES, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "GUID", MDM_STRING, MDM_NEEDED },
    { "passwordHash", MDM_DATA, MDM_NEEDED|MDM_SECRET },
    { 0 }
};


const mdm_type_t  set_auto_admin_password = {
    .kind = MDM_COMMAND,
    .flags = MDM_DESTRUCTIVE,
    .name = "SetAutoAdminPassword",
    .title = "Set Auto Admin Password",
    .on = &systems,
    .keys = keys,
    .subject = "admin",
    .subject_keys = MDM_TEXTS("GUID"),
    .expires = MDM_DAYS(90)
};
