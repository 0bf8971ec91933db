# A server of which nothing comes any more: slow answers, none at all, one that
# reads nothing, a connection that is dead without a word. Timers of the worker run
# 25 times as fast.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::APNs::Scripted;
use MDM::Test::Pushing;

my $apns = MDM::Test::APNs::Scripted->start;
my $p = MDM::Test::Pushing->start(apns => $apns, tenants => { acme => 400 },
    nginx => { hurry => 25 });
my $acme = $p->tenant('acme');
my $began;


sub answered {
    my ($number, $seconds) = @_;

    return wait_for($seconds, sub {
        my %answered = $apns->tokens('answered');
        keys %answered >= $number;
    });
}

# An answer that takes a while is waited for.

$apns->tell('hold');
$p->queue(acme => 1 .. 20);
wait_for(5, sub { $apns->log('got') == 20 });
Time::HiRes::sleep(1);
$apns->tell('release');
ok answered(20, 3), 'slow answers';
is scalar $apns->log('got'), 20, '... are waited for';

# No answer in thirty seconds: the push may or may not be there, so once more; the
# connection is alive and answers others.

$apns->tell('hold');
$p->queue(acme => 21 .. 25);
wait_for(5, sub { $apns->log('got') == 25 });
ok wait_for(6, sub { $apns->log('reset') >= 5 || $apns->log('close') > 0 }),
    'an answer that never comes is given up';
$apns->tell('release');
ok answered(25, 4), '... and the push is repeated';

# The other end is dead, and nobody said so.

$apns->tell('hold');
$p->queue(acme => 26 .. 60);
wait_for(5, sub { $apns->log('got') >= 35 });
$apns->tell('mute', 'release');
$began = Time::HiRes::time();
ok answered(60, 8), 'a dead connection is noticed, and all is pushed over another one';
cmp_ok Time::HiRes::time() - $began, '<', 7, '... in time';

# One that reads nothing any more, until it does.

$apns->tell('deaf 1');
$p->queue(acme => 61 .. 400);
Time::HiRes::sleep(0.3);
$apns->tell('deaf 0');
ok answered(400, 6), 'one that does not read for a while';

$p->verdict(again => 3);

done_testing;
