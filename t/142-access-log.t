# What the access log tells: each variable of the module, for each kind of
# request.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Plist qw(plist);

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $ca = MDM::Test::PKI->ca('Device CA');

my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    large_client_header_buffers 4 32k;
    log_format mdm '$request_uri $status tenant=$mdm_tenant '
                   'enrollment=$mdm_enrollment message=$mdm_message '
                   'says=$mdm_status command=$mdm_command_uuid '
                   'type=$mdm_request_type db=$mdm_db_time';
    access_log %%DIR%%/mdm.log mdm;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; }
        location = /plain { return 200; }
        location /v1/ { mdm api; }
    }
}
CONF

my $type = 'application/x-apple-aspen-mdm';
my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = MDM::Test::Client->new(port => $nginx->port, token => $token);
my $device = MDM::Test::Device->new(client => $client, sign => 1,
    certificate => $ca->device('iphone'));
my $idle = plist({ Status => 'Idle', %{ $device->{id} } });

my $user = $device->shared_user('pupil@example.com', 'Pupil');
my $id = $device->enrollment;
my $uuid = $device->uuid;

$device->authenticate;
$device->token_update;
$user->token_update;
$api->api(PUT => "/v1/enqueue/$id",
    $device->command('InstalledApplicationList', $uuid));
$device->idle;
$device->report($uuid, 'NotNow');
$device->report_error($uuid);
$device->report($device->uuid, 'Acknowledged');
$user->checkin('DeclarativeManagement', Endpoint => 'status');
$device->send($type, 'rubbish');
$device->send($type, $idle, Host => 'nobody');
$client->get('/plain');

my $unknown = qr/command=[0-9A-F-]{36} type=- /;
my $log = $nginx->dir . '/mdm.log';

# nginx writes the line after the answer
wait_for(5, sub { slurp($log) =~ m{^/plain }m });

my @lines = grep { !m{^/v1/} } split /\n/, slurp($log);
my @expected = (
    qr{^/mdm 200 tenant=acme enrollment=$id message=Authenticate says=- command=- type=- },
    qr{^/mdm 200 tenant=acme enrollment=$id message=TokenUpdate says=- command=- type=- },
    qr{^/mdm 200 tenant=acme enrollment=$id:pupil\S+ message=TokenUpdate says=- command=- type=- },
    qr{^/mdm 200 tenant=acme enrollment=$id message=Report says=Idle command=$uuid type=InstalledApplicationList },
    qr{^/mdm 200 tenant=acme enrollment=$id message=Report says=NotNow command=$uuid type=InstalledApplicationList },
    qr{^/mdm 200 tenant=acme enrollment=$id message=Report says=Error command=$uuid type=InstalledApplicationList },
    qr{^/mdm 200 tenant=acme enrollment=$id message=Report says=Acknowledged $unknown},
    qr{^/mdm 200 tenant=acme enrollment=$id:pupil\S+ message=DeclarativeManagement says=- command=- type=- },
    qr{^/mdm 400 tenant=acme enrollment=- message=- says=- command=- type=- },
    qr{^/mdm 503 tenant=- enrollment=- message=- says=- command=- type=- },
    qr{^/plain 200 tenant=- enrollment=- message=- says=- command=- type=- db=-$},
);
is scalar @lines, scalar @expected, 'each request is a line';
is scalar(grep { m{^/mdm} && !/ db=\d+\.\d{3}$/ } @lines), 0,
    'the time of PostgreSQL is in seconds with milliseconds';
like shift(@lines) // '', $_, 'the log tells what it was' for @expected;
done_testing;
