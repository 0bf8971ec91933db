# Taking commands back: one, many, of one enrolment, all of it; and letting out
# again those that stalled.

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

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);

my ($iphone, $ipad) = map { MDM::Test::Device->new(client => $client, sign => 1,
    certificate => $ca->device($_), udid => "UDID-$_") } qw(iphone ipad);
$_->enroll->{status} == 200 or die 'not enrolled' for $iphone, $ipad;

my @both = qw(UDID-iphone UDID-ipad);


sub ask {
    my ($type, @ids) = @_;

    my $answer = $api->api(POST => '/v1/commands', {
        enrollments => \@ids, command => plist({ RequestType => $type }) });
    die "$answer->{status} $answer->{body}" if $answer->{status} != 200;

    return $answer->{json}{command_uuid};
}


# Status, and what was done or the code of what was not.

sub told {
    my ($method, $path, $body, $as) = @_;

    my $answer = ($as // $api)->api($method, "/v1/$path", $body);

    return join ' ', $answer->{status}, $answer->{json}{error}
        ? $answer->{json}{error}{code} : map { "$_ $answer->{json}{$_}" }
            grep { !ref $answer->{json}{$_} } sort keys %{ $answer->{json} };
}


sub many {
    my ($uuids, $force) = @_;

    my $answer = $api->api(POST => '/v1/commands/cancel', { command_uuids => $uuids,
        $force ? (force => \1) : () });

    return join ', ', $answer->{status}, map {
        "$_->{outcome} $_->{cancelled} $_->{delivered} $_->{busy}"
    } @{ $answer->{json}{items} };
}


sub waiting { return 0 + $pg->psql('SELECT count(*) FROM mdm.queue') }


# One, of all its targets.

my $uuid = ask('ProfileList', @both);
is told(DELETE => "commands/$uuid"), '200 cancelled 2', 'a command is taken back';
is told(DELETE => "commands/$uuid"), '404 unknown_command', '... once';
$uuid = ask('ProfileList', @both);
$iphone->idle;
is told(DELETE => "commands/$uuid"), '409 delivered', 'who has it keeps it';
is waiting(), 1, '... but only he';
is told(DELETE => "commands/$uuid?force=1"), '200 cancelled 1', '... or is given up';

# One, of one enrolment.

$uuid = ask('ProfileList', @both);
is told(DELETE => "enrollments/UDID-ipad/queue/$uuid"), '200 cancelled 1', 'of one';
is told(DELETE => "enrollments/UDID-ipad/queue/$uuid"), '404 unknown_command', '... once';
is told(DELETE => "enrollments/nobody/queue/$uuid"), '404 unknown_enrollment',
    '... that exists';
$iphone->idle;
is told(DELETE => "enrollments/UDID-iphone/queue/$uuid"), '409 delivered', 'not delivered';
is told(DELETE => "enrollments/UDID-iphone/queue/$uuid?force=1"), '200 cancelled 1',
    '... but by force';

# All of one enrolment.

ask('ProfileList', @both) for 1 .. 3;
$iphone->idle;
is told(DELETE => 'enrollments/UDID-iphone/queue'), '409 delivered',
    'a queue is cleared but for what was delivered';
is waiting(), 4, '... and but for others';
is told(DELETE => 'enrollments/UDID-iphone/queue?force=1'), '200 cancelled 1',
    '... or of that, too';
is told(DELETE => 'enrollments/UDID-iphone/queue'), '200 cancelled 0',
    'an empty one is clear';
is told(DELETE => 'enrollments/nobody/queue'), '404 unknown_enrollment', 'none is not';
is $pg->psql(q{SELECT count(*) FROM mdm.audit JOIN mdm.enrollment
    USING (tenant_id, enrollment_id) WHERE action = 'queue_cancel'
    AND device_id = 'UDID-iphone' AND detail ->> 'command_uuid' IS NULL}), 3,
    'the audit has it under the enrolment';
told(DELETE => 'enrollments/UDID-ipad/queue');

# Many.

my @uuids = map { ask('ProfileList', @both) } 1 .. 3;
$iphone->idle;
is many([ @uuids, 'none' ]), '207, delivered 1 1 0, ok 2 0 0, ok 2 0 0, unknown 0 0 0',
    'many are taken back, each for itself, in the order of the request';
is many([ $uuids[0], $uuids[0] ], 1), '200, ok 1 1 0', '... by force, and twice is once';
is waiting(), 0, '... and nothing waits';

# A row that somebody holds is not waited for: he may wait for another of ours.

$uuid = ask('ProfileList', @both);
my $held = $pg->session;
$held->run("BEGIN; SELECT 1 FROM mdm.queue JOIN mdm.enrollment
    USING (tenant_id, enrollment_id) WHERE device_id = 'UDID-ipad' FOR UPDATE OF queue");
is many([ $uuid ]), '207, busy 1 0 1', 'who is being served is left';
$held->run('ROLLBACK');
is many([ $uuid ]), '200, ok 1 0 0', '... and is taken when one asks again';

# Release.

my $erase = ask('EraseDevice', @both);
is told(POST => "commands/$erase/release"), '409 not_stalled', 'what waits is not stalled';
for ($iphone, $ipad) { $_->idle; $_->idle }
is $pg->psql("SELECT string_agg(state, ' ') FROM mdm.queue"), 'STALLED STALLED',
    'EraseDevice goes out once';

my ($exit, $text) = mdmctl('--database', $pg->conninfo, 'token', 'add', 'acme',
    'writer', '--scope', 'command');
my $writer = $client->with(token => $text =~ /([\w-]{43})/);
is told(POST => "commands/$erase/release", undef, $writer), '403 missing_scope',
    'to let it out again is destructive';
is told(POST => "enrollments/UDID-ipad/queue/$erase/release", undef, $writer),
    '403 missing_scope', '... at one device, too';
is $ipad->idle->{command_uuid}, undef, '... and does not happen';
is told(POST => "enrollments/UDID-ipad/queue/$erase/release"), '200 released 1',
    'it goes out to one again';
is $ipad->idle->{command_uuid}, $erase, '... indeed';
is told(POST => "enrollments/UDID-ipad/queue/$erase/release"), '409 not_stalled',
    '... which has it now';
is $iphone->idle->{command_uuid}, undef, '... and not to the other';
is told(POST => "commands/$erase/release"), '200 released 1', 'to all that stalled';
is $_->{reason} . ': ' . $_->{next},
    'released, goes out again: It goes out again when the device comes.', '... as is said'
    for $api->api(GET => '/v1/enrollments/UDID-iphone/queue')->{json}{items}[0],
        grep { $_->{device_id} eq 'UDID-iphone' }
            @{ $api->api(GET => "/v1/commands/$erase")->{json}{items} };
is $iphone->idle->{command_uuid}, $erase, '... indeed';
is told(POST => 'commands/none/release'), '404 unknown_command', 'none';
is told(POST => 'enrollments/UDID-ipad/queue/none/release'), '404 unknown_command',
    '... of one';
is told(POST => "enrollments/nobody/queue/$erase/release"), '404 unknown_enrollment',
    '... of nobody';
is $pg->psql(q{SELECT count(*) FROM mdm.audit WHERE action = 'command_release'}), 2,
    'who released is audited';
is $pg->psql(q{SELECT count(*) FROM mdm.push}), 2, 'and a push is wished';

# Bodies that say something else.

for ({}, { command_uuids => [] }, { command_uuids => [ 1 ] }, { command_uuids => 'x' },
    { command_uuids => [ '' ] }, { command_uuids => [ 'x' x 256 ] },
    { command_uuids => [ map { "u$_" } 0 .. 1000 ] },
    { command_uuids => [ 'x' ], force => 1 }, { command_uuids => [ 'x' ], x => 1 })
{
    is told(POST => 'commands/cancel', $_), '400 bad_body', 'a body is refused: '
        . substr JSON::PP->new->canonical->encode($_), 0, 50;
}
is many([ map { "u$_" } 1 .. 1000 ]) =~ tr/,//, 1000, 'a thousand are not too many';
is $pg->psql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';

done_testing;
