
/*
 * LogOutUser: logs the user of a Shared iPad out.  Once: the next one did
 * nothing to be logged out for.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  systems = {
    .ios = { "9.3", .user_enrollment = MDM_FORBIDDEN,
             .shared_ipad = MDM_REQUIRED, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


static const mdm_type_t  types[] = {
    {
        .kind = MDM_COMMAND,
        .flags = MDM_ONCE,
        .name = "LogOutUser",
        .title = "Log Out User",
        .on = &systems,
        .keys = keys,
        .subject = "log-out",
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "LogOutUser",
    .version = "1.0",
    .types = types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
