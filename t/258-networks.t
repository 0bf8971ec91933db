# Which networks whom can be told: a proxy for all, VPN for all or for apps, filters
# and DNS, by whose a device is and whether it is supervised; and what stays secret.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::API qw(told);

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
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);

# A supervised iPhone, one that is not, one of its user, and a Mac.

my %device = map {
    my ($name, $model, $os) = @$_;
    $name => MDM::Test::Device->new(client => $client, sign => 1,
        certificate => $ca->device($name),
        ($name eq 'BYOD' ? 'enrollment_id' : 'udid') => $name,
        facts => { OSVersion => $os, ProductName => $model });
} [ 'OURS', 'iPhone17,2', '18.1' ], [ 'LOOSE', 'iPhone17,2', '18.1' ],
    [ 'BYOD', 'iPhone17,2', '18.1' ], [ 'MAC', 'MacBookPro18,1', '15.1' ];

$_->enroll->{status} == 200 or die 'a device does not enrol' for values %device;
$pg->psql("UPDATE mdm.enrollment SET supervised = device_id IN ('OURS', 'MAC');
    INSERT INTO mdm.attribute (tenant_id, enrollment_id, name, value_boolean)
    SELECT tenant_id, enrollment_id, n, n <> 'IsMultiUser'
      FROM mdm.enrollment,
           unnest('{IsMultiUser,EnrolledViaDEP,UserApprovedEnrollment}'::text[]) n");

sub profile {
    my (@payloads) = @_;

    return { PayloadIdentifier => 'com.example.network', PayloadContent => [ @payloads ] };
}

# Who gets a profile with these payloads, and why the others do not.

sub ask {
    my ($to, @payloads) = @_;

    return $api->api(POST => '/v1/commands', { request_type => 'InstallProfile',
        to => { enrollments => $to }, command => { Payload => profile(@payloads) } });
}

sub refused {
    my ($answer) = @_;

    return join "\n", sort map { my $row = $_; map { "$_: $row->{rule}" }
        @{ $row->{enrollments} } } @{ $answer->{json}{refused} };
}

# What a device gets next.

sub payload {
    my ($device) = @_;

    my $command = $device->idle;
    my ($data) = $command->{body} =~ m{<key>Payload</key>\s*<data>([^<]*)</data>};

    $device->report($command->{command_uuid}, 'Acknowledged');

    return MIME::Base64::decode_base64($data // '');
}


# One proxy for all that a device sends.

my $answer = ask([qw(OURS LOOSE BYOD)], { PayloadType => 'com.apple.proxy.http.global',
    ProxyServer => 'proxy.example.com', ProxyServerPort => 8080 });
is "$answer->{status} $answer->{json}{queued}", '207 1', 'a global proxy is for one of three';
like refused($answer), qr/^LOOSE: .*http\.global needs a supervised device$/m,
    '... not for the one that nobody supervises';
like refused($answer), qr/^BYOD: .*\(user enrolment: forbidden\)$/m, '... nor for a user\'s own';
like payload($device{OURS}), qr{<key>ProxyServerPort</key>\s*<integer>8080</integer>},
    '... and the supervised one gets it';

# VPN.

my %ikev2 = (VPNType => 'IKEv2', UserDefinedName => 'Work', IKEv2 => {
    RemoteAddress => 'vpn.example.com', LocalIdentifier => 'a', RemoteIdentifier => 'b',
    AuthenticationMethod => 'SharedSecret', SharedSecret => 'tunnel secret' });

$answer = ask([qw(LOOSE BYOD)], { PayloadType => 'com.apple.vpn.managed', %ikev2 });
like refused($answer), qr/\ABYOD: com\.apple\.vpn\.managed is not available[^\n]*\z/,
    'a VPN for all is not for a user\'s own device';
$answer = ask([qw(LOOSE BYOD MAC)], { PayloadType => 'com.apple.vpn.managed.applayer',
    VPNUUID => 'work', %ikev2 });
is "$answer->{status} $answer->{json}{queued}", '200 3', 'a VPN for apps is for everybody';
like payload($device{BYOD}), qr{<key>VPNUUID</key>\s*<string>work</string>},
    '... as the user\'s own gets it';
like ask([ 'BYOD' ], { PayloadType => 'com.apple.vpn.managed.applayer', %ikev2 })
    ->{json}{error}{faults}[0]{path}, qr/VPNUUID\z/, '... under a name for apps to use';

# Filters and DNS.

$answer = ask([qw(OURS LOOSE BYOD)], { PayloadType => 'com.apple.webcontent-filter',
    DenyListURLs => [ 'https://games.example.com/' ] });
is "$answer->{status} $answer->{json}{queued}", '207 1', 'a list of bad pages is for one of three';
like refused($answer), qr/^LOOSE: .*DenyListURLs.* needs a supervised device$/m, '... as is said';
is ask([qw(OURS LOOSE BYOD)], { PayloadType => 'com.apple.webcontent-filter',
    FilterType => 'Plugin', UserDefinedName => 'Filter', PluginBundleID => 'com.example.filter',
    FilterBrowsers => \1, ContentFilterUUID => 'work' })->{json}{queued}, 3,
    'an app that filters work is for all';
my %dns = (PayloadType => 'com.apple.dnsSettings.managed', DNSSettings => {
    DNSProtocol => 'TLS', ServerName => 'dns.example.com' });
is ask([ 'LOOSE' ], { %dns })->{status}, 200, 'encrypted DNS is for an unsupervised iPhone';
is told(ask([ 'LOOSE' ], { %dns, ProhibitDisablement => \1 })), '422 not_available',
    '... but its user may turn it off';

# Six payloads of one type, told by their keys.

my @six = map { { PayloadType => 'com.apple.MCX', %$_ } } { DisableGuestAccount => \1 },
    { SleepDisabled => \1 }, { dontAllowFDEDisable => \1 },
    { 'com.apple.cachedaccounts.CreateAtLogin' => \1 }, { timeServer => 'time.example.com' },
    { RequireAdminForIBSS => \1 };

$answer = ask([qw(MAC LOOSE)], @six);
is "$answer->{status} $answer->{json}{queued}", '207 1', 'six payloads of com.apple.MCX are for a Mac';
is_deeply $answer->{json}{warnings}, [], '... and each is known by its keys';
is scalar(() = refused($answer) =~ /^LOOSE: com\.apple\.MCX \(\w+\)/mg), 6,
    '... so that each is refused to an iPhone by its name'
    or diag refused($answer);
$answer = ask([ 'MAC' ], { PayloadType => 'com.apple.MCX', PayloadDisplayName => 'Nothing' });
like $answer->{json}{warnings}[0]{rule}, qr/several variants/, '... and one without them is told';

# What nobody sees who may not.

my @secrets = ('wire secret', 'tunnel secret', 'relay secret', 'filter secret',
    'vendor secret');
$answer = $api->api(POST => '/v1/profiles', profile(
    { PayloadType => 'com.apple.globalethernet.managed', EAPClientConfiguration => {
        AcceptEAPTypes => [ 25 ], UserPassword => $secrets[0] } },
    { PayloadType => 'com.apple.vpn.managed.applayer', VPNUUID => 'work', %ikev2 },
    { PayloadType => 'com.apple.relay.managed', Relays => [ {
        HTTP2RelayURL => 'https://relay.example.com/',
        AdditionalHTTPHeaderFields => { Authorization => $secrets[2] } } ] },
    { PayloadType => 'com.apple.webcontent-filter', FilterType => 'Plugin',
        UserDefinedName => 'Filter', PluginBundleID => 'com.example.filter',
        FilterBrowsers => \1, Password => $secrets[3],
        VendorConfig => { Login => { Token => $secrets[4] } } }));
is $answer->{status}, 201, 'a profile with secrets is kept' or diag $answer->{body};

my ($exit, $text) = mdmctl('--database', $pg->conninfo, 'token', 'add', 'acme', 'reader',
    '--scope', 'read');
my $reader = $client->with(token => $text =~ /([\w-]{43})/);
my $path = "/v1/profiles/$answer->{json}{id}";
my ($all, $some) = map { $_->api(GET => $path)->{body} } $api, $reader;
is scalar(grep { index($all, $_) >= 0 } @secrets), 5, '... and shown to who may see secrets';
is join(' ', grep { index($some, $_) >= 0 } @secrets), '', '... to nobody else';
like $some, qr/relay\.example\.com/, '... who sees the rest';

done_testing;
