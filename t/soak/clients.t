# For SOAK_TIME seconds (60) a third of all requests of the devices vanish, large
# ones among them, while channels are poisoned, workers die and nginx reloads.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use MDM::Test;
use MDM::Test::Fleet;
use MDM::Test::Faults;

my $fleet = MDM::Test::Fleet->start(
    sim   => [ '--vanish', 33, '--backoff-max', 200, '--apps', 500 ],
    kinds => { iphone => 240, mac => 30, sharedipad => 15, byod => 30 }, each => 0.3);
my $faults = MDM::Test::Faults->new($fleet, seed => $ENV{SOAK_SEED} // 1,
    kinds => [qw(poison_row poison_commit poison_delivery poison_slow
        worker_killed reload)]);

$fleet->begin;
$faults->storm($ENV{SOAK_TIME} // 60, 1);
$fleet->end;
$fleet->settle;

my $count = $fleet->verdict;
my $vanished = () = slurp($fleet->sim_log) =~ /"vanished: /g;

cmp_ok $vanished, '>', 0, 'devices vanished';
diag "clients: vanished $vanished, ", $faults->line, ", commands $count->{commands}, ",
    "lost $count->{lost}, doubled $count->{doubled}, devices told to leave $count->{left}";

$fleet->opens;

done_testing;
