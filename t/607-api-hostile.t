# POST /v1/commands and its like with all that a body can hold: a clear refusal,
# and nothing queued.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Plist qw(plist);

with_sanitizers();

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg, level => 'debug', conf => <<'CONF');
load_module %%MODULE%%;
thread_pool mdm threads=2;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    client_max_body_size 8m;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; client_body_buffer_size 8m; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);

my $iphone = MDM::Test::Device->new(client => $client, sign => 1,
    certificate => $ca->device('iphone'), udid => 'U');
is $iphone->enroll->{status}, 200, 'a device enrols';

my $plist = plist({ RequestType => 'ProfileList' });
my $encoded = JSON::PP->new->allow_nonref->encode($plist);


# Status and code, with the path of the first fault.

sub refused {
    my ($body) = @_;

    my $answer = $api->api(POST => '/v1/commands', $body);
    my $error = $answer->{json}{error};
    my $fault = $error->{faults} ? " $error->{faults}[0]{path}" : '';

    return "$answer->{status} " . ($error->{code} // $answer->{body}) . $fault;
}


sub body { return { enrollments => [ 'U' ], command => $plist, @_ } }


# No JSON, or not ours.

for (
    [ 'nothing' => '' ],
    [ 'blanks' => "  \n" ],
    [ 'half a body' => '{"enrollments":["U"],"comma' ],
    [ 'an array' => '[]' ],
    [ 'a string' => '"x"' ],
    [ 'something behind it' => "{\"enrollments\":[\"U\"],\"command\":$encoded} x" ],
    [ 'a member twice' => "{\"enrollments\":[\"U\"],\"enrollments\":[\"U\"],"
        . "\"command\":$encoded}" ],
    [ 'a NUL' => "{\"enrollments\":[\"U\\u0000\"],\"command\":$encoded}" ],
    [ 'invalid UTF-8' => "{\"enrollments\":[\"U\xff\"],\"command\":$encoded}" ],
    [ 'half a surrogate' => "{\"enrollments\":[\"\\ud800\"],\"command\":$encoded}" ],
    [ 'a raw control character' => "{\"enrollments\":[\"U\x01\"],\"command\":$encoded}" ],
    [ 'NaN' => "{\"enrollments\":[\"U\"],\"command\":$encoded,\"priority\":NaN}" ],
    [ 'a number without end' => "{\"enrollments\":[\"U\"],\"command\":$encoded,"
        . '"priority":' . '9' x 400 . '}' ],
    [ '65 levels' => '{"enrollments":' . '[' x 64 . ']' x 64 . '}' ],
    [ '10000 levels' => '{"enrollments":' . '[' x 10000 . ']' x 10000 . '}' ],
    [ '10000 objects' => '{"a":' x 10000 . '1' . '}' x 10000 ],
    [ '4 MB of brackets' => '[' x 4_000_000 ],
    [ '4 MB of objects' => '{"enrollments":[{}' . ',{}' x 1_390_000 . ']}' ],
) {
    is refused($_->[1]), '400 bad_json', "$_->[0] is refused";
}

# Every member of every type that it is not.

my %type = (enrollments => 'array', command => 'string', command_base64 => 'string',
    push => 'boolean', priority => 'integer', not_before_in => 'integer',
    expires_in => 'integer', dedupe_key => 'string');
my %value = (string => 'x', integer => 1, number => 1.5, boolean => \1, array => [ [] ],
    object => {}, null => undef);

for my $member (sort keys %type) {
    for my $kind (grep { $_ ne $type{$member} } sort keys %value) {
        my %body = %{ body($member => $value{$kind}) };
        delete $body{command} if $member eq 'command_base64';

        is refused(\%body), "400 bad_body $member", "$member is no $kind";
    }
}

is refused(body(x => 1)), '400 bad_body x', 'there are no other members';
is refused({ command => $plist }), '400 bad_body enrollments', 'who is required';
is refused({ enrollments => [ 'U' ] }), '400 bad_body command', 'and what';
is refused(body(command_base64 => 'eA==')), '400 bad_body command', 'but not twice';
is refused(body($_->[0] => $_->[1])), "400 bad_body $_->[0]", "$_->[0] is not $_->[2]"
    for [ priority => 101, '101' ], [ priority => -101, '-101' ],
        [ not_before_in => -1, '-1' ], [ not_before_in => 31622401, 'over a year' ],
        [ expires_in => -1, '-1' ], [ expires_in => 9223372036854775807, 'endless' ],
        [ dedupe_key => '', 'empty' ], [ dedupe_key => 'x' x 256, 'long' ],
        [ dedupe_key => "a\nb", 'two lines' ];
is refused(body(not_before_in => 60, expires_in => 60)), '400 bad_body not_before_in',
    'nothing may expire before it goes out';
is refused({ enrollments => [ 'U' ], command_base64 => $_ }),
    '400 bad_body command_base64', "\"$_\" is no Base64"
    for '*', "eA==\n", 'eA=', 'eA===', 'eA==eA==', 'e';

# Ids.

is refused(body(enrollments => [])), '400 bad_body enrollments', 'no id';
is refused(body(enrollments => [ map { "D$_" } 0 .. 10000 ])),
    '400 bad_body enrollments', '10001 ids';
is refused(body(enrollments => [ 'U', 'U', $_ ])), '400 bad_body enrollments[2]',
    'an id is no ' . (ref $_ || $_ // 'null') for 1, 1.5, \1, [], {}, undef;
is refused(body(enrollments => [ 'U', $_ ])), '400 bad_body enrollments[1]',
    'an id is not ' . sprintf '%.20s', s/([^!-~])/sprintf '\\x%02x', ord $1/ger
    for '', ':x', 'U:', ',', 'a,b', 'a/b', 'a%b', 'a%41', 'U:a:b', 'U:a,b', 'U:a/b',
        'U:%', 'U:%4', 'U:%zz', 'U:%00', 'U:%ff', 'U:%0a', 'x' x 256, 'U:' . 'x' x 256,
        (map { 'a' . chr $_ } 1 .. 31, 127), (map { sprintf 'U:a%%%02x', $_ } 1 .. 31, 127);

my $answer = $api->api(POST => '/v1/commands',
    body(enrollments => [ map { '' } 1 .. 10000 ]));
is $answer->{status} . ' ' . @{ $answer->{json}{error}{faults} }, '400 100',
    'a hundred faults are enough';

# Commands.

is refused(body(command => $_->[1])), '400 bad_command', "$_->[0] is no command"
    for [ 'nothing' => '' ], [ 'text' => 'x' ], [ 'half of one' => substr $plist, 0, 200 ],
        [ 'an array' => plist([]) ], [ 'an empty dictionary' => plist({}) ],
        [ 'a long type' => plist({ RequestType => 'x' x 256 }) ],
        [ 'two types' => plist({ RequestType => 'EraseDevice' })
            =~ s{(?=</dict>)}{<key>RequestType</key><string>ProfileList</string>}r ],
        [ 'an empty CommandUUID' => plist({ CommandUUID => '',
            Command => { RequestType => 'x' } }) ],
        [ 'a number for it' => '<plist><dict><key>CommandUUID</key><integer>1</integer>'
            . '<key>Command</key><dict><key>RequestType</key><string>x</string></dict>'
            . '</dict></plist>' ];

# Sizes.

my $large = $api->with;
is $large->api(POST => '/v1/commands', body(command => 'x' x 4_194_304))
    ->{json}{error}{code}, 'too_large', 'more than 4 MB are refused';
is refused(body(command => plist({ RequestType => 'x', Data => \('x' x 3_000_000) }) . 'x')),
    '400 bad_command', '4 MB of a command that is none';

is $pg->psql("SELECT (SELECT count(*) FROM mdm.queue) + (SELECT count(*) FROM mdm.command)
    + (SELECT count(*) FROM mdm.idempotency WHERE key LIKE 'command:%')"), 0,
    'nothing of all that was queued or kept';

# A client that leaves: before its body is whole, and before its answer.

my $hasty = MDM::Test::Client->new(port => $nginx->port, token => $token);
my $json = JSON::PP->new->canonical->encode(body(command =>
    plist({ RequestType => 'ProfileList', Data => \('x' x 2_000_000) })));
my $text = $hasty->request_text(POST => '/v1/commands', $json,
    Authorization => "Bearer $token");

$hasty->write(substr $text, 0, length($text) / 2);
$hasty->disconnect;
$hasty->write($text);
ok $nginx->wait_for_log(qr/task #\d+ added to thread pool "mdm"/), 'a client sends';
$hasty->disconnect;
ok wait_for(10, sub { $pg->psql('SELECT count(*) FROM mdm.queue') }),
    '... leaves, and what it asked is queued';
is $pg->psql('SELECT count(*) FROM mdm.queue'), 1, '... once';
is $api->api(GET => '/v1/enrollments')->{status}, 200, '... and the others are served';

done_testing;
