package MDM::Test::APNs::Driven;

# One nginx that pushes one tenant's devices to the scripted fake, for tests of what
# the fake is told in the middle of it.
#
#     my ($apns, $p, $acme) = driven();
#     my @n = more(6);               # devices that have something to do; their numbers
#     got(got => 6);                 # waits for as many lines of the fake's log
#     times_of(@n);                  # how often each was pushed: "1 1 2 ..."
#     all_answered(@n);

use strict;
use warnings;

use Exporter 'import';

use MDM::Test;
use MDM::Test::APNs::Scripted;
use MDM::Test::Pushing;

our @EXPORT = qw(driven more got times_of all_answered);

my ($apns, $p, $acme);
my $last = 1;


sub driven {
    $apns = MDM::Test::APNs::Scripted->start;
    $p = MDM::Test::Pushing->start(apns => $apns, tenants => { acme => 1 },
        nginx => { hurry => 4 });
    $acme = $p->tenant('acme');

    return ($apns, $p, $acme);
}


sub more {
    my ($number) = @_;

    my @n = ($last + 1 .. $last + $number);

    $acme->enroll($n[0], $n[-1]);
    $p->queue(acme => @n);
    $last = $n[-1];

    return @n;
}


sub got {
    my ($what, $number, $seconds) = @_;

    return wait_for($seconds // 5, sub { $apns->log($what) >= $number })
        ? scalar $apns->log($what) : 0;
}


sub times_of {
    my %times = $apns->tokens('got');

    return join ' ', map { $times{ $acme->token($_) } // 0 } @_;
}


sub all_answered {
    my @n = @_;

    return wait_for(5, sub {
        my %answered = $apns->tokens('answered');
        !grep { !$answered{ $acme->token($_) } } @n;
    });
}


1;
