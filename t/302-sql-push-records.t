# Every answer of Apple and what it means for the next push: when it goes, what is
# kept of it, and what a repetition changes.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Wishes;

my $w = MDM::Test::Wishes->new;
my $n = 0;


# A device whose push is in hand.

sub pushed {
    my $d = $w->device;

    $w->enqueue('c' . ++$n, $d);
    $w->lease;
    like $w->claim, qr/\b$d\b/, 'a device is pushed';
    return $d;
}

sub between {
    my ($d, $from, $to, $name) = @_;

    my $due = $w->due($d);
    ok $due >= $from && $due <= $to, $name or diag "due in $due seconds";
}

sub error { return $w->sql("SELECT p.error FROM mdm.push p JOIN mdm.enrollment e
    USING (tenant_id, enrollment_id) WHERE e.device_id = '$_[0]'") }


# Again and again the same answer: the waits, each with a fifth more or less.

my %waits = (
    throttled => [ 60, 120, 240, 480, 960, 1920, 3600, 3600 ],
    again     => [ 900, 1800, 3600, 7200, 14400, 14400 ],
    reconnect => [ 1.5, 900, 1800, 3600, 7200, 14400, 14400 ],
);

for my $outcome (sort keys %waits) {
    subtest $outcome => sub {
        my $d = pushed();
        my $times = 0;

        for my $wait (@{ $waits{$outcome} }) {
            $w->record($d => [ $outcome, 'Reason' ]);
            between($d, 0.8 * $wait - 2, 1.2 * $wait + 1, "$wait seconds after the "
                . ++$times . '. time');
            $w->later('6 hours');
            $w->claim;
        }
        is error($d), 'Reason', 'the reason is kept';
        $w->record($d => 'accepted');
        is error($d), '', '... until a push is accepted';
        is $w->due($d), 30, '... on the ladder';
        $w->later('30 seconds');
        $w->claim;
        $w->record($d => [ $outcome, 'Reason' ]);
        between($d, 0, 1.2 * $waits{$outcome}[0] + 1, '... and all begins anew');

        $w->enqueue('impatient' . ++$n, $d);
        is $w->claim, '', 'a new command does not break the wait' if $outcome ne 'reconnect';
        $w->sql('DELETE FROM mdm.push');
    };
}


subtest 'Apple says how long' => sub {
    my ($d, $e) = (pushed(), pushed());

    $w->record($d => [ 'throttled', 'TooManyRequests', 1000 ],
        $e => [ 'again', 'InternalServerError', 10 ]);
    is $w->due($d), 1000, 'a longer wait is obeyed';
    between($e, 700, 1100, '... a shorter one is not');
    $w->sql('DELETE FROM mdm.push');
};


subtest 'our fault' => sub {
    my $d = pushed();

    is $w->record($d => [ 'our_fault', 'BadPath' ]), 'ok', 'what we send is wrong';
    is $w->due($d), 86400, '... and so it will be for a day';
    is error($d), 'BadPath', '... for a reason';
    $w->sql('DELETE FROM mdm.push');
};


subtest 'many at once' => sub {
    my @d = map { $w->device } 1 .. 6;

    $w->enqueue('many', @d);
    $w->claim;
    is $w->record($d[5] => 'accepted', $d[0] => [ 'returned', 'connection lost', 3 ],
        $d[2] => 'dead', $d[4] => 'throttled', $d[1] => [ 'our_fault', 'BadPath' ],
        $d[3] => 'accepted'), 'ok', 'answers come in any order';
    is join(' ', map { $w->due($_) } @d[0, 1, 2, 3, 5]), '3 86400 604800 30 30',
        '... and each is its device\'s';
    is $w->sql(q{SELECT string_agg(e.device_id, ' ' ORDER BY e.device_id) FROM mdm.queue q
        JOIN mdm.enrollment e USING (tenant_id, enrollment_id)
        WHERE q.sent_at IS NOT NULL AND q.command_uuid = 'many'}), "$d[3] $d[5]",
        '... and so is SENT';
    is $w->sql(q{SELECT (refused - 'Reason') - 'InternalServerError' FROM mdm.push_topic}),
        '{"BadPath": 2, "throttled": 1, "Unregistered": 1, "TooManyRequests": 1}',
        'the topic counts reasons';
    is $w->sql(q{SELECT accepted FROM mdm.push_topic}), 5, '... and what was accepted';
    $w->sql('DELETE FROM mdm.push_stop; DELETE FROM mdm.push');
};


subtest 'a record that comes again' => sub {
    my $d = pushed();

    $w->{same} = 'one-apns-id';
    is $w->record($d => 'accepted'), 'ok', 'it is recorded';
    my $row = $w->sql('SELECT * FROM mdm.push');
    is $w->record($d => 'accepted'), 'ok', 'again';
    is $w->sql('SELECT * FROM mdm.push'), $row, '... and nothing has changed';
    is $w->sql('SELECT accepted FROM mdm.push_topic'), 6, '... nor is it counted again';
    delete $w->{same};
    $w->later('30 seconds');
    is $w->claim, $d, 'in hand again';
    $w->{same} = 'one-apns-id';
    $w->record($d => 'accepted');
    is $w->due($d), 'claimed', '... the former record ends nothing';
    delete $w->{same};

    is $w->record($d => 'returned', $d => 'accepted'), 'ok', 'two answers in one record';
    is $w->due($d), 120, '... of which the last counts';
    is $w->{job}->run(q{SELECT outcome FROM mdm_r2.push_record('one', 1, 'topic', '{999}', '{00}', '{a}',
        '{accepted}', '{""}', '{0}', '{0}')}), 'ok', 'one of nobody is nothing';
};


subtest 'the topic is wrong' => sub {
    my ($d, $e) = (pushed(), pushed());

    $w->sql('DELETE FROM mdm.event');
    is $w->record($d => [ 'misconfigured', 'BadCertificate' ]), 'stopped', 'it is stopped';
    is $w->events('push_topic_stopped'), 'topic BadCertificate', '... which is an event';
    is $w->due($d), 0, 'its wish is due';
    is $w->claim, 'stopped', '... but nobody gets it';
    is $w->lease, '', '... nor the topic';
    is $w->record($e => 'accepted'), 'stopped', 'what was under way is recorded';
    is $w->due($e), 30, '... as it is';
    is $w->record($d => [ 'misconfigured', 'BadCertificate' ]), 'stopped', 'once more';
    is $w->events('push_topic_stopped'), 'topic BadCertificate', '... is no other event';
    is $w->{job}->run(q{SELECT n, held, version, stopped, expired
        FROM mdm_r2.push_renew('one', 15, '{1}', '{topic}', '{2}', '{""}', '{0}')}), '1|t|1|t|f',
        'who renews the lease hears of it';
};


is $w->sql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';

done_testing;
