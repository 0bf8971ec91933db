# A command of 20,000 targets is taken back while devices that are among them come,
# ask and answer: none of them hears that it should come later.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 1;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" timeout=20s;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; client_body_buffer_size 1m; }
    }
}
CONF

my $api = MDM::Test::Client->new(port => $nginx->port, token => $token, timeout => 60);
my @devices = map { MDM::Test::Device->new(sign => 1, certificate => $ca->device("D$_"),
    client => MDM::Test::Client->new(port => $nginx->port), udid => "D$_") } 1 .. 4;

$_->enroll->{status} == 200 or die 'not enrolled' for @devices;
$pg->psql(q{INSERT INTO mdm.enrollment (tenant_id, device_id, channel, state, generation,
        certificate, topic, enrolled_at)
    SELECT tenant_id, 'D' || i, 'device', 'live', 1, sha256('D'), 't', now()
      FROM mdm.tenant, generate_series(5, 20000) i});

# A call takes 10,000 targets; the same command may be asked of more.

sub ask {
    my ($uuid, @firsts) = @_;

    my $command = $devices[0]->command('ProfileList', $uuid);

    for my $first (@firsts) {
        my $answer = $api->api(POST => '/v1/commands', { command => $command,
            enrollments => [ map { "D$_" } $first .. $first + 9999 ] });
        $answer->{status} == 200 or die "not queued: $answer->{body}";
    }
}


# All statuses that the devices heard while the call was under way.

sub meanwhile {
    my ($method, $path, $body) = @_;

    my %heard;

    $api->write($api->request_text($method => $path, $body // '',
        'Content-Type' => 'application/json', Authorization => "Bearer $token"));
    my $ready = IO::Select->new($api->{socket});

    while (!$ready->can_read(0)) {
        for my $device (@devices) {
            my $answer = $device->idle;
            $heard{ $answer->{status} }++;
            next if !defined $answer->{command_uuid};
            $heard{ $device->report($answer->{command_uuid}, 'NotNow')->{status} }++;
        }
    }

    return $api->read_answer($method), join ' ', sort keys %heard;
}


ask('one', 1, 10_001);
my ($answer, $heard) = meanwhile(DELETE => '/v1/commands/one?force=1');
is $answer->{status}, 200, 'a command is taken back from 20,000 devices';
like $answer->{body}, qr/\A\{"cancelled":20000\}\z/, '... all of them';
is $heard, '200', '... while devices come and go';
is $pg->psql(q{SELECT count(*) || ' ' || sum((detail ->> 'cancelled')::int) || ' '
        || bool_and((detail ->> 'cancelled')::int <= 500)
    FROM mdm.audit WHERE action = 'command_cancel'}), '40 20000 true',
    '... in pieces, which the audit shows';

ask($_, 1) for "two", "three";
($answer, $heard) = meanwhile(POST => '/v1/commands/cancel',
    '{"command_uuids":["two","none","three","two"],"force":true}');
like $answer->{body}, qr/\A\{"items":\[
    \{"command_uuid":"two","outcome":"(?:ok|busy)","cancelled":(\d+),[^}]*\},
    \{"command_uuid":"none","outcome":"unknown","cancelled":0,[^}]*\},
    \{"command_uuid":"three","outcome":"(?:ok|busy)","cancelled":(\d+),[^}]*\}\]\}\z/x,
    'so are several';
is $heard, '200', '... while devices come and go';
$api->api(POST => '/v1/commands/cancel', { command_uuids => [ 'two', 'three' ],
    force => \1 });

ask('four', 1);
my $other = $pg->session;
$other->run(q{BEGIN; SELECT mdm_r2.command_cancel(tenant_id, 'other', '', 'four', true)
    FROM mdm.tenant});
$api->write($api->request_text(DELETE => '/v1/commands/four?force=1', '',
    Authorization => "Bearer $token"));
ok wait_for(10, sub { $pg->psql(q{SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock'}) }), 'where another takes the first 500';
$other->run('COMMIT');
is $api->read_answer('DELETE')->{body}, '{"cancelled":9500}', '... the others are taken';

is $pg->psql('SELECT count(*) FROM mdm.queue'), 0, 'none is left';
is $pg->psql(q{SELECT count(*) FROM mdm.result WHERE state = 'CANCELLED'}), 50000,
    '... each once';
is $pg->psql(q{SELECT string_agg(c::text, ' ') FROM mdm_r2.check() c
    WHERE c::text !~ 'certificate is not bound'}), '', 'the tables agree with each other';

done_testing;
