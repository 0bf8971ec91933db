# Commands of any size that is allowed: through the thread pool, without one,
# and from a client that does not wait for the answer.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my ($pool, $none, $full) = map {
    MDM::Test::Nginx->start(pg => $pg, level => 'debug', vars => { THREADS => $_ },
        conf => <<'CONF') } 'thread_pool mdm threads=2;', '', 'thread_pool mdm threads=1 max_queue=0;';
load_module %%MODULE%%;
%%THREADS%%
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" timeout=60s;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    client_max_body_size 4m;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; client_body_buffer_size 4m; }
    }
}
CONF

my $iphone = MDM::Test::Device->new(certificate => $ca->device('iphone'), sign => 1,
    client => MDM::Test::Client->new(port => $pool->port));
is $iphone->enroll->{status}, 200, 'a device enrols';

my $path = '/v1/enqueue/' . $iphone->enrollment;

# The Blob is in Base64 twice: in the profile, and that in the command.

sub command {
    my ($uuid, $size) = @_;

    return $iphone->command('InstallProfile', $uuid, Payload => \$iphone->profile(
        "com.example.$uuid", Blob => \("\0\1\2" x ($size / 3 * 9 / 16))));
}


my %nginx = ('a thread pool' => $pool, 'no thread pool' => $none);

for my $how (sort keys %nginx) {
    my $api = MDM::Test::Client->new(port => $nginx{$how}->port, token => $token);

    for my $size (60_000, 70_000, 4_000_000) {
        my $uuid = $iphone->uuid;
        my $body = command($uuid, $size);

        is $api->api(PUT => $path, $body)->{status}, 200,
            "with $how " . length($body) . ' bytes are taken';
        ok $iphone->idle->{body} eq $body, '... and delivered as they are';
        $iphone->report($uuid, 'Acknowledged');

        my $half = substr $body, 0, length($body) / 2;
        my $answer = $api->api(PUT => $path, $half);
        is $answer->{status}, 400, '... half of them are refused';
        like $answer->{json}{command_error}, qr/\w \w/, '... in words';
    }
}

my @tasks = $pool->error_log =~ /complete task .* in thread pool "mdm"/g;
is scalar @tasks, 7, 'the pool did what was larger than 64 KB: three bodies and four deliveries';
unlike $none->error_log, qr/in thread pool "mdm"/, '... where there was one';

# A pool that takes one task at a time: an answer to what was done is made all
# the same.

$pg->psql("INSERT INTO mdm.event (tenant_id, type, data)
    SELECT tenant_id, 'enrolled', jsonb_build_object('long', repeat('x', 8000))
      FROM mdm.tenant, generate_series(1, 500)");

my @crowd = map { MDM::Test::Client->new(port => $full->port, token => $token) } 1 .. 8;
my %got;

ok wait_for(20, sub {
    $_->write($_->request_text(GET => '/v1/events?limit=500', undef,
        Authorization => "Bearer $token")) for @crowd;
    $got{ $_->read_answer->{status} }++ for @crowd;
    $full->error_log =~ /thread pool "mdm" queue overflow/;
}), 'a thread pool is full';
is join(' ', keys %got), 200, '... but long answers are made';

# The client leaves at once, and nginx is told to stop at the same time.

my $hasty = MDM::Test::Client->new(port => $pool->port, token => $token);
my $body = command('hasty', 3_000_000);

$hasty->write($hasty->request_text(PUT => $path, $body, Authorization =>
    "Bearer $token"));
ok $pool->wait_for_log(qr/(?:task #\d+ added to thread pool "mdm".*?){8}/s, 30),
    'a client sends';
$hasty->disconnect;
kill 'QUIT', $pool->pid;
ok wait_for(10, sub { $pg->psql("SELECT count(*) FROM mdm.queue
    WHERE command_uuid = 'hasty'") }), '... leaves, and what it asked is queued';
$pool->stop;

my $other = $iphone->with(client => MDM::Test::Client->new(port => $none->port));
ok $other->idle->{body} eq $body, '... and delivered by another node';

done_testing;
