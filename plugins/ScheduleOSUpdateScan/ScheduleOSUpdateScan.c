
/*
 * ScheduleOSUpdateScan: has a Mac look for updates.
 */


#include "ngx_mdm_plugin.h"


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


static const mdm_type_t  types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "ScheduleOSUpdateScan",
        .title = "Schedule OS Update Scan",
        .on = &systems,
        .keys = keys,
        .answer = answer,
        .subject = "os-update",
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "ScheduleOSUpdateScan",
    .version = "1.0",
    .types = types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
