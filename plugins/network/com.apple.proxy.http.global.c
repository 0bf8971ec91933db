
/*
 * com.apple.proxy.http.global: one proxy for all HTTP of a supervised device.
 */


#include "network.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .ios = { "6.0", .supervised = MDM_YES, .many = MDM_NO,
             .user_enrollment = MDM_FORBIDDEN,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "10.9", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN },
    .tvos = { "9.0", .supervised = MDM_YES, .many = MDM_NO },
    .visionos = { "2.0", .supervised = MDM_YES, .many = MDM_NO,
                  .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "ProxyType", MDM_STRING, MDM_ONE_OF("Manual", "Auto"),
      .preset = "Manual" },
    { "ProxyServer", MDM_STRING },
    { "ProxyServerPort", MDM_INTEGER },
    { "ProxyUsername", MDM_STRING },
    { "ProxyPassword", MDM_STRING, MDM_SECRET },

    /* no other since iOS 13 and macOS 10.15 */
    { "ProxyPACURL", MDM_STRING, .pattern = "^https?://" },
    { "ProxyPACFallbackAllowed", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "7.0" }) },
    { "ProxyCaptiveLoginAllowed", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "7.0" }) },
    { 0 }
};


const mdm_type_t  global_proxy = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.proxy.http.global",
    .title = "Global HTTP proxy",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    return network_validate_proxy(call, value, "Manual");
}
