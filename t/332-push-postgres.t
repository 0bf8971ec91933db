# PostgreSQL restarts, loses connections and stands still in the midst of pushes:
# what Apple took is recorded when it is back, and nothing is forgotten.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::APNs::Scripted;
use MDM::Test::Pushing;

with_sanitizers();

my $apns = MDM::Test::APNs::Scripted->start;
my $p = MDM::Test::Pushing->start(apns => $apns, tenants => { acme => 3000 });
my $pg = $p->pg;
my $got = 0;


# The number so far, after so many more.

sub flies {
    my ($number) = @_;

    $got += $number;
    return wait_for(6, sub { $apns->log('got') >= $got });
}


sub recorded {
    my ($number) = @_;

    $p->holds("(SELECT count(*) FROM mdm.queue WHERE sent_at IS NOT NULL) >= $number");

    return $pg->psql('SELECT count(*) FROM mdm.queue WHERE sent_at IS NOT NULL');
}

# Restarted between the push and its answer.

$apns->tell('hold');
$p->queue(acme => 1 .. 500);
ok flies(500), 'pushes are in flight';
$pg->stop('QUIT');
$apns->tell('release');
ok wait_for(3, sub { $apns->log('answered') == 500 }), '... and answered without PostgreSQL';
Time::HiRes::sleep(0.5);
$pg->launch;
is recorded(500), 500, 'what was answered is recorded when it is back';
is scalar $apns->log('got'), 500, '... and nothing was pushed twice';

# The connections of pushes alone are ended, again and again.

$p->queue(acme => 501 .. 1500);
for (1 .. 10) {
    $pg->terminate_backends('mdm_job');
    Time::HiRes::sleep(0.1);
}
is recorded(1500), 1500, 'without connections now and then';
$got = $apns->log('got');

# It stands still for a while.

$apns->tell('hold');
$p->queue(acme => 1501 .. 2000);
flies(500);
$pg->freeze;
$apns->tell('release');
Time::HiRes::sleep(1);
$pg->thaw;
is recorded(2000), 2000, 'when it stood still';

# Its own end in the midst of a record: what was not committed is repeated.

$p->queue(acme => 2001 .. 3000);
Time::HiRes::sleep(0.1);
$pg->kill9;
$pg->launch;
is recorded(3000), 3000, 'when it died';
$p->verdict(again => 1);

done_testing;
