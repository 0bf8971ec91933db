# Reports that come together have the same effect as the same reports one by one:
# two tenants live through the same, one in batches and one alone.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $rounds = $ENV{MDM_TEST_LONG} ? 200 : 60;
my $seed = $ENV{MDM_TEST_SEED} // 1;
my @devices = map { "D$_" } 10 .. 21;
my @uuids;

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $super = $pg->session;
my %role = map { $_ => $pg->session(role => "mdm_$_") } qw(device api);

sub sql { return $super->run($_[0]) }

srand $seed;
sql("SELECT mdm_r2.tenant_add('tenant-$_', '{}', '')") for 1, 2;
enrol($_) for @devices;


sub enrol {
    my ($device) = @_;

    $role{device}->run("SELECT mdm_r2.authenticate($_, 'device', '$device',
            sha256('$device$_'), false, 2000000000, 'CN', '01', 'topic', '{}', NULL, NULL);
        SELECT mdm_r2.token_update($_, 'device', '$device', '', sha256('$device$_'),
            false, 'topic', 't', 'm', NULL, false, false, NULL, NULL, NULL, NULL)") for 1, 2;
}

sub pick { return $_[int rand @_] }

sub list {
    my ($type, @values) = @_;
    return 'ARRAY[' . join(',', map { defined ? "'$_'" : 'NULL' } @values) . "]::$type" . '[]';
}

sub enqueue {
    my $uuid = 'c' . @uuids;
    my @o = (rand() < 0.5 ? "'s" . int(rand 2) . "'" : 'NULL', pick(qw(safe safe once)),
        pick(qw(true false false false)), pick(qw(true false)), int rand 3,
        pick('ProfileList', 'DeviceInformation'));
    my @to = grep { rand() < 0.7 } @devices;

    push @uuids, $uuid;
    $role{api}->run("SELECT mdm_r2.enqueue($_, 'joe', '', '$uuid', '$o[5]', $o[0], 'p $uuid',
        'd', '$o[1]', $o[2], false, $o[3], 0, $o[4]::smallint, 0, NULL, "
        . list('text', @to) . ", array_fill(''::text, ARRAY[" . @to . ']), false)') for 1, 2;
}

# Effects, arguments of the URL, and lists, which are there with effects only.

sub effects {
    my $lists = pick(undef, '{}', '{"apps": {"a": ' . int(rand 3) . ', "b": 1}}',
        '{"apps": {"c": 1}, "users": {}}', '{"apps": {"' . 'x' x 257 . '": 1}}');
    my $effects = pick((undef) x 5, '{"attributes": {"OSVersion": "' . rand() . '"}}', '{}',
        '{"failed": "its handler has no luck"}');

    return ($effects, pick((undef) x 5, '{"a": "b"}'), $effects && $lists);
}

# Calls a function for members [device, what follows …] of a tenant; what each is
# told.

sub call {
    my ($function, $tenant, $types, @members) = @_;

    my @column = map {
        my $place = $_;
        list($types->[$place], map { $_->[1 + $place] } @members);
    } 0 .. $#$types;

    my $text = $role{device}->run("SELECT a.device || concat_ws(' ', ':', r.outcome,
            to_jsonb(r) ->> 'reported_type', r.command_uuid, r.request_type,
            encode(r.payload, 'escape'))
        FROM mdm_r2.$function(" . join(', ',
            list('bigint', map { $tenant } @members),
            list('text', map { $_->[0] } @members), list('text', map { '' } @members),
            'ARRAY[' . join(',', map { "sha256('$_->[0]$tenant')" } @members) . ']',
            list('boolean', map { 'f' } @members), @column) . ") r
        JOIN unnest(" . list('text', map { $_->[0] } @members) . ")
             WITH ORDINALITY AS a (device, n) USING (n)");
    return split /\n/, $text;
}

sub both {
    my ($function, $types, @members) = @_;

    my @together = sort(call($function, 1, $types, @members));
    my @alone = sort(map { call($function, 2, $types, $_) } @members);

    return '' if "@together" eq "@alone";
    my %alone = map { $_ => 1 } @alone;
    my %together = map { $_ => 1 } @together;
    return join "\n", "$function:",
        (map { "together $_" } grep { !$alone{$_} } @together),
        (map { "alone $_" } grep { !$together{$_} } @alone), '';
}

sub state {
    my ($tenant) = @_;

    return sql("SELECT e.device_id || x.row::text
        FROM mdm.enrollment e, LATERAL (
            SELECT to_jsonb(q) - '{tenant_id,enrollment_id,command_id,queued_at,pushed_at,
                     notnow_at,stalled_at,command_created_at}'::text[]
              FROM mdm.queue q
             WHERE (q.tenant_id, q.enrollment_id) = (e.tenant_id, e.enrollment_id)
            UNION ALL
            SELECT to_jsonb(r) - '{tenant_id,enrollment_id,command_id,queued_at,pushed_at,
                     notnow_at,finished_at,reported_at,effects_at,command_created_at}'::text[]
                   || jsonb_build_object('applied', r.effects_at IS NOT NULL)
              FROM mdm.result r
             WHERE (r.tenant_id, r.enrollment_id) = (e.tenant_id, e.enrollment_id)
            UNION ALL
            SELECT jsonb_build_array(v.type, v.data, v.payload)
              FROM mdm.event v
             WHERE (v.tenant_id, v.enrollment_id) = (e.tenant_id, e.enrollment_id)
            UNION ALL
            SELECT jsonb_build_array(i.list, i.key, i.value, i.gone_at IS NULL)
              FROM mdm.inventory_item i
             WHERE (i.tenant_id, i.enrollment_id) = (e.tenant_id, e.enrollment_id)
            UNION ALL
            SELECT jsonb_build_array(l.list, l.items)
              FROM mdm.inventory_list l
             WHERE (l.tenant_id, l.enrollment_id) = (e.tenant_id, e.enrollment_id)
            UNION ALL
            SELECT jsonb_build_array(a.name, a.value_text)
              FROM mdm.attribute a
             WHERE (a.tenant_id, a.enrollment_id) = (e.tenant_id, e.enrollment_id))
             AS x (row)
       WHERE e.tenant_id = $tenant
       ORDER BY 1");
}


my $differ = '';
my $many = 0;

for my $round (1 .. $rounds) {
    enqueue() for 1 .. 2;
    enrol(pick(@devices)) if $round % 10 == 0;
    if ($round % 7 == 0) {
        my $device = pick(@devices);
        $role{device}->run("SELECT mdm_r2.authenticate($_, 'device', '$device',
            sha256('$device$_'), false, 2000000000, 'CN', '01', 'topic', '{}', NULL, NULL)") for 1, 2;
    }

    $differ .= both('deliver', [], map { [$_] } grep { rand() < 0.6 } @devices, 'D99');

    for (1 .. 3) {
        my %out = map { split /\|/ } split /\n/, sql(q{
            SELECT DISTINCT ON (device_id) device_id, command_uuid
              FROM mdm.queue JOIN mdm.enrollment USING (tenant_id, enrollment_id)
             WHERE tenant_id = 1 AND queue.state = 'PUSH'
             ORDER BY device_id, command_uuid});
        my @reports = map {
            my $uuid = rand() < 0.9 ? $out{$_} // pick(@uuids) : pick(@uuids, 'stray');
            [ $_, $uuid, pick(('Acknowledged') x 6, 'NotNow', 'Error'), "raw $uuid",
                pick((undef) x 5, 'why'), pick((undef) x 5, 'ProfileList'),
                effects() ];
        } grep { rand() < 0.7 } @devices, 'D99';
        $many++ if grep { $_->[2] eq 'Acknowledged' } @reports;
        $differ .= both('report', [qw(text text bytea text text text text text)],
            @reports);
    }

    my %state = map { $_ => 1 } split /\n/, state(2);
    $differ .= join "\n", grep { !$state{$_} } split /\n/, state(1);
    last if $differ ne '';
}

is $differ, '', "both tenants heard and became the same (seed $seed)";
cmp_ok $many, '>', $rounds, 'much was reported';
is sql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';
my $types = sql('SELECT string_agg(DISTINCT type, chr(32)) FROM mdm.event');
like $types, qr/\b$_\b/, "the run met $_"
    for map { "command_$_" } qw(acknowledged failed not_now cancelled stalled);

done_testing;
