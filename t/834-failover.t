# The primary dies under load and its synchronous standby is promoted: what was
# answered 200 is there, and the fleet goes on.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::Fleet;

MDM::Test::import_servers();

my $primary = MDM::Test::Postgres->start(migrate => 1, conf => {
    wal_level => 'replica', max_wal_senders => 4, fsync => 'on' });
my $standby = MDM::Test::Postgres->start(standby_of => $primary);

my $fleet = MDM::Test::Fleet->start(pg => $primary,
    kinds => { iphone => 120, mac => 20, sharedipad => 10, byod => 10 },
    database => sprintf('"host=%s,%s port=%s,%s dbname=mdm" timeout=3s',
        (map { $_->socket_dir } $primary, $standby),
        map { $_->port } $primary, $standby));

$primary->wait_for_standby;

$fleet->begin;
my $before;
ok MDM::Test::wait_for(20, sub {
    $before = $primary->psql('SELECT count(*) FROM mdm.result');
    $before > 20
}), "commands end while the primary lives: $before";

$primary->kill9;
Time::HiRes::sleep(0.5);
$standby->psql('SELECT pg_promote()');
$fleet->{pg} = $standby;

ok MDM::Test::wait_for(10, sub {
    $standby->psql('SELECT count(*) FROM mdm.result') > 2 * $before
}), 'they go on ending when the standby is promoted';
$fleet->end;
$fleet->settle;

my $count = $fleet->verdict;
$fleet->opens;
cmp_ok $count->{status_503} // 0, '>', 0, 'meanwhile devices heard 503';

done_testing;
