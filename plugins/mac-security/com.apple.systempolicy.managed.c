
/*
 * com.apple.systempolicy.managed: whether users may open in the Finder's menu
 * what Gatekeeper would not.
 */


#include "mac-security.h"


static const mdm_systems_t  systems = {
    .macos = { "10.8", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "DisableOverride", MDM_BOOLEAN, .preset = "false",
      .combine = MDM_COMBINE_OR },
    { 0 }
};


const mdm_type_t  gatekeeper_override = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.systempolicy.managed",
    .title = "Gatekeeper, ways around it",
    .on = &systems,
    .keys = keys
};
