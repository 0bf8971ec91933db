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

use IO::Socket::SSL ();
use JSON::PP ();
use Time::HiRes ();

use parent 'MDM::Test::Fake';


sub start {
    my ($class, %option) = @_;

    return $class->begin('receiver', { tls => $option{tls} }, default => 200);
}


sub answer {
    my ($self, %rules) = @_;

    $self->set(%rules);
}


sub got {
    my ($self) = @_;

    my @got = $self->noted;
    $_->{json} = eval { JSON::PP::decode_json($_->{body}) } for @got;

    return @got;
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

    my $rules = $self->rules;
    my ($key) = grep { index($body, $_) >= 0 } sort keys %$rules;
    my ($status, $after) = split ' ', $rules->{ $key // 'default' };
    my ($method, $path) = split ' ', $line;

    Time::HiRes::sleep($rules->{slow}) if $rules->{slow};

    $self->note(method => $method, path => $path, headers => $headers,
        body => $body, status => $status);

    print {$client} "HTTP/1.1 $status Answer\r\nContent-Length: 2\r\n",
        defined $after ? "Retry-After: $after\r\n" : (),
        $status =~ /^3/ ? "Location: http://127.0.0.1:$self->{port}/moved\r\n" : (),
        "\r\nok";
    $client->flush;
}

1;
