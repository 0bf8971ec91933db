# The network to the database loses packets without a word: all of them, only
# what we say, or only what PostgreSQL answers, so that what was committed is
# not known to be. Devices hear 503 in time, and no command is lost or doubled.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::Fleet;
use MDM::Test::Faults;
use MDM::Test::Network;

MDM::Test::Network::alone();

my $pg = MDM::Test::Postgres->start(migrate => 1, tcp => 1);
my $fleet = MDM::Test::Fleet->start(pg => $pg,
    database => '"' . $pg->address . '" timeout=2s',
    kinds => { iphone => 120, mac => 20, sharedipad => 10, byod => 10 });
my $faults = MDM::Test::Faults->new($fleet, seed => 833,
    kinds => [qw(network_hiccup database_cut database_deaf database_mute)]);

my @workers = $fleet->nginx->workers;

$fleet->begin;
Time::HiRes::sleep(0.5);
$faults->storm(0, 0.8);
$fleet->end;

$fleet->settle;
my $count = $fleet->verdict;
$fleet->opens;

cmp_ok $count->{status_503} // 0, '>', 0, 'devices heard 503 meanwhile';
cmp_ok $count->{late}, '<', 4500, '... when the deadline of 2 s had passed, not later';
is_deeply [ $fleet->nginx->workers ], \@workers, 'and workers lived through all of it';
like $fleet->nginx->error_log, qr/PostgreSQL/, '... and said what they missed';

done_testing;
