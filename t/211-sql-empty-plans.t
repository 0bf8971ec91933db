# A session keeps its plans. Those made while the tables are empty must be those
# that a million rows need: by the whole key of an index, table by table.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg = MDM::Test::Postgres->start(migrate => 1, conf => {
    session_preload_libraries            => 'auto_explain',
    'auto_explain.log_nested_statements' => 'on',
    'auto_explain.log_level'             => 'notice',
    'auto_explain.log_analyze'           => 'on',
    'auto_explain.log_timing'            => 'off',
});
my @devices = qw(A B C D);
my $names = "'{" . join(',', @devices) . "}'";
my $none = "'{\"\",\"\",\"\",\"\"}'";
my $null = "'{NULL,NULL,NULL,NULL}'";
my $members = "'{1,1,1,1}', $names, $none, ARRAY["
    . join(',', map { "sha256('$_')" } @devices) . "], '{f,f,f,f}'";

$pg->psql(q{SELECT mdm_r2.tenant_add('acme', '{}', '')});
$pg->psql(join(';', map { "SELECT mdm_r2.authenticate(1, 'device', '$_', sha256('$_'),
        false, 2000000000, 'CN', '01', 'topic', '{}', NULL, NULL);
    SELECT mdm_r2.token_update(1, 'device', '$_', '', sha256('$_'), false, 'topic', 't',
        'm', NULL, false, false, NULL, NULL, NULL, NULL)" } @devices), role => 'mdm_device');
$pg->psql("SELECT mdm_r2.enqueue(1, 'joe', '', '$_', 'ProfileList', 's', 'p', 'd', 'safe',
    false, false, false, 0, 0::smallint, 0, NULL, $names, $none, false)",
    role => 'mdm_api') for qw(one two);
$pg->psql('ALTER ROLE mdm_device SET auto_explain.log_min_duration = 0');

my $session = $pg->session(role => 'mdm_device');

sub check {
    my ($name, $call) = @_;

    my $text = $session->run($call);

    subtest $name => sub {
        unlike $text, qr/^ERROR/m, 'the call works';
        like $text, qr/Index Scan using queue_\w+ on queue/, 'it reads the queue';
        unlike $text, qr/using queue_pkey on queue[^\n]*\n(?!.*command_uuid =)/,
            'never by a part of its primary key';
        unlike $text, qr/Index Cond: \(tenant_id = \S+\)\n/,
            'nor any table by the tenant alone';
        unlike $text, qr/Seq Scan on (?!pg_)|Bitmap/, 'nor without an index';
    };
}

check('poll', "SELECT * FROM mdm_r2.poll($members)");
check('deliver', "SELECT * FROM mdm_r2.deliver($members)");
check('report', "SELECT * FROM mdm_r2.report($members, '{one,one,one,one}',
    '{Acknowledged,Error,Acknowledged,NotNow}', array_fill('raw'::bytea, '{4}'), $null, $null,
    $null, $null)");
check('a report alone', "SELECT * FROM mdm_r2.report('{1}', '{A}', '{\"\"}',
    ARRAY[sha256('A')], '{f}', '{two}', '{Acknowledged}', ARRAY['raw'::bytea], '{NULL}',
    '{NULL}', '{NULL}', '{NULL}')");

like $session->run("SELECT set_config('mdm.tenant', '1', false);
    SELECT mdm_r2.push_follow(1, 2)"), qr/Index Scan using enrollment_pkey on enrollment/,
    'who has no wish yet is found by his number';

is $pg->psql(q{SELECT string_agg(device_id || ' ' || command_uuid || ' ' || q.state, ', '
        ORDER BY device_id, command_uuid)
    FROM mdm.queue q JOIN mdm.enrollment USING (tenant_id, enrollment_id)}),
    'B two PUSH, C two PUSH, D one NOTNOW, D two QUEUED', 'and the calls did their work';

# Taking back does not compare each target with each row.

$pg->psql('ALTER ROLE mdm_api SET auto_explain.log_min_duration = 0');
$session = $pg->session(role => 'mdm_api');

for my $call ("command_cancel(1, 'joe', '', 'two', true)",
    "commands_cancel(1, 'joe', '', '{one}', true)")
{
    my ($text) = $session->run("SELECT * FROM mdm_r2.$call")
        =~ /(Delete on queue q .*?)CTE told/s;

    like $text, qr/Tid Scan on queue q /, "$call finds the rows";
    unlike $text, qr/Join Filter/, '... one by one';
}

is $pg->psql('SELECT count(*) FROM mdm.queue'), 0, '... all of it';

# Rows that leave the queue without an answer: sessions that saw small tables do
# well when these have grown, and nobody has made new statistics.

$pg->psql(q{ALTER TABLE mdm.queue SET (autovacuum_enabled = off);
    ALTER TABLE mdm.enrollment SET (autovacuum_enabled = off);
    ALTER ROLE mdm_job SET auto_explain.log_min_duration = 0});

my $job = $pg->session(role => 'mdm_job');
my $finish = q{SELECT mdm_r2.queue_finish(1, ARRAY(SELECT enrollment_id FROM mdm.enrollment
    WHERE tenant_id = 1 AND device_id ~ '^%s$' ORDER BY 1), array_fill('%s'::text, '{%d}'),
    'CANCELLED', 'r')};

$job->run("SET mdm.tenant = '1'");
$job->run(sprintf $finish, 'A', 'no', 1) for 1 .. 7;

$pg->psql(q{
    INSERT INTO mdm.enrollment (tenant_id, device_id, channel, state, generation,
            certificate, topic, enrolled_at)
    SELECT 1, 'E' || i, 'device', 'live', 1, sha256('E'), 't', now()
      FROM generate_series(1, 3000) i;
    INSERT INTO mdm.queue (tenant_id, enrollment_id, command_id, command_created_at,
            queued_at, generation, command_uuid, request_type)
    SELECT 1, e.enrollment_id, n, now(), now(), 1, 'many-' || n, 'T'
      FROM mdm.enrollment e, generate_series(1, 2) n WHERE e.device_id ~ '^E'});

my $text = $job->run(sprintf $finish, 'E\d+', 'many-1', 3000);
my ($plan) = $text =~ /(Query Text:\s+WITH gone.*?)^NOTICE/ms;
my $rows = 0;
$rows += $1 * $2 while $plan =~ /Scan[^\n]*actual rows=(\d+) loops=(\d+)/g;
$rows += $1 while $plan =~ /Rows Removed by[^:\n]*: (\d+)/g;

is $pg->psql(q{SELECT count(*) FROM mdm.result WHERE command_uuid = 'many-1'}), 3000,
    'three thousand rows are finished';
is $pg->psql(q{SELECT count(*) FROM mdm.queue WHERE command_uuid = 'many-2'}), 3000,
    '... and no others';
cmp_ok $rows, '<', 40000, '... and not each was compared with each' or diag $plan;

done_testing;
