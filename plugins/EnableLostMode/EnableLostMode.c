
/*
 * EnableLostMode: a device shows how to reach its owner, and nothing else.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  enable_lost_mode_on = {
    .ios = { .introduced = "9.3", .supervised = MDM_YES,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO }
};


static const mdm_key_t  enable_lost_mode_keys[] = {
    { "Message", MDM_STRING },
    { "PhoneNumber", MDM_STRING },
    { "Footnote", MDM_STRING },
    { 0 }
};


static const mdm_type_t  enable_lost_mode_types[] = {
    {
        .kind = MDM_COMMAND,
        .flags = MDM_URGENT|MDM_DESTRUCTIVE,
        .name = "EnableLostMode",
        .title = "Enable Lost Mode",
        .on = &enable_lost_mode_on,
        .keys = enable_lost_mode_keys,
        .subject = "lost-mode"
    },
    { 0 }
};


static const mdm_plugin_t  enable_lost_mode_plugin = {
    MDM_PLUGIN,
    .name = "EnableLostMode",
    .version = "1",
    .types = enable_lost_mode_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &enable_lost_mode_plugin;
}
