# Property lists that no device and no operator writes, as a check-in, as a
# report, as a command and within JSON: each is refused, or harmless, within a
# second, nothing that they name is fetched or opened, and a good device and a
# good call are served after each.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Encode ();
use IO::Select ();
use IO::Socket::INET ();
use JSON::PP ();
use MIME::Base64 ();
use POSIX ();
use Test::More;
use MDM::Test;
use MDM::Test::Bplist qw(bplist head_of text utf16 blob list dict);
use MDM::Test::Plist qw(plist);

with_sanitizers();

my $pg     = MDM::Test::Postgres->start(migrate => 1);
my $ca     = MDM::Test::PKI->ca('Device CA');
my $tls_ca = MDM::Test::PKI->ca('Server CA');
my $server = $tls_ca->server;
my $token  = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg,
    vars => { CERT => $server->{cert}, KEY => $server->{key} }, conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 1;
thread_pool mdm threads=2;
events { worker_connections 256; }
http {
    %%HTTP%%
    log_format case '$http_x_case $request_time';
    access_log %%DIR%%/case.log case;
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    client_max_body_size 6m;
    client_body_buffer_size 6m;
    keepalive_requests 100000;

    server {
        listen 127.0.0.1:%%PORT%%;
        location /v1/ { mdm api; }
    }
    server {
        listen 127.0.0.1:%%TLS_PORT%% ssl;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        location = /mdm { mdm connect; }
    }
}
CONF

my $certificate = $ca->device('iphone');
my $client = MDM::Test::Client->new(port => $nginx->tls_port, ca => $tls_ca,
    certificate => $certificate);
my $device = MDM::Test::Device->new(certificate => $certificate, client => $client,
    udid => 'UDID-1');
my $api = MDM::Test::Client->new(port => $nginx->port, token => $token);

is $device->enroll->{status}, 200, 'a device enrols';

my @workers = $nginx->workers;
my $checkin = 'application/x-apple-aspen-mdm-checkin';
my $report = 'application/x-apple-aspen-mdm';

# What external entities could fetch: a socket where somebody listens, and a pipe,
# on which who opens it waits for ever.

my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 50) or die;
my $url = 'http://127.0.0.1:' . $listener->sockport;
my $pipe = test_dir() . '/pipe';
POSIX::mkfifo($pipe, 0666) or die "$pipe: $!";
chmod 0666, $pipe;


# XML: an Idle report with something in it, and what else may be around it.

my $good = '<key>Status</key><string>Idle</string><key>UDID</key><string>UDID-1</string>'
    . '<key>MessageType</key><string>DeclarativeManagement</string>'
    . '<key>Endpoint</key><string>tokens</string>'
    . '<key>RequestType</key><string>ProfileList</string>';

sub in_dict { return "<dict>$good$_[0]</dict>" }
sub in_list { return qq{<plist version="1.0">$_[0]</plist>} }
sub with    { return in_list(in_dict("<key>X</key>$_[0]")) }

sub doctype {
    my ($inside, $text) = @_;

    return "<!DOCTYPE plist $inside>" . with($text);
}

sub nested { return $_[0] x $_[2] . $_[1] x $_[2] }

my $plain = with('<string/>');
my %xml = (
    'nothing'               => [ 400, '' ],
    'blanks'                => [ 400, ' ' x 1_000_000 ],
    'a byte order mark'     => [ 400, "\xef\xbb\xbf" ],
    'JSON'                  => [ 400, '{"UDID": "UDID-1"}' ],
    'a web page'            => [ 400, '<!DOCTYPE html><html><p>x<p>y</html>' ],
    'a string'              => [ 400, in_list('<string>x</string>') ],
    'two dictionaries'      => [ 400, in_list(in_dict('') . in_dict('')) ],
    'two lists'             => [ 400, $plain . $plain ],
    'something behind it'   => [ 400, "$plain<x/>" ],

    # entities
    'an entity bomb'        => [ 400, doctype('[<!ENTITY a "aaaaaaaaaa">' . join('',
        map { '<!ENTITY ' . chr(97 + $_) . ' "' . ('&' . chr(96 + $_) . ';') x 10 . '">' }
            1 .. 9) . ']', '<string>&j;</string>') ],
    'a quadratic one'       => [ 400, doctype('[<!ENTITY a "' . 'a' x 100_000 . '">]',
        '<string>' . '&a;' x 100_000 . '</string>') ],
    'an entity of itself'   => [ 400, doctype('[<!ENTITY a "&b;"><!ENTITY b "&a;">]',
        '<string>&a;</string>') ],
    'an entity from a file' => [ 400, doctype(qq{[<!ENTITY x SYSTEM "file://$pipe">]},
        '<string>&x;</string>') ],
    'one from a host'       => [ 400, doctype(qq{[<!ENTITY x SYSTEM "$url/entity">]},
        '<string>&x;</string>') ],
    'a public one'          => [ 400, doctype(qq{[<!ENTITY x PUBLIC "x" "$url/public">]},
        '<string>&x;</string>') ],
    'a parameter entity'    => [ 400, doctype(qq{[<!ENTITY % x SYSTEM "$url/parameter"> %x;]},
        '<string/>') ],
    'one from a pipe'       => [ 400, doctype(qq{[<!ENTITY % x SYSTEM "$pipe"> %x;]},
        '<string/>') ],
    'a DTD of a host'       => [ 200, doctype(qq{SYSTEM "$url/dtd"}, '<string/>') ],
    'a public DTD of a host' => [ 200, doctype(qq{PUBLIC "x" "$url/dtd"}, '<string/>') ],
    'a DTD from a pipe'     => [ 200, doctype(qq{SYSTEM "file://$pipe"}, '<string/>') ],
    'an inclusion'          => [ 400, with(qq{<xi:include href="$url/xi" parse="text"/>}) ],
    'a style sheet'         => [ 400, qq{<?xml-stylesheet href="$url/style"?>$plain} ],
    'an unknown entity'     => [ 400, with('<string>&nbsp;</string>') ],
    'no end of an entity'   => [ 400, with('<string>&' . 'a' x 1_000_000 . '</string>') ],
    'a million ampersands'  => [ 400, with('<string>' . '&' x 1_000_000 . '</string>') ],
    'a reference to NUL'    => [ 400, with('<string>&#0;</string>') ],
    'one to a surrogate'    => [ 400, with('<string>&#xD800;</string>') ],
    'one beyond Unicode'    => [ 400, with('<string>&#x110000;</string>') ],
    'one beyond 64 bits'    => [ 400, with('<string>&#99999999999999999999;</string>') ],

    # encodings
    (map { $_ => [ 400, Encode::encode($_, $plain) ] } qw(UTF-16 UTF-16LE UTF-16BE UTF-32)),
    'UTF-16LE with its mark' => [ 400, "\xff\xfe" . Encode::encode('UTF-16LE', $plain) ],
    'UTF-16 that it says'   => [ 400, Encode::encode('UTF-16',
        qq{<?xml version="1.0" encoding="UTF-16"?>$plain}) ],
    'UTF-16 that it is not' => [ 400, qq{<?xml version="1.0" encoding="UTF-16"?>$plain} ],
    'UTF-7'                 => [ 400, qq{<?xml version="1.0" encoding="UTF-7"?>$plain} ],
    'a NUL'                 => [ 400, with("<string>a\0b</string>") ],
    'a NUL at its end'      => [ 400, "$plain\0" ],
    'invalid UTF-8'         => [ 400, with("<string>\xff\xfe</string>") ],
    'overlong UTF-8'        => [ 400, with("<string>\xc0\xaf</string>") ],
    'a surrogate in UTF-8'  => [ 400, with("<string>\xed\xa0\x80</string>") ],
    'half a character'      => [ 400, "$plain\xe2\x82" ],
    'a control character'   => [ 200, with("<string>\x01\x1b</string>") ],

    # depth and number
    'arrays 10,000 deep'    => [ 413, with(nested('<array>', '</array>', 10_000)) ],
    'dictionaries so deep'  => [ 413, with(nested('<dict><key>a</key>', '</dict>', 10_000)) ],
    '500,000 open arrays'   => [ 413, in_list('<array>' x 500_000) ],
    '500,000 open keys'     => [ 400, in_list(in_dict('<key>' x 500_000)) ],
    '150,000 objects'       => [ 413, with('<array>' . '<true/>' x 150_000 . '</array>') ],
    '3000 keys'             => [ 413, in_list(in_dict(join '', map {
        "<key>k$_</key><true/>" } 1 .. 3000)) ],
    '200,000 keys'          => [ 413, in_list('<dict>' . '<key>a</key><true/>' x 200_000 . '</dict>') ],
    'a key twice'           => [ 400, in_list(in_dict('<key>UDID</key><string>UDID-2</string>')) ],
    'a key twice, deeper'   => [ 200, with('<dict><key>a</key><true/><key>a</key><true/></dict>') ],
    'no value'              => [ 400, in_list(in_dict('<key>a</key>')) ],
    'no key'                => [ 400, in_list(in_dict('<string>a</string>')) ],

    # markup
    'a section'             => [ 200, with('<string><![CDATA[</string><true/>]]></string>') ],
    'no end of a section'   => [ 400, with('<string><![CDATA[' . 'x' x 1_000_000) ],
    '300,000 sections'      => [ 200, with('<string>' . '<![CDATA[]]>' x 300_000 . '</string>') ],
    '300,000 open sections' => [ 400, with('<string>' . '<![CDATA[' x 300_000 . '</string>') ],
    'a comment'             => [ 200, with('<!-- <dict> & -- -><string/> --><string/>') ],
    'a comment of 1 MB'     => [ 200, with('<!--' . 'x' x 1_000_000 . '--><string/>') ],
    '300,000 comments'      => [ 200, with('<!---->' x 300_000 . '<string/>') ],
    'no end of a comment'   => [ 400, with('<!--' . '<!-- ' x 300_000) ],
    'an instruction'        => [ 400, with('<?php system("x") ?><string/>') ],
    '1 MB of <'             => [ 400, '<' x 1_000_000 ],
    '1 MB of an element'    => [ 400, with('<' . 'a' x 1_000_000 . '/>') ],
    '1 MB of an attribute'  => [ 400, with('<string a="' . 'x' x 1_000_000 . '"/>') ],
    '200,000 attributes'    => [ 400, with('<string ' . 'a="" ' x 200_000 . '/>') ],
    'no end of quotes'      => [ 400, with('<string a="' . '<' x 1_000_000) ],
    'crossed elements'      => [ 400, with('<array><dict></array></dict>') ],
    'elements in a string'  => [ 400, with('<string><true/></string>') ],
    'an unknown element'    => [ 400, with('<set/>') ],

    # scalars
    'an integer of 1 MB'    => [ 200, with('<integer>' . '9' x 1_000_000 . '</integer>') ],
    'an integer of letters' => [ 400, with('<integer>x</integer>') ],
    'a real beyond reals'   => [ 200, with('<real>1e999999</real>') ],
    'a real that is none'   => [ 200, with('<real>nan</real>') ],
    'a date that is none'   => [ 400, with('<date>x</date>') ],
    'a date of the year -1' => [ 200, with('<date>-999999999-99-99T99:99:99Z</date>') ],
    'data that is no Base64' => [ 400, with('<data>****</data>') ],
    'a data of 1 MB'        => [ 200, with('<data>' . '=' x 1_000_000 . '</data>') ],
);

# Binary ones: the same keys, and objects from 11 on that hang on X.

my @names = qw(UDID UDID-1 Status Idle MessageType DeclarativeManagement Endpoint tokens
    RequestType ProfileList X);
my $first = @names + 1;

sub binary {
    my ($objects, %o) = @_;

    return bplist(objects => [ dict(1 .. @names, $first), map({ text($_) } @names), @$objects ],
        %o);
}

# Arrays of eight references to the next: 130 bytes that stand for 19 million objects,
# more than a gigabyte in memory.

sub bomb {
    my ($n) = @_;

    my $bytes = 'bplist00' . "\xd1\x01\x02" . "\x51X";
    my @offsets = (8, 11);

    for my $i (2 .. $n + 1) {
        push @offsets, length $bytes;
        $bytes .= "\xa8" . chr($i + 1) x 8;
    }

    push @offsets, length $bytes;
    $bytes .= "\x51x";

    return $bytes . pack('C*', @offsets) . pack 'x6 C2 Q>3', 1, 1, scalar @offsets, 0,
        length $bytes;
}

my %binary = (
    'a bomb of 130 bytes'   => [ 413, bomb(8) ],
    'a bomb of all'         => [ 413, binary([ map({ list(($first + $_ + 1) x 1000) } 0 .. 9),
        list() ]) ],
    'a bomb of strings'     => [ 413, binary([ list(($first + 1) x 60_000),
        text('x' x 60_000) ]) ],
    'an array in itself'    => [ 400, binary([ list($first) ]) ],
    'arrays in each other'  => [ 400, binary([ list($first + 1), list($first + 2),
        list($first) ]) ],
    'the root in itself'    => [ 400, binary([ list(0) ]) ],
    'a dictionary as key'   => [ 400, binary([ dict($first, 1) ]) ],
    'a number as key'       => [ 400, binary([ dict($first + 1, 1), "\x10\x05" ]) ],
    'keys twice'            => [ 400, bplist(objects => [ dict(1, 2, 3, 4, 1, 2),
        map { text($_) } @names[0 .. 3] ]) ],
    'arrays 10,000 deep'    => [ 413, binary([ map { list($first + $_) } 1 .. 10_000 ]) ],
    'dictionaries so deep'  => [ 413, binary([ map { dict(1, $first + $_) } 1 .. 10_000 ]) ],
    '2 million keys'        => [ 413, binary([ head_of(13, 2_000_000) . "\0\1" x 2_000_000 ]) ],
    '2 million references'  => [ 413, binary([ list((1) x 2_000_000) ]) ],
    '3000 keys'             => [ 413, binary([ dict((1, 2) x 3000) ]) ],
    'a billion in few bytes' => [ 400, binary([ "\xaf\x12\x3f\xff\xff\xff" ]) ],
    'a count of 64 bits'    => [ 400, binary([ "\xaf\x13" . "\xff" x 8 ]) ],
    'a dictionary of 64 bits' => [ 413, binary([ "\xdf\x13" . "\xff" x 8 ]) ],
    'a string of 64 bits'   => [ 400, binary([ "\x5f\x13" . "\xff" x 8 ]) ],
    'UTF-16 of 63 bits'     => [ 400, binary([ "\x6f\x13\x7f" . "\xff" x 7 ]) ],
    'data of 64 bits'       => [ 400, binary([ "\x4f\x13\x80" . "\0" x 7 ]) ],
    'a count of 128 bits'   => [ 400, binary([ "\xaf\x14" . "\0" x 16 ]) ],
    'a count that is none'  => [ 400, binary([ "\x5f\x51x" ]) ],
    'an integer of 32 KB'   => [ 400, binary([ "\x1f" . "\0" x 32768 ]) ],
    'a UID'                 => [ 400, binary([ "\x80\x01" ]) ],
    'a set'                 => [ 400, binary([ "\xc1\0\1" ]) ],
    'a null'                => [ 400, binary([ "\0" ]) ],
    'a date that is none'   => [ 400, binary([ "\x33\x7f\xf8" . "\0" x 6 ]) ],
    'a date without end'    => [ 400, binary([ "\x33\x7f\xf0" . "\0" x 6 ]) ],
    'a date of 10^300 years' => [ 400, binary([ "\x33" . pack 'd>', 1e300 ]) ],
    'a real that is none'   => [ 200, binary([ "\x23\x7f\xf8" . "\0" x 6 ]) ],
    'half a surrogate'      => [ 400, binary([ utf16("\xd8\0\0x") ]) ],
    'UTF-16 with a NUL'     => [ 400, binary([ utf16("\0x\0\0") ]) ],
    'bytes above 127'       => [ 400, binary([ text("\xff") ]) ],
    'a NUL'                 => [ 400, binary([ text("a\0b") ]) ],
    'data of 3 MB'          => [ 200, binary([ blob("\0" x 3_000_000) ]) ],
    'text of 3 MB'          => [ 200, binary([ text('x' x 3_000_000) ]) ],
    'UTF-16 of 3 MB'        => [ 413, binary([ utf16("\x30\x42" x 1_500_000) ]) ],
    (map { my ($name, $status, %o) = @$_; $name => [ $status, binary([ text('x') ], %o) ] }
        [ 'no objects', 400, count => 0 ],
        [ 'more objects than bytes', 400, count => 100_000 ],
        [ 'objects of 64 bits', 413, count => ~0 ],
        [ 'objects of 63 bits', 413, count => 1 << 62 ],
        [ 'a root that is not there', 400, root => 99 ],
        [ 'a root of 64 bits', 400, root => ~0 ],
        [ 'a root that is no dictionary', 400, root => 1 ],
        [ 'offsets of no bytes', 400, offset_size => 0 ],
        [ 'offsets of 255 bytes', 400, offset_size => 255 ],
        [ 'offsets of 8 bytes', 400, offset_size => 8 ],
        [ 'references of no bytes', 400, ref_size => 0 ],
        [ 'references of 16 bytes', 400, ref_size => 16 ],
        [ 'references of 8 bytes', 400, ref_size => 8 ],
        [ 'a table beyond its end', 400, table => 1 << 30 ],
        [ 'a table of 64 bits', 400, table => ~0 ],
        [ 'a table in its head', 400, table => 0 ],
        [ 'an object in its head', 400, offsets => { $first => 0 } ],
        [ 'an object beyond its end', 400, offsets => { $first => 0xffffffff } ],
        [ 'an object in its table', 400, offsets => { $first => length binary([ text('x') ]) } ],
        [ 'an object in another', 400, offsets => { $first => 30 } ]),
    'a cut trailer'         => [ 400, substr binary([ text('x') ]), 0, -1 ],
    'only a head'           => [ 400, 'bplist00' ],
    'only a trailer'        => [ 400, 'bplist00' . "\0" x 32 ],
    'version 15'            => [ 400, binary([ text('x') ]) =~ s/bplist00/bplist15/r ],
    'more behind it'        => [ 400, binary([ text('x') ]) . 'x' ],
);

my $padding = 4 * 1024 * 1024 + 1 - length with('<data></data>');
my %large = (
    'XML of 4 MB and a byte' => [ 413, with('<data>' . 'A' x $padding . '</data>') ],
    'a binary one of that size' => [ 413, binary([ blob('x' x (4 * 1024 * 1024)) ]) ],
);


# Tries one on each route; returns what was not heard as it should be.

my (%body, @faults);

sub heard {
    my ($name) = @_;

    my $body = $body{$name}[1];
    my %case = ('X-Case' => $name =~ s/ /_/gr);
    my $base64 = MIME::Base64::encode_base64($body, '');

    # within JSON they go the same way as alone, so that small ones are enough

    return map({ $client->put('/mdm', $_, $body, %case)->{status} } $checkin, $report),
        $api->api(PUT => '/v1/enqueue/UDID-1?nopush=1', $body, %case)->{status},
        length $base64 > 200_000 ? () : $api->api(POST => '/v1/commands', { enrollments =>
            [ 'nobody' ], command_base64 => $base64 }, %case)->{status};
}


# What each should hear: a check-in of more than 64 KB is too large; what is too
# large or deep for a device is a bad command for the API, unless its bytes are
# too many.  What a device may say need not be a command.

sub try_list {
    my ($name) = @_;

    my ($status, $body) = @{ $body{$name} };
    my @heard = heard($name);
    my $api = $status == 200 ? qr/400|404/ : 400;
    my @wanted = (length $body > 64 * 1024 ? 413 : $status, $status,
        length $body > 4 * 1024 * 1024 ? 413 : $api, $api);

    return () if !grep { $heard[$_] !~ /\A(?:$wanted[$_])\z/ } 0 .. $#heard;
    return "$name: @heard, not @wanted";
}


sub served {
    return $device->idle->{status} . ' ' . $api->api(GET => '/v1/enrollments')->{status};
}

%body = (%large, (map { ("XML with $_" => $xml{$_}) } keys %xml),
    map { ("a binary list with $_" => $binary{$_}) } keys %binary);

for my $name (sort keys %body) {
    is join('', try_list($name)), '', "$name is refused, or harmless";
    is served(), '200 200', '... and a good device and call are served';
}

# A report that says of which command it is closes that command, whatever else it
# holds; but whose it is must be said once.

my $closed = 0;

for my $name (sort keys %body) {
    my $body = $body{$name}[1];
    my $uuid = sprintf 'UUID-%03d', $closed;

    $body =~ s{<string>Idle}{<string>Acknowledged</string><key>CommandUUID</key><string>$uuid}
        or next;
    $closed++;
    is $client->put('/mdm', $report, $body)->{status},
        $name eq 'XML with a key twice' ? 400 : 200, "a report that is $name is taken";
}
cmp_ok $closed, '>', 50, '... so were many';
is served(), '200 200', '... and the others are served';

# What is left of it all.

ok !IO::Select->new($listener)->can_read(0), 'nobody has fetched what a list names';
is sysopen(my $writer, $pipe, POSIX::O_WRONLY() | POSIX::O_NONBLOCK()), undef,
    '... nor opened it';
is join(' ', $nginx->workers), "@workers", 'the same worker runs';
is join("\n", grep { /\[(?:crit|alert|emerg)\]/ } split /\n/, $nginx->error_log), '',
    'the error log has nothing serious';
is join(' ', glob $nginx->dir . '/client_body/*'), '', 'no temporary file is left';
cmp_ok $nginx->peak, '<', 160, 'the worker never had 160 MB';

is join("\n", $nginx->late_again('case.log', sub {
    heard($_) for map { s/_/ /gr } @_;
    served();
})), '', 'no answer took a second';

done_testing;
