
/*
 * RestartDevice: restarts a device.  Once: an unanswered one may have worked.
 */


#include "ngx_mdm_plugin.h"


#define NEVER  { MDM_NEVER_THERE }

#define ONLY_MACOS(...)                                                       \
    MDM_ON(.ios = NEVER, .macos = { __VA_ARGS__ }, .tvos = NEVER)


static const mdm_systems_t  systems = {
    .ios = { "10.3", .access_rights = MDM_LOCK_AND_CLEAR,
             .supervised = MDM_YES, .user_enrollment = MDM_FORBIDDEN,
             .shared_ipad = MDM_ALLOWED, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { "10.13", .access_rights = MDM_LOCK_AND_CLEAR,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN },
    .tvos = { "10.2", .access_rights = MDM_LOCK_AND_CLEAR,
              .supervised = MDM_YES }
};


static const mdm_key_t  keys[] = {
    { "RebuildKernelCache", MDM_BOOLEAN, .preset = "false",
      ONLY_MACOS("11.0") },
    { "KextPaths", MDM_ARRAY, ONLY_MACOS("11.0"),
      MDM_KEYS({ NULL, MDM_STRING }) },
    { "NotifyUser", MDM_BOOLEAN, .preset = "false", ONLY_MACOS("11.4") },
    { 0 }
};


static const mdm_type_t  types[] = {
    {
        .kind = MDM_COMMAND,
        .flags = MDM_ONCE,
        .name = "RestartDevice",
        .title = "Restart Device",
        .on = &systems,
        .keys = keys,
        .subject = "power",
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "RestartDevice",
    .version = "1.0",
    .types = types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
