
/*
 * SecurityInfo: what protects a device, and how it is managed.  A FileVault
 * recovery key in the answer goes to escrow; by its device key, which a locked
 * Mac shows, a person finds the Mac that it is of.
 */


#include "device.h"
#include "../results.h"


static bool result(mdm_call_t *call, const mdm_result_t *done);


static const mdm_systems_t  systems = {
    .ios = { "4.0", .access_rights = MDM_QUERY_SECURITY,
             .user_enrollment = MDM_ALLOWED, .shared_ipad = MDM_ALLOWED,
             .shared_device_channel = MDM_YES, .shared_user_channel = MDM_NO },
    .macos = { "10.7", .access_rights = MDM_QUERY_SECURITY,
               .device_channel = MDM_YES, .user_channel = MDM_YES,
               .user_enrollment = MDM_ALLOWED },
    .tvos = { "9.0", .access_rights = MDM_QUERY_SECURITY },
    .visionos = { "1.1", .access_rights = MDM_QUERY_SECURITY,
                  .user_enrollment = MDM_ALLOWED },
    .watchos = { "10.0", .access_rights = MDM_QUERY_SECURITY }
};


static const mdm_key_t  firewall_keys[] = {
    { "FirewallEnabled", MDM_BOOLEAN, .attribute = "FirewallEnabled" },
    { "BlockAllIncoming", MDM_BOOLEAN, .attribute = "BlockAllIncoming" },
    { "StealthMode", MDM_BOOLEAN, .attribute = "StealthMode" },

    { "Applications", MDM_ARRAY, .list = "firewall_applications",
      MDM_ON(.macos = { .user_enrollment = MDM_FORBIDDEN }),
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ "Allowed", MDM_BOOLEAN },
                          { "BundleID", MDM_STRING, MDM_TELLS },
                          { "Name", MDM_STRING }) }) },

    { "LoggingEnabled", MDM_BOOLEAN, .attribute = "FirewallLoggingEnabled",
      MDM_ON(.macos = { "12.0" }) },
    { "LoggingOption", MDM_STRING, .attribute = "FirewallLoggingOption",
      MDM_ONE_OF("throttled", "brief", "detail"),
      MDM_ON(.macos = { "12.0" }) },
    { 0 }
};


static const mdm_key_t  firmware_keys[] = {
    { "PasswordExists", MDM_BOOLEAN, .attribute = "FirmwarePasswordExists" },
    { "ChangePending", MDM_BOOLEAN,
      .attribute = "FirmwarePasswordChangePending" },
    { "AllowOroms", MDM_BOOLEAN, .attribute = "FirmwareAllowsOROMs" },
    { 0 }
};


static const mdm_key_t  management_keys[] = {
    { "EnrolledViaDEP", MDM_BOOLEAN, .attribute = "EnrolledViaDEP",
      ONLY_MACOS(0) },
    { "UserApprovedEnrollment", MDM_BOOLEAN,
      .attribute = "UserApprovedEnrollment", ONLY_MACOS(0) },
    { "IsUserEnrollment", MDM_BOOLEAN, .attribute = "IsUserEnrollment",
      MDM_ON(.macos = { "10.15" }) },
    { "IsActivationLockManageable", MDM_BOOLEAN,
      .attribute = "IsActivationLockManageable", ONLY_MACOS("10.15") },
    { 0 }
};


static const mdm_key_t  boot_keys[] = {
    { "SecureBootLevel", MDM_STRING, .attribute = "SecureBootLevel",
      MDM_ONE_OF("off", "medium", "full", "not supported") },
    { "ExternalBootLevel", MDM_STRING, .attribute = "ExternalBootLevel",
      MDM_ONE_OF("allowed", "disallowed", "not supported") },

    { "ReducedSecurity", MDM_ARRAY, .list = "reduced_security",
      MDM_ON(.macos = { "11.0" }),
      MDM_KEYS({ NULL, MDM_STRING,
                 MDM_ONE_OF("AllowsAnyAppleSignedOS",
                            "AllowsUserKextApproval", "AllowsMDM") }) },
    { 0 }
};


static const mdm_key_t  facts_keys[] = {
    { "HardwareEncryptionCaps", MDM_INTEGER,
      .attribute = "HardwareEncryptionCaps", MDM_ON(.macos = NEVER) },
    { "PasscodePresent", MDM_BOOLEAN, .attribute = "PasscodePresent",
      MDM_ON(.ios = { .user_enrollment = MDM_FORBIDDEN }, .macos = NEVER,
             .visionos = { .user_enrollment = MDM_FORBIDDEN }) },
    { "PasscodeCompliant", MDM_BOOLEAN, .attribute = "PasscodeCompliant",
      MDM_ON(.macos = NEVER) },

    { "PasscodeCompliantWithProfiles", MDM_BOOLEAN,
      .attribute = "PasscodeCompliantWithProfiles",
      MDM_ON(.ios = { .user_enrollment = MDM_FORBIDDEN }, .macos = NEVER,
             .visionos = { .user_enrollment = MDM_FORBIDDEN }) },

    { "PasscodeLockGracePeriod", MDM_INTEGER,
      .attribute = "PasscodeLockGracePeriod",
      MDM_ON(.ios = { "9.3.2", .user_enrollment = MDM_FORBIDDEN },
             .macos = NEVER,
             .visionos = { .user_enrollment = MDM_FORBIDDEN }) },

    { "PasscodeLockGracePeriodEnforced", MDM_INTEGER,
      .attribute = "PasscodeLockGracePeriodEnforced",
      MDM_ON(.ios = { "9.3.2", .user_enrollment = MDM_FORBIDDEN },
             .macos = NEVER,
             .visionos = { .user_enrollment = MDM_FORBIDDEN }) },

    { "AutoLockTime", MDM_INTEGER, .attribute = "AutoLockTime",
      MDM_ON(.ios = { "17.0", .user_enrollment = MDM_FORBIDDEN,
                      .shared_ipad = MDM_REQUIRED },
             .macos = NEVER, .tvos = NEVER, .visionos = NEVER,
             .watchos = NEVER) },

    { "FDE_Enabled", MDM_BOOLEAN, .attribute = "FDE_Enabled",
      ONLY_MACOS("10.9", .user_channel = MDM_NO) },

    { "FDE_HasPersonalRecoveryKey", MDM_BOOLEAN,
      .attribute = "FDE_HasPersonalRecoveryKey",
      ONLY_MACOS("10.9", .user_channel = MDM_NO,
                 .user_enrollment = MDM_FORBIDDEN) },

    { "FDE_HasInstitutionalRecoveryKey", MDM_BOOLEAN,
      .attribute = "FDE_HasInstitutionalRecoveryKey",
      ONLY_MACOS("10.9", .user_channel = MDM_NO,
                 .user_enrollment = MDM_FORBIDDEN) },

    { "FDE_PersonalRecoveryKeyCMS", MDM_DATA, MDM_SECRET,
      .escrow = "filevault_recovery_key",
      ONLY_MACOS("10.13", .user_channel = MDM_NO,
                 .user_enrollment = MDM_FORBIDDEN) },

    { "FDE_PersonalRecoveryKeyDeviceKey", MDM_STRING,
      .attribute = "FDE_PersonalRecoveryKeyDeviceKey",
      ONLY_MACOS("10.13", .user_channel = MDM_NO,
                 .user_enrollment = MDM_FORBIDDEN) },
    { "SystemIntegrityProtectionEnabled", MDM_BOOLEAN,
      .attribute = "SystemIntegrityProtectionEnabled",
      ONLY_MACOS("10.12", .user_channel = MDM_NO) },
    { "FirewallSettings", MDM_DICTIONARY, .keys = firewall_keys,
      ONLY_MACOS("10.12", .user_channel = MDM_NO) },
    { "FirmwarePasswordStatus", MDM_DICTIONARY, .keys = firmware_keys,
      ONLY_MACOS("10.13", .user_channel = MDM_NO) },
    { "ManagementStatus", MDM_DICTIONARY, .keys = management_keys,
      MDM_ON(.ios = { "13.0" }, .macos = { "10.13.2" }, .tvos = { "13.0" }) },
    { "SecureBoot", MDM_DICTIONARY, .keys = boot_keys,
      ONLY_MACOS("10.15", .user_channel = MDM_NO) },

    { "RemoteDesktopEnabled", MDM_BOOLEAN,
      .attribute = "RemoteDesktopEnabled",
      ONLY_MACOS("10.14.4", .user_channel = MDM_NO,
                 .user_enrollment = MDM_FORBIDDEN) },

    { "AuthenticatedRootVolumeEnabled", MDM_BOOLEAN,
      .attribute = "AuthenticatedRootVolumeEnabled",
      ONLY_MACOS("11.0", .user_channel = MDM_NO) },

    { "BootstrapTokenAllowedForAuthentication", MDM_STRING,
      .attribute = "BootstrapTokenAllowedForAuthentication",
      MDM_ONE_OF("allowed", "disallowed", "not supported"),
      ONLY_MACOS("11.0", .user_channel = MDM_NO,
                 .user_enrollment = MDM_FORBIDDEN) },

    { "BootstrapTokenRequiredForSoftwareUpdate", MDM_BOOLEAN,
      .attribute = "BootstrapTokenRequiredForSoftwareUpdate",
      ONLY_MACOS("11.0", .user_channel = MDM_NO,
                 .user_enrollment = MDM_FORBIDDEN) },

    { "BootstrapTokenRequiredForKernelExtensionApproval", MDM_BOOLEAN,
      .attribute = "BootstrapTokenRequiredForKernelExtensionApproval",
      ONLY_MACOS("11.0", .user_channel = MDM_NO,
                 .user_enrollment = MDM_FORBIDDEN) },

    { "IsRecoveryLockEnabled", MDM_BOOLEAN,
      .attribute = "IsRecoveryLockEnabled",
      ONLY_MACOS("11.5", .user_channel = MDM_NO,
                 .user_enrollment = MDM_FORBIDDEN) },
    { 0 }
};


static const mdm_key_t  keys[] = {
    { 0 }
};


static const mdm_key_t  answer[] = {
    { "SecurityInfo", MDM_DICTIONARY, MDM_NEEDED, .keys = facts_keys },
    { 0 }
};


const mdm_type_t  security_info = {
    .kind = MDM_COMMAND,
    .name = "SecurityInfo",
    .title = "Security Info",
    .on = &systems,
    .keys = keys,
    .answer = answer,
    .expires = MDM_DAYS(30),
    .result = result
};


static bool
result(mdm_call_t *call, const mdm_result_t *done)
{
    const mdm_host_t  *host;
    const mdm_node_t  *facts;

    host = call->host;
    facts = host->get(done->report, "SecurityInfo");

    if (!acknowledged(done)) {
        return true;
    }

    return (host->get(facts, "FirewallSettings") == NULL
            || keep_list(call, "firewall_applications"))
           && (host->get(facts, "SecureBoot") == NULL
               || keep_list(call, "reduced_security"));
}
