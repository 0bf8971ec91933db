# A node that is stopped at once ("nginx -s stop") with pushes in flight: its topics and
# what it had in hand are another node's long before the leases run out.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::APNs;
use MDM::Test::Pushing;

my @names = map { "t$_" } 1 .. 3;
my $p = MDM::Test::Pushing->start(workers => 2, tenants => { map { $_ => 100 } @names },
    apns => MDM::Test::APNs->start(rules => { default => 'slow 4' }));

$p->queue($_, 1 .. 100) for @names;
ok wait_for(5, sub {
    $p->pg->psql("SELECT count(*) FROM mdm.push WHERE due_at = 'infinity'") == 300;
}), 'all pushes are in flight';

my $other = $p->node(workers => 1);
my $apns = $p->apns;

is $p->pg->psql("SELECT count(*) FROM mdm.push_topic WHERE until > now()
    + interval '8 seconds' AND owner <> ''"), 3, 'a node has the topics, for a while';

my @workers = $p->nginx->workers;
my $from = Time::HiRes::time();

$p->nginx->stop('TERM');
$apns->rules;

ok wait_for(7, sub {
    $p->pg->psql('SELECT count(*) FROM mdm.push WHERE accepted_at IS NULL') == 0;
}), 'stopped at once, it leaves them to the other';
cmp_ok Time::HiRes::time() - $from, '<', 8, sprintf '... before the leases run out (%.1f s)',
    Time::HiRes::time() - $from;
is $p->pg->psql("SELECT count(*) FROM mdm.push_topic WHERE owner ~ '/("
    . join('|', @workers) . ")\$'"), 0, '... which it has no more';
is $p->reached(300, 1), 300, '... and each enrolment was pushed';

done_testing;
