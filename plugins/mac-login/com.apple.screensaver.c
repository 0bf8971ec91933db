
/*
 * com.apple.screensaver: the screen saver of the login window, and when a
 * screen saver asks for the password.  com.apple.screensaver.user has the
 * rest of a user's own.
 */


#include "mac-login.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .macos = { "10.11", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "askForPassword", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.13" }) },

    /* in seconds; 2147483647: never */
    { "askForPasswordDelay", MDM_INTEGER, MDM_ON(.macos = { "10.13" }) },

    /* in seconds; 0: never */
    { "loginWindowIdleTime", MDM_INTEGER },
    { "loginWindowModulePath", MDM_STRING },
    { "moduleName", MDM_STRING, MDM_NEEDED },
    { 0 }
};


const mdm_type_t  screen_saver = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.screensaver",
    .title = "Screen saver",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               asks, delays;
    const mdm_host_t  *host;

    host = call->host;
    asks = host->boolean(host->get(value, "askForPassword"));
    delays = host->get(value, "askForPasswordDelay") != NULL;

    if (asks && !delays) {
        host->fault(call, "askForPasswordDelay",
                    "must be there when askForPassword is true");
        return false;
    }

    if (delays && !asks) {
        host->warn(call, "askForPasswordDelay",
                   "is used only when askForPassword is true");
    }

    return true;
}
