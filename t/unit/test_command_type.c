
/*
 * The table of command types: all of Apple's are there, and the rules of the
 * queue hold for the types that they name.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "schema/mdm_command_type.h"
#include "plist_fixture.h"


#define DAY   86400u


static const char *const  all[] = {
    "AccountConfiguration", "ActivationLockBypassCode", "ActiveNSExtensions",
    "ApplyRedemptionCode", "AvailableOSUpdates", "CertificateList",
    "ClearActivationLockBypassCode", "ClearPasscode",
    "ClearRestrictionsPassword", "ContentCachingInformation",
    "DeclarativeManagement", "DeleteUser", "DeviceConfigured",
    "DeviceInformation", "DeviceLocation", "DeviceLock", "DisableLostMode",
    "DisableRemoteDesktop", "EnableLostMode", "EnableRemoteDesktop",
    "EraseDevice", "InstallApplication", "InstallEnterpriseApplication",
    "InstallMedia", "InstallProfile", "InstallProvisioningProfile",
    "InstalledApplicationList", "InviteToProgram", "LOMDeviceRequest",
    "LOMSetupRequest", "LogOutUser", "ManagedApplicationAttributes",
    "ManagedApplicationConfiguration", "ManagedApplicationFeedback",
    "ManagedApplicationList", "ManagedMediaList", "NSExtensionMappings",
    "OSUpdateStatus", "PlayLostModeSound", "ProfileList",
    "ProvisioningProfileList", "RefreshCellularPlans", "RemoveApplication",
    "RemoveMedia", "RemoveProfile", "RemoveProvisioningProfile",
    "RequestMirroring", "RequestUnlockToken", "RestartDevice", "Restrictions",
    "RotateFileVaultKey", "ScheduleOSUpdate", "ScheduleOSUpdateScan",
    "SecurityInfo", "SetAutoAdminPassword", "SetFirmwarePassword",
    "SetRecoveryLock", "Settings", "ShutDownDevice", "StopMirroring",
    "UnlockUserAccount", "UserConfigured", "UserList", "ValidateApplications",
    "VerifyFirmwarePassword", "VerifyRecoveryLock"
};


#define count(list)  (sizeof(list) / sizeof(list[0]))


static bool
one_of(const char *name, const char *const *list, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (strcmp(name, list[i]) == 0) {
            return true;
        }
    }

    return false;
}


static void
every_type_is_found(void **state)
{
    size_t                     i;
    const mdm_command_type_t  *type;

    for (i = 0; i < count(all); i++) {
        type = mdm_command_type_find(str(all[i]));
        assert_string_equal(type->request_type, all[i]);

        switch (type->subject) {

        case MDM_SUBJECT_NONE:
            assert_null(type->subject_prefix);
            break;

        case MDM_SUBJECT_KEY:
            assert_non_null(type->subject_prefix);
            assert_non_null(type->subject_keys[0]);
            break;

        default:
            assert_non_null(type->subject_prefix);
            assert_null(type->subject_keys[0]);
        }
    }
}


static void
an_unknown_type(void **state)
{
    size_t                     i;
    const mdm_command_type_t  *type;

    static const char *const  names[] = {
        "", "A", "EraseDevic", "EraseDevices", "erasedevice", "Zebra",
        "Settings ", "InstallProfil"
    };

    for (i = 0; i <= count(names); i++) {
        type = mdm_command_type_find(i < count(names) ? str(names[i])
                                                      : mdm_null_str);
        assert_string_equal(type->request_type, "");
        assert_int_equal(type->subject, MDM_SUBJECT_NONE);
        assert_int_equal(type->repeat, MDM_REPEAT_SAFE);
        assert_int_equal(type->expires, 90 * DAY);
        assert_false(type->supersedes);
        assert_false(type->urgent);
        assert_false(type->destructive);
    }
}


static void
rules(void **state)
{
    size_t                     i;
    const mdm_command_type_t  *type;

    static const char *const  once[] = {
        "EraseDevice", "RestartDevice", "ShutDownDevice", "DeviceLock",
        "ClearPasscode", "RotateFileVaultKey", "SetRecoveryLock",
        "PlayLostModeSound", "LogOutUser"
    };

    static const char *const  never_expire[] = {
        "EraseDevice", "DeviceLock", "EnableLostMode", "RemoveProfile",
        "RemoveApplication"
    };

    static const char *const  urgent[] = {
        "EraseDevice", "DeviceLock", "EnableLostMode"
    };

    static const char *const  supersede[] = {
        "InstallProfile", "RemoveProfile"
    };

    static const char *const  destructive[] = {
        "ClearPasscode", "DeleteUser", "DeviceLock", "EnableLostMode",
        "EraseDevice", "RemoveProfile", "SetAutoAdminPassword",
        "SetFirmwarePassword", "SetRecoveryLock"
    };

    for (i = 0; i < count(all); i++) {
        type = mdm_command_type_find(str(all[i]));

        assert_int_equal(type->repeat == MDM_REPEAT_ONCE,
                         one_of(all[i], once, count(once)));
        assert_int_equal(type->expires == 0,
                         one_of(all[i], never_expire, count(never_expire)));
        assert_int_equal(type->urgent,
                         one_of(all[i], urgent, count(urgent)));
        assert_int_equal(type->supersedes,
                         one_of(all[i], supersede, count(supersede)));
        assert_int_equal(type->destructive,
                         one_of(all[i], destructive, count(destructive)));

        if (type->expires) {
            assert_true(type->expires == 30 * DAY
                        || type->expires == 90 * DAY);
        }
    }

    for (i = 0; i < count(destructive); i++) {
        assert_string_equal(mdm_command_type_destructive(i), destructive[i]);
    }

    assert_null(mdm_command_type_destructive(i));
    assert_true(i <= MDM_COMMAND_TYPE_DESTRUCTIVE_MAX);

    assert_int_equal(mdm_command_type_find(str("DeviceInformation"))->expires,
                     30 * DAY);
    assert_int_equal(mdm_command_type_find(str("InstallProfile"))->expires,
                     90 * DAY);
}


static void
shared_subjects(void **state)
{
    size_t  i;

    static const struct {
        const char  *a;
        const char  *b;
    } rows[] = {
        { "InstallProfile", "RemoveProfile" },
        { "InstallApplication", "RemoveApplication" },
        { "InstallApplication", "InstallEnterpriseApplication" },
        { "InstallMedia", "RemoveMedia" },
        { "InstallProvisioningProfile", "RemoveProvisioningProfile" },
        { "EnableLostMode", "DisableLostMode" },
        { "EnableLostMode", "PlayLostModeSound" },
        { "DeleteUser", "UnlockUserAccount" },
        { "AccountConfiguration", "DeviceConfigured" },
        { "SetRecoveryLock", "VerifyRecoveryLock" },
        { "RestartDevice", "ShutDownDevice" }
    };

    for (i = 0; i < count(rows); i++) {
        assert_string_equal(
            mdm_command_type_find(str(rows[i].a))->subject_prefix,
            mdm_command_type_find(str(rows[i].b))->subject_prefix);
    }

    assert_int_equal(mdm_command_type_find(str("Settings"))->subject,
                     MDM_SUBJECT_FIXED);

    /* a lock that is stalled must not hold back the way to undo it */

    assert_string_not_equal(
        mdm_command_type_find(str("DeviceLock"))->subject_prefix,
        mdm_command_type_find(str("ClearPasscode"))->subject_prefix);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(every_type_is_found),
        cmocka_unit_test(an_unknown_type),
        cmocka_unit_test(rules),
        cmocka_unit_test(shared_subjects)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("command_type", tests, NULL, NULL);
}
