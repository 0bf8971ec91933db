package MDM::Test::APNs::Scripted;

# Apple's push service as it is on a bad day: a server of HTTP/2 in C, made of
# t/lib/apns when a test wants it, that does in the midst of the work what it is
# told. It judges no push; MDM::Test::APNs does.
#
#     my $apns = MDM::Test::APNs::Scripted->start;
#     # mdm_apns %%APNS%%;                   with $apns->directive
#     $apns->tell('goaway 3 Shutdown');      # returns when it is done
#     my @lines = $apns->log;                # {time, what, connection, ...}
#     my %got   = $apns->tokens('answered'); # how often each
#
# What it can be told:
#
#     streams N          SETTINGS_MAX_CONCURRENT_STREAMS, on all connections
#     window N           SETTINGS_INITIAL_WINDOW_SIZE, likewise
#     late 1             new connections get no SETTINGS and are not read; late 0:
#                        all get them
#     answer PREFIX STATUS [REASON]    for these tokens, "*" for all; the newest
#                        rule that fits counts; forget: all get 200 again
#     hold               answers nothing; release [backwards]: all that is held
#     goaway [N [REASON]]   GOAWAY on all connections: the oldest N streams are
#                        answered, the others were not processed
#     reset N [CODE]     the next N streams end with RST_STREAM (REFUSED_STREAM)
#     partial N          of the next N answers the end is missing; finish: it comes
#     informal 1         a 103 before each answer
#     long N             errors have so many bytes
#     closed 1           gives no credit for bodies: their window closes
#     deaf 1             reads no more of the connections there are; deaf 0
#     mute               neither reads nor writes on them, for ever
#     silent 1           answers no PING
#     drop               resets all connections
#     garbage            says HTTP/1.1 in the midst of HTTP/2
#     raw N HEX          writes these bytes N times, whatever they are
#
# A line of the log is of what: open, close, ping, left (GOAWAY of the client), got,
# answered, reset (with the code; 7: not processed), did. Those of pushes have
# connection, stream, token, apns_id, topic, number (status or code), reason; open
# has connection, serial, subject, tls.
#
# Options of start: verify => 1 (a certificate of another CA fails the handshake),
# alpn => 0; old => 1 (TLS 1.1 at most); ca, tls_ca, server.

use strict;
use warnings;

use MDM::Test ();
use MDM::Test::APNs::Tenant ();

my $count = 0;
my $program;

my @push = qw(connection stream token apns_id topic number reason);
my %columns = (
    open  => [ qw(connection serial subject tls) ],
    close => [ qw(connection why) ],
    ping  => [ qw(connection) ],
    left  => [ qw(connection code) ],
    map({ $_ => \@push } qw(got answered reset)),
);


sub program {
    return $program if $program;

    $program = MDM::Test::test_dir() . '/apns';
    MDM::Test::run_or_die(qw(gcc -O1 -g -Wall -Wextra -Wno-unused-parameter -Werror
        -o), $program, glob(MDM::Test::tree() . '/t/lib/apns/*.c'),
        qw(-lnghttp2 -lssl -lcrypto));

    return $program;
}


sub start {
    my ($class, %option) = @_;

    my $ca = $option{ca} // MDM::Test::PKI->ca('Push CA');
    my $tls_ca = $option{tls_ca} // MDM::Test::PKI->ca('Push Server CA');

    my $self = bless {
        owner  => $$,
        stem   => MDM::Test::test_dir() . '/apns-' . ++$count,
        port   => MDM::Test::free_port(),
        ca     => $ca,
        tls_ca => $tls_ca,
        server => $tls_ca->server,
    }, $class;

    $self->{option} = { server => $self->{server}, %option };

    program();
    MDM::Test::spew($self->log_file, '');
    $self->start_again;

    return $self;
}


# On the same port; options instead of those of start().

sub start_again {
    my ($self, %option) = @_;

    $self->{option} = { server => $self->{server}, %option } if %option;

    my $option = $self->{option};

    pipe my $out, my $in or die "pipe: $!";

    my $lines = $self->log;

    $self->{pid} = fork // die "fork: $!";

    if ($self->{pid} == 0) {
        open STDIN, '<&', $out;
        close $in;
        open STDOUT, '>>', "$self->{stem}.out";
        open STDERR, '>&', \*STDOUT;
        exec program(), $self->{port}, @{ $option->{server} }{qw(cert key)},
            ($option->{ca} // $self->{ca})->{cert}, $self->log_file, $option->{verify} ? 'verify' : (),
            $option->{alpn} // 1 ? () : 'noalpn', $option->{old} ? 'old' : ();
    }

    $in->autoflush(1);
    $self->{in} = $in;
    MDM::Test::running($self);

    $self->wait_for_line(10, $lines, 'ready')
        or die 'the fake does not start: ', MDM::Test::slurp("$self->{stem}.out");
}


sub port     { return $_[0]{port} }
sub tls_port { return $_[0]{port} }
sub ca       { return $_[0]{ca} }
sub tls_ca   { return $_[0]{tls_ca} }
sub log_file { return "$_[0]{stem}.log" }


sub directive {
    my ($self, $host) = @_;

    return ($host // '127.0.0.1') . ":$self->{port}"
        . " trusted_certificate=$self->{tls_ca}{cert}";
}


sub tenant {
    my ($self, $pg, $name, %option) = @_;

    return MDM::Test::APNs::Tenant->new($pg, $name, ca => $self->{ca}, %option);
}


sub tell {
    my ($self, @commands) = @_;

    for my $command (@commands) {
        my $lines = $self->log;

        print { $self->{in} } "$command\n";
        $self->wait_for_line(10, $lines, 'did') or die "not done: $command\n";
    }
}


sub wait_for_line {
    my ($self, $seconds, $from, $what) = @_;

    return MDM::Test::wait_for($seconds, sub {
        my @lines = $self->log;
        my @new = splice @lines, $from;

        die "unknown: $_->{rest}[0]\n" for grep { $_->{what} eq 'unknown' } @new;

        return scalar grep { $_->{what} eq $what } @new;
    });
}


# All of it, or the lines of one kind; one that is being written has no end yet.

sub log {
    my ($self, $what) = @_;

    open my $in, '<:raw', $self->log_file or die $self->log_file . ": $!";
    seek $in, $self->{read} // 0, 0;

    while (defined(my $text = <$in>)) {
        last if $text !~ /\n\z/;

        $self->{read} += length $text;
        chomp $text;
        my ($time, $word, @rest) = split /\t/, $text, -1;
        my %line = (time => $time, what => $word, rest => \@rest);

        @line{ @{ $columns{$word} // [] } } = @rest;
        push @{ $self->{lines} }, \%line;
        push @{ $self->{of}{$word} }, \%line;
        $self->{accepted}{ $line{token} }++ if $word eq 'answered' && $line{number} == 200;
    }

    return @{ (defined $what ? $self->{of}{$what} : $self->{lines}) // [] };
}


sub tokens {
    my ($self, $what) = @_;

    my %times;
    $times{ $_->{token} }++ for $self->log($what);

    return %times;
}


# What a verdict is made of: the time is that of the request, and the status that
# of the answer, if there was one.

sub pushes {
    my ($self) = @_;

    my @lines = $self->log;
    my %answer = map { ("@$_{qw(connection stream)}" => $_) }
        grep { $_->{what} eq 'answered' } @lines;

    return map {
        my $answer = $answer{"@$_{qw(connection stream)}"};

        +{ %$_, status => $answer ? $answer->{number} : '',
           reason => $answer ? $answer->{reason} : '' };
    } grep { $_->{what} eq 'got' } @lines;
}


# How often each token was pushed with success.

sub accepted {
    my ($self) = @_;

    $self->log;

    return $self->{accepted} // {};
}


# How many streams were open at once, at most, on one connection, since a line of
# the log.

sub most_at_once {
    my ($self, $from) = @_;

    my (%open, %number, $most);
    my @lines = $self->log;

    for my $line (splice @lines, $from // 0) {
        my $at = $line->{connection} // next;

        if ($line->{what} eq 'got') {
            $number{$at} += !$open{$at}{ $line->{stream} }++;

        } elsif ($line->{what} =~ /^(?:answered|reset)$/) {
            $number{$at} -= !!delete $open{$at}{ $line->{stream} };
        }

        $most = $number{$at} if ($number{$at} // 0) > ($most // 0);
    }

    return $most // 0;
}


# It leaves when nobody can tell it anything any more.

sub stop {
    my ($self, $signal) = @_;

    return if !defined $self->{pid};

    close $self->{in};
    kill $signal // 'TERM', $self->{pid};
    MDM::Test::reap($self->{pid}, 5);

    undef $self->{pid};
    MDM::Test::stopped($self);

    my $out = MDM::Test::slurp("$self->{stem}.out");
    die "the fake says: $out" if $out ne '';
}


sub DESTROY {
    my ($self) = @_;

    local ($@, $?);
    $self->stop if $$ == $self->{owner};
}

1;
