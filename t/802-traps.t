# What goes wrong inside PostgreSQL hits the request at fault and no other:
# errors at COMMIT, poisonous members, locks, timeouts, overlapping requests.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Select ();
use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::Acme;

with_sanitizers();

MDM::Test::import_servers();

my $acme = MDM::Test::Acme->start;
my $pg = $acme->pg;

# Traps for reports, which delete their row of the queue, by the name of the
# command: at once, at COMMIT, and slowly.

$pg->psql(<<'SQL');
CREATE FUNCTION public.trap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.command_uuid LIKE TG_ARGV[0] || '%' THEN
        PERFORM pg_sleep(30) WHERE TG_ARGV[0] = 'SLOW';
        RAISE 'trapped';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER row_trap BEFORE DELETE ON mdm.queue
    FOR EACH ROW EXECUTE FUNCTION public.trap('ROW');
CREATE TRIGGER slow_trap BEFORE DELETE ON mdm.queue
    FOR EACH ROW EXECUTE FUNCTION public.trap('SLOW');
CREATE CONSTRAINT TRIGGER commit_trap AFTER DELETE ON mdm.queue
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION public.trap('COMMIT');
SQL

my $nginx = $acme->nginx(<<'CONF');
load_module %%MODULE%%;
worker_processes 1;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" connections=4 timeout=2s;
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

my $api = $acme->api;
my $ipad = $acme->enrolled('ipad');

my @users = map {
    $ipad->shared_user("pupil$_\@example.com")->with(client => $ipad->{client}->with)
} 1 .. 12;
$_->token_update for @users;


# Gives each of these users a command and lets it be delivered; the first
# one's has a name with the given beginning. Returns the names.

sub deliver {
    my ($trap, @who) = @_;

    my @uuids = map { $_->uuid } @who;
    $uuids[0] = $trap . $uuids[0];

    for my $i (0 .. $#who) {
        $api->api(PUT => '/v1/enqueue/' . $who[$i]->enrollment,
            $ipad->command('ProfileList', $uuids[$i]));
        is $who[$i]->idle->{command_uuid}, $uuids[$i], 'a command is delivered'
            if $i == 0;
        $who[$i]->idle if $i != 0;
    }

    return @uuids;
}

# All report while the worker sleeps, so that they leave as one batch. Returns
# the statuses.

sub report_at_once {
    my ($who, $uuids) = @_;

    my ($worker) = $nginx->workers;

    kill 'STOP', $worker;
    $who->[$_]->begin(report => $uuids->[$_], 'Acknowledged') for 0 .. $#$who;
    kill 'CONT', $worker;

    return join ' ', map { $_->finish->{status} } @$who;
}

sub stored {
    my $list = join ', ', map { "'$_'" } @_;

    return $pg->psql("SELECT count(*) FROM mdm.result
                       WHERE command_uuid IN ($list)");
}


for my $trap (['COMMIT', 'fails at COMMIT'], ['ROW', 'raises an exception']) {
    my @uuids = deliver($trap->[0], @users);

    is report_at_once(\@users, \@uuids), join(' ', 503, (200) x 11),
        "of a batch of 12 with one that $trap->[1], 11 hear 200";
    is stored(@uuids), 11, '... and are stored';
    is stored($uuids[0]), 0, '... and nothing of the one that hears 503';

    $pg->psql("ALTER TABLE mdm.queue DISABLE TRIGGER $trap->[0]_trap");
    is $users[0]->report($uuids[0], 'Acknowledged')->{status}, 200,
        'without the trap it repeats and hears 200';
    is stored(@uuids), 12, '... and is stored once';
}


# A lock that somebody keeps.

my @four  = @users[0 .. 3];
my @uuids = deliver('', @four);
my $session = $pg->session;

$session->run("BEGIN; SELECT 1 FROM mdm.queue
                WHERE command_uuid = '$uuids[0]' FOR UPDATE");

is report_at_once(\@four, \@uuids), '503 200 200 200',
    'a member that waits for a lock hears 503, the others of its batch 200';
like $nginx->error_log, qr/refused "report" of 1: .*lock timeout \(55P03\)/,
    '... by lock_timeout';

$session->run('ROLLBACK');
is $users[0]->report($uuids[0], 'Acknowledged')->{status}, 200,
    'without the lock it hears 200';
is stored(@uuids), 4, '... and all are stored once';


# A statement that takes too long.

my ($slow, $quick) = deliver('SLOW', @users[0, 1]);

$users[0]->begin(report => $slow, 'Acknowledged');
Time::HiRes::sleep(0.2);

is $users[1]->report($quick, 'Acknowledged')->{status}, 200,
    'beside a slow statement others are served';
ok !IO::Select->new($users[0]{client}{socket})->can_read(0), '... without waiting for it';
is $users[0]->finish->{status}, 503, 'the slow one hears 503';
like $nginx->error_log, qr/refused "report" of 1: .*statement timeout \(57014\)/,
    '... by statement_timeout';
$pg->psql('ALTER TABLE mdm.queue DISABLE TRIGGER slow_trap');
is $users[0]->report($slow, 'Acknowledged')->{status}, 200, '... and 200 later';


# A backend that stands still, and wakes up after everybody has gone on.

my $backends = "SELECT count(*) FROM pg_stat_activity
    WHERE usename = 'mdm_device' AND query <> ''";
my $number = $pg->psql($backends);

for my $early (0, 1) {
    MDM::Test::wait_for(10, sub { $pg->psql($backends) == $number });

    my ($stuck, $free) = deliver('', @users[0, 1]);
    my $backend = $pg->psql("SELECT pid FROM pg_stat_activity
                              WHERE query LIKE '%mdm_r2.deliver(%'
                                AND usename = 'mdm_device'
                              ORDER BY query_start DESC LIMIT 1") || die 'who delivered?';

    kill 'STOP', $backend;
    $users[0]->begin(report => $stuck, 'Acknowledged');
    Time::HiRes::sleep(0.1);

    is $users[1]->report($free, 'Acknowledged')->{status}, 200,
        'beside a silent connection others are served';
    is $users[0]->finish->{status}, 503, 'the deadline passes: 503';
    like $nginx->error_log, qr/"report" passed its deadline of 2000 ms/,
        '... and the error log says so';

    if ($early) {
        kill 'CONT', $backend;
        MDM::Test::wait_for(5, sub { stored($stuck) });
        is stored($stuck), 1, 'what was unknown had been stored after all';
    }

    is $users[0]->report($stuck, 'Acknowledged')->{status}, 200,
        'the report is repeated on another connection';

    kill 'CONT', $backend;
    MDM::Test::wait_for(5, sub { !kill 0, $backend });
    is stored($stuck), 1, '... and stored once';
}


# Two requests of one enrolment at a time.

my @pair = map { $users[0]->with(client => $ipad->{client}->with) } 1 .. 2;
my @wanted = map { $ipad->uuid } 1 .. 40;

$api->api(PUT => '/v1/enqueue/' . $users[0]->enrollment,
    $ipad->command('ProfileList', $_)) for @wanted;

my (@holds, %statuses);

for my $round (1 .. 200) {
    for my $i (0, 1) {
        $pair[$i]->begin($holds[$i] ? (report => $holds[$i], 'Acknowledged')
                                    : 'idle');
    }

    my @answers = map { $_->finish } @pair;
    $statuses{ $_->{status} }++ for @answers;
    @holds = map { $_->{command_uuid} } @answers;

    last if !grep { $_ } @holds;
}

is_deeply [keys %statuses], [200], 'overlapping requests are answered 200';
is stored(@wanted), 40, '... no command is lost, none completed twice';

for my $round (1 .. 5) {
    my $restart = $ipad->uuid;
    $api->api(PUT => '/v1/enqueue/' . $users[0]->enrollment,
        $ipad->command('RestartDevice', $restart));

    $_->begin('idle') for @pair;
    my @got = grep { defined } map { $_->finish->{command_uuid} } @pair;

    is_deeply \@got, [$restart],
        'a command that must not be repeated goes to one of two polls';
    $pair[1]->report($restart, 'Acknowledged');
}

is $pg->psql('SELECT count(*) FROM mdm.queue'), 0, 'nothing is left over';
is $pg->psql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree';

done_testing;
