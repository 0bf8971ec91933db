
/*
 * LogOutUser: logs the user of a Shared iPad out.  Once: the next one did
 * nothing to be logged out for.
 */


#include "users.h"


static const mdm_systems_t  systems = {
    .ios = { "9.3", .user_enrollment = MDM_FORBIDDEN,
             .shared_ipad = MDM_REQUIRED, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


const mdm_type_t  log_out_user = {
    .kind = MDM_COMMAND,
    .flags = MDM_ONCE,
    .name = "LogOutUser",
    .title = "Log Out User",
    .on = &systems,
    .keys = keys,
    .subject = "log-out",
    .expires = MDM_DAYS(1)
};
