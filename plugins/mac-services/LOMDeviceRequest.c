
/*
 * LOMDeviceRequest: a Mac turns others on, off, or restarts them over their
 * lights-out management.  Once, and soon or never: an unanswered one may have
 * worked, and a Mac that was restarted is at work again.
 */


#include "mac-services.h"
#include "../results.h"


static bool result(mdm_call_t *call, const mdm_result_t *done);
static bool failed(const mdm_host_t *host, const mdm_node_t *item);


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
    .flags = MDM_ONCE,
    .name = "LOMDeviceRequest",
    .title = "LOM Device Request",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .subject = "lights-out",
    .expires = MDM_DAYS(1),
    .result = result
};


static bool
result(mdm_call_t *call, const mdm_result_t *done)
{
    return tell_failed(call, done, "ResponseList", failed,
                       "lom_request_failed");
}


static bool
failed(const mdm_host_t *host, const mdm_node_t *item)
{
    const mdm_node_t  *success;

    success = host->get(item, "DeviceRequestSuccess");

    return host->type(success) == MDM_BOOLEAN && !host->boolean(success);
}
