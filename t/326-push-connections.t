# What a server of HTTP/2 may do in the midst of pushes: other limits, answers in
# another order, GOAWAY, refused streams.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::APNs::Driven;

with_sanitizers();

my ($apns, $p) = driven();


# Answers in another order; as many streams as there may be, also when that changes.

$apns->tell('streams 3', 'hold');
my @n = more(30);
ok got(got => 3), 'no answers';
is $apns->most_at_once, 3, '... and no more streams than Apple allows';
$apns->tell('release backwards');
ok all_answered(@n), '... of which all come through, in whatever order';
is $apns->most_at_once, 3, '... so many at a time';

$apns->tell('streams 1');
my $from = $apns->log;
@n = more(20);
ok all_answered(@n), 'one at a time';
is $apns->most_at_once($from), 1, '... and no more';

$apns->tell('hold');
my @m = more(40);
ok !wait_for(0.5, sub { $apns->log('got') >= 90 }), 'with one at a time not all have begun';
$apns->tell('streams 100');
is got(got => 90), 90, '... but when there may be more at once, all do';
$apns->tell('release');
ok all_answered(@m), '... and are answered';
is times_of(2 .. 91), join(' ', (1) x 90), 'each was pushed once';

# No stream at all, for a while.

$apns->tell('streams 0');
@n = more(10);
ok !wait_for(0.4, sub { times_of(@n) =~ /1/ }), 'no stream may be opened';
$apns->tell('streams 100');
ok all_answered(@n), '... until one may';

# GOAWAY: what is above was not processed and goes elsewhere; the rest is answered.
# Connections that were opened because pushes had to wait go before.

$apns->tell('drop');
ok all_answered(more(1)), 'one connection';
$apns->tell('hold');
@n = more(20);
got(got => 121);
my $before = ($apns->log('open'))[-1]{connection};
$apns->tell('goaway 8 Shutdown');
is got(got => 133), 133, 'what GOAWAY left out is pushed again';
is times_of(@n), join(' ', (1) x 8, (2) x 12), '... but not what is still to be answered';
cmp_ok +($apns->log('got'))[-1]{connection}, '>', $before, '... on another connection';
$apns->tell('release');
ok all_answered(@n), '... and both are answered';
is times_of(@n), join(' ', (1) x 8, (2) x 12), '... and no more are pushed';

# GOAWAY without anything under way, then more work.

$apns->tell('goaway');
@n = more(5);
ok all_answered(@n), 'after GOAWAY a new connection is made';

# Refused streams were not processed.

$apns->tell('reset 4');
@n = more(6);
ok all_answered(@n), 'refused streams are pushed again';
is +(sort { $b <=> $a } split ' ', times_of(@n))[0], 2, '... once';

# One that refuses all of them is not asked again and again.

$apns->tell('reset 1000000');
@n = more(10);
ok !wait_for(0.7, sub { $apns->log('reset') > 150 }), 'who refuses everything is not hammered';
$apns->tell('reset 0');
ok all_answered(@n), '... and asked again when it does not';

# A stream that the server breaks off may be pushed again; not at once for ever.

$apns->tell('reset 3 2');
@n = more(3);
ok all_answered(@n), 'streams that are broken off';
cmp_ok +(sort { $b <=> $a } split ' ', times_of(@n))[0], '<=', 2, '... are no reason to hammer';

# One that does so with every stream, on a connection that lives.

for my $what ('RST_STREAM', 'REFUSED_STREAM') {
    $apns->tell('reset 1000000 ' . ($what eq 'RST_STREAM' ? 2 : 7));
    @n = more(3);
    wait_for(3, sub { $p->wish(acme => $n[0], 'error') eq $what });
    $p->hasten;
    ok wait_for(5, sub { $p->wish(acme => $n[0], "due_at > now() + interval '10 minutes'
        AND due_at < 'infinity'") eq 't' }), "$what for ever: it is not pushed again soon";
    $apns->tell('reset 0');
    $p->hasten;
    ok all_answered(@n), '... and then is';
}

$p->verdict(again => 6);
ok $p->nginx->workers, 'the worker lives';

done_testing;
