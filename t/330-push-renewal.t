# The push certificate is renewed while pushes are sent: the new one is shown within
# moments, nothing is lost, nothing refused. It expires: pushes wait, and go on by
# themselves when there is another one.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Pushing;

my $number = 1600;
my $p = MDM::Test::Pushing->start(tenants => { acme => $number, rival => 10 },
    workers => 2);
my $acme = $p->tenant('acme');
my $other = $p->node(workers => 1);


sub serial {
    my ($pair) = @_;

    return MDM::Test::run_or_die(qw(openssl x509 -noout -serial -in), $pair->{cert})
        =~ /=(\w+)/ ? $1 : die;
}


sub serials {
    my %seen;
    $seen{ $_->{serial} } = 1 for grep { $_->{topic} eq $acme->{topic} } @_;
    return sort keys %seen;
}

my $old = $acme->{certificate};
my $new = $p->apns->ca->push_certificate($acme->{topic});

# Under load: half is queued before, and half after.

$p->queue(acme => 1 .. $number / 2);
wait_for(5, sub { $p->pushes > 50 });
$acme->certify(undef, $new);
$p->queue(acme => $number / 2 + 1 .. $number);
$p->queue(rival => 1 .. 10);
is $p->reached($number + 10), $number + 10, 'all are pushed';

my @pushes = $p->pushes;
is_deeply [ serials(@pushes) ], [ sort map { serial($_) } $old, $new ],
    'the old certificate was shown, and then the new one';
is +($pushes[-1]{topic} eq $acme->{topic} ? $pushes[-1] : $pushes[-12])->{serial},
    serial($new), '... which came last';
is scalar(grep { $_->{status} ne '200' } @pushes), 0, 'nothing was refused';
$p->verdict;

# No connection with the old one is left.

$p->apns->forget;
$acme->enroll($number + 1, $number + 200);
$p->queue(acme => $number + 1 .. $number + 200);
$p->reached(200);
is_deeply [ serials($p->pushes) ], [ serial($new) ], 'soon there is the new one only';

# It expires.

$p->apns->forget;
$p->pg->psql("UPDATE mdm.push_certificate SET not_after = now() - interval '1 s'
    WHERE topic = '$acme->{topic}'");
$acme->enroll($number + 201, $number + 210);
$p->queue(acme => $number + 201 .. $number + 210);
$p->tenant('rival')->enroll(11, 11);
$p->queue(rival => 11);
is $p->reached(1), 1, 'with an expired certificate others are pushed';
ok !wait_for(1.2, sub { $p->pushes > 1 }), '... but not its topic';
is +($p->pushes)[0]{topic}, $p->tenant('rival')->{topic}, '... at all';
is $p->pg->psql("SELECT stopped_at IS NULL FROM mdm.push_topic
    WHERE topic = '$acme->{topic}'"), 't', '... which is not stopped';

$acme->certify(undef, $p->apns->ca->push_certificate($acme->{topic}));
is $p->reached(11), 11, 'with another one it goes on by itself';

done_testing;
