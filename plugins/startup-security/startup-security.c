
/*
 * The plugin "startup-security": what protects a Mac before it has started,
 * FileVault, and passwords of its firmware and of recovery.
 */


#include "startup-security.h"


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN,
    .name = "startup-security",
    .version = "1.0",
    .types = MDM_TYPES(&filevault,
                       &filevault_options,
                       &recovery_key_escrow,
                       &recovery_key_redirect,
                       &rotate_filevault_key,
                       &set_firmware_password,
                       &set_recovery_lock,
                       &verify_firmware_password,
                       &verify_recovery_lock)
};


const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
