# While a request waits for Apple's answers: its client goes, the database goes, the
# worker goes; and nothing of it hinders the push.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes qw(sleep time);
use MDM::Test;
use MDM::Test::APNs;

my $pg   = MDM::Test::Postgres->start(migrate => 1);
my $apns = MDM::Test::APNs->start;

my $nginx = MDM::Test::Nginx->start(pg => $pg, vars => { APNS => $apns->directive },
    conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 1;
events { worker_connections 512; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_apns %%APNS%%;
    mdm_tenant $host;
    server {
        listen 127.0.0.1:%%PORT%%;
        location /v1/ { mdm api; }
    }
}
CONF

my $acme = $apns->tenant($pg, 'acme', devices => 60)->certify($nginx->port);
my ($answer, $client);

# A request whose answer is read later.

sub ask {
    my ($method, $path, $body) = @_;

    my $c = $acme->{client}->with;
    $c->write($c->request_text($method, $path, $body,
        Authorization => "Bearer $acme->{secret}"));

    return $c;
}


sub answer {
    my ($c) = @_;

    my $got = $c->read_answer or return { status => 0, json => {} };
    $got->{json} = JSON::PP::decode_json($got->{body});

    return $got;
}


sub enqueue {
    my ($n, $uuid) = @_;

    return ask(PUT => "/v1/enqueue/acme-$n",
        MDM::Test::Device->command('ProfileList', $uuid));
}


sub pushed {
    my ($n) = @_;

    return scalar grep { $_->{token} eq $acme->token($n) } $apns->log;
}


sub sent {
    my ($uuid) = @_;

    return $pg->psql("SELECT count(*) FROM mdm.queue
                       WHERE command_uuid = '$uuid' AND sent_at IS NOT NULL");
}


$acme->expect(200, PUT => '/v1/push/acme-1');
$apns->rules(default => 'slow 1', $acme->token(1) => 200);

# The client hangs up.

$client = enqueue(2, 'left');
MDM::Test::wait_for(5, sub { $pg->psql("SELECT count(*) FROM mdm.push
    WHERE claimed_at IS NOT NULL") }) or die 'nothing was claimed';
$client->vanish;
ok MDM::Test::wait_for(2, sub { $nginx->access_log =~ m{/v1/enqueue/acme-2 .* 499 } }),
    'a client that hangs up is not waited for';
ok MDM::Test::wait_for(5, sub { sent('left') }), '... but its device is pushed';
is pushed(2), 1, '... once';

for my $n (11 .. 60) {
    my $c = enqueue($n, "crowd-$n");
    $c->vanish(1) if $n > 50;
    $client = $c if $n == 50;
}
is answer($client)->{json}{status}{'acme-50'}{push_error}, undef,
    'fifty wait at once, and some of them leave';
ok MDM::Test::wait_for(5, sub { $pg->psql("SELECT count(*) FROM mdm.queue
    WHERE sent_at IS NULL") == 0 }), '... and all are pushed';

# Another request of the same connection comes while the first waits.

$client = enqueue(3, 'one');
$client->write($client->request_text(GET => '/v1/enrollments/acme-3', undef,
    Authorization => "Bearer $acme->{secret}"));
$answer = answer($client);
is $answer->{status}, 200, 'a client that says more meanwhile hears of its push';
like $answer->{json}{status}{'acme-3'}{push_result}, qr/-/, '... and what it was';
is answer($client)->{json}{id}, 'acme-3', '... and then of the rest';

# The database goes while Apple thinks.

$apns->rules(default => 'slow 2', $acme->token(1) => 200);
$client = enqueue(4, 'away');
MDM::Test::wait_for(5, sub { $pg->psql("SELECT count(*) FROM mdm.push
    WHERE claimed_at IS NOT NULL") }) or die 'nothing was claimed';
$pg->stop('QUIT');
my $began = time;
$answer = answer($client);
is $answer->{status}, 207, 'who waits when the database goes is not told to repeat it';
like $answer->{json}{status}{'acme-4'}{push_error}, qr/unknown/,
    '... but that it is not known';
cmp_ok time - $began, '<', 6, '... when the time is over';
$pg->restart;
ok MDM::Test::wait_for(10, sub { sent('away') }), '... and the push is recorded later';

# The worker leaves while a request waits.

MDM::Test::wait_for(5, sub { $acme->api(GET => '/v1/push')->{status} == 200 });
$acme->{client}->disconnect;
$client = enqueue(5, 'exit');
MDM::Test::wait_for(5, sub { $pg->psql("SELECT count(*) FROM mdm.push
    WHERE claimed_at IS NOT NULL") }) or die 'nothing was claimed';
$nginx->reload;
$answer = answer($client);
is $answer->{status}, 200, 'a worker that leaves answers who waits first';
like $answer->{json}{status}{'acme-5'}{push_result}, qr/-/, '... with the result';
is pushed(5), 1, '... of one push';

done_testing;
