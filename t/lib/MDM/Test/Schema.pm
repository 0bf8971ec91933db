package MDM::Test::Schema;

# Is a value, as JSON::PP decodes it, what a schema says?  The part of OpenAPI
# 3.0's schema that docs/openapi.json uses; any other word in a schema is a
# fault of the document, so that none is passed over.
#
#     my $schemas = MDM::Test::Schema->new($document);
#     my @faults = $schemas->faults({ type => 'string' }, $value, 'body');

use strict;
use warnings;

use B ();
use JSON::PP ();
use Scalar::Util ();

my %check = (
    type                 => \&check_type,
    properties           => \&check_properties,
    required             => \&check_required,
    additionalProperties => \&check_additional,
    items                => \&check_items,
    minItems             => sub { too_few($_[2], scalar @{ $_[3] }, 'array', @_) },
    maxItems             => sub { too_many($_[2], scalar @{ $_[3] }, 'array', @_) },
    minLength            => sub { too_few($_[2], length $_[3], 'string', @_) },
    maxLength            => sub { too_many($_[2], length $_[3], 'string', @_) },
    minimum              => sub { too_few($_[2], $_[3], 'number', @_) },
    maximum              => sub { too_many($_[2], $_[3], 'number', @_) },
    enum                 => \&check_enum,
    pattern              => \&check_pattern,
    format               => \&check_format,
    allOf                => \&check_of,
    anyOf                => \&check_of,
    oneOf                => \&check_of,
);

# Words that judge values of one type only.

my %only = (
    (map { $_ => 'object' } qw(properties required additionalProperties)),
    (map { $_ => 'array' } qw(items minItems maxItems)),
    (map { $_ => 'string' } qw(minLength maxLength pattern format)),
    (map { $_ => 'number' } qw(minimum maximum)),
);

my %remark = map { $_ => 1 } qw(description example nullable default);

my %of = (allOf => 'all', anyOf => 'some', oneOf => 'one');

my $rfc3339 = qr/\d{4}-(?:0\d|1[0-2])-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d/;

# Ours have milliseconds; a schema with a pattern of its own decides itself.

my %format = (
    'date-time' => sub {
        $_[1]{pattern} ? $_[0] =~ /\A$rfc3339(?:\.\d+)?Z\z/
                       : $_[0] =~ /\A$rfc3339\.\d{3}Z\z/
    },
    byte  => sub { $_[0] =~ m{\A(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2,3}=*)?\z} },
    uri   => sub { $_[0] =~ m{\A[a-z]+://\S+\z} },
    int32 => sub { 1 },
    int64 => sub { 1 },
    binary => sub { 1 },
);


sub new {
    my ($class, $document) = @_;

    return bless { document => $document }, $class;
}


# What a local reference points to; anything else is returned as it is.

sub resolve {
    my ($self, $node) = @_;

    while (ref $node eq 'HASH' && exists $node->{'$ref'}) {
        my $ref = $node->{'$ref'};
        $node = $self->{document};

        for my $name (split m{/}, $ref =~ s{\A#/}{}r) {
            $node = ref $node eq 'HASH' ? $node->{$name} : undef;
        }

        die "docs/openapi.json: $ref points to nothing\n" if !defined $node;
    }

    return $node;
}


# JSON::PP makes strings of strings and numbers of numbers: the flags tell.

sub type_of {
    my ($value) = @_;

    return 'null' if !defined $value;
    return 'boolean' if JSON::PP::is_bool($value);
    return $_ eq 'HASH' ? 'object' : 'array' for grep { $_ } ref $value;

    my $flags = B::svref_2object(\$value)->FLAGS;

    return $flags & B::SVf_POK() ? 'string'
         : $flags & B::SVf_IOK() ? 'integer' : 'number';
}


sub is_type {
    my ($value, $type) = @_;

    my $is = type_of($value);

    return $is eq $type || ($type eq 'number' && $is eq 'integer');
}


# What is wrong with a value, each with where it is; nothing when all is well.

sub faults {
    my ($self, $schema, $value, $where) = @_;

    $schema = $self->resolve($schema);
    return if $schema->{nullable} && !defined $value;

    return map {
        my $only = $only{$_};
        $only && !is_type($value, $only) ? ()
            : map { ref $_ ? @$_ : "$where $_" }
                $check{$_}->($self, $schema, $schema->{$_}, $value, $where, $_)
    } grep { $check{$_} } sort keys %$schema;
}


# --- the words: (self, schema, what the word says, value, where, word) ---

sub check_type {
    my (undef, undef, $type, $value) = @_;

    return is_type($value, $type) ? () : "is no $type but " . type_of($value);
}


sub check_properties {
    my ($self, $schema, $properties, $value, $where) = @_;

    my @there = grep { exists $value->{$_} } sort keys %$properties;

    $self->{had}{ "$where.$_" =~ s/\[\d+\]/[]/gr } = 1 for @there;
    $self->{any}{$schema}{$_} = 1 for @there;

    return [ map { $self->faults($properties->{$_}, $value->{$_}, "$where.$_") } @there ];
}


sub check_required {
    my (undef, undef, $required, $value) = @_;

    return map { "has no \"$_\"" } grep { !exists $value->{$_} } @$required;
}


sub check_additional {
    my ($self, $schema, $additional, $value, $where) = @_;

    my @names = grep { !exists(($schema->{properties} // {})->{$_}) }
        sort keys %$value;

    return [ map { $self->faults($additional, $value->{$_}, "$where.$_") } @names ]
        if ref $additional eq 'HASH';

    return $additional ? () : map { "has \"$_\", which is not described" } @names;
}


sub check_items {
    my ($self, undef, $items, $value, $where) = @_;

    return [ map { $self->faults($items, $value->[$_], "$where\[$_]") }
        0 .. $#$value ];
}


sub too_few {
    my ($least, $is, $type) = @_;

    return $is < $least ? "is $is of a $type, less than $least" : ();
}


sub too_many {
    my ($most, $is, $type) = @_;

    return $is > $most ? "is $is of a $type, more than $most" : ();
}


sub check_enum {
    my (undef, undef, $enum, $value) = @_;

    return if grep { defined $value && defined $_ && $_ eq $value } @$enum;

    return 'is "' . ($value // 'null') . '", none of ' . join ', ', @$enum;
}


sub check_pattern {
    my (undef, undef, $pattern, $value) = @_;

    return $value =~ /$pattern/ ? () : "is \"$value\", against $pattern";
}


sub check_format {
    my (undef, $schema, $format, $value) = @_;

    my $fits = $format{$format} or return "has the unknown format $format";

    return $fits->($value, $schema) ? () : "is \"$value\", no $format";
}


sub check_of {
    my ($self, undef, $schemas, $value, $where, $word) = @_;

    my @faults = map { [ $self->faults($_, $value, $where) ] } @$schemas;
    my $fit = grep { !@$_ } @faults;

    $self->{had}{"$where $word $_"} = 1 for grep { !@{ $faults[$_] } } 0 .. $#faults;

    return if $of{$word} eq 'all' ? $fit == @$schemas
        : $of{$word} eq 'one' ? $fit == 1 : $fit;

    return "fits $fit of $word: " . join '; ', map { @$_ } @faults;
}


# --- the schema itself ---

# What is wrong with a schema: words that are not checked, objects that do not
# say whether they may have more, examples that do not fit.

sub flaws {
    my ($self, $schema, $where) = @_;

    return "$where is no schema" if ref $schema ne 'HASH';
    return if $schema->{'$ref'} && $self->resolve($schema);

    my @flaws = map { "$where has the unknown word $_" }
        grep { !$check{$_} && !$remark{$_} } sort keys %$schema;

    push @flaws, "$where has neither type nor " . join ', ', sort keys %of
        if !grep { exists $schema->{$_} } 'type', keys %of;
    push @flaws, "$where does not say additionalProperties"
        if ($schema->{type} // '') eq 'object'
           && !exists $schema->{additionalProperties};
    push @flaws, map { "$where requires \"$_\", which is no property" }
        grep { !exists(($schema->{properties} // {})->{$_}) }
        @{ $schema->{required} // [] };
    push @flaws, "$where has the unknown format $schema->{format}"
        if exists $schema->{format} && !$format{ $schema->{format} };
    push @flaws, map { "example: $_" } $self->faults($schema, $schema->{example}, $where)
        if exists $schema->{example};

    return @flaws, map { $self->flaws(@$_) } parts($schema, $where);
}


# The properties of a schema that no value had; of one that contains itself, no
# value at any depth.

sub missed {
    my ($self, $schema, $where, @around) = @_;

    $schema = $self->resolve($schema);

    my $itself = $self->contains($schema, $schema);

    return if $itself && grep { $_ == $schema } @around;

    return (
        (map { "$where.$_" } grep {
            !($itself ? $self->{any}{$schema}{$_} : $self->{had}{"$where.$_"})
        } sort keys %{ $schema->{properties} // {} }),
        map { $self->missed(@$_, @around, $schema) }
            grep { $_->[1] !~ /\*\z/ } parts($schema, $where),
    );
}


sub contains {
    my ($self, $schema, $other, %been) = @_;

    for my $part (map { $self->resolve($_->[0]) } parts($schema, '')) {
        return 1 if $part == $other;
        return 1 if !$been{$part}++ && $self->contains($part, $other, %been);
    }

    return 0;
}


# Those of its alternatives that no value was.

sub unchosen {
    my ($self, $schema, $where) = @_;

    $schema = $self->resolve($schema);

    return map {
        my $of = $_;
        grep { !$self->{had}{$_} } map { "$where $of $_" } 0 .. $#{ $schema->{$of} }
    } grep { $schema->{$_} } qw(anyOf oneOf);
}


# The schemas in a schema, each with where it stands.

sub parts {
    my ($schema, $where) = @_;

    my $properties = $schema->{properties} // {};

    return (
        (map { [ $properties->{$_}, "$where.$_" ] } sort keys %$properties),
        (ref $schema->{additionalProperties} eq 'HASH'
            ? [ $schema->{additionalProperties}, "$where.*" ] : ()),
        (exists $schema->{items} ? [ $schema->{items}, "$where\[]" ] : ()),
        (map { my $of = $_; map { [ $_, $where ] } @{ $schema->{$of} // [] } }
            sort keys %of),
    );
}

1;
