
/*
 * LOMSetupRequest: the addresses at which lights-out management reaches a Mac.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  systems = {
    .macos = { "11.0", .access_rights = MDM_LOCK_AND_CLEAR,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "PrimaryIPv6AddressList", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_STRING }) },
    { "SecondaryIPv6AddressList", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_STRING }) },
    { "LOMProtocolVersion", MDM_INTEGER, MDM_NEEDED },
    { 0 }
};


static const mdm_type_t  types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "LOMSetupRequest",
        .title = "LOM Setup Request",
        .on = &systems,
        .keys = keys,
        .answer = answer,
        .subject = "lights-out",
        .expires = MDM_DAYS(30)
    },
    { 0 }
};


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "LOMSetupRequest",
    .version = "1.0",
    .types = types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
