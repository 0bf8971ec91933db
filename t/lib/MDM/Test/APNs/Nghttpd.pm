package MDM::Test::APNs::Nghttpd;

# nghttpd, the server of nghttp2, as Apple's push service: it wants a client
# certificate but judges nothing, answers 200 for the tokens that it knows and 404
# for all others, and gives no apns-id.
#
#     my $apns = MDM::Test::APNs::Nghttpd->start('-m', 2, '-c', 0);
#     $apns->knows($tenant->token(1), ...);
#     my @got = $apns->pushes;            # {token, topic, status, connection, ...}
#
# What start takes are options of nghttpd: padding, tables, windows, streams.

use strict;
use warnings;

use File::Path ();

use MDM::Test ();
use MDM::Test::APNs::Tenant ();

my $count = 0;


sub start {
    my ($class, @options) = @_;

    my $self = bless {
        owner  => $$,
        dir    => MDM::Test::test_dir() . '/nghttpd-' . ++$count,
        port   => MDM::Test::free_port(),
        ca     => MDM::Test::PKI->ca('Push CA'),
        tls_ca => MDM::Test::PKI->ca('Push Server CA'),
    }, $class;

    my $server = $self->{tls_ca}->server;

    File::Path::make_path("$self->{dir}/3/device");
    $self->{pid} = MDM::Test::spawn("$self->{dir}/log", 'nghttpd', '-v', '-V',
        '-a', '127.0.0.1', '-d', $self->{dir}, @options, $self->{port},
        @$server{qw(key cert)});
    MDM::Test::running($self);

    MDM::Test::wait_for(10, sub {
        MDM::Test::Nginx::log_text("$self->{dir}/log") =~ /listen/
    }) or die "nghttpd does not start\n";

    return $self;
}


sub ca       { return $_[0]{ca} }
sub tls_ca   { return $_[0]{tls_ca} }
sub tls_port { return $_[0]{port} }


sub directive {
    my ($self) = @_;

    return "127.0.0.1:$self->{port} trusted_certificate=$self->{tls_ca}{cert}";
}


sub tenant {
    my ($self, $pg, $name, %option) = @_;

    return MDM::Test::APNs::Tenant->new($pg, $name, ca => $self->{ca}, %option);
}


sub knows {
    my ($self, @tokens) = @_;

    MDM::Test::spew("$self->{dir}/3/device/$_", '') for @tokens;
}


# The time of what it shows is that since its start.

sub pushes {
    my ($self) = @_;

    my (@pushes, %stream, $sent);

    for (split /\n/, MDM::Test::slurp("$self->{dir}/log")) {
        if (/^\[id=(\d+)\] \[ *([\d.]+)\] recv \(stream_id=(\d+)[^)]*\) (:?[\w-]+): (.*)/) {
            my ($connection, $time, $stream, $name, $value) = ($1, $2, $3, $4, $5);
            my $push = $stream{"$connection $stream"};

            push @pushes, $push = $stream{"$connection $stream"} = { time => $time,
                connection => $connection, status => '', reason => '' } if !$push;

            $push->{token} = $value =~ s{.*/}{}r if $name eq ':path';
            $push->{ $name =~ s/^apns-(?!id)//r =~ tr/-/_/r } = $value;

        } elsif (/^\[id=(\d+)\].* send HEADERS .* stream_id=(\d+)>/) {
            $sent = "$1 $2";

        } elsif (/^ *:status: (\d+)/ && $stream{ $sent // '' }) {
            $stream{$sent}{status} = $1;
        }
    }

    return @pushes;
}


# How often each token was pushed with success.

sub accepted {
    my ($self) = @_;

    my %times;
    $times{ $_->{token} }++ for grep { $_->{status} eq '200' } $self->pushes;

    return \%times;
}


sub stop {
    my ($self) = @_;

    return if !defined $self->{pid};

    kill 'TERM', $self->{pid};
    MDM::Test::reap($self->{pid}, 5);

    undef $self->{pid};
    MDM::Test::stopped($self);
}


sub DESTROY {
    my ($self) = @_;

    local ($@, $?);
    $self->stop if $$ == $self->{owner};
}

1;
