# What may be wrong on the way to Apple: one push waits while the configuration
# leads it into one trouble after another, each is told in words in the error log,
# and at last it is sent.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::INET ();
use Test::More;
use MDM::Test;
use MDM::Test::APNs::Scripted;
use MDM::Test::DNS;
use MDM::Test::Proxy;
use MDM::Test::Pushing;

my $ca = MDM::Test::PKI->ca('Push Server CA');
my $other = MDM::Test::PKI->ca('Other CA');
my $apns = MDM::Test::APNs->start(tls_ca => $ca);
my $strict = MDM::Test::APNs::Scripted->start(tls_ca => $ca, ca => $other, verify => 1);
my $old = MDM::Test::APNs::Scripted->start(tls_ca => $ca, alpn => 0);
my $aged = MDM::Test::APNs::Scripted->start(tls_ca => $ca, old => 1);
my $silent = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64)
    or die "listen: $@\n";
my $dns = MDM::Test::DNS->start('wrong.example' => [ '127.0.0.1' ]);
my $proxy = MDM::Test::Proxy->start(auth => 'joe:right', answer => 502);
my $through = $apns->directive . ' proxy=joe:%s@127.0.0.1:' . $proxy->port;

my @bad = (
    [ 'a name that is none', qr/DNS has no address of no\.example: Host not found;/,
        $apns->directive('no.example') ],
    [ 'nobody there', qr/cannot connect to 127\.0\.0\.1:1: Connection refused;/,
        "127.0.0.1:1 trusted_certificate=$ca->{cert}" ],
    [ 'a wrong password of the proxy',
        qr/the proxy \S+ wants another user and password \(407\);/, sprintf $through, 'wrong' ],
    [ 'a proxy that goes nowhere', qr/the proxy \S+ does not connect to \S+ \(502\);/,
        sprintf $through, 'right' ],
    [ 'a server that says nothing to TLS', qr/127\.0\.0\.1:\d+ does not answer;/,
        '127.0.0.1:' . $silent->sockport ],
    [ 'a server without TLS', qr/TLS failed: wrong version number/, '127.0.0.1:%%PORT%%' ],
    [ 'one of TLS 1.1', qr/the server does not speak TLS 1\.2 or later/, $aged->directive ],
    [ 'one without HTTP/2', qr/the server does not offer HTTP\/2 \("h2" in ALPN\)/,
        $old->directive ],
    [ 'a CA that is not trusted', qr/the server's certificate is not trusted: unable to/,
        $apns->directive =~ s/$ca->{cert}/$other->{cert}/r ],
    [ 'a certificate of another host', qr/not trusted: hostname mismatch/i,
        $apns->directive('wrong.example') ],
    [ 'a push certificate that is refused',
        qr/the server refuses the push certificate: unknown CA/i, $strict->directive ],
    [ 'one of development', qr/development service: mdm_apns needs development=;/,
        $apns->directive ],
);

my $p = MDM::Test::Pushing->start(apns => $apns, mdm_apns => $bad[0][2],
    http => 'resolver 127.0.0.1:' . $dns->port . ' ipv6=off;',
    nginx => { hurry => 10 });


sub lead {
    my ($directive) = @_;

    $p->nginx->reload($MDM::Test::Pushing::conf =~ s/%%APNS%%/$directive/r);
    $p->pg->psql("UPDATE mdm.push SET due_at = now() WHERE due_at < 'infinity'");
}


sub development {
    $p->pg->psql('UPDATE mdm.push_certificate SET development = true,
        version = version + 1');
}

$p->queue(acme => 1);

for my $case (@bad) {
    my ($name, $says, $directive) = @$case;

    development() if $case == $bad[-1];
    lead($directive) if $case != $bad[0];

    my $topic = qr/push topic \Q$p->{tenant}{acme}{topic}\E/;
    ok $p->nginx->wait_for_log(qr/mdm: $topic: no connection to APNs: [^\n]*$says/),
        "$name: that is told";
}

is scalar($p->pushes), 0, 'no push was sent meanwhile';
unlike $p->nginx->error_log, qr/wrong\@|right\@|am9lO/, 'no line shows a password';

lead('127.0.0.1:1 development=' . $apns->directive);
is $p->reached(1), 1, 'the push is sent when all is right, to the host of development';
is +($p->pushes)[0]{subject}, "CN=APSP:acme,UID=$p->{tenant}{acme}{topic}",
    '... with the certificate of its topic';

done_testing;
