
/*
 * com.apple.MCX.FileVault2: switches FileVault of a Mac on or off; a type of
 * its own, no variant of com.apple.MCX.  Whose password unlocks the disk is in
 * it, or its user is asked when he logs out or in (Defer).
 */


#include "startup-security.h"
#include "../text.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .macos = { "10.9", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_approved = MDM_YES, .many = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "Enable", MDM_STRING, MDM_NEEDED, MDM_ONE_OF("On", "Off") },
    { "Defer", MDM_BOOLEAN, .preset = "false" },
    { "UserEntersMissingInfo", MDM_BOOLEAN, .preset = "false" },

    /* the personal recovery key, and whether its user sees it */
    { "UseRecoveryKey", MDM_BOOLEAN, .preset = "true" },
    { "ShowRecoveryKey", MDM_BOOLEAN, .preset = "true" },
    { "OutputPath", MDM_STRING },

    /* that of an organization: here, in a payload beside, or in a keychain */
    { "Certificate", MDM_DATA },
    { "PayloadCertificateUUID", MDM_STRING },
    { "Username", MDM_STRING },
    { "Password", MDM_STRING, MDM_SECRET },
    { "UseKeychain", MDM_BOOLEAN, .preset = "false" },

    /* -1: as often as he likes */
    { "DeferForceAtUserLoginMaxBypassAttempts", MDM_INTEGER, .min = "-1",
      .max = "9999" },
    { "DeferDontAskAtUserLogout", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.10" }) },
    { "ForceEnableInSetupAssistant", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "14.0", .automated = MDM_YES, .by_hand = MDM_NO }) },
    { 0 }
};


const mdm_type_t  filevault = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.MCX.FileVault2",
    .title = "FileVault",
    .on = &systems,
    .keys = keys,
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    mdm_text_t         enable;
    const mdm_host_t  *host;

    host = call->host;
    enable = host->text(host->get(value, "Enable"));

    if (!text_is(enable, "On")
        || host->boolean(host->get(value, "Defer"))
        || (host->get(value, "Username") != NULL
            && host->get(value, "Password") != NULL))
    {
        return true;
    }

    host->fault(call, "Defer", "must be true when Enable is On, unless "
                "Username and Password are there: nobody is asked for them "
                "when MDM installs the profile");
    return false;
}
