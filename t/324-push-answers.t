# Each answer of Apple and what becomes of the push: a device each, and a tenant
# each where the answer says something of the topic.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Pushing;

my $hour = 3600;
my $day = 24 * $hour;
my $now = time;

# The answer; what is told of it; in how many seconds the next push is due; and is
# the device stopped?  Tokens are a day old.

my @answers = (
    [ '200',                             '',                       [ 30, 30 ] ],
    [ '200',                             '',                       [ 30, 30 ] ],
    [ "410 Unregistered " . ($now - $hour) . '000', 'Unregistered', [ (7 * $day) x 2 ], 1 ],
    [ '410 ExpiredToken',                'ExpiredToken',           [ (7 * $day) x 2 ], 1 ],
    [ "410 Unregistered " . ($now - 2 * $day) . '000', 'Unregistered', [ 48, 72 ] ],
    [ '400 BadDeviceToken',              'BadDeviceToken',         [ (7 * $day) x 2 ], 1 ],
    [ '400 DeviceTokenNotForTopic',      'DeviceTokenNotForTopic', [ (7 * $day) x 2 ], 1 ],
    [ '403 Forbidden',                   'Forbidden',              [ (7 * $day) x 2 ], 1 ],
    [ '429 TooManyRequests',             'TooManyRequests',        [ 48, 72 ] ],
    [ '429 TooManyRequests after=300',   'TooManyRequests',        [ 300, 300 ] ],
    [ '500 InternalServerError',         'InternalServerError',    [ 720, 1080 ] ],
    [ '500 InternalServerError after=9', 'InternalServerError',    [ 720, 1080 ] ],
    [ '502 Unheard',                     'Unknown',                [ 720, 1080 ] ],
    [ '503 Shutdown after=100',          'Shutdown',               [ 100, 100 ] ],
    map({ [ $_->[0], $_->[1], [ $day, $day ] ] }
        [ '400 BadCollapseId',     'BadCollapseId' ],
        [ '400 BadExpirationDate', 'BadExpirationDate' ],
        [ '400 BadMessageId',      'BadMessageId' ],
        [ '400 BadPriority',       'BadPriority' ],
        [ '400 InvalidPushType',   'InvalidPushType' ],
        [ '400 DuplicateHeaders',  'DuplicateHeaders' ],
        [ '400 PayloadEmpty',      'PayloadEmpty' ],
        [ '404 BadPath',           'BadPath' ],
        [ '405 MethodNotAllowed',  'MethodNotAllowed' ],
        [ '413 PayloadTooLarge',   'PayloadTooLarge' ],
        [ '418 NeverHeard',        'Unknown' ]),
);

# Those after a moment, on another connection: tried twice.

my @again = ('503 ServiceUnavailable', '503 Shutdown', '400 IdleTimeout');

# Those of the topic.

my @topics = ('400 BadTopic', '400 MissingTopic', '400 TopicDisallowed',
    '403 BadCertificate', '403 BadCertificateEnvironment', '403 InvalidProviderToken');

my $p = MDM::Test::Pushing->start(tenants => { acme => scalar @answers, again => 3,
    map { ("topic$_" => 2) } 0 .. $#topics });
my $acme = $p->tenant('acme');

$p->nginx->expect(qr/Apple takes no push of this form: /);
$p->apns->rules(
    map({ $acme->token($_) => $answers[$_ - 1][0] } 1 .. @answers),
    map({ $p->tenant('again')->token($_ + 1) => $again[$_] } 0 .. $#again),
    map({ $p->tenant("topic$_")->{topic} => $topics[$_] } 0 .. $#topics));

$p->queue(acme => 1 .. @answers);
$p->queue(again => 1 .. @again);
$p->queue("topic$_" => 1, 2) for 0 .. $#topics;

my $expected = @answers + 2 * @again + 2 * @topics;

wait_for(6, sub { $p->pushes >= $expected });
$p->settle;

for my $n (1 .. @answers) {
    my ($answer, $told, $due, $stopped) = @{ $answers[$n - 1] };
    my $name = $answer =~ s/ \d{13}$//r . " of device $n";
    my ($error, $seconds) = split /\|/,
        $p->wish(acme => $n, 'error, extract(epoch FROM due_at - answered_at)');

    is $error, $told, "$name: what is told of it";
    ok $seconds >= $due->[0] - 1 && $seconds <= $due->[1] + 1,
        '... and when it is due again' or diag "$seconds, not $due->[0] to $due->[1]";
    is $p->pg->psql(q{SELECT count(*) FROM mdm.push_stop s JOIN mdm.enrollment e
        USING (tenant_id, enrollment_id) WHERE e.device_id = 'acme-} . "$n'"),
        $stopped // 0, $stopped ? '... and it is stopped' : '... and it is not stopped';
}

is $p->pg->psql(q{SELECT stopped_at IS NULL FROM mdm.push_topic
    WHERE topic = 'com.apple.mgmt.External.acme'}), 't', 'the topic goes on';
is $p->pg->psql(q{SELECT string_agg(DISTINCT data->>'reason', ' ' ORDER BY data->>'reason')
    FROM mdm.event WHERE type = 'push_stopped'}),
    'BadDeviceToken DeviceTokenNotForTopic ExpiredToken Forbidden Unregistered',
    '... and there is an event for each device that is stopped';

for my $n (1 .. @again) {
    my @pushes = grep { $_->{token} eq $p->tenant('again')->token($n) } $p->pushes;

    is scalar @pushes, 2, "$again[$n - 1]: pushed again, once";
    isnt $pushes[0]{connection}, $pushes[1]{connection}, '... on another connection';
    my ($seconds) = $p->wish(again => $n, 'extract(epoch FROM due_at - answered_at)');
    ok $seconds > 700 && $seconds < 1100, '... and then after a quarter of an hour'
        or diag $seconds;
}

for my $n (0 .. $#topics) {
    my ($status, $reason) = split ' ', $topics[$n];

    is $p->pg->psql("SELECT stop_reason FROM mdm.push_topic
        WHERE topic = 'com.apple.mgmt.External.topic$n'"), $reason, "$reason stops the topic";
    is $p->pg->psql("SELECT count(*) FROM mdm.event WHERE type = 'push_topic_stopped'
        AND data->>'topic' = 'com.apple.mgmt.External.topic$n'
        AND data->>'reason' = '$reason'"), 1, '... with an event';
}

like $p->nginx->error_log, qr/push topic \S+: Apple takes no push of this form: 4\d\d [A-Z]\w+;/,
    'what no repetition mends is in the log';

my %spare = map { ($_ => 1) }
    map({ $acme->token($_) } grep { $answers[$_ - 1][0] ne 200 } 1 .. @answers),
    map({ $p->tenant('again')->token($_) } 1 .. 3),
    map { ($p->tenant("topic$_")->token(1), $p->tenant("topic$_")->token(2)) } 0 .. $#topics;

$p->verdict(spare => \%spare,
    reasons => [ map { (split)[1] // () } @again, @topics, map { $_->[0] } @answers ]);

done_testing;
