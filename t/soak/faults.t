# Hundreds of devices, and everything that can be broken under them by lot, for
# SOAK_TIME seconds (60); SOAK_SEED (1) chooses another course.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::Fleet;
use MDM::Test::Faults;

MDM::Test::Faults::Postgres->own_mounts;

my $time = $ENV{SOAK_TIME} // 60;
my $seed = $ENV{SOAK_SEED} // 1;

my $fleet = MDM::Test::Fleet->start(pg => MDM::Test::Faults::Postgres->start,
    nginx_options => { daemon => 1 }, seed => $seed, sim => [ '--vanish', 30 ],
    kinds => { iphone => 240, mac => 40, sharedipad => 20, byod => 40 });
my @kinds = (qw(worker_killed reload binary_upgrade), MDM::Test::Faults::Postgres->kinds);
my $faults = MDM::Test::Faults->new($fleet, seed => $seed, kinds => \@kinds);

diag 'full disks are left out: they need root and a mount namespace'
    if !grep { $_ eq 'wal_full' } @kinds;

my $began = Time::HiRes::time();

$fleet->begin;
$faults->storm($time, 0.3);
$fleet->end;
$fleet->settle;

my $count = $fleet->verdict;
my $counts = $faults->counts;

cmp_ok $counts->{$_}, '>', 0, "$_ was among the faults" for @kinds;

is $faults->late, 0, 'no answer took longer than calls may take';

diag sprintf "seed %d, %d s, %d faults\n%s%d exchanges, %d commands, lost %d, "
    . "doubled %d, told to leave %d, the slowest answer after %d ms", $seed, Time::HiRes::time() - $began,
    eval { my $sum = 0; $sum += $_ for values %$counts; $sum }, $faults->table,
    map { $_ // 0 } @$count{qw(exchanges commands lost doubled left slowest)};

done_testing;
