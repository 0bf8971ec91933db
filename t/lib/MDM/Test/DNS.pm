package MDM::Test::DNS;

# A name server of the test's own, by UDP, in a process of its own.
#
#     my $dns = MDM::Test::DNS->start('apns.example' => [ '127.0.0.2', '127.0.0.1' ]);
#     # nginx.conf: resolver 127.0.0.1:%%DNS%% ipv6=off;    with $dns->port
#     $dns->names('apns.example' => 'silent');    # all names, from now on
#     my @asked = $dns->asked;                    # {name, type, at}
#
# A name has addresses (IPv4, in this order), or is "silent" (no answer),
# "refused" or "broken" (SERVFAIL); one that is not known does not exist. An
# answer is good for one second, or for as many as the name "ttl" says.

use strict;
use warnings;

use IO::Socket::INET ();
use Socket ();

use parent 'MDM::Test::Fake';

my %code = (broken => 2, unknown => 3, refused => 5);


sub start {
    my ($class, %names) = @_;

    return $class->begin('dns', {}, %names);
}


sub names {
    my ($self, %names) = @_;

    $self->set(%names);
}


sub asked { return $_[0]->noted }


sub listen {
    my ($self) = @_;

    return IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.0.0.1',
        LocalPort => $self->{port});
}


# One question.

sub run {
    my ($self, $socket) = @_;

    my $from = recv($socket, my $query, 512, 0) // return;
    my ($name, $type, $question) = read_query($query) or return;

    $self->note(name => $name, type => $type);

    my $names = $self->rules;
    my $is = $names->{$name} // 'unknown';

    return if $is eq 'silent';

    my @addresses = ref $is && $type eq 'A' ? @$is : ();

    send $socket, pack('a2 n n n n n', $query, 0x8180 | (ref $is ? 0 : $code{$is}), 1,
        scalar @addresses, 0, 0) . $question . join('', map {
            pack 'n n n N n a4', 0xc00c, 1, 1, $names->{ttl} // 1, 4, Socket::inet_aton($_)
        } @addresses), 0, $from;
}


# The name, the type and the question as it was asked.

sub read_query {
    my ($query) = @_;

    my ($at, @labels) = (12);

    while ((my $length = ord substr $query, $at, 1) && $at < length $query) {
        push @labels, substr $query, $at + 1, $length;
        $at += $length + 1;
    }

    my $type = unpack 'n', substr $query, $at + 1, 2;

    return (lc join('.', @labels), { 1 => 'A', 28 => 'AAAA' }->{$type} // $type,
        substr $query, 12, $at + 5 - 12);
}

1;
