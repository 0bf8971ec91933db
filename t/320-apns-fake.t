# The fake of Apple's push service itself: what it refuses, what it answers by
# rule, and what it writes down; asked by nghttp, not by our module.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::APNs;

my $apns  = MDM::Test::APNs->start;
my $topic = 'com.apple.mgmt.External.acme';
my $acme  = $apns->ca->push_certificate($topic);
my $token = 'ab' x 32;
my $asked = 0;
my $id    = '2f9c1c6e-8a3b-4d1f-9f00-0a1b2c3d4e5f';

my %good = (
    ':method'         => 'POST',
    'apns-topic'      => $topic,
    'apns-push-type'  => 'mdm',
    'apns-priority'   => 10,
    'apns-expiration' => time + 7 * 86400,
    'apns-id'         => $id,
    'content-type'    => 'application/json',
);


# What nghttp hears: "200 apns-id" or "410 reason".

sub push_to {
    my ($path, %option) = @_;

    my $body = spew(test_dir() . '/body', $option{body} // '{"mdm":"Magic-\\u00e9"}');
    my $pair = exists $option{pair} ? $option{pair} : $acme;
    my %header = (%good, %{ $option{header} // {} });

    my $text = MDM::Test::run_or_die('timeout', 8, 'nghttp', '-v', '--no-dep',
        map({ "--$_=$pair->{$_}" } $pair ? qw(cert key) : ()), '-d', $body,
        map({ "-H$_: $header{$_}" } grep { defined $header{$_} } sort keys %header),
        'https://127.0.0.1:' . $apns->tls_port . $path);

    $asked++;

    my ($status) = $text =~ /recv .*:status: (\d+)/ or return "nothing: $text";
    my ($reason) = $text =~ /(\{"reason".*\})/;
    my ($apns_id) = $text =~ /recv .*apns-id: (\S+)/;

    return join ' ', $status, $reason // $apns_id // ();
}


# The line of the last push; it may come a moment after the answer.

sub written {
    wait_for(5, sub { $apns->log == $asked });

    return ($apns->log)[-1];
}


sub refused { return qr/^$_[0] \{"reason":"$_[1]"\}$/ }


# What is right, and what is written of it.

is push_to("/3/device/$token"), "200 $id", 'a good push is accepted';

my $line = written();

cmp_ok abs(time - $line->{time}), '<', 20, 'its time is written down';
is_deeply { map { $_ => $line->{$_} } qw(token topic apns_id status reason body) },
    { token => $token, topic => $topic, apns_id => $id, status => 200, reason => '',
      body => '{"mdm":"Magic-\\u00e9"}' }, '... and what it was';
like $line->{subject}, qr/UID=\Q$topic\E/, '... and who came';
ok $line->{serial} && $line->{connection}, '... on which connection';

# What is wrong.

my %wrong = (
    'capitals in the path' => [ 404, 'BadPath', path => '/3/device/' . 'AB' x 32 ],
    'half a byte'          => [ 404, 'BadPath', path => "/3/device/${token}a" ],
    'no token'             => [ 404, 'BadPath', path => '/3/device/' ],
    'another method'       => [ 405, 'MethodNotAllowed', header => { ':method' => 'PUT' } ],
    'no topic'             => [ 400, 'MissingTopic', header => { 'apns-topic' => undef } ],
    'another topic'        => [ 400, 'TopicDisallowed',
                                header => { 'apns-topic' => "${topic}2" } ],
    'the beginning of one' => [ 400, 'TopicDisallowed',
                                header => { 'apns-topic' => substr $topic, 0, -1 } ],
    'no push type'         => [ 400, 'InvalidPushType', header => { 'apns-push-type' => undef } ],
    'another priority'     => [ 400, 'BadPriority', header => { 'apns-priority' => 5 } ],
    'no expiration'        => [ 400, 'BadExpirationDate',
                                header => { 'apns-expiration' => 0 } ],
    'an id in capitals'    => [ 400, 'BadMessageId', header => { 'apns-id' => uc $id } ],
    'another type'         => [ 400, 'PayloadEmpty', header => { 'content-type' => 'text/plain' } ],
    'an alert'             => [ 400, 'PayloadEmpty', body => '{"aps":{},"mdm":"x"}' ],
    'a line end'           => [ 400, 'PayloadEmpty', body => "{\"mdm\":\"x\"}\n" ],
    'a foreign certificate' => [ 403, 'BadCertificate',
        pair => MDM::Test::PKI->ca('Other')->push_certificate($topic) ],
    'an expired one'       => [ 403, 'BadCertificate',
        pair => $apns->ca->push_certificate($topic, days => -1) ],
    'no certificate'       => [ 403, 'MissingProviderToken', pair => undef ],
);

for my $what (sort keys %wrong) {
    my ($status, $reason, %option) = @{ $wrong{$what} };

    like push_to($option{path} // "/3/device/$token", %option),
        refused($status, $reason), "$what is refused";
    my $line = written();
    is "$line->{status} $line->{reason}", "$status $reason", '... and written down';
}

# Rules.

my $gone = 'cd' x 32;

$apns->rules($gone => '410 Unregistered 1767225600123', 'cd*' => '429',
    'cdcdcd00*' => '503 Shutdown after=20', 'ee*' => 'slow 0.4', 'ef*' => 'slow 0.4 500',
    '00*' => 'never', default => '400 BadDeviceToken');

is push_to("/3/device/$gone"), '410 {"reason":"Unregistered","timestamp":1767225600123}',
    'a rule for a token';
like push_to('/3/device/cd00'), refused(429, 'TooManyRequests'), '... for many';
like push_to('/3/device/cdcdcd00'), refused(503, 'Shutdown'), '... the longest first';
like push_to('/3/device/11'), refused(400, 'BadDeviceToken'), '... for all others';

my $began = Time::HiRes::time();

is push_to('/3/device/ee'), "200 $id", 'a slow answer';
like push_to('/3/device/ef'), refused(500, 'InternalServerError'), '... of any kind';
cmp_ok Time::HiRes::time() - $began, '>', 0.8, '... takes its time';
is written()->{token}, 'ef', '... and is written down';

$apns->rules($topic => '500', default => '403 BadCertificate');
like push_to("/3/device/$gone"), refused(500, 'InternalServerError'), 'a rule for a topic';

like push_to('/', header => { map { $_ => undef } grep { /^apns|content/ } keys %good }),
    refused(404, 'BadPath'), 'a request of something else';
is written()->{apns_id}, '', '... is written down, too';

done_testing;
