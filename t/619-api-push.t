# Pushes that are asked for where nobody pushes: each target is told what it lacks.
# What Apple answers: 344.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);
my $rival = $pg->tenant('rival', host => 'rival.example');

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    large_client_header_buffers 4 256k;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; client_max_body_size 4m; }
        location /v1/ { mdm api; client_max_body_size 4m; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);

my ($iphone, $gone, $late) = map {
    MDM::Test::Device->new(client => $client, sign => 1, udid => "UDID-$_",
        certificate => $ca->device($_))
} qw(iphone gone late);
$_->enroll->{status} == 200 or die 'not enrolled' for $iphone, $gone;
$late->authenticate->{status} == 200 or die 'not authenticated';
$gone->check_out->{status} == 200 or die 'not checked out';

my $topic = $pg->psql("SELECT topic FROM mdm.enrollment WHERE device_id = 'UDID-iphone'");

sub ask { return $api->api($_[1] // 'PUT', "/v1/push/$_[0]") }

# Without a certificate.

for my $method (qw(GET PUT POST)) {
    my $answer = ask('UDID-iphone', $method);

    is $answer->{status}, 500, "$method does not say that it pushed";
    like $answer->{json}{push_error}, qr/the tenant has no push certificate/,
        '... because there is no certificate';
    is_deeply $answer->{json}{status}, { 'UDID-iphone' => {
        push_error => 'there is no push certificate for its topic' } },
        '... as each target is told';
}
is $pg->psql('SELECT count(*) FROM mdm.push'), 0, 'no wish to push is left';

# With one.

my $answer = $api->api(PUT => '/v1/pushcert', do {
    my $push = $ca->push_certificate($topic);
    $push->pem . $push->key_pem;
});
is $answer->{status}, 200, 'a certificate is stored' or diag $answer->{body};

$answer = ask('UDID-iphone');
is $answer->{status}, 500, 'that does not make it push';
like $answer->{json}{push_error}, qr/no node pushes.*"mdm_apns"/,
    '... and who is to is said';

is_deeply ask(join ',', map { "UDID-$_" } qw(iphone gone late nobody))->{json}{status}, {
    'UDID-iphone' => { push_error => 'it is pushed as soon as a node pushes' },
    'UDID-gone'   => { push_error => 'the enrolment is closed' },
    'UDID-late'   => { push_error => 'the device is still enrolling' },
    'UDID-nobody' => { push_error => 'no such enrolment' },
}, 'each target is told its own';
is_deeply $client->with(token => $rival, host => 'rival.example')
    ->api(PUT => '/v1/push/UDID-iphone')->{json}{status},
    { 'UDID-iphone' => { push_error => 'no such enrolment' } },
    "another tenant's is unknown";
is $pg->psql('SELECT count(*) FROM mdm.push WHERE asked'), 1, 'the wish is kept';
is $pg->psql("SELECT string_agg(detail ->> 'targets', ' ' ORDER BY audit_id)
    FROM mdm.audit JOIN mdm.tenant USING (tenant_id)
   WHERE action = 'push' AND name = 'acme'"), '1 1 1 1 4', 'each call is in the audit';

# Ids and rights.

for my $id (',', 'a:b:c', '%01', 'x' x 256) {
    $answer = ask($id);
    is $answer->{status} . ' ' . $answer->{json}{error}{code}, '400 bad_enrollment_id',
        "the id $id is refused";
}
is_deeply ask('UDID-iphone,,a:b:c,%FF')->{json}{status}, {
    'UDID-iphone' => { push_error => 'it is pushed as soon as a node pushes' },
    ''      => { push_error => 'the enrolment id is empty' },
    'a:b:c' => { push_error => "the user part holds a ':' that is not percent-encoded" },
    '%FF'   => { push_error => 'the enrolment id is not valid UTF-8' },
}, '... but hinders no other one';
is ask(join ',', ('x') x 10001)->{json}{error}{code}, 'too_many_targets',
    '10001 of them are, too';
is scalar keys %{ ask(join ',', map { "id-$_" } 1 .. 10000)->{json}{status} }, 10000,
    '... and 10000 are answered';

my ($exit, $reader) = mdmctl('--database', $pg->conninfo, 'token', 'add', 'acme',
    'reader', '--scope', 'read');
is $client->with(token => $reader =~ /([\w-]{43})/)->api(PUT => '/v1/push/UDID-iphone')
    ->{json}{error}{code}, 'missing_scope', 'a push needs the scope command';

done_testing;
