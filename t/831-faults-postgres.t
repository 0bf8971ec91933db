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

with_sanitizers();

MDM::Test::Faults::Postgres->own_mounts;

my $fleet = MDM::Test::Fleet->start(pg => MDM::Test::Faults::Postgres->start,
    kinds => { iphone => 120, mac => 20, sharedipad => 10, byod => 10 });
my @kinds = MDM::Test::Faults::Postgres->kinds;
my $faults = MDM::Test::Faults->new($fleet, seed => 831, pace => 0.35,
    kinds => \@kinds);

diag 'full disks are left out: they need root and a mount namespace'
    if !grep { $_ eq 'wal_full' } @kinds;


# What the workers have open when no client but this one is there: descriptors;
# undef when there are others.

sub opened {
    my ($active) = $fleet->api->get('/status')->{body} =~ /Active connections: (\d+)/;

    return $active == 1 ? scalar map { glob "/proc/$_/fd/*" } $fleet->nginx->workers
                        : undef;
}

my $before = wait_for(10, sub { $faults->well && opened() });

$fleet->begin;
$faults->storm(0, 0.1);
$fleet->end;

$fleet->settle;

my $count = $fleet->verdict;

is $count->{unanswered_disconnected} // 0, 0, 'no connection broke before an answer';
is $faults->late, 0, '... and no answer took longer than calls may take';

my $counts = $faults->counts;

cmp_ok $counts->{$_}, '>', 0, "$_ was among the faults" for @kinds;
note $faults->table;

my $log = $fleet->nginx->error_log;
my $lines = () = $log =~ /\[(?:error|warn)\]/g;

ok $log =~ /mdm: no connection to PostgreSQL: \d+ times more within/,
    'the error log has a number instead of a line for each request';
cmp_ok $lines, '<', 60 * @kinds, "... and few lines for each fault ($lines)";

my $after = wait_for(10, sub { my $now = opened(); $now && $now <= $before && $now });

ok $after, "the workers have no more open than before ($before)";
is(MDM::Test::Metrics->scrape($fleet->api)->sum('database_calls_waiting'), 0,
    '... and no call waits');

done_testing;
