# Lists of a fleet: with 200,000 items in a tenant, no listing and no search reads
# them all, and neither does what brings a list up to date or clears what is gone.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg = MDM::Test::Postgres->start(migrate => 1, conf => {
    shared_buffers                       => '128MB',
    session_preload_libraries            => 'auto_explain',
    'auto_explain.log_nested_statements' => 'on',
    'auto_explain.log_level'             => 'notice',
    'auto_explain.log_analyze'           => 'on',
    'auto_explain.log_timing'            => 'off',
    'auto_explain.log_min_duration'      => 0,
});
my $super = $pg->session;

# 1000 channels with 200 items each, of which all have one in common, and 20 are gone.

$super->run(q{
    SET auto_explain.log_min_duration = -1;
    SELECT mdm_r2.tenant_add('acme', '{}', '');
    INSERT INTO mdm.enrollment (tenant_id, device_id, channel, state, generation,
                                certificate, topic, enrolled_at)
    SELECT 1, 'D' || i, 'device', 'live', 1, sha256(int4send(i)), 'topic', now()
      FROM generate_series(1, 1000) i;
    INSERT INTO mdm.inventory_list (tenant_id, enrollment_id, list, asked_at, whole_at,
                                    seen_at, changed_at, items)
    SELECT 1, enrollment_id, 'applications', 'epoch', 'epoch', now(), now(), 180
      FROM mdm.enrollment;
    INSERT INTO mdm.inventory_item (tenant_id, enrollment_id, list, key, value,
                                    first_seen_at, changed_at, seen_at, gone_at)
    SELECT 1, e.enrollment_id, 'applications',
           CASE i WHEN 1 THEN 'common' ELSE 'app-' || e.enrollment_id % 10 || '-' || i END,
           jsonb_build_object('n', i), now(), now(), now(),
           CASE WHEN i > 180 THEN now() - interval '1 day' END
      FROM mdm.enrollment e, generate_series(1, 200) i;
    INSERT INTO mdm.command (tenant_id, command_uuid, request_type, payload, created_at)
    VALUES (1, 'uuid', 'List', '', now());
    INSERT INTO mdm.result (tenant_id, enrollment_id, generation, command_id,
        command_created_at, command_uuid, request_type, from_state, state, pushed_at,
        finished_at, reported_at)
    SELECT 1, e.enrollment_id, 1, c.command_id, c.created_at, 'uuid', 'List', 'PUSH',
           'ACKNOWLEDGED', now(), now(), now()
      FROM mdm.enrollment e, mdm.command c WHERE e.device_id = 'D77';
    UPDATE mdm.inventory_item SET gone_at = now() - interval '40 days'
     WHERE key = 'app-7-200' AND enrollment_id IN (SELECT enrollment_id FROM mdm.enrollment
                                                    LIMIT 200)});

sub check_plans {
    my ($name, $call, %o) = @_;

    subtest $name => sub {
        my $session = $pg->session(role => $o{role} // 'mdm_api');
        my $text = $session->run("SET mdm.tenant = 1;
            SELECT count(*) FROM $call");
        my ($most) = sort { $b <=> $a } 0,
            $text =~ /Index (?:Only )?Scan[^\n]*inventory_item[^\n]*actual rows=(\d+)/g;
        my ($removed) = sort { $b <=> $a } 0, $text =~ /Rows Removed by Filter: (\d+)/g;

        unlike $text, qr/^ERROR/m, 'the call works';
        like $text, qr/Index (?:Only )?Scan/, '... and its plans were seen';
        unlike $text, qr/Seq Scan on inventory/, 'it reads no table of lists';
        unlike $text, qr/Bitmap Heap Scan on inventory/, '... and builds no bitmap';
        cmp_ok $most, '<=', $o{rows} // 101, 'no scan returns more than it may';
        cmp_ok $removed, '<=', $o{removed} // 30, '... or reads rows in vain';
    };
}

for my $analyzed (0, 1) {
    my $when = $analyzed ? 'with statistics' : 'without';

    check_plans("the lists of one, $when", "mdm_r2.inventory_lists(1, 'D77', '', '', 101)");
    check_plans("a page of items, $when",
        "mdm_r2.inventory_items(1, 'D77', '', '', 101, 'applications', false)",
        removed => 200);
    check_plans("... behind another, $when",
        "mdm_r2.inventory_items(1, 'D77', '', 'app-7-150', 101, 'applications', true)");
    check_plans("who has what all have, $when",
        "mdm_r2.inventory_search(1, '', 101, 'applications', 'common')");
    check_plans("... behind others, $when",
        "mdm_r2.inventory_search(1, E'500\\ncommon', 101, 'applications', 'common')");
    check_plans("... by a prefix, $when",
        "mdm_r2.inventory_search(1, '', 101, 'applications', 'app-7*')");
    check_plans("... or anything, $when",
        "mdm_r2.inventory_search(1, '', 101, 'applications', NULL)");
    check_plans("... that nobody has, $when",
        "mdm_r2.inventory_search(1, '', 101, 'applications', 'x*')");

    check_plans("an answer, $when", q{mdm.enrollment e, LATERAL
        mdm_r2.inventory_apply(1, e.enrollment_id, 'uuid',
            '{"applications": {"common": {"n": 1}, "new": {}}}')
        WHERE e.device_id = 'D77'}, role => 'mdm_device', rows => 201, removed => 1000);
    $super->run('ANALYZE mdm.inventory_item, mdm.inventory_list, mdm.enrollment');
}

check_plans('clearing', 'mdm_r2.sweep(50)', role => 'mdm_job', rows => 201);

done_testing;
