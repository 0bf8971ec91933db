
/*
 * UnlockUserAccount: lets a user of a Mac log in again who mistyped his
 * password too often.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  systems = {
    .macos = { "10.13", .access_rights = MDM_LOCK_AND_CLEAR,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "UserName", MDM_STRING, MDM_NEEDED },
    { 0 }
};


static const mdm_type_t  types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "UnlockUserAccount",
        .title = "Unlock User Account",
        .on = &systems,
        .keys = keys,
        .subject = "user",
        .subject_keys = MDM_TEXTS("UserName"),
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "UnlockUserAccount",
    .version = "1.0",
    .types = types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
