# Memory, descriptors, connections and threads: what thousands of requests and
# ten reloads took is given back. t/soak/memory.t and t/soak/reloads.t look
# longer and at more.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use List::Util qw(max);
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes ();

use MDM::Test;
use MDM::Test::Process qw(memory growth counted words);

MDM::Test::import_servers();
needs('the simulator', -x build('mdm-sim'));

# with sanitizers memory is not ours to count

my $asan    = $ENV{MDM_TEST_ASAN};
my $devices = 50;
my $polls   = $asan ? 5 : 80;       # of each device in a round
my $rounds  = $asan ? 2 : 7;
my $warm    = 3;
my $allowed = 1024;                 # kilobytes

my $pg     = MDM::Test::Postgres->start(migrate => 1);
my $ca     = MDM::Test::PKI->ca('Device CA');
my $tls_ca = MDM::Test::PKI->ca('Server CA');
my $server = $tls_ca->server;
my $token  = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg, level => 'warn',
    vars => { CERT => $server->{cert}, KEY => $server->{key} },
    conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 2;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" connections=2;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;

    server {
        listen 127.0.0.1:%%PORT%%;
        listen 127.0.0.1:%%TLS_PORT%% ssl;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        location = /mdm    { mdm connect; client_body_buffer_size 16k; }
        location = /signed { mdm connect; mdm_identity signature; }
        location /v1/      { mdm api; }
        location = /status { stub_status; }
    }
}
CONF

my $api = MDM::Test::Client->new(port => $nginx->port, token => $token);


# Every second device proves itself by TLS, the others sign.

sub sim {
    my @options = @_;

    for my $fleet (0, 1) {
        my ($exit, $text) = run_command(build('mdm-sim'), '--host', 'localhost',
            '--url', $fleet ? 'http://127.0.0.1:' . $nginx->port . '/signed'
                            : 'https://127.0.0.1:' . $nginx->tls_port . '/mdm',
            '--ca', $tls_ca->{cert}, '--identity-ca', $ca->{cert},
            '--identity-key', $ca->{key}, '--kind', 'iphone=' . $devices / 2,
            '--state', test_dir() . "/fleet-$fleet", '--id-prefix', "fleet$fleet",
            $fleet ? ('--sign', '--no-client-cert') : (), @options);
        die "mdm-sim: $exit\n$text" if $exit != 0;
    }
}


# What else there is: commands, lists, a stream, bodies that are nothing, a body
# in a file, half a body.

sub others {
    my @ids = map { $_->[0] } $pg->query('SELECT device_id FROM mdm.enrollment');
    my $type = 'application/x-apple-aspen-mdm';
    my $plain = MDM::Test::Client->new(port => $nginx->port);

    $api->api(POST => '/v1/commands', { enrollments => \@ids,
        command => MDM::Test::Device->command('ProfileList') });
    $api->api(GET => "/v1/$_") for qw(enrollments commands events nowhere);
    $api->with->api(GET => '/v1/events/stream');
    $api->api(POST => '/v1/commands', '{"enrollments": [');

    $plain->put('/signed', $type, $_, 'Mdm-Signature' => 'MIAGCSqGSIb3DQEHAg==')
        for '', 'x' x 40_000, '<plist version="1.0">' . '<array>' x 5000;
    $plain->write("PUT /mdm HTTP/1.1\r\nHost: localhost\r\nContent-Type: $type\r\n"
        . "Content-Length: 90000\r\n\r\n" . 'x' x 40_000);
    $_->disconnect for $plain, $api;
    vanish($type, 'x');
    vanish('text/plain', '');

    sim('--until-empty');
}


# Clients that reset their connection before the answer, which is made at once:
# by devices and by the API.

sub vanish {
    my ($type, $body) = @_;

    for my $path ('/mdm', '/signed', '/v1/enrollments', '/v1/nowhere') {
        my $client = MDM::Test::Client->new(port => $nginx->port);
        setsockopt $client->connect, SOL_SOCKET, SO_LINGER, pack 'ii', 1, 0;
        $client->write($client->request_text(PUT => $path, $body,
            'Content-Type' => $type));
        $client->disconnect;
    }
}


sub active {
    my $text = $api->with(close => 1)->get('/status')->{body};

    return $text =~ /^Active connections: (\d+)/m ? $1 : die $text;
}


sub all_counted { return { active => active(), %{ counted($nginx) } } }


# Waits until it is as before; what it is in the end.

sub settled {
    my ($before) = @_;

    my $is;
    wait_for(20, sub { $is = all_counted(); words($is) eq words($before) });

    return $is;
}


sub backends {
    return words({ map { @$_ } $pg->query("SELECT usename, count(*)
        FROM pg_stat_activity WHERE usename LIKE 'mdm_%' GROUP BY 1") });
}


# 2 for devices and 2 for the API in each worker, and one of the node for jobs

my $connected = 'mdm_api 4, mdm_device 4, mdm_job 1';

sim('--enroll');
others();
ok wait_for(20, sub { backends() eq $connected }), 'all connections to the database'
    or diag backends();

my $before = all_counted();
is $before->{active}, 1, 'nobody is connected but who asks';

my @workers = $nginx->workers;
my %rss;

for my $round (1 .. $rounds) {
    others();
    sim('--bench', 'poll', '--poll', $polls);
    push @{ $rss{$_} }, memory($_)->{Private_Dirty} for @workers;
}

my $grown = max map { growth(@$_[ $warm .. $#$_ ]) } values %rss;

is join(' ', $nginx->workers), join(' ', @workers), 'the workers live';
is_deeply settled($before), $before,
    'descriptors, connections, threads, zones and files are as before';
is backends(), $connected, '... and connections to the database';
cmp_ok $grown, '<=', $allowed, '... and memory does not grow'
    or diag map { "@$_\n" } values %rss if !$asan;


# Reloads.

my @master;

for (1 .. 10) {
    $nginx->reload;
    sim('--poll', 1);
    push @master, memory($nginx->pid)->{Private_Dirty};
}

is_deeply settled($before), $before, 'ten reloads later all is as before';
ok wait_for(10, sub { backends() eq $connected }),
    '... also connections to the database' or diag backends();
cmp_ok growth(@master[ 2 .. $#master ]), '<=', $allowed,
    '... and the master does not grow' or diag "@master" if !$asan;

$nginx->stop;
unlike $nginx->error_log, qr/open socket|lost connection/, 'no connection is left over';
is backends(), '', 'when nginx is gone, so are its connections to the database';

done_testing;
