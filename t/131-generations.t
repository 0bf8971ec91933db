# What an Authenticate means: a renewal keeps the enrolment, a re-enrolment
# begins a new generation, a restore from backup goes back; and how it ends.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Plist qw(plist integer true);

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $ca = MDM::Test::PKI->ca('Device CA');

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
        large_client_header_buffers 4 32k;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; }
    }
}
CONF

my $plain = MDM::Test::Client->new(port => $nginx->port);
my $api   = MDM::Test::Client->new(port => $nginx->port, token => $token);
my $count = 0;


sub device {
    my ($name) = @_;

    my $device = MDM::Test::Device->new(client => $plain, sign => 1,
        certificate => $ca->device($name));
    is $device->enroll->{status}, 200, "$name enrols";

    return $device;
}


# The same device with a certificate that it did not have before.

sub renewed {
    my ($device) = @_;

    return $device->with(certificate => $ca->device('new ' . ++$count));
}


# Queues a command; returns its CommandUUID.

sub queue {
    my ($device, $type, %keys) = @_;

    my $uuid = $device->uuid;
    my $answer = $api->api(PUT => '/v1/enqueue/' . $device->enrollment,
        $device->command($type, $uuid, %keys));
    is $answer->{status}, 200, "$type is queued" or diag $answer->{body};

    return $uuid;
}


sub queue_renewal {
    my ($device) = @_;

    my %head = (PayloadIdentifier => 'org.example.mdm', PayloadVersion => integer(1),
        PayloadUUID => $device->uuid);
    my $profile = plist({ %head, PayloadType => 'Configuration', PayloadContent => [
        { %head, PayloadType => 'com.apple.mdm', Topic => $device->{topic},
          ServerURL => 'https://localhost/mdm' } ] });

    return queue($device, 'InstallProfile', Payload => \$profile);
}


# A command's end: its state, and why; then what was reported but not asked.

sub end_of {
    my ($uuid) = @_;

    return $pg->psql("SELECT string_agg(concat_ws(': ', state, reason), ', '
                                        ORDER BY state)
                        FROM mdm.result WHERE command_uuid = '$uuid'");
}


sub row_of {
    my ($device, $columns) = @_;

    return $pg->psql("SELECT $columns FROM mdm.enrollment
                       WHERE device_id = '${\ $device->device_id}' AND user_id = ''");
}


sub nothing {
    my ($answer, $name) = @_;

    is "$answer->{status} <$answer->{body}>", '200 <>', $name;
}


# Re-enrolment.

my $iphone = device('iphone');
my $user = $iphone->user('5D5E4B2A-0001-4000-8000-000000000001', 'anna', 'Anna');
is $user->token_update->{status}, 200, '... with a user';
my %uuid = (query => queue($iphone, 'DeviceInformation', Queries => ['OSVersion']),
    user => queue($user, 'ProfileList'));
is $iphone->idle->{command_uuid}, $uuid{query}, 'it gets a command';
$uuid{erase} = queue($iphone, 'EraseDevice');

my $again = renewed($iphone);
is $again->authenticate->{status}, 200, 'it comes again with another certificate';
nothing $again->idle, '... which is offered nothing yet';
nothing $again->report($uuid{query}, 'Acknowledged'), '... and closes no command';
is $iphone->idle->{command_uuid}, $uuid{erase}, '... while the old one is still served';
is row_of($iphone, 'generation'), 1, '... as the same generation';
is $again->token_update->{status}, 200, 'its TokenUpdate';
is row_of($iphone, 'generation'), 2, '... opens a new generation';
is end_of($uuid{query}), 'CANCELLED: re-enrolled, UNASKED',
    '... that cancels the old queue, and the stray report is kept';
is end_of($uuid{erase}), 'CANCELLED: erased: device came back',
    '... and proves that it was erased';
is end_of($uuid{user}), 'CANCELLED: re-enrolled', '... the user\'s as well';
is $user->idle->{status}, 403, '... who is not known any more';
nothing $again->idle, '... nothing is left to do';
is $iphone->idle->{status}, 403, 'the old certificate is void from now on';
is $again->idle->{status}, 200, '... and the new one stays';

my $same = device('same');
$uuid{same} = queue($same, 'ProfileList');
is $same->authenticate->{status}, 200, 'a device enrols again with what it has';
nothing $same->idle, '... and is offered nothing of its old queue';
is $same->token_update->{status}, 200, '... until its TokenUpdate';
is end_of($uuid{same}), 'CANCELLED: re-enrolled', '... cancels that';

# Renewal.

my $mac = device('mac');
my $anna = $mac->user('5D5E4B2A-0001-4000-8000-000000000001', 'anna', 'Anna');
is $anna->token_update->{status}, 200, '... with a user';
$uuid{renewal} = queue_renewal($mac);
$uuid{kept} = queue($mac, 'ProfileList');
is $mac->idle->{command_uuid}, $uuid{renewal}, 'it gets its renewal';
my $fresh = renewed($mac);
my $fresh_anna = $anna->with(certificate => $fresh->{certificate});
is $fresh->authenticate->{status}, 200, 'it shows its new certificate';
is $fresh->report($uuid{renewal}, 'Acknowledged')->{command_uuid}, $uuid{kept},
    '... with which it may already report, and go on';
is $mac->idle->{command_uuid}, $uuid{kept}, '... as with the old one';
nothing $anna->idle, '... the user may use the old one';
nothing $fresh_anna->idle, '... or the new one';
is $fresh->token_update->{status}, 200, 'its TokenUpdate ends the renewal';
is row_of($mac, 'generation'), 1, '... in the same generation';
is row_of($mac, "encode(certificate, 'hex')"), $fresh->{certificate}->sha256,
    '... with the new certificate';
is $fresh->idle->{command_uuid}, $uuid{kept}, '... its queue is kept';
nothing $fresh_anna->idle, '... and its user';
is end_of($uuid{renewal}), 'ACKNOWLEDGED', '... the renewal is done';

my $once = renewed($fresh);
is $once->authenticate->{status}, 200, 'a second new certificate';
nothing $once->idle, '... is no renewal, for none was delivered since';
nothing $once->check_out, '... and gives up';
is $fresh->idle->{command_uuid}, $uuid{kept}, '... which leaves the device as it was';

my $adopted = device('setup assistant');
$uuid{adopted} = queue_renewal($adopted);
is $adopted->idle->{command_uuid}, $uuid{adopted}, 'a renewal is delivered';
my $erased = renewed($adopted);
is $erased->authenticate->{status}, 200, '... but the device comes';
is $erased->token_update(AwaitingConfiguration => true())->{status}, 200,
    '... awaiting configuration';
is row_of($adopted, 'generation, awaiting_configuration'), '2|t',
    '... and so it is a new generation';
is end_of($uuid{adopted}), 'CANCELLED: re-enrolled', '... without the old queue';

# Restore from backup.

my $restored = $fresh->with(certificate => $mac->{certificate});
is $restored->idle->{command_uuid}, $uuid{kept}, 'a former certificate is served again';
my $inventory = $restored->report($uuid{kept}, 'Acknowledged');
is $inventory->{request_type}, 'DeviceInformation', '... asked for its inventory';
like $inventory->{body}, qr/IsSupervised/, '... of what may have changed';
is row_of($mac, "encode(certificate, 'hex'), rolled_back_at IS NOT NULL"),
    $mac->{certificate}->sha256 . '|t', '... bound again and marked';
is $pg->psql("SELECT count(*) FROM mdm.event e JOIN mdm.enrollment USING (tenant_id,
    enrollment_id) WHERE type = 'identity_rolled_back'
    AND device_id = '${\ $mac->device_id}'"), 1, '... with an event';
nothing $restored->report($inventory->{command_uuid}, 'Acknowledged'), '... once';
nothing $anna->idle, '... and its user goes on, too';

# An operator ends an enrolment.

my $ended = device('ended');
my $revision = $pg->revision;
is $pg->psql("SELECT $revision.enrollment_end(tenant_id, 'test', '', device_id)
    FROM mdm.enrollment WHERE device_id = '${\ $ended->device_id}'"), 'ok',
    'an operator ends an enrolment';
for my $answer ($ended->idle, $ended->token_update, $ended->checkin('GetBootstrapToken')) {
    is $answer->{status}, 403, 'the device hears 403';
    is $answer->{headers}{'content-type'}, 'application/json', '... as JSON';
    is eval { JSON::PP->new->decode($answer->{body})->{code} },
        'com.apple.unrecognized.device', '... that makes it leave';
}
for my $answer (renewed($ended)->idle, $mac->with(client => $plain, id => $ended->{id})->idle) {
    is "$answer->{status} <$answer->{body}>", '403 <>', '... others hear just 403';
}
is $ended->enroll->{status}, 200, 'it may enrol again';
nothing $ended->idle, '... and is served';

is_deeply [ $pg->query("SELECT * FROM $revision.check()") ], [],
    'the database is consistent';

done_testing;
