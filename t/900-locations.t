# The API behind nginx's own ways of choosing a location: limit_except, paths
# that nginx unescapes, error_page; large bodies, which threads work on; clients
# that do not wait.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;

MDM::Test::import_servers();

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
thread_pool mdm threads=2;
worker_processes 1;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    large_client_header_buffers 4 64k;
    client_max_body_size 5m;
    client_body_buffer_size 5m;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; limit_except GET { allow 127.0.0.1; deny all; } }
        location = /version { mdm api; }
        location = /page { return 200 "a page"; }
        location = /mirrored { mirror /mdm; mirror_request_body on; mdm connect; }
    }
    server {
        listen 127.0.0.1:%%PORT2%%;
        client_max_body_size 1k;
        location = /version { mdm api; }
        location /v1/enqueue/ { mdm api; error_page 413 =200 /page; }
        location /v1/enrollments { mdm api; mdm_tenant $http_x_tenant; }
        location = /mdm { mdm connect; mdm_tenant $http_x_tenant; error_page 413 =200 /page; }
        location = /page { return 200 "a page"; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port, token => $token);
my $other = $client->with(port => $nginx->port2);
my $iphone = MDM::Test::Device->new(certificate => $ca->device('iphone'),
    client => $client, sign => 1);

is $iphone->enroll->{status}, 200, 'a device enrols';

my $enqueue = '/v1/enqueue/' . $iphone->enrollment;


sub command { return MDM::Test::Device->command('ProfileList', $_[0]) }


# A command of about so many bytes.

sub large {
    my ($uuid, $size) = @_;

    my $text = command($uuid);
    my $filler = '<key>Filler</key><string>' . 'x' x $size . '</string>';

    $text =~ s{(<key>RequestType</key>)}{$filler$1} or die;

    return $text;
}


# limit_except

is $client->api(GET => '/v1/enrollments')->{status}, 200,
    'limit_except lets GET through';
is $client->api(PUT => $enqueue, command('FIRST'))->{status}, 200,
    '... and those of its own who may to the API, not to nginx\'s files';
is $client->api(DELETE => '/v1/commands/FIRST')->{status}, 200, '... DELETE, too';


# A copy of a message is not the device.

is $client->api(PUT => $enqueue, command('ONCE'))->{status}, 200, 'a command waits';
is $iphone->with(path => '/mirrored')->idle->{command_uuid}, 'ONCE',
    'it goes out through a location with a mirror';
is $pg->psql("SELECT delivered_count FROM mdm.queue WHERE command_uuid = 'ONCE'"), 1,
    '... and is delivered once, not to the copy as well';
is $iphone->report('ONCE', 'Acknowledged')->{status}, 200, '... its answer is taken';


# Methods

for my $case (['/v1/enrollments', 'GET'], ['/v1/commands/X', 'GET, DELETE'],
    [$enqueue, 'PUT, POST'])
{
    my ($path, $allow) = @$case;
    my $answer = $client->api(OPTIONS => $path);

    is $answer->{status}, 405, "OPTIONS $path";
    is $answer->{headers}{allow}, $allow, '... says which methods there are';
}
is $client->request(HEAD => '/version')->{status}, 405, 'HEAD is not GET';


# The location is chosen by the unescaped path, which must not lead to an
# operation of another location.

for my $path ('/v1/commands/..%2f..%2fversion', '/v1/enqueue/..%2F..%2Fversion')
{
    my $method = $path =~ /commands/ ? 'DELETE' : 'PUT';
    my $answer = $other->api($method => $path, command('PATH'));

    is $answer->{json}{error}{code}, 'no_such_path',
        "$path is nothing in the location of /version";
}


# error_page

my $chunks = sprintf("%x\r\n%s\r\n", 3000, 'x' x 3000);

for my $path ($enqueue, '/mdm') {
    my %header = (Authorization => "Bearer $token");
    my $heard = '200 a page';

    if ($path eq '/mdm') {
        $header{'Content-Type'} = 'application/x-apple-aspen-mdm';
        $heard = '503 ';
    }

    my $answer = $other->request(PUT => $path, 'x' x 3000, %header);
    is "$answer->{status} $answer->{body}", $heard,
        "$path: a body too large leads to error_page, but for devices";

    $other->disconnect;
    $other->write($other->request_text(PUT => $path, undef, %header,
        'Transfer-Encoding' => 'chunked'));
    Time::HiRes::sleep(0.1);
    $other->write($chunks);
    $answer = $other->read_answer;
    is "$answer->{status} $answer->{body}", $heard, '... in chunks, too';
    $other->disconnect;
}


# What a client writes does not reach the error log as it is.

for my $tenant ("x\x1b[2J", 'x' x 300, "\xff\xfe") {
    is $other->api(GET => '/v1/enrollments', undef, 'X-Tenant' => $tenant)->{status},
        404, 'a tenant that cannot be';
    is $other->with(token => undef)->put('/mdm?', 'application/x-apple-aspen-mdm', 'x',
        'X-Tenant' => $tenant)->{status}, 503, '... on a device route';
}
unlike $nginx->error_log, qr/\x1b|x{256}|\xff|invalid byte sequence/,
    '... reaches neither the error log nor PostgreSQL';


# Large commands

for my $size (65_000, 66_000, 300_000, 3_000_000) {
    my $text = large("LARGE-$size", $size);

    is $client->api(PUT => $enqueue, $text)->{status}, 200,
        'a command of ' . length($text) . ' bytes is queued';
    is $client->api(PUT => $enqueue, $text)->{status}, 200, '... twice is once';

    my $answer = $iphone->idle;
    ok $answer->{body} eq $text, '... and delivered as it was given';
    is $iphone->report("LARGE-$size", 'Acknowledged')->{body}, '', '... once';
}
my $broken = $client->api(PUT => $enqueue, large('BROKEN', 100_000) =~ s/<.plist>//r);
is $broken->{status}, 400, 'a large command that is no plist: 400';
like $broken->{json}{command_error}, qr/\w/, '... with words';
is $client->api(PUT => "$enqueue,a/b", large('TARGET', 100_000))->{status}, 404,
    'a path that is none';
my $mixed = $client->api(PUT => "$enqueue,a%2525b", large('TARGET', 100_000));
is $mixed->{status}, 207, 'an id that is none, beside one: 207';
like $mixed->{json}{status}{'a%2525b'}{command_error}, qr/\w/, '... with words';
is $client->api(DELETE => '/v1/commands/TARGET')->{json}{cancelled}, 1,
    '... and the other has it';

for my $n (1 .. 5) {
    my $gone = $client->with;
    $gone->write($gone->request_text(PUT => $enqueue, large("GONE-$n", 1_000_000),
        Authorization => "Bearer $token"));
    $gone->disconnect;
}
ok wait_for(10, sub { $pg->psql(
    "SELECT count(*) FROM mdm.queue WHERE command_uuid LIKE 'GONE-%'") == 5 }),
    'commands of clients that did not wait are queued';

is $client->api(GET => '/v1/enrollments')->{status}, 200, 'the worker goes on';
unlike $nginx->error_log, qr/signal|\[alert\]/, '... and always did';

done_testing;
