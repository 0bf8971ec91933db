# With many wishes and topics no statement of pushes reads a table from end to end, or
# rows in vain: neither by plans that were made while there was nothing, nor by those
# that know what there is.

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
    autovacuum                          => 'off',
});
my $super = $pg->session;

sub sql { return $super->run($_[0]) }


my %calls = (
    lease      => q{SELECT count(*) FROM mdm_r2.push_lease('w', 15, NULL, 100)},
    'lease of a tenant' => q{SELECT count(*) FROM mdm_r2.push_lease('w', 15, 2, 100)},
    due        => q{SELECT count(*) FROM mdm_r2.push_due('one')},
    renew      => q{SELECT count(*) FROM mdm_r2.push_renew('one', 15, '{1}', '{topic}', '{1}',
        '{""}', '{0}')},
    claim      => q{SELECT count(*) FROM mdm_r2.push_claim('one', 1, 'topic', 100)},
    accepted   => record('accepted'),
    refused    => record('dead'),
    release    => q{SELECT mdm_r2.push_release('one', '{1}', '{topic}')},
    wish       => q{SELECT mdm_r2.push_wish(1, ARRAY(SELECT generate_series(20001, 20100)),
        array_fill('topic'::text, '{100}'), now(), now())},
    ask        => q{SELECT count(*) FROM mdm_r2.push_ask(1, 'joe', '', ARRAY(SELECT 'D' || i
        FROM generate_series(20001, 20100) i), array_fill(''::text, '{100}'))},
    results    => q{SELECT count(*) FROM mdm_r2.push_results(1, ARRAY(SELECT 'D' || i
        FROM generate_series(20001, 20100) i), array_fill(''::text, '{100}'), '0')},
    resume     => q{SELECT mdm_r2.push_resume(1, 'joe', '', 'topic', ARRAY(SELECT 'D' || i
        FROM generate_series(40001, 40100) i), array_fill(''::text, '{100}'))},
    'resume of all' => q{SELECT mdm_r2.push_resume(1, 'joe', '', 'topic', NULL, NULL)},
    topics     => q{SELECT count(*) FROM mdm_r2.push_topics(2, '', 50)},
    stops      => q{SELECT count(*) FROM mdm_r2.push_stops(1, 'topic', '', 100)},
    'a new token' => q{SELECT mdm_r2.push_token(1, 40001, 'topic', 'new')},
    'an end'   => q{SELECT mdm_r2.push_forget(1, 'D40002')},
    why        => q{SELECT count(*) FROM mdm_r2.enrollment_why(1, 'D40003', '')},
    sweep      => q{SELECT mdm_r2.sweep(100)},
);

sub record {
    return sprintf q{SELECT mdm_r2.push_record('one', 1, 'topic',
        ARRAY(SELECT generate_series(20001, 20100)), array_fill('00'::text, '{100}'),
        ARRAY(SELECT gen_random_uuid()::text FROM generate_series(1, 100)),
        array_fill('%s'::text, '{100}'), array_fill(''::text, '{100}'),
        array_fill(0::bigint, '{100}'), array_fill(0::bigint, '{100}'))}, $_[0];
}

my %role = ((map { $_ => 'mdm_job' } qw(lease due renew claim accepted refused release
    sweep), 'lease of a tenant'), map { $_ => 'mdm_device' } 'a new token', 'an end');

sql("ALTER ROLE mdm_$_ SET auto_explain.log_min_duration = 0") for qw(device api job);

my %session = map { $_ => $pg->session(role => $_) } qw(mdm_job mdm_api mdm_device);

sub call {
    my ($name) = @_;

    return $session{ $role{$name} // 'mdm_api' }->run("BEGIN; SELECT set_config('mdm.tenant',
        '1', true); $calls{$name}; ROLLBACK");
}

# In a new installation; these plans are kept.

call($_) for sort keys %calls;

sql(q{
SELECT mdm_r2.tenant_add('acme', '{}', ''), mdm_r2.tenant_add('beta', '{}', '');
INSERT INTO mdm.push_certificate (tenant_id, topic, certificate, private_key, not_before,
    not_after, subject, issuer, serial, fingerprint)
SELECT 1 + (i > 0)::integer, 'topic' || coalesce('-' || nullif(i, 0), ''), '', '', now(),
       now() + interval '1 year', 's', 'i', '1', '' FROM generate_series(0, 2000) i;
INSERT INTO mdm.push_topic (tenant_id, topic, owner, until)
SELECT tenant_id, topic, CASE tenant_id WHEN 1 THEN 'one' ELSE '' END, now() + interval '1 day'
  FROM mdm.push_certificate;
INSERT INTO mdm.enrollment (tenant_id, device_id, channel, state, generation, certificate,
                            topic, push_token, push_magic, token_at, enrolled_at)
SELECT 1 + (i <= 20000)::integer, 'D' || i, 'device', 'live', 1, sha256(int4send(i)),
       CASE WHEN i <= 20000 THEN 'topic-' || 1 + i % 2000 ELSE 'topic' END, '\x00', 'magic',
       now(), now() FROM generate_series(1, 60000) i;
INSERT INTO mdm.command (tenant_id, command_uuid, request_type, payload, created_at)
VALUES (1, 'U', 'InstallProfile', 'payload', now());
INSERT INTO mdm.queue (tenant_id, enrollment_id, command_id, command_created_at, queued_at,
                       generation, command_uuid, request_type)
SELECT e.tenant_id, e.enrollment_id, c.command_id, c.created_at, now(), 1, 'U',
       'InstallProfile'
  FROM mdm.enrollment e, mdm.command c WHERE e.tenant_id = 1 AND e.enrollment_id <= 40000;
INSERT INTO mdm.push (tenant_id, enrollment_id, topic, wanted_at, due_at, stopped)
SELECT tenant_id, enrollment_id, topic, now(), now() + CASE WHEN enrollment_id <= 20000
       THEN interval '1 hour' ELSE interval '0' END, enrollment_id > 40000
  FROM mdm.enrollment;
INSERT INTO mdm.push_stop (tenant_id, enrollment_id, topic, token, reason, counted,
                           stopped_at, probe_at)
SELECT tenant_id, enrollment_id, topic, push_token, 'r', false, now(), now()
  FROM mdm.enrollment WHERE enrollment_id > 40000;
UPDATE mdm.push SET claimed_at = now(), due_at = 'infinity'
 WHERE enrollment_id BETWEEN 25001 AND 26000});


# Who asks for more than a hundred rows.

my %rows = (
    lease => 2001, renew => 1000, release => 1000, stops => 101, topics => 500, ask => 101,
    claim => 101,
    'lease of a tenant' => 2000, 'resume of all' => 20000,
);

# People wait for these now and then; devices and pushes wait for the others.

my %seldom = map { $_ => 1 } qw(stops why);

for my $plans ('of the beginning', 'that know', 'that know that nothing is due') {
    for my $name (sort keys %calls) {
        next if $plans eq 'of the beginning' && $seldom{$name};
        my $text = call($name);

        subtest "$name, with plans $plans" => sub {
            ok $text !~ /^ERROR/m, 'the call works' or diag $text;
            ok $text =~ /Query Text/, 'its plans are seen';
            my @whole = $text =~ /(Seq Scan on (?!unnest)\S+)/g;
            is "@whole", '', 'no statement reads a whole table';
            my ($vain) = sort { $b <=> $a } $text =~ /Rows Removed by [^:\n]*: (\d+)/g;
            cmp_ok $vain // 0, '<=', $rows{$name} // 99, 'few rows are read in vain';
            my ($most) = sort { $b <=> $a }
                $text =~ /Scan[^\n]* on [^\n]*actual rows=(\d+)/g;
            cmp_ok $most // 0, '<=', $rows{$name} // 100, 'none reads more than is asked for';
        };
    }

    sql("UPDATE mdm.push SET due_at = now() + interval '1 hour', claimed_at = NULL")
        if $plans eq 'that know';
    sql('ANALYZE');
}

done_testing;
