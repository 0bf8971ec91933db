package MDM::Test::Receiver;

# A receiver of webhooks: an HTTP server in a process of its own that writes
# down what it gets and answers as it is told.
#
#     my $receiver = MDM::Test::Receiver->start(tls => $ca->server);
#     $receiver->answer(default => 503, 'UDID-1' => '429 7', slow => 0.2);
#     my @got = $receiver->got;    # {json, body, headers, at, status}
#     $receiver->stop;
#     $receiver->start_again;      # on the same port
#
# A rule's key is a text that the body has, with base64 undone, and its value a
# status, and after a space the seconds of Retry-After. "slow" is how long each
# answer takes.

use strict;
use warnings;

use IO::Socket::INET ();
use IO::Socket::SSL ();
use JSON::PP ();
use Time::HiRes ();

use MDM::Test ();

my $count = 0;


sub start {
    my ($class, %option) = @_;

    my $self = bless {
        owner => $$,
        stem  => MDM::Test::test_dir() . '/receiver-' . ++$count,
        port  => MDM::Test::free_port(),
        tls   => $option{tls},
    }, $class;

    $self->answer(default => 200);
    MDM::Test::spew($self->log_file, '');
    $self->start_again;

    return $self;
}


sub port     { return $_[0]{port} }
sub log_file { return "$_[0]{stem}.log" }


sub answer {
    my ($self, %rules) = @_;

    MDM::Test::spew("$self->{stem}.new", JSON::PP::encode_json(\%rules));
    rename "$self->{stem}.new", "$self->{stem}.rules" or die "rename: $!";
}


# Everything it got so far, in the order in which it came; a line that is being
# written has no end yet.

sub got {
    my ($self) = @_;

    return map {
        my $post = JSON::PP::decode_json($_);
        $post->{json} = eval { JSON::PP::decode_json($post->{body}) };
        $post;
    } MDM::Test::slurp($self->log_file) =~ /(.+)\n/g;
}


sub start_again {
    my ($self) = @_;

    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64,
        LocalPort => $self->{port}, ReuseAddr => 1) or die "listen: $@\n";

    $self->{pid} = fork // die "fork: $!";

    if ($self->{pid} == 0) {
        $SIG{$_} = 'DEFAULT' for qw(TERM INT);
        $SIG{CHLD} = 'IGNORE';
        $self->{owner} = 0;
        setpgrp;
        while (1) {
            my $client = $listen->accept or next;
            next if fork;
            eval { $self->serve($client) };
            POSIX::_exit(0);
        }
    }

    close $listen;
    MDM::Test::running($self);
}


sub serve {
    my ($self, $client) = @_;

    if ($self->{tls}) {
        IO::Socket::SSL->start_SSL($client, SSL_server => 1,
            SSL_cert_file => $self->{tls}{cert},
            SSL_key_file => $self->{tls}{key}) or return;
    }

    while (defined(my $line = <$client>)) {
        my %headers;
        my $body = '';

        while (defined(my $header = <$client>)) {
            $header =~ s/\r?\n\z//;
            last if $header eq '';
            my ($name, $value) = split /:\s*/, $header, 2;
            $headers{lc $name} = $value;
        }

        # of TLS a read brings a record

        while ((my $left = ($headers{'content-length'} // 0) - length $body) > 0) {
            $client->read($body, $left, length $body) or return;
        }

        $self->take($client, $line, \%headers, $body);
    }
}


sub take {
    my ($self, $client, $line, $headers, $body) = @_;

    my $rules = JSON::PP::decode_json(
        MDM::Test::slurp("$self->{stem}.rules"));
    my ($key) = grep { index($body, $_) >= 0 } sort keys %$rules;
    my ($status, $after) = split ' ', $rules->{ $key // 'default' };
    my ($method, $path) = split ' ', $line;

    Time::HiRes::sleep($rules->{slow}) if $rules->{slow};

    open my $log, '>>', $self->log_file or die;
    syswrite $log, JSON::PP::encode_json({ method => $method, path => $path,
        headers => $headers, body => $body, status => $status,
        at => Time::HiRes::time() }) . "\n";
    close $log;

    print {$client} "HTTP/1.1 $status Answer\r\nContent-Length: 2\r\n",
        defined $after ? "Retry-After: $after\r\n" : (),
        $status =~ /^3/ ? "Location: http://127.0.0.1:$self->{port}/moved\r\n" : (),
        "\r\nok";
    $client->flush;
}


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
