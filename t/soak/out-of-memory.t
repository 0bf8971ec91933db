# Workers whose allocations fail at random while a fleet polls, reports and is
# asked: none crashes, no device is told to leave, and when memory is there
# again every command has ended once.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP ();
use Test::More;
use Time::HiRes ();

use MDM::Test;
use MDM::Test::Process qw(counted words);

MDM::Test::import_servers();
needs('the simulator', -x build('mdm-sim'));

plan skip_all => 'sanitizers have an allocator of their own' if $ENV{MDM_TEST_ASAN};

my $time    = $ENV{SOAK_TIME} // 60;
my $seed    = $ENV{SOAK_SEED} // 4711;
my $devices = 50;                         # of each fleet
my @one_of  = (5000, 1000, 300);          # allocations, in turn

my $pg     = MDM::Test::Postgres->start(migrate => 1);
my $ca     = MDM::Test::PKI->ca('Device CA');
my $tls_ca = MDM::Test::PKI->ca('Server CA');
my $server = $tls_ca->server;
my $token  = $pg->tenant('acme', host => 'localhost', device_ca => $ca);
my $file   = spew(test_dir() . '/scarce', "\0" x 24);

chmod 0666, $file;

my $nginx = MDM::Test::Nginx->start(pg => $pg, level => 'error', scarce => $file,
    vars => { CERT => $server->{cert}, KEY => $server->{key} },
    conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 2;
events { worker_connections 512; }
http {
    %%HTTP%%
    access_log off;
    large_client_header_buffers 4 64k;
    mdm_database "%%PG%%" connections=4;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_webhook http://127.0.0.1:%%PORT2%%/;
    mdm_tenant $host;

    server {
        listen 127.0.0.1:%%PORT%%;
        listen 127.0.0.1:%%TLS_PORT%% ssl http2;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        location = /mdm    { mdm connect; client_max_body_size 4m; }
        location = /signed { mdm connect; mdm_identity signature; }
        location /v1/      { mdm api; }
        location = /metrics { mdm metrics; }
    }
    server {
        listen 127.0.0.1:%%PORT2%%;
        keepalive_timeout 0;
        location / { return 200; }
    }
}
CONF

my $api = MDM::Test::Client->new(port => $nginx->port, token => $token, close => 1);
my @asked;


# How many allocations make one fail; 0: none.

sub starve {
    my ($one_of) = @_;

    open my $out, '+<:raw', $file or die "$file: $!\n";
    syswrite $out, pack 'LL', $one_of, $seed++;
}


sub starved { return (unpack 'LLQQ', slurp($file))[2, 3] }


sub sim {
    my ($fleet, @options) = @_;

    return (build('mdm-sim'), '--host', 'localhost', '--ca', $tls_ca->{cert},
        '--url', $fleet eq 'signed' ? 'http://127.0.0.1:' . $nginx->port . '/signed'
                                    : 'https://127.0.0.1:' . $nginx->tls_port . '/mdm',
        '--identity-ca', $ca->{cert}, '--identity-key', $ca->{key},
        '--kind', "iphone=$devices", '--id-prefix', $fleet,
        '--state', test_dir() . "/$fleet.state",
        $fleet eq 'signed' ? ('--sign', '--no-client-cert') : (), @options);
}


# A call that is repeated until it is answered well.

sub insist {
    my ($method, $path, $body, %header) = @_;

    return wait_for(60, sub {
        my $answer = eval { $api->api($method, $path, $body, %header) };
        $answer && $answer->{status} == 200 && $answer;
    }) || die "$method $path: no answer\n";
}


sub load {
    my ($one_of) = @_;

    my @ids = map { $_->[0] } $pg->query('SELECT device_id FROM mdm.enrollment');
    my @pids = map {
        MDM::Test::spawn(test_dir() . "/$_.output", sim($_, '--duration', $time,
            '--poll', 1_000_000, '--interval', 20, '--backoff', 50,
            '--new-connection', '--log', test_dir() . "/$_.log"));
    } qw(tls signed);
    my $end = Time::HiRes::time() + $time - 1;

    starve($one_of);

    while (Time::HiRes::time() < $end) {
        my $uuid = MDM::Test::Device->uuid;

        insist(PUT => '/v1/enqueue/' . join(',', @ids),
            MDM::Test::Device->command('DeviceInformation', $uuid));
        push @asked, $uuid;

        for my $path (qw(enrollments commands events nowhere)) {
            eval { $api->api(GET => "/v1/$path") };
        }

        eval { $api->get('/metrics') };
        eval { $api->with->api(GET => '/v1/events/stream') };
        Time::HiRes::sleep(0.3);
    }

    waitpid $_, 0 for @pids;
    starve(0);
}


sub heard {
    my %count;

    for my $fleet (qw(tls signed)) {
        $count{ JSON::PP::decode_json($_)->{status} }++
            for split /\n/, slurp(test_dir() . "/$fleet.log");
        unlink test_dir() . "/$fleet.log";
    }

    return \%count;
}


for my $fleet (qw(tls signed)) {
    my ($exit, $text) = run_command(sim($fleet, '--enroll'));
    is $exit, 0, "the fleet \"$fleet\" enrols" or diag $text;
}

my @workers = $nginx->workers;

for my $one_of (@one_of) {
    load($one_of);

    my $heard = heard();

    is join(' ', $nginx->workers), join(' ', @workers),
        "one of $one_of allocations fails: no worker crashes"
        or @workers = $nginx->workers;
    cmp_ok $heard->{200} // 0, '>', 0, '... devices are served';
    is join(' ', grep { $heard->{$_} } 401, 404, 410), '', '... and not told to leave';
    note "heard: ", words($heard);

    # for so long a worker keeps a refusal that it might have made for want of memory
    Time::HiRes::sleep(11);

    for my $fleet (qw(tls signed)) {
        my ($exit, $text) = run_command(sim($fleet, '--until-empty'));
        is $exit, 0, "... the fleet \"$fleet\" works off what is left" or diag $text;
    }

    is $pg->psql("SELECT count(*), count(DISTINCT (enrollment_id, command_uuid))
                    FROM mdm.result WHERE state = 'ACKNOWLEDGED'"),
        join('|', (@asked * 2 * $devices) x 2), '... each command has ended once';
    is $pg->psql('SELECT count(*) FROM mdm.queue'), 0, '... none is left over';
    is $pg->psql('SELECT * FROM mdm_r2.check()'), '', '... and the tables agree';
}

my ($tried, $failed) = starved();

cmp_ok $failed, '>', 100, 'allocations have failed';
note "$failed of $tried allocations failed, seed $seed, ", scalar @asked, ' commands';

$nginx->expect(qr/\(12: Cannot allocate memory\)|SSL.*(?:malloc|internal) |stale global SSL/);
$nginx->stop;


done_testing;
