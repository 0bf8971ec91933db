# Commands in typed JSON: what reaches the device, all faults at once, strict
# tenants, dry runs, rights, and what tells a repetition.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw(encode_base64);
use Test::More;
use MDM::Test;
use MDM::Test::API qw(told token);

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

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
        location = /mdm { mdm connect; client_max_body_size 4m; }
        location /v1/ { mdm api; client_max_body_size 4m; client_body_buffer_size 4m; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);
my ($iphone, $mac) = map { MDM::Test::Device->new(client => $client, sign => 1,
    certificate => $ca->device($_->[0]), udid => "UDID-$_->[0]",
    facts => { SerialNumber => "S<1>-$_->[0]", OSVersion => '17.4', ProductName => $_->[1] }) }
    [ iphone => 'iPhone14,2' ], [ mac => 'Mac14,7' ];
$_->enroll->{status} == 200 or die 'not enrolled' for $iphone, $mac;
$pg->psql("UPDATE mdm.enrollment SET supervised = true;
    INSERT INTO mdm.attribute (tenant_id, enrollment_id, name, value_boolean)
    SELECT tenant_id, enrollment_id, 'IsMultiUser', false FROM mdm.enrollment");


sub ask {
    my ($type, $keys, %o) = @_;

    return ($o{api} // $api)->api(POST => '/v1/commands' . ($o{query} // ''), {
        request_type => $type, to => { enrollments => $o{to} // [ 'UDID-iphone' ] },
        ($keys ? (command => $keys) : ()), %{ $o{more} // {} } }, @{ $o{header} // [] });
}

sub faults {
    return join ' ', map { $_->{path} eq '' ? '-' : $_->{path} }
        @{ $_[0]{json}{error}{faults} // [] };
}

sub rows { return $pg->psql("SELECT count(*) FROM mdm.$_[0]") }

sub command { return $_[0]{body} =~ s/\s*\n\s*//gr }


# A command as the device gets it.

my $answer = ask(DeviceLock => { Message => 'Lost & <found>', PhoneNumber => '555' },
    more => { command_uuid => 'lock-1' });
is_deeply [ @$answer{qw(status json)} ], [ 200, { command_uuid => 'lock-1',
    request_type => 'DeviceLock', queued => 1, failed => [], warnings => [], refused => [],
    subject => $answer->{json}{subject} } ], 'a typed command is queued';
like command($iphone->idle), qr{<dict><key>Command</key><dict><key>Message</key>
    <string>Lost\ &amp;\ &lt;found(?:>|&gt;)</string><key>PhoneNumber</key><string>555</string>
    <key>RequestType</key><string>DeviceLock</string></dict><key>CommandUUID</key>
    <string>lock-1</string></dict>}x, '... and is the property list that it should be';
$iphone->report('lock-1', 'Acknowledged');

$answer = ask('ProfileList');
is $answer->{status}, 200, 'a command may have no keys';
like command($iphone->idle), qr{<dict><key>RequestType</key><string>ProfileList</string></dict>},
    '... and goes out without any';
$iphone->report($answer->{json}{command_uuid}, 'Acknowledged');

# Per-device values.

$answer = ask(DeviceLock => { Message => '%SerialNumber% of %UDID%, 100 %%' },
    to => [qw(UDID-iphone UDID-mac)]);
is "$answer->{status} $answer->{json}{queued}", '200 2', 'values are known by name';
like command($iphone->idle), qr{>S&lt;1(?:>|&gt;)-iphone of UDID-iphone, 100 %<},
    '... and each device gets its own';
like command($mac->idle), qr{>S&lt;1(?:>|&gt;)-mac of UDID-mac, 100 %<}, '... escaped';
$_->report($answer->{json}{command_uuid}, 'Acknowledged') for $iphone, $mac;

$api->api(PATCH => '/v1/enrollments/UDID-mac/attributes', { UserEmail => 'ann@example.com' });
$answer = ask(DeviceLock => { Message => '%UserEmail%' }, to => [qw(UDID-iphone UDID-mac)]);
is_deeply [ map { [ @$_{qw(code count enrollments rule)} ] } @{ $answer->{json}{warnings} } ],
    [ [ 'unknown_fact', 1, [ 'UDID-iphone' ], '"UserEmail" is not known' ] ],
    'who lacks a value is told';
$answer = ask(DeviceLock => { Message => '%Nonsense%', PhoneNumber => 7 });
is told($answer) . ' ' . faults($answer), '422 invalid_command PhoneNumber -',
    'a name that nobody has is a fault, with the others';
is ask(DeviceLock => { Message => '%%Nonsense%%' })->{status}, 200,
    '... unless it is to stay as it is';
is_deeply [ map { $_->{rule} } @{ ask(DeviceLock => { Message => '%WiFiMAC%' })
    ->{json}{warnings} } ], [ '"WiFiMAC" is not known' ],
    '... and one that devices answer with is none, though nobody did yet';

# All faults at once.

my $before = join ' ', map { rows($_) } qw(queue command audit idempotency);
$answer = ask(DeviceLock => { Message => 7, PIN => '12', PhoneNumber => [] });
is told($answer) . ' ' . join(' ', sort split / /, faults($answer)),
    '422 invalid_command Message PIN PhoneNumber', 'all faults are told at once';
unlike $answer->{body}, qr/"12"/, '... without the secret that was found';
$answer = ask(RemoveProfile => { Identifer => 'a' });
is faults($answer) . ' ' . join(' ', map { "$_->{code} $_->{path}" }
    @{ $answer->{json}{error}{warnings} }), 'Identifier unknown_key Identifer',
    '... with what looks like a slip';
is told(ask(Dance => {})), '422 invalid_command', 'a type that no plugin describes';
is faults(ask(Dance => {})), 'request_type', '... is named as the fault';
is told(ask(DeviceLock => { RequestType => 'EraseDevice' })), '422 invalid_command',
    'the type is not said twice';

my %bad = (
    'no targets'        => { to => {} },
    'other targets'     => { to => { groups => [ 'all' ], enrollments => [ 'UDID-mac' ] } },
    'too many'          => { to => { enrollments => [ 1 .. 10_001 ] } },
    'ids that are none' => { to => { enrollments => [ 7 ] } },
    'keys in a list'    => { command => [] },
    'an unknown member' => { commands => {} },
    'a long UUID'       => { command_uuid => 'x' x 256 },
    'both forms'        => { enrollments => [ 'UDID-mac' ] },
);
is told(ask(DeviceLock => {}, more => $bad{$_})), '400 bad_body', "$_: refused"
    for sort keys %bad;
is told($api->api(POST => '/v1/commands?check=1', { enrollments => [ 'UDID-mac' ],
    command => $mac->command('UserList') })), '400 bad_body', 'a property list has no dry run';

# Dry runs.

$answer = ask(DeviceLock => { Message => 'x', Odd => 1 }, query => '?check=1',
    to => [qw(UDID-iphone UDID-mac UDID-mac nobody)]);
is_deeply [ $answer->{status}, @{ $answer->{json} }{qw(check request_type would_queue refused)} ],
    [ 200, JSON::PP::true, 'DeviceLock', 2, [] ], 'a dry run counts who would get it';
is_deeply [ map { "$_->{enrollment} $_->{code}" } @{ $answer->{json}{failed} } ],
    [ 'nobody unknown_enrollment' ], '... names who would not';
is_deeply [ map { "$_->{code} $_->{path}" } @{ $answer->{json}{warnings} } ],
    [ 'unknown_key Odd' ], '... and warns of an unknown key';
is told(ask(DeviceLock => { PIN => '1' }, query => '?check=1')), '422 invalid_command',
    '... and has the same faults';
is join(' ', map { rows($_) } qw(queue command audit idempotency)), $before,
    'none of these wrote a row';

# Rights.

my $weak = $client->with(token => token($pg, 'acme', 'weak', 'command'));
is told(ask(DeviceLock => {}, api => $weak)), '403 missing_scope',
    'a command that destroys needs the right to';
is told(ask(DeviceLock => {}, api => $weak, query => '?check=1')), '403 missing_scope',
    '... also to be checked';
is ask(ProfileList => {}, api => $weak)->{status}, 200, '... others do not';

# Repetition.

my @key = (header => [ 'Idempotency-Key' => 'ticket 4711' ]);
my $first = ask(ProfileList => {}, @key);
is_deeply ask(ProfileList => {}, @key)->{json}, $first->{json}, 'a key tells a repetition';
is told(ask(ProfileList => {}, @key, more => { priority => 1 })), '409 idempotency_conflict',
    '... and that something else was asked';
is told(ask(ProfileList => {}, @key, more => { command_uuid => 'u' })), '400 two_keys',
    '... and a CommandUUID besides is too much';
is ask(DeviceLock => {}, more => { command_uuid => 'again' })->{status}, 200,
    'a CommandUUID tells it, too';
is ask(DeviceLock => {}, more => { command_uuid => 'again' }, to => [ 'UDID-mac' ])
    ->{json}{queued}, 1, '... and may go to others';
is told(ask(DeviceLock => { Message => 'x' }, more => { command_uuid => 'again' })),
    '409 idempotency_conflict', '... but not with other keys';

# A large one is checked in a thread.

is told(ask(DeviceLock => { Message => 'x' x 200_000, PhoneNumber => {} })),
    '422 invalid_command', 'a large command is checked';

# Hostile ones.

sub nested { return '{"a":' x $_[0] . '1' . '}' x $_[0] }

sub raw {
    return told($api->api(POST => '/v1/commands', '{"request_type":"DeviceLock",'
        . '"to":{"enrollments":["UDID-mac"]},"command":{' . $_[0] . '}}'));
}

my %hostile = (
    'a key nested 60 deep'      => [ '"Odd":' . nested(60), qr/^(?:200|422)/ ],
    'a key nested 1,000 deep'   => [ '"Odd":' . nested(1000), qr/^400 bad_json/ ],
    'sixty-five values'         => [ '"Message":"' . join('', map { "%v$_%" } 1 .. 65) . '"',
        qr/^422 invalid_command/ ],
    'values that name values'   => [ '"Message":"%%SerialNumber%%%SerialNumber%%"', qr/^200/ ],
    'a value as a key'          => [ '"%SerialNumber%":"%SerialNumber%"', qr/^200/ ],
    'half a value'              => [ '"Message":"%Serial %%% 100% %"', qr/^200/ ],
    'null'                      => [ '"Message":null', qr/^422 invalid_command/ ],
    'data that is none'         => [ '"Message":{"$data":"***"}', qr/^422 invalid_command/ ],
    'a huge number'             => [ '"Message":1e999', qr/^400 bad_json/ ],
    'a text of 3 MB'            => [ '"Message":"' . 'x' x 3_000_000 . '"', qr/^200/ ],
    'what grows past 4 MB'      => [ '"Message":"' . '&' x 3_000_000 . '"',
        qr/^422 invalid_command/ ],
    'no type of a command'      => [ '"RequestType":{}', qr/^422 invalid_command/ ],
);

like raw($hostile{$_}[0]), $hostile{$_}[1], "hostile: $_" for sort keys %hostile;

# Strict tenants.

(MDM::Test::mdmctl('--database', $pg->conninfo, 'tenant', 'set', 'acme', 'strict=on'))[0] == 0
    or die 'no policy';
my $deadline = time + 10;
select undef, undef, undef, 0.2
    while ($answer = ask(DeviceLock => { Odd => 1 }))->{status} == 200 && time < $deadline;
is told($answer) . ' ' . faults($answer), '422 invalid_command Odd',
    'a strict tenant has unknown keys refused';

done_testing;
