
/*
 * com.apple.ironwood.support: dictation and bad words on a Mac, before
 * restrictions had both.
 */


#include "home-screen.h"


static const mdm_systems_t  systems = {
    .ios = NEVER,
    .macos = { "10.9", .deprecated = "10.13", .device_channel = MDM_YES,
               .user_channel = MDM_YES, .many = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN },
    .tvos = NEVER,
    .visionos = NEVER,
    .watchos = NEVER
};


static const mdm_key_t  keys[] = {
    { "Profanity Allowed", MDM_BOOLEAN, .preset = "true" },
    { "Ironwood Allowed", MDM_BOOLEAN, .preset = "true" },
    { 0 }
};


const mdm_type_t  dictation = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.ironwood.support",
    .title = "Dictation and profanity",
    .on = &systems,
    .keys = keys
};
