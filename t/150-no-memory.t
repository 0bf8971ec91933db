# Each allocation of a device's request fails in turn: the device hears what it
# would have heard, or that it should come again, and the worker lives on.  The
# allocations of OpenSSL are not among them: it does not always say that it had no
# memory, and what cannot be verified is refused with 400.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Plist qw(plist);

plan skip_all => 'the sanitizers have an allocator of their own' if $ENV{MDM_TEST_ASAN};

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $ca = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg,
    nomemory => [qw(ngx_mdm_module.so libjansson.so.4)], conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 1;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant acme;
    large_client_header_buffers 4 32k;
    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port, token => $token);
my $device = MDM::Test::Device->new(certificate => $ca->device('iphone'), client => $client,
    sign => 1);
my ($worker) = $nginx->workers;

$nginx->expect(qr/malloc\(\d+\) failed|memalign\(\d+, \d+\) failed/);
is $device->enroll->{status}, 200, 'a device enrols';
is $client->api(PUT => '/v1/enqueue/' . $device->enrollment,
    $device->command('ProfileList', "UUID-$_"))->{status}, 200, 'a command is queued' for 1 .. 2;


sub heard {
    my ($answer) = @_;

    return join ' ', $answer->{status},
        (defined $answer->{headers}{'retry-after'} ? 'retry' : ()),
        ($answer->{headers}{location} ? 'away' : ()),
        ($answer->{headers}{'www-authenticate'} ? 'challenge' : ()),
        ($answer->{body} =~ /unrecognized/ ? 'coded' : ());
}


# A message that is signed once and sent until no allocation of it is left.

sub exhaust {
    my ($name, $type, $expected, %keys) = @_;

    my $before = delete $keys{before};
    my $body = plist({ %{ $device->{id} }, %keys });
    my $signature = $device->{certificate}->sign($body);
    my $ask = sub {
        $before->() if $before;
        return heard($client->with->request(PUT => '/mdm', $body, 'Mdm-Signature' => $signature,
            'Content-Type' => "application/x-apple-aspen-mdm$type"));
    };
    my (%heard, $n);

    for ($n = 1; $n < 1000; $n++) {
        $nginx->fail_allocation($n);
        my $answer = $ask->();
        my $left = $nginx->fail_allocation(0);

        push @{ $heard{$answer} }, $n;
        last if $left > 0 && $answer eq $expected;

        # a connection to PostgreSQL may have been given up
        wait_for(10, sub { $ask->() eq $expected }) if $answer ne $expected;
    }

    cmp_ok $n, '>', 5, "$name: $n allocations, each of which fails";
    delete @heard{$expected, '503 retry', '500', '0'};
    is join(', ', map { "$_ (@{ $heard{$_} })" } sort keys %heard), '',
        "... and it hears $expected, or comes again";
    is $ask->(), $expected, '... as it does with memory';
}

my @topic = (Topic => $device->{topic});

exhaust('Idle', '', '200', Status => 'Idle');
exhaust('a report', '', '200', Status => 'Acknowledged', CommandUUID => 'UUID-1',
    QueryResponses => { SerialNumber => 'x' });
exhaust('NotNow', '', '200', Status => 'NotNow', CommandUUID => 'UUID-2');
exhaust('an unreadable report', '', '400', Status => 'Acknowledged');
exhaust('TokenUpdate', '-checkin', '200', MessageType => 'TokenUpdate', @topic,
    Token => \$device->{token}, PushMagic => $device->{magic}, UnlockToken => \'unlock');
my $filled = $device->uuid;
my $session = $pg->session;

is $client->api(PUT => '/v1/enqueue/' . $device->enrollment, $device->command('ClearPasscode',
    $filled, Serial => '%SerialNumber%'))->{status}, 200, 'a command is queued';
$session->run("UPDATE mdm.command SET wants = '{SerialNumber,UnlockToken<unlock_token}'
    WHERE command_uuid = '$filled'; UPDATE mdm.queue SET repeat = 'safe',
    urgent = true, offer_rank = 0 WHERE command_uuid = '$filled'");
exhaust('a command that is filled in', '', '200', Status => 'Idle', before => sub {
    $session->run('UPDATE mdm.queue SET unanswered_count = 0') });
like $device->idle->{body}, qr/<string>\Q$device->{facts}{SerialNumber}/,
    '... which never was closed for that';
exhaust('a report that is answered with one', '', '200', Status => 'NotNow',
    CommandUUID => 'UUID-2', before => sub {
        $session->run('UPDATE mdm.queue SET unanswered_count = 0') });
$device->report($filled, 'Acknowledged');

exhaust('SetBootstrapToken', '-checkin', '200', MessageType => 'SetBootstrapToken',
    BootstrapToken => \'bootstrap');
exhaust('GetBootstrapToken', '-checkin', '200', MessageType => 'GetBootstrapToken');
exhaust('UserAuthenticate', '-checkin', '410', MessageType => 'UserAuthenticate',
    UserID => 'X');
exhaust('tokens', '-checkin', '200', MessageType => 'DeclarativeManagement',
    Endpoint => 'tokens');
exhaust('a declaration', '-checkin', '404', MessageType => 'DeclarativeManagement',
    Endpoint => 'declaration/a/b');
exhaust('ReturnToService', '-checkin', '200', MessageType => 'ReturnToService');
exhaust('Authenticate', '-checkin', '200', MessageType => 'Authenticate', @topic,
    %{ $device->{facts} });
$device->token_update;

# A profile is stored as it was sent, or not at all: what lost a text is another one.

my %profile = (PayloadIdentifier => 'org.example.wifi', PayloadContent => [ map { {
    PayloadType => 'com.apple.wifi.managed', PayloadIdentifier => "org.example.wifi.$_",
    SSID_STR => "Office \x{e9} $_", EncryptionType => 'WPA2', Password => "secret $_" } } 1 .. 3 ]);
my ($n, %stored) = (0);

for ($n = 1; $n < 3000; $n++) {
    $nginx->fail_allocation($n);
    my $answer = $client->api(POST => '/v1/profiles', \%profile);
    my $left = $nginx->fail_allocation(0);

    $stored{$answer->{status}}++;
    last if $left > 0 && $answer->{status} =~ /^20[01]$/;
    wait_for(10, sub { $client->api(GET => '/v1/profiles')->{status} == 200 })
        if $answer->{status} !~ /^20[01]$/;
}

cmp_ok $n, '>', 50, "a profile in JSON: $n allocations, each of which fails";
is $pg->psql('SELECT count(*) FROM mdm.profile'), 1, '... and it is one profile each time';
delete @stored{qw(200 201 500 503 0)};
is join(' ', sort keys %stored), '', '... or none';

is_deeply [ $nginx->workers ], [ $worker ], 'the worker lived on';
is $device->idle->{status}, 200, '... and serves';

done_testing;
