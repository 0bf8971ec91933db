# TLS handshakes with Apple are made in threads: none in the event loop, and nothing
# comes to harm when a connection ends while a thread has its handshake: it takes too
# long, there is another certificate, the worker leaves. Timers of the worker run 20
# times as fast.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::APNs::Scripted;
use MDM::Test::Process;
use MDM::Test::Pushing;

with_sanitizers();

my @names = map { "t$_" } 1 .. 5;
my $tardy = spew(test_dir() . '/tardy', 0);

my $apns = MDM::Test::APNs::Scripted->start;
my $p = MDM::Test::Pushing->start(apns => $apns, tenants => { map { $_ => 9 } @names },
    nginx => { hurry => 20, tardy => $tardy });
my $t1 = $p->tenant('t1');


sub take { spew($tardy, $_[0]) }       # milliseconds
sub steps { return scalar(() = slurp("$tardy.log") =~ /^$_[0]$/mg) }


sub sockets {
    my ($worker) = $p->nginx->workers;

    return MDM::Test::Process::descriptors($worker)->{socket};
}


sub answered {
    my ($tenant, $n) = @_;

    return wait_for(6, sub { +{ $apns->tokens('answered') }->{ $tenant->token($n) } });
}


sub told {
    return $p->pg->psql("SELECT error FROM mdm.push_topic
        WHERE tenant_id = $t1->{number}");
}


# A step of a thread begins in $what->().

sub in_the_midst {
    my ($what) = @_;

    my $before = steps('thread');
    $what->();

    return wait_for(3, sub { steps('thread') > $before });
}

$p->queue(t1 => 1);
ok answered($t1, 1), 'a push';
cmp_ok steps('thread'), '>=', 1, '... for which a thread shook hands';
$apns->tell('drop');
my $before = sockets();

# A thread that takes longer than a connection may.

take(1000);
ok in_the_midst(sub { $p->queue(t1 => 2) }), 'a thread begins, and does not end';
ok wait_for(3, sub { told() =~ /thread pool "mdm" has no time for TLS/ }),
    '... for so long that the topic says so' or diag told();
take(0);
ok answered($t1, 2), '... and when it does, the push is sent';
$apns->tell('drop');
ok wait_for(5, sub { sockets() <= $before }), '... and no socket is left behind';
my $opened = $apns->log('open');

# Another certificate.

take(300);
ok in_the_midst(sub { $p->queue(t1 => 3) }), 'a handshake';
my $new = $apns->ca->push_certificate($t1->{topic});
take(100);
$t1->certify(undef, $new);
ok answered($t1, 3), '... while the certificate is replaced';
$apns->tell('drop');
$p->queue(t1 => 4);
ok answered($t1, 4), '... and another push';
isnt +($apns->log('open'))[-1]{serial}, ($apns->log('open'))[0]{serial},
    '... are with the new one in the end';

# A worker that leaves, with more topics than threads.

take(300);
ok in_the_midst(sub { $p->queue($_ => 5) for @names }), 'handshakes of many topics';
my ($old) = $p->nginx->workers;
$p->nginx->reload;
take(0);
ok wait_for(8, sub { !kill 0, $old }), '... while the worker leaves, which ends';
is scalar(grep { answered($p->tenant($_), 5) } @names), @names,
    '... and the next one pushes all';

# ... at once.

$apns->tell('drop');
take(400);
ok in_the_midst(sub { $p->queue($_ => 6) for @names }), 'handshakes';
$p->nginx->stop('TERM');
unlike $p->nginx->error_log, qr/exited on signal|open socket/,
    '... while a worker has to end at once';
is steps('loop'), 0, 'no handshake was made in the event loop';

done_testing;
