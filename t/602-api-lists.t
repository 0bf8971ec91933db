# The API's lists: pages that show every row once, limits and cursors, the queue
# and the history of a channel; and a thousand ids in one URL.

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

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    large_client_header_buffers 4 64k;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; client_max_body_size 4m; }
        location /v1/ { mdm api; client_max_body_size 4m; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);
my $iphone = MDM::Test::Device->new(client => $client, sign => 1,
    certificate => $ca->device('iphone'));

is $iphone->enroll->{status}, 200, 'a device enrols';

# A thousand more, which never speak; their ids are as long as a Mac's.

$pg->psql(<<'SQL');
INSERT INTO mdm.enrollment (tenant_id, device_id, channel, state, generation,
                            certificate, topic, enrolled_at)
SELECT tenant_id, upper(md5(i::text)::uuid::text), 'device', 'live', 1,
       sha256(i::text::bytea), topic, now()
  FROM mdm.enrollment, generate_series(1, 1000) AS i
SQL

my @ids = sort split /\n/,
    $pg->psql('SELECT device_id FROM mdm.enrollment ORDER BY device_id');
my @silent = grep { $_ ne $iphone->enrollment } @ids;

sub get { return $api->api(GET => $_[0]) }

# Reads a list to its end; returns its items and the sizes of its pages.

sub all {
    my ($path, $query) = @_;

    my (@items, @sizes, $next);

    do {
        my $json = get("$path?$query" . ($next ? "&after=$next" : ''))->{json};

        push @items, @{ $json->{items} };
        push @sizes, scalar @{ $json->{items} };
        $next = $json->{next};
        die 'the list does not end' if @sizes > 2000;
    } while ($next);

    return (\@items, "@sizes");
}


sub refusal {
    my $answer = get($_[0]);

    return "$answer->{status} " . ($answer->{json}{error}{code} // '');
}


# Enrolments.

my %pages = ('' => '100 100 100 100 100 100 100 100 100 100 1', 'limit=300' =>
    '300 300 300 101', 'limit=500' => '500 500 1', 'limit=91' => join(' ', (91) x 11));

for my $query (sort keys %pages) {
    my ($items, $sizes) = all('/v1/enrollments', $query);

    is $sizes, $pages{$query}, "pages with \"$query\"";
    is_deeply [ map { $_->{device_id} } @$items ], \@ids,
        '... show every enrolment once, in order';
}

is refusal("/v1/enrollments?limit=$_"), '400 bad_limit', "the limit $_ is refused"
    for qw(0 501 -1 x 1x 99999999999999999999);
is scalar @{ get('/v1/enrollments?limit=1')->{json}{items} }, 1, '1 is not';
is get('/v1/enrollments?limit=')->{status}, 200, '... nor is an empty one';
is refusal('/v1/enrollments?limits=5'), '400 unknown_argument',
    'an argument that there is not is refused, not passed over';

sub cursor { return MIME::Base64::encode_base64url($_[0]) }

is refusal('/v1/enrollments?after=' . $_->[1]), '400 bad_cursor',
    "a cursor of $_->[0] is refused"
    for [ 'no base64', '*' ], [ 'no line feed', cursor('x') ],
        [ 'no UTF-8', cursor("enrollments\n\n\xff\n") ],
        [ 'a NUL', cursor("enrollments\n\n\0\n") ],
        [ 'too few fields', cursor("enrollments\n\nUDID") ],
        [ 'too many fields', cursor("enrollments\n\nUDID\n\n") ],
        [ 'another list', cursor("history\n1\nx") ];
is refusal('/v1/enrollments?limit=0&after=*'), '400 bad_limit', 'one fault is told';

# Many at once.

my $uuid = $iphone->uuid;
my $answer = $api->api(PUT => '/v1/enqueue/' . join(',', @silent),
    $iphone->command('ProfileList', $uuid));

is $answer->{status}, 200, 'one URL names a thousand targets';
is_deeply [ sort keys %{ $answer->{json}{status} } ], \@silent,
    '... each is answered for';
is $pg->psql("SELECT count(*) FROM mdm.queue WHERE command_uuid = '$uuid'"), 1000,
    '... and has it';
$answer = $api->api(PUT => '/v1/enqueue/' . join(',', ('x') x 10_001),
    $iphone->command('ProfileList'));
is "$answer->{status} $answer->{json}{error}{code}", '400 too_many_targets',
    'ten thousand are the most';
is $api->api(DELETE => "/v1/commands/$uuid")->{json}{cancelled}, 1000,
    'the thousand are withdrawn at once';

# One channel's queue and history.

my $path = '/v1/enrollments/' . $iphone->enrollment;
my @uuids = map { sprintf 'command-%02d', $_ } 1 .. 14;

for my $command (@uuids) {
    $api->api(PUT => '/v1/enqueue/' . $iphone->enrollment,
        $iphone->command('UserList', $command));
}

my $queue = get("$path/queue")->{json};
is_deeply [ map { $_->{command_uuid} } @{ $queue->{items} } ], \@uuids,
    'the queue is shown in its order';
ok !exists $queue->{next}, '... on one page';
for my $limit (1, 5, 7, 13, 14) {
    my ($items) = all("$path/queue", "limit=$limit");
    is_deeply [ map { $_->{command_uuid} } @$items ], \@uuids, "... or on pages of $limit";
}
my $first = $queue->{items}[0];
is "$first->{request_type} $first->{state} $first->{delivered_count}",
    'UserList QUEUED 0', '... with what each is';
like $first->{queued_at}, qr/^\d{4}(-\d\d){2}T\d\d(:\d\d){2}\.\d{3}Z$/, '... since when';
like "$first->{means} $first->{next}", qr/^The command waits .*\. It goes out .*\.$/,
    '... and what comes next';

is_deeply get("$path/history")->{json}, { items => [] }, 'the history is empty';
$iphone->idle;
my $next = $iphone->report($uuids[0], 'Acknowledged');
for (2 .. @uuids) { $next = $iphone->report($next->{command_uuid}, 'Acknowledged') }
is $next->{command_uuid}, undef, 'all commands are done';
is_deeply get("$path/queue")->{json}, { items => [] }, 'the queue is empty';

# Rows of one moment, too, are told apart by the cursor.

$pg->psql("UPDATE mdm.result SET finished_at = date_trunc('second', finished_at)
            WHERE command_uuid < 'command-10'");

for my $limit (1, 4, 7, 13, 14) {
    my ($items, $sizes) = all("$path/history", "limit=$limit");

    is join(' ', sort map { $_->{command_uuid} } @$items), "@uuids",
        "pages of $limit show the whole history once";
    my @times = map { $_->{finished_at} } @$items;
    is_deeply \@times, [ reverse sort @times ], '... newest first';
}

# What an enrolment's row tells of its last error and of its end.

$api->api(PUT => '/v1/enqueue/' . $iphone->enrollment,
    $iphone->command('Settings', 'fails'));
$iphone->idle;
$iphone->report_error('fails', 'MCMDMErrorDomain', 5);
$iphone->check_out->{status} == 200 or die 'not checked out';

my ($row) = grep { $_->{device_id} eq $iphone->enrollment }
    @{ (all('/v1/enrollments', 'limit=500'))[0] };
is join(' ', @$row{qw(last_error state close_reason)}),
    'MCMDMErrorDomain 5 closed checked out', 'a row tells how it went and ended';
like $row->{$_}, qr/^\d{4}-.*Z$/, "... and has its $_"
    for qw(last_error_at enrolled_at closed_at);

is refusal("$path/history?after=" . $_->[1]), '400 bad_cursor',
    "a cursor of $_->[0] is refused"
    for [ 'another list', cursor("enrollments\n\nUDID\n") ],
        [ 'no time', cursor("history\n\nx") ],
        [ 'a time of no calendar', cursor("history\n9223372036854775807\nx") ];
is refusal("$path/$_?limit=501"), '400 bad_limit', "the limit of the $_ is checked"
    for qw(queue history);
is refusal("/v1/enrollments/a,b/$_"), '400 bad_enrollment_id', "... and its id"
    for qw(queue history);
is refusal("/v1/enrollments/nobody/$_"), '404 unknown_enrollment', "nobody has no $_"
    for qw(queue history);

done_testing;
