# What plugins say of commands and payloads against what Apple publishes: every
# key, type, rule, version, channel and mode, of requests and of answers.  What
# is different on purpose stands in MDM::Test::AppleMeant, with its reason.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use JSON::PP ();

use MDM::Test;
use MDM::Test::AppleMeant;
use MDM::Test::AppleSchema;

# Beside the checkout, or where it is said to be.

my $directory = $ENV{MDM_TEST_APPLE_SCHEMA}
    // tree() . '/../shared/apple-schema';

plan skip_all => "no mdm/commands in $directory: MDM_TEST_APPLE_SCHEMA names "
    . "a copy of Apple's schema"
    if !-d "$directory/mdm/commands";

sub described {
    my @types;

    for my $file (glob build('plugins/*.so')) {
        my ($exit, $text) = run_command(build('mdm-plugin-test'),
            '--describe', $file);
        die "$file cannot be described: $text\n" if $exit != 0;

        push @types, @{ JSON::PP::decode_json($text) };
    }

    return @types;
}


my %apple = (
    command => apple_types("$directory/mdm/commands", 'request'),
    payload => apple_types("$directory/mdm/profiles", 'payload'),
);

my @types = described();
my %ours = map { ("$_->{kind} $_->{name}" => 1) } @types;

my @missing = grep { !$ours{"command $_"} } sort keys %{ $apple{command} };
is "@missing", '', 'every command of Apple is described';
cmp_ok scalar keys %{ $apple{command} }, '>=', 66, '... and there are 66';


for my $type (@types) {
    my $files = $apple{$type->{kind}}{$type->{name}};
    my $what = join ' ', grep { defined } @{$type}{qw(kind name variant)};

    if (!$files) {
        fail "$what is Apple's";
        next;
    }

    # of several files under one name the one that is most like it

    my $rows = our_type($type);
    my ($found) = sort { @$a <=> @$b } map { [ differences($_, $rows) ] }
        @$files;
    my @wrong = grep { !meant($type->{name}, @{$_}[0, 1]) } @$found;

    is scalar @wrong, 0, "$what is as Apple has it, but for what is meant"
        or diag map { "$_->[0]: $_->[1]: Apple's is \"$_->[2]\", ours "
            . "\"$_->[3]\"\n" } @wrong;
}


is join(', ', unused()), '', 'nothing is meant to differ that does not';

done_testing;
