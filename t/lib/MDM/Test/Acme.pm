package MDM::Test::Acme;

# The tenant "acme", whose devices come by TLS with certificates of its CA: what
# there is around the nginx of a test, and what its operator does.
#
#     my $acme  = MDM::Test::Acme->start;            # PostgreSQL, CAs, the tenant
#     my $nginx = $acme->nginx(<<'CONF');            # %%CERT%%, %%KEY%%
#     ...
#     CONF
#     my $iphone = $acme->enrolled('iphone');        # or device(), not enrolled yet
#     my $uuid = $acme->ask($iphone, 'ProfileList');
#     gets($iphone->idle, $uuid, 'the device gets it');
#     is $acme->state_of($iphone, $uuid), 'SENT', '... and that is known';
#
# It has pg, ca (of devices), tls_ca (of the server) and api (the operator's client).

use strict;
use warnings;

use Exporter 'import';
use Test::More ();

use MDM::Test ();

our @EXPORT_OK = qw(gets);


# Options are those of MDM::Test::Postgres.

sub start {
    my ($class, %option) = @_;

    my $self = bless {
        pg     => MDM::Test::Postgres->start(migrate => 1, %option),
        ca     => MDM::Test::PKI->ca('Device CA'),
        tls_ca => MDM::Test::PKI->ca('Server CA'),
    }, $class;

    $self->{token} = $self->{pg}->tenant('acme', host => 'localhost',
        device_ca => $self->{ca});

    return $self;
}


# Options are those of MDM::Test::Nginx.

sub nginx {
    my ($self, $conf, %option) = @_;

    my $server = $self->{tls_ca}->server;

    $self->{nginx} = MDM::Test::Nginx->start(pg => $self->{pg}, conf => $conf,
        vars => { CERT => $server->{cert}, KEY => $server->{key} }, %option);
    $self->{api} = $self->client(token => $self->{token});

    return $self->{nginx};
}


sub pg     { return $_[0]{pg} }
sub ca     { return $_[0]{ca} }
sub tls_ca { return $_[0]{tls_ca} }
sub api    { return $_[0]{api} }


sub client {
    my ($self, %option) = @_;

    return MDM::Test::Client->new(port => $self->{nginx}->tls_port,
        ca => $self->{tls_ca}, %option);
}


# Options are those of MDM::Test::Device.

sub device {
    my ($self, $name, %option) = @_;

    my $certificate = $self->{ca}->device($name);

    return MDM::Test::Device->new(certificate => $certificate,
        client => $self->client(certificate => $certificate), %option);
}


sub enrolled {
    my ($self, $name, %option) = @_;

    my $device = $self->device($name, %option);
    $device->enroll->{status} == 200 or die "$name does not enrol";

    return $device;
}


# Asks a command of a device or user, given by its type; returns its
# CommandUUID.

sub ask {
    my ($self, $channel, $type, %keys) = @_;

    my $uuid = $channel->uuid;
    $self->enqueue($channel->enrollment, $channel->command($type, $uuid, %keys));

    return $uuid;
}


sub enqueue {
    my ($self, $ids, $body) = @_;

    my $answer = $self->{api}->api(PUT => "/v1/enqueue/$ids", $body);
    $answer->{status} == 200 or die "not queued: $answer->{body}";
}


# State and reason, as the API shows them.

sub state_of {
    my ($self, $channel, $uuid) = @_;

    for my $list (qw(queue history)) {
        my $items = $self->{api}->api(GET => '/v1/enrollments/' . $channel->enrollment
            . "/$list")->{json}{items};

        for my $item (grep { $_->{command_uuid} eq $uuid } @$items) {
            return join ': ', $item->{state}, $item->{reason} // ();
        }
    }

    return 'gone';
}


# An answer of a device's request brings this command, or nothing (undef).

sub gets {
    my ($answer, $uuid, $name) = @_;

    local $Test::Builder::Level = $Test::Builder::Level + 1;

    Test::More::is("$answer->{status} " . ($answer->{command_uuid} // 'nothing'),
        '200 ' . ($uuid // 'nothing'), $name);
}

1;
