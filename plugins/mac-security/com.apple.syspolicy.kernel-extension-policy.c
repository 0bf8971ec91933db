
/*
 * com.apple.syspolicy.kernel-extension-policy: the kernel extensions that need
 * no word of the user.
 */


#include "mac-security.h"


static const mdm_systems_t  systems = POLICY_OF_MAC("10.13.2", APPROVED);


static const mdm_key_t  strings[] = {
    { NULL, MDM_STRING },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { "AllowNonAdminUserApprovals", MDM_BOOLEAN, .preset = "false",
      .combine = MDM_COMBINE_AND, MDM_ON(.macos = { "11.0" }) },
    { "AllowUserOverrides", MDM_BOOLEAN, .preset = "false",
      .combine = MDM_COMBINE_AND },
    { "AllowedTeamIdentifiers", MDM_ARRAY, 0, strings,
      .combine = MDM_COMBINE_UNION },
    OF_TEAMS("AllowedKernelExtensions", strings),
    { 0 }
};


const mdm_type_t  kernel_extensions = {
    .kind = MDM_PAYLOAD,
    .name = "com.apple.syspolicy.kernel-extension-policy",
    .title = "Kernel extensions",
    .on = &systems,
    .keys = keys
};
