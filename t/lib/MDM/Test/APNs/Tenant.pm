package MDM::Test::APNs::Tenant;

# A tenant with a push certificate and devices, many of them at once, because
# they are made by SQL and not by requests:
#
#     my $acme = MDM::Test::APNs::Tenant->new($pg, 'acme', ca => $push_ca,
#         devices => 10_000);
#     $acme->certify($port);              # PUT /v1/pushcert, over plain HTTP
#     $acme->api(GET => '/v1/push');      # with its token
#     my $uuid = $acme->queue(1 .. 500);  # a command for each
#     my @ids = $acme->ids(1 .. 500);     # acme-1, acme-2, ...
#     my $hex = $acme->token(7);
#
# It has name, host (NAME.example, for the API), number (tenant_id), topic and
# certificate. The token of device N begins with the tenant's number and N, eight
# digits each: rules for some of them are easy.
#
# Options: topic, certificate (an object of MDM::Test::PKI), days (of its life),
# devices (1), ca, device_ca; key (that of another certificate: to make none is
# quicker).

use strict;
use warnings;

use Digest::SHA ();

use MDM::Test ();

my $token = q{decode(lpad(to_hex(tenant_id), 8, '0') || lpad(to_hex(i), 8, '0')
    || left(encode(sha256((tenant_id || '-' || i)::bytea), 'hex'), 48), 'hex')};

my $count = 0;


sub new {
    my ($class, $pg, $name, %option) = @_;

    my $self = bless {
        pg    => $pg,
        name  => $name,
        host  => "$name.example",
        topic => $option{topic} // "com.apple.mgmt.External.$name",
    }, $class;

    $self->{secret} = $pg->tenant($name, host => $self->{host},
        device_ca => $option{device_ca});
    $self->{number} = $pg->psql("SELECT tenant_id FROM mdm.tenant
                                  WHERE name = '$name'");
    $self->{certificate} = $option{certificate} // $option{ca}->push_certificate(
        $self->{topic}, days => $option{days} // 365, key => $option{key} // 'rsa');
    $self->enroll(1, $option{devices} // 1);

    return $self;
}


# Devices with these numbers are there, and have a token.

sub enroll {
    my ($self, $first, $last) = @_;

    $self->{pg}->psql(qq{
        INSERT INTO mdm.enrollment (tenant_id, device_id, channel, state, generation,
               certificate, topic, push_token, push_magic, token_at, enrolled_at)
        SELECT tenant_id, '$self->{name}-' || i, 'device', 'live', 1,
               sha256((tenant_id || ' ' || i)::bytea), '$self->{topic}', $token,
               'Magic-' || i, now() - interval '1 day', now() - interval '30 days'
          FROM generate_series($first, $last) i, mdm.tenant
         WHERE tenant_id = $self->{number};
        ANALYZE mdm.enrollment});
}


sub token {
    my ($self, $n) = @_;

    return sprintf '%08x%08x%s', $self->{number}, $n,
        substr Digest::SHA::sha256_hex("$self->{number}-$n"), 0, 48;
}


sub ids { my ($self, @n) = @_; return map { "$self->{name}-$_" } @n }


# Where its API is, kept from the first certify() on; and its push certificate,
# or another one. The answer must be 200.

sub certify {
    my ($self, $port, $certificate) = @_;

    $self->{client} //= MDM::Test::Client->new(port => $port,
        host => $self->{host}, token => $self->{secret});
    $self->{certificate} = $certificate // $self->{certificate};

    my $pair = $self->{certificate};

    # an nginx that has just started may not have reached PostgreSQL yet
    MDM::Test::wait_for(30, sub { $self->api(GET => '/v1/pushcert')->{status} != 503 });
    $self->expect(200, PUT => '/v1/pushcert', $pair->pem . $pair->key_pem);

    return $self;
}


sub api {
    my ($self, @request) = @_;

    return $self->{client}->api(@request);
}


sub expect {
    my ($self, $status, @request) = @_;

    my $answer = $self->api(@request);

    die "$request[0] $request[1]: $answer->{status} $answer->{body}\n"
        if $answer->{status} != $status;

    return $answer->{json};
}


# A command for each of these devices; returns its CommandUUID.

sub queue {
    my ($self, @n) = @_;

    my $uuid = MDM::Test::Device->uuid;

    $self->expect(200, POST => '/v1/commands', {
        command => MDM::Test::Device->command('DeviceLock', $uuid),
        enrollments => [ $self->ids(@n) ] });

    return $uuid;
}

1;
