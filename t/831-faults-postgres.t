# PostgreSQL stops, dies, stands still, refuses, and runs out of everything while a
# fleet works: no command is lost or done twice, no device is told to leave, and
# after each fault all is as it was.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::Fleet;
use MDM::Test::Faults;

MDM::Test::Faults::Postgres->own_mounts;

my $fleet = MDM::Test::Fleet->start(pg => MDM::Test::Faults::Postgres->start,
    kinds => { iphone => 120, mac => 20, sharedipad => 10, byod => 10 });
my @kinds = MDM::Test::Faults::Postgres->kinds;
my $faults = MDM::Test::Faults->new($fleet, seed => 831, kinds => \@kinds);

diag 'full disks are left out: they need root and a mount namespace'
    if !grep { $_ eq 'wal_full' } @kinds;


# What the workers have open: [active connections of clients, descriptors].

sub opened {
    my ($active) = $fleet->api->get('/status')->{body} =~ /Active connections: (\d+)/;

    return [ $active, scalar map { glob "/proc/$_/fd/*" } $fleet->nginx->workers ];
}

wait_for(10, sub { $faults->well });
my $before = opened();

$fleet->begin;
$faults->storm(0, 0.1);
$fleet->end;

$fleet->settle;
$fleet->verdict;

my $counts = $faults->counts;

cmp_ok $counts->{$_}, '>', 0, "$_ was among the faults" for @kinds;
note $faults->table;

my $log = $fleet->nginx->error_log;
my $lines = () = $log =~ /\[(?:error|warn)\]/g;

like $log, qr/mdm: no connection to PostgreSQL: \d+ times more within/,
    'the error log has a number instead of a line for each request';
cmp_ok $lines, '<', 60 * @kinds, "... and few lines for each fault ($lines)";

wait_for(10, sub { "@{ opened() }" eq "@$before" });
is_deeply opened(), $before, 'the workers have as much open as before';

done_testing;
