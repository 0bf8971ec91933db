# Who owns a device and whether it is supervised: recorded as devices say, shown
# by the API and by mdmctl.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Acme;
use MDM::Test::Plist qw(true false integer);

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
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; }
    }
}
CONF

my ($pg, $api) = ($acme->pg, $acme->api);

# Asks DeviceInformation and lets the device answer it so.

sub inform {
    my ($channel, $status, %facts) = @_;

    my $uuid = $acme->ask($channel, 'DeviceInformation', Queries => [ keys %facts ]);
    $channel->idle->{command_uuid} eq $uuid or die 'not delivered';

    return $channel->report($uuid, $status, QueryResponses => \%facts)->{status};
}


sub item {
    my ($channel) = @_;

    my $written = $channel->enrollment;

    my ($item) = grep {
        join(':', $_->{device_id}, $_->{user_id} || ()) eq $written
    } @{ $api->api(GET => '/v1/enrollments')->{json}{items} };

    return $item;
}


sub supervised { return word(item($_[0])->{supervised}) }

sub word { return defined $_[0] ? $_[0] ? 'yes' : 'no' : 'unknown' }

# Columns of the line that "mdmctl devices" has for a channel.

sub shown {
    my ($channel) = @_;

    my ($exit, $text) = mdmctl('--database', $pg->conninfo, 'devices');
    my ($head, @lines) = split /\n/, $text;
    my ($line) = grep { /^\Q$channel\E\s/ } @lines;

    my $from = index $head, 'CHANNEL';
    my $to = index $head, 'STATE';

    return defined $line ? join(' ', split ' ', substr $line, $from, $to - $from)
        : "not shown:\n$text";
}


my $iphone = $acme->device('iphone', facts => { SerialNumber => 'F2LX', OSVersion => '26.0',
    BuildVersion => '23A341', ProductName => 'iPhone17,2', IMEI => '35 000000 000000 1',
    MEID => '35000000000000' });
my $mac = $acme->device('mac', facts => { SerialNumber => 'C02X', OSVersion => '26.1',
    BuildVersion => '25B1', ProductName => 'Mac16,1', DeviceName => "Anna's Mac",
    Model => 'Mac16,1', ModelName => 'MacBook Pro' });
my $ipad = $acme->device('ipad');
my $byod = $acme->device('byod', enrollment_id => 'BYOD-230');

my %channel = (
    iphone => $iphone,
    mac    => $mac,
    anna   => $mac->user('5D5E4B2A-0001-4000-8000-000000000230', 'anna', 'Anna'),
    ipad   => $ipad,
    one    => $ipad->shared_user('one@school.example', 'One'),
    two    => $ipad->shared_user('two@school.example', 'Two'),
    byod   => $byod,
    bea    => $byod->user('BYUSER-230', 'bea', 'Bea'),
);

for my $name (qw(iphone mac anna ipad one two byod bea)) {
    is $channel{$name}->enroll->{status}, 200, "$name enrols";
}

my %kind = (
    iphone => 'device organization',        mac => 'device organization',
    anna   => 'user organization',          ipad => 'device shared',
    one    => 'shared_user shared',         two => 'shared_user shared',
    byod   => 'enrollment user',            bea => 'enrollment_user user',
);

for my $name (sort keys %kind) {
    my $item = item($channel{$name});

    is "$item->{channel} $item->{ownership}", $kind{$name},
        "$name is recorded by its channel and owner";
    ok !exists $item->{supervised}, '... of supervision nothing is known';
    like shown($channel{$name}->enrollment), qr/^\Q$kind{$name}\E( -)?$/,
        '... and mdmctl shows the same';
}

is_deeply [ @{ item($iphone) }{qw(serial os_version model)} ],
    [ 'F2LX', '26.0', 'iPhone17,2' ], 'what Authenticate told is shown';
is_deeply [ @{ item($mac) }{qw(serial os_version model)} ],
    [ 'C02X', '26.1', 'Mac16,1' ], '... of a Mac, too';
is $pg->psql("SELECT string_agg(name || '=' || value_text, ' ' ORDER BY name)
                FROM mdm.attribute JOIN mdm.enrollment USING (tenant_id, enrollment_id)
               WHERE device_id = '" . $mac->device_id . "'"),
    "BuildVersion=25B1 DeviceName=Anna's Mac Model=Mac16,1 ModelName=MacBook Pro"
    . ' OSVersion=26.1 ProductName=Mac16,1 SerialNumber=C02X',
    '... and all of it is kept';

# IsSupervised.

is inform($iphone, 'Error', IsSupervised => true()), 200, 'an Error says nothing';
is supervised($iphone), 'unknown', '... of supervision';
is inform($iphone, 'Acknowledged', OSVersion => '26.0.1'), 200,
    'nor does an answer without IsSupervised';
is supervised($iphone), 'unknown', '... of supervision';
is item($iphone)->{os_version}, '26.0.1', '... but the rest is kept';

is inform($iphone, 'Acknowledged', IsSupervised => true()), 200,
    'an iPhone says that it is supervised';
is supervised($iphone), 'yes', '... which is shown';
like shown($iphone->enrollment), qr/^device organization yes$/, '... by mdmctl, too';
is inform($mac, 'Acknowledged', IsSupervised => false()), 200,
    'a Mac says that it is not';
is supervised($mac), 'no', '... which is shown';
like shown($mac->enrollment), qr/^device organization no$/, '... by mdmctl, too';
is inform($ipad, 'Acknowledged', IsSupervised => true(), ResidentUsers => integer(2)),
    200, 'a Shared iPad says that it is';
is supervised($ipad), 'yes', '... which is shown';
is inform($byod, 'Acknowledged', IsSupervised => false()), 200,
    'a user enrolment says that it is not';
is supervised($byod), 'no', '... which is shown';
is inform($channel{anna}, 'Acknowledged', DeviceName => 'x'), 200,
    'a user of a Mac answers, too';
is supervised($channel{anna}), 'unknown', '... and is not supervised himself';

for my $value ('no', 'perhaps', integer(7)) {
    is inform($iphone, 'Acknowledged', IsSupervised => $value), 200,
        'an IsSupervised that is no boolean is taken';
    is supervised($iphone), 'yes', '... and changes nothing';
}
is inform($iphone, 'Acknowledged', IsSupervised => false()), 200,
    'supervision may end';
is supervised($iphone), 'no', '... which is shown';

# Users come and go.

ok !item($channel{anna})->{dormant}, 'a user who was here today is not dormant';
$api->api(PUT => '/v1/enqueue/' . $channel{anna}->enrollment,
    $mac->command('ProfileList'));
$pg->psql("UPDATE mdm.enrollment_seen SET seen_at = seen_at - interval '2 days'");
$pg->psql("UPDATE mdm.enrollment SET token_at = token_at - interval '2 days'");
ok item($channel{anna})->{dormant}, 'after two days without contact he is';
ok !item($mac)->{dormant}, '... his Mac never';
is $api->api(GET => '/v1/enrollments/' . $channel{anna}->enrollment . '/queue')
    ->{json}{items}[0]{next}, 'It waits for the user to log in.',
    '... and his queue says what it waits for';

# A new enrolment begins anew.

is $iphone->enroll->{status}, 200, 'the iPhone enrols anew';
is supervised($iphone), 'unknown', '... and of its supervision nothing is known';

my $revision = $pg->revision;
is_deeply [ $pg->query("SELECT * FROM $revision.check()") ], [],
    'the database is consistent';

done_testing;
