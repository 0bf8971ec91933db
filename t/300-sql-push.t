# A wish to wake a device, from the command to its answer: who claims it, when it is
# pushed again, and when it is over.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Wishes;

my $w = MDM::Test::Wishes->new;


subtest 'a command that is answered' => sub {
    my $d = $w->device;

    is $w->lease, '', 'a topic without wishes is not taken';
    $w->enqueue('first', $d);
    is $w->claim, 'lost', 'only the owner of the topic claims';
    is $w->lease, '1/topic', 'one that has something due is';
    is $w->claim, $d, 'its wish is claimed';
    is $w->due($d), 'claimed', '... and in hand';
    is $w->claim, '', '... once';
    is $w->{next_ms}, '', '... and nothing else is to come';
    is $w->record($d => 'accepted'), 'ok', 'Apple takes the push';
    is $w->sql("SELECT sent_at IS NOT NULL FROM mdm.queue"), 't', 'the command is SENT';
    is $w->due($d), 30, 'it is looked at again in 30 seconds';
    $w->claim;
    ok $w->{next_ms} > 25000 && $w->{next_ms} <= 30000, '... as the owner hears';
    is $w->idle($d), 'first', 'the device comes';
    $w->report($d, 'first');
    $w->later('30 seconds');
    is $w->claim, '', 'nothing is pushed to a device that has nothing to do';
    is $w->due($d), '-', '... and the wish is gone';
};


subtest 'the ladder of a device that does not come' => sub {
    my $d = $w->device;
    my @gaps = (30, 120, 480, 1800, 7200, 28800, 86400, 86400, 86400);

    $w->enqueue('silent', $d);
    for my $gap (@gaps) {
        is $w->claim, $d, 'it is pushed';
        $w->record($d => 'accepted');
        is $w->due($d), $gap, "... and again after $gap seconds";
        $w->later(($gap - 2) . ' seconds');
        is $w->claim, '', '... not before';
        $w->later('2 seconds');
    }
    $w->enqueue('another', $d);
    is $w->claim, $d, 'another command';
    $w->record($d => 'accepted');
    is $w->due($d), 30, '... begins the ladder anew';
};


subtest 'what it is given back, and forgotten for' => sub {
    my $d = $w->device;

    $w->enqueue('back', $d);
    $w->claim;
    $w->record($d => [ 'returned', 'lost', 5 ]);
    is $w->due($d), 5, 'a push that was not answered goes again when the owner says';
    $w->later('5 seconds');
    is $w->claim, $d, '... as if it had not been';
    is $w->sql("SELECT sent_at IS NULL FROM mdm.queue WHERE command_uuid = 'back'"), 't',
        'and its command is not SENT';
    $w->{job}->run("SELECT mdm_r2.push_release('one', '{1}', '{topic}')");
    is $w->due($d), 0, 'what is released is due at once';
    is $w->claim, 'lost', '... for another';
    is $w->lease(owner => 'two'), '1/topic', '... who takes it';
    is $w->lease(tenant => 1), '1/topic=two', 'who asks for a tenant hears who has it';
    $w->{job}->run("SELECT mdm_r2.push_release('two', '{1}', '{topic}')");
    $w->lease;
};


is $w->sql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';

done_testing;
