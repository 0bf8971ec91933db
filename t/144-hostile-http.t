# HTTP/1 that no decent client speaks, on every route: methods, media types,
# lengths, chunks, expectations, pipelines, versions, targets, headers.  Each
# case gets the status of the table, or nginx's own refusal, within a second;
# what is a body is never taken for a request; the next request is served.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Plist qw(plist);
use MDM::Test::Routes qw(routes $report $smuggled);
use MDM::Test::Wire;

with_sanitizers();

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

# One server that keeps bodies in memory, as the sample does; one that has
# hardly any memory for them.

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 1;
thread_pool mdm threads=2;
events { worker_connections 512; }
http {
    %%HTTP%%
    log_format wire '$remote_port $request_time $status $request';
    access_log %%DIR%%/wire.log wire;
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    client_max_body_size 4m;
    lingering_timeout 100ms;
    lingering_time 10m;
    keepalive_requests 100000;

    server {
        listen 127.0.0.1:%%PORT%%;
        large_client_header_buffers 4 32k;
        client_body_buffer_size 4m;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; }
        location = /version { mdm api; }
        location = /metrics { mdm metrics; }
    }
    server {
        listen 127.0.0.1:%%PORT2%%;
        large_client_header_buffers 4 64k;
        client_body_buffer_size 1k;
        client_header_timeout 1s;
        client_body_timeout 1s;
        location = /mdm { mdm connect; }
        location = /file { mdm connect; client_body_in_file_only clean; }
        location /v1/ { mdm api; }
        location /v1/commands { mdm api; client_body_in_file_only clean; }
        location = /metrics { mdm metrics; client_body_in_file_only clean; }
    }
}
CONF

my $port = $nginx->port;
my $certificate = $ca->device('iphone');
my $device = MDM::Test::Device->new(certificate => $certificate, sign => 1,
    client => MDM::Test::Client->new(port => $port));
is $device->enroll->{status}, 200, 'a device enrols';
$device->{client}->disconnect;

my @workers = $nginx->workers;

# The routes, their headers as lines; some once more where bodies go to files.

my $small = $nginx->port2;
my @routes = routes(device => $device, token => $token);

for my $r (@routes) {
    my @pairs = @{ $r->{headers} };

    push @{ $r->{lines} }, join ': ', splice @pairs, 0, 2 while @pairs;
    $r->{port} = $r->{path} eq '/file' ? $small : $port;
}

my ($tokens, $idle) = map { $_->{body} } @routes[0, 1];

push @routes, map { +{ %$_, port => $small, name => "$_->{name} in a file" } }
    grep { $_->{full} && $_->{kind} =~ /^(?:raw|connect)$/ && $_->{port} == $port } @routes;

# A good poll and a good call of the API, which follow each case.

my $probes = request($routes[1]) . "GET /v1/enrollments HTTP/1.1\r\nHost: localhost\r\n"
    . "Authorization: Bearer $token\r\n\r\n";
my $steady = MDM::Test::Wire->new($port);


sub head {
    my ($r, %o) = @_;

    my $host = exists $o{host} ? $o{host} : 'Host: localhost';
    my @lines = grep { defined } $host, @{ $o{lines} // $r->{lines} // [] }, @{ $o{add} // [] };

    return join("\r\n", join(' ', $o{method} // $r->{method}, $o{target} // $r->{path},
        $o{version} // 'HTTP/1.1'), @lines) . "\r\n\r\n";
}

sub size { return 'Content-Length: ' . length $_[0] }

# What a route is sent as a body: its own, or what must not become a request.

sub body { return $_[0]{body} // $smuggled }

sub request {
    my ($r, %o) = @_;

    return head($r, %o) if !defined($o{body} // $r->{body});

    my $body = $o{body} // $r->{body};
    return head($r, %o, add => [ @{ $o{add} // [] }, size($body) ]) . $body;
}

sub chunks {
    my ($body, @sizes) = @_;

    my ($text, $i) = ('', 0);

    while (length $body) {
        my $chunk = substr $body, 0, $sizes[$i++ % @sizes], '';
        $text .= sprintf "%x\r\n%s\r\n", length $chunk, $chunk;
    }

    return "${text}0\r\n\r\n";
}

my $te = 'Transfer-Encoding: chunked';

sub chunked {
    my ($r, $encoded, %o) = @_;

    return head($r, %o, add => [ @{ $o{add} // [] }, $te ]) . $encoded;
}


# The cases: a name, the bytes for a route, and what is heard: G is the status
# of a good call, "go" stands for the answers to the next two requests on the same
# connection, "closed" for its end.  "core" ones are tried on all operations.

my %gone = (any => '400 closed');
my @cases = (
    map({ my $method = $_; [ "by $method" => sub {
            $_[0]{allow}{$method} ? undef : request($_[0], method => $method,
                body => $smuggled) },
        { any => $method =~ /^(?:TRACE|CONNECT)$/ ? '405 closed'
            : $method =~ /^[A-Z-]+$/ ? '405 go' : '400 closed' }, $method eq 'JUNK' ] }
        qw(GET HEAD PUT POST DELETE PATCH OPTIONS PROPFIND UNLOCK JUNK TRACE CONNECT get
            put Put), 'X' x 2000, "P\x01T", 'PU-T', ''),

    map({ my ($name, @lines) = @$_;
        [ "with $name" => sub {
            my ($r) = @_;
            request($r, lines => [ grep({ !/^content-type/ } @{ $r->{lines} // [] }), @lines ]) },
        { any => 'G go', connect => '415 go', $name =~ /half/ ? (raw => undef) : () } ] }
        [ 'no media type' ], [ 'an empty media type' => 'Content-Type:' ],
        [ 'text/xml' => 'Content-Type: text/xml' ],
        [ 'half a media type' => "Content-Type: $report-chec" ],
        [ 'a media type with a control byte' => "Content-Type: text/xml\x01" ],
        [ 'a media type of 20 KB' => 'Content-Type: ' . 'x' x 20_000 ],
        [ 'two media types, the first wrong' => 'Content-Type: text/xml',
            "Content-Type: $report" ]),
    [ 'with two media types' => sub { request($_[0], add => [ 'Content-Type: text/xml' ]) },
        { any => 'G go' } ],
    [ 'with 20 KB of parameters' => sub {
            my ($r) = @_;
            request($r, lines => [ map { /^content-type/ ? "$_; x=" . 'y' x 20_000 : $_ }
                @{ $r->{lines} } ]) }, { any => 'G go' } ],
    [ 'that says gzip' => sub { request($_[0], add => [ 'Content-Encoding: gzip' ]) },
        { any => 'G go' } ],

    # lengths
    [ 'with a body that it needs not' => sub {
            defined $_[0]{body} ? undef : request($_[0], body => $smuggled) },
        { any => 'G go' }, 1 ],
    map({ my ($name, $length) = @$_;
        [ "of a length $name" => sub { head($_[0], add => [ "Content-Length: $length" ])
            . $smuggled }, \%gone, $name eq 'of -1' ] }
        [ 'of -1' => -1 ], [ 'of +5' => '+5' ], [ 'of 0x10' => '0x10' ], [ 'of nothing' => '' ],
        [ 'of 5, 5' => '5, 5' ], [ 'beyond 64 bits' => '9' x 30 ], [ 'of 1.0' => '1.0' ]),
    [ 'that says it has exabytes' => sub {
            head($_[0], add => [ 'Content-Length: 9223372036854775807' ]) . $smuggled },
        { any => '413 closed' } ],
    [ 'of two lengths' => sub { head($_[0], add => [ size(body($_[0])), 'Content-Length: 0' ])
            . body($_[0]) }, \%gone, 1 ],
    [ 'of one length twice' => sub { my $size = size(body($_[0]));
            head($_[0], add => [ $size, $size ]) . body($_[0]) }, \%gone ],
    [ 'of a length and in chunks' => sub { chunked($_[0], chunks(body($_[0]), 1000),
            add => [ 'Content-Length: 4' ]) }, \%gone, 1 ],
    [ 'in chunks and of a length' => sub { head($_[0], add => [ $te, 'Content-Length: 4' ])
            . "0\r\n\r\n$smuggled" }, \%gone ],
    [ 'of a length too small' => sub { my $body = body($_[0]);
            head($_[0], add => [ 'Content-Length: ' . (length($body) - 10) ]) . $body },
        { any => 'G 400 closed', connect => '400 400 closed', raw => '400 400 closed' } ],

    # chunks
    map({ my ($name, @sizes) = @$_;
        [ "in chunks of $name" => sub { chunked($_[0], chunks(body($_[0]), @sizes)) },
            { any => 'G go' }, $name eq '1 and 7' ] }
        [ '1' => 1 ], [ '1 and 7' => 1, 7 ], [ '333, 1, 2' => 333, 1, 2 ],
        [ 'all' => 1_000_000 ]),
    map({ my ($name, $sub) = @$_;
        [ "in chunks with $name" => sub { my $text = chunks(body($_[0]), 64);
            chunked($_[0], $sub->($text)) }, { any => 'G go' }, $name eq 'trailers' ] }
        [ 'extensions' => sub { $_[0] =~ s/^([0-9a-f]+)\r/$1;a=b;c\r/gmr } ],
        [ '10 KB of extension' => sub { $_[0] =~ s/^([0-9a-f]+)\r/"$1;" . 'x' x 10_000
            . "\r"/emr } ],
        [ 'trailers' => sub { $_[0] =~ s/\r\n\z/X: y\r\nContent-Length: 5\r\n\r\n/r } ],
        [ 'leading zeros' => sub { $_[0] =~ s/^([0-9a-f]+)\r/000000$1\r/gmr } ],
        [ 'upper case' => sub { $_[0] =~ s/^([0-9a-f]+)\r/\U$1\r/gmr } ]),
    map({ my ($name, $bytes) = @$_;
        [ "in $name" => sub { chunked($_[0], "1\r\nx\r\n$bytes$smuggled") },
            \%gone, $name eq 'broken chunks' ] }
        [ 'broken chunks' => "zz\r\n" ], [ 'chunks of -1' => "-1\r\n" ],
        [ 'chunks of 0x5' => "0x5\r\n" ], [ 'chunks without an end' => "3\r\nabcdef" ],
        [ 'chunks beyond 64 bits' => 'f' x 20 . "\r\n" ], [ 'chunks of NUL' => "\0\r\n" ],
        [ 'chunks of exabytes' => "7fffffffffffffff\r\n" ]),
    [ 'in chunks of 32 GB' => sub { chunked($_[0], "800000000\r\n$smuggled") },
        { any => '413 closed', metrics => 'G closed' } ],
    map({ my $coding = $_;
        [ "in $coding" => sub { head($_[0], add => [ "Transfer-Encoding: $coding" ])
            . "0\r\n\r\n$smuggled" }, { any => '501 closed' } ] }
        'gzip', 'gzip, chunked', 'chunked, chunked', 'xchunked', 'chunked;q=1', 'identity'),
    [ 'in chunks said twice' => sub { chunked($_[0], chunks(body($_[0]), 9), add => [ $te ]) },
        \%gone ],
    [ 'in chunks said with a space' => sub { head($_[0], add => [ 'Transfer-Encoding : chunked' ])
            . "0\r\n\r\n$smuggled" }, \%gone ],
    [ 'in chunks said by HTTP/1.0' => sub { chunked($_[0], chunks(body($_[0]), 9),
            version => 'HTTP/1.0') }, \%gone ],
    [ 'with a folded line' => sub { head($_[0], add => [ "X: y\r\n Transfer-Encoding: chunked" ])
            . "0\r\n\r\n$smuggled" }, \%gone ],

    # expectations
    [ 'that expects 100-continue' => sub { head($_[0], add => [ 'Expect: 100-continue',
            size(body($_[0])) ]) . body($_[0]) }, { any => '100 G go' }, 1 ],
    [ 'that expects it in chunks' => sub { chunked($_[0], chunks(body($_[0]), 50),
            add => [ 'Expect: 100-continue' ]) }, { any => '100 G go' } ],
    [ 'that expects the unknown' => sub { request($_[0], add => [ 'Expect: 200-ok' ],
            body => body($_[0])) }, { any => 'G go' }, 1 ],
    [ 'that expects much' => sub { request($_[0], add => [ 'Expect: ' . 'x' x 9000 ],
            body => body($_[0])) }, { any => 'G go' } ],

    # versions
    [ 'by HTTP/1.0' => sub { request($_[0], version => 'HTTP/1.0') }, { any => 'G closed' }, 1 ],
    [ 'by HTTP/1.0 that stays' => sub { request($_[0], version => 'HTTP/1.0',
            add => [ 'Connection: keep-alive' ]) }, { any => 'G go' } ],
    [ 'that leaves' => sub { request($_[0], add => [ 'Connection: close' ]) . $smuggled },
        { any => 'G closed' } ],
    map({ my ($version, $heard) = @$_; [ "by $version" => sub { request($_[0],
            version => $version) }, { any => $heard } ] }
        [ 'HTTP/1.9' => 'G go' ], [ 'HTTP/2.0' => '505 closed' ], [ 'HTTP/11' => '505 closed' ],
        [ 'http/1.1' => '400 closed' ], [ 'HTTP/1.' => '400 closed' ],
        [ 'HTTPS/1.1' => '400 closed' ], [ 'HTTP/1.1 x' => '400 closed' ]),
    [ 'behind the preface of HTTP/2' => sub { "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
            . request($_[0]) }, \%gone ],
    [ 'as a TLS hello' => sub { "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" . 'x' x 100 },
        \%gone ],

    # hosts and targets
    [ 'with an absolute target' => sub { request($_[0],
            target => "http://localhost$_[0]{path}") }, { any => 'G go' }, 1 ],
    [ 'without a host' => sub { request($_[0], host => undef) }, \%gone ],
    [ 'with two hosts' => sub { request($_[0], add => [ 'Host: other' ]) }, \%gone, 1 ],
    [ 'with one host twice' => sub { request($_[0], add => [ 'Host: localhost' ]) }, \%gone ],
    map({ my $host = $_; [ "with the host $host" => sub { request($_[0],
            host => "Host: $host") }, \%gone ] }
        "local\0host", 'local/host', "local\x01host", '..', 'a/../b'),
    map({ my ($name, $sub, $heard) = @$_; [ "with $name" => sub { request($_[0],
            target => $sub->($_[0]{path})) }, $heard ] }
        [ 'a NUL in its path' => sub { "$_[0]\0x" }, \%gone ],
        [ 'a control byte in it' => sub { "$_[0]\x01" }, \%gone ],
        [ 'an escaped NUL' => sub { "$_[0]%00" }, \%gone ],
        [ 'percent junk' => sub { "$_[0]%zz" }, \%gone ],
        [ 'half an escape' => sub { "$_[0]%4" }, \%gone ],
        [ 'a path that leaves the root' => sub { "/..$_[0]" }, \%gone ],
        [ 'the same, escaped' => sub { "/%2e%2e$_[0]" }, \%gone ],
        [ 'no slash' => sub { substr $_[0], 1 }, \%gone ],
        [ 'nothing' => sub { '' }, \%gone ],
        [ 'a space in it' => sub { "$_[0] x" }, \%gone ],
        [ 'two slashes' => sub { "/$_[0]" },
            { connect => 'G go', metrics => 'G go', any => '404 go' } ],
        [ 'a path up and down' => sub { "/x/..$_[0]" },
            { connect => 'G go', metrics => 'G go', any => '404 go' } ],
        [ 'a fragment' => sub { "$_[0]#x" }, { connect => 'G go', metrics => 'G go',
            raw => undef, any => '404 go' } ],
        [ 'arguments of junk' => sub { "$_[0]?%zz&%00=%&=&\xff\xfe;x[=%C3" . '%' x 500 },
            { connect => 'G go', metrics => 'G go' } ],
        [ '3000 arguments' => sub { "$_[0]?" . join '&', map { "a$_=" } 1 .. 3000 },
            { connect => 'G go', metrics => 'G go' } ]),

    # headers
    [ 'with 200 headers' => sub { request($_[0], add => [ map { "X-$_: $_" } 1 .. 200 ]) },
        { any => 'G go' }, 1 ],
    [ 'with 90 KB of headers' => sub { request($_[0], add => [ map { "X-$_: " . 'y' x 900 }
            1 .. 98 ]) }, { any => 'G go' } ],
    [ 'with a header of 30 KB' => sub { request($_[0], add => [ 'X: ' . 'y' x 30_000 ]) },
        { any => 'G go' } ],
    [ 'with one of 70 KB' => sub { request($_[0], add => [ 'X: ' . 'y' x 70_000 ]) }, \%gone, 1 ],
    [ 'with 300 KB of headers' => sub { request($_[0], add => [ map { "X-$_: " . 'y' x 9000 }
            1 .. 33 ]) }, \%gone ],
    [ 'with a NUL in a header' => sub { request($_[0], add => [ "X: a\0b" ]) }, \%gone ],
    [ 'with a header of no name' => sub { request($_[0], add => [ ': y' ]) }, \%gone ],
    [ 'with a header of no colon' => sub { request($_[0], add => [ 'xyz' ]) }, { any => 'G go' } ],
    [ 'with bare line feeds' => sub { my $text = request($_[0]); $text =~ s/\r\n/\n/g
            if !defined $_[0]{body}; defined $_[0]{body} ? undef : $text }, { any => 'G go' } ],
    [ 'with bytes above 127' => sub { request($_[0], add => [ "X-\xff: \xff\xfe" ]) },
        { any => 'G go' } ],
);

my $cases = 0;
my %case_of;


# Says what is expected in the words of hear(), and how many answers that is.

sub expected {
    my ($r, $heard) = @_;

    my ($which) = grep { exists $heard->{$_} } $r->{kind}, 'any';
    my $text = $which ? $heard->{$which} : undef;
    return if !defined $text;

    $text =~ s/\bG\b/$r->{good}/;
    $text =~ s/ go\z/ 200 200/;
    $text =~ s/ (?:200 200|closed|400 closed)\z/ stream/
        if $r->{kind} eq 'stream' && $text =~ /^(?:100 )?200 /;

    my $n = grep { /^[2-5]/ } split / /, $text;
    $n++ if $text =~ /closed\z/;

    return ($text, $n);
}


sub served {
    $steady->send($probes);
    return $steady->hear(2);
}


# One case on one route.  A stream's connection is its own: nothing follows on it.

sub try_case {
    my ($r, $case) = @_;

    my ($name, $bytes, $heard) = @$case;
    my ($text, $n) = expected($r, $heard);
    my $sent = defined $text ? $bytes->($r) : return;
    return if !defined $sent;

    my $wire = MDM::Test::Wire->new($r->{port}, head => scalar($sent =~ /\AHEAD /));
    my $follow = $text =~ / 200 200\z/;
    $case_of{ $wire->here } = [ $r, $case ];
    $cases++;

    $wire->send($sent . ($follow ? $probes : ''));
    my $got = $wire->hear($n);
    $wire->close;

    return $got eq $text ? () : "$r->{name} $name: $got, not $text" if $follow;

    my $served = served();
    return $got eq $text && $served eq '200 200' ? ()
        : "$r->{name} $name: $got, then $served, not $text";
}


# Which routes a case is tried on: where bodies go matters to bodies alone.

sub routes_of {
    my ($case) = @_;

    return grep { $_->{full} || $case->[3] }
        grep { $_->{port} == $port || $case->[0] =~ /body|chunk|length|expect/ } @routes;
}


# What a good call of each route hears, now that it was made before; and what one
# takes away stays for the next.

$pg->psql(q{CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER keep BEFORE DELETE ON mdm.signing_certificate FOR EACH ROW
        EXECUTE FUNCTION public.keep()});

for my $r (@routes, @routes) {
    my $wire = MDM::Test::Wire->new($r->{port});
    $wire->send(request($r));
    ($r->{good}) = $wire->hear(1) =~ /^(\d+)/;
    $wire->close;
}

is join(' ', map { $_->{good} } @routes[0 .. 3]), '200 200 200 200',
    'devices and metrics are served';
is served(), '200 200', '... with both kinds of buffers';


# Who never ends what he began, and who takes his time: all the while.

sub parts {
    my ($r, $left) = @_;

    my $text = head($r, add => [ size(body($r)) ]) . body($r);

    return (substr($text, 0, -$left), substr $text, -$left);
}

my @slow = grep { $_->{kind} ne 'metrics' && $_->{port} == $port && $_->{full} } @routes;
my @never;

for my $r (grep { $_->{path} !~ m{^/(?:metrics|version)} } @routes) {
    for my $text (substr(request($r), 0, 40), (parts($r, 30))[0]) {
        push @never, MDM::Test::Wire->new($small);
        $never[-1]->send($text =~ s{(PUT|GET) /file}{$1 /mdm}r);
    }
}

for my $r (@slow) {
    $r->{slow} = MDM::Test::Wire->new($port);
    ($r->{first}, $r->{last}) = parts($r, 40);
    $r->{slow}->send($r->{first});
}

for my $case (@cases) {
    my @faults = map { try_case($_, $case) } routes_of($case);

    is join("\n", @faults), '', 'any request ' . substr $case->[0], 0, 60;

    $_->{slow}->send(substr $_->{last}, 0, 1, '') for grep { length $_->{last} > 1 } @slow;
}

for my $r (@slow) {
    $r->{slow}->send($r->{last});
    like $r->{slow}->hear(1), qr/^$r->{good}\b/, "a slow body is taken in, too: $r->{name}";
    $r->{slow}->close;
}

is join(' ', map { $_->hear(1) } @never), join(' ', ('closed') x @never),
    'what is begun and never ended is closed without an answer';

# Ended by the client: with half a head, half a body, a body a byte at a time.

for my $r (grep { $_->{full} } @routes) {
    my ($half, $rest) = parts($r, 30);
    my @wires = map { MDM::Test::Wire->new($r->{port}) } 1 .. 4;
    my $answered = $r->{kind} eq 'metrics' ? '200 closed' : 'closed';

    $wires[0]->send(substr request($r), 0, 30);
    $_->send($half) for @wires[1, 2];
    $_->end for @wires[0, 1];
    $wires[2]->reset;
    $wires[3]->drip($half . $rest);

    is join(', ', map({ $wires[$_]->hear(2) } 0, 1), $wires[3]->hear(1) =~ /^(\d+)/),
        "closed, $answered, $r->{good}", "half of $r->{name} is nothing, byte by byte it is one";
    $wires[3]->close;
}

is served(), '200 200', '... and the others are served';

# Gone before the worker looks: what they sent is read, their answers go nowhere,
# those that need no database at once.

kill 'STOP', @workers;

for my $r (@routes) {
    for my $text (request($r), request($r, lines => [], body => $smuggled),
        request($r, method => 'JUNK'), request($r, target => '/v1/nothing'),
        request($r, body => $smuggled))
    {
        my $wire = MDM::Test::Wire->new($r->{port});
        $wire->send($text);
        $wire->reset;
    }
}

kill 'CONT', @workers;
is served(), '200 200', 'clients that are gone before they are answered hurt nobody';
is join("\n", grep { /\[alert\]/ } split /\n/, $nginx->error_log), '',
    '... and end their requests once';

# Pipelines of good and bad, from a fixed seed.

my $large = plist({ Status => 'Idle', %{ $device->{id} }, Filler => 'x' x 70_000 });
my @piped = (
    map({ [ request($_), $_->{good} ] } grep { $_->{kind} ne 'stream' && $_->{port} == $port }
        @routes),
    [ request($routes[0], method => 'POST'), 405 ],
    [ request($routes[1], lines => [ 'Content-Type: text/xml' ]), 415 ],
    [ request($routes[1], body => $smuggled), 400 ],
    [ request($routes[0], body => $large), 413 ],
    [ request($routes[3], method => 'PUT', body => $smuggled), 405 ],
    [ chunked($routes[0], chunks($tokens, 3)), 200 ],
    [ chunked($routes[1], chunks($smuggled, 5), method => 'DELETE'), 405 ],
    [ request($routes[1], target => '/nowhere'), 405 ],
);

srand 144;

for my $n (3, 10, 50, 50, 50) {
    my @some = map { $piped[ rand @piped ] } 1 .. $n;
    my $wire = MDM::Test::Wire->new($port);

    $wire->send(join('', map { $_->[0] } @some) . "BAD\x01\r\n\r\n$smuggled");
    is $wire->hear($n + 2), join(' ', map({ $_->[1] } @some), '400 closed'),
        "$n requests in one write are answered in their order, until a bad one";
}

# HTTP/0.9 has no headers, in either direction.

for my $r (grep { $_->{kind} ne 'stream' && $_->{full} } @routes) {
    my $wire = MDM::Test::Wire->new($r->{port});

    $wire->send("GET $r->{path}\r\n$smuggled");
    is $wire->hear(1), 'closed', "HTTP/0.9 to $r->{path} is answered and closed";
    unlike $wire->rest, qr/HTTP|^<key>/, '... without headers';
}

# A signature of 30 KB, for it brings many names.

my $names = join ', ', map { "DNS:host$_.of.a.certificate.with.names.example.com" } 1 .. 460;
my $signed = $certificate->sign($idle, '-certfile', $ca->device('names', san => $names)->{cert});
my $heavy = MDM::Test::Wire->new($port);

cmp_ok length $signed, '>', 28_000, 'a signature has 30 KB';
$heavy->send(request($routes[1], lines => [ "Content-Type: $report", "Mdm-Signature: $signed" ])
    . request($routes[1], lines => [ "Content-Type: $report", "Mdm-Signature: $signed==" ])
    . $probes);
is $heavy->hear(4), '200 400 200 200', '... is read, and one that is broken is refused';
$heavy->close;

# A stream whose client has sent more behind it ends with its client.

my @streams = grep { $_->{kind} eq 'stream' } @routes;

for (1 .. 120) {
    my $wire = MDM::Test::Wire->new($port);
    $wire->send(request($streams[0]) . $probes);
    my $heard = $wire->hear(1);
    $wire->close;
    $heard eq '200 stream' or fail("stream $_: $heard"), last;
}
ok wait_for(5, sub {
    my $wire = MDM::Test::Wire->new($port);
    $wire->send(request($streams[0]));
    $wire->hear(1) eq '200 stream';
}), 'streams with more behind them end when their clients leave';

# What is left of it all.

is served(), '200 200', 'in the end all are served';
is join(' ', $nginx->workers), "@workers", '... by the same worker';
ok $nginx->access_log !~ m{"GET /smuggled}, 'nothing of a body was taken for a request';
is join("\n", grep { /\[(?:crit|alert|emerg)\]/ } split /\n/, $nginx->error_log), '',
    'the error log has nothing serious';
is join(' ', glob $nginx->dir . '/client_body/*'), '', 'no temporary file is left';


# One is left, over which the test asks all the while.

ok wait_for(5, sub { $nginx->connections == 1 }), 'no connection is left'
    or diag $nginx->connections;
cmp_ok $nginx->peak, '<', 64, 'the worker never had 64 MB';

my @late = $nginx->late_again('wire.log', sub {
    try_case(@$_) for grep { defined } @case_of{@_};
    served();
});
is join("\n", map { "$_->[0]{name} $_->[1][0]" } grep { defined } @case_of{@late}), '',
    'no answer took a second';

note "$cases cases";
done_testing;
