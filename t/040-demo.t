# The demonstration ends well and shows each state that it promises.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use MDM::Test;

needs('the simulator', -x build('mdm-sim'));

my $run = $ENV{MDM_RUN_DIR} = test_dir() . '/run';
my ($exit, $text) = run_command(tree() . '/bin/mdm-dev', 'demo');

is $exit, 0, 'the demonstration succeeds' or diag $text;

unlike $text, qr/\e/, 'what is not a terminal gets plain text';

for my $kind (qw(iphone byod mac sharedipad)) {
    like $text, qr/^demo-$kind-\d+ .* live\b/m, "a device enrols: $kind";
}

is scalar(() = $text =~ /^  demo-sharedipad-\d+:\S+ +QUEUED +-$/mg), 2,
    'two users of the Shared iPad have commands in their queues';
(my $flat = $text) =~ s/\s*\n\s*/ /g;
like $flat, qr/refused to 3: com\.apple\.mobiledevice\.passwordpolicy is not available/,
    '... but not the profile that a Shared iPad does not take';
like $flat, qr/"path":"Message".*"path":"PIN"/, 'all faults of a typed command are told';
like $flat, qr/EraseDevice is not available to a user-owned enrolment \(user enrolment: forbidden\)/,
    'the device that its user owns is not erased';

for my $state (qw(QUEUED PUSH NOTNOW ACKNOWLEDGED ERROR)) {
    like $text, qr/^  demo-\S+ .*\b$state\b/m, "a command is in state $state";
}

my ($last) = $text =~ /come again(.*?)What became/s;
unlike $last // 'QUEUED', qr/QUEUED|PUSH|NOTNOW/,
    'in the end no command is left undone';

like $text, qr/What became.*^demo-install-profile .*ACKNOWLEDGED +2 +20\S+Z /ms,
    'the time of the NotNow is told with its command';

my ($devices) = $text =~ /of themselves(.*)/s;
is scalar(() = $devices =~ /^demo-iphone-\d+ +device +\S+ +yes/mg), 2,
    'both iPhones are supervised';
is scalar(() = $devices =~ /^demo-mac-\d+ +device +\S+ +no /mg), 1,
    '... and the Mac is not';

ok !-e "$run/demo/nginx.pid", 'its nginx has gone';
ok !-e "$run/demo/postgres.pid", 'its PostgreSQL has gone';

done_testing;
