# mdm-plugin-test itself: what must fail fails, and what differs is said.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use JSON::PP ();

use MDM::Test;
use MDM::Test::Plugin;

my $dir = test_dir();

my $types = join '', split /\n\s*/, <<'C';
COMMAND("Greet", .access = 0,
    .keys = (const mdm_key_t[]) {
        { .name = "Text", .type = MDM_STRING, .flags = MDM_NEEDED },
        { .name = "Times", .type = MDM_INTEGER, .max = "3" },
        { .name = "Picture", .type = MDM_DATA },
        { 0 } },
    .answer = (const mdm_key_t[]) {
        { .name = "Mood", .type = MDM_STRING, .attribute = "Mood" },
        { .name = "Token", .type = MDM_STRING, .escrow = "token" },
        { .name = "Friends", .type = MDM_ARRAY, .list = "friends",
          MDM_KEYS({ NULL, MDM_DICTIONARY,
                     MDM_KEYS({ .name = "Name", .type = MDM_STRING, .flags = MDM_TELLS },
                              { .name = "Age", .type = MDM_INTEGER }) }) },
        { 0 } },
    .part_keys = MDM_TEXTS("Times")),
PAYLOAD("com.example.greeting",
    .keys = (const mdm_key_t[]) {
        { .name = "Loud", .type = MDM_BOOLEAN, .combine = MDM_COMBINE_OR },
        { .name = "Name", .type = MDM_STRING },
        { 0 } })
C
$types =~ s/ \.access = 0,//;

my $plugin = MDM::Test::Plugin->build("$dir/greet.so", TYPES => $types,
    NAME => '"greet"', PARAMETERS => '"colour"');


sub try {
    my ($vector, @parameters) = @_;

    my $file = spew("$dir/vector.json",
        ref $vector ? JSON::PP->new->canonical->encode($vector) : $vector);
    my ($exit, $text) = run_command(build('mdm-plugin-test'), $plugin, $file, @parameters);

    return ($exit, $text);
}

sub holds {
    my ($name, $vector) = @_;

    my ($exit, $text) = try({ what => $name, type => 'Greet', %$vector });
    ok $exit == 0 && $text =~ /^1\.\.3\n.*^ok 3 - .*: \Q$name\E$/ms, $name or diag $text;
}

sub fails {
    my ($name, $vector, $says) = @_;

    my ($exit, $text) = try(ref $vector
        ? { what => $name, type => 'Greet', %$vector } : $vector);
    is $exit, 1, "$name: fails";
    like $text, qr/^not ok 3 - .*^# +$says/ms, '... and says why';
}


my %good = (json => { Text => 'Hello' });

holds 'a command that is right', { %good, warnings => [],
    plist => "<dict>\n  <key>Text</key> <string>Hello</string>\n</dict>" };
holds 'data become data', { json => { Text => 'x', Picture => 'AQID' },
    plist => '<dict><key>Text</key><string>x</string><key>Picture</key><data>A Q I D</data></dict>' };
holds 'faults in any order', { json => { Times => 4 },
    faults => [ { path => 'Text', code => 'required' }, { path => 'Times', code => 'range' } ] };
holds 'what a device finds', { %good, device => { platform => 'tvOS', version => '17.0' },
    gate => [ { code => 'unavailable' } ] };
holds 'a device that takes it', { %good,
    device => { platform => 'macOS', version => '14.1', channel => 'device' }, gate => [] };
holds 'what a report leaves behind', { report => { Mood => 'good', Token => 's3' },
    effects => [ { secret => 'token', value => 's3' }, { attribute => 'Mood', value => 'good' } ] };
holds 'items of a list', { report => { Friends => [ { Name => 'Ann', Age => 5 }, {} ] },
    effects => [ { list => 'friends', key => 'Ann', value => { Name => 'Ann', Age => 5 } } ] };
holds 'an empty list', { report => { Friends => [] },
    effects => [ { list => 'friends', key => undef } ] };
holds 'a payload', { type => 'com.example.greeting', json => { Loud => JSON::PP::true },
    plist => '<dict><key>Loud</key><true/></dict>' };
holds 'what two payloads come to', { type => 'com.example.greeting',
    merge => [ { Loud => JSON::PP::false, Name => 'a' }, { Loud => JSON::PP::true } ],
    merged => { Loud => JSON::PP::true, Name => 'a' } };


fails 'no JSON', '{"what": 1,', 'is no JSON object: line 1';
fails 'another JSON', '[]', 'is no JSON object';
fails 'a member that is misspelt', { %good, fault => [] }, '"fault" is no member of a vector';
fails 'a member of another type', { %good, faults => {} }, '"faults" is no member';
fails 'nothing to try', {}, 'has nothing to try';
fails 'a type of another plugin', { %good, type => 'EraseDevice' },
    'the plugin describes no "EraseDevice"';
fails 'a member of the device that is misspelt', { %good, device => { platfrom => 'iOS' } },
    '"platfrom" is no member of "device"';
fails 'a platform that there is not', { %good, device => { platform => 'Windows' } },
    '"Windows" is no platform';
fails 'a fault that is not expected', { json => { Text => 'x', Times => 4 } },
    'faults: found, and not expected: .*"path":"Times","code":"range"';
fails 'a fault that does not come', { %good, faults => [ { path => 'Text', code => 'type' } ] },
    'faults: expected, and not found: .*"Text"';
fails 'a fault that comes once', { json => { },
    faults => [ ({ path => 'Text', code => 'required' }) x 2 ] },
    'faults: expected, and not found';
fails 'a warning that is not expected', { json => { Text => 'x', Extra => 1 }, warnings => [] },
    'warnings: found, and not expected: .*"Extra"';
fails 'another value in the plist', { json => { Text => 'x', Picture => 'AQID' },
    plist => '<dict><key>Text</key><string>x</string><key>Picture</key><data>AQIE</data></dict>' },
    'plist at Picture.*\n#\s+expected: .*AQIE.*\n#\s+found: .*AQID';
fails 'a key less in the plist', { %good, plist => '<dict/>' },
    'plist at Text\n#\s+expected: nothing\n#\s+found: +"Hello"';
fails 'a plist that is none', { %good, plist => '<dict>' }, "the vector's plist: ";
fails 'another finding of the device', { %good,
    device => { platform => 'tvOS', version => '17.0' }, gate => [ { code => 'ignored' } ] },
    'gate: expected, and not found: .*ignored.*\n#\s+gate: found, and not expected: .*unavailable';
fails 'another sentence', { %good, device => { platform => 'tvOS', version => '17.0' },
    gate => [ { code => 'unavailable', sentence => 'no' } ] }, 'gate: expected, and not found';
fails 'an effect less', { report => { Mood => 'good' }, effects => [] },
    'effects: found, and not expected: .*"attribute":"Mood"';
fails 'another value of an effect', { report => { Mood => 'good' },
    effects => [ { attribute => 'Mood', value => 'bad' } ] }, 'effects: expected, and not found';
fails 'an item less', { report => { Friends => [ { Name => 'Ann' } ] }, effects => [] },
    'effects: found, and not expected: .*"key":"Ann"';
fails 'a list that is not empty', { report => { Friends => [ { Name => 'Ann' } ] },
    effects => [ { list => 'friends', key => undef } ] }, 'effects: expected, and not found';
fails 'another result of payloads', { type => 'com.example.greeting',
    merge => [ { Loud => JSON::PP::false }, { Loud => JSON::PP::true } ],
    merged => { Loud => JSON::PP::false } },
    'merged at Loud\n#\s+expected: false\n#\s+found: +true';
fails 'payloads that contradict each other', { type => 'com.example.greeting',
    merge => [ { Name => 'a' }, { Name => 'b' } ] }, 'faults: found, and not expected: .*Name';


my ($exit, $text) = try({ what => 'x', type => 'Greet', %good }, '--', 'colour=blue');
is $exit, 0, 'parameters are taken';
($exit, $text) = try({ what => 'x', type => 'Greet', %good }, '--', 'colour=wrong');
is $exit, 1, 'config() may refuse them';
like $text, qr/^1\.\.1\nnot ok 1 - .*\n# colour must be a colour$/m, '... in its words';
($exit, $text) = try({ what => 'x', type => 'Greet', %good }, '--', 'shape=round');
like $text, qr/takes no parameter "shape", there are: colour/, 'others are refused';

($exit, $text) = run_command(build('mdm-plugin-test'), "$dir/missing.so");
is $exit, 1, 'a plugin that is missing fails';
like $text, qr/^not ok 1 .*\n# there is no such file/m, '... and it is said';

for my $wrong ([], ['--describe'], ['--what'], [ $plugin, '--', 'x' ],
    [ '--describe', $plugin, 'x.json' ], [ '--common', $plugin ])
{
    ($exit, $text) = run_command(build('mdm-plugin-test'), @$wrong);
    is $exit, 2, "not so: mdm-plugin-test @{[ map { s{.*/}{}r } @$wrong ]}";
    like $text, qr/^usage: mdm-plugin-test/, '... it tells how';
}

($exit, $text) = run_command(build('mdm-plugin-test'), '--describe', $plugin);
my $described = eval { JSON::PP::decode_json($text) };
is $exit, 0, '--describe ends well';
is scalar @{ $described // [] }, 2, '... with both types';
like $text, qr/"Picture".*"com\.example\.greeting"/s, '... and their keys';

($exit, $text) = run_command(build('mdm-plugin-test'), '--common');
is $exit, 0, '--common ends well';
like $text, qr/"profile": .*"RemovalDate".*"payload": .*"PayloadEnabled"/s,
    '... with the keys around payloads, and of each';

done_testing;
