# Each type of command and payload, and each variant, has a vector that passes
# and one that is refused.  That they hold is for t/050-plugins.t.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use JSON::PP ();

use MDM::Test;

needs('the plugins', -e build('mdm-plugin-test') && glob build('plugins/*.so'));

my $json = JSON::PP->new->utf8;


# Of several variants the one whose keys it has.

sub type_of {
    my ($vector, @types) = @_;

    my $has = $vector->{json};
    my @all = grep { $_->{name} eq $vector->{type} } @types;
    my @told = grep { grep { tells($_, $has) } @{ $_->{told_by} // [] } } @all;

    return @told ? $told[0] : (grep { !$_->{variant} } @all)[0] // $all[0];
}


sub tells {
    my ($told_by, $has) = @_;

    my ($key, $value) = split /=/, $told_by, 2;

    return exists $has->{$key} && (!defined $value || $has->{$key} eq $value);
}


# A warning refuses nothing.

sub is_refused {
    my ($vector) = @_;

    return @{ $vector->{faults} // [] }
        || grep { $_->{code} =~ /\A(?:unavailable|required|count)\z/ }
               @{ $vector->{gate} // [] };
}


my ($types, @none) = (0);

for my $plugin (glob build('plugins/*.so')) {
    my ($family) = $plugin =~ m{([^/]+)\.so\z};
    my ($exit, $text) = run_command(build('mdm-plugin-test'), '--describe', $plugin);
    my @types = @{ $json->decode($text) };
    my (%passes, %refused);

    for my $file (glob tree() . "/plugins/$family/vectors/*.json") {
        my $vector = $json->decode(slurp($file));

        next if !$vector->{json};

        my $type = type_of($vector, @types) or die "$file is of none of its types\n";

        (is_refused($vector) ? \%refused : \%passes)->{$type} = 1;
    }

    for my $type (@types) {
        my $name = join ' ', "$family:", $type->{name}, $type->{variant} // ();

        push @none, "$name has none that passes" if !$passes{$type};
        push @none, "$name has none that is refused" if !$refused{$type};
    }

    $types += @types;
}

cmp_ok $types, '>=', 100, 'there are types';
is join("\n", @none), '', 'each has a vector that passes and one that is refused';

done_testing;
