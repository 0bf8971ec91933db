
/*
 * RotateFileVaultKey: replaces a recovery key of FileVault; a new personal one
 * goes to escrow.  Never repeated by itself: the old key does not open twice.
 * Counts as destructive: the old key is void, and who encrypts the new one for
 * himself has the only one.
 */


#include "startup-security.h"
#include "../text.h"


static bool validate(mdm_call_t *call, const mdm_node_t *value);


static const mdm_systems_t  systems = {
    .macos = { "10.9", .access_rights = MDM_LOCK_AND_CLEAR,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  rotate_result_item_keys[] = {
    { "EncryptedNewRecoveryKey", MDM_DATA, MDM_SECRET,
      .escrow = "filevault_recovery_key" },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "KeyType", MDM_STRING, MDM_NEEDED,
      MDM_ONE_OF("personal", "institutional") },

    { "FileVaultUnlock", MDM_DICTIONARY, MDM_NEEDED,
      MDM_KEYS({ "Password", MDM_STRING, MDM_SECRET },
               { "PrivateKeyExport", MDM_DATA, MDM_SECRET,
                 MDM_ON(.macos = { .deprecated = "10.15" }) },
               { "PrivateKeyExportPassword", MDM_STRING, MDM_SECRET,
                 MDM_ON(.macos = { .deprecated = "10.15" }) }) },

    { "NewCertificate", MDM_DATA },
    { "ReplyEncryptionCertificate", MDM_DATA },
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "RotateResult", MDM_DICTIONARY, .keys = rotate_result_item_keys },
    { 0 }
};


const mdm_type_t  rotate_filevault_key = {
    .kind = MDM_COMMAND,
    .flags = MDM_ONCE|MDM_DESTRUCTIVE,
    .name = "RotateFileVaultKey",
    .title = "Rotate FileVault Key",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .subject = "filevault-key",
    .expires = MDM_DAYS(90),
    .validate = validate
};


static bool
validate(mdm_call_t *call, const mdm_node_t *value)
{
    bool               good, institutional;
    const mdm_host_t  *host;
    const mdm_node_t  *unlock;

    host = call->host;
    unlock = host->get(value, "FileVaultUnlock");
    institutional = text_is(host->text(host->get(value, "KeyType")),
                            "institutional");
    good = true;

    if (institutional && host->get(value, "NewCertificate") == NULL) {
        host->fault(call, "NewCertificate",
                    "must be there when KeyType is institutional");
        good = false;
    }

    if (!institutional && host->get(unlock, "PrivateKeyExport") != NULL) {
        host->fault(call, "FileVaultUnlock.PrivateKeyExport",
                    "must be absent unless KeyType is institutional");
        good = false;
    }

    if (host->get(unlock, "Password") == NULL
        && (host->get(unlock, "PrivateKeyExport") == NULL
            || host->get(unlock, "PrivateKeyExportPassword") == NULL))
    {
        host->fault(call, "FileVaultUnlock.Password",
                    "must be there unless both PrivateKeyExport and "
                    "PrivateKeyExportPassword are");
        good = false;
    }

    return good;
}
