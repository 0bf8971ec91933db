# Metrics of pushes: what a few of them count, and what counts when there is no way
# to Apple.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::APNs ();
use MDM::Test::Metrics ();

my $pg   = MDM::Test::Postgres->start(migrate => 1);
my $apns = MDM::Test::APNs->start;

my $nginx = MDM::Test::Nginx->start(pg => $pg, vars => { APNS => $apns->directive },
    conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 1;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" name=db;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    mdm_apns %%APNS%%;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /metrics { mdm metrics; }
        location /v1/ { mdm api; }
    }
}
CONF

my $acme = $apns->tenant($pg, 'acme', devices => 6)->certify($nginx->port);
my $client = MDM::Test::Client->new(port => $nginx->port);
my %db = (database => 'db');

$apns->rules($acme->token(4) => '410 Unregistered',
    map { ($acme->token($_) => '400 BadDeviceToken') } 5, 6);

my $metrics = scrape();
is $metrics->sum("push$_"), 0, "push$_: none yet"
    for qw(_topics _connections _connects_total _leases_total es_in_hand es_in_flight
           es_claimed_total es_sent_total es_answered_total es_recorded_total
           _delay_seconds_count);
is_deeply $metrics->{faults}, [], 'the format is kept';

$acme->queue(1 .. 6);
ok wait_for(10, sub { scrape()->value('pushes_recorded_total', %db) == 6 }),
    'six pushes are recorded';

$metrics = scrape();
is_deeply $metrics->{faults}, [], 'the format is kept';
is $metrics->value($_->[0], %db, @$_[2 .. $#$_]), $_->[1], join ' ', $_->[1], 'of', $_->[0],
    @$_[2 .. $#$_]
    for [ 'pushes_claimed_total', 6 ], [ 'pushes_sent_total', 6 ],
        [ 'pushes_answered_total', 3, class => 'accepted' ],
        [ 'pushes_answered_total', 1, class => 'dead' ],
        [ 'pushes_answered_total', 2, class => 'refused' ],
        [ 'pushes_refused_total', 1, reason => 'Unregistered' ],
        [ 'pushes_refused_total', 2, reason => 'BadDeviceToken' ],
        [ 'push_answer_duration_seconds_count', 6 ], [ 'push_delay_seconds_count', 3 ],
        [ 'push_topics', 1 ], [ 'push_connections', 1 ], [ 'push_connects_total', 1 ],
        [ 'push_leases_total', 1, event => 'taken' ], [ 'pushes_in_hand', 0 ],
        [ 'pushes_in_flight', 0 ], [ 'push_record_failures_total', 0 ];
is $metrics->sum('pushes_answered_total'), 6, 'there is no other answer';
is $metrics->sum('pushes_refused_total'), 3, '... and no other reason';
cmp_ok $metrics->value('push_delay_seconds_sum', %db), '<', 30,
    'the three were due a moment before';


# --- no way to Apple ---

$apns->stop;
ok wait_for(5, sub { scrape()->value('push_connections', %db) == 0 }),
    'the connection is gone with the server';
is scrape()->sum('push_connections_ended_total'), 1, '... which is counted once';

$acme->queue(1);
$pg->psql('UPDATE mdm.push SET due_at = now() WHERE error IS NULL');
ok wait_for(5, sub { scrape()->value('push_connect_failures_total', %db,
    at => 'connect') > 0 }), 'an attempt to connect fails';
is scrape()->value('pushes_sent_total', %db), 6, '... and nothing is sent';

done_testing;


sub scrape { return MDM::Test::Metrics->scrape($client) }
