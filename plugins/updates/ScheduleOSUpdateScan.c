
/*
 * ScheduleOSUpdateScan: has a Mac look for updates.
 */


#include "updates.h"


static const mdm_systems_t  systems = {
    .macos = { "10.11", .supervised = MDM_YES, .device_channel = MDM_YES,
               .user_channel = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "Force", MDM_BOOLEAN, .preset = "false" },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "ScanInitiated", MDM_BOOLEAN, MDM_NEEDED },
    { 0 }
};


const mdm_type_t  schedule_os_update_scan = {
    .kind = MDM_COMMAND,
    .name = "ScheduleOSUpdateScan",
    .title = "Schedule OS Update Scan",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .subject = "os-update",
    .expires = MDM_DAYS(90)
};
