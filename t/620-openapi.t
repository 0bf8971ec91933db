# docs/openapi.json is the truth: it has the operations that the module has, and
# no others; and each answer that it describes is had here, and is as described.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::API qw(operations);
use MDM::Test::Calls;
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

# Calls of what has no test of its own (625, 626, 633, 636, 638): push certificates,
# events, the audit, plugins, webhooks.

my ($iphone, $mac, $lost) = map { enrolled($_) } qw(iphone mac lost);

sub command { return $iphone->command(@_) }

# NanoMDM's routes.

calls(
    [ GET => '/version', undef, 200 ],
    [ GET => '/v1/', undef, '404 no_such_path' ],
    [ PATCH => '/v1/enrollments', undef, '405 method_not_allowed' ],

    (map { [ $_ => '/v1/enqueue/UDID-iphone?nopush=1', command('ProfileList', $_), 200 ] }
        qw(PUT POST)),
);

my $topic = 'com.apple.mgmt.External.';
my @push = map { $ca->push_certificate("$topic$_") } 1, 2, 1;
my $old = $ca->push_certificate("${topic}1", days => 10);
my $root = MDM::Test::PKI->ca('Vendors');
my $vendor = $root->certificate('Vendor', key => 'rsa');
my %vendor = (certificates => $vendor->pem . $root->pem, private_key => $vendor->key_pem);
my $ask = '/v1/pushcert/request';

sub requested {
    return $ca->push_certificate_of($pg->psql('SELECT request FROM mdm.push_request LIMIT 1'),
        "${topic}3")->pem;
}


calls(
    [ GET => "/v1/pushcert?topic=${topic}1", undef, '404 error' ],
    [ PUT => '/v1/pushcert', $push[0]->pem . $push[0]->key_pem, '409 error' ],
    (map { [ PUT => '/v1/pushcert?new_topic=1&development=1&apple_account=a&note=n',
        $_->pem . $_->key_pem, 200 ] } @push),
    [ PUT => '/v1/pushcert', $old->pem . $old->key_pem, '409 error' ],
    [ PUT => '/v1/pushcert?older=1', $old->pem . $old->key_pem, 200 ],
    [ PUT => '/v1/pushcert', $push[0]->pem, '400 error' ],
    [ GET => "/v1/pushcert?topic=${topic}1", undef, 200 ],
    [ GET => '/v1/pushcert', undef, '400 error' ],

    [ POST => $ask, { common_name => 'acme', email => 'a@b', country => 'DE', note => 'n',
        apple_account => 'a' }, 201 ],
    [ POST => $ask, { vendor => \%vendor }, 201 ],
    [ POST => $ask, {}, 201 ],
    [ POST => $ask, { vendor => { %vendor, certificates => 'x' } },
        '422 bad_vendor_certificate' ],
    [ POST => $ask, { country => 'x' }, '400 bad_body' ],
    [ POST => $ask, 'x', '400 bad_json' ],
    [ GET => '/v1/pushcert/requests', undef, 200 ],
    sub { alter(qw(push_request private_key)) },
    sub { calls([ PUT => '/v1/pushcert?new_topic=1', requested(), '503 cannot_open' ]) },
    sub { calls(map { [ DELETE => "/v1/pushcert/requests/$_", undef, 200 ] } split ' ',
        $pg->psql("SELECT encode(public_key, 'hex') FROM mdm.push_request")) },
    [ DELETE => '/v1/pushcert/requests/x', undef, '404 unknown_push_request' ],
    (map { [ POST => $ask, {}, 201 ] } 1 .. 16),
    [ POST => $ask, {}, '409 too_many_push_requests' ],
    pages('/v1/push-certificates'),
);

# Something happens, of which there are events.

sub stop {
    my ($device, $uuid) = @_;

    $device->idle;
    $device->report_error($uuid, 'MCMDMErrorDomain', 5);
}

# The worker that sweeps may have come before the certificate, or have it in hand.

sub expiring {
    $pg->psql('SELECT mdm_r2.sweep(100)', role => 'mdm_job');
    wait_for(10, sub {
        $pg->psql("SELECT 1 FROM mdm.event WHERE type = 'push_certificate_expiring'");
    }) or BAIL_OUT('no certificate expires');
}

calls(
    \&expiring,
    sub { stop($iphone, 'PUT') },
    [ DELETE => '/v1/commands/POST?force=1', undef, 200 ],
    sub { $mac->with(certificate => $lost->{certificate})->idle },
    [ DELETE => '/v1/enrollments/UDID-lost', undef, 200 ],
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
        [ GET => "$list?type=X", undef, '400 bad_filter' ],
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
    [ GET => '/v1/audit?actor=' . 'x' x 256, undef, '400 bad_filter' ],
);

# What plugins describe: all commands and payloads have all fields between them.

my $types = $client->api(GET => '/v1/schema', undef, Authorization => "Bearer $token{anna}")
    ->{json}{items};

calls(
    [ GET => '/v1/schema', undef, 200 ],
    (map { [ GET => "/v1/schema/$_", undef, 200 ] } keys %{ { map { $_->{name} => 1 }
        @$types } }),
    [ GET => '/v1/schema/DeviceLock?kind=command', undef, 200 ],
    [ GET => '/v1/schema/DeviceLock?kind=payload', undef, '404 unknown_type' ],
    [ GET => '/v1/schema/DeviceLock?kind=profile', undef, '400 bad_filter' ],
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

finish('other', id => 'UDID-iphone');
