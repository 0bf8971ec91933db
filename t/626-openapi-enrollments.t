# Each answer that docs/openapi.json describes of enrolments and identities.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Calls;
use MDM::Test::Plist qw(plist);

# Devices that have done something. Fields that take a life to come by are set.

my ($iphone, $mac, $gone, $lost) = map { enrolled($_) } qw(iphone mac gone lost);
my ($thief, $late) = map { device($_) } qw(thief late);
my $history = '/v1/enrollments/UDID-iphone/history';

sub command { return $iphone->command(@_) }

# Three reports that a handler reads: one as usual, one cut off, and one of an
# enrolment that ends.

sub fill_effects {
    for ([ $iphone, 'facts' ], [ $iphone, 'cut' ], [ $gone, 'went' ]) {
        my ($device, $uuid) = @$_;

        $device->idle->{command_uuid} eq $uuid or die "$uuid is not delivered";

        my $report = plist({ Status => 'Acknowledged', %{ $device->{id} },
            CommandUUID => $uuid, QueryResponses => { DeviceName => 'A' } });
        $report =~ s{</dict>\s*</plist>\s*\z}{} if $uuid eq 'cut';
        $device->send('application/x-apple-aspen-mdm; charset=UTF-8', $report)->{status}
            == 200 or die "the report on $uuid is refused";
    }
    $pg->psql("UPDATE mdm.result SET effects_at = NULL, effects_failed = 'why'
                WHERE command_uuid IN ('cut', 'went')");
}

sub fail_effects {
    $pg->psql("UPDATE mdm.result SET effects_at = NULL, effects_failed = 'why'
                WHERE command_uuid = 'facts'");
}

sub fill_history {
    $iphone->idle;
    $iphone->report_error('open', 'MCMDMErrorDomain', 5);
    $pg->psql('UPDATE mdm.result SET sent_at = now(), notnow_at = now()');
}

calls(
    (map { my $uuid = $_; map { [ PUT => "/v1/enqueue/UDID-$_",
        command('DeviceInformation', $uuid, Queries => [ 'DeviceName' ]), 200 ] }
        $uuid eq 'went' ? 'gone' : 'iphone' } qw(facts cut went)),
    \&fill_effects,
    [ PUT => '/v1/enqueue/UDID-iphone', command('DeviceConfigured', 'open'), 200 ],
    [ PUT => '/v1/enqueue/UDID-iphone', command('UserList', 'waits'), 200 ],
    [ DELETE => '/v1/commands/waits', undef, 200 ],
    [ PUT => '/v1/enqueue/UDID-iphone', command('UserList', 'more'), 200 ],
);

my $user = $mac->user('USER-ann', 'ann', 'Ann Example');
$_->{status} == 200 or die 'a device is refused'
    for $user->token_update, $late->authenticate,
        $mac->checkin('SetBootstrapToken', BootstrapToken => \'boot');
$mac->with(certificate => $thief->{certificate})->idle->{status} == 403
    or die 'a thief is let in';
$pg->psql("UPDATE mdm.enrollment SET supervised = true, rolled_back_at = now()
            WHERE device_id = 'UDID-mac';
           UPDATE mdm.push SET accepted_at = now(), answered_at = now(), apns_id = 'x',
                  error = 'y';
           INSERT INTO mdm.push_stop (tenant_id, enrollment_id, topic, token, reason, counted,
                  stopped_at, probe_at)
           SELECT tenant_id, enrollment_id, topic, push_token, 'x', false, now(), now()
             FROM mdm.enrollment WHERE device_id = 'UDID-iphone'");

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
    [ GET => "$history/open/report?format=json", undef, 200 ],
    [ GET => "$history/open/report?format=x", undef, '400 bad_format' ],
    [ GET => "$history/cut/report?format=json", undef, '409 unreadable_report' ],

    [ POST => "$history/facts/effects", undef, '409 effects_applied' ],
    \&fail_effects,
    [ GET => $history, undef, 200 ],
    [ GET => '/v1/commands/facts', undef, 200 ],
    [ POST => "$history/facts/effects", undef, 200 ],
    [ POST => "$history/cut/effects", undef, '422 effects_failed' ],
    [ POST => "$history/open/effects", undef, '422 no_handler' ],
    [ POST => "$history/none/effects", undef, '404 no_report' ],
    [ POST => "$history/%FF/effects", undef, '400 bad_command_uuid' ],
    [ POST => '/v1/enrollments/UDID-gone/history/went/effects', undef,
        '409 enrollment_changed' ],
    names(POST => '/v1/enrollments/%s/history/open/effects'),

    (map { [ GET => "/v1/enrollments$_", undef, 200 ] } '', map { "?$_" } @filters),
    pages('/v1/enrollments'),
    [ GET => '/v1/enrollments?kind=x', undef, '400 bad_filter' ],

    (map { [ GET => "/v1/enrollments/UDID-$_", undef, 200 ] }
        qw(iphone mac mac:USER-ann gone late)),
    names(GET => '/v1/enrollments/%s'),

    [ PUT => '/v1/enqueue/UDID-lost', command('RestartDevice', 'again'), 200 ],
    sub { $lost->idle for 1, 2 },
    [ GET => '/v1/enrollments/UDID-lost/why', undef, 200 ],
    names(GET => '/v1/enrollments/%s/why'),

    [ GET => '/v1/enrollments/UDID-mac/secrets/unlock_token', undef, 200 ],
    [ GET => '/v1/enrollments/UDID-iphone/secrets/bootstrap_token', undef,
        '404 no_secret' ],
    [ GET => '/v1/enrollments/UDID-mac/secrets/unlock_token?history=1', undef, 200 ],
    [ GET => '/v1/enrollments/UDID-mac/secrets/x', undef, '404 no_secret' ],
    [ GET => '/v1/enrollments/UDID-mac/secrets/%201', undef, '400 bad_secret_kind' ],
    [ GET => '/v1/enrollments/UDID-mac/secrets', undef, 200 ],
    names(GET => '/v1/enrollments/%s/secrets'),
    names(GET => '/v1/enrollments/%s/secrets/unlock_token'),

    sub { alter(@$_) for [qw(result report)], [qw(secret value)] },
    [ GET => "$history/open/report", undef, '503 cannot_open' ],
    \&fail_effects,
    [ POST => "$history/facts/effects", undef, '503 cannot_open' ],
    [ GET => '/v1/enrollments/UDID-mac/secrets/unlock_token', undef, '503 cannot_open' ],

    [ PATCH => '/v1/enrollments/UDID-iphone/attributes', { a => 'x', b => 1.5, c => \1,
        d => { time => '2026-05-04T08:15:00Z' }, e => undef }, 200 ],
    [ PATCH => '/v1/enrollments/UDID-iphone/attributes', { x => [] }, '400 bad_body' ],
    [ PATCH => '/v1/enrollments/a,b/attributes', { x => 1 }, '400 bad_enrollment_id' ],
    [ PATCH => '/v1/enrollments/x/attributes', { x => 1 }, '404 unknown_enrollment' ],

    [ DELETE => '/v1/enrollments/UDID-mac', undef, 200 ],
    [ DELETE => '/v1/enrollments/UDID-mac', undef, '409 not_live' ],
    [ DELETE => '/v1/enrollments/UDID-mac:USER-ann', undef, '400 not_a_device' ],
    names(DELETE => '/v1/enrollments/%s'),
    [ DELETE => '/v1/identities/' . $lost->{certificate}->sha256, undef, 200 ],
    [ DELETE => '/v1/identities/x', undef, '400 bad_fingerprint' ],
    [ DELETE => '/v1/identities/' . '0' x 64, undef, '404 unknown_identity' ],
    [ GET => '/v1/enrollments/UDID-lost', undef, 200 ],
);

finish('enrollments', id => 'UDID-iphone', command_uuid => 'open');
