
/*
 * OSUpdateStatus: how far updates got.
 */


#include "updates.h"


static const mdm_systems_t  systems = {
    .ios = { "9.0", .access_rights = MDM_CHANGE_APPS, .supervised = MDM_YES,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "10.11.5", .supervised = MDM_YES, .device_channel = MDM_YES,
               .user_channel = MDM_NO, .user_enrollment = MDM_FORBIDDEN },
    .tvos = { "12.0", .access_rights = MDM_CHANGE_APPS,
              .supervised = MDM_YES, .device_channel = MDM_YES }
};


static const mdm_key_t  update_keys[] = {
    { "ProductKey", MDM_STRING, MDM_NEEDED|MDM_TELLS },
    { "IsDownloaded", MDM_BOOLEAN, MDM_NEEDED },
    { "DownloadPercentComplete", MDM_REAL, MDM_NEEDED },
    { "Status", MDM_STRING, MDM_NEEDED },
    { "MaxDeferrals", MDM_INTEGER, ONLY_MACOS("12.3") },
    { "DeferralsRemaining", MDM_INTEGER, ONLY_MACOS("12.3") },
    { "NextScheduledInstall", MDM_DATE, ONLY_MACOS("12.3") },
    { "PastNotifications", MDM_ARRAY, ONLY_MACOS("12.3"),
      MDM_KEYS({ NULL, MDM_DATE }) },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "OSUpdateStatus", MDM_ARRAY, MDM_NEEDED, .list = "os_update_status",
      MDM_KEYS({ NULL, MDM_DICTIONARY, .keys = update_keys }) },
    { 0 }
};


const mdm_type_t  os_update_status = {
    .kind = MDM_COMMAND,
    .name = "OSUpdateStatus",
    .title = "OS Update Status",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .expires = MDM_DAYS(30)
};
