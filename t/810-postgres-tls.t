# PostgreSQL that refuses TLS: libpq tries again without, on a new socket that
# has the number of the one it closed.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $ca     = MDM::Test::PKI->ca('Device CA');
my $server = MDM::Test::PKI->ca('Server CA')->server;
my $pg     = MDM::Test::Postgres->start(migrate => 1, tcp => 1);

$pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $data = $pg->psql('SHOW data_directory');
my $user = worker_user();

for my $file ([ 'server.crt', $server->{cert} ], [ 'server.key', $server->{key} ]) {
    my ($name, $from) = @$file;

    spew("$data/$name", slurp($from));
    chmod 0600, "$data/$name";
    chown((getpwnam $user)[2, 3], "$data/$name") if defined $user;
}

$pg->psql('ALTER SYSTEM SET ssl = on');
spew("$data/pg_hba.conf", "hostssl all mdm_device,mdm_api,mdm_job all reject\n"
    . "host all all all trust\nlocal all all trust\n");
$pg->restart;

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%% sslmode=prefer" timeout=20s;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;

    server {
        listen 127.0.0.1:%%PORT%%;
        large_client_header_buffers 4 32k;
        location = /mdm { mdm connect; }
    }
}
CONF

my $device = MDM::Test::Device->new(sign => 1, certificate => $ca->device('iphone'),
    client => MDM::Test::Client->new(port => $nginx->port));

ok wait_for(3, sub { $device->authenticate->{status} == 200 }),
    'the second attempt is soon there';
is $device->token_update->{status}, 200, '... and a device enrols';
like $pg->log, qr/pg_hba\.conf rejects connection .* SSL encryption/,
    'PostgreSQL refused TLS';
unlike $nginx->error_log, qr/does not answer|cannot connect/, 'no attempt failed';

done_testing;
