# Each answer that docs/openapi.json describes of commands and queues.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Test::More;
use MDM::Test;
use MDM::Test::Calls;

my ($iphone, $mac, $gone, $lost) = map { enrolled($_) } qw(iphone mac gone lost);

sub command { return $iphone->command(@_) }

# Two commands that wait for both.

calls(
    [ PUT => '/v1/enqueue/UDID-iphone,UDID-mac', command('ProfileList', 'PUT'), 200 ],
    [ PUT => '/v1/enqueue/UDID-iphone,UDID-mac', command('ProfileList', 'POST'), 200 ],
);

# Commands: asked, ...

my $wifi = { command => $iphone->profile('com.example.wifi'), priority => 1 };
my %target = (enrollments => [ 'UDID-gone' ]);
my %key = (header => { 'Idempotency-Key' => 'ticket 4711' });
my $binary = slurp(tree() . '/t/fuzz/corpus/command/bare-binary');

calls(
    [ POST => '/v1/commands', { %$wifi, %target }, 200, %key ],
    [ POST => '/v1/commands', { enrollments => [qw(UDID-mac x)], not_before_in => 60,
        command => $mac->install_profile('com.example.vpn', 'early'), dedupe_key => 'vpn',
        expires_in => 3600 }, 207 ],
    [ POST => '/v1/commands', { enrollments => [ 'x' ], push => JSON::PP::false(),
        command_base64 => encode_base64($binary, '') }, 404 ],
    [ POST => '/v1/commands', { %$wifi, enrollments => [ 'x' ] },
        '409 idempotency_conflict', %key ],
    [ POST => '/v1/commands', { %target }, '400 bad_body' ],
    [ POST => '/v1/commands', { %target, command => 'x' }, '400 bad_command' ],
    [ POST => '/v1/commands', { %target, command => command('UserList') },
        '400 two_keys', %key ],
    [ POST => '/v1/commands', { %$wifi, %target }, '400 bad_idempotency_key',
        header => { 'Idempotency-Key' => 'x' x 256 } ],
);

# ... in typed JSON, ...

my $byod = MDM::Test::Device->new(client => $client, sign => 1, enrollment_id => 'BYOD',
    certificate => $ca->device('byod'), facts => { OSVersion => '26.0',
        ProductName => 'iPhone17,2' });
$byod->enroll->{status} == 200 or die 'byod is refused';

my %lock = (request_type => 'DeviceLock', command => { Message => 'lost', Odd => 1 });
my $all = { enrollments => [qw(UDID-mac UDID-iphone BYOD x)] };

calls(
    [ POST => '/v1/commands', { %lock, to => $all, push => JSON::PP::false(), priority => 1,
        not_before_in => 60, expires_in => 3600, dedupe_key => 'lock',
        command_uuid => 'typed' }, 207 ],
    [ POST => '/v1/commands?check=1', { %lock, to => $all }, 200 ],
    [ POST => '/v1/commands?check=1', { request_type => 'EraseDevice', to => $all }, 200 ],
    [ POST => '/v1/commands', { request_type => 'EraseDevice',
        to => { enrollments => [qw(BYOD UDID-gone)] }, dedupe_key => 'erase' }, 207 ],
    [ POST => '/v1/commands', { request_type => 'EraseDevice',
        to => { enrollments => [ 'BYOD' ] } }, '422 not_available' ],
    [ POST => '/v1/commands', { request_type => 'Dance', to => $all },
        '422 invalid_command' ],
    [ POST => '/v1/commands', { request_type => 'DeviceLock', to => $all,
        command => { Message => 7 } }, '422 invalid_command' ],
    [ POST => '/v1/commands', { %lock, to => { enrollments => [] } }, '400 bad_body' ],
);

# ... with a profile that is kept, ...

my $signer = $ca->certificate('Signer');
my $kept = try(POST => '/v1/profiles', { PayloadIdentifier => 'com.example.kept',
    PayloadContent => [] }, 201)->{json}{id};
my %install = (request_type => 'InstallProfile', profile => $kept,
    to => { enrollments => [ 'UDID-mac' ] });

calls(
    [ POST => '/v1/commands', \%install, 200 ],
    [ POST => '/v1/commands', { %install, profile => 'x' }, '422 invalid_command' ],
    [ PUT => '/v1/signing-certificate', $signer->pem . $signer->key_pem, 200 ],
    sub { $pg->psql("UPDATE mdm.signing_certificate SET certificates = 'x'") },
    [ POST => '/v1/commands', \%install, '503 cannot_sign' ],
    sub { alter(qw(profile content)) },
    [ POST => '/v1/commands', \%install, '503 cannot_open' ],
);

# ... looked at, ...

sub fill_queue {
    $pg->psql("UPDATE mdm.queue SET subject = 'x', not_before = now() + interval '1 day',
            sent_at = now(), pushed_at = now(), notnow_at = now(), stalled_at = now()
         WHERE command_uuid = 'PUT'");
}

# A property list in binary; one byte before each text is its type and length.

sub binary_command {
    my ($uuid) = @_;

    my @objects = ("\xd2\1\2\3\4", "\x5b" . 'CommandUUID', "\x57" . 'Command',
        chr(0x50 + length $uuid) . $uuid, "\xd1\5\6", "\x5b" . 'RequestType',
        "\x5b" . 'ProfileList');
    my ($text, $offsets) = ('bplist00', '');

    for my $object (@objects) {
        $offsets .= chr length $text;
        $text .= $object;
    }

    return $text . $offsets . pack 'x6CCQ>Q>Q>', 1, 1, 7, 0, length $text;
}

my $queue = '/v1/enrollments/UDID-iphone/queue';

calls(
    \&fill_queue,
    pages($queue),
    [ GET => $queue, undef, 200 ],
    names(GET => '/v1/enrollments/%s/queue'),
    [ GET => '/v1/commands/PUT', undef, 200 ],
    pages('/v1/commands/PUT'),
    names(GET => undef, '/v1/commands/%s'),
    [ GET => '/v1/commands/PUT/payload', undef, 200 ],
    [ PUT => '/v1/enqueue/UDID-mac', binary_command('binary'), 200 ],
    [ GET => '/v1/commands/binary/payload', undef, 200 ],
    names(GET => undef, '/v1/commands/%s/payload'),
);

# ... withdrawn and released.

my $lost_queue = '/v1/enrollments/UDID-lost/queue';
my $of_lost = "$lost_queue/restart";

sub restarts { $lost->idle for 1 .. $_[0] }

calls(
    [ DELETE => '/v1/commands/PUT', undef, 200 ],
    names(DELETE => undef, '/v1/commands/%s'),
    [ PUT => '/v1/enqueue/UDID-iphone', command('CertificateList', 'open'), 200 ],
    [ DELETE => '/v1/commands/POST', undef, 200 ],
    sub { is $iphone->idle->{command_uuid}, 'open', 'a device gets a command' },
    [ DELETE => '/v1/commands/open', undef, '409 delivered' ],
    [ DELETE => '/v1/commands/open?force=1', undef, 200 ],
    sub { $iphone->report_error('open', 'MCMDMErrorDomain', 5) },
    (map { my $set = $_; (
        sub { $pg->psql("UPDATE mdm.result SET $set WHERE command_uuid = 'open'") },
        [ GET => '/v1/commands/open', undef, 200 ]) }
        "effects_at = now()", "effects_at = NULL, effects_failed = 'why'"),

    [ PUT => '/v1/enqueue/UDID-lost', command('RestartDevice', 'restart'), 200 ],
    sub { restarts(2) },
    [ POST => '/v1/commands/restart/release', undef, 200 ],
    [ POST => '/v1/commands/binary/release', undef, '409 not_stalled' ],
    names(POST => undef, '/v1/commands/%s/release'),
    sub { restarts(2) },
    [ POST => "$of_lost/release", undef, 200 ],
    [ POST => '/v1/enrollments/UDID-mac/queue/binary/release', undef, '409 not_stalled' ],
    names(POST => '/v1/enrollments/%s/queue/restart/release', "$lost_queue/%s/release"),

    sub { restarts(1) },
    [ DELETE => $of_lost, undef, '409 delivered' ],
    [ DELETE => $lost_queue, undef, '409 delivered' ],
    [ DELETE => "$of_lost?force=1", undef, 200 ],
    [ DELETE => "$lost_queue?force=1", undef, 200 ],
    names(DELETE => '/v1/enrollments/%s/queue/restart', "$lost_queue/%s"),
    names(DELETE => '/v1/enrollments/%s/queue'),

    [ POST => '/v1/commands/cancel', { command_uuids => [ 'early' ] }, 200 ],
    [ POST => '/v1/commands/cancel', { command_uuids => [ 'early' ], force => \1 }, 207 ],
    [ POST => '/v1/commands/cancel', { command_uuids => [] }, '400 bad_body' ],
);

alter(qw(command payload));
try(GET => '/v1/commands/PUT/payload', undef, '503 cannot_open');

finish('commands', id => 'UDID-iphone', command_uuid => 'good');
