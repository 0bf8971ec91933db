
/*
 * com.apple.conferenceroomdisplay: an Apple TV of a meeting room, which says
 * how to show something on it and does nothing else.
 */


#include "airplay.h"


static const mdm_systems_t  systems = {
    .ios = NEVER,
    .macos = NEVER,
    .tvos = { "10.2", .supervised = MDM_YES, .many = MDM_NO },
    .visionos = NEVER,
    .watchos = NEVER
};


static const mdm_key_t  keys[] = {
    { "Message", MDM_STRING },
    { 0 }
};


const mdm_type_t  conference_room_display = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.conferenceroomdisplay",
    .title = "Conference room display",
    .on = &systems,
    .keys = keys
};
