
/*
 * com.apple.NSExtension: which extensions of apps a Mac runs: by their bundle
 * identifiers, and by what they extend.
 */


#include "apps.h"


static const mdm_systems_t  systems = {
    .ios = NEVER,
    .macos = { "10.13", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN },
    .tvos = NEVER,
    .visionos = NEVER,
    .watchos = NEVER
};


static const mdm_key_t  strings[] = {
    { NULL, MDM_STRING },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "AllowedExtensions", MDM_ARRAY, 0, strings },
    { "DeniedExtensions", MDM_ARRAY, 0, strings },
    { "DeniedExtensionPoints", MDM_ARRAY, 0, strings },
    { 0 }
};


const mdm_type_t  ns_extension = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.NSExtension",
    .title = "Extensions of apps",
    .on = &systems,
    .keys = keys
};
