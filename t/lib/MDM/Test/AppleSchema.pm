package MDM::Test::AppleSchema;

# Apple's tables of commands and payloads (YAML) and ours (JSON, as a plugin is
# described) in one form, to be compared: a type is a hash of paths, and behind
# each a hash of facts.  What is unsaid is filled in from what is around it, so
# that only what holds counts, and not how it is said.

use strict;
use warnings;

use Exporter 'import';
use YAML::XS ();

our @EXPORT = qw(apple_types our_type differences);


# Facts that are unsaid hold so.  Rights are collected; the rest of what a row
# does not say is as around it.

my @systems = qw(iOS macOS tvOS visionOS watchOS);

my %unsaid = (
    device_channel => 'yes', user_channel => 'no', supervised => 'no',
    automated => 'no', user_approved => 'no', by_hand => 'yes', many => 'no',
    user_enrollment => 'allowed', shared_ipad => 'allowed',
    shared_device_channel => 'yes', shared_user_channel => 'no',
);

my %rights = (
    'None' => 0, 'n/a' => 0, 'Special Case' => 0,
    AllowInspection => 0x1,
    AllowInstallationRemoval => 0x2,
    AllowPasscodeRemovalAndLock => 0x4,
    DeviceLockAndRemovePasscode => 0x4,
    AllowDeviceErase => 0x8,
    AllowQueryDeviceInformation => 0x10,
    AllowQueryNetworkInformation => 0x20,
    AllowProvisioningInspection => 0x40,
    AllowProvisioningInstallationRemoval => 0x80,
    AllowQueryApplications => 0x100,
    QueryInstalledApps => 0x100,
    AllowQueryRestrictions => 0x200,
    AllowQuerySecurity => 0x400,
    AllowSettings => 0x800,
    AllowAppInstallation => 0x1000,
);

my %answers = (
    supervised => 'supervised', devicechannel => 'device_channel',
    userchannel => 'user_channel', requiresdep => 'automated',
    userapprovedmdm => 'user_approved', allowmanualinstall => 'by_hand',
    multiple => 'many',
);

my %combine = (
    'boolean-or' => 'or', 'boolean-and' => 'and', 'number-min' => 'min',
    'number-max' => 'max', 'enum-first' => 'enum_first',
    'enum-last' => 'enum_last', 'first' => 'first',
    'array-append' => 'append', 'set-union' => 'union',
    'set-intersection' => 'intersection',
);


# --- Apple's side ---

# All types of a directory, by name.  Several files may tell of one type; one
# file says nothing of systems.

sub apple_types {
    my ($directory, $kind) = @_;

    my %types;

    for my $file (sort glob "$directory/*.yaml") {
        my $document = YAML::XS::LoadFile($file);
        my $name = $document->{payload}{"${kind}type"};
        my $on = $document->{payload}{supportedOS} // {};

        next if !defined $name;

        my %rows = ('' => { on => apple_systems($on) });
        my $way = $document->{responsekeys};

        apple_keys(\%rows, '', $document->{payloadkeys}, $rows{''}{on}, 0);
        apple_keys(\%rows, 'answer: ', $way, $rows{''}{on}, 0) if $way;

        push @{ $types{$name} }, \%rows;
    }

    return \%types;
}


# A table may lie in itself; no plugin's goes so deep.

sub apple_keys {
    my ($rows, $path, $keys, $on, $depth) = @_;

    return if $depth > 12;

    for my $key (@{ $keys // [] }) {
        my $at = $path . apple_name($key->{key});

        $rows->{$at} = apple_row($key, $on);
        $rows->{$at}{required} = 1 if ($key->{presence} // '') eq 'required';

        apple_below($rows, $at, $key, $rows->{$at}{on}, $depth + 1);
    }

    return;
}


sub apple_below {
    my ($rows, $at, $key, $on, $depth) = @_;

    my $below = $key->{subkeys} or return;

    if ($key->{type} eq '<dictionary>') {
        return apple_keys($rows, "$at.", $below, $on, $depth);
    }

    my @kinds = map { apple_values($_) } @$below;
    my $times = $kinds[0]{repetition} // {};

    $rows->{$at}{least} = $times->{min} if $times->{min};
    $rows->{$at}{most} = $times->{max} if $times->{max};

    for my $kind (@kinds) {
        my $item = $at . (@kinds > 1 ? "[$kind->{key}]" : '[]');

        $rows->{$item} = apple_row($kind, $on);
        apple_below($rows, $item, $kind, $rows->{$item}{on}, $depth + 1);
    }

    return;
}


# Names below a string are the values that it may have.  When each has systems
# of its own they are kinds of items, else one list.

sub apple_values {
    my ($item) = @_;

    my $values = $item->{subkeys};

    return $item if $item->{type} ne '<string>' || !$values;

    if (grep { $_->{supportedOS} } @$values) {
        return map { { %$_, rangelist => [ $_->{key} ] } } @$values;
    }

    return {
        %$item, subkeys => undef, rangelist => [ map { $_->{key} } @$values ]
    };
}


sub apple_name {
    my ($name) = @_;

    return $name =~ /\AANY\b|\ACategory Name\z/ ? '*' : $name;
}


sub apple_row {
    my ($key, $around) = @_;

    my %row = (
        type => $key->{type} =~ s/[<>]//gr,
        on => apple_systems($key->{supportedOS} // {}, $around),
    );

    my $range = $key->{range} // {};
    my $default = $key->{default};

    $row{one_of} = values_of(\%row, @{ $key->{rangelist} })
        if $key->{rangelist};
    $row{pattern} = $key->{format} if defined $key->{format};
    $row{combine} = $combine{$key->{combinetype}} if $key->{combinetype};

    for my $bound (qw(min max)) {
        $row{$bound} = 0 + $range->{$bound} if defined $range->{$bound};
    }

    if (defined $default) {
        $default = $default ? 'true' : 'false'
            if $key->{type} eq '<boolean>';
        $row{default} = values_of(\%row, $default);
    }

    return \%row;
}


# What holds on each system; undefined: it is not there.

sub apple_systems {
    my ($on, $around) = @_;

    my %facts;

    for my $system (@systems) {
        my $row = $on->{$system};
        my $outer = $around ? $around->{$system} : {};

        next if !$outer || (!$around && !$row);
        next if ($row->{introduced} // '') eq 'n/a';

        $facts{$system} = apple_facts($row // {}, $outer);
    }

    return \%facts;
}


sub apple_facts {
    my ($row, $around) = @_;

    my %facts = %$around;
    my $shared = $row->{sharedipad} // {};

    for my $version (qw(introduced deprecated removed)) {
        $facts{$version} = $row->{$version}
            if ($row->{$version} // 'all') ne 'all';    # all that there are
    }

    for my $name (keys %answers) {
        $facts{$answers{$name}} = $row->{$name} ? 'yes' : 'no'
            if defined $row->{$name};
    }

    $facts{access_rights} |= $rights{$row->{accessrights} // 'None'}
        // die "the right $row->{accessrights} is not known\n";
    $facts{user_enrollment} = $row->{userenrollment}{mode}
        if $row->{userenrollment} && $row->{userenrollment}{mode};
    $facts{shared_ipad} = $shared->{mode} if $shared->{mode};

    for my $channel (qw(device user)) {
        $facts{"shared_${channel}_channel"}
            = $shared->{"${channel}channel"} ? 'yes' : 'no'
            if defined $shared->{"${channel}channel"};
    }

    return \%facts;
}


# --- our side ---

sub our_type {
    my ($type) = @_;

    my %rows = ('' => { on => our_systems($type->{systems}) });

    our_keys(\%rows, '', $type->{keys}, $rows{''}{on});
    our_keys(\%rows, 'answer: ', $type->{answer}, $rows{''}{on});

    return \%rows;
}


sub our_keys {
    my ($rows, $path, $keys, $on) = @_;

    for my $key (@{ $keys // [] }) {
        my $at = $path . $key->{key};

        $rows->{$at} = our_row($key, $on);
        $rows->{$at}{required} = 1 if $key->{required};

        our_below($rows, $at, $key, $rows->{$at}{on});
    }

    return;
}


sub our_below {
    my ($rows, $at, $key, $on) = @_;

    our_keys($rows, "$at.", $key->{keys}, $on);

    my @kinds = @{ $key->{items} // [] };

    for my $kind (@kinds) {
        my $item = $at . (@kinds > 1 ? '[' . ($kind->{key} // '') . ']' : '[]');

        $rows->{$item} = our_row($kind, $on);
        our_below($rows, $item, $kind, $rows->{$item}{on});
    }

    return;
}


sub our_row {
    my ($key, $around) = @_;

    my %row = (
        type => $key->{type},
        on => our_systems($key->{systems} // {}, $around),
    );

    $row{one_of} = values_of(\%row, @{ $key->{one_of} }) if $key->{one_of};
    $row{default} = values_of(\%row, $key->{default})
        if defined $key->{default};

    for my $fact (qw(pattern least most combine)) {
        $row{$fact} = $key->{$fact} if defined $key->{$fact};
    }

    for my $bound (qw(min max)) {
        $row{$bound} = 0 + $key->{$bound} if defined $key->{$bound};
    }

    return \%row;
}


sub our_systems {
    my ($on, $around) = @_;

    my %facts;

    for my $system (@systems) {
        my $row = $on->{$system};
        my $outer = $around ? $around->{$system} : {};

        next if !$outer || (!$around && !$row);
        next if ($row->{introduced} // '') eq 'n/a';

        my %row = map { $_ => ref $row->{$_} ? $row->{$_} ? 'yes' : 'no'
                                             : $row->{$_} } keys %{ $row // {} };

        $facts{$system} = { %$outer, %row };
        $facts{$system}{access_rights}
            = ($outer->{access_rights} // 0) | ($row{access_rights} // 0);
    }

    return \%facts;
}


# --- both ---

# Numbers may be written in several ways.

sub values_of {
    my ($row, @values) = @_;

    return join ' ', $row->{type} =~ /\A(?:integer|real)\z/
        ? map { 0 + $_ } @values : @values;
}


# Everything in which two types differ: [ path, fact, Apple's, ours ].  How
# payloads combine Apple says of few keys: where it does not, ours is our own.

sub differences {
    my ($apple, $ours) = @_;

    my @found;

    for my $path (sort keys %{ { %$apple, %$ours } }) {
        my ($a, $b) = ($apple->{$path}, $ours->{$path});

        if (!$a || !$b) {
            push @found, [ $path, 'key', $a ? 'there' : '', $b ? 'there' : '' ];
            next;
        }

        my %names = map { $_ => 1 } keys %$a, keys %$b;
        delete $names{on};

        for my $fact (sort keys %names) {
            my ($x, $y) = map { $_->{$fact} // '' } $a, $b;

            push @found, [ $path, $fact, $x, $y ]
                if $x ne $y && ($x ne '' || $fact ne 'combine');
        }

        push @found, map { [ $path, @$_ ] } systems_differ($a->{on}, $b->{on});
    }

    return @found;
}


sub systems_differ {
    my ($apple, $ours) = @_;

    my @found;

    for my $system (@systems) {
        my ($a, $b) = ($apple->{$system}, $ours->{$system});

        next if !$a && !$b;

        if (!$a || !$b) {
            push @found, [ $system, $a ? 'there' : '', $b ? 'there' : '' ];
            next;
        }

        my %names = map { $_ => 1 } keys %$a, keys %$b;

        for my $fact (sort keys %names) {
            my ($x, $y) = map { $_->{$fact} // $unsaid{$fact} // 0 } $a, $b;

            push @found, [ "$system $fact", $x, $y ] if $x ne $y;
        }
    }

    return @found;
}


1;
