# Finding enrolments: every filter alone and together, pages that end, and values
# and cursors that are refused.

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
my $other = $pg->tenant('beta', host => 'beta.example', device_ca => $ca);

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
        location /v1/ { mdm api; client_max_body_size 4m; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);
my $beta = $client->with(token => $other, host => 'beta.example');

sub device {
    my ($udid, %option) = @_;

    my $device = MDM::Test::Device->new(client => $option{client} // $client, sign => 1,
        certificate => $ca->device($udid . ($option{client} // '')), udid => $udid,
        facts => { SerialNumber => "C02-$udid", OSVersion => $option{os} // '26.0',
                   ProductName => $option{model} // 'iPhone17,2' });
    $device->enroll->{status} == 200 or die "$udid does not enrol";

    return $device;
}

my $iphone = device('A-PHONE');
my $ipad = device('B-PAD', os => '18.5', model => 'iPad16,3');
my $mac = device('C-MAC', os => '26.1', model => 'Mac16,1');
my $byod = MDM::Test::Device->new(client => $client, sign => 1,
    certificate => $ca->device('byod'), enrollment_id => 'D-BYOD');

is $_->enroll->{status}, 200, 'all kinds of channels enrol' for $byod,
    $mac->user('501', 'anna', 'Anna Example'), $mac->user('502', 'Änne', 'Änne Ü'),
    $ipad->shared_user('anton@example.com'), $byod->user('U1', 'berta', 'Berta');
device('A-PHONE', client => $beta);

$ipad->check_out->{status} == 200 or die 'not checked out';
$api->api(PUT => '/v1/enqueue/C-MAC', $mac->command('DeviceInformation', 'info'));
$mac->idle;
$mac->report('info', 'Acknowledged', QueryResponses => {
    IsSupervised => MDM::Test::Plist::true(), IsLocked => MDM::Test::Plist::false() });
$pg->psql("INSERT INTO mdm.attribute (tenant_id, enrollment_id, name, value_boolean)
    SELECT tenant_id, enrollment_id, 'Lost', device_id = 'C-MAC' AND user_id = '' FROM mdm.enrollment");
$pg->psql("UPDATE mdm.enrollment_seen s SET seen_at = '2026-01-01T00:00:00.5Z'
    FROM mdm.enrollment e
   WHERE e.enrollment_id = s.enrollment_id AND e.device_id = 'A-PHONE'");
$pg->psql("DELETE FROM mdm.enrollment_seen s USING mdm.enrollment e
   WHERE e.enrollment_id = s.enrollment_id AND e.device_id = 'D-BYOD' AND e.user_id = ''");

sub found {
    my ($query, $who) = @_;

    my $answer = ($who // $api)->api(GET => "/v1/enrollments?$query");

    return $answer->{json}{items} ? join ' ', map { $_->{id} } @{ $answer->{json}{items} }
        : "$answer->{status} $answer->{json}{error}{code}";
}


# Each filter.

my $anna = 'C-MAC:501';
my $aenne = 'C-MAC:502';
my $anton = 'B-PAD:anton@example.com';
my $berta = 'D-BYOD:U1';
my $all = "A-PHONE B-PAD $anton C-MAC $anna $aenne D-BYOD $berta";

is found(''), $all, 'without a filter all are found, in order, by their written ids';

my @expected = (
    'kind=device'                 => 'A-PHONE B-PAD C-MAC',
    'kind=user'                   => "$anna $aenne",
    'kind=shared_user'            => $anton,
    'kind=enrollment'             => 'D-BYOD',
    'kind=enrollment_user'        => $berta,
    'ownership=shared'            => "B-PAD $anton",
    'ownership=user'              => "D-BYOD $berta",
    'ownership=organization'      => "A-PHONE C-MAC $anna $aenne",
    'state=closed'                => "B-PAD $anton",
    'state=pending'               => '',
    'supervised=true'             => 'C-MAC',
    'supervised=false'            => '',
    'serial=C02-C-MAC'            => 'C-MAC',
    'serial=c02-c-mac'            => '',
    'serial=C02-*'                => 'A-PHONE C-MAC',
    'serial=*'                    => 'A-PHONE C-MAC',
    'serial=C02'                  => '',
    'user=anna'                   => $anna,
    'user=an*'                    => "$anna $anton",
    'user=ann'                    => '',
    'user=%C3%84nne'              => $aenne,
    'user=%C3%84*'                => $aenne,
    'user=*'                      => "$anna $anton $berta $aenne",
    'attribute.OSVersion=26.0'    => 'A-PHONE',
    'attribute.OSVersion=26*'     => 'A-PHONE C-MAC',
    'attribute.ProductName=Mac*'  => 'C-MAC',
    'attribute.Product%4Eame=Mac*' => 'C-MAC',
    'attribute.Lost=true'         => 'C-MAC',
    'attribute.Lost=false&user=a*' => "$anna $anton",
    'attribute.None=x'            => '',
    'seen_before=2026-01-01T00:00:00Z'          => 'D-BYOD',
    'seen_before=2026-01-01T00:00:00.500Z'      => 'D-BYOD',
    'seen_before=2026-01-01T00:00:00.501Z'      => 'A-PHONE D-BYOD',
    'seen_before=2026-01-01T01:00:01%2B01:00'   => 'A-PHONE D-BYOD',
    'seen_before=2025-12-31T23:00:00-01:00'     => 'D-BYOD',
    'seen_after=2026-01-01T00:00:00.500Z'
        => join(' ', grep { $_ ne 'D-BYOD' } split / /, $all),
    'seen_after=2026-01-02T00:00:00Z&kind=device' => 'B-PAD C-MAC',
    'seen_after=9999-12-31T23:59:59Z'             => '',
    'seen_before=0001-01-01T00:00:00%2B23:59'     => 'D-BYOD',
    'serial=C02-*&attribute.OSVersion=26.1'     => 'C-MAC',
    'attribute.OSVersion=26*&attribute.ProductName=iPhone*' => 'A-PHONE',
    'attribute.OSVersion=26*&attribute.OSVersion=26.0'      => 'A-PHONE',
    'user=an*&state=live'         => $anna,
    'user=an*&serial=*'           => '',
    'user=a*&kind=user&ownership=organization&state=live&supervised=false' => '',
);

while (my ($query, $ids) = splice @expected, 0, 2) {
    is found($query), $ids, "found with $query";
}

is found('kind=device', $beta), 'A-PHONE', 'another tenant finds its own';
is found('serial=C02-*', $beta), 'A-PHONE', '... by serial number, too';
is found('user=*', $beta), '', '... and no user of the first';


# Values that cannot be read are refused, and the refusal says what there is.

sub refusal {
    my $answer = $api->api(GET => "/v1/enrollments?$_[0]");

    return "$answer->{status} $answer->{json}{error}{code}";
}

is refusal($_), '400 bad_filter', "refused: $_" for
    'kind=phone', 'kind=', 'kind', 'kind=device%20', 'kind=device%20user', 'kind=dev',
    'ownership=me', 'state=Live', 'state=live&state=live', 'supervised=1', 'supervised=',
    'serial=', 'serial', 'serial=%FF', 'serial=a%00b', 'serial=' . 'x' x 513,
    'user=', 'user=%C3', 'attribute.X=', 'attribute.%FF=x',
    'attribute.a%00=x', join('&', map { "attribute.A$_=x" } 1 .. 9),
    map { "seen_before=$_" } '', 'now', '2026-01-01', '2026-01-01T00:00:00',
    '2026-02-29T00:00:00Z', '2026-13-01T00:00:00Z', '2026-00-01T00:00:00Z',
    '2026-01-00T00:00:00Z', '2026-01-01T24:00:00Z', '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:61Z', '0000-01-01T00:00:00Z', '10000-01-01T00:00:00Z',
    '2026-01-01T00:00:00.Z', '2026-01-01T00:00:00ZZ', '2026-01-01T00:00:00%2B24:00',
    '2026-01-01T00:00:00%2B00:60', '-026-01-01T00:00:00Z', '2026-01-01T00:00:00z';
is refusal('seen_after=2024-02-29T00:00:00Z&limit=x'), '400 bad_limit',
    'a leap day is a day';
is $api->api(GET => '/v1/enrollments?state=gone')->{json}{error}{message},
    '"state" is one of: pending live closed ended', 'the allowed values are named';
is refusal("${_}x=1"), '400 unknown_argument', "there is no argument ${_}x"
    for qw(kind serial seen_after attribute);
is refusal('attribute.=1'), '400 unknown_argument', '... nor an attribute without a name';


# Pages.

sub pages {
    my ($query) = @_;

    my (@ids, @sizes, $next);

    do {
        my $json = $api->api(GET => "/v1/enrollments?$query"
            . ($next ? "&after=$next" : ''))->{json};
        ref $json->{items} or die "no list: $json->{error}{message}";
        push @ids, map { $_->{id} } @{ $json->{items} };
        push @sizes, scalar @{ $json->{items} };
        $next = $json->{next};
        die 'the list does not end' if @sizes > 50;
    } while ($next);

    return (join(' ', @ids), "@sizes");
}

for my $query ('', 'user=*', 'serial=*', 'attribute.OSVersion=26*', 'state=live') {
    my $want = found($query);

    is +(pages("$query&limit=$_"))[0], $want, "pages of $_ show all with \"$query\""
        for 1 .. 3;
}

# Beyond what one call examines, the page is short and the list goes on.

$pg->psql(<<'SQL');
INSERT INTO mdm.enrollment (tenant_id, device_id, channel, state, generation,
                            certificate, topic, enrolled_at, user_short_name)
SELECT tenant_id, 'B' || i, 'device', 'live', 1, sha256(i::text::bytea), topic, now(),
       'user'
  FROM mdm.enrollment, generate_series(1, 20000) AS i
 WHERE device_id = 'D-BYOD' AND user_id = '';
INSERT INTO mdm.attribute (tenant_id, enrollment_id, name, value_text)
SELECT tenant_id, enrollment_id, 'SerialNumber', E'B\n' || device_id
  FROM mdm.enrollment WHERE device_id ~ '^B[0-9]';
ANALYZE mdm.enrollment, mdm.attribute
SQL

for my $case ([ 'kind=enrollment_user', $berta, '0 0 1' ],
    [ 'state=closed', "B-PAD $anton", '2 0 0' ],
    [ 'ownership=shared&limit=1', "B-PAD $anton", '1 1 0 0' ],
    [ 'serial=*&attribute.OSVersion=26*', 'A-PHONE C-MAC', '0 0 2' ],
    [ 'user=*&ownership=user&kind=enrollment_user', $berta, '1 0 0' ])
{
    my ($query, $ids, $sizes) = @$case;

    is_deeply [ pages($query) ], [ $ids, $sizes ], "all are found with $query";
}

my @serials;
my $after = '';
for (1 .. 3) {
    my $json = $api->api(GET => "/v1/enrollments?serial=B*&limit=2$after")->{json};
    push @serials, map { $_->{serial} } @{ $json->{items} };
    $after = "&after=$json->{next}";
}
is_deeply \@serials, [ map { "B\nB$_" } qw(1 10 100 1000 10000 10001) ],
    'a line feed in a value does not break a cursor';


# Cursors: made up ones are refused or lead to a place in the tenant's own list.

sub cursor { return MIME::Base64::encode_base64url($_[0]) }

is refusal("after=$_->[1]"), '400 bad_cursor', "a cursor is refused: $_->[0]" for
    [ 'of the queue', cursor("queue\n2\n0\n1\nx") ],
    [ 'of the history', cursor("history\n1\nx") ],
    [ 'with a field less', cursor("enrollments\na\nb") ],
    [ 'with a field more', cursor("enrollments\na\nb\nc\nd") ],
    [ 'not UTF-8', cursor("enrollments\n\xff\nb\nc") ],
    [ 'no base64', '%%%' ], [ 'very long', 'x' x 3000 ];
is found('kind=device&limit=2&after=' . cursor("enrollments\n\nA\n")), 'A-PHONE B-PAD',
    'a cursor that was made up leads into the list';
is found('serial=C*&after=' . cursor("enrollments\n~\nnobody\n")), '', '... or behind it';
is found('serial=C*&after=' . cursor("enrollments\nA\x01\x01\nnobody\n")),
    'A-PHONE C-MAC', '... or before it';

my $next = $api->api(GET => '/v1/enrollments?limit=1')->{json}{next};
is found("after=$next", $beta), '', 'the cursor of one tenant shows another its own rest';
is found('after=' . cursor("enrollments\n\nA\n"), $beta), 'A-PHONE', '... and no more';

unlike $nginx->error_log, qr/\[(?:crit|alert|emerg)\]/, 'nothing went wrong inside';

done_testing;
