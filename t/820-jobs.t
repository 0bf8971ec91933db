# Background work: leases, partitions, and the time limits of the roles.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use MDM::Test;

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

sub job { return $pg->psql("SELECT mdm_r2.$_[0]", role => 'mdm_job') }
sub owner { return $pg->psql("SET ROLE mdm_owner; $_[0]") }


sub roles_have_limits {
    my %limits = (
        mdm_device => '300ms|4s|10s',
        mdm_api    => '3s|25s|30s',
        mdm_job    => '1s|55s|1min',
    );

    is $pg->psql("SELECT current_setting('lock_timeout'),
                         current_setting('statement_timeout'),
                         current_setting('idle_in_transaction_session_timeout')",
            role => $_), $limits{$_}, "$_ waits and works so long"
        for sort keys %limits;
}


sub leases_have_one_owner {
    is job("lease_take('work', 'one', 60)"), 't', 'a free lease is taken';
    is job("lease_take('work', 'two', 60)"), 'f', '... by one owner';
    is job("lease_take('work', 'one', 60)"), 't', '... who renews it';
    is job("lease_take('rest', 'two', 60)"), 't', 'another lease is free';

    $pg->psql("UPDATE mdm.lease SET until = now() - interval '1 second'
                WHERE name = 'work'");
    is job("lease_take('work', 'two', 60)"), 't', 'who comes first takes one '
        . 'that has expired';
    is job("lease_take('work', 'one', 60)"), 'f', '... from its owner';

    is job("lease_take('work', 'two', 0)"), 't', 'a lease is given back';
    is job("lease_take('work', 'one', 60)"), 't', '... and is free at once';

    my @sessions = map { $pg->session(role => 'mdm_job') } 1 .. 4;
    $sessions[$_]->send("SELECT mdm_r2.lease_take('race', 'owner-$_', 60)")
        for 0 .. 3;
    is scalar(grep { $_->finish eq 't' } @sessions), 1,
        'of four at once one gets it';
}


sub partitions {
    my ($table) = @_;

    return map { $_->[0] } $pg->query(
        "SELECT inhrelid::regclass FROM pg_inherits
          WHERE inhparent = 'mdm.$table'::regclass ORDER BY 1");
}


sub partitions_are_ahead {
    for my $table (qw(command result event)) {
        is scalar(my @all = partitions($table)), 9,
            "$table has partitions of this week and eight more";
        is $pg->psql("SELECT count(*) FROM pg_inherits i
                        JOIN pg_class c ON c.oid = i.inhrelid
                       WHERE i.inhparent = 'mdm.$table'::regclass
                         AND pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT'"),
            0, '... and no DEFAULT';
    }

    is job('partition_ahead()'), 0, 'none is made twice';
    is $pg->psql("SET TimeZone = 'Pacific/Auckland';
                  SELECT mdm.partition_ahead()"), 0,
        '... in no other time zone either';

    owner('DROP TABLE ' . (partitions('event'))[-1]);

    my @sessions = map { $pg->session(role => 'mdm_job') } 1 .. 4;
    $_->send('SELECT mdm_r2.partition_ahead()') for @sessions;
    is join(' ', sort map { $_->finish } @sessions), '0 0 0 1',
        'of four at once one makes a missing one';
    is job('partition_ahead()'), 0, '... and then none is missing';
}


# A week of 2020, with a command in it that a device still waits for.

sub old_partitions_go {
    owner("CREATE TABLE mdm.${_}_20200106 PARTITION OF mdm.$_
           FOR VALUES FROM ('2020-01-06 00:00+00') TO ('2020-01-13 00:00+00')")
        for qw(command result);

    is owner("SELECT mdm_r2.partition_drop('result', '2020-01-12 23:59:59+00')"),
        0, 'a week that is not over by then stays';
    is owner("SELECT mdm_r2.partition_drop('result', '2020-01-13 00:00+00')"),
        1, 'a week that is over goes';
    is scalar(grep { /2020/ } partitions('result')), 0, '... with its table';

    $pg->psql(q{
        INSERT INTO mdm.enrollment (tenant_id, device_id, channel, state,
            generation, certificate, topic, enrolled_at)
        SELECT tenant_id, 'old', 'device', 'live', 1, sha256('old'), 't', now()
          FROM mdm.tenant;
        INSERT INTO mdm.command (tenant_id, command_uuid, request_type, payload,
            created_at)
        SELECT tenant_id, 'old', 'ProfileList', 'x', '2020-01-07'
          FROM mdm.tenant;
        INSERT INTO mdm.queue (tenant_id, enrollment_id, command_id,
            command_created_at, queued_at, generation, command_uuid,
            request_type, state)
        SELECT c.tenant_id, e.enrollment_id, c.command_id, c.created_at, now(),
               1, c.command_uuid, c.request_type, 'QUEUED'
          FROM mdm.command c, mdm.enrollment e});

    is owner("SELECT mdm_r2.partition_drop('command', now())"), 0,
        'a week of commands that somebody waits for stays';
    $pg->psql('DELETE FROM mdm.queue');
    is owner("SELECT mdm_r2.partition_drop('command', now())"), 1,
        '... and goes when nobody does';

    my ($exit, $text) = $pg->try_psql(
        "SET ROLE mdm_owner; SELECT mdm_r2.partition_drop('queue', now())");
    like $text, qr/table "queue" has no partitions/, 'no other table is touched';
    ($exit, $text) = $pg->try_psql(
        "SELECT mdm_r2.partition_drop('result', now())", role => 'mdm_job');
    like $text, qr/permission denied/, 'no worker may drop any';
}


# Of two tenants and two webhooks, days ago, in steps.

sub old_failures_go {
    $pg->tenant('other', host => 'other.example');
    $pg->psql(q{INSERT INTO mdm.webhook_failure (tenant_id, name, xid, event_id, type, error,
            at)
        SELECT t.tenant_id, n, '7', i, 'thing', 'HTTP 404', now() - i * interval '1 day'
          FROM mdm.tenant t, unnest('{one,two}'::text[]) n, generate_series(27, 36) i});

    is $pg->psql('SELECT count(*) FROM mdm.webhook_failure', role => 'mdm_job'), 28,
        'what is to be swept is seen over all tenants, and nothing else';
    is job('sweep(5)'), 10, 'failures of a month ago go, five of each tenant';
    is $pg->psql('SELECT max(event_id) FROM mdm.webhook_failure'), 34, '... the oldest first';
    is job('sweep(5)'), 10, '... step';
    is job('sweep(5)') + job('sweep(5)'), 8, '... by step';
    is $pg->psql(q{SELECT count(*) || ' ' || max(event_id) FROM mdm.webhook_failure}),
        '12 29', '... and younger ones stay';
}


# Another node has the lease, so that nobody makes partitions here.

sub missing_partition {
    job("lease_take('sweep', 'another node', 3600)");

    my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 1;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" connections=2;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant acme;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; mdm_identity signature; }
        location /v1/ { mdm api; }
    }
}
CONF

    my $iphone = MDM::Test::Device->new(sign => 1,
        client => MDM::Test::Client->new(port => $nginx->port),
        certificate => $ca->device('iphone'));
    my $api = MDM::Test::Client->new(port => $nginx->port, token => $token);
    my $uuid = $iphone->uuid;

    $iphone->enroll;
    $api->api(PUT => '/v1/enqueue/' . $iphone->enrollment,
        $iphone->command('ProfileList', $uuid));
    is $iphone->idle->{command_uuid}, $uuid, 'a command is delivered';

    owner('DROP TABLE ' . (partitions('result'))[0]);

    is $iphone->report($uuid, 'Acknowledged')->{status}, 503,
        'without a partition of this week its report hears 503';
    like $nginx->error_log, qr/no partition of relation "result" found for row/,
        '... and the log says what is missing';

    is $pg->psql("SELECT owner FROM mdm.lease WHERE name = 'sweep'"),
        'another node', 'this node leaves the lease to its owner';
    $pg->psql("UPDATE mdm.lease SET until = now() WHERE name = 'sweep'");

    ok wait_for(15, sub { 9 == partitions('result') }),
        'when the lease expires this node takes it and makes the partition';
    is $iphone->report($uuid, 'Acknowledged')->{status}, 200,
        '... and the report is taken';
}


roles_have_limits();
leases_have_one_owner();
partitions_are_ahead();
old_partitions_go();
old_failures_go();
missing_partition();

done_testing;
