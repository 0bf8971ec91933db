# In the midst of pushing nginx is reloaded, PostgreSQL restarted, and nginx asked
# to quit: nothing is forgotten, nothing is sent twice, and no worker lingers.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::APNs;
use MDM::Test::Pushing;

my $p = MDM::Test::Pushing->start(workers => 2,
    apns => MDM::Test::APNs->start(rules => { default => 'slow 0.2' }),
    tenants => { acme => 1001 });


# How often the fake said yes, as soon as that is so many times.

sub accepted {
    my ($number, $seconds) = @_;

    my $n;

    wait_for($seconds // 10, sub {
        $n = grep { $_->{status} eq '200' } $p->pushes;
        $n >= $number;
    });

    return $n;
}


sub waiting {
    my ($condition) = @_;

    return $p->pg->psql("SELECT count(*) FROM mdm.push WHERE $condition");
}


sub reloaded {
    $p->queue('acme', 1 .. 500);
    cmp_ok accepted(100), '<', 500, 'in the midst of five hundred pushes';

    my @old = $p->nginx->workers;
    my $from = Time::HiRes::time();
    $p->nginx->reload;

    is $p->reached(500), 500, 'nginx is reloaded, and all are pushed';
    ok wait_for(5, sub { !grep { kill 0, $_ } @old }), 'the old workers leave';
    diag sprintf 'the old workers left after %.1f s', Time::HiRes::time() - $from;

    $p->settle;
    is accepted(501, 0.1), 500, 'no push was sent twice';
    is waiting('accepted_at IS NOT NULL'), 500, '... and each was recorded';
}


sub database_restarted {
    $p->queue('acme', 501 .. 1000);
    cmp_ok accepted(600), '<', 1000, 'in the midst of five hundred more';
    $p->pg->restart;

    is $p->reached(1000), 1000, 'PostgreSQL is restarted, and all are pushed';
    ok wait_for(5, sub { waiting('accepted_at IS NOT NULL') == 1000 }),
        'what was accepted meanwhile is recorded';
    is accepted(1001, 0.1), 1000, '... and nothing was sent twice';
}


# The worker waits two seconds for Apple.

sub asked_to_quit {
    $p->apns->rules(default => 'never');
    $p->queue('acme', 1001);
    ok wait_for(5, sub { waiting("due_at = 'infinity'") == 1 }), 'one is not answered';
    Time::HiRes::sleep(0.2);

    my $from = Time::HiRes::time();
    $p->nginx->stop;
    my $took = Time::HiRes::time() - $from;

    cmp_ok $took, '<', 5, sprintf 'nginx quits nevertheless (%.1f s)', $took;
    is waiting('due_at <= now() AND accepted_at IS NULL'), 1, '... its wish is due';
    is $p->pg->psql("SELECT count(*) FROM mdm.push_topic WHERE owner <> ''"), 0,
        '... and nobody has the topic';
}


reloaded();
database_restarted();
$p->verdict;
asked_to_quit();

done_testing;
