# Metrics: what a scripted series of requests counts, the format, and what the
# database tells of itself.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Metrics ();

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 1;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" connections=2 timeout=2s "name=a\"b\\c";
    mdm_secret_key %%SECRET_KEY%%;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /metrics { mdm metrics; }
        location /device/ {
            mdm connect;
            mdm_tenant $host;
            mdm_identity signature;
            location = /device/gone { return 404; mdm connect; }
        }
        location /v1/ { mdm api; mdm_tenant $host; }
        location = /version { mdm api; mdm_tenant $host; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my %db = (database => 'a\"b\\\\c');

sub scrape { return MDM::Test::Metrics->scrape($client) }


# --- before anything ---

my $metrics = scrape();
is $metrics->{answer}{status}, 200, 'metrics are told without a tenant';
is $metrics->{answer}{headers}{'content-type'},
    'text/plain; version=0.0.4; charset=utf-8', '... in the text format';
is_deeply $metrics->{faults}, [], '... which is kept';
is $metrics->sum('requests_total'), 0, 'no request is counted';
is $metrics->sum('identities_refused_total'), 0, '... nobody was refused';
is $metrics->value('workers'), 1, 'there is a worker';
cmp_ok abs($metrics->value('start_time_seconds') - time), '<', 60,
    '... who counts since now';

my $post = $client->request(POST => '/metrics', 'x');
is $post->{status}, 405, 'nothing is posted there';
is $post->{headers}{allow}, 'GET, HEAD', '... it says so';
my $head = $client->request(HEAD => '/metrics', undef);
is "$head->{status} $head->{body}", '200 ', 'HEAD brings no body';

my $doc = slurp(tree() . '/docs/metrics.md');
is_deeply [ sort { $a cmp $b } $doc =~ /^\| `(mdm_\w+)` \|/mg ],
    [ sort { $a cmp $b } keys %{ $metrics->{type} } ],
    'docs/metrics.md has each metric and no other';
is_deeply { $doc =~ /^\| `(mdm_\w+)` \| (\w+) \|/mg }, $metrics->{type},
    '... with its type';


# --- a series of requests ---

my $iphone = MDM::Test::Device->new(client => $client, sign => 1,
    path => '/device/', certificate => $ca->device('iphone'));
my $stranger = MDM::Test::Device->new(client => $client, sign => 1,
    path => '/device/', certificate => $ca->device('stranger'));
my $foreign = MDM::Test::Device->new(client => $client, sign => 1, path => '/device/',
    certificate => MDM::Test::PKI->ca('Other CA')->device('foreign'));
my $api = $client->with(token => $token);
my @uuid = map { $iphone->uuid } 1 .. 2;
my $type = 'application/x-apple-aspen-mdm-checkin';

$iphone->enroll;
$api->api(PUT => '/v1/enqueue/' . $iphone->enrollment,
    $iphone->command('ProfileList', $_)) for @uuid;
is $iphone->idle->{command_uuid}, $uuid[0], 'a command is delivered';
$iphone->report($uuid[0], 'NotNow');
$iphone->report($uuid[0], 'Acknowledged');
$iphone->report_error($uuid[1]);
$iphone->idle for 1 .. 3;

is $iphone->send($type, 'garbage')->{status}, 400, 'garbage is sent';
is $client->put('/device/', $type, 'x')->{status}, 400, '... without a signature';
is $iphone->send($type, 'garbage', 'Mdm-Signature' => 'AAAA')->{status}, 400,
    '... with one that is none';
is $iphone->send($type, 'garbage', 'Mdm-Signature'
    => $iphone->{certificate}->sign('others'))->{status}, 400, '... of another text';
is $stranger->idle->{status}, 403, 'a stranger comes';
is $stranger->with(id => $iphone->{id})->idle->{status}, 403, '... as the iPhone';
is $foreign->authenticate->{status}, 403, '... from another CA';
is $client->get('/device/')->{status}, 405, 'a browser comes';
is $client->put('/device/', 'text/plain', 'x')->{status}, 415, '... and stays';
is $iphone->with(path => '/device/gone')->idle->{status}, 503, '404 is kept from a device';

$client->api(GET => '/v1/enrollments');
$client->with(token => 'x' x 43)->api(GET => '/v1/enrollments') for 1 .. 2;
$api->api(GET => '/v1/enrollments') for 1 .. 3;
$api->api(DELETE => '/v1/commands/none');
$api->api(GET => '/v1/nothing');
$client->get('/version');

$metrics = scrape();
is_deeply $metrics->{faults}, [], 'the format is kept';

sub counts {
    my ($what, $metric, @expected) = @_;

    for my $row (@expected) {
        my ($number, %label) = @$row;
        is $metrics->value($metric, %label), $number,
            "$what: $number of " . join ' ', map { $label{$_} } sort keys %label;
    }

    my $all = 0;
    $all += $_->[0] for @expected;
    is $metrics->sum($metric), $all, "$what: and no other";
}

counts('requests', 'requests_total', map {
        [ $_->[0], message => $_->[1], status => $_->[2] ]
    } [ 1, 'Authenticate', 200 ], [ 1, 'TokenUpdate', 200 ], [ 7, 'Report', 200 ],
      [ 2, 'Report', 403 ], [ 4, 'unknown', 400 ], [ 1, 'unknown', 403 ],
      [ 1, 'unknown', 405 ], [ 1, 'unknown', 415 ], [ 1, 'unknown', 503 ]);
counts('times', 'request_duration_seconds_count', map { [ $_->[0], kind => $_->[1] ] }
    [ 2, 'checkin' ], [ 6, 'idle' ], [ 3, 'report' ], [ 8, 'unknown' ]);
counts('reports', 'reports_total', map { [ $_->[0], %db, status => $_->[1] ] }
    [ 6, 'Idle' ], [ 1, 'NotNow' ], [ 1, 'Acknowledged' ], [ 1, 'Error' ]);
counts('refusals', 'identities_refused_total', map { [ 1, %db, reason => $_ ] }
    qw(absent unreadable bad_signature unknown not_bound untrusted));
counts('guarded', 'guarded_total', [ 1, status => 404 ]);
is $metrics->value('api_requests_total', operation => $_->[1], status => $_->[2]),
    $_->[0], "API: $_->[0] of $_->[1] with $_->[2]"
    for [ 2, 'PUT|POST /v1/enqueue/*', 200 ], [ 3, 'GET /v1/enrollments', 401 ],
        [ 3, 'GET /v1/enrollments', 200 ], [ 1, 'none', 404 ], [ 1, 'GET /version', 200 ];
is $metrics->sum('api_requests_total'), 11, 'API: and one more, the cancelling';

is $metrics->value('certificate_lookups_total', %db, result => 'miss'), 3,
    'three certificates were parsed';
cmp_ok $metrics->value('certificate_lookups_total', %db, result => 'hit'), '>', 8,
    '... and known after that';
ok $metrics->value('tenant_loads_total', %db, result => 'found'),
    'the tenant was loaded';
is $metrics->value('tenants_cached', %db), 1, '... and is kept';
is $metrics->value('certificates_cached', %db), 3, '... like the certificates';
is $metrics->value('thread_tasks_total', %db, where => 'pool'), 0,
    'no body went to a thread';
is $metrics->value('database_calls_total', %db, statement => $_->[0], result => 'done'),
    $_->[1], "$_->[0] was called $_->[1] times"
    for [ authenticate => 1 ], [ token_update => 1 ], [ report => 3 ], [ enqueue => 2 ];
is $metrics->value('database_batch_size_count', %db, statement => 'report'), 3,
    '... and each report went alone';
is $metrics->value('database_batch_size_sum', %db, statement => 'report'), 3,
    '... as the sum says';
is $metrics->sum('database_calls_total', result => 'done'),
    $metrics->sum('database_call_duration_seconds_count'),
    'each call has been timed';
is $metrics->value('database_up', %db), 1, 'the database is up';
is $metrics->sum('database_connections'), 5, '... with all connections';
is $metrics->sum('database_connections_wanted'), 5, '... that are wanted';
is $metrics->sum('database_connects_total'), 5, '... each made once';


# --- the database's own numbers ---

my $other = $pg->tenant('other', host => 'other.example');
$pg->psql(q{INSERT INTO mdm.identity (tenant_id, fingerprint, enrollment_id, state, not_after)
    SELECT t.tenant_id, sha256(convert_to(t.name || i, 'UTF8')), 1000 + i, 'bound',
           now() + i * interval '1 day' - interval '1 hour'
      FROM mdm.tenant t, generate_series(-1, 90) i});
$pg->psql(q{INSERT INTO mdm.push (tenant_id, enrollment_id, topic, wanted_at, due_at, stopped)
    SELECT tenant_id, id, topic, now(), now() - minutes * interval '1 minute', id = 9
      FROM mdm.tenant, (VALUES (6, 'a', 600), (7, 'a', -9), (8, 'topic--3', 60), (9, 'c', 7))
               AS t (id, topic, minutes)
     WHERE name = 'other';
    INSERT INTO mdm.push_topic (tenant_id, topic, stopped_at, followed, judged,
        former_followed, former_judged)
    SELECT tenant_id, 'b', now(), 1, 2, 2, 2 FROM mdm.tenant WHERE name = 'other'});
$pg->psql(q{ANALYZE mdm.enrollment});
$pg->psql(q{INSERT INTO mdm.push_certificate (tenant_id, topic, certificate, private_key,
        not_before, not_after, subject, issuer, serial, fingerprint)
    SELECT t.tenant_id, 'topic-' || d, '', '', now() - interval '1 year',
           now() + d * interval '1 day' + interval '1 hour', 's', 'i', '01', ''
      FROM mdm.tenant t, unnest('{-3,5,6,20,60,61,89,95}'::integer[]) d});
$pg->psql(q{INSERT INTO mdm.signing_certificate (tenant_id, certificates, private_key,
        not_before, not_after, subject, issuer, serial, fingerprint)
    SELECT t.tenant_id, '', '', now(), now() + t.tenant_id * interval '25 hours',
           's', 'i', '01', '' FROM mdm.tenant t});
# Two hours ago may have been last week.
$pg->psql(q{DO $$
DECLARE v_week timestamptz := date_trunc('week', now(), 'UTC') - interval '1 week';
BEGIN
    EXECUTE format('CREATE TABLE mdm.event_before PARTITION OF mdm.event
                    FOR VALUES FROM (%L) TO (%L)', v_week, v_week + interval '1 week');
END $$});
$pg->psql(q{INSERT INTO mdm.webhook (name, only_tenant_id, cursor_xid, cursor_event_id,
        cursor_at, delivered, attempts)
    VALUES ('all', NULL, '0', 0, now() - interval '1 day', 7, 0),
           ('of-other', (SELECT tenant_id FROM mdm.tenant WHERE name = 'other'), '0', 0,
            now() - interval '1 day', 8000000000, 3),
           ('done', NULL, '9000000000', 0, now(), 0, 0);
    INSERT INTO mdm.event (tenant_id, type, xid, at)
    SELECT tenant_id, 'thing', '5', now() - CASE name WHEN 'other' THEN 1 ELSE 2 END
                                            * interval '1 hour' FROM mdm.tenant});
$api->api(PUT => '/v1/enqueue/' . $iphone->enrollment,
    $iphone->command('ProfileList', $iphone->uuid)) for 1 .. 4;
is $iphone->idle->{status}, 200, 'one of four commands is delivered';
$pg->psql(q{UPDATE mdm.lease SET until = now() WHERE name = 'metrics'});

ok wait_for(25, sub {
    $metrics = scrape();
    $metrics->value('queue_commands', %db, state => 'PUSH') == 1
}), 'within a while the numbers of the database are new';

is $metrics->value(@{ $_->[0] }, %db), $_->[1], "@{ $_->[0] }: $_->[1]"
    for map { my @row = @$_; my $n = pop @row; [ \@row, $n ] }
        [ 'queue_commands', state => 'QUEUED', 3 ], [ 'queue_commands', state => 'NOTNOW', 0 ],
        [ 'enrollments', state => 'live', 1 ], [ 'enrollments', state => 'ended', 0 ],
        [ 'tenants', 2 ], [ 'pushes_wanted', 5 ],
        [ 'pushes_without_certificate', 4 ],
        [ 'push_channels_stopped', 1 ], [ 'push_topics_stopped', 1 ],
        [ 'push_followed_ratio', 0.75 ],
        [ 'certificates_expiring', days => 0, 4 ], [ 'certificates_expiring', days => 7, 14 ],
        [ 'certificates_expiring', days => 30, 60 ],
        [ 'certificates_expiring', days => 90, 180 ],
        [ 'push_certificates_expiring', days => 0, 2 ],
        [ 'push_certificates_expiring', days => 1, 0 ],
        (map { [ 'push_certificates_expiring', days => $_, 4 ] } 7, 14),
        (map { [ 'push_certificates_expiring', days => $_, 6 ] } 30, 45),
        [ 'push_certificates_expiring', days => 90, 12 ], [ 'push_certificate_days_left', 0 ],
        [ 'signing_certificate_days_left', 1 ],
        [ 'webhook_delivered_total', webhook => 'all', 7 ],
        [ 'webhook_delivered_total', webhook => 'of-other', 8e9 ],
        [ 'webhook_failing', webhook => 'all', 0 ],
        [ 'webhook_failing', webhook => 'of-other', 1 ],
        [ 'webhook_lag_seconds', webhook => 'done', 0 ],
        [ 'sampled_ratio', table => 'queue', 1 ], [ 'table_rows', table => 'enrollment', 1 ];
cmp_ok abs($metrics->value('push_oldest_seconds', %db) - 3600), '<', 60,
    'the oldest push for which there is a certificate is an hour late';
cmp_ok abs($metrics->value('webhook_lag_seconds', %db, webhook => $_->[0]) - $_->[1]), '<',
    60, "an event has waited for $_->[0]" for [ 'all', 7200 ], [ 'of-other', 3600 ];
cmp_ok $metrics->value('sample_age_seconds', %db), '<', 30, 'they are young';
is_deeply $metrics->{faults}, [], '... and the format is kept';


# --- who may measure, and how much is looked at ---

is $pg->psql('SELECT count(*) FROM mdm.identity', role => 'mdm_job'), 0,
    'the job sees no certificate';
is $pg->psql("SET mdm.measure = 'on'; SELECT count(*) FROM mdm.identity",
    role => 'mdm_job'), 185, '... unless it measures';
is $pg->psql("SET mdm.measure = 'on'; SELECT count(not_after) FROM mdm.push_certificate",
    role => 'mdm_job'), 16, '... push certificates are the same';
is $pg->psql("SELECT topic FROM mdm.push_certificate WHERE not_after > now() + interval '46 days'",
    role => 'mdm_job'), '', '... and those of which nothing is to be told only of the tenant it names';
is $pg->psql("SET mdm.measure = 'on'; SELECT count(*) FROM mdm.identity", role => $_), 0,
    "... and $_ sees none then, either" for qw(mdm_device mdm_api);
is $pg->psql("SET mdm.measure = 'on'; WITH u AS (UPDATE mdm.queue SET priority = 1
    RETURNING 1) SELECT count(*) FROM u", role => 'mdm_job'), 0, '... nor may it change any';
is $pg->psql('SELECT mdm_r2.metric_measure(500); SELECT count(*) FROM mdm.queue',
    role => 'mdm_job') =~ s/\s+//r, 0, 'after measuring it sees nothing again';

$pg->psql(q{INSERT INTO mdm.enrollment (tenant_id, device_id, channel, state)
    SELECT 1, 'sample-' || i, 'device', CASE i % 4 WHEN 0 THEN 'closed' ELSE 'pending' END
      FROM generate_series(1, 60000) i});
$pg->psql('SELECT mdm_r2.metric_measure(200)', role => 'mdm_job');
$pg->psql("DELETE FROM mdm.webhook WHERE name = 'done'; DELETE FROM mdm.push_certificate;
    DELETE FROM mdm.signing_certificate");
$pg->psql('SELECT mdm_r2.metric_measure(200)', role => 'mdm_job');
my %measured = map { ("$_->[0] $_->[1]" => $_->[2]) }
    $pg->query('SELECT name, label, value FROM mdm.metric');
is join(' ', grep { /^webhook_lag|days_left/ } sort keys %measured),
    'webhook_lag_seconds all webhook_lag_seconds of-other',
    'what there is no more is not told any longer';
$pg->psql(q{INSERT INTO mdm.push_certificate (tenant_id, topic, certificate, private_key,
        not_before, not_after, subject, issuer, serial, fingerprint)
    SELECT 1, 't' || d, '', '', now(), now() + d * interval '25 hours', 's', 'i', '01', ''
      FROM unnest('{48,96}'::integer[]) d});
$pg->psql('SELECT mdm_r2.metric_measure(200)', role => 'mdm_job');
is $pg->psql("SELECT value FROM mdm.metric WHERE name = 'push_certificate_days_left'"), 49,
    'the first of two push certificates has 49 whole days';
cmp_ok $measured{'sampled_ratio enrollment'}, '<', 0.5, 'of a large table a part is looked at';
cmp_ok abs($measured{'enrollments pending'} - 45000), '<', 15_000,
    '... and the whole is estimated';
cmp_ok abs($measured{'enrollments closed'} - 15000), '<', 6000, '... state by state';
unlike $pg->psql(q{SET mdm.measure = 'on'; EXPLAIN SELECT i.not_after FROM mdm.identity i
    WHERE i.state = 'bound' AND i.not_after > now() AND i.not_after <= now()
     + interval '90 days' ORDER BY i.not_after LIMIT 10000}, role => 'mdm_job'),
    qr/Seq Scan|Sort/, 'certificates are counted by their index';


# --- without the database ---

$nginx->expect(qr/PostgreSQL/);
$pg->stop;
is $iphone->idle->{status}, 503, 'without a database a device hears 503';

$metrics = scrape();
is $metrics->{answer}{status}, 200, '... and metrics are told';
is_deeply $metrics->{faults}, [], '... in their format';
is $metrics->value('database_up', %db), 0, '... the database is not up';
is $metrics->sum('database_connections'), 0, '... there is no connection';
is $metrics->sum('database_connections_lost_total'), 5, '... as many were lost';
is $metrics->value('requests_total', message => 'Report', status => 503), 1,
    '... the 503 is counted';
is $metrics->value('database_calls_total', %db, statement => 'poll', result => $_->[0]),
    $_->[1], "... the poll counts as $_->[0]" for [ away => 1 ];
is $metrics->value('queue_commands', %db, state => 'PUSH'), 1,
    '... and what the database told last is still told';

$pg->launch;
ok wait_for(10, sub { scrape()->value('database_up', %db) }), 'it comes back';

done_testing;
