# From a queued command to Apple: the worker that queued it pushes at once, or
# wakes the one of its node that has the topic; what Apple accepted is recorded,
# and the command is SENT.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::Pushing;

my $p = MDM::Test::Pushing->start(workers => 2, tenants => { acme => 40, rival => 3 });
my $acme = $p->tenant('acme');


# How often the fake said yes, as soon as that is so many times.

sub accepted {
    my ($number, $seconds) = @_;

    my $n;

    wait_for($seconds // 10, sub {
        $n = grep { $_->{status} eq '200' } $p->pushes;
        $n >= $number;
    });

    return $n;
}


sub state_of {
    my ($uuid) = @_;

    my ($item) = grep { $_->{command_uuid} eq $uuid }
        @{ $acme->expect(200, GET => '/v1/enrollments/acme-1/queue')->{items} };

    return $item;
}


sub typed_commands {
    my $uuid = $p->queue('acme', 1);

    is accepted(1), 1, 'a command that was queued leads to a push';
    $p->settle;

    my ($push) = $p->pushes;
    my $target = state_of($uuid);

    is $push->{token}, $acme->token(1), 'the token is that of the device';
    is $push->{topic}, $acme->{topic}, 'the topic that of its enrolment';
    is $push->{body}, '{"mdm":"Magic-1"}', 'the body its magic';
    like $push->{apns_id}, qr/\A[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]/,
        'the id is a random one';
    is $p->wish(acme => 1, 'apns_id'), $push->{apns_id}, '... and is recorded';
    is $target->{state}, 'SENT', 'the command is SENT';
    ok $target->{sent_at}, '... with its time';
}


sub raw_commands {
    my $command = MDM::Test::Device->command('DeviceLock', MDM::Test::Device->uuid);

    $acme->expect(200, PUT => '/v1/enqueue/acme-2?nopush=1', $command);
    Time::HiRes::sleep(0.4);
    is accepted(2, 0.1), 1, 'no push when none is wanted';

    $command = MDM::Test::Device->command('DeviceLock', MDM::Test::Device->uuid);
    $acme->expect(200, PUT => '/v1/enqueue/acme-2', $command);
    is $p->reached(2), 2, 'a later command brings it';
}


# Whichever of the two workers takes a request, the topic is one's. What comes late
# was found by a look, once a second.

sub workers_wake_one_another {
    my ($when, @n) = @_;

    my @took;

    for my $n (@n) {
        my $client = $acme->{client}->with(close => 1);
        my $from = Time::HiRes::time();

        my $answer = $client->api(POST => '/v1/commands', {
            command => MDM::Test::Device->command('DeviceLock',
                MDM::Test::Device->uuid),
            enrollments => [ $acme->ids($n) ] });
        is $answer->{status}, 200, 'queued' if $answer->{status} != 200;

        $p->reached($n);
        push @took, (map { $_->{time} } grep { $_->{token} eq $acme->token($n) }
            $p->pushes)[0] - $from;
    }

    @took = sort { $a <=> $b } @took;
    diag sprintf "$when: from the request to the answer of the fake: %.1f ms, the "
        . 'slowest %.1f ms', map { 1000 * $_ } @took[@took / 2, -1];

    cmp_ok $took[3 * @took / 4], '<', 0.2, "$when three of four do not wait for a look";
}


# The next one reads the same pipe, and has no topics.

sub a_worker_dies {
    my ($owner) = $p->pg->psql("SELECT owner FROM mdm.push_topic
        WHERE tenant_id = $acme->{number}") =~ m{/(\d+)\z};
    my %before = map { $_ => 1 } $p->nginx->workers;

    $p->nginx->expect(qr/process $owner exited on signal/);
    kill 'KILL', $owner;
    wait_for(5, sub { grep { !$before{$_} } $p->nginx->workers })
        or die "no worker came after $owner\n";

    $p->pg->psql("UPDATE mdm.push_topic SET until = now() WHERE owner LIKE '%/$owner'");
    $p->queue('acme', 23);
    is $p->reached(23), 23, 'when its owner has died another takes the topic';
}


sub topics_apart {
    $p->queue('rival', 1 .. 3);
    $p->queue('acme', 36 .. 40);
    is $p->reached(43), 43, 'each enrolment is pushed';

    my $prefix = sprintf '%08x', $acme->{number};

    is scalar(grep { ($_->{topic} eq $acme->{topic}) != ($_->{token} =~ /\A$prefix/) }
            $p->pushes), 0, 'with the certificate of its own topic';
}


typed_commands();
raw_commands();
workers_wake_one_another('at first', 3 .. 22);
a_worker_dies();
workers_wake_one_another('after a death', 24 .. 35);
topics_apart();

$p->verdict;

my @owners = split /\n/, $p->pg->psql('SELECT owner FROM mdm.push_topic');
is scalar(grep { m{/\d+\z} } @owners), 2, 'both topics have an owner';
$p->nginx->stop;
is $p->pg->psql("SELECT count(*) FROM mdm.push_topic WHERE owner <> ''"), 0,
    'a worker that exits gives its topics back';

done_testing;
