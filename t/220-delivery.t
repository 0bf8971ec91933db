# Which command a device gets: order, repetition, what may run once only, what
# is urgent, and what a refusal becomes.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Acme qw(gets);
use MDM::Test::Plist qw(integer);

my $acme = MDM::Test::Acme->start;
$acme->nginx(<<'CONF');
load_module %%MODULE%%;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;

    server {
        listen 127.0.0.1:%%TLS_PORT%% ssl;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        location = /mdm { mdm connect; client_max_body_size 4m; }
        location /v1/ { mdm api; }
    }
}
CONF

my $pg = $acme->pg;
my $revision = $pg->revision;

my $iphone = $acme->enrolled('iphone');
my @uuid = map { $acme->ask($iphone, $_) } qw(ProfileList SecurityInfo CertificateList);

gets $iphone->idle, $uuid[0], 'the oldest command goes out first';
gets $iphone->idle, $uuid[0], '... and again, when no answer came';
gets $iphone->report($uuid[0], 'Acknowledged'), $uuid[1],
    'the answer brings the second';
gets $iphone->report($uuid[1], 'Acknowledged'), $uuid[2], '... and so the third';
gets $iphone->report($uuid[2], 'Acknowledged'), undef, '... and so the end';
is_deeply [ map { $acme->state_of($iphone, $_) } @uuid ], [ ('ACKNOWLEDGED') x 3 ],
    'all three are acknowledged';
is $pg->psql('SELECT delivered_count FROM mdm.result ORDER BY queued_at LIMIT 1'),
    2, 'the history counts both deliveries of the first';

# What may run once only.

my $erase = $acme->ask($iphone, 'EraseDevice');
gets $iphone->idle, $erase, 'EraseDevice goes out';
gets $iphone->idle, undef, '... once';
is $acme->state_of($iphone, $erase), 'STALLED: delivered, outcome unknown',
    '... and is then set aside';
my $list = $acme->ask($iphone, 'ProfileList');
gets $iphone->idle, $list, '... while others go on';
gets $iphone->report($list, 'Acknowledged'), undef, '... without it';

sub release {
    my ($uuid) = @_;

    return $pg->psql(sprintf "SELECT $revision.command_release(tenant_id,
        'anna', '', '%s', '', '%s') FROM mdm.tenant", $iphone->enrollment, $uuid);
}

is release($list), 'unknown', 'what is done cannot be released';
is release($erase), 'ok', 'a person releases EraseDevice';
is $acme->state_of($iphone, $erase), 'STALLED: released, goes out again',
    '... which the queue shows';
gets $iphone->idle, $erase, '... and it goes out';
is release($erase), 'not_stalled', '... which cannot be hastened';
gets $iphone->idle, undef, '... once again';
gets $iphone->report($erase, 'Acknowledged'), undef, 'its answer is taken';
is $acme->state_of($iphone, $erase), 'ACKNOWLEDGED', '... and counts';

# Urgent ones, and the fifth delivery without an answer.

$list = $acme->ask($iphone, 'ProfileList');
gets $iphone->idle, $list, 'a command is delivered and not answered';
my $lock = $acme->ask($iphone, 'DeviceLock');
gets $iphone->idle, $lock, 'DeviceLock goes before it';
gets $iphone->report($lock, 'Acknowledged'), $list, '... then it comes again';
gets $iphone->idle, $list, "... delivery $_" for 3 .. 5;
my $next = $acme->ask($iphone, 'CertificateList');
gets $iphone->idle, $next, 'after five deliveries the next one goes out';
is $acme->state_of($iphone, $list),
    'STALLED: delivered 5 times without an answer', '... the silent one is aside';
gets $iphone->report($next, 'Acknowledged'), undef, '... until a person decides';

# Two connections at once, as when a device gives one up and repeats itself.

my $twice = $iphone->with(client => $iphone->{client}->with);

for my $status ('Acknowledged', 'Error', 'NotNow') {
    $list = $acme->ask($iphone, 'ProfileList');
    $next = $acme->ask($iphone, 'CertificateList');
    $_->begin('idle') for $iphone, $twice;
    gets $_->finish, $list, 'two polls at once get the same command'
        for $iphone, $twice;
    $_->begin('report', $list, $status) for $iphone, $twice;
    gets $_->finish, $next, "... and two reports of $status the same next one"
        for $iphone, $twice;
    is $pg->psql("SELECT count(*) FROM mdm.result WHERE command_uuid = '$list'"),
        $status eq 'NotNow' ? 0 : 1, '... but the command ends once';
    $iphone->report($next, 'Acknowledged');
}
$iphone->idle;
$iphone->report($list, 'Acknowledged');

# Refusals of the device.

sub refused {
    my ($status, %keys) = @_;

    my $uuid = $acme->ask($iphone, 'Settings');
    $iphone->idle;
    gets $iphone->report($uuid, $status, %keys), undef, "$status closes a command";

    return $acme->state_of($iphone, $uuid);
}

is refused('Error', ErrorChain => [
        { ErrorDomain => 'MDMErrorDomain', ErrorCode => integer(12021) },
        { ErrorDomain => 'Other', ErrorCode => integer(1) } ]),
    'ERROR: MDMErrorDomain 12021', '... with the first error of the chain';
is refused('Error'), 'ERROR: the device gave no reason', '... without a chain';
is refused('CommandFormatError'), 'ERROR: the device could not read the command',
    '... as an error';

is_deeply [ $pg->query("SELECT * FROM $revision.check()") ], [],
    'the database is consistent';

done_testing;
