# What stops a topic, and that its pushes go on, is in the error log: a line each, once,
# of the worker that does it, with the tenant and what to do.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::APNs;

my $pg   = MDM::Test::Postgres->start(migrate => 1);
my $apns = MDM::Test::APNs->start;

my $nginx = MDM::Test::Nginx->start(pg => $pg, vars => { APNS => $apns->directive },
    level => 'notice', conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 2;
events { worker_connections 256; }
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

# Two whose certificates end while nobody pushes.

my %tenant = map { $_ => $apns->tenant($pg, $_, devices => 9)->certify($nginx->port) }
    qw(acme anna bert);
my $acme = $tenant{acme};

$pg->psql("UPDATE mdm.push_certificate SET not_after = now() + interval '$$_[1]'
    WHERE tenant_id = $tenant{ $$_[0] }{number}")
    for [ anna => '6 days 1 hour' ], [ bert => '-1 second' ];

# The level of each line of a topic that says this, in their order.

sub levels {
    my ($tenant, $text) = @_;

    my $topic = $tenant{$tenant}{topic};

    return join ' ', $nginx->error_log =~
        /\[(\w+)\] [^\n]* mdm: push topic \Q$topic\E, tenant "$tenant": $text/g;
}


sub says {
    my ($tenant, $text, $levels, $name) = @_;

    MDM::Test::wait_for(8, sub { levels($tenant, $text) eq $levels });
    is levels($tenant, $text), $levels, $name;
}


sub push_to { return $acme->api(PUT => '/v1/push/' . join ',', $acme->ids(@_)) }

# Apple does not take the topic.

is push_to(1)->{status}, 200, 'a topic that works';
is levels('acme', '.*'), '', '... says nothing';
$apns->rules(default => '400 TopicDisallowed');
push_to(1 .. 9);
says('acme', qr/stopped: TopicDisallowed: .*"mdmctl push resume"/, 'error',
    'a topic that Apple does not take is in the log, with what to do');

$apns->rules();
my ($exit) = mdmctl('--database', $pg->conninfo, '--tenant', 'acme',
    'push', 'resume', $acme->{topic});
is $exit, 0, 'it is resumed';
push_to(1);
says('acme', qr/pushes go on: it was resumed/, 'notice', '... which its next owner says');

# The tokens of many are refused.

$apns->rules(default => '400 BadDeviceToken');
$pg->psql('UPDATE mdm.push_topic SET window_answers = 0, window_refusals = 0');
push_to(1 .. 9);
says('acme', qr/stopped: refused: /, 'error', 'a topic with many refusals is in the log');

# Another certificate; of a topic that nobody has, and of one that a worker has.

$apns->rules();
$acme->certify($nginx->port);
push_to(1);
says('acme', qr/pushes go on: it was renewed/, 'notice', 'that a certificate is renewed, too');
$acme->certify($nginx->port);
says('acme', qr/pushes go on: it was renewed/, 'notice notice', '... also while it is pushed');

# Resumed while Apple still owes the worker an answer.

$apns->rules(default => '400 TopicDisallowed', $acme->token(2) => 'slow 6');
$acme->queue(1, 2);
says('acme', qr/stopped: /, 'error error error', 'it stops once more');
$acme->expect(200, POST => "/v1/push-topics/$acme->{topic}/resume", {});
$apns->rules();
says('acme', qr/pushes go on: it was resumed/, 'notice notice',
    '... and that it goes on is said, though the worker still has it');

# Certificates that end.

says('anna', qr/its certificate expires in 6 days: renew it, .*"mdmctl pushcert store"/,
    'warn', 'a certificate that ends soon is in the log');
says('bert', qr/its certificate has expired, .*: renew it, /, 'error', '... one that has ended');
is levels('anna', '.*'), 'warn', '... once';

is levels('acme', '.*'), 'error notice error notice notice error notice', 'each is said once in all';

done_testing;
