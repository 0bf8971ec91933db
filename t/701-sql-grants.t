# What each role may do, to the last table, column and function: the lists below
# are the whole of it, and everybody else may nothing. And nobody who may make
# objects of his own catches those who run our functions with more rights.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my @roles = qw(mdm_device mdm_api mdm_job);

# Select, Insert, Update, Delete; of some columns only in (…), "but" those named.

my $tables = <<'END';
                  mdm_device  mdm_api                       mdm_job
api_token         -           S,U(last_used_at)             -
attribute         SIUD        SIUD                          -
audit             -           SI                            -
command           SI          SI,U(targets)                 -
command_move      S           S                             S
command_state     S           S                             S
enrollment        SIU         SU                            SU
enrollment_seen   SIU         S                             S
event             I           SI                            SI
idempotency       SIU         SIU                           SD
identity          SIU         SU                            SU
inventory_item    SIUD        SIUD                          SUD
inventory_list    SIUD        SIUD                          -
lease             -           S(name,until)                 SIUD
metric            -           -                             SIUD
profile           -           SID                           -
push              S(tenant_id,enrollment_id,topic,wanted_at,due_at,claimed_at,failures,stopped),I(tenant_id,enrollment_id,topic,wanted_at,due_at),U(topic,wanted_at,due_at,stopped,step,failures),D  SIUD  SUD
push_certificate  -           IU,S(but private_key)         S(tenant_id,topic,version,certificate,private_key,not_after,development,apple_account,warned_days),U(warned_days)
push_request      -           SID                           S(tenant_id,public_key,created_at),D
push_stop         S(tenant_id,enrollment_id),D  SD  SIUD
push_topic        -           SIU                           SU
queue             SIUD        SIUD                          SUD
result            SIU         SI,U(effects_at,effects_failed)  SI
schema_version    S           S                             S
secret            SID         SID                           -
secret_key        S           S                             S
signing_certificate  -        SIUD                          S(tenant_id,not_after)
tenant            S           S                             S
tenant_host       S           S                             S
webhook           -           S                             SIU
webhook_failure   -           S                             SIUD
webhook_replay    -           SID                           SUD
END

my %functions = (
    mdm_device => 'attributes_set authenticate bootstrap_token_get bootstrap_token_set
        check_out deliver delivery_failed effects_apply effects_command enrollment_lock
        generation_open identity_check identity_refused identity_roll_back
        inventory_apply inventory_drop
        message_event next_command pending_bind pending_drop poll push_begin push_follow push_forget push_notnow push_token queue_close queue_finish
        renewal_finish renewal_open report report_effects report_late report_many report_not_now
        report_one report_types report_unasked rfc3339 secret_keep seen startup
        tenant_changes tenant_load token_update wanted wanted_secret wanted_value',
    mdm_api => 'attribute_known attributes_json enrollment_attributes target_facts
        attributes_set audit_list command_cancel command_payload command_release
        command_release_all command_show command_targets commands_cancel effects_again effects_apply effects_command
        effects_open enqueue
        enrollment_end enrollment_history enrollment_items enrollment_known
        enrollment_lock enrollment_queue enrollment_report enrollment_secret enrollment_secrets
        enrollment_show enrollment_why enrollments events identity_revoke
        inventory_apply inventory_items inventory_lists inventory_search is_dormant
        micros profile_delete profile_get profile_list profile_store push_certificate_get push_certificate_list push_certificate_store
        push_ask push_begin push_certificate_key push_follow push_forget push_request_create push_request_delete
        push_request_list push_present push_results push_resume push_stop_end push_stops
        push_topic_ready push_topics push_unstop push_wish queue_cancel queue_close queue_finish rfc3339 rfc3339_seconds secret_keep
        signing_certificate_delete signing_certificate_get signing_certificate_store startup
        tenant_changes tenant_load token_check token_refused webhook_failures
        webhook_replay webhooks written_id',
    mdm_job => 'is_dormant lease_take metric_measure metric_put metric_read metric_share
        metric_webhook_lag micros partition_ahead pending_drop push_certificate_bound push_certificate_watch
        push_claim push_due push_judged push_lease push_leave
        push_open push_record push_release push_renew push_sent push_stop_end push_stopped
        push_topic_count push_unclaim push_unstop queue_finish rfc3339
        startup sweep tenant_changes tenant_load tenant_name webhook_done webhook_next webhook_open
        webhook_set_aside webhook_state',
    PUBLIC => '',
);

my $pg = MDM::Test::Postgres->start(migrate => 1);
my %letter = (S => 'SELECT', I => 'INSERT', U => 'UPDATE', D => 'DELETE');
my $revision = $pg->revision;


# The privileges of a role that the database has, in the form of the list above.

sub columns {
    my ($table) = @_;

    return map { $_->[0] } $pg->query("SELECT attname FROM pg_attribute
        WHERE attrelid = 'mdm.$table'::regclass AND attnum > 0 AND NOT attisdropped
        ORDER BY attname");
}


# "table.column SELECT" of all that a cell of the list allows.

sub allowed {
    my ($table, $cell) = @_;

    return map {
        my ($letters, $but, $names) = /\A(\w+)(?:\((but )?(.*)\))?\z/ or die "not read: $_";
        my %named = map { $_ => 1 } split /,/, $names // '';
        my @columns = grep { !defined $names || ($but ? !$named{$_} : $named{$_}) }
            columns($table);

        map {
            my $what = $letter{$_} // die "no privilege $_\n";
            $what eq 'DELETE' ? "$table DELETE" : map { "$table.$_ $what" } @columns
        } split //, $letters
    } $cell eq '-' ? () : $cell =~ /((?:\w+)(?:\([^)]*\))?)(?:,|\z)/g;
}

my ($head, @rows) = split /\n/, $tables;
is_deeply [ split ' ', $head ], \@roles, 'the list has every role';
is_deeply [ map { /\A(\w+)/ } @rows ], [ split /\n/, $pg->psql(q{SELECT relname FROM pg_class
    WHERE relnamespace = 'mdm'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f')
      AND NOT relispartition ORDER BY relname COLLATE "C"}) ], '... and every table';

for my $n (0 .. $#roles) {
    my $role = $roles[$n];
    my @may = sort map {
        my ($table, @cells) = split /\s{2,}/;
        allowed($table, $cells[$n] =~ s/\s+\z//r)
    } @rows;

    is_deeply [ split /\n/, $pg->psql(qq{
        SELECT x FROM (
        SELECT c.relname || '.' || a.attname || ' ' || p AS x
          FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid,
               unnest('{SELECT,INSERT,UPDATE,REFERENCES}'::text[]) p
         WHERE c.relnamespace IN ('mdm'::regnamespace, '$revision'::regnamespace)
           AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0
           AND NOT a.attisdropped AND has_column_privilege('$role', c.oid, a.attnum, p)
        UNION ALL
        SELECT c.relname || ' ' || p
          FROM pg_class c, unnest('{DELETE,TRUNCATE,TRIGGER}'::text[]) p
         WHERE c.relnamespace IN ('mdm'::regnamespace, '$revision'::regnamespace)
           AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND has_table_privilege('$role', c.oid, p)
        ) t ORDER BY x COLLATE "C"}) ], \@may,
        "$role may do what the list says, with each table, column and partition";
}

for my $role (sort keys %functions) {
    is join(' ', sort split ' ', $pg->psql("SELECT string_agg(proname, ' ')
        FROM pg_proc WHERE pronamespace = '$revision'::regnamespace
         AND has_function_privilege('" . lc($role) . "', oid, 'EXECUTE')")),
        join(' ', sort split ' ', $functions{$role}), "$role may call these functions";
}

# What nobody may, and what none of them is.

sub none {
    my ($name, $sql) = @_;

    is $pg->psql($sql), '', $name;
}

none('two functions never have one name', "SELECT proname FROM pg_proc
    WHERE pronamespace = '$revision'::regnamespace GROUP BY 1 HAVING count(*) > 1");
none('PUBLIC has nothing of ours', "SELECT s FROM (
    SELECT nspname AS s, nspacl AS acl FROM pg_namespace WHERE nspname LIKE 'mdm%'
    UNION ALL SELECT relname, relacl FROM pg_class WHERE relnamespace IN
        ('mdm'::regnamespace, '$revision'::regnamespace)
    UNION ALL SELECT attrelid::regclass::text, attacl FROM pg_attribute
        WHERE attrelid::regclass::text LIKE 'mdm%'
    UNION ALL SELECT oid::regprocedure::text, coalesce(proacl, acldefault('f', proowner))
        FROM pg_proc WHERE pronamespace IN ('mdm'::regnamespace, '$revision'::regnamespace)
    ) o, aclexplode(acl) a WHERE a.grantee = 0");
none('what is made later is nobody\'s but the owner\'s', 'SELECT * FROM pg_default_acl');
none('no role may use a sequence', "SELECT relname, r FROM pg_class, unnest('{@{[ join ',',
    @roles ]}}'::text[]) r WHERE relkind = 'S'
    AND has_sequence_privilege(r, oid, 'USAGE,SELECT,UPDATE')");
none('no role makes objects that stay', "SELECT r, nspname FROM pg_namespace, unnest('{@{[
    join ',', @roles ]}}'::text[]) r WHERE has_schema_privilege(r, oid, 'CREATE')
    UNION ALL SELECT r, 'database' FROM unnest('{@{[ join ',', @roles ]}}'::text[]) r
    WHERE has_database_privilege(r, current_database(), 'CREATE')");
none('... or is a member of another, or more than a login', "SELECT rolname FROM pg_roles r
    WHERE rolname IN ('@{[ join q(','), @roles ]}')
      AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls
           OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid))");
none('who logs in owns nothing', "SELECT refobjid::regrole, classid::regclass, objid
    FROM pg_shdepend WHERE deptype = 'o' AND refobjid::regrole::text IN ('@{[
    join q(','), @roles ]}')");
is $pg->psql("SELECT string_agg(oid::regprocedure::text || ' ' || array_to_string(proconfig,
        ','), '; ') FROM pg_proc WHERE prosecdef AND pronamespace::regnamespace::text ~ '^mdm'"),
    'mdm.partition_ahead() search_path=pg_catalog, pg_temp',
    'one function runs with the rights of its owner, on a path that nobody else fills';
is $pg->psql("SELECT count(*) FROM pg_db_role_setting s, unnest(setconfig) c
    WHERE setrole::regrole::text IN ('@{[ join q(','), @roles ]}')
      AND c = 'search_path=pg_catalog'"), 3, 'the roles\' search_path is pg_catalog';

# A database of old, where everybody may create in "public": the role of devices
# lays an operator there that fits our types better than PostgreSQL's own.

$pg->tenant('acme');
$pg->psql('GRANT CREATE ON SCHEMA public TO PUBLIC;
    CREATE TABLE public.caught (who text); GRANT ALL ON public.caught TO PUBLIC');
$pg->psql(q{CREATE FUNCTION public.trap(mdm.queue_state, mdm.queue_state) RETURNS boolean
        LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO public.caught VALUES (current_user); RETURN true; END $$;
    CREATE OPERATOR public.= (LEFTARG = mdm.queue_state, RIGHTARG = mdm.queue_state,
        FUNCTION = public.trap);
    CREATE OPERATOR public.<> (LEFTARG = mdm.queue_state, RIGHTARG = mdm.queue_state,
        FUNCTION = public.trap)}, role => 'mdm_device');
$pg->psql("SELECT $revision.authenticate(1, 'device', 'A', sha256('a'), false, 2000000000,
        'CN', '01', 'topic', '{}', 'raw', NULL);
    SELECT $revision.token_update(1, 'device', 'A', '', sha256('a'), false, 'topic', 't', 'm',
        NULL, false, false, NULL, NULL, 'raw', NULL)", role => 'mdm_device');
$pg->psql("SELECT $revision.enqueue(1, 'joe', '', 'uuid', 'ProfileList', NULL, 'p', 'd',
    'safe', false, false, false, 3600, 0::smallint, 3600, NULL, '{A}', '{\"\"}', true)",
    role => 'mdm_api');

for my $words ([ queue => 'A' ], [ device => 'A' ], [ why => 'A' ], [ command => 'uuid' ],
    [ release => 'uuid' ], [ cancel => 'uuid' ], [ 'devices' ])
{
    mdmctl('--database', $pg->conninfo, @$words);
    is $pg->psql('SELECT who FROM public.caught'), '', "mdmctl $words->[0] is not caught";
}
$pg->psql("SET search_path = pg_catalog, public; SELECT * FROM mdm.queue WHERE state = 'PUSH';
    SELECT $revision.enqueue(1, 'joe', '', 'next', 'ProfileList', NULL, 'p', 'd', 'safe',
    false, false, false, 3600, 0::smallint, 3600, NULL, '{A}', '{\"\"}', true);
    SELECT count(*) FROM mdm.queue WHERE state = 'PUSH'");
isnt $pg->psql('SELECT who FROM public.caught'), '', '... where a session without care is';

done_testing;
