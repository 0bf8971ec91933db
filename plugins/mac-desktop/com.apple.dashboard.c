
/*
 * com.apple.dashboard: the widgets that users may have.  It ended with the
 * Dashboard itself, in macOS 10.15.
 */


#include "mac-desktop.h"


static const mdm_systems_t  systems
    = SETTINGS_OF_MAC("10.7", .deprecated = "10.15", .removed = "10.15");


static const mdm_key_t  widget_keys[] = {
    { "Type", MDM_STRING, MDM_NEEDED },  /* of ID: "bundleID" */
    { "ID", MDM_STRING, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "whiteListEnabled", MDM_BOOLEAN, MDM_NEEDED, .combine = MDM_COMBINE_OR },
    { "WhiteList", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, widget_keys }),
      .combine = MDM_COMBINE_INTERSECTION },
    { 0 }
};


const mdm_type_t  dashboard = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.dashboard",
    .title = "Dashboard widgets",
    .on = &systems,
    .keys = keys
};
