package MDM::Test::SchemaPlant;

# Errors, to be found: each changes one fact of a real key, in what was read
# from Apple's file or from a plugin, and can be taken back.  What is planted
# where is chosen by what the rows of MDM::Test::AppleSchema say.

use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();
use Scalar::Util qw(refaddr);
use Storable ();

use MDM::Test::AppleSchema;

our @EXPORT = qw(plants schema_facts);


# Where a fact of a system stands, and what else it may be.

my %where = (
    introduced => [ [ 'introduced' ], \&version ],
    deprecated => [ [ 'deprecated' ], \&version ],
    removed => [ [ 'removed' ], \&version ],
    supervised => [ [ 'supervised' ], \&turned ],
    automated => [ [ 'requiresdep' ], \&turned ],
    user_approved => [ [ 'userapprovedmdm' ], \&turned ],
    by_hand => [ [ 'allowmanualinstall' ], \&turned ],
    many => [ [ 'multiple' ], \&turned ],
    device_channel => [ [ 'devicechannel' ], \&turned ],
    user_channel => [ [ 'userchannel' ], \&turned ],
    user_enrollment => [ [ 'userenrollment', 'mode' ], \&mode ],
    shared_ipad => [ [ 'sharedipad', 'mode' ], \&mode ],
    shared_device_channel => [ [ 'sharedipad', 'devicechannel' ], \&turned ],
    shared_user_channel => [ [ 'sharedipad', 'userchannel' ], \&turned ],
    access_rights => [ [ 'accessrights' ], \&right ],
);

# Of a key: its name with Apple, and what else it may be.

my %key = (
    type => [ 'type', sub { $_[0] =~ /data/ ? 'date' : 'data' } ],
    required => [ 'presence', undef ],
    one_of => [ 'rangelist', sub { [ @{ $_[0] }[1 .. $#{ $_[0] }], $_[0][0] ] } ],
    pattern => [ 'format', sub { "$_[0]?" } ],
    min => [ 'min', sub { $_[0] - 1 } ],
    max => [ 'max', sub { $_[0] + 1 } ],
    default => [ 'default', \&another ],
    least => [ 'min', sub { $_[0] + 1 } ],
    most => [ 'max', sub { $_[0] + 1 } ],
);


# The kinds of facts.

sub schema_facts { return sort 'key', 'there', 'unknown', keys %where, keys %key }


# All that can be planted in a type, on the side whose rows are given: { fact,
# kind, path, node, change, undo }.  The first character of a kind tells whether a
# fact is another (=), no more (-) or new (+).

sub plants {
    my ($side, $rows) = @_;

    my (%times, @plants);
    $times{refaddr $_->{node}}++ for values %$rows;

    for my $path (sort keys %$rows) {
        my $row = $rows->{$path};

        # one node that stands for several keys, or a name that is a kind
        next if $times{refaddr $row->{node}} > 1;
        next if $path =~ /\[[^\]]+\]\z/ && $row->{type} eq 'string';

        push @plants, of_key($side, $rows, $path, $row) if $path ne '';

        for my $system (sort keys %{ $row->{on} }) {
            push @plants, of_system($side, $rows, $path, $row, $system);
        }
    }

    return grep { $times{refaddr $_->{node}} == 1 } @plants;
}


sub of_key {
    my ($side, $rows, $path, $row) = @_;

    my @plants;
    my $node = $row->{node};
    my $leaf = !grep { ($_->{up} // '') eq $path } values %$rows;
    my $plain = $leaf && !grep { defined $row->{$_} } qw(default one_of min max pattern);

    push @plants, plant('= key', $path, $node, [ 'key' ], 'Planted')
        if $path !~ /\]\z/;

    for my $fact (sort keys %key) {
        my ($apple, $other) = @{ $key{$fact} };

        next if $fact =~ /\A(?:least|most|required)\z/;
        next if $fact eq 'type' ? !$plain : !defined $row->{$fact};
        next if $fact eq 'one_of' && $side eq 'apple' && !$node->{rangelist};

        my @at = $side eq 'ours' ? $fact
            : $fact =~ /\Am(?:in|ax)\z/ ? ('range', $apple) : $apple;
        my $new = $other->(found($node, @at));

        next if $fact eq 'one_of' && "@$new" eq "@{ found($node, @at) }";
        $new = "<$new>" if $fact eq 'type' && $side eq 'apple';

        push @plants, plant("= $fact", $path, $node, \@at, $new);
        push @plants, plant("- $fact", $path, $node, \@at, undef)
            if $fact ne 'type';
    }

    return @plants, of_presence(@_), of_counts(@_), of_nothing(@_, $plain);
}


sub of_presence {
    my ($side, $rows, $path, $row) = @_;

    return if $path =~ /\]\z/;

    return plant($row->{required} ? '- required' : '+ required', $path, $row->{node},
        $side eq 'ours' ? ([ 'required' ], $row->{required} ? undef : JSON::PP::true)
            : ([ 'presence' ], $row->{required} ? undef : 'required'));
}


# How many items there are Apple says of the item.

sub of_counts {
    my ($side, $rows, $path, $row) = @_;

    my @plants;
    my $item = $rows->{"$path\[]"} or return;

    for my $fact (qw(least most)) {
        my ($node, @at) = $side eq 'ours' ? ($row->{node}, $fact)
            : ($item->{node}, 'repetition', $key{$fact}[0]);
        my $said = found($node, @at);

        push @plants, plant((defined $said ? '=' : '+') . " $fact", $path, $node,
            \@at, $key{$fact}[1]->($said // 4));
        push @plants, plant("- $fact", $path, $node, \@at, undef) if defined $said;
    }

    return @plants;
}


# What it does not say.

sub of_nothing {
    my ($side, $rows, $path, $row, $plain) = @_;

    return if !$plain;

    my ($node, $type) = ($row->{node}, $row->{type});
    my $ours = $side eq 'ours';
    my @plants = (plant('+ unknown', $path, $node, [ 'novelty' ], 'yes'));

    push @plants, plant('+ default', $path, $node, [ 'default' ], $type eq 'string' ? 'x' : 7),
        plant('+ one_of', $path, $node, [ $ours ? 'one_of' : 'rangelist' ], [ 7, 9 ])
        if $type =~ /\A(?:string|integer)\z/;
    push @plants, plant('+ pattern', $path, $node, [ $ours ? 'pattern' : 'format' ], '^x')
        if $type eq 'string';
    push @plants, map { plant("+ $_", $path, $node, $ours ? [ $_ ] : [ 'range', $_ ], 7) }
        qw(min max)
        if $type eq 'integer';
    push @plants, plant('+ combine', $path, $node, [ 'combinetype' ], 'set-union')
        if !$ours && $type ne 'array';

    return @plants;
}


sub of_system {
    my ($side, $rows, $path, $row, $system) = @_;

    my ($ours, $node, $on) = ($side eq 'ours', $row->{node}, $row->{on}{$system});
    my $around = defined $row->{up} ? $rows->{$row->{up}}{on}{$system} : {};
    my @plants;

    push @plants, plant('= there', $path, $node,
        [ $ours ? 'systems' : 'supportedOS', $system, 'introduced' ], 'n/a', $system);
    push @plants, plant($ours ? '+ novelty' : '+ unknown', $path, $node,
        [ $ours ? 'systems' : 'supportedOS', $system, 'novelty' ], 1, $system);

    for my $fact (sort keys %where) {
        my ($apple, $other) = @{ $where{$fact} };
        my @at = $ours ? ('systems', $system, $fact) : ('supportedOS', $system, @$apple);
        my $said = found($node, @at);

        # what is said of a Shared iPad stands for what is said of a channel
        next if $fact =~ /\A(?:device|user)_channel\z/ && defined $on->{"shared_$fact"};
        next if $fact eq 'many' && $path ne '';

        my $new = $other->($said, $side, $fact, $on);
        push @plants, plant((defined $said ? '=' : '+') . " $fact", $path, $node, \@at, $new,
            $system);

        push @plants, plant("- $fact", $path, $node, \@at, undef, $system)
            if defined $said && matters($fact, $on->{$fact}, $around->{$fact})
               && ($path ne '' || $fact ne 'introduced');
    }

    return @plants;
}


# Would it be missed?

sub matters {
    my ($fact, $value, $around) = @_;

    return 0 if !defined $value || $value eq ($around // '') || $value eq '0';
    return 0 if $fact =~ /channel|by_hand/ && $value eq 'yes';
    return 0 if $fact =~ /supervised|automated|approved/ && $value eq 'no';

    return $value ne 'allowed';
}


# --- other values ---

sub version { return '99.9' }

sub turned {
    my ($said, $side, $fact, $on) = @_;

    my $is = $on->{$fact} // ($fact =~ /channel|by_hand/ ? 'yes' : 'no');
    $is = $on->{$fact} // $on->{ $fact =~ s/shared_//r } // 'yes' if $fact =~ /shared/;

    return $is eq 'yes' ? JSON::PP::false : JSON::PP::true;
}

sub mode {
    my ($said, $side, $fact, $on) = @_;

    return ($on->{$fact} // 'allowed') eq 'forbidden' ? 'ignored' : 'forbidden';
}

sub right {
    my ($said, $side, $fact, $on) = @_;

    my $bits = $on->{access_rights} // 0;

    return $side eq 'ours' ? $bits ^ 0x8 : $bits & 0x8 ? 'None' : 'AllowDeviceErase';
}

sub another {
    my ($value) = @_;

    return ref $value ? $value ? JSON::PP::false : JSON::PP::true
        : $value eq 'true' ? 'false' : $value eq 'false' ? 'true'
        : $value =~ /\A-?[0-9.]+\z/ ? $value + 1 : "$value x";
}


# --- changing and taking back ---

sub found {
    my ($node, @at) = @_;

    for my $name (@at) {
        return if !defined $node;
        $node = $node->{$name};
    }

    return $node;
}


sub plant {
    my ($kind, $path, $node, $at, $value, $system) = @_;

    my ($top, @below) = @$at;
    my $kept;
    my $fact = $kind =~ s/\A. //r;

    return {
        kind => $kind, path => $path, node => $node,
        fact => !defined $system ? $fact : $fact eq 'there' ? $system : "$system $fact",
        change => sub {
            $kept = ref $node->{$top} ? Storable::dclone($node->{$top}) : $node->{$top};
            put($node, $value, $top, @below);
        },
        undo => sub {
            if (defined $kept) { $node->{$top} = $kept } else { delete $node->{$top} }
        },
    };
}


sub put {
    my ($node, $value, @at) = @_;

    my $last = pop @at;
    $node = $node->{$_} //= {} for @at;

    if (defined $value) { $node->{$last} = $value } else { delete $node->{$last} }

    return;
}

1;
