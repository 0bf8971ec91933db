# Memory, descriptors, connections and threads over a million requests of every
# kind: what a phase took is given back when it is over.
#
# A phase is ten rounds of the same load. After each round, when nothing is
# asked any more, each worker's memory is read; the first two rounds are for
# warming up, over the others it must not grow. The caches of certificates and
# tenants are filled to their bounds before.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use JSON::PP ();
use List::Util qw(max sum);
use Test::More;
use Time::HiRes ();

use MDM::Test;
use MDM::Test::Process qw(memory growth counted words);

MDM::Test::import_servers();
needs('the simulator', -x build('mdm-sim'));

my $time      = $ENV{SOAK_TIME} // 60;
my $rounds    = 10;
my $warm      = 2;
my $allowed   = 512;            # kilobytes in a phase
my $cache     = 4096;           # where caches turn over, and malloc with them
my $devices   = 200;
my $total     = int(1_000_000 * $time / 60);
my %backends  = (mdm_device => 8, mdm_api => 4);
my $requests  = 0;

my $pg     = MDM::Test::Postgres->start(migrate => 1,
    conf => { max_wal_size => '4GB', shared_buffers => '256MB' });
my $ca     = MDM::Test::PKI->ca('Device CA');
my $tls_ca = MDM::Test::PKI->ca('Server CA');
my $server = $tls_ca->server;
my $token  = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg, level => 'error',
    vars => { CERT => $server->{cert}, KEY => $server->{key} },
    conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 2;
events { worker_connections 1024; }
http {
    %%HTTP%%
    access_log off;
    keepalive_requests 1000000;
    large_client_header_buffers 4 64k;
    mdm_database "%%PG%%" connections=4;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_webhook http://127.0.0.1:%%PORT2%%/ format=event;
    mdm_tenant $host;
    client_max_body_size 4m;

    server {
        listen 127.0.0.1:%%PORT%%;
        listen 127.0.0.1:%%TLS_PORT%% ssl http2;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        location = /mdm     { mdm connect; client_body_buffer_size 4m; }
        location = /file    { mdm connect; client_body_buffer_size 16k; }
        location = /signed  { mdm connect; mdm_identity signature; }
        location /v1/       { mdm api; }
        location = /metrics { mdm metrics; }
        location = /status  { stub_status; }
    }
    server {
        listen 127.0.0.1:%%PORT2%%;
        keepalive_timeout 0;
        location / { return 200; }
    }
}
CONF

my $api = MDM::Test::Client->new(port => $nginx->port, token => $token);


# The simulator's devices; returns how many requests they made.

sub sim {
    my ($scheme, @options) = @_;

    my $port = $scheme eq 'http' ? $nginx->port : $nginx->tls_port;
    my ($exit, $text) = run_command(build('mdm-sim'), '--host', 'localhost',
        '--url', "$scheme://127.0.0.1:$port/"
            . ($scheme eq 'http' ? 'signed' : 'mdm'),
        '--ca', $tls_ca->{cert}, '--identity-ca', $ca->{cert},
        '--identity-key', $ca->{key}, '--summary', @options);

    return $text =~ /^requests (\d+)$/m ? $1 : die "mdm-sim: $exit\n$text";
}


sub fleet {
    my ($scheme, @options) = @_;

    return sim($scheme, '--kind', "iphone=$devices", '--state',
        test_dir() . "/$scheme.state", '--id-prefix', $scheme,
        $scheme eq 'http' ? ('--sign', '--no-client-cert') : (), @options);
}


sub load { my ($s, @o) = @_; fleet($s, '--bench', 'poll', '--duration', @o) }


sub ids {
    return map { $_->[0] } $pg->query("SELECT device_id FROM mdm.enrollment
        WHERE state = 'live' ORDER BY 1 LIMIT 300");
}


# Calls the sub, which returns how many requests it made, for so many seconds.

sub for_time {
    my ($seconds, $do) = @_;

    my $end = Time::HiRes::time() + $seconds;
    my $n = 0;

    do { $n += $do->() } while (Time::HiRes::time() < $end);

    return $n;
}


sub obey {
    my @ids = ids();

    for my $type (qw(ProfileList DeviceInformation SecurityInfo) x 3) {
        my $answer = $api->api(POST => '/v1/commands', {
            enrollments => \@ids,
            command     => MDM::Test::Device->command($type, undef),
        });
        die "enqueue: $answer->{status} $answer->{body}\n"
            if $answer->{status} != 200;
    }

    return 9 + fleet('https', '--until-empty') + fleet('http', '--until-empty');
}


# Every list and object that the API has, and what it does not have.

sub lists {
    my ($id) = ids();
    my @paths = ('enrollments?limit=100', "enrollments/$id",
        'enrollments?state=live&serial=S*', 'commands?limit=100', 'events?limit=100',
        "enrollments/$id/queue", "enrollments/$id/history",
        'audit?limit=50', 'webhooks', 'commands/nothing', 'nowhere', 'events?after=x');

    for my $path (@paths) {
        my $answer = $api->api(GET => "/v1/$path");
        die "$path: $answer->{status}\n" if $answer->{status} >= 500;
    }

    $api->with(token => 'wrong')->api(GET => '/v1/enrollments');
    $api->get('/metrics');

    return @paths + 2;
}


# Commands that are asked and taken back, and bodies that no command is in.

sub enqueues {
    my ($id) = ids();
    my $uuid = MDM::Test::Device->uuid;
    my $n = 0;
    my $call = sub { $n++; $api->api(@_) };

    $call->(PUT => "/v1/enqueue/$id",
        MDM::Test::Device->install_profile('com.example.soak', $uuid));
    $call->(GET => "/v1/commands/$uuid");
    $call->(POST => '/v1/commands/cancel', { command_uuids => [ $uuid ] });
    $call->(PUT => "/v1/enqueue/$id", 'no command');
    $call->(POST => '/v1/commands', { enrollments => [ $id, 'nobody' ],
        command => MDM::Test::Device->command('Nothing') });
    $call->(POST => '/v1/commands', '{"enrollments": [');
    $call->(POST => '/v1/commands', '[' x 5000, 'Content-Type' => 'application/json');

    return $n;
}


sub streams {
    my @streams = map { $api->with } 1 .. 20;

    for my $stream (@streams) {
        $stream->write($stream->request_text(GET => '/v1/events/stream', undef,
            Authorization => "Bearer $token"));
    }

    for my $stream (@streams) {
        $stream->{socket} and $stream->take(sub {
            $_[0] =~ /\A(.*?\r\n\r\n)/s ? $1 : undef
        });
        $stream->disconnect;
    }

    return scalar @streams;
}


# What nobody ought to send.

my $report = 'application/x-apple-aspen-mdm';
my $deep = '<plist version="1.0">' . '<array>' x 10_000;
my @hostile = (
    [ PUT => $report, '' ],
    [ PUT => $report, 'x' x 100_000 ],
    [ PUT => $report, $deep ],
    [ PUT => $report, '<!DOCTYPE a [<!ENTITY b "c">]><plist><dict/></plist>' ],
    [ PUT => $report, "bplist00\xa2\1\1\xa2\2\2\xa0" . "\0" x 32 ],
    [ PUT => $report, '<plist><dict><key>Status</key></dict></plist>' ],
    [ PUT => $report, '<plist><dict><key>Status</key><string>Idle</string>'
        . '<key>UDID</key><string>nobody</string></dict></plist>' ],
    [ PUT => "$report-checkin", '<plist><dict><key>MessageType</key>'
        . '<string>Other</string></dict></plist>' ],
    [ PUT => 'text/plain', 'x' ],
    [ POST => $report, 'x' ],
    [ GET => undef, undef ],
);
my @signature = (undef, 'x', 'MIAGCSqGSIb3DQEHAqCAMIACAQExADCABgkqhkiG9w0BBwE=',
    'MIIB' x 4000);

my $stranger = MDM::Test::Client->new(port => $nginx->tls_port, ca => $tls_ca,
    certificate => $ca->device('stranger'));
my $plain = MDM::Test::Client->new(port => $nginx->port);


sub hostile {
    my $n = 0;

    for my $case (@hostile) {
        my ($method, $type, $body) = @$case;

        for my $signature (@signature) {
            $plain->request($method, '/signed', $body, 'Content-Type' => $type,
                'Mdm-Signature' => $signature);
            $n++;
        }

        $stranger->request($method, $_, $body, 'Content-Type' => $type)
            for '/mdm', '/file';
        $n += 2;
    }

    # half a body, half a head, and away

    for my $text ("PUT /file HTTP/1.1\r\nHost: localhost\r\nContent-Type: $report\r\n"
            . "Content-Length: 90000\r\n\r\n" . 'x' x 40_000, "PUT /mdm HT")
    {
        $_->write($text), $_->disconnect for $plain->with, $stranger->with;
        $n += 2;
    }

    return $n;
}


# Three megabytes from a device, again and again; it is stored once.

my $large;

sub large_reports {
    my $n = 0;

    $large //= do {
        my $device = MDM::Test::Device->new(client => $stranger, udid => 'LARGE');
        my $uuid = $device->uuid;

        $device->enroll->{status} == 200 or die "no enrolment\n";
        $api->api(PUT => '/v1/enqueue/LARGE',
            $device->command('InstalledApplicationList', $uuid));
        $device->idle;

        { device => $device, body => MDM::Test::Plist::plist({
            Status => 'Acknowledged', UDID => 'LARGE', CommandUUID => $uuid,
            InstalledApplicationList => [ map { {
                Identifier => "com.example.app$_", Name => 'A' x 200,
            } } 1 .. 9000 ] }) };
    };

    for my $path ('/mdm', '/file') {
        my $answer = $large->{device}{client}->put($path, $report, $large->{body});
        die "large report: $answer->{status}\n" if $answer->{status} != 200;
        $n++;
    }

    return $n;
}


# More certificates than the workers' caches hold.

my $strangers = 0;

sub certificates {
    return sim('http', '--sign', '--no-client-cert', '--id-prefix',
        'stranger' . $strangers++, '--kind', 'iphone=5000', '--poll', 1,
        '--retries', 0, '--concurrency', 64);
}


# More tenants than the workers' caches hold: each has 256 KB of CAs, which
# weigh six times as much.

sub make_tenants {
    my $pem = $ca->pem;
    my @more = map { MDM::Test::PKI->ca("CA $_")->pem } 1 .. 20;

    $pg->psql("INSERT INTO mdm.tenant (name, device_ca)
        SELECT 'many-' || i, repeat('" . join('', $pem, @more) . "', 10)
          FROM generate_series(1, 120) i");
}


sub tenants {
    my $n = 0;

    for my $name (map { "many-$_" } 1 .. 120) {
        $plain->with->put('/signed', $report, 'x', Host => $name);
        $plain->with->put('/signed', $report, 'x', Host => "$name.nowhere");
        $n += 2;
    }

    return $n;
}


# What nginx counts, from a connection that is itself counted.

sub active {
    my $text = $api->with(close => 1)->get('/status')->{body};

    return $text =~ /^Active connections: (\d+)/m ? $1 : die $text;
}


sub backends {
    return { map { @$_ } $pg->query("SELECT usename, count(*) FROM pg_stat_activity
        WHERE usename LIKE 'mdm_%' GROUP BY 1") };
}


my $before;

sub nothing_left {
    my ($name) = @_;

    $api->disconnect;
    $_->disconnect for $plain, $stranger;

    my $is;
    wait_for(15, sub {
        $is = { active => active(), %{ counted($nginx) } };
        $before //= $is if $is->{active} == 1;      # the one that asks
        $before && words($is) eq words($before);
    });

    is_deeply $is, $before, "$name: descriptors, connections, threads, zones as before";

    my $now = backends();
    cmp_ok $now->{$_} // 0, '<=', $backends{$_}, "... and no more backends of $_"
        for sort keys %backends;
}


sub phase {
    my ($name, $limit, $do) = @_;

    my (%samples, $n);
    my @workers = $nginx->workers;

    for my $round (1 .. $rounds) {
        $n += $do->($time / $rounds);
        Time::HiRes::sleep(0.5);

        for my $pid (@workers) {
            my $memory = memory($pid);
            push @{ $samples{$pid}{$_} }, $memory->{$_} for qw(Rss Private_Dirty);
        }
    }

    $requests += $n;

    my %growth = map {
        my $what = $_;
        $what => max map { growth(@{ $samples{$_}{$what} }[ $warm .. $rounds - 1 ]) }
            @workers
    } qw(Rss Private_Dirty);

    is join(' ', $nginx->workers), join(' ', @workers), "$name: the workers live";
    cmp_ok $growth{$_}, '<=', $limit, "... and their $_ does not grow" for sort keys %growth;
    note sprintf '%s: %d requests; KB: %s; Rss %s', $name, $n, words(\%growth),
        join ' / ', map { join ' ', @{ $samples{$_}{Rss} } } @workers;

    nothing_left($name);
}


# Warming up: all connections to the database, every route, full caches.

fleet($_, '--enroll') for qw(https http);
make_tenants();
obey();
$_->() for \&lists, \&enqueues, \&streams, \&hostile, \&large_reports, \&tenants;
certificates() for 1 .. 6;
ok wait_for(30, sub { words(backends()) =~ /mdm_api 4, mdm_device 8/ }),
    'all connections to the database are there';
nothing_left('at first');

note 'caches: ', join ' ', $api->get('/metrics')->{body}
    =~ /^(mdm_(?:certificates|tenants)_cached\S* \d+)$/mg;

phase('certificates', $cache, sub { for_time($_[0], \&certificates) });
phase('tenants', $cache, sub { for_time($_[0], \&tenants) });
phase('polls', $allowed, sub { load('https', $_[0]) });
phase('handshakes', $allowed, sub { load('https', $_[0], '--new-connection') });
phase('signatures', $allowed, sub { load('http', $_[0]) });
phase('commands', $allowed, sub { for_time($_[0], \&obey) });
phase('enrolments', $allowed, sub { for_time($_[0], sub {
    fleet('https', '--enroll-again') + fleet('http', '--enroll-again')
}) });
phase('lists', $allowed, sub { for_time($_[0], \&lists) });
phase('enqueues', $allowed, sub { for_time($_[0], \&enqueues) });
phase('streams', $allowed, sub { for_time($_[0], \&streams) });
phase('hostile bodies', $allowed, sub { for_time($_[0], \&hostile) });
phase('large reports', $allowed, sub { for_time($_[0], \&large_reports) });
phase('more polls', $allowed, sub {
    my $round = ($total - $requests) / $rounds;
    my $n = 0;
    $n += load('https', 2) while $n < $round;
    $n
}) if $requests < $total;

note "$requests requests";

done_testing;
