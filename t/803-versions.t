# A worker serves only a database that it fits: its revision is there, the
# tables still take it, and its keys open what is stored.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

MDM::Test::import_servers();

my $pg     = MDM::Test::Postgres->start(migrate => 1);
my $ca     = MDM::Test::PKI->ca('Device CA');
my $tls_ca = MDM::Test::PKI->ca('Server CA');
my $server = $tls_ca->server;
my $token  = $pg->tenant('acme', host => 'localhost', device_ca => $ca);
my $phone  = $ca->device('iphone');

my $key = $pg->secret_key;
my $new_key = spew(test_dir() . '/new.key',
    MDM::Test::run_or_die('openssl', 'rand', '-hex', '32'));
chmod 0600, $new_key;

my $conf = <<'CONF';
load_module %%MODULE%%;
worker_processes 1;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" connections=2 timeout=4s;
    %%KEYS%%
    mdm_tenant $host;

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

sub nginx {
    return MDM::Test::Nginx->start(pg => $pg, conf => $conf, vars => {
        CERT => $server->{cert},
        KEY  => $server->{key},
        KEYS => join(' ', map { "mdm_secret_key $_;" } @_),
    });
}

sub iphone {
    my ($nginx) = @_;

    return MDM::Test::Device->new(udid => 'IPHONE',
        client => MDM::Test::Client->new(port => $nginx->tls_port,
            ca => $tls_ca, certificate => $phone));
}

sub api {
    my ($nginx) = @_;

    return MDM::Test::Client->new(port => $nginx->tls_port, ca => $tls_ca,
        token => $token);
}

# All connections are made anew, and judged again.

sub reconnect { $pg->terminate_backends; sleep 1 }

# Polls and writes have connections of their own, which pause on their own.

sub comes_back {
    my ($iphone, $why) = @_;

    ok MDM::Test::wait_for(8, sub {
        $iphone->idle->{status} == 200
            && $iphone->token_update->{status} == 200
    }), $why;
}

# Everything that requests could have written.

sub rows {
    return $pg->psql('SELECT (SELECT count(*) FROM mdm.enrollment),
        (SELECT count(*) FROM mdm.identity), (SELECT count(*) FROM mdm.command),
        (SELECT count(*) FROM mdm.queue), (SELECT count(*) FROM mdm.result),
        (SELECT count(*) FROM mdm.event), (SELECT count(*) FROM mdm.secret),
        (SELECT count(*) FROM mdm.idempotency)');
}


# The revision.

my $nginx = nginx($key);
my $iphone = iphone($nginx);

is $iphone->enroll->{status}, 200, 'with its revision a worker serves';
is $iphone->shared_user('joe #1')->token_update->{status}, 200, '... users, too';

$pg->psql('ALTER SCHEMA mdm_r2 RENAME TO mdm_gone');
reconnect();

is $iphone->idle->{status}, 503, 'without it devices hear 503';
is api($nginx)->api(GET => '/v1/enrollments')->{status}, 503, 'and the API';
like $nginx->error_log, qr/does not have revision 2, .* run "mdmctl migrate"/,
    '... and the error log says to run mdmctl migrate';

$pg->psql('ALTER SCHEMA mdm_gone RENAME TO mdm_r2');
comes_back($iphone, 'the worker serves again when the revision is there');

like $pg->migrate, qr/./, 'mdmctl migrate may run beside a serving worker';
is $iphone->idle->{status}, 200, '... which goes on';
is $iphone->token_update->{status}, 200, '... also with writing';


# Newer tables, with functions of another revision beside ours.

$pg->psql('CREATE SCHEMA mdm_r3');
$pg->psql("INSERT INTO mdm.schema_version (version, name, oldest_revision)
           VALUES (9000, 'expand', 1)");
reconnect();
comes_back($iphone, 'newer tables that still take our revision are served');
is $iphone->token_update->{status}, 200, '... also with writing';

$pg->psql("INSERT INTO mdm.schema_version (version, name, oldest_revision)
           VALUES (9001, 'contract', 3)");
reconnect();

my $before = rows();

is $iphone->idle->{status}, 503,
    'tables that take later revisions only are not';
like $nginx->error_log,
    qr/takes modules of revision 3 and later, this one is 2: upgrade the module/,
    '... and the error log says to upgrade the module';
is $iphone->token_update->{status}, 503, 'nothing is written either';
is rows(), $before, '... indeed';

$pg->psql('DELETE FROM mdm.schema_version WHERE version = 9001');
comes_back($iphone, 'without them the worker serves again');
$nginx->stop;


# The keys.

$before = rows();
$nginx = nginx($new_key);

is iphone($nginx)->token_update->{status}, 503, 'with a wrong key: 503';
is iphone($nginx)->with(udid => 'OTHER')->enroll->{status}, 503,
    '... to everybody';
is api($nginx)->api(PUT => '/v1/enqueue/IPHONE',
    $iphone->command('ProfileList'))->{status}, 503, '... and to the API';
like $nginx->error_log,
    qr/holds secrets of key [0-9a-f]+, which no mdm_secret_key opens: add that/,
    '... and the error log says which key is missing';
is rows(), $before, '... and no row is written';
$nginx->stop;

$nginx = nginx($new_key, $key);
is iphone($nginx)->token_update->{status}, 503,
    'a first key that the database does not know: 503';
like $nginx->error_log, qr/first mdm_secret_key is not known .* "mdmctl rekey"/,
    '... and the error log says to run mdmctl rekey';
is rows(), $before, '... and no row is written';

my ($exit, $text) = mdmctl('--database', $pg->conninfo,
    map({ ('--secret-key', $_) } $new_key, $key), 'rekey');
is $exit, 0, 'mdmctl rekey brings the new key into use' or diag $text;
is $pg->psql("SELECT count(*) > 2, count(DISTINCT e.sealed), min(e.sealed) = min(k.id)
    FROM (SELECT encode(substring(payload FOR 8), 'hex') AS sealed FROM mdm.event
           WHERE payload IS NOT NULL) e,
         (SELECT encode(key_id, 'hex') AS id FROM mdm.secret_key
           ORDER BY created_at DESC LIMIT 1) k"), 't|1|t',
    '... for the messages of events, too';
like $text, qr/seals nothing now/, '... and nothing is left behind';
comes_back(iphone($nginx), '... and the worker serves without a reload');

done_testing;
