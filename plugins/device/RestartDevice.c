
/*
 * RestartDevice: restarts a device.  Once: an unanswered one may have worked.
 * And not weeks later, when nobody expects it any more.
 */


#include "device.h"


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


const mdm_type_t  restart_device = {
    .kind = MDM_COMMAND,
    .flags = MDM_ONCE,
    .name = "RestartDevice",
    .title = "Restart Device",
    .on = &systems,
    .keys = keys,
    .subject = "power",
    .expires = MDM_DAYS(7)
};
