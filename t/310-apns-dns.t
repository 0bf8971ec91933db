# The way to Apple by name: nginx's resolver is asked anew for each connection,
# all addresses are tried, and what DNS does not say is told and tried again.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::DNS;
use MDM::Test::Pushing;

my $name = 'apns.example.com';
my $apns = MDM::Test::APNs->start;
my $dns = MDM::Test::DNS->start(ttl => 0, $name => [ '127.0.0.9', '127.0.0.1' ]);
my $p = MDM::Test::Pushing->start(apns => $apns, mdm_apns => $apns->directive($name),
    http => 'resolver 127.0.0.1:' . $dns->port . ' ipv6=off; resolver_timeout 1s;',
    tenants => { map { $_ => 1 } qw(a b c d e) });

my $accepted = 0;


sub pushed {
    my ($tenant, $what) = @_;

    $accepted++;
    is $p->accepted($accepted), $accepted, $what;
    is $p->tenant($tenant)->{topic}, ($p->pushes)[-1]{topic}, '... of its topic';
}


# One after another has the first connection of its topic.

sub fails {
    my ($tenant, $says, $how) = @_;

    # the resolver knows an answer until its second is over
    Time::HiRes::sleep(1.1);
    $dns->names(ttl => 0, defined $how ? ($name => $how) : ());
    $p->queue($tenant, 1);

    my $line = "no connection to APNs: DNS has no address of $name: $says;";
    ok $p->nginx->wait_for_log(qr/\[error\].*mdm: push topic \S+\.$tenant: \Q$line/),
        "DNS fails ($says), and that is told";
    is $p->accepted($accepted + 1, 0.1), $accepted, '... and nothing is pushed';

    $dns->names(ttl => 0, $name => [ '127.0.0.1' ]);
    pushed($tenant, '... until DNS knows better');
    ok $p->nginx->wait_for_log(qr/push topic \S+\.$tenant: connected to APNs after/),
        '... and that is told as well';
}

$p->queue(a => 1);
pushed('a', 'a name whose first address is dead leads to a push');

my $asked = $dns->asked;
$p->pass(a => '1 hour');
pushed('a', 'the next push');
is scalar($dns->asked), $asked, '... takes the connection that is there';

fails('b', 'Host not found');
fails('c', 'Operation timed out', 'silent');
fails('d', 'Server failure', 'broken');

cmp_ok scalar($dns->asked), '>', $asked + 5, 'each attempt asks anew';

# All addresses dead.

Time::HiRes::sleep(1.1);
$dns->names($name => [ '127.0.0.9', '127.0.0.8' ]);
$p->queue(e => 1);
my $line = qr/no connection to APNs: cannot connect to 127\.0\.0\.[89]:\d+: Connection refused/;
ok $p->nginx->wait_for_log(qr/\.e: $line/), 'addresses where nobody is are told';

done_testing;
