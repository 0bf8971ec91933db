
/*
 * LOMDeviceRequest: a Mac turns others on, off, or restarts them over their
 * lights-out management.
 */


#include "mac-services.h"


static const mdm_systems_t  systems = {
    .macos = { "11.0", .access_rights = MDM_LOCK_AND_CLEAR,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  request_keys[] = {
    { "DeviceRequestType", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("PowerON", "PowerOFF", "Reset") },
    { "DeviceRequestUUID", MDM_STRING, MDM_NEEDED },
    { "DeviceDNSName", MDM_STRING, MDM_NEEDED },
    { "PrimaryIPv6AddressList", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_STRING }) },
    { "SecondaryIPv6AddressList", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_STRING }) },
    { "LOMProtocolVersion", MDM_INTEGER, MDM_NEEDED },
    { 0 }
};


static const mdm_key_t  response_keys[] = {
    { "DeviceRequestSuccess", MDM_BOOLEAN, MDM_NEEDED },
    { "DeviceRequestUUID", MDM_STRING, MDM_NEEDED },
    { "DeviceRequestReturnError", MDM_STRING },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "RequestList", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY, .keys = request_keys }) },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "ResponseList", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY, .keys = response_keys }) },
    { 0 }
};


const mdm_type_t  lom_device_request = {
    .kind = MDM_COMMAND,
    .name = "LOMDeviceRequest",
    .title = "LOM Device Request",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .subject = "lights-out",
    .expires = MDM_DAYS(90)
};
