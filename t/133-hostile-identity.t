# Signatures and client certificates that no device has: whatever they hold is
# refused as unreadable (400) or as a stranger's (403), within a second, is logged
# in plain characters, and a good device is served after each.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use MDM::Test;
use MDM::Test::Plist qw(plist);

with_sanitizers();

my $pg     = MDM::Test::Postgres->start(migrate => 1);
my $ca     = MDM::Test::PKI->ca('Device CA');
my $tls_ca = MDM::Test::PKI->ca('Server CA');
my $server = $tls_ca->server;

$pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg,
    vars => { CERT => $server->{cert}, KEY => $server->{key} }, conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 1;
events { worker_connections 256; }
http {
    %%HTTP%%
    log_format case '$http_x_case $request_time';
    access_log %%DIR%%/case.log case;
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    large_client_header_buffers 4 64k;
    keepalive_requests 10000;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; }
    }
    server {
        listen 127.0.0.1:%%TLS_PORT%% ssl;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        ssl_session_tickets off;        # which would hold the certificate
        location = /mdm { mdm connect; }
    }
}
CONF

my $iphone = $ca->device('iphone');
my $client = MDM::Test::Client->new(port => $nginx->port);
my $device = MDM::Test::Device->new(certificate => $iphone, client => $client, sign => 1);
is $device->enroll->{status}, 200, 'a device enrols';

my @workers = $nginx->workers;
my $type = 'application/x-apple-aspen-mdm';
my $idle = plist({ Status => 'Idle', %{ $device->{id} } });
my $signature = $iphone->sign($idle);
my $der = decode_base64($signature);


# DER, as far as signatures are taken apart and put together here.

sub tlv {
    my ($tag, $content) = @_;

    my $n = length $content;
    my $size = $n < 128 ? chr $n : "\x83" . substr pack('N', $n), 1;

    return chr($tag) . $size . $content;
}

sub elements {
    my ($bytes) = @_;

    my @elements;

    while (length $bytes) {
        my ($n, $head) = (ord substr($bytes, 1, 1), 2);
        ($n, $head) = (hex unpack('H*', substr $bytes, 2, $n & 127), 2 + ($n & 127)) if $n > 127;
        push @elements, substr $bytes, 0, $head + $n, '';
    }

    return @elements;
}

sub inside {
    my ($element) = @_;

    my $n = ord substr $element, 1, 1;
    return substr $element, 2 + ($n > 127 ? $n & 127 : 0);
}

# The good signature with other certificates.

sub with_certificates {
    my (@certificates) = @_;

    my ($oid, $explicit) = elements(inside($der));
    my @signed = elements(inside(inside($explicit)));

    $signed[3] = tlv(0xa0, join '', @certificates);
    return tlv(0x30, $oid . tlv(0xa0, tlv(0x30, join '', @signed)));
}


# The device's certificate with another serial number, so that it is another.

sub other_certificate {
    my ($i) = @_;

    my ($tbs, @rest) = elements(inside($iphone->der));
    my ($version, $serial, @fields) = elements(inside($tbs));

    return tlv(0x30, join '', tlv(0x30, join '', $version, tlv(2, pack 'N', $i), @fields), @rest);
}


sub deep {
    my ($n, $wrap) = @_;

    my $bytes = "\x05\0";
    $bytes = $wrap->($bytes) for 1 .. $n;

    return $bytes;
}

my $mine = $iphone->der;
my %signature = (
    'nothing'                  => [ 400, '' ],
    'no Base64'                => [ 400, '*' x 1000 ],
    'cut Base64'               => [ 400, substr $signature, 0, -3 ],
    'Base64 with a space'      => [ 400, substr($signature, 0, 80) . ' ' . substr $signature, 80 ],
    'Base64 with bytes'        => [ 400, substr($signature, 0, 80) . "\xff\xfe" ],
    'only padding'             => [ 400, '=' x 4000 ],
    '30 KB of nothing'         => [ 400, 'A' x 30_000 ],
    '60 KB of nothing'         => [ 400, 'A' x 60_000 ],
    (map { my ($name, $status, $bytes) = @$_; $name => [ $status, encode_base64($bytes, '') ] }
        [ 'an empty sequence'      => 400, "\x30\0" ],
        [ 'zeros'                  => 400, "\0" x 20_000 ],
        [ 'sequences so deep'      => 400, deep(5000, sub { tlv(0x30, $_[0]) }) ],
        [ 'endless ones so deep'   => 400, "\x30\x80" x 10_000 ],
        [ 'endless ones that end'  => 400, "\x30\x80" x 5000 . "\0\0" x 5000 ],
        [ 'strings so deep'        => 400, "\x24\x80" x 5000 . "\0\0" x 5000 ],
        [ 'a length of 32 bits'    => 400, "\x30\x84\xff\xff\xff\xff" . $der ],
        [ 'a length of 64 bits'    => 400, "\x30\x88" . "\xff" x 8 . $der ],
        [ 'a length of 127 bytes'  => 400, "\x30\xff" . "\0" x 126 . $der ],
        [ 'a tag of 1000 bytes'    => 400, "\x3f" . "\xff" x 1000 . "\x7f\0" ],
        [ 'more behind it'         => 400, "$der\0" ],
        [ 'another type of CMS'    => 400, $der =~ s/\xf7\x0d\x01\x07\K\x02/\x03/r ],
        [ 'no certificate'         => 400, with_certificates() ],
        [ 'another certificate'    => 400, with_certificates(other_certificate(1)) ],
        [ 'half a certificate'     => 400, with_certificates(substr $mine, 0, 200) ],
        [ 'a certificate of zeros' => 400, with_certificates(tlv 0x30, "\0" x 500) ],
        [ 'a certificate so deep'  => 400,
            with_certificates(deep(1000, sub { tlv(0x30, $_[0]) })) ],
        [ '45 certificates'        => 200,
            with_certificates($mine, map { other_certificate($_) } 2 .. 45) ],
        [ '45, the last its own'   => 200,
            with_certificates((map { other_certificate($_) } 2 .. 45), $mine) ],
        [ '45, none of them its own' => 400,
            with_certificates(map { other_certificate($_) } 1 .. 45) ],
        [ '100 certificates'       => 400,
            with_certificates($mine, map { other_certificate($_) } 2 .. 100) ],
        [ 'one 45 times'           => 200, with_certificates(($mine) x 45) ],
        [ '5000 empty certificates' => 400, with_certificates(("\x30\0") x 5000) ],
        map { [ "its first $_ bytes" => 400, substr $der, 0, $_ ] } map { $_ * 37 }
            1 .. length($der) / 37),
);


sub polled {
    my ($through, $signature, $name) = @_;

    return $through->put('/mdm', $type, $idle, 'X-Case' => $name =~ s/ /_/gr,
        defined $signature ? ('Mdm-Signature' => $signature) : ())->{status};
}

sub served { return polled($client, $signature, '-') }

for my $name (sort keys %signature) {
    is polled($client, $signature{$name}[1], $name), $signature{$name}[0],
        "a signature of $name: $signature{$name}[0]";
    is served(), 200, '... and a good device is served' or last;
}

# One wrong bit, from a fixed seed.

srand 133;

my (undef, $explicit) = elements(inside($der));
my @signer = elements(inside(inside((elements(inside(inside($explicit))))[-1])));
my $signed = index $der, $signer[3];
my $begin = index $der, $mine;
my @wrong;

for (1 .. 400) {
    my $bad = $der;
    my $bit = int rand 8 * length $bad;

    vec($bad, $bit, 1) ^= 1;
    my $status = polled($client, encode_base64($bad, ''), "bit $bit");

    # outside of the certificate and of what is signed are numbers of versions
    # and the like, which nobody reads
    my $byte = $bit >> 3;
    my $wanted = $byte >= $signed || $byte >= $begin && $byte < $begin + length $mine
        ? qr/\A40[03]\z/ : qr/\A(?:200|40[03])\z/;
    push @wrong, "bit $bit: $status" if $status !~ $wanted;
}
is "@wrong", '', 'a signature with one wrong bit is refused, 400 of them';
is served(), 200, '... and a good device is served';


# Client certificates.  nginx takes all whose key the client has, so that their
# bytes may be changed at will.

sub changed {
    my ($certificate, $change) = @_;

    my $der = $change->($certificate->der);
    my $file = "$certificate->{cert}.changed" . rand;

    return { key => $certificate->{key}, cert => spew($file, "-----BEGIN CERTIFICATE-----\n"
        . encode_base64($der) . "-----END CERTIFICATE-----\n") };
}

sub with_names {
    my ($n) = @_;

    return $ca->device("names $n",
        san => join ', ', map { "DNS:host$_.of.a.certificate.with.names.example.com" } 1 .. $n);
}

sub self_signed {
    my ($name, @options) = @_;

    my $file = test_dir() . "/self-$name";
    MDM::Test::run_or_die('openssl', 'req', '-x509', '-nodes', '-newkey', @options,
        '-subj', "/CN=$name", '-days', 9, '-keyout', "$file.key", '-out', "$file.pem");

    return { key => "$file.key", cert => "$file.pem" };
}

my $named = $ca->device('NAMENAMENAME');

sub renamed {
    my ($tag, $name) = @_;

    return changed($named, sub { $_[0] =~ s/\x0c\x0cNAMENAMENAME/$tag\x0c$name/r });
}

sub swapped {
    my ($from, $to) = @_;

    return changed($named, sub { $_[0] =~ s/$from/$to/gr });
}

my %certificate = (
    'of 1000 names'     => [ 403, with_names(1000) ],
    'of 1400 names, 70 KB' => [ 400, with_names(1400) ],
    'with NULs in its name' => [ 403, renamed("\x0c", "NAME\0NAME\0\0\0") ],
    'with a name for a terminal' => [ 403, renamed("\x14", "\x1b[2J\r\n\x07\x9b\"'\xff\xfe") ],
    'with a name of UCS-2' => [ 403, renamed("\x1e", 'NAMENAMENAME') ],
    'with a changed signature' => [ 403, changed($named, sub {
        substr($_[0], 0, -1) . (substr($_[0], -1) ^ "\1") }) ],
    'of version 1 with extensions' => [ 403, swapped("\xa0\x03\x02\x01\x02", "\xa0\x03\x02\x01\x00") ],
    'of version 9'      => [ 403, swapped("\xa0\x03\x02\x01\x02", "\xa0\x03\x02\x01\x09") ],
    'with dates that are none' => [ 400, swapped(qr/\x17\x0d\d{12}Z/, "\x17\x0d999999999999Z") ],
    'with an unknown extension that is critical' => [ 403, swapped("\x55\x1d\x0f", "\x55\x1d\x7f") ],
    'with a key of Ed25519' => [ 400, self_signed('Ed25519', 'ed25519') ],
    'with a key on P-521' => [ 403, self_signed('P-521', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-521') ],
    'with a curve of its own' => [ 403, self_signed('explicit', 'ec', '-pkeyopt',
        'ec_paramgen_curve:P-256', '-pkeyopt', 'ec_param_enc:explicit') ],
    'with a key for RSA-PSS' => [ 400, self_signed('pss', 'rsa-pss', '-pkeyopt', 'rsa_keygen_bits:2048') ],
);

for my $name (sort keys %certificate) {
    my ($status, $certificate) = @{ $certificate{$name} };
    my $tls = MDM::Test::Client->new(port => $nginx->tls_port, ca => $tls_ca,
        certificate => $certificate);

    is eval { polled($tls, undef, $name) } // $@, $status, "a certificate $name: $status";
    is served(), 200, '... and a good device is served';
}

is join(' ', $nginx->workers), "@workers", 'the same worker runs';
is join("\n", grep { /\[(?:crit|alert|emerg)\]|stale global SSL|[^ -~]/ } split /\n/,
    $nginx->error_log), '', 'the error log has nothing serious, and only plain characters';

is join(' ', $nginx->late_again('case.log', sub {
    for my $name (map { s/_/ /gr } @_) {
        polled($client, $signature{$name}[1], $name) if $signature{$name};
    }
    served();
})), '', 'no answer took a second';

done_testing;
