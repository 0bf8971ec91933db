# Who may have a command: judged by system and version, channel, owner, supervision,
# rights, and what is not known; told in words, grouped.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes qw(time);
use MDM::Test;
use MDM::Test::API qw(told);

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
thread_pool mdm threads=2;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; client_max_body_size 4m; }
        location /v1/ { mdm api; client_max_body_size 4m; client_body_buffer_size 4m; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);

# Those of whom all is known, one of whom nothing is, and one who was never here.

my %kind = (
    IPHONE => [ 'iPhone14,2',    '17.4' ],
    OLD    => [ 'iPhone10,1',    '12.0' ],
    LOOSE  => [ 'iPhone14,2',    '17.4' ],
    MAC    => [ 'MacBookPro18,1', '14.1' ],
    TV     => [ 'AppleTV11,1',   '17.0' ],
    BYOD   => [ 'iPhone14,2',    '17.4' ],
    DARK   => [ undef, undef ],
);

my %device = map {
    my ($model, $os) = @{ $kind{$_} };
    $_ => MDM::Test::Device->new(client => $client, sign => 1, certificate => $ca->device($_),
        ($_ eq 'BYOD' ? 'enrollment_id' : 'udid') => $_,
        facts => { $os ? (OSVersion => $os, ProductName => $model) : () });
} sort keys %kind;

$_->enroll->{status} == 200 or die 'a device does not enrol' for values %device;
my $user = $device{MAC}->user('ANN', 'ann', 'Ann');
$user->token_update->{status} == 200 or die 'a user does not enrol';
$pg->psql("UPDATE mdm.enrollment SET supervised = device_id <> 'LOOSE'
     WHERE device_id <> 'DARK';
    INSERT INTO mdm.attribute (tenant_id, enrollment_id, name, value_boolean)
    SELECT tenant_id, enrollment_id, n, n <> 'IsMultiUser'
      FROM mdm.enrollment, unnest('{IsMultiUser,EnrolledViaDEP,UserApprovedEnrollment}'::text[]) n
     WHERE device_id <> 'DARK' AND user_id = ''");
$pg->psql("DELETE FROM mdm.attribute a USING mdm.enrollment e
     WHERE a.enrollment_id = e.enrollment_id AND e.device_id = 'DARK'");


sub ask {
    my ($type, $to, $keys, $query) = @_;

    return $api->api(POST => '/v1/commands' . ($query // ''), {
        request_type => $type, to => { enrollments => $to }, command => $keys // {} });
}

# What was said of refusals, or warnings, and of whom.

sub said {
    my ($answer, $what) = @_;

    return map { "$_->{code}: @{ $_->{enrollments} }: $_->{rule}" }
        @{ $answer->{json}{ $what // 'refused' } };
}

sub policy {
    (MDM::Test::mdmctl('--database', $pg->conninfo, 'tenant', 'set', 'acme', @_))[0] == 0
        or die "no policy @_";
}

sub eventually {
    my ($sub, $wanted, $name) = @_;

    my ($deadline, $got) = (time + 8);

    while (($got = $sub->()) ne $wanted && time < $deadline) {
        select undef, undef, undef, 0.2;
    }

    is $got, $wanted, $name;
}


# The user's own device is not erased.

my $answer = ask('EraseDevice', [ 'BYOD' ]);
is told($answer), '422 not_available', 'a device that its user owns is not erased';
is $answer->{json}{error}{message}, 'EraseDevice is not available to a user-owned enrolment '
    . '(user enrolment: forbidden)', '... and these are the words';
is_deeply $answer->{json}{error}{faults}, [ { path => '',
    rule => $answer->{json}{error}{message} } ], '... with one fault for each rule';
is $pg->psql('SELECT count(*) FROM mdm.queue'), 0, '... and nothing is queued';

# Some may, some may not, some are not there.

$answer = ask('EraseDevice', [qw(BYOD IPHONE MAC MAC:ANN nobody BYOD)], undef, '?check=1');
is $answer->{json}{would_queue}, 2, 'a dry run counts who would get it';
$answer = ask('EraseDevice', [qw(BYOD IPHONE MAC MAC:ANN nobody BYOD)]);
is "$answer->{status} $answer->{json}{queued}", '207 2', 'who may have it gets it';
is_deeply [ map { s/: [^:]*channel.*/: channel/r } said($answer) ], [
    'unavailable: BYOD: EraseDevice is not available to a user-owned enrolment '
    . '(user enrolment: forbidden)', 'unavailable: MAC:ANN: channel' ],
    '... who may not is told with the rule, by groups, each once';
is_deeply [ map { "$_->{enrollment} $_->{code}" } @{ $answer->{json}{failed} } ],
    [ 'nobody unknown_enrollment' ], '... and who is not known, apart';
is $pg->psql("SELECT string_agg(e.device_id || e.user_id, ' ' ORDER BY e.device_id)
    FROM mdm.queue q JOIN mdm.enrollment e USING (tenant_id, enrollment_id)"), 'IPHONE MAC',
    '... as the queue says';
is ask('EraseDevice', [ 'nobody' ])->{status}, 404, 'nobody known is 404';
is ask('EraseDevice', [qw(nobody BYOD)])->{status}, 207, 'nobody known and one refused is 207';

# System, version, supervision.

sub refusal {
    my ($type, $to, $keys) = @_;

    my $answer = ask($type, [ $to ], $keys);

    return $answer->{status} == 422 ? $answer->{json}{error}{message} : $answer->{status};
}

like refusal('RestartDevice', 'LOOSE'), qr/RestartDevice.*supervised/,
    'supervision is asked for';
is refusal('RestartDevice', 'IPHONE'), 200, '... and helps';
like refusal('SetRecoveryLock', 'IPHONE', { NewPassword => 'x' }), qr/SetRecoveryLock.*iOS/,
    'a system that has no such command';
like refusal('ShutDownDevice', 'TV'), qr/ShutDownDevice.*tvOS/, '... another one';
like refusal('EraseDevice', 'OLD', { ReturnToService => { Enabled => \1 } }),
    qr/ReturnToService.*17\.0/, 'a version that has no such key';
is refusal('EraseDevice', 'OLD', { PreserveDataPlan => \1 }), 200, '... but others';

# What is not known: a warning, or a refusal when the tenant wants that.

$answer = ask('RestartDevice', [qw(DARK IPHONE)]);
is "$answer->{status} $answer->{json}{queued}", '200 2', 'what is not known hinders nobody';
like join("\n", said($answer, 'warnings')), qr/^unknown_fact: DARK: .*not known yet/m,
    '... but is told of whom';
policy('unknown_facts=refuse');
eventually(sub { told(ask('RestartDevice', [ 'DARK' ])) }, '422 not_available',
    'a tenant may have such devices refused');
$answer = ask('RestartDevice', [qw(DARK IPHONE)]);
like join("\n", said($answer)), qr/^unknown_fact: DARK: .*not known yet/m,
    '... the others get the command';
is told(ask('DeviceLock', [ 'IPHONE' ], { Message => '%UserEmail%' })), '422 invalid_command',
    'a value that nobody has is a fault as ever';
$api->api(PATCH => '/v1/enrollments/MAC/attributes', { UserEmail => 'ann@example.com' });
$answer = ask('DeviceLock', [qw(IPHONE MAC)], { Message => '%UserEmail%', PIN => '123456' });
is_deeply [ $answer->{status}, grep { /UserEmail/ } said($answer) ],
    [ 207, 'unknown_fact: IPHONE: "UserEmail" is not known' ],
    '... and who lacks one that others have is refused';

# What the tenant's profile did not grant.

policy('unknown_facts=warn', 'access_rights=8183');
eventually(sub { refusal('EraseDevice', 'IPHONE') =~ /EraseDevice.*AccessRights/ ? 'told' : '' },
    'told', 'a right that the profile does not grant is missing');
is refusal('RestartDevice', 'IPHONE'), 200, '... where it is asked for';
policy('access_rights=unknown');
eventually(sub { refusal('EraseDevice', 'TV') }, '200', '... and is not, when nothing is said');

# Ten thousand in one call.

$pg->psql(q{
INSERT INTO mdm.enrollment (tenant_id, device_id, channel, state, generation, certificate,
                            enrolled_at, ownership, supervised)
SELECT 1, 'E' || i, 'device', 'live', 1, sha256(int4send(i)), now(),
       CASE WHEN i % 1000 = 0 THEN 'user' ELSE 'organization' END, i % 7 <> 0
  FROM generate_series(1, 10000) i;
INSERT INTO mdm.attribute (tenant_id, enrollment_id, name, value_text, value_boolean)
SELECT 1, enrollment_id, n,
       CASE n WHEN 'OSVersion' THEN 11 + enrollment_id % 15 || '.' || enrollment_id % 7
              WHEN 'ProductName' THEN 'iPhone' || enrollment_id % 20 || ',1'
              WHEN 'SerialNumber' THEN 'S' || enrollment_id END,
       CASE n WHEN 'IsMultiUser' THEN false END
  FROM mdm.enrollment,
       unnest('{OSVersion,ProductName,SerialNumber,IsMultiUser,x,y,z}'::text[]) n
 WHERE device_id ~ '^E[0-9]';
});

my $all = [ map { "E$_" } 1 .. 10_000 ];
my $start = time;
$answer = ask('EraseDevice', $all);
my $took = time - $start;
is "$answer->{status} $answer->{json}{queued}", '207 9990', 'ten thousand are judged in one call';
is_deeply [ map { "$_->{count} " . join ',', sort @{ $_->{enrollments} } }
    @{ $answer->{json}{refused} } ], [ '10 ' . join ',', sort map { 'E' . 1000 * $_ } 1 .. 10 ],
    '... and who is refused stands under one rule';
cmp_ok $took, '<', 8, '... soon enough, also beside other tests';
is ask('DeviceLock', $all, { Message => '%SerialNumber%' }, '?check=1')->{json}{would_queue},
    10_000, 'values are looked up for as many';

done_testing;
