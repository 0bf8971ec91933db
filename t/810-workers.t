# Workers come and go under load: killed, reloaded, asked to quit. A device
# notices at most a retry; nothing is lost, nothing happens twice.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use Test::More;
use Time::HiRes ();
use MDM::Test;

with_sanitizers();

MDM::Test::import_servers();

my $pg     = MDM::Test::Postgres->start(migrate => 1);
my $ca     = MDM::Test::PKI->ca('Device CA');
my $tls_ca = MDM::Test::PKI->ca('Server CA');
my $server = $tls_ca->server;
my $token  = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

# the locks below are to be waited for
$pg->psql("ALTER ROLE mdm_device SET lock_timeout = '4s'");

my $nginx = MDM::Test::Nginx->start(pg => $pg,
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
        listen 127.0.0.1:%%TLS_PORT%% ssl;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; }
    }
}
CONF

my $api = MDM::Test::Client->new(port => $nginx->tls_port, ca => $tls_ca,
    token => $token, close => 1);

my $devices = 24;
my $log = test_dir() . '/sim.json';
my @asked;


sub sim {
    return (build('mdm-sim'), '--host', 'localhost',
        '--url', 'https://127.0.0.1:' . $nginx->tls_port . '/mdm',
        '--ca', $tls_ca->{cert}, '--identity-ca', $ca->{cert},
        '--identity-key', $ca->{key}, '--kind', "iphone=$devices",
        '--concurrency', $devices, '--state', test_dir() . '/sim.state', @_);
}

# Commands for everybody while the devices poll for so many seconds; the sub
# does its worst every 300 ms. A request of the API that broke is repeated
# with the same CommandUUID.

sub under_load {
    my ($seconds, $do) = @_;

    unlink $log;
    my $output = test_dir() . '/sim.output';
    my $pid = MDM::Test::spawn($output, sim('--duration', $seconds,
        '--poll', 1_000_000, '--interval', 20, '--backoff', 50, '--log', $log));

    my @ids = map { $_->[0] } $pg->query('SELECT device_id FROM mdm.enrollment');
    my $end = Time::HiRes::time() + $seconds - 1;

    while (Time::HiRes::time() < $end) {
        my $uuid = MDM::Test::Device->uuid;
        my $command = MDM::Test::Device->command('ProfileList', $uuid);

        push @asked, $uuid if MDM::Test::wait_for(10, sub {
            my $answer = eval { $api->api(
                PUT => '/v1/enqueue/' . join(',', @ids), $command) };
            $answer && $answer->{status} == 200;
        });

        $do->();
        Time::HiRes::sleep(0.3);
    }

    waitpid $pid, 0;
    is $?, 0, 'the devices come to the end of it' or diag slurp($output);
}

# The exchanges of the last load, by status.

sub exchanges {
    my %count;

    for (split /\n/, slurp($log)) {
        my $exchange = JSON::PP::decode_json($_);
        $count{ $exchange->{answer} eq 'stale' ? 'stale'
            : $exchange->{status} }++;
    }

    return \%count;
}

sub all_done {
    my ($exit, $text) = run_command(sim('--until-empty'));
    is $exit, 0, 'the devices work off what is left' or diag $text;

    is $pg->psql("SELECT count(*), count(DISTINCT (enrollment_id, command_uuid))
                    FROM mdm.result WHERE state = 'ACKNOWLEDGED'"),
        join('|', (@asked * $devices) x 2),
        '... each command is answered once by each of them';
    is $pg->psql('SELECT count(*) FROM mdm.queue'), 0, '... none is left over';
    is $pg->psql('SELECT * FROM mdm_r2.check()'), '', '... the tables agree';
    unlike $pg->log, qr/deadlock/, '... and nobody met a deadlock';
}


my ($exit, $text) = run_command(sim('--enroll'));
is $exit, 0, "$devices devices enrol" or diag $text;


# Killed.

my $turn = 0;
my @killed;

under_load(4, sub { push @killed, $nginx->kill_worker if $turn++ % 3 == 0 });
cmp_ok scalar(@killed), '>', 0, 'workers were killed meanwhile';
cmp_ok exchanges()->{200}, '>', 100, 'others and their successors served';
all_done();


# Reloaded.

under_load(4, sub { kill 'HUP', $nginx->pid });

my $statuses = exchanges();
delete $statuses->{stale};
is_deeply [keys %$statuses], [200], 'a reload every 300 ms refuses nobody'
    or diag explain $statuses;
all_done();

sub exiting {
    my $file = '/proc/' . $nginx->pid . '/task/' . $nginx->pid . '/children';

    return grep { MDM::Test::Nginx::title($_) =~ /is shutting down/ }
        split ' ', slurp($file);
}

ok MDM::Test::wait_for(10, sub { !exiting() }), 'old workers are gone';
is scalar(my @workers = $nginx->workers), 2, '... and two serve';


# A client that goes away, and a request that is waiting when nginx is to quit.

my $iphone = MDM::Test::Device->new(
    client => MDM::Test::Client->new(port => $nginx->tls_port, ca => $tls_ca,
        certificate => $ca->device('iphone')));
$iphone->enroll;

sub waiting_report {
    my $uuid = $iphone->uuid;

    $api->api(PUT => '/v1/enqueue/' . $iphone->enrollment,
        $iphone->command('ProfileList', $uuid));
    is $iphone->idle->{command_uuid}, $uuid, 'a command is delivered';

    my $session = $pg->session;
    $session->run("BEGIN; SELECT 1 FROM mdm.queue
                    WHERE command_uuid = '$uuid' FOR UPDATE");
    $iphone->begin(report => $uuid, 'Acknowledged');

    MDM::Test::wait_for(5, sub { $pg->psql("SELECT 1 FROM pg_stat_activity
        WHERE usename = 'mdm_device' AND wait_event_type = 'Lock'") });

    return ($uuid, $session);
}

sub stored {
    return $pg->psql("SELECT count(*) FROM mdm.result
                       WHERE command_uuid = '$_[0]'");
}

my ($gone, $lock) = waiting_report();
$iphone->{client}->disconnect;
Time::HiRes::sleep(0.1);
$lock->run('COMMIT');
ok MDM::Test::wait_for(5, sub { stored($gone) }),
    'a report whose sender has gone away is stored all the same';


# Times of contact that were not written yet when nginx is to quit.

sub seen_lately {
    return $pg->psql("SELECT count(*) FROM mdm.enrollment_seen
                        JOIN mdm.enrollment USING (tenant_id, enrollment_id)
                       WHERE device_id = '" . $_[0]->device_id . "'
                         AND seen_at > now() - interval '1 minute'");
}

my $ipad = MDM::Test::Device->new(
    client => MDM::Test::Client->new(port => $nginx->tls_port, ca => $tls_ca,
        certificate => $ca->device('ipad')));
$ipad->enroll;

my ($late, $last_lock) = waiting_report();
$ipad->idle;
$pg->psql("DELETE FROM mdm.enrollment_seen");
kill 'QUIT', $nginx->pid;
ok MDM::Test::wait_for(3, sub { !$nginx->workers && exiting() }),
    'nginx is told to quit';
$last_lock->run('COMMIT');
is $iphone->finish->{status}, 200, '... and first answers what it was asked';
is stored($late), 1, '... after the commit';

ok MDM::Test::wait_for(3, sub { !exiting() }), '... and is gone soon';
is seen_lately($ipad), 1, 'the time of the last contact is written before that';
is seen_lately($iphone), 1, '... that of the last request of all, too';

$nginx->stop;

done_testing;
