# Hostile profiles: ten thousand payloads, keys a thousand deep, megabytes of one
# string, values that name values, signatures broken in any place, signed within
# signed, encrypted contents. Each is answered clearly, and the worker stays whole.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Process qw(memory);

with_sanitizers();

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $ca = MDM::Test::PKI->ca('Root');
my $token = $pg->tenant('acme', host => 'localhost');

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
thread_pool mdm threads=2;
worker_processes 1;
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
            client_max_body_size 16m;
            client_body_buffer_size 16m;
        }
    }
}
CONF

my $api = MDM::Test::Client->new(port => $nginx->port, timeout => 60)->with(token => $token);
my $head = '<?xml version="1.0" encoding="UTF-8"?><plist version="1.0">';
my $mb = 1024 * 1024;

sub text { return join '', map { "<key>$_->[0]</key><string>$_->[1]</string>" } @_ }

sub payload {
    my ($n, $more) = @_;

    return '<dict>' . text([ PayloadType => 'com.apple.wifi.managed' ],
        [ PayloadIdentifier => "com.example.$n" ], [ PayloadUUID => "UUID-$n" ],
        [ EncryptionType => 'None' ]) . '<key>PayloadVersion</key><integer>1</integer>'
        . ($more // text([ SSID_STR => "net $n" ])) . '</dict>';
}

sub profile {
    my ($name, $payloads, $more) = @_;

    return "$head<dict>" . text([ PayloadType => 'Configuration' ],
        [ PayloadIdentifier => "com.example.$name" ], [ PayloadUUID => "UUID-$name" ])
        . '<key>PayloadVersion</key><integer>1</integer>'
        . ($payloads eq '' ? '' : "<key>PayloadContent</key><array>$payloads</array>")
        . ($more // '') . '</dict></plist>';
}

sub post { return $api->api(POST => '/v1/profiles', $_[0]) }
sub code { return "$_[0]{status} " . ($_[0]{json}{error}{code} // '') }

# An answer that is one: a status and code that are meant, and a sentence.

sub refused {
    my ($name, $body, $expected) = @_;

    my $answer = post($body);
    like code($answer), $expected, "$name is refused"
        or diag substr $answer->{body}, 0, 500;
    like $answer->{json}{error}{message} // '', qr/\w \w/, '... in words';

    return $answer;
}

is post(profile('good', payload(1)))->{status}, 201, 'a good profile is taken';
my $worker = ($nginx->workers)[0];

# Many.

my $many = join '', map { payload($_) } 1 .. 10_000;
my $answer = post(profile('many', $many));
like code($answer), qr/\A(?:201 |422 invalid_profile)\z/, '10,000 payloads have an answer'
    or diag substr $answer->{body}, 0, 500;
$answer = post(profile('faulty', join '', map { payload($_, text([ SSID_STR => '' ],
    [ Nonsense => 'x' ], [ AutoJoin => 'yes' ])) } 1 .. 10_000));
is code($answer), '422 invalid_profile', '10,000 payloads with faults have one, too'
    or diag substr $answer->{body}, 0, 500;
cmp_ok length $answer->{body}, '<', $mb, '... that is no longer than a client can take';
refused('a profile of 4,000 keys', profile('keys', payload(1, join '', map { text([ "K$_",
    'x' ]) } 1 .. 4000)), qr/\A422 invalid_profile/);
refused('JSON of 10,000 payloads', { PayloadIdentifier => 'com.example.json',
    PayloadContent => [ map { { PayloadType => 'com.apple.wifi.managed', SSID_STR => "n$_",
    EncryptionType => 'None' } } 1 .. 10_000 ] }, qr/\A400 bad_json/);

# Deep.

for my $deep ([ dictionaries => '<dict><key>K</key>', '</dict>' ],
    [ arrays => '<array>', '</array>' ])
{
    my ($name, $open, $close) = @$deep;

    refused("1,000 deep $name", profile('deep', payload(1, '<key>K</key>'
        . $open x 1000 . '<true/>' . $close x 1000)), qr/\A422 invalid_profile/);
    refused("200,000 deep $name, cut off", "$head<dict><key>K</key>" . $open x 200_000,
        qr/\A422 invalid_profile/);
}
refused('JSON 1,000 deep', '{"PayloadContent":' . '[{"K":' x 500 . '1' . '}]' x 500 . '}',
    qr/\A400 bad_json/);
refused('profiles in profiles', profile('outer', join '', map { payload($_, '<key>Payload'
    . 'Content</key><array>' . payload("in-$_", '<key>PayloadContent</key><array>'
    . payload("deeper-$_") . '</array>') . '</array><key>SSID_STR</key><integer>1</integer>') }
    1 .. 100), qr/\A422 invalid_profile/);

# Long.

refused('10 MB in a string', profile('long', payload(1, text([ SSID_STR =>
    'x' x (10 * $mb) ]))), qr/\A413 too_large/);
$answer = post(profile('long', payload(1, text([ SSID_STR => 'x' x (3.9 * $mb) ]))));
like code($answer), qr/\A(?:201 |422 invalid_profile)\z/, 'almost 4 MB have an answer';
cmp_ok length $answer->{body}, '<', 65536, '... that does not repeat them';
refused('a long identifier', profile('x' x 100_000, payload(1)), qr/\A422 invalid_profile/);

# Values that name values.

my $values = 0;
for my $odd ('%%', '%', '%A%B%', '%%SerialNumber%%', '%%%SerialNumber%%%', '%' x 10_000,
    '%' . 'A' x 10_000 . '%', '%SerialNumber%' x 1000, '%%A%%B%%', "%\x{c3}\x{a9}%",
    '%Nested%Serial%Number%%', '%..%', '%A-%', '%1%')
{
    $answer = post(profile('value-' . $values++, payload(1, text([ SSID_STR => $odd ]))));
    like code($answer), qr/\A(?:201 |422 invalid_profile)\z/,
        substr($odd, 0, 24) . ' has an answer' or diag substr $answer->{body}, 0, 300;
}
refused('a profile of 1,000 values', profile('names', payload(1, text([ SSID_STR => join '',
    map { "%Name$_%" } 1 .. 1000 ]))), qr/\A422 invalid_profile/);

# Signatures.

my $signer = $ca->certificate('Signer');
my $sign = sub { MIME::Base64::decode_base64($signer->sign($_[0], '-nodetach')) };
my $cms = $sign->(profile('signed', payload(1)));

refused('signed in signed', $sign->($cms), qr/\A422 invalid_profile/);
refused('nothing in a signature', $sign->(''), qr/\A422 invalid_profile/);
refused('a signature alone', MIME::Base64::decode_base64($signer->sign('x')),
    qr/\A422 invalid_profile/);
refused('half a signature', substr($cms, 0, length($cms) / 2), qr/\A422 invalid_profile/);
refused('a signature and more', $cms . 'x', qr/\A422 invalid_profile/);
refused('deep BER', "\x30\x80" x 100_000, qr/\A422 invalid_profile/);
refused('a length without end', "\x30\x84\xff\xff\xff\xff" . 'x' x 100,
    qr/\A422 invalid_profile/);

my %had;
for my $place (map { int($_ * length($cms) / 97) } 0 .. 96) {
    my $broken = $cms;
    substr $broken, $place, 1, chr(ord(substr $broken, $place, 1) ^ 0x55);
    $had{ code(post($broken)) }++;
}
is_deeply [ grep { !/\A(?:20[01] |422 invalid_profile)\z/ } sort keys %had ], [],
    'a signature broken in any place has an answer';
cmp_ok $had{'422 invalid_profile'}, '>', 0, '... in some a refusal';
cmp_ok $had{'201 '}, '>', 0, '... in others a warning';

my $file = spew(test_dir() . '/plain', profile('secret', payload(1)));
MDM::Test::run_or_die('openssl', 'cms', '-encrypt', '-binary', '-outform', 'DER', '-in', $file,
    '-out', "$file.cms", $signer->{cert});
my $enveloped = slurp("$file.cms");
refused('an encrypted message', $enveloped, qr/\A422 invalid_profile/);
$answer = post(profile('encrypted', '', '<key>IsEncrypted</key><true/><key>'
    . 'EncryptedPayloadContent</key><data>' . MIME::Base64::encode_base64($enveloped)
    . '</data>'));
like code($answer), qr/\A(?:201 |422 invalid_profile)\z/, 'encrypted contents have an answer'
    or diag substr $answer->{body}, 0, 500;
like $answer->{body}, qr/[Ee]ncrypt/, '... that tells of them' or diag $answer->{body};

# Neither.

refused($_->[0], $_->[1], qr/\A(?:422 invalid_profile|400 bad_json)\z/) for
    [ 'nothing', '' ], [ 'spaces', " \n" x 1000 ], [ 'a NUL', "\0" ], [ 'half JSON', '{"a"' ],
    [ 'an array', '[{}]' ], [ 'text', 'hello' ], [ 'HTML', '<html><body>' ],
    [ 'an empty list', "$head</plist>" ], [ 'a list of a string', "$head<string/></plist>" ],
    [ 'a binary list cut off', "bplist00\xd1" ], [ 'half a list', "$head<dict><key>" ],
    [ 'an entity', '<!DOCTYPE plist [<!ENTITY a "b">]><plist><dict/></plist>' ],
    [ 'JSON that no list holds', '{"PayloadIdentifier":"x","PayloadContent":null}' ];

# Whoever was there is there still, and has given back what it took: allocators keep
# some, sanitizers more.

my @costly = (profile('many', $many), $cms, profile('long', payload(1, text([ SSID_STR =>
    'x' x (3.9 * $mb) ]))));
my @held = map { post($_) for @costly; memory($worker)->{Rss} } 1 .. 8;
cmp_ok $held[-1] - $held[2], '<', ($ENV{MDM_TEST_ASAN} ? 256 : 32) * 1024,
    'the same again takes no more memory' or diag "@held";

is_deeply [ ($nginx->workers)[0] ], [ $worker ], 'the worker is the same as before';
is post(profile('good', payload(1)))->{status}, 200, '... and answers as before';
is $pg->psql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';

done_testing;
