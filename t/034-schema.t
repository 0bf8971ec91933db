# The tests' own judge of JSON: each word of a schema refuses what it should, and
# a schema that says something else is no schema.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use Test::More;
use MDM::Test;
use MDM::Test::OpenAPI;

my $schemas = MDM::Test::Schema->new({ named => { type => 'string' } });

sub decoded { return JSON::PP->new->allow_nonref->decode($_[0]) }

my $object = { type => 'object', required => [ 'a' ], additionalProperties => 0,
    properties => { a => { type => 'integer' }, b => { '$ref' => '#/named' } } };
my $time = { type => 'string', format => 'date-time' };
my $one_of = { oneOf => [ { type => 'integer' }, { type => 'number', minimum => 3 } ] };

# A schema, what fits, what does not.

my @cases = (
    [ { type => 'string' }, [ '""', '"1"' ], [ '1', 'true', 'null', '{}', '[]' ] ],
    [ { type => 'integer' }, [ '0', '-5' ], [ '"1"', '1.5', 'false', 'null' ] ],
    [ { type => 'number' }, [ '1', '1.5' ], [ '"1.5"', 'true' ] ],
    [ { type => 'boolean' }, [ 'true', 'false' ], [ '1', '0', '"true"', 'null' ] ],
    [ { type => 'string', nullable => 1 }, [ 'null', '"x"' ], [ '1' ] ],
    [ $object, [ '{"a":1}', '{"a":1,"b":"x"}' ],
        [ '{}', '{"a":"1"}', '{"a":1,"b":2}', '{"a":1,"c":2}', '[]' ] ],
    [ { type => 'object', additionalProperties => { type => 'integer' } },
        [ '{}', '{"x":1}' ], [ '{"x":"1"}' ] ],
    [ { type => 'array', minItems => 1, maxItems => 2, items => { type => 'string' } },
        [ '["x"]', '["x","y"]' ], [ '[]', '["x",1]', '["x","y","z"]', '{}' ] ],
    [ { type => 'string', enum => [ 'a', 'b' ] }, [ '"a"' ], [ '"c"', '""' ] ],
    [ { type => 'string', pattern => '^x+$' }, [ '"xx"' ], [ '"xy"' ] ],
    [ { type => 'string', minLength => 2, maxLength => 3 }, [ '"xx"' ], [ '"x"', '"xxxx"' ] ],
    [ { type => 'integer', minimum => 2, maximum => 3 }, [ 2, 3 ], [ 1, 4 ] ],
    [ $time, [ '"2026-05-04T08:15:00.000Z"' ], [ '"2026-05-04T08:15:00Z"',
        '"2026-05-04 08:15:00.000Z"', '"2026-05-04T08:15:00.000+00:00"', '"x"' ] ],
    [ { %$time, pattern => '^[^.]+$' }, [ '"2026-05-04T08:15:00Z"' ],
        [ '"2026-05-04T08:15:00.000Z"', '"x"' ] ],
    [ { type => 'string', format => 'byte' }, [ '"YWI="', '""' ], [ '"a?"' ] ],
    [ $one_of, [ '1', '3.5' ], [ '3', '1.5', '"x"' ] ],
    [ { anyOf => $one_of->{oneOf} }, [ '1', '3' ], [ '1.5' ] ],
    [ { allOf => $one_of->{oneOf} }, [ '3' ], [ '1', '3.5' ] ],
);

for my $case (@cases) {
    my ($schema, $fit, $unfit) = @$case;
    my $name = JSON::PP->new->canonical->encode($schema);

    is_deeply [ $schemas->flaws($schema, 'it') ], [], "$name is a schema";
    is_deeply [ $schemas->faults($schema, decoded($_), 'it') ], [], "... $_ fits" for @$fit;
    isnt join('', $schemas->faults($schema, decoded($_), 'it')), '', "... $_ does not"
        for @$unfit;
}

for my $schema ({}, { type => 'string', maxlength => 1 }, { type => 'object' },
    { %$object, required => [ 'z' ] }, { type => 'string', example => \1 },
    { type => 'string', format => 'date' }, { type => 'array', items => {} },
    { %$object, properties => { a => { type => 'object' } } })
{
    isnt join('', $schemas->flaws($schema, 'it')), '',
        JSON::PP->new->canonical->encode($schema) . ' is no schema';
}

ok !eval { $schemas->flaws({ '$ref' => '#/nobody' }, 'it') }, 'nor is what points to nothing';

done_testing;
