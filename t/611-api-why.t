# Why has a device not done what was asked? Every answer that there is, brought
# about, alone and in order.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $topic = 'com.apple.mgmt.External.test';

# A push certificate in place of those that the topic had.

sub push_certificate {
    my ($not_after) = @_;

    $pg->psql("DELETE FROM mdm.push_certificate");
    $pg->psql("INSERT INTO mdm.push_certificate (tenant_id, topic, certificate,
            private_key, not_before, not_after, subject, issuer, serial, fingerprint)
        SELECT tenant_id, '$topic', '', '', '2026-01-01',
               $not_after, 's', 'i', '01', '' FROM mdm.tenant") if defined $not_after;
}

push_certificate("'2999-01-01'");

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; client_max_body_size 4m; }
        location /v1/ { mdm api; client_max_body_size 4m; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);

sub device {
    my ($udid) = @_;

    my $device = MDM::Test::Device->new(client => $client, sign => 1, udid => $udid,
        topic => $topic, certificate => $ca->device($udid));
    $device->enroll->{status} == 200 or die "$udid does not enrol";

    return $device;
}


sub ask {
    my ($device, $uuid, $command) = @_;

    my $answer = $api->api(PUT => '/v1/enqueue/' . $device->enrollment,
        $command // $device->command('ProfileList', $uuid));
    $answer->{status} == 200 or die "enqueue: $answer->{body}";
}


sub answers {
    my ($device) = @_;

    my $path = '/v1/enrollments/' . (ref $device ? $device->enrollment : $device) . '/why';

    return $api->api(GET => $path)->{json};
}

sub codes { return join ' ', map { $_->{code} } @{ answers($_[0])->{answers} } }

# One answer of a device, as "uuid: what it means".

sub means {
    my ($device, $code) = @_;

    my ($answer) = grep { $_->{code} eq $code } @{ answers($device)->{answers} };

    return ($answer->{command_uuid} // '-') . ': ' . ($answer->{means} // 'nothing');
}

# Moves times of a device's rows into the past.

sub past {
    my ($device, $set, $table) = @_;

    my ($id, $user) = split /:/, $device->enrollment;
    $pg->psql("UPDATE mdm." . ($table // 'enrollment') . " t SET $set
        FROM mdm.enrollment e WHERE t.enrollment_id = e.enrollment_id
         AND e.device_id = '$id' AND e.user_id = '" . ($user // '') . "'")
}


# In order, as a command goes.

my $phone = device('PHONE');
my $why = answers($phone);
is "$why->{enrollment} $why->{state} " . codes($phone), 'PHONE live nothing_waits',
    'nothing waits';

ask($phone, 'one');
is codes($phone), 'pushes_not_configured', 'a command waits for the device to come';
$why = answers($phone)->{answers}[0];
like $why->{since}, qr/\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\z/, '... since when';
is "$why->{means} $why->{next}", 'Commands wait, and this server does not push: nothing '
    . 'wakes the device. Write mdm_apns into nginx.conf. The commands go out when the '
    . 'device next comes by itself.',
    '... in plain words';
is_deeply [ sort keys %$why ], [qw(code means next since)], '... and no more';

is $phone->idle->{command_uuid}, 'one', 'the device takes it';
is codes($phone), 'unanswered', 'it has not answered';
is means($phone, 'unanswered'),
    'one: The device was given a command and has not answered it.', '... as is said';

$phone->report('one', 'NotNow');
is codes($phone), 'not_now', 'it cannot now';
is means($phone, 'not_now'),
    'one: The device said that it cannot do a command now.', '... as is said';
ask($phone, 'two');
is codes($phone), 'pushes_not_configured not_now', 'two reasons stand together';
$phone->idle;
$phone->report('one', 'Acknowledged');
$phone->idle;
$phone->report('two', 'Acknowledged');
is codes($phone), 'nothing_waits', 'all is done';


# What a person has to see to.

my $stalled = device('STALLED');
ask($stalled, 'restart', $stalled->command('RestartDevice', 'restart'));
$stalled->idle;
$stalled->idle;
is codes($stalled), 'stalled', 'a restart of unknown outcome waits for a person';
is means($stalled, 'stalled'), 'restart: A command was delivered and its outcome is '
    . 'unknown: it does not go out again by itself.', '... as is said';

my $blocked = device('BLOCKED');
ask($blocked, 'first', $blocked->install_profile('profile', 'first'));
$blocked->idle;
ask($blocked, 'second', $blocked->install_profile('profile', 'second'));
is codes($blocked), 'unanswered blocked_by_subject', 'a command waits for its subject';
is means($blocked, 'blocked_by_subject'), 'second: A command waits for first, which is '
    . 'older and has the same subject.', '... as is said';

my $early = device('EARLY');
ask($early, 'tomorrow');
past($early, "not_before = '2999-01-01T00:00:00Z'", 'queue');
is codes($early), 'not_before', 'a command waits for its time';
is means($early, 'not_before'),
    'tomorrow: A command is not to go out before 2999-01-01T00:00:00.000Z.',
    '... which is said';


# Contact.

my $silent = device('SILENT');
past($silent, "seen_at = now() - interval '23 hours'", 'enrollment_seen');
ask($silent, 'lost');
is codes($silent), 'pushes_not_configured', 'a day without contact is no fault';
past($silent, "seen_at = '2026-01-01'", 'enrollment_seen');
is codes($silent), 'no_contact_since pushes_not_configured', 'a longer one is';
is answers($silent)->{answers}[0]{since}, '2026-01-01T00:00:00.000Z', '... since when';
$pg->psql("DELETE FROM mdm.enrollment_seen s USING mdm.enrollment e
    WHERE e.enrollment_id = s.enrollment_id AND e.device_id = 'SILENT'");
is means($silent, 'no_contact_since'), '-: The device has never been in contact.',
    '... or never';
past($silent, 'push_token = NULL, push_magic = NULL');
is codes($silent), 'no_push_token no_contact_since pushes_not_configured',
    'without a token it cannot even be woken';

my $mac = device('MAC');
my $anna = $mac->user('501', 'anna', 'Anna');
$anna->enroll;
ask($anna, 'mine');
is codes($anna), 'pushes_not_configured', 'a user who is logged in is like a device';
past($anna, "seen_at = '2026-01-02'", 'enrollment_seen');
past($anna, "token_at = '2026-01-01'");
is codes($anna), 'waiting_for_login', 'one who is not has to come';
is answers($anna)->{answers}[0]{since}, '2026-01-02T00:00:00.000Z', '... since when';
is answers($anna)->{enrollment}, 'MAC:501', '... and who';


# Push certificates.

my $lone = device('LONE');
push_certificate();
is codes($lone), 'nothing_waits', 'who is asked nothing needs no push';
ask($lone, 'knock');
is codes($lone), 'topic_without_certificate pushes_not_configured',
    'a topic has no push certificate';
is_deeply [ @{ answers($lone)->{answers}[0] }{qw(means next since)} ],
    [ "There is no push certificate for its topic, $topic: no push "
      . 'can reach it.', 'Store the one of this topic with PUT /v1/pushcert.', undef ],
    '... with what to do';
$lone->idle;
is codes($lone), 'topic_without_certificate unanswered', '... also while an answer is due';
push_certificate("'2026-01-04'");
is codes($lone), 'push_certificate_expired unanswered', 'it has one that has expired';
is_deeply [ @{ answers($lone)->{answers}[0] }{qw(means next since)} ],
    [ "The push certificate of its topic, $topic, has expired: no "
      . 'push can reach it.', 'Renew it, of the same topic, and store it with '
      . 'PUT /v1/pushcert.', '2026-01-04T00:00:00.000Z' ], '... since when';
past($anna, 'topic = NULL');
is codes($anna), 'waiting_for_login', 'no push is missed where none would help';
push_certificate("'2999-01-01'");
is codes($lone), 'unanswered', 'it has a good one';


# Certificates.

my $expired = device('EXPIRED');
ask($expired, 'late');
$pg->psql("UPDATE mdm.identity i SET not_after = '2026-01-03' FROM mdm.enrollment e
    WHERE i.enrollment_id = e.enrollment_id AND e.device_id = 'EXPIRED'");
is codes($expired), 'identity_expired pushes_not_configured', 'a certificate is old';
is answers($expired)->{answers}[0]{since}, '2026-01-03T00:00:00.000Z', '... since when';

my $robbed = device('ROBBED');
$robbed->with(certificate => $ca->device('thief'))->idle;
past($robbed, "seen_at = now() - interval '1 hour'", 'enrollment_seen');
is codes($robbed), 'identity_refused nothing_waits', 'somebody was refused';
is means($robbed, 'identity_refused'), '-: A request in its name was refused for its '
    . 'certificate (not_bound), and none was accepted since.', '... with the outcome';
past($robbed, 'seen_at = now()', 'enrollment_seen');
is codes($robbed), 'nothing_waits', '... which is over when the device comes';

my $revoked = device('REVOKED');
my $fingerprint = $pg->psql("SELECT encode(certificate, 'hex') FROM mdm.enrollment
    WHERE device_id = 'REVOKED'");
is $api->api(DELETE => "/v1/identities/$fingerprint")->{status}, 200, 'one is revoked';
is codes($revoked), 'identity_revoked nothing_waits', '... which is the answer';
is answers($revoked)->{answers}[0]{next}, 'Enrol the device again.', '... with what to do';


# Enrolments that are not.

my $pending = MDM::Test::Device->new(client => $client, sign => 1, udid => 'PENDING',
    certificate => $ca->device('PENDING'));
$pending->authenticate;
is codes($pending), 'not_enrolled', 'a device is enrolling';
is means($pending, 'not_enrolled'), '-: The device is enrolling and has not finished.',
    '... as is said';
past($pending, "pending_since = now() - interval '16 minutes'");
is means($pending, 'not_enrolled'),
    '-: The device began to enrol and never finished: it is stuck.', '... until it is stuck';

my $again = device('AGAIN');
ask($again, 'old');
$again->authenticate;
is codes($again), 'enrolling pushes_not_configured', 'a device enrols anew';

my $gone = device('GONE');
$gone->check_out;
is answers($gone)->{state} . ' ' . means($gone, 'not_enrolled'),
    'closed -: This enrolment is closed: checked out.', 'a device has left';
my $ended = device('ENDED');
$api->api(DELETE => '/v1/enrollments/ENDED');
is codes($ended) . ' ' . means($ended, 'not_enrolled'),
    'not_enrolled -: An operator ended this enrolment.', '... or was told to';


# How far its push has come.

my $pushed = device('PUSHED');

push_certificate("'2999-01-01'");
ask($pushed, 'waits');
$pg->psql("INSERT INTO mdm.push_topic (tenant_id, topic) VALUES (1, '$topic');
    INSERT INTO mdm.lease VALUES ('push', 'somebody', now() + interval '1 hour')");
is codes($pushed), 'push_is_due', 'somebody pushes, and the push is due';
is means($pushed, 'push_is_due'), '-: A push that wakes the device is due.', '... as is said';
past($pushed, "claimed_at = now(), due_at = 'infinity'", 'push');
is means($pushed, 'push_is_due'), '-: A push that wakes the device is on its way to Apple.',
    '... or under way';
past($pushed, "claimed_at = NULL, due_at = now() - interval '2 minutes'", 'push');
is codes($pushed), 'pushes_not_configured push_is_due', 'nobody does it for a minute';
past($pushed, "due_at = now() + interval '5 minutes', error = 'TooManyRequests',
    answered_at = now(), failures = 1", 'push');
is codes($pushed), 'push_retried', 'Apple did not accept it';
is means($pushed, 'push_retried'), '-: Apple did not accept the last push: TooManyRequests.',
    '... for a reason';
past($pushed, "error = NULL, failures = 0, step = 1, accepted_at = now() + interval '1 second',
    answered_at = now()", 'push');
is codes($pushed), 'pushed', 'Apple accepted it';
like answers($pushed)->{answers}[0]{next}, qr/\AIt is pushed again at 20\d\d-\S+Z\. See/,
    '... and when it goes again';
past($pushed, "seen_at = now() + interval '2 seconds'", 'enrollment_seen');
is codes($pushed), 'push_is_due', 'the device came, and something waits again';
$pg->psql("UPDATE mdm.push_topic SET owner = 'somebody', until = now() + interval '1 hour',
    failing_since = now(), error = 'no route'");
is codes($pushed) . ' ' . means($pushed, 'no_connection_to_apple'),
    'no_connection_to_apple -: No connection to Apple\'s push service can be made: no route.',
    'there is no way to Apple';
$pg->psql("INSERT INTO mdm.push_stop SELECT tenant_id, enrollment_id, topic, push_token,
    'Unregistered', false, now(), now() FROM mdm.enrollment WHERE device_id = 'PUSHED'");
is codes($pushed) . ' ' . means($pushed, 'push_stopped'), 'push_stopped -: Apple refused its '
    . 'push token, Unregistered, so it is not woken any more.', 'its token is dead';
$pg->psql("UPDATE mdm.push_topic SET stopped_at = now(), stop_reason = 'BadCertificate'");
is codes($pushed) . ' ' . means($pushed, 'push_topic_stopped'), "push_topic_stopped -: Nothing "
    . "is pushed for its topic, $topic, since this happened: BadCertificate.",
    'or its topic is stopped';
$pg->psql("DELETE FROM mdm.push_stop; DELETE FROM mdm.push; UPDATE mdm.push_topic
    SET stopped_at = NULL, failing_since = NULL, error = NULL");
is codes($pushed), 'no_push_asked', 'nobody asked for a push';

my %known = map { $_ => 1 } $pg->psql("SELECT pg_get_functiondef('mdm_r2.enrollment_why'::regproc)")
    =~ /^\s+\(\d+, '(\w+)'/mg;
my $source = MDM::Test::slurp($0);
is join(' ', grep { $source !~ /\b$_\b/ } sort keys %known), '', 'no answer is untested';
cmp_ok scalar(keys %known), '>=', 24, '... of those that there are';

done_testing;
