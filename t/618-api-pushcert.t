# Push certificates: stored and shown in NanoMDM's shapes, listed in ours, keys
# sealed, refusals in words; and the same through mdmctl.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use JSON::PP ();
use MDM::Test;

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $apple = MDM::Test::PKI->ca('Push CA');
my $token = $pg->tenant('acme', host => 'localhost');
my $rival = $pg->tenant('rival', host => 'rival.example');

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
thread_pool mdm threads=2;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;

    server {
        listen 127.0.0.1:%%PORT%%;
        location /v1/ {
            mdm api;
            client_max_body_size 4m;
            client_body_buffer_size 4m;
        }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);
my $other = $client->with(token => $rival, host => 'rival.example');

my $prefix = 'com.apple.mgmt.External.';
my $topic = $prefix . '0b1c2d3e-0000-4000-8000-00000000abcd';
my $first = $apple->push_certificate($topic, days => 30);
my $ec    = $apple->push_certificate("${prefix}ec", key => 'ec');

sub both { return $_[0]->pem . $_[0]->key_pem }
sub store { return $api->api(PUT => '/v1/pushcert', $_[0]) }
sub shown { return ($_[1] // $api)->api(GET => "/v1/pushcert?topic=$_[0]") }

sub end_of {
    my $end = MDM::Test::run_or_die('openssl', 'x509', '-noout', '-enddate',
        '-dateopt', 'iso_8601', '-in', $_[0]{cert});

    return $end =~ /=(\S+) (\S+Z)/ ? "$1T$2" : die $end;
}


sub row { return $pg->psql("SELECT $_[0] FROM mdm.push_certificate
                             WHERE topic = '$topic'") }

# Nothing yet.

is_deeply $api->api(GET => '/v1/push-certificates')->{json}, { items => [] },
    'at first there is none';
is shown($topic)->{status}, 404, '... nor one for a topic';
is_deeply shown($topic)->{json}, { error =>
    'there is no push certificate for this topic' }, "... in NanoMDM's shape";
for my $bad ('', 'com.example.app', "$prefix%00", "$prefix%FF", 'x' x 300) {
    my $answer = shown($bad);
    is $answer->{status}, 400, "the topic \"$bad\" is refused";
    like $answer->{json}{error}, qr/"topic" is /, '... in words';
}
like $api->api(GET => '/v1/pushcert')->{json}{error}, qr/"topic" is missing/,
    '... and so is none';

# Storing.

my $answer = store(both($first));
my $told = { topic => $topic, not_after => end_of($first) };
is $answer->{status}, 200, 'a certificate with its key is stored' or diag $answer->{body};
is_deeply $answer->{json}, $told, "... and answered in NanoMDM's shape";
is_deeply shown($topic)->{json}, $told, '... and shown in it';
is shown($topic, $other)->{status}, 404, '... but not to another tenant';

my $text = MDM::Test::run_or_die('openssl', 'x509', '-noout', '-serial',
    '-in', $first->{cert});
my ($serial) = $text =~ /=(\S+)/;
my $items = $api->api(GET => '/v1/push-certificates')->{json}{items};
like $items->[0]{stored_at}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    'our list has when it was stored';
delete $items->[0]{stored_at};
is_deeply $items, [ { topic => $topic, not_after => end_of($first) =~ s/Z/.000Z/r,
    days_left => 29, serial => $serial, issuer => 'CN=Push CA',
    subject => 'CN=APSP:0b1c2d3e-0000-4000-8000-00000000abcd,UID=' . $topic,
    fingerprint => $first->sha256, version => 1, development => JSON::PP::false } ],
    '... and what it is';
is_deeply $other->api(GET => '/v1/push-certificates')->{json}{items}, [],
    '... in its own tenant';

# At rest.

my $der = $pg->psql("SELECT encode(certificate, 'hex') FROM mdm.push_certificate");
is $der, unpack('H*', $first->der), 'the certificate is stored as it is';
MDM::Test::run_or_die('openssl', 'pkey', '-in', $first->{key}, '-outform', 'DER',
    '-out', "$first->{key}.der");
my $key = unpack 'H*', slurp("$first->{key}.der");
my $part = substr $key, -200, 64;
is row("position('\\x$part'::bytea IN private_key)"), 0, '... and its key sealed';
is row("encode(substr(private_key, 1, 8), 'hex') = (SELECT encode(key_id, 'hex')
    FROM mdm.secret_key)"), 't', '... with the secret key';
like +($pg->try_psql('SELECT private_key FROM mdm.push_certificate',
    role => 'mdm_api'))[1], qr/permission denied/, '... which the API cannot read';

my $audit = $pg->psql("SELECT actor, remote, action, detail FROM mdm.audit
    WHERE action LIKE 'push%'");
like $audit, qr/^test\|127\.0\.0\.1\|push_certificate_store\|/, 'the audit has it';
my $after = end_of($first) =~ s/Z/.000Z/r;
like $audit, qr/"not_after": "\Q$after\E"/, '... with its dates';
unlike $audit, qr/$part|PRIVATE/i, '... and without its key';
is $pg->psql("SELECT type, enrollment_id IS NULL, data ->> 'topic', data ->> 'version'
    FROM mdm.event WHERE type = 'push_certificate_stored'"),
    "push_certificate_stored|t|$topic|1",
    'and so has an event';

# Renewing.

my $second = $apple->push_certificate($topic, days => 400);
is store($second->key_pem . $apple->pem . "\r\n" . $second->pem)->{status}, 200,
    'another certificate of the topic is stored, its key first and a CA beside it';
is row('version || encode(fingerprint, \'hex\')'), '2' . $second->sha256,
    '... in place of the former, as version 2';
is shown($topic)->{json}{not_after}, end_of($second), '... and shown';
like $pg->psql("SELECT detail FROM mdm.audit ORDER BY audit_id DESC LIMIT 1"),
    qr/"former_not_after": "\Q$after\E"/, '... and the audit keeps the former date';

is store($ec->pem =~ s/\n\z//r . $ec->key_pem)->{json}{topic}, "${prefix}ec",
    'END and BEGIN may stand on one line, and the key may be EC';
is $other->api(PUT => '/v1/pushcert', both($first))->{status}, 200,
    'another tenant may have the same topic';
is row('count(*)'), 2, '... in a row of its own';
is_deeply [ map { $_->{topic} } @{ $api->api(GET => '/v1/push-certificates')
    ->{json}{items} } ], [ $topic, "${prefix}ec" ], 'the list has topics in order';

my $page = $api->api(GET => '/v1/push-certificates?limit=1')->{json};
is $page->{items}[0]{topic}, $topic, '... page by page';
$page = $api->api(GET => "/v1/push-certificates?limit=1&after=$page->{next}")->{json};
is $page->{items}[0]{topic}, "${prefix}ec", '... to the next';
ok !exists $page->{next}, '... and the end';
is $api->api(GET => "/v1/push-certificates?$_->[0]")->{json}{error}{code}, $_->[1],
    "$_->[0] is refused" for [ 'limit=0', 'bad_limit' ], [ 'after=x', 'bad_cursor' ],
        [ 'topic=x', 'unknown_argument' ];

# Refusals.

MDM::Test::run_or_die('openssl', 'pkey', '-aes256', '-passout', 'pass:x',
    '-in', $ec->{key}, '-out', "$ec->{key}.sealed");
my $weak = $apple->push_certificate("${prefix}weak", key => 'rsa1024');
my $lone = $apple->push_certificate("${prefix}lone");
my %bad = (
    'nothing'             => [ '', qr/no certificate found/ ],
    'garbage'             => [ join('', map { chr } 0 .. 255), qr/no certificate/ ],
    'no key'              => [ $lone->pem, qr/no private key came.*pushcert\/request/ ],
    'no certificate'      => [ $ec->key_pem, qr/no certificate found/ ],
    'an encrypted key'    => [ $ec->pem . slurp("$ec->{key}.sealed"),
                               qr/remove the passphrase with "openssl pkey/ ],
    'two keys'            => [ both($ec) . $first->key_pem, qr/more than one/ ],
    "another's key"       => [ $ec->pem . $first->key_pem, qr/does not belong/ ],
    'no UID'              => [ both($apple->device('d')), qr/no UID/ ],
    'another UID'         => [ both($apple->device('d', uid => 'com.example.app')),
                               qr/begin with com\.apple\.mgmt\./ ],
    'an expired one'      => [ both($apple->push_certificate("${prefix}old",
                               days => -1)), qr/expired at \d{4}-.*renew it/ ],
    'one of the future'   => [ both($apple->push_certificate("${prefix}new",
                               starts => 2)), qr/not valid before \d{4}-/ ],
    'a weak one'          => [ both($weak), qr/RSA key of 1024 bits/ ],
    'half of one'         => [ substr(both($ec), 0, 300), qr/no END line/ ],
    'too much'            => [ both($ec) . 'x' x 65536, qr/larger than 65536 bytes/ ],
);
my $rows = 'SELECT count(*), max(version) FROM mdm.push_certificate';
my $before = $pg->psql($rows);

for my $what (sort keys %bad) {
    my ($body, $words) = @{ $bad{$what} };

    $answer = store($body);
    is $answer->{status}, 400, "$what is refused";
    like $answer->{json}{error}, $words, '... in words';
    is_deeply [ keys %{ $answer->{json} } ], [ 'error' ], "... in NanoMDM's shape";
}
is $pg->psql($rows), $before, '... and nothing of it is stored';
is store('x' x (4 * 1024 * 1024 + 1))->{status}, 413, '4 MB are too much at all';

# Rights.

my ($exit, $reader) = mdmctl('--database', $pg->conninfo, 'token', 'add', 'acme',
    'reader', '--scope', 'read', '--scope', 'command', '--scope', 'secrets');
$reader = $client->with(token => $reader =~ /([\w-]{43})/);
is $reader->api(PUT => '/v1/pushcert', both($ec))->{json}{error}{code},
    'missing_scope', 'storing needs the scope admin';
is shown($topic, $reader)->{status}, 200, '... looking needs read';

# mdmctl.

my @ctl = ('--database', $pg->conninfo, '--secret-key', $pg->secret_key);
sub ctl { return mdmctl(@ctl, 'pushcert', @_) }

($exit, $text) = ctl('list', '--tenant', 'acme');
is $exit, 0, 'mdmctl lists them';
like $text, qr/^\Q$topic\E +\S+Z +399 +\w+ +\S+Z *$/m, '... with the days left';
($exit, $text) = ctl('store', $first->{cert}, $first->{key}, '--tenant', 'acme');
is $exit, 1, '... takes none that ends before the one that is there';
like $text, qr/valid longer than this one, until \Q@{[ end_of($second) ]}\E.*--older/,
    '... and says how long that is valid, and how it would';
($exit, $text) = ctl('store', $first->{cert}, $first->{key}, '--older',
    '--tenant', 'acme');
is $exit, 0, '... and stores one from two files' or diag $text;
like $text, qr/\Q$topic\E is replaced; it is valid until \Q@{[ end_of($first) ]}\E$/,
    '... and says so';
is shown($topic)->{json}{not_after}, end_of($first), '... for the API, too';
like $pg->psql('SELECT actor, action FROM mdm.audit ORDER BY audit_id DESC LIMIT 1'),
    qr/^mdmctl\|push_certificate_store$/, '... with an audit row';
($exit, $text) = ctl('store', $first->{cert}, $ec->{key}, '--tenant', 'acme');
is $exit, 1, "... but not with another's key";
like $text, qr/pem" and the other files: .*does not belong/, '... in the same words';
($exit, $text) = ctl('store', $first->{cert}, '/nowhere', '--tenant', 'acme');
like $text, qr{cannot open "/nowhere"}, '... nor a file that is not there';

# The keys follow the secret key.

my $new = spew(test_dir() . '/new.key', MDM::Test::run_or_die('openssl', 'rand',
    '-hex', '32'));
my $sealers = "SELECT count(DISTINCT substr(private_key, 1, 8)), min(encode(
    substr(private_key, 1, 8), 'hex')) FROM mdm.push_certificate";
my ($old_id) = $pg->psql($sealers) =~ /^1\|(\w+)$/;

($exit, $text) = mdmctl('--database', $pg->conninfo, '--secret-key', $new,
    '--secret-key', $pg->secret_key, 'rekey');
is $exit, 0, 'rekey succeeds' or diag $text;
like $text, qr/^3 sealed values were re-encrypted/m, '... for three push keys';
like $text, qr/key $old_id seals nothing now/, '... so that none is left';
like $pg->psql($sealers), qr/^1\|(?!$old_id)/, '... under the former one';
($exit, $text) = mdmctl('--database', $pg->conninfo, '--secret-key',
    spew(test_dir() . '/third.key', MDM::Test::run_or_die('openssl', 'rand', '-hex',
    '32')), '--secret-key', $new, 'rekey');
is $exit, 0, '... and they open with the new one' or diag $text;

done_testing;
