# What no client sends: bodies of any size and speed, JSON that is none, headers,
# methods, paths and arguments of junk.  The worker refuses it, keeps its memory,
# and goes on.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::API qw(operations good_call told);
use MDM::Test::OpenAPI;

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

# One server as the sample has it, one that takes what nginx can.

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 1;
thread_pool mdm threads=2;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;

    server {
        listen 127.0.0.1:%%PORT%%;
        large_client_header_buffers 4 64k;
        location = /mdm { mdm connect; client_max_body_size 4m; }
        location /v1/ { mdm api; client_max_body_size 4m; client_body_timeout 2s; }
        location = /version { mdm api; }
    }
    server {
        listen 127.0.0.1:%%PORT2%%;
        large_client_header_buffers 4 256k;
        ignore_invalid_headers off;
        location / { mdm api; client_max_body_size 200m; }
    }
}
CONF

my $sample = MDM::Test::Client->new(port => $nginx->port, token => $token);
my $large = $sample->with(port => $nginx->port2);
my %server = ('the sample' => $sample, 'a large server' => $large);
my $iphone = MDM::Test::Device->new(client => $sample, sign => 1,
    certificate => $ca->device('iphone'), udid => 'UDID-iphone');
$iphone->enroll->{status} == 200 or die 'not enrolled';

my $doc = MDM::Test::OpenAPI->load;
my @operations = operations();
my %objects = (id => 'UDID-iphone', command_uuid => 'nobody', new_uuid => 'new');
my ($worker) = $nginx->workers;


sub memory {
    return slurp("/proc/$worker/status") =~ /^VmRSS:\s+(\d+) kB/m ? $1 : die;
}


# Nothing broke: the same worker, a good answer.

sub well {
    my ($after) = @_;

    is join(' ', $nginx->workers), $worker, "the same worker runs after $after";
    is $sample->api(GET => '/v1/enrollments')->{json}{items}[0]{device_id},
        'UDID-iphone', '... and answers';
}


# Answered, and not with a failure but one that the document has.

sub answered {
    my ($answer, $method, $path, $what) = @_;

    my @faults = $answer->{status} =~ /\A[24]/ ? ()
        : $doc->faults($doc->find($method, $path), $answer);

    is join("\n", @faults), '', "$what is answered" or diag told($answer);
}


# Refused in whatever words: true unless it passed or broke the server.

sub refused {
    my ($answer, $what) = @_;

    like $answer->{status}, qr/\A(?:4\d\d)\z/, "$what is refused";
}


well('nothing');
my $memory = memory();

# 100 MB, with their length and in chunks.

my $size = 100 * 1024 * 1024;
my $piece = 'x' x 65536;
my @head = (Authorization => "Bearer $token");


sub send_much {
    my ($client, $path, %header) = @_;

    my $chunked = exists $header{'Transfer-Encoding'};
    my $other = $client->with;

    $other->write($other->request_text(PUT => $path, undef, @head, %header));

    for (1 .. $size / 65536) {
        last if !$other->write($chunked ? "10000\r\n$piece\r\n" : $piece);
    }

    $other->write("0\r\n\r\n") if $chunked;

    return $other->read_answer('PUT') // { status => 'no answer', body => '' };
}


for my $name (sort keys %server) {
    my %how = ('with their length' => [ 'Content-Length' => $size ],
        'in chunks' => [ 'Transfer-Encoding' => 'chunked' ]);

    for my $how (sort keys %how) {
        my $answer = send_much($server{$name}, '/v1/enqueue/UDID-iphone', @{ $how{$how} });
        is $answer->{status}, 413, "100 MB $how are too large for $name";
        like $answer->{body}, qr/"too_large"/, '... which says so itself'
            if $name eq 'a large server';
    }
}

well('100 MB');

# Slow and broken bodies.

my $command = $iphone->command('ProfileList', 'slow');
my @slow = map { $sample->with } 1 .. 40;

for my $client (@slow) {
    $client->write(substr $client->request_text(PUT => '/v1/enqueue/UDID-iphone',
        $command, @head), 0, -100);
}

well('40 slow bodies');
is scalar(grep { $_->read_answer('PUT') } @slow), 0, 'who is too slow gets no answer';
is scalar(() = $nginx->access_log =~ /" 408 /g), 40, '... and is sent away';
is $pg->psql('SELECT count(*) FROM mdm.queue'), 0, '... and has done nothing';

$large->write($large->request_text(PUT => '/v1/enqueue/UDID-iphone', undef, @head,
    'Transfer-Encoding' => 'chunked') . "zz\r\n");
refused($large->read_answer('PUT'), 'a chunk of no size');
well('half a body');

# JSON that is none, or too much of it, for all who take some.

my %json = (
    '10,000 levels'         => '{"a":' x 10_000 . '1' . '}' x 10_000,
    '10,000 arrays'         => '{"a":' . '[' x 10_000 . ']' x 10_000 . '}',
    '100,000 open ones'     => '[' x 100_000,
    'nothing'               => '',
    'half of it'            => '{"a": "b',
    'a number'              => '5',
    'a string'              => '"x"',
    'an array'              => '[]',
    'null'                  => 'null',
    'a NUL'                 => "{\"a\": \"\\u0000\"}",
    'a bare NUL'            => "{\"a\": \0}",
    'no UTF-8'              => "{\"a\": \"\xff\xfe\"}",
    'half a surrogate'      => '{"a": "\ud800"}',
    'a member twice'        => '{"a": 1, "a": 1}',
    'more behind it'        => '{} {}',
    'a huge number'         => '{"a": 1' . '0' x 10_000 . '}',
    'a huge exponent'       => '{"a": 1e999999}',
    'XML'                   => $command,
    '4 MB of one string'    => '{"a": "' . 'x' x 4_000_000 . '"}',
    '1,900,000 values'      => '{"a": [' . join(',', (1) x 1_900_000) . ']}',
    '100,000 strange members' => '{' . join(',', map { "\"a$_\": $_" } 1 .. 100_000) . '}',
);

my $first;

for my $turn ('once', 'and again') {
    for my $operation (grep { $_->{body} eq 'JSON' } @operations) {
        my ($method, $path) = good_call($operation, %objects);

        for my $name (sort keys %json) {
            like told($large->api($method, $path, $json{$name})),
                qr/\A400 bad_(?:json|body)\z/, "$operation->{name} refuses $name, $turn";
        }
    }

    $first //= memory();
}

well('broken JSON');

# Headers, methods, paths, arguments.

my %header = (
    '10 KB of key'       => [ 'Idempotency-Key' => 'k' x 10_240 ],
    'control characters' => [ 'Idempotency-Key' => join '', map { chr } 1 .. 9, 11, 12,
                              14 .. 31, 127 .. 255 ],
    'an id of an event'  => [ 'Last-Event-ID' => "\xff" x 10_000 ],
    'a tenant of 10 KB'  => [ 'Mdm-Tenant' => 't' x 10_240 ],
    'a tenant of junk'   => [ 'Mdm-Tenant' => "a'\"\\\xff\x01;" ],
    'a host of junk'     => [ Host => "\xc3\xa4'\"" ],
    'no end of a token'  => [ Authorization => 'Bearer ' . 'x' x 50_000 ],
    'Basic of junk'      => [ Authorization => 'Basic ' . '/' x 50_001 ],
    'a length of junk'   => [ 'Content-Length' => '1x' ],
    'a negative length'  => [ 'Content-Length' => '-1' ],
    'two lengths'        => [ 'Content-Length' => 5, 'Transfer-Encoding' => 'chunked' ],
);

for my $operation (@operations) {
    my ($method, $path) = good_call($operation, %objects);

    for my $name (sort keys %header) {
        answered($large->with(close => 1)->api($method, $path, undef,
            @{ $header{$name} }), $method, $path, "$operation->{name} with $name");
    }
}

well('strange headers');

for my $operation (@operations) {
    my (undef, $path) = good_call($operation, %objects);
    my %takes = map { $_->{method} => 1 }
        grep { $_->{pattern} eq $operation->{pattern} } @operations;

    for my $method (grep { !$takes{$_} } qw(GET HEAD PUT POST DELETE OPTIONS PATCH TRACE
        CONNECT PROPFIND MKCOL COPY LOCK JUNK get), 'X' x 5000, 'G T')
    {
        refused($large->with(close => 1)->api($method, $path),
            "$operation->{pattern} by " . substr $method, 0, 9);
    }
}

well('strange methods');

my $junk = join '', map { sprintf '%%%02X', 1 + $_ * 37 % 255 } 1 .. 2700;

refused($large->with(close => 1)->api(GET => $_), 'the path ' . substr $_, 0, 40) for
    '/v1/enrollments%00', '/v1/enrollments/%00/queue', '/v1/enrollments/%2F/queue',
    '/v1/enrollments/../queue', '/v1/enrollments/..%2f..%2fqueue', '/v1//enrollments',
    '//v1/enrollments', '/v1/./enrollments', '/v1/%65nrollments', '/v1/enrollments/',
    '/v1/enrollments/%', '/v1/enrollments/%zz/queue', '/v1/enrollments/%FF%FE/queue',
    "/v1/enrollments/$junk/queue", '/v1/' . 'x' x 8192, '/v1/' . 'x/' x 4096,
    '/v1/enrollments/' . ',' x 8192 . '/queue', '/v1/enrollments/x:' . '%25' x 2700 . '/queue',
    "/v1/enrollments/\x01\x7f\xff/queue", '/v1/enrollments?' . 'x' x 8192,
    '/v1/enrollments?limit=%00', '/v1/enrollments?limit=-1', '/v1/enrollments?limit=1e1',
    '/v1/enrollments?limit=18446744073709551617', '/v1/enrollments?after=' . 'A' x 8192,
    '/v1/enrollments?after=%00', '*', 'v1/enrollments';

is told($large->api(GET => '/v1/enrollments?' . join '&', ('limit=1') x 10_000)), 200,
    'an argument repeated 10,000 times is one';
is told($large->api(GET => '/v1/enrollments?' . $_ x 40_000)), 200,
    "... and 40,000 times \"$_\" is none" for '&', '=&';
is told($large->api(GET => '/v1/enrollments?' . join '&', map { "x$_=1" } 1 .. 10_000)),
    '400 unknown_argument', '... and of 10,000 unknown ones one is told';
is told($large->api(GET => "/v1/enrollments?$_=1")), '400 unknown_argument',
    '... and one that is no UTF-8, or is cut within a character'
    for '%FF', "\xff", 'x' x 63 . '%C3%A9';

well('all of it');
is $pg->psql('SELECT count(*) FROM mdm.queue'), 0, 'nothing was done';

# The first JSON gives each thread its memory, of which it keeps a part.

my $last = memory();
my $some = ($ENV{MDM_TEST_ASAN} ? 512 : 32) * 1024;
cmp_ok $first - $memory, '<', 5 * $some, 'memory grew as far as it must';
cmp_ok $last - $first, '<', $some, '... and no more' or diag "$memory, $first, $last kB";

done_testing;
