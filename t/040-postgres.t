# The pool of connections when all is well: roles, natural batches, and polls
# that leave no trace.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::Acme;

MDM::Test::import_servers();

my $acme = MDM::Test::Acme->start(conf => {
    shared_preload_libraries => 'pg_stat_statements',
    autovacuum               => 'off',
});
my $pg = $acme->pg;
$pg->psql('CREATE EXTENSION pg_stat_statements');

my $nginx = $acme->nginx(<<'CONF');
load_module %%MODULE%%;
worker_processes 1;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" connections=4;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    keepalive_requests 10000;

    server {
        listen 127.0.0.1:%%TLS_PORT%% ssl;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; }
    }
}
CONF

my $api = $acme->api;
my $ipad = $acme->enrolled('ipad');

my $touched = Time::HiRes::time();


sub calls_of {
    return $pg->psql("SELECT coalesce(sum(calls), 0) FROM pg_stat_statements
                       WHERE query LIKE '%mdm_r2.$_[0](%'");
}


# All requests lie in the worker's sockets before it looks at the first, so
# that what it does with many at once does not hang on the machine's speed.

sub at_once {
    my ($send, @devices) = @_;

    my ($worker) = $nginx->workers;

    kill 'STOP', $worker;
    $send->($_) for @devices;
    kill 'CONT', $worker;

    return map { $_->finish } @devices;
}


# Roles.

MDM::Test::wait_for(5, sub { 7 == $pg->psql(
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'ngx_mdm'") });

is $pg->psql("SELECT string_agg(usename || ' ' || n, ', ' ORDER BY usename)
                FROM (SELECT usename, count(*) AS n FROM pg_stat_activity
                       WHERE application_name = 'ngx_mdm' GROUP BY 1) s"),
    'mdm_api 2, mdm_device 4, mdm_job 1',
    'a worker connects as three roles, as often as connections= says';


# A poll leaves no trace. Others write every few seconds, the sweep its lease and
# the worker the last contacts; a window without them must come. VACUUM first, for
# else a poll that reads a page may be who prunes it.

$ipad->idle for 1 .. 5;
$pg->psql('VACUUM');

my ($wal, %bad);

for my $try (1 .. 10) {
    my $before = $pg->psql('SELECT pg_current_wal_insert_lsn()');

    $bad{ $_->{status} }++ for grep { $_->{status} != 200 }
        map { $ipad->idle } 1 .. 200;

    $wal = $pg->psql("SELECT pg_current_wal_insert_lsn() - '$before'");
    last if $wal == 0;
}

is_deeply \%bad, {}, '200 polls of an idle device are answered 200';
is $wal, 0, '... and PostgreSQL writes not one byte of WAL for them';


# Natural batches. One iPad's users are as many enrolments under one
# certificate.

my @users = map {
    $ipad->shared_user("pupil$_\@example.com")->with(client => $ipad->{client}->with)
} 1 .. 40;

is scalar(grep { $_->token_update->{status} == 200 } @users), 40,
    '40 users log in to a Shared iPad';

my $before = calls_of('poll');
my @answers = at_once(sub { $_[0]->begin('idle') }, @users);

is scalar(grep { $_->{status} == 200 } @answers), 40,
    '40 polls at once are answered';
cmp_ok calls_of('poll') - $before, '<=', 8, '... in a few calls';

my $command = $ipad->uuid;
$api->api(PUT => '/v1/enqueue/' . join(',', map { $_->enrollment } @users),
    $ipad->command('ProfileList', $command));

$before = calls_of('deliver');
@answers = at_once(sub { $_[0]->begin('idle') }, @users);

is scalar(grep { ($_->{command_uuid} // '') eq $command } @answers), 40,
    'each of 40 users gets the command that is queued for all';
cmp_ok calls_of('deliver') - $before, '<=', 12, '... in a few calls';

$before = calls_of('report');
@answers = at_once(sub { $_[0]->begin(report => $command, 'Acknowledged') },
    @users);

is scalar(grep { $_->{status} == 200 && $_->{body} eq '' } @answers), 40,
    '40 reports at once are taken';
cmp_ok calls_of('report') - $before, '<=', 12, '... in a few calls';
is $pg->psql("SELECT count(*), count(DISTINCT enrollment_id) FROM mdm.result
               WHERE command_uuid = '$command' AND state = 'ACKNOWLEDGED'"),
    '40|40', '... and each is stored once';

my @same = map { $users[0]->with(client => $ipad->{client}->with) } 1 .. 12;
$_->{client}->connect for @same;

$before = calls_of('poll');
at_once(sub { $_[0]->begin('idle') }, @same);

is calls_of('poll') - $before, 12,
    'requests of one enrolment never share a call';


# Last contacts.

MDM::Test::wait_for(25, sub { $pg->psql('SELECT 1 FROM mdm.enrollment_seen') });
my $waited = Time::HiRes::time() - $touched;

cmp_ok $waited, '<', 25, 'last contacts are written within about ten seconds';

MDM::Test::wait_for(15, sub {
    41 == $pg->psql('SELECT count(*) FROM mdm.enrollment_seen') });
is $pg->psql('SELECT count(*) FROM mdm.enrollment_seen'), 41,
    '... of everybody who came';
is $pg->psql("SELECT count(*) FROM mdm.enrollment_seen s
               WHERE seen_at NOT BETWEEN now() - interval '60 s' AND now()"),
    0, '... as times of PostgreSQL\'s clock';
is $pg->psql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree';

done_testing;
