# The database goes away and comes back: devices hear 503 at once, the service
# returns by itself, and nothing that was promised is lost.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::Acme;

with_sanitizers();

MDM::Test::import_servers();

my $acme  = MDM::Test::Acme->start(conf => { fsync => 'on' });
my $nginx = $acme->nginx(<<'CONF');
load_module %%MODULE%%;
worker_processes 1;
events { worker_connections 64; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" connections=2 timeout=4s;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;

    server {
        listen 127.0.0.1:%%TLS_PORT%% ssl;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; }
    }
}
CONF

my ($pg, $api) = ($acme->pg, $acme->api);
my $iphone = $acme->enrolled('iphone');


# The API's connections may come back later than those of devices.

sub enqueue {
    my $uuid = $iphone->uuid;
    my $command = $iphone->command('DeviceInformation', $uuid,
        Queries => ['OSVersion']);

    MDM::Test::wait_for(10, sub {
        $api->api(PUT => '/v1/enqueue/' . $iphone->enrollment, $command)
            ->{status} == 200
    }) or die "nothing can be queued\n";

    return $uuid;
}

sub results { return $pg->psql("SELECT string_agg(state, ' ') FROM mdm.result
                                 WHERE command_uuid = '$_[0]'") }

# Seconds until the service is back, for reading, and how much later for
# writing; at most ten each.

sub back {
    my @times = Time::HiRes::time();

    for my $message (qw(idle token_update)) {
        MDM::Test::wait_for(10, sub { $iphone->$message->{status} == 200 });
        push @times, Time::HiRes::time();
    }

    return wantarray ? ($times[1] - $times[0], $times[2] - $times[1])
                     : $times[2] - $times[0];
}

sub timed {
    my ($do) = @_;

    my $start = Time::HiRes::time();
    my $answer = $do->();

    return ($answer, Time::HiRes::time() - $start);
}


# Stopped and started.

my @queued = map { enqueue() } 1 .. 2;
is $iphone->idle->{command_uuid}, $queued[0], 'a command is delivered';

$pg->stop;

my ($answer, $seconds) = timed(sub {
    $iphone->report($queued[0], 'Acknowledged') });

is $answer->{status}, 503, 'a report to a stopped PostgreSQL hears 503';
like $answer->{headers}{'retry-after'}, qr/^\d+$/, '... with Retry-After';
cmp_ok $seconds, '<', 1, '... at once';

($answer, $seconds) = timed(sub { $iphone->idle });
is $answer->{status}, 503, 'so does a poll';
cmp_ok $seconds, '<', 1, '... at once';
is $iphone->with(udid => 'X')->authenticate->{status}, 503,
    'and an Authenticate';
is $api->api(GET => '/v1/enrollments')->{status}, 503, 'and the API';

like $nginx->error_log, qr/\[error\].*mdm: PostgreSQL at \S+ as mdm_device: cannot connect: \S/,
    'the error log says why PostgreSQL cannot be reached';
like $nginx->error_log, qr/no connection to PostgreSQL, tenant "localhost", enrollment "\S+", command "$queued[0]"/,
    '... and who was turned away';

my %retry = map { $iphone->idle->{headers}{'retry-after'} => 1 } 1 .. 8;
cmp_ok scalar(keys %retry), '>', 1, 'Retry-After is spread';

$iphone->idle for 1 .. 60;
my %told = (error => 0, info => 0);
$told{$_}++ for $nginx->error_log
    =~ /\[(error|info)\].*no connection to PostgreSQL, tenant/g;

cmp_ok $told{error}, '<=', 10, 'not each of them has a line for the operator';
cmp_ok $told{error} + $told{info}, '>=', 70, '... but one of level info';

sleep 2;     # pauses between attempts grow

is scalar(() = $nginx->error_log =~ /\[error\].*: cannot connect:/g), 5,
    'an outage is told once for each connection, not with each attempt';

$pg->launch;
my ($reads, $writes) = back();
cmp_ok $reads, '<', 8, 'the service comes back by itself within seconds';
cmp_ok $writes, '<', 1, '... for reports as soon as for polls';

$answer = $iphone->report($queued[0], 'Acknowledged');
is $answer->{status}, 200, 'the report that heard 503 is taken now';
is $answer->{command_uuid}, $queued[1], '... and brings the next command';
is results($queued[0]), 'ACKNOWLEDGED', '... and is stored once';

$iphone->report($queued[0], 'Acknowledged');
is results($queued[0]), 'ACKNOWLEDGED', 'a repeat of it changes nothing';


# All backends are terminated.

for my $round (1 .. 3) {
    $pg->terminate_backends;
    my @status = map { $iphone->idle->{status} } 1 .. 3;

    ok !(grep { $_ != 200 && $_ != 503 } @status),
        "connections are terminated: 200 or 503, nothing else ($round)";
    cmp_ok scalar(back()), '<', 2, '... and the service is back';
}

# Connections that come and go leave nothing behind in the worker, which has 64.

sub connected { return scalar(() = $nginx->error_log =~ /connected to PostgreSQL/g) }

my $end = connected() + 100;
my $rounds = MDM::Test::wait_for(30, sub {
    $pg->terminate_backends;
    connected() > $end;
});

ok $rounds, 'a hundred connections are made, one after the other';
back();
unlike $nginx->error_log, qr/worker_connections are not enough|no nginx connection/,
    '... and the worker lacks none';

# A host that is busy answers each step of a start late, but it does answer: the
# time for an attempt, 2 seconds here, begins anew with each.

$pg->psql('ALTER FUNCTION mdm_r2.startup RENAME TO startup_quick');
$pg->psql(<<'SQL');
CREATE FUNCTION mdm_r2.startup(integer)
RETURNS TABLE (a integer, b integer, c bytea, d bytea) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(1.3);
    RETURN QUERY SELECT * FROM mdm_r2.startup_quick($1);
END $$
SQL
$pg->psql($_) for 'ALTER SYSTEM SET post_auth_delay = 1', 'SELECT pg_reload_conf()';
$end = connected();
$pg->terminate_backends;
ok MDM::Test::wait_for(15, sub { connected() > $end }),
    'a host that needs longer for a start than an attempt may last comes into use';
$pg->psql($_) for 'ALTER SYSTEM RESET post_auth_delay', 'SELECT pg_reload_conf()',
    'DROP FUNCTION mdm_r2.startup',
    'ALTER FUNCTION mdm_r2.startup_quick RENAME TO startup';
back();

is $iphone->report($queued[1], 'Acknowledged')->{status}, 200,
    'the delivered command is answered after all that';
is results($queued[1]), 'ACKNOWLEDGED', '... and stored once';


# The machine loses power, between a 200 and the next request, and in the
# middle of many requests.

my $kept = enqueue();
my $open = enqueue();
$iphone->idle;
is $iphone->report($kept, 'Acknowledged')->{command_uuid}, $open,
    'a report is answered 200 with the next command';

$pg->kill9;
is $iphone->report($open, 'Acknowledged')->{status}, 503,
    'a report to a killed PostgreSQL hears 503';
$pg->launch;
cmp_ok scalar(back()), '<', 6, 'the service comes back after the recovery';

is results($kept), 'ACKNOWLEDGED', 'what was answered 200 is in the database';
is results($open), '', '... and what was answered 503 at once is not';
is $iphone->idle->{command_uuid}, $open,
    'the command without an answer is delivered again';
is $iphone->report($open, 'Acknowledged')->{status}, 200, '... and answered';

my @busy = map {
    $iphone->user("user-$_", "user$_")->with(client => $iphone->{client}->with)
} 1 .. 12;

$_->token_update for @busy;

my $shared = $iphone->uuid;
$api->api(PUT => '/v1/enqueue/' . join(',', map { $_->enrollment } @busy),
    $iphone->command('ProfileList', $shared));
$_->idle for @busy;

$_->begin(report => $shared, 'Acknowledged') for @busy;
$pg->kill9;
my @first = map { $_->finish->{status} } @busy;

ok !(grep { $_ != 200 && $_ != 503 } @first),
    'killed in the middle of many reports: 200 or 503, nothing else';

$pg->launch;
cmp_ok scalar(back()), '<', 6, 'the service comes back';

my %stored = map { $_->[0] => $_->[1] } $pg->query(
    "SELECT e.user_id, count(r.*) FROM mdm.enrollment e
       LEFT JOIN mdm.result r ON r.enrollment_id = e.enrollment_id
      WHERE e.user_id <> '' GROUP BY 1");

is scalar(grep { $first[$_] == 200 && $stored{$busy[$_]{id}{UserID}} != 1 }
    0 .. $#busy), 0, '... with every report that was answered 200';

is scalar(grep { $_->report($shared, 'Acknowledged')->{status} != 200 } @busy),
    0, 'everybody repeats and hears 200';
is $pg->psql("SELECT count(*), count(DISTINCT enrollment_id) FROM mdm.result
               WHERE command_uuid = '$shared'"), '12|12',
    '... and each report is there once';

is $pg->psql('SELECT count(*) FROM mdm.queue'), 0, 'no command is left over';
is $pg->psql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree';

done_testing;
