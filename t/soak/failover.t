# Failover again and again, for SOAK_TIME seconds (60): the primary is killed
# under load, its synchronous standby is promoted, and the dead one comes back
# as the next standby.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::Fleet;

MDM::Test::import_servers();

my $end = Time::HiRes::time() + ($ENV{SOAK_TIME} // 60);

my $primary = MDM::Test::Postgres->start(migrate => 1, conf => {
    wal_level => 'replica', max_wal_senders => 4, fsync => 'on' });
my $standby = MDM::Test::Postgres->start(standby_of => $primary);

my $fleet = MDM::Test::Fleet->start(pg => $primary,
    kinds => { iphone => 240, mac => 30, sharedipad => 15, byod => 30 },
    database => sprintf('"host=%s,%s port=%s,%s dbname=mdm" timeout=3s',
        (map { $_->socket_dir } $primary, $standby),
        map { $_->port } $primary, $standby));

srand($ENV{SOAK_SEED} // 1);
my ($failovers, $count) = (0);

while (!$failovers || Time::HiRes::time() < $end) {
    $primary->wait_for_standby;

    $fleet->begin;
    Time::HiRes::sleep(1 + rand 3);
    $primary->kill9;
    $standby->psql('SELECT pg_promote()');
    $failovers++;

    ($primary, $standby) = ($standby, $primary);
    $fleet->{pg} = $primary;
    Time::HiRes::sleep(3);
    $fleet->end;
    $fleet->settle;
    $count = $fleet->verdict;

    $standby->follow($primary);
}

cmp_ok $failovers, '>', 0, "$failovers failovers";
diag "failover: failovers $failovers, commands $count->{commands}, lost $count->{lost}, "
    . "doubled $count->{doubled}, devices told to leave $count->{left}";

$fleet->opens;

done_testing;
