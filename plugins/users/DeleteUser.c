
/*
 * DeleteUser: deletes a user of a Shared iPad or of a Mac with what is his.
 */


#include "users.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .ios = { "9.3", .user_enrollment = MDM_FORBIDDEN,
             .shared_ipad = MDM_REQUIRED, .shared_device_channel = MDM_YES,
             .shared_user_channel = MDM_NO },
    .macos = { "10.13", .supervised = MDM_YES, .device_channel = MDM_YES,
               .user_channel = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "UserName", MDM_STRING },
    { "ForceDeletion", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = NEVER) },
    { "DeleteAllUsers", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.ios = { "14.0" }, .macos = NEVER) },
    { 0 }
};


const mdm_type_t  delete_user = {
    .kind = MDM_COMMAND,
    .flags = MDM_DESTRUCTIVE,
    .name = "DeleteUser",
    .title = "Delete User",
    .on = &systems,
    .keys = keys,
    .subject = "user",
    .subject_keys = MDM_TEXTS("UserName"),
    .expires = MDM_DAYS(90),
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host;

    host = call->host;

    if (host->text(host->get(value, "UserName")).len > 0
        || host->boolean(host->get(value, "DeleteAllUsers")))
    {
        return true;
    }

    host->fault(call, "UserName",
                "must be there unless DeleteAllUsers is true");

    return false;
}
