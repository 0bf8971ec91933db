# Workers that push are killed, reloaded and upgraded with a thousand pushes in
# flight: each device is pushed, and none more often than an answer was lost.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::APNs::Scripted;
use MDM::Test::Pushing;

my $apns = MDM::Test::APNs::Scripted->start;
my $p = MDM::Test::Pushing->start(apns => $apns, tenants => { acme => 2600 },
    workers => 2, nginx => { daemon => 1 });
my $acme = $p->tenant('acme');


sub owner { return $p->pg->psql('SELECT owner FROM mdm.push_topic') }
sub owner_pid { return owner() =~ m{(\d+)$} ? $1 : 0 }

# Killed: nobody has the lease until it runs out, which is made to happen at once.

$apns->tell('hold');
$p->queue(acme => 1 .. 1500);
ok wait_for(5, sub { $apns->log('got') >= 1000 }), 'a thousand pushes are in flight';

my $owner = owner();
my $pid = owner_pid();
ok +(grep { $_ == $pid } $p->nginx->workers), 'the owner of the topic is a worker';
$p->nginx->expect(qr/process $pid exited on signal/);
kill 'KILL', $pid;
ok wait_for(5, sub { $apns->log('close') > 0 }), '... which is killed';
$apns->tell('release');
Time::HiRes::sleep(0.3);
is owner(), $owner, 'the lease is still that of who is dead';
$p->pg->psql("UPDATE mdm.push_topic SET until = now()");
is $p->reached(1500), 1500, 'then another worker pushes all';
isnt owner(), $owner, '... as the owner';
$p->verdict(again => 1);

# A reload: what is in flight is answered, then the lease is given back.

$apns->tell('hold');
my $got = $apns->log('got');
$p->queue(acme => 1501 .. 2500);
wait_for(5, sub { $apns->log('got') >= $got + 900 });
$owner = owner();
$p->nginx->reload;
$apns->tell('release');
is $p->reached(2500), 2500, 'after a reload all are pushed';
ok $p->sent, '... and SENT';
$p->verdict(again => 1);
my %times = $apns->tokens('got');
is scalar(grep { $times{ $acme->token($_) } != 1 } 1501 .. 2500), 0,
    '... each once, since the old worker waits for answers';
$p->queue(acme => 2501);
is $p->reached(2501, 4), 2501, '... and a new worker has the topic at once';
isnt owner(), $owner, '... which is not the old one';

# A worker that leaves does not wait for ever for Apple: here those of a new binary come.

$apns->tell('hold');
$p->queue(acme => 2502 .. 2600);
wait_for(5, sub { $apns->log('got') >= 2502 + 90 });
my @old = $p->nginx->workers;
$p->nginx->upgrade;
ok wait_for(5, sub { !grep { kill 0, $_ } @old }), 'without answers it leaves, too';
$apns->tell('release');
is $p->reached(2600, 4), 2600, '... and others push again';
$p->verdict(again => 2);

done_testing;
