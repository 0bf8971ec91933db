# Each answer that docs/openapi.json describes of NanoMDM's enqueue and push, and of
# topics.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::APNs;
use MDM::Test::Calls;

my $apns = MDM::Test::APNs->start;
my ($iphone, $mac, $ipad) = map { enrolled($_) } qw(iphone mac ipad);
my ($topic) = split /\n/, $pg->psql('SELECT DISTINCT topic FROM mdm.enrollment');
my @many = (join(',', ('x') x 10_001), '400 too_many_targets');

sub command { return $iphone->command(@_) }

sub push_token {
    return $pg->psql("SELECT encode(push_token, 'hex') FROM mdm.enrollment
                       WHERE device_id = 'UDID-$_[0]'");
}

# While nobody pushes.

calls(
    [ GET => '/v1/push', undef, 200 ],
    (map { my $method = $_; (
        [ $method => '/v1/enqueue/UDID-iphone', command('ProfileList', $_), 200 ],
        [ $method => '/v1/enqueue/UDID-mac,x?nopush=1', command('UserList', "$_-2"), 207 ],
        [ $method => '/v1/enqueue/x', command('ProfileList', 'other'), 500 ],
        [ $method => '/v1/enqueue/UDID-mac', command('UserList', $_), '409 command_error' ],
        [ $method => '/v1/enqueue/UDID-mac', 'garbage', '400 command_error' ],
        [ $method => '/v1/enqueue/,', command('UserList'), '400 bad_enrollment_id' ],
        [ $method => "/v1/enqueue/$many[0]", command('UserList'), $many[1] ],
    ) } qw(PUT POST)),
    (map { my $method = $_; (
        [ $method => '/v1/push/UDID-iphone,x', undef, '500 push_error' ],
        [ $method => '/v1/push/,', undef, '400 bad_enrollment_id' ],
        [ $method => "/v1/push/$many[0]", undef, $many[1] ],
    ) } qw(GET PUT POST)),
);

# Pushed.

$apns->rules(push_token('mac') => '400 BadDeviceToken',
    push_token('ipad') => '410 Unregistered 4000000000000');
$nginx->{vars}{APNS} = $apns->directive;
$nginx->reload;

my $certificate = $apns->ca->push_certificate($topic);
my $spare = $apns->ca->push_certificate("$topic.spare");
my $path = "/v1/push-topics/$topic";

# What takes days to come by, or an operator.

sub fill {
    $pg->psql("UPDATE mdm.push_topic SET judged = 10, followed = 9;
        UPDATE mdm.push_certificate SET apple_account = 'anna\@example.com', note = 'x'");
}

sub stop_topic {
    $pg->psql("UPDATE mdm.push_topic SET stopped_at = now(), stop_reason = 'refused'
                WHERE topic = '$topic'");
}

calls(
    [ PUT => '/v1/pushcert', $certificate->pem . $certificate->key_pem, 200 ],
    (map { my $method = $_; (
        [ $method => '/v1/enqueue/UDID-iphone', command('ProfileList', "3-$_"), 200 ],
        [ $method => '/v1/enqueue/UDID-iphone,UDID-mac,x', command('UserList', "4-$_"), 207 ],
    ) } qw(PUT POST)),
    (map { my $method = $_; (
        [ $method => '/v1/push/UDID-iphone', undef, 200 ],
        [ $method => '/v1/push/UDID-iphone,UDID-ipad', undef, 207 ],
        [ $method => '/v1/push/UDID-mac', undef, 500 ],
    ) } qw(GET PUT POST)),
    \&fill,
    [ GET => '/v1/push', undef, 200 ],
    [ PUT => '/v1/pushcert?new_topic=1', $spare->pem . $spare->key_pem, 200 ],
    \&stop_topic,
    pages('/v1/push'),
    [ GET => '/v1/push', undef, 200 ],

    [ GET => "$path/stops", undef, 200 ],
    pages("$path/stops"),
    [ GET => '/v1/push-topics/none/stops', undef, '404 unknown_topic' ],
    [ POST => "$path/resume", { ids => ['UDID-mac'] }, 200 ],
    [ POST => "$path/resume", {}, 200 ],
    [ POST => "$path/resume", { ids => [] }, '400 bad_body' ],
    [ POST => "$path/resume", { ids => [ 'a,b', 4 ] }, '400 bad_body' ],
    [ POST => "$path/resume", { id => 'x' }, '400 bad_body' ],
    [ POST => '/v1/push-topics/none/resume', {}, '404 unknown_topic' ],
);

finish('pushes', id => 'UDID-iphone', topic => $topic);
