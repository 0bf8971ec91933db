
/*
 * com.apple.fileproviderd: whether file providers may see which program asks
 * for a file.
 */


#include "mac-services.h"


static const mdm_systems_t  systems = {
    .macos = { "11.0", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .user_approved = MDM_YES, .by_hand = MDM_NO, .many = MDM_NO }
};


static const mdm_key_t  keys[] = {
    { "AllowManagedFileProvidersToRequestAttribution", MDM_BOOLEAN,
      .preset = "false" },
    { 0 }
};


const mdm_type_t  file_providers = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.fileproviderd",
    .title = "File providers",
    .on = &systems,
    .keys = keys
};
