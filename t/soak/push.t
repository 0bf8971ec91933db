# Twenty topics, a thousand devices, two nodes, one of them behind a proxy, and
# everything that can break under pushes by lot, for SOAK_TIME seconds (60);
# SOAK_SEED (1) chooses another course. Who waits was pushed in the end, and none
# more often than the ladder allows, but for answers that faults took away.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";

use List::Util ();
use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::APNs::Scripted;
use MDM::Test::Proxy;
use MDM::Test::Pushing;

my $time = $ENV{SOAK_TIME} // 60;
my $seed = $ENV{SOAK_SEED} // 1;
my $devices = 50;

srand $seed;

my $apns = MDM::Test::APNs::Scripted->start;
my $proxy = MDM::Test::Proxy->start;
my @names = map { "tenant$_" } 1 .. 20;
my $p = MDM::Test::Pushing->start(apns => $apns, workers => 2,
    tenants => { map { ($_ => $devices) } @names }, nginx => { hurry => 4 });
my @nodes = ($p->nginx, $p->node(workers => 2, hurry => 4,
    mdm_apns => $apns->directive . ' proxy=127.0.0.1:' . $proxy->port));
my $pg = $p->pg;


# Who breaks something, then mends it. The first list takes answers away.

sub pause { Time::HiRes::sleep(rand 0.5) }
sub any { return $_[rand @_] }

my %loses = (
    'connections reset'  => sub { $apns->tell('drop') },
    'connections mute'   => sub { $apns->tell('mute') },
    'garbage'            => sub { $apns->tell('garbage') },
    'streams broken off' => sub { $apns->tell('reset 20 2'); pause(); $apns->tell('reset 0') },
    'tunnels cut'        => sub { $proxy->cut },
    'a worker killed'    => sub { any(@nodes)->kill_worker },
    'a node reloaded'    => sub { any(@nodes)->reload },
    'PostgreSQL restarted' => sub { $pg->stop('QUIT'); pause(); $pg->launch },
    'PostgreSQL killed'  => sub { $pg->kill9; $pg->launch },
    'no connections to PostgreSQL' => sub { $pg->terminate_backends },
    'the fake restarted' => sub { $apns->stop; pause(); $apns->start_again },
    'all stands still'   => sub { $apns->tell('hold'); $pg->freeze; pause(); $pg->thaw;
                                  $apns->tell('release') },
);
my %keeps = (
    'GOAWAY'            => sub { $apns->tell('goaway ' . int rand 30) },
    'streams refused'   => sub { $apns->tell('reset 20'); pause(); $apns->tell('reset 0') },
    'one stream'        => sub { $apns->tell('streams 1'); pause(); $apns->tell('streams 500') },
    'no windows'        => sub { $apns->tell('window 5'); pause(); $apns->tell('window 65535') },
    'answers held back' => sub { $apns->tell('hold'); pause(); $apns->tell('release backwards') },
    'answers in parts'  => sub { $apns->tell('partial 50'); pause(); $apns->tell('finish') },
    'deafness'          => sub { $apns->tell('deaf 1'); pause(); $apns->tell('deaf 0') },
    'a proxy refused'   => sub { $proxy->become(answer => 502); pause();
                                 $proxy->become(answer => 200) },
    'a certificate renewed' => sub { my $t = $p->tenant(any(@names));
                                     eval { $t->certify } },
);
my %faults = (%loses, %keeps);
my (%count, $lost, $asked);


# Somebody asks on, of a few devices of any tenant; what is not answered with yes
# was not asked.

sub ask {
    my $tenant = $p->tenant(any(@names));
    my @n = map { 1 + int rand $devices } 1 .. 1 + rand 20;

    delete $tenant->{client}{socket} if rand() < 0.1;
    $asked += eval { $tenant->queue(@n); 1 } || 0;
    delete $tenant->{client}{socket} if $@;
}

my $end = Time::HiRes::time() + $time;
my @next;

while (Time::HiRes::time() < $end) {
    ask() for 1 .. 1 + rand 5;

    @next = List::Util::shuffle(sort keys %faults) if !@next;

    my $what = shift @next;

    $faults{$what}();
    $count{$what}++;
    $lost++ if $loses{$what};
    pause();
}

my $waiting = $pg->psql('SELECT count(DISTINCT enrollment_id) FROM mdm.queue');

ok wait_for(90, sub { $pg->psql(q{SELECT count(*) FROM mdm.queue
    WHERE sent_at IS NULL}) == 0 }), 'in the end all that waits is SENT';
$_->stop for @nodes;
# an answer is lost only while the push is under way
$p->verdict(again => 10);
unlike $pg->log, qr/deadlock/, 'nobody waited for each other';
is $pg->psql('SELECT count(*) FROM mdm.push_topic WHERE stopped_at IS NOT NULL'), 0,
    'no topic was stopped';
cmp_ok $asked, '>', $time, 'there was something to do';

my %times = $apns->tokens('got');
my $most = (sort { $b <=> $a } values %times)[0];

diag sprintf "seed %d, %d s, %d faults (%d take answers away), %d calls for %d devices, "
    . "%d pushes, at most %d of one device\n%s", $seed, $time,
    eval { my $n = 0; $n += $_ for values %count; $n }, $lost, $asked, $waiting,
    scalar $p->pushes, $most, join '', map { sprintf "%5d %s\n", $count{$_}, $_ }
    sort keys %count;

done_testing;
