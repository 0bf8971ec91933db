# The certificate that a tenant signs profiles with: stored, shown, forgotten, and
# used; its key sealed; refusals in words. OpenSSL verifies what comes out.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Root');
my $issuer = $ca->certificate('Issuing', ca => 1);
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
my $path = '/v1/signing-certificate';

my $signer = $issuer->certificate('Profiles of acme', days => 40);
my $rsa = $ca->certificate('In RSA', key => 'rsa', eku => 'serverAuth');

sub both  { return $_[0]->pem . $_[0]->key_pem }
sub store { return ($_[1] // $api)->api(PUT => $path, $_[0]) }
sub code  { return "$_[0]{status} " . ($_[0]{json}{error}{code} // '') }

sub profile {
    my ($name) = @_;

    return { PayloadType => 'Configuration', PayloadVersion => 1,
        PayloadIdentifier => "com.example.$name", PayloadUUID => "UUID-$name",
        PayloadContent => [ { PayloadType => 'com.apple.mobiledevice.passwordpolicy',
            PayloadVersion => 1, PayloadIdentifier => "com.example.$name.passcode",
            PayloadUUID => "UUID-$name-1", forcePIN => \1 } ] };
}

sub bytes { return $api->api(GET => "/v1/profiles/$_[0]?format=mobileconfig") }

# What OpenSSL makes of it: the contents, or why it does not verify.

sub verified {
    my ($cms) = @_;

    my $file = spew(test_dir() . '/signed', $cms);
    my ($exit, $text) = run_command('openssl', 'cms', '-verify', '-binary', '-inform',
        'DER', '-in', $file, '-CAfile', $ca->{cert}, '-purpose', 'any', '-out',
        "$file.plist");

    return $exit == 0 ? slurp("$file.plist") : "not verified: $text";
}

# Before there is one.

is code($api->api(GET => $path)), '404 no_signing_certificate', 'at first there is none';
is code($api->api(DELETE => $path)), '404 no_signing_certificate', '... to forget';

my $stored = $api->api(POST => '/v1/profiles', profile('plain'));
is $stored->{status}, 201, 'a profile is stored' or diag $stored->{body};
my $plain = bytes($stored->{json}{id});
is $plain->{headers}{'content-type'}, 'application/x-apple-aspen-config',
    '... and comes as a .mobileconfig';
like $plain->{body}, qr/\A<\?xml .*<key>forcePIN<\/key>\s*<true\/>/s, '... unsigned';

# Storing and showing.

my $answer = store($issuer->pem . both($signer));
is $answer->{status}, 200, 'a chain with its key is stored' or diag $answer->{body};
my $shown = $answer->{json};
is $shown->{subject}, 'CN=Profiles of acme', '... the certificate that has the key';
is $shown->{issuer}, 'CN=Issuing', '... with its issuer';
is $shown->{fingerprint}, $signer->sha256, '... and fingerprint';
is $shown->{days_left}, 39, '... and the days left';
is_deeply $api->api(GET => $path)->{json}, $shown, '... and shown the same';
is code($other->api(GET => $path)), '404 no_signing_certificate', '... to its tenant alone';
unlike $answer->{body}, qr/PRIVATE|private/, '... without its key';

MDM::Test::run_or_die('openssl', 'pkey', '-in', $signer->{key}, '-outform', 'DER',
    '-out', "$signer->{key}.der");
my $part = substr unpack('H*', slurp("$signer->{key}.der")), -100, 40;
is $pg->psql("SELECT position('\\x$part'::bytea IN private_key),
        encode(substr(private_key, 1, 8), 'hex') = encode(k.key_id, 'hex')
    FROM mdm.signing_certificate, mdm.secret_key k"), '0|t', '... which is sealed';
is $pg->psql("SELECT count(*) FROM mdm.audit WHERE action = 'signing_certificate_store'
    AND detail ->> 'fingerprint' = '$shown->{fingerprint}'
    AND detail::text NOT LIKE '%$part%'"), 1, 'the audit has it, and not its key';

# Signing.

my $signed = bytes($stored->{json}{id});
is verified($signed->{body}), $plain->{body}, 'what came unsigned goes out signed';
is $signed->{headers}{'content-type'}, 'application/x-apple-aspen-config',
    '... as what it was';
my $text = MDM::Test::run_or_die('openssl', 'pkcs7', '-inform', 'DER', '-in',
    spew(test_dir() . '/signed', $signed->{body}), '-print_certs', '-noout');
like $text, qr/CN = Profiles of acme.*CN = Issuing/s, '... with the chain in it';

my $again = $api->api(POST => '/v1/profiles', $signed->{body})->{json};
ok $again->{signed}, 'a signed profile is taken';
is $again->{signer}, 'CN=Profiles of acme', '... and who signed it is told';
is_deeply $again->{warnings}, [], '... without a warning';
is bytes($again->{id})->{body}, $signed->{body}, '... and goes out byte for byte';

my $wanting = profile('wanting');
$wanting->{PayloadDisplayName} = 'of %SerialNumber%';
$answer = $api->api(POST => '/v1/profiles', $wanting)->{json};
like bytes($answer->{id})->{body}, qr/\A<\?xml/,
    'what has per-device values is not signed, for it changes at delivery';

# Replacing and forgetting.

is store(both($rsa))->{json}{subject}, 'CN=In RSA', 'another takes its place, in RSA';
is verified(bytes($stored->{json}{id})->{body}), $plain->{body}, '... and signs';
is $pg->psql('SELECT count(*) FROM mdm.signing_certificate'), 1, '... alone';
like $pg->psql('SELECT detail FROM mdm.audit ORDER BY audit_id DESC LIMIT 1'),
    qr/"former_not_after": "\Q$shown->{not_after}\E"/, '... the audit keeps the former date';

my $self = MDM::Test::PKI->ca('Alone');
$self = $self->certificate('Alone', key => $self);
is store(both($self))->{status}, 200, 'one of one\'s own making is taken, too';

my $weak = $ca->certificate('Weak', key => 'rsa1024');
my $enciphers = $ca->certificate('Enciphers', usage => 'keyEncipherment');
my %bad = (
    'nothing'            => [ '', qr/no certificate found/ ],
    'no key'             => [ $rsa->pem, qr/no private key found/ ],
    "another's key"      => [ $rsa->pem . $signer->key_pem, qr/does not belong/ ],
    'an expired one'     => [ both($ca->certificate('Old', days => -1)),
                              qr/expired at \d{4}-.*send a newer one/ ],
    'one of the future'  => [ both($ca->certificate('New', starts => 2)),
                              qr/not valid before/ ],
    'one that may not'   => [ both($enciphers), qr/not fit for signing.*digitalSignature/ ],
    'a weak one'         => [ both($weak), qr/RSA key of 1024 bits/ ],
    'too much'           => [ both($rsa) . 'x' x 65536, qr/larger than 65536 bytes/ ],
);
my $before = $api->api(GET => $path)->{json};

for my $what (sort keys %bad) {
    my ($body, $words) = @{ $bad{$what} };

    $answer = store($body);
    is code($answer), '422 bad_certificate', "$what is refused";
    like $answer->{json}{error}{message}, $words, '... in words';
}
is_deeply $api->api(GET => $path)->{json}, $before, '... and nothing of it is stored';

my ($exit, $reader) = mdmctl('--database', $pg->conninfo, 'token', 'add', 'acme',
    'reader', '--scope', 'read', '--scope', 'command', '--scope', 'secrets');
$reader = $client->with(token => $reader =~ /([\w-]{43})/);
is code(store(both($rsa), $reader)), '403 missing_scope', 'storing needs the scope admin';
is code($reader->api(DELETE => $path)), '403 missing_scope', '... forgetting, too';
is $reader->api(GET => $path)->{status}, 200, '... looking needs read';

# The key follows the secret key, and so do profiles.

my $new = spew(test_dir() . '/new.key', MDM::Test::run_or_die('openssl', 'rand',
    '-hex', '32'));
($exit, $text) = mdmctl('--database', $pg->conninfo, '--secret-key', $new,
    '--secret-key', $pg->secret_key, 'rekey');
is $exit, 0, 'rekey succeeds' or diag $text;
like $text, qr/^4 sealed values were re-encrypted/m, '... for a key and three profiles';
like $text, qr/seals nothing now/, '... so that none is left';
is code(bytes($stored->{json}{id})), '503 cannot_open',
    'who lacks the new key says that he cannot open it';
($exit, $text) = mdmctl('--database', $pg->conninfo, '--secret-key', $pg->secret_key,
    '--secret-key', $new, 'rekey');
is $exit, 0, '... and back' or diag $text;
is verified(bytes($stored->{json}{id})->{body}) =~ /^not verified/, 1,
    'the root does not vouch for one of one\'s own making';
is $pg->psql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';

is_deeply $api->api(DELETE => $path)->{json}, { deleted => JSON::PP::true() },
    'it can be forgotten';
is bytes($stored->{json}{id})->{body}, $plain->{body}, '... and profiles are unsigned again';

done_testing;
