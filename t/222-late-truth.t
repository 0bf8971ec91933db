# What a device says counts, however late, however broken, and once: reports on
# commands that were closed, repeated, unknown or cut; and what is kept of them.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Acme qw(gets);
use MDM::Test::Plist qw(plist true);

my $acme  = MDM::Test::Acme->start(conf => { log_statement => 'all' });
my $nginx = $acme->nginx(<<'CONF', level => 'debug');
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

my ($pg, $api) = ($acme->pg, $acme->api);
my $revision = $pg->revision;

my $iphone = $acme->device('iphone');
my $path = '/v1/enrollments/' . $iphone->enrollment;

is $iphone->enroll->{status}, 200, 'a device enrols';

sub ask { return $acme->ask($iphone, @_) }

# A command that the device has, and has not answered.

sub given {
    my $uuid = ask(@_);

    $iphone->idle->{command_uuid} eq $uuid or die "$_[0] is not delivered";

    return $uuid;
}


sub cancel { return $api->api(DELETE => "/v1/commands/$_[0]?force=1")->{status} }

sub expire {
    $pg->psql("UPDATE mdm.queue SET expires_at = now() WHERE command_uuid = '$_[0]'");
    $pg->psql("SELECT $revision.sweep(100)");
}


# The history of a command, oldest row first.

sub history {
    my ($uuid) = @_;

    return join ', ', map { join ': ', $_->{state}, $_->{reason} // () }
        grep { $_->{command_uuid} eq $uuid }
        reverse @{ $api->api(GET => "$path/history")->{json}{items} };
}


# Closed here, answered there.

my $uuid = given('DeviceInformation');
is cancel($uuid), 200, 'a delivered command is cancelled';
is history($uuid), 'CANCELLED: cancelled by test', '... and closed';
gets $iphone->report($uuid, 'NotNow'), undef, 'a late NotNow is taken';
is history($uuid), 'CANCELLED: cancelled by test', '... and changes nothing';
gets $iphone->report($uuid, 'Acknowledged', QueryResponses => {
    IsSupervised => true(), DeviceName => 'late' }), undef,
    'a late answer is taken';
is history($uuid), 'ACKNOWLEDGED', '... and is what became of the command';
my ($item) = @{ $api->api(GET => '/v1/enrollments')->{json}{items} };
ok $item->{supervised}, '... and what it says is kept';
gets $iphone->report($uuid, 'Acknowledged', QueryResponses => {
    DeviceName => 'later' }), undef, 'its repetition is taken';
gets $iphone->report_error($uuid), undef, '... and so is a contradiction';
is history($uuid), 'ACKNOWLEDGED', '... and both change nothing';
is $pg->psql("SELECT value_text FROM mdm.attribute WHERE name = 'DeviceName'"),
    'late', '... not even what was kept';

$uuid = given('Settings');
expire($uuid);
is history($uuid), 'EXPIRED: its time ran out', 'a delivered command expires';
gets $iphone->report_error($uuid, 'MCMDMErrorDomain', 7), undef,
    'its late answer is taken';
is history($uuid), 'ERROR: MCMDMErrorDomain 7', '... and counts';

$uuid = given('RestartDevice');
gets $iphone->idle, undef, 'RestartDevice is not answered and set aside';
gets $iphone->report($uuid, 'Acknowledged'), undef, 'its late answer is taken';
is history($uuid), 'ACKNOWLEDGED', '... and counts';
is scalar @{ $api->api(GET => "$path/queue")->{json}{items} }, 0,
    '... and nothing waits any more';

$uuid = ask('ProfileList');
is cancel($uuid), 200, 'a command is cancelled before it goes out';
gets $iphone->report($uuid, 'Acknowledged'), undef, 'an answer to it is taken';
is history($uuid),
    'CANCELLED: cancelled by test, UNASKED', '... and kept beside it';

# Repeated at once, while others wait.

my ($first, $second) = (given('ProfileList'), ask('SecurityInfo'));
gets $iphone->report($first, 'Acknowledged'), $second, 'an answer brings the next';
gets $iphone->report($first, 'Acknowledged'), $second,
    '... and its repetition the same, which the device may have missed';
gets $iphone->report($second, 'Acknowledged'), undef, '... until that is answered';
is history($first), 'ACKNOWLEDGED', 'the first has one row';

# Nobody asked for it.

my $planted = 'PLANTED-SECRET-' . $iphone->uuid;

my $stray = $iphone->uuid;
gets $iphone->report($stray, 'Acknowledged', Note => "$planted-stray"), undef,
    'an answer to a command that nobody asked is taken';
gets $iphone->report_error($stray), undef, '... and so is its repetition';
is history($stray), 'UNASKED', '... and kept once';

# Broken ones.  Keys are sorted, so that what is cut is the note.

sub cut {
    my ($uuid, %keys) = @_;

    my $body = plist({ Status => 'Acknowledged', CommandUUID => $uuid,
        %{ $iphone->{id} }, ZNote => "$planted-cut" . 'x' x 3000, %keys });

    return $iphone->send('application/x-apple-aspen-mdm',
        substr $body, 0, 2 * length($body) / 3);
}

($first, $second) = (given('ProfileList'), ask('SecurityInfo'));
gets cut($first), $second, 'an answer that was cut brings the next command';
is history($first), 'ERROR: the report could not be read',
    '... and closes its own as an error';
gets cut($first), $second, '... and so does its repetition';
gets $iphone->report($second, 'Acknowledged'), undef, 'the next one is done';
is history($first), 'ERROR: the report could not be read', 'the first is not, still';

$uuid = given('ProfileList');
gets $iphone->report($uuid, 'Perhaps'), undef, 'a Status that Apple does not have';
is history($uuid), 'ERROR: the report could not be read', '... is an error, too';

$uuid = given('ProfileList');
is cut($uuid, UDID => undef)->{status}, 400, 'without a device it is refused';
is $iphone->send('application/x-apple-aspen-mdm', 'no property list')->{status},
    400, '... and so is what is no property list';
is $iphone->idle->{command_uuid}, $uuid, '... and the command waits on';
gets $iphone->report($uuid, 'Acknowledged', QueryResponses =>
    { Planted => "$planted-report" }), undef, '... and is done';

# What is kept is sealed.

given('Settings', Settings => [ { Item => "$planted-payload" } ]);

my ($exit, $dump) = run_command(MDM::Test::Postgres::program('pg_dump'), '-d',
    $pg->conninfo);
is $exit, 0, 'the database is dumped';
like $dump, qr/\Q$uuid\E/, '... with its commands';
is $pg->psql('SELECT count(*) FROM mdm.result
               WHERE reported_at IS NOT NULL
                 AND coalesce(octet_length(report), 0) < 200'), 0, 'all answers are kept';
is $pg->psql('SELECT count(*) FROM mdm.command WHERE octet_length(payload) < 200'),
    0, '... and all commands';

my %searched = ('the dump' => $dump, "PostgreSQL's log" => $pg->log,
    "nginx's logs" => $nginx->error_log . $nginx->access_log);

for my $where (sort keys %searched) {
    my $hex = unpack 'H*', $planted;

    unlike $searched{$where}, qr/\Q$planted\E|$hex/i, "... but not in $where";
}

is_deeply [ $pg->query("SELECT * FROM $revision.check()") ], [],
    'the database is consistent';

done_testing;
