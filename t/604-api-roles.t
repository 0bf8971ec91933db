# Roles: each operation is refused to every right but its own, and the audit says
# who asked from where; admin may all within its tenant, host goes elsewhere.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::API qw(operations good_call told token);

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $ca = MDM::Test::PKI->ca('Device CA');
my %admin = map { $_ => $pg->tenant($_, host => "$_.example", device_ca => $ca) }
    qw(anna bert);

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

my $client = MDM::Test::Client->new(port => $nginx->port, host => 'anna.example');

for my $name (qw(iphone mac)) {
    MDM::Test::Device->new(client => $client, sign => 1, udid => "UDID-$name",
        certificate => $ca->device($name))->enroll->{status} == 200
        or die 'not enrolled';
}

my @scopes = qw(read command destructive secrets admin host);
my %token = map { $_ => token($pg, 'anna', "only-$_", $_) } @scopes;
my @operations = grep { defined $_->{scope} } operations();
my $number = 0;
my $id = 'UDID-iphone';


# A good call of an operation, about the device whose turn it is.

sub called {
    my ($operation, $token, %header) = @_;

    my ($method, $path, @body) = good_call($operation, id => $id,
        new_uuid => 'new-' . ++$number);

    return $client->with(token => $token)->api($method, $path, $body[0], %header);
}


sub holds { return $_[0] eq $_[1] || ($_[0] eq 'admin' && $_[1] ne 'host') }


# Of the last row of the audit.

sub audited {
    my ($tenant) = @_;

    return $pg->psql("SELECT a.actor, a.remote, a.action, a.detail->>'missing_scope',
            a.detail->>'operation'
       FROM mdm.audit a JOIN mdm.tenant t USING (tenant_id) WHERE t.name = '$tenant'
      ORDER BY a.audit_id DESC LIMIT 1", separator => ' ');
}


for my $operation (@operations) {
    my ($name, $scope, $pattern) = @$operation{qw(name scope pattern)};

    for my $other (grep { !holds($_, $scope) } @scopes) {
        my $answer = called($operation, $token{$other});

        is told($answer), '403 missing_scope', "$name is refused to $other";
        is $answer->{json}{error}{message},
            qq{the token "only-$other" lacks the scope "$scope"}, '... and says why';
        is audited('anna'), "only-$other 127.0.0.1 token_refused $scope $pattern",
            '... and leaves who, from where, what';
    }

    unlike told(called($operation, $token{$_})), qr/\A40[13]/, "$name is allowed to $_"
        for grep { holds($_, $scope) } @scopes;
    is told(called($operation, $admin{bert})), '403 wrong_tenant',
        '... not to another tenant\'s admin';
    is audited('bert'), "test 127.0.0.1 token_refused  $pattern", '... who hears of it';
}

# Commands that destroy need two rights, on either route.

my ($types) = slurp(tree() . '/docs/api.md') =~ /^### Destructive commands\n.*?: (.*?)\.\n/ms;
my @types = split /,\s+/, $types;
my $both = token($pg, 'anna', 'both', 'command', 'destructive');
cmp_ok scalar @types, '>', 5, 'docs/api.md has types of commands that destroy';

for my $type (@types) {
    my %keys = (Identifier => 'com.example.wifi', UserName => 'ann',
        GUID => 'ann', AuthenticationMethod => 'ann');
    my @ways = map { [ $_, '/v1/enqueue/UDID-mac' ] } qw(PUT POST);

    for my $way (@ways, [ POST => '/v1/commands' ]) {
        my ($method, $path) = @$way;
        my $command = MDM::Test::Device->command($type, 'destroys-' . ++$number, %keys);
        my $body = $path =~ /enqueue/ ? $command
            : { enrollments => [ 'UDID-mac' ], command => $command };

        is told($client->with(token => $token{command})->api($method, $path, $body)),
            '403 missing_scope', "$method $path of $type is not for command alone";
        is told($client->with(token => $both)->api($method, $path, $body)), 200,
            '... but with destructive';
    }
}

# The tenant that a header names. (The other device may have come to an end.)

$id = 'UDID-mac';

my ($list) = grep { $_->{name} eq 'GET /v1/enrollments' } @operations;
my %at = map { $_ => [ 'Mdm-Tenant' => $_ ] } qw(anna bert anna.example nobody);
my $hoster = token($pg, 'bert', 'hoster', 'host', 'read');
my $guest = token($pg, 'bert', 'guest', 'read');

sub devices {
    my ($token, @header) = @_;

    my $answer = called($list, $token, @header);
    my $items = $answer->{json}{items} or return told($answer);

    return join ' ', map { $_->{device_id} } @$items;
}

is devices($hoster, @{ $at{anna} }), 'UDID-iphone UDID-mac', 'host and read read the tenant named';
is devices($hoster, @{ $at{'anna.example'} }), 'UDID-iphone UDID-mac', '... by a host of his';
is devices($hoster, @{ $at{bert} }), '', '... or their own';
is devices($hoster), 'UDID-iphone UDID-mac', '... and without a name that of mdm_tenant';
is devices($hoster, @{ $at{nobody} }), '404 unknown_tenant', '... but nobody\'s';
is devices($token{host}, @{ $at{anna} }), '403 missing_scope', 'host alone reads nothing';
is devices($guest, @{ $at{anna} }), '403 missing_scope', 'read alone goes nowhere';
is audited('bert'), 'guest 127.0.0.1 token_refused host /v1/enrollments',
    '... and lacks host';
is devices($admin{bert}, @{ $at{$_} }), '403 missing_scope', "... nor does admin to $_"
    for qw(anna bert nobody);

my ($enqueue) = grep { $_->{name} eq 'PUT /v1/enqueue/*' } @operations;
is told(called($enqueue, $hoster, @{ $at{anna} })), '403 missing_scope',
    'a hoster may do only what else he holds';
is audited('bert'), 'hoster 127.0.0.1 token_refused command /v1/enqueue/*',
    '... and his own tenant hears of it';
my $writer = token($pg, 'bert', 'writer', 'host', 'command');
is told(called($enqueue, $writer, @{ $at{anna} })), 200, '... and does that';
is $pg->psql("SELECT t.name, a.remote FROM mdm.audit a JOIN mdm.tenant t USING (tenant_id)
               WHERE a.actor = 'writer'"), 'anna|127.0.0.1', '... in the audit of the other';

# Revoked.

my $revoked = $pg->psql("SELECT token_id FROM mdm.api_token WHERE name = 'only-admin'");
is +(mdmctl('--database', $pg->conninfo, 'token', 'revoke', $revoked))[0], 0,
    'a token is revoked';
is told(called($_, $token{admin})), '401 bad_token', "... and has no $_->{name}"
    for @operations;
is $pg->psql('SELECT count(*) FROM mdm.audit a JOIN mdm.tenant t USING (tenant_id)
               WHERE a.actor = \'only-admin\' AND a.action = \'token_refused\''), 0,
    '... while it had them before';

done_testing;
