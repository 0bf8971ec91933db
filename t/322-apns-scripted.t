# The scripted fake of Apple's push service, asked by h2 clients that are not ours:
# each thing that it can be told does happen.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use feature "state";
use Test::More;
use MDM::Test;
use MDM::Test::APNs::Scripted;

my $apns = MDM::Test::APNs::Scripted->start;
my $acme = $apns->ca->push_certificate('com.apple.mgmt.External.acme');
my $body = spew(test_dir() . '/body', '{"mdm":"x"}');


# Several pushes on one connection; what nghttp shows comes later, by shown().

sub begin {
    my (@tokens) = @_;

    my $out = test_dir() . '/nghttp-' . ++(state $n);
    my $pid = MDM::Test::spawn($out, 'timeout', 5, 'nghttp', '-v', '--no-dep',
        map({ "--$_=$acme->{$_}" } qw(cert key)), '-d', $body, '-H:method: POST',
        '-Hapns-id: id-1', '-Hapns-topic: t',
        map { 'https://127.0.0.1:' . $apns->port . "/3/device/$_" } @tokens);

    return [ $pid, $out ];
}


sub shown {
    my ($begun) = @_;

    MDM::Test::reap($begun->[0], 8);

    return slurp($begun->[1]);
}


sub got {
    my ($token) = @_;

    return wait_for(5, sub { my %got = $apns->tokens('got'); $got{$token} })
        || die "no push to $token\n";
}


sub asked { return shown(begin(@_)) }

like asked('01'), qr/:status: 200.*apns-id: id-1/s, 'accepted';
my ($open) = $apns->log('open');
like $open->{subject}, qr/UID=com.apple.mgmt.External.acme/, 'who came is written down';
my ($line) = $apns->log('answered');
is_deeply [ @$line{qw(token apns_id topic number stream)} ], [ '01', 'id-1', 't', 200, 1 ],
    '... and what was answered';

$apns->tell('answer 02 410 Unregistered', 'informal 1', 'long 2000');
my $text = asked('02');
like $text, qr/:status: 103.*:status: 410.*"Unregistered"/s, 'another answer, and one before it';
like $text, qr/DATA frame <length=2000/, '... a long one';
$apns->tell('forget', 'informal 0', 'long 0', 'streams 7', 'window 99');
like asked('03'), qr/MAX_CONCURRENT_STREAMS\(0x03\):7\]\s.*SIZE\(0x04\):99\]/s, 'settings';
$apns->tell('streams 100', 'window 65535', 'hold');

my $held = begin('04', '05', '06');
got('06');
$apns->tell('streams 1', 'release backwards');
is_deeply [ map { $_->{token} } ($apns->log('answered'))[-3 .. -1] ], [ '06', '05', '04' ],
    'answers in another order';
like shown($held), qr/STREAMS\(0x03\):100\].*STREAMS\(0x03\):1\]/s, '... after other settings';
$apns->tell('streams 100', 'hold');

$held = begin('07', '08', '09');
got('09');
$apns->tell('goaway 1 Shutdown', 'release');
is_deeply [ map { "$_->{what} $_->{token}" } grep { ($_->{token} // '') =~ /0[789]/
    && $_->{what} ne 'got' } $apns->log ], [ 'reset 08', 'reset 09', 'answered 07' ],
    'streams above that of GOAWAY are not processed';
like shown($held), qr/recv GOAWAY.*last_stream_id=1,.*"Shutdown"/s, '... which says why';

$apns->tell('reset 1', 'partial 1');
like asked('10'), qr/RST_STREAM.*REFUSED_STREAM/s, 'a stream is refused';
$held = begin('11');
got('11');
ok !{ $apns->tokens('answered') }->{11}, 'an answer without an end';
$apns->tell('finish');
like shown($held), qr/END_STREAM/, '... which comes';

$apns->tell('hold');
$held = begin('12');
got('12');
$apns->tell('drop');
is +($apns->log('close'))[-1]{why}, 'dropped', 'a connection is reset';
shown($held);
$held = begin('13');
got('13');
$apns->tell('mute', 'release');
ok !{ $apns->tokens('answered') }->{13}, 'one that is mute hears no answer';
kill 'TERM', $held->[0];
$apns->tell('hold');
$held = begin('14');
got('14');
$apns->tell('garbage');
like shown($held), qr/FRAME_SIZE_ERROR|PROTOCOL_ERROR|\[ERROR\]/, 'garbage';
$apns->tell('release', 'late 1');
my $opened = $apns->log('open');
$held = begin('15');
wait_for(5, sub { $apns->log('open') > $opened });
ok !wait_for(0.4, sub { slurp($held->[1]) =~ /recv/ }), 'no settings';
$apns->tell('late 0');
like shown($held), qr/recv SETTINGS frame <length=[1-9]/, '... and then some';
cmp_ok $apns->most_at_once, '==', 3, 'how many streams were open at once';

# TLS

my $strict = MDM::Test::APNs::Scripted->start(verify => 1, tls_ca => $apns->tls_ca);
my $alone = MDM::Test::APNs::Scripted->start(alpn => 0, ca => $apns->ca, tls_ca => $apns->tls_ca);

sub shake {
    my ($server) = @_;

    return (MDM::Test::run_command('timeout', 3, 'openssl', 's_client', '-tls1_2', '-alpn', 'h2',
        '-connect', '127.0.0.1:' . $server->port, map { ("-$_", $acme->{$_}) } qw(cert key)))[1];
}

like shake($apns), qr/ALPN protocol: h2/, 'HTTP/2 is agreed on';
like shake($strict), qr/alert unknown ca/, 'a certificate of an unknown CA';
like shake($alone), qr/No ALPN negotiated/, 'nothing is agreed on';

done_testing;
