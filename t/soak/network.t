# The network to the database loses packets for SOAK_TIME seconds (60), now all
# of them, now one direction, briefly or past the deadline.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use MDM::Test;
use MDM::Test::Fleet;
use MDM::Test::Faults;
use MDM::Test::Network;

MDM::Test::Network::alone();

my $pg = MDM::Test::Postgres->start(migrate => 1, tcp => 1);
my $fleet = MDM::Test::Fleet->start(pg => $pg,
    database => '"' . $pg->address . '" timeout=2s',
    kinds => { iphone => 240, mac => 30, sharedipad => 15, byod => 30 });
my $faults = MDM::Test::Faults->new($fleet, seed => $ENV{SOAK_SEED} // 1,
    kinds => [qw(network_hiccup database_cut database_deaf database_mute)]);

$fleet->begin;
$faults->storm($ENV{SOAK_TIME} // 60, 1);
$fleet->end;
$fleet->settle;

my $count = $fleet->verdict;

cmp_ok $count->{late}, '<', 4500, 'hardly anybody waited much longer than the deadline of 2 s';
diag 'network: ', $faults->line, ", commands $count->{commands}, lost $count->{lost}, ",
    "doubled $count->{doubled}, devices told to leave $count->{left}";

$fleet->opens;

done_testing;
