
/*
 * PlayLostModeSound: a device in Lost Mode makes itself heard.  Once: nobody
 * wants the sound of the day before yesterday.
 */


#include "lost-mode.h"


static const mdm_systems_t  systems = {
    .ios = { "10.3", .supervised = MDM_YES,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


const mdm_type_t  play_lost_mode_sound = {
    .kind = MDM_COMMAND,
    .flags = MDM_ONCE,
    .name = "PlayLostModeSound",
    .title = "Play Lost Mode Sound",
    .on = &systems,
    .keys = keys,
    .subject = "lost-mode",
    .expires = MDM_DAYS(1)
};
