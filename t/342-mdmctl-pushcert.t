# mdmctl pushcert: the steps of docs/push-certificate.md with its own commands, files
# of the vendor in DER and PEM, refusals, and keys that follow the secret key.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw(decode_base64);
use Test::More;
use MDM::Test;

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $apple = MDM::Test::PKI->ca('Push CA');
my @ctl   = ('--database', $pg->conninfo);
my $key   = $pg->secret_key;
my $dir   = test_dir();
my $topic = 'com.apple.mgmt.External.0b1c2d3e-0000-4000-8000-00000000abcd';

$pg->tenant('acme', host => 'localhost');

sub ctl { return mdmctl(@ctl, '--secret-key', $key, 'pushcert', @_) }
sub openssl { return MDM::Test::run_or_die('openssl', @_) }

sub waiting {
    my ($exit, $text) = ctl('requests');
    return $text =~ /^([0-9a-f]{64}) /mg;
}


# A request, its certificate, and the list.

my ($exit, $text) = ctl('requests');
is $exit, 0, 'requests succeeds without any';
like $text, qr/^no request waits/, '... and says so';

($exit, $text) = ctl('request', '--common-name', 'Example School', '--account',
    'mdm@school.example', '--note', 'main', '-o', "$dir/school.csr");
is $exit, 0, 'a request is made' or diag $text;
like $text, qr/for your vendor to sign/, '... and what comes next is said';
like openssl('req', '-in', "$dir/school.csr", '-noout', '-subject'), qr/Example School/,
    '... into the file';
($exit, $text) = ctl('requests');
like $text, qr/^[0-9a-f]{64} +\S+Z +mdmctl +CN=Example School +mdm\@school.example +main *$/m,
    'it waits';

my $issued = $apple->push_certificate_of(slurp("$dir/school.csr"), $topic, days => 41);
($exit, $text) = ctl('store', $issued->{cert});
is $exit, 0, 'the certificate is stored alone' or diag $text;
like $text, qr/^the push certificate of the topic \Q$topic\E is stored; it is valid until \S+Z$/,
    '... and its topic said';
is_deeply [ waiting() ], [], '... and nothing waits';
($exit, $text) = ctl('list');
like $text, qr/^\Q$topic\E +\S+Z +40 +\w+ +\S+Z +mdm\@school.example +main *$/m,
    'the list shows the days and the account';
is $pg->psql("SELECT string_agg(action, ' ' ORDER BY audit_id) FROM mdm.audit
    WHERE actor = 'mdmctl' AND action LIKE 'push%'"),
    'push_request_create push_certificate_store', '... and the audit who did it';

# Signed: files of a vendor, in DER as Apple gives them, in any order.

my $root   = MDM::Test::PKI->ca('Vendor Root');
my $middle = $root->certificate('Middle', ca => 1);
my $vendor = $middle->certificate('Vendor', key => 'rsa');
openssl('x509', '-in', $_->{cert}, '-outform', 'DER', '-out', "$_->{cert}.cer")
    for $root, $middle;
my @chain = map { ('--vendor-certificate', $_) } "$root->{cert}.cer", $vendor->{cert},
    "$middle->{cert}.cer";

($exit, $text) = ctl('request', @chain, '--vendor-key', $vendor->{key}, '-o', "$dir/b64");
is $exit, 0, 'a vendor signs in the same step' or diag $text;
like $text, qr/upload it at identity\.apple\.com/, '... and what comes next is said';
my %string = decode_base64(slurp("$dir/b64")) =~ m{<key>(.*?)</key>\n<string>(.*?)</string>}sg;
is $string{PushCertCertificateChain}, join('', map { $_->pem } $vendor, $middle, $root),
    '... with the chain in its order';
spew("$dir/der", decode_base64($string{PushCertRequestCSR}));
spew("$dir/sig", decode_base64($string{PushCertSignature}));
openssl('x509', '-in', $vendor->{cert}, '-noout', '-pubkey', '-out', "$dir/pub");
like openssl('dgst', '-sha256', '-verify', "$dir/pub", '-signature', "$dir/sig", "$dir/der"),
    qr/Verified OK/, '... and his signature';

for my $bad (
    [ [ @chain ], 2, qr/--vendor-certificate and --vendor-key belong together/ ],
    [ [ '--vendor-key', $vendor->{key} ], 2, qr/belong together/ ],
    [ [ @chain[0 .. 3], '--vendor-key', $vendor->{key} ], 1, qr/vendor: .*add .*CN=Middle/ ],
    [ [ @chain, '--vendor-key', $root->{key} ], 1, qr/vendor: the key is not RSA/ ],
    [ [ @chain, '--vendor-key', '/nowhere' ], 1, qr{cannot open "/nowhere"} ],
    [ [ '--country', 'Germany' ], 2, qr/--country: two capital letters/ ],
    [ [ '--common-name', 'x' x 65 ], 2, qr/--common-name: at most 64/ ],
    [ [ '-o', "$dir/none/x" ], 1, qr/cannot write/ ])
{
    my ($args, $code, $words) = @$bad;

    ($exit, $text) = ctl('request', @$args);
    is $exit, $code, "request @{[ map { s{.*/}{}r } @$args ]} fails";
    like $text, $words, '... in words';
}

# What could not be written waits for nothing; the others can be given up.

is scalar(() = waiting()), 1, 'the signed one waits, the one without a file does not';
ctl('request', '-o', "$dir/second");
my @waiting = waiting();
is scalar @waiting, 2, '... and a second one does';
($exit, $text) = ctl('forget', $waiting[0]);
is $exit, 0, 'one is given up';
($exit, $text) = ctl('forget', $waiting[0]);
is $exit, 1, '... once';
($exit, $text) = ctl('forget', 'x');
is $exit, 2, '... and only by its key';
is_deeply [ waiting() ], [ $waiting[1] ], 'the other is left';
like +(mdmctl(@ctl, 'pushcert', 'request'))[1], qr/no secret key given/,
    'without the secret key nothing is made';

# Refusals of store, in the words of the API with options instead of arguments.

my $lone = $apple->push_certificate("$topic.lone");
($exit, $text) = ctl('store', $lone->{cert});
like $text, qr/no private key came.*"mdmctl pushcert request"/, 'a key must be known';
like +(ctl('store', "$dir/second"))[1], qr/no certificate found, but the request for one/,
    'a request is told from a certificate';
my $old = $apple->push_certificate($topic, days => 5);
like +(ctl('store', $old->{cert}, $old->{key}))[1], qr/valid longer.*--older/, 'older is asked for';
($exit, $text) = ctl('store', '--older', '--development', $old->{cert}, $old->{key});
is $exit, 0, '... and done' or diag $text;
is $pg->psql('SELECT development, note FROM mdm.push_certificate'), 't|main',
    '... for the development host, with the note that it had';

# Keys of requests and certificates follow the secret key.

my $new = spew("$dir/new.key", openssl('rand', '-hex', '32'));
ctl('request', '-o', "$dir/kept.csr");
($exit, $text) = mdmctl(@ctl, '--secret-key', $new, '--secret-key', $key, 'rekey', '--retire');
is $exit, 0, 'all is sealed anew' or diag $text;
like $text, qr/^3 sealed values were re-encrypted/m, '... one certificate and two requests';
is $pg->psql("SELECT count(DISTINCT substr(k, 1, 8)) FROM (SELECT private_key
    FROM mdm.push_request UNION ALL SELECT private_key FROM mdm.push_certificate) r (k)"), 1,
    '... with one key';

$issued = $apple->push_certificate_of(slurp("$dir/kept.csr"), $topic, days => 300);
($exit, $text) = ctl('store', $issued->{cert});
isnt $exit, 0, 'the former secret key opens nothing any more';
$key = $new;
($exit, $text) = ctl('store', $issued->{cert});
is $exit, 0, '... and the new one does' or diag $text;

done_testing;
