# Events as a cursor list: what devices said and what became of it, in the order
# of commits, each once, filtered, and never another tenant's.

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
my $mac = MDM::Test::Device->new(client => $client, sign => 1, udid => 'MAC',
    certificate => $ca->device('mac'), path => '/mdm?site=7&x=%C3%BC');

sub get { return $api->api(GET => "/v1/events$_[0]") }

sub refusal {
    my $answer = get($_[0]);

    return "$answer->{status} " . ($answer->{json}{error}{code} // '');
}

sub types { return join ' ', map { $_->{type} } @{ $_[0]{json}{items} } }


# An event is told when every transaction that began before its own has ended.

sub told {
    my ($what, $types) = @_;

    wait_for(10, sub { types(get($what)) eq $types });

    return get($what);
}

my $first = get('');
is $first->{status}, 200, 'there is a list';
is_deeply $first->{json}{items}, [], '... which is empty at first';
ok !$first->{json}{more}, '... to its end';
like $first->{json}{next}, qr/^[\w-]+$/, '... and says where to go on all the same';

# What a device says.

$mac->enroll->{status} == 200 or die;
$mac->token_update->{status} == 200 or die;
$mac->user('U 1', 'anna', 'Anna')->token_update->{status} == 200 or die;
$mac->checkin('SetBootstrapToken', BootstrapToken => \'boot')->{status} == 200 or die;
$mac->checkin('GetBootstrapToken')->{status} == 200 or die;

my $all = 'authenticated enrolled token_updated token_updated enrolled '
    . 'token_updated bootstrap_token_set bootstrap_token_read';
my $page = told("?after=$first->{json}{next}", $all);
is types($page), $all, 'what a device says is told in order';

my @items = @{ $page->{json}{items} };
my $update = $items[5];
like delete $update->{at}, qr/^\d{4}(-\d\d){2}T\d\d(:\d\d){2}\.\d{3}Z$/, 'an event has a time';
my $id = delete $update->{id};
like $id, qr/^[\w-]+$/, '... an id';
is_deeply $update, {
    type => 'token_updated', tenant => 'acme', enrollment => 'MAC:U%201',
    data => { device_id => 'MAC', user_id => 'U 1', message => 'TokenUpdate', tally => 1,
        url_params => { site => '7', x => "\xfc" } },
}, '... and tells who, what and how';
is join(' ', map { $_->{data}{tally} } grep { $_->{type} eq 'token_updated' } @items),
    '1 2 1', 'TokenUpdates of each channel are counted';
is $pg->psql('SELECT count(*) FROM mdm.event WHERE (payload IS NOT NULL)
    = (data ? \'message\')'), 8, 'messages are kept with their events';
is $pg->psql("SELECT count(*) FROM mdm.event WHERE payload::text LIKE '%'
    || encode('TokenUpdate', 'hex') || '%'"), 0, '... sealed';

# Refused messages are no events.

$mac->with(certificate => $ca->device('thief'))->token_update;
ok wait_for(10, sub { types(get("?after=$page->{json}{next}")) }),
    'a refusal is written, which the device does not wait for';
is types(get("?after=$page->{json}{next}")), 'identity_refused',
    'a message that is refused is told as that';

# Going on.

is types(get("?after=$id")), join(' ', (map { $_->{type} } @items[6, 7]),
    'identity_refused'), 'an id is a cursor, too';
is types($api->api(GET => '/v1/events', undef, 'Last-Event-ID' => $id)),
    types(get("?after=$id")), '... and may come as Last-Event-ID';
is types(get('?after=now')), '', 'after=now leaves out what was';
my $now = get('?after=now')->{json}{next};
$mac->check_out->{status} == 200 or die;
is types(told("?after=$now", 'checked_out')), 'checked_out', '... and its cursor gets what comes';

for my $limit (1, 2, 3, 9, 10) {
    my ($after, @seen, $answer) = ('');

    do {
        $answer = get("?limit=$limit&after=$after")->{json};
        push @seen, map { $_->{id} } @{ $answer->{items} };
        $after = $answer->{next};
    } while ($answer->{more} && @seen < 50);

    my %once = map { $_ => 1 } @seen;
    is scalar(@seen) . ' ' . keys %once, '10 10', "pages of $limit show each once";
}

# Filters.

is types(get('?type=checked_out')), 'checked_out', 'one type';
is types(get('?type=checked_out,identity_refused')), 'identity_refused checked_out',
    'types between commas';
is types(get('?type=checked_out&type=bootstrap_token_set,enrolled&limit=2')),
    'enrolled enrolled', '... or repeated, in the order of events';
is types(get('?type=nothing_such')), '', 'a type that never happens is empty';
is types(get('?enrollment=MAC:U%2520' . '1')), 'enrolled token_updated', 'one user';
is scalar @{ get('?enrollment=MAC')->{json}{items} }, 8, 'one device, without its users';
is types(get('?enrollment=MAC&type=enrolled')), 'enrolled', 'both';
is types(get('?enrollment=NOBODY')), '', 'an unknown enrolment has no events';

# An event of no enrolment.

my $push = $ca->push_certificate('com.apple.mgmt.External.1');
$api->api(PUT => '/v1/pushcert', $push->pem . $push->key_pem)->{status} == 200 or die;
is types(told("?after=$now&type=push_certificate_stored", 'push_certificate_stored')),
    'push_certificate_stored',
    'a push certificate is an event';
ok !exists get('?type=push_certificate_stored')->{json}{items}[0]{enrollment},
    '... of no enrolment';
is types(get("?after=$now&enrollment=MAC")), 'checked_out', '... and not of this device';

# Refusals.

is refusal("?after=$_->[1]"), '400 bad_cursor', "a cursor of $_->[0] is refused"
    for [ 'no base64', '*' ], [ 'another list', MIME::Base64::encode_base64url("audit\n1") ],
        [ 'too few fields', MIME::Base64::encode_base64url("events\n1\n1") ],
        [ 'letters', MIME::Base64::encode_base64url("events\nx\n1\n1") ],
        [ 'large numbers', MIME::Base64::encode_base64url("events\n" . '9' x 19 . "\n1\n1") ];
is get('?after=' . MIME::Base64::encode_base64url("events\n" . ('9' x 18 . "\n") x 2
    . '9' x 18))->{status}, 200, 'a cursor of a time to come is not';
is refusal("?type=$_"), '400 bad_filter', "the type \"$_\" is refused"
    for 'A', 'a,', ',a', '%00', 'x' x 65, join(',', ('a') x 33);
is refusal('?enrollment=a:b:c%00'), '400 bad_enrollment_id', 'a bad id is refused';
is refusal('?limit=501'), '400 bad_limit', 'a limit of 501 is refused';
is refusal('?types=enrolled'), '400 unknown_argument', 'a misspelt filter is refused';

# The other tenant.

my $there = $client->with(token => $other, host => 'other.example');
is types($there->api(GET => '/v1/events')), '', 'another tenant sees none of it';
is types($there->api(GET => "/v1/events?after=$id")), '', '... nor with this cursor';
is types($there->api(GET => '/v1/events?enrollment=MAC')), '', '... nor by its id';
is $api->with(host => 'other.example')->api(GET => '/v1/events')->{json}{error}{code},
    'wrong_tenant', '... nor may this token go there';

done_testing;
