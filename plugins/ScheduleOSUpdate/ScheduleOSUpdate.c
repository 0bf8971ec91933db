
/*
 * ScheduleOSUpdate: downloads or installs updates.
 */


#include "ngx_mdm_plugin.h"


#define NEVER  { .introduced = MDM_NEVER_THERE }

#define ONLY_MACOS(...)                                                       \
    MDM_ON(.ios = NEVER, .macos = { __VA_ARGS__ }, .tvos = NEVER)


static const mdm_systems_t  schedule_os_update_on = {
    .ios = { .introduced = "9.0", .access_rights = MDM_CHANGE_APPS,
             .supervised = MDM_YES, .user_enrollment = MDM_FORBIDDEN,
             .shared_ipad = MDM_ALLOWED, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { .introduced = "10.11", .supervised = MDM_YES,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN },
    .tvos = { .introduced = "12.0", .access_rights = MDM_CHANGE_APPS,
              .supervised = MDM_YES, .device_channel = MDM_YES }
};


static const mdm_key_t  schedule_os_update_update[] = {
    { "ProductKey", MDM_STRING },

    { "ProductVersion", MDM_STRING,
      MDM_ON(.ios = { .introduced = "11.3" },
             .macos = { .introduced = "12.0" },
             .tvos = { .introduced = "12.2" }) },

    { "InstallAction", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("Default", "DownloadOnly", "InstallASAP", "NotifyOnly",
                 "InstallLater", "InstallForceRestart") },
    { "MaxUserDeferrals", MDM_INTEGER, ONLY_MACOS(.introduced = "12.0") },
    { "Priority", MDM_STRING, .preset = "Low", MDM_ONE_OF("Low", "High"),
      ONLY_MACOS(.introduced = "12.3") },
    { 0 }
};


static const mdm_key_t  schedule_os_update_result[] = {
    { "ProductKey", MDM_STRING, MDM_NEEDED },
    { "InstallAction", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("Error", "DownloadOnly", "InstallASAP", "NotifyOnly",
                 "InstallLater", "InstallForceRestart") },

    { "Status", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("Idle", "Downloading", "DownloadFailed",
                 "DownloadRequiresComputer", "DownloadInsufficientSpace",
                 "DownloadInsufficientPower",
                 "DownloadInsufficientNetwork", "Installing",
                 "InstallInsufficientSpace", "InstallInsufficientPower",
                 "InstallPhoneCallInProgress", "InstallFailed") },

    { "ErrorChain", MDM_ARRAY,
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ "*", MDM_ANY, MDM_NEEDED }) }) },
    { 0 }
};


static const mdm_key_t  schedule_os_update_keys[] = {
    { "Updates", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY, .keys = schedule_os_update_update }) },
    { 0 }
};


static const mdm_key_t  schedule_os_update_answer[] = {
    { "UpdateResults", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY, .keys = schedule_os_update_result }) },
    { 0 }
};


static const mdm_type_t  schedule_os_update_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "ScheduleOSUpdate",
        .title = "Schedule OS Update",
        .on = &schedule_os_update_on,
        .keys = schedule_os_update_keys,
        .answer = schedule_os_update_answer,
        .subject = "os-update",
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  schedule_os_update_plugin = {
    MDM_PLUGIN,
    .name = "ScheduleOSUpdate",
    .version = "1",
    .types = schedule_os_update_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &schedule_os_update_plugin;
}
