# Sessions that deliver, report, enqueue, cancel, re-enrol and sweep at once, all
# on the same few devices: no deadlock, and every command ends once.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $rounds = $ENV{MDM_TEST_LONG} ? 2000 : 150;
my $devices = 8;

my $pg = MDM::Test::Postgres->start(migrate => 1,
    conf => { deadlock_timeout => '50ms' });
my $super = $pg->session;

sub sql { return $super->run($_[0]) }


# What the sessions need to know of the queue, seen past the tenants' wall, and a
# note of every command that was accepted for a device.

$pg->psql(q{
SELECT mdm_r2.tenant_add('acme', '{}', '');
CREATE SCHEMA test;
CREATE TABLE test.asked (command_uuid text, device_id text);
CREATE FUNCTION test.members(OUT t bigint[], OUT d text[], OUT u text[], OUT c bytea[],
                             OUT e boolean[], OUT uuid text[], OUT status text[],
                             OUT raw bytea[], OUT nothing text[])
LANGUAGE sql VOLATILE SECURITY DEFINER AS $$
    SELECT array_agg(1::bigint), array_agg(s.device_id), array_agg(''::text),
           array_agg(sha256(s.device_id::bytea)), array_agg(false),
           array_agg(s.command_uuid),
           array_agg(CASE WHEN random() < 0.3 THEN 'NotNow'::text WHEN random() < 0.1
                          THEN 'Error' ELSE 'Acknowledged' END),
           array_agg('raw'::bytea), array_agg(NULL::text)
      FROM (SELECT e.device_id,
                   coalesce((SELECT q.command_uuid FROM mdm.queue q
                              WHERE q.enrollment_id = e.enrollment_id
                                AND q.state = 'PUSH'
                              ORDER BY random() LIMIT 1), 'none') AS command_uuid
              FROM mdm.enrollment e
             WHERE random() < 0.6
             ORDER BY random()) s
    HAVING count(*) > 0
$$;
GRANT USAGE ON SCHEMA test TO PUBLIC;
GRANT INSERT ON test.asked TO PUBLIC;
});

my $all = join ',', map { "D$_" } 1 .. $devices;
my $none = join ',', map { '""' } 1 .. $devices;
my $uuid = 0;

sub enrol {
    my ($device) = @_;

    return "SELECT mdm_r2.authenticate(1, 'device', '$device', sha256('$device'), false,
        2000000000, 'CN', '01', 'topic', '{\"OSVersion\": \"1\"}',
        NULL, NULL);
    SELECT mdm_r2.token_update(1, 'device', '$device', '', sha256('$device'), false,
        'topic', 't', 'm', NULL, false, false, NULL, NULL, NULL, NULL)";
}

sub enqueue {
    my $id = 'c' . ++$uuid;

    return sprintf "WITH r AS (SELECT * FROM mdm_r2.enqueue(1, 'joe', '', '%s',
            'InstallProfile', %s, 'p', 'd', '%s', %s, false, %s, %d, %d::smallint, %d, %s,
            '{%s}', '{%s}', true))
        INSERT INTO test.asked SELECT '%s', d.id
          FROM unnest('{%s}'::text[]) WITH ORDINALITY AS d (id, n)
         WHERE d.n NOT IN (SELECT n FROM r)",
        $id, $uuid % 4 ? "'s" . $uuid % 3 . "'" : 'NULL', $uuid % 5 ? 'safe' : 'once',
        $uuid % 7 ? 'false' : 'true', $uuid % 2 ? 'true' : 'false',
        $uuid % 6 ? 0 : 1, $uuid % 3, $uuid % 6 ? 0 : 60,
        $uuid % 3 ? 'NULL' : "'key'", $all, $none, $id,
        $all;
}

sub cancel {
    my $one = sub { 'c' . (1 + int rand($uuid || 1)) };
    my $device = 'D' . (1 + int rand $devices);

    return (
        "SELECT outcome FROM mdm_r2.command_cancel(1, 'joe', '', '" . $one->()
            . "', true, 0, 5)",
        "SELECT count(*) FROM mdm_r2.commands_cancel(1, 'joe', '', '{"
            . join(',', map { $one->() } 1 .. 5) . "}', true, 1, 0, 10)",
        "SELECT outcome FROM mdm_r2.queue_cancel(1, 'joe', '', '$device', '', NULL, false)",
        "SELECT outcome FROM mdm_r2.command_release_all(1, 'joe', '', '" . $one->()
            . "', '{}')",
    )[rand 4];
}

my $deliver = 'SELECT count(*) FROM test.members() m,
    mdm_r2.deliver(m.t, m.d, m.u, m.c, m.e) WHERE m.t IS NOT NULL';
my $report = q{SELECT count(*) FROM test.members() m,
    mdm_r2.report(m.t, m.d, m.u, m.c, m.e, m.uuid, m.status, m.raw, m.nothing, m.nothing,
        ARRAY(SELECT CASE WHEN random() < 0.3 THEN jsonb_build_object(
                  'attributes', jsonb_build_object('IsSupervised', random() < 0.5,
                      'A', random()::text, 'B', null),
                  'secrets', jsonb_build_array(jsonb_build_object('kind', 'code',
                      'value', 'eA==', 'digest', encode(random()::text::bytea, 'base64'))),
                  'commands', jsonb_build_array(jsonb_build_object(
                      'command_uuid', random()::text, 'request_type', 'Follow',
                      'payload', 'eA==', 'digest', 'eA==', 'subject', 'follow',
                      'supersedes', true)))::text END
                FROM unnest(m.d)),
        m.nothing)
    WHERE m.t IS NOT NULL};

$pg->psql(enrol("D$_"), role => 'mdm_device') for 1 .. $devices;


my @work = (
    (map { [ mdm_device => sub { $_[0] % 3 ? $report : $deliver } ] } 1 .. 3),
    (map { [ mdm_api => sub { $_[0] % 4 ? enqueue() : cancel() } ] } 1 .. 2),
    # The last two stay enrolled, so that commands get old there.
    [ mdm_device => sub { enrol('D' . (1 + int rand $devices - 2)) } ],
    [ mdm_job => sub { 'SELECT mdm_r2.sweep(50) FROM pg_sleep(0.02)' } ],
);

# In turn, so that all are busy at the same time.

my @sessions = map { $pg->session(role => $_->[0]) } @work;

for my $round (1 .. $rounds) {
    $sessions[$_]->send($work[$_][1]->($round)) for 0 .. $#work;
}

my $said = join "\n", map { $_->finish } @sessions;
my @errors = grep { !/lock timeout/ } $said =~ /^(ERROR:.*)$/mg;

is join("\n", @errors), '', 'no session met an error, a deadlock least of all';
cmp_ok scalar(() = $said =~ /lock timeout/g), '<', @work * $rounds / 20,
    'waiting too long for a lock is rare';

# Of those with a short life none may have been accepted.

sql(q{UPDATE mdm.queue SET expires_at = now() - interval '1 s'
       WHERE ctid = (SELECT ctid FROM mdm.queue WHERE state = 'QUEUED' LIMIT 1)});
sleep 1;
$pg->psql('SELECT mdm_r2.sweep(10000)', role => 'mdm_job');

is sql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';
cmp_ok sql('SELECT count(*) FROM test.asked'), '>', $rounds, 'much was asked';
is sql(q{
    SELECT count(*)
      FROM test.asked a
      JOIN mdm.enrollment e USING (device_id)
     WHERE 1 <> (SELECT count(*) FROM mdm.queue q
                  WHERE q.command_uuid = a.command_uuid
                    AND q.enrollment_id = e.enrollment_id)
              + (SELECT count(*) FROM mdm.result r
                  WHERE r.command_uuid = a.command_uuid
                    AND r.enrollment_id = e.enrollment_id AND r.state <> 'UNASKED')}), '0',
    'every command waits or has ended, once for each device';
is sql(q{SELECT count(*) FROM mdm.queue q JOIN mdm.enrollment e USING (enrollment_id)
          WHERE q.request_type <> 'Follow'
            AND NOT EXISTS (SELECT FROM test.asked a
                             WHERE (a.command_uuid, a.device_id)
                                 = (q.command_uuid, e.device_id))}), '0',
    'and nothing waits that was not accepted';
my $states = sql(q{SELECT string_agg(DISTINCT state::text, ' ') FROM mdm.result});
like $states, qr/\b$_\b/, "the run met the end $_"
    for qw(ACKNOWLEDGED ERROR CANCELLED EXPIRED);
cmp_ok sql('SELECT count(*) FROM mdm.result WHERE effects_at IS NOT NULL'), '>', $rounds / 4,
    'many of them with effects';
is sql('SELECT count(*) FROM mdm.result WHERE effects_failed IS NOT NULL'), '0',
    '... which never failed';
cmp_ok sql('SELECT max(generation) FROM mdm.enrollment'), '>', 5,
    'and many generations of a device';

done_testing;
