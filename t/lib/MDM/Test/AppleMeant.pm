package MDM::Test::AppleMeant;

# In what our tables of commands and payloads differ from Apple's on purpose.

use strict;
use warnings;

use Exporter 'import';

our @EXPORT = qw(meant is_meant unused borrowed);


# Types whose own table is empty, or has only what is added, while words send the
# reader to that of another.

my %borrowed = (
    'com.apple.vpn.managed.applayer' => 'com.apple.vpn.managed',
    map { ("com.apple.$_.managed" => 'com.apple.wifi.managed') }
        qw(globalethernet firstethernet firstactiveethernet secondethernet
           secondactiveethernet thirdethernet thirdactiveethernet),
);

sub borrowed { return $borrowed{$_[0]} }


# Type, path (a star in it stands for anything), facts, and the reason.  "iOS" is
# whether it is there on that system, "iOS many" a fact of that system; if there
# are several of these, a comma is between them.

my @meant = (
    [ 'DeviceLock', 'PIN', 'pattern',
      'six characters in words; a locked Mac takes digits only' ],
    [ 'EraseDevice', 'PIN', 'pattern', 'the same' ],
    [ 'InstallApplication', 'ManifestURL', 'pattern', 'in words only' ],
    [ 'InstallEnterpriseApplication', 'ManifestURL', 'pattern',
      'in words only' ],
    [ 'InstallProfile', 'Payload', 'type', 'data that is a profile' ],
    [ 'RequestMirroring', 'ScanTime', 'min max default', 'in words only' ],
    [ 'SetFirmwarePassword', 'NewPassword', 'pattern', 'in words only' ],
    [ 'Settings', 'Settings[SharedDeviceConfiguration].PasscodePolicy'
        . '.AutoLockTime', 'min', 'in words only' ],
    [ 'Settings', 'answer: Settings*', 'key type',
      'one result in the table; devices send a list of them' ],

    [ 'com.apple.TCC.configuration-profile-policy', 'Services.*[].Allowed',
      'required', 'in its place there may be Authorization' ],
    [ 'com.apple.dock', 'AllowDockFixupOverride', 'macOS user_channel',
      'in words only' ],
    [ 'com.apple.SystemConfiguration', 'Proxies.SOCKSPort', 'key',
      'its table has a slip of the pen in this name; both are let through' ],
    [ 'com.apple.AssetCache.managed', 'DataPath', 'pattern', 'in words only' ],
    [ 'com.apple.DirectoryService.managed', 'ADMountStyle', 'one_of',
      'in words only' ],
    [ 'com.apple.DirectoryService.managed', 'ADNamespace', 'one_of',
      'in words only' ],
    [ 'com.apple.ADCertificate.managed', 'EnableAutoRenewal',
      'macOS user_channel', 'in words only' ],
    map({
        my $power = "com.apple.EnergySaver.$_";
        map { [ 'com.apple.MCX', "$power.$_ Sleep Timer", 'one_of min',
                '0, or from 1 to 180, is from 0 to 180' ] }
            qw(Disk Display System)
    } qw(desktop.ACPower portable.ACPower portable.BatteryPower)),
    [ 'com.apple.associated-domains', 'Configuration[].AssociatedDomains[]',
      'pattern', 'in words only' ],
    [ 'com.apple.cellularprivatenetwork.managed', 'Geofences', 'most',
      'in words only' ],
    [ 'com.apple.dnsSettings.managed', 'DNSSettings.ServerURL', 'pattern',
      'in words only' ],
    [ 'com.apple.dnsSettings.managed', 'ProhibitDisablement',
      'iOS supervised, macOS supervised, visionOS supervised',
      'in words only' ],
    [ 'com.apple.domains', 'CrossSiteTrackingPreventionRelaxedDomains',
      'most', 'in words only' ],
    [ 'com.apple.configurationprofile.identification',
      'PayloadIdentification.Password', 'required',
      'in words only where the profile has it' ],
    [ 'com.apple.education', 'Departments[].GroupBeaconIDs[]', 'min max',
      '16 bits in words' ],
    [ 'com.apple.education', 'Groups[].BeaconID', 'min max', 'the same' ],
    [ 'com.apple.education', 'UserIdentifier', 'required',
      'words forbid it for the login screen of a Shared iPad' ],
    [ 'com.apple.extensiblesso', 'ExtensionData.domainRealmMapping.*', 'key',
      'a name that stands for the name of any realm' ],
    [ 'com.apple.extensiblesso', 'TeamIdentifier', 'required',
      'of Macs in words only' ],
    [ 'com.apple.familycontrols.timelimits.v2', 'time-limits.*.start',
      'pattern', 'in words only' ],
    [ 'com.apple.familycontrols.timelimits.v2', 'time-limits.*.end',
      'pattern', 'in words only' ],
    [ 'com.apple.homescreenlayout', '*Type', 'one_of',
      'the former name of an app is in its words still, and in use' ],
    [ 'com.apple.mcxprinting', 'UserPrinterList.*', 'key',
      'a name that stands for the name of any printer' ],
    [ 'com.apple.networkusagerules',
      'ApplicationRules[].AppIdentifierMatches[]', 'pattern',
      'in words only' ],
    [ 'com.apple.proxy.http.global', 'ProxyPACURL', 'pattern',
      'in words only' ],
    [ 'com.apple.security.FDERecoveryRedirect', 'RedirectURL', 'pattern',
      'in words only' ],
    [ 'com.apple.security.acme', 'DirectoryURL', 'pattern', 'in words only' ],
    [ 'com.apple.security.scep', 'PayloadContent.SubjectAltName.*', 'type',
      'a string in the table; an array of them does as well' ],
    [ 'com.apple.security.wapi-identity', '*', 'iOS macOS tvOS visionOS watchOS',
      'no system is named: nobody is refused' ],
    [ 'com.apple.sso', 'Kerberos.*', 'pattern least', 'in words only' ],
    map({ [ 'com.apple.system.logging', "$_*", 'macOS',
            'not there, but its words say what it does there' ] }
        qw(Subsystems System)),
    [ 'com.apple.system-extension-policy', 'AllowedSystemExtensionTypes.*[]',
      'one_of', 'in words only' ],
    [ 'com.apple.systemuiserver', 'unmount-controls.*', 'one_of',
      'what is not for unmounting is so in words only' ],
    [ 'com.apple.tvremote', 'AllowedRemotes[].RemoteDeviceID', 'pattern',
      'in words only' ],
    [ 'com.apple.tvremote', 'AllowedTVs[].TVDeviceID', 'pattern',
      'in words only' ],
    map({ [ "com.apple.vpn.managed$_", 'VendorConfig.*', 'key',
            'any key there: what they are is up to the vendor' ] }
        '', '.applayer'),
    map({ [ 'com.apple.vpn.managed.applayer', $_, 'watchOS',
            'the table that it borrows is not for watchOS' ] }
        qw(AlwaysOn IPSec IPv4 PPP TransparentProxy VPN VendorConfig)),
    map({
        my $type = "com.apple.$_.managed";
        map { [ $type, $_, 'macOS user_enrollment', 'as other keys of a proxy' ] }
            qw(ProxyPassword ProxyType)
    } qw(globalethernet firstethernet firstactiveethernet secondethernet
         secondactiveethernet thirdethernet thirdactiveethernet)),
    map({ [ 'com.apple.webcontent-filter', $_,
            'iOS supervised, visionOS supervised',
            'in words: unsupervised devices need a key that is for Plugin' ] }
        qw(AutoFilterEnabled PermittedURLs BlacklistedURLs DenyListURLs
           HideDenyListURLs WhitelistedBookmarks AllowListBookmarks)),
    [ 'com.apple.webClip.managed', 'URL', 'pattern', 'in words only' ],

    [ 'CommonPayloadKeys', '',
      'iOS many, macOS many, tvOS many, visionOS many, watchOS many',
      'each payload has them' ],
    [ 'TopLevel', '',
      'iOS many, macOS many, tvOS many, visionOS many, watchOS many',
      'each profile has them' ],
    [ 'CommonPayloadKeys', 'PayloadEnabled', 'key',
      'devices know it, the table does not' ],
    [ 'TopLevel', 'PayloadEnabled', 'key', 'the same' ],
    [ 'TopLevel', 'PayloadContent', 'required', 'not when it is encrypted' ],
    [ 'TopLevel', 'PayloadContent[]', 'key', 'the payloads: types of their own' ],
    [ 'TopLevel', 'ConsentText.*', 'key type',
      'texts by language; the table has a dictionary around them' ],
);

my %used;


sub meant {
    my ($name, $path, $fact) = @_;

    my $row = is_meant($name, $path, $fact) or return 0;

    return $used{"$row->[0] $row->[1]"} = 1;
}


sub is_meant {
    my ($name, $path, $fact) = @_;

    for my $row (grep { $_->[0] eq $name } @meant) {
        my (undef, $where, $facts) = @$row;

        return $row
            if $path =~ pattern($where) && grep { $_ eq $fact } facts($facts);
    }

    return;
}


sub facts {
    my ($facts) = @_;

    return $facts =~ /,|\A\w+OS (?!\w+OS\b)\w+\z/ ? split(/, /, $facts) : split / /, $facts;
}


sub pattern {
    my ($where) = @_;

    my $pattern = join '.*', map { quotemeta } split /\*/, $where, -1;

    return qr/\A$pattern\z/s;
}


# Rows that meant() had no use for: what they say is so no more.

sub unused {
    return grep { !$used{$_} } map { "$_->[0] $_->[1]" } @meant;
}

1;
