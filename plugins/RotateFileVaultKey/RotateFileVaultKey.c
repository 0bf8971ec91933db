
/*
 * RotateFileVaultKey: replaces a recovery key of FileVault; a new personal one
 * goes to escrow.  Never repeated by itself: the old key does not open twice.
 */


#include "ngx_mdm_plugin.h"


static const mdm_systems_t  rotate_file_vault_key_on = {
    .macos = { .introduced = "10.9", .access_rights = MDM_LOCK_AND_CLEAR,
               .device_channel = MDM_YES, .user_channel = MDM_NO,
               .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  rotate_file_vault_key_rotate_result_item[] = {
    { "EncryptedNewRecoveryKey", MDM_DATA, MDM_SECRET,
      .escrow = "filevault_recovery_key" },
    { 0 }
};


static const mdm_key_t  rotate_file_vault_key_keys[] = {
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


static const mdm_key_t  rotate_file_vault_key_answer[] = {
    { "RotateResult", MDM_DICTIONARY,
      .keys = rotate_file_vault_key_rotate_result_item },
    { 0 }
};


static const mdm_type_t  rotate_file_vault_key_types[] = {
    {
        .kind = MDM_COMMAND,
        .flags = MDM_ONCE,
        .name = "RotateFileVaultKey",
        .title = "Rotate FileVault Key",
        .on = &rotate_file_vault_key_on,
        .keys = rotate_file_vault_key_keys,
        .answer = rotate_file_vault_key_answer,
        .subject = "filevault-key",
        .expires = MDM_DAYS(90)
    },
    { 0 }
};


static const mdm_plugin_t  rotate_file_vault_key_plugin = {
    MDM_PLUGIN,
    .name = "RotateFileVaultKey",
    .version = "1",
    .types = rotate_file_vault_key_types
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &rotate_file_vault_key_plugin;
}
