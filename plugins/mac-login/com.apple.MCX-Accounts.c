
/*
 * com.apple.MCX of accounts: the guest account of a Mac.
 */


#include "mac-login.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "EnableGuestAccount", MDM_BOOLEAN, .preset = "false" },
    { "DisableGuestAccount", MDM_BOOLEAN, .preset = "false" },
    { 0 }
};


const mdm_type_t  mcx_accounts = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.MCX",
    .variant = "Accounts",
    .told_by = MDM_TEXTS("EnableGuestAccount", "DisableGuestAccount"),
    .title = "Guest account",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host;

    host = call->host;

    if (host->boolean(host->get(value, "EnableGuestAccount"))
        && host->boolean(host->get(value, "DisableGuestAccount")))
    {
        host->warn(call, "DisableGuestAccount",
                   "is not used when EnableGuestAccount is true");
    }

    return true;
}
