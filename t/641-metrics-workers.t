# Metrics of several workers: summed, kept over reloads and a killed worker,
# and begun anew when they would mean something else.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Metrics ();

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $conf = <<'CONF';
load_module %%MODULE%%;
worker_processes 2;
thread_pool mdm threads=1;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" connections=2;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant acme;

    server {
        listen 127.0.0.1:%%PORT%% reuseport;
        client_max_body_size 4m;
        client_body_buffer_size 4m;
        location = /mdm { mdm connect; mdm_identity signature; }
        location = /metrics { mdm metrics; }
        location /v1/ { mdm api; }
    }
}
CONF

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => $conf);
my $client = MDM::Test::Client->new(port => $nginx->port, close => 1);
my $iphone = MDM::Test::Device->new(client => $client, sign => 1,
    certificate => $ca->device('iphone'));
my %db = (database => '');
my ($polls, $reports) = (0, 0);

sub scrape { return MDM::Test::Metrics->scrape($client) }

# All connections of the workers: two for devices each, two for the API, and
# one for background work in one of them.

sub connected {
    my ($workers) = @_;

    return wait_for(15, sub {
        my $metrics = scrape();
        $metrics->sum('database_connections') == 4 * $workers + 1
            && $metrics->sum('database_connections_wanted') == 4 * $workers + 1
    });
}

sub polls {
    my ($number) = @_;

    $polls += grep { $iphone->idle->{status} == 200 } 1 .. $number;
}

sub counted {
    my ($when) = @_;

    # a request is counted when it ends, which may be after its answer
    wait_for(5, sub { scrape()->value('requests_total', message => 'Report',
        status => 200) == $polls + $reports });

    my @scrapes = map { scrape() } 1 .. 6;
    my %told = map { $_->value('requests_total', message => 'Report', status => 200) => 1 }
        @scrapes;

    is join(' ', keys %told), $polls + $reports, "$when all workers tell all requests";
    is $scrapes[0]->value('reports_total', %db, status => 'Idle'), $polls,
        '... by status, too';
    is $scrapes[0]->value('database_calls_total', %db, statement => 'poll',
        result => 'done'), $polls, '... and by statement';
    is_deeply $scrapes[0]{faults}, [], '... in their format';

    return $scrapes[0];
}


# --- two workers ---

ok connected(2), 'the connections of two workers are shown';
is $iphone->enroll->{status}, 200, 'a device enrols';
polls(40);
is $polls, 40, 'it comes forty times on as many connections';
my $metrics = counted('of two');
my $started = $metrics->value('start_time_seconds');

is $metrics->value('certificate_lookups_total', %db, result => 'miss'), 2,
    'each worker parses a certificate once';
is $metrics->sum('certificate_lookups_total'), 42, '... of so many that it looked up';
is $metrics->value('database_connects_total', %db, class => 'poll'), 2,
    'each has connected';

# Many at once: batches.

my @devices = map {
    MDM::Test::Device->new(client => MDM::Test::Client->new(port => $nginx->port),
        sign => 1, certificate => $ca->device("mac-$_"))
} 1 .. 12;
$_->enroll for @devices;
$_->begin('idle') for @devices;
$polls += grep { $_->finish->{status} == 200 } @devices;
$metrics = counted('of many');
is $metrics->value('database_batch_size_sum', %db, statement => 'poll'), $polls,
    'the batches hold all of them';
cmp_ok $metrics->value('database_batch_size_count', %db, statement => 'poll'), '<=', $polls,
    '... in no more statements';
$_->{client}->disconnect for @devices;

# A large body goes to a thread.

my $uuid = $iphone->uuid;
$client->with(token => $token)->api(PUT => '/v1/enqueue/' . $iphone->enrollment,
    $iphone->command('RestartDevice', $uuid));
$polls++ if $iphone->idle->{command_uuid} eq $uuid;
$reports++ if $iphone->report($uuid, 'Acknowledged', Filler => 'x' x 100_000)->{status} == 200;
is $reports, 1, 'a large report comes';
is scrape()->value('thread_tasks_total', %db, where => 'pool'), 1, '... and went to a thread';


# --- they come and go ---

$nginx->reload;
ok connected(2), 'after a reload the connections of the new workers are shown';
$metrics = scrape();
is $metrics->value('reloads_total'), 1, '... the reload is counted';
is $metrics->value('start_time_seconds'), $started, '... from the same start';
is $metrics->value('reports_total', %db, status => 'Idle'), $polls, '... nothing is lost';
polls(10);
is scrape()->value('reports_total', %db, status => 'Idle'), $polls, '... it goes on';

$nginx->expect(qr/open socket|shared memory/);
$nginx->kill_worker;
ok connected(2), 'after one was killed its connections are shown no more';
is scrape()->value('reports_total', %db, status => 'Idle'), $polls, '... nothing is lost';
polls(10);
is scrape()->value('reports_total', %db, status => 'Idle'), $polls, '... it goes on';

$nginx->reload($conf =~ s/worker_processes 2/worker_processes 1/r);
ok connected(1), 'one worker has the connections of one';
$metrics = scrape();
is $metrics->value('workers'), 1, '... and says that it is alone';
is $metrics->value('reports_total', %db, status => 'Idle'), $polls,
    '... but tells what two had counted';

$nginx->reload($conf =~ s/connections=2;/connections=2 name=db;/r);
ok connected(2), 'a reload names the database';
$metrics = scrape();
is $metrics->value('reloads_total'), 0, '... it is another one, so counting begins anew';
is $metrics->sum('reports_total'), 0, '... with nothing';
polls(3);
is scrape()->value('reports_total', database => 'db', status => 'Idle'), 3,
    '... and goes on from there';

$nginx->reload($conf =~ s/(mdm_secret_key)/mdm_database "%%PG%%" name=b connections=2;\n    $1/r);
ok wait_for(15, sub { scrape()->value('database_up', database => 'b') }),
    'a second database has lines of its own';
is_deeply scrape()->{faults}, [], '... in the format';


# --- what it needs ---

my ($exit, $text) = MDM::Test::Nginx->test_conf(
    $conf =~ s/mdm_database.*;//r =~ s/mdm_secret_key.*;//r, pg => $pg);
isnt $exit, 0, 'without a database there is nothing to tell';
like $text, qr/needs a database/, '... nginx -t says so';

done_testing;
