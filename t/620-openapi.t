# docs/openapi.json is the truth: it has the operations that the module has, and
# no others; and each answer that it describes is had here, and is as described.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::API qw(operations good_call told token);
use MDM::Test::OpenAPI;

my $doc = MDM::Test::OpenAPI->load;
my %described = map { ("$_->{method} $_->{pattern}" => $_) } $doc->operations;
my @operations = operations();

is join("\n", $doc->flaws), '', 'docs/openapi.json is well-formed';
is_deeply [ sort keys %described ], [ sort map { $_->{name} } @operations ],
    '... and has the operations of the module';

for my $operation (@operations) {
    my $it = $described{ $operation->{name} } or next;

    is $it->{scope}, $operation->{scope}, "$operation->{name} has its scope";
    is join(' ', MDM::Test::OpenAPI::query_arguments($it)),
        join(' ', sort split / /, $operation->{args}), '... and its arguments'
        if defined $operation->{args};
}

# NanoMDM's members are no codes; what nobody can cause is not tried.

my %nanomdm = map { $_ => 1 } @MDM::Test::OpenAPI::nanomdm;
my %rare = (out_of_memory => 1);

my ($errors) = slurp(tree() . '/docs/api.md') =~ /^## Errors\n(.*?)(?=^## |\z)/ms;
my %in_words = map { $_ => 1 } $errors =~ /^\| \d+ \| `(\w+)`/mg;
delete @in_words{qw(bad_body bad_json)} if !grep { $_->{body} eq 'JSON' } @operations;
is_deeply [ grep { !$nanomdm{$_} } $doc->codes ], [ sort keys %in_words ],
    'docs/api.md has the same codes';

# Two tenants; what anna's devices have and have done.

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $ca = MDM::Test::PKI->ca('Device CA');
my %token = map { $_ => $pg->tenant($_, host => "$_.example", device_ca => $ca) }
    qw(anna bert);
$token{nothing} = token($pg, 'anna', 'nothing', 'host');
$token{unknown} = 'x' x 43;

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" timeout=2s;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    large_client_header_buffers 4 64k;
    client_max_body_size 8m;
    client_body_buffer_size 8m;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; }
        location = /version { mdm api; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port, host => 'anna.example');
my ($iphone, $mac) = map { MDM::Test::Device->new(client => $client, sign => 1,
    certificate => $ca->device($_), udid => "UDID-$_") } qw(iphone mac);
$_->enroll->{status} == 200 or die 'not enrolled' for $iphone, $mac;

my %objects = (id => 'UDID-iphone', command_uuid => 'good', new_uuid => 'new');
my (%seen, %used);


# One call: what was expected is answered, and described. Of the options, token
# is the name of one (anna), host a host (hers), header more to send.

sub try {
    my ($method, $path, $body, $expected, %option) = @_;

    my $operation = $doc->find($method, $path);
    my $answer = $client->with(token => $token{ $option{token} // 'anna' },
        host => $option{host} // 'anna.example')
        ->api($method, $path, $body, %{ $option{header} // {} });
    my $told = told($answer);
    my @faults = $doc->faults($operation, $answer);

    push @faults, $doc->request_faults($operation, $body) if $told =~ /\A2/;
    is join("\n", $told, @faults), $expected,
        "$method " . substr($path, 0, 60) . " is $expected"
        or diag substr $answer->{body}, 0, 2000;

    $seen{"$operation->{id} $told"} = 1;
    if ($told =~ /\A2/) {
        $used{"$operation->{id} $_"} = 1
            for map { s/\Aattribute\.\K.*/*/r } $path =~ /[?&]([^=&]+)/g;
    }

    return $answer;
}


sub command { return $iphone->command(@_) }


# Fields that take a life to come by.

my $late = MDM::Test::Device->new(client => $client, sign => 1,
    certificate => $ca->device('late'), udid => 'UDID-late');
$late->authenticate->{status} == 200 or die 'not authenticated';
$mac->user('USER-ann', 'ann', 'Ann Example')->token_update->{status} == 200
    or die 'no user';
$pg->psql("UPDATE mdm.enrollment SET supervised = true, rolled_back_at = now()
            WHERE device_id = 'UDID-mac'");

sub fill_queue {
    $pg->psql("UPDATE mdm.queue SET subject = 'x', not_before = now() + interval '1 day',
            sent_at = now(), pushed_at = now(), notnow_at = now(), stalled_at = now()
         WHERE command_uuid = 'PUT'");
}

sub fill_history {
    $pg->psql("UPDATE mdm.result SET sent_at = now(), notnow_at = now()");
}

sub break_seals {
    $pg->psql("UPDATE mdm.$_->[0] SET $_->[1] = set_byte($_->[1], 40,
            255 - get_byte($_->[1], 40)) WHERE $_->[1] IS NOT NULL")
        for [qw(secret value)], [qw(result report)];
}


# Calls, in order: method, path, body, what is expected, options. A sub is run.

my $of = '/v1/enrollments/UDID-iphone';
my $bad_id = 'UDID,UDID';

my @calls = (
    [ GET => '/version', undef, 200 ],
    [ GET => '/v1/', undef, '404 no_such_path' ],
    [ PATCH => '/v1/enrollments', undef, '405 method_not_allowed' ],

    (map { my $method = $_; (
        [ $method => '/v1/enqueue/UDID-iphone?nopush=1', command('ProfileList', $_), 200 ],
        [ $method => '/v1/enqueue/UDID-mac,x?nopush=1', command('ProfileList', $_), 207 ],
        [ $method => '/v1/enqueue/x', command('ProfileList', 'other'), 404 ],
        [ $method => '/v1/enqueue/UDID-mac', command('UserList', $_), '409 command_error' ],
        [ $method => '/v1/enqueue/UDID-mac', 'garbage', '400 command_error' ],
        [ $method => '/v1/enqueue/,', command('UserList'), '400 bad_enrollment_id' ],
        [ $method => '/v1/enqueue/' . join(',', ('x') x 10_001), command('UserList'),
            '400 too_many_targets' ],
    ) } qw(PUT POST)),

    \&fill_queue,
    [ GET => "$of/queue?limit=1", undef, 200 ],
    [ GET => "$of/queue?after=%next", undef, 200 ],
    [ GET => "$of/queue?after=x", undef, '400 bad_cursor' ],
    [ GET => "$of/why", undef, 200 ],
    [ GET => "$of/queue", undef, 200 ],
    [ GET => "$of/queue?limit=0", undef, '400 bad_limit' ],
    [ GET => "/v1/enrollments/$bad_id/queue", undef, '400 bad_enrollment_id' ],

    [ DELETE => '/v1/commands/PUT', undef, 200 ],
    [ DELETE => '/v1/commands/PUT', undef, '404 unknown_command' ],
    [ DELETE => '/v1/commands/%FF', undef, '400 bad_command_uuid' ],
    sub { is $iphone->idle->{command_uuid}, 'POST', 'a device gets a command' },
    [ DELETE => '/v1/commands/POST', undef, '409 delivered' ],
    [ DELETE => '/v1/commands/POST?force=1', undef, 200 ],
    sub { $iphone->report_error('POST', 'MCMDMErrorDomain', 5) },
    sub { $mac->check_out },
    \&fill_history,

    [ GET => "$of/history", undef, 200 ],
    [ GET => "$of/history?limit=1", undef, 200, next => 'history' ],
    [ GET => "$of/history?after=%next", undef, 200 ],
    [ GET => "$of/history?limit=x", undef, '400 bad_limit' ],
    [ GET => "$of/history?after=x", undef, '400 bad_cursor' ],
    [ GET => "/v1/enrollments/$bad_id/history", undef, '400 bad_enrollment_id' ],

    [ GET => '/v1/enrollments', undef, 200 ],
    [ GET => '/v1/enrollments?limit=1', undef, 200 ],
    [ GET => '/v1/enrollments?after=%next', undef, 200 ],
    [ GET => '/v1/enrollments?limit=501', undef, '400 bad_limit' ],
    [ GET => '/v1/enrollments?after=x', undef, '400 bad_cursor' ],
    [ GET => '/v1/enrollments?kind=device&ownership=organization&state=live'
        . '&supervised=false&seen_after=2026-01-01T00:00:00Z'
        . '&seen_before=2999-01-01T00:00:00Z&serial=C*&user=a*&attribute.Model=x',
        undef, 200 ],
    [ GET => '/v1/enrollments?kind=x', undef, '400 bad_filter' ],
    [ GET => "$of/history?state=ERROR&request_type=ProfileList", undef, 200 ],
    [ GET => "$of/history?state=x", undef, '400 bad_filter' ],

    [ PUT => '/v1/enqueue/UDID-iphone', command('ProfileList', 'look'), 200 ],
    sub { $iphone->token_update(UnlockToken => \'unlock'); $iphone->idle },
    (map { [ GET => "/v1/enrollments/$_", undef, 200 ] } 'UDID-iphone', 'UDID-mac',
        'UDID-mac:USER-ann', 'UDID-late'),
    sub { $iphone->report('look', 'Acknowledged') },
    [ GET => "$of/history/look/report", undef, 200 ],
    [ GET => "$of/history/none/report", undef, '404 no_report' ],
    [ GET => "$of/history/%FF/report", undef, '400 bad_command_uuid' ],
    [ GET => "$of/secrets/unlock_token", undef, 200 ],
    [ GET => "$of/secrets/bootstrap_token", undef, '404 no_secret' ],
    [ GET => "$of/secrets/password", undef, '400 bad_secret_kind' ],
    \&break_seals,
    [ GET => "$of/history/look/report", undef, '503 cannot_open' ],
    [ GET => "$of/secrets/unlock_token", undef, '503 cannot_open' ],
    (map { my $path = $_; (
        [ GET => "/v1/enrollments/$bad_id$path", undef, '400 bad_enrollment_id' ],
        [ GET => "/v1/enrollments/nobody$path", undef, '404 unknown_enrollment' ],
    ) } '', '/why', '/queue', '/history', '/history/x/report', '/secrets/unlock_token'),

    [ DELETE => '/v1/identities/x', undef, '400 bad_fingerprint' ],
    [ DELETE => '/v1/identities/' . '0' x 64, undef, '404 unknown_identity' ],
    [ DELETE => '/v1/identities/%certificate', undef, 200 ],
    [ DELETE => "/v1/enrollments/$bad_id", undef, '400 bad_enrollment_id' ],
    [ DELETE => '/v1/enrollments/UDID-mac:USER-ann', undef, '400 not_a_device' ],
    [ DELETE => '/v1/enrollments/nobody', undef, '404 unknown_enrollment' ],
    [ DELETE => $of, undef, 200 ],
    [ DELETE => $of, undef, '409 not_live' ],
);

# Push certificates: none, the first of two, both; a push is never sent.

my $topic = 'com.apple.mgmt.External.';
my @push = map { $ca->push_certificate("$topic$_") } 1, 2;
my $list = '/v1/push-certificates';

push @calls, (
    (map { my $method = $_; (
        [ $method => '/v1/push/UDID-iphone,x', undef, '500 push_error' ],
        [ $method => '/v1/push/,', undef, '400 bad_enrollment_id' ],
        [ $method => '/v1/push/' . join(',', ('x') x 10_001), undef,
            '400 too_many_targets' ],
    ) } qw(GET PUT POST)),
    [ GET => "/v1/pushcert?topic=${topic}1", undef, '404 error' ],
    (map { [ PUT => '/v1/pushcert', $_->pem . $_->key_pem, 200 ] } @push),
    [ PUT => '/v1/pushcert', $push[0]->pem, '400 error' ],
    [ GET => "/v1/pushcert?topic=${topic}1", undef, 200 ],
    [ GET => '/v1/pushcert', undef, '400 error' ],
    [ GET => $list, undef, 200 ],
    [ GET => "$list?limit=1", undef, 200 ],
    [ GET => "$list?after=%next", undef, 200 ],
    [ GET => "$list?limit=0", undef, '400 bad_limit' ],
    [ GET => "$list?after=x", undef, '400 bad_cursor' ],
);

# A webhook that fails and has given up two events.

sub fill_webhook {
    $pg->psql("SELECT mdm_r2.webhook_open('hook', 'anna');
        SELECT mdm_r2.webhook_state('hook', 3, 'HTTP 404');
        SELECT mdm_r2.webhook_set_aside('hook', tenant_id, '1', n, 'enrolled', 404,
                                        'HTTP 404')
          FROM mdm.tenant, generate_series(1, 2) n WHERE name = 'anna'",
        role => 'mdm_job');
}

my $hook = '/v1/webhooks/hook';

push @calls, (
    \&fill_webhook,
    [ GET => '/v1/webhooks', undef, 200 ],
    [ GET => "$hook/failures", undef, 200 ],
    [ GET => "$hook/failures?limit=1", undef, 200 ],
    [ GET => "$hook/failures?after=%next", undef, 200 ],
    [ GET => "$hook/failures?limit=0", undef, '400 bad_limit' ],
    [ GET => "$hook/failures?after=x", undef, '400 bad_cursor' ],
    [ GET => '/v1/webhooks/x/failures', undef, '404 unknown_webhook' ],
    [ POST => "$hook/replay", { since => '2026-01-01T00:00:00.000Z' }, 202 ],
    [ POST => "$hook/replay", {}, '400 bad_body' ],
    [ POST => "$hook/replay", '{', '400 bad_json' ],
    [ POST => '/v1/webhooks/x/replay', { since => '2026-01-01T00:00:00.000Z' },
        '404 unknown_webhook' ],
);

my $next;

for my $call (@calls) {
    if (ref $call eq 'CODE') {
        $call->();
        next;
    }

    my ($method, $path, @more) = @$call;
    $path =~ s/%next/$next/;
    $path =~ s/%certificate/$pg->psql("SELECT encode(certificate, 'hex')
        FROM mdm.enrollment WHERE device_id = 'UDID-iphone'")/e;
    my $json = try($method, $path, @more)->{json};
    $next = $json->{next} if ref $json eq 'HASH' && $json->{next};
}

# What may happen to any operation.

for my $operation (grep { defined $_->{scope} } @operations) {
    my ($method, $path, $body) = good_call($operation, %objects);

    try($method, $path, $body, @$_) for
        [ '401 no_token', token => 'none' ], [ '401 bad_token', token => 'unknown' ],
        [ '403 missing_scope', token => 'nothing' ],
        [ '403 wrong_tenant', token => 'bert' ],
        [ '404 unknown_tenant', host => 'nowhere.example' ];
    try($method, "$path?nonsense=1", $body, '400 unknown_argument')
        if defined $operation->{args};
    try($method, $path, $_, '400 bad_json')
        for $operation->{body} eq 'JSON' ? ('{', '[]') : ();
}

for my $operation (@operations) {
    my ($method, $path) = good_call($operation, %objects);
    try($method, $path, 'x' x (4 * 1024 * 1024 + 1), '413 too_large');
}

$nginx->expect(qr/PostgreSQL/);
$pg->stop;

for my $operation (@operations) {
    my ($method, $path, $body) = good_call($operation, %objects);
    try($method, $path, $body, defined $operation->{scope} ? '503 unavailable' : 200);
}

# Was all of it there?

my @missed;

for my $it ($doc->operations, $doc->elsewhere) {
    for my $status (sort keys %{ $it->{response} }) {
        my @codes = grep { !$rare{$_} } @{ $it->{response}{$status}{'x-codes'} // [] };

        push @missed, grep { !$seen{$_} } map { "$it->{id} $_" }
            map({ "$status $_" } @codes), $status < 400 ? $status : ();
    }

    push @missed, grep { !$used{$_} } map { "$it->{id} $_" }
        MDM::Test::OpenAPI::query_arguments($it);
}

is join("\n", @missed), '', 'each answer and argument that is described was had';
is join("\n", map { $doc->missed($_) } $doc->operations), '', '... and each field of one';

done_testing;
