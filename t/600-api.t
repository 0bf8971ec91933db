# The API's frame: tokens, scopes and hosts, paths and methods, bodies that do
# not fit, a database that is away.  Every refusal is JSON and says why.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 ();
use Test::More;
use MDM::Test;

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $admin = $pg->tenant('acme', host => 'localhost', device_ca => $ca);
$pg->tenant('other', host => 'other.example');

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" timeout=2s;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;

    server {
        listen 127.0.0.1:%%PORT%%;
        client_max_body_size 8m;
        client_body_buffer_size 8m;
        location = /mdm { mdm connect; client_max_body_size 4m; }
        location /v1/ { mdm api; }
        location = /version { mdm api; }
        location = /v1/enqueue/small { mdm api; client_max_body_size 1k; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $certificate = $ca->device('iphone');
my $iphone = MDM::Test::Device->new(client => $client, sign => 1,
    certificate => $certificate);

is $iphone->enroll->{status}, 200, 'a device enrols';

my $id = $iphone->enrollment;
my $uuid = $iphone->uuid;

sub token {
    my ($name, @scopes) = @_;

    my ($exit, $text) = mdmctl('--database', $pg->conninfo, 'token', 'add', 'acme',
        $name, map { ('--scope', $_) } @scopes);

    return $text =~ /([\w-]{43})/ ? $1 : die "no token in: $text";
}


# Status and code of an answer; an error must have words, too.

sub told {
    my ($answer) = @_;

    my $error = ($answer->{json} // {})->{error};
    return $answer->{status} if !$error;

    return "$answer->{status} without words" if !length $error->{message};
    return "$answer->{status} as $answer->{headers}{'content-type'}"
        if $answer->{headers}{'content-type'} ne 'application/json';

    return "$answer->{status} $error->{code}";
}

sub with_token {
    my ($token, $method, $path, @more) = @_;

    return told($client->with(token => $token)->api($method, $path, @more));
}


# Each operation, with a body where it takes one, and the scope that it needs.

my @operations = (
    [ 'command', PUT => "/v1/enqueue/$id", $iphone->command('ProfileList', $uuid) ],
    [ 'command', POST => "/v1/enqueue/$id", $iphone->command('ProfileList', $uuid) ],
    [ 'read', GET => '/v1/enrollments' ],
    [ 'read', GET => "/v1/enrollments/$id" ],
    [ 'read', GET => "/v1/enrollments/$id/why" ],
    [ 'read', GET => "/v1/enrollments/$id/queue" ],
    [ 'read', GET => "/v1/enrollments/$id/history" ],
    [ 'read', GET => '/v1/push-certificates' ],
    [ 'command', POST => '/v1/commands', { enrollments => [ $id ],
        command => $iphone->command('ProfileList', $uuid) } ],
    [ 'read', GET => "/v1/commands/$uuid" ],
    [ 'secrets', GET => "/v1/commands/$uuid/payload" ],
    [ 'read', GET => '/v1/events' ],
    [ 'command', DELETE => "/v1/commands/$uuid" ],
    [ 'command', POST => '/v1/commands/cancel', { command_uuids => [ $uuid ] }, 207 ],
    [ 'command', POST => "/v1/commands/$uuid/release", '', '404 unknown_command' ],
    [ 'command', POST => "/v1/enrollments/$id/queue/$uuid/release", '',
        '404 unknown_command' ],
    [ 'command', DELETE => "/v1/enrollments/$id/queue/$uuid", undef,
        '404 unknown_command' ],
    [ 'command', DELETE => "/v1/enrollments/$id/queue" ],
);

my %token = (read => token('reader', 'read'), command => token('writer', 'command'),
    secrets => token('secrets', 'secrets'),
    both => token('both', 'read', 'command'));
my $void = token('void', 'admin');
my ($exit) = mdmctl('--database', $pg->conninfo, 'token', 'revoke',
    $pg->psql("SELECT token_id FROM mdm.api_token WHERE name = 'void'"));
is $exit, 0, 'a token is revoked';

for my $operation (@operations) {
    my ($scope, $method, $path, $body) = @$operation;
    my @call = ($method, $path, $body);
    my $answer = $client->api(@call);

    is told($answer), '401 no_token', "$method $path wants a token";
    is $answer->{headers}{'www-authenticate'}, 'Basic realm="mdm"', '... and says how';
    is with_token('x' x 43, @call), '401 bad_token',
        '... one that exists';
    is with_token($void, @call), '401 bad_token',
        '... and is not revoked';
    is with_token($token{ $scope eq 'read' ? 'command' : 'read' }, @call),
        '403 missing_scope', '... with its scope';
    is told($client->with(token => $admin, host => 'other.example')
        ->api(@call)), '403 wrong_tenant', '... on its own host';
    is told($client->with(token => $admin, host => 'nowhere.example')
        ->api(@call)), '404 unknown_tenant', '... a known one';
}

is $pg->psql('SELECT count(*) FROM mdm.queue'), 0, 'nothing of that was done';

for my $operation (@operations) {
    my ($scope, $method, $path, $body, $status) = @$operation;

    is with_token($token{$scope}, $method, $path, $body), $status // 200,
        "$method $path answers its scope";
}

is with_token($token{both}, GET => '/v1/enrollments'), 200, 'a token may have two';
is with_token($admin, GET => '/v1/enrollments'), 200, '... and admin has all';

# Ways to send a token.

sub authorized {
    return told($client->api(GET => '/v1/enrollments', undef,
        Authorization => $_[0]));
}

sub basic { return 'Basic ' . MIME::Base64::encode_base64($_[0], '') }

is authorized("Bearer $admin"), 200, 'a token is sent as Bearer';
is authorized("bearer $admin"), 200, '... in small letters';
is authorized(basic("anybody:$admin")), 200, '... as a password';
is authorized(basic(":$admin")), '401 no_token', '... but not of nobody';
is authorized(basic("$admin:")), '401 no_token', '... not as a name';
is authorized(basic($admin)), '401 no_token', '... or without one';
is authorized('Bearer '), '401 no_token', '... not empty';
is authorized("Digest $admin"), '401 no_token', '... nor in other ways';
is authorized("Bearer $admin$admin"), '401 bad_token', '... nor twice';

# Paths and methods.

my $version = $client->api(GET => '/version');
is $version->{status}, 200, 'the version needs no token';
like $version->{json}{version}, qr/^\d+\.\d+\.\d+$/, '... and is one';

is with_token($admin, @$_), '405 method_not_allowed', "$_->[0] $_->[1] is no operation"
    for [ POST => '/v1/enrollments', '' ], [ GET => "/v1/enqueue/$id" ],
        [ PUT => "/v1/commands/$uuid", '' ], [ POST => "/v1/enrollments/$id/queue", '' ],
        [ PUT => "/v1/enrollments/$id/history", 'x' ], [ DELETE => '/version' ];
is $client->api(@$_[0, 1])->{headers}{allow}, $_->[2], "... but $_->[2] of $_->[1]"
    for [ POST => '/v1/enrollments', 'GET' ], [ GET => "/v1/enqueue/$id", 'PUT, POST' ],
        [ PUT => "/v1/commands/$uuid", 'GET, DELETE' ];
is with_token($admin, @$_), '404 no_such_path', "$_->[0] $_->[1] does not exist"
    for [ GET => '/v1/' ], [ GET => '/v1/enrollments/' ], [ PUT => '/v1/enqueue/', 'x' ],
        [ GET => "/v1/enrollments/$id/" ], [ GET => "/v1/enrollments/$id/queue/" ],
        [ GET => '/v1/enrollments//queue' ], [ DELETE => '/v1/commands/' ],
        [ PUT => "/v1/pushes/$id" ], [ GET => '/v1/enrollmentsx' ],
        [ DELETE => "/v1/commands/$uuid/x" ];

# Bodies.

my $garbage = join '', map { chr } 0 .. 255;
my $answer = $client->with(token => $admin)->api(PUT => "/v1/enqueue/$id", $garbage);
is $answer->{status}, 400, 'a body of garbage is refused';
like $answer->{json}{command_error}, qr/\w \w/, '... in words';
is with_token($admin, GET => '/v1/enrollments', $garbage), 200,
    '... and does not matter where none is wanted';

is with_token($admin, PUT => "/v1/enqueue/$id", 'x' x (4 * 1024 * 1024 + 1)),
    '413 too_large', 'more than 4 MB are refused';
is with_token($admin, PUT => '/v1/enqueue/small', 'x' x 2000), 413,
    'and more than client_max_body_size by nginx';

# Without the database.

$nginx->expect(qr/PostgreSQL/);
$pg->stop;

is with_token($admin, @$_[1 .. 3]), '503 unavailable',
    "without a database $_->[1] $_->[2] is unavailable" for @operations;
is $client->api(GET => '/version')->{status}, 200, '... but the version is told';
is told($client->api(GET => '/v1/enrollments')), '401 no_token',
    '... and a token is still wanted';

$pg->launch;
ok wait_for(10, sub { with_token($admin, GET => '/v1/enrollments') eq '200' }),
    'with the database it answers again';

done_testing;
