
/*
 * com.apple.MCX.TimeMachine: what Time Machine backs up, and where to.  It is
 * a type of its own, no variant of com.apple.MCX.
 */


#include "mac-services.h"


static const mdm_systems_t  systems = {
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "AutoBackup", MDM_BOOLEAN, .preset = "true" },
    { "BackupAllVolumes", MDM_BOOLEAN, .preset = "false" },
    { "BackupDestURL", MDM_STRING, MDM_NEEDED },

    /* 0: no limit */
    { "BackupSizeMB", MDM_INTEGER, .preset = "0" },
    { "BackupSkipSys", MDM_BOOLEAN, .preset = "false" },
    { "MobileBackups", MDM_BOOLEAN, .preset = "true" },
    { "BasePaths", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }) },
    { "SkipPaths", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }) },
    { 0 }
};


const mdm_type_t  time_machine = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.MCX.TimeMachine",
    .title = "Time Machine",
    .on = &systems,
    .keys = keys
};
