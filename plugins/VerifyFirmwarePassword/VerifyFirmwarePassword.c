
/*
 * VerifyFirmwarePassword: is this the firmware password of a Mac?
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  verify_firmware_password_on = {
    .macos = { .introduced = "10.13", .device_channel = MDM_YES,
               .user_channel = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  verify_firmware_password_keys[] = {
    { "Password", MDM_STRING, MDM_NEEDED|MDM_SECRET },
    { 0 }
};


static const mdm_key_t  verify_firmware_password_answer[] = {
    { "VerifyFirmwarePassword", MDM_DICTIONARY, MDM_NEEDED,
      MDM_KEYS({ "PasswordVerified", MDM_BOOLEAN, MDM_NEEDED }) },
    { 0 }
};


static const mdm_type_t  verify_firmware_password_types[] = {
    {
        .kind = MDM_COMMAND,
        .name = "VerifyFirmwarePassword",
        .title = "Verify Firmware Password",
        .on = &verify_firmware_password_on,
        .keys = verify_firmware_password_keys,
        .answer = verify_firmware_password_answer,
        .subject = "firmware-password",
        .expires = MDM_DAYS(30)
    },
    { 0 }
};


static const mdm_plugin_t  verify_firmware_password_plugin = {
    MDM_PLUGIN,
    .name = "VerifyFirmwarePassword",
    .version = "1",
    .types = verify_firmware_password_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &verify_firmware_password_plugin;
}
