# A certificate that was asked for here wakes devices: a request, signed by who stands
# for Apple, comes back without a key, and the next push is sent with it. What was stopped
# or had expired goes on by itself.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Pushing;

my $p = MDM::Test::Pushing->start(tenants => { acme => 5 });
my $acme = $p->tenant('acme');
my $super = $p->pg->session;
my $n = 0;

sub renew {
    my (%option) = @_;

    my $asked = $acme->expect(201, POST => '/v1/pushcert/request', {});
    my $issued = $p->apns->ca->push_certificate_of($asked->{request}, $acme->{topic}, %option);

    $acme->expect(200, PUT => '/v1/pushcert', $issued->pem);
    my $text = MDM::Test::run_or_die('openssl', 'x509', '-noout', '-serial', '-in',
        $issued->{cert});

    return ($text =~ /=(\S+)/)[0];
}


# A command for the next device: the serial number of the certificate that pushed it.

sub pushed_with {
    $p->queue(acme => ++$n);

    my ($push) = wait_for(10, sub {
        grep { $_->{token} eq $acme->token($n) && $_->{status} == 200 } $p->pushes }) or return;

    return (grep { $_->{token} eq $acme->token($n) && $_->{status} == 200 }
        $p->pushes)[-1]{serial};
}


my $first = pushed_with();
ok $first, 'a device is pushed with the first certificate';

my $serial = renew(days => 400);
isnt $serial, $first, 'another one is asked for, issued and stored without a key';
is pushed_with(), $serial, '... and pushes the next device';

# Expired: nothing is pushed until there is another.

$super->run("UPDATE mdm.push_certificate SET not_after = now() - interval '1 minute'");
$p->settle;
$p->queue(acme => 3);
sleep 1;
is scalar(grep { $_->{token} eq $acme->token(3) } $p->pushes), 0,
    'with an expired certificate nothing is pushed';
$serial = renew(days => 401);
ok wait_for(10, sub { grep { $_->{token} eq $acme->token(3) } $p->pushes }),
    '... and once it is renewed what waited is pushed by itself';
is((grep { $_->{token} eq $acme->token(3) } $p->pushes)[0]{serial}, $serial,
    '... with the new one');

# Stopped by an operator's mistake at Apple: the next certificate begins anew.

$p->settle;
$super->run("UPDATE mdm.push_topic SET stopped_at = now(), stop_reason = 'BadCertificate'");
$p->queue(acme => 4);
sleep 1;
is scalar(grep { $_->{token} eq $acme->token(4) } $p->pushes), 0,
    'a topic that is stopped is not pushed';
$serial = renew(days => 402);
ok wait_for(10, sub { grep { $_->{token} eq $acme->token(4) } $p->pushes }),
    '... until another certificate is stored';
is $super->run("SELECT count(*) FROM mdm.event WHERE type = 'push_topic_resumed'
    AND data ->> 'reason' = 'BadCertificate'"), 1, '... of which there is an event';
is $super->run('SELECT version FROM mdm.push_certificate'), 4, 'four certificates were stored';

done_testing;
