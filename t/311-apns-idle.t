# Connections to Apple that have nothing to do: an eighth of worker_connections is
# kept, those used last; all end in good order when a worker leaves.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::APNs::Scripted;
use MDM::Test::Pushing;

$MDM::Test::Pushing::conf =~ s/worker_connections 1024/worker_connections 64/
    or die "where are worker_connections?\n";

my @names = map { "t$_" } 1 .. 11;
my $apns = MDM::Test::APNs::Scripted->start;
my $p = MDM::Test::Pushing->start(apns => $apns, tenants => { map { $_ => 2 } @names });


sub count { return scalar $apns->log($_[0]) }

for my $n (0 .. $#names) {
    $p->queue($names[$n], 1);
    wait_for(5, sub { count('answered') == $n + 1 })
        or fail "$names[$n] is not pushed";
}

is count('open'), 11, 'each topic has a connection of its own';
ok wait_for(3, sub { count('close') == 3 }), '... of which eight are kept';
is_deeply [ map { $_->{connection} } $apns->log('close') ],
    [ map { $_->{connection} } ($apns->log('open'))[0 .. 2] ], '... those used last';
is_deeply [ map { $_->{code} } $apns->log('left') ], [ (0) x 3 ],
    '... and the others are told before they are closed';

$p->queue(t11 => 2);
ok wait_for(5, sub { count('answered') == 12 }), 'one that was kept';
is count('open'), 11, '... is used again';
$p->queue(t1 => 2);
ok wait_for(5, sub { count('answered') == 13 }), 'one that was closed';
is count('open'), 12, '... is made anew';
ok wait_for(3, sub { count('close') == 4 }), '... in place of another';

$p->nginx->reload;
ok wait_for(5, sub { count('left') == 12 && count('close') == 12 }),
    'a worker that leaves closes all, and says so';

done_testing;
