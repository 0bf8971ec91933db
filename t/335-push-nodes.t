# Two nodes and four workers: each topic is pushed by one of them, which alone holds
# its lease; when its node goes or stands still, another one continues.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::Pushing;

my @names = map { "tenant$_" } 1 .. 6;
my $p = MDM::Test::Pushing->start(workers => 2, tenants => { map { ($_ => 300) } @names });
my @nodes = ($p->nginx, $p->node(workers => 2));


# A command for devices of a tenant, asked of one of the nodes.

sub ask {
    my ($node, $name, @n) = @_;

    my $tenant = $p->tenant($name);
    my $answer = MDM::Test::Client->new(port => $node->port, host => $tenant->{host},
        token => $tenant->{secret})->api(POST => '/v1/commands', {
            command => MDM::Test::Device->command('DeviceLock'),
            enrollments => [ $tenant->ids(@n) ] });

    die "$answer->{status} $answer->{body}" if $answer->{status} != 200;
}


sub owners { return map { $_->[0] } $p->pg->query('SELECT owner FROM mdm.push_topic') }


# The nodes with an owner of this topic first.

sub nodes_of {
    my ($name) = @_;

    my ($pid) = $p->pg->psql("SELECT owner FROM mdm.push_topic
        WHERE topic = '" . $p->tenant($name)->{topic} . "'") =~ m{(\d+)$};

    return sort { (grep { $_ == $pid } $b->workers) <=> (grep { $_ == $pid } $a->workers) }
        @nodes;
}

# Commands come by both nodes, a device at a time.

for my $n (1 .. 10) {
    ask($nodes[($n + length) % 2], $_, $n) for @names;
    ask($nodes[($n + 1) % 2], $_, 100 + $n) for @names;
}

is $p->reached(120), 120, 'what was queued by both nodes is pushed';
$p->verdict;

my %over;
$over{ $_->{topic} }{ $_->{connection} }++ for $p->pushes;
is scalar(grep { keys %$_ > 1 } values %over), 0, '... each topic over one connection';
is scalar(grep { $_ eq '' } owners()), 0, '... and each has an owner';

# A node stands still as if it were dead; then it wakes, and is too late.

my ($owner, $rest) = nodes_of('tenant1');
my @frozen = $owner->workers;

kill 'STOP', @frozen;
$p->pg->psql('UPDATE mdm.push_topic SET until = now()');
ask($rest, tenant1 => 201 .. 300);
is $p->reached(220), 220, 'when a node stands still, the other one pushes';
kill 'CONT', @frozen;
Time::HiRes::sleep(0.3);
is $p->reached(221, 0.5), 220, '... and it does nothing twice when it goes on';
$p->verdict;

# A node leaves in good order: its topics are taken over at once.

($owner, $rest) = nodes_of('tenant1');
$owner->stop;
is scalar(grep { !/^$|^-$/ && $p->pg->psql("SELECT until > now() FROM mdm.push_topic
    WHERE owner = '$_' LIMIT 1") eq 't' && !rest_has($_) } owners()), 0,
    'a node that leaves gives its leases back';


sub rest_has {
    my ($pid) = $_[0] =~ m{(\d+)$};

    return scalar grep { $_ == $pid } $rest->workers;
}

my $began = Time::HiRes::time();
ask($rest, tenant1 => 11 .. 60);
is $p->reached(270, 4), 270, '... and the other one continues';
cmp_ok Time::HiRes::time() - $began, '<', 3, '... at once';
$p->verdict;

done_testing;
