# Apple's host is a name: several addresses of which some are dead, an address that
# changes, name servers that fail, say nothing, or know nothing. Timers of the
# worker run 25 times as fast.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::INET ();
use Socket ();
use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::APNs;
use MDM::Test::DNS;
use MDM::Test::Pushing;

my $name = 'push.example.com';
my $apns = MDM::Test::APNs->start;
my $second = MDM::Test::APNs->start(ca => $apns->ca, tls_ca => $apns->tls_ca,
    address => '127.0.0.3');
my $port = $apns->tls_port;

$second->{ports}{TLS_PORT} = $port;
$second->stop;
$second->launch or die 'the second fake does not start';

my $dns = MDM::Test::DNS->start($name => [ '127.0.0.9', '127.0.0.1' ], ttl => 0);
my $p = MDM::Test::Pushing->start(apns => $apns, tenants => { acme => 200, rival => 10 },
    mdm_apns => "$name:$port trusted_certificate=$apns->{tls_ca}{cert}",
    http => 'resolver 127.0.0.1:' . $dns->port . ' ipv6=off; resolver_timeout 10s;',
    nginx => { hurry => 25 });
my $done = 0;


sub told {
    return $p->pg->psql("SELECT error FROM mdm.push_topic WHERE topic LIKE '%acme'");
}


# So many more; then those that came to one of the fakes.

sub push_to {
    my ($to, $number) = @_;

    my @n = ($done + 1 .. $done + $number);
    my %wanted = map { $p->tenant('acme')->token($_) => 1 } @n;

    $done += $number;
    $p->hasten;
    $p->queue(acme => @n);

    wait_for(8, sub { $number <= grep { $wanted{ $_->{token} } } $to->pushes });

    return scalar grep { $wanted{ $_->{token} } } $to->pushes;
}


# All connections end, also one that was being made, so that there must be new ones;
# and what was known of names is too old in the next second.

sub part {
    do {
        $apns->reload;
        wait_for(5, sub { !$apns->connections }) or die "a connection is left\n";
        Time::HiRes::sleep(1.05);
    } while ($apns->connections);
}


# What listens at an address and takes no more connections.

sub full {
    my ($address) = @_;

    my @sockets = IO::Socket::INET->new(LocalAddr => $address, LocalPort => $port,
        Listen => 1, ReuseAddr => 1) or die "$address: $!";

    listen $sockets[0], 0;

    for (1 .. 2) {
        push @sockets, IO::Socket::INET->new(Proto => 'tcp', Blocking => 0);
        connect $sockets[-1], Socket::sockaddr_in($port, Socket::inet_aton($address));
    }

    return @sockets;
}

is push_to($apns, 10), 10, 'of two addresses one is dead';
is_deeply [ @{ ($apns->pushes)[0] }{qw(host sni)} ], [ $name, $name ],
    '... and the host is called by its name, in HTTP and in TLS';

$dns->names($name => [ '127.0.0.3' ], ttl => 0);
part();
is push_to($second, 10), 10, 'an address that changes';

$dns->names($name => [ '127.0.0.9', '127.0.0.3', '127.0.0.1' ], ttl => 0);
$second->stop;
is push_to($apns, 10), 10, 'of three addresses two are dead';

# A firewall that drops all: what listens there takes no more.

my @silent = map { "127.0.2.$_" } 1 .. 30;
my @full = map { full($_) } @silent;

$dns->names($name => \@silent, ttl => 0);
part();
$p->pg->psql('UPDATE mdm.push_topic SET error = null');
$p->queue(acme => ++$done);
ok wait_for(3, sub { told() =~ /cannot connect to 127\.0\.2\.\d+:\d+: it does not answer/ }),
    'of many addresses none answers: that is told before all were tried' or diag told();
close $_ for @full;

# Without an address nothing is pushed, whatever the reason.

my $before = $apns->pushes;

$dns->names($name => 'broken', ttl => 0);
part();

for my $how (qw(broken unknown silent)) {
    $dns->names($how eq 'unknown' ? (ttl => 0) : ($name => $how, ttl => 0));
    $p->pg->psql('UPDATE mdm.push_topic SET error = null');
    $p->queue(acme => $done + 1 .. $done + 5);
    $done += 5;
    ok wait_for(4, sub { told() =~ /\Q$name\E/ }), "$how: it is told why" or diag told();
}

is scalar $apns->pushes, $before, '... and nothing is pushed';
$dns->names($name => [ '127.0.0.1' ], ttl => 0);
is push_to($apns, 5), 5, '... until the name is there again';
cmp_ok scalar $dns->asked, '<', 60, 'the name server was not hammered';
is $p->reached($done - 10, 3), $done - 10, 'all were pushed';

done_testing;
