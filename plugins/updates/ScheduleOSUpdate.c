
/*
 * ScheduleOSUpdate: downloads or installs updates.  It may be acknowledged and
 * have failed all the same.
 */


#include <stdio.h>

#include "updates.h"
#include "../results.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);
static bool result(mdm_call_t *call, const mdm_result_t *done);
static bool failed(const mdm_host_t *host, const mdm_node_t *item);


static const mdm_systems_t  systems = {
    .ios = { "9.0", .access_rights = MDM_CHANGE_APPS, .supervised = MDM_YES,
             .user_enrollment = MDM_FORBIDDEN, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "10.11", .supervised = MDM_YES, .device_channel = MDM_YES,
               .user_channel = MDM_NO, .user_enrollment = MDM_FORBIDDEN },
    .tvos = { "12.0", .access_rights = MDM_CHANGE_APPS,
              .supervised = MDM_YES, .device_channel = MDM_YES }
};


static const mdm_key_t  update_keys[] = {
    { "ProductKey", MDM_STRING },
    { "ProductVersion", MDM_STRING,
      MDM_ON(.ios = { "11.3" }, .macos = { "12.0" }, .tvos = { "12.2" }) },
    { "InstallAction", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("Default", "DownloadOnly", "InstallASAP", "NotifyOnly",
                 "InstallLater", "InstallForceRestart") },
    { "MaxUserDeferrals", MDM_INTEGER, ONLY_MACOS("12.0") },
    { "Priority", MDM_STRING, .preset = "Low", MDM_ONE_OF("Low", "High"),
      ONLY_MACOS("12.3") },
    { 0 }
};


static const mdm_key_t  result_keys[] = {
    { "ProductKey", MDM_STRING, MDM_NEEDED|MDM_TELLS },
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


static const mdm_key_t  keys[] = {
    { "Updates", MDM_ARRAY, MDM_NEEDED,
      MDM_KEYS({ NULL, MDM_DICTIONARY, .keys = update_keys }) },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "UpdateResults", MDM_ARRAY, MDM_NEEDED, .list = "os_update_results",
      MDM_KEYS({ NULL, MDM_DICTIONARY, .keys = result_keys }) },
    { 0 }
};


const mdm_type_t  schedule_os_update = {
    .kind = MDM_COMMAND,
    .name = "ScheduleOSUpdate",
    .title = "Schedule OS Update",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .subject = "os-update",
    .expires = MDM_DAYS(90),
    .validate = validate,
    .result = result
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good;
    char               path[48];
    size_t             i, n;
    const mdm_host_t  *host;
    const mdm_node_t  *updates, *update;

    host = call->host;
    updates = host->get(value, "Updates");
    n = host->count(updates);
    good = true;

    for (i = 0; i < n; i++) {
        update = host->item(updates, i);

        if (host->get(update, "ProductKey") == NULL
            && host->get(update, "ProductVersion") == NULL)
        {
            snprintf(path, sizeof(path), "Updates[%zu].ProductVersion", i);
            host->fault(call, path,
                        "must be there when there is no ProductKey");
            good = false;
        }
    }

    return good;
}


static bool
result(mdm_call_t *call, const mdm_result_t *done)
{
    return tell_failed(call, done, "UpdateResults", failed,
                       "os_update_failed");
}


static bool
failed(const mdm_host_t *host, const mdm_node_t *item)
{
    mdm_text_t  status;

    status = host->text(host->get(item, "Status"));

    return text_is(host->text(host->get(item, "InstallAction")), "Error")
           || (status.len > 0 && !text_is(status, "Idle")
               && !text_is(status, "Downloading")
               && !text_is(status, "Installing"));
}
