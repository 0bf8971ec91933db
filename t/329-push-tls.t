# TLS that fails, in each way: the topic says why, nothing is pushed to who is not
# Apple, no wish is lost, and it goes on by itself when it is mended. Timers of the
# worker run ten times as fast.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::APNs::Scripted;
use MDM::Test::Pushing;

with_sanitizers();

my $other = MDM::Test::PKI->ca('Another CA');
my $apns = MDM::Test::APNs::Scripted->start;
my $tls_ca = $apns->tls_ca;

# A server, and what is told of it.

my @broken = (
    [ 'a server of an unknown CA', qr/certificate|verif|issuer/i,
        server => $other->server ],
    [ 'an expired one', qr/expired/i, server => $tls_ca->server('localhost', days => -1) ],
    [ 'one of another name', qr/name|match|address/i,
        server => $tls_ca->server('other', san => 'DNS:other.example') ],
    [ 'a certificate that is for clients', qr/purpose|certificate/i,
        server => $tls_ca->server('localhost', eku => 'clientAuth') ],
    [ 'one without HTTP/2', qr/ALPN|HTTP\/2|h2/i, alpn => 0 ],
    [ 'one that refuses our certificate', qr/alert|refus|unknown ca/i,
        verify => 1, ca => $other ],
);

my $p = MDM::Test::Pushing->start(apns => $apns, tenants => { acme => @broken + 1 },
    nginx => { hurry => 10 });
my $acme = $p->tenant('acme');


sub told {
    return $p->pg->psql('SELECT error FROM mdm.push_topic');
}

for my $n (0 .. $#broken) {
    my ($what, $told, %option) = @{ $broken[$n] };

    $apns->stop;
    $apns->start_again(%option);
    $p->pg->psql('UPDATE mdm.push_topic SET error = null');
    $p->queue(acme => $n + 1);
    ok wait_for(5, sub { told() =~ $told }), "$what: is told" or diag told();
    is scalar $apns->log('got'), 0, '... and gets no push';
}

cmp_ok scalar $apns->log('close'), '<', 60, 'no server was hammered';
like $p->nginx->error_log, qr/\[error\].*(?:push|APNs|Apple)/i, 'the log says so, too';

$apns->stop;
$apns->start_again(verify => 1);
$p->queue(acme => @broken + 1);
is $p->reached(@broken + 1), @broken + 1, 'when it is mended, all are pushed';
ok wait_for(3, sub { told() eq '' }), '... and the topic tells of no error';
$p->verdict;

done_testing;
