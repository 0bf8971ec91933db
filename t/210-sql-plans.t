# With 400,000 commands waiting, no statement of the hot path reads a table
# from end to end, sorts a queue, or touches more rows than it answers.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg = MDM::Test::Postgres->start(migrate => 1, conf => {
    shared_buffers                      => '256MB',
    maintenance_work_mem                => '128MB',
    max_wal_size                        => '4GB',
    session_preload_libraries           => 'auto_explain',
    'auto_explain.log_nested_statements' => 'on',
    'auto_explain.log_level'            => 'notice',
    'auto_explain.log_analyze'          => 'on',
    'auto_explain.log_timing'           => 'off',
});
my $super = $pg->session;

sub sql { return $super->run($_[0]) }


# 80,000 devices with five commands each, in two tenants; every seventh command
# is about a subject and every hundredth waits for NotNow. Indexes are made after
# the rows, which is ten times faster.

sql(q{SELECT mdm_r2.tenant_add('acme', '{}', ''), mdm_r2.tenant_add('beta', '{}', '')});
sql(q{
INSERT INTO mdm.enrollment (tenant_id, device_id, channel, state, generation, certificate,
                            topic, enrolled_at)
SELECT 1 + i % 2, 'D' || i, 'device', 'live', 1, sha256(int4send(i)), 'topic', now()
  FROM generate_series(1, 80000) i;
INSERT INTO mdm.command (tenant_id, command_uuid, request_type, payload, created_at)
SELECT 1 + i % 2, 'U' || i, 'InstallProfile', 'payload', now()
  FROM generate_series(1, 1000) i;
CREATE TEMP TABLE definition AS
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS text
  FROM pg_index
 WHERE indrelid = 'mdm.queue'::regclass AND NOT indisprimary;
DO $$
DECLARE r record;
BEGIN
    FOR r IN SELECT * FROM definition LOOP EXECUTE 'DROP INDEX ' || r.name; END LOOP;
    INSERT INTO mdm.queue (tenant_id, enrollment_id, command_id, command_created_at,
                           queued_at, expires_at, generation, command_uuid, request_type,
                           subject, state, notnow_at)
    SELECT e.tenant_id, e.enrollment_id, c.command_id, c.created_at,
           now() - c.command_id * interval '1 second',
           now() + (1 + c.command_id) * interval '1 hour', 1,
           c.command_uuid, c.request_type,
           CASE WHEN c.command_id % 7 = 0 THEN 'subject' END,
           CASE WHEN c.command_id % 100 = 0 THEN 'NOTNOW' ELSE 'QUEUED' END, now()
      FROM mdm.enrollment e, generate_series(0, 4) g, mdm.command c
     WHERE c.tenant_id = e.tenant_id
       AND c.command_id = 1 + (e.enrollment_id - 1) % 200 + 200 * g;
    FOR r IN SELECT * FROM definition LOOP EXECUTE r.text; END LOOP;
END $$;
INSERT INTO mdm.enrollment_seen SELECT tenant_id, enrollment_id, now() FROM mdm.enrollment;
INSERT INTO mdm.idempotency (tenant_id, key)
SELECT tenant_id, 'command:' || command_uuid FROM mdm.command;
ANALYZE});

is sql('SELECT count(*) FROM mdm.queue'), '400000', '400,000 commands wait';

sql("ALTER ROLE mdm_$_ SET auto_explain.log_min_duration = 0") for qw(device api job);


# The plans of all statements that a call runs, its own SELECT among them.

sub plans {
    my ($role, $call) = @_;

    my $session = $pg->session(role => $role);
    $session->run('SET statement_timeout = 0');
    $session->run($call);                       # plans are made here and kept
    return $session->run($call);
}


sub check_plans {
    my ($name, $role, $call, %o) = @_;

    subtest $name => sub {
        my $text = plans($role, $call);
        my @plans = split /(?=^NOTICE: +duration)/m, $text;
        my $rows = $o{rows} // 12;

        unlike $text, qr/^ERROR/m, 'the call works';
        cmp_ok scalar(@plans), '>=', $o{statements} // 2, 'its statements were seen';
        for my $table (qw(enrollment enrollment_seen identity attribute command queue push
                          result\w* idempotency))
        {
            unlike $text, qr/Seq Scan on ${table}\b/, "no statement reads all of $table";
        }
        unlike $text, qr/Bitmap/, 'none builds a bitmap' if !$o{sort};
        unlike $text, qr/Sort Key.*offer_rank/, 'none sorts a queue' if !$o{sort};
        unlike $text, qr/Rows Removed by Filter: \d{3}/, 'none reads rows in vain';

        my ($most) = sort { $b <=> $a }
            $text =~ /Index (?:Only )?Scan[^\n]*actual rows=(\d+)/g;
        cmp_ok $most // 0, '<=', $rows, "no index scan returns more than $rows rows";
    };
}


# Devices 2, 4, … are of tenant 1, as the generator has it.

sub members {
    my @ids = map { 2 * $_ } @_;

    return sprintf '%s, %s, %s, %s, %s',
        "'{" . join(',', map { 1 } @ids) . "}'",
        "'{" . join(',', map { "D$_" } @ids) . "}'",
        "'{" . join(',', map { '""' } @ids) . "}'",
        'ARRAY[' . join(',', map { "sha256(int4send($_))" } @ids) . ']',
        "'{" . join(',', map { 'f' } @ids) . "}'";
}

# One CommandUUID for all, or a list of one for each.

sub report {
    my ($uuid, $status, @ids) = @_;

    my $all = sub { "'{" . join(',', map { $_[0] } @ids) . "}'" };
    return 'SELECT * FROM mdm_r2.report(' . members(@ids) . ', '
        . (ref $uuid ? "'{" . join(',', @$uuid) . "}'" : $all->($uuid))
        . ', ' . $all->($status) . ", ARRAY[" . join(',', map { "'raw'::bytea" } @ids)
        . ']' . (', ' . $all->('NULL')) x 4 . ')';
}

my $uuid = sql(q{SELECT q.command_uuid FROM mdm.queue q JOIN mdm.enrollment e
    USING (tenant_id, enrollment_id) WHERE e.device_id = 'D40' LIMIT 1});

check_plans('poll, one', 'mdm_device',
    'SELECT * FROM mdm_r2.poll(' . members(7) . ')');
check_plans('poll, 32', 'mdm_device',
    'SELECT * FROM mdm_r2.poll(' . members(1 .. 32) . ')');
check_plans('deliver, one', 'mdm_device',
    'SELECT * FROM mdm_r2.deliver(' . members(100) . ')', statements => 4);
check_plans('deliver, 32', 'mdm_device',
    'SELECT * FROM mdm_r2.deliver(' . members(200 .. 231) . ')', statements => 90);
my @out = split /\n/, sql(q{SELECT q.command_uuid FROM mdm.queue q JOIN mdm.enrollment e
    USING (tenant_id, enrollment_id) WHERE q.state = 'PUSH' AND q.tenant_id = 1
    AND substr(e.device_id, 2)::integer BETWEEN 400 AND 462
    ORDER BY substr(e.device_id, 2)::integer});
is @out, 32, 'each of them has one command now';
check_plans('report, 32', 'mdm_device',
    'BEGIN; ' . report(\@out, 'Acknowledged', 200 .. 231) . '; ROLLBACK', rows => 32);
like plans('mdm_device', 'BEGIN; ' . report(\@out, 'Error', 200 .. 231) . '; ROLLBACK'),
    qr/Tid Scan on queue.*actual rows=1 loops=32/, 'which finds what it read before';
check_plans('report of a live command', 'mdm_device',
    'BEGIN; ' . report($uuid, 'Acknowledged', 20) . '; ROLLBACK', statements => 5);
check_plans('report of an unknown command', 'mdm_device',
    'BEGIN; ' . report('none', 'Acknowledged', 21) . '; ROLLBACK', statements => 6);
check_plans('NotNow', 'mdm_device',
    'BEGIN; ' . report($uuid, 'NotNow', 20) . '; ROLLBACK', statements => 4);
check_plans('report_types, 32', 'mdm_device',
    'SELECT * FROM mdm_r2.report_types(' . join(', ', map { "'{" . join(',', @$_) . "}'" }
        [ (1) x 32 ], [ map { 'D' . 2 * $_ } 200 .. 231 ], [ ('""') x 32 ], \@out) . ')',
    rows => 32);
check_plans('report with effects', 'mdm_device',
    "BEGIN; SELECT * FROM mdm_r2.report(" . members(20) . ", '{$uuid}', '{Acknowledged}',
      ARRAY['raw'::bytea], '{NULL}', '{NULL}', ARRAY['{\"attributes\": {\"OSVersion\": \"1\",
      \"IsSupervised\": true, \"Gone\": null}, \"secrets\": [{\"kind\": \"code\", \"value\":
      \"eA==\", \"digest\": \"eA==\"}], \"commands\": [{\"command_uuid\": \"follows\",
      \"request_type\": \"X\", \"payload\": \"eA==\", \"digest\": \"eA==\"}], \"events\":
      [{\"type\": \"x\", \"data\": {}}]}'], '{NULL}'); ROLLBACK", statements => 12, sort => 1);
check_plans('seen', 'mdm_device',
    q{SELECT mdm_r2.seen('{1,1}', '{2,4}', '{5,6}')}, statements => 2);
check_plans('authenticate', 'mdm_device',
    q{BEGIN; SELECT mdm_r2.authenticate(1, 'device', 'D2', sha256('new'), false,
      2000000000, 'CN', '01', 'topic', '{}', 'raw', NULL); ROLLBACK}, statements => 5);
check_plans('token_update', 'mdm_device',
    q{BEGIN; SELECT mdm_r2.token_update(1, 'device', 'D2', '', sha256(int4send(2)), false,
      'topic', 't', 'm', NULL, false, false, NULL, NULL, 'raw', NULL); ROLLBACK}, statements => 5);
check_plans('enqueue to 100 devices', 'mdm_api',
    q{BEGIN; SELECT count(*) FROM mdm_r2.enqueue(1, 'joe', '', 'plan', 'InstallProfile',
      'subject', 'p', 'd', 'safe', false, false, true, 0, 0::smallint, 0, 'key',
      ARRAY(SELECT 'D' || 2 * i FROM generate_series(1, 100) i),
      array_fill(''::text, '{100}'), true); ROLLBACK}, statements => 5, rows => 100,
    sort => 1);
check_plans('measuring', 'mdm_job', 'SELECT mdm_r2.metric_measure(500)',
    statements => 8, rows => 10000, sort => 1);
check_plans('enqueue to 100 devices again', 'mdm_api',
    q{BEGIN; SELECT count(*) FROM generate_series(1, 2), LATERAL mdm_r2.enqueue(1, 'joe', '',
      'plan-2', 'ProfileList', NULL, 'p', 'd', 'safe', false, false, false, 0, 0::smallint,
      0, NULL, ARRAY(SELECT 'D' || 2 * i FROM generate_series(1, 100) i),
      array_fill(''::text, '{100}'), true); ROLLBACK}, statements => 10, rows => 100,
    sort => 1);
check_plans('cancelling a command', 'mdm_api',
    q{BEGIN; SELECT mdm_r2.command_cancel(1, 'joe', '', 'U4', true); ROLLBACK},
    statements => 4, rows => 1000, sort => 1);
check_plans('cancelling ten commands', 'mdm_api',
    q{BEGIN; SELECT count(*) FROM mdm_r2.commands_cancel(1, 'joe', '',
      ARRAY(SELECT 'U' || 100 + 2 * i FROM generate_series(1, 10) i), true); ROLLBACK},
    statements => 4, rows => 1000, sort => 1);
check_plans('clearing a queue', 'mdm_api',
    q{BEGIN; SELECT mdm_r2.queue_cancel(1, 'joe', '', 'D2', '', NULL, true); ROLLBACK},
    statements => 4, sort => 1);
check_plans('cancelling one of a queue', 'mdm_api',
    q{BEGIN; SELECT mdm_r2.queue_cancel(1, 'joe', '', 'D40', '', '} . $uuid
    . q{', true); ROLLBACK}, statements => 4);
sql("UPDATE mdm.queue SET state = 'PUSH' WHERE command_uuid = 'U6';
     UPDATE mdm.queue SET state = 'STALLED', offer_rank = NULL WHERE command_uuid = 'U6'");
check_plans('releasing a command', 'mdm_api',
    q{BEGIN; SELECT mdm_r2.command_release_all(1, 'joe', '', 'U6', '{}'); ROLLBACK},
    statements => 4, rows => 2000, sort => 1);
sql("UPDATE mdm.command c SET targets = ARRAY(SELECT q.enrollment_id FROM mdm.queue q
     WHERE q.tenant_id = c.tenant_id AND q.command_uuid = c.command_uuid)");
check_plans('a command', 'mdm_api',
    q{SELECT * FROM mdm_r2.command_show(1, 'U8', true)}, statements => 2, sort => 1);
check_plans('the targets of a command', 'mdm_api',
    q{SELECT count(*) FROM mdm_r2.command_targets(1, 'U8', '100', 100)}, statements => 2,
    sort => 1);
check_plans('a payload', 'mdm_api',
    q{BEGIN; SELECT mdm_r2.command_payload(1, 'joe', '', 'U8'); ROLLBACK},
    statements => 3);
check_plans('the sweep', 'mdm_job', 'SELECT mdm_r2.sweep(100)', rows => 100,
    sort => 1);

done_testing;
