# A hundred reloads in SOAK_TIME = 60 seconds, and ten new binaries, while a fleet
# polls: the master and the workers that serve in the end are as small, and have
# as many descriptors, threads and connections, as those at the beginning.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use Test::More;
use Time::HiRes ();

use MDM::Test;
use MDM::Test::Fleet;
use MDM::Test::Process qw(memory growth counted);

my $time     = $ENV{SOAK_TIME} // 60;
my $reloads  = int(100 * $time / 60) || 1;
my $upgrades = int(10 * $time / 60) || 1;
my $allowed  = 512;             # kilobytes

my $fleet = MDM::Test::Fleet->start(nginx_options => { daemon => 1 },
    kinds => { iphone => 100, mac => 20 });
my $nginx = $fleet->nginx;


# When nobody asks, old processes are gone and connections to the database are
# made: until it is as it was, or, the first time, until it stays as it is.

sub settled {
    my ($before) = @_;

    my ($now, $last);

    wait_for(30, sub {
        ($last, $now) = ($now, counted($nginx));
        Time::HiRes::sleep(1) if !$before;
        return $now->{children} == 2 && same($now, $before // $last);
    });

    return $now;
}


sub same {
    my ($one, $other) = @_;

    return $other && !grep { $one->{$_} ne $other->{$_} } keys %$one;
}


sub backends {
    return join ', ', map { "$_->[0] $_->[1]" } $fleet->pg->query("
        SELECT usename, count(*) FROM pg_stat_activity
         WHERE usename LIKE 'mdm\\_%' AND state IS NOT NULL GROUP BY 1 ORDER BY 1");
}


sub several {
    my ($name, $times, $do) = @_;

    my (@master, @workers);

    $do->();
    my $before = settled();
    my $connected = backends();

    $fleet->begin;

    for (1 .. $times) {
        $do->();
        push @master, memory($nginx->pid)->{Private_Dirty};
    }

    $fleet->end;
    $fleet->settle;
    $fleet->verdict;

    is_deeply settled($before), $before, "after $times $name all is as after one";
    ok wait_for(20, sub { backends() eq $connected }), '... also connections to the database'
        or diag backends(), " and not $connected";

    my $grown = growth(@master[ @master / 5 .. $#master ]);
    cmp_ok $grown, '<=', $allowed, '... and the master did not grow' or diag "@master";
    diag "$times $name: the master grew by ", int $grown, ' KB';
}


several('reloads', $reloads, sub { $nginx->reload });
several('new binaries', $upgrades, sub { $nginx->upgrade });

$fleet->opens;
$nginx->stop;
unlike $nginx->error_log, qr/open socket|lost connection/, 'no connection was left over';

done_testing;
