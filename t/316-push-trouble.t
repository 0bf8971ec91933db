# What keeps a topic from being pushed, and that it goes on by itself when that is
# over: a key that cannot be opened, a certificate that Apple refuses, an Apple that
# is not there. And the rate of a topic.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::Pushing;

my $p = MDM::Test::Pushing->start(tenants => { map { $_ => 200 } qw(acme brown corp) });


sub topic_of {
    my ($name, $columns) = @_;

    return $p->pg->psql("SELECT $columns FROM mdm.push_topic
                          WHERE tenant_id = $p->{tenant}{$name}{number}");
}


sub in_hand {
    my ($name) = @_;

    return $p->pg->psql("SELECT count(*) FROM mdm.push WHERE due_at = 'infinity'
                            AND tenant_id = $p->{tenant}{$name}{number}");
}


sub reached {
    my ($name, $number, $seconds) = @_;

    my $prefix = sprintf '%08x', $p->tenant($name)->{number};
    my %token;

    wait_for($seconds // 8, sub {
        %token = map { $_->{token} => 1 }
            grep { $_->{status} eq '200' && $_->{token} =~ /\A$prefix/ } $p->pushes;
        keys %token >= $number;
    });

    return scalar keys %token;
}


sub a_key_that_nobody_opens {
    my $acme = $p->tenant('acme');

    $p->pg->psql("UPDATE mdm.push_certificate SET private_key = '\\x00', version = 2
                   WHERE tenant_id = $acme->{number}");
    $p->queue('acme', 1 .. 20);

    ok wait_for(3, sub { topic_of(acme => 'error') =~ /no mdm_secret_key opens/ }),
        'that the key cannot be opened is told';
    is in_hand('acme'), 0, '... and nothing is in hand';

    my $began = Time::HiRes::time();
    like $acme->api(PUT => '/v1/push/' . join ',', $acme->ids(1))->{body},
        qr/Apple is not reached \(no mdm_secret_key opens/, '... as is said to who asks';
    cmp_ok Time::HiRes::time() - $began, '<', 3, '... who need not wait';

    $acme->certify($p->nginx->port);
    is reached(acme => 20), 20, 'a certificate that was stored anew is taken into use';
    ok wait_for(3, sub { topic_of(acme => 'error') eq '' }), '... and that is told, too';
}


sub a_certificate_that_apple_refuses {
    my $brown = $p->tenant('brown');

    $p->apns->rules($brown->{topic} => '403 BadCertificate');
    $p->queue('brown', 1 .. 200);

    ok wait_for(5, sub { topic_of(brown => 'stop_reason') eq 'BadCertificate' }),
        'a topic whose certificate is refused is stopped';
    ok wait_for(5, sub { topic_of(brown => 'owner') eq '' }), '... and given back';
    is in_hand('brown'), 0, '... with all that was in hand';

    $p->apns->rules;
    $brown->certify($p->nginx->port, $p->apns->ca->push_certificate($brown->{topic}));
    is reached(brown => 200), 200, 'another certificate ends that';

    my ($last) = grep { $_->{topic} eq $brown->{topic} } reverse $p->pushes;
    is lc $last->{serial}, lc $brown->{certificate}->serial, '... and is the one shown'
        if $brown->{certificate}->can('serial');
}


# Nothing of it is in the worker's memory meanwhile.

sub an_apple_that_is_away {
    $p->apns->stop;
    $p->queue('corp', 1 .. 20);

    ok wait_for(5, sub { topic_of(corp => 'error') ne '' }),
        'that there is no connection is told: ' . topic_of(corp => 'error');
    ok wait_for(3, sub { in_hand('corp') == 0 }), '... and nothing is in hand';

    $p->apns->launch or die 'the fake does not start again';
    is reached(corp => 20, 15), 20, 'it is pushed as soon as Apple is there';
    ok wait_for(3, sub { topic_of(corp => 'error') eq '' }), '... which is told';
}


sub a_rate {
    $p->nginx->{vars}{APNS} .= ' rate=100';
    $p->nginx->reload;
    $p->queue('corp', 21 .. 171);
    is reached(corp => 171), 171, 'with a rate all are pushed';

    my @time = sort { $a <=> $b } map { $_->{time} }
        grep { $_->{topic} eq $p->tenant('corp')->{topic} } $p->pushes;
    my $took = $time[170] - $time[20];

    cmp_ok $took, '>', 1.2, sprintf '... a hundred a second (%.2f s for 150)', $took;
    cmp_ok $time[95] - $time[20], '>', 0.4, '... evenly';
}


a_key_that_nobody_opens();
a_certificate_that_apple_refuses();
an_apple_that_is_away();
a_rate();

$p->verdict(reasons => ['BadCertificate']);

done_testing;
