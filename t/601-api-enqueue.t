# Enqueue and cancel: NanoMDM's shapes, targets that differ, CommandUUIDs that
# come again, ids as clients escape them.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Plist qw(plist);

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    large_client_header_buffers 4 64k;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; client_max_body_size 4m; }
        location /v1/ { mdm api; client_max_body_size 4m; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);

sub device {
    my ($name, %option) = @_;

    return MDM::Test::Device->new(client => $client, sign => 1,
        certificate => $ca->device($name), %option);
}


sub enqueue {
    my ($ids, $body, $method) = @_;

    return $api->api($method // 'PUT', "/v1/enqueue/$ids", $body);
}


# What the answer says of its targets, each in a word.

sub answered {
    my ($answer) = @_;

    my $status = $answer->{json}{status};

    return join ', ', $answer->{status}, map {
        "$_: " . ($status->{$_}{command_error} // 'queued')
    } sort keys %$status;
}


my ($iphone, $mac, $gone, $late) = map { device($_, udid => "UDID-$_") }
    qw(iphone mac gone late);
$_->enroll->{status} == 200 or die 'not enrolled' for $iphone, $mac, $gone;
$late->authenticate->{status} == 200 or die 'not authenticated';
$gone->check_out->{status} == 200 or die 'not checked out';

# Shapes.

for my $method (qw(PUT POST)) {
    my $uuid = $iphone->uuid;
    my $body = $iphone->command('ProfileList', $uuid);

    my $json = enqueue('UDID-iphone', $body, $method)->{json};
    like delete $json->{push_error}, qr/no node pushes/, "$method says that nobody pushes";
    is_deeply $json, {
        status => { 'UDID-iphone' => {} }, command_uuid => $uuid,
        request_type => 'ProfileList', no_push => JSON::PP::true() },
        "... and has NanoMDM's shape";
    is_deeply enqueue('UDID-mac?nopush=1', $iphone->command('ProfileList',
        "$uuid-2"), $method)->{json}, {
        status => { 'UDID-mac' => {} }, command_uuid => "$uuid-2",
        request_type => 'ProfileList', no_push => JSON::PP::true() },
        "... and so it has with nopush";
    is $iphone->idle->{body}, $body, '... and the device gets its very bytes';
    $iphone->report($uuid, 'Acknowledged');
}

my $pushes = 'SELECT string_agg(device_id, \',\') FROM mdm.push
               JOIN mdm.enrollment USING (tenant_id, enrollment_id)';
is $pg->psql($pushes), 'UDID-iphone', 'nopush leaves no wish to push';
my $mac_answer = enqueue('UDID-mac?nopush=0', $iphone->command('ProfileList'));
is $mac_answer->{json}{push_error}, undef, '... with any value, as in NanoMDM';
$mac_answer = enqueue('UDID-mac?nopush=', $iphone->command('ProfileList'));
isnt $mac_answer->{json}{push_error}, undef, '... but an empty one';
is $pg->psql($pushes), 'UDID-iphone,UDID-mac', '... which is a wish';

# Targets.

my @ids = map { "UDID-$_" } qw(gone iphone late mac nobody);
my $answer = enqueue(join(',', @ids), $iphone->command('ProfileList'));
is answered($answer), '207, UDID-gone: the enrolment is closed, UDID-iphone: queued,'
    . ' UDID-late: the device is still enrolling, UDID-mac: queued,'
    . ' UDID-nobody: no such enrolment', 'each target is answered for';
is answered(enqueue('UDID-gone,UDID-nobody', $iphone->command('ProfileList'))),
    '500, UDID-gone: the enrolment is closed, UDID-nobody: no such enrolment',
    '... and none of them is 500';
is answered(enqueue('UDID-mac,UDID-mac', $iphone->command('ProfileList'))),
    '200, UDID-mac: queued', 'the same target twice is one';
is answered(enqueue('UDID-nobody,UDID-mac,UDID-nobody', $iphone->command('ProfileList'))),
    '207, UDID-mac: queued, UDID-nobody: no such enrolment', '... also a wrong one';
$answer = enqueue('UDID-mac,,a%25zz,UDID-mac:%FF', $iphone->command('ProfileList'));
is $answer->{status}, 207, 'ids that cannot be read';
is_deeply $answer->{json}{status}, { 'UDID-mac' => {},
    '' => { command_error => 'the enrolment id is empty' },
    'a%25zz' => { command_error => "the enrolment id holds a '%'" },
    'UDID-mac:%FF' => { command_error => 'the user part is empty or not valid UTF-8' } },
    '... are answered for, each';
is enqueue("UDID-mac,\xff", $iphone->command('ProfileList'))
    ->{json}{status}{'%FF'}{command_error}, 'the enrolment id is not valid UTF-8',
    '... in ASCII when they have to be';

# Repetition and conflict.

my $uuid = 'once-only';
my $body = $iphone->command('SecurityInfo', $uuid);
my $count = "SELECT count(*) FROM mdm.queue WHERE command_uuid = '$uuid'";

is answered(enqueue('UDID-iphone', $body)), '200, UDID-iphone: queued', 'a command';
is answered(enqueue('UDID-iphone', $body)), '200, UDID-iphone: queued',
    '... may be sent again';
is $pg->psql($count), 1, '... and is queued once';
is answered(enqueue('UDID-iphone,UDID-mac', $body)),
    '200, UDID-iphone: queued, UDID-mac: queued', '... for another device, too';
is $pg->psql($count), 2, '... once each';
$answer = enqueue('UDID-mac', $iphone->command('ProfileList', $uuid));
is $answer->{status}, 409, 'another command of that CommandUUID is a conflict';
like $answer->{json}{command_error}, qr/CommandUUID/, '... and says so';
is $pg->psql($count), 2, '... and changes nothing';
$pg->psql("UPDATE mdm.idempotency SET created_at = created_at - interval '25 hours'");
is answered(enqueue('UDID-mac', $iphone->command('ProfileList', $uuid))),
    '500, UDID-mac: a live command of this enrolment is the same',
    'a day later it is not, but the old one still waits';

# Bodies that are no command.

my %bad = (
    'an empty body'      => '',
    'no property list'   => 'DeviceInformation',
    'half of one'        => substr($body, 0, length($body) / 2),
    'no dictionary'      => plist([ 'x' ]),
    'no CommandUUID'     => plist({ Command => { RequestType => 'ProfileList' } }),
    'an empty one'       => plist({ CommandUUID => '',
                                Command => { RequestType => 'ProfileList' } }),
    'a long one'         => $iphone->command('ProfileList', 'x' x 256),
    'no Command'         => plist({ CommandUUID => 'x' }),
    'no RequestType'     => plist({ CommandUUID => 'x', Command => {} }),
    'no profile'         => $iphone->command('InstallProfile', 'x', Payload => \'x'),
    'too deep'           => plist({ CommandUUID => 'x', Command => {
                                RequestType => 'x', Deep => deep(80) } }),
);

sub deep { return $_[0] ? [ deep($_[0] - 1) ] : 'x' }

my $rows = $pg->psql('SELECT count(*) FROM mdm.command');

for my $name (sort keys %bad) {
    $answer = enqueue('UDID-mac', $bad{$name});
    is $answer->{status}, 400, "$name is refused";
    like $answer->{json}{command_error}, qr/\w+ \w+/, '... in words';
}
is $pg->psql('SELECT count(*) FROM mdm.command'), $rows, '... and not kept';

# Ids.

for my $id (',', ',,', 'UDID-mac:', ':x',
    'UDID-mac%01x', 'UDID-mac%2Fx', 'UDID-mac%3Aa%25zz', 'UDID-mac:a:b', 'UDID-mac:%FF',
    '%FF', "\xff", "UDID-mac:\xff", 'x' x 256, '%2C')
{
    $answer = enqueue($id, $body);
    is $answer->{status} . ' ' . ($answer->{json}{error}{code} // ''),
        '400 bad_enrollment_id', "the id $id is refused" =~ s/[^ -~]/?/gr;
}
is enqueue($_, $body)->{status}, 400, "the id $_ is refused by nginx"
    for 'UDID%00mac', 'UDID-mac:a%', 'UDID-mac:a%zz';

my $name = 'j"o%b/ü,x:y@ex.example';
my $pupil = $mac->shared_user($name);
is $pupil->token_update->{status}, 200, 'a pupil has a name of special characters';

my $encoded = $name =~ s/([^A-Za-z0-9._~@-])/sprintf '%%%02X', ord $1/ger;
my %written = (
    'as we write it'     => "UDID-mac:$encoded",
    'with %40'           => "UDID-mac:$encoded" =~ s/@/%40/r,
    'in small letters'   => "UDID-mac:$encoded" =~ s/(%..)/lc $1/ger,
    'escaped as a whole' => "UDID-mac:$encoded"
                            =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger,
);

for my $how (sort keys %written) {
    $uuid = $iphone->uuid;
    is answered(enqueue($written{$how}, $iphone->command('UserList', $uuid))),
        "200, $written{$how}: queued", "his id $how is understood";
    is $api->api(GET => "/v1/enrollments/$written{$how}/queue?limit=1")
        ->{json}{items}[0]{command_uuid}, $uuid, '... and so his queue is shown';
    is $api->api(DELETE => "/v1/commands/$uuid")->{json}{cancelled}, 1,
        '... and taken back';
}

# What erases, locks or ends the management needs a right of its own.

my ($exit, $text) = mdmctl('--database', $pg->conninfo, 'token', 'add', 'acme',
    'writer', '--scope', 'command');
my $writer = $client->with(token => $text =~ /([\w-]{43})/);
my %destructive = (EraseDevice => {}, DeviceLock => {}, EnableLostMode => {},
    ClearPasscode => {}, DeleteUser => { UserName => 'anna' }, SetRecoveryLock => {},
    SetFirmwarePassword => {}, SetAutoAdminPassword => { GUID => 'x' },
    RotateFileVaultKey => { KeyType => 'personal' }, ClearActivationLockBypassCode => {},
    RemoveProfile => { Identifier => 'com.example' });

$rows = $pg->psql('SELECT count(*) FROM mdm.queue');

for my $type (sort keys %destructive) {
    $answer = $writer->api(PUT => '/v1/enqueue/UDID-mac',
        $iphone->command($type, undef, %{ $destructive{$type} }));
    is "$answer->{status} $answer->{json}{error}{code}", '403 missing_scope',
        "$type needs a right of its own";
    like $answer->{json}{error}{message}, qr/"destructive"/, '... which is named';
}
is $pg->psql('SELECT count(*) FROM mdm.queue'), $rows, '... and nothing is queued';
is $pg->psql(q{SELECT count(*) FROM mdm.audit
    WHERE detail ->> 'missing_scope' = 'destructive'}), scalar(keys %destructive),
    '... but audited';

done_testing;
