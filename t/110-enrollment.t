# The main job over the wire: a device enrols with a certificate of its TLS
# connection or with Mdm-Signature, gets commands and answers them.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

MDM::Test::import_servers();

my $pg     = MDM::Test::Postgres->start(migrate => 1);
my $ca     = MDM::Test::PKI->ca('Device CA');
my $tls_ca = MDM::Test::PKI->ca('Server CA');

my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);
my $server = $tls_ca->server;

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

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; client_max_body_size 4m; }
        location /v1/ { mdm api; }
        location = /version { mdm api; }
    }
    server {
        listen 127.0.0.1:%%TLS_PORT%% ssl http2;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        location = /mdm { mdm connect; }
    }
}
CONF

my $plain = MDM::Test::Client->new(port => $nginx->port);
my $api   = MDM::Test::Client->new(port => $nginx->port, token => $token);

sub tls_client {
    return MDM::Test::Client->new(port => $nginx->tls_port, ca => $tls_ca,
        certificate => $_[0]);
}


for my $way ('a client certificate', 'Mdm-Signature') {
    my $certificate = $ca->device("iphone $way");
    my $signed = $way eq 'Mdm-Signature';

    my $iphone = MDM::Test::Device->new(certificate => $certificate,
        sign => $signed, client => $signed ? $plain : tls_client($certificate));

    is $iphone->idle->{status}, 403, "$way: a stranger is refused without 401";
    is $iphone->authenticate->{status}, 200, 'Authenticate is taken';
    is $iphone->idle->{status}, 200, 'a poll before TokenUpdate is answered';
    is $iphone->token_update->{status}, 200, 'TokenUpdate is taken';

    my $idle = $iphone->idle;
    is $idle->{status}, 200, 'an idle device hears 200';
    is $idle->{body}, '', '... and nothing else';

    my $uuid = $iphone->uuid;
    my $answer = $api->api(PUT => '/v1/enqueue/' . $iphone->enrollment . '?nopush=1',
        $iphone->command('DeviceInformation', $uuid, Queries => ['OSVersion']));
    is $answer->{status}, 200, 'a command is queued' or diag $answer->{body};
    is_deeply $answer->{json}, {
        status       => { $iphone->enrollment => {} },
        command_uuid => $uuid,
        request_type => 'DeviceInformation',
        no_push      => JSON::PP::true(),
    }, '... and the answer has NanoMDM\'s shape';

    $idle = $iphone->idle;
    is $idle->{command_uuid}, $uuid, 'the device gets the command';
    is $idle->{headers}{'content-type'}, 'application/xml', '... as XML';

    my $queue = $api->api(GET => '/v1/enrollments/' . $iphone->enrollment
        . '/queue')->{json}{items};
    is $queue->[0]{state}, 'PUSH', 'the queue shows it as delivered';

    my $next = $iphone->report($uuid, 'Acknowledged',
        QueryResponses => { OSVersion => '18.1' });
    is $next->{status}, 200, 'its answer is taken';
    is $next->{body}, '', '... and there is no other command';

    my $history = $api->api(GET => '/v1/enrollments/' . $iphone->enrollment
        . '/history')->{json}{items};
    is $history->[0]{state}, 'ACKNOWLEDGED', 'the history shows the end';
    is $history->[0]{command_uuid}, $uuid, '... of that command';
}

done_testing;
