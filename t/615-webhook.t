# Webhooks: what devices do comes to a receiver in NanoMDM's words or in ours,
# signed, in order, over TLS, and only to whom nginx.conf names.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::SHA ();
use MIME::Base64 ();
use Test::More;
use MDM::Test;

my $pg       = MDM::Test::Postgres->start(migrate => 1);
my $ca       = MDM::Test::PKI->ca('Device CA');
my $hooks_ca = MDM::Test::PKI->ca('Hooks CA');
my $token    = $pg->tenant('acme', host => 'localhost', device_ca => $ca);
$pg->tenant('other', host => 'other.example', device_ca => $ca);

my $nano  = MDM::Test::Receiver->start(tls => $hooks_ca->server);
my $plain = MDM::Test::Receiver->start;
my $wrong = MDM::Test::Receiver->start(tls => $ca->server);

my $secret = spew(test_dir() . '/hook.secret', "correct horse\n");
chmod 0600, $secret;

my $nginx = MDM::Test::Nginx->start(pg => $pg,
    vars => { NANO => $nano->port, PLAIN => $plain->port, WRONG => $wrong->port,
              SECRET => $secret, CA => $hooks_ca->{cert} },
    conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 2;
thread_pool mdm threads=2;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" connections=2;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    mdm_webhook https://localhost:%%NANO%%/hook?a=b secret=%%SECRET%% ca=%%CA%%;
    mdm_webhook http://127.0.0.1:%%PLAIN%%/ name=ours format=event tenant=acme;
    mdm_webhook https://localhost:%%WRONG%%/ name=wrong ca=%%CA%%;
    mdm_webhook http://127.0.0.1:%%PLAIN%%/ name=nobodys tenant=nobody;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; client_max_body_size 4m;
                          client_body_buffer_size 4m; }
        location /v1/ { mdm api; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);
my $mac = MDM::Test::Device->new(client => $client, sign => 1,
    certificate => $ca->device('mac'));


# What came to a receiver, once it is so much.

sub wait_got {
    my ($receiver, $n) = @_;

    wait_for(60, sub { $receiver->got >= $n });

    return $receiver->got;
}


ok wait_for(60, sub { $pg->psql('SELECT count(*) FROM mdm.webhook') == 3 }),
    'the database knows the webhooks of nginx.conf';
ok $nginx->wait_for_log(qr/webhook "nobodys" is for the tenant "nobody"/, 60),
    '... and the log names one of an unknown tenant';

my $uuid = $mac->uuid;

is $mac->enroll->{status}, 200, 'a device enrols';
$api->api(PUT => '/v1/enqueue/' . $mac->enrollment, $mac->command('UserList', $_))
    for $uuid, "$uuid-2", "$uuid-3";
$mac->idle;
$mac->report($uuid, 'NotNow');
$mac->report("$uuid-2", 'Acknowledged');
$mac->report_error("$uuid-3", 'MCMDMErrorDomain', 5);
is $mac->check_out->{status}, 200, '... works, and leaves';

my @got = wait_got($nano, 6);
my %seen = map { $_->{json}{event_id} => 1 } @got;

is join(' ', map { $_->{json}{topic} } @got), 'mdm.Authenticate mdm.TokenUpdate '
    . 'mdm.Connect mdm.Connect mdm.Connect mdm.CheckOut',
    'the receiver hears of each message, in order';
is scalar keys %seen, 6, '... each under its own id';
is "@{$got[0]}{qw(method path)}", 'POST /hook?a=b', '... posted to the URL';
is $got[0]{headers}{'content-type'}, 'application/json; charset=utf-8', '... as JSON';
is scalar(grep { $_->{headers}{'x-hmac-signature'} ne
        Digest::SHA::hmac_sha256_base64($_->{body}, 'correct horse') . '=' } @got), 0,
    '... signed with the secret';

my $json = $got[0]{json};
is_deeply [ sort keys %$json ], [ qw(checkin_event created_at event_id tenant topic) ],
    'an event has NanoMDM\'s members and the tenant';
is $json->{tenant}, 'acme', '... by its name';
like $json->{created_at}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, '... a time';
is_deeply $json->{checkin_event}{ids}, { id => $mac->enrollment, type => 'Device' },
    '... and who it was';
like MIME::Base64::decode_base64($json->{checkin_event}{raw_payload}),
    qr{\A<\?xml.*<key>MessageType</key>\s*<string>Authenticate<}s,
    '... with the message as it came';
is $got[1]{json}{checkin_event}{token_update_tally}, 1, 'a TokenUpdate has its tally';
is join(' ', map { $_->{json}{acknowledge_event}{status} } @got[2 .. 4]),
    'NotNow Acknowledged Error', 'reports have their status';
is $got[3]{json}{acknowledge_event}{command_uuid}, "$uuid-2", '... their command';
like MIME::Base64::decode_base64($got[$_]{json}{acknowledge_event}{raw_payload}),
    qr/\Q$uuid\E/, '... and their message' for 2 .. 4;
ok !exists $got[3]{json}{acknowledge_event}{parent_id}, '... and nothing empty';

my @ours = wait_got($plain, 7);
is_deeply [ sort keys %{ $ours[0]{json} } ],
    [ qw(at data enrollment id tenant type) ], 'the other receiver gets our form';
ok !exists $ours[0]{headers}{'x-hmac-signature'}, '... without a secret no signature';
is scalar(grep { $_->{json}{type} eq 'enrolled' } @ours), 1,
    '... with the events that NanoMDM has not';
my $list = $api->api(GET => '/v1/events')->{json}{items};
is join(' ', map { $_->{json}{id} } @ours), join(' ', map { $_->{id} } @$list),
    '... under the ids that the API has for them';
is $api->api(GET => "/v1/events?after=$ours[4]{json}{id}")->{json}{items}[0]{id},
    $ours[5]{json}{id}, '... so that a receiver can go on there';
is scalar($wrong->got), 0, 'a receiver with a strange certificate gets nothing';
ok $nginx->wait_for_log(qr/webhook "wrong" fails and is tried again: .*cert/i, 60),
    '... and the log says why';
is scalar(my @lines = $nginx->error_log =~ /webhook "wrong" fails/g), 1, '... once';

# Another tenant's events come to those that get all.

my $twin = MDM::Test::Device->new(client => $client->with(host => 'other.example'),
    sign => 1, certificate => $ca->device('twin'));
$twin->enroll;
@got = wait_got($nano, 8);
is join(' ', map { "$_->{json}{tenant} $_->{json}{topic}" } @got[6, 7]),
    'other mdm.Authenticate other mdm.TokenUpdate',
    'who gets the events of all tenants gets those of another';
is scalar(grep { $_->{json}{tenant} ne 'acme' } $plain->got), 0,
    '... and who gets those of one does not';

# A large report goes through a thread.

my $phone = MDM::Test::Device->new(client => $client, sign => 1,
    certificate => $ca->device('phone'));
$phone->enroll;
$api->api(PUT => '/v1/enqueue/' . $phone->enrollment, $phone->command('UserList', 'big'));
$phone->idle;
$phone->report('big', 'Acknowledged', Users => 'x' x 500_000);
@got = wait_got($nano, 11);
cmp_ok length MIME::Base64::decode_base64(
        $got[10]{json}{acknowledge_event}{raw_payload}), '>', 500_000,
    'a report of half a megabyte comes whole';
ok wait_for(60, sub { $pg->psql("SELECT delivered FROM mdm.webhook
                                 WHERE name = 'default'") == 11 }),
    'eleven deliveries are counted';
unlike $nginx->error_log, qr/correct horse|raw_payload/,
    'neither secret nor body is in the log';

done_testing;
