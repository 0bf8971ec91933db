# A server that allows no streams: for a moment it is waited for, on the connection
# that there is; for ever it is a failure, which the topic names, and its pushes go
# back until there are streams. Timers of the worker run 20 times as fast.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::APNs::Scripted;
use MDM::Test::Pushing;

with_sanitizers();

my $apns = MDM::Test::APNs::Scripted->start;
my $p = MDM::Test::Pushing->start(apns => $apns, tenants => { acme => 60 },
    nginx => { hurry => 20 });
my $acme = $p->tenant('acme');


sub topic { return $acme->expect(200, GET => '/v1/push')->{items}[0] }


sub named {
    my $topic;

    wait_for(5, sub { $topic = topic(); ($topic->{reason} // '') =~ /allows no streams/ });

    return $topic;
}


sub opened { return scalar $apns->log('open') }

# From the beginning.

$apns->tell('streams 0');
$p->queue(acme => 1 .. 10);
ok wait_for(5, sub { opened() == 1 }), 'a server without streams';
ok !wait_for(0.2, sub { $apns->log('got') || opened() > 1 }),
    '... gets no pushes, nor more connections';
$apns->tell('streams 100');
is $p->reached(10), 10, '... until it allows some';
is opened(), 1, '... on the connection that there is';
is topic()->{reason}, undef, '... and nothing is wrong';

# In the midst, then for ever.

$apns->tell('streams 0');
$p->queue(acme => 11 .. 20);
ok !wait_for(0.2, sub { opened() > 1 }), 'when it has none any more it gets no connections';
my $topic = named();
is $topic->{state}, 'failing', 'in the end the topic fails';
like $topic->{reason}, qr/the server allows no streams/, '... and it says why';
ok $p->holds("NOT EXISTS (SELECT FROM mdm.push WHERE due_at = 'infinity')"),
    '... and what waits is in nobody\'s hand';
like $p->nginx->error_log, qr/\[error\].*no connection to APNs: the server allows no streams/,
    '... which the log says, too';

my $before = opened();
ok wait_for(8, sub { opened() > $before }), 'it is asked again';
ok !wait_for(0.4, sub { opened() > $before + 3 }), '... not hammered';
is named()->{state}, 'failing', '... and the topic fails all the while';
is scalar(keys %{ $apns->accepted }), 10, '... without a push';

$apns->tell('streams 5');
$p->hasten;
is $p->reached(20, 15), 20, 'when there are streams, all are pushed';
ok wait_for(5, sub { !defined topic()->{reason} }), '... and nothing is wrong any more';

# A connection that ends before the server took our part, with nothing due just then,
# is not the last of a topic that failed.

$apns->tell('drop', 'late 1');
$p->queue(acme => 21 .. 30);
ok wait_for(8, sub { (topic()->{reason} // '') =~ /does not answer/ }), 'a server that is mute';
$p->settle;
$p->pg->psql("UPDATE mdm.push SET due_at = now() + interval '1 hour'");
$before = opened();
wait_for(8, sub { opened() > $before });
Time::HiRes::sleep(0.1);
$apns->tell('raw 1 000000040000000000');
Time::HiRes::sleep(0.1);
$apns->tell('drop', 'late 0');
$p->hasten;
is $p->reached(30, 15), 30, '... begins, and ends at once: it is tried again';
$p->verdict;

done_testing;
