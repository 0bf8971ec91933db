# What a person is promised: the functions that supervision is for, and what a
# personal device can and cannot be made to do.  Each is offered to the enrolment
# that is right for it, which gets it, and refused to the wrong one, in words.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use MIME::Base64 ();
use Test::More;

use MDM::Test;

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
thread_pool mdm threads=2;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; client_max_body_size 4m; }
        location /v1/ { mdm api; client_max_body_size 4m; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);

# A supervised iPhone and one that is not, a Mac, an iPad that pupils share; an
# iPhone and a Mac that belong to the person who uses them.

my %kind = (
    SUPERVISED => [ 'iPhone14,2',     '17.4', 'supervised' ],
    PLAIN      => [ 'iPhone14,2',     '17.4' ],
    MAC        => [ 'MacBookPro18,1', '14.1', 'supervised' ],
    SHARED     => [ 'iPad13,1',       '17.4', 'supervised' ],
    OWN        => [ 'iPhone14,2',     '17.4' ],
    OWNMAC     => [ 'MacBookPro18,1', '14.1' ],
);

my %device;

for my $name (sort keys %kind) {
    my ($model, $os, $supervised) = @{ $kind{$name} };

    $device{$name} = MDM::Test::Device->new(client => $client, sign => 1,
        certificate => $ca->device($name),
        ($name =~ /^OWN/ ? 'enrollment_id' : 'udid') => $name,
        facts => { OSVersion => $os, ProductName => $model });
    $device{$name}->enroll->{status} == 200 or die "$name does not enrol";

    my $shared = $name eq 'SHARED' ? 'true' : 'false';
    my $is = $supervised ? 'true' : 'false';
    $pg->psql("UPDATE mdm.enrollment SET supervised = $is WHERE device_id = '$name';
        INSERT INTO mdm.attribute (tenant_id, enrollment_id, name, value_boolean)
        SELECT tenant_id, enrollment_id, n.name, n.value
          FROM mdm.enrollment, (VALUES ('IsMultiUser', $shared), ('EnrolledViaDEP', $is),
               ('UserApprovedEnrollment', true)) AS n (name, value)
         WHERE device_id = '$name'");
}


# A command by its name, or a payload by its type, to one enrolment.

sub ask {
    my ($type, $keys, $to) = @_;

    return $api->api(POST => '/v1/commands', {
        request_type => 'InstallProfile', to => { enrollments => [ $to ] },
        command => { Payload => { PayloadIdentifier => "com.example.$type",
            PayloadContent => [ { PayloadType => $type, %$keys } ] } } })
        if $type =~ /^com\./;

    return $api->api(POST => '/v1/commands', { request_type => $type,
        to => { enrollments => [ $to ] }, command => $keys });
}

sub words { return join "\n", map { "$_->{path}: $_->{rule}" } @{ $_[0] // [] } }

# It is queued, comes to the device as it was asked for, and is carried out.

sub offered {
    my ($name, $type, $keys) = @_;

    my $answer = ask($type, $keys, $name);
    is $answer->{status}, 200, "$name is offered $type" or return diag $answer->{body};
    is words($answer->{json}{warnings}), '', '... without a but';

    return carried_out($name, $type, $answer);
}

sub carried_out {
    my ($name, $type, $answer) = @_;

    my $got = $device{$name}->idle;
    is $got->{command_uuid}, $answer->{json}{command_uuid}, '... it gets it';

    my ($payload) = $got->{body} =~ m{<key>Payload</key>\s*<data>([^<]*)</data>};
    my $text = defined $payload ? MIME::Base64::decode_base64($payload) : $got->{body};
    like $text, qr/<string>\Q$type\E</, '... as it was asked for';

    my $uuid = $got->{command_uuid};
    is $device{$name}->report($uuid, 'Acknowledged')->{status}, 200, '... and does it';
    is $api->api(GET => "/v1/commands/$uuid")->{json}{items}[0]{state} // '',
        'ACKNOWLEDGED', '... which is known here';

    return;
}

sub refused {
    my ($name, $type, $keys, $words) = @_;

    my $answer = ask($type, $keys, $name);

    is $answer->{status}, 422, "$name is refused $type" or return diag $answer->{body};
    like words($answer->{json}{error}{faults}), $words, '... with the rule in words';
    ok $device{$name}->idle->{body} eq '', '... and nothing comes to it';

    return;
}

# It may have it, but is said to do nothing about it.

sub without_effect {
    my ($name, $type, $keys, $words) = @_;

    my $answer = ask($type, $keys, $name);

    is $answer->{status}, 200, "$name may have $type" or return diag $answer->{body};
    like words($answer->{json}{warnings}), $words, '... which is said to be without effect';

    return carried_out($name, $type, $answer);
}


my $true  = JSON::PP::true();
my $false = JSON::PP::false();

my $supervision = qr/supervised/;
my $personal    = qr/user-owned enrolment \(user enrolment: forbidden\)/;

my %mail = (EmailAccountType => 'EmailTypeIMAP', EmailAddress => 'ann@example.com',
    IncomingMailServerAuthentication => 'EmailAuthPassword',
    IncomingMailServerHostName => 'imap.example.com',
    OutgoingMailServerAuthentication => 'EmailAuthPassword',
    OutgoingMailServerHostName => 'smtp.example.com');
my %app = (Identifier => 'com.example.work', ManagementFlags => 1,
    iTunesStoreID => 1234567, Configuration => { Server => 'https://work.example.com/' });
my %lost = (Message => 'Please call', PhoneNumber => '+1 555 0100');
my %single = (App => { Identifier => 'com.example.kiosk' });
my %restrict = map { $_ => $false } qw(allowAccountModification allowAppInstallation
    allowHostPairing allowCamera);

sub each_of {
    my ($title, $sub) = @_;

    return subtest $title => sub { $sub->(); done_testing() };
}


note 'what supervision is for';

each_of 'accounts' => sub {
    offered('SUPERVISED', 'com.apple.mail.managed', \%mail);
    offered('SUPERVISED', 'com.apple.applicationaccess',
        { allowAccountModification => $false });
    refused('PLAIN', 'com.apple.applicationaccess', { allowAccountModification => $false },
        $supervision);
    refused('SHARED', 'com.apple.mail.managed', \%mail, qr/channel/);
};

each_of 'global proxy' => sub {
    my %proxy = (ProxyType => 'Manual', ProxyServer => 'proxy.example.com',
        ProxyServerPort => 3128);

    offered('SUPERVISED', 'com.apple.proxy.http.global', \%proxy);
    refused('PLAIN', 'com.apple.proxy.http.global', \%proxy, $supervision);
    refused('OWN', 'com.apple.proxy.http.global', \%proxy, $personal);
};

each_of 'apps: install, configure, remove' => sub {
    offered('SUPERVISED', 'InstallApplication', \%app);
    offered('SUPERVISED', 'Settings', { Settings => [ { Item => 'ApplicationConfiguration',
        Identifier => 'com.example.work', Configuration => { Colour => 'red' } } ] });
    offered('SUPERVISED', 'RemoveApplication', { Identifier => 'com.example.work' });
    refused('MAC', 'InstallEnterpriseApplication', {}, qr/Manifest/);
    refused('SUPERVISED', 'InstallEnterpriseApplication', { ManifestURL =>
        'https://example.com/app.plist' }, qr/iOS/);
};

each_of 'a complex passcode' => sub {
    my %policy = (requireAlphanumeric => $true, minComplexChars => 2, minLength => 10);

    offered('SUPERVISED', 'com.apple.mobiledevice.passwordpolicy', \%policy);
    refused('SHARED', 'com.apple.mobiledevice.passwordpolicy', \%policy, qr/Shared iPad/);
};

each_of 'all restrictions' => sub {
    offered('SUPERVISED', 'com.apple.applicationaccess', \%restrict);
    refused('PLAIN', 'com.apple.applicationaccess', \%restrict, $supervision);
};

each_of 'an inventory of all apps' => sub {
    offered('SUPERVISED', 'InstalledApplicationList', {});
    refused('OWNMAC', 'InstalledApplicationList', {}, $personal);
};

each_of 'erase' => sub {
    offered('SUPERVISED', 'EraseDevice', { PreserveDataPlan => $true });
    refused('OWN', 'EraseDevice', {}, $personal);
};

each_of 'manage updates' => sub {
    my %updates = (Updates => [ { InstallAction => 'Default', ProductVersion => '17.5' } ]);

    offered('SUPERVISED', 'ScheduleOSUpdate', \%updates);
    offered('SUPERVISED', 'com.apple.applicationaccess',
        { forceDelayedSoftwareUpdates => $true, enforcedSoftwareUpdateDelay => 90 });
    refused('PLAIN', 'ScheduleOSUpdate', \%updates, $supervision);
    refused('OWN', 'ScheduleOSUpdate', \%updates, $personal);
};

each_of 'remove or hide system apps' => sub {
    my %hide = (blockedAppBundleIDs => [ 'com.apple.stocks' ], allowAppRemoval => $false);

    offered('SUPERVISED', 'com.apple.applicationaccess', \%hide);
    refused('PLAIN', 'com.apple.applicationaccess', \%hide, $supervision);
};

each_of 'wallpaper' => sub {
    my %wallpaper = (Settings => [ { Item => 'Wallpaper', Where => 1,
        Image => MIME::Base64::encode_base64("\x89PNG\r\n\x1a\n", '') } ]);

    offered('SUPERVISED', 'Settings', \%wallpaper);
    refused('PLAIN', 'Settings', \%wallpaper, $supervision);
};

each_of 'lock into a single app' => sub {
    offered('SUPERVISED', 'com.apple.app.lock', \%single);
    refused('PLAIN', 'com.apple.app.lock', \%single, $supervision);
};

each_of 'bypass Activation Lock' => sub {
    offered('SUPERVISED', 'ActivationLockBypassCode', {});
    refused('PLAIN', 'ActivationLockBypassCode', {}, $supervision);
};

each_of 'force Wi-Fi on' => sub {
    offered('SUPERVISED', 'com.apple.applicationaccess', { forceWiFiPowerOn => $true });
    refused('PLAIN', 'com.apple.applicationaccess', { forceWiFiPowerOn => $true },
        $supervision);
};

each_of 'Lost Mode' => sub {
    offered('SUPERVISED', 'EnableLostMode', \%lost);
    offered('SUPERVISED', 'PlayLostModeSound', {});
    offered('SUPERVISED', 'DeviceLocation', {});
    offered('SUPERVISED', 'DisableLostMode', {});
    refused('PLAIN', 'EnableLostMode', \%lost, $supervision);
};


note 'what a personal device can be made to do';

each_of 'configure accounts' => sub {
    offered('OWN', 'com.apple.mail.managed', \%mail);
    refused('SHARED', 'com.apple.mail.managed', \%mail, qr/channel/);
};

each_of 'VPN for some apps' => sub {
    my %vpn = (VPNType => 'VPN', VPNSubType => 'com.example.vpn', UserDefinedName => 'Work',
        VPNUUID => '8E1B1C3A-59AD-4D0F-A1C5-0B2C7F0E6D11',
        VPN => { AuthenticationMethod => 'Password' });

    offered('OWN', 'com.apple.vpn.managed.applayer', \%vpn);
    refused('OWN', 'com.apple.vpn.managed', { VPNType => 'VPN', VPN => $vpn{VPN},
        VPNSubType => 'com.example.vpn', UserDefinedName => 'Work' }, $personal);
};

each_of 'install and configure apps' => sub {
    offered('OWN', 'InstallApplication', \%app);
    offered('OWN', 'Settings', { Settings => [ { Item => 'ApplicationConfiguration',
        Identifier => 'com.example.work', Configuration => { Colour => 'red' } } ] });
    refused('OWN', 'InstallEnterpriseApplication', { ManifestURL =>
        'https://example.com/app.plist' }, qr/iOS/);
};

each_of 'require a passcode' => sub {
    offered('OWN', 'com.apple.mobiledevice.passwordpolicy', {});
    refused('OWNMAC', 'com.apple.mobiledevice.passwordpolicy', {}, $personal);
};

each_of 'enforce certain restrictions' => sub {
    offered('OWN', 'com.apple.applicationaccess',
        { allowOpenFromManagedToUnmanaged => $false, forceEncryptedBackup => $true });
    refused('OWN', 'com.apple.applicationaccess', { allowCamera => $false }, $personal);
};

each_of 'an inventory of work apps' => sub {
    offered('OWN', 'ManagedApplicationList', {});
    offered('OWN', 'InstalledApplicationList', { ManagedAppsOnly => $true });
    refused('OWNMAC', 'InstalledApplicationList', { ManagedAppsOnly => $true }, $personal);
};

each_of 'remove work data, and nothing else' => sub {
    offered('OWN', 'RemoveApplication', { Identifier => 'com.example.work' });
    offered('OWN', 'RemoveProfile', { Identifier => 'com.example.work' });
    refused('OWN', 'EraseDevice', {}, $personal);
};


note 'what a personal device cannot be made to do';

each_of 'show personal information' => sub {
    for my $query (qw(UDID SerialNumber IMEI WiFiMAC PhoneNumber)) {
        my $answer = ask('DeviceInformation', { Queries => [ $query ] }, 'OWN');

        like words([ map { @{ $_ // [] } } $answer->{json}{warnings},
            $answer->{json}{error}{faults} ]), qr/user enrol/, "$query is not told";
    }
    offered('SUPERVISED', 'DeviceInformation', { Queries => [ 'SerialNumber', 'UDID' ] });
};

each_of 'list personal apps' => sub {
    refused('OWNMAC', 'InstalledApplicationList', {}, $personal);
};

each_of 'remove personal data' => sub {
    refused('OWN', 'ClearPasscode', {}, $personal);
    refused('OWN', 'ClearRestrictionsPassword', {}, $personal);
};

each_of 'give its logs' => sub {
    my %log = (System => { 'Enable-Private-Data' => $true });

    offered('MAC', 'com.apple.system.logging', \%log);
    refused('OWNMAC', 'com.apple.system.logging', \%log, $personal);
};

each_of 'hand over personal apps' => sub {
    offered('SUPERVISED', 'InstallApplication', { %app, ChangeManagementState => 'Managed' });
    refused('OWN', 'InstallApplication', { %app, ChangeManagementState => 'Managed' },
        $personal);
};

each_of 'have a complex passcode' => sub {
    without_effect('OWN', 'com.apple.mobiledevice.passwordpolicy',
        { requireAlphanumeric => $true, minComplexChars => 2 }, qr/user enrol.*ignored/);
};

each_of 'be wiped' => sub {
    refused('OWN', 'EraseDevice', {}, $personal);
    refused('OWNMAC', 'EraseDevice', { PIN => '123456' }, $personal);
};

each_of 'be located' => sub {
    refused('OWN', 'DeviceLocation', {}, $personal);
    refused('OWN', 'EnableLostMode', \%lost, $personal);
};

done_testing;
