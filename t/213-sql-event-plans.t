# With a million events no question about them reads more than it answers: not
# at the end, not far behind it, and not in partitions of weeks gone by.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg = MDM::Test::Postgres->start(migrate => 1, conf => {
    shared_buffers                      => '256MB',
    max_wal_size                        => '4GB',
    session_preload_libraries           => 'auto_explain',
    'auto_explain.log_nested_statements' => 'on',
    'auto_explain.log_level'            => 'notice',
    'auto_explain.log_analyze'          => 'on',
    'auto_explain.log_timing'           => 'off',
});
my $super = $pg->session;

sub sql { return $super->run($_[0]) }


# Two tenants; ten weeks of events, in partitions that time would have left; and
# the audit of a busy year.

sql(q{SELECT mdm_r2.tenant_add('acme', '{}', ''), mdm_r2.tenant_add('beta', '{}', '')});
sql(q{
DO $$
DECLARE v_week timestamptz; v_name text;
BEGIN
    FOR v_week IN SELECT (date_trunc('week', now() AT TIME ZONE 'UTC')
                          - i * interval '1 week') AT TIME ZONE 'UTC'
                    FROM generate_series(1, 10) i
    LOOP
        v_name := 'event_' || to_char(v_week AT TIME ZONE 'UTC', 'YYYYMMDD');
        EXECUTE format('CREATE TABLE mdm.%I PARTITION OF mdm.event
                        FOR VALUES FROM (%L) TO (%L)', v_name, v_week,
                       v_week + interval '1 week');
    END LOOP;
END $$;
INSERT INTO mdm.event (tenant_id, xid, type, data, at)
SELECT 1 + i % 2, (3 + i / 2000)::text::xid8, 'token_updated',
       '{"device_id": "D", "user_id": ""}', now() - (1000000 - i) * interval '6 s'
  FROM generate_series(1, 1000000) i;
INSERT INTO mdm.audit (tenant_id, actor, action, enrollment_id)
SELECT 1 + i % 2, 'token ' || i % 50, 'action_' || i % 20, i % 20000
  FROM generate_series(1, 200000) i;
ANALYZE mdm.event, mdm.audit});

sql("ALTER ROLE mdm_api SET auto_explain.log_min_duration = 0");

is sql('SELECT count(*) FROM mdm.event WHERE xid < pg_current_xact_id()'), '1000000',
    'a million events were committed';


sub check {
    my ($name, $call, %o) = @_;

    subtest $name => sub {
        my $session = $pg->session(role => $o{role} // 'mdm_api');
        $session->run($call);                       # plans are made here and kept
        my $text = $session->run($call);

        unlike $text, qr/^ERROR/m, 'the call works';
        like $text, qr/^NOTICE: +duration/m, 'its statements were seen';
        unlike $text, qr/Seq Scan on (?:event|audit)/, 'no table is read from end to end';
        unlike $text, qr/Rows Removed by Filter: \d{3}/, 'no rows are read in vain';
        my $rows = 0;
        $rows += $1 while $text
            =~ /(?:Index|Bitmap)[^\n]*Scan[^\n]*on (?:event|audit)[^\n]*actual rows=(\d+)/g;
        cmp_ok $rows, '<=', $o{rows}, "not more than $o{rows} rows are read";
        unlike $text, qr/using event_\d+_(?!$o{index})[^\n]*rows=[1-9]\d* loops/, 'no index over all tenants is used'
            if $o{index};
        unlike $text, qr/(?:->|plan:\n.*\n) *Sort  \(/, 'nothing is sorted' if !$o{sort};
        my $parts = () = $text =~ /Scan[^\n]*on event_\d+(?![^\n]*never executed)/g;
        cmp_ok $parts, '<=', $o{parts} // 0, '... in ' . ($o{parts} // 0) . ' partitions';
        is $text =~ /^\((\d+)\)/m ? $1 : $text, $o{count}, "$o{count} rows are the answer";
    };
}

sub events {
    my ($after, @more) = @_;

    push @more, 'NULL' while @more < 3;
    return "SELECT '(' || count(*) || ')' FROM mdm_r2.events(1, $after, 100, "
        . join(', ', @more) . ')';
}

my $far = sql(q{SELECT concat_ws(',', xid, event_id, (extract(epoch FROM at) * 1e6)::bigint)
    FROM mdm.event WHERE tenant_id = 1 ORDER BY xid, event_id OFFSET 200000 LIMIT 1});
my $end = sql(q{SELECT concat_ws(',', xid, event_id, (extract(epoch FROM at) * 1e6)::bigint)
    FROM mdm.event WHERE tenant_id = 1 ORDER BY xid DESC, event_id DESC LIMIT 1});
my $place = sub { "replace('$_[0]', ',', chr(10))" };

check('from the oldest', events("''"), rows => 125, parts => 19, count => 101);
check('far behind', events($place->($far)), rows => 125, parts => 16, count => 101);
check('at the end', events($place->($end)), rows => 2, parts => 3, count => 1);
check('from now on', events(q{'now'}), rows => 0, parts => 19, count => 1);
check('a type that never happened', events($place->($far), q{'{erased}'}), rows => 5050,
    parts => 16, count => 1);

sub audit { return "SELECT '(' || count(*) || ')' FROM mdm_r2.audit_list(1, $_[0])" }

check('the audit', audit(q{'', 100, NULL, NULL, NULL, NULL}), rows => 100, count => 100,
    sort => 1);
check('... of a token', audit(q{'', 100, NULL, NULL, 'token 2', NULL}), rows => 100,
    count => 100, sort => 1);
check('... of an action', audit(q{'100000', 100, NULL, NULL, NULL, 'action_2'}),
    rows => 100, count => 100, sort => 1);

# The sender of webhooks, who has read everything, or is far behind; of all tenants
# and of one; and one tenant's replay.

sql("ALTER ROLE mdm_job SET auto_explain.log_min_duration = 0");

sub webhook {
    my ($name, $tenant, $place) = @_;

    my ($xid, $id, $at) = split /,/, $place;
    sql("INSERT INTO mdm.webhook (name, only_tenant_id, cursor_xid, cursor_event_id,
            cursor_at)
        VALUES ('$name', $tenant, '$xid', $id, to_timestamp(0) + $at * interval '1 us')");
    return "SELECT '(' || count(*) || ')' FROM mdm_r2.webhook_next('$name', false, NULL,
        NULL, true, 64, 4000000)";
}

my %job = (role => 'mdm_job');

check('a webhook at the end', webhook('end', 'NULL', $end), %job, rows => 0, parts => 3,
    count => 0);
check('a webhook far behind', webhook('far', 'NULL', $far), %job, rows => 90, parts => 16,
    count => 64);
check('... of one tenant', webhook('far-one', 1, $far), %job, rows => 90, parts => 16,
    count => 64, index => 'pkey');
check('a webhook that looks on', webhook('on', 1, $end) =~ s/NULL,\s+NULL/'250', 500000/r,
    %job, rows => 90, parts => 16, count => 64, index => 'pkey');

my ($x, $i) = split /,/, $end;
sql("INSERT INTO mdm.webhook_replay (tenant_id, name, since, cursor_xid, cursor_event_id,
        until_xid, until_event_id)
    SELECT 1, 'end', now() - interval '20 days', '0', 0, '$x', $i");
check('a replay', "SELECT '(' || count(*) || ')' FROM mdm_r2.webhook_next('end', true, NULL,
    NULL, true, 64, 4000000)", %job, rows => 90, parts => 16, count => 64, sort => 1,
    index => 'pkey');

check('how far they are behind', "SELECT '(' || count(mdm_r2.metric_webhook_lag(
        only_tenant_id, cursor_xid, cursor_event_id, cursor_at)) || ')' FROM mdm.webhook
    WHERE set_config('mdm.outbox', 'on', false) = 'on'", %job, rows => 30, parts => 80,
    count => 4);

done_testing;
