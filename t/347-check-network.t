# "mdmctl check network": each way in which the push service cannot be reached
# is told at its step, with what to do; and it needs no database.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Select;
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use Test::More;

use MDM::Test;

$ENV{MDM_DATABASE} = 'host=/nowhere';

my $ca = MDM::Test::PKI->ca('Server CA');

# An address of its own, for Apple's two ports.
my $own = join '.', 127, map { 1 + int rand 250 } 1 .. 3;
my $server = $ca->server('push.test', san => "DNS:localhost, IP:127.0.0.1, IP:$own");


sub nghttpd {
    my ($address, $port, @options) = @_;

    my $pid = MDM::Test::spawn(test_dir() . '/nghttpd.log', 'nghttpd', @options,
        '-a', $address, '-n', 1, $port, @options && $options[-1] eq '--no-tls'
            ? () : ($server->{key}, $server->{cert}));
    MDM::Test::wait_for(5, sub {
        IO::Socket::INET->new(PeerAddr => $address, PeerPort => $port)
    }) or die "nghttpd does not listen: ", slurp(test_dir() . '/nghttpd.log');

    return $pid;
}


my ($good, $strict, $old, $plain) = map { free_port() } 1 .. 4;
my @pids = (nghttpd('127.0.0.1', $good), nghttpd('127.0.0.1', $strict, '-V'),
    nghttpd($own, 2197), nghttpd('127.0.0.1', $plain, '--no-tls'),
    MDM::Test::spawn(test_dir() . '/s_server.log', 'openssl', 's_server', '-quiet',
        '-alpn', 'http/1.1', '-accept', "127.0.0.1:$old",
        '-cert', $server->{cert}, '-key', $server->{key}));

END { my $exit = $?; kill 'KILL', @pids; waitpid $_, 0 for @pids; $? = $exit }

# Takes connections into its backlog, and never speaks.
my $silent = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 16);
my $closed = free_port();


# A proxy for one connection, which answers so and keeps what it was asked; with
# a port it goes on as a tunnel.

sub proxy {
    my ($answer, $port) = @_;

    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1);
    my $asked = test_dir() . '/asked.' . $listen->sockport;
    my $pid = fork // die "fork: $!\n";

    if ($pid == 0) {
        my $client = $listen->accept;
        my $head = '';
        while ($head !~ /\r\n\r\n/) { sysread $client, $head, 1, length $head or last }
        spew($asked, $head);
        print {$client} "$answer\r\n\r\n";
        $client->flush;
        relay($client, IO::Socket::INET->new("127.0.0.1:$port")) if $port;
        require POSIX;
        POSIX::_exit(0);
    }

    push @pids, $pid;

    return ('127.0.0.1:' . $listen->sockport, $asked);
}


sub relay {
    my @ends = @_;
    my $select = IO::Select->new(@ends);

    while (my @ready = $select->can_read(5)) {
        for my $s (@ready) {
            my $n = sysread $s, my $bytes, 65536 or return;
            syswrite $ends[ $s == $ends[0] ? 1 : 0 ], $bytes;
        }
    }
}


sub check {
    my ($exit, $text) = mdmctl('check', 'network', '--timeout', 1, @_);

    return { exit => $exit, text => $text, flat => $text =~ s/\s*\n\s+/ /gr =~ s/ +/ /gr };
}


my @trust = ('--trusted-certificate', $ca->{cert});

sub goes {
    my $ok = check('--apns', "localhost:$good", @trust);

    is $ok->{exit}, 0, 'the way is open' or diag $ok->{text};
    like $ok->{text}, qr/^dns\ +ok\ +localhost\ is\ \S*127\.0\.0\.1
        .*^tcp\ $good\ +ok\ .*^tls\ $good\ +ok\ +TLSv1\.3,\ the\ certificate
        .*"push\.test".*"Server\ CA"
        .*^http\/2\ $good\ +ok\ +takes\ 100\ pushes\ at\ once$/msx,
        '... step by step';
    like $ok->{text}, qr/No push certificate was shown/,
        '... and what it means that no push certificate was shown';

    my $address = check('--apns', "127.0.0.1:$good", @trust);
    is $address->{exit}, 0, 'an address is compared with those of the certificate';

    my $wants = check('--apns', "localhost:$strict", @trust);
    is $wants->{exit}, 0, 'a server that takes nobody without certificate is no fault';
    like $wants->{text}, qr/wants the push certificate|takes \d+ pushes/,
        '... and is told';
}


# Without a port both of Apple's are tried; 443 is closed there.

sub tries_both_ports {
    my $one = check('--apns', $own, @trust);

    is $one->{exit}, 0, 'one of two ports is enough' or diag $one->{text};
    like $one->{text}, qr/^tcp 443 +wrong .*^http\/2 2197 +ok /ms, '... both are tried';
    like $one->{text}, qr/^    mdm_apns HOST:2197;$/m, '... and nginx.conf is told of';
}


sub fails {
    my $other = MDM::Test::PKI->ca('Another CA');

    my %case = (
        'an unknown name' => [ [ '--apns', 'push.invalid:443' ],
            qr/^dns +wrong +push\.invalid: .* do: .*"resolver"/m ],
        'a closed port' => [ [ '--apns', "127.0.0.1:$closed" ],
            qr/^tcp $closed +wrong +127\.0\.0\.1 \(Connection refused\) do: .*firewall/m ],
        'a port that drops' => [ [ '--apns', '127.0.0.1:' . $silent->sockport ],
            qr/^tls \d+ +wrong +no answer in 1 s do: .*inspection/m ],
        'what speaks no TLS' => [ [ '--apns', "127.0.0.1:$plain" ],
            qr/^tls \d+ +wrong .* do: /m ],
        'no HTTP/2' => [ [ '--apns', "127.0.0.1:$old", @trust ],
            qr/^http\/2 $old +wrong +it does not speak HTTP\/2/m ],
        'a certificate of somebody else' => [ [ '--apns', "127.0.0.1:$good" ],
            qr/^tls $good +wrong .*"push\.test", issued by "Server CA": .* do: .*ca-cert/m ],
        'another CA than the one that is trusted' => [ [ '--apns', "127.0.0.1:$good",
            '--trusted-certificate', $other->{cert} ],
            qr/^tls $good +wrong .* do: name the CAs .*--trusted-certificate/m ],
        'the certificate of another host' => [ [ '--apns', 'other.test:443', @trust,
            '--proxy', (proxy('HTTP/1.1 200 OK', $good))[0] ],
            qr/^tls 443 +wrong .*"push\.test".*mismatch do: this is another server/mi ],
        'a file without a CA' => [ [ '--apns', "127.0.0.1:$good",
            '--trusted-certificate', $server->{key} ], qr/^tls $good +wrong +no certificate in/m ],
    );

    for my $what (sort keys %case) {
        my ($words, $pattern) = @{ $case{$what} };
        my $bad = check(@$words);

        is $bad->{exit}, 1, "$what fails the check";
        like $bad->{flat}, $pattern, '... in words at its step';
        like $bad->{text}, qr/^mdmctl: pushes cannot reach /m, '... and in the end';
    }
}


sub asks_proxies {
    my ($open, $asked) = proxy('HTTP/1.1 200 Established', $good);
    my $ok = check('--apns', "localhost:$good", @trust, '--proxy', "http://me:s\@cret\@$open");

    is $ok->{exit}, 0, 'the way through a proxy is open' or diag $ok->{text};
    like $ok->{text}, qr/^proxy \d+ +ok .*^tunnel $good +ok .*^http\/2 $good +ok /ms,
        '... step by step';
    like slurp($asked), qr/\ACONNECT localhost:$good HTTP\/1\.1\r\nHost: localhost:$good\r\n/,
        '... it was asked for the name';
    like slurp($asked), qr/^Proxy-Authorization: Basic \Q@{[ encode_base64('me:s@cret', '') ]}\E\r$/m,
        '... with name and password';
    unlike $ok->{text}, qr/cret/, '... which are not shown';

    my %case = (
        'HTTP/1.1 407 Who?'       => qr/407 Who\? do: give the proxy's name and password/,
        'HTTP/1.0 403 Forbidden'  => qr/403 Forbidden do: have the proxy allow CONNECT/,
        'HTTP/1.1 502 Bad'        => qr/502 Bad do: the proxy does not reach it/,
        'SSH-2.0-OpenSSH_9'       => qr/no proxy for HTTP do: /,
    );

    for my $answer (sort keys %case) {
        my ($address) = proxy($answer);
        my $bad = check('--apns', "localhost:$good", @trust, '--proxy', $address);

        is $bad->{exit}, 1, "a proxy that says \"$answer\" fails the check";
        like $bad->{flat}, qr/^tunnel $good +wrong +localhost:$good: .*$case{$answer}/m,
            '... in words';
    }

    my ($again) = proxy('HTTP/1.1 407 No');
    like check('--apns', "localhost:$good", '--proxy', "me:wrong\@$again")->{flat},
        qr/does not take this name and password/, 'a wrong password is told as such';

    like check('--apns', 'push.invalid', '--proxy', "127.0.0.1:$closed")->{flat},
        qr/^proxy $closed +wrong .*refused.*^proxy $closed +wrong/ms,
        'a proxy that is closed is told, and no name but its own is asked';
}


sub refuses {
    for my $bad ([ '--apns', 'a b' ], [ '--apns', 'host:0' ], [ '--apns', 'host:70000' ],
        [ '--proxy', 'host' ], [ '--proxy', 'secret@host:1' ], [ '--timeout', 0 ], [ 'word' ])
    {
        my $got = check(@$bad);
        is $got->{exit}, 2, "@$bad is a wrong command line";
        like $got->{text}, qr/^mdmctl: /, '... in words';
        unlike $got->{text}, qr/secret/, '... without a password';
    }
}


goes();
tries_both_ports();
fails();
asks_proxies();
refuses();

done_testing;
