# make schema-diff tells a maintainer what another copy of Apple's schema has that
# the plugins have not, or have otherwise; here of copies that were changed.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use MDM::Test;

my $apple = $ENV{MDM_TEST_APPLE_SCHEMA} // tree() . '/../shared/apple-schema';

plan skip_all => "no mdm/commands in $apple: MDM_TEST_APPLE_SCHEMA names a copy "
    . "of Apple's schema"
    if !-d "$apple/mdm/commands";

needs('the plugins', -e build('mdm-plugin-test') && glob build('plugins/*.so'));

my $copy = test_dir() . '/newer';
mkdir $_ or die "$_: $!\n" for $copy, map { "$copy/$_" } qw(mdm mdm/commands mdm/profiles);

for my $file (glob "$apple/mdm/commands/*.yaml $apple/mdm/profiles/*.yaml") {
    symlink $file, $file =~ s/\A\Q$apple\E/$copy/r or die "$file: $!\n";
}


sub change {
    my ($file, $as, @changes) = @_;

    my $text = slurp("$apple/mdm/$file");

    while (my ($old, $new) = splice @changes, 0, 2) {
        $text =~ s/$old/$new/ or die "$old is not in $file\n";
    }

    unlink "$copy/mdm/$as";
    spew("$copy/mdm/$as", $text);
}


sub diff {
    my ($exit, $text) = run_command(tree() . '/t/schema-diff', @_);
    return ($exit, $text);
}


my ($exit, $text) = diff($copy);
is $exit, 0, 'an equal copy: nothing differs' or diag $text;
like $text, qr/\A\d+ types, \d+ keys, \d+ facts compared: 0 types to add, 0 to remove, /,
    '... which it says, and how much it compared';

unlink "$copy/mdm/commands/device.lock.yaml" or die $!;
change('profiles/com.apple.font.yaml', 'profiles/new.yaml',
    'payloadtype: com.apple.font' => 'payloadtype: com.apple.newer');
change('profiles/com.apple.wifi.managed.yaml', 'profiles/com.apple.wifi.managed.yaml',
    "introduced: '4.0'" => "introduced: '4.1'",
    'payloadkeys:\n' => "payloadkeys:\n- key: Newer\n  type: <dictionary>\n"
        . "  presence: required\n  subkeys:\n  - key: Inner\n    type: <integer>\n"
        . "    range:\n      max: 5\n",
    'key: HIDDEN_NETWORK\b' => 'key: HIDDEN',
    '(?<=- WPA3\n)' => "  - WPA4\n");
change('commands/device.lostmode.location.yaml', 'commands/device.lostmode.location.yaml',
    '- key: Latitude\n  type: <real>' => "- key: Latitude\n  type: <string>");
change('commands/device.erase.yaml', 'commands/device.erase.yaml',
    'supervised: false' => "supervised: true\n      moonphase: full");

($exit, $text) = diff($copy);
is $exit, 1, 'a copy with changes: the exit code is another';

for my $line (
    '- command DeviceLock',
    '+ payload com.apple.newer (new.yaml)',
    '~ payload com.apple.wifi.managed (com.apple.wifi.managed.yaml)',
    '    ~ iOS introduced: "4.1", ours "4.0"',
    '    + Newer: dictionary, needed, iOS 4.1, macOS 10.7, tvOS 9.0, visionOS 1.0, '
        . 'watchOS 3.2',
    '    + Newer.Inner: integer, max 5, iOS 4.1, macOS 10.7, tvOS 9.0, visionOS 1.0, '
        . 'watchOS 3.2',
    '    - HIDDEN_NETWORK',
    '~ command DeviceLocation (device.lostmode.location.yaml)',
    '    ~ answer: Latitude: type: "string", ours "real"',
    '~ command EraseDevice (device.erase.yaml)',
    '    ~ iOS supervised: "yes", ours "no"',
    '    ~ iOS unknown: "moonphase", ours nothing',
) {
    ok +(grep { $_ eq $line } split /\n/, $text), "it says: $line";
}

like $text, qr/^    ~ EncryptionType: one_of: ".*"WPA3", "WPA4", .*, ours "/m,
    '... and how a list has changed';

my @said = grep { /\A[-+~] / } split /\n/, $text;
is scalar @said, 5, '... and nothing of other types'
    or diag join "\n", @said;

spew("$copy/mdm/commands/broken.yaml", "payload: [\n");
($exit, $text) = diff($copy);
is $exit, 2, 'a file that cannot be read is an error';
like $text, qr/^schema-diff: .*broken\.yaml/m, '... which names it';

for my $wrong ([], [ '' ], [ "$copy/mdm" ], [ $copy, 'more' ]) {
    ($exit, $text) = diff(@$wrong);
    is $exit, 2, scalar(@$wrong) . ' words that are no such copy are an error';
    like $text, qr/SCHEMA= names a copy of Apple's schema/, '... that tells how';
}

delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};
(undef, $text) = run_command('make', '-s', '-n', '-C', tree(), 'schema-diff',
    'SCHEMA=/some/where');
like $text, qr{^t/schema-diff "/some/where"$}m, 'make calls it';

done_testing;
