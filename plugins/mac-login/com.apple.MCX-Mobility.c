
/*
 * com.apple.MCX of mobile accounts: whether users of a directory get an
 * account on the Mac itself, and when it is removed again.  Some of its keys
 * begin with com.apple, others do not.
 */


#include "mac-login.h"


#define CREATE_AT_LOGIN  "com.apple.cachedaccounts.CreateAtLogin"
#define WARN_ON_CREATE   "com.apple.cachedaccounts.WarnOnCreate"
#define ALLOW_NEVER      "cachedaccounts.WarnOnCreate.allowNever"
#define DISUSED_SECONDS  "cachedaccounts.expiry.delete.disusedSeconds"
#define TOKEN_BYPASS     "cachedaccounts.askForSecureTokenAuthBypass"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_YES,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { CREATE_AT_LOGIN, MDM_BOOLEAN, .preset = "false" },
    { WARN_ON_CREATE, MDM_BOOLEAN, .preset = "false" },
    { ALLOW_NEVER, MDM_BOOLEAN, .preset = "false" },

    /* 0: at the next login or logout; -1: never */
    { DISUSED_SECONDS, MDM_INTEGER, .preset = "-1" },
    { TOKEN_BYPASS, MDM_BOOLEAN, .preset = "false" },
    { 0 }
};


const mdm_type_t  mcx_mobility = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.MCX",
    .variant = "Mobility",
    .told_by = MDM_TEXTS(CREATE_AT_LOGIN, WARN_ON_CREATE, ALLOW_NEVER,
                         DISUSED_SECONDS, TOKEN_BYPASS),
    .title = "Mobile accounts",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host;

    host = call->host;

    if (host->boolean(host->get(value, ALLOW_NEVER))
        && !host->boolean(host->get(value, WARN_ON_CREATE)))
    {
        host->warn(call, ALLOW_NEVER,
                   "is used only when " WARN_ON_CREATE " is true");
    }

    return true;
}
