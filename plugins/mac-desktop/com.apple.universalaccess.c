
/*
 * com.apple.universalaccess: seeing, hearing and moving, at a Mac.
 */


#include "mac-desktop.h"


static const mdm_systems_t  systems = SETTINGS_OF_MAC("10.9");


static const mdm_key_t  keys[] = {
    /* zoom: the far point is the least, the near point the most of it */
    { "closeViewFarPoint", MDM_INTEGER },
    OPTION("closeViewHotkeysEnabled"),
    { "closeViewNearPoint", MDM_INTEGER },
    OPTION("closeViewScrollWheelToggle"),
    OPTION("closeViewShowPreview", MDM_ON(.macos = { .deprecated = "10.15" })),
    OPTION("closeViewSmoothImages"),

    { "contrast", MDM_REAL, .min = "0", .max = "1" },
    OPTION("flashScreen"),
    OPTION("grayscale", MDM_ON(.macos = { .deprecated = "11.0" })),

    /* the pointer moved by keys */
    OPTION("mouseDriver"),
    { "mouseDriverCursorSize", MDM_INTEGER },
    OPTION("mouseDriverIgnoreTrackpad"),
    { "mouseDriverInitialDelay", MDM_INTEGER },
    { "mouseDriverMaxSpeed", MDM_INTEGER },

    OPTION("slowKey"),
    OPTION("slowKeyBeepOn"),
    { "slowKeyDelay", MDM_INTEGER },  /* in milliseconds */
    OPTION("stereoAsMono"),
    OPTION("stickyKey"),
    OPTION("stickyKeyBeepOnModifier"),
    OPTION("stickyKeyShowWindow"),
    OPTION("voiceOverOnOffKey"),
    OPTION("whiteOnBlack"),
    { 0 }
};


const mdm_type_t  accessibility = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.universalaccess",
    .title = "Accessibility",
    .on = &systems,
    .keys = keys
};
