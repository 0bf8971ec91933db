# The proxy and the name server that tests of pushes use: asked by programs that
# are not ours.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::DNS;
use MDM::Test::Proxy;

# A server behind the proxy, and nginx as who asks for names.

my $dns = MDM::Test::DNS->start('web.example' => [ '127.0.0.1' ]);
my $nginx = MDM::Test::Nginx->start(vars => { DNS => $dns->port }, conf => <<'CONF');
events {}
http {
    %%HTTP%%
    resolver 127.0.0.1:%%DNS%% ipv6=off;
    resolver_timeout 1s;
    server {
        listen 127.0.0.1:%%PORT%%;
        location = / { return 200 "here\n"; }
        location ~ ^/to/(.*)$ { proxy_pass http://$1:%%PORT%%/; }
    }
}
CONF
my $port = $nginx->port;

sub by_name { return MDM::Test::Client->new(port => $port)->get("/to/$_[0]")->{status} }

is by_name('web.example'), 200, 'a name has an address';
is by_name('other.example'), 502, '... another one does not exist';
is_deeply [ map { "$_->{name} $_->{type}" } $dns->asked ],
    [ 'web.example A', 'other.example A' ], '... and both were asked for';

$dns->names('dead.example' => [ '127.0.0.9' ], 'broken.example' => 'broken',
    'silent.example' => 'silent', 'two.example' => [ '127.0.0.9', '127.0.0.1' ]);

is by_name('two.example'), 200, 'one of two addresses';
is by_name('dead.example'), 502, 'an address where nobody is';
is by_name('broken.example'), 502, 'a server that fails';
my $began = Time::HiRes::time();
is by_name('silent.example'), 502, 'one that says nothing';
cmp_ok Time::HiRes::time() - $began, '>', 0.9, '... for a while';

# The proxy.

my $proxy = MDM::Test::Proxy->start(auth => 'joe:secret',
    map => { 'web.example:443' => "127.0.0.1:$port" });


sub tunnel {
    my ($target, $sent) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1:' . $proxy->port)
        or die "connect: $@";
    print {$socket} "CONNECT $target HTTP/1.1\r\nHost: $target\r\n",
        $sent ? "Proxy-Authorization: Basic $sent\r\n" : (), "\r\n";
    $socket->flush;

    my $line = <$socket> // 'closed';
    while (my $header = <$socket>) { last if $header eq "\r\n" }

    return ($socket, $line =~ /(\d{3}) / ? $1 : $line);
}

my $right = 'am9lOnNlY3JldA==';
my ($socket, $status) = tunnel('web.example:443', $right);

is $status, 200, 'a tunnel';
print {$socket} "GET / HTTP/1.0\r\n\r\n";
$socket->flush;
like do { local $/; <$socket> }, qr/200 OK.*here$/s, '... through which one gets';

is +(tunnel('web.example:443'))[1], 407, 'not without a password';
is +(tunnel('web.example:443', 'am9lOndyb25n'))[1], 407, '... nor with a wrong one';
is +(tunnel("127.0.0.9:$port", $right))[1], 502, '... nor to where nobody is';
is $proxy->tunnels, 1, '... and tunnels are counted';
is_deeply [ map { "$_->{target} $_->{status}" } ($proxy->got)[0, 1] ],
    [ 'web.example:443 200', 'web.example:443 407' ], '... and written down';

($socket, $status) = tunnel("127.0.0.1:$port", $right);
is $status, 200, 'a target that is gone to itself';
$proxy->cut;
is sysread($socket, my $rest, 1), 0, '... and is cut';

$proxy->become(answer => 503);
is +(tunnel('web.example:443', $right))[1], 503, 'what it is told to answer';
$proxy->become(answer => 'close');
is +(tunnel('web.example:443', $right))[1], 'closed', '... or not';
$proxy->become(answer => 'hang');
ok !eval { local $SIG{ALRM} = sub { die }; Time::HiRes::alarm(0.3);
    tunnel('web.example:443', $right); 1 }, '... or never';

done_testing;
