# A server that does not push, alone and beside one that does; a topic that is
# stopped, and resumed; what the lists of topics and stops say.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes qw(time);
use MDM::Test;
use MDM::Test::APNs;

my $pg   = MDM::Test::Postgres->start(migrate => 1);
my $apns = MDM::Test::APNs->start;

my $conf = <<'CONF';
load_module %%MODULE%%;
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

my $quiet = MDM::Test::Nginx->start(pg => $pg, conf => $conf, vars => { APNS => 'off' });
my $acme = $apns->tenant($pg, 'acme', devices => 20)->certify($quiet->port);
my $answer;

sub ids { return join ',', $acme->ids(@_) }

sub enqueue {
    my ($uuid, @n) = @_;

    return $acme->api(PUT => '/v1/enqueue/' . ids(@n),
        MDM::Test::Device->command('ProfileList', $uuid));
}


sub ctl { return mdmctl('--database', $pg->conninfo, @_) }

sub topic { return $acme->expect(200, GET => '/v1/push')->{items}[0] }


# Nobody pushes.

my $began = time;
$answer = enqueue('quiet', 1);
is $answer->{status}, 200, 'where nobody pushes a command is queued';
is $answer->{json}{no_push}, JSON::PP::true(), '... but not pushed';
like $answer->{json}{push_error}, qr/"mdm_apns"/, '... and why is said';
is_deeply $answer->{json}{status}, { 'acme-1' => {} }, '... once';
$answer = $acme->api(PUT => '/v1/push/acme-1');
is $answer->{status}, 500, 'a push that nobody sends is none';
like $answer->{json}{push_error}, qr/"mdm_apns"/, '... and says why';
cmp_ok time - $began, '<', 1, '... at once';
is topic()->{state}, 'no_worker', '... and so does the list of topics';

# Another server pushes.

my $node = MDM::Test::Nginx->start(pg => $pg, conf => $conf,
    vars => { APNS => $apns->directive });
MDM::Test::wait_for(10, sub { grep { $_->{token} eq $acme->token(1) } $apns->log })
    or die 'what waited was not pushed';
$answer = enqueue('there', 2, 3);
is $answer->{status}, 200, 'what another server pushes';
is scalar(grep { defined $_->{push_result} } values %{ $answer->{json}{status} }), 2,
    '... is told here';
$answer = $acme->api(PUT => '/v1/push/acme-4');
like $answer->{json}{status}{'acme-4'}{push_result}, qr/-/, '... also what was asked for';

# Stops.

$apns->rules($acme->token(5) => '400 BadDeviceToken',
    $acme->token(6) => '410 Unregistered 4000000000000');
$acme->api(PUT => '/v1/push/' . ids(5, 6));

my $path = '/v1/push-topics/' . $acme->{topic};
my $stops = $acme->expect(200, GET => "$path/stops")->{items};
is_deeply [ sort map { "$_->{id} $_->{reason}" } @$stops ],
    [ 'acme-5 BadDeviceToken', 'acme-6 Unregistered' ], 'who is stopped is listed';
is topic()->{stopped_devices}, 2, '... and counted';
my $page = $acme->expect(200, GET => "$path/stops?limit=1");
is scalar @{ $page->{items} }, 1, '... page by page';
is $acme->expect(200, GET => "$path/stops?limit=1&after=$page->{next}")->{items}[0]{id},
    'acme-6', '... by page';

my ($exit, $text) = ctl('push');
is $exit, 0, 'mdmctl shows the topics';
like $text, qr/^TOPIC +STATE .*\n\Q$acme->{topic}\E +pushing +36\d +\d+ +2 +\d+ +2\b/,
    '... and what is of each';
($exit, $text) = ctl('push', 'show', $acme->{topic});
like $text, qr/^certificate days_left +36\d$/m, '... all that is known of one';
like $text, qr/^acme-6 +Unregistered +20/m, '... and who is stopped';
($exit, $text) = ctl('push', 'show', 'com.apple.mgmt.none');
is $exit, 1, '... not of one that there is not';
like $text, qr/there is no topic "com.apple.mgmt.none"/, '... as it says';

$apns->rules();
($exit, $text) = ctl('push', 'send', 'acme-9', 'nobody', 'acme-5');
is $exit, 1, 'mdmctl pushes, and says so when it cannot';
like $text, qr/^acme-9: accepted by Apple as [-0-9a-f]{36}$/m, '... of each';
like $text, qr/^nobody: no such enrolment$/m, '... what it lacks';
is((ctl('push', 'send', 'acme-9'))[0], 0, '... and that all are pushed');

is $acme->expect(200, POST => "$path/resume", { ids => ['acme-6'] })->{resumed}, 1,
    'one is resumed';
$pg->psql("UPDATE mdm.push_stop SET probe_at = now() + interval '7 days'");
($exit, $text) = ctl('push', 'resume', $acme->{topic});
like $text, qr/\A(?:the push is resumed of \d)/, '... and all others';
ok MDM::Test::wait_for(5, sub {
    !@{ $acme->expect(200, GET => "$path/stops")->{items} } }), '... are stopped no more';
is $pg->psql("SELECT count(*) FROM mdm.audit WHERE action = 'push_resume'"), 2,
    '... which the audit knows';
is $acme->api(GET => '/v1/push-topics/com.apple.mgmt.External.none/stops')
    ->{json}{error}{code}, 'unknown_topic', 'a topic that there is not';
is $acme->api(POST => '/v1/push-topics/other/resume', {})->{json}{error}{code},
    'unknown_topic', '... and what can be none';

# A topic that is stopped.

$apns->rules(default => '400 TopicDisallowed');
$answer = $acme->api(PUT => '/v1/push/acme-7');
is $answer->{status}, 500, 'a topic that Apple does not take';
like $answer->{json}{status}{'acme-7'}{push_error}, qr/TopicDisallowed/, '... is stopped';
my $topic = topic();
is $topic->{state}, 'stopped', '... as the list of topics says';
is $topic->{reason}, 'TopicDisallowed', '... why';
like $topic->{$_}, qr/\w \w/, "... and what that $_" for qw(means next);
$began = time;
like enqueue('stopped', 8)->{json}{status}{'acme-8'}{push_error}, qr/stopped/,
    'its devices are not pushed';
cmp_ok time - $began, '<', 2, '... and nobody waits for it';

$apns->rules();
$acme->expect(200, POST => "$path/resume", {});
$answer = $acme->api(PUT => '/v1/push/acme-7');
is $answer->{status}, 200, 'resumed it is pushed';
is topic()->{state}, 'pushing', '... as the list says';

# A certificate that has expired.

$pg->psql("UPDATE mdm.push_certificate SET not_after = now() - interval '1 day'");
like $acme->api(PUT => '/v1/push/acme-7')->{json}{status}{'acme-7'}{push_error},
    qr/expired/, 'a certificate that has expired is said';
is topic()->{state}, 'certificate_expired', '... and shown';

# Commands for who cannot be pushed come faster than it is looked for their topics.

$acme->{client} = MDM::Test::Client->new(port => $node->port, host => $acme->{host},
    token => $acme->{secret});
$pg->psql(q{DO $$ BEGIN
    EXECUTE replace(pg_get_functiondef('mdm_r2.push_lease'::regproc),
        'PERFORM set_config(''mdm.tenant''',
        'PERFORM pg_sleep(0.1); PERFORM set_config(''mdm.tenant''');
    UPDATE mdm.lease SET until = now() WHERE name = 'push'; END $$});
$began = time;
$acme->queue(10) while time < $began + 2;
is $pg->psql("SELECT until > now() FROM mdm.lease WHERE name = 'push'"), 't',
    'many commands of one tenant do not keep a server from looking for all others';

done_testing;
