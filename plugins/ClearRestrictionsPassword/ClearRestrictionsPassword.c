
/*
 * ClearRestrictionsPassword: removes the passcode of the restrictions that a
 * user has set.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  systems = {
    .ios = { "8.0", .supervised = MDM_YES, .user_enrollment = MDM_FORBIDDEN,
             .shared_ipad = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


static const mdm_type_t  types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "ClearRestrictionsPassword",
        .title = "Clear Restrictions Password",
        .on = &systems,
        .keys = keys,
        .subject = "restrictions-password",
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "ClearRestrictionsPassword",
    .version = "1.0",
    .types = types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
