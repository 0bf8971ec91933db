# The demonstration ends well and shows each state that it promises.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use MDM::Test;

needs('the simulator', -x build('mdm-sim'));

my $run = $ENV{MDM_RUN_DIR} = test_dir() . '/run';
$ENV{$_} = free_port() for qw(MDM_PORT MDM_TLS_PORT MDM_APNS_PORT);
my ($exit, $text) = run_command(tree() . '/bin/mdm-dev', 'demo');

is $exit, 0, 'the demonstration succeeds' or diag $text;

like $text, qr{ \Q$run/demo/pushes.log\E$}m, '... where it was told to';
unlike $text, qr/\e/, 'what is not a terminal gets plain text';

for my $kind (qw(iphone byod mac sharedipad)) {
    like $text, qr/^demo-$kind-\d+ .* live\b/m, "a device enrols: $kind";
}

cmp_ok scalar(() = $text =~ /^  demo-sharedipad-\d+:\S+ +ACKNOWLEDGED +-$/mg), '>=', 2,
    'two users of the Shared iPad do what stood in their queues';
(my $flat = $text) =~ s/\s*\n\s*/ /g;
like $flat, qr/refused to 3: com\.apple\.mobiledevice\.passwordpolicy is not available/,
    '... but not the profile that a Shared iPad does not take';
like $flat, qr/"path":"Message".*"path":"PIN"/, 'all faults of a typed command are told';
like $flat, qr/EraseDevice is not available to a user-owned enrolment \(user enrolment: forbidden\)/,
    'the device that its user owns is not erased';

for my $state (qw(QUEUED SENT PUSH NOTNOW ACKNOWLEDGED ERROR)) {
    like $text, qr/^  demo-\S+ .*\b$state\b/m, "a command is in state $state";
}

# The pushes of a part: when, what became of them, whose.

sub pushes {
    my ($from, $to) = @_;

    my ($part) = $text =~ /\n$from(.*?)\n$to/s;

    return map { [ /^  \d\d:\d\d:\d\d  (.*?\S)\s+(demo-\S+)$/ ] }
        grep { /^  \d\d:\d\d:\d\d  / } split /\n/, $part // '';
}


my @first = pushes('Two commands', 'They would be');
my %accepted = map { $_->[1] => 1 } grep { $_->[0] eq 'accepted' } @first;

is_deeply [ sort keys %accepted ], [ sort qw(demo-byod-000000 demo-iphone-000000
    demo-mac-000000 demo-mac-000000:jdoe demo-sharedipad-000000
    demo-sharedipad-000000:alice@example.com demo-sharedipad-000000:bob@example.com) ],
    'the push service accepted a push of every device and user but one';
is_deeply [ map { $_->[1] } grep { $_->[0] ne 'accepted' } @first ],
    [ 'demo-iphone-000001' ], '... of which it says once that the token is dead';
like $text, qr/^demo-device-information +DeviceInformation +SENT +0 +20\S+Z /m,
    'SENT is told with its time';

my ($asked) = $text =~ /\nThey would be(.*?)\nA dead token/s;
is scalar(() = ($asked // '') =~ /"push_result" *: *"[0-9a-f-]{36}"/g), 4,
    'who is pushed on request has the number of the push';

my ($stopped) = $text =~ /\nA dead token(.*?)\nThe iPhone is back/s;
like $stopped // '', qr/^demo-iphone-000001 .*\bUnregistered\b/m,
    'the device whose push has stopped is shown with the reason';

is_deeply [ grep { $_->[1] ne 'demo-iphone-000001' || $_->[0] ne 'accepted' }
    pushes('The iPhone is back', 'What became') ], [],
    'with another token it is pushed, it alone';
ok pushes('The iPhone is back', 'What became') > 0, '... and accepted';

my ($last) = $text =~ /The iPhone is back(.*?)What became/s;
unlike $last // 'QUEUED', qr/QUEUED|SENT|PUSH|NOTNOW/,
    'in the end no command is left undone';

like $text, qr/What became.*^demo-install-profile .*ACKNOWLEDGED +2 +20\S+Z +20\S+Z /ms,
    'the times of the push and of the NotNow are told with its command';

my ($health) = $text =~ /\nHow the pushes do(.*?)\nEverything stops/s;
like $health // '', qr/^com\.apple\.mgmt\.\S+ +(?:ready|pushing) .* \d+ %$/m,
    'in the end the topic is well, and its health is told';

my ($devices) = $text =~ /of themselves(.*)/s;
is scalar(() = $devices =~ /^demo-iphone-\d+ +device +\S+ +yes/mg), 2,
    'both iPhones are supervised';
is scalar(() = $devices =~ /^demo-mac-\d+ +device +\S+ +no /mg), 1,
    '... and the Mac is not';

ok !-e "$run/demo/nginx.pid", 'its nginx has gone';
ok !-e "$run/demo/apns.pid", '... and the one that stands for APNs';
ok !-e "$run/demo/postgres.pid", 'its PostgreSQL has gone';

done_testing;
