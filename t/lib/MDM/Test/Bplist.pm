package MDM::Test::Bplist;

# Binary property lists from objects that are given as bytes, so that each may
# be wrong.
#
#     my $list = bplist(objects => [ dict(1 => 2), text('UDID'), text('X') ]);
#
# References are two bytes, offsets four; the first object is the root.  What
# the trailer says may be given: offset_size, ref_size, count, root, table; and
# offsets (a hash: index => offset).

use strict;
use warnings;

use Exporter 'import';

our @EXPORT_OK = qw(bplist head_of text utf16 blob list dict);


# The first bytes of an object: its type and how much it has.

sub head_of {
    my ($type, $count) = @_;

    return $count < 15 ? chr($type << 4 | $count)
        : chr($type << 4 | 15) . "\x12" . pack 'N', $count;
}

sub text  { return head_of(5, length $_[0]) . $_[0] }
sub utf16 { return head_of(6, length($_[0]) / 2) . $_[0] }
sub blob  { return head_of(4, length $_[0]) . $_[0] }
sub list  { return head_of(10, scalar @_) . pack 'n*', @_ }


# Pairs of references: key, value, key, value.

sub dict {
    my (@refs) = @_;

    return head_of(13, @refs / 2) . pack 'n*', @refs[ grep { !($_ & 1) } 0 .. $#refs ],
        @refs[ grep { $_ & 1 } 0 .. $#refs ];
}


sub bplist {
    my (%o) = @_;

    my $bytes = 'bplist00';
    my @offsets;

    for my $object (@{ $o{objects} }) {
        push @offsets, length $bytes;
        $bytes .= $object;
    }

    my $table = length $bytes;
    $offsets[$_] = $o{offsets}{$_} for keys %{ $o{offsets} // {} };

    return $bytes . pack('N*', @offsets) . pack 'x6 C2 Q>3', $o{offset_size} // 4,
        $o{ref_size} // 2, $o{count} // scalar @offsets, $o{root} // 0, $o{table} // $table;
}

1;
