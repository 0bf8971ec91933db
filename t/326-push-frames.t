# What a server of HTTP/2 may do in the midst of pushes, further: answers in parts,
# windows that close, SETTINGS that come late, resets and garbage.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::APNs::Driven;

with_sanitizers();

my ($apns, $p, $acme) = driven();


# Answers in parts, after others, and too long.

$apns->tell('partial 3', 'informal 1');
my @n = more(6);
got(got => 1 + $apns->log('got'), 0.5);
$apns->tell('finish', 'informal 0');
ok all_answered(@n), 'answers that come in parts, and with 103 before';
is times_of(@n), join(' ', (1) x 6), '... are understood';

$apns->tell('answer * 410 Unregistered', 'long 8000');
my ($gone) = more(1);
ok all_answered($gone), 'an answer of 8000 bytes';
$apns->tell('forget', 'long 0');
ok wait_for(3, sub { $p->wish(acme => $gone, 'error') ne '' }), '... is judged by its status';

# The windows of streams are smaller than the bodies, and stay so for a while.

$apns->tell('window 7', 'closed 1');
@n = more(30);
ok !wait_for(0.4, sub { my %got = $apns->tokens('got'); $got{ $acme->token($n[0]) } }),
    'without credit no body is whole';
$apns->tell('window 65535', 'closed 0');
ok all_answered(@n), '... with it they are';

# SETTINGS that come late.

$apns->tell('late 1', 'goaway');
@n = more(10);
ok !wait_for(0.5, sub { my %got = $apns->tokens('answered'); $got{ $acme->token($n[0]) } }),
    'a server that says nothing at first';
$apns->tell('late 0');
ok all_answered(@n), '... and then does';

# Reset, and garbage.

for my $fault ('drop', 'garbage') {
    $apns->tell('hold');
    @n = more(10);
    got(got => 1 + $apns->log('got'), 0.5);
    $apns->tell($fault, 'release');
    ok $p->sent, "$fault: all are pushed again";
}

$p->verdict(again => 2);
ok $p->nginx->workers, 'the worker lives';

done_testing;
