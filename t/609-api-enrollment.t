# One enrolment: all that is shown of it, the sealed values for those who may read
# them, its end, and revoked certificates; and what the audit hears.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use MIME::Base64 ();
use Test::More;
use MDM::Test;
use MDM::Test::Plist qw(true integer);

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);
my $other = $pg->tenant('beta', host => 'beta.example', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
events { worker_connections 256; }
thread_pool mdm threads=2;
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;

    server {
        listen 127.0.0.1:%%PORT%%;
        client_body_buffer_size 4m;
        location = /mdm { mdm connect; client_max_body_size 4m; }
        location /v1/ { mdm api; client_max_body_size 4m; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);
my $beta = $client->with(token => $other, host => 'beta.example');
my ($exit, $text) = mdmctl('--database', $pg->conninfo, 'token', 'add', 'acme', 'reader',
    '--scope', 'read');
my $reader = $client->with(token => $text =~ /([\w-]{43})/);

my $certificate = $ca->device('mac');
my $mac = MDM::Test::Device->new(client => $client, sign => 1,
    certificate => $certificate, udid => 'MAC',
    facts => { SerialNumber => 'C02', OSVersion => '26.0' });
my $anna = $mac->user('501', 'Änne', 'Änne Example');

is $mac->enroll(UnlockToken => \'unlock me')->{status}, 200, 'a Mac enrols';
is $anna->enroll->{status}, 200, 'and its user';

sub call {
    my ($method, $path, $who) = @_;

    my $answer = ($who // $api)->api($method => "/v1/$path");
    my $code = ($answer->{json}{error} // {})->{code};

    return $code ? "$answer->{status} $code" : $answer->{json};
}

sub audit {
    return $pg->psql("SELECT concat_ws(' ', actor, remote, action, enrollment_id IS NOT NULL,
        detail ->> 'kind', detail ->> 'command_uuid', detail ->> 'outcome')
        FROM mdm.audit ORDER BY audit_id DESC LIMIT 1");
}


# What is shown.

$api->api(PUT => '/v1/enqueue/MAC', $mac->command('DeviceInformation', 'info'));
$mac->idle;
$mac->report('info', 'Acknowledged', QueryResponses => {
    IsSupervised => true(), DeviceCapacity => integer(64) });
$api->api(PUT => '/v1/enqueue/MAC', $mac->command('ProfileList', "waits-$_")) for 1 .. 3;
$mac->idle;
$mac->checkin('SetBootstrapToken', BootstrapToken => \'boot');

my $shown = call(GET => 'enrollments/MAC');
my $fingerprint = $pg->psql("SELECT encode(certificate, 'hex') FROM mdm.enrollment
    WHERE user_id = ''");
my $time = qr/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\z/;

is "$shown->{id} $shown->{channel} $shown->{state} $shown->{serial}",
    'MAC device live C02', 'an enrolment is shown as in the list';
is_deeply $shown->{attributes}, { SerialNumber => 'C02', OSVersion => '26.0',
    IsSupervised => JSON::PP::true(), DeviceCapacity => 64 }, '... with its attributes';
is_deeply [ map { "$_->{fingerprint} $_->{state}" } @{ $shown->{certificates} } ],
    [ "$fingerprint bound" ], '... its certificates';
like $shown->{certificates}[0]{$_}, $time, "... with $_" for qw(not_after bound_at);
like $shown->{push}{token_at}, $time, '... when its push token came';
like $shown->{push}{wanted_at}, $time, '... and since when a push is wanted';
is_deeply [ sort keys %{ $shown->{push} } ], [qw(next_at token token_at topic wanted_at)],
    '... but not the token';
is_deeply [ map { "$_->{generation} $_->{state}" } @{ $shown->{generations} } ],
    [ '1 live' ], '... its generation';
is_deeply $shown->{commands}, { PUSH => 1, QUEUED => 2 }, '... how many commands live';
is_deeply $shown->{users}, [ 'MAC:501' ], '... its users';
is_deeply [ map { $_->{kind} } @{ $shown->{secrets} } ],
    [qw(bootstrap_token unlock_token)], '... and which secrets are kept';
unlike(JSON::PP->new->encode($shown), qr/unlock me|boot\b|MAGIC/, '... not their values');

my $user = call(GET => 'enrollments/MAC:501', $reader);
is "$user->{id} $user->{device} $user->{user_short_name}", "MAC:501 MAC \x{c4}nne",
    'a user is shown with the device';
is_deeply [ $user->{attributes}, $user->{commands}, $user->{users} ], [ {}, {}, undef ],
    '... and what it has not is empty';
is call(GET => 'enrollments/MAC%3A501')->{id}, 'MAC:501', 'an id may be escaped';


# Sealed values.

is_deeply call(GET => 'enrollments/MAC/history')->{items}[0]{report}, JSON::PP::true(),
    'the history tells that a report is kept';
my $report = $api->api(GET => '/v1/enrollments/MAC/history/info/report');
is "$report->{status} $report->{headers}{'content-type'}", '200 application/xml',
    'the report is given';
like $report->{body}, qr{<key>DeviceCapacity</key>\s*<integer>64</integer>}, '... as it came';
is audit(), 'test 127.0.0.1 report_read t info ok', '... and the audit knows';
is call(GET => 'enrollments/MAC/history/none/report'), '404 no_report',
    'no report is an answer';
is audit(), 'test 127.0.0.1 report_read t none none', '... that the audit knows, too';
is call(GET => 'enrollments/nobody/history/info/report'), '404 unknown_enrollment',
    '... and so is nobody';
is audit(), 'test 127.0.0.1 report_read f info unknown', '... and the audit hears of it';
is call(GET => 'enrollments/MAC/history/info/report', $reader), '403 missing_scope',
    'it needs a right';
is audit(), 'reader 127.0.0.1 token_refused f', '... and that was refused';

my $large = 'x' x 300_000;
$mac->report('waits-1', 'Acknowledged', Large => $large);
like $api->api(GET => '/v1/enrollments/MAC/history/waits-1/report')->{body},
    qr/<string>$large</, 'a large report comes whole, by a thread';

for my $case ([ unlock_token => 'unlock me' ], [ bootstrap_token => 'boot' ]) {
    my ($kind, $value) = @$case;
    my $secret = call(GET => "enrollments/MAC/secrets/$kind");

    is "$secret->{kind} " . MIME::Base64::decode_base64($secret->{value}),
        "$kind $value", "the $kind is given";
    like $secret->{created_at}, $time, '... with its time';
    is audit(), "test 127.0.0.1 secret_read t $kind ok", '... and the audit knows';
}
is call(GET => 'enrollments/MAC:501/secrets/unlock_token'), '404 no_secret',
    'a user has none';
is audit(), 'test 127.0.0.1 secret_read t unlock_token none', '... and the audit knows';
is call(GET => 'enrollments/MAC/secrets/password'), '404 no_secret',
    'other kinds there are not';
is call(GET => 'enrollments/MAC/secrets/unlock_token', $reader), '403 missing_scope',
    'secrets need a right';
is call(GET => 'enrollments/MAC/secrets/unlock_token', $beta), '404 unknown_enrollment',
    'another tenant has no such enrolment';

$pg->psql("UPDATE mdm.secret SET value = set_byte(value, 40, (get_byte(value, 40) + 1) % 256)
    WHERE kind = 'unlock_token'");
is call(GET => 'enrollments/MAC/secrets/unlock_token'), '503 cannot_open',
    'an altered value is not given';
like $nginx->error_log,
    qr/\[error\] .* cannot open a stored unlock_token, tenant "localhost"/, '... and logged';
$mac->checkin('SetBootstrapToken', BootstrapToken => \'');
is call(GET => 'enrollments/MAC/secrets/bootstrap_token'), '404 no_secret',
    'what the device took back is gone';
is_deeply [ map { $_->{kind} } @{ call(GET => 'enrollments/MAC')->{secrets} } ],
    [ 'unlock_token' ], '... and no longer shown';


# Ends.

is call(DELETE => 'enrollments/MAC', $reader), '403 missing_scope', 'ending needs a right';
is call(DELETE => 'enrollments/MAC', $beta), '404 unknown_enrollment',
    'another tenant ends nothing';
is call(DELETE => 'enrollments/MAC:501'), '400 not_a_device', 'a user is not ended';
is $mac->idle->{status}, 200, 'the Mac goes on';

is call(DELETE => "identities/$fingerprint", $beta), '404 unknown_identity',
    'another tenant revokes nothing';
is call(DELETE => "identities/$fingerprint", $reader), '403 missing_scope',
    'revoking needs a right';
is call(DELETE => 'identities/' . 'ab' x 32), '404 unknown_identity',
    'an unknown certificate is told';
is call(DELETE => "identities/$_"), '400 bad_fingerprint', "no fingerprint: $_"
    for 'x', substr($fingerprint, 1), "${fingerprint}0", 'g' x 64, '%61' x 64;
is_deeply call(DELETE => "identities/\U$fingerprint"), { outcome => 'revoked' },
    'a certificate is revoked';
is audit(), 'test 127.0.0.1 identity_revoke t', '... and the audit knows';
is_deeply call(DELETE => "identities/$fingerprint"), { outcome => 'repeated' },
    '... once';
is $mac->idle->{status}, 403, '... and refused from then on';
is call(GET => 'enrollments/MAC')->{certificates}[0]{state}, 'revoked', '... and shown so';

is_deeply call(DELETE => 'enrollments/MAC'), { outcome => 'ended' }, 'the Mac is ended';
is audit(), 'test 127.0.0.1 enrollment_end t', '... and the audit knows';
is call(DELETE => 'enrollments/MAC'), '409 not_live', '... once';
is $api->api(DELETE => '/v1/enrollments/MAC')->{json}{error}{message},
    'only a live enrolment can be ended; this one is ended', '... as is said';
is join(' ', map { call(GET => "enrollments/$_")->{state} } qw(MAC MAC:501)),
    'ended ended', '... and so is its user';


# Ids.

for my $path ('', '/queue', '/history', '/why', '/history/x/report',
    '/secrets/unlock_token')
{
    is call(GET => "enrollments/nobody$path"), '404 unknown_enrollment',
        "nobody is not found: $path";
    is call(GET => "enrollments/MAC$path", $beta), '404 unknown_enrollment',
        '... nor what another tenant has';
    is call(GET => "enrollments/$_$path"), '400 bad_enrollment_id', "... $_ is no id"
        for 'a,b', 'a%0Ab', 'a%2Fb', '%FF', ':u', 'x' x 256, 'a:%FF', 'a%25b';
}
is call(DELETE => 'enrollments/a,b'), '400 bad_enrollment_id', 'no id can be ended';
is call(DELETE => 'enrollments/nobody'), '404 unknown_enrollment', 'nor nobody';
is call(GET => 'enrollments/MAC/history/' . 'x' x 256 . '/report'),
    '400 bad_command_uuid', 'a CommandUUID has an end';
is call(GET => 'enrollments/MAC?limit=1'), '400 unknown_argument', 'it is no list';
is call(POST => 'enrollments/MAC'), '405 method_not_allowed', 'nothing is posted there';


# What a history filters by.

sub history {
    my $json = call(GET => "enrollments/MAC/history?$_[0]");

    return ref $json ? join ' ', sort map { $_->{command_uuid} } @{ $json->{items} } : $json;
}

is history(''), 'info waits-1 waits-2 waits-3', 'the history has all';
is history('state=CANCELLED'), 'waits-2 waits-3', '... those of a state';
is history('request_type=ProfileList&state=ACKNOWLEDGED'), 'waits-1',
    '... and of a request type';
is history('request_type=x'), '', '... or none';
is history($_), '400 bad_filter', "refused: $_"
    for 'state=QUEUED', 'state=', 'request_type=', 'request_type=%FF';

$pg->psql("INSERT INTO mdm.result (tenant_id, enrollment_id, generation, command_uuid,
        from_state, state, finished_at)
    SELECT tenant_id, enrollment_id, 1, 'many-' || i, 'PUSH', 'EXPIRED', now()
      FROM mdm.enrollment, generate_series(1, 2500) i WHERE user_id = ''");
my $page = call(GET => 'enrollments/MAC/history?state=ACKNOWLEDGED');
is_deeply $page->{items}, [], 'a page may be empty';
is_deeply [ map { $_->{command_uuid} } @{ call(GET =>
        "enrollments/MAC/history?state=ACKNOWLEDGED&after=$page->{next}")->{items} } ],
    [qw(waits-1 info)], '... and the list goes on';

done_testing;
