package MDM::Test::Calls;

# Calls of one area of the API, of which each is answered as expected and as
# docs/openapi.json says; and in the end all that it says of the area was had.
#
#     my $iphone = device('iphone');
#     calls([ GET => '/v1/enrollments', undef, 200 ], pages('/v1/enrollments'));
#     finish('enrollments', id => 'UDID-iphone');

use strict;
use warnings;

use Exporter 'import';
use Test::More;

use MDM::Test;
use MDM::Test::API qw(operations good_call told token);
use MDM::Test::OpenAPI;

our @EXPORT = qw($pg $ca $nginx $client %token device enrolled try calls pages names alter
    finish);

# The areas by their paths; what is in none is tried by t/620-openapi.t.

my %area = (
    commands    => qr{^/v1/commands|/queue},
    enrollments => qr{^/v1/(?:enrollments(?!.*/(?:queue|inventory))|identities)},
    inventory   => qr{/inventory},
    profiles    => qr{^/v1/(?:profiles|signing-certificate)},
    pushes      => qr{^/v1/(?:enqueue|push(?:-topics)?(?:/|$))},
);

# Two tenants, and a server of theirs.

my $doc = MDM::Test::OpenAPI->load;
our $pg = MDM::Test::Postgres->start(migrate => 1);
our $ca = MDM::Test::PKI->ca('Device CA');
our %token = map { $_ => $pg->tenant($_, host => "$_.example", device_ca => $ca) }
    qw(anna bert);
$token{nothing} = token($pg, 'anna', 'nothing', 'host');
$token{unknown} = 'x' x 43;

our $nginx = MDM::Test::Nginx->start(pg => $pg, vars => { APNS => 'off' },
    conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 1;
events { worker_connections 512; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" timeout=2s;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_apns %%APNS%%;
    mdm_tenant $host;
    large_client_header_buffers 4 64k;
    client_max_body_size 8m;
    client_body_buffer_size 8m;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; }
        location = /version { mdm api; }
    }
}
CONF

our $client = MDM::Test::Client->new(port => $nginx->port, host => 'anna.example');
my (%seen, %used, $next);


sub device {
    my ($name) = @_;

    return MDM::Test::Device->new(client => $client, sign => 1, udid => "UDID-$name",
        certificate => $ca->device($name), path => '/mdm?site=7',
        facts => { SerialNumber => "SERIAL-$name", OSVersion => '26.0',
            ProductName => 'iPhone17,2' });
}


sub enrolled {
    my ($name) = @_;

    my $device = device($name);
    $device->enroll(UnlockToken => \'unlock')->{status} == 200 or die "$name is refused";

    return $device;
}


# One call: what was expected is answered, and described. Of the options, token
# is the name of one (anna), host a host (hers), header more to send.

sub try {
    my ($method, $path, $body, $expected, %option) = @_;

    my $operation = $doc->find($method, $path);
    my $answer = $client->with(token => $token{ $option{token} // 'anna' },
        host => $option{host} // 'anna.example')
        ->api($method, $path, $body, %{ $option{header} // {} });
    my $told = told($answer);
    my @faults = $doc->faults($operation, $answer);

    push @faults, $doc->request_faults($operation, $body) if $told =~ /\A2/;
    is join("\n", $told, @faults), $expected,
        "$method " . substr($path, 0, 60) . " is $expected"
        or diag substr $answer->{body}, 0, 2000;

    $seen{"$operation->{id} $told"} = 1;
    if ($told =~ /\A2/) {
        $used{"$operation->{id} $_"} = 1 for
            map({ s/\Aattribute\.\K\w+/*/r } $path =~ /[?&]([^=&]+)/g),
            keys %{ $option{header} // {} };
    }

    return $answer;
}


# Calls, in order: method, path, body, what is expected, options. A sub is run.

sub calls {
    for my $call (@_) {
        if (ref $call eq 'CODE') {
            $call->();
            next;
        }

        my ($method, $path, @more) = @$call;
        my $json = try($method, $path =~ s/%next/$next/r, @more)->{json};
        $next = $json->{next} if ref $json eq 'HASH' && $json->{next};
    }
}


# What a list refuses, and a page of it.

sub pages {
    my ($path) = @_;

    return (
        [ GET => "$path?limit=1", undef, 200 ],
        [ GET => "$path?after=%next", undef, 200 ],
        [ GET => "$path?limit=0", undef, '400 bad_limit' ],
        [ GET => "$path?after=x", undef, '400 bad_cursor' ],
    );
}


# Ids and CommandUUIDs in a path.

sub names {
    my ($method, $id, $uuid) = @_;

    return (
        ($id ? [ $method => $id =~ s/%s/a,b/r, undef, '400 bad_enrollment_id' ] : ()),
        ($id ? [ $method => $id =~ s/%s/x/r, undef, '404 unknown_enrollment' ] : ()),
        ($uuid ? [ $method => $uuid =~ s/%s/%FF/r, undef, '400 bad_command_uuid' ] : ()),
        ($uuid ? [ $method => $uuid =~ s/%s/x/r, undef, '404 unknown_command' ] : ()),
    );
}


# Changes what is sealed, so that no key opens it.

sub alter {
    my ($table, $column) = @_;

    $pg->psql("UPDATE mdm.$table SET $column = set_byte($column, 30,
        (get_byte($column, 30) + 1) % 256) WHERE $column IS NOT NULL");
}


# What may happen to any operation of an area; the objects are those that it has.

sub finish {
    my ($area, %objects) = @_;

    my @operations = grep { area($_->{pattern}) eq $area } operations();

    for my $operation (grep { defined $_->{scope} } @operations) {
        my ($method, $path, $body) = good_call($operation, %objects, new_uuid => 'new');

        try($method, $path, $body, @$_) for
            [ '401 no_token', token => 'none' ], [ '401 bad_token', token => 'unknown' ],
            [ '403 missing_scope', token => 'nothing' ],
            [ '403 wrong_tenant', token => 'bert' ],
            [ '404 unknown_tenant', host => 'nowhere.example' ];
        try($method, "$path?nonsense=1", $body, '400 unknown_argument')
            if defined $operation->{args};
        try($method, $path, $_, '400 bad_json')
            for $operation->{body} eq 'JSON' ? ('{', '[]') : ();
    }

    for my $operation (@operations) {
        my ($method, $path) = good_call($operation, %objects, new_uuid => 'new');
        try($method, $path, 'x' x (4 * 1024 * 1024 + 1), '413 too_large');
    }

    $nginx->expect(qr/PostgreSQL/);
    $pg->stop;

    for my $operation (@operations) {
        my ($method, $path, $body) = good_call($operation, %objects, new_uuid => 'new');
        try($method, $path, $body, defined $operation->{scope} ? '503 unavailable' : 200);
    }

    complete($area);
    done_testing;
}


sub area {
    my ($path) = @_;

    return (grep { $path =~ $area{$_} } sort keys %area)[0] // 'other';
}


# Was all of it there?

sub complete {
    my ($area) = @_;

    my @described = grep { area($_->{path}) eq $area } $doc->operations, $doc->elsewhere;
    my @missed;

    for my $it (@described) {
        for my $status (sort keys %{ $it->{response} }) {
            my @codes = @{ $it->{response}{$status}{'x-codes'} // [] };

            push @missed, grep { !$seen{$_} } map { "$it->{id} $_" }
                @codes ? map({ "$status $_" } @codes) : $status;
        }

        push @missed, grep { !$used{$_} } map { "$it->{id} $_" }
            MDM::Test::OpenAPI::query_arguments($it);
    }

    is join("\n", @missed), '', 'each answer and argument that is described was had';
    is join("\n", map { $doc->missed($_) } @described), '',
        '... and each form and field of one';
}

1;
