# Lists that devices tell: 2,000 apps, one of which goes; parts; answers that come
# twice, late, or while workers die; effects that fail and run again.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Plist qw(true false integer);

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

$pg->psql("ALTER ROLE mdm_device SET lock_timeout = '4s'");

my $nginx = MDM::Test::Nginx->start(pg => $pg, daemon => 1, conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 2;
thread_pool mdm threads=2;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" connections=2;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;

    server {
        listen 127.0.0.1:%%PORT%%;
        client_body_buffer_size 4m;
        client_max_body_size 4m;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; }
    }
}
CONF

sub client { return MDM::Test::Client->new(port => $nginx->port, close => 1) }

my $api = client()->with(token => $token);
my $mac = MDM::Test::Device->new(client => client(), sign => 1,
    certificate => $ca->device('mac'), udid => 'MAC');
my $lists = '/v1/enrollments/MAC/inventory';
my @names = map { sprintf 'com.example.app%04d', $_ } 1 .. 2000;

is $mac->enroll->{status}, 200, 'a Mac enrols';

sub given {
    my (%keys) = @_;

    my $uuid = $mac->uuid;
    my $answer = $api->api(PUT => '/v1/enqueue/MAC',
        $mac->command('InstalledApplicationList', $uuid, %keys));
    $answer->{status} == 200 or die "not queued: $answer->{body}";
    $mac->idle->{command_uuid} eq $uuid or die 'it is not delivered';

    return $uuid;
}

sub apps {
    my ($version, @names) = @_;

    return (InstalledApplicationList => [ map { { Identifier => $_, Name => "App $_",
        Version => $version, BundleSize => integer(4096), Installing => false() } } @names ]);
}

sub told {
    my ($uuid, @apps) = @_;

    my $status = $mac->report($uuid, 'Acknowledged', apps(@apps))->{status};
    $status == 200 or die "the report is answered with $status";
}

# How many are there, and how many are gone.

sub counts {
    my ($list) = @{ $api->api(GET => $lists)->{json}{items} };
    my $gone = $pg->psql('SELECT count(*) FROM mdm.inventory_item WHERE gone_at IS NOT NULL');

    return "$list->{count} $gone";
}

sub app {
    my ($name) = @_;

    return $api->api(GET => "/v1/inventory/applications?item=$name")->{json}{items}[0];
}

sub row { return $pg->psql("SELECT effects_at IS NOT NULL, effects_failed FROM mdm.result
                             WHERE command_uuid = '$_[0]'") }


# The whole list.

my $uuid = given();
told($uuid, '1.0', @names);
is counts(), '2000 0', '2,000 apps';
is_deeply app($names[7])->{value}, { Identifier => $names[7], Name => "App $names[7]",
    Version => '1.0', BundleSize => 4096, Installing => JSON::PP::false },
    'each with what was said of it';

my ($n, $after) = (0, '');
while (defined $after) {
    my $page = $api->api(GET => "$lists/applications?limit=500$after")->{json};
    $n += @{ $page->{items} };
    $after = $page->{next} ? "&after=$page->{next}" : undef;
}
is $n, 2000, '... page by page';

told(given(), '1.0', @names);
is $pg->psql('SELECT count(DISTINCT xmin::text) FROM mdm.inventory_item'), 1,
    'the same once more writes none of them';

my $gone = shift @names;
told(given(), '1.0', @names);
is counts(), '1999 1', 'an app goes';
is app($gone), undef, '... and is not found any more';
told($uuid, '0.9', $gone);
is counts(), '1999 1', 'a report that is repeated changes nothing';
told('never-asked', '0.9', $gone);
is counts(), '1999 1', 'nor does one that nobody asked for';


# Parts: with a command as it is, and a typed one.

told(given(Identifiers => [ 'com.example.new' ]), '2.0', 'com.example.new');
is counts(), '2000 1', 'a part adds an app, and takes none away';
my $typed = $api->api(POST => '/v1/commands', { request_type => 'InstalledApplicationList',
    to => { enrollments => [ 'MAC' ] }, command => { ManagedAppsOnly => JSON::PP::true } });
is $mac->idle->{command_uuid}, $typed->{json}{command_uuid}, 'a typed command for a part';
told($typed->{json}{command_uuid}, '3.0', 'com.example.new');
is counts(), '2000 1', '... takes none away';
is app('com.example.new')->{value}{Version}, '3.0', '... but changes one';
told(given(ManagedAppsOnly => false()), '3.0', @names, 'com.example.new');
is counts(), '2000 1', 'what asks for no part is none';


# Late.

$uuid = given();
$api->api(DELETE => "/v1/commands/$uuid?force=1");
told(given(), '4.0', @names);
is counts(), '1999 2', 'a command is withdrawn, and another answered';
told($uuid, '1.0', $gone);
is counts(), '1999 2', '... and an answer to the first undoes nothing';


# Workers die while the report waits to be stored; the device sends it again.

$uuid = given();
my $holder = $pg->session;
$holder->run('BEGIN; LOCK TABLE mdm.inventory_list IN ACCESS EXCLUSIVE MODE');
my $device = $mac->with(client => client());
$device->begin(report => $uuid, 'Acknowledged', apps('5.0', @names[0 .. 9]));
select undef, undef, undef, 0.3;
$nginx->kill_worker for 1, 2;
eval { $device->finish };
$holder->run('COMMIT');
wait_for(10, sub { my $answer = eval { $mac->with(client => client())->report($uuid,
    'Acknowledged', apps('5.0', @names[0 .. 9])) };
    return $answer && $answer->{status} == 200 }) or die 'the report is not taken';
is counts(), '10 1991', 'workers die while a report is stored';
is row($uuid), 't|', '... whose effects are there once';


# Effects that fail, and run again.

$nginx->expect(qr/more than 10000 items of lists/);
$uuid = given();
told($uuid, '6.0', map { "app$_" } 1 .. 10_001);
is row($uuid), 'f|a report has more than 10000 items of lists', 'more items than there may be';
is counts(), '10 1991', '... leave the list as it is';
is $api->api(POST => "/v1/enrollments/MAC/history/$uuid/effects")->{status}, 422,
    '... again and again';

$uuid = given();
told($uuid, '7.0', $names[0]);
$pg->psql("UPDATE mdm.result SET effects_at = NULL, effects_failed = 'why'
            WHERE command_uuid = '$uuid';
    DELETE FROM mdm.inventory_item; DELETE FROM mdm.inventory_list");
my $answer = $api->api(POST => "/v1/enrollments/MAC/history/$uuid/effects");
is $answer->{json}{effects}{items}, 1, 'effects run again';
is counts(), '1 0', '... and are there';

is $pg->psql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';

is $mac->enroll->{status}, 200, 'the Mac enrols anew';
is_deeply $api->api(GET => $lists)->{json}{items}, [], '... and has told nothing yet';

done_testing;
