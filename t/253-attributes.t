# Attributes that an operator gives: typed, shown, found by their values in lists
# that end, removed, and refused in words.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
thread_pool mdm threads=2;
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
my @names = map { "D$_" } 1 .. 5;

for my $udid (@names) {
    MDM::Test::Device->new(client => $client, sign => 1, udid => $udid,
        certificate => $ca->device($udid))->enroll->{status} == 200
        or die "$udid does not enrol";
}

sub patch { return $api->api(PATCH => "/v1/enrollments/$_[0]/attributes", $_[1]) }

sub told {
    my ($answer) = @_;

    return "$answer->{status} $answer->{json}{error}{code}";
}

# All who fit, page by page.

sub found {
    my ($query, $limit) = @_;

    my ($after, @ids) = ('');

    for (1 .. 20) {
        my $page = $api->api(GET => "/v1/enrollments?$query&limit=" . ($limit // 500)
            . ($after ? "&after=$after" : ''));

        return told($page) if $page->{status} != 200;
        push @ids, map { $_->{id} } @{ $page->{json}{items} };
        $after = $page->{json}{next} or last;
    }

    return "@ids";
}


# Each type.

my $answer = patch(D1 => { UserEmail => 'ann@example.com', n => 3, real => 0.1, b => \1,
    'Asset.Tag_1-x' => 'Ä "1"', when => { time => '2026-05-04T10:15:00+02:00' } });

is $answer->{status}, 200, 'attributes of each type are taken';
my $all = $answer->{json}{attributes};
is_deeply [ @$all{qw(UserEmail n real b Asset.Tag_1-x when)} ], [ 'ann@example.com', 3, 0.1,
    JSON::PP::true, 'Ä "1"', '2026-05-04T08:15:00.000Z' ], '... and answered';
is_deeply $api->api(GET => '/v1/enrollments/D1')->{json}{attributes}, $all,
    '... and shown with the enrolment';
is $all->{UDID} // 'D1', 'D1', '... beside its own';
is $pg->psql("SELECT detail::text FROM mdm.audit WHERE action = 'attributes_set'"),
    '{"names": ["Asset.Tag_1-x", "UserEmail", "b", "n", "real", "when"], "user_id": "", '
    . '"device_id": "D1"}', '... and the audit has their names, and no value';

# Removed, and of another type.

$answer = patch(D1 => { n => 'three', b => undef, none => undef });
is_deeply [ map { $_ // 'gone' } @{ $answer->{json}{attributes} }{qw(n b real none)} ],
    [ 'three', 'gone', 0.1, 'gone' ], 'null removes one, and a type can change';

# Found by a value of any type, among texts of the same letters.

patch($_ => { n => 3, b => \0, when => { time => '2026-05-04T08:15:00Z' } }) for qw(D2 D3 D4);
patch(D5 => { n => '3', b => 'false', when => '2026-05-04T08:15:00Z' });
patch(D3 => { real => -2.5e3 });

my %finds = (
    'attribute.n=3'                         => 'D5 D2 D3 D4',
    'attribute.n=3.0'                       => 'D2 D3 D4',
    'attribute.n=3*'                        => 'D5',
    'attribute.n=t*'                        => 'D1',
    'attribute.b=false'                     => 'D5 D2 D3 D4',
    'attribute.b=true'                      => '',
    'attribute.real=0.1'                    => 'D1',
    'attribute.real=-2500'                  => 'D3',
    'attribute.real=-25e2'                  => 'D3',
    'attribute.real=1e999'                  => '',
    'attribute.real=1e99'                   => '',
    'attribute.when=2026-05-04T08:15:00Z'   => 'D5 D1 D2 D3 D4',
    'attribute.when=2026-05-04T10:15:00%2B02:00' => 'D1 D2 D3 D4',
    'attribute.when=2026-05-04T08:15:01Z'   => '',
    'attribute.n=3&attribute.real=-2500'    => 'D3',
    'attribute.real=-2500&attribute.n=3'    => 'D3',
    'attribute.n=3&attribute.b=false&attribute.when=2026-05-04T08:15:00Z' => 'D5 D2 D3 D4',
    'attribute.b=false&attribute.real=0.1'  => '',
);

for my $query (sort keys %finds) {
    is found($query), $finds{$query}, "$query finds " . ($finds{$query} || 'nobody');
    is found($query, 1), $finds{$query}, '... also on pages of one' if $query !~ /&/;
}

# Refused.

my %refused = (
    'an empty body'           => {},
    'an array'                => { x => [ 1 ] },
    'an object'               => { x => { y => 1 } },
    'a time that is none'     => { x => { time => '2026-02-30T00:00:00Z' } },
    'a zone of 16 hours'      => { x => { time => '2026-05-04T08:15:00+16:00' } },
    'a zone of 23 hours'      => { x => { time => '2026-05-04T08:15:00-23:59' } },
    'more than a time'        => { x => { time => '2026-05-04T08:15:00Z', y => 1 } },
    'a text of 4097 bytes'    => { x => 'x' x 4097 },
    'a name with a space'     => { 'a b' => 1 },
    'a name that is a number' => { '1a' => 1 },
    'no name'                 => { '' => 1 },
    'a name of 129 bytes'     => { 'x' x 129 => 1 },
    '101 attributes'          => { map { ("a$_" => 1) } 1 .. 101 },
);

is patch(D5 => { zone => { time => '2026-05-04T08:15:00-15:59' } })->{json}{attributes}{zone},
    '2026-05-05T00:14:00.000Z', 'a zone of less than 16 hours is taken';

my $before = $pg->psql('SELECT md5(string_agg(a::text, \'\' ORDER BY a::text)) FROM mdm.attribute a');
is told(patch(D1 => $refused{$_})), '400 bad_body', "$_ is refused" for sort keys %refused;
is_deeply patch(D1 => { x => [], 'a b' => 1, ok => 2 })->{json}{error}{faults}, [
    { path => 'a b', rule => 'is no name: a letter, then letters, digits, ".", "_" and "-", '
        . '128 at most' },
    { path => 'x', rule => 'must be a string, number, boolean, {"time": "..."} or null' } ],
    '... and all faults are told at once';
is told($api->api(PATCH => '/v1/enrollments/D1/attributes', '{"x": "a\u0000b"}')),
    '400 bad_json', 'a NUL is refused';
is told(patch(nobody => { x => 1 })), '404 unknown_enrollment', '... and who is not known';
is $pg->psql('SELECT md5(string_agg(a::text, \'\' ORDER BY a::text)) FROM mdm.attribute a'),
    $before, '... and nothing was changed by any';

is patch(D1 => { map { ("a$_" => 'x' x 4096) } 1 .. 100 })->{status}, 200,
    'a hundred attributes of 4096 bytes are taken';

done_testing;
