
/*
 * com.apple.security.FDERecoveryRedirect: a Mac sends its FileVault's recovery
 * key to a URL.  From macOS 10.13 on it does nothing: there
 * com.apple.security.FDERecoveryKeyEscrow is for it, and one profile may have
 * both.
 */


#include "startup-security.h"


static const mdm_systems_t  systems = {
    .macos = { "10.9", .deprecated = "10.13", .device_channel = MDM_YES,
               .user_channel = MDM_NO, .many = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "RedirectURL", MDM_STRING, MDM_NEEDED, .pattern = "^https://" },
    { "EncryptCertPayloadUUID", MDM_STRING, MDM_NEEDED },
    { 0 }
};


const mdm_type_t  recovery_key_redirect = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.security.FDERecoveryRedirect",
    .title = "FileVault's recovery key to a URL",
    .on = &systems,
    .keys = keys
};
