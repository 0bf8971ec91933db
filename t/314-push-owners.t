# Two nodes share the topics, and one dies while a thousand pushes are in flight:
# the other goes on when the leases have run out, and forgets nobody.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::APNs;
use MDM::Test::Pushing;

my @names = map { "t$_" } 1 .. 4;

my $p = MDM::Test::Pushing->start(workers => 2,
    apns => MDM::Test::APNs->start(rules => { default => 'slow 1.5' }),
    tenants => { map { $_ => 250 } @names });
my $other = $p->node(workers => 2);


# The leases of a dead owner, as after their time.

sub leases_run_out {
    my (@pids) = @_;

    my $owners = join '|', @pids;

    $p->pg->psql("UPDATE mdm.push_topic SET until = now()
                   WHERE owner ~ '/($owners)\$'");
}


# Each node queues for half of the topics, and so has them.

my @nodes = ($p->nginx, $other);

for my $i (0 .. $#names) {
    my $tenant = $p->tenant($names[$i]);

    $tenant->{client} = MDM::Test::Client->new(port => $nodes[$i % 2]->port,
        host => $tenant->{host}, token => $tenant->{secret});
    $p->queue($names[$i], 1 .. 250);
}

ok wait_for(5, sub {
    $p->pg->psql("SELECT count(*) FROM mdm.push WHERE due_at = 'infinity'") == 1000;
}), 'a thousand pushes are in flight';

my %pid = map { $_ => 1 } $other->workers;
my @owned = split /\n/, $p->pg->psql('SELECT owner FROM mdm.push_topic');
my $dead = grep { m{/(\d+)\z} && $pid{$1} } @owned;

cmp_ok $dead, '>=', 1, "the node that is to die has topics ($dead of 4)";
cmp_ok $dead, '<', 4, '... and the other, too';

my @victims = keys %pid;
my $from = Time::HiRes::time();

kill 'KILL', $other->pid, @victims;
wait_for(5, sub { !grep { kill 0, $_ } @victims });

ok wait_for(5, sub { !$p->pg->psql("SELECT count(*) FROM mdm.push_topic
        JOIN mdm.push USING (tenant_id, topic)
        WHERE due_at = 'infinity' AND owner !~ '/(@{[ join '|', @victims ]})\$'") }),
    'the node that lives has its answers';

leases_run_out(@victims);

ok wait_for(8, sub {
    $p->pg->psql('SELECT count(*) FROM mdm.push WHERE accepted_at IS NULL') == 0;
}), 'and then pushes what the other had in hand';
diag sprintf '%.1f s after the death', Time::HiRes::time() - $from;

is $p->reached(1000, 1), 1000, 'each enrolment was pushed';
$p->verdict(again => $dead * 250);

done_testing;
