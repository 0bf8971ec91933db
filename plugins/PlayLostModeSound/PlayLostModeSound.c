
/*
 * PlayLostModeSound: a device in Lost Mode makes itself heard.  Once: nobody
 * wants the sound of the day before yesterday.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  play_lost_mode_sound_on = {
    .ios = { .introduced = "10.3", .supervised = MDM_YES,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO }
};


static const mdm_key_t  play_lost_mode_sound_keys[] = {
    { 0 }
};


static const mdm_type_t  play_lost_mode_sound_types[] = {
    {
        .kind = MDM_COMMAND,
        .flags = MDM_ONCE,
        .name = "PlayLostModeSound",
        .title = "Play Lost Mode Sound",
        .on = &play_lost_mode_sound_on,
        .keys = play_lost_mode_sound_keys,
        .subject = "lost-mode",
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  play_lost_mode_sound_plugin = {
    MDM_PLUGIN,
    .name = "PlayLostModeSound",
    .version = "1",
    .types = play_lost_mode_sound_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &play_lost_mode_sound_plugin;
}
