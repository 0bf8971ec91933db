
/*
 * com.apple.systemmigration: where Migration Assistant puts files that it
 * brings from another system.
 */


#include "mac-services.h"


static const mdm_systems_t  systems = {
    .macos = { "10.12.4", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  path_keys[] = {
    { "SourcePath", MDM_STRING, MDM_NEEDED },
    { "SourcePathInUserHome", MDM_BOOLEAN, MDM_NEEDED },
    { "TargetPath", MDM_STRING, MDM_NEEDED },
    { "TargetPathInUserHome", MDM_BOOLEAN, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  behavior_keys[] = {
    { "Context", MDM_STRING, MDM_NEEDED },
    { "Paths", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, path_keys }) },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "CustomBehavior", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, behavior_keys }) },
    { 0 }
};


const mdm_type_t  system_migration = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.systemmigration",
    .title = "Migration from another system",
    .on = &systems,
    .keys = keys
};
