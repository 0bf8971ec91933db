
/*
 * com.apple.airprint: printers that a device knows without looking for them,
 * as those of another network.
 */


#include "airplay.h"


static const mdm_systems_t  systems = {
    .ios = { "7.0", .many = MDM_YES, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { "10.10", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_YES },
    .tvos = NEVER,
    .visionos = { "2.0", .many = MDM_YES },
    .watchos = NEVER
};


static const mdm_key_t  printer_keys[] = {
    /* a name of a host, as well */
    { "IPAddress", MDM_STRING, MDM_NEEDED },

    /* what Bonjour calls "rp", as "ipp/print" */
    { "ResourcePath", MDM_STRING, MDM_NEEDED },
    { "Port", MDM_INTEGER, .min = "0", .max = "65535",
      MDM_ON(.ios = { "11.0" }, .macos = NEVER) },
    { "ForceTLS", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "11.0" }, .macos = NEVER) },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "AirPrint", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY, 0, printer_keys }),
      .combine = MDM_COMBINE_APPEND },
    { 0 }
};


const mdm_type_t  airprint = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.airprint",
    .title = "AirPrint",
    .on = &systems,
    .keys = keys
};
