package MDM::Test::H2;

# HTTP/2 in frames made by hand, over plain TCP with prior knowledge, so that
# each may be wrong.
#
#     my $h2 = MDM::Test::H2->new($nginx->port);
#     $h2->send(headers(1, [ ':method' => 'PUT', ... ]), data(1, $body, END_STREAM));
#     is $h2->hear(1), '200';
#     is $h2->hear(1, 3), '400 reset7';         # a stream that was refused
#     is $h2->hear(1, 3), '- - goaway1 closed'; # a connection that was ended
#
# hear() waits until each stream has ended, and then tells of them in their order.
# It does what a client must: acknowledges, and gives back the window.

use strict;
use warnings;

use Exporter 'import';

use MDM::Test::Wire ();

use constant {
    DATA => 0, HEADERS => 1, PRIORITY => 2, RST_STREAM => 3, SETTINGS => 4,
    PUSH_PROMISE => 5, PING => 6, GOAWAY => 7, WINDOW_UPDATE => 8, CONTINUATION => 9,
    END_STREAM => 1, ACK => 1, END_HEADERS => 4, PADDED => 8,
    PREFACE => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
};

our @EXPORT_OK = qw(DATA HEADERS PRIORITY RST_STREAM SETTINGS PUSH_PROMISE PING GOAWAY
    WINDOW_UPDATE CONTINUATION END_STREAM ACK END_HEADERS PADDED PREFACE
    frame headers data block);
our %EXPORT_TAGS = (all => \@EXPORT_OK);


sub frame {
    my ($type, $flags, $stream, $payload) = @_;

    return substr(pack('N', length $payload), 1) . pack('CCN', $type, $flags, $stream)
        . $payload;
}


# Names and values as literals that no table keeps, without Huffman's code.

sub block {
    my (@fields) = @_;

    my $block = '';

    while (my ($name, $value) = splice @fields, 0, 2) {
        $block .= "\x10" . sized($name) . sized($value);
    }

    return $block;
}

sub sized {
    my ($text) = @_;

    my $n = length $text;
    return chr($n) . $text if $n < 127;

    my $head = "\x7f";
    for ($n -= 127; $n > 127; $n >>= 7) { $head .= chr($n & 127 | 128) }

    return $head . chr($n) . $text;
}


# A header block in as many frames as it needs; options: end (of the stream), size
# (of each frame).

sub headers {
    my ($stream, $fields, %o) = @_;

    my $block = ref $fields ? block(@$fields) : $fields;
    my @parts = unpack '(a' . ($o{size} // 16384) . ')*', $block;
    my $text = '';

    for my $i (0 .. $#parts) {
        $text .= frame($i ? CONTINUATION : HEADERS,
            ($i == $#parts ? END_HEADERS : 0) | ($i || !$o{end} ? 0 : END_STREAM),
            $stream, $parts[$i]);
    }

    return $text;
}


# A body in frames of a size; option: open (it does not end).

sub data {
    my ($stream, $body, %o) = @_;

    my @parts = length $body ? unpack '(a' . ($o{size} // 16384) . ')*', $body : '';

    return join '', map { frame(DATA, $_ == $#parts && !$o{open} ? END_STREAM : 0, $stream,
        $parts[$_]) } 0 .. $#parts;
}


# Options: settings (the payload of the first frame), quiet (no preface is sent).

sub new {
    my ($class, $port, %option) = @_;

    my $self = bless { wire => MDM::Test::Wire->new($port), streams => {} }, $class;

    $self->send(PREFACE . frame(SETTINGS, 0, 0, $option{settings} // '')) if !$option{quiet};

    return $self;
}

sub here  { return $_[0]{wire}->here }
sub close { $_[0]{wire}->close }
sub send  { my $self = shift; return $self->{wire}->send(@_) }


# Options behind the streams: begun => 1 (an answer that has begun is enough).

sub hear {
    my ($self, $streams, %o) = @_;

    my $wire = $self->{wire};
    my $end = Time::HiRes::time() + ($o{seconds} // 30);

    while (1) {
        1 while $self->take($wire);
        last if $wire->{closed} || !grep { !$self->done($_, $o{begun}) } @$streams;
        last if Time::HiRes::time() > $end;
        $wire->read_some($end - Time::HiRes::time());
    }

    return join ' ', map({ my $s = $self->{streams}{$_};
            defined $s->{reset} && !$s->{ended} ? "reset$s->{reset}" : $s->{status} // '-' } @$streams),
        $self->{goaway} ? "goaway$self->{goaway}" : (), $wire->{closed} ? 'closed' : ();
}

sub done {
    my ($self, $stream, $begun) = @_;

    my $s = $self->{streams}{$stream} or return 0;

    return $s->{ended} || defined $s->{reset} || $begun && $s->{status};
}


# One frame off the buffer, when it is whole.

sub take {
    my ($self, $wire) = @_;

    return 0 if length $wire->{buffer} < 9;

    my ($high, $low, $type, $flags, $stream) = unpack 'CnCCN', $wire->{buffer};
    my $size = $high << 16 | $low;
    return 0 if length $wire->{buffer} < 9 + $size;

    my $payload = substr $wire->{buffer}, 9, $size;
    substr($wire->{buffer}, 0, 9 + $size) = '';

    my $s = $self->{streams}{$stream} //= {};

    if ($type == HEADERS) {
        $s->{status} = status($payload);

    } elsif ($type == DATA && $size) {
        $s->{body} .= $payload;
        $self->send(map { frame(WINDOW_UPDATE, 0, $_, pack 'N', $size) } 0,
            $flags & END_STREAM ? () : $stream) if !$self->{stingy};

    } elsif ($type == RST_STREAM) {
        $s->{reset} = unpack 'N', $payload;

    } elsif ($type == GOAWAY) {
        (undef, $self->{goaway}) = unpack 'NN', $payload;

    } elsif ($type == SETTINGS && !($flags & ACK)) {
        $self->send(frame(SETTINGS, ACK, 0, ''));
    }

    $s->{ended} = 1 if $type <= HEADERS && $flags & END_STREAM;

    return 1;
}


# nginx begins a block with the status: one of the static table, or three digits.

sub status {
    my ($block) = @_;

    $block =~ s/\A[\x20-\x3f]//;

    return { 0x88 => 200, 0x89 => 204, 0x8c => 400, 0x8d => 404, 0x8e => 500 }->{ ord $block }
        // ($block =~ /\A\x48\x03(\d{3})/ ? $1 : die "no status in " . unpack 'H*', $block);
}

1;
