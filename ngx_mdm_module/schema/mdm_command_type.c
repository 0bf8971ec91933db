
/*
 * The facts of Apple's command types that the queue needs (Apple: "Commands
 * and queries", one page per RequestType).  Must never hold what depends on a
 * device or on a command's contents.
 */


#include <stdlib.h>
#include <string.h>

#include "mdm_command_type.h"


#define MDM_DAYS(n)      ((n) * 86400u)
#define MDM_QUERY        MDM_DAYS(30)
#define MDM_ACTION       MDM_DAYS(90)
#define MDM_NEVER        0


static int mdm_command_type_compare(const void *key, const void *row);


static const mdm_command_type_t  mdm_command_type_default = {
    .request_type = "",
    .expires = MDM_ACTION
};


#define mdm_query(type)                                                       \
    { type, MDM_SUBJECT_NONE, NULL, { NULL }, MDM_REPEAT_SAFE, MDM_QUERY,     \
      false, false, false }

#define mdm_fixed(type, subject, repeat, expires)                             \
    { type, MDM_SUBJECT_FIXED, subject, { NULL }, repeat, expires, false,     \
      false, false }

#define mdm_fixed_destructive(type, subject, repeat, expires)                 \
    { type, MDM_SUBJECT_FIXED, subject, { NULL }, repeat, expires, false,     \
      false, true }

/* all that goes first is destructive, too */

#define mdm_urgent(type, subject, repeat, expires)                            \
    { type, MDM_SUBJECT_FIXED, subject, { NULL }, repeat, expires, false,     \
      true, true }

#define mdm_keyed(type, prefix, expires, ...)                                 \
    { type, MDM_SUBJECT_KEY, prefix, { __VA_ARGS__ }, MDM_REPEAT_SAFE,        \
      expires, false, false, false }

#define mdm_keyed_destructive(type, prefix, expires, ...)                     \
    { type, MDM_SUBJECT_KEY, prefix, { __VA_ARGS__ }, MDM_REPEAT_SAFE,        \
      expires, false, false, true }


/*
 * Sorted by name for the search.  What sets and what verifies a password share
 * a subject, so that the answer belongs to the password meant; so do the steps
 * of Setup Assistant, which DeviceConfigured ends.  RemoveProfile counts as
 * destructive whatever it removes, since the profile may be the one that
 * manages the device.
 */

static const mdm_command_type_t  mdm_command_types[] = {
    mdm_fixed("AccountConfiguration", "setup", MDM_REPEAT_SAFE, MDM_ACTION),
    mdm_fixed("ActivationLockBypassCode", "activation-lock", MDM_REPEAT_SAFE,
              MDM_QUERY),
    mdm_query("ActiveNSExtensions"),
    mdm_keyed("ApplyRedemptionCode", "app", MDM_ACTION, "Identifier"),
    mdm_query("AvailableOSUpdates"),
    mdm_query("CertificateList"),
    mdm_fixed("ClearActivationLockBypassCode", "activation-lock",
              MDM_REPEAT_SAFE, MDM_ACTION),
    mdm_fixed_destructive("ClearPasscode", "passcode", MDM_REPEAT_ONCE,
                          MDM_ACTION),
    mdm_fixed("ClearRestrictionsPassword", "restrictions-password",
              MDM_REPEAT_SAFE, MDM_ACTION),
    mdm_query("ContentCachingInformation"),
    mdm_fixed("DeclarativeManagement", "declarations", MDM_REPEAT_SAFE,
              MDM_ACTION),
    mdm_keyed_destructive("DeleteUser", "user", MDM_ACTION, "UserName"),
    mdm_fixed("DeviceConfigured", "setup", MDM_REPEAT_SAFE, MDM_ACTION),
    mdm_query("DeviceInformation"),
    mdm_fixed("DeviceLocation", "lost-mode", MDM_REPEAT_SAFE, MDM_QUERY),
    mdm_urgent("DeviceLock", "lock", MDM_REPEAT_ONCE, MDM_NEVER),
    mdm_fixed("DisableLostMode", "lost-mode", MDM_REPEAT_SAFE, MDM_ACTION),
    mdm_fixed("DisableRemoteDesktop", "remote-desktop", MDM_REPEAT_SAFE,
              MDM_ACTION),
    mdm_urgent("EnableLostMode", "lost-mode", MDM_REPEAT_SAFE, MDM_NEVER),
    mdm_fixed("EnableRemoteDesktop", "remote-desktop", MDM_REPEAT_SAFE,
              MDM_ACTION),
    mdm_urgent("EraseDevice", "erase", MDM_REPEAT_ONCE, MDM_NEVER),
    mdm_keyed("InstallApplication", "app", MDM_ACTION, "Identifier",
              "iTunesStoreID", "ManifestURL"),
    mdm_keyed("InstallEnterpriseApplication", "app", MDM_ACTION,
              "ManifestURL"),
    mdm_keyed("InstallMedia", "media", MDM_ACTION, "PersistentID",
              "iTunesStoreID", "MediaURL"),
    { "InstallProfile", MDM_SUBJECT_PROFILE, "profile", { NULL },
      MDM_REPEAT_SAFE, MDM_ACTION, true, false, false },
    mdm_fixed("InstallProvisioningProfile", "provisioning-profile",
              MDM_REPEAT_SAFE, MDM_ACTION),
    mdm_query("InstalledApplicationList"),
    mdm_keyed("InviteToProgram", "program", MDM_ACTION, "ProgramID"),
    mdm_fixed("LOMDeviceRequest", "lights-out", MDM_REPEAT_SAFE, MDM_ACTION),
    mdm_fixed("LOMSetupRequest", "lights-out", MDM_REPEAT_SAFE, MDM_QUERY),
    mdm_fixed("LogOutUser", "log-out", MDM_REPEAT_ONCE, MDM_ACTION),
    mdm_query("ManagedApplicationAttributes"),
    mdm_query("ManagedApplicationConfiguration"),
    mdm_query("ManagedApplicationFeedback"),
    mdm_query("ManagedApplicationList"),
    mdm_query("ManagedMediaList"),
    mdm_query("NSExtensionMappings"),
    mdm_query("OSUpdateStatus"),
    mdm_fixed("PlayLostModeSound", "lost-mode", MDM_REPEAT_ONCE, MDM_ACTION),
    mdm_query("ProfileList"),
    mdm_query("ProvisioningProfileList"),
    mdm_fixed("RefreshCellularPlans", "cellular-plan", MDM_REPEAT_SAFE,
              MDM_ACTION),
    mdm_keyed("RemoveApplication", "app", MDM_NEVER, "Identifier"),
    mdm_keyed("RemoveMedia", "media", MDM_ACTION, "PersistentID",
              "iTunesStoreID"),
    { "RemoveProfile", MDM_SUBJECT_KEY, "profile", { "Identifier" },
      MDM_REPEAT_SAFE, MDM_NEVER, true, false, true },
    mdm_fixed("RemoveProvisioningProfile", "provisioning-profile",
              MDM_REPEAT_SAFE, MDM_ACTION),
    mdm_fixed("RequestMirroring", "mirroring", MDM_REPEAT_SAFE, MDM_ACTION),
    mdm_query("RequestUnlockToken"),
    mdm_fixed("RestartDevice", "power", MDM_REPEAT_ONCE, MDM_ACTION),
    mdm_query("Restrictions"),
    mdm_fixed("RotateFileVaultKey", "filevault-key", MDM_REPEAT_ONCE,
              MDM_ACTION),
    mdm_fixed("ScheduleOSUpdate", "os-update", MDM_REPEAT_SAFE, MDM_ACTION),
    mdm_fixed("ScheduleOSUpdateScan", "os-update", MDM_REPEAT_SAFE,
              MDM_ACTION),
    mdm_query("SecurityInfo"),
    mdm_keyed_destructive("SetAutoAdminPassword", "admin", MDM_ACTION, "GUID"),
    mdm_fixed_destructive("SetFirmwarePassword", "firmware-password",
                          MDM_REPEAT_SAFE, MDM_ACTION),
    mdm_fixed_destructive("SetRecoveryLock", "recovery-lock", MDM_REPEAT_ONCE,
                          MDM_ACTION),
    mdm_fixed("Settings", "settings", MDM_REPEAT_SAFE, MDM_ACTION),
    mdm_fixed("ShutDownDevice", "power", MDM_REPEAT_ONCE, MDM_ACTION),
    mdm_fixed("StopMirroring", "mirroring", MDM_REPEAT_SAFE, MDM_ACTION),
    mdm_keyed("UnlockUserAccount", "user", MDM_ACTION, "UserName"),
    mdm_fixed("UserConfigured", "setup", MDM_REPEAT_SAFE, MDM_ACTION),
    mdm_query("UserList"),
    mdm_query("ValidateApplications"),
    mdm_fixed("VerifyFirmwarePassword", "firmware-password", MDM_REPEAT_SAFE,
              MDM_QUERY),
    mdm_fixed("VerifyRecoveryLock", "recovery-lock", MDM_REPEAT_SAFE,
              MDM_QUERY)
};


const mdm_command_type_t *
mdm_command_type_find(mdm_str_t request_type)
{
    const mdm_command_type_t  *type;

    if (!mdm_str_is_set(request_type)) {
        return &mdm_command_type_default;
    }

    type = bsearch(&request_type, mdm_command_types,
                   sizeof(mdm_command_types) / sizeof(mdm_command_types[0]),
                   sizeof(mdm_command_type_t), mdm_command_type_compare);

    return type ? type : &mdm_command_type_default;
}


const char *
mdm_command_type_destructive(size_t n)
{
    size_t  i;

    for (i = 0; i < sizeof(mdm_command_types) / sizeof(mdm_command_types[0]);
         i++)
    {
        if (mdm_command_types[i].destructive && n-- == 0) {
            return mdm_command_types[i].request_type;
        }
    }

    return NULL;
}


static int
mdm_command_type_compare(const void *key, const void *row)
{
    int               rc;
    size_t            len;
    const mdm_str_t  *name;
    const char       *row_name;

    name = key;
    row_name = ((const mdm_command_type_t *) row)->request_type;
    len = strlen(row_name);

    rc = memcmp(name->data, row_name, name->len < len ? name->len : len);

    if (rc != 0 || name->len == len) {
        return rc;
    }

    return name->len < len ? -1 : 1;
}
