
/*
 * DeviceLocation: where a device in Lost Mode is.  An old place is no use, but
 * the last known one is kept.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  device_location_on = {
    .ios = { .introduced = "9.3", .supervised = MDM_YES,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO }
};


static const mdm_key_t  device_location_keys[] = {
    { 0 }
};


static const mdm_key_t  device_location_answer[] = {
    { "Latitude", MDM_REAL, MDM_NEEDED, .attribute = "LastLocation.Latitude" },
    { "Longitude", MDM_REAL, MDM_NEEDED,
      .attribute = "LastLocation.Longitude" },
    { "HorizontalAccuracy", MDM_REAL, MDM_NEEDED,
      .attribute = "LastLocation.HorizontalAccuracy",
      MDM_ON(.ios = { .introduced = "10.3" }) },
    { "VerticalAccuracy", MDM_REAL, MDM_NEEDED,
      MDM_ON(.ios = { .introduced = "10.3" }) },
    { "Altitude", MDM_REAL, MDM_NEEDED,
      MDM_ON(.ios = { .introduced = "10.3" }) },
    { "Speed", MDM_REAL, MDM_NEEDED, MDM_ON(.ios = { .introduced = "10.3" }) },
    { "Course", MDM_REAL, MDM_NEEDED,
      MDM_ON(.ios = { .introduced = "10.3" }) },
    { "Timestamp", MDM_STRING, MDM_NEEDED,
      MDM_ON(.ios = { .introduced = "10.3" }) },
    { 0 }
};


static const mdm_type_t  device_location_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "DeviceLocation",
        .title = "Device Location",
        .on = &device_location_on,
        .keys = device_location_keys,
        .answer = device_location_answer,
        .subject = "lost-mode",
        .expires = MDM_DAYS(30)
    },
    { 0 }
};


static const mdm_plugin_t  device_location_plugin = {
    MDM_PLUGIN,
    .name = "DeviceLocation",
    .version = "1",
    .types = device_location_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &device_location_plugin;
}
