package MDM::Test::Client;

# HTTP/1.1 as a test wants it: over TCP or TLS, with or without a client
# certificate, keeping its connection, and byte by byte when asked.
#
#     my $client = MDM::Test::Client->new(
#         port => $nginx->tls_port, ca => $server_ca,
#         certificate => $ca->device('iphone'));
#     my $answer = $client->put('/mdm', $type, $body, 'X-Header' => 'value');
#     # {status => 200, headers => {'content-type' => ...}, body => ...}
#
#     my $api = MDM::Test::Client->new(port => ..., token => $token);
#     my $list = $api->api(GET => '/v1/enrollments');     # {..., json => ...}

use strict;
use warnings;

use IO::Select ();
use IO::Socket::INET ();
use IO::Socket::SSL ();
use JSON::PP ();
use MIME::Base64 ();
use Socket ();
use Time::HiRes ();

use MDM::Test ();
use MDM::Test::Device ();


# Options: port; ca (a PKI object: TLS); certificate (a PKI object); host (sent
# as Host and SNI); token (for api()); timeout (seconds, 30); sessions (true:
# TLS sessions are kept for later connections); close (true: a new connection
# for each request).

sub new {
    my ($class, %option) = @_;

    return bless { host => 'localhost', timeout => 30, %option, buffer => '' },
        $class;
}


# A second client that differs in some options and has its own connection.

sub with {
    my ($self, %option) = @_;

    my %copy = (%$self, %option);
    delete @copy{qw(socket context)};

    return ref($self)->new(%copy);
}


sub connect {
    my ($self) = @_;

    return $self->{socket} if $self->{socket};

    my $socket = IO::Socket::INET->new(
        PeerAddr => '127.0.0.1',
        PeerPort => $self->{port},
        Timeout  => $self->{timeout},
    ) or die "cannot connect to port $self->{port}: $@\n";

    if ($self->{ca}) {
        IO::Socket::SSL->start_SSL($socket, $self->tls)
            or die "TLS: $IO::Socket::SSL::SSL_ERROR\n";
    }

    $self->{buffer} = '';

    return $self->{socket} = $socket;
}


sub tls {
    my ($self) = @_;

    my $certificate = $self->{certificate};

    $self->{context} //= IO::Socket::SSL::SSL_Context->new(
        SSL_verify_mode => IO::Socket::SSL::SSL_VERIFY_PEER(),
        SSL_ca_file     => $self->{ca}{cert},
        SSL_version     => $self->{tls_version} // 'SSLv23:!SSLv3:!SSLv2',
        $self->{sessions} ? (SSL_session_cache_size => 10) : (),
        $certificate ? (
            SSL_use_cert  => 1,
            SSL_cert_file => $certificate->{cert},
            SSL_key_file  => $certificate->{key},
        ) : (),
    ) or die "TLS: $IO::Socket::SSL::SSL_ERROR\n";

    return (
        SSL_reuse_ctx       => $self->{context},
        SSL_hostname        => $self->{host},
        SSL_verifycn_name   => $self->{host},
        SSL_verifycn_scheme => 'http',
        SSL_session_key     => "$self->{host}:$self->{port}",
    );
}


# Did this TLS connection resume a session?

sub resumed {
    my ($self) = @_;

    return $self->{socket} ? $self->{socket}->get_session_reused : 0;
}


sub disconnect {
    my ($self) = @_;

    my $socket = delete $self->{socket} or return;

    close $socket;
}


# Ends it as a client does that is gone, without a word of TLS: by a reset, or
# else as the kernel closes.

sub vanish {
    my ($self, $reset) = @_;

    my $socket = delete $self->{socket} or return;

    setsockopt $socket, Socket::SOL_SOCKET(), Socket::SO_LINGER(), pack('ii', 1, 0)
        if $reset;
    $socket->close($self->{ca} ? (SSL_no_shutdown => 1) : ());
}


sub put {
    my ($self, $path, $type, $body, %header) = @_;

    return $self->request(PUT => $path, $body, 'Content-Type' => $type,
        %header);
}


sub get {
    my ($self, $path, %header) = @_;

    return $self->request(GET => $path, undef, %header);
}


# A connection that was kept may have been closed meanwhile: then once more.

sub request {
    my ($self, $method, $path, $body, %header) = @_;

    my $kept = defined $self->{socket};
    my $text = $self->request_text($method, $path, $body, %header);

    $self->write($text);
    my $answer = $self->read_answer($method);

    if (!defined $answer && $kept) {
        $self->write($text);
        $answer = $self->read_answer($method);
    }

    return $answer // { status => 0, headers => {}, body => '' };
}


sub request_text {
    my ($self, $method, $path, $body, %header) = @_;

    my %all = (Host => $self->{host}, %header);
    $all{'Content-Length'} //= length $body if defined $body;
    $all{Connection} //= 'close' if $self->{close};

    return join '', "$method $path HTTP/1.1\r\n",
        (map { "$_: $all{$_}\r\n" } grep { defined $all{$_} } sort keys %all),
        "\r\n", $body // '';
}


# Sends bytes as they are.

sub write {
    my ($self, $bytes) = @_;

    my $socket = $self->connect;

    while (length $bytes) {
        my $n = syswrite $socket, $bytes;

        if (!defined $n) {
            $self->disconnect;
            return 0;
        }

        substr($bytes, 0, $n) = '';
    }

    return 1;
}


# The next answer on the connection; undef when it ends or is silent too long.
# A stream of events has no end: it is left when it has begun.

sub read_answer {
    my ($self, $method) = @_;

    my ($head) = $self->take(sub { $_[0] =~ /\A(.*?\r\n\r\n)/s ? $1 : undef });
    return if !defined $head;

    my ($status) = $head =~ m{\AHTTP/1\.[01] (\d+)};
    return $self->read_answer($method) if $status == 100;

    my %headers;

    for my $line (split /\r\n/, $head) {
        $headers{ lc $1 } = $2 if $line =~ /^([^:\s]+):\s*(.*)$/;
    }

    my $stream = ($headers{'content-type'} // '') =~ m{\Atext/event-stream};
    my $body = $stream || ($method // '') eq 'HEAD' ? '' : $self->read_body(\%headers);
    return if !defined $body;

    $self->disconnect if $stream || ($headers{connection} // '') =~ /close/i;

    return { status => $status + 0, headers => \%headers, body => $body };
}


sub read_body {
    my ($self, $headers) = @_;

    my $length = $headers->{'content-length'};

    return $self->read_chunks
        if ($headers->{'transfer-encoding'} // '') =~ /chunked/i;

    return $self->take_bytes($length) if defined $length;
    return '' if ($headers->{connection} // '') !~ /close/i;

    1 while $self->read_some;

    my $body = $self->{buffer};
    $self->{buffer} = '';

    return $body;
}


sub read_chunks {
    my ($self) = @_;

    my $body = '';

    while (1) {
        my $line = $self->take(sub { $_[0] =~ /\A(.*?\r\n)/s ? $1 : undef });
        return if !defined $line;

        my $length = hex $line =~ s/\r\n//r;
        my $chunk = $self->take_bytes($length + 2);
        return if !defined $chunk;
        return $body if $length == 0;

        $body .= substr $chunk, 0, -2;
    }
}


sub take_bytes {
    my ($self, $length) = @_;

    return $self->take(sub {
        length $_[0] >= $length ? substr $_[0], 0, $length : undef
    });
}


# Reads until the sub finds a beginning that it wants; takes that away.

sub take {
    my ($self, $find) = @_;

    while (1) {
        my $found = $find->($self->{buffer});

        if (defined $found) {
            substr($self->{buffer}, 0, length $found) = '';
            return $found;
        }

        return if !$self->read_some;
    }
}


sub read_some {
    my ($self) = @_;

    my $socket = $self->{socket} or return 0;

    my $pending = $socket->can('pending') && $socket->pending;

    if ($pending || IO::Select->new($socket)->can_read($self->{timeout})) {
        my $n = sysread $socket, $self->{buffer}, 65536,
            length $self->{buffer};
        return $n if $n;
    }

    $self->disconnect;

    return 0;
}


# A call of the API with the token; a hash or an array is sent as JSON.

sub api {
    my ($self, $method, $path, $body, %header) = @_;

    if (ref $body) {
        $body = JSON::PP->new->canonical->utf8->encode($body);
        $header{'Content-Type'} //= 'application/json';
    }

    $header{Authorization} //= 'Basic '
        . MIME::Base64::encode_base64("mdm:$self->{token}", '')
        if defined $self->{token};

    my $answer = $self->request($method, $path, $body, %header);
    $answer->{json} = eval { JSON::PP->new->utf8->decode($answer->{body}) };

    return $answer;
}


sub DESTROY { $_[0]->disconnect }

1;
