package MDM::Test::API;

# The module's own table of operations, and a good call of each, for tests that
# try all of them.  An operation whose path has a new word needs a line in
# %object and %nobody, one with a body a line in %body; else the tests die.

use strict;
use warnings;

use Exporter 'import';

use MDM::Test ();
use MDM::Test::Device ();
use MDM::Test::OpenAPI ();

our @EXPORT_OK = qw(operations good_call told token rows_of);

# What the segment after a word of a path names.

my %object = (
    enqueue     => 'id',
    push        => 'id',
    enrollments => 'id',
    commands    => 'command_uuid',
    queue       => 'command_uuid',
    history     => 'command_uuid',
    secrets     => 'kind',
    identities  => 'fingerprint',
    webhooks    => 'name',
    schema      => 'type',
    profiles    => 'profile_id',
    inventory   => 'list',
    'push-topics' => 'topic',
    requests    => 'public_key',
);

# What a call is about when the test does not say: mostly what does not exist.

my %nobody = (
    id           => 'nobody',
    command_uuid => 'nothing',
    new_uuid     => 'new',
    kind         => 'bootstrap_token',
    fingerprint  => '0' x 64,
    name         => 'nowhere',
    type         => 'DeviceLock',
    profile_id   => 'no-profile',
    list         => 'applications',
    topic        => 'com.apple.mgmt.External.nobody',
    public_key   => '0' x 64,
);

# A body that an operation takes; the sub gets the objects.

my $command = sub { MDM::Test::Device->command('ProfileList', $_[0]{new_uuid}) };
my ($pushcert, $signer);

my %body = (
    'PUT /v1/enqueue/*'        => $command,
    'POST /v1/enqueue/*'       => $command,
    'POST /v1/commands'        => sub {
        return { enrollments => [ $_[0]{id} ], command => $command->(@_) };
    },
    'PATCH /v1/enrollments/*/attributes' => sub { { AssetTag => 'A-1', n => 3 } },
    'POST /v1/commands/cancel' => sub { { command_uuids => [ $_[0]{command_uuid} ] } },
    'POST /v1/webhooks/*/replay' => sub { { since => '2026-01-01T00:00:00.000Z' } },
    'POST /v1/pushcert/request' => sub { { common_name => 'acme' } },
    'PUT /v1/pushcert'         => sub {
        $pushcert //= MDM::Test::PKI->ca('Push CA')->push_certificate(
            'com.apple.mgmt.External.11111111-2222-4333-8444-555555555555');
        return $pushcert->pem . $pushcert->key_pem;
    },
    'POST /v1/push-topics/*/resume' => sub { {} },
    'POST /v1/profiles'        => sub {
        return { PayloadIdentifier => 'com.example.profile', PayloadContent => [
            { PayloadType => 'com.example.payload', Key => 'value' } ] };
    },
    'PUT /v1/signing-certificate' => sub {
        $signer //= MDM::Test::PKI->ca('Signing CA')->certificate('Signer');
        return $signer->pem . $signer->key_pem;
    },
);


# The rows of ngx_mdm_api_operations, one for each method.

sub operations {
    my ($table) = MDM::Test::slurp(MDM::Test::tree()
            . '/ngx_mdm_module/route/ngx_mdm_api.c')
        =~ /ngx_mdm_api_operations\[\] = \{(.*?)\{ 0, NULL\b/s
        or die "no table of operations\n";
    my $name = qr/NULL|"[^"]*"/;
    my ($rows, @operations) = (0);

    while ($table =~ /\{\s*([A-Z_|\s]+),\s*"([^"]+)",\s*($name),\s*((?:$name\s*)+),
        \s*NGX_MDM_API_(\w+),\s*\w+\s*\}/gx)
    {
        my ($methods, $pattern, $scope, $args, $body) = ($1, $2, $3, $4, $5);
        $rows++;
        my ($scope_name, $arg_names) = map {
            /NULL/ ? undef : join '', /"([^"]*)"/g
        } $scope, $args;

        push @operations, map { {
            method => $_, pattern => $pattern, scope => $scope_name,
            args => $arg_names, body => $body, name => "$_ $pattern",
        } } $methods =~ /NGX_HTTP_([A-Z]+)/g;
    }

    die "not every row of the table of operations is understood\n"
        if $rows != $table =~ tr/{//;

    return @operations;
}


# Method, path and body of a call about the objects: id, command_uuid, …

sub good_call {
    my ($operation, %objects) = @_;

    %objects = (%nobody, %objects);

    my $name = $operation->{name};
    my $path = $operation->{pattern};

    $path =~ s{([^/]+)/\*}{
        my $kind = $object{$1} // die "nothing is known for the * after $1\n";
        "$1/$objects{$kind}"
    }ge;

    die "no body is known for $name\n"
        if $operation->{body} ne 'NO_BODY' && !$body{$name};

    return ($operation->{method}, $path, $body{$name} ? $body{$name}->(\%objects) : ());
}


# Status and code of an answer: "403 missing_scope".

sub told {
    my ($answer) = @_;

    my $code = MDM::Test::OpenAPI::code($answer);

    return $code eq '' ? $answer->{status} : "$answer->{status} $code";
}


# A new token of a tenant.

sub token {
    my ($pg, $tenant, $name, @scopes) = @_;

    my ($exit, $text) = MDM::Test::mdmctl('--database', $pg->conninfo, 'token', 'add',
        $tenant, $name, map { ('--scope', $_) } @scopes);

    return $text =~ /([\w-]{43})/ ? $1 : die "no token in: $text";
}


# All that PostgreSQL holds of a tenant, but for the times of last contact, which
# are written later.

sub rows_of {
    my ($pg, $tenant) = @_;

    my @tables = grep { $_ ne 'enrollment_seen' } split /\n/, $pg->psql(<<'SQL');
SELECT c.relname
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
 WHERE c.relnamespace = 'mdm'::regnamespace AND a.attname = 'tenant_id'
   AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
SQL

    die "few tables of tenants: @tables\n" if @tables < 10;

    return join "\n", map {
        my $table = $_;
        "$table: " . $pg->psql("SELECT string_agg(t::text, E'\\n' ORDER BY t::text)
            FROM mdm.$table t JOIN mdm.tenant n USING (tenant_id)
           WHERE n.name = '$tenant'");
    } @tables;
}

1;
