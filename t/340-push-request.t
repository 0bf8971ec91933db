# Push certificates whose keys are made here: a request goes out, is signed by who
# stands for Apple, and the certificate alone comes back. What is refused, by whose
# fault, and what a vendor's signed form holds, read by others than us.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::SHA ();
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use Test::More;
use MDM::Test;

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $apple = MDM::Test::PKI->ca('Push CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $apple);
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
    client_max_body_size 4m;
    client_body_buffer_size 4m;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);
my $other = $client->with(token => $rival, host => 'rival.example');
my $topic = 'com.apple.mgmt.External.0b1c2d3e-0000-4000-8000-00000000abcd';
my $files = 0;

sub ask { return ($_[1] // $api)->api(POST => '/v1/pushcert/request', $_[0]) }
sub store { return ($_[2] // $api)->api(PUT => '/v1/pushcert' . ($_[1] // ''), $_[0]) }
sub open_requests { return ($_[0] // $api)->api(GET => '/v1/pushcert/requests')->{json}{items} }
sub openssl { return MDM::Test::run_or_die('openssl', @_) }
sub file { return spew(test_dir() . '/file-' . ++$files, $_[0]) }
sub row { return $pg->psql("SELECT $_[0] FROM mdm.push_certificate
                             WHERE tenant_id = 1 AND topic = '$topic'") }

# A request.

is_deeply open_requests(), [], 'at first no request is open';
my $answer = ask({ common_name => 'Gruen & Co', email => 'mdm@example.com', country => 'DE',
    apple_account => 'boss@example.com', note => 'the first' });
is $answer->{status}, 201, 'a request is made' or diag $answer->{body};
my $made = $answer->{json};
is_deeply [ sort keys %$made ], [ qw(created_at public_key_sha256 request) ],
    '... with a key, a time, and nothing else';

my $csr = file($made->{request});
like openssl('req', '-in', $csr, '-noout', '-verify', '-subject', '-text'),
    qr/Public-Key: \(2048 bit\).*sha256WithRSA/s, 'openssl reads it';
like openssl('req', '-in', $csr, '-noout', '-subject', '-nameopt', 'rfc2253'),
    qr/emailAddress=mdm\@example.com,CN=Gruen & Co,C=DE$/, '... with its subject';
openssl('req', '-in', $csr, '-noout', '-pubkey', '-out', "$csr.pub");
openssl('pkey', '-pubin', '-in', "$csr.pub", '-outform', 'DER', '-out', "$csr.der");
is Digest::SHA::sha256_hex(slurp("$csr.der")), $made->{public_key_sha256},
    '... and its key by SHA-256';
like join('', grep { /signature/i } split /^/, `openssl req -in $csr -noout -verify 2>&1`),
    qr/OK/, '... which signed it';

is_deeply [ map { delete $_->{expires_at}; $_ } @{ open_requests() } ], [ { %$made,
    subject => 'emailAddress=mdm@example.com,CN=Gruen & Co,C=DE', actor => 'test',
    apple_account => 'boss@example.com', note => 'the first' } ], 'it is open now';
is_deeply open_requests($other), [], '... for its tenant';
is $pg->psql("SELECT encode(substr(private_key, 1, 8), 'hex') = (SELECT encode(key_id, 'hex')
    FROM mdm.secret_key) FROM mdm.push_request"), 't', '... and its key is sealed';
like $pg->psql("SELECT actor, detail FROM mdm.audit WHERE action = 'push_request_create'"),
    qr/^test\|.*"public_key_sha256": "$made->{public_key_sha256}"/, 'the audit has it';

# Its certificate.

my $issued = $apple->push_certificate_of($made->{request}, $topic);
is store($issued->pem, '', $other)->{status}, 400, 'another tenant has no key for it';
like store($issued->pem, '', $other)->{json}{error}, qr/no open request has its key/,
    '... and hears so';
$answer = store("Bag Attributes\r\n" . $issued->pem . $apple->pem);
is $answer->{status}, 200, 'the certificate alone is stored' or diag $answer->{body};
is $answer->{json}{topic}, $topic, '... in its topic';
is_deeply open_requests(), [], '... and has used up the request';
is row('apple_account, note, version, development'), 'boss@example.com|the first|1|f',
    '... which gave it account and note';
is $pg->psql("SELECT count(*) FROM mdm.push_topic WHERE topic = '$topic'"), 1,
    '... and there is a topic to push';
is store($issued->pem)->{status}, 200, 'an answer that was lost is had again';
is row('version'), 2, '... as another version';

# Renewal: of the same request, and of another; account and note stay.

my $again = $apple->push_certificate_of($made->{request}, $topic, days => 400);
is store($again->pem)->{status}, 200, 'another certificate with the same key needs no key';
is row("encode(fingerprint, 'hex')"), $again->sha256, '... and is the one';
my $next = ask({})->{json};
isnt $next->{public_key_sha256}, $made->{public_key_sha256}, 'each request has a key of its own';
my $third = $apple->push_certificate_of($next->{request}, $topic, days => 401);
is store($third->pem, '?note=renewed')->{status}, 200, 'a renewal has another key';
is row('version, apple_account, note'), '4|boss@example.com|renewed', '... and keeps the account';
like store($issued->pem)->{json}{error}, qr/valid longer than this one/,
    'the old one is not taken back';
like store($issued->pem, '?older=1')->{json}{error}, qr/no private key came/,
    '... and cannot be, for its key is gone';
is row('version'), 4, '... and nothing has changed';

# The wrong topic.

my @devices = map { MDM::Test::Device->new(client => $client->with(path => '/mdm'),
    sign => 1, udid => "U$_", topic => $topic, certificate => $apple->device("U$_")) } 1, 2;
is $_->enroll->{status}, 200, 'a device enrols' for @devices;
my $new = $apple->push_certificate('com.apple.mgmt.External.new');
$answer = store($new->pem . $new->key_pem);
is $answer->{status}, 409, 'a certificate of another topic is refused';
like $answer->{json}{error}, qr/\.External\.new, but live devices \(2 of them\) have \Q$topic,\E.*renew.*new_topic=1/,
    '... naming both topics, the devices, and what to do';
is store($new->pem . $new->key_pem, '?new_topic=1&development=1')->{status}, 200,
    '... unless it is meant';
is store($new->pem . $new->key_pem)->{status}, 200, '... and from then on it is known';
is $pg->psql("SELECT development FROM mdm.push_certificate WHERE topic ~ 'new'"), 't',
    '... and stays one of development';
is store($new->pem . $new->key_pem, "?$_")->{status}, 400, "$_ is refused"
    for 'note=%00', 'note=%FF', 'apple_account=' . 'x' x 256, 'nonsense=1';

# What stopped the topic is taken back.

$pg->psql("UPDATE mdm.push_topic SET stopped_at = now(), stop_reason = 'BadCertificate',
        failing_since = now(), error = 'x', window_refusals = 9 WHERE topic = '$topic';
    INSERT INTO mdm.push_stop (tenant_id, enrollment_id, topic, token, reason, counted, stopped_at,
                               probe_at)
    SELECT tenant_id, enrollment_id, topic, push_token, 'Unregistered', false, now(),
           now() + interval '1 week' FROM mdm.enrollment");
is store($third->pem)->{status}, 200, 'the certificate is stored once more';
is $pg->psql("SELECT stopped_at IS NULL, stop_reason IS NULL, failing_since IS NULL,
    window_refusals FROM mdm.push_topic WHERE topic = '$topic'"), 't|t|t|0',
    '... and the topic goes on';
is $pg->psql('SELECT count(*) FROM mdm.push_stop'), 0, '... for all its devices';

# Requests that are none, and too many.

for my $bad ([ common_name => 'x' x 65 ], [ common_name => "a\tb" ], [ email => 'nobody' ],
    [ country => 'Germany' ], [ note => 'x' x 256 ], [ apple_account => "a\nb" ],
    [ vendor => {} ], [ vendor => { certificates => 'x' } ], [ nonsense => 1 ],
    [ vendor => { certificates => 'x', private_key => 7 } ], [ email => 7 ])
{
    $answer = ask({ @$bad });
    is_deeply [ $answer->{status}, $answer->{json}{error}{code},
        $answer->{json}{error}{faults}[0]{path} ], [ 400, 'bad_body', $bad->[0] ],
        "$bad->[0] is judged";
}
is ask('')->{json}{error}{code}, 'bad_json', 'nothing at all is no request';
is $_->{status}, 201, 'a request is made' for map { ask({ note => "n$_" }) } 1 .. 2;
$pg->psql("INSERT INTO mdm.push_request SELECT 1, sha256(i::text::bytea), '', '', '', 'a'
    FROM generate_series(1, 14) i");
$answer = ask({});
is_deeply [ $answer->{status}, $answer->{json}{error}{code} ],
    [ 409, 'too_many_push_requests' ], 'the seventeenth is one too many';
is scalar @{ open_requests() }, 16, '... of those there are';
is ask({}, $other)->{status}, 201, '... but not for another tenant';
my ($mine) = map { $_->{public_key_sha256} } grep { ($_->{note} // '') eq 'n1' }
    @{ open_requests() };
my $path = "/v1/pushcert/requests/$mine";
is $other->api(DELETE => $path)->{status}, 404, 'nobody deletes that of another';
is_deeply $api->api(DELETE => $path)->{json}, { deleted => JSON::PP::true }, 'one is deleted';
is $api->api(DELETE => $path)->{json}{error}{code}, 'unknown_push_request', '... once';
is ask({})->{status}, 201, '... and makes room';
$pg->psql('DELETE FROM mdm.push_request');

# Signed by a vendor.

my $root = MDM::Test::PKI->ca('Vendor Root');
my $middle = $root->certificate('Middle', ca => 1);
my $vendor = $middle->certificate('Vendor', key => 'rsa');
my $chain = join '', map { $_->pem } $root, $vendor, $middle;
my %vendor = (certificates => $chain, private_key => $vendor->key_pem);

$answer = ask({ common_name => 'signed', vendor => \%vendor });
is $answer->{status}, 201, 'a vendor signs a request' or diag $answer->{body};
unlike $answer->{json}{push_cert_request}, qr/[^A-Za-z0-9+\/=]/, '... in Base64 without lines';
my ($strings) = decode_base64($answer->{json}{push_cert_request}) =~
    m{\A<\?xml\ version="1.0"\ encoding="UTF-8"\?>\n<!DOCTYPE\ plist\ PUBLIC\ [^>]+>\n
    <plist\ version="1.0">\n<dict>\n((?:<key>\w+</key>\n<string>[^<>&]+</string>\n){3})
    </dict>\n</plist>\n\z}x;
my $list = { ($strings // '') =~ m{<key>(.*?)</key>\n<string>(.*?)</string>}sg };
is_deeply [ sort keys %$list ],
    [ qw(PushCertCertificateChain PushCertRequestCSR PushCertSignature) ],
    'the signed form is a property list of three strings';
is $list->{PushCertCertificateChain}, join('', map { $_->pem } $vendor, $middle, $root),
    '... with the chain in its order';
my $der = file(decode_base64($list->{PushCertRequestCSR}));
is slurp($der), decode_base64(($answer->{json}{request} =~ /-----\n(.*?)-----/s)[0]),
    '... and the request';
openssl('x509', '-in', $vendor->{cert}, '-noout', '-pubkey', '-out', "$der.pub");
like openssl('dgst', '-sha256', '-verify', "$der.pub", '-signature',
    file(decode_base64($list->{PushCertSignature})), $der), qr/Verified OK/,
    '... that the vendor has signed';
is $pg->psql("SELECT count(*) FROM mdm.audit WHERE detail::text ~ 'PRIVATE'"), 0,
    'nobody wrote his key down';

my $old = $middle->certificate('Old', key => 'rsa', days => -1);
my $ec = $middle->certificate('EC');
my $stranger = $root->certificate('Stranger', key => 'rsa');
for my $bad (
    [ 'another key', $chain, $stranger->key_pem, qr/^vendor: the private key does not belong/ ],
    [ 'an expired one', $old->pem . $middle->pem . $root->pem, $old->key_pem, qr/expired at/ ],
    [ 'an EC key', $ec->pem . $middle->pem . $root->pem, $ec->key_pem, qr/not RSA/ ],
    [ 'no root', $vendor->pem . $middle->pem, $vendor->key_pem, qr/add .*CN=Vendor Root/ ],
    [ 'no intermediate', $vendor->pem . $root->pem, $vendor->key_pem, qr/add .*CN=Middle/ ],
    [ 'garbage', 'x', 'y', qr/no certificate found/ ],
    [ 'a sealed key', $chain, openssl('pkey', '-in', $vendor->{key}, '-aes256', '-passout',
        'pass:x'), qr/is encrypted/ ],
    [ '64 KB', $chain . 'x' x 65536, $vendor->key_pem, qr/larger than/ ])
{
    my ($what, $certificates, $key, $words) = @$bad;

    $answer = ask({ vendor => { certificates => $certificates, private_key => $key } });
    is_deeply [ $answer->{status}, $answer->{json}{error}{code} ],
        [ 422, 'bad_vendor_certificate' ], "a vendor with $what is refused";
    like $answer->{json}{error}{message}, $words, '... in words';
}
is scalar @{ open_requests() }, 1, 'what was refused leaves no request';

# Two of them, and one whose key nobody has.

like store($issued->pem . $new->pem)->{json}{error}, qr/two push certificates/,
    'of two certificates without a key none is chosen';
like store($apple->push_certificate_of($made->{request}, $topic, days => 500)->pem,
    '')->{json}{error}, qr/no private key came/, 'a request is used up for good';

done_testing;
