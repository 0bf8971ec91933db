# Commands are queued, delivered, reported, pushed, and recorded, tokens change and
# devices enrol anew, all at once: nobody waits for ever, and no device with something
# to do is without a wish.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Wishes;

my $rounds = $ENV{MDM_TEST_LONG} ? 1500 : 60;
my $devices = 60;

my $w = MDM::Test::Wishes->new(conf => { deadlock_timeout => '50ms' });
my @names = map { $w->device } 1 .. $devices;
my $uuid = 0;


# Half of the devices come at a time, in an order of their own; they answer what they
# were given.

$w->sql(q{
CREATE SCHEMA test;
CREATE FUNCTION test.members(OUT t bigint[], OUT d text[], OUT u text[], OUT c bytea[],
                             OUT e boolean[], OUT uuid text[], OUT status text[],
                             OUT raw bytea[], OUT nothing text[])
LANGUAGE sql VOLATILE SECURITY DEFINER AS $$
    SELECT array_agg(1::bigint), array_agg(s.device_id), array_agg(''::text),
           array_agg(s.certificate), array_agg(false), array_agg(s.command_uuid),
           array_agg(CASE WHEN random() < 0.3 THEN 'NotNow'::text ELSE 'Acknowledged' END),
           array_agg('raw'::bytea), array_agg(NULL::text)
      FROM (SELECT e.device_id, sha256(convert_to('1' || e.device_id, 'UTF8')) AS certificate,
                   coalesce((SELECT q.command_uuid FROM mdm.queue q
                              WHERE q.enrollment_id = e.enrollment_id AND q.state = 'PUSH'
                              ORDER BY random() LIMIT 1), 'none') AS command_uuid
              FROM mdm.enrollment e
             WHERE random() < 0.5
             ORDER BY random()) s
    HAVING count(*) > 0
$$;

-- What two owners in turn have claimed, answered by lot.
CREATE TABLE test.claimed (id bigint, token text);
CREATE FUNCTION test.push(p_owner text, p_limit integer) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_ids     bigint[];
    v_tokens  text[];
BEGIN
    PERFORM FROM mdm_r2.push_lease(p_owner, 15, NULL, 10);
    SELECT array_agg(enrollment_id), array_agg(encode(token, 'hex'))
      INTO v_ids, v_tokens
      FROM mdm_r2.push_claim(p_owner, 1, 'topic', p_limit) WHERE n > 0;
    INSERT INTO test.claimed SELECT * FROM unnest(v_ids, v_tokens);
    RETURN cardinality(v_ids);
END
$$;
CREATE FUNCTION test.record(p_owner text, p_limit integer) RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_ids     bigint[];
    v_tokens  text[];
BEGIN
    WITH d AS (DELETE FROM test.claimed WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM test.claimed ORDER BY random() LIMIT p_limit FOR UPDATE SKIP LOCKED))
        RETURNING *)
    SELECT array_agg(id), array_agg(token) INTO v_ids, v_tokens FROM d;
    RETURN (mdm_r2.push_record(p_owner, 1, 'topic', v_ids, v_tokens,
        ARRAY(SELECT gen_random_uuid()::text FROM unnest(v_ids)),
        ARRAY(SELECT (ARRAY['accepted', 'accepted', 'accepted', 'dead', 'refused', 'throttled',
                            'returned', 'again'])[1 + floor(random() * 8)] FROM unnest(v_ids)),
        ARRAY(SELECT '' FROM unnest(v_ids)), ARRAY(SELECT 0 FROM unnest(v_ids)),
        ARRAY(SELECT 0 FROM unnest(v_ids)))).outcome;
END
$$;
GRANT USAGE ON SCHEMA test TO PUBLIC;
GRANT ALL ON test.claimed TO PUBLIC});

my $members = 'm.t, m.d, m.u, m.c, m.e';
my $targets = MDM::Test::Wishes::ids(@names);
my $some = sub { MDM::Test::Wishes::ids(sort { rand() <=> 0.5 } @names[0 .. 20]) };

sub enqueue {
    my $id = 'c' . ++$uuid;

    return sprintf "SELECT count(*) FROM mdm_r2.enqueue(1, 'joe', '', '%s', 'ProfileList', %s,
        'p', 'd', 'safe', false, false, %s, 0, 0::smallint, %d, NULL, %s, true)", $id,
        $uuid % 3 ? "'subject'" : 'NULL', $uuid % 2 ? 'true' : 'false', $uuid % 7 ? 0 : 1,
        $uuid % 4 ? $targets : $some->();
}

# A new token, or a new enrolment, or an end of one.

sub change {
    my $device = $names[rand @names];
    my $token = $_[0] % 3 ? int rand 1e9 : $device;
    my $enrol = $_[0] % 4 ? '' : "SELECT mdm_r2.authenticate(1, 'device', '$device',
        sha256('1$device'), false, 2000000000, 'CN', '01', 'topic', '{}', NULL, NULL);";

    return "$enrol SELECT outcome FROM mdm_r2.token_update(1, 'device', '$device', '',
        sha256('1$device'), false, 'topic', '$token', 'magic', NULL, false, false, NULL,
        NULL, NULL, NULL)";
}

sub person {
    return (
        "SELECT count(*) FROM mdm_r2.push_ask(1, 'joe', '', " . $some->() . ')',
        "SELECT * FROM mdm_r2.push_resume(1, 'joe', '', 'topic', " . $some->() . ')',
        "SELECT outcome FROM mdm_r2.command_release_all(1, 'joe', '', 'c"
            . int(1 + rand($uuid + 1)) . "', '{}')",
    )[rand 3];
}

my @work = (
    [ mdm_device => sub { "SELECT count(*) FROM test.members() m, mdm_r2.deliver($members)
        WHERE m.t IS NOT NULL" } ],
    [ mdm_device => sub { "SELECT count(*) FROM test.members() m, mdm_r2.report($members,
        m.uuid, m.status, m.raw, m.nothing, m.nothing, m.nothing, m.nothing)
        WHERE m.t IS NOT NULL" } ],
    (map { [ mdm_api => \&enqueue ] } 1 .. 2),
    [ mdm_device => \&change ],
    [ mdm_api => \&person ],
    [ mdm_api => sub { "SELECT * FROM mdm_r2.push_resume(1, 'joe', '', 'topic', NULL, NULL)" } ],
    [ mdm_job => sub { "SELECT test.push('one', 30)" } ],
    [ mdm_job => sub { $_[0] % 5 ? "SELECT test.push('two', 10)"
        : "SELECT mdm_r2.push_release('" . ($_[0] % 2 ? 'one' : 'two')
            . "', '{1}', '{topic}')" } ],
    [ mdm_job => sub { "SELECT test.record('one', 20)" } ],
    [ mdm_job => sub { "SELECT test.record('two', 20)" } ],
    [ postgres => sub { $_[0] % 5 ? "UPDATE mdm.push SET due_at = now() WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM mdm.push WHERE due_at < 'infinity' FOR UPDATE SKIP LOCKED))"
        : "UPDATE mdm.push_topic SET until = now()" } ],
    [ mdm_job => sub { q{SELECT mdm_r2.push_renew('one', 15, '{1}', '{topic}', '{1}', '{""}', '{0}')} } ],
);

my @sessions = map { $w->{pg}->session($_->[0] eq 'postgres' ? () : (role => $_->[0])) } @work;

my $said = '';

# A few rounds at a time, so that the quick ones do not end long before the others;
# more of them when by chance the topic was stopped or nobody's for long.

my %done = (
    'pushes were accepted'  => [ $rounds, 'SELECT accepted FROM mdm.push_topic' ],
    'commands answered'     => [ $rounds, 'SELECT count(*) FROM mdm.result' ],
    'pushes stopped'        => [ 5, q{SELECT count(*) FROM mdm.event
                                       WHERE type = 'push_stopped'} ],
);
my $enough = sub { !grep { $w->sql($_->[1]) <= $_->[0] } values %done };

for my $round (1 .. 10 * $rounds) {
    $sessions[$_]->send($work[$_][1]->($round)) for 0 .. $#work;
    next if $round % 5;
    $said .= $_->finish . "\n" for @sessions;
    last if $round >= $rounds && $enough->();
}

my @errors = grep { !/lock timeout/ } $said =~ /^(ERROR:.*)$/mg;

is join("\n", @errors), '', 'no session met an error, a deadlock least of all';
cmp_ok scalar(() = $said =~ /lock timeout/g), '<', @work * $rounds / 10,
    'waiting too long for a lock is rare';
cmp_ok $w->sql($done{$_}[1]), '>', $done{$_}[0], "many $_" for sort keys %done;

is $w->sql(q{SELECT string_agg(DISTINCT e.device_id, ' ') FROM mdm.queue q
    JOIN mdm.enrollment e USING (tenant_id, enrollment_id)
    WHERE q.offer_rank IS NOT NULL AND NOT EXISTS (SELECT FROM mdm.push p
        WHERE p.tenant_id = q.tenant_id AND p.enrollment_id = q.enrollment_id)}), '',
    'who has something to do has a wish';
is $w->sql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';


# A command that follows from a report is not seen by who looks at the wish just then.

sub ends {
    my ($name, $hold) = @_;

    subtest "commands follow while a wish $name" => sub {
        my ($device, $job) = map { $w->{pg}->session(role => "mdm_$_") } qw(device job);
        my $d = $w->device;
        my $id = $w->sql("SELECT enrollment_id FROM mdm.enrollment WHERE device_id = '$d'");
        my $wish = sub { $w->sql("SELECT count(*) FROM mdm.push WHERE enrollment_id = $id") };
        my $claim = "SELECT count(*) FROM mdm_r2.push_claim('three', 1, 'topic', 500)";
        my $follow = "BEGIN; SELECT set_config('mdm.tenant', '1', true),
            mdm_r2.push_follow(1, $id)";

        $w->sql("UPDATE mdm.push_topic SET owner = 'three', stopped_at = NULL,
                stop_reason = NULL; DELETE FROM mdm.push_stop;
            DELETE FROM mdm.push; INSERT INTO mdm.push (tenant_id, enrollment_id, topic,
            wanted_at, due_at) VALUES (1, $id, 'topic', now(), now())");
        $hold->($device, $job, $follow, $claim);
        is $wish->(), 1, 'there is one afterwards';
        is $w->sql("SELECT round(extract(epoch FROM due_at - now())) FROM mdm.push"), 30,
            '... which is looked at in 30 seconds';
    };
}

ends('ends' => sub {
    my ($device, $job, $follow, $claim) = @_;

    like $job->run("BEGIN; $claim"), qr/1/, 'nothing waits';
    $device->send("$follow; COMMIT");
    select undef, undef, undef, 0.1;
    is $job->run('COMMIT'), '', 'it goes';
    unlike $device->finish, qr/ERROR/, 'the report waits for that';
});

ends('is looked at' => sub {
    my ($device, $job, $follow, $claim) = @_;

    $job->run('BEGIN; SELECT set_config(\'mdm.tenant\', \'1\', true); SELECT FROM mdm.push
        FOR NO KEY UPDATE');
    unlike $device->run($follow), qr/ERROR/, 'the report does not wait';
    $job->run("$claim; COMMIT");
    $device->run('COMMIT');
});

done_testing;
