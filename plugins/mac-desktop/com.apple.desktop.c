
/*
 * com.apple.desktop: the picture on the desktop of a Mac.  A picture that is
 * given here cannot be changed; the lock without one is for systems that lack
 * the restriction allowWallpaperModification.
 */


#include "mac-desktop.h"


static const mdm_systems_t  systems = SETTINGS_OF_MAC("10.10");


static const mdm_key_t  keys[] = {
    ON_IF_ANY("locked", MDM_ON(.macos = { .deprecated = "10.13" })),
    { "override-picture-path", MDM_STRING },
    { 0 }
};


const mdm_type_t  desktop = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.desktop",
    .title = "Desktop picture",
    .on = &systems,
    .keys = keys
};
