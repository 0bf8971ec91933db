
/*
 * UserConfigured: lets a user of a Shared iPad go on who waits for his
 * configuration.
 */


#include "users.h"


static const mdm_systems_t  systems = {
    .ios = { "17.0", .supervised = MDM_YES, .automated = MDM_YES,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_NO, .shared_user_channel = MDM_YES }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


const mdm_type_t  user_configured = {
    .kind = MDM_COMMAND,
    .name = "UserConfigured",
    .title = "User Configured",
    .on = &systems,
    .keys = keys,
    .subject = "setup",
    .expires = MDM_DAYS(90)
};
