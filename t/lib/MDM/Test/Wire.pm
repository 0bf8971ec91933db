package MDM::Test::Wire;

# HTTP/1 as bytes: what no decent client sends, and all that comes back.
#
#     my $wire = MDM::Test::Wire->new($nginx->port);
#     $wire->send("PUT /mdm HTTP/1.1\r\n...", \0.1, "...");   # with a pause
#     is $wire->hear(2), '400 closed', '...';  # two answers, or the end
#
# hear() tells the statuses in the order of the answers, 1xx among them, and
# ends with "closed" when the server ended the connection before as many final
# answers came, "stream" when the last is one of events, "silent" when time is
# over.  answers() has what was heard: status, headers, body.

use strict;
use warnings;

use Errno ();
use IO::Select ();
use IO::Socket::INET ();
use Socket ();
use Time::HiRes ();


# Options: head => 1: the first answer has no body, for HEAD was asked.

sub new {
    my ($class, $port, %option) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port,
        Timeout => 10) or die "cannot connect to port $port: $@\n";

    setsockopt $socket, Socket::IPPROTO_TCP(), Socket::TCP_NODELAY(), 1;
    $socket->blocking(0);

    return bless { %option, socket => $socket, here => $socket->sockport, buffer => '',
        answers => [] }, $class;
}


# The port of this side, which the access log has as $remote_port.

sub here    { return $_[0]{here} }
sub answers { return @{ $_[0]{answers} } }
sub rest    { return $_[0]{buffer} }


# Sends strings; a reference to a number is a pause in seconds.  What comes meanwhile is kept,
# so that neither side waits for the other.  False when the other side has left.

sub send {
    my ($self, @pieces) = @_;

    for my $piece (@pieces) {

        if (ref $piece) {
            Time::HiRes::sleep($$piece);
            next;
        }

        my $offset = 0;

        while ($offset < length $piece) {
            my $n = syswrite $self->{socket}, $piece, 262144, $offset;

            if (defined $n) {
                $offset += $n;
                next;
            }

            return 0 if !$!{EAGAIN};

            my $select = IO::Select->new($self->{socket});
            IO::Select->select($select, $select, undef, 10) or return 0;
            $self->read_some(0);
            return 0 if $self->{closed};
        }
    }

    return 1;
}


# One byte after the other.

sub drip {
    my ($self, $bytes) = @_;

    for my $byte (split //, $bytes) {
        syswrite $self->{socket}, $byte or return 0;
    }

    return 1;
}


# The end of what we say, but not of what we hear.

sub end { shutdown $_[0]{socket}, 1 }


sub close { CORE::close($_[0]{socket}) }


# Ends the connection as a lost client's system does.

sub reset {
    my ($self) = @_;

    setsockopt $self->{socket}, Socket::SOL_SOCKET(), Socket::SO_LINGER(), pack 'II', 1, 0;
    CORE::close($self->{socket});
}


sub read_some {
    my ($self, $seconds) = @_;

    return 0 if $self->{closed}
        || !IO::Select->new($self->{socket})->can_read($seconds);

    my $n = sysread $self->{socket}, $self->{buffer}, 262144, length $self->{buffer};

    $self->{closed} = 1 if defined $n ? $n == 0 : !$!{EAGAIN};

    return 1;
}


sub hear {
    my ($self, $want, $seconds) = @_;

    my $end = Time::HiRes::time() + ($seconds // 30);
    my ($final, $how) = (0, '');
    my @heard;

    while ($final < $want) {
        my $answer = $self->parse;

        if ($answer) {
            push @{ $self->{answers} }, $answer;
            push @heard, $answer->{status};
            $final++ if $answer->{status} >= 200;
            next if !$answer->{stream};
            $how = 'stream';

        } elsif ($self->{closed}) {
            $how = 'closed';

        } elsif (Time::HiRes::time() > $end) {
            $how = 'silent';

        } else {
            $self->read_some($end - Time::HiRes::time());
            next;
        }

        last;
    }

    return join ' ', @heard, $how || ();
}


# The next answer of the buffer when it is whole.

sub parse {
    my ($self) = @_;

    return if $self->{buffer} !~ m{\A(HTTP/1\.[01] (\d+).*?\r\n\r\n)}s;

    my ($head, $status) = ($1, $2);
    my %headers = map { /^([^:\s]+):\s*(.*)$/ ? (lc $1, $2) : () } split /\r\n/, $head;
    my $answer = { status => $status + 0, headers => \%headers, body => '',
        stream => scalar(($headers{'content-type'} // '') =~ /event-stream/) };
    my $rest = substr $self->{buffer}, length $head;

    if ($status >= 200 && !$answer->{stream} && !delete $self->{head}) {
        $answer->{body} = $self->body(\%headers, \$rest);
        return if !defined $answer->{body};
    }

    $self->{buffer} = $rest;

    return $answer;
}


sub body {
    my ($self, $headers, $rest) = @_;

    my $length = $headers->{'content-length'};

    if (defined $length) {
        return length $$rest >= $length ? substr $$rest, 0, $length, '' : undef;
    }

    if (($headers->{'transfer-encoding'} // '') eq 'chunked') {
        my $body = '';

        while ($$rest =~ s/\A([0-9a-f]+)\r\n//) {
            my $size = hex $1;
            return if length $$rest < $size + 2;
            $body .= substr $$rest, 0, $size, '';
            substr $$rest, 0, 2, '';
            return $body if $size == 0;
        }

        return;
    }

    return $self->{closed} ? substr $$rest, 0, length $$rest, '' : undef;
}


sub DESTROY { CORE::close($_[0]{socket}) if $_[0]{socket} }

1;
