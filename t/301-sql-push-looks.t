# What a look at a wish that is due finds: something to push for, something to wait
# for, or nothing; and which pushes serve which commands.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Wishes;

my $w = MDM::Test::Wishes->new;

sub sent { return $w->sql("SELECT sent_at IS NOT NULL FROM mdm.queue
    WHERE command_uuid = '$_[0]'") }


subtest 'NotNow' => sub {
    my $d = $w->device;
    my @gaps = (600, 1800, 7200, 28800, 86400, 86400);

    $w->enqueue('busy', $d);
    $w->lease;
    $w->claim;
    $w->record($d => 'accepted');
    for my $gap (@gaps) {
        is $w->idle($d), 'busy', 'the device is given the command';
        $w->report($d, 'busy', 'NotNow');
        $w->sql(q{UPDATE mdm.push SET due_at = now()});
        is $w->claim, '', 'who said NotNow is not pushed at once';
        my $due = $w->due($d);
        ok $due <= $gap && $due > $gap - 8, "... but after $gap seconds" or diag $due;
        $w->later("$gap seconds");
        is $w->claim, $d, '... then it is';
        $w->record($d => 'accepted');
    }
    $w->idle($d);
    $w->report($d, 'busy', 'NotNow');
    $w->enqueue('other', $d);
    is $w->claim, $d, 'another command is pushed for at once';
    $w->record($d => 'accepted');
    is $w->due($d), 30, '... and soon again';
    $w->sql('DELETE FROM mdm.queue; DELETE FROM mdm.push');
};


subtest 'NotNow to a command without a push' => sub {
    my ($d, $e, $f) = sort map { $w->device } 1 .. 3;

    $w->enqueue('quiet', $d, $e, $f, { push => 'false' });
    is $w->due($d), '-', 'a command without a push asks for none';
    $w->idle($_) for $d, $e, $f;
    $w->report($d, 'quiet');
    is $w->due($d), '-', '... nor does its answer';
    $w->report($e, 'quiet', 'NotNow');
    is $w->due($e), 600, '... but who says NotNow is pushed after 10 minutes';
    $w->later('10 minutes');
    is $w->claim, $e, '... which goes on like any other';
    $w->record($e => 'accepted');
    $w->idle($e);
    $w->report($e, 'quiet', 'NotNow');
    is $w->due($e), 30, 'a wish that is there stays as it is';
    $w->later('30 seconds');
    is $w->claim, '', '... and is put off when it is looked at';
    ok $w->due($e) > 500, '... by minutes';

    my $member = sub { sprintf "'{1,1}', '{%s}', '{\"\",\"\"}', ARRAY[sha256('1%s'),
        sha256('1%s')], '{f,f}'", join(',', @_), @_ };
    $w->sql('DELETE FROM mdm.push');
    $w->{device}->run("SELECT command_uuid FROM mdm_r2.report(" . $member->($e, $f)
        . ", '{quiet,quiet}', '{NotNow,NotNow}', ARRAY['raw'::bytea, 'raw'], '{NULL,NULL}',
        '{NULL,NULL}', '{NULL,NULL}', '{NULL,NULL}')");
    is $w->due($f), 600, 'of several that report at once each is';
    $w->sql('DELETE FROM mdm.queue; DELETE FROM mdm.push');
};


subtest 'NotNow after a long absence' => sub {
    my $d = $w->device;

    $w->enqueue('long', $d);
    for (1 .. 6) {
        $w->claim;
        $w->record($d => 'accepted');
        $w->later('1 day');
    }
    is $w->idle($d), 'long', 'the device comes at last';
    $w->report($d, 'long', 'NotNow');
    is $w->claim, '', 'and says NotNow';
    cmp_ok abs($w->due($d) - 600), '<', 8, '... as if it were the first push';
    $w->sql('DELETE FROM mdm.queue; DELETE FROM mdm.push');
};


subtest 'what does not count' => sub {
    my @d = map { $w->device } 1 .. 5;

    $w->enqueue('later', $d[0], { not_before => 3600 });
    cmp_ok $w->due($d[0]), '>', 3590, 'a command of later is pushed for later';
    $w->sql(q{UPDATE mdm.push SET due_at = now() WHERE due_at > now()
        AND topic = 'topic' AND NOT asked});
    $w->enqueue('short', $d[1], { expires => 60 });
    $w->enqueue('old', $d[2]);
    $w->enqueue('stalled', $d[3]);
    $w->sql(q{UPDATE mdm.queue SET expires_at = now() WHERE command_uuid = 'short';
        UPDATE mdm.queue SET state = 'PUSH' WHERE command_uuid = 'stalled';
        UPDATE mdm.queue SET state = 'STALLED', offer_rank = NULL WHERE command_uuid = 'stalled';
        UPDATE mdm.enrollment SET generation = 2 WHERE device_id = '} . $d[2] . q{';
        DELETE FROM mdm.push WHERE accepted_at IS NOT NULL});
    $w->enqueue('open', $d[4]);
    is $w->claim, $d[4], 'only what may go out is pushed for';
    cmp_ok $w->due($d[0]), '>', 3500, 'a look puts off what is of later';
    is join(' ', map { $w->due($_) } @d[1 .. 3]), '- - -', '... and drops the others';
    $w->later('3600 seconds');
    like $w->claim, qr/\b$d[0]\b/, 'its time comes';
    $w->sql(q{UPDATE mdm.enrollment SET generation = 1; DELETE FROM mdm.queue;
        DELETE FROM mdm.push});
};


subtest 'one push serves several commands' => sub {
    my $d = $w->device;

    $w->enqueue("c$_", $d) for 1 .. 3;
    is $w->claim, $d, 'three commands, one push';
    $w->enqueue('meanwhile', $d);
    is $w->due($d), 'claimed', 'one that comes while it is in hand waits for it';
    is sent('meanwhile'), 'f', '... and is not SENT yet';
    $w->record($d => 'accepted');
    is sent('meanwhile') . sent('c1'), 'tt', 'all are SENT when it is accepted';
    is $w->due($d), 3, 'the device may have come and gone between: it is looked at soon';
    $w->later('3 seconds');
    is $w->claim, $d, '... and pushed, for it took nothing';
    $w->record($d => 'accepted');
    $w->later('20 seconds');
    $w->enqueue('soon', $d);
    is $w->due($d), 10, 'one that comes shortly after does not push again at once';
    is sent('soon'), 't', '... and is SENT, too';
    $w->later('10 seconds');
    is $w->claim, $d, '... but is when the device has not come';
    $w->record($d => 'accepted');
    is $w->due($d), 480, '... as the ladder goes on';

    $w->idle($d);
    $w->report($d, $_) for qw(c1 c2 c3 meanwhile soon);
    $w->enqueue('next', $d);
    is $w->due($d), 0, 'when the device has done all, the next is pushed for at once';
    is sent('next'), 'f', '... and not SENT before';
    is $w->claim, $d, '... though it is 30 seconds since';
    $w->record($d => 'accepted');
    is $w->due($d), 30, '... and is at the foot of the ladder';

    $w->later('1 minute');
    $w->enqueue('much later', $d);
    is $w->due($d), -30, 'a push of long ago serves nothing';
    is sent('much later'), 'f', '... so the command is not SENT';
    $w->claim;
    $w->record($d => 'accepted');
    $w->enqueue('early', $d, { not_before => 3600 });
    is sent('early'), 'f', 'nor is a command of later by any push';
};


subtest 'a wish in hand when its last command is new' => sub {
    my $d = $w->device;

    $w->enqueue('slow', $d);
    for (1 .. 4) {
        $w->claim;
        $w->record($d => 'accepted');
        $w->sql(q{UPDATE mdm.push SET due_at = now() WHERE due_at > now()});
    }
    $w->claim;
    $w->enqueue('fresh', $d);
    $w->record($d => 'accepted');
    is $w->due($d), 3, 'it is looked after soon';
    $w->later('3 seconds');
    $w->claim;
    $w->record($d => 'accepted');
    is $w->due($d), 120, '... and the ladder begins anew with it';
    $w->sql('DELETE FROM mdm.queue; DELETE FROM mdm.push');
};


subtest 'users' => sub {
    my $d = $w->device;

    $w->token($d, user => 'U');
    $w->seen("${d}U");
    $w->enqueue('one', "$d:U");
    is $w->claim, "${d}U", 'a user who is logged in';
    $w->record("${d}U" => 'accepted');
    is $w->due("${d}U"), 30, '... is pushed like a device';
    $w->later('2 days');
    is $w->claim, '', 'one who is not any more';
    is $w->due("${d}U"), '-', '... is left alone';
    $w->enqueue('two', "$d:U");
    is $w->claim, "${d}U", 'a new command is one push';
    $w->record("${d}U" => 'accepted');
    $w->later('30 seconds');
    is $w->claim . $w->due("${d}U"), '-', '... and that is all';
    $w->sql('DELETE FROM mdm.queue');
};


subtest 'who is no more' => sub {
    my @d = map { $w->device } 1 .. 4;

    $w->enqueue('for all', @d);
    $w->claim;
    $w->record(map { $_ => 'dead' } @d[1, 2]);
    is $w->sql('SELECT count(*) FROM mdm.push_stop'), 2, 'two of four are stopped';
    $w->{device}->run("SELECT mdm_r2.check_out(1, '$d[1]', sha256('1$d[1]'), false, NULL, NULL)");
    $w->{api}->run("SELECT mdm_r2.enrollment_end(1, 'joe', '', '$d[$_]')") for 0, 2;
    is $w->sql('SELECT count(*) FROM mdm.push_stop'), 0, 'who leaves takes his stop along';
    is join(' ', map { $w->due($_) } @d[0 .. 2]), '- - -', '... and his wish';
    is $w->record($d[0] => 'accepted'), 'ok', 'that it was in hand does no harm';
    is $w->record($d[3] => 'dead'), 'ok', 'a dead token';
    $w->device(device => $d[3]);
    is $w->sql('SELECT count(*) FROM mdm.push_stop'), 0, '... is over when the device enrols anew';
};


is $w->sql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';

done_testing;
