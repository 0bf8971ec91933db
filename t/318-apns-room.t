# More topics than a worker may have connections: pushes have half of them, the log
# says that these are not enough, topics that wait tell so, and go when others are
# done. The same when others have taken all, and when it is files that are few.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::INET ();
use Test::More;
use MDM::Test;
use MDM::Test::APNs::Scripted;
use MDM::Test::Pushing;

$MDM::Test::Pushing::conf =~ s/worker_connections 1024/worker_connections 40/
    or die "where are worker_connections?\n";

my @names = map { "t$_" } 1 .. 26;
my $apns = MDM::Test::APNs::Scripted->start;
my $p = MDM::Test::Pushing->start(apns => $apns, tenants => { map { $_ => 1 } @names },
    key => $apns->ca->push_certificate('com.apple.mgmt.first'));


sub opened { return scalar(() = $apns->log('open')) - scalar(() = $apns->log('close')) }
sub failing { return $p->pg->psql("SELECT count(*) FROM mdm.push_topic WHERE error ~ '$_[0]'") }
sub answered { return scalar(() = $apns->log('answered')) }


sub all_go {
    my ($n) = @_;

    ok wait_for(25, sub { $p->hasten; answered() >= $n }), '... and in the end all are pushed'
        or diag answered();
    ok wait_for(15, sub { failing('.') == 0 }), '... and no topic tells of anything';
}


# No connection is there, and when something was done all is due once more.

sub again {
    my ($what) = @_;

    $apns->tell('drop', 'hold');
    wait_for(3, sub { opened() == 0 });
    $what->();
    $p->pg->psql("UPDATE mdm.push SET due_at = now() WHERE due_at < 'infinity'");

    return answered();
}

$apns->tell('hold');
$p->queue($_ => 1) for @names;
ok wait_for(15, sub { opened() == 20 }), 'half of the connections are for pushes';
ok $p->nginx->wait_for_log(qr/topics wait .* has 20: worker_connections are not enough/),
    '... which are not enough: the log says so';
ok wait_for(25, sub { failing('worker_connections are not enough') == 6 }),
    '... and so do the topics that wait' or diag failing('.');
is opened(), 20, '... for as long as it lasts';
is $p->tenant('t1')->api(GET => '/v1/push')->{status}, 200, 'others may still come';

# Few are done: those few are enough for all that wait.

$apns->tell('partial 17', 'release');
ok wait_for(25, sub { $p->hasten; $apns->log('got') >= 26 }),
    'those that wait share the few connections that are idle' or diag scalar $apns->log('got');
cmp_ok scalar(() = $apns->log('open')), '<=', 30, '... and none is taken before it was of use';
$apns->tell('finish');
all_go(26);

# Others take all there is.

my @taken;

$p->nginx->expect(qr/worker_connections are not enough/);

my $before = again(sub {
    @taken = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $p->nginx->port) } 1 .. 60;
    $_ && print {$_} "GET / HTTP/1.1\r\n" for @taken;
});

ok wait_for(25, sub { failing('worker_connections are not enough') > 0 }),
    'when others have taken all, that is told' or diag failing('.');
@taken = ();
$apns->tell('release');
all_go($before + 26);

# Files.

$before = again(sub {
    $p->nginx->stop;
    $MDM::Test::Pushing::conf =~ s/^thread_pool/worker_rlimit_nofile 30;\n$&/m;
    $p->{nginx} = $p->node;
});

ok wait_for(25, sub { failing('too many open files: raise worker_rlimit_nofile') > 0 }),
    'when files are few, that is told' or diag failing('.');
$apns->tell('release');
all_go($before + 26);
$p->verdict(again => 3);

done_testing;
