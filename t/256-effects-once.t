# Effects exactly once: workers die between any two steps of a report, reports come
# twice and at the same time, and late; each of them has all its effects, once.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::Plugin;

with_sanitizers();

my $dir = test_dir();
chmod 0755, $dir;
MDM::Test::Plugin->build("$dir/effects.so",
    source => MDM::Test::tree() . '/t/plugins/effects/effects.c');

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

# the locks below are to be waited for
$pg->psql("ALTER ROLE mdm_device SET lock_timeout = '4s'");

my $nginx = MDM::Test::Nginx->start(pg => $pg, daemon => 1, conf => <<"CONF");
load_module %%MODULE%%;
worker_processes 2;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" connections=2;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_plugin $dir/effects.so;
    mdm_tenant \$host;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; }
    }
}
CONF

sub client { return MDM::Test::Client->new(port => $nginx->port, close => 1) }

my $api = client()->with(token => $token);
my $mac = MDM::Test::Device->new(client => client(), sign => 1,
    certificate => $ca->device('mac'), udid => 'MAC');
my @all;
srand 256;

is $mac->enroll->{status}, 200, 'a Mac enrols';
my ($id) = $pg->psql('SELECT enrollment_id FROM mdm.enrollment');

# A device repeats what was not answered with 200.

sub patiently {
    my ($message, @arguments) = @_;
    my $answer;

    wait_for(20, sub {
        $answer = eval { $mac->with(client => client())->$message(@arguments) };
        return $answer && $answer->{status} == 200;
    }) or die "$message is not answered";

    return $answer;
}

sub given {
    my $uuid = $mac->uuid;

    push @all, $uuid;
    wait_for(20, sub {
        my $answer = eval { $api->api(PUT => '/v1/enqueue/MAC',
            $mac->command('Effects', $uuid)) };
        return $answer && $answer->{status} == 200;
    }) or die 'not queued';

    # what followed from others is answered on the way
    for (1 .. 50) {
        my $brought = patiently('idle')->{command_uuid};
        return $uuid if $brought eq $uuid;
        patiently(report => $brought, 'Acknowledged');
    }
    die "$uuid is not delivered";
}

sub answer {
    my ($uuid) = @_;
    return ($uuid, 'Acknowledged', Attribute => $uuid, Event => $uuid, Follow => $uuid,
        Code => $uuid);
}

# The report is sent, something happens, and then it is sent until it is answered.

sub interrupted {
    my ($uuid, $what) = @_;
    my $device = $mac->with(client => client());

    $device->begin(report => answer($uuid));
    $what->();
    eval { $device->finish };
    patiently(report => answer($uuid));
}

# How often each effect of a report is there.

sub counts {
    my ($uuid) = @_;

    return $pg->psql("SELECT concat_ws(' ',
        (SELECT count(*) FROM mdm.event WHERE type = 'effects_test'
                                          AND data ->> 'said' = '$uuid'),
        (SELECT count(*) FROM mdm.result WHERE command_uuid = '$uuid'
                                           AND effects_at IS NOT NULL))");
}


# While the report waits for a lock: the handler has run, nothing is stored.

my $uuid = given();
my $holder = $pg->session;
interrupted($uuid, sub {
    $holder->run("BEGIN; SELECT pg_advisory_xact_lock(-$id)");
    select undef, undef, undef, 0.2;
    $nginx->kill_worker for 1, 2;
    $holder->run('COMMIT');
});
is counts($uuid), '1 1', 'workers die while a report waits to be stored';

# While it commits: all is stored, and nobody knows.

$pg->psql(q{
    CREATE FUNCTION public.slowly() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_sleep(0.4); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER slowly AFTER INSERT OR UPDATE ON mdm.attribute
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.slowly()});
$uuid = given();
interrupted($uuid, sub {
    select undef, undef, undef, 0.2;
    $nginx->kill_worker for 1, 2;
});
$pg->psql('DROP TRIGGER slowly ON mdm.attribute');
is counts($uuid), '1 1', '... while it is committed';

# Whenever it is.

for my $round (1 .. 6) {
    $uuid = given();
    interrupted($uuid, sub {
        select undef, undef, undef, rand 0.02;
        $nginx->kill_worker;
    });
    is counts($uuid), '1 1', "... at any time ($round)";
}


# The same report, three times at once, by both workers.

for my $round (1 .. 5) {
    $uuid = given();

    my @twins = map { $mac->with(client => client()) } 1 .. 3;
    $_->begin(report => answer($uuid)) for @twins;
    my @said = map { $_->finish->{status} } @twins;
    patiently(report => answer($uuid)) if grep { $_ != 200 } @said;
    is counts($uuid), '1 1', "reports that overlap ($round)";
}

# Late, twice.

$uuid = given();
$api->api(DELETE => "/v1/commands/$uuid?force=1");
patiently(report => answer($uuid)) for 1, 2;
is counts($uuid), '1 1', 'late truth, repeated';


is $pg->psql(q{SELECT count(*) FROM mdm.command WHERE request_type = 'EffectsFollow'}),
    scalar(@all), 'what followed from each was queued once';
is $pg->psql(q{SELECT count(*) FROM mdm.secret WHERE kind = 'code'}), scalar(@all),
    '... and its secret is in escrow once';
is $api->api(GET => '/v1/enrollments/MAC')->{json}{attributes}{Attribute}, $uuid,
    'the last one counts';
is $pg->psql(q{SELECT count(*) FROM mdm.event WHERE type = 'effects_failed'}), '0',
    'nothing failed';
is $pg->psql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';

done_testing;
