
/*
 * com.apple.loginwindow: what the login window shows, who may log in there,
 * and what may be done from it and from the menu behind it.  It can log one
 * user in by itself, with his password in the payload.
 */


#include "mac-login.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_YES, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "SHOWFULLNAME", MDM_BOOLEAN, .preset = "false" },
    { "HideLocalUsers", MDM_BOOLEAN, .preset = "false" },
    { "IncludeNetworkUser", MDM_BOOLEAN, .preset = "false" },
    { "HideAdminUsers", MDM_BOOLEAN, .preset = "false" },
    { "SHOWOTHERUSERS_MANAGED", MDM_BOOLEAN, .preset = "false" },
    { "AdminHostInfo", MDM_STRING,
      MDM_ONE_OF("HostName", "SystemVersion", "IPAddress") },

    /* GUIDs of users and groups; "*" is everybody, and DenyList wins */
    { "AllowList", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }) },
    { "DenyList", MDM_ARRAY, MDM_KEYS({ NULL, MDM_STRING }) },
    { "HideMobileAccounts", MDM_BOOLEAN, .preset = "false" },
    { "ShutDownDisabled", MDM_BOOLEAN, .preset = "false" },
    { "RestartDisabled", MDM_BOOLEAN, .preset = "false" },
    { "SleepDisabled", MDM_BOOLEAN, .preset = "false" },
    { "DisableConsoleAccess", MDM_BOOLEAN, .preset = "false" },
    { "LoginwindowText", MDM_STRING },
    { "ShutDownDisabledWhileLoggedIn", MDM_BOOLEAN, .preset = "false" },
    { "RestartDisabledWhileLoggedIn", MDM_BOOLEAN, .preset = "false" },
    { "PowerOffDisabledWhileLoggedIn", MDM_BOOLEAN, .preset = "false" },
    { "LogOutDisabledWhileLoggedIn", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.13" }) },
    { "DisableScreenLockImmediate", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.13" }) },
    { "showInputMenu", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.8" }) },
    { "DisableFDEAutoLogin", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.9" }) },
    { "AutologinUsername", MDM_STRING,
      MDM_ON(.macos = { "14.0", .by_hand = MDM_NO }) },
    { "AutologinPassword", MDM_STRING, MDM_SECRET,
      MDM_ON(.macos = { "14.0", .by_hand = MDM_NO }) },
    { 0 }
};


const mdm_type_t  login_window = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.loginwindow",
    .title = "Login window",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host;

    host = call->host;

    if (host->get(value, "AutologinPassword") != NULL
        && host->get(value, "AutologinUsername") == NULL)
    {
        host->fault(call, "AutologinUsername",
                    "must be there when AutologinPassword is");
        return false;
    }

    return true;
}
