# Whose request is it?  The certificate of the TLS connection tells, or
# Mdm-Signature, or both.  Which certificates count is t/132-certificates.t.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg     = MDM::Test::Postgres->start(migrate => 1);
my $ca     = MDM::Test::PKI->ca('Device CA');
my $tls_ca = MDM::Test::PKI->ca('Server CA');
my $server = $tls_ca->server;

$pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg,
    vars => { CERT => $server->{cert}, KEY => $server->{key} },
    conf => <<'CONF');
load_module %%MODULE%%;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    large_client_header_buffers 4 32k;

    server {
        listen 127.0.0.1:%%TLS_PORT%% ssl http2;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_session_cache shared:tls:1m;
        ssl_verify_client optional_no_ca;
        location = /mdm { mdm connect; }
        location = /certificate { mdm connect; mdm_identity certificate; }
        location = /signature { mdm connect; mdm_identity signature; }
        location = /both { mdm connect; mdm_identity certificate+signature; }
    }
}
CONF

sub client {
    my ($certificate, %option) = @_;

    return MDM::Test::Client->new(port => $nginx->tls_port, ca => $tls_ca,
        certificate => $certificate, %option);
}


sub device {
    my ($certificate, %option) = @_;

    return MDM::Test::Device->new(certificate => $certificate,
        client => client($certificate), %option);
}


# The same device, speaking with another certificate, or with none.

sub as {
    my ($device, $certificate) = @_;

    return $device->with(certificate => $certificate,
        client => client($certificate));
}


my $type = 'application/x-apple-aspen-mdm';
my $iphone = device($ca->device('iphone'));
my $rsa = device($ca->device('rsa', key => 'rsa'), sign => 1);
is $_->enroll->{status}, 200, $_->{certificate}{name} . ' enrols' for $iphone, $rsa;

# Ways to identify.

my $silent = as($iphone, undef);
my $signing = $silent->with(certificate => $iphone->{certificate}, sign => 1);
my $doubly = $iphone->with(sign => 1);

for my $case (
    [ '/mdm',         $iphone,  200, 'a client certificate will do' ],
    [ '/mdm',         $signing, 200, 'so will Mdm-Signature' ],
    [ '/mdm',         $doubly,  200, 'and both' ],
    [ '/mdm',         $silent,  400, 'but not neither' ],
    [ '/certificate', $iphone,  200, 'a certificate where it is asked for' ],
    [ '/certificate', $signing, 400, '... for which a signature is no substitute' ],
    [ '/signature',   $signing, 200, 'a signature where it is asked for' ],
    [ '/signature',   $iphone,  400, '... for which a certificate is no substitute' ],
    [ '/both',        $doubly,  200, 'both where both are demanded' ],
    [ '/both',        $signing, 400, '... not the signature alone' ],
    [ '/both',        $iphone,  400, '... not the certificate alone' ],
    [ '/both',        $silent,  400, '... not nothing' ],
    [ '/both', as($rsa, $iphone->{certificate})
        ->with(certificate => $rsa->{certificate}), 403, '... not two different ones' ],
) {
    my ($path, $device, $status, $name) = @$case;
    is $device->with(path => $path)->idle->{status}, $status, $name;
}

is as($iphone, $rsa->{certificate})->with(certificate => $iphone->{certificate},
    sign => 1)->idle->{status}, 200, 'of two different ones the signature counts';

# Signatures.

my $body = MDM::Test::Plist::plist({ Status => 'Idle', %{ $rsa->{id} } });
my $good = $rsa->{certificate}->sign($body);

for my $case (
    [ 200, 'a good signature', $good, $body ],
    [ 200, '... without signed attributes', $rsa->{certificate}->sign($body, '-noattr'), $body ],
    [ 400, 'a body that was tampered with', $good, "$body " ],
    [ 400, 'a signature without certificate', $rsa->{certificate}->sign($body, '-nocerts'), $body ],
    [ 400, 'a header that is no Base64', '!' x 400, $body ],
    [ 400, 'Base64 of something else', MIME::Base64::encode_base64('x' x 900, ''), $body ],
    [ 400, 'half a signature', substr($good, 0, 1200), $body ],
    [ 400, 'an empty header', '', $body ],
) {
    my ($status, $name, $header, $text) = @$case;
    is $silent->send($type, $text, 'Mdm-Signature' => $header)->{status}, $status,
        "$name is $status";
}

# Transport.

my $client = client($iphone->{certificate}, sessions => 1, tls_version => 'TLSv1_2');
my $resuming = $iphone->with(client => $client);
is $resuming->idle->{status}, 200, 'a full handshake';
ok !$client->resumed, '... is no resumption';
$client->disconnect;
is $resuming->idle->{status}, 200, 'a resumed session keeps its certificate';
ok $client->resumed, '... and is resumed indeed';

spew(my $file = test_dir() . '/idle.plist', $body);
for my $case ([ $rsa->{certificate}, 200 ], [ $iphone->{certificate}, 403 ]) {
    my ($certificate, $status) = @$case;
    my ($exit, $text) = run_command('curl', '-sS', '--http2', '--cacert', $tls_ca->{cert},
        '--cert', $certificate->{cert}, '--key', $certificate->{key}, '-T', $file,
        '-H', "Content-Type: $type", '-w', '%{http_version} %{http_code}',
        'https://localhost:' . $nginx->tls_port . '/mdm');
    is $text, "2 $status", "HTTP/2 with $certificate->{name}'s certificate: $status";
}

done_testing;
