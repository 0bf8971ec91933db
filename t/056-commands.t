# What the queue does with each command, and which of its keys are secret: a
# table of them all, so that no plugin loses one of these silently.  It follows
# from the design; t/051-apple-schema.t is for what Apple says.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use JSON::PP ();

use MDM::Test;

needs('the plugins', -e build('mdm-plugin-test') && glob build('plugins/*.so'));

# The days after which it is not wanted any more, its subject with the keys that
# name it (-: it has none), and its flags.

my %queue = map { my ($name, @words) = split; $name => "@words" } split /\n/, <<'END';
AccountConfiguration              90     setup
ActivationLockBypassCode          30     activation-lock
ActiveNSExtensions                30     -
ApplyRedemptionCode               90     app:Identifier
AvailableOSUpdates                30     -
CertificateList                   30     -
ClearActivationLockBypassCode     90     activation-lock                              destructive
ClearPasscode                     90     passcode                                     once destructive
ClearRestrictionsPassword         90     restrictions-password                        once
ContentCachingInformation         30     -
DeclarativeManagement             90     declarations
DeleteUser                        90     user:UserName                                destructive
DeviceConfigured                  90     setup
DeviceInformation                 30     -                                            inventory
DeviceLocation                    30     lost-mode
DeviceLock                        never  lock                                         once urgent destructive
DisableLostMode                   90     lost-mode
DisableRemoteDesktop              90     remote-desktop
EnableLostMode                    never  lost-mode                                    urgent destructive
EnableRemoteDesktop               90     remote-desktop
EraseDevice                       never  erase                                        once urgent destructive
InstallApplication                90     app:Identifier,iTunesStoreID,ManifestURL
InstallEnterpriseApplication      90     app:ManifestURL
InstallMedia                      90     media:PersistentID,iTunesStoreID,MediaURL
InstallProfile                    90     profile:Payload                              supersedes
InstallProvisioningProfile        90     provisioning-profile
InstalledApplicationList          30     -
InviteToProgram                   90     program:ProgramID
LOMDeviceRequest                  1      lights-out                                   once
LOMSetupRequest                   30     lights-out
LogOutUser                        1      log-out                                      once
ManagedApplicationAttributes      30     -
ManagedApplicationConfiguration   30     -
ManagedApplicationFeedback        30     -
ManagedApplicationList            30     -
ManagedMediaList                  30     -
NSExtensionMappings               30     -
OSUpdateStatus                    30     -
PlayLostModeSound                 1      lost-mode                                    once
ProfileList                       30     -
ProvisioningProfileList           30     -
RefreshCellularPlans              90     cellular-plan
RemoveApplication                 never  app:Identifier
RemoveMedia                       90     media:PersistentID,iTunesStoreID
RemoveProfile                     never  profile:Identifier                           destructive supersedes
RemoveProvisioningProfile         90     provisioning-profile
RequestMirroring                  1      mirroring
RequestUnlockToken                30     passcode
RestartDevice                     7      power                                        once
Restrictions                      30     -
RotateFileVaultKey                90     filevault-key                                once destructive
ScheduleOSUpdate                  90     os-update
ScheduleOSUpdateScan              90     os-update
SecurityInfo                      30     -
SetAutoAdminPassword              90     admin:GUID                                   destructive
SetFirmwarePassword               90     firmware-password                            once destructive
SetRecoveryLock                   90     recovery-lock                                once destructive
Settings                          90     settings
ShutDownDevice                    7      power                                        once
StopMirroring                     1      mirroring
UnlockUserAccount                 90     user:UserName
UserConfigured                    90     setup
UserList                          30     -
ValidateApplications              30     -
VerifyFirmwarePassword            30     firmware-password
VerifyRecoveryLock                30     recovery-lock
END

# Keys of the command, and of its answer; what is in escrow is secret, too.

my @secret = map { join ' ', split } split /\n/, <<'END';
AccountConfiguration              AutoSetupAdminAccounts[].passwordHash
ActivationLockBypassCode          answer ActivationLockBypassCode escrow activation_lock_bypass_code
ApplyRedemptionCode               RedemptionCode
ClearPasscode                     UnlockToken escrow unlock_token
DeviceInformation                 answer QueryResponses.PushToken
DeviceLock                        PIN
EraseDevice                       PIN
EraseDevice                       ReturnToService.MDMProfileData
EraseDevice                       ReturnToService.WiFiProfileData
InstallApplication                Configuration
InstallEnterpriseApplication      Configuration
InviteToProgram                   InvitationURL
ManagedApplicationConfiguration   answer ApplicationConfigurations[].Configuration
ManagedApplicationList            answer ManagedApplicationList.*.UnusedRedemptionCode escrow unused_redemption_code
RequestMirroring                  Password
RequestUnlockToken                answer UnlockToken escrow unlock_token
RotateFileVaultKey                FileVaultUnlock.Password
RotateFileVaultKey                FileVaultUnlock.PrivateKeyExport
RotateFileVaultKey                FileVaultUnlock.PrivateKeyExportPassword
RotateFileVaultKey                answer RotateResult.EncryptedNewRecoveryKey escrow filevault_recovery_key
SecurityInfo                      answer SecurityInfo.FDE_PersonalRecoveryKeyCMS escrow filevault_recovery_key
SetAutoAdminPassword              passwordHash
SetFirmwarePassword               CurrentPassword
SetFirmwarePassword               NewPassword
SetRecoveryLock                   CurrentPassword
SetRecoveryLock                   NewPassword
Settings                          Settings[ApplicationConfiguration].Configuration
VerifyFirmwarePassword            Password
VerifyRecoveryLock                Password
END


# The paths of secret keys below these; what a secret one holds is not told.

sub secrets {
    my ($path, @keys) = @_;

    return map {
        my $at = $path . ($path ne '' && exists $_->{key} ? '.' : '') . ($_->{key} // '');

        $_->{secret} ? $at . ($_->{escrow} ? " escrow $_->{escrow}" : '')
                     : (secrets($at, @{ $_->{keys} // [] }),
                        map { items($at, $_) } @{ $_->{items} // [] });
    } @keys;
}


sub items {
    my ($path, $item) = @_;

    my $at = "$path\[" . ($item->{key} // '') . ']';

    return $item->{secret} ? $at : secrets($at, @{ $item->{keys} // [] });
}


my @types = grep { $_->{kind} eq 'command' } map {
    my ($exit, $text) = run_command(build('mdm-plugin-test'), '--describe', $_);

    $exit == 0 ? @{ JSON::PP::decode_json($text) } : die "$_: $text\n";
} glob build('plugins/*.so');

is scalar @types, 66, 'all commands are there';

for my $type (@types) {
    my $days = $type->{expires} ? $type->{expires} / 86400 : 'never';
    my $subject = join ':', $type->{subject} // '-',
        join(',', @{ $type->{subject_keys} // [] }) || ();
    my @flags = grep { $type->{$_} } qw(once urgent destructive supersedes inventory);

    is join(' ', $days, $subject, @flags), $queue{ $type->{name} } // 'not in the table',
        "$type->{name}: when it goes, how often, and who may ask for it";
}

my @found = sort map {
    my $type = $_;

    (map { "$type->{name} $_" } secrets('', @{ $type->{keys} // [] })),
    (map { "$type->{name} answer $_" } secrets('', @{ $type->{answer} // [] }));
} @types;

is_deeply \@found, [sort @secret], 'what is secret is said to be';

done_testing;
