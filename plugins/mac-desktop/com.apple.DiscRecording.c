
/*
 * com.apple.DiscRecording: who may burn discs.  "on" permits what nothing else
 * forbids, such as ProhibitBurn of com.apple.finder.
 */


#include "mac-desktop.h"


static const mdm_systems_t  systems = SETTINGS_OF_MAC("10.7");


static const mdm_key_t  keys[] = {
    { "BurnSupport", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("off", "authenticate", "on"),
      .combine = MDM_COMBINE_ENUM_FIRST },
    { 0 }
};


const mdm_type_t  disc_recording = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.DiscRecording",
    .title = "Burning of discs",
    .on = &systems,
    .keys = keys
};
