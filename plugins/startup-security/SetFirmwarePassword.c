
/*
 * SetFirmwarePassword: sets, changes, or removes the firmware password of a
 * Mac.  Shares its subject with the check of it, whose answer belongs to the
 * password meant.  Never repeated by itself: the current password is another
 * one after it worked.
 */


#include "startup-security.h"
#include "../results.h"


static bool result(mdm_call_t *call, const mdm_result_t *done);


static const mdm_systems_t  systems = {
    .macos = { "10.13", .access_rights = MDM_LOCK_AND_CLEAR,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "CurrentPassword", MDM_STRING, MDM_SECRET },

    /* what every keyboard can type so early; empty: no password */
    { "NewPassword", MDM_STRING, MDM_NEEDED|MDM_SECRET,
      .pattern = "^[ -~]*$" },

    { "AllowOroms", MDM_BOOLEAN, .preset = "false" },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "SetFirmwarePassword", MDM_DICTIONARY, MDM_NEEDED,
      MDM_KEYS({ "PasswordChanged", MDM_BOOLEAN, MDM_NEEDED,
                 .attribute = "FirmwarePasswordChanged" }) },
    { 0 }
};


const mdm_type_t  set_firmware_password = {
    .kind = MDM_COMMAND,
    .flags = MDM_ONCE|MDM_DESTRUCTIVE,
    .name = "SetFirmwarePassword",
    .title = "Set Firmware Password",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .subject = "firmware-password",
    .expires = MDM_DAYS(90),
    .result = result
};


/* What was verified is not the password any more. */

static bool
result(mdm_call_t *call, const mdm_result_t *done)
{
    const mdm_host_t  *host;
    const mdm_node_t  *answers;

    host = call->host;
    answers = host->get(done->report, "SetFirmwarePassword");

    if (!acknowledged(done)
        || !host->boolean(host->get(answers, "PasswordChanged")))
    {
        return true;
    }

    return host->set_attribute(call, "FirmwarePasswordVerified", NULL);
}
