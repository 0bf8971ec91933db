# Requests of every route with random wrong bytes, by HTTP/1 and HTTP/2, for
# SOAK_TIME seconds (60) each, from the seed SOAK_SEED (1): the worker lives, keeps
# its memory and leaves nothing behind, and good devices and calls are served all
# the while.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::H2 ();
use MDM::Test::Routes qw(routes);
use MDM::Test::Wire;

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg, level => 'error', conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 1;
thread_pool mdm threads=2;
events { worker_connections 512; }
http {
    %%HTTP%%
    access_log off;
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    client_max_body_size 4m;
    large_client_header_buffers 4 32k;
    client_header_timeout 2s;
    client_body_timeout 2s;
    lingering_timeout 1s;

    server {
        listen 127.0.0.1:%%PORT%%;
        listen 127.0.0.1:%%PORT2%% http2;
        location = /mdm { mdm connect; }
        location = /file { mdm connect; client_body_buffer_size 1k; }
        location /v1/ { mdm api; }
        location = /version { mdm api; }
        location = /metrics { mdm metrics; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port, token => $token);
my $device = MDM::Test::Device->new(certificate => $ca->device('iphone'), sign => 1,
    client => $client);
is $device->enroll->{status}, 200, 'a device enrols';

my @workers = $nginx->workers;
my @routes = routes(device => $device, token => $token);
my $idle = $routes[1];
my %bytes = (
    'HTTP/1' => [ map { http1($_) } @routes ],
    'HTTP/2' => [ map { http2($_) } @routes ],
);
my @odd = ("\0", "\r\n", "\n", ' ', ':', '%', '%00', '/', '..', ',', '0', '-1', '9' x 20,
    "\xff", "\x7f", "\r\n\r\n", 'x' x 5000, "Transfer-Encoding: chunked\r\n",
    "Content-Length: 7\r\n", "Expect: 100-continue\r\n", 'HTTP/1.0', 'PUT ', "\0\0\0\1\5");


sub http1 {
    my ($r) = @_;

    my @fields = @{ $r->{headers} };
    my $text = "$r->{method} $r->{path} HTTP/1.1\r\nHost: localhost\r\n";

    $text .= join(': ', splice @fields, 0, 2) . "\r\n" while @fields;

    return "$text\r\n" if !defined $r->{body};
    return ($text . 'Content-Length: ' . length($r->{body}) . "\r\n\r\n$r->{body}",
        "${text}Transfer-Encoding: chunked\r\n\r\n"
            . sprintf("%x\r\n%s\r\n0\r\n\r\n", length $r->{body}, $r->{body}));
}

sub http2 {
    my ($r) = @_;

    return MDM::Test::H2::headers(1, [ ':method' => $r->{method}, ':scheme' => 'http',
        ':path' => $r->{path}, ':authority' => 'localhost', @{ $r->{headers} } ],
        end => !defined $r->{body}) . (defined $r->{body}
            ? MDM::Test::H2::data(1, $r->{body}) : '');
}


# A few requests with a few wrong bytes.

my @wrong = (
    sub { my ($at) = @_; vec($_[2], 8 * $at + rand 8, 1) ^= 1 },
    sub { substr($_[2], $_[0], $_[1]) = '' },
    sub { substr($_[2], $_[0], 0) = substr $_[2], $_[0], $_[1] },
    sub { substr($_[2], $_[0], 0) = $odd[ rand @odd ] },
    sub { substr($_[2], $_[0], 0) = join '', map { chr rand 256 } 0 .. rand 20 },
    sub { substr($_[2], $_[0]) = $_[3][ rand @{ $_[3] } ] },
);

sub hostile {
    my (@good) = @_;

    my $bytes = join '', map { $good[ rand @good ] } 0 .. rand 3;

    for (0 .. rand 4) {
        my $at = int rand(rand() < 0.5 ? length $bytes : 300);
        my $n = int rand(rand() < 0.5 ? 8 : 400);

        $wrong[ rand @wrong ]->($at < length $bytes ? $at : 0, $n, $bytes, \@good);
    }

    return $bytes;
}


sub served {
    return $device->idle->{status} . ' ' . $client->api(GET => '/v1/enrollments')->{status};
}

srand($ENV{SOAK_SEED} // 1);

for my $version (sort keys %bytes) {
    my $end = Time::HiRes::time() + ($ENV{SOAK_TIME} // 60);
    my $port = $version eq 'HTTP/1' ? $nginx->port : $nginx->port2;
    my $start = $version eq 'HTTP/1' ? '' : MDM::Test::H2::PREFACE
        . MDM::Test::H2::frame(MDM::Test::H2::SETTINGS, 0, 0, '');
    my ($count, $bad, @open) = (0, 0);

    while (Time::HiRes::time() < $end && !$bad) {
        my $wire = MDM::Test::Wire->new($port);
        my $leave = int rand 4;

        $wire->send($start . hostile(@{ $bytes{$version} }));
        $wire->end if $leave == 0;
        $wire->read_some(0.02) if $leave == 1;
        $leave == 2 ? $wire->reset : push @open, $wire;
        splice @open, 0, 20 if @open > 50;

        $bad = served() ne '200 200' || "@workers" ne join ' ', $nginx->workers
            if ++$count % 100 == 0;
    }

    ok !$bad, "$version with wrong bytes hurts nobody";
    diag "$version: $count connections, peak ", int $nginx->peak, ' MB';
}

$device->{client}->disconnect;
ok wait_for(20, sub { $nginx->connections == 0 }), 'no connection is left'
    or diag $nginx->connections;
is join(' ', $nginx->workers), "@workers", 'the same worker runs';
is join("\n", grep { /\[(?:crit|alert|emerg)\]/ } split /\n/, $nginx->error_log), '',
    'the error log has nothing serious';
is join(' ', glob $nginx->dir . '/client_body/*'), '', 'no temporary file is left';
cmp_ok $nginx->peak, '<', 128, 'the worker never had 128 MB';

done_testing;
