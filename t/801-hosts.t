# Several hosts in mdm_database: one that is silent, one that refuses, a
# read-only standby, and a failover to it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use IO::Socket::INET ();
use Time::HiRes ();
use MDM::Test;

with_sanitizers();

MDM::Test::import_servers();

my $pg = MDM::Test::Postgres->start(migrate => 1, tcp => 1,
    conf => { wal_level => 'replica', max_wal_senders => 4 });

my $ca     = MDM::Test::PKI->ca('Device CA');
my $tls_ca = MDM::Test::PKI->ca('Server CA');
my $server = $tls_ca->server;
my $token  = $pg->tenant('acme', host => 'localhost', device_ca => $ca);
my $phone  = $ca->device('iphone');

my $conf = <<'CONF';
load_module %%MODULE%%;
worker_processes 1;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%HOSTS%% dbname=mdm" connections=2 timeout=%%TIMEOUT%%;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;

    server {
        listen 127.0.0.1:%%TLS_PORT%% ssl;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        location = /mdm { mdm connect; }
    }
}
CONF

my %vars = (CERT => $server->{cert}, KEY => $server->{key});

sub nginx {
    return MDM::Test::Nginx->start(pg => $pg, conf => $conf,
        vars => { %vars, HOSTS => $_[0], TIMEOUT => $_[1] // '2s' });
}

sub iphone {
    return MDM::Test::Device->new(udid => 'IPHONE', certificate => $phone,
        client => MDM::Test::Client->new(port => $_[0]->tls_port,
            ca => $tls_ca, certificate => $phone));
}


# A host that takes connections and says nothing, one where nobody listens,
# and the right one.

my $silent = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64);
my $refused = MDM::Test::free_port();

my $nginx = nginx('host=127.0.0.1,127.0.0.1,127.0.0.1 port='
    . join ',', $silent->sockport, $refused, $pg->port);

is iphone($nginx)->enroll->{status}, 200,
    'a silent and a refusing host are passed over, and nobody hears of it';
like $nginx->error_log, qr/mdm: PostgreSQL at 127.0.0.1:@{[ $silent->sockport ]} as mdm_device: does not answer/,
    '... but the error log, of the silent one';
like $nginx->error_log, qr/mdm: PostgreSQL at 127.0.0.1:$refused as mdm_device: cannot connect: .*refused/,
    '... and of the other';
like $nginx->error_log, qr/connected to PostgreSQL at 127.0.0.1:@{[ $pg->port ]} as mdm_device/,
    '... and of the one that answers';
$nginx->stop;

$nginx = nginx('host=127.0.0.1 port=' . $silent->sockport);
my $start = Time::HiRes::time();
is iphone($nginx)->idle->{status}, 503, 'with a silent host alone: 503';
cmp_ok Time::HiRes::time() - $start, '<', 5, '... when the deadline passes';

MDM::Test::wait_for(5, sub { $nginx->error_log =~ /does not answer/ });
$start = Time::HiRes::time();
is iphone($nginx)->idle->{status}, 503, 'after the first attempt';
cmp_ok Time::HiRes::time() - $start, '<', 1, '... at once';
$nginx->stop;


# libpq begins anew without TLS when the server wants it so, on a socket with
# the same number.

my $data = "$pg->{dir}/data";
MDM::Test::run_or_die('cp', $server->{cert}, "$data/server.crt");
MDM::Test::run_or_die('cp', $server->{key}, "$data/server.key");
MDM::Test::run_or_die('chown', '--reference', $data, "$data/server.key");
chmod 0600, "$data/server.key";
MDM::Test::spew("$data/pg_hba.conf", <<'HBA');
local all all trust
hostnossl all all 127.0.0.1/32 trust
hostnossl replication all 127.0.0.1/32 trust
HBA

$pg->psql('ALTER SYSTEM SET ssl = on');
$pg->psql('SELECT pg_reload_conf()');
MDM::Test::wait_for(5, sub { $pg->psql('SHOW ssl') eq 'on' });

$nginx = nginx('host=127.0.0.1 port=' . $pg->port, '20s');
is iphone($nginx)->idle->{status}, 200, 'a second try without TLS gets through';
unlike $nginx->error_log, qr/does not answer/, '... and is not lost in between';
$nginx->stop;


# A standby comes first in the list, and becomes the primary.

my $standby = MDM::Test::Postgres->start(standby_of => $pg);

is $standby->psql('SELECT pg_is_in_recovery()'), 't', 'a standby runs';

$nginx = nginx('host=' . join(',', map { $_->socket_dir } $standby, $pg)
    . ' port=' . join(',', map { $_->port } $standby, $pg));

my $iphone = iphone($nginx);

is $iphone->idle->{status}, 200, 'the standby is passed over for the primary';
like $nginx->error_log, qr/PostgreSQL at \S+ as mdm_device: cannot connect: .*read-only/,
    '... because it is read-only';
is $iphone->token_update->{status}, 200, '... and writing works';

my $token_at = $pg->psql('SELECT token_at FROM mdm.enrollment');
$pg->stop;

is $iphone->idle->{status}, 503, 'without a primary devices hear 503';
$standby->psql('SELECT pg_promote()');

my $back = MDM::Test::wait_for(8, sub { $iphone->idle->{status} == 200 });
ok $back, 'the promoted standby is found';
is $standby->psql('SELECT token_at FROM mdm.enrollment'), $token_at,
    '... with what was answered 200 by the old primary';
ok MDM::Test::wait_for(8, sub { $iphone->token_update->{status} == 200 }),
    '... and writing works';

done_testing;
