# Tokens die, change, and are tried again: a stop ends with another token, by the
# weekly probe, and by an operator; a token that changes between the push and the
# answer is pushed.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::APNs::Scripted;
use MDM::Test::Pushing;

my $apns = MDM::Test::APNs::Scripted->start;
my $p = MDM::Test::Pushing->start(apns => $apns, devices => 1, tenants => { acme => 30 });
my $acme = $p->tenant('acme');
my $iphone = $p->device('acme', 'UDID-iphone');
$iphone->enroll->{status} == 200 or die 'not enrolled';


sub stops { return $p->pg->psql('SELECT count(*) FROM mdm.push_stop') }
sub got { my %got = $apns->tokens('got'); return $got{ $_[0] } // 0 }
sub token { return unpack 'H*', $_[0]{token} }
sub comes { my ($token, $times) = @_; return wait_for(4, sub { got($token) >= $times }) }

sub ask {
    $acme->expect(200, POST => '/v1/commands', { enrollments => [ 'UDID-iphone' ],
        command => MDM::Test::Device->command('DeviceLock') });
}

# The token changes while the push is under way, and the old one is dead.

my $old = token($iphone);
$apns->tell("answer $old 410 Unregistered", 'hold');
ask();
ok comes($old, 1), 'a push is under way';
$iphone->{token} = 'A' x 32;
$iphone->token_update->{status} == 200 or die 'no TokenUpdate';
$apns->tell('release');
ok comes('41' x 32, 1), 'the new token is pushed';
$p->settle;
is stops(), 0, '... and nothing is stopped';
is got($old), 1, '... and the old one is not pushed again';

# A dead token stops the device; new commands do not push it.

$apns->tell('answer 41414141 410 Unregistered');
$p->pass(acme => '31 s');
ok wait_for(4, sub { stops() == 1 }), 'a dead token stops the device';
ask();
ok !wait_for(0.6, sub { got('41' x 32) > 2 }), '... and a new command does not push it';

# ... until the week is over: a probe, which fails, and again after a week.

$p->pass(acme => '7 days 1 min');
ok comes('41' x 32, 3), 'after a week it is tried';
$p->settle;
is stops(), 1, '... and still stopped';
$p->pass(acme => '6 days');
ok !wait_for(0.6, sub { got('41' x 32) > 3 }), '... for a week';
$apns->tell('forget');
$p->pass(acme => '25 hours');
ok comes('41' x 32, 4), 'the next probe';
ok wait_for(3, sub { stops() == 0 }), '... is accepted, and the stop is over';

# Another token ends a stop at once.

$apns->tell('answer 41414141 410 Unregistered');
$p->pass(acme => '10 min');
ok wait_for(4, sub { stops() == 1 }), 'dead again';
$iphone->{token} = 'B' x 32;
$iphone->token_update->{status} == 200 or die 'no TokenUpdate';
ok comes('42' x 32, 1), 'another token is pushed by itself, since a command waits';
is stops(), 0, '... and there is no stop any more';

# A BadDeviceToken among many that are well stops the one; the operator resumes.

$apns->tell('forget', 'answer ' . $acme->token(1) . ' 400 BadDeviceToken');
$p->queue(acme => 1 .. 30);
ok wait_for(4, sub { stops() == 1 }), 'one of many is refused';
is $p->reached(31), 31, '... and the others are pushed';
$apns->tell('forget');
$acme->expect(200, POST => "/v1/push-topics/$acme->{topic}/resume",
    { ids => [ $acme->ids(1) ] });
ok comes($acme->token(1), 2), 'an operator resumes it';
ok wait_for(3, sub { stops() == 0 }), '... and it is not stopped any more';

# A dead device that enrols anew.

$apns->tell('answer 42424242 410 Unregistered');
$p->pass(acme => '1 hour');
ok wait_for(4, sub { stops() == 1 }), 'dead once more';
my $again = $p->device('acme', 'UDID-iphone', certificate => $iphone->{certificate},
    token => 'C' x 32);
$again->enroll->{status} == 200 or die 'not enrolled again';
ask();
ok comes('43' x 32, 1), 'who enrols anew is pushed';
is stops(), 0, '... without any stop';

# No channel but these, and each as often as told.

is got('42' x 32), 2, 'a dead token is never pushed again without a reason';

done_testing;
