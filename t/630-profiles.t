# Profiles: typed JSON and .mobileconfig files, signed or not, checked, kept and given
# back; secrets hidden from who may not see them, and the audit knows who saw.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Root');
my %token = map { $_ => $pg->tenant($_, host => "$_.example") } qw(anna bert);

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
            client_max_body_size 8m;
            client_body_buffer_size 8m;
        }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port, host => 'anna.example');
my $api = $client->with(token => $token{anna});
my $other = $client->with(token => $token{bert}, host => 'bert.example');

sub with_scopes {
    my ($name, @scopes) = @_;

    my ($exit, $text) = mdmctl('--database', $pg->conninfo, 'token', 'add', 'anna', $name,
        map { ('--scope', $_) } @scopes);

    return $client->with(token => $text =~ /([\w-]{43})/);
}

my $reader = with_scopes('reader', 'read', 'command');

sub wifi {
    my ($name, %keys) = @_;

    return { PayloadType => 'com.apple.wifi.managed', PayloadVersion => 1,
        PayloadIdentifier => "com.example.$name.wifi", PayloadUUID => "UUID-$name-1",
        SSID_STR => 'Office', EncryptionType => $keys{Password} ? 'WPA2' : 'None', %keys };
}

sub profile {
    my ($name, @payloads) = @_;

    return { PayloadType => 'Configuration', PayloadVersion => 1,
        PayloadIdentifier => "com.example.$name", PayloadUUID => "UUID-$name",
        PayloadDisplayName => "The $name", PayloadContent => \@payloads };
}

sub post { return ($_[1] // $api)->api(POST => '/v1/profiles', $_[0]) }
sub code { return "$_[0]{status} " . ($_[0]{json}{error}{code} // '') }
sub get  { return ($_[1] // $api)->api(GET => "/v1/profiles/$_[0]") }
sub bytes { return ($_[1] // $api)->api(GET => "/v1/profiles/$_[0]", undef,
    Accept => 'text/html, application/x-apple-aspen-config') }
sub faults { return join ' ', sort map { $_->{path} } @{ $_[0]{json}{error}{faults} } }
sub ids { return join ' ', map { $_->{id} }
    @{ ($_[1] // $api)->api(GET => "/v1/profiles?$_[0]")->{json}{items} } }

# Typed JSON.

my $answer = post(profile('office', wifi('office', Password => 'correct horse')));
is $answer->{status}, 201, 'typed JSON is taken' or diag $answer->{body};
my $id = $answer->{json}{id};
like $id, qr/\A[0-9A-F-]{36}\z/, '... under an id';
is_deeply $answer->{json}, { id => $id, identifier => 'com.example.office',
    uuid => 'UUID-office', payloads => 1, signed => JSON::PP::false(),
    current => JSON::PP::true(), warnings => [] }, '... with its facts and no warning';

my $reversed = JSON::PP->new->encode(profile('office', wifi('office',
    Password => 'correct horse')));
$answer = post(join "\n", '', map { $_ } $reversed =~ s/\A\{(.*)\}\z/{ $1 }/r);
is $answer->{status}, 200, 'the same in another order is the same';
is $answer->{json}{id}, $id, '... with its id';
is $pg->psql('SELECT count(*) FROM mdm.profile'), 1, '... kept once';

my $short = { PayloadIdentifier => 'com.example.short',
    PayloadContent => [ { PayloadType => 'com.apple.wifi.managed', SSID_STR => 'Guests',
        EncryptionType => 'None' } ] };
$answer = post($short);
is $answer->{status}, 201, 'what a person may leave out' or diag $answer->{body};
my $filled = get($answer->{json}{id})->{json}{profile};
is $filled->{PayloadType}, 'Configuration', '... is filled in';
is $filled->{PayloadVersion}, 1, '... with versions';
like $filled->{PayloadUUID}, qr/\A[0-9A-Fa-f-]{36}\z/, '... and UUIDs';
like $filled->{PayloadContent}[0]{PayloadUUID}, qr/\A[0-9A-Fa-f-]{36}\z/, '... of all';
is post($short)->{json}{id}, $answer->{json}{id}, '... which are the same the next time';

# Faults: all of them.

$answer = post(profile('bad', wifi('bad', EncryptionType => 'WPA9', AutoJoin => 'yes'),
    wifi('worse', SSID_STR => 5)));
is code($answer), '422 invalid_profile', 'faults are refused';
is faults($answer), 'PayloadContent[0].AutoJoin PayloadContent[0].EncryptionType '
    . 'PayloadContent[1].SSID_STR', '... all at once, with their paths'
    or diag $answer->{body};
my ($one_of) = grep { $_->{path} =~ /EncryptionType/ } @{ $answer->{json}{error}{faults} };
is $one_of->{found}, 'WPA9', '... and what was found';
like $one_of->{rule}, qr/WPA2/, '... and what must be there';
$answer = post(profile('leak', wifi('leak', Password => [ 'correct horse' ])));
is code($answer), '422 invalid_profile', 'a secret in a wrong form is a fault';
unlike $answer->{body}, qr/horse/, '... and is not told';
$answer = post('<plist><dict><key>PayloadContent</key><array/></dict></plist>');
is faults($answer), 'PayloadIdentifier PayloadType PayloadUUID PayloadVersion', 'a list lacks what is filled in in JSON'
    or diag $answer->{body};
$answer = post(profile("a\nb", wifi('x')));
is code($answer), '422 invalid_profile', '... nor with a line feed in it';

$answer = post(profile('unknown', { %{ wifi('unknown') }, PayloadType => 'com.example.thing' },
    wifi('typo', SSIDSTR => 'x')));
is $answer->{status}, 201, 'what no plugin knows is kept' or diag $answer->{body};
is join(' ', sort map { $_->{code} } @{ $answer->{json}{warnings} }),
    'unknown_key unknown_type', '... with warnings' or diag $answer->{body};

my $before = $pg->psql('SELECT count(*) FROM mdm.profile');
$answer = $api->api(POST => '/v1/profiles?check=1', profile('check', wifi('check')));
is_deeply $answer->{json}, { check => JSON::PP::true(), identifier => 'com.example.check',
    uuid => 'UUID-check', payloads => 1, signed => JSON::PP::false(), warnings => [] },
    'a dry run says what would be';
is code($api->api(POST => '/v1/profiles?check=1', profile('check', wifi('check',
    EncryptionType => 'x')))), '422 invalid_profile', '... or what is wrong';
is $pg->psql('SELECT count(*) FROM mdm.profile'), $before, '... and keeps nothing';

# Showing; secrets.

$answer = get($id);
is $answer->{json}{profile}{PayloadContent}[0]{Password}, 'correct horse',
    'who may see secrets sees them';
ok $answer->{json}{secret}, '... and that there are some';
is_deeply $answer->{json}{payload_types}, [ 'com.apple.wifi.managed' ], '... and the types';
is $pg->psql("SELECT count(*), min(actor), min(detail ->> 'id') FROM mdm.audit
    WHERE action = 'profile_read'"), "1|test|$id", '... once for each time in the audit';
my $hidden = get($id, $reader);
is_deeply $hidden->{json}{profile}{PayloadContent}[0]{Password},
    { '$secret' => JSON::PP::true() }, 'who may not sees that there is one';
unlike $hidden->{body}, qr/horse/, '... and no more';
is code(bytes($id, $reader)), '403 missing_scope', '... and gets no file';
is bytes($answer->{json}{id})->{status}, 200, '... which others get';
is get($id, $other)->{status}, 404, 'another tenant sees nothing of it';
is $pg->psql("SELECT count(*) FROM mdm.audit WHERE action = 'profile_read'"), 2,
    '... nor is that a reading';

my $open = post(profile('open', wifi('open')))->{json}{id};
is bytes($open, $reader)->{status}, 200, 'a file without secrets is for readers';
is $pg->psql("SELECT count(*) FROM mdm.audit WHERE action = 'profile_read'"), 2,
    '... and no reading of secrets';
my $again = get($id)->{json}{profile};
is post($again)->{json}{id}, $id, 'what was shown may be posted again';

is $pg->psql("SELECT position('correct horse'::bytea IN content) + position('Password'::bytea
    IN content) FROM mdm.profile WHERE profile_uuid = '$id'"), 0, 'it is sealed at rest';
isnt $pg->psql("SELECT encode(digest, 'hex') FROM mdm.profile WHERE profile_uuid = '$open'"),
    Digest::SHA::sha256_hex(bytes($open)->{body}), '... and its digest is no plain hash';

# A .mobileconfig: byte for byte.

my $plist = bytes($open)->{body} =~ s/\.open\b/.file/gr =~ s/UUID-open/UUID-file/gr;
$plist =~ s/<dict>/<!-- by hand -->\n<dict>/;
$answer = post($plist);
is $answer->{status}, 201, 'a property list is taken' or diag $answer->{body};
is bytes($answer->{json}{id})->{body}, $plist, '... and given back byte for byte';
is $pg->psql("SELECT identifier FROM mdm.profile WHERE profile_uuid =
    '$answer->{json}{id}'"), 'com.example.file', '... under its identifier';

# What old ones have: numbers for booleans.

my $old = $plist =~ s/\.file\b/.old/gr =~ s/UUID-file/UUID-old/gr;
$old =~ s{(?=<key>SSID_STR)}{<key>AutoJoin</key><integer>1</integer>} or die;
$answer = post($old);
is $answer->{status}, 201, 'an integer for a boolean is taken' or diag $answer->{body};
is_deeply $answer->{json}{warnings}, [ { path => 'PayloadContent[0].AutoJoin', code => 'type',
    rule => 'should be a boolean, not an integer', found => '1' } ], '... with a warning';
is bytes($answer->{json}{id})->{body}, $old, '... and given back byte for byte';
$answer = post($old =~ s/None/WPA9/r);
is $answer->{json}{error}{warnings}[0]{found}, '1', '... which is beside faults, too'
    or diag $answer->{body};
$answer = post($old =~ s{<integer>1</integer>}{<integer>one</integer>}r);
is code($answer), '422 invalid_profile', 'what is no number is none';
like $answer->{json}{error}{message}, qr/<integer> cannot hold, at byte \d+$/, '... and where';

my $signer = $ca->certificate('Signer');
my $sign = sub { MIME::Base64::decode_base64($signer->sign($_[0], '-nodetach', @_[1 .. $#_])) };
my $cms = $sign->($plist);
$answer = post($cms);
is $answer->{status}, 201, 'a signed one is another' or diag $answer->{body};
is $answer->{json}{signer}, 'CN=Signer', '... by somebody';
is_deeply $answer->{json}{warnings}, [], '... whose signature holds';
is bytes($answer->{json}{id})->{body}, $cms, '... given back byte for byte';
is get($answer->{json}{id})->{json}{profile}{PayloadIdentifier}, 'com.example.file',
    '... and shown in JSON';
is_deeply [ map { $_->{current} ? 1 : 0 } @{ $api->api(GET =>
    '/v1/profiles?identifier=com.example.file')->{json}{items} } ], [ 0, 1 ],
    '... the last of its identifier is the current one';

(my $altered = $cms) =~ s/by hand/by foot/;
$answer = post($altered);
is $answer->{status}, 201, 'an altered one is taken, too';
like $answer->{json}{warnings}[0]{rule}, qr/does not verify.*altered/, '... with a warning';
is $answer->{json}{warnings}[0]{found}, 'CN=Signer', '... that says who had signed';
my $lone = MDM::Test::PKI->ca('Alone');
$signer = $lone;
$answer = post($sign->($plist));
like $answer->{json}{warnings}[0]{rule}, qr/vouches for himself/, 'so is one of one\'s own';
$answer = post($sign->($plist =~ s/None/WPA9/r));
is code($answer), '422 invalid_profile', 'what is signed is checked all the same';
is faults($answer), 'PayloadContent[0].EncryptionType', '... payload by payload';
is code(post($sign->($cms))), '422 invalid_profile', 'signed twice is refused';
like post($sign->($cms))->{json}{error}{message}, qr/around another CMS message/,
    '... in words';
is code(post($sign->('text'))), '422 invalid_profile', '... like a signature around no list';

# Lists, versions, deletion.

is ids('identifier=com.example.office'), $id, 'a list has what has this identifier';
is ids('identifier=com.example.offic'), '', '... and not what begins with it';
my $all = ids('limit=500');
my ($seen, $after) = ('', '');
for (1 .. 20) {
    my $page = $api->api(GET => "/v1/profiles?limit=2$after")->{json};
    $seen .= " $_->{id}" for @{ $page->{items} };
    last if !$page->{next};
    $after = "&after=$page->{next}";
}
is $seen, " $all", 'pages have all of them once, in the same order';
is ids('', $other), '', '... of their tenant';

my $newer = post(profile('office', wifi('office', Password => 'battery staple')))->{json};
isnt $newer->{id}, $id, 'another profile of the same identifier has an id of its own';
$answer = post(profile('office', wifi('office', Password => 'correct horse')))->{json};
is $answer->{id}, $id, '... the former has its own still';
ok !$answer->{current}, '... and is no longer current';
is $api->api(DELETE => "/v1/profiles/$newer->{id}", undef)->{status}, 200,
    'a profile can be forgotten';
is code(get($newer->{id})), '404 unknown_profile', '... and is no more';
is code($api->api(DELETE => "/v1/profiles/$newer->{id}")), '404 unknown_profile',
    '... to be forgotten again';
ok get($id)->{json}{current}, '... and the one before it is current';
is code($other->api(DELETE => "/v1/profiles/$id")), '404 unknown_profile',
    'another tenant forgets nothing';
is $pg->psql("SELECT count(*), count(DISTINCT detail ->> 'id') FROM mdm.audit
    WHERE action = 'profile_delete'"), '1|1', 'the audit has who forgot';

# The same from many at once.

my @many = map { $api->with } 1 .. 8;
my $text = JSON::PP->new->canonical->encode(profile('race', wifi('race')));
$_->write($_->request_text(POST => '/v1/profiles', $text, Authorization =>
    "Bearer $token{anna}", 'Content-Length' => length $text)) for @many;
my @answers = map { $_->read_answer('POST') } @many;
is join(' ', sort map { $_->{status} } @answers), '200 200 200 200 200 200 200 201',
    'of many that bring the same at once one has stored it';
is scalar(keys %{ { map { JSON::PP->new->decode($_->{body})->{id} => 1 } @answers } }), 1,
    '... and all hear its id';

# A tenant that takes nothing unknown.

is +(mdmctl('--database', $pg->conninfo, 'tenant', 'set', 'anna', 'strict=on'))[0],
    0, 'a tenant becomes strict';
my $odd = profile('odd', { %{ wifi('odd') }, PayloadType => 'com.example.thing' });
ok wait_for(10, sub { code($answer = $api->api(POST => '/v1/profiles?check=1', $odd))
    eq '422 invalid_profile' }), '... and a payload that no plugin knows is a fault';
like faults($answer), qr/PayloadContent\[0\]\.PayloadType/, '... with its place';
is $pg->psql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';

done_testing;
