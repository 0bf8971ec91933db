
/*
 * com.apple.MCX, variant WiFi: what on a Mac needs an administrator.  It joins
 * no network: that is com.apple.wifi.managed.
 */


#include "network.h"


static const mdm_systems_t  systems = {
    .macos = { "10.9", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {

    /* networks of computers alone */
    { "RequireAdminForIBSS", MDM_BOOLEAN, .preset = "false",
      .combine = MDM_COMBINE_OR },
    { "RequireAdminForAirPortNetworkChange", MDM_BOOLEAN, .preset = "false",
      .combine = MDM_COMBINE_OR },
    { "RequireAdminToTurnAirPortOnOff", MDM_BOOLEAN, .preset = "false",
      .combine = MDM_COMBINE_OR },
    { 0 }
};


const mdm_type_t  wifi_managed = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.MCX",
    .variant = "WiFi",
    .told_by = MDM_TEXTS("RequireAdminForIBSS",
                         "RequireAdminForAirPortNetworkChange",
                         "RequireAdminToTurnAirPortOnOff"),
    .title = "Wi-Fi for administrators",
    .on = &systems,
    .keys = keys
};
