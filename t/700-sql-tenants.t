# The second wall between tenants: whatever a role is made to say, row-level
# security shows and changes the rows of the tenant that is set, and no other.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $super = $pg->session;

sub sql { return $super->run($_[0]) }

my @tables = split /\n/, sql(q{SELECT c.relname FROM pg_class c
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
    WHERE c.relnamespace = 'mdm'::regnamespace AND c.relkind IN ('r', 'p')
      AND NOT c.relispartition AND c.relname NOT IN ('tenant', 'tenant_host')
    ORDER BY 1});
my @roles = qw(mdm_device mdm_api mdm_job mdm_owner);


# Two tenants with a row of every table each, made through the front door as far
# as there is one.

sql("INSERT INTO mdm.secret_key (key_id, check_value) VALUES ('sealed b', '')");

for my $tenant (1, 2) {
    sql("SELECT mdm_r2.tenant_add('tenant-$tenant', '{host-$tenant}', '')");
    sql("SELECT mdm_r2.token_add('tenant-$tenant', 'token', sha256('$tenant'), '{admin}')");
    my $member = "'{$tenant}', '{A}', '{\"\"}', ARRAY[sha256('a$tenant')], '{f}'";
    $pg->psql("
        SELECT mdm_r2.authenticate($tenant, 'device', 'A', sha256('a$tenant'), false,
            2000000000, 'CN', '01', 'topic', '{\"SerialNumber\": \"S\"}', 'raw', NULL);
        SELECT mdm_r2.token_update($tenant, 'device', 'A', '', sha256('a$tenant'), false,
            'topic', 't', 'm', 'unlock', false, false, NULL, NULL, 'raw', NULL);
        SELECT mdm_r2.seen('{$tenant}', ARRAY(SELECT enrollment_id
            FROM mdm_r2.poll($member)), '{0}');
        SELECT mdm_r2.report($member, '{stray}', '{Acknowledged}',
            ARRAY['raw'::bytea], '{NULL}', '{NULL}', '{NULL}', '{NULL}')", role => 'mdm_device');
    $pg->psql("SELECT mdm_r2.webhook_open('hook', '');
        SELECT mdm_r2.webhook_set_aside('hook', $tenant, '1', 1, 'enrolled', 404, 'x')",
        role => 'mdm_job');
    $pg->psql("SELECT mdm_r2.webhook_replay($tenant, 'joe', '', 'hook',
        1767225600000000)", role => 'mdm_api');
    $pg->psql("SELECT mdm_r2.enqueue($tenant, 'joe', '', 'uuid', 'ProfileList', NULL, 'p',
        'd', 'safe', false, false, false, 3600, 0::smallint, 3600, NULL, '{A}',
        '{\"\"}', true);
        SELECT mdm_r2.push_certificate_store($tenant, 'joe', '', 'topic', 'der', 'sealed',
            0, 2000000000, 'CN=a', 'CN=b', '01', sha256('p$tenant'));
        SELECT mdm_r2.push_request_create($tenant, 'joe', '', sha256('r'), 'sealed b', 'PEM',
            'CN=a', NULL, NULL);
        SELECT mdm_r2.profile_store($tenant, 'joe', '', 'id-$tenant', 'com.example', 'u', NULL,
            1, '{}', false, false, false, NULL, NULL, 'sealed by', sha256('d$tenant'));
        SELECT mdm_r2.signing_certificate_store($tenant, 'joe', '', 'der', 'sealed by', 0,
            2000000000, 'CN=a', 'CN=b', '01', sha256('s$tenant'));
        SELECT mdm_r2.enqueue($tenant, 'joe', '', 'list', 'List', NULL, 'p', 'd', 'safe',
            false, false, false, 3600, 0::smallint, 0, NULL, '{A}', '{\"\"}', false)",
        role => 'mdm_api');
    $pg->psql("SELECT FROM mdm_r2.deliver($member);
        SELECT mdm_r2.report($member, '{list}', '{Acknowledged}', ARRAY['raw'::bytea],
            '{NULL}', '{NULL}', '{\"{}\"}', '{NULL}',
            ARRAY['{\"apps\": {\"one\": {}}}'])", role => 'mdm_device');
    sql("INSERT INTO mdm.push_topic (tenant_id, topic) VALUES ($tenant, 'topic')
         ON CONFLICT DO NOTHING;
         INSERT INTO mdm.push_stop (tenant_id, enrollment_id, topic, token, reason, counted,
             stopped_at, probe_at)
         SELECT tenant_id, enrollment_id, 'topic', 't', 'Unregistered', false, now(), now()
           FROM mdm.enrollment WHERE tenant_id = $tenant;
         UPDATE mdm.push SET stopped = true WHERE tenant_id = $tenant");
}

for my $table (@tables) {
    is sql("SELECT count(DISTINCT tenant_id) FROM mdm.$table"), '2',
        "$table has rows of both tenants";
    is sql("SELECT relrowsecurity AND relforcerowsecurity FROM pg_class
             WHERE oid = 'mdm.$table'::regclass"), 't',
        "$table forces row-level security";
}


for my $role (@roles) {
    subtest "as $role" => sub {
        my $session = $role eq 'mdm_owner' ? $pg->session : $pg->session(role => $role);
        $session->run('SET ROLE mdm_owner') if $role eq 'mdm_owner';

        for my $table (@tables) {
            my $may = sub { sql(
                "SELECT has_any_column_privilege('$role', 'mdm.$table', '$_[0]')") eq 't' };
            my $column = sql("SELECT attname FROM pg_attribute
                               WHERE attrelid = 'mdm.$table'::regclass AND attnum > 1
                                 AND NOT attisdropped AND attidentity = ''
                                 AND attgenerated = ''
                               ORDER BY has_column_privilege('$role', attrelid, attnum,
                                                             'UPDATE') DESC, attnum
                               LIMIT 1");

            for my $set ('', 'mdm.tenant = 1') {
                my $begin = 'BEGIN; ' . ($set ? "SET LOCAL $set; " : '');
                my $who = $set ? 'for one tenant' : 'without a tenant';

                if ($may->('SELECT')) {
                    is $session->run("$begin SELECT count(*) FROM mdm.$table
                        WHERE tenant_id <> 1; ROLLBACK"), '0',
                        "$table $who shows nothing of another";
                    is $session->run("$begin SELECT count(*) FROM mdm.$table; ROLLBACK")
                        > 0, $set ne '', "$table $who shows "
                        . ($set ? 'its own' : 'nothing');
                }
                if ($may->('SELECT') && $may->('UPDATE')) {
                    is $session->run("$begin WITH u AS (UPDATE mdm.$table
                        SET $column = $column WHERE tenant_id <> 1 RETURNING 1)
                        SELECT count(*) FROM u; ROLLBACK"), '0',
                        "$table $who changes nothing of another";
                }
                if ($may->('SELECT') && $pg->psql("SELECT has_table_privilege('$role',
                        'mdm.$table', 'DELETE')") eq 't')
                {
                    is $session->run("$begin WITH d AS (DELETE FROM mdm.$table
                        WHERE tenant_id <> 1 RETURNING 1)
                        SELECT count(*) FROM d; ROLLBACK"), '0',
                        "$table $who deletes nothing of another";
                }
                if ($may->('INSERT')) {
                    my $columns = sql("SELECT string_agg(attname, ', ' ORDER BY attnum)
                        FROM pg_attribute WHERE attrelid = 'mdm.$table'::regclass
                         AND attnum > 0 AND attidentity = '' AND attgenerated = ''
                         AND NOT attisdropped
                         AND has_column_privilege('$role', attrelid, attnum, 'INSERT')");
                    my $values = sql("SELECT format('%s', string_agg(quote_nullable(v.value),
                            ', ' ORDER BY a.attnum))
                        FROM (SELECT t FROM mdm.$table t WHERE tenant_id = 2 LIMIT 1) r,
                             pg_attribute a,
                             LATERAL (SELECT to_jsonb(r.t) ->> a.attname) v (value)
                        WHERE a.attrelid = 'mdm.$table'::regclass AND a.attnum > 0
                          AND a.attidentity = '' AND a.attgenerated = ''
                          AND NOT a.attisdropped
                          AND has_column_privilege('$role', a.attrelid, a.attnum,
                                                   'INSERT')");
                    # The arrays of jsonb are not those of SQL.
                    $values =~ s/'\["admin"\]'/'{admin}'/;
                    $values =~ s/'\[([\d, ]*)\]'/'{$1}'/g;
                    like $session->run("$begin INSERT INTO mdm.$table ($columns)
                        VALUES ($values); ROLLBACK"), qr/violates row-level security/,
                        "$table $who takes no row of another";
                }
            }
        }
    };
}


subtest 'what each role is for' => sub {
    my %never = (
        mdm_device => [qw(audit api_token lease push_topic push_certificate)],
        mdm_api    => [qw(metric)],
        mdm_job    => [qw(audit api_token secret command attribute)],
    );

    for my $role (sort keys %never) {
        for my $table (@{ $never{$role} }) {
            is sql("SELECT bool_or(has_any_column_privilege('$role', 'mdm.$table', p))
                      FROM unnest('{SELECT,INSERT,UPDATE}'::text[]) p"), 'f',
                "$role has no right on $table";
        }
        is sql("SELECT count(*) FROM pg_class WHERE relowner = '$role'::regrole"), '0',
            "$role owns nothing";
        is sql("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = '$role'"),
            'f', "$role bypasses nothing";
        is sql("SELECT count(*) FROM pg_class WHERE relispartition
                 AND has_table_privilege('$role', oid, 'SELECT')"), '0',
            "$role reads no partition but through its parent";
    }
    is sql(q{SELECT has_any_column_privilege('mdm_api', 'mdm.secret', 'UPDATE')}), 'f',
        'the API never changes a secret that is there';
    is sql(q{SELECT has_column_privilege('mdm_device', 'mdm.push', 'asked', 'INSERT')}), 'f',
        'no request of a device asks for a push itself';
    is sql(q{SELECT has_table_privilege('mdm_device', 'mdm.result', 'DELETE')}), 'f',
        'devices cannot delete history';
    is sql(q{SELECT string_agg(oid::regprocedure::text, ' ') FROM pg_proc WHERE prosecdef
              AND pronamespace IN ('mdm'::regnamespace, 'mdm_r2'::regnamespace)}),
        'mdm.partition_ahead()', 'one function runs with the rights of the owner';
    is sql(q{SELECT string_agg(p.proname, ' ') FROM pg_proc p
              WHERE p.pronamespace = 'mdm_r2'::regnamespace
                AND has_function_privilege('public', p.oid, 'EXECUTE')}), '',
        'no function of the revision is for everybody';
    is sql(q{SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p', 'i', 'I')
              AND relnamespace = 'mdm'::regnamespace AND NOT relispartition
              AND obj_description(oid, 'pg_class') IS NULL}), '0',
        'every table and index says what it is for';
    is sql(q{SELECT count(*) FROM pg_proc
              WHERE pronamespace IN ('mdm'::regnamespace, 'mdm_r2'::regnamespace)
                AND obj_description(oid, 'pg_proc') IS NULL}), '0',
        'and so does every function';
};


subtest 'the job sees what is due, and only that' => sub {
    my $job = $pg->session(role => 'mdm_job');

    is $job->run('SELECT count(*) FROM mdm.queue'), '0', 'nothing is due';
    sql(q{UPDATE mdm.queue SET expires_at = now() - interval '1 s' WHERE tenant_id = 2});
    is $job->run('SELECT count(*) FROM mdm.queue'), '1', 'then a command of one tenant is';
    like $job->run(q{UPDATE mdm.queue SET priority = 1 RETURNING 1}), qr/\A\z/,
        'but changes nothing without that tenant';
    is $job->run('SELECT mdm_r2.sweep(10)'), '1', 'the sweep deals with it';
    is sql(q{SELECT state FROM mdm.result WHERE tenant_id = 2 AND command_uuid = 'uuid'}),
        'EXPIRED', 'in its tenant';
    is sql(q{SELECT state FROM mdm.queue WHERE tenant_id = 1}), 'QUEUED',
        'and leaves the other alone';
};


subtest 'tokens and tenants are found before the tenant is known' => sub {
    my $api = $pg->session(role => 'mdm_api');

    is $api->run(q{SELECT tenant_id, name FROM mdm_r2.token_check(sha256('2'))}),
        '2|token', 'a token leads to its tenant';
    is $api->run(q{SELECT count(*) FROM mdm_r2.token_check(sha256('3'))}), '0',
        'an unknown one leads nowhere';
    sql(q{SELECT mdm_r2.token_revoke(token_id) FROM mdm.api_token WHERE tenant_id = 2});
    is $api->run(q{SELECT count(*) FROM mdm_r2.token_check(sha256('2'))}), '0',
        'nor does a revoked one';
    is $api->run(q{SELECT tenant_id FROM mdm_r2.tenant_load('HOST-2')}), '2',
        'a host leads to its tenant, in any case';
    is $api->run(q{SELECT tenant_id FROM mdm_r2.tenant_load('tenant-1')}), '1',
        'so does a name';
    is $api->run(q{SELECT count(*) FROM mdm_r2.tenant_load('host-3')}), '0',
        'an unknown host leads nowhere';

    my $since = $api->run(q{SELECT until FROM mdm_r2.tenant_changes('')});
    is $api->run("SELECT tenant_id FROM mdm_r2.tenant_changes('$since')"), '',
        'at first nothing has changed';
    my $open = $pg->session;
    $open->run(q{BEGIN; SELECT mdm_r2.tenant_set_device_ca('tenant-1', 'x')});
    sql(q{SELECT mdm_r2.tenant_set_device_ca('tenant-2', 'y')});
    my ($seen, $next) = split /\|/, $api->run(
        "SELECT tenant_id, until FROM mdm_r2.tenant_changes('$since')");
    is $seen, '2', 'a change is told once it is committed';
    $open->run('COMMIT');
    like $api->run("SELECT string_agg(tenant_id::text, ' ')
        FROM mdm_r2.tenant_changes('$next')"), qr/1/,
        'one that began earlier and ended later is not missed';
};


is sql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';

done_testing;
