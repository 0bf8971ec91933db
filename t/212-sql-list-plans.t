# What people list never slows devices: with 160,000 enrolments in a tenant, no
# listing reads them all, sorts them, or touches more than its bound of rows,
# whatever the filter.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg = MDM::Test::Postgres->start(migrate => 1, conf => {
    shared_buffers                       => '256MB',
    maintenance_work_mem                 => '128MB',
    max_wal_size                         => '4GB',
    session_preload_libraries            => 'auto_explain',
    'auto_explain.log_nested_statements' => 'on',
    'auto_explain.log_level'             => 'notice',
    'auto_explain.log_analyze'           => 'on',
    'auto_explain.log_buffers'           => 'on',
    'auto_explain.log_timing'            => 'off',
});
my $super = $pg->session;

sub sql { return $super->run($_[0]) }


# 160,000 channels, four attributes each of the first 100,000 of them, two others
# of the last; one short name that every second user has; one channel with thousands
# of commands, asked and done. Indexes are made after the rows.

sql(q{SELECT mdm_r2.tenant_add('acme', '{}', ''), mdm_r2.tenant_add('beta', '{}', '')});
sql(q{
CREATE TEMP TABLE definition AS
SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS text
  FROM pg_index
 WHERE indrelid IN ('mdm.enrollment'::regclass, 'mdm.attribute'::regclass)
   AND NOT indisprimary;
DO $$
DECLARE r record;
BEGIN
    FOR r IN SELECT * FROM definition LOOP EXECUTE 'DROP INDEX ' || r.name; END LOOP;
    INSERT INTO mdm.enrollment (tenant_id, device_id, user_id, channel, state, generation,
                                certificate, topic, enrolled_at, user_short_name)
    SELECT 1 + (i % 100 = 0)::int, 'D' || to_char(i / 2, 'FM000000'),
           CASE WHEN i % 2 = 1 THEN 'U' || i ELSE '' END,
           CASE WHEN i % 2 = 1 THEN 'user' ELSE 'device' END,
           'live', 1, sha256(int4send(i)), 'topic', now(),
           CASE WHEN i % 4 = 1 THEN 'admin' WHEN i % 4 = 3 THEN 'user' || i END
      FROM generate_series(1, 160000) i;
    INSERT INTO mdm.attribute (tenant_id, enrollment_id, name, value_text, value_boolean)
    SELECT e.tenant_id, e.enrollment_id, a.name,
           CASE a.name WHEN 'SerialNumber' THEN 'S' || e.enrollment_id
                       WHEN 'OSVersion' THEN '26.0'
                       WHEN 'ProductName' THEN 'iPhone17,2' END,
           CASE a.name WHEN 'IsLocked' THEN e.enrollment_id % 50000 = 0 END
      FROM (SELECT * FROM mdm.enrollment ORDER BY enrollment_id LIMIT 100000) e,
           unnest('{SerialNumber,OSVersion,ProductName,IsLocked}'::text[]) AS a (name);
    INSERT INTO mdm.attribute (tenant_id, enrollment_id, name, value_number, value_time)
    SELECT e.tenant_id, e.enrollment_id, a.name,
           CASE a.name WHEN 'Level' THEN 0.5 END,
           CASE a.name WHEN 'BackedUp' THEN timestamptz '2026-05-04 08:15Z'
                                            + e.enrollment_id * interval '1 s' END
      FROM (SELECT * FROM mdm.enrollment ORDER BY enrollment_id DESC LIMIT 50000) e,
           unnest('{Level,BackedUp}'::text[]) AS a (name);
    FOR r IN SELECT * FROM definition LOOP EXECUTE r.text; END LOOP;
END $$;
INSERT INTO mdm.enrollment_seen SELECT tenant_id, enrollment_id, now() FROM mdm.enrollment;
INSERT INTO mdm.queue (tenant_id, enrollment_id, command_id, command_created_at, queued_at,
                       generation, command_uuid, request_type, subject)
SELECT 1, e.enrollment_id, i, now(), now() + i * interval '1 second', 1,
       'U' || i || '-' || e.enrollment_id, 'InstallProfile', CASE WHEN i % 7 = 0 THEN 's' END
  FROM (SELECT * FROM mdm.enrollment WHERE tenant_id = 1
         ORDER BY device_id, user_id LIMIT 10) e, generate_series(1, 5000) i;
INSERT INTO mdm.result (tenant_id, enrollment_id, generation, command_uuid, from_state,
                        state, finished_at, request_type)
SELECT tenant_id, enrollment_id, 1, command_uuid, 'PUSH', 'ACKNOWLEDGED',
       now() - command_id * interval '1 second', request_type
  FROM mdm.queue;
INSERT INTO mdm.identity (tenant_id, fingerprint, enrollment_id, state)
SELECT tenant_id, certificate, enrollment_id, 'bound' FROM mdm.enrollment
 WHERE user_id = '' AND enrollment_id < 100000;
INSERT INTO mdm.event (tenant_id, type, enrollment_id)
SELECT tenant_id, CASE WHEN enrollment_id % 100 = 0 THEN 'identity_refused'
                       ELSE 'enrolled' END, enrollment_id
  FROM mdm.enrollment WHERE enrollment_id < 100000;
ANALYZE});

is sql('SELECT count(*) FROM mdm.enrollment'), '160000', 'there are 160,000 channels';
my $busy = sql(q{SELECT device_id FROM mdm.enrollment WHERE tenant_id = 1
    ORDER BY device_id, user_id LIMIT 1});

sql("ALTER ROLE mdm_$_ SET auto_explain.log_min_duration = 0") for qw(api device);


# Runs a call until its plans are made and kept, then looks at them. rows: the
# most that one scan may return, and one sort may take; buffers: of the call.

sub check_plans {
    my ($name, $call, %o) = @_;

    subtest $name => sub {
        my $session = $pg->session(role => $o{role} // 'mdm_api');
        $session->run("SET statement_timeout = 0; SET mdm.tenant = 1;
            SELECT count(*) FROM $call");
        my $text = $session->run("SELECT count(*) FROM $call");
        my $rows = $o{rows} // 101;

        unlike $text, qr/^ERROR/m, 'the call works';
        like $text, qr/Index/, '... and its plans were seen';
        unlike $text, qr/Seq Scan on (?!unnest)(?!command_state)\w+/, 'it reads no table';
        unlike $text, qr/Bitmap/, '... and builds no bitmap';

        my ($most) = sort { $b <=> $a } 0,
            $text =~ /Index (?:Only )?Scan[^\n]*actual rows=(\d+)/g;
        cmp_ok $most, '<=', $rows, "no scan returns more than $rows rows";
        my ($removed) = sort { $b <=> $a } 0,
            $text =~ /Rows Removed by Filter: (\d+)/g;
        cmp_ok $removed, '<=', $o{removed} // 1, '... or reads rows in vain';
        my ($sorted) = sort { $b <=> $a } 0,
            $text =~ /(?:^|->)\s*Sort [^\n]*actual rows=(\d+)/mg;
        cmp_ok $sorted, '<=', $o{sorted} // 101, '... or is sorted';

        my ($hit) = $text =~ /.*Buffers: shared hit=(\d+)/s;
        cmp_ok $hit, '<', $o{buffers} // 5000, 'it touches few pages';
    };
}


sub page {
    my ($filter, $after) = @_;

    return 'mdm_r2.enrollments(1, ' . ($after // "''") . ', 101'
        . ($filter ? ", $filter" : '') . ')';
}

# The bound of a scan is 10,000 channels, with the times of contact of each.

my %bounded = (rows => 10_000, buffers => 130_000);

check_plans('a first page', page());
check_plans('a page in the middle', page('', "E'\\nD040000\\n'"));
check_plans('one serial number', page("p_serial => 'S777'"));
check_plans('a prefix of it', page("p_serial => 'S77*'"));
check_plans('... that few have', page("p_serial => 'S7777*'"));
check_plans('... that nobody has', page("p_serial => 'X*'"));
check_plans('an attribute that nearly all have',
    page("p_names => '{OSVersion}', p_values => '{26.0}'"));
check_plans('... in the middle',
    page("p_names => '{OSVersion}', p_values => '{26.0}'", "E'26.0\\nD025001\\n'"));
check_plans('any value of it', page("p_names => '{OSVersion}', p_values => '{*}'"));
check_plans('two that all have, and a serial number',
    page("p_serial => 'S77*', p_names => '{OSVersion,ProductName}',
          p_values => '{26*,iPhone*}'"));
check_plans('two that do not come together',
    page("p_names => '{OSVersion,ProductName}', p_values => '{26.0,Mac*}'"), %bounded);
check_plans('a boolean that few have',
    page("p_names => '{IsLocked}', p_values => '{true}'"));
check_plans('a boolean that nearly all have',
    page("p_names => '{IsLocked}', p_values => '{false}'"));
check_plans('... in the middle', page("p_names => '{IsLocked}', p_values => '{false}'",
    "chr(1114111) || E'\\nD025001\\n'"));
check_plans('a number that many have', page("p_names => '{Level}', p_values => '{0.5}'"),
    removed => 2);
check_plans('... and a time that one has', page("p_names => '{BackedUp,Level}',
    p_values => '{x,0.50}', p_times => ARRAY[1777997700000000, NULL]"));
check_plans('a number and a boolean that do not meet',
    page("p_names => '{IsLocked,Level}', p_values => '{false,0.5}'"), %bounded);
check_plans('a number that nobody has', page("p_names => '{Level}', p_values => '{1}'"));
check_plans('one user', page("p_user => 'user77'"));
check_plans('a prefix of users', page("p_user => 'user77*'"));
check_plans('a user of whom there are many', page("p_user => 'admin'"));
check_plans('... in the middle', page("p_user => 'admin'", "E'admin\\nD040000\\nU1'"));
check_plans('a user and a serial number that do not meet',
    page("p_user => 'admin', p_serial => 'S*'"), %bounded);
check_plans('a state that all have', page("p_state => 'live'"));
check_plans('a state that nobody has', page("p_state => 'ended'"), %bounded);
check_plans('a kind that nobody has', page("p_channel => 'shared_user'"), %bounded);
check_plans('an ownership that nobody has', page("p_ownership => 'user'"), %bounded);
check_plans('supervised, which nobody is', page('p_supervised => true'), %bounded);
check_plans('not seen for long, which nobody was', page('p_seen_before => 1'), %bounded);
check_plans('seen of late, which all were', page('p_seen_after => 1'));
check_plans('all filters at once', page("p_channel => 'user', p_ownership => 'shared',
    p_state => 'live', p_supervised => true, p_seen_after => 1, p_seen_before => 2,
    p_user => 'a*', p_serial => 'S*', p_names => '{OSVersion}', p_values => '{26*}'"),
    %bounded);

check_plans('one enrolment', "mdm_r2.enrollment_show(1, '$busy', '')", rows => 1000,
    sorted => 5);
check_plans('one user of it', 'mdm_r2.enrollment_show(1, \'D040000\', \'U80001\')');
check_plans('why', "mdm_r2.enrollment_why(1, '$busy', '')", rows => 1000, sorted => 1000,
    buffers => 10_000);
my $targets = join ',', map { sprintf 'D%06d', $_ } 1 .. 100;
check_plans('what is known of targets', "mdm_r2.target_facts(1, '{$targets}',
    array_fill(''::text, '{100}'), '{SerialNumber,None}')", rows => 101, removed => 2);
check_plans('... of users', "mdm_r2.target_facts(1, '{$targets}',
    array_fill('U1'::text, '{100}'), '{SerialNumber}')", rows => 101);
check_plans('a queue', "mdm_r2.enrollment_queue(1, '$busy', '', '', 101)");
my $cursor = sql("SELECT cursor FROM mdm_r2.enrollment_queue(1, '$busy', '', '', 3000)
    OFFSET 2999");
check_plans('... in the middle',
    "mdm_r2.enrollment_queue(1, '$busy', '', '$cursor', 101)");
check_plans('a history', "mdm_r2.enrollment_history(1, '$busy', '', '', 101)");
check_plans('a history of a state that it lacks',
    "mdm_r2.enrollment_history(1, '$busy', '', '', 101, 'ERROR')", rows => 2000,
    buffers => 10_000);
check_plans('a report',
    "mdm_r2.enrollment_report(1, 'joe', '', '$busy', '', 'U1')");
check_plans('a secret',
    "mdm_r2.enrollment_secret(1, 'joe', '', '$busy', '', 'unlock_token', false)");
check_plans('the history of a secret',
    "mdm_r2.enrollment_secret(1, 'joe', '', '$busy', '', 'unlock_token', true)");
check_plans('the kinds of secrets', "mdm_r2.enrollment_secrets(1, '$busy', '')");
check_plans('a report for its handler', "mdm_r2.effects_open(1, '$busy', '', 'U1')");

# A user of a device that has told of itself, and what a command may want of both.
my $user = sql(q{SELECT e.enrollment_id FROM mdm.enrollment e
    WHERE e.tenant_id = 1 AND e.device_id = 'D000777' AND e.user_id <> ''});
sql(q{INSERT INTO mdm.secret (tenant_id, enrollment_id, kind, generation, value)
    SELECT e.tenant_id, e.enrollment_id, 'unlock_token', 1, 'token'
      FROM mdm.enrollment e WHERE e.enrollment_id < 100000; ANALYZE mdm.secret});
check_plans('what a command wants', "mdm_r2.wanted(1, $user,
    '{SerialNumber,UserShortName,OSVersion,Nothing,Token<unlock_token}')",
    role => 'mdm_device', rows => 1, removed => 4, buffers => 500);

done_testing;
