package MDM::Test::OpenAPI;

# docs/openapi.json: its operations, what is wrong with it, and whether an answer
# is one that it describes.
#
#     my $doc = MDM::Test::OpenAPI->load;
#     my $operation = $doc->find(GET => '/v1/enrollments/UDID/queue?limit=1');
#     my @faults = $doc->faults($operation, $client->api(...));

use strict;
use warnings;

use JSON::PP ();

use MDM::Test ();
use MDM::Test::Schema ();

my @methods = qw(get put post patch delete);


sub load {
    my ($class) = @_;

    my $text = MDM::Test::slurp(MDM::Test::tree() . '/docs/openapi.json');
    my $self = bless { text => $text }, $class;

    $self->{document} = JSON::PP->new->utf8->decode($text);
    $self->{schemas} = MDM::Test::Schema->new($self->{document});
    $self->{operations} = [ map { $self->operations_of($_) }
        sort keys %{ $self->{document}{paths} } ];

    return $self;
}


sub resolve    { return $_[0]{schemas}->resolve($_[1]) }
sub operations { return @{ $_[0]{operations} } }


# One path's: id, method, path, pattern as the module writes it, scope, and its
# parameters and responses without references.

sub operations_of {
    my ($self, $path) = @_;

    my $item = $self->{document}{paths}{$path};

    return map {
        my $said = $item->{$_};
        my $responses = $said->{responses} // {};
        {
            id        => $said->{operationId} // "$_ $path",
            method    => uc $_,
            path      => $path,
            pattern   => $path =~ s/\{\w+\}/*/gr,
            scope     => $said->{'x-scope'},
            said      => $said,
            parameter => [ map { $self->resolve($_) }
                @{ $item->{parameters} // [] }, @{ $said->{parameters} // [] } ],
            request   => $self->resolve($said->{requestBody}),
            response  => { map { $_ => $self->resolve($responses->{$_}) }
                keys %$responses },
        }
    } grep { $item->{$_} } @methods;
}


# What belongs to no operation: paths and methods that do not exist.

sub elsewhere {
    my ($self) = @_;

    my $responses = $self->{document}{'x-no-operation'};

    return { id => 'no operation', path => '', parameter => [], response => {
        map { $_ => $self->resolve($responses->{$_}) } keys %$responses } };
}


# The operation of a call: of two that match, the one with more fixed words.

sub find {
    my ($self, $method, $path) = @_;

    $path =~ s/\?.*//s;

    my ($found) = sort { $a->{pattern} =~ tr/*// <=> $b->{pattern} =~ tr/*// } grep {
        my $pattern = join '[^/]+', map { quotemeta } split /\*/, $_->{pattern}, -1;
        $_->{method} eq $method && $path =~ /\A$pattern\z/
    } $self->operations;

    return $found // $self->elsewhere;
}


sub query_arguments {
    my ($operation) = @_;

    return sort map { $_->{name} }
        grep { $_->{in} eq 'query' } @{ $operation->{parameter} };
}


# The code of an answer that is no success; NanoMDM's routes have members of their
# own.

our @nanomdm = qw(command_error push_error error);


sub code {
    my ($answer) = @_;

    my $json = $answer->{json};

    return ref $json ne 'HASH' || $answer->{status} < 300 ? ''
        : ref $json->{error} eq 'HASH' ? $json->{error}{code} // ''
        : (grep { exists $json->{$_} } @nanomdm)[0] // '';
}


# What an answer has that is not described, or has not that is.

sub faults {
    my ($self, $operation, $answer) = @_;

    my $status = $answer->{status};
    my $response = $operation->{response}{$status}
        or return "the status $status is not described";
    my @faults = $self->header_faults($response, $answer->{headers});

    my $content = $response->{content};
    my ($type) = ($answer->{headers}{'content-type'} // '') =~ /\A([^;\s]*)/;

    if (!$content) {
        push @faults, 'has a body' if length $answer->{body};
        return @faults;
    }

    return @faults, "the content type \"$type\" is not described"
        if !$content->{$type};

    $self->{had}{"$operation->{id} $status $type"} = 1;
    return @faults if $type ne 'application/json';

    my $code = code($answer);
    push @faults, "the code \"$code\" is not described"
        if $code ne '' && !grep { $_ eq $code } @{ $response->{'x-codes'} // [] };

    return @faults, 'the body is no JSON' if !defined $answer->{json};
    return @faults, $self->{schemas}->faults($content->{$type}{schema},
        $answer->{json}, where($operation, $status));
}


# Where a property stands: the good answers of an operation are one.

sub where { return "$_[0]{id} " . ($_[1] < 300 ? '2xx' : $_[1]) }


# What an operation's answers are to have, and none had: content types,
# alternatives, and properties of the good ones.

sub missed {
    my ($self, $operation) = @_;

    return map {
        my ($status, $where) = ($_, where($operation, $_));
        my $content = $operation->{response}{$status}{content};
        my $schema = ($content->{'application/json'} // {})->{schema};

        (
            (grep { !$self->{had}{$_} } map { "$operation->{id} $status $_" }
                sort keys %$content),
            ($schema ? $self->{schemas}->unchosen($schema, $where) : ()),
            ($schema && $status < 300
                ? $self->{schemas}->missed($schema, $where) : ()),
        )
    } sort keys %{ $operation->{response} };
}


sub header_faults {
    my ($self, $response, $headers) = @_;

    my $said = $response->{headers} // {};

    return map {
        my $header = $self->resolve($said->{$_});
        my $value = $headers->{ lc $_ };
        defined $value ? $self->{schemas}->faults($header->{schema}, $value, "header $_")
            : $header->{required} ? "has no header $_" : ()
    } sort keys %$said;
}


# The same for what a call sends.

sub request_faults {
    my ($self, $operation, $body) = @_;

    my $content = ($operation->{request} // {})->{content}{'application/json'};

    return if !ref $body || !$content;
    return $self->{schemas}->faults($content->{schema},
        JSON::PP->new->decode(JSON::PP->new->encode($body)), 'request');
}


# --- the document itself ---

sub flaws {
    my ($self) = @_;

    my (%paths, %ids);
    my $schemas = $self->{document}{components}{schemas};

    return (
        (map { "$_ is there twice" } grep { $paths{$_}++ == 1 }
            $self->{text} =~ m{^\s*"(/\S*)": \{}mg),
        (map { "two operations are called $_" } grep { $ids{$_}++ == 1 }
            map { $_->{id} } $self->operations),
        (map { "$_ has no operation" } grep {
            my $path = $_;
            !grep { $_->{path} eq $path } $self->operations
        } sort keys %{ $self->{document}{paths} }),
        (map { "$_ is nobody's" } $self->unused),
        $self->twins,
        (map { $self->operation_flaws($_) } $self->operations),
        (map { $self->{schemas}->flaws($schemas->{$_}, "schema $_") }
            sort keys %$schemas),
        (map { $self->response_flaws($self->elsewhere, $_) }
            sort keys %{ $self->elsewhere->{response} }),
    );
}


sub unused {
    my ($self) = @_;

    my $components = $self->{document}{components};
    my %used = map { $_ => 1 } $self->{text} =~ m{"\$ref":\s*"([^"]+)"}g;

    return grep { !$used{$_} } map {
        my $kind = $_;
        map { "#/components/$kind/$_" } sort keys %{ $components->{$kind} }
    } grep { $_ ne 'securitySchemes' } sort keys %$components;
}


# Components that mean the same, whatever their description says; of parameters
# it says what they mean.

sub twins {
    my ($self) = @_;

    my $json = JSON::PP->new->canonical;
    my $components = $self->{document}{components};

    return map {
        my $kind = $_;
        my $of = $components->{$kind};
        my %first;

        map {
            my $text = $json->encode({ %{ $of->{$_} },
                $kind eq 'parameters' ? () : (description => '') });
            my $first = $first{$text} //= $_;
            $first eq $_ ? () : "$kind: $first and $_ are the same"
        } sort keys %$of
    } grep { $_ ne 'securitySchemes' } sort keys %$components;
}


sub operation_flaws {
    my ($self, $operation) = @_;

    my $id = $operation->{id};
    my $said = $operation->{said};
    my @flaws = map { "$id has no $_" }
        grep { !exists $said->{$_} } qw(operationId summary responses x-scope);

    my @named = $operation->{path} =~ /\{(\w+)\}/g;
    my @told = map { $_->{name} } grep { $_->{in} eq 'path' } @{ $operation->{parameter} };

    push @flaws, "$id: the path has (@{[ sort @named ]}), not (@{[ sort @told ]})"
        if join(' ', sort @named) ne join(' ', sort @told);
    # What is not built yet answers 500 and says so.
    push @flaws, "$id describes no success"
        if !grep { /\A(?:2|500\z)/ } keys %{ $operation->{response} };

    return (
        @flaws,
        (map { $self->parameter_flaws($id, $_) } @{ $operation->{parameter} }),
        (map { $self->response_flaws($operation, $_) }
            sort keys %{ $operation->{response} }),
        $self->content_flaws("$id request", $operation->{request}),
    );
}


sub parameter_flaws {
    my ($self, $id, $parameter) = @_;

    my $where = "$id parameter $parameter->{name}";

    return (
        (map { "$where has no $_" } grep { !exists $parameter->{$_} } qw(in schema)),
        (($parameter->{description} // '') =~ /\.\z/
            ? () : "$where has no sentence as its description"),
        ($parameter->{in} eq 'path' && !$parameter->{required}
            ? "$where is not required" : ()),
        $self->{schemas}->flaws($parameter->{schema}, $where),
    );
}


sub response_flaws {
    my ($self, $operation, $status) = @_;

    my $response = $operation->{response}{$status};
    my $where = "$operation->{id} $status";

    return (
        (($response->{description} // '') =~ /\A[A-Z].*\.\z/s
            ? () : "$where has no sentence as its description"),
        ($status >= 400 && !$response->{'x-codes'} ? "$where has no x-codes" : ()),
        $self->content_flaws($where, $response),
    );
}


sub content_flaws {
    my ($self, $where, $of) = @_;

    my $content = ($of // {})->{content} // {};

    return map {
        $content->{$_}{schema}
            ? $self->{schemas}->flaws($content->{$_}{schema}, "$where $_")
            : "$where $_ has no schema"
    } sort keys %$content;
}


# All codes that errors may have: of operations, and elsewhere.

sub codes {
    my ($self) = @_;

    my %codes = map { $_ => 1 } map { @{ $_->{'x-codes'} // [] } }
        map { values %{ $_->{response} } } $self->operations, $self->elsewhere;

    return sort keys %codes;
}

1;
