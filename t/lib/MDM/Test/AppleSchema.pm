package MDM::Test::AppleSchema;

# Apple's tables of commands and payloads (YAML) and ours (JSON, as GET
# /v1/schema and mdm-plugin-test describe them) as rows that can be compared: a
# type is a hash of paths, and behind each a hash of facts.  A path is that of
# the keys; "answer: " stands before those of a report, "[]" for what an array
# holds, "[Name]" where that is of several kinds.  MDM::Test::SchemaFacts
# compares them.
#
# A row also has the node that it was read from, the path of what is around it,
# and by system what holds there.
#
# A fact that holds around a key holds for it, too, on both sides; but nothing
# else is filled in here, and no fact is passed over: what has no place in our
# tables is counted in %aside, what is not known becomes a fact "unknown", which
# ours has never.

use strict;
use warnings;

use Exporter 'import';
use Scalar::Util qw(refaddr);
use YAML::XS ();

our @EXPORT = qw(apple_types apple_rows our_rows schema_systems);


my @systems = qw(iOS macOS tvOS visionOS watchOS);

sub schema_systems { return @systems }


# What the one calls so the other calls so.

my %said = (
    supervised => 'supervised', devicechannel => 'device_channel',
    userchannel => 'user_channel', requiresdep => 'automated',
    userapprovedmdm => 'user_approved', allowmanualinstall => 'by_hand',
    multiple => 'many',
);

my %shared = (
    mode => 'shared_ipad', devicechannel => 'shared_device_channel',
    userchannel => 'shared_user_channel',
);

# Rights are bits of a profile's AccessRights; two have two names.

my %rights = (
    None => 0,
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

my %combine = (
    'boolean-or' => 'or', 'boolean-and' => 'and', 'number-min' => 'min',
    'number-max' => 'max', 'enum-first' => 'enum_first',
    'enum-last' => 'enum_last', 'first' => 'first',
    'array-append' => 'append', 'set-union' => 'union',
    'set-intersection' => 'intersection',
);

# Keys whose names are data: what stands for them.

my %any = map { $_ => 1 } 'ANY', 'ANY app identifier', 'ANY index',
    'ANY profile identifier', 'ANY restriction name', 'Category Name';

my %words = map { $_ => 1 } qw(content title subkeytype);


# --- Apple's side ---

# All types of a directory: [ { file, name, document } ].

sub apple_types {
    my ($directory, $name_of) = @_;

    local $YAML::XS::Boolean = 'JSON::PP';

    my @types;

    for my $file (sort glob quotemeta($directory) . '/*.yaml') {
        my $document = eval { YAML::XS::LoadFile($file) }
            or die "$file cannot be read: $@\n";
        my $name = $document->{payload}{$name_of}
            // die "$file has no $name_of\n";

        push @types, {
            file => $file =~ s{.*/}{}r, name => $name, document => $document
        };
    }

    return @types;
}


# Keys lie in themselves in three places: these are followed as deep as $ours
# has them.

sub apple_rows {
    my ($document, $aside, $ours) = @_;

    my %rest = %$document;
    my %payload = %{ delete $rest{payload} };
    my %read = (rows => {}, aside => $aside // {}, ours => $ours // {}, on => []);
    my %row = (node => $document->{payload});

    delete @payload{qw(payloadtype requesttype)};
    $row{on} = apple_systems(\%read, \%row, delete $payload{supportedOS} // {});

    $read{aside}{$_}++ for grep { exists $rest{$_} } qw(title description notes);
    $read{aside}{content}++ if exists $payload{content};
    delete @rest{qw(title description notes)};
    delete $payload{content};

    $read{rows}{''} = \%row;
    apple_keys(\%read, '', '', delete $rest{payloadkeys});
    apple_keys(\%read, '', 'answer: ', delete $rest{responsekeys});

    $row{unknown} = join ' ', sort keys %rest, keys %payload
        if %rest || %payload;

    return $read{rows};
}


sub apple_keys {
    my ($read, $up, $before, $keys) = @_;

    for my $key (@{ $keys // [] }) {
        my $at = $before . ($any{$key->{key}} ? '*' : $key->{key});

        apple_key($read, $up, $at, $key);
        $read->{rows}{$at}{required} = 'yes'
            if ($key->{presence} // '') eq 'required';
    }

    return;
}


sub apple_key {
    my ($read, $up, $at, $key) = @_;

    my %rest = %$key;
    my ($type) = delete($rest{type}) =~ /\A<(\w+)>\z/;
    my %row = (up => $up, node => $key, type => $type);
    my $presence = delete $rest{presence} // 'optional';

    delete $rest{key};
    $row{on} = apple_systems($read, \%row, delete $rest{supportedOS} // {},
        $read->{rows}{$up}{on});

    apple_values($read, \%row, \%rest, $type);

    for my $word (keys %words, 'subtype') {
        $read->{aside}{$word}++ if defined delete $rest{$word};
    }

    $row{unknown} = "presence $presence"
        if $presence !~ /\A(?:required|optional)\z/;
    $row{unknown} = join ' ', sort keys %rest if grep { $_ ne 'subkeys' } keys %rest;
    die "$at is there twice\n" if $read->{rows}{$at};
    $read->{rows}{$at} = \%row;

    apple_below($read, $at, $type, $rest{subkeys}) if $rest{subkeys};

    return;
}


sub apple_values {
    my ($read, $row, $rest, $type) = @_;

    my %range = %{ delete $rest->{range} // {} };
    my $times = delete $rest->{repetition};
    my ($default, $format, $combine, $list)
        = delete @$rest{qw(default format combinetype rangelist)};

    $row->{one_of} = [ map { value_of($type, $_) } @$list ] if $list;
    $row->{default} = value_of($type, $default) if defined $default;
    $row->{pattern} = $format if defined $format;
    $row->{combine} = $combine{$combine} // "unknown: $combine"
        if defined $combine;

    for my $bound (qw(min max)) {
        $row->{$bound} = value_of($type, delete $range{$bound})
            if defined $range{$bound};
    }

    # said of an item, a fact of what holds it

    if ($times) {
        my $around = $read->{rows}{$row->{up}};
        $around->{least} = $times->{min} if $times->{min};
        $around->{most} = $times->{max} if $times->{max};
    }

    return;
}


# Subkeys of a dictionary are its members, of an array the kinds of its items,
# of a string what it may be.

sub apple_below {
    my ($read, $at, $type, $below) = @_;

    if (grep { $_ == refaddr $below } @{ $read->{on} }) {
        $read->{aside}{itself}++;
        return if !grep { /\A\Q$at\E[.\[]/ } keys %{ $read->{ours} };
    }

    local $read->{on} = [ @{ $read->{on} }, refaddr $below ];

    return apple_keys($read, $at, "$at.", $below) if $type eq 'dictionary';
    return apple_names($read->{rows}{$at}, $below) if $type eq 'string';

    my @kinds = map { apple_kinds($_) } @$below;

    for my $kind (@kinds) {
        my $item = $at . (@kinds > 1 ? "[$kind->{key}]" : '[]');

        $read->{aside}{@kinds > 1 ? 'kind' : 'item'}++;
        $read->{aside}{'presence'}++ if defined $kind->{presence};
        apple_key($read, $at, $item, $kind);
    }

    return;
}


# Names below a string that are on systems of their own are kinds of it, each
# with that value only.

sub apple_kinds {
    my ($item) = @_;

    my $names = $item->{subkeys};

    return $item if $item->{type} ne '<string>'
        || !grep { $_->{supportedOS} } @{ $names // [] };

    return map { { %$_, rangelist => [ $_->{key} ] } } @$names;
}


sub apple_names {
    my ($row, $names) = @_;

    my @odd = grep { $_->{type} ne '<string>' || $_->{subkeys} || $_->{supportedOS} }
        @$names;

    $row->{one_of} = [ map { $_->{key} } @$names ];
    $row->{unknown} = "$odd[0]{key} as a name" if @odd;

    return;
}


# --- Apple's systems ---

# Facts by system; where it is not there, nothing.

sub apple_systems {
    my ($read, $row, $on, $around) = @_;

    my %facts;
    my @odd = grep { my $name = $_; !grep { $_ eq $name } @systems } sort keys %$on;

    $row->{unknown} = "@odd" if @odd;

    for my $system (@systems) {
        my $said = $on->{$system};
        my $outer = $around ? $around->{$system} : {};

        next if !$outer || (!$around && !$said);
        next if ($said->{introduced} // '') eq 'n/a';

        $facts{$system} = { %$outer, there => 'yes' };
        apple_facts($read, $facts{$system}, $said // {});
    }

    return \%facts;
}


sub apple_facts {
    my ($read, $facts, $said) = @_;

    my %rest = %$said;
    my %shared_ipad = %{ delete $rest{sharedipad} // {} };
    my %user = %{ delete $rest{userenrollment} // {} };

    apple_right($read, $facts, delete $rest{accessrights});

    if (($rest{introduced} // '') eq 'all') {
        $read->{aside}{'introduced: all'}++;
        delete $rest{introduced};
    }

    for my $version (grep { defined $rest{$_} } qw(introduced deprecated removed)) {
        $facts->{$version} = delete $rest{$version};
    }

    for my $pair ([ \%rest, \%said ], [ \%shared_ipad, \%shared ],
        [ \%user, { mode => 'user_enrollment' } ])
    {
        my ($from, $names) = @$pair;

        for my $name (grep { defined $from->{$_} } sort keys %$names) {
            my $value = delete $from->{$name};

            $facts->{$names->{$name}} = $name eq 'mode' ? $value
                : $value ? 'yes' : 'no';
        }
    }

    $facts->{unknown} = join ' ', sort keys %rest, keys %shared_ipad, keys %user
        if %rest || %shared_ipad || %user;

    return;
}


# Two say that there is no such right, in other words than None.

sub apple_right {
    my ($read, $facts, $name) = @_;

    return if !defined $name;

    if ($name eq 'Special Case' || $name eq 'n/a') {
        $read->{aside}{"accessrights: $name"}++;
        $name = 'None';
    }

    $facts->{access_rights} = ($facts->{access_rights} // 0) | $rights{$name}
        if exists $rights{$name};
    $facts->{unknown} = "accessrights $name" if !exists $rights{$name};

    return;
}


# --- our side ---

# What a type or key says beyond Apple's facts.

my %own_of_types = map { $_ => 1 } qw(kind name variant title plugin version file
    exclusive manages once urgent destructive supersedes inventory subject
    subject_keys part_keys expires told_by functions);

my %own_of_keys = map { $_ => 1 } qw(key secret literal tells attribute list escrow);


sub our_rows {
    my ($type) = @_;

    my %rest = %$type;
    my %row = (node => $type);
    my %rows = ('' => \%row);

    $row{on} = our_systems(\%row, delete $rest{systems} // {});
    our_keys(\%rows, '', '', delete $rest{keys});
    our_keys(\%rows, '', 'answer: ', delete $rest{answer});

    delete @rest{keys %own_of_types};
    $row{unknown} = 'ours: ' . join ' ', sort keys %rest if %rest;

    return \%rows;
}


sub our_keys {
    my ($rows, $up, $before, $keys) = @_;

    our_key($rows, $up, $before . $_->{key}, $_) for @{ $keys // [] };

    return;
}


sub our_key {
    my ($rows, $up, $at, $key) = @_;

    my %rest = %$key;
    my %row = (up => $up, node => $key);

    $row{on} = our_systems(\%row, delete $rest{systems} // {}, $rows->{$up}{on});
    $row{required} = 'yes' if delete $rest{required};

    for my $fact (qw(type pattern combine least most)) {
        $row{$fact} = delete $rest{$fact} if defined $rest{$fact};
    }

    for my $fact (qw(min max default)) {
        $row{$fact} = value_of($row{type}, delete $rest{$fact})
            if defined $rest{$fact};
    }

    $row{one_of} = [ map { value_of($row{type}, $_) } @{ delete $rest{one_of} } ]
        if $rest{one_of};

    my ($keys, $items) = delete @rest{qw(keys items)};
    delete @rest{keys %own_of_keys};
    $row{unknown} = 'ours: ' . join ' ', sort keys %rest if %rest;

    die "$at is there twice\n" if $rows->{$at};
    $rows->{$at} = \%row;

    our_keys($rows, $at, "$at.", $keys);

    for my $kind (@{ $items // [] }) {
        our_key($rows, $at, $at
            . (@$items > 1 ? '[' . ($kind->{key} // '') . ']' : '[]'), $kind);
    }

    return;
}


sub our_systems {
    my ($row, $on, $around) = @_;

    my %facts;
    my @odd = grep { my $name = $_; !grep { $_ eq $name } @systems } sort keys %$on;

    $row->{unknown} = "ours: @odd" if @odd;

    for my $system (@systems) {
        my $said = $on->{$system};
        my $outer = $around ? $around->{$system} : {};

        next if !$outer || (!$around && !$said);
        next if ($said->{introduced} // '') eq 'n/a';

        my %said = map { $_ => ref $said->{$_} ? $said->{$_} ? 'yes' : 'no'
                                               : $said->{$_} } keys %{ $said // {} };
        my $rights = ($outer->{access_rights} // 0) | ($said{access_rights} // 0);

        $facts{$system} = { %$outer, %said, there => 'yes' };
        $facts{$system}{access_rights} = $rights if $rights;
    }

    return \%facts;
}


# --- both ---

# Numbers and booleans may be written in several ways.

sub value_of {
    my ($type, $value) = @_;

    return $value =~ /\A[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\z/
        ? 0 + $value : "no number: $value"
        if $type eq 'integer' || $type eq 'real';
    return $value eq '1' || $value eq 'true' ? 'true'
        : $value eq '0' || $value eq '' || $value eq 'false' ? 'false' : $value
        if $type eq 'boolean';

    return "$value";
}

1;
