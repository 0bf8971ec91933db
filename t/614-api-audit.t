# The audit: who did what, from where, on which enrolment; newest first.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 ();
use Test::More;
use MDM::Test;

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);
my $other = $pg->tenant('other', host => 'other.example');

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; client_max_body_size 4m; }
        location /v1/ { mdm api; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);
my $phone = MDM::Test::Device->new(client => $client, sign => 1, udid => 'PHONE',
    certificate => $ca->device('phone'));

sub get { return $api->api(GET => "/v1/audit$_[0]") }
sub items { return @{ get($_[0])->{json}{items} } }
sub actions { return join ' ', map { $_->{action} } items($_[0]) }

sub refusal {
    my $answer = get($_[0]);

    return "$answer->{status} " . ($answer->{json}{error}{code} // '');
}

$phone->enroll->{status} == 200 or die;
my $uuid = $phone->uuid;
$api->api(PUT => '/v1/enqueue/PHONE', $phone->command('ProfileList', $uuid));
$api->api(DELETE => "/v1/commands/$uuid");

my ($exit, $reader) = mdmctl('--database', $pg->conninfo, 'token', 'add', 'acme',
    'reader', '--scope', 'read');
chomp $reader;
is $client->with(token => $reader)->api(GET => '/v1/audit')->{json}{error}{code},
    'missing_scope', 'the audit is for admins';

my @rows = items('');
my ($refused) = grep { $_->{action} eq 'token_refused' } @rows;
my ($enqueued) = grep { $_->{action} eq 'enqueue' } @rows;
my ($added) = grep { $_->{action} eq 'token_add' } @rows;

is join(' ', @{ $refused // {} }{qw(actor remote)}), 'reader 127.0.0.1',
    'who was refused is there, and where from';
is $refused->{detail}{missing_scope}, 'admin', '... with the right that was missing';
is "$enqueued->{actor} $enqueued->{remote} $enqueued->{detail}{command_uuid}",
    "test 127.0.0.1 $uuid", 'so is a command';
is "$added->{actor} " . (exists $added->{remote} ? 1 : 0), 'mdmctl 0',
    'what mdmctl did came from no address';
like $_->{at}, qr/^\d{4}.*\.\d{3}Z$/, "$_->{action} has a time" for @rows;
is_deeply [ map { $_->{at} } @rows ], [ reverse sort map { $_->{at} } @rows ],
    'newest first';

# One enrolment, pages, filters.

$pg->psql(q{INSERT INTO mdm.audit (tenant_id, actor, action, enrollment_id, detail)
    SELECT e.tenant_id, 'joe ' || i % 2, 'thing_' || i % 3, e.enrollment_id,
           jsonb_build_object('i', i)
      FROM mdm.enrollment e, generate_series(1, 30) i});

is scalar(items('?enrollment=PHONE')), 30, 'what was done to one enrolment';
is_deeply [ map { $_->{enrollment} } items('?enrollment=PHONE&limit=1') ], [ 'PHONE' ],
    '... which is named';
is_deeply [ items('?enrollment=NOBODY') ], [], '... and to nobody: nothing';
is scalar(items('?actor=joe%201')), 15, 'what one did';
is scalar(items('?action=thing_1')), 10, 'who did one thing';
is scalar(items('?action=thing_1&actor=joe%201&enrollment=PHONE')), 5, 'all of that';
is actions('?actor=jo'), '', 'names are whole';

for my $limit (1, 7, 30, 31) {
    my ($after, @seen, $answer) = ('');

    do {
        $answer = get("?enrollment=PHONE&limit=$limit&after=$after")->{json};
        push @seen, map { $_->{detail}{i} } @{ $answer->{items} };
        $after = $answer->{next};
    } while (defined $after && @seen < 50);

    is "@seen", join(' ', reverse 1 .. 30), "pages of $limit show each once";
}

my ($last) = items('?limit=1');
ok !grep({ $_->{id} eq $last->{id} } items("?after=$last->{id}")), 'an id is a cursor';

is refusal("?after=$_->[1]"), '400 bad_cursor', "a cursor of $_->[0] is refused"
    for [ 'no base64', '*' ], [ 'another list', MIME::Base64::encode_base64url("events\n1") ],
        [ 'letters', MIME::Base64::encode_base64url("audit\nx") ];
is refusal("?$_->[0]=$_->[1]"), '400 bad_filter', "a bad $_->[0] is refused"
    for [ actor => '%ff' ], [ action => 'a%00' ], [ actor => 'x' x 256 ];
is refusal('?limit=0'), '400 bad_limit', 'so is a limit of 0';
is refusal('?who=joe'), '400 unknown_argument', '... and a misspelt filter';
is refusal('?enrollment=a,b'), '400 bad_enrollment_id', '... and a bad id';

# The other tenant.

my $there = $client->with(token => $other, host => 'other.example');
is_deeply [ grep { $_->{action} ne 'token_add' && $_->{action} ne 'tenant_add' }
    @{ $there->api(GET => "/v1/audit?after=$last->{id}")->{json}{items} } ], [],
    'another tenant sees none of it';
is_deeply $there->api(GET => '/v1/audit?enrollment=PHONE')->{json}, { items => [] },
    '... nor by its id';

done_testing;
