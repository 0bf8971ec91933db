# HTTP/2 that no decent client speaks, on every route, in frames made by hand:
# lengths that lie, header blocks in pieces, trailers, resets, floods, windows.
# A stream gets the status of the table or is reset, a connection that breaks the
# protocol is ended, all within a second; the next streams and connections are
# served.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::H2 qw(:all);
use MDM::Test::Plist qw(plist);
use MDM::Test::Routes qw(routes $report $smuggled);

with_sanitizers();

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 1;
thread_pool mdm threads=2;
events { worker_connections 512; }
http {
    %%HTTP%%
    log_format case '$remote_port $request_time $status';
    access_log %%DIR%%/case.log case;
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    client_max_body_size 4m;
    large_client_header_buffers 4 64k;

    server {
        listen 127.0.0.1:%%PORT%% http2;
        client_body_buffer_size 4m;
        location = /mdm { mdm connect; }
        location = /file { mdm connect; client_body_buffer_size 1k; client_body_in_file_only clean; }
        location /v1/ { mdm api; }
        location = /version { mdm api; }
        location = /metrics { mdm metrics; }
    }
    server {
        listen 127.0.0.1:%%PORT2%%;
        location = /mdm { mdm connect; }
    }
}
CONF

my $certificate = $ca->device('iphone');
my $device = MDM::Test::Device->new(certificate => $certificate, sign => 1,
    client => MDM::Test::Client->new(port => $nginx->port2));
is $device->enroll->{status}, 200, 'a device enrols';
$device->{client}->disconnect;

my @workers = $nginx->workers;
my @routes = routes(device => $device, token => $token);
my ($list) = grep { $_->{name} eq 'GET /v1/enrollments' } @routes;


# The fields of a request.  What is given replaces those of its name, undef leaves
# them out.

sub fields {
    my ($r, %o) = @_;

    my @all = (':method' => $r->{method}, ':scheme' => 'http', ':path' => $r->{path},
        ':authority' => 'localhost', @{ $r->{headers} });
    my @fields;

    while (my ($name, $value) = splice @all, 0, 2) {
        $value = delete $o{$name} if exists $o{$name};
        push @fields, $name, $value if defined $value;
    }

    return [ @fields, map { $_ => $o{$_} } sort keys %o ];
}

sub body { return $_[0]{body} // $smuggled }

sub request {
    my ($stream, $r, %o) = @_;

    my $body = delete $o{body} // $r->{body};

    return headers($stream, fields($r, %o), end => !defined $body)
        . (defined $body ? data($stream, $body) : '');
}

sub with_body {
    my ($r, $data, %o) = @_;

    return headers(1, fields($r, %o)) . $data;
}


# The cases: a name; the frames for a route, on stream 1; what is heard: G for the
# status of a good call, then of a poll and a call of the API on streams 3 and 5,
# unless the connection ends.  Those with "1" are tried on all operations.

my @cases = (
    [ 'as it should be' => sub { request(1, $_[0]) }, 'G go', 1 ],
    map({ my $method = $_; [ "by $method" => sub { $_[0]{allow}{$method} ? ()
            : request(1, $_[0], ':method' => $method, body => $smuggled) },
        $method eq '' ? 'end' : $method =~ /^[A-Z]+$/ ? '405 go' : '400 go', $method eq 'JUNK' ] }
        qw(GET HEAD PUT POST DELETE OPTIONS TRACE CONNECT JUNK put), 'X' x 2000, 'P T', ''),
    map({ my ($name, @type) = @$_; [ "with $name" => sub { $_[0]{kind} ne 'connect' ? ()
            : request(1, $_[0], 'content-type' => @type) }, '415 go' ] }
        [ 'no media type' => undef ], [ 'a wrong one' => 'text/xml' ],
        [ 'one of 20 KB' => 'x' x 20_000 ]),
    [ 'with two media types' => sub { headers(1, [ @{ fields($_[0]) }, 'content-type',
        'text/xml' ], end => !defined $_[0]{body}) . (defined $_[0]{body}
            ? data(1, $_[0]{body}) : '') }, 'G go' ],
    [ 'that says gzip' => sub { request(1, $_[0], 'content-encoding' => 'gzip') }, 'G go' ],
    [ 'that expects 100-continue' => sub { request(1, $_[0], expect => '100-continue') },
        'G go' ],

    # bodies
    [ 'with a length' => sub { with_body($_[0], data(1, body($_[0])),
        'content-length' => length body($_[0])) }, 'G go', 1 ],
    [ 'without one' => sub { with_body($_[0], data(1, body($_[0]))) }, 'G go', 1 ],
    [ 'a byte at a time' => sub { with_body($_[0], data(1, body($_[0]), size => 1)) }, 'G go' ],
    [ 'with an empty end' => sub { with_body($_[0], data(1, body($_[0]), open => 1)
        . data(1, '')) }, 'G go' ],
    [ 'with 500 empty frames' => sub { with_body($_[0], frame(DATA, 0, 1, '') x 500
        . data(1, body($_[0]))) }, 'G go' ],
    [ 'with padding' => sub { with_body($_[0], join '', map { frame(DATA, PADDED, 1,
        "\xff$_" . "\0" x 255) } unpack('(a100)*', body($_[0]))) . data(1, '') }, 'G go' ],
    [ 'with a length too large' => sub { with_body($_[0], data(1, body($_[0])),
        'content-length' => 5 + length body($_[0])) }, { metrics => 'G go', any => '400 go' }, 1 ],
    [ 'with a length too small' => sub { with_body($_[0], data(1, body($_[0])),
        'content-length' => 5) }, { metrics => 'G go', any => '400 go' }, 1 ],
    [ 'with a length and no body' => sub { headers(1, fields($_[0], 'content-length' => 5),
        end => 1) }, '400 go' ],
    map({ my $length = $_; [ "with a length of $length" => sub { with_body($_[0],
        data(1, body($_[0])), 'content-length' => $length) }, '400 go' ] }
        -1, '', '0x10', '5, 5', '9' x 30),
    [ 'with two lengths' => sub { headers(1, [ @{ fields($_[0]) },
        ('content-length' => length body($_[0])) x 2 ]) . data(1, body($_[0])) }, '400 go' ],
    [ 'with exabytes' => sub { with_body($_[0], data(1, body($_[0])),
        'content-length' => '9223372036854775807') }, '413 go' ],

    # headers
    [ 'with its headers in bytes' => sub { headers(1, fields($_[0]), size => 1,
        end => !defined $_[0]{body}) . (defined $_[0]{body} ? data(1, $_[0]{body}) : '') },
        'G go', 1 ],
    [ 'with 200 headers' => sub { request(1, $_[0], map { ("x-$_" => $_) } 1 .. 200) }, 'G go' ],
    [ 'with a header of 50 KB' => sub { request(1, $_[0], x => 'y' x 50_000) }, 'G go' ],
    [ 'with one of 70 KB' => sub { request(1, $_[0], x => 'y' x 70_000) }, 'end' ],
    [ 'with 400 KB of headers' => sub { request(1, $_[0], map { ("x-$_" => 'y' x 4000) }
        1 .. 100) }, 'end' ],
    [ 'with 15 MB of headers unpacked from 8 KB' => sub { my ($r) = @_;
        headers(1, block(@{ fields($r) }) . "\x40\x01x" . MDM::Test::H2::sized('y' x 3000)
            . "\xbe" x 5000, end => 1) }, 'end' ],
    [ 'with upper case' => sub { request(1, $_[0], 'X-Up' => 1) }, 'reset1 go' ],
    [ 'with a NUL' => sub { request(1, $_[0], x => "a\0b") }, 'reset1 go' ],
    [ 'with line feeds' => sub { request(1, $_[0], x => "a\r\nb: c") }, 'reset1 go' ],
    [ 'with a name of junk' => sub { request(1, $_[0], "x y\r\n" => 1) }, 'reset1 go' ],
    [ 'with an empty name' => sub { request(1, $_[0], '' => 1) }, 'end' ],
    [ 'with an unknown pseudo header' => sub { request(1, $_[0], ':x' => 1) }, '400 go' ],
    [ 'with connection headers' => sub { request(1, $_[0], connection => 'close',
        'transfer-encoding' => 'chunked', upgrade => 'h2c') }, 'G go' ],
    [ 'with another host' => sub { request(1, $_[0], host => 'other') }, '400 go' ],
    map({ my $name = $_; [ "without $name" => sub { request(1, $_[0], $name => undef) },
        '400 go' ] } ':method', ':path', ':scheme', ':authority'),
    map({ my $name = $_; [ "with two of $name" => sub { headers(1, [ @{ fields($_[0]) }, $name,
        { @{ fields($_[0]) } }->{$name} ], end => 1) }, '400 go' ] } ':method', ':path', ':scheme'),
    [ 'with no path' => sub { request(1, $_[0], ':path' => '') }, 'end' ],
    [ 'with a NUL in its path' => sub { request(1, $_[0], ':path' => "$_[0]{path}\0") },
        'reset1 go' ],
    map({ my ($name, $sub) = @$_; [ "with $name" => sub { request(1, $_[0],
        ':path' => $sub->($_[0]{path})) }, '400 go' ] }
        [ 'an escaped NUL' => sub { "$_[0]%00" } ], [ 'percent junk' => sub { "$_[0]%zz" } ],
        [ 'a path that leaves the root' => sub { "/..$_[0]" } ], [ 'no slash' => sub { 'x' } ]),

    # streams that are left, and what breaks the protocol
    [ 'that is reset in its head' => sub { headers(1, fields($_[0])) . frame(RST_STREAM, 0, 1,
        pack 'N', 8) }, 'gone go', 1 ],
    [ 'that is reset in its body' => sub { with_body($_[0], data(1, substr(body($_[0]), 0, 20),
        open => 1)) . frame(RST_STREAM, 0, 1, pack 'N', 8) }, 'gone go' ],
    [ 'that is reset when whole' => sub { request(1, $_[0]) . frame(RST_STREAM, 0, 1,
        pack 'N', 8) }, 'gone go', 1 ],
    [ 'with trailers' => sub { with_body($_[0], data(1, body($_[0]), open => 1))
        . headers(1, [ x => 1 ], end => 1) }, 'end' ],
    [ 'within a header block' => sub { frame(HEADERS, 0, 1, block(@{ fields($_[0]) }))
        . request(3, $_[0]) }, 'end', 1 ],
    [ 'with frames among its headers' => sub { frame(HEADERS, 0, 1, block(@{ fields($_[0]) }))
        . frame(PING, 0, 0, 'x' x 8) }, 'end' ],
    [ 'behind headers that are no code' => sub { frame(HEADERS, 4, 1, "\xff" x 100)
        . request(3, $_[0]) }, 'end' ],
    [ 'on stream 0' => sub { request(0, $_[0]) }, 'end' ],
    [ 'on stream 2' => sub { request(2, $_[0]) }, 'end' ],
    [ 'twice on one stream' => sub { request(1, $_[0]) x 2 }, 'end' ],
    [ 'in a frame too large' => sub { headers(1, fields($_[0], x => 'y' x 20_000),
        size => 50_000, end => !defined $_[0]{body}) . (defined $_[0]{body}
            ? data(1, $_[0]{body}) : '') }, 'G go' ],
    [ 'behind a window of 2^31' => sub { frame(WINDOW_UPDATE, 0, 0, pack 'N', 0x7fffffff)
        . request(1, $_[0]) }, 'end' ],
    [ 'behind a window of nothing' => sub { frame(WINDOW_UPDATE, 0, 0, pack 'N', 0)
        . request(1, $_[0]) }, 'end' ],
    [ 'behind data of no stream' => sub { data(1, 'x', open => 1) . request(1, $_[0]) }, 'G go' ],
    [ 'behind a promise' => sub { frame(PUSH_PROMISE, 4, 1, pack('N', 2) . block(x => 1))
        . request(1, $_[0]) }, 'end' ],
    [ 'behind unknown frames' => sub { frame(77, 255, 1, 'x' x 100) x 20 . request(1, $_[0]) },
        'G go' ],
    [ 'behind 2000 pings' => sub { frame(PING, 0, 0, 'x' x 8) x 2000 . request(1, $_[0]) },
        'G go' ],
    [ 'behind 2000 settings' => sub { frame(SETTINGS, 0, 0, '') x 2000 . request(1, $_[0]) },
        'G go' ],
);

my $probes = request(3, $routes[1]) . request(5, $list);
my ($cases, %case_of) = (0);


sub served {
    my $h2 = MDM::Test::H2->new($nginx->port);

    $h2->send($probes);
    my $heard = $h2->hear([ 3, 5 ]);
    $h2->close;

    return $heard;
}


# One case on one route: nothing, or what was not heard as it should be.

sub try_case {
    my ($r, $name, $frames, $wanted) = @_;

    $wanted = $wanted->{ $r->{kind} } // $wanted->{any} if ref $wanted;
    my $sent = $frames->($r) // return;
    my $ends = $wanted eq 'end';
    my $gone = $wanted =~ s/^gone //;
    my $h2 = MDM::Test::H2->new($nginx->port);

    $cases++;
    $case_of{ $h2->here } = [ $r, $name, $frames, $_[3] ];
    $wanted =~ s/^G/$r->{good}/;
    $wanted =~ s/go\z/200 200/;
    $h2->send($sent . ($ends ? '' : $probes));
    my $got = $h2->hear([ $gone ? () : 1, 3, 5 ], begun => $r->{kind} eq 'stream');
    $h2->close;

    return $got eq $wanted ? () : "$r->{name} $name: $got, not $wanted" if !$ends;

    my $served = served();
    return $got =~ /goaway\d+ closed\z/ && $served eq '200 200' ? ()
        : "$r->{name} $name: $got, then $served, not the end";
}


# What a good call of each route hears, now that it was made before; and what one
# takes away stays for the next.

$pg->psql(q{CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER keep BEFORE DELETE ON mdm.signing_certificate FOR EACH ROW
        EXECUTE FUNCTION public.keep()});

for my $r (@routes, @routes) {
    my $h2 = MDM::Test::H2->new($nginx->port);

    $h2->send(request(1, $r));
    $r->{good} = $h2->hear([ 1 ], begun => 1);
    $h2->close;
}

is join(' ', map { $_->{good} } @routes[0 .. 3]), '200 200 200 200',
    'devices and metrics are served by HTTP/2';

for my $case (@cases) {
    my @faults = map { try_case($_, @$case[0 .. 2]) } grep { $_->{full} || $case->[3] } @routes;

    is join("\n", @faults), '', 'any request ' . substr $case->[0], 0, 60;
}

# Many streams on one connection: good and bad, their frames in any order.

sub many {
    my ($n, $each) = @_;

    my $h2 = MDM::Test::H2->new($nginx->port);
    my @streams = map { 2 * $_ - 1 } 1 .. $n;

    $h2->send(join '', map { $each->($_) } @streams);

    return ($h2, \@streams);
}

my ($h2, $streams) = many(128, sub { request($_[0], $routes[1]) });
is $h2->hear($streams), join(' ', (200) x 128), '128 polls on one connection are answered';
$h2->close;

srand 146;

my @kinds = ([ $routes[0], 200 ], [ $routes[1], 200 ], [ $list, 200 ], [ $routes[3], 200 ],
    [ $routes[0], 405, ':method' => 'POST' ], [ $routes[1], 415, 'content-type' => 'x' ],
    [ $routes[1], 400, body => 'rubbish' ], [ $list, 405, ':method' => 'JUNK' ],
    [ $routes[2], 400, 'content-length' => 5 ], [ $list, 404, ':path' => '/v1/x' ]);
my %kind;

($h2, $streams) = many(100, sub {
    my ($r, $status, %o) = @{ $kind{ $_[0] } = $kinds[ rand @kinds ] };
    my $body = delete $o{body} // body($r);
    $kind{"$_[0] data"} = [ map { frame(DATA, 0, $_[0], $_) } unpack '(a50)*', $body ];
    return headers($_[0], fields($r, %o));
});
my @left = @$streams;
while (@left) {
    my $i = int rand @left;
    my $stream = $left[$i];
    my $next = shift @{ $kind{"$stream data"} };
    $h2->send($next // data($stream, ''));
    splice @left, $i, 1 if !defined $next;
}
is $h2->hear($streams), join(' ', map { $kind{$_}[1] } @$streams),
    '100 good and bad ones in pieces of 50 bytes are told apart';
$h2->close;

# More than the server takes; each is answered, or refused so that it may be repeated,
# until nginx has enough of it.

($h2, $streams) = many(200, sub { request($_[0], $routes[1]) });
my $heard = $h2->hear($streams);
like $heard, qr/\A200(?: 200| reset7){199}\z/, '200 polls at once are answered or refused';
cmp_ok scalar(() = $heard =~ /200/g), '>=', 128, '... 128 at least answered';
$h2->close;
($h2, $streams) = many(1000, sub { request($_[0], $routes[1]) });
like $h2->hear($streams), qr/ closed\z/, '1000 at once are too many';
$h2->close;
is served(), '200 200', '... and the others are served';

# Who begins and resets, for ever.

for my $r (@routes[0, 1, 3], $list, grep { $_->{kind} eq 'stream' } @routes) {
    ($h2) = many(1000, sub { request($_[0], $r) . frame(RST_STREAM, 0, $_[0], pack 'N', 8) });
    $h2->hear([ 1 ], seconds => 0.1);
    is served(), '200 200', "1000 requests that are reset at once hurt nobody: $r->{name}";
    $h2->close;
}

# Who takes no answer, and who sends more than there is room for.

my @stingy = map { MDM::Test::H2->new($nginx->port, settings => pack 'nN', 4, 0) } 1 .. 20;
$_->send(request(1, $routes[3]) . request(3, $list)) for @stingy;
is join(' ', map { $_->hear([ 1, 3 ], begun => 1) } @stingy), join(' ', (200) x 40),
    'who gives no window gets the head of his answers';
is served(), '200 200', '... and the others theirs';
$_->close for @stingy;

$h2 = MDM::Test::H2->new($nginx->port);
$h2->send(headers(1, fields($routes[1])) . data(1, 'x' x 3_000_000));
like $h2->hear([ 1 ]), qr/\A(?:400|reset3|- goaway3)/, 'who passes the window is refused';
$h2->close;
is served(), '200 200', '... and the others are served';

# Streams of events, among others, and left.

my ($events) = grep { $_->{kind} eq 'stream' } @routes;

for (1 .. 3) {
    ($h2, $streams) = many(60, sub { request($_[0], $events) });
    is $h2->hear($streams, begun => 1), join(' ', (200) x 60), '60 streams of events begin';
    $h2->send(request(121, $routes[1]) . request(123, $list));
    is $h2->hear([ 121, 123 ]), '200 200', '... a poll and a call go between them';
    $h2->send(map { frame(RST_STREAM, 0, $_, pack 'N', 8) } @$streams) if $_ < 3;
    $h2->send(request(125, $routes[1]));
    is $h2->hear([ 125 ]), '200', '... and behind them';
    $h2->close;
}

# Halves.

for my $r (grep { $_->{full} } @routes) {
    my $text = with_body($r, data(1, body($r)));

    for my $part (0.01, 0.3, 0.9) {
        $h2 = MDM::Test::H2->new($nginx->port);
        $h2->send(substr $text, 0, $part * length $text);
        $h2->close;
    }
}
is served(), '200 200', 'connections that end within a request hurt nobody';

for my $bytes ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n" . "\0" x 99,
    "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "\xff" x 500, PREFACE . "\xff" x 500)
{
    my $wire = MDM::Test::Wire->new($nginx->port);
    $wire->send($bytes);
    $wire->end;
    like $wire->hear(1), qr/closed\z/, 'a connection that is no HTTP/2 is ended';
}

# What is left of it all.

is served(), '200 200', 'in the end all are served';
is join(' ', $nginx->workers), "@workers", '... by the same worker';
ok $nginx->access_log !~ m{"GET /smuggled}, 'nothing of a body was taken for a request';
is join("\n", grep { /\[(?:crit|alert|emerg)\]/ } split /\n/, $nginx->error_log), '',
    'the error log has nothing serious';
is join(' ', glob $nginx->dir . '/client_body/*'), '', 'no temporary file is left';
ok wait_for(5, sub { $nginx->connections == 0 }), 'no connection is left'
    or diag $nginx->connections;
cmp_ok $nginx->peak, '<', 128, 'the worker never had 128 MB';

my @late = $nginx->late_again('case.log', sub {
    try_case(@$_) for grep { defined } @case_of{@_};
    served();
});
is join("\n", map { "$_->[0]{name} $_->[1]" } grep { defined } @case_of{@late}), '',
    'no answer took a second';

note "$cases cases";
done_testing;
