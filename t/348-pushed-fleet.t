# A fleet that comes because it is pushed, and for no other reason: a command for
# all is done by all, with one push for each; who does not hear the first comes
# by the second; and a worker that dies costs nobody his push.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::APNs;

needs('the simulator', -x build('mdm-sim'));

my $topic = 'com.apple.mgmt.External.5d1c7a52-0000-4000-8000-0000000000f1';
my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $apns  = MDM::Test::APNs->start;
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);
my $nginx = MDM::Test::Nginx->start(pg => $pg, vars => { APNS => $apns->directive },
    conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 2;
events { worker_connections 512; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" connections=2;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_apns %%APNS%%;
    mdm_tenant acme;
    large_client_header_buffers 4 64k;
    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; mdm_identity signature; }
        location /v1/ { mdm api; client_body_buffer_size 1m; }
    }
}
CONF

my $api = MDM::Test::Client->new(port => $nginx->port, token => $token);
my $pair = $apns->ca->push_certificate($topic);
is $api->api(PUT => '/v1/pushcert', $pair->pem . $pair->key_pem)->{status}, 200,
    'the tenant has a push certificate';

my $log = test_dir() . '/log';
my @sim = (build('mdm-sim'), '--url', 'http://localhost:' . $nginx->port . '/mdm',
    '--sign', '--identity-ca', $ca->{cert}, '--identity-key', $ca->{key},
    '--topic', $topic, '--state', test_dir() . '/state', '--id-prefix', 'f',
    '--kind', 'iphone=80', '--kind', 'byod=20', '--kind', 'mac=20',
    '--kind', 'sharedipad=10', '--summary');

my ($exit, $text) = run_command(@sim, '--enroll');
is $exit, 0, 'the fleet enrols' or BAIL_OUT($text);

# 80 + 20 + 2 x 20 + 3 x 10 channels; those of the 20 that their users own do
# not hear their first push.

my $all = 170;
my @ids = split /\n/, $pg->psql(<<'SQL');
SELECT device_id || CASE WHEN user_id = '' THEN ''
                         WHEN user_id ~ '^FFFFFFFF-' THEN ':' || user_short_name
                         ELSE ':' || user_id END
  FROM mdm.enrollment
SQL
is @ids, $all, '... on all its channels';

my $out = test_dir() . '/out';
my $fleet = MDM::Test::spawn($out, @sim, '--log', $log, '--pushes', $apns->log_file,
    '--duration', 60, '--until-empty', '--push-delay', 50, '--backoff', 20,
    '--answer', 'Push@byod=silence:1');


sub done {
    return $pg->psql("SELECT count(*) FROM mdm.result WHERE state = 'ACKNOWLEDGED'");
}


sub ask {
    my ($uuid, @to) = @_;

    my $answer = $api->api(PUT => '/v1/enqueue/' . join(',', @to),
        MDM::Test::Device->command('DeviceInformation', $uuid,
            Queries => [ 'OSVersion' ]));

    is $answer->{status}, 200, "a command is queued: $uuid" or diag $answer->{body};
}


my $begun = Time::HiRes::time();
ask('for-all', @ids);
ok wait_for(10, sub { done() == $all - 20 }), 'all who hear it come and do it'
    or diag done();
note sprintf '%d channels were woken and done in %.2f s', $all - 20,
    Time::HiRes::time() - $begun;

ok wait_for(5, sub {
    $pg->psql('SELECT count(*) FROM mdm.queue WHERE sent_at IS NULL') == 0
        && $pg->psql('SELECT count(*) FROM mdm.push WHERE claimed_at IS NOT NULL') == 0
}), 'the command of the others is SENT';

# The worker that has the topic dies; then it is time for the ladder.

my ($owner) = $pg->psql('SELECT owner FROM mdm.push_topic') =~ m{/(\d+)\z};
kill 'KILL', $owner;
$nginx->expect(qr/exited on signal 9/);
$pg->psql('UPDATE mdm.push SET due_at = now();
    UPDATE mdm.push_topic SET until = now()');

ok wait_for(10, sub { done() == $all }), 'who did not hear the first push hears the second'
    or diag done();
ok MDM::Test::reap($fleet, 5), 'then all have come, and nobody waits any more';

my $summary = slurp($out);
unlike $summary, qr/^mdm-sim: /m, '... the simulator agrees';
like $summary, qr/^absent 20$/m, '... 20 did not hear one';

my @idle = grep { $_->{message} eq 'Idle' } map { JSON::PP::decode_json($_) }
    split /\n/, slurp($log);
is scalar(grep { ($_->{round} // '') ne 'push' } @idle), 0,
    'nobody came without a push';

# The witness.

my %pushes;
$pushes{ $_->{token} }++ for grep { $_->{status} == 200 } $apns->log;
my %want = map { split /\|/ } split /\n/, $pg->psql(<<'SQL');
SELECT encode(push_token, 'hex') || '|' || CASE WHEN device_id LIKE 'f-byod-%' THEN 2 ELSE 1 END
  FROM mdm.enrollment
SQL

is_deeply [ grep { ($pushes{$_} // 0) < $want{$_} } keys %want ], [],
    'the push service saw every channel, and those 20 twice';
is_deeply [ grep { $pushes{$_} > ($want{$_} // 0) } keys %pushes ], [],
    '... and nobody more often than he needed';

done_testing;
