# Certificates that may speak for a device and such that may not: expired, of a
# stranger, of another device, of another tenant under the same CA.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg     = MDM::Test::Postgres->start(migrate => 1);
my $ca     = MDM::Test::PKI->ca('Device CA');
my $other  = MDM::Test::PKI->ca('Other CA');
my $tls_ca = MDM::Test::PKI->ca('Server CA');
my $server = $tls_ca->server;

# Two tenants share a CA.
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);
$pg->tenant('umbrella', host => 'umbrella.example.com', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg,
    vars => { CERT => $server->{cert}, KEY => $server->{key}, CA => $other->{cert} },
    conf => <<'CONF');
load_module %%MODULE%%;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    large_client_header_buffers 4 32k;

    server {
        listen 127.0.0.1:%%PORT%%;
        location /v1/ { mdm api; }
    }
    server {
        listen 127.0.0.1:%%TLS_PORT%% ssl;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        location = /mdm { mdm connect; }
        location = /verify { return 200 $ssl_client_verify; }
    }
    server {
        listen 127.0.0.1:%%PORT2%% ssl;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client on;
        ssl_client_certificate %%CA%%;
        location = /mdm { mdm connect; }
    }
}
CONF

my $api = MDM::Test::Client->new(port => $nginx->port, token => $token);


sub client {
    my ($certificate, %option) = @_;

    return MDM::Test::Client->new(port => $nginx->tls_port, ca => $tls_ca,
        certificate => $certificate, %option);
}


sub device {
    my ($certificate, %option) = @_;

    return MDM::Test::Device->new(certificate => $certificate,
        client => client($certificate), %option);
}


# On the server whose nginx.conf is stricter than it should be.

sub strict {
    my ($certificate) = @_;

    return client($certificate, port => $nginx->port2);
}


# The same device, speaking with another certificate, or with none.

sub as {
    my ($device, $certificate) = @_;

    return $device->with(certificate => $certificate,
        client => client($certificate));
}


# How often an event was recorded; it is written beside the answer.

sub events {
    my ($type, $at_least) = @_;

    my $count = sub {
        $pg->psql("SELECT count(*) FROM mdm.event WHERE type = '$type'")
    };

    wait_for(5, sub { $count->() >= $at_least }) if $at_least;

    return $count->();
}


my $iphone = device($ca->device('iphone'));
my $rsa = device($ca->device('rsa', key => 'rsa'), sign => 1);
is $_->enroll->{status}, 200, $_->{certificate}{name} . ' enrols' for $iphone, $rsa;

like $iphone->{client}->get('/verify')->{body}, qr/^FAILED:/,
    '$ssl_client_verify does not vouch for a certificate nobody verified';

my $old = $ca->device('old', days => -1);
for my $case (
    [ $old, 'an expired certificate' ],
    [ $ca->device('early', starts => 2), 'one that is not valid yet' ],
    [ $ca->device('web', eku => 'serverAuth'), 'one without clientAuth' ],
    [ $ca->device('ca', ca => 1), 'a CA certificate' ],
    [ $other->device('stranger'), 'one of an untrusted CA' ],
) {
    my ($certificate, $name) = @$case;
    my $device = device($certificate);

    is $device->authenticate->{status}, 403, "$name cannot enrol";
    is $device->with(sign => 1, client => client(undef))->authenticate->{status}, 403,
        '... nor by signing';
    is $device->with(client => strict($certificate))->authenticate->{status}, 403,
        '... nor where nginx demands certificates of a CA';
    is as($iphone, $certificate)->idle->{status}, 403, '... nor speak for a device';
}
is $pg->psql('SELECT count(*) FROM mdm.enrollment'), 2, '... and none left a trace';
is device($ca->device('plain', eku => ''))->enroll->{status}, 200,
    'a certificate without any extended key usage may enrol';

# Of another device.

is as($iphone, $rsa->{certificate})->idle->{status}, 403,
    'the certificate of another device is refused';
is events('identity_clone', 1), 1, '... and leaves an event';
is as($iphone, $rsa->{certificate})->authenticate->{status}, 403, '... it cannot enrol either';
is as($iphone, $rsa->{certificate})->token_update->{status}, 403, '... nor bring a token';
is as($iphone, $rsa->{certificate})->check_out->{status}, 403, '... nor check out';
is events('identity_clone'), 1, '... and one event an hour is enough';
is as($iphone, $ca->device('new'))->idle->{status}, 403, 'a fresh certificate is refused';
is events('identity_refused', 1), 1, '... with an event of its own';
is $_->idle->{status}, 200, '... but the device goes on' for $iphone, $rsa;

# Of another tenant under the same CA.

my $tenant = "SELECT count(*), max(xmin::text) FROM mdm.enrollment";
my $before = $pg->psql($tenant);
my $there = $iphone->with(client => client($iphone->{certificate},
    host => 'umbrella.example.com'));
is $there->idle->{status}, 403, 'a device is unknown in another tenant';
is $there->authenticate->{status}, 403, '... and cannot enrol with a bound certificate';
is events('identity_refused', 2), 2, '... which leaves an event there';
is $there->token_update->{status}, 403, '... nor bring a token';
is $there->check_out->{status}, 403, '... nor check out';
is $pg->psql($tenant), $before, '... and nothing changed in either tenant';
my $twin = $there->with(certificate => $ca->device('twin'));
$twin->{client} = client($twin->{certificate}, host => 'umbrella.example.com');
is $twin->enroll->{status}, 200, 'the same UDID may enrol there with a certificate of its own';
is $twin->check_out->{status}, 200, '... and leave';
is $iphone->idle->{status}, 200, '... and the first tenant\'s device stays';

# Expired, but bound.

my $bound = device($old);
$pg->psql(<<"SQL");
INSERT INTO mdm.enrollment (tenant_id, device_id, channel, state, generation, certificate)
SELECT tenant_id, '${\ $bound->device_id}', 'device', 'live', 1, '\\x${\ $old->sha256}'
  FROM mdm.tenant WHERE name = 'acme';
INSERT INTO mdm.identity (tenant_id, fingerprint, enrollment_id, state, bound_at)
SELECT tenant_id, certificate, enrollment_id, 'bound', now() - interval '1 year'
  FROM mdm.enrollment WHERE device_id = '${\ $bound->device_id}';
SQL
is $bound->idle->{status}, 200, 'an expired certificate that is bound is heard';
is $bound->with(client => strict($old))->idle->{status}, 200,
    '... also where nginx demands certificates of another CA';
is $bound->with(sign => 1, client => client(undef))->idle->{status}, 200,
    '... also when it signs';
my $renewal = MDM::Test::Plist::plist({ PayloadType => 'Configuration',
    PayloadIdentifier => 'org.example.mdm', PayloadUUID => $bound->uuid,
    PayloadVersion => MDM::Test::Plist::integer(1), PayloadContent => [
        { PayloadType => 'com.apple.mdm', PayloadIdentifier => 'org.example.mdm.mdm',
          PayloadUUID => $bound->uuid, Topic => $bound->{topic},
          PayloadVersion => MDM::Test::Plist::integer(1),
          ServerURL => 'https://localhost/mdm' } ] });
my %uuid = map { $_ => $bound->uuid } qw(other renewal);
for ([ $uuid{other}, 'DeviceInformation', Queries => ['OSVersion'] ],
    [ $uuid{renewal}, 'InstallProfile', Payload => \$renewal ])
{
    my ($uuid, $request, %keys) = @$_;
    is $api->api(PUT => '/v1/enqueue/' . $bound->enrollment,
        $bound->command($request, $uuid, %keys))->{status}, 200, "$request is queued";
}
is $bound->idle->{command_uuid}, $uuid{renewal}, '... and it gets its renewal';
my $next = $bound->report($uuid{renewal}, 'Acknowledged');
is "$next->{status} $next->{body}", '200 ', '... and nothing but its renewal';
is $bound->idle->{body}, '', '... also when it asks again';
is $bound->authenticate->{status}, 403, '... it cannot enrol again';

done_testing;
