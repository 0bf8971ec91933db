# mdmctl plugins: what files describe; and where mdmctl looks for them.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use JSON::PP ();

use MDM::Test;
use MDM::Test::Plugin;

my $dir = test_dir();
my $a = MDM::Test::Plugin->build("$dir/a.so", NAME => '"first"', VERSION => '"1.2"',
    TYPES => 'COMMAND("Greet"),PAYLOAD("com.example.b",.variant="Loud")');
my $b = MDM::Test::Plugin->build("$dir/b.so", NAME => '"second"',
    TYPES => 'PAYLOAD("com.example.a")');
my $bad = MDM::Test::Plugin->build("$dir/bad.so", ABI => 9);
my $twin = MDM::Test::Plugin->build("$dir/twin.so", NAME => '"twin"',
    TYPES => 'COMMAND("Greet")');

my $shown = "first 1.2 (ABI 1): $a\n    command Greet\n    payload com.example.b, Loud\n"
    . "second 1.0 (ABI 1): $b\n    payload com.example.a\n";


sub shows {
    my ($name, $text, @words) = @_;

    is_deeply [ mdmctl('plugins', @words) ], [ 0, $text ], $name;
}

sub fails {
    my ($name, $code, $says, @words) = @_;

    my ($exit, $text) = mdmctl('plugins', @words);
    is $exit, $code, $name;
    like $text, $says, '... and says why';
}


shows 'files are shown with their types', $shown, $a, $b;
shows 'a pattern is, too', $shown, "$dir/[ab].so";
shows '--plugins is the same', $shown, '--plugins', $a, '--plugins', $b;

{
    local $ENV{MDM_PLUGINS} = "$dir/?.so";
    shows 'the environment may say where they are', $shown;
    shows '... which files named come before', $shown =~ s/second.*//sr, $a;
}

my ($exit, $text) = mdmctl('plugins', '--json', $a, $b);
is_deeply JSON::PP::decode_json($text), { plugins => [
    { file => $a, name => 'first', version => '1.2', abi => 1, types => [
        { kind => 'command', type => 'Greet' },
        { kind => 'payload', type => 'com.example.b', variant => 'Loud' } ] },
    { file => $b, name => 'second', version => '1.0', abi => 1, types => [
        { kind => 'payload', type => 'com.example.a' } ] } ] }, '--json says the same';

fails 'a file that is missing', 1, qr/plugins "\/none\.so": there is no such file/, '/none.so';
fails 'a pattern that nothing has', 1, qr/no file has such a name; --plugins says where/,
    "$dir/x*.so";
fails 'another ABI', 1, qr/"\Q$bad\E": is a plugin of ABI 9, expected ABI 1/, $bad;
fails 'what is no plugin', 1, qr/cannot be loaded: /, __FILE__;
fails 'two of one type', 1, qr/Greet/, $a, $twin;
fails 'an option that is not its own', 2, qr/"plugins" takes no --tenant/, '--tenant', 'x';

{
    local $ENV{MDM_PLUGINS} = "$dir/nowhere/*.so";
    ($exit, $text) = mdmctl('send', '--secret-key', spew("$dir/key", 'a1' x 32), 'U', $0);
    is $exit, 1, 'nothing is sent without plugins';
    like $text, qr/no file has such a name; --plugins says where/, '... as it says';
}

done_testing;
