# Bodies as nginx can hand them over: in memory, in a temporary file, in chunks,
# after 100 Continue, over HTTP/2, large ones through the thread pool.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Plist qw(plist);

with_sanitizers();

my $pg     = MDM::Test::Postgres->start(migrate => 1);
my $ca     = MDM::Test::PKI->ca('Device CA');
my $tls_ca = MDM::Test::PKI->ca('Server CA');
my $server = $tls_ca->server;

my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $conf = <<'CONF';
load_module %%MODULE%%;
%%THREADS%%
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    client_max_body_size 4m;
    large_client_header_buffers 4 32k;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; client_body_buffer_size 4m; }
        location = /file { mdm connect; client_body_buffer_size 1k; }
        location = /onlyfile { mdm connect; client_body_in_file_only clean; }
        location /v1/ { mdm api; }
    }
    server {
        listen 127.0.0.1:%%TLS_PORT%% ssl http2;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        location = /mdm { mdm connect; client_body_buffer_size 16k; }
    }
}
CONF

my %vars = (CERT => $server->{cert}, KEY => $server->{key});
my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => $conf,
    vars => { %vars, THREADS => 'thread_pool mdm threads=2;' });
my $without = MDM::Test::Nginx->start(pg => $pg, conf => $conf,
    vars => { %vars, THREADS => '' });

my $type = 'application/x-apple-aspen-mdm';
my $certificate = $ca->device('iphone');
my $client = MDM::Test::Client->new(port => $nginx->port);
my $device = MDM::Test::Device->new(client => $client, sign => 1,
    certificate => $certificate);
my $api = MDM::Test::Client->new(port => $nginx->port, token => $token);


sub queue {
    my $uuid = $device->uuid;

    is $api->api(PUT => '/v1/enqueue/' . $device->enrollment,
        $device->command('InstalledApplicationList', $uuid))->{status}, 200,
        'a command is queued';
    is $device->idle->{command_uuid}, $uuid, '... and delivered';

    return $uuid;
}


# The raw answer to a command, of about so many bytes.

sub answer_to {
    my ($uuid, $size) = @_;

    return plist({ Status => 'Acknowledged', CommandUUID => $uuid, %{ $device->{id} },
        InstalledApplicationList => [ map { { Identifier => "org.example.app$_",
            Name => 'x' x 900 } } 1 .. $size / 1000 ] });
}


sub state_of {
    my ($uuid) = @_;

    return $pg->psql("SELECT state || coalesce(': ' || reason, '') FROM mdm.result
                       WHERE command_uuid = '$uuid'");
}


sub request {
    my ($path, $body, %header) = @_;

    return $client->request_text('PUT', $path, $body, 'Content-Type' => $type,
        'Mdm-Signature' => $certificate->sign($body), %header);
}


sub chunked {
    my ($body, $size) = @_;

    return join '', (map { sprintf "%x\r\n%s\r\n", length, $_ }
        unpack "(a$size)*", $body), "0\r\n\r\n";
}


is $device->enroll->{status}, 200, 'a device enrols';

for my $case (
    [ '/mdm',      2_000,     $client,  'a small report in memory' ],
    [ '/file',     2_000,     $client,  '... in a temporary file' ],
    [ '/onlyfile', 2_000,     $client,  '... and a file that nginx was told to write' ],
    [ '/mdm',      3_000_000, $client,  '3 MB through the thread pool' ],
    [ '/file',     3_000_000, $client,  '... from a temporary file' ],
    [ '/mdm',      3_000_000, $client->with(port => $without->port),
      '... and without a thread pool' ],
) {
    my ($path, $size, $through, $name) = @$case;
    my $uuid = queue();
    my $sent = $device->with(path => $path, client => $through)
        ->send($type, answer_to($uuid, $size));
    is "$sent->{status} <$sent->{body}>", '200 <>', $name;
    is state_of($uuid), 'ACKNOWLEDGED', '... is understood';
}
like $nginx->error_log, qr/\[warn\].*temporary file: set client_body_buffer_size/,
    'temporary files leave a warning';
unlike $without->error_log, qr/temporary file/, '... which bodies in memory do not';

for my $size (100_000, 3_000_000) {
    my $uuid = queue();
    my $body = answer_to($uuid, $size);
    my $bad = $device->send($type, "$body ", 'Mdm-Signature' => $certificate->sign($body));
    is $bad->{status}, 400, "$size bytes that were tampered with are refused";
    is state_of($uuid), '', '... and close nothing';
    $body =~ s/xxxx/&bad;/;
    is $device->send($type, $body)->{status}, 200, "$size bytes that cannot be read";
    like state_of($uuid), qr/^ERROR: /, '... close their command as an error';
}
is $device->send($type, 'x' x 5_000_000)->{status}, 413, '5 MB are too much';

# No room for a temporary file.

chmod 0, $nginx->dir . '/client_body' or die;
for my $case ([ '/file', 100_000 ], [ '/onlyfile', 2_000 ]) {
    my ($path, $size) = @$case;
    my $sent = $device->with(path => $path)->send($type, answer_to($device->uuid, $size));
    is $sent->{status}, 503, "$path: a body that cannot be written to its file is our fault";
    like $sent->{headers}{'retry-after'}, qr/^[1-5]\d$/, '... with Retry-After';
    is $sent->{body}, '', '... and without a page';
}
chmod 0700, $nginx->dir . '/client_body' or die;
is $device->with(path => '/file')->idle->{status}, 200, '... and then it can';

# Ways to send.

my $uuid = queue();
my $body = answer_to($uuid, 100_000);
my $head = request('/mdm', $body, 'Content-Length' => undef,
    'Transfer-Encoding' => 'chunked');
$head =~ s/\r\n\r\n.*/\r\n\r\n/s;
$head =~ s/^Content-Length:.*?\r\n//m;
$client->write($head . chunked($body, 1234));
is $client->read_answer->{status}, 200, 'a body in chunks';
is state_of($uuid), 'ACKNOWLEDGED', '... is put together';

my $idle = plist({ Status => 'Idle', %{ $device->{id} } });
my $expecting = request('/mdm', $idle, Expect => '100-continue');
$client->write(substr $expecting, 0, -length $idle);
is $client->take(sub { $_[0] =~ /\A(.*?\r\n\r\n)/s ? $1 : undef }),
    "HTTP/1.1 100 Continue\r\n\r\n", 'Expect: 100-continue is answered';
$client->write($idle);
is $client->read_answer->{status}, 200, '... and then the request';

$uuid = queue();
$client->write(request('/mdm', $idle) . request('/file', answer_to($uuid, 50_000))
    . request('/mdm', $idle) . request('/mdm', 'rubbish') . request('/mdm', $idle));
is join(' ', map { $client->read_answer->{status} } 1 .. 5), '200 200 200 400 200',
    'pipelined requests are answered in order';
is state_of($uuid), 'ACKNOWLEDGED', '... and each is carried out';

$uuid = queue();
my $half = $client->with;
$half->write(substr request('/mdm', answer_to($uuid, 100_000)), 0, 60_000);
$half->disconnect;
my $gone = $client->with;
$gone->write(request('/mdm', answer_to($uuid, 3_000_000)));
$gone->disconnect;
ok wait_for(10, sub { state_of($uuid) eq 'ACKNOWLEDGED' }),
    'a report is stored though its sender does not wait, half a report is not';
is $device->idle->{status}, 200, '... and the server goes on';

my $file = spew(test_dir() . '/body.plist', '');
for my $case ([ 2_000, 'Content-Length' ], [ 1_000_000, 'Content-Length' ],
    [ 200_000, 'no length' ])
{
    my ($size, $how) = @$case;
    $uuid = queue();
    spew($file, answer_to($uuid, $size));
    my (undef, $text) = run_command('sh', '-c', 'exec curl "$@" <"$0"', $file, '-sS',
        '--http2', '--cacert', $tls_ca->{cert}, '--cert', $certificate->{cert},
        '--key', $certificate->{key}, '-T', $how eq 'no length' ? '-' : $file,
        '-H', "Content-Type: $type", '-w', '%{http_version} %{http_code}',
        'https://localhost:' . $nginx->tls_port . '/mdm');
    is $text, '2 200', "HTTP/2, $size bytes, $how";
    is state_of($uuid), 'ACKNOWLEDGED', '... are understood';
}

done_testing;
