# Workers are killed, nginx is reloaded and its binary replaced while a fleet
# works: no command is lost or done twice, and no device is told to leave.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Fleet;
use MDM::Test::Faults;

with_sanitizers();

my $fleet = MDM::Test::Fleet->start(nginx_options => { daemon => 1 },
    kinds => { iphone => 120, mac => 20, sharedipad => 10, byod => 10 });
my $faults = MDM::Test::Faults->new($fleet, seed => 830,
    kinds => [qw(worker_killed reload binary_upgrade)]);

$fleet->begin;
$faults->storm(4, 0.3);
$fleet->end;

$fleet->settle;
$fleet->verdict;
$fleet->opens;

my $counts = $faults->counts;

cmp_ok $counts->{$_}, '>', 0, "a $_ was among the faults ($counts->{$_})"
    for sort keys %$counts;
is scalar(my @workers = $fleet->nginx->workers), 2, 'two workers serve in the end';

done_testing;
