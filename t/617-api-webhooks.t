# The API of webhooks: how they do, what they gave up, and having a time sent
# once more; each tenant sees its own.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $receiver = MDM::Test::Receiver->start;
my %token = map { $_ => $pg->tenant($_, host => "$_.example") } qw(anna bert);

my $nginx = MDM::Test::Nginx->start(pg => $pg, vars => { HOOK => $receiver->port },
    conf => <<'CONF');
load_module %%MODULE%%;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" connections=2;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    mdm_webhook http://127.0.0.1:%%HOOK%%/ format=event;
    mdm_webhook http://127.0.0.1:%%HOOK%%/berts name=berts format=event tenant=bert;
    server { listen 127.0.0.1:%%PORT%%; location /v1/ { mdm api; } }
}
CONF

my %api = map { $_ => MDM::Test::Client->new(port => $nginx->port,
    host => "$_.example", token => $token{$_}) } keys %token;
my $anna = $api{anna};
my $host = $anna->with(token => token(hoster => 'admin', 'host'));

sub token {
    my ($exit, $text) = mdmctl('--database', $pg->conninfo, 'token', 'add', 'anna',
        shift, map { ('--scope', $_) } @_);

    return ($text =~ /([\w-]{43})/)[0];
}

sub refusal { return "$_[0]{status} " . ($_[0]{json}{error}{code} // '') }

sub happen {
    my ($tenant, $from, $to) = @_;

    $pg->psql("INSERT INTO mdm.event (tenant_id, type, data)
        SELECT tenant_id, 'thing', jsonb_build_object('n', n)
          FROM mdm.tenant, generate_series($from, $to) n
         WHERE name = '$tenant' ORDER BY n");
}

sub webhook { return (grep { $_->{name} eq 'default' }
    @{ $_[0]->api(GET => '/v1/webhooks')->{json}{items} })[0] }

sub numbers { return map { $_->{json}{data}{n} }
    grep { $_->{path} eq '/' && $_->{status} == 200 && $_->{json}{tenant} eq $_[0] }
    $receiver->got }


ok wait_for(60, sub { $pg->psql('SELECT count(*) FROM mdm.webhook') == 2 }),
    'the webhooks are known';
happen(anna => 1, 10);
happen(bert => 1, 5);
ok wait_for(60, sub { $receiver->got == 20 && webhook($host)->{delivered} == 15
        && $pg->psql("SELECT delivered FROM mdm.webhook WHERE name = 'berts'") == 5 }),
    'events of both tenants come';

my $list = $anna->api(GET => '/v1/webhooks');
is_deeply $list->{json}, { items => [ { name => 'default', lag => 0,
    replaying => JSON::PP::false() } ] },
    'a tenant sees the webhooks that get its events, and not what is of all tenants';
is_deeply webhook($host), { name => 'default', delivered => 15, attempts => 0, lag => 0,
    replaying => JSON::PP::false() }, '... which is for the scope "host"';
is_deeply $api{bert}->api(GET => '/v1/webhooks')->{json}{items},
    [ { name => 'berts', delivered => 5, attempts => 0, lag => 0,
        replaying => JSON::PP::false() }, $list->{json}{items}[0] ],
    '... and that of another only he, with all there is';


# Failures.

$receiver->answer(default => 200, '"n":13}' => 400, '"n":11}' => 410);
happen(anna => 11, 20);
happen(bert => 6, 9);
$pg->psql("UPDATE mdm.event SET at = at - interval '1 minute' WHERE data->>'n' = '11'");
ok wait_for(60, sub { webhook($anna)->{lag} >= 60 }), 'the lag is the oldest event\'s age';
cmp_ok webhook($api{bert})->{lag}, '<', 60, '... of one\'s own';
ok wait_for(60, sub { $pg->psql('SELECT count(*) FROM mdm.webhook_failure') == 2 }),
    'two are given up';

my $failures = $anna->api(GET => '/v1/webhooks/default/failures')->{json};
is_deeply [ map { "$_->{type} $_->{status} $_->{error}" } @{ $failures->{items} } ],
    [ 'thing 400 HTTP 400', 'thing 410 HTTP 410' ], 'both are shown, newest first';
is_deeply [ sort keys %{ $failures->{items}[0] } ], [ qw(at error event_id status type) ],
    '... with what is known';
my $page = $anna->api(GET => '/v1/webhooks/default/failures?limit=1')->{json};
is_deeply $page->{items}, [ $failures->{items}[0] ], 'a page has the first';
$page = $anna->api(GET => "/v1/webhooks/default/failures?limit=1&after=$page->{next}")->{json};
is_deeply $page, { items => [ $failures->{items}[1] ] }, '... the next the second';
is_deeply $api{bert}->api(GET => '/v1/webhooks/default/failures')->{json},
    { items => [] }, 'another tenant has none';


# Replay.

$receiver->answer(default => 200);
my @before = numbers('anna');
my $bert = numbers('bert');
my $since = $pg->psql("SELECT mdm_r2.rfc3339(now() - interval '1 hour')");
my $answer = $anna->api(POST => '/v1/webhooks/default/replay', { since => $since });

is $answer->{status}, 202, 'a replay is asked for';
is_deeply $answer->{json}, { replaying => JSON::PP::true() }, '... and begins';
ok wait_for(60, sub { numbers('anna') == @before + 20 }), 'everything comes once more';
my @all = numbers('anna');
is join(' ', sort { $a <=> $b } @all[-20 .. -1]), join(' ', 1 .. 20),
    '... each of them, what was given up, too';
ok wait_for(60, sub { !webhook($anna)->{replaying} }), '... and it ends';
is scalar(my @b = numbers('bert')), $bert, "... without the other's";
is $pg->psql('SELECT count(*) FROM mdm.webhook_failure'), 0, '... and no failure is left';
is $pg->psql("SELECT actor || ' ' || remote || ' ' || action || ' ' || (detail->>'webhook')
                FROM mdm.audit WHERE action = 'webhook_replay'"),
    'test 127.0.0.1 webhook_replay default', '... the audit knows who asked';

$since = $pg->psql("SELECT mdm_r2.rfc3339(now() + interval '1 hour')");
$anna->api(POST => '/v1/webhooks/default/replay', { since => $since });
ok wait_for(60, sub { !webhook($anna)->{replaying} }), 'a replay of nothing ends, too';
is scalar(@b = numbers('anna')), @all, '... and sends nothing';


# A receiver that fails.

$receiver->answer(default => 503);
happen(anna => 21, 21);
ok wait_for(60, sub { webhook($host)->{attempts} }), 'a receiver fails';
is webhook($host)->{last_error}, 'HTTP 503', '... with an error that the hoster sees';
is_deeply [ sort keys %{ webhook($anna) } ], [ qw(failing_since lag name replaying) ],
    '... and a tenant sees since when';
$receiver->answer(default => 200);


# Refusals.

is refusal($anna->api(POST => '/v1/webhooks/default/replay', $_->[1])),
    '400 bad_body', "since cannot be $_->[0]"
    for [ 'absent', {} ], [ 'a number', { since => 1 } ],
        [ 'a word', { since => 'yesterday' } ], [ 'a day', { since => '2026-05-04' } ],
        [ 'no day', { since => '2026-02-30T00:00:00Z' } ],
        [ 'accompanied', { since => $since, until => $since } ];
for my $name (qw(berts nobody %ff)) {
    is refusal($anna->api(POST => "/v1/webhooks/$name/replay", { since => $since })),
        '404 unknown_webhook', "there is no webhook $name for her to replay";
    is refusal($anna->api(GET => "/v1/webhooks/$name/failures")),
        '404 unknown_webhook', '... or to look at';
}
is refusal($anna->api(GET => '/v1/webhooks/default/failures?after=x')), '400 bad_cursor',
    'a made-up cursor is refused';
is refusal($anna->api(GET => '/v1/webhooks/default/failures?limit=0')), '400 bad_limit',
    'so is a bad limit';
is refusal($anna->api(GET => '/v1/webhooks?limit=1')), '400 unknown_argument',
    '... and a limit where there is none';

my $reader = $anna->with(token => token(reader => 'read'));
is refusal($reader->api(@$_)), '403 missing_scope',
    "without \"admin\" $_->[0] $_->[1] is refused"
    for [ GET => '/v1/webhooks' ], [ GET => '/v1/webhooks/default/failures' ],
        [ POST => '/v1/webhooks/default/replay', { since => $since } ];

done_testing;
