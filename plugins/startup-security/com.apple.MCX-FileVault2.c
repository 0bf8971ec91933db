
/*
 * com.apple.MCX, variant FileVault2: whether FileVault of a Mac may be switched
 * on and off.  It shares DestroyFVKeyOnStandby with the variant of Energy
 * Saver, so that key does not tell which of them a payload is.
 */


#include "startup-security.h"


static const mdm_systems_t  systems = {
    .macos = { "10.7", .device_channel = MDM_YES, .user_channel = MDM_NO,
               .many = MDM_NO, .user_enrollment = MDM_FORBIDDEN }
};


static const mdm_key_t  keys[] = {
    { "dontAllowFDEDisable", MDM_BOOLEAN, .preset = "false" },
    { "dontAllowFDEEnable", MDM_BOOLEAN, .preset = "false" },
    { "DestroyFVKeyOnStandby", MDM_BOOLEAN, .preset = "false",
      MDM_ON(.macos = { "10.9" }) },
    { 0 }
};


const mdm_type_t  filevault_options = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.MCX",
    .variant = "FileVault2",
    .told_by = MDM_TEXTS("dontAllowFDEDisable", "dontAllowFDEEnable"),
    .title = "FileVault options",
    .on = &systems,
    .keys = keys
};
