
/*
 * VerifyFirmwarePassword: is this the firmware password of a Mac?
 */


#include "startup-security.h"


static const mdm_systems_t  systems = {
    .macos = { "10.13", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "Password", MDM_STRING, MDM_NEEDED|MDM_SECRET },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "VerifyFirmwarePassword", MDM_DICTIONARY, MDM_NEEDED,
      MDM_KEYS({ "PasswordVerified", MDM_BOOLEAN, MDM_NEEDED,
                 .attribute = "FirmwarePasswordVerified" }) },
    { 0 }
};


const mdm_type_t  verify_firmware_password = {
    .kind = MDM_COMMAND,
    .name = "VerifyFirmwarePassword",
    .title = "Verify Firmware Password",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .subject = "firmware-password",
    .expires = MDM_DAYS(30)
};
