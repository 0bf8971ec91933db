# A server of HTTP/2 that floods us or breaks the protocol costs neither memory nor the
# time of others: it is left where that is called for, and the push is answered all the
# same.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::APNs::Driven;

with_sanitizers();

my ($apns, $p, $acme) = driven();
my ($worker) = $p->nginx->workers;


sub frame {
    my ($type, $flags, $stream, $hex) = @_;

    return sprintf '%06x%02x%02x%08x%s', length($hex) / 2, $type, $flags, $stream, $hex;
}


# Frames for a push that has no answer yet; $goes: the connection outlives them.

sub flood {
    my ($what, $number, $bytes, $goes) = @_;

    $apns->tell('hold');
    my ($n) = more(1);
    wait_for(3, sub { times_of($n) eq 1 });

    my ($got) = reverse $apns->log('got');
    my $closed = $apns->log('close');
    $bytes = $bytes->($got->{stream}) if ref $bytes;

    $apns->tell("raw $number $bytes");
    ok wait_for(3, sub { $apns->log('close') > $closed }), "$what: the server is left"
        if !$goes;
    $apns->tell('release');
    ok all_answered($n), $goes ? "$what: it is answered" : '... and it is answered all the same';
    is $apns->log('close'), $closed, '... on the same connection' if $goes;
}

flood('PINGs', 20_000, frame(6, 0, 0, '00' x 8), 1);
flood('credit in bits', 20_000, frame(8, 0, 0, '00000001'), 1);
flood('answers before the answer', 20_000, sub { frame(1, 4, $_[0], '0803313033') }, 1);
flood('frames of unknown types', 20_000, frame(0x77, 0, 0, '00' x 8), 1);
flood('limits that go up and down', 10_000,
    frame(4, 0, 0, '000300000000') . frame(4, 0, 0, '0003000003e8'));
flood('headers without end', 1,
    sub { frame(1, 0, $_[0], '88') . frame(9, 0, $_[0], '0001780179') x 60 });
flood('credit beyond all bounds', 3, frame(8, 0, 0, '7fffffff'));
flood('a frame beyond all bounds', 1, 'ffffff0000' . '00000001');

# Answers that are none.

$apns->tell('hold');
my @n = more(2);
wait_for(3, sub { times_of(@n) eq '1 1' });
my %stream = map { $_->{token} => $_->{stream} } $apns->log('got');
my @streams = @stream{ map { $acme->token($_) } @n };
$apns->tell("raw 1 " . frame(1, 5, $streams[0], '0803303030')
    . frame(1, 5, $streams[1], '0f0d0130'));
ok wait_for(3, sub { $p->wish(acme => $n[0], 'error') =~ /nothing/ }), 'a status of 000';
ok wait_for(3, sub { $p->wish(acme => $n[1], 'error') =~ /RST_STREAM/ }), '... and none';
$apns->tell('release');
$p->hasten;
ok all_answered(@n), '... are no answers';

$p->verdict(again => 3);
is +($p->nginx->workers)[0], $worker, 'the worker is still the same';

done_testing;
