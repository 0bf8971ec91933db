# Devices that do not come are pushed again, on a ladder, and then daily; those that
# said NotNow after a growing wait; those that came are left in peace. Rows' times
# are moved, so that nobody waits.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Pushing;

my $p = MDM::Test::Pushing->start(devices => 1, tenants => { acme => 3 });
my $acme = $p->tenant('acme');
my @steps = (30, 120, 480, 1800, 7200, 28800, 86400, 86400);


sub count_of {
    my ($token) = @_;

    return scalar grep { $_->{token} eq $token } $p->pushes;
}


sub pushed {
    my ($token, $times) = @_;

    wait_for(3, sub { count_of($token) >= $times });
    $p->settle;

    return count_of($token);
}

# One that never comes.

$p->queue(acme => 1);
is pushed($acme->token(1), 1), 1, 'a command wakes the device';

for my $n (1 .. @steps) {
    my $wait = $steps[$n - 1];

    is $p->wish(acme => 1, 'round(extract(epoch FROM due_at - accepted_at))'), $wait,
        "... and it is to be woken again $wait s after push $n";
    $p->pass(acme => $wait - 5 . ' s');
    $p->pass(acme => '6 s');
    is pushed($acme->token(1), $n + 1), $n + 1, '... which it is';
}

# Another command begins the ladder anew, but not at once after a push.

$p->queue(acme => 1);
is $p->wish(acme => 1, 'round(extract(epoch FROM due_at - accepted_at))'), 30,
    'a command that comes soon after a push waits for half a minute';
$p->pass(acme => '1 hour');
is pushed($acme->token(1), @steps + 2), @steps + 2, '... and is pushed then';
$p->pass(acme => '40 s');
$p->queue(acme => 1);
pushed($acme->token(1), @steps + 3);
is $p->wish(acme => 1, 'step'), 1, 'a new command begins the ladder anew';

# A device that comes.

my $iphone = $p->device('acme', 'UDID-iphone');
$iphone->enroll->{status} == 200 or die 'not enrolled';
my $token = unpack 'H*', $iphone->{token};


sub ask {
    my $uuid = MDM::Test::Device->uuid;

    $acme->expect(200, PUT => '/v1/enqueue/UDID-iphone?no_push=0',
        MDM::Test::Device->command('DeviceLock', $uuid));

    return $uuid;
}

my $uuid = ask();
is pushed($token, 1), 1, 'a device that enrolled is pushed';
is $iphone->idle->{command_uuid}, $uuid, '... and comes';
$iphone->report($uuid, 'Acknowledged');
$p->pass(acme => '31 s');
ok wait_for(3, sub { $p->pg->psql(q{SELECT count(*) FROM mdm.push JOIN mdm.enrollment
    USING (tenant_id, enrollment_id) WHERE device_id = 'UDID-iphone'}) == 0 }),
    '... and when nothing waits there is no wish any more';
is count_of($token), 1, '... and no push';

# NotNow: after ten minutes, then half an hour, ...

$uuid = ask();
is pushed($token, 2), 2, 'another command';
is $iphone->idle->{command_uuid}, $uuid, '... is got';
$iphone->report($uuid, 'NotNow');
$p->pass(acme => '31 s');
wait_for(1, sub { $p->pg->psql(q{SELECT due_at > now() + interval '9 min' FROM mdm.push
    JOIN mdm.enrollment USING (tenant_id, enrollment_id)
    WHERE device_id = 'UDID-iphone'}) eq 't' });
is count_of($token), 2, 'after NotNow it is not pushed half a minute later';
$p->pass(acme => '570 s');
is pushed($token, 3), 3, '... but after ten minutes';
$p->pass(acme => '1700 s');
is count_of($token), 3, '... then not before half an hour';
$p->pass(acme => '110 s');
is pushed($token, 4), 4, '... is over';
is $iphone->idle->{command_uuid}, $uuid, '... and then it comes';
$iphone->report($uuid, 'Acknowledged');

# What was withdrawn or has expired needs no push.

$p->queue(acme => 2, 3);
pushed($acme->token(3), 1);
my ($two, $three) = map { ($p->pg->query("SELECT enrollment_id FROM mdm.enrollment
    WHERE device_id = 'acme-$_'"))[0][0] } 2, 3;
$p->pg->psql("UPDATE mdm.queue SET expires_at = now() - interval '1 s'
    WHERE enrollment_id = $two");
$acme->expect(200, DELETE => '/v1/enrollments/acme-3/queue');
$p->pass(acme => '31 s');
ok wait_for(3, sub { $p->pg->psql("SELECT count(*) FROM mdm.push
    WHERE enrollment_id IN ($two, $three)") == 0 }), 'expired and withdrawn commands';
is pushed($acme->token(2), 1) . pushed($acme->token(3), 1), '11', '... are no reason to push';

# The health figure: who came after a push, and who did not.

is $p->pg->psql('SELECT followed > 0 AND judged > followed FROM mdm.push_topic'), 't',
    'who came within a quarter of an hour is counted';

done_testing;
