package MDM::Test::Fake;

# What fakes of other parties share: a server in a process of its own, on a port
# of 127.0.0.1, that follows rules which may change at any time and writes down
# what it gets.
#
# A fake has serve($connection), which runs in a process for each connection, and
# there reads rules() and calls note(). One that is no TCP server has listen() and
# run($socket) of its own, too.
#
#     my $fake = $class->begin($name, \%fields, %rules);
#     $fake->set(%rules);
#     my @got = $fake->noted;                      # what note() got, and {at}
#     $fake->stop;
#     $fake->start_again;                          # on the same port

use strict;
use warnings;

use IO::Socket::INET ();
use JSON::PP ();
use POSIX ();
use Time::HiRes ();

use MDM::Test ();

my $count = 0;


sub begin {
    my ($class, $name, $field, %rules) = @_;

    my $self = bless {
        %$field,
        owner => $$,
        stem  => MDM::Test::test_dir() . "/$name-" . ++$count,
        port  => MDM::Test::free_port(),
    }, $class;

    $self->set(%rules);
    MDM::Test::spew($self->log_file, '');
    $self->start_again;

    return $self;
}


sub port     { return $_[0]{port} }
sub log_file { return "$_[0]{stem}.log" }


sub set {
    my ($self, %rules) = @_;

    MDM::Test::spew("$self->{stem}.new", JSON::PP::encode_json(\%rules));
    rename "$self->{stem}.new", "$self->{stem}.rules" or die "rename: $!";
}


sub rules {
    my ($self) = @_;

    return JSON::PP::decode_json(MDM::Test::slurp("$self->{stem}.rules"));
}


sub note {
    my ($self, %line) = @_;

    open my $log, '>>', $self->log_file or die;
    syswrite $log, JSON::PP::encode_json({ %line, at => Time::HiRes::time() }) . "\n";
    close $log;
}


# Everything so far, in the order in which it came; a line that is being written
# has no end yet.

sub noted {
    my ($self) = @_;

    return map { JSON::PP::decode_json($_) }
        MDM::Test::slurp($self->log_file) =~ /(.+)\n/g;
}


sub listen {
    my ($self) = @_;

    return IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 256,
        LocalPort => $self->{port}, ReuseAddr => 1);
}


sub start_again {
    my ($self) = @_;

    my $socket = $self->listen or die "port $self->{port}: $@\n";

    $self->{pid} = fork // die "fork: $!";

    if ($self->{pid} == 0) {
        $SIG{$_} = 'DEFAULT' for qw(TERM INT);
        $SIG{$_} = 'IGNORE' for qw(CHLD USR1);
        $self->{owner} = 0;
        setpgrp;
        $self->run($socket) while 1;
    }

    close $socket;
    MDM::Test::running($self);
}


# One connection.

sub run {
    my ($self, $listen) = @_;

    my $client = $listen->accept or return;
    return if fork;

    $SIG{USR1} = 'DEFAULT';
    close $listen;
    eval { $self->serve($client) };
    POSIX::_exit(0);
}


# Ends all connections at once, but not the server.

sub cut { return kill 'USR1', -$_[0]{pid} }


sub stop {
    my ($self) = @_;

    return if !defined $self->{pid};

    kill 'KILL', -$self->{pid};
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
