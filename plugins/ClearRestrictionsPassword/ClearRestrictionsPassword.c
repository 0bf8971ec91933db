
/*
 * ClearRestrictionsPassword: removes the passcode of the restrictions that a
 * user has set.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  clear_restrictions_password_on = {
    .ios = { .introduced = "8.0", .supervised = MDM_YES,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_FORBIDDEN }
};


static const mdm_key_t  clear_restrictions_password_keys[] = {
    { 0 }
};


static const mdm_type_t  clear_restrictions_password_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "ClearRestrictionsPassword",
        .title = "Clear Restrictions Password",
        .on = &clear_restrictions_password_on,
        .keys = clear_restrictions_password_keys,
        .subject = "restrictions-password",
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  clear_restrictions_password_plugin = {
    MDM_PLUGIN,
    .name = "ClearRestrictionsPassword",
    .version = "1",
    .types = clear_restrictions_password_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &clear_restrictions_password_plugin;
}
