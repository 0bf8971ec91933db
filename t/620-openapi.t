# docs/openapi.json is the truth: it has the operations that the module has, and
# no others; and each answer that it describes is had here, and is as described.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use MIME::Base64 qw(encode_base64);
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

# NanoMDM's members are no codes. What no client can cause, however it asks, is no
# promise of an operation: memory runs out when it does.

my %nanomdm = map { $_ => 1 } @MDM::Test::OpenAPI::nanomdm;
my @rare = qw(out_of_memory);

my ($errors) = slurp(tree() . '/docs/api.md') =~ /^## Errors\n(.*?)(?=^## |\z)/ms;
my @in_words = $errors =~ /^\| (\d+ \| `\w+)`/mg;
is_deeply [ sort @rare, grep { !$nanomdm{$_} } $doc->codes ],
    [ sort map { /`(\w+)/ } @in_words ], 'docs/api.md has the same codes';
is join("\n", @in_words), join("\n", sort @in_words), '... by status and name';

# Two tenants; what anna's devices have and have done.

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $ca = MDM::Test::PKI->ca('Device CA');
my %token = map { $_ => $pg->tenant($_, host => "$_.example", device_ca => $ca) }
    qw(anna bert);
$token{nothing} = token($pg, 'anna', 'nothing', 'host');
$token{unknown} = 'x' x 43;

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 1;
events { worker_connections 512; }
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


sub device {
    my ($name) = @_;

    return MDM::Test::Device->new(client => $client, sign => 1, udid => "UDID-$name",
        certificate => $ca->device($name), path => '/mdm?site=7',
        facts => { SerialNumber => "SERIAL-$name", OSVersion => '26.0',
            ProductName => 'iPhone17,2' });
}

my ($iphone, $mac, $thief, $gone, $late, $lost) = map { device($_) }
    qw(iphone mac thief gone late lost);
$_->enroll(UnlockToken => \'unlock')->{status} == 200 or die 'not enrolled'
    for $iphone, $mac, $gone, $lost;

my %objects = (id => 'UDID-iphone', command_uuid => 'good', new_uuid => 'new');
my (%seen, %used, $next);


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
        $used{"$operation->{id} $_"} = 1 for
            map({ s/\Aattribute\.\K\w+/*/r } $path =~ /[?&]([^=&]+)/g),
            keys %{ $option{header} // {} };
    }

    return $answer;
}


# Calls, in order: method, path, body, what is expected, options. A sub is run.

sub calls {
    for my $call (@_) {
        if (ref $call eq 'CODE') {
            $call->();
            next;
        }

        my ($method, $path, @more) = @$call;
        my $json = try($method, $path =~ s/%next/$next/r, @more)->{json};
        $next = $json->{next} if ref $json eq 'HASH' && $json->{next};
    }
}


sub command { return $iphone->command(@_) }


# What a list refuses, and a page of it.

sub pages {
    my ($path) = @_;

    return (
        [ GET => "$path?limit=1", undef, 200 ],
        [ GET => "$path?after=%next", undef, 200 ],
        [ GET => "$path?limit=0", undef, '400 bad_limit' ],
        [ GET => "$path?after=x", undef, '400 bad_cursor' ],
    );
}


# Ids and CommandUUIDs in a path.

sub names {
    my ($method, $id, $uuid) = @_;

    return (
        ($id ? [ $method => $id =~ s/%s/a,b/r, undef, '400 bad_enrollment_id' ] : ()),
        ($id ? [ $method => $id =~ s/%s/x/r, undef, '404 unknown_enrollment' ] : ()),
        ($uuid ? [ $method => $uuid =~ s/%s/%FF/r, undef, '400 bad_command_uuid' ] : ()),
        ($uuid ? [ $method => $uuid =~ s/%s/x/r, undef, '404 unknown_command' ] : ()),
    );
}


sub alter {
    my ($table, $column) = @_;

    $pg->psql("UPDATE mdm.$table SET $column = set_byte($column, 30,
        (get_byte($column, 30) + 1) % 256) WHERE $column IS NOT NULL");
}


# NanoMDM's routes.

calls(
    [ GET => '/version', undef, 200 ],
    [ GET => '/v1/', undef, '404 no_such_path' ],
    [ PATCH => '/v1/enrollments', undef, '405 method_not_allowed' ],

    (map { my $method = $_; (
        [ $method => '/v1/enqueue/UDID-iphone?nopush=1', command('ProfileList', $_), 200 ],
        [ $method => '/v1/enqueue/UDID-mac,x?nopush=1', command('ProfileList', $_), 207 ],
        [ $method => '/v1/enqueue/x', command('ProfileList', 'other'), 500 ],
        [ $method => '/v1/enqueue/UDID-mac', command('UserList', $_), '409 command_error' ],
        [ $method => '/v1/enqueue/UDID-mac', 'garbage', '400 command_error' ],
        [ $method => '/v1/enqueue/,', command('UserList'), '400 bad_enrollment_id' ],
        [ $method => '/v1/enqueue/' . join(',', ('x') x 10_001), command('UserList'),
            '400 too_many_targets' ],
    ) } qw(PUT POST)),
    (map { my $method = $_; (
        [ $method => '/v1/push/UDID-iphone,x', undef, '500 push_error' ],
        [ $method => '/v1/push/,', undef, '400 bad_enrollment_id' ],
        [ $method => '/v1/push/' . join(',', ('x') x 10_001), undef,
            '400 too_many_targets' ],
    ) } qw(GET PUT POST)),
);

my $topic = 'com.apple.mgmt.External.';
my @push = map { $ca->push_certificate("$topic$_") } 1, 2, 1;

calls(
    [ GET => "/v1/pushcert?topic=${topic}1", undef, '404 error' ],
    (map { [ PUT => '/v1/pushcert', $_->pem . $_->key_pem, 200 ] } @push),
    [ PUT => '/v1/pushcert', $push[0]->pem, '400 error' ],
    [ GET => "/v1/pushcert?topic=${topic}1", undef, 200 ],
    [ GET => '/v1/pushcert', undef, '400 error' ],
    pages('/v1/push-certificates'),
);

# Commands: asked, ...

my $wifi = { command => $iphone->profile('com.example.wifi'), priority => 1 };
my %target = (enrollments => [ 'UDID-gone' ]);
my %key = (header => { 'Idempotency-Key' => 'ticket 4711' });
my $binary = slurp(tree() . '/t/fuzz/corpus/command/bare-binary');

calls(
    [ POST => '/v1/commands', { %$wifi, %target }, 200, %key ],
    [ POST => '/v1/commands', { enrollments => [qw(UDID-mac x)], not_before_in => 60,
        command => $mac->install_profile('com.example.vpn', 'early'), dedupe_key => 'vpn',
        expires_in => 3600 }, 207 ],
    [ POST => '/v1/commands', { enrollments => [ 'x' ], push => JSON::PP::false(),
        command_base64 => encode_base64($binary, '') }, 404 ],
    [ POST => '/v1/commands', { %$wifi, enrollments => [ 'x' ] },
        '409 idempotency_conflict', %key ],
    [ POST => '/v1/commands', { %target }, '400 bad_body' ],
    [ POST => '/v1/commands', { %target, command => 'x' }, '400 bad_command' ],
    [ POST => '/v1/commands', { %target, command => command('UserList') },
        '400 two_keys', %key ],
    [ POST => '/v1/commands', { %$wifi, %target }, '400 bad_idempotency_key',
        header => { 'Idempotency-Key' => 'x' x 256 } ],
);

# ... looked at, ...

sub fill_queue {
    $pg->psql("UPDATE mdm.queue SET subject = 'x', not_before = now() + interval '1 day',
            sent_at = now(), pushed_at = now(), notnow_at = now(), stalled_at = now()
         WHERE command_uuid = 'PUT'");
}

sub fill_history {
    $pg->psql("UPDATE mdm.result SET sent_at = now(), notnow_at = now()");
}

# A property list in binary; one byte before each text is its type and length.

sub binary_command {
    my ($uuid) = @_;

    my @objects = ("\xd2\1\2\3\4", "\x5b" . 'CommandUUID', "\x57" . 'Command',
        chr(0x50 + length $uuid) . $uuid, "\xd1\5\6", "\x5b" . 'RequestType',
        "\x5b" . 'ProfileList');
    my ($text, $offsets) = ('bplist00', '');

    for my $object (@objects) {
        $offsets .= chr length $text;
        $text .= $object;
    }

    return $text . $offsets . pack 'x6CCQ>Q>Q>', 1, 1, 7, 0, length $text;
}

my $queue = '/v1/enrollments/UDID-iphone/queue';
my $history = '/v1/enrollments/UDID-iphone/history';

calls(
    \&fill_queue,
    pages($queue),
    [ GET => $queue, undef, 200 ],
    names(GET => '/v1/enrollments/%s/queue'),
    [ GET => '/v1/commands/PUT', undef, 200 ],
    pages('/v1/commands/PUT'),
    names(GET => undef, '/v1/commands/%s'),
    [ GET => '/v1/commands/PUT/payload', undef, 200 ],
    [ PUT => '/v1/enqueue/UDID-mac', binary_command('binary'), 200 ],
    [ GET => '/v1/commands/binary/payload', undef, 200 ],
    names(GET => undef, '/v1/commands/%s/payload'),
);

# ... withdrawn and released.

my $lost_queue = '/v1/enrollments/UDID-lost/queue';
my $of_lost = "$lost_queue/restart";

sub restarts { $lost->idle for 1 .. $_[0] }

calls(
    [ DELETE => '/v1/commands/PUT', undef, 200 ],
    names(DELETE => undef, '/v1/commands/%s'),
    [ PUT => '/v1/enqueue/UDID-iphone', command('CertificateList', 'open'), 200 ],
    [ DELETE => '/v1/commands/POST', undef, 200 ],
    sub { is $iphone->idle->{command_uuid}, 'open', 'a device gets a command' },
    [ DELETE => '/v1/commands/open', undef, '409 delivered' ],
    [ DELETE => '/v1/commands/open?force=1', undef, 200 ],
    sub { $iphone->report_error('open', 'MCMDMErrorDomain', 5) },
    [ GET => '/v1/commands/open', undef, 200 ],

    [ PUT => '/v1/enqueue/UDID-lost', command('RestartDevice', 'restart'), 200 ],
    sub { restarts(2) },
    [ POST => '/v1/commands/restart/release', undef, 200 ],
    [ POST => '/v1/commands/binary/release', undef, '409 not_stalled' ],
    names(POST => undef, '/v1/commands/%s/release'),
    sub { restarts(2) },
    [ POST => "$of_lost/release", undef, 200 ],
    [ POST => '/v1/enrollments/UDID-mac/queue/binary/release', undef, '409 not_stalled' ],
    names(POST => '/v1/enrollments/%s/queue/restart/release', "$lost_queue/%s/release"),

    sub { restarts(1) },
    [ DELETE => $of_lost, undef, '409 delivered' ],
    [ DELETE => $lost_queue, undef, '409 delivered' ],
    [ DELETE => "$of_lost?force=1", undef, 200 ],
    [ DELETE => "$lost_queue?force=1", undef, 200 ],
    names(DELETE => '/v1/enrollments/%s/queue/restart', "$lost_queue/%s"),
    names(DELETE => '/v1/enrollments/%s/queue'),

    [ POST => '/v1/commands/cancel', { command_uuids => [ 'early' ] }, 200 ],
    [ POST => '/v1/commands/cancel', { command_uuids => [ 'early' ], force => \1 }, 207 ],
    [ POST => '/v1/commands/cancel', { command_uuids => [] }, '400 bad_body' ],
);

# Enrolments. Fields that take a life to come by are set.

my $user = $mac->user('USER-ann', 'ann', 'Ann Example');
$_->{status} == 200 or die 'a device is refused'
    for $user->token_update, $late->authenticate,
        $mac->checkin('SetBootstrapToken', BootstrapToken => \'boot');
$mac->with(certificate => $thief->{certificate})->idle->{status} == 403
    or die 'a thief is let in';
$pg->psql("UPDATE mdm.enrollment SET supervised = true, rolled_back_at = now()
            WHERE device_id = 'UDID-mac'");

my @filters = ('kind=user', 'ownership=organization', 'state=live', 'supervised=true',
    'seen_after=2026-05-04T08:15:00Z', 'seen_before=2099-05-04T08:15:00Z',
    'serial=SERIAL*', 'user=ann', 'attribute.OSVersion=26.0');

calls(
    sub { $gone->check_out },
    \&fill_history,
    (map { [ GET => $history . $_, undef, 200 ] } '', '?state=ERROR',
        '?request_type=UserList'),
    pages($history),
    [ GET => "$history?state=QUEUED", undef, '400 bad_filter' ],
    names(GET => '/v1/enrollments/%s/history'),

    [ GET => "$history/open/report", undef, 200 ],
    [ GET => "$history/none/report", undef, '404 no_report' ],
    names(GET => '/v1/enrollments/%s/history/open/report'),
    [ GET => "$history/%FF/report", undef, '400 bad_command_uuid' ],

    (map { [ GET => "/v1/enrollments$_", undef, 200 ] } '', map { "?$_" } @filters),
    pages('/v1/enrollments'),
    [ GET => '/v1/enrollments?kind=x', undef, '400 bad_filter' ],

    (map { [ GET => "/v1/enrollments/UDID-$_", undef, 200 ] }
        qw(iphone mac mac:USER-ann gone late)),
    names(GET => '/v1/enrollments/%s'),

    [ PUT => '/v1/enqueue/UDID-lost', command('RestartDevice', 'again'), 200 ],
    sub { restarts(2) },
    [ GET => '/v1/enrollments/UDID-lost/why', undef, 200 ],
    names(GET => '/v1/enrollments/%s/why'),

    [ GET => '/v1/enrollments/UDID-mac/secrets/unlock_token', undef, 200 ],
    [ GET => '/v1/enrollments/UDID-iphone/secrets/bootstrap_token', undef,
        '404 no_secret' ],
    [ GET => '/v1/enrollments/UDID-mac/secrets/x', undef, '400 bad_secret_kind' ],
    names(GET => '/v1/enrollments/%s/secrets/unlock_token'),

    sub { alter(@$_) for [qw(command payload)], [qw(result report)], [qw(secret value)] },
    [ GET => '/v1/commands/open/payload', undef, '503 cannot_open' ],
    [ GET => "$history/open/report", undef, '503 cannot_open' ],
    [ GET => '/v1/enrollments/UDID-mac/secrets/unlock_token', undef, '503 cannot_open' ],

    [ DELETE => '/v1/enrollments/UDID-mac', undef, 200 ],
    [ DELETE => '/v1/enrollments/UDID-mac', undef, '409 not_live' ],
    [ DELETE => '/v1/enrollments/UDID-mac:USER-ann', undef, '400 not_a_device' ],
    names(DELETE => '/v1/enrollments/%s'),
    [ DELETE => '/v1/identities/' . $lost->{certificate}->sha256, undef, 200 ],
    [ DELETE => '/v1/identities/x', undef, '400 bad_fingerprint' ],
    [ DELETE => '/v1/identities/' . '0' x 64, undef, '404 unknown_identity' ],
    [ GET => '/v1/enrollments/UDID-lost', undef, 200 ],
);

# Events, whose pages begin anywhere; as many streams as one may have; the audit.

my %last = (header => { 'Last-Event-ID' => 'now' });
my @streams;

sub open_streams {
    while (@streams < 100) {
        my $stream = $client->with;
        $stream->write($stream->request_text(GET => '/v1/events/stream', undef,
            Authorization => "Bearer $token{anna}"));
        push @streams, $stream
            if $stream->take(sub { $_[0] =~ /\A(.*?\r\n\r\n)/s ? $1 : undef }) =~ / 200 /;
    }
}

for my $list ('/v1/events', '/v1/events/stream') {
    calls(
        (map { [ GET => "$list$_", undef, 200 ] } '', '?after=now', '?type=enrolled,x',
            '?enrollment=UDID-mac'),
        [ GET => $list, undef, 200, %last ],
        [ GET => "$list?after=x", undef, '400 bad_cursor' ],
        [ GET => "$list?type=X", undef, '400 bad_type' ],
        [ GET => "$list?enrollment=a,b", undef, '400 bad_enrollment_id' ],
    );
}

calls(
    [ GET => '/v1/events?limit=500', undef, 200 ],
    [ GET => '/v1/events?limit=0', undef, '400 bad_limit' ],
    \&open_streams,
    [ GET => '/v1/events/stream', undef, '429 too_many_streams' ],
    sub { @streams = () },

    (map { [ GET => "/v1/audit$_", undef, 200 ] } '', '?enrollment=UDID-mac', '?actor=test',
        '?action=enqueue'),
    pages('/v1/audit'),
    [ GET => '/v1/audit?enrollment=a,b', undef, '400 bad_enrollment_id' ],
    [ GET => '/v1/audit?actor=' . 'x' x 256, undef, '400 bad_argument' ],
);

# A webhook that fails and has given up two events.

my $hook = '/v1/webhooks/hook';
my $since = { since => '2026-05-04T08:15:00Z' };

$pg->psql("SELECT mdm_r2.webhook_open('hook', 'anna');
    SELECT mdm_r2.webhook_state('hook', 3, 'HTTP 404');
    SELECT mdm_r2.webhook_set_aside('hook', tenant_id, '1', n, 'enrolled', 404, 'HTTP 404')
      FROM mdm.tenant, generate_series(1, 2) n WHERE name = 'anna'", role => 'mdm_job');

calls(
    [ GET => '/v1/webhooks', undef, 200 ],
    [ GET => "$hook/failures", undef, 200 ],
    pages("$hook/failures"),
    [ GET => '/v1/webhooks/x/failures', undef, '404 unknown_webhook' ],
    [ POST => "$hook/replay", $since, 202 ],
    [ POST => "$hook/replay", { since => 'today' }, '400 bad_body' ],
    [ POST => '/v1/webhooks/x/replay', $since, '404 unknown_webhook' ],
);

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
        my @codes = @{ $it->{response}{$status}{'x-codes'} // [] };

        push @missed, grep { !$seen{$_} } map { "$it->{id} $_" }
            @codes ? map({ "$status $_" } @codes) : $status;
    }

    push @missed, grep { !$used{$_} } map { "$it->{id} $_" }
        MDM::Test::OpenAPI::query_arguments($it);
}

is join("\n", @missed), '', 'each answer and argument that is described was had';
is join("\n", map { $doc->missed($_) } $doc->operations), '', '... and each form and field of one';

done_testing;
