# What pushes take is given back: memory and descriptors, whatever becomes of the
# connections. Timers of the worker run 25 times as fast.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::APNs::Scripted;
use MDM::Test::Process qw(memory descriptors growth words);
use MDM::Test::Pushing;

my $devices = 200;
my $apns = MDM::Test::APNs::Scripted->start;
my $p = MDM::Test::Pushing->start(apns => $apns, tenants => { acme => $devices },
    nginx => { hurry => 25 });
my $acme = $p->tenant('acme');
my ($worker) = $p->nginx->workers;
my $ids = join ',', $acme->ids(1 .. $devices);

my @faults = ('forget', 'drop', 'answer * 429 TooManyRequests', 'goaway 20', 'garbage',
    'answer * 500 InternalServerError', 'reset 100 2', 'partial 50', 'long 4000', 'streams 7');


# Everybody is pushed, and something happens meanwhile; how many pushes came.

sub round {
    my ($fault) = @_;

    my $before = $apns->log('got');

    $apns->tell('hold');
    $p->pg->psql('UPDATE mdm.push SET due_at = now(), asked = true;
        DELETE FROM mdm.push_stop');
    wait_for(4, sub { $apns->log('got') >= $before + $devices })
        or die "not pushed: $fault\n";
    $apns->tell($fault, 'release');
    $apns->tell('finish', 'forget', 'streams 1000', 'long 0', 'reset 0');
    $p->settle;

    return $apns->log('got') - $before;
}

$acme->queue(1 .. $devices);
$p->sent;
round($_) for @faults;

my $before = descriptors($worker);
my @memory = memory($worker)->{Rss};
my $pushes = 0;

for (1 .. 3) {
    $pushes += round($_) for @faults;
    push @memory, memory($worker)->{Rss};
}

cmp_ok $pushes, '>=', 25 * $devices, 'thousands of pushes, of which many went wrong';
my $after = descriptors($worker);
my @sockets = map { delete $_->{socket} } $before, $after;

is words($after), words($before), 'no descriptor is left';
cmp_ok $sockets[1], '<=', $sockets[0] + 2, '... but a connection or two';
cmp_ok growth(@memory), '<', 100, '... nor memory' or diag "@memory";
is +($p->nginx->workers)[0], $worker, 'the worker is still the same';

done_testing;
