# mdmctl about what happened: events as lines of JSON, the audit, webhooks; and the
# hosts of a tenant.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use Test::More;
use MDM::Test;

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);
$pg->tenant('beta', host => 'beta.example', device_ca => $ca);

my $receiver = MDM::Test::Receiver->start;
my $nginx = MDM::Test::Nginx->start(pg => $pg, vars => { HOOK => $receiver->port },
    conf => <<'CONF');
load_module %%MODULE%%;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    mdm_webhook http://127.0.0.1:%%HOOK%%/ name=ours tenant=acme;
    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);


sub ctl {
    my @words = @_;

    push @words, '--tenant', 'acme' if !grep { $_ eq '--tenant' } @words;

    return mdmctl('--database', $pg->conninfo, @words);
}


# Exit code, a pattern in the text, and the sentence; returns the text.

sub says {
    my ($exit, $pattern, $sentence, @words) = @_;
    my ($got, $text) = ctl(@words);

    is $got, $exit, $sentence or diag $text;
    like $text, $pattern, '... and says so';

    return $text;
}


# Events, one decoded line each.

sub events {
    my ($exit, $text) = ctl('events', @_);

    diag $text if $exit != 0;

    return map { JSON::PP->new->utf8->decode($_) } split /\n/, $text;
}


sub types { return join ' ', map { $_->{type} } @_ }


# A receiver that is there before the first event.

wait_for(30, sub { (ctl('webhook', 'list'))[1] =~ /^ours / });
says(0, qr/^ours +0 +0 +0 +no *$/m, 'a webhook is listed', 'webhook', 'list');
says(0, qr/there is no webhook: "mdm_webhook" in nginx\.conf/, 'another tenant has none',
    'webhook', 'list', '--tenant', 'beta');
says(0, qr/\Aits receiver has taken everything\n\z/, 'nothing has failed', 'webhook',
    'failures', 'ours');


# Events.

says(0, qr/\A\z/, 'at first there is no event', 'events');

my ($mac, $phone) = map {
    MDM::Test::Device->new(client => $client, sign => 1, udid => $_,
        certificate => $ca->device(lc $_));
} qw(MAC PHONE);
$_->enroll for $mac, $phone;
$mac->user('501', 'Änne', 'Anna')->enroll;

my @all = events();
is types(@all), 'authenticated enrolled token_updated authenticated enrolled token_updated '
    . 'enrolled token_updated', 'events come in their order' or diag types(@all);
is_deeply [ sort keys %{ $all[0] } ], [qw(at data enrollment id tenant type)],
    '... with all of them that the API tells';
is "$all[0]{tenant} $all[0]{enrollment} $all[0]{data}{device_id}", 'acme MAC MAC',
    '... of whom';
is_deeply [ map { $_->{id} } @all ],
    [ map { $_->{id} } @{ $api->api(GET => '/v1/events')->{json}{items} } ],
    '... with the ids that they have there';

is types(events('--type', 'enrolled')), 'enrolled enrolled enrolled', 'types are chosen';
is types(events('--type', 'enrolled', '--type', 'authenticated', '--device', 'PHONE')),
    'authenticated enrolled', '... and devices';
is types(events('--device', 'MAC:501')), 'enrolled token_updated', '... and users';
is types(events('--after', $all[5]{id})), 'enrolled token_updated',
    'they go on behind an id';
is types(events('--after', 'now')), '', '... and behind what there is';
is types(events('--tenant', 'beta')), '', 'another tenant has none';
is types(events('--tenant', 'beta', '--after', $all[0]{id})), '',
    '... nor behind an id of the first';

says(2, qr/--after is the id of an event/, "--after $_ is wrong", 'events', '--after', $_)
    for 'x', '', '%', 'YXVkaXQKMQ', 'ZXZlbnRzCjE', 'ZXZlbnRzCjEKMQox' . 'MTEx' x 8;
says(2, qr/--type is the type of an event: small letters/, "--type $_ is wrong", 'events',
    '--type', $_) for 'Enrolled', 'a,b', '';
says(1, qr/there is no enrolment "NOBODY"/, 'nobody has no events', 'events', '--device',
    'NOBODY');

$pg->psql("INSERT INTO mdm.event (tenant_id, type, data)
    SELECT tenant_id, 'test', jsonb_build_object('n', n)
      FROM mdm.tenant, generate_series(1, 1100) n WHERE name = 'acme'");
my @many = events('--after', $all[-1]{id});
is "$#many $many[0]{data}{n} $many[-1]{data}{n}", '1099 1 1100', 'long lists come whole';
is $all[6]{enrollment}, 'MAC:501', '... of users, too';
ok !exists $many[0]{enrollment}, '... and what concerns nobody names nobody';


# Following.

my $log = test_dir() . '/follow.log';
my $follower = MDM::Test::spawn($log, build('mdmctl'), '--database', $pg->conninfo,
    '--tenant', 'acme', 'events', '--follow', '--type', 'checked_out');
$mac->check_out;
wait_for(10, sub { slurp($log) =~ /"checked_out".*"MAC"/ });
$phone->check_out;
ok wait_for(10, sub { slurp($log) =~ /"checked_out".*"PHONE"/ }),
    'what happens is written as it happens';
is scalar(() = slurp($log) =~ /^\{/mg), 2, '... once each';
$pg->psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'mdmctl'");
{ local $?; waitpid $follower, 0; is $? >> 8, 1, 'without the database it fails' }
like slurp($log), qr/^mdmctl: .*connection/m, '... and says why';


# The audit.

$api->api(PUT => '/v1/enqueue/nobody', MDM::Test::Device->command('ProfileList', 'x'));
ctl('end', 'MAC');
ctl('cancel', '--device', 'PHONE');

says(0, qr/\AAT .*WHO +FROM +ACTION +ON +DETAIL\n\S+Z +mdmctl +queue_cancel +PHONE +\{/,
    'the audit is shown, newest first', 'audit');
says(0, qr/^\S+Z +test +127\.0\.0\.1 +enqueue +\{/m, '... with who did it from where',
    'audit', '--actor', 'test');
my $text = says(0, qr/ queue_cancel /, '... and what was done to one', 'audit', '--device',
    'PHONE');
unlike $text, qr/token_add|enqueue/, '... and nothing else';
$text = says(0, qr/ token_add /, '... and of one kind', 'audit', '--action', 'token_add');
unlike $text, qr/queue_cancel/, '... and nothing else';
says(0, qr/\Athe audit has nothing of this kind\n\z/, 'nobody did nothing', 'audit',
    '--actor', 'nobody');
says(1, qr/there is no enrolment "NOBODY"/, 'a device that is not there fails', 'audit',
    '--device', 'NOBODY');


# Webhooks.

ok wait_for(20, sub { grep { $_->{body} =~ /mdm\.CheckOut/ } $receiver->got }),
    'the receiver hears of devices';
$pg->psql("INSERT INTO mdm.webhook_failure (tenant_id, name, xid, event_id, type, status, error)
    SELECT tenant_id, 'ours', xid, event_id, type, 404, 'HTTP 404'
      FROM mdm.event WHERE type = 'authenticated'");
$text = says(0, qr/^EVENT +TYPE +SET ASIDE +STATUS +ERROR$/m, 'failures are shown', 'webhook',
    'failures', 'ours');
is scalar(() = $text =~ /^\d+ +authenticated +\S+Z +404 +HTTP 404$/mg), 2, '... all of them';

says(0, qr/\Aevents from 2026-01-01T00:00:00Z on are sent once more/, 'a time is sent again',
    'webhook', 'replay', 'ours', '--since', '2026-01-01T00:00:00Z');
ok wait_for(20, sub { 2 == grep { $_->{body} =~ /mdm\.Authenticate.*"MAC"/s } $receiver->got }), '... and comes again';

my %wrong = (
    '--since yesterday' => [ 2, qr/--since is a time of RFC 3339/ ],
    ''                  => [ 2, qr/usage: mdmctl webhook replay NAME --since TIME/ ],
);
says(@{ $wrong{$_} }, "replay $_ is a wrong command line", 'webhook', 'replay', 'ours',
    split / /, $_) for sort keys %wrong;

for my $words ([ 'failures', 'theirs' ], [ 'replay', 'theirs', '--since',
    '2026-01-01T00:00:00Z' ], [ 'failures', 'ours', '--tenant', 'beta' ], [ 'replay', 'ours',
    '--since', '2026-01-01T00:00:00Z', '--tenant', 'beta' ]) {
    says(1, qr/there is no webhook "$words->[1]" that gets events of this tenant/,
        "webhook @$words fails", 'webhook', @$words);
}


# Hosts.

sub tenant_set { return mdmctl('--database', $pg->conninfo, 'tenant', 'set', @_) }

is_deeply [tenant_set('acme', '--host', 'localhost', '--host', 'Two.Example')],
    [0, qq{tenant "acme" has these hosts now and no others\n}], 'the hosts of a tenant are replaced';
my $two = $client->with(host => 'two.example', token => $token);
ok wait_for(10, sub { $two->api(GET => '/v1/enrollments')->{status} == 200 }),
    '... and a new one is served';
is $pg->psql("SELECT concat_ws(' ', actor, action, detail) FROM mdm.audit
    ORDER BY audit_id DESC LIMIT 1"),
    'mdmctl tenant_set_hosts {"hosts": ["localhost", "two.example"]}', '... as the audit knows';

my ($exit, $said) = tenant_set('acme', '--host', 'three.example', '--host', 'beta.example');
is "$exit $said", "1 mdmctl: another tenant has one of these hosts\n",
    'a host of another tenant is not taken';
($exit) = tenant_set('beta', '--host', 'four.example', '--device-ca', $ca->{cert});
is $exit, 0, 'hosts and CAs are replaced together';
($exit) = tenant_set('beta', '--host', 'localhost', '--device-ca', $ca->{cert});
is $exit, 1, '... or neither';
is $pg->psql("SELECT string_agg(host, ' ' ORDER BY host) FROM mdm.tenant_host"),
    'four.example localhost two.example', '... as is seen';
($exit, $said) = tenant_set('acme');
is $exit, 2, 'nothing to replace is a wrong command line';
like $said, qr/usage: mdmctl tenant set NAME .*at least one of these/, '... and says so';
($exit, $said) = tenant_set('nobody', '--host', 'five.example');
is "$exit $said", qq{1 mdmctl: there is no tenant "nobody"; "mdmctl tenant list" shows them\n},
    'a tenant that is not there has no hosts';


# Policies.

sub policies { return $pg->psql("SELECT settings FROM mdm.tenant WHERE name = 'acme'") }

($exit, $said) = tenant_set('acme', 'strict=on', 'unknown_facts=refuse', 'access_rights=8191');
is "$exit $said", qq{0 tenant "acme" has these policies now\n}, 'policies are set';
is policies(), '{"strict": true, "access_rights": 8191, "unknown_facts": "refuse"}',
    '... all of them';
like((MDM::Test::mdmctl('--database', $pg->conninfo, 'tenant', 'list'))[1],
    qr/ access_rights=8191 strict=on unknown_facts=refuse /, '... and listed');
tenant_set('acme', 'unknown_facts=warn', 'strict=off');
is policies(), '{"access_rights": 8191}', '... and given up, the others stay';
is $pg->psql("SELECT detail FROM mdm.audit WHERE action = 'tenant_set_settings'
    ORDER BY audit_id DESC LIMIT 1"), '{"strict": null, "unknown_facts": null}',
    '... as the audit knows';

for my $nonsense (qw(strict strict=yes unknown_facts= access_rights=8192 access_rights=-1
    access_rights=0x1 access_rights= colour=red))
{
    ($exit, $said) = tenant_set('acme', 'strict=on', $nonsense);
    is "$exit " . substr($said, 0, 60), '2 '
        . substr(qq{mdmctl: "$nonsense" is no policy; write strict=on, strict=off, unknown}, 0, 60),
        "$nonsense is refused";
}
is policies(), '{"access_rights": 8191}', '... with all that stands beside it';

done_testing;
