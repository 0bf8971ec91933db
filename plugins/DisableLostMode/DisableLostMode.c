
/*
 * DisableLostMode: ends Lost Mode.  All of Lost Mode is one subject, so that
 * nothing overtakes what turns it on or off.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  disable_lost_mode_on = {
    .ios = { .introduced = "9.3", .supervised = MDM_YES,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO }
};


static const mdm_key_t  disable_lost_mode_keys[] = {
    { 0 }
};


static const mdm_type_t  disable_lost_mode_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "DisableLostMode",
        .title = "Disable Lost Mode",
        .on = &disable_lost_mode_on,
        .keys = disable_lost_mode_keys,
        .subject = "lost-mode",
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  disable_lost_mode_plugin = {
    MDM_PLUGIN,
    .name = "DisableLostMode",
    .version = "1",
    .types = disable_lost_mode_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &disable_lost_mode_plugin;
}
