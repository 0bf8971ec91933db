
/*
 * SetRecoveryLock: sets, changes, or removes the recovery lock of a Mac.
 * Never repeated by itself: the current password is another one after it
 * worked.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  systems = {
    .macos = { "11.5", .access_rights = MDM_LOCK_AND_CLEAR,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "CurrentPassword", MDM_STRING, MDM_SECRET },
    { "NewPassword", MDM_STRING, MDM_NEEDED|MDM_SECRET },
    { 0 }
};


static const mdm_type_t  types[] = {
    {
        .kind = MDM_COMMAND,
        .flags = MDM_ONCE|MDM_DESTRUCTIVE,
        .name = "SetRecoveryLock",
        .title = "Set Recovery Lock",
        .on = &systems,
        .keys = keys,
        .subject = "recovery-lock",
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "SetRecoveryLock",
    .version = "1.0",
    .types = types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
