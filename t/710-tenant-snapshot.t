# What a worker knows of tenants: found while it runs, changed without a
# reload, kept while the database is away, and spread over databases.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;

with_sanitizers();

MDM::Test::import_servers();

my $pg = MDM::Test::Postgres->start(migrate => 1,
    conf => { shared_preload_libraries => 'pg_stat_statements' });
$pg->psql('CREATE EXTENSION pg_stat_statements');

$pg->psql('CREATE DATABASE second');
my $second = $pg->address =~ s/dbname=mdm/dbname=second/r;

my ($ca, $new_ca) = map { MDM::Test::PKI->ca($_) } 'Device CA', 'New CA';
my $tls_ca = MDM::Test::PKI->ca('Server CA');
my $server = $tls_ca->server;

my %certificate = (
    old      => $ca->device('old'),
    new      => $new_ca->device('new'),
    changing => $new_ca->device('changing'),
);

$pg->tenant('acme', host => 'acme.example.com', device_ca => $ca);

for my $words (['migrate'], ['tenant', 'add', 'acme',
    '--host', 'second.example.com', '--device-ca', $ca->{cert}])
{
    MDM::Test::run_or_die(build('mdmctl'), '--database',
        "$second user=postgres", '--secret-key', $pg->secret_key, @$words);
}

my $nginx = MDM::Test::Nginx->start(pg => $pg,
    vars => { CERT => $server->{cert}, KEY => $server->{key},
              SECOND => $second },
    conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 1;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" connections=4 timeout=4s;
    mdm_database "%%SECOND%%" name=two connections=2 timeout=4s;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    mdm_use_database $shard;
    keepalive_requests 10000;

    map $host $shard {
        second.example.com two;
        lost.example.com   three;
        default            "";
    }
    server {
        listen 127.0.0.1:%%TLS_PORT%% ssl;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        location = /mdm { mdm connect; }
    }
}
CONF

my %client = map { $_ => MDM::Test::Client->new(port => $nginx->tls_port,
    ca => $tls_ca, certificate => $certificate{$_}) } keys %certificate;

sub device {
    my ($host, $which, $udid) = @_;

    return MDM::Test::Device->new(udid => $udid // "DEVICE-$which",
        client => $client{$which}->with(host => $host));
}

# Seconds until the device's message is answered with this status, at most ten.

sub until_status {
    my ($device, $message, $status) = @_;

    my $start = Time::HiRes::time();
    MDM::Test::wait_for(10, sub { $device->$message->{status} == $status });

    return Time::HiRes::time() - $start;
}

sub loads {
    return $pg->psql("SELECT coalesce(sum(calls), 0) FROM pg_stat_statements
                       WHERE query LIKE '%mdm_r2.tenant_load(%'");
}


# A tenant that comes while the worker runs.

my $late = device('late.example.com', 'old', 'LATE');

is $late->authenticate->{status}, 503, 'an unknown tenant: 503';
like $nginx->error_log, qr/mdm: unknown tenant, tenant "late.example.com"/,
    '... and the error log names it';
$pg->tenant('late', host => 'late.example.com', device_ca => $ca);
cmp_ok until_status($late, 'enroll', 200), '<', 3.5,
    'a tenant that is added is found within about two seconds';


# Other CAs.

my ($old, $new) = map { device('acme.example.com', $_) } qw(old new);

is $new->enroll->{status}, 403, 'a certificate of a foreign CA is refused';

my ($exit, $text) = mdmctl('--database', $pg->conninfo, 'tenant', 'set', 'acme',
    '--device-ca', $new_ca->{cert});
is $exit, 0, 'mdmctl replaces the device CA' or diag $text;

cmp_ok until_status($new, 'enroll', 200), '<', 4,
    '... which counts within about three seconds, without a reload';
is $old->enroll->{status}, 403, '... and the CA before it no more';
is $late->idle->{status}, 200, '... in this tenant';


# CAs that cannot be read are our fault, not the device's.

$pg->tenant('broken', host => 'broken.example.com', device_ca => $ca);
$pg->psql("UPDATE mdm.tenant SET device_ca = 'nothing' WHERE name = 'broken'");

is device('broken.example.com', 'old', 'BROKEN')->authenticate->{status}, 503,
    'the device of a tenant whose CAs cannot be read hears 503';
like $nginx->error_log, qr/tenant "broken": device CA: .*: none of its devices is accepted/,
    '... and the error log says so';


# Unknown hosts.

my $before = loads();
my $flood = $client{old}->with(host => 'flood.example.com');

for my $name (map { "flood$_.example.com" } (1 .. 20) x 5) {
    $flood->put('/mdm', 'application/x-apple-aspen-mdm', 'x', Host => $name);
}
cmp_ok loads() - $before, '<=', 45,
    'a flood of requests for unknown hosts asks rarely, not each time';


# A load that saw the tenant as it was before a change, and is answered after the
# worker heard of the change.

my $changing = device('changing.example.com', 'changing');
$pg->tenant('changing', host => 'changing.example.com', device_ca => $ca);

$pg->psql(<<'SQL');
ALTER FUNCTION mdm_r2.tenant_load(text) RENAME TO tenant_load_at_once;
CREATE FUNCTION mdm_r2.tenant_load(p_key text)
RETURNS TABLE (tenant_id bigint, name text, version bigint, device_ca text,
               settings text)
LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY SELECT * FROM mdm_r2.tenant_load_at_once(p_key);
    PERFORM pg_sleep(2.8);
END $$;
GRANT EXECUTE ON FUNCTION mdm_r2.tenant_load(text) TO mdm_device;
SQL
$pg->terminate_backends;
sleep 4;                       # connected anew, and the poll has begun anew

$changing->begin('authenticate');
Time::HiRes::sleep(0.3);
MDM::Test::run_or_die(build('mdmctl'), '--database', $pg->conninfo, 'tenant',
    'set', 'changing', '--device-ca', $new_ca->{cert});
is $changing->finish->{status}, 403, 'a slow load brings the old CA';
is $changing->authenticate->{status}, 200,
    '... which does not stay when it was changed meanwhile';

$pg->psql(<<'SQL');
DROP FUNCTION mdm_r2.tenant_load(text);
ALTER FUNCTION mdm_r2.tenant_load_at_once(text) RENAME TO tenant_load;
SQL
$pg->terminate_backends;
cmp_ok until_status($new, 'idle', 200), '<', 8, '... and so on';


# The database is away.

is $new->idle->{status}, 200, 'a tenant is known';
$pg->stop;
is $new->idle->{status}, 503, 'without PostgreSQL its devices hear 503';
is $old->idle->{status}, 403, '... strangers 403, from the snapshot';
is device('never.example.com', 'old')->idle->{status}, 503,
    '... and unknown hosts 503';

$pg->launch;
cmp_ok until_status($new, 'idle', 200), '<', 8, 'the service comes back';

$pg->terminate_backends;   # every snapshot is now to be looked at again
sleep 3;
$pg->stop;
is $old->idle->{status}, 403, 'a stale snapshot serves without PostgreSQL, too';

$pg->launch;
cmp_ok until_status($new, 'idle', 200), '<', 8, '... until it is back';


# Two databases.

my $far = device('second.example.com', 'old', 'FAR');

cmp_ok until_status($far, 'enroll', 200), '<', 8,
    'a tenant of another database is served';
is $pg->psql("SELECT count(*) FROM mdm.enrollment WHERE device_id = 'FAR'"), 0,
    '... and nothing of it is in the first';

my ($devices) = MDM::Test::run_or_die(build('mdmctl'), '--database',
    "$second user=postgres", 'devices');
like $devices, qr/FAR/, '... it is all in the second';
unlike $devices, qr/DEVICE-new|LATE/, '... which has nobody else';
is device('acme.example.com', 'new', 'FAR')->idle->{status}, 403,
    'a tenant of the first database does not know the device';
is device('lost.example.com', 'old')->idle->{status}, 503,
    'a database that is not configured: 503';
like $nginx->error_log, qr/mdm_use_database names "three", but no mdm_database/,
    '... and the error log says so';

done_testing;
