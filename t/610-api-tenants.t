# Two tenants that share a database, a CA, a device id and a CommandUUID: the
# token of one reads and changes nothing of the other.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::API qw(rows_of);

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $ca = MDM::Test::PKI->ca('Device CA');
my %token = map { $_ => $pg->tenant($_, host => "$_.example", device_ca => $ca) }
    qw(anna bert);

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
        location = /mdm { mdm connect; client_max_body_size 4m; }
        location /v1/ { mdm api; client_max_body_size 4m; }
    }
}
CONF

my %client = map { $_ => MDM::Test::Client->new(port => $nginx->port,
    host => "$_.example", token => $token{$_}) } qw(anna bert);
my ($anna, $bert) = @client{qw(anna bert)};

sub device {
    my ($tenant, $udid) = @_;

    my $device = MDM::Test::Device->new(client => $client{$tenant}, sign => 1,
        certificate => $ca->device("$udid of $tenant"), udid => $udid);
    $device->enroll->{status} == 200 or die "$udid does not enrol";

    return $device;
}


sub told {
    my ($answer) = @_;

    my $json = $answer->{json};

    return join ' ', $answer->{status}, $json->{error}{code} // (),
        map { $_->{command_error} // 'queued' } values %{ $json->{status} // {} };
}


sub uuids { return join ' ', map { $_->{command_uuid} } @{ $_[0]{json}{items} } }


# The shared device is another one for each; it has no certificate in common.

my $theirs = device(anna => 'UDID-1');
my $shared = device(anna => 'UDID-2');
my $user = $shared->user('5D5E4B2A-0001-4000-8000-000000000610', 'ann', 'Ann');
$user->token_update->{status} == 200 or die 'a user does not enrol';
my $twin = device(bert => 'UDID-2');

for my $uuid (qw(waits held done shared)) {
    is told($anna->api(PUT => '/v1/enqueue/UDID-1,UDID-2,' . $user->enrollment,
        $theirs->command('ProfileList', $uuid))), '200 queued queued queued',
        "anna's devices get a command that is $uuid";
}
is told($bert->api(PUT => '/v1/enqueue/UDID-2',
    $twin->command('SecurityInfo', 'shared'))), '200 queued',
    'bert has one of the same CommandUUID';
is told($bert->api(PUT => '/v1/enqueue/UDID-2',
    $twin->command('SecurityInfo', 'own'))), '200 queued', '... and one of his own';

is $theirs->idle->{command_uuid}, 'waits', 'one of hers is delivered';
$theirs->report('waits', 'NotNow');
$theirs->report('held', 'Acknowledged');
$theirs->report('shared', 'Acknowledged');

my $before = rows_of($pg, 'anna');
like $before, qr/UDID-1.*done/s, 'she has rows';

# Bert asks for what is hers, on his host.

is_deeply [ map { "$_->{device_id}:$_->{user_id}" }
        @{ $bert->api(GET => '/v1/enrollments')->{json}{items} } ],
    [ 'UDID-2:' ], 'bert sees his own device';
my $next = $anna->api(GET => '/v1/enrollments?limit=1')->{json}{next};
is_deeply [ map { $_->{device_id} } @{ $bert->api(GET =>
        "/v1/enrollments?after=$next")->{json}{items} } ],
    [ 'UDID-2' ], '... also behind a cursor of hers';

for my $path ('', qw(/queue /history /why /history/done/report /secrets/unlock_token)) {
    is told($bert->api(GET => "/v1/enrollments/$_$path")), '404 unknown_enrollment',
        "... and not $_$path" for 'UDID-1', $user->enrollment;
}
is told($bert->api(DELETE => '/v1/enrollments/UDID-1')), '404 unknown_enrollment',
    'he ends nothing of hers';
is told($bert->api(DELETE => '/v1/identities/' . $pg->psql("SELECT encode(certificate, 'hex')
    FROM mdm.enrollment WHERE device_id = 'UDID-1' AND user_id = ''"))),
    '404 unknown_identity', '... and revokes nothing';
is uuids($bert->api(GET => '/v1/enrollments/UDID-2/queue')), 'shared own',
    '... of the shared name his own queue';
is uuids($bert->api(GET => '/v1/enrollments/UDID-2/history')), '',
    '... and his own history';

is told($bert->api($_ => '/v1/enqueue/UDID-1,' . $user->enrollment,
    $twin->command('EraseDevice'))), '500 no such enrolment no such enrolment',
    "$_ reaches none of hers" for qw(PUT POST);
is told($bert->api(DELETE => "/v1/commands/$_?force=1")), '404 unknown_command',
    "he cannot withdraw what $_" for qw(waits held done);
for my $uuid (qw(waits held done)) {
    my %call = ("commands/$uuid" => 'GET', "commands/$uuid/payload" => 'GET',
        "commands/$uuid/release" => 'POST');

    is told($bert->api($call{$_} => "/v1/$_", $call{$_} eq 'POST' ? '' : undef)),
        '404 unknown_command', "... nor $call{$_} $_" for sort keys %call;
    is told($bert->api(DELETE => "/v1/enrollments/UDID-1/queue/$uuid?force=1")),
        '404 unknown_enrollment', '... at her device';
    is told($bert->api(POST => "/v1/enrollments/UDID-1/queue/$uuid/release", '')),
        '404 unknown_enrollment', '... nor let it out there';
}
is told($bert->api(DELETE => '/v1/enrollments/UDID-1/queue?force=1')),
    '404 unknown_enrollment', '... nor clear its queue';
is_deeply [ map { $_->{outcome} } @{ $bert->api(POST => '/v1/commands/cancel',
    { command_uuids => [ qw(waits held done) ], force => \1 })->{json}{items} } ],
    [ ('unknown') x 3 ], '... nor many at once';
is_deeply $bert->api(POST => '/v1/commands', { enrollments => [ 'UDID-1' ],
    command => $twin->command('ProfileList') })->{json}{failed}[0]{code},
    'unknown_enrollment', '... nor ask anything of it';
is told($bert->api(DELETE => '/v1/commands/shared?force=1')), '200',
    'what has the same CommandUUID';
is uuids($bert->api(GET => '/v1/enrollments/UDID-2/queue')), 'own',
    '... goes from his queue';
is told($bert->api(PUT => '/v1/enqueue/UDID-2',
    $twin->command('UserList', 'waits'))), '200 queued',
    'her CommandUUIDs are free for his commands';

# And on her host.

my $intruder = $anna->with(token => $token{bert});

is told($intruder->api(@$_)), '403 wrong_tenant', "$_->[0] $_->[1] on her host is 403"
    for [ PUT => '/v1/enqueue/UDID-1', $twin->command('EraseDevice') ],
        [ POST => '/v1/enqueue/UDID-2', $twin->command('EraseDevice') ],
        [ DELETE => '/v1/commands/waits?force=1' ], [ GET => '/v1/enrollments' ],
        [ GET => '/v1/enrollments/UDID-1/queue' ],
        [ GET => '/v1/enrollments/UDID-1/history' ];
like $nginx->error_log, qr/the token "test" belongs to another tenant than "anna"/,
    '... and logged';
is $pg->psql("SELECT count(*) FROM mdm.audit a JOIN mdm.tenant t USING (tenant_id)
               WHERE a.action = 'token_refused' AND t.name = 'bert'
                 AND a.actor = 'test' AND a.detail->>'host' = 'anna.example'"), 6,
    '... each left in the audit of the token\'s own tenant';

is rows_of($pg, 'anna'), $before, 'of all that nothing of hers has changed';
isnt rows_of($pg, 'bert'), $before, '... while he has rows, too';

# What he queued does not reach hers.

is $theirs->idle->{command_uuid}, 'done', 'her device gets what is hers';
$theirs->report('done', 'Acknowledged');
is $theirs->idle->{command_uuid}, 'waits', '... to the last';
is $theirs->report('waits', 'Acknowledged')->{command_uuid}, undef, '... and no more';
is $twin->idle->{request_type}, 'SecurityInfo', 'his device gets what is his';
is $twin->report('own', 'Acknowledged')->{request_type}, 'UserList',
    '... under her CommandUUID, too';
is $theirs->with(client => $bert)->idle->{status}, 403,
    "her device's certificate is nothing on his host";

done_testing;
