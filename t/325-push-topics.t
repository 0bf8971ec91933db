# Ten topics of several tenants at once: each only over its own certificate. Many
# refusals stop a topic, not its devices, and a stored certificate resumes it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Pushing;

my @names = map { "tenant$_" } 1 .. 8;
my $p = MDM::Test::Pushing->start(workers => 2,
    tenants => { map { ($_ => 100) } @names });

# Two tenants have two topics.

my %second;

for my $name (@names[0, 1]) {
    my $tenant = $p->tenant($name);
    my $topic = $second{$name} = "$tenant->{topic}.second";
    my $pair = $p->apns->ca->push_certificate($topic);

    $tenant->expect(200, PUT => '/v1/pushcert?new_topic=1',
        $pair->pem . $pair->key_pem);
    $p->pg->psql("UPDATE mdm.enrollment SET topic = '$topic'
        WHERE tenant_id = $tenant->{number} AND enrollment_id % 2 = 0");
}

$p->queue($_ => 1 .. 100) for @names;
is $p->reached(800), 800, 'all devices of ten topics are pushed';
$p->verdict;

my %over;
$over{ $_->{topic} }{"$_->{subject} $_->{serial}"}++ for $p->pushes;

is scalar keys %over, 10, 'there were ten topics';
is join(' ', map { scalar keys %$_ } values %over), join(' ', (1) x 10),
    '... and each had one certificate';
is scalar(grep { my $topic = $_; grep { !/UID=\Q$topic\E / } keys %{ $over{$topic} } }
    keys %over), 0, '... its own';

my %connection;
$connection{ $_->{connection} }{ $_->{topic} } = 1 for $p->pushes;
is scalar(grep { keys %$_ > 1 } values %connection), 0,
    'no connection was of two topics';

# An enrolment whose topic has no certificate here is not pushed over another one.

my $first = $p->tenant('tenant3');
$p->pg->psql("UPDATE mdm.enrollment SET topic = '$second{tenant1}'
    WHERE device_id = 'tenant3-1'");
$p->apns->forget;

# Refusals: of three, all; so the topic is stopped, and its devices are not.

my $sick = $p->tenant('tenant4');
my $gone = $p->tenant('tenant5');
$sick->enroll(101, 160);
$gone->enroll(101, 160);
$first->enroll(101, 101);
$p->apns->rules($sick->{topic} => '400 DeviceTokenNotForTopic',
    $gone->{topic} => '410 Unregistered');
$p->queue(tenant3 => 1, 101);
$p->queue(tenant4 => 101 .. 160);
$p->queue(tenant5 => 101 .. 160);


sub topic {
    my ($tenant, $columns) = @_;

    return $p->pg->psql("SELECT $columns FROM mdm.push_topic
        WHERE tenant_id = $tenant->{number} AND topic = '$tenant->{topic}'");
}


sub stops {
    return $p->pg->psql("SELECT count(*) FROM mdm.push_stop
        WHERE tenant_id = $_[0]{number}");
}

ok wait_for(5, sub { topic($sick, 'stop_reason') eq 'refused' }),
    'a topic of which all is refused is stopped';
ok wait_for(5, sub { stops($gone) == 60 }), '... one whose devices are gone is not:';
is topic($gone, 'stopped_at IS NULL'), 't', '... its devices are';
$p->settle;
is stops($sick), 0, 'devices of the stopped topic are not stopped';
is $p->pg->psql("SELECT count(*) FROM mdm.event WHERE type = 'push_topic_stopped'"), 1,
    'there is an event of it';

my %times;
$times{ $_->{token} }++ for $p->pushes;
ok $times{ $first->token(101) }, 'the others are pushed';
ok !$times{ $first->token(1) }, '... but who is of another topic is not';

# Storing a certificate resumes it, also the same one.

$p->apns->rules;
$p->apns->forget;
$sick->certify(undef, $p->apns->ca->push_certificate($sick->{topic}));
is $p->reached(60), 60, 'with another certificate it goes on, for all';
is topic($sick, 'stopped_at IS NULL'), 't', '... and is not stopped any more';
is +(grep { $_->{topic} ne $sick->{topic} } $p->pushes), 0, '... alone';
$p->settle;
is stops($sick), 0, '... without any stop';

done_testing;
