# Devices that do not wait for their answer: what they sent is carried out all
# the same, and the worker lives on, over HTTP/1.1, TLS and HTTP/2, and when it
# must exit meanwhile.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Plist qw(plist);

with_sanitizers();

my $pg     = MDM::Test::Postgres->start(migrate => 1);
my $ca     = MDM::Test::PKI->ca('Device CA');
my $tls_ca = MDM::Test::PKI->ca('Server CA');
my $server = $tls_ca->server;

$pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg,
    vars => { CERT => $server->{cert}, KEY => $server->{key} },
    conf => <<'CONF');
load_module %%MODULE%%;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" timeout=30s;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;

    server {
        listen 127.0.0.1:%%PORT%%;
        listen 127.0.0.1:%%TLS_PORT%% ssl http2;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        large_client_header_buffers 4 32k;
        location = /mdm { mdm connect; }
    }
}
CONF

my $type = 'application/x-apple-aspen-mdm-checkin';


sub client {
    my ($tls, $certificate) = @_;

    return MDM::Test::Client->new(port => $tls ? $nginx->tls_port : $nginx->port,
        $tls ? (ca => $tls_ca, certificate => $certificate) : ());
}


sub device {
    my ($name) = @_;

    my $certificate = $ca->device($name);
    my $device = MDM::Test::Device->new(certificate => $certificate, sign => 1,
        client => client($name eq 'tls', $certificate));

    $device->{message} = plist({ MessageType => 'Authenticate', %{ $device->{id} },
        Topic => $device->{topic} });

    return $device;
}


# Sends an Authenticate and leaves.

sub leave {
    my ($device) = @_;

    my $client = $device->{client};
    my $body = $device->{message};

    $client->write($client->request_text('PUT', '/mdm', $body, 'Content-Type' => $type,
        'Mdm-Signature' => $device->{certificate}->sign($body)));
    Time::HiRes::sleep(0.2);
    $client->disconnect;
}


sub leave_http2 {
    my ($device) = @_;

    my $file = spew(test_dir() . '/body-' . $device->device_id, $device->{message});

    my ($exit, $text) = run_command('curl', '-sS', '--http2', '--cacert', $tls_ca->{cert},
        '--cert', $device->{certificate}{cert}, '--key', $device->{certificate}{key},
        '-T', $file, '-H', "Content-Type: $type", '--max-time', 1,
        'https://localhost:' . $nginx->tls_port . '/mdm');
    is $exit, 28, 'a client that speaks HTTP/2 leaves after a second' or diag $text;
}


sub known {
    return $pg->psql("SELECT count(*) FROM mdm.enrollment
        WHERE device_id IN (" . join(', ', map { "'" . $_->device_id . "'" } @_) . ')');
}


is device('first')->authenticate->{status}, 200, 'the server is ready';

my ($worker) = $nginx->workers;
my @devices = map { device($_) } qw(plain tls http2);

$pg->freeze;
leave($_) for @devices[0, 1];
leave_http2($devices[2]);
$pg->thaw;
ok wait_for(10, sub { known(@devices) == 3 }), 'what each of them sent was carried out';

my $next = device('next');
is $next->enroll->{status}, 200, 'the next device is served';
is_deeply [ $nginx->workers ], [ $worker ], '... by the same worker';

# A reload while requests wait.

my $waiting = device('waiting');
my $gone = device('gone');
my $client = $waiting->{client};
my $body = $waiting->{message};

$pg->freeze;
leave($gone);
$client->write($client->request_text('PUT', '/mdm', $body, 'Content-Type' => $type,
    'Mdm-Signature' => $waiting->{certificate}->sign($body)));
Time::HiRes::sleep(0.2);
$nginx->reload;
ok kill(0, $worker), 'a worker that must exit waits for its requests';
$pg->thaw;
is $client->read_answer->{status}, 200, '... and answers them';
ok wait_for(10, sub { known($waiting, $gone) == 2 }), '... and carries out the rest';
ok wait_for(10, sub { !kill 0, $worker }), '... and is gone then';
ok wait_for(10, sub { $next->idle->{status} == 200 }), 'the new one serves';

done_testing;
