package MDM::Test::Proxy;

# An HTTP proxy that knows CONNECT alone, in a process of its own.
#
#     my $proxy = MDM::Test::Proxy->start(auth => 'user:secret',
#         map => { 'apns.example:443' => '127.0.0.1:' . $apns->tls_port });
#     # mdm_apns apns.example proxy=user:secret@127.0.0.1:%%PROXY%% ...
#     $proxy->become(answer => 502);      # 200, any other status, hang, close
#     $proxy->cut;                        # all tunnels end at once
#     my @got = $proxy->got;              # {target, status, authorization, at}
#     my $n   = $proxy->tunnels;          # how many were opened ever
#
# Without a line in map a target is gone to itself. Answers other than 200 have a
# body, as those of proxies have. Options of become() replace those of before.

use strict;
use warnings;

use IO::Select ();
use IO::Socket::INET ();
use MIME::Base64 ();

use parent 'MDM::Test::Fake';


sub start {
    my ($class, %option) = @_;

    return $class->begin('connect', {}, answer => 200, %option);
}


sub become {
    my ($self, %option) = @_;

    $self->set(%{ $self->rules }, %option);
}


sub got { return $_[0]->noted }

sub tunnels { return scalar grep { $_->{status} eq '200' } $_[0]->got }


# What the client sends before the answer is no business of ours, so the head is
# read byte by byte.

sub serve {
    my ($self, $client) = @_;

    my $head = '';

    while ($head !~ /\r\n\r\n\z/) {
        sysread $client, $head, 1, length $head or return;
    }

    my $option = $self->rules;
    my ($target) = $head =~ m{\ACONNECT (\S+) HTTP/1\.[01]\r\n};
    my ($sent) = $head =~ /^Proxy-Authorization:\s*(.*?)\r$/mi;
    my $status = !defined $target ? 405 : allowed($option, $sent) ? $option->{answer} : 407;
    my $server;

    if ($status eq '200') {
        $server = IO::Socket::INET->new(
            PeerAddr => $option->{map}{$target} // $target, Timeout => 5);
        $status = 502 if !$server;
    }

    $self->note(target => $target, authorization => $sent, status => $status);

    sleep 3600 if $status eq 'hang';
    return if $status eq 'close';

    syswrite $client, $status eq '200' ? "HTTP/1.1 200 Connection established\r\n\r\n"
        : "HTTP/1.1 $status Refused\r\nContent-Length: 3\r\n"
            . ($status eq '407' ? "Proxy-Authenticate: Basic realm=\"proxy\"\r\n" : '')
            . "\r\nno\n";

    tunnel($client, $server) if $server;
}


sub allowed {
    my ($option, $sent) = @_;

    return !defined $option->{auth} || ($sent // '')
        eq 'Basic ' . MIME::Base64::encode_base64($option->{auth}, '');
}


sub tunnel {
    my ($one, $other) = @_;

    my $select = IO::Select->new($one, $other);

    while (1) {
        for my $from ($select->can_read) {
            my $to = $from == $one ? $other : $one;
            sysread $from, my $bytes, 65536 or return;

            while (length $bytes) {
                my $n = syswrite $to, $bytes or return;
                substr $bytes, 0, $n, '';
            }
        }
    }
}

1;
