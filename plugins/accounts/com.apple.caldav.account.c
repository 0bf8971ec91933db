
/*
 * com.apple.caldav.account: an account of a CalDAV server, for calendars and
 * reminders.
 */


#include "accounts.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_key_t  keys[] = {
    { "CalDAVAccountDescription", MDM_STRING },
    { "CalDAVHostName", MDM_STRING, MDM_NEEDED },
    { "CalDAVUsername", MDM_STRING },
    { "CalDAVPassword", MDM_STRING, MDM_SECRET },
    { "CalDAVPrincipalURL", MDM_STRING },
    { "CalDAVUseSSL", MDM_BOOLEAN, .preset = "true" },
    { "CalDAVPort", MDM_INTEGER },
    { "VPNUUID", MDM_STRING, MDM_ON(.ios = { "14.0" }, .macos = NEVER) },
    { 0 }
};


const mdm_type_t  caldav = {
    .kind = MDM_PAYLOAD,
    .flags = MDM_EXCLUSIVE,
    .name = "com.apple.caldav.account",
    .title = "Calendar account, CalDAV",
    .on = &systems_of_all,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    warn_of_user(call, value, "CalDAVUsername");

    return true;
}
