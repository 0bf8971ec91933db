
/*
 * com.apple.Dictionary: hides words that are not for children.
 */


#include "mac-desktop.h"


static const mdm_systems_t  systems = SETTINGS_OF_MAC("10.7");


static const mdm_key_t  keys[] = {
    { "parentalControl", MDM_BOOLEAN, MDM_NEEDED, .combine = MDM_COMBINE_OR },
    { 0 }
};


const mdm_type_t  dictionary = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.Dictionary",
    .title = "Dictionary for children",
    .on = &systems,
    .keys = keys
};
