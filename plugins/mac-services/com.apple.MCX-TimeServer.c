
/*
 * com.apple.MCX of the clock: a Mac's time server, one only, and its time zone.
 * Without the profile they stay as they were set.
 */


#include "mac-services.h"


static const mdm_systems_t  systems = {
    .macos = { "10.12.4", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "timeServer", MDM_STRING },

    /* a path below /usr/share/zoneinfo */
    { "timeZone", MDM_STRING },
    { 0 }
};


const mdm_type_t  mcx_time_server = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.MCX",
    .variant = "TimeServer",
    .told_by = MDM_TEXTS("timeServer", "timeZone"),
    .title = "Time server",
    .on = &systems,
    .keys = keys
};
