
/*
 * ScheduleOSUpdateScan: has a Mac look for updates.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  schedule_os_update_scan_on = {
    .macos = { .introduced = "10.11", .supervised = MDM_YES,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  schedule_os_update_scan_keys[] = {
    { "Force", MDM_BOOLEAN, .preset = "false" },
    { 0 }
};


static const mdm_key_t  schedule_os_update_scan_answer[] = {
    { "ScanInitiated", MDM_BOOLEAN, MDM_NEEDED },
    { 0 }
};


static const mdm_type_t  schedule_os_update_scan_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "ScheduleOSUpdateScan",
        .title = "Schedule OS Update Scan",
        .on = &schedule_os_update_scan_on,
        .keys = schedule_os_update_scan_keys,
        .answer = schedule_os_update_scan_answer,
        .subject = "os-update",
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  schedule_os_update_scan_plugin = {
    MDM_PLUGIN,
    .name = "ScheduleOSUpdateScan",
    .version = "1",
    .types = schedule_os_update_scan_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &schedule_os_update_scan_plugin;
}
