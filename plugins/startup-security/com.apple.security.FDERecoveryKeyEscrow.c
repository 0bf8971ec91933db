
/*
 * com.apple.security.FDERecoveryKeyEscrow: a Mac gives its FileVault's personal
 * recovery key to MDM, in an answer to SecurityInfo, encrypted for a
 * certificate that is in the same profile as com.apple.security.pkcs1.
 */


#include "startup-security.h"


static const mdm_systems_t  systems = {
    .macos = { "10.13", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    /* words for who switches FileVault on: who will have the key */
    { "Location", MDM_STRING, MDM_NEEDED },
    { "EncryptCertPayloadUUID", MDM_STRING, MDM_NEEDED },

    /* shown to who forgot his password; absent: the serial number */
    { "DeviceKey", MDM_STRING },
    { 0 }
};


const mdm_type_t  recovery_key_escrow = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.security.FDERecoveryKeyEscrow",
    .title = "Escrow of FileVault's recovery key",
    .on = &systems,
    .keys = keys
};
