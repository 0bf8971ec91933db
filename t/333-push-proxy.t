# Pushes through a proxy with CONNECT: with a name and a password, and when it
# refuses, breaks off, hangs, is gone. TLS goes through it to Apple, by whose name
# the server is checked. Timers of the worker run 25 times as fast.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 ();
use Test::More;
use MDM::Test;
use MDM::Test::APNs;
use MDM::Test::Proxy;
use MDM::Test::Pushing;

with_sanitizers();

my $apns = MDM::Test::APNs->start;
my $ca = $apns->tls_ca;
my $proxy = MDM::Test::Proxy->start(auth => 'joe:s%cret:1');

# Nobody here knows this name, so it must be the proxy who asks for it.

$apns->become(server => $ca->server('apns', san => 'DNS:push.example.com'));
$proxy->become(map => { 'push.example.com:2197' => '127.0.0.1:' . $apns->tls_port });

my $p = MDM::Test::Pushing->start(apns => $apns, tenants => { acme => 500 },
    mdm_apns => "push.example.com:2197 trusted_certificate=$ca->{cert}"
        . ' proxy=http://joe:s%cret:1@127.0.0.1:' . $proxy->port,
    nginx => { hurry => 25 });

$p->queue(acme => 1 .. 100);
is $p->reached(100), 100, 'pushes go through a proxy';

my ($first) = $proxy->got;
is $first->{target}, 'push.example.com:2197', '... which is asked for the host by its name';
is $first->{authorization}, 'Basic ' . MIME::Base64::encode_base64('joe:s%cret:1', ''),
    '... with name and password';
is +($p->pushes)[0]{host}, 'push.example.com', '... and the host is told that it is meant';
cmp_ok $proxy->tunnels, '<=', 8, '... over few tunnels';


sub told { return $p->pg->psql('SELECT error FROM mdm.push_topic') }

# It breaks off, refuses, and so on; then it is well again.

my $done = 100;

$proxy->cut;
$p->queue(acme => 101 .. 150);
is $p->reached($done = 150), 150, 'tunnels that are cut are made anew';

for my $fault ([ 407 => 'auth', 'joe:other', qr/407/ ], [ 502 => 'answer', 502, qr/502/ ],
    [ 'no answer' => 'answer', 'close', qr/proxy/i ], [ 'silence' => 'answer', 'hang', qr/proxy/i ])
{
    my ($what, $option, $value, $told) = @$fault;
    my $was = $option eq 'auth' ? 'joe:s%cret:1' : 200;

    $proxy->become($option => $value);
    $proxy->cut;
    $p->pg->psql('UPDATE mdm.push_topic SET error = null');
    $p->queue(acme => $done + 1 .. $done + 20);
    ok wait_for(4, sub { told() =~ $told }), "$what of the proxy is told of" or diag told();
    is $p->reached($done + 1, 0), $done, '... and nothing is pushed';
    $proxy->become($option => $was);
    $p->hasten;
    is $p->reached($done += 20), $done, '... until it is mended';
}

# It is gone, and comes back.

$proxy->stop;
$p->queue(acme => $done + 1 .. $done + 20);
ok wait_for(4, sub { told() =~ /refused|proxy/i }), 'a proxy that is not there' or diag told();
$proxy->start_again;
$p->hasten;
is $p->reached($done += 20), $done, '... and is there again';

unlike $p->nginx->error_log . $p->pg->psql('TABLE mdm.push_topic'),
    qr/s%cret/, 'the password is not in the log';
$p->verdict(again => 1);

done_testing;
