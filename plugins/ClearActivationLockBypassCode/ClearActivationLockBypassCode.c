
/*
 * ClearActivationLockBypassCode: the code is void from then on.  What is in
 * escrow stays: it tells what once was, and no later code replaces it
 * silently.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  systems = {
    .ios = { "7.1", .supervised = MDM_YES, .user_enrollment = MDM_FORBIDDEN,
             .shared_ipad = MDM_FORBIDDEN },
    .macos = { "10.15", .supervised = MDM_YES, .device_channel = MDM_YES,
               .user_channel = MDM_NO, .user_enrollment = MDM_FORBIDDEN },
    .visionos = { "2.0", .supervised = MDM_YES,
                  .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


static const mdm_type_t  types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "ClearActivationLockBypassCode",
        .title = "Clear Activation Lock Bypass Code",
        .on = &systems,
        .keys = keys,
        .subject = "activation-lock",
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "ClearActivationLockBypassCode",
    .version = "1.0",
    .types = types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
