# Every plugin that comes with the module is loaded without nginx, and all its
# vectors hold.  The template is tried where docs/plugins.md is followed.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use JSON::PP ();

use MDM::Test;

my @names = grep { $_ ne 'template' } map { m{/plugins/([^/]+)/} } glob tree() . '/plugins/*/';
cmp_ok scalar @names, '>', 15, 'there are plugins';

my @strays = grep { my $so = $_; !grep { $so =~ m{/\Q$_\E\.so\z} } @names }
    glob build('plugins/*.so');
is "@strays", '', 'nothing else is among them';

for my $name (@names) {
    my @vectors = glob tree() . "/plugins/$name/vectors/*.json";
    my ($exit, $text) = run_command(build('mdm-plugin-test'), build("plugins/$name.so"),
        @vectors);
    my $lines = () = $text =~ /^ok /mg;

    ok $exit == 0 && $lines == @vectors + 2, "$name, and its " . @vectors . ' vectors'
        or diag $text;
}

# A key that tells one variant of a type is no key of another.

my %named;

for my $file (glob build('plugins/*.so')) {
    my ($exit, $text) = run_command(build('mdm-plugin-test'), '--describe', $file);

    push @{ $named{"$_->{kind} $_->{name}"} }, $_ for @{ JSON::PP::decode_json($text) };
}

cmp_ok scalar @{ $named{'payload com.apple.MCX'} }, '>=', 5, 'a type has variants';

for my $name (sort keys %named) {
    for my $type (grep { $_->{told_by} } @{ $named{$name} }) {
        my %tells = map { $_ => 1 } grep { !/=/ } @{ $type->{told_by} };
        my @unsure = grep { $tells{$_} } map { $_->{key} } map { @{ $_->{keys} } }
            grep { $_ != $type } @{ $named{$name} };

        is "@unsure", '', "$name ($type->{variant}) is told by keys of its own";
    }
}

my ($exit, $text) = run_command(build('mdmctl'), 'plugins');
is $exit, 0, 'all of them can be loaded together';
is scalar(() = $text =~ /\(ABI 1\): /g), scalar @names, '... and mdmctl shows them';

done_testing;
