# What TLS may say no to: one push waits while the server is wrong in one way after
# another, each is told in words, and at last it is sent.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::APNs::Scripted;
use MDM::Test::DNS;
use MDM::Test::Pushing;

my $ca = MDM::Test::PKI->ca('Push Server CA');
my $other = MDM::Test::PKI->ca('Other CA');
my $push_ca = MDM::Test::PKI->ca('Push CA');
my @cas = (ca => $push_ca, tls_ca => $ca);

my $dns = MDM::Test::DNS->start('wrong.example' => [ '127.0.0.1' ]);
my $apns = MDM::Test::APNs->start(@cas);

my $expired = MDM::Test::APNs->start(@cas, server => $ca->server(undef, days => -1));
my $old = MDM::Test::APNs::Scripted->start(@cas, alpn => 0);
my $strict = MDM::Test::APNs::Scripted->start(tls_ca => $ca, ca => $other, verify => 1);

my @bad = (
    [ 'a CA that is not trusted', qr/the server's certificate is not trusted: /,
        '127.0.0.1:' . $apns->tls_port . " trusted_certificate=$other->{cert}" ],
    [ 'a certificate of another host', qr/not trusted: hostname mismatch/i,
        $apns->directive('wrong.example') ],
    [ 'one that has expired', qr/not trusted: certificate has expired/,
        $expired->directive ],
    [ 'a server without HTTP/2', qr/the server does not offer HTTP\/2 \("h2" in ALPN\)/,
        $old->directive ],
    [ 'a push certificate that it refuses', qr/the server refuses the push certificate: /,
        $strict->directive ],
    [ 'a server without TLS', qr/TLS failed: wrong version number/,
        '127.0.0.1:%%PORT%%' ],
);


sub text {
    my ($directive) = @_;

    return $MDM::Test::Pushing::conf =~ s/%%APNS%%/$directive/r;
}

my $p = MDM::Test::Pushing->start(apns => $apns, mdm_apns => $bad[0][2],
    http => 'resolver 127.0.0.1:' . $dns->port . ' ipv6=off;');
$p->queue(acme => 1);

for my $case (@bad) {
    my ($name, $says, $directive) = @$case;

    $p->nginx->reload(text($directive)) if $case != $bad[0];

    ok $p->nginx->wait_for_log(qr/no connection to APNs: [^\n]*$says/), "$name is told";
}

is scalar($p->pushes), 0, 'no push was sent meanwhile';

$p->nginx->reload(text($apns->directive));
is $p->accepted(1), 1, 'the push is sent when all is right';
is +($p->pushes)[0]{subject}, "CN=APSP:acme,UID=$p->{tenant}{acme}{topic}",
    '... with the certificate of its topic';

done_testing;
