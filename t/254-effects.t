# What the handlers of plugins make of reports: attributes, secrets, commands that
# follow, events; whichever worker delivered the command; and how all of it is read.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use MIME::Base64 ();
use Test::More;
use MDM::Test;
use MDM::Test::Plist qw(true false integer);
use MDM::Test::Plugin;

my $dir = test_dir();
chmod 0755, $dir;
MDM::Test::Plugin->build("$dir/effects.so",
    source => MDM::Test::tree() . '/t/plugins/effects/effects.c');

my $pg     = MDM::Test::Postgres->start(migrate => 1);
my $ca     = MDM::Test::PKI->ca('Device CA');
my $token  = $pg->tenant('acme', host => 'localhost', device_ca => $ca);
my $nginx  = MDM::Test::Nginx->start(pg => $pg, daemon => 1, conf => <<"CONF");
load_module %%MODULE%%;
worker_processes 1;
events { worker_connections 256; }
thread_pool mdm threads=2;
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_plugin $dir/effects.so;
    mdm_tenant \$host;

    server {
        listen 127.0.0.1:%%PORT%%;
        client_body_buffer_size 4m;
        location = /mdm { mdm connect; client_max_body_size 4m; }
        location = /metrics { mdm metrics; }
        location /v1/ { mdm api; client_max_body_size 4m; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);
my $mac = MDM::Test::Device->new(client => $client, sign => 1,
    certificate => $ca->device('mac'), udid => 'MAC');
my $path = '/v1/enrollments/MAC';

is $mac->enroll->{status}, 200, 'a Mac enrols';

sub given {
    my ($type, %keys) = @_;

    my $uuid = $mac->uuid;
    my $answer = $api->api(PUT => '/v1/enqueue/MAC', $mac->command($type, $uuid, %keys));
    $answer->{status} == 200 or die "not queued: $answer->{body}";
    $mac->idle->{command_uuid} eq $uuid or die "$type is not delivered";

    return $uuid;
}

sub attributes { return $api->api(GET => $path)->{json}{attributes} }

sub history {
    my ($uuid) = @_;
    my ($row) = grep { $_->{command_uuid} eq $uuid }
        @{ $api->api(GET => "$path/history")->{json}{items} };
    return $row;
}

sub events {
    return map { $_->{data} } grep { $_->{type} eq $_[0] }
        @{ $api->api(GET => '/v1/events?limit=500')->{json}{items} };
}


# The first types.

my $uuid = given('DeviceInformation');
is $mac->report($uuid, 'Acknowledged', QueryResponses => {
    OSVersion => '26.1', IsSupervised => true(),
    DeviceName => 'A Mac' })->{status}, 200, 'DeviceInformation is answered';
my $attributes = attributes();
is $attributes->{OSVersion}, '26.1', '... and its text an attribute';
is $attributes->{IsSupervised}, JSON::PP::true, '... its boolean, too';
is $api->api(GET => $path)->{json}{supervised}, JSON::PP::true, '... and supervision';
like history($uuid)->{effects_at}, qr/^2/, 'the history says when';

$uuid = given('SecurityInfo');
$mac->report($uuid, 'Acknowledged', SecurityInfo => {
    FirewallSettings => { FirewallEnabled => true(), StealthMode => false() } });
is attributes()->{FirewallEnabled}, JSON::PP::true, 'SecurityInfo tells of the firewall';

$uuid = given('ActivationLockBypassCode');
$mac->report($uuid, 'Acknowledged', ActivationLockBypassCode => 'AAAA-BBBB');
my $secret = "$path/secrets/activation_lock_bypass_code";
is MIME::Base64::decode_base64($api->api(GET => $secret)->{json}{value}), 'AAAA-BBBB',
    'a bypass code goes to escrow';


# A handler.

$uuid = given('Effects');
my $answer = $mac->report($uuid, 'Acknowledged', Attribute => 'set', Number => integer(7),
    Follow => 'me', Event => 'hello', Code => 'one');
is $answer->{request_type}, 'EffectsFollow', 'what follows comes with the answer';
like $answer->{body}, qr{<key>Text</key>\s*<string>me</string>}, '... as it was made';
my $follow = $answer->{command_uuid};
like $follow, qr/^[0-9A-F]{8}-[0-9A-F]{4}-8/, '... under a CommandUUID made of the report\'s';
is_deeply { %{ attributes() }{qw(Attribute Number)} }, { Attribute => 'set', Number => 7 },
    'handler and table both tell attributes';
my ($event) = events('effects_test');
is_deeply [ @$event{qw(said device_id request_type)} ], [ 'hello', 'MAC', 'Effects' ],
    'its event says whose it is';
is $mac->report($uuid, 'Acknowledged', Attribute => 'again', Follow => 'again')->{command_uuid},
    $follow, 'a repeated report brings nothing new';
is attributes()->{Attribute}, 'set', '... and changes nothing';
is $mac->report($follow, 'Acknowledged')->{status}, 200, 'what followed is answered';
is history($follow)->{state}, 'ACKNOWLEDGED', '... and is like any command';

$uuid = given('Effects');
$mac->report($uuid, 'Error', Number => integer(8), Attribute => 'error');
is attributes()->{Number}, 7, 'what an Error has besides is no answer';
is attributes()->{Attribute}, 'error', '... though the handler hears of it';

$uuid = given('Effects');
$mac->report($uuid, 'Acknowledged', Attribute => 'large', Filler => 'x' x 300_000);
is attributes()->{Attribute}, 'large', 'a large report is handled, too';


# Whoever delivered it.

$uuid = given('Effects');
$nginx->kill_worker;
ok wait_for(10, sub { $mac->report($uuid, 'Acknowledged', Attribute => 'other worker')
    ->{status} == 200 }), 'the worker that delivered dies, another is told the answer';
is attributes()->{Attribute}, 'other worker', '... and finds the handler';

$uuid = given('Effects');
$pg->psql("UPDATE mdm.queue SET request_type = 'DeviceInformation'
            WHERE command_uuid = '$uuid'");
is $mac->report($uuid, 'Acknowledged', Attribute => 'wrong',
    QueryResponses => { DeviceName => 'Renamed' })->{status}, 200,
    'a report on a command that is not what it was remembered to be';
is_deeply { %{ attributes() }{qw(Attribute DeviceName)} },
    { Attribute => 'other worker', DeviceName => 'Renamed' }, '... has the right handler';
like history($uuid)->{effects_at}, qr/^2/, '... and its effects';


# Late.

$uuid = given('Effects');
$api->api(DELETE => "/v1/commands/$uuid?force=1");
is history($uuid)->{state}, 'CANCELLED', 'a command is cancelled';
$mac->report($uuid, 'Acknowledged', Attribute => 'late') for 1, 2;
is attributes()->{Attribute}, 'late', 'late truth has its effects';


# Secrets and their history.

for my $code ('one', 'two', 'two') {
    $mac->report(given('Effects'), 'Acknowledged', Code => $code);
}
my $kinds = $api->api(GET => "$path/secrets");
is_deeply [ map { "$_->{kind} $_->{count}" } @{ $kinds->{json}{items} } ],
    [ 'activation_lock_bypass_code 1', 'code 2' ], 'the kinds in escrow, and how many';
unlike $kinds->{body}, qr/value/, '... and no value';
my $past = $api->api(GET => "$path/secrets/code?history=1")->{json};
is_deeply [ map { MIME::Base64::decode_base64($_->{value}) } @{ $past->{items} } ],
    [ 'two', 'one' ], 'the history has what changed, newest first';
is $pg->psql("SELECT count(*) FROM mdm.audit WHERE action = 'secret_read'
               AND detail ->> 'history' = 'true'"), '1', '... and the audit one row of it';


# Reports as JSON.

$uuid = given('Effects');
$mac->report($uuid, 'Acknowledged', Number => integer(9), Code => 'one', Raw => \"\1\2");
my $report = $api->api(GET => "$path/history/$uuid/report?format=json");
is_deeply { %{ $report->{json} }{qw(Number Code Raw Status)} },
    { Number => 9, Code => 'one', Raw => 'AQI=', Status => 'Acknowledged' },
    'a report reads as JSON';
is $client->request(GET => "$path/history/$uuid/report", '',
    Accept => 'application/json', Authorization => "Bearer $token")->{body},
    $report->{body}, '... also for Accept';
like $api->api(GET => "$path/history/$uuid/report")->{body}, qr/<plist/,
    '... and is as it came else';


like $client->request(GET => '/metrics')->{body}, qr/^mdm_report_effects_total\{[^}]*result="made"\} [1-9]/m,
    'the effects are counted';


# Another key seals what plugins put in escrow, too.

my ($exit, $text) = mdmctl('--database', $pg->conninfo, 'rekey', '--secret-key',
    spew("$dir/new.key", 'cd' x 32 . "\n"), '--secret-key', $pg->secret_key);
is $exit, 0, 'a new key is brought into use' or diag $text;
like $text, qr/seals nothing now/, '... and the old one seals nothing';
is $pg->psql('SELECT count(DISTINCT substr(value, 1, 8)) FROM mdm.secret'), '1',
    '... of any kind';

is $pg->psql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';

done_testing;
