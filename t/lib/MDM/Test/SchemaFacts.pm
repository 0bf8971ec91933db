package MDM::Test::SchemaFacts;

# Two descriptions of one type, as MDM::Test::AppleSchema reads them, fact by
# fact; and all that plugins describe against all that Apple publishes.

use strict;
use warnings;

use Exporter 'import';

use MDM::Test::AppleMeant;
use MDM::Test::AppleSchema;

our @EXPORT = qw(differences compare_schema);


# What the engine takes it for when nothing is said: both sides mean that.
# Whether several may be there is never taken for granted.

my %unsaid = (
    supervised => 'no', automated => 'no', user_approved => 'no',
    device_channel => 'yes', user_channel => 'yes', by_hand => 'yes',
    user_enrollment => 'allowed', shared_ipad => 'allowed', access_rights => 0,
);

my %like = (
    shared_device_channel => 'device_channel',
    shared_user_channel => 'user_channel',
);


# Everything in which they differ, [ path, fact, Apple's, ours ], and how many
# facts were compared.  What only follows from what is around a key, or from a
# key that is missing around it, is neither told nor counted again.

sub differences {
    my ($apple, $ours) = @_;

    my @found;
    my $count = 0;

    for my $path (sort keys %{ { %$apple, %$ours } }) {
        my ($x, $y) = ($apple->{$path}, $ours->{$path});
        my $up = ($x // $y)->{up};
        my @around = defined $up ? ($apple->{$up}, $ours->{$up}) : ({}, {});

        next if !$around[0] || !$around[1];

        $count++;

        if (!$x || !$y) {
            push @found, [ $path, 'key', $x ? 'there' : '', $y ? 'there' : '' ];
            next;
        }

        my ($number, @wrong) = compared($x, $y, @around);

        $count += $number;
        push @found, map { [ $path, @$_ ] } @wrong;
    }

    return ($count, @found);
}


sub compared {
    my ($x, $y, @around) = @_;

    my @found;
    my $count = 0;
    my %names = map { $_ => 1 } keys %$x, keys %$y;
    delete @names{qw(on up node)};

    for my $fact (sort keys %names) {
        my ($a, $b) = map { text_of($_->{$fact}) } $x, $y;

        # Apple says of few keys how they combine; of others it is ours to say
        next if $fact eq 'combine' && $a eq '';

        $count++;
        push @found, [ $fact, $a, $b ] if $a ne $b;
    }

    my %systems = map { $_ => 1 } keys %{ $x->{on} }, keys %{ $y->{on} };

    for my $system (sort keys %systems) {
        my ($number, @wrong) = on_system(map { $_->{on}{$system} } $x, $y, @around);

        $count += $number;
        push @found, map { my ($fact, @rest) = @$_;
            [ $fact eq 'there' ? $system : "$system $fact", @rest ] } @wrong;
    }

    return ($count, @found);
}


# Where it is not there on one side, nothing else is worth telling.

sub on_system {
    my ($x, $y, @around) = @_;

    my @found;
    my $count = 0;
    my @names = $x && $y ? keys %{ { %$x, %$y } } : 'there';

    for my $fact (sort @names) {
        my ($a, $b, @before) = map { holds($_, $fact) } $x, $y, @around;

        # rights add up
        ($a, $b, @before) = ($a & ~($before[0] || 0), $b & ~($before[1] || 0), 0, 0)
            if $fact eq 'access_rights';

        next if $a eq $before[0] && $b eq $before[1];

        $count++;
        push @found, [ $fact, $a, $b ] if $a ne $b;
    }

    return ($count, @found);
}


sub holds {
    my ($on, $fact) = @_;

    return '' if !$on;
    return $on->{$fact} if defined $on->{$fact};
    return holds($on, $like{$fact}) if $like{$fact};

    return $unsaid{$fact} // '';
}


sub text_of {
    my ($value) = @_;

    return !defined $value ? '' : ref $value ? join "\n", @$value : $value;
}


# --- whole schemas ---

# Everything of the directory of Apple's schema against types and what all have
# in common, as a server or mdm-plugin-test tells them.  A comparison has
#
#     what, name        "payload com.apple.MCX WiFi", "com.apple.MCX"
#     apple, ours       one may be missing: { file, document }, a type
#     facts, keys       how many there were
#     wrong, meant      differences
#     spared            keys of a table that it borrows, which it has not

sub compare_schema {
    my ($directory, $aside, $common, @types) = @_;

    my (%apple, %ours, @compared);

    for ([ 'command', 'commands', 'requesttype' ], [ 'payload', 'profiles', 'payloadtype' ]) {
        my ($kind, $below, $name_of) = @$_;

        push @{ $apple{"$kind $_->{name}"} }, $_
            for apple_types("$directory/mdm/$below", $name_of);
    }

    push @{ $ours{"$_->{kind} $_->{name}"} }, $_ for @types;
    $ours{'payload TopLevel'} = [ $common->{profile} ];
    $ours{'payload CommonPayloadKeys'} = [ $common->{payload} ];

    for my $what (sort keys %{ { %apple, %ours } }) {
        my $name = $what =~ s/\A\w+ //r;
        my $from = borrowed($name);

        $apple{$what}[0] = with_keys_of($apple{$what}[0], $apple{"payload $from"}[0])
            if $from && $apple{$what};

        push @compared, map {
            compared_pair($aside, $name, $what, @$_)
        } pairs($apple{$what} // [], $ours{$what} // [], sub { distance($name, @_) });
    }

    return @compared;
}


sub compared_pair {
    my ($aside, $name, $what, $apple, $ours) = @_;

    my %result = (
        what => join(' ', grep { defined } $what, $ours && $ours->{variant}),
        name => $name, apple => $apple, ours => $ours, facts => 0, keys => 0,
        wrong => [], meant => [], spared => [],
    );

    return \%result if !$apple || !$ours;

    my $rows = our_rows($ours);
    my $apple_rows = apple_rows($apple->{document}, $aside, $rows);
    my ($count, @differ) = differences($apple_rows, $rows);

    for my $one (@differ) {
        my ($path, $fact, undef, $is) = @$one;

        push @{ $result{borrowed($name) && $fact eq 'key' && $is eq '' ? 'spared'
            : meant($name, $path, $fact) ? 'meant' : 'wrong'} }, $one;
    }

    @result{qw(facts keys rows)} = ($count, keys(%$apple_rows) - 1, [ $apple_rows, $rows ]);

    return \%result;
}


sub distance {
    my ($name, $apple, $ours) = @_;

    my $rows = our_rows($ours);
    my (undef, @differ) = differences(apple_rows($apple->{document}, {}, $rows), $rows);

    return scalar grep { !is_meant($name, @{$_}[0, 1]) } @differ;
}


sub with_keys_of {
    my ($apple, $lender) = @_;

    my @own = @{ $apple->{document}{payloadkeys} // [] };
    my %own = map { $_->{key} => 1 } @own;
    my @more = grep { !$own{$_->{key}} } @{ $lender->{document}{payloadkeys} };

    return { %$apple, document => { %{ $apple->{document} },
        payloadkeys => [ @own, @more ] } };
}


# Several files of Apple's and several variants of ours may have one name.  Each
# gets the one from which it is least far, and each is had once: [ apple, ours ].

sub pairs {
    my ($apple, $ours, $far) = @_;

    my (@pairs, @had);
    my @all = map { my $a = $_; map { [ $a, $_ ] } @$ours } @$apple;

    $_->[2] = @all > 1 ? $far->(@$_) : 0 for @all;

    for my $pair (sort { $a->[2] <=> $b->[2] } @all) {
        next if grep { my $one = $_; grep { $_ == $one } @$pair[0, 1] } @had;

        push @had, @$pair[0, 1];
        push @pairs, $pair;
    }

    for my $one (@$apple, @$ours) {
        next if grep { $_ == $one } @had;
        push @pairs, (grep { $_ == $one } @$apple) ? [ $one, undef ] : [ undef, $one ];
    }

    return @pairs;
}

1;
