# Each type of command and payload, and each variant, has a vector that passes
# and one that is refused (that they hold is for t/050-plugins.t); and what is
# called like a secret is one.

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


# Keys of texts and data, by path, and whether they or what is around are secret.

sub texts {
    my ($before, $secret, @keys) = @_;

    return map {
        my $path = $before . ($_->{key} // '');
        my $is = $secret || $_->{secret};

        ($_->{type} =~ /\A(?:string|data)\z/ ? [ $path, $is, $_ ] : (),
            texts("$path.", $is, @{ $_->{keys} // [] }),
            texts("$path\[].", $is, @{ $_->{items} // [] }));
    } @keys;
}


my $called_secret = qr/(?:password|passphrase|passcode|passcodekey|secret|token|pin
    |challenge|recoverykey|privatekey|bypasscode|salted-sha512-pbkdf2)\z/xi;

my ($types, $secrets, @none, @open) = (0, 0);

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

        # a name with one value alone is that of something to ask for
        for my $key (grep { $_->[0] =~ $called_secret && @{ $_->[2]{one_of} // [] } != 1 }
            texts('', 0, map { @{ $type->{$_} // [] } } qw(keys answer)))
        {
            $secrets++;
            push @open, "$name: $key->[0]" if !$key->[1];
        }
    }

    $types += @types;
}

cmp_ok $types, '>=', 100, 'there are types';
is join("\n", @none), '', 'each has a vector that passes and one that is refused';

cmp_ok $secrets, '>=', 50, 'there are secrets';
is join("\n", @open), '', '... and each is marked so';

done_testing;
