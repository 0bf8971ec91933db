# One stored command, a text of its own for each device: values of attributes and
# of the enrolment, a token out of escrow, texts of a profile; and what becomes of
# a command whose values are not known.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Acme;
use MDM::Test::Plist qw(plist_string true);

my $acme  = MDM::Test::Acme->start;
my $nginx = $acme->nginx(<<'CONF');
load_module %%MODULE%%;
events { worker_connections 256; }
thread_pool mdm threads=2;
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
        location /v1/ { mdm api; client_max_body_size 4m; }
    }
}
CONF

my ($pg, $api) = ($acme->pg, $acme->api);

my @serial = ('C02<&>"X', "SN%UDID%", 'Zürich');

# A command for channels, and what it wants.

sub ask {
    my ($channels, $wants, $type, %keys) = @_;

    my $uuid = MDM::Test::Device->uuid;
    $acme->enqueue(join(',', map { $_->enrollment } @$channels),
        MDM::Test::Device->command($type, $uuid, %keys));
    $pg->psql("UPDATE mdm.command SET wants = '$wants' WHERE command_uuid = '$uuid'");

    return $uuid;
}


sub ends_as {
    my ($uuid, $expected, $name) = @_;

    is $pg->psql("SELECT from_state, state, reason, delivered_count, pushed_at IS NULL
        FROM mdm.result WHERE command_uuid = '$uuid'"), $expected, $name;
}


my @device = map { $acme->enrolled("device $_", udid => "UDID-$_",
    facts => { SerialNumber => $serial[$_], OSVersion => '17.5' }) } 0 .. 2;
my $user = $device[0]->user('501-ANNA', 'anna', 'Anna Example');
$user->token_update;

subtest 'each device gets its own' => sub {
    my $uuid = ask(\@device, '{SerialNumber,UDID,OSVersion}', 'Settings',
        Settings => [{ Item => 'DeviceName',
            DeviceName => '%SerialNumber% %OSVersion% %%OSVersion%% 5% %Other%' }],
        '%UDID%' => '%UDID%', RequestRequiresNetworkTether => true);
    my $stored = $pg->psql("SELECT md5(payload) FROM mdm.command
        WHERE command_uuid = '$uuid'");

    for my $n (0 .. 2) {
        my $answer = $device[$n]->idle;

        is $answer->{command_uuid}, $uuid, "device $n gets the command";
        is plist_string($answer->{body}, 'DeviceName'),
            "$serial[$n] 17.5 %OSVersion% 5% %Other%",
            '... with its serial number, which is not looked through again';
        is plist_string($answer->{body}, '%UDID%'), "UDID-$n",
            '... and its UDID, while names of members stay as they are';
        is plist_string($device[$n]->idle->{body}, 'DeviceName'),
            "$serial[$n] 17.5 %OSVersion% 5% %Other%",
            '... when it is offered again, too';
        is $device[$n]->report($uuid, 'Acknowledged')->{status}, 200, '... and answers';
    }

    unlike $api->api(GET => "/v1/commands/$uuid?payload=1")->{body}, qr/Zürich|C02/,
        'the API shows the command as it was asked';
    is $pg->psql("SELECT md5(payload) FROM mdm.command WHERE command_uuid = '$uuid'"),
        $stored, 'nothing was stored anew';
};


subtest 'a user has the names of the enrolment, and what the device has' => sub {
    $pg->psql(q{INSERT INTO mdm.attribute (tenant_id, enrollment_id, name, value_text,
                                           value_number, value_boolean, value_time)
        SELECT e.tenant_id, e.enrollment_id, v.*
          FROM mdm.enrollment e,
               (VALUES ('OSVersion', '18', NULL::numeric, NULL::boolean, NULL::timestamptz),
                       ('Number', NULL, 17.500, NULL, NULL),
                       ('Float', NULL, 0.84999999999999998, NULL, NULL),
                       ('Yes', NULL, NULL, true, NULL),
                       ('Time', NULL, NULL, NULL, '2026-05-04T10:15:00+02:00')) v
         WHERE e.user_id = '501-ANNA'});

    my @names = qw(SerialNumber OSVersion UDID EnrollmentID EnrollmentUserID UserShortName
        UserLongName Number Float Yes Time);
    ask([$user], '{' . join(',', @names) . '}', 'ProfileList',
        Names => join '|', map { "%$_%" } @names);

    is plist_string($user->idle->{body}, 'Names'), join('|', $serial[0], '18', 'UDID-0',
        'UDID-0', '501-ANNA', 'anna', 'Anna Example', '17.5', '0.85', 'true',
        '2026-05-04T08:15:00.000Z'), 'all are put in';
};


subtest 'a secret comes out of escrow' => sub {
    my $uuid = ask([$device[0]], '{UnlockToken<unlock_token}', 'ClearPasscode');

    $device[0]->token_update(UnlockToken => \"old\0token");
    $device[0]->token_update(UnlockToken => \"new\0token");
    is plist_string($device[0]->idle->{body}, 'UnlockToken'), "new\0token",
        'the newest that the device gave';
    unlike $pg->psql('SELECT mdm_r2.wanted(1, enrollment_id, \'{UnlockToken<unlock_token}\')
        FROM mdm.enrollment WHERE device_id = \'UDID-0\' AND user_id = \'\''),
        qr/new|bmV3/, '... which PostgreSQL knows sealed only';
    $device[0]->report($uuid, 'Acknowledged');

    $uuid = ask([$user], '{UnlockToken<unlock_token}', 'ClearPasscode');
    my $answer = $user->report($user->idle->{command_uuid}, 'Acknowledged');
    is plist_string($answer->{body}, 'UnlockToken'), "new\0token",
        'a user channel gets that of its device';
    $user->report($uuid, 'Acknowledged');

    $uuid = ask([$device[1]], '{UnlockToken<unlock_token}', 'ClearPasscode');
    is $device[1]->idle->{command_uuid}, undef, 'who gave none gets no command';
    ends_as $uuid, 'PUSH|ERROR|no unlock_token of the device is in escrow|0|t',
        '... which ends with that reason';

    $uuid = ask([$device[0]], '{UnlockToken<unlock_token}', 'ProfileList');
    $pg->psql(q{CREATE TABLE kept AS SELECT secret_id, value FROM mdm.secret;
        UPDATE mdm.secret SET value = decode('00', 'hex') || substr(value, 2)});
    is $device[0]->idle->{status}, 503, 'one that cannot be opened is a fault of ours';
    $pg->psql('UPDATE mdm.secret s SET value = k.value FROM kept k
                WHERE k.secret_id = s.secret_id');
    $answer = $device[0]->idle;
    is $answer->{command_uuid}, $uuid, '... and the command goes out afterwards';
    $device[0]->report($uuid, 'Acknowledged');
};


subtest 'a profile is looked through' => sub {
    my $profile = MDM::Test::Device->profile('com.example.mail',
        EmailAddress => '%SerialNumber%@example.com');
    my $uuid = ask([$device[0]], '{SerialNumber,Payload:profile}', 'InstallProfile',
        Payload => \$profile);
    my $answer = $device[0]->idle;

    is plist_string(plist_string($answer->{body}, 'Payload'), 'EmailAddress'),
        "$serial[0]\@example.com", 'its texts have the values of the device';
    $device[0]->report($uuid, 'Acknowledged');
};


subtest 'asked in typed JSON' => sub {
    my $typed = sub {
        my $answer = $api->api(POST => '/v1/commands', { request_type => $_[0],
            to => { enrollments => [ 'UDID-0' ] }, command => $_[1] });
        is $answer->{status}, 200, "$_[0] is queued" or diag $answer->{body};
        return $device[0]->idle;
    };
    my $done = sub { $device[0]->report($_[0]{command_uuid}, 'Acknowledged') };

    my $answer = $typed->('ClearPasscode', {});
    is plist_string($answer->{body}, 'UnlockToken'), "new\0token",
        'the token comes without being asked for';
    $done->($answer);

    $answer = $typed->('InstallProfile', { Payload => {
        PayloadIdentifier => 'com.example.%SerialNumber%', PayloadDisplayName => 'x',
        PayloadContent => [{ PayloadType => 'com.apple.webClip.managed', IsRemovable => \1,
            PayloadDisplayName => 'y', Label => '5%% of %SerialNumber%',
            URL => 'https://example.com/?%UDID%' }] } });
    my $profile = plist_string($answer->{body}, 'Payload');
    is plist_string($profile, 'Label'), "5% of $serial[0]", 'a text of a profile is filled in';
    is plist_string($profile, 'URL'), 'https://example.com/?UDID-0', '... and another';
    $done->($answer);
};


subtest 'what is not known' => sub {
    my @uuid = map { ask([$device[2]], $_->[0], 'ProfileList', A => $_->[1]) }
        ['{Unknown}', '%Unknown%'], ['{SerialNumber}', '%SerialNumber%'],
        ['{AssetTag}', '%AssetTag%'], ['{Broken}', '%Broken%'], ['{UDID}', '%UDID%'];
    $pg->psql(q{INSERT INTO mdm.attribute (tenant_id, enrollment_id, name, value_text)
        SELECT tenant_id, enrollment_id, 'Broken', E'a\x01'
          FROM mdm.enrollment WHERE device_id = 'UDID-2'});

    my $answer = $device[2]->idle;
    is "$answer->{status} $answer->{command_uuid}", "200 $uuid[1]",
        'the command after it comes in the same answer';
    ends_as $uuid[0], 'PUSH|ERROR|no value for %Unknown%|0|t',
        '... and it ends as an error that names the value, never delivered';
    is $pg->psql("SELECT type, data ->> 'reason', data ->> 'device_id' FROM mdm.event
        WHERE data ->> 'command_uuid' = '$uuid[0]'"),
        'command_failed|no value for %Unknown%|UDID-2', '... with an event';

    $answer = $device[2]->report($uuid[1], 'Acknowledged');
    is "$answer->{status} $answer->{command_uuid}", "200 $uuid[4]",
        'after a report, two that fail in a row are passed over';
    ends_as $uuid[2], 'PUSH|ERROR|no value for %AssetTag%|0|t', '... one for its value';
    ends_as $uuid[3], 'PUSH|ERROR|the value for %Broken% has a character that a property '
        . 'list cannot hold|0|t', '... one for what is in it';
    is $device[2]->report($uuid[4], 'Acknowledged')->{body}, '', '... and that is all';

    # NotNow first, then an Idle that cannot be filled in any more.
    my ($later, $next) = map { ask([$device[2]], '{Tag}', 'ProfileList', A => '%Tag%') } 1, 2;
    $pg->psql(q{INSERT INTO mdm.attribute (tenant_id, enrollment_id, name, value_text)
        SELECT tenant_id, enrollment_id, 'Tag', 'T'
          FROM mdm.enrollment WHERE device_id = 'UDID-2'});
    is $device[2]->idle->{command_uuid}, $later, 'a command goes out';
    is $device[2]->idle->{command_uuid}, $later, '... and again';
    $pg->psql(q{DELETE FROM mdm.attribute WHERE name = 'Tag'});
    is $device[2]->idle->{command_uuid}, undef, 'then its value is gone';
    ends_as $later, 'PUSH|ERROR|no value for %Tag%|2|f', '... so it ends as an error';
    is $device[2]->report($later, 'Acknowledged')->{status}, 200,
        'the answer to the earlier delivery comes late';
    ends_as $later, 'ERROR|ACKNOWLEDGED||2|f', '... and is what counts';
    ends_as $next, 'PUSH|ERROR|no value for %Tag%|0|t', 'the other was never delivered';
};


subtest 'many that fail' => sub {
    ask([$device[2]], '{Unknown}', 'ProfileList', A => '%Unknown%') for 1 .. 40;
    my $last = ask([$device[2]], '{UDID}', 'ProfileList', A => '%UDID%');

    is $device[2]->idle->{status}, 503, 'one request goes through a part of them';
    is $device[2]->idle->{command_uuid}, $last, '... and the next one through the rest';
    $device[2]->report($last, 'Acknowledged');
};


subtest 'a large one' => sub {
    my $uuid = ask([$device[1]], '{SerialNumber}', 'ProfileList',
        A => '%SerialNumber% ' x 20000);
    my $answer = $device[1]->idle;

    is length plist_string($answer->{body}, 'A'), 20000 * (1 + length $serial[1]),
        'is filled in by a thread';
    $device[1]->report($uuid, 'Acknowledged');
};


is $pg->psql('SELECT mdm_r2.check()'), '', 'the tables agree with each other';

$nginx->stop;
done_testing;
