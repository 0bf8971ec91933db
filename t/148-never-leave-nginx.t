# Whatever nginx is configured to say where devices come, or around it, a device
# is not told to leave, not told that its message was taken, and not sent
# elsewhere: over HTTP with a signature, over TLS with a certificate, and over
# HTTP/2.  Each row is a server of its own; what is mended is counted and logged.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use List::Util ();
use Test::More;
use MDM::Test;
use MDM::Test::Metrics;
use MDM::Test::Plist qw(plist);

with_sanitizers();

my $report = 'application/x-apple-aspen-mdm';
my $code = '{"code":"com.apple.unrecognized.device"}';
my $away = 'https://elsewhere.example.com/';
my $denied = 'deny all; error_page 403';
my $small = 'client_max_body_size 10; error_page 413';
my $route = 'location = /mdm { mdm connect; }';

# [ what, what is heard, the status mended or undef, where it is written ]:
# in => the device location, at => the server beside it, all => the server as a
# whole.  path and header are the request's.  "foreign" is another MDM's word.
my @rows = (
    [ 'nothing', '200', undef ],
    (map { [ "return $_", '503 retry', $_, in => "return $_;" ] } 401, 404, 410, 200, 204),
    (map { [ "return $_", '503 retry', 'other', in => "return $_ $away;" ] }
        301, 302, 303, 307, 308),
    (map { [ "a code in a $_", $_, undef, in => "return $_ '$code';" ] } 403, 400),
    [ 'return 444', '0', undef, in => 'return 444;' ],
    [ 'a redirect', '503 retry', 'other', in => "rewrite ^ $away redirect;" ],
    [ 'a permanent redirect', '503 retry', 'other', in => "rewrite ^ $away permanent;" ],
    [ 'rewrite to a page', '503 retry', 200, in => 'rewrite ^ /page last;' ],
    [ 'rewrite to no file', '405', undef, in => 'rewrite ^ /nothing last;' ],
    [ 'rewrite and stay', '200', undef, in => 'rewrite ^ /page break;' ],
    [ 'if and return', '503 retry', 401, in => 'if ($request_method = PUT) { return 401; }' ],
    [ 'if without', '200', undef, in => 'if ($request_method = PUT) { set $a 1; }' ],
    (map { [ "try_files =$_", '503 retry', $_, in => "try_files /no =$_;" ] } 401, 404, 410),
    [ 'try_files with a page', '503 retry', 200, in => 'try_files /no /page;' ],
    [ 'try_files with a name', '503 retry', 410, in => 'try_files /no @gone;' ],
    [ 'deny', '403', undef, in => 'deny all;' ],
    [ 'satisfy any', '403', undef, in => 'satisfy any; deny all;' ],
    (map { [ "deny, =$_", '503 retry', $_, in => "$denied =$_ /page;" ] } 401, 404, 410, 200),
    [ 'deny, a name', '503 retry', 410, in => "$denied = \@gone;" ],
    [ 'deny, a code', '403', undef, in => "$denied /coded;" ],
    [ 'deny, a file', '403', undef, in => "$denied /coded.json;" ],
    [ 'deny, away', '503 retry', 'other', in => "$denied $away;" ],
    [ 'deny, a refresh', '503 retry', 200, in => "msie_refresh on; $denied $away;",
        header => { 'User-Agent' => 'Mozilla/4.0 (compatible; MSIE 8.0)' } ],
    [ 'deny, a password', '503 retry', 401, in => "$denied = /people;" ],
    [ 'deny, auth_request', '503 retry', 401, in => "$denied = /asked;" ],
    [ 'deny, twice', '503 retry', 410, in => "recursive_error_pages on; $denied = /again;" ],
    [ 'deny, a circle', '503 retry', 500, in => "recursive_error_pages on; $denied = /circle;" ],
    [ 'deny, the route', '503 retry', 404, in => 'return 404; error_page 404 /mdm;' ],
    (map { [ "deny, a proxy's $_", '503 retry', $_, in => "$denied = /proxy/$_;" ] }
        401, 404, 410, 200),
    [ 'deny, a proxy\'s code', '403', undef, in => "$denied = /proxy/coded;" ],
    [ 'deny, a dead proxy', '503 retry', 'other', in => "$denied = /dead;" ],
    [ 'error_page of http', '503 retry', 401, in => 'return 402;' ],
    [ 'error_page of the server', '503 retry', 410, at => 'error_page 403 =410 /page;',
        in => 'deny all;' ],
    (map { [ "limit_req $_", '503 retry', $_, prime => 1,
        in => "limit_req zone=rate; limit_req_status $_;" ] } 401, 404, 410),
    [ 'limit_req 429', '429', undef, prime => 1,
        in => 'limit_req zone=rate; limit_req_status 429;' ],
    [ 'limit_req', '503 retry', undef, prime => 1, in => 'limit_req zone=rate;' ],
    [ 'limit_conn 410', '503 retry', 410, hold => 1,
        in => 'limit_conn one 1; limit_conn_status 410;' ],
    [ 'limit_except', '403', undef, in => 'limit_except GET { deny all; }' ],
    [ 'limit_except PUT', '200', undef, in => 'limit_except PUT { deny all; }' ],
    [ 'internal', '503 retry', 404, in => 'internal;' ],
    [ 'a small limit', '413', undef, in => 'client_max_body_size 10;' ],
    (map { [ "a small limit, =$_", '503 retry', $_, in => "$small =$_ /page;" ] }
        401, 404, 410, 200),
    [ 'a small limit, away', '503 retry', 'other', in => "$small $away;" ],
    [ 'valid_referers', '503 retry', 404, header => { Referer => 'http://a.example.com' },
        in => 'valid_referers none b.example.com; if ($invalid_referer) { return 404; }' ],
    [ 'secure_link', '503 retry', 410, in => 'secure_link $arg_md5,$arg_e;
        secure_link_md5 x; if ($secure_link = "") { return 410; }' ],
    [ 'add_header', '200', undef, in => 'add_header WWW-Authenticate Basic always;' ],
    [ 'add_header to a 503', '503 retry', undef, in => 'add_header Retry-After 0 always;
        add_header WWW-Authenticate Basic always; mdm_tenant nobody;' ],
    [ 'error_page of the engine\'s', '503 retry', undef,
        in => 'mdm_tenant nobody; error_page 503 =401 /page;' ],
    [ 'mirror', '200', undef, in => 'mirror /proxy/401;' ],
    [ 'files', '200', undef, in => 'root %%DIR%%; index i; autoindex on; dav_methods PUT;' ],
    [ 'filters', '200', undef, in => 'gzip on; gzip_types *; sub_filter_types *;
        sub_filter a b; add_after_body /people; addition_types *; ssi on;' ],
    (map { [ $_->[0], '200', undef, header => { @$_ } ] } [ 'If-Match', '"x"' ],
        [ 'If-None-Match', '*' ], [ 'Range', 'bytes=0-0' ],
        [ 'If-Unmodified-Since', 'Thu, 01 Jan 1970 00:00:00 GMT' ]),

    # Around the device location.
    (map { [ "return $_ of the server", '503 retry', $_, at => "return $_;" ] }
        401, 404, 410, 200),
    [ 'rewrite of the server', '503 retry', 200, at => 'rewrite ^ /page last;' ],
    [ 'a redirect of the server', '307 away page', undef, at => "return 307 $away;" ],
    [ 'another path', '405 page', undef, path => '/lost' ],
    [ 'another path, 404', '503 retry', 404, path => '/lost',
        at => 'location /lost { return 404; }' ],
    [ 'another path, =200', '503 retry', 200, path => '/lost', at => 'error_page 405 =200 /page;' ],
    [ 'another path, away', '302 away page', undef, path => '/lost', at => "error_page 405 $away;" ],
    [ 'another path, a site', '503 retry', 200, path => '/lost',
        at => 'location / { try_files $uri /page; }' ],
    [ 'another path, files', '503 retry', 204, path => '/put/x',
        at => 'location /put/ { root %%DIR%%; dav_methods PUT; }' ],
    [ 'another path, a password', '503 retry', 401, path => '/mdm/x',
        at => 'location /mdm/ { auth_basic a; auth_basic_user_file /none; }' ],
    [ 'another path, a code', '403', undef, path => '/x',
        at => "location /x { return 403 '$code'; }" ],
    [ 'a redirect of its own', '308 away page', undef, path => '/old',
        at => "location /old { return 308 $away; }" ],
    [ 'the path of the API', '503 retry', 401, path => '/v1/enqueue/x',
        at => 'location /v1/ { mdm api; }' ],
    (map { [ "another MDM, $_", '503 retry', $_, path => "/proxy/$_" ] } 401, 404, 410),
    [ 'another MDM', '200 <yes>', undef, path => '/proxy/200' ],
    [ 'a path below', '200', undef, path => '/mdm/x/y', all => 'location /mdm { mdm connect; }' ],
    [ 'a regular expression', '200', undef, path => '/a/mdm',
        all => 'location ~ /mdm$ { mdm connect; }' ],
    [ 'two slashes', '200', undef, path => '//mdm' ],

    # Servers without devices, where a wrong server_name leads them.
    (map { [ "astray, $_", '503 retry', $_, all => "return $_;" ] } 401, 404, 410),
    [ 'astray, a password', '503 retry', 401, all => 'auth_basic a; auth_basic_user_file /none;' ],
    [ 'astray, another MDM', '401 challenge page', undef, path => '/proxy/401', all => '' ],
);

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $ca = MDM::Test::PKI->ca('Device CA');
my $tls_ca = MDM::Test::PKI->ca('Server CA');
my $server = $tls_ca->server;

$pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $common = <<"CONF";
        location = /page { return 200 "a page"; }
        location = /coded { return 200 '$code'; }
        location = /coded.json { root %%DIR%%; }
        location = /people { auth_basic a; auth_basic_user_file /none; }
        location = /asked { auth_request /proxy/401; }
        location = /again { deny all; recursive_error_pages on; error_page 403 = \@gone; }
        location = /circle { deny all; recursive_error_pages on; error_page 403 = /circle; }
        location \@gone { return 410; }
        location /proxy/ { proxy_pass http://127.0.0.1:%%PROXIED%%; }
        location = /dead { proxy_pass http://127.0.0.1:1; }
CONF

my $servers = '';

for my $n (0 .. $#rows) {
    my %how = @{ $rows[$n] }[3 .. $#{ $rows[$n] }];
    my $own = $how{all} // ($how{at} // '') . "location = /mdm { mdm connect; "
        . ($how{in} // '') . '}';

    $servers .= "    server {\n        server_name s$n.example.com;\n        " . "$own\n        listen 127.0.0.1:%%PORT%%;\n        "
        . "listen 127.0.0.1:%%TLS_PORT%% ssl http2;\n$common    }\n";
}

# What a proxy has behind it: another nginx, which knows no devices.

my $proxied = MDM::Test::Nginx->start(conf => <<"CONF");
events {}
http {
    %%HTTP%%
    default_type application/json;
    server {
        listen 127.0.0.1:%%PORT%%;
        location / { return 200 yes; }
        location = /proxy/401 { auth_basic a; auth_basic_user_file /none; }
        location = /proxy/404 { return 404; }
        location = /proxy/410 { return 410; }
        location = /proxy/coded { return 403 '$code'; }
    }
}
CONF

my $refused = 'error_page 400 405 408 413 414 421 494 496 497 501 505 =401 /page;
        location = /page { return 200 "a page"; }';
my $nginx = MDM::Test::Nginx->start(pg => $pg,
    vars => { CERT => $server->{cert}, KEY => $server->{key},
        PROXIED => $proxied->port }, conf => <<"CONF");
load_module %%MODULE%%;
worker_processes 1;
events { worker_connections 512; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant acme;
    ssl_certificate %%CERT%%;
    ssl_certificate_key %%KEY%%;
    ssl_verify_client optional_no_ca;
    default_type application/json;
    server_names_hash_max_size 1024;
    limit_req_zone \$server_name zone=rate:1m rate=1r/m;
    limit_conn_zone \$server_name zone=one:1m;
    error_page 402 =401 /page;
    keepalive_requests 10000;

    server {
        listen 127.0.0.1:%%PORT%% default_server;
        listen 127.0.0.1:%%TLS_PORT%% ssl http2 default_server;
        server_name localhost;
        large_client_header_buffers 4 16k;
        $refused
        $route
        location = /metrics { mdm metrics; }
    }
    server {
        listen 127.0.0.1:%%TLS_PORT%% ssl http2;
        server_name demanded.example.com;
        ssl_verify_client on;
        ssl_client_certificate %%CERT%%;
        $refused
        $route
    }
    server {
        listen 127.0.0.1:%%PORT2%%;
        $refused
        location = /people { auth_basic a; auth_basic_user_file /none; }
    }
$servers
    server {
        listen 127.0.0.1:%%PORT%%;
        server_name each.example.com;
        $refused
        ${\ join "\n", map { "location = /$_ { mdm connect; return $_ '$code'; }" } 400 .. 599 }
    }
}
CONF

spew($nginx->dir . '/coded.json', $code);
mkdir $nginx->dir . '/put' and chmod 0777, $nginx->dir . '/put' or die;
spew($nginx->dir . '/put/x', '');
chmod 0666, $nginx->dir . '/put/x' or die;

my $plain = MDM::Test::Client->new(port => $nginx->port);
my $tls = MDM::Test::Client->new(port => $nginx->tls_port, ca => $tls_ca,
    certificate => $ca->device('iphone'));
my $device = MDM::Test::Device->new(client => $tls, certificate => $tls->{certificate});

is $device->enroll->{status}, 200, 'a device enrols';

my $idle = plist({ Status => 'Idle', %{ $device->{id} } });
my %message = ('Content-Type' => $report, 'Mdm-Signature' => $tls->{certificate}->sign($idle));


# An answer in a few words: all that a device could take for an order.

sub heard {
    my ($answer) = @_;

    my ($status, $header, $body) = @$answer{qw(status headers body)};

    return join ' ', $status,
        (defined $header->{'retry-after'}
            ? $header->{'retry-after'} =~ /^[1-5]\d$/ ? 'retry' : 'badly' : ()),
        ($header->{location} ? 'away' : ()),
        ($header->{'www-authenticate'} ? 'challenge' : ()),
        ($body =~ /^<html>/ ? 'page' : length $body ? "<$body>" : ());
}


# What the request of a row has.

sub request {
    my ($n) = @_;

    my (undef, undef, undef, %how) = @{ $rows[$n] };

    return (%how, host => "s$n.example.com", path => $how{path} // '/mdm',
        header => { %message, %{ $how{header} // {} } });
}


sub ask {
    my ($client, $n) = @_;

    my %request = request($n);

    return $client->with(host => $request{host})
        ->request(PUT => $request{path}, $idle, %{ $request{header} });
}


sub mended {
    my $metrics = MDM::Test::Metrics->scrape($plain);

    return map { $_ => $metrics->value('guarded_total', status => $_) }
        qw(200 201 204 401 404 410 500 other);
}


my $logged = 0;

sub lines {
    my $would = join '|', 'take it as an order', 'believe that its message was taken',
        'follow it elsewhere', 'not be told when to come again';
    my @lines = $nginx->error_log
        =~ /mdm: nginx was about to answer (\d+) to a device, which would (?:$would): it hears 503;/g;
    my @new = splice @lines, $logged;

    $logged += @new;
    return @new;
}


# One request: what it hears, how it is counted and logged; then the good device.

sub hears {
    my ($name, $expected, $mended, $ask) = @_;

    my %before = mended();
    my $answer = $ask->();
    my %after = mended();
    my @lines = lines();

    is heard($answer), $expected, "$name: $expected";
    is join(' ', map { "$_ " . ($after{$_} - $before{$_}) }
        grep { $after{$_} != $before{$_} } sort keys %after),
        defined $mended ? "$mended 1" : '', '... counted as it should be';
    is scalar @lines, defined $mended ? 1 : 0, '... and logged';
    is $device->idle->{status}, 200, '... and a good device goes on';
}


my @held;

for my $n (0 .. $#rows) {
    my %request = request($n);

    ask($plain, $n) if $request{prime};
    next if !$request{hold};

    push @held, $plain->with(host => $request{host});
    $held[-1]->write($held[-1]->request_text(PUT => '/mdm', 'x', %message,
        'Content-Length' => 100));
}

for my $client ($plain, $tls) {
    for my $n (0 .. $#rows) {
        hears(($client == $tls ? 'TLS' : 'HTTP') . ", $rows[$n][0]", @{ $rows[$n] }[1, 2],
            sub { ask($client, $n) });
    }
}


# All of it over HTTP/2, by one curl.

my (@curl, %sum);
my $put = spew(test_dir() . '/idle', $idle);
my $port = $nginx->tls_port;

for my $n (0 .. $#rows) {
    my %request = request($n);
    my %header = %{ $request{header} };
    delete $header{'Mdm-Signature'};

    push @curl, join "\n", "url = \"https://$request{host}:$port$request{path}\"",
        "upload-file = \"$put\"", "output = \"$put.$n\"", "dump-header = \"$put.$n.h\"",
        "connect-to = \"::127.0.0.1:$port\"", "cacert = \"$tls_ca->{cert}\"", 'http2',
        "cert = \"$tls->{certificate}{cert}\"", "key = \"$tls->{certificate}{key}\"",
        'path-as-is', 'silent', 'max-time = 20',
        map { my $v = $header{$_} =~ s/"/\\"/gr; "header = \"$_: $v\"" } sort keys %header;
    $sum{ $rows[$n][2] }++ if defined $rows[$n][2];
}

my %before = mended();
lines();
run_command('curl', '-K', spew("$put.conf", join "\nnext\n", @curl));

for my $n (0 .. $#rows) {
    my $head = -e "$put.$n.h" ? slurp("$put.$n.h") : '';
    my %header = map { /^([\w-]+): (.*?)\r?$/ ? (lc $1 => $2) : () } split /\n/, $head;
    my ($status) = $head =~ m{^HTTP/2 (\d+)};

    is heard({ status => $status // 0, headers => \%header,
        body => -e "$put.$n" ? slurp("$put.$n") : '' }),
        $rows[$n][1], "HTTP/2, $rows[$n][0]: $rows[$n][1]";
}
my %after = mended();
is_deeply { map { $_ => $after{$_} - $before{$_} } grep { $after{$_} != $before{$_} }
    keys %after }, \%sum, '... counted as they should be';
is scalar(lines()), List::Util::sum(values %sum), '... and logged';
is $device->idle->{status}, 200, '... and a good device goes on';
$_->disconnect for @held;


# Every status that nginx knows.

for my $status (400 .. 431, 451, 494 .. 498, 500 .. 511) {
    my $order = grep { $_ == $status } 401, 404, 410, 500, 502, 504;
    my $heard = $order || $status == 503 ? '503 retry' : $status;
    my $answer = $plain->with(host => 'each.example.com')
        ->put("/$status", $report, $idle, %message);

    is heard($answer), $heard, "return $status: $heard";
}
lines();


# What nginx refuses before it has found a location, with error_page =401: on a
# server with devices and on one without.

my $head = "PUT /mdm HTTP/1.1\r\nHost: localhost\r\nContent-Type: $report\r\n";
my %raw = (
    'a bad line'          => "PUT\r\n\r\n",
    'a bad version'       => "PUT /mdm HTTP/9.9\r\n\r\n",
    'a bad method'        => "PU\x01T /mdm HTTP/1.1\r\n\r\n",
    'a long path'         => 'PUT /' . 'x' x 40_000 . " HTTP/1.1\r\n\r\n",
    'a bad header'        => "PUT /mdm HTTP/1.1\r\nHost: localhost\r\nA\x00: b\r\n\r\n",
    'a long header'       => "PUT /mdm HTTP/1.1\r\nHost: localhost\r\nMdm-Signature: "
        . 'x' x 40_000 . "\r\n\r\n",
    'two hosts'           => "${head}Host: a\r\n\r\n",
    'no host'             => "PUT /mdm HTTP/1.1\r\nContent-Type: $report\r\n\r\n",
    'a bad length'        => "${head}Content-Length: x\r\n\r\n",
    'an unknown encoding' => "${head}Transfer-Encoding: foo\r\n\r\n",
    'TRACE'               => "TRACE /mdm HTTP/1.1\r\nHost: localhost\r\n"
        . "Content-Type: $report\r\n\r\n",
);

for my $to ($plain, $plain->with(port => $nginx->port2)) {
    for my $name (sort keys %raw) {
        hears($name, '503 retry', 401, sub {
            my $client = $to->with;
            $client->write($raw{$name});
            return $client->read_answer // { status => 0, headers => {}, body => '' };
        });
    }
}
hears('HTTP to HTTPS', '503 retry', 401,
    sub { $plain->with(port => $nginx->tls_port)->put('/mdm', $report, $idle) });
hears('another host than in TLS', '503 retry', 401,
    sub { $tls->with->put('/mdm', $report, $idle, Host => 's1.example.com') });
hears('no certificate where one is demanded', '503 retry', 401,
    sub { $tls->with(host => 'demanded.example.com', certificate => undef)
        ->put('/mdm', $report, $idle) });

is heard($plain->with(host => 's0.example.com')->get('/lost')), '404 page',
    'a browser hears 404 as ever';
is heard($plain->with(port => $nginx->port2)->get('/people')), '401 challenge page',
    '... and 401';

done_testing;
