# The status table: what a device hears for each thing that can be wrong.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Plist qw(plist);

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $ca = MDM::Test::PKI->ca('Device CA');

$pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" timeout=2s;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    large_client_header_buffers 4 32k;
    client_max_body_size 300k;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; }
        location = /page { internal; return 200 "a page"; }
        location = /engine { mdm connect; error_page 400 403 404 410 415 405 =401 /page; }
        location = /shard { mdm connect; mdm_use_database $arg_db; }
        location = /tenant { mdm connect; mdm_tenant $arg_t; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $device = MDM::Test::Device->new(certificate => $ca->device('iphone'),
    client => $client, sign => 1);
my $checkin = 'application/x-apple-aspen-mdm-checkin';
my $report = 'application/x-apple-aspen-mdm';

is $device->enroll->{status}, 200, 'a device enrols';


# What an answer of each status must look like; then a good device polls.

sub hears {
    my ($answer, $status, $name) = @_;

    is $answer->{status}, $status, "$name: $status";

    my $retry = $answer->{headers}{'retry-after'};
    is $answer->{headers}{'www-authenticate'}, undef, '... no WWW-Authenticate'
        if $status == 503;
    like $retry // '', $status == 503 ? qr/^[1-5]\d$/ : qr/^$/,
        $status == 503 ? '... with Retry-After' : '... without Retry-After';
    unlike $answer->{body}, qr/unrecognized|\b(?:401|404|410)\b/,
        '... and nothing to misunderstand';
}


sub goes_on {
    my $idle = $device->idle;

    is "$idle->{status} <$idle->{body}>", '200 <>', '... and a good device goes on';
}


sub sent {
    my ($type, $body, %header) = @_;

    return $device->send($type, $body, %header);
}

sub idle_keys { return { Status => 'Idle', %{ $device->{id} }, @_ } }


my $idle = plist(idle_keys());
my %wrong = (
    'no plist'         => 'hello',
    'an empty body'    => '',
    'unclosed XML'     => substr($idle, 0, -20),
    'an array'         => plist(['Idle']),
    'an entity bomb'   => '<!DOCTYPE plist [<!ENTITY a "aaaaaaaaaa">'
        . join('', map { '<!ENTITY ' . chr(97 + $_) . ' "' . ('&' . chr(96 + $_) . ';') x 10
            . '">' } 1 .. 9) . ']><plist version="1.0"><dict><key>UDID</key>'
        . '<string>&j;</string></dict></plist>',
    'bad UTF-8'        => plist({ %{ idle_keys() }, UDID => "\xff\xfe" }),
    'a NUL'            => "bplist00\0\0\0\0",
    'no id at all'     => plist({ Status => 'Idle', MessageType => 'CheckOut' }),
    'an id with a ":"' => plist({ Status => 'Idle', MessageType => 'Authenticate',
        Topic => 'com.apple.mgmt.x', UDID => 'a:b' }),
    'an unknown word'  => plist({ %{ idle_keys() }, MessageType => 'Hello', Status => 'Hi' }),
    'no word at all'   => plist({ %{ $device->{id} } }),
    'a report without a CommandUUID'
                       => plist({ %{ idle_keys() }, Status => 'Acknowledged' }),
);

for my $name (sort keys %wrong) {
    hears sent($_, $wrong{$name}), 400, "$name as $_" for $checkin, $report;
    goes_on;
}
for my $key (qw(Topic Token PushMagic)) {
    hears $device->token_update($key => undef), 400, "TokenUpdate without $key";
}
hears sent($_, '<plist version="1.0">' . '<array>' x 5000 . '</array>' x 5000
    . '</plist>'), 413, "deep nesting as $_" for $checkin, $report;
hears $device->with(sign => 0)->idle, 400, 'no signature';
hears sent($report, $idle, 'Mdm-Signature' => $device->{certificate}->sign('x')), 400,
    'a signature of other bytes';
goes_on;

for my $method (qw(GET HEAD POST DELETE PATCH OPTIONS)) {
    my $answer = $client->request($method, '/mdm', $method =~ /P[OA]/ ? $idle : undef,
        'Content-Type' => $report);
    hears $answer, 405, $method;
    is $answer->{headers}{allow}, 'PUT', '... which says that it is PUT';
}
hears $client->get('/mdm'), 405, 'GET from a browser';
goes_on;

for my $type ('text/xml', 'application/xml', "$report-other", '', undef) {
    hears $client->put('/mdm', $type, $idle), 415, $type // 'no media type';
}
for my $type ("$report; charset=UTF-8", "$report;charset=utf-8", uc $report) {
    is sent($type, $idle)->{status}, 200, "$type is a good media type";
}
is sent("$checkin; charset=UTF-8", plist({ MessageType => 'DeclarativeManagement',
    Endpoint => 'tokens', %{ $device->{id} } }))->{status}, 200, '... for check-ins, too';

my $large = plist({ %{ idle_keys() }, Filler => 'x' x 70_000 });
hears sent($checkin, $large), 413, 'a check-in of 70 KB';
$client->write($client->request_text('PUT', '/mdm', undef, 'Content-Type' => $checkin,
    'Transfer-Encoding' => 'chunked', 'Mdm-Signature' => $device->{certificate}->sign($large))
    . sprintf "%x\r\n%s\r\n0\r\n\r\n", length $large, $large);
hears $client->read_answer, 413, '... in chunks';
is sent($report, $large)->{status}, 200, 'a report of that size is none too large';
hears sent($report, 'x' x 400_000), 413, 'a report of 400 KB where 300 are allowed';
goes_on;

# Who asks.

my $stranger = $device->with(certificate => $ca->device('stranger'));
hears $stranger->idle, 403, 'another certificate';
hears $stranger->with(id => { UDID => 'NOBODY' })->idle, 403, 'an unknown enrolment';
hears $device->idle(UserID => 'NOBODY'), 403, 'an unknown user';
hears $device->send($report, $idle, Host => 'nobody.example.com'), 503, 'an unknown tenant';
hears $device->with(path => '/tenant?t=')->idle, 503, 'an empty tenant';
hears $device->with(path => '/tenant?t=' . 'x' x 2000)->idle, 503, 'a long tenant';
hears $device->with(path => '/shard?db=none')->idle, 503, 'an unknown database';
goes_on;

# What nginx is configured to say instead (148-never-leave-nginx.t has the rest).

hears $device->with(path => '/engine')->send($report, 'hello'), 400,
    'what the engine decides is not rewritten';
hears $device->with(path => '/engine')->send('text/xml', $idle), 415, '... nor this';
hears $stranger->with(path => '/engine')->idle, 403, '... nor that';
is $device->with(path => '/engine')->checkin('DeclarativeManagement',
    Endpoint => 'declaration/x/y')->{status}, 404, 'a 404 of the engine passes';

# The database.

$pg->stop;
hears $device->idle, 503, 'the database is away';
hears $device->token_update, 503, '... for a check-in as well';
$pg->launch;
ok wait_for(20, sub { $device->idle->{status} == 200 }), 'it comes back by itself';

$pg->freeze;
my $start = Time::HiRes::time();
hears $device->idle, 503, 'the database is silent';
cmp_ok Time::HiRes::time() - $start, '<', 6, '... for no longer than the deadline';
$pg->thaw;
ok wait_for(20, sub { $device->idle->{status} == 200 }), 'it speaks again';

done_testing;
