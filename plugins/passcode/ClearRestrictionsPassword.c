
/*
 * ClearRestrictionsPassword: removes the passcode of the restrictions that a
 * user has set.  Never repeated by itself: he may have set a new one in
 * between.
 */


#include "passcode.h"


static const mdm_systems_t  systems = {
    .ios = { "8.0", .supervised = MDM_YES, .user_enrollment = MDM_FORBIDDEN,
             .shared_ipad = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


const mdm_type_t  clear_restrictions_password = {
    .kind = MDM_COMMAND,
    .flags = MDM_ONCE,
    .name = "ClearRestrictionsPassword",
    .title = "Clear Restrictions Password",
    .on = &systems,
    .keys = keys,
    .subject = "restrictions-password",
    .expires = MDM_DAYS(90)
};
