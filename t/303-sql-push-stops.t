# Pushes that stop: of a device whose token Apple refuses, until it brings another
# one, is resumed, or a weekly try is accepted; and of a topic, when Apple refuses
# too many.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Wishes;

my $w = MDM::Test::Wishes->new;
my $n = 0;
my $week = 7 * 86400;

sub pushed {
    my @d = map { $w->device } 1 .. shift;

    $w->enqueue('c' . ++$n, @d);
    $w->lease;
    $w->claim;
    return @d;
}

sub stops { return $w->sql(q{SELECT string_agg(device_id || ' ' || reason, ' '
    ORDER BY device_id) FROM mdm.push_stop JOIN mdm.enrollment
    USING (tenant_id, enrollment_id)}) }

sub clear { $w->sql('DELETE FROM mdm.push_stop; DELETE FROM mdm.push; DELETE FROM mdm.queue;
    UPDATE mdm.push_topic SET window_answers = 0, window_refusals = 0, stopped_at = NULL,
        stop_reason = NULL; DELETE FROM mdm.event') }


subtest 'a dead token' => sub {
    my ($d) = pushed(1);

    is $w->record($d => 'dead'), 'ok', 'Apple says that the token is dead';
    is stops(), "$d Unregistered", 'the device is stopped';
    is $w->events('push_stopped'), "$d topic Unregistered", '... which is an event';
    is $w->due($d), $week, 'it is tried again in a week';
    $w->enqueue('urgent', $d);
    is $w->claim, '', 'a new command changes nothing';
    is $w->due($d), $week, '... of that';
    $w->{api}->run("SELECT FROM mdm_r2.push_ask(1, 'joe', '', '{$d}', '{\"\"}')");
    is $w->claim, '', 'nor does one who asks for a push';

    $w->later('7 days');
    is $w->claim, $d, 'a week later it is tried';
    $w->record($d => 'dead');
    is $w->due($d), $week, '... in vain: another week';
    is $w->events('push_stopped'), "$d topic Unregistered", '... and no other event';
    $w->later('7 days');
    $w->claim;
    $w->record($d => [ 'throttled', 'TooManyRequests' ]);
    cmp_ok $w->due($d), '<', 80, 'a try that was not answered is made again';
    $w->later('2 minutes');
    is $w->claim, $d, '... soon';
    $w->record($d => 'accepted');
    is stops(), '', 'a try that is accepted ends the stop';
    is $w->due($d), 30, '... and the ladder begins';

    $w->sql('DELETE FROM mdm.queue');
    $w->later('30 seconds');
    $w->claim;
    is $w->due($d), '-', '... or ends';
    clear();
};


subtest 'a try though nothing waits' => sub {
    my ($d) = pushed(1);

    $w->record($d => 'dead');
    $w->sql('DELETE FROM mdm.queue');
    $w->later('7 days');
    is $w->claim, $d, 'it is made all the same';
    $w->record($d => 'dead');
    is $w->due($d), $week, '... and again';
    clear();
};


subtest 'a new token' => sub {
    my ($d, $e, $f) = pushed(3);

    $w->record($d => 'dead');
    $w->token($d);
    is stops(), "$d Unregistered", 'the same token ends no stop';
    $w->token($d, token => 'new');
    is stops(), '', 'another one does';
    is $w->claim, 'new', '... and is pushed';
    $w->record(new => 'dead');
    is stops(), "$d Unregistered", '... and may be dead, too';

    $w->token($e, token => 'newer');
    is $w->due($e), 'claimed', 'a token that comes while a push is in hand';
    $w->record($e => 'dead');
    is stops(), "$d Unregistered", '... is not the one that is dead';
    is $w->due($e), 0, '... and is pushed';
    is $w->claim, 'newer', '... at once';
    $w->token($e, token => 'newest');
    $w->record(newer => 'accepted');
    is $w->due($e), 3, 'where Apple accepted the former, the one that came is next';
    $w->later('3 seconds');
    is $w->claim, 'newest', '... since it shall wake the device';
    $w->record(newest => 'accepted');
    is $w->due($e), 120, '... and then goes up the ladder';

    my $now = int(1000 * time);
    $w->record($f => [ 'dead', 'Unregistered', 0, $now - 3_600_000 ]);
    is stops(), "$d Unregistered", 'a token that was dead before it came is none';
    ok $w->due($f) > 45 && $w->due($f) < 75, '... and is pushed again in a minute';
    $w->later('2 minutes');
    $w->claim;
    $w->record($f => [ 'dead', 'Unregistered', 0, $now + 3_600_000 ]);
    is stops(), "$d Unregistered $f Unregistered", '... unless it died later';

    $w->{topic} = 'other';
    $w->certificate;
    $w->token($f);
    is stops(), "$d Unregistered", 'another topic ends a stop';
    is $w->lease, '1/other 1/topic', '... and its wish is of that topic';
    is $w->claim, $f, '... and pushed with its certificate';
    $w->record($f => 'accepted');
    $w->{topic} = 'topic';
    clear();
};


subtest 'a time that is none' => sub {
    my @d = pushed(2);

    is $w->record($d[0] => [ 'dead', 'Unregistered', 0, '9223372036854775807' ],
        $d[1] => 'accepted'), 'ok', 'dead since a year that PostgreSQL does not know';
    is stops(), "$d[0] Unregistered", '... is dead all the same';
    is $w->due($d[1]), 30, '... and hinders no other answer';
    clear();
};


subtest 'a wish of another topic' => sub {
    my $d = $w->device;

    $w->enqueue('moved', $d);
    $w->sql("UPDATE mdm.enrollment SET topic = 'other' WHERE device_id = '$d'");
    is $w->claim, '', 'it is not pushed with the wrong certificate';
    is $w->claim(topic => 'other'), $d, '... but moved to its own';
    $w->sql("UPDATE mdm.enrollment SET push_token = NULL WHERE device_id = '$d'");
    $w->record($d => 'returned');
    is $w->claim(topic => 'other') . $w->due($d), 86400, 'one without a token waits';
    $w->token($d);
    is $w->claim, $d, '... until it comes';
    clear();
};


subtest 'many are refused' => sub {
    my @d = pushed(30);

    is $w->record(map { $_ => 'accepted' } @d[0 .. 19]), 'ok', 'twenty are accepted';
    is $w->record(map { $_ => 'refused' } @d[20 .. 28]), 'ok', 'nine of 29 are refused';
    is $w->sql('SELECT count(*) FROM mdm.push_stop'), 9, '... and stopped';
    $w->sql(q{UPDATE mdm.push_stop SET stopped_at = stopped_at - interval '1 day'
        WHERE enrollment_id = (SELECT min(enrollment_id) FROM mdm.push_stop)});
    is $w->record($d[29] => 'refused'), 'stopped', 'the tenth stops the topic';
    is $w->events('push_topic_stopped'), 'topic refused', '... for that';
    is stops(), "$d[20] BadDeviceToken", '... and none of them, but one of long ago';
    is $w->due($d[29]) . $w->due($d[21]), '00', 'their pushes wait for the topic';
    is $w->due($d[20]), $week, '... not that one\'s';
    is $w->claim, 'stopped', '... which stands';
    is $w->{api}->run(q{SELECT * FROM mdm_r2.push_resume(1, 'joe', '', 'topic', NULL, NULL)}),
        'ok|1', 'until it is resumed';
    is scalar(my @pushed = split / /, $w->claim), 10, '... with all of them';
    clear();
};


subtest 'what is few' => sub {
    my @d = pushed(400);

    $w->record(map { $_ => 'accepted' } @d[0 .. 299]);
    is $w->record(map { $_ => 'refused' } @d[300 .. 314]), 'ok',
        'fifteen of 315 are less than one in twenty';
    is $w->record(map { $_ => 'dead' } @d[315 .. 399]), 'ok',
        'dead tokens say nothing of a topic, however many';
    is $w->sql('SELECT count(*) FROM mdm.push_stop'), 100, 'all these are stopped';
    clear();

    @d = pushed(4);
    is $w->record(map { $_ => 'refused' } @d[0, 1]), 'ok', 'two are refused and no other';
    is $w->record($d[2] => 'refused'), 'stopped', '... the third stops a topic';
    clear();

    @d = pushed(4);
    $w->record($d[0] => 'accepted');
    is $w->record(map { $_ => 'refused' } @d[1 .. 3]), 'ok', '... unless one was accepted';
    $w->later('7 days');
    $w->claim;
    is $w->record(map { $_ => 'refused' } @d[1 .. 3]), 'ok', 'weekly tries do not count';
    clear();

    @d = pushed(3);
    $w->record($_ => 'refused'), $w->later('61 minutes') for @d[0, 1];
    is $w->record($d[2] => 'refused'), 'ok', 'nor do refusals of more than an hour ago';
    clear();
};


subtest 'the health of a topic' => sub {
    my @d = map { $w->device } 1 .. 6;
    my $health = sub { $w->sql(q{SELECT concat_ws('/', followed, judged, former_followed,
        former_judged) FROM mdm.push_topic WHERE topic = 'topic'}) };

    $w->sql('DELETE FROM mdm.enrollment_seen; UPDATE mdm.push_topic SET followed = 0,
        judged = 0, former_followed = 0, former_judged = 0, health_at = now()');
    $w->enqueue('health', @d);
    $w->claim;
    $w->record(map { $_ => 'accepted' } @d);
    $w->later('30 seconds');
    $w->seen($_) for @d[0 .. 2];
    $w->claim;
    is $health->(), '3/3/0/0', 'three came, of the others nothing is known yet';
    $w->record(map { $_ => 'accepted' } @d);
    $w->later('8 minutes');
    $w->claim;
    $w->record(map { $_ => 'accepted' } @d);
    is $health->(), '3/3/0/0', '... for a quarter of an hour';
    $w->later('8 minutes');
    $w->claim;
    is $health->(), '3/9/0/0', 'then they did not come, nor the three again';
    $w->record(map { $_ => 'accepted' } @d);
    $w->later('1 day');
    $w->seen($d[0]);
    $w->claim;
    is $health->(), '0/6/3/9', 'a day later the numbers are those of the day before';
};


is $w->sql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';

done_testing;
