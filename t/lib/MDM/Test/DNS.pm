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
use JSON::PP ();
use Socket ();
use Time::HiRes ();

use MDM::Test ();

my $count = 0;
my %code = (broken => 2, unknown => 3, refused => 5);


sub start {
    my ($class, %names) = @_;

    my $self = bless {
        owner => $$,
        stem  => MDM::Test::test_dir() . '/dns-' . ++$count,
        port  => MDM::Test::free_port(),
    }, $class;

    $self->names(%names);
    MDM::Test::spew($self->log_file, '');
    $self->start_again;

    return $self;
}


sub port     { return $_[0]{port} }
sub log_file { return "$_[0]{stem}.log" }


sub names {
    my ($self, %names) = @_;

    MDM::Test::spew("$self->{stem}.new", JSON::PP::encode_json(\%names));
    rename "$self->{stem}.new", "$self->{stem}.names" or die "rename: $!";
}


sub asked {
    my ($self) = @_;

    return map {
        my %line;
        @line{qw(at name type)} = split;
        \%line;
    } MDM::Test::slurp($self->log_file) =~ /(.+)\n/g;
}


sub start_again {
    my ($self) = @_;

    my $socket = IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.0.0.1',
        LocalPort => $self->{port}) or die "port $self->{port}: $@\n";

    $self->{pid} = fork // die "fork: $!";

    if ($self->{pid} == 0) {
        $SIG{$_} = 'DEFAULT' for qw(TERM INT);
        $self->{owner} = 0;
        $self->serve($socket) while 1;
    }

    MDM::Test::running($self);
}


sub serve {
    my ($self, $socket) = @_;

    my $from = recv($socket, my $query, 512, 0) // return;
    my ($name, $type, $question) = read_query($query) or return;

    open my $log, '>>', $self->log_file or die;
    syswrite $log, join(' ', Time::HiRes::time(), $name, $type) . "\n";
    close $log;

    my $names = JSON::PP::decode_json(MDM::Test::slurp("$self->{stem}.names"));
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


sub stop {
    my ($self) = @_;

    return if !defined $self->{pid};

    kill 'KILL', $self->{pid};
    MDM::Test::reap($self->{pid}, 5);

    undef $self->{pid};
    MDM::Test::stopped($self);
}


sub DESTROY {
    my ($self) = @_;

    local ($@, $?);
    $self->stop if $$ == $self->{owner};
}

1;
