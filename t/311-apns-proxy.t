# The way to Apple through an HTTP proxy: CONNECT, with and without a password,
# and all that a proxy may answer instead.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Proxy;
use MDM::Test::Pushing;

my $apns = MDM::Test::APNs->start;
my $target = 'apns.example.com:' . $apns->tls_port;
my $proxy = MDM::Test::Proxy->start(auth => 'joe:se:cr@t',
    map => { $target => '127.0.0.1:' . $apns->tls_port });

my $p = MDM::Test::Pushing->start(apns => $apns, tenants => { map { $_ => 1 } qw(a b c d) },
    mdm_apns => $apns->directive('apns.example.com')
        . ' proxy=http://joe:se:cr@t@127.0.0.1:' . $proxy->port);

my $accepted = 0;


sub pushed {
    my ($what) = @_;

    $accepted++;
    is $p->accepted($accepted), $accepted, $what;
}


sub fails {
    my ($tenant, $says, %how) = @_;

    $proxy->become(%how);
    $p->queue($tenant, 1);

    my $line = qr/no connection to APNs: the proxy 127\.0\.0\.1:\d+ \Q$says\E;/;
    ok $p->nginx->wait_for_log(qr/\[error\].*mdm: push topic \S+\.$tenant: $line/),
        "the proxy $says: that is told";

    $proxy->become(answer => 200, auth => 'joe:se:cr@t');
    pushed('... and it goes on when the proxy does');
}

$p->queue(a => 1);
pushed('a push goes through the proxy, whose user and password are right');

my ($first) = $proxy->got;
is $first->{target}, $target, 'the proxy resolves the name: there is no resolver here';
is +($p->pushes)[0]{host}, 'apns.example.com', '... and the request names the host';

$proxy->cut;
$p->pass(a => '1 hour');
pushed('a tunnel that ends is dug anew');
is $proxy->tunnels, 2, '... once';

fails('b', 'wants another user and password (407)', auth => 'joe:other');
fails('c', "does not connect to $target (502)", answer => 502);
fails('d', 'closed the connection', answer => 'close');

unlike $p->nginx->error_log, qr/se:cr|am9lOnNl/, 'no line shows the password';

done_testing;
