package MDM::Test::Pushing;

# For tests of pushes: tenants with devices, an nginx that pushes to a fake of
# Apple, and the verdict.
#
#     my $p = MDM::Test::Pushing->start(tenants => { acme => 1000, rival => 10 });
#     $p->queue(acme => 1 .. 1000);
#     $p->reached(1000);                   # waits until so many devices were pushed
#     $p->sent;                            # waits until all is SENT
#     $p->verdict;                         # MDM::Test::APNs::Verdict
#
# It has pg, nginx, apns, and tenant($name). The verdict waits until what was
# answered is recorded; its options go on to MDM::Test::APNs::Verdict.
#
# Options: apns (MDM::Test::APNs->start, or ...::Scripted); tenants; workers (1);
# mdm_apns (its arguments); key (of all certificates); http (more lines in http{}); nginx (options of the
# server); devices => 1: location = /mdm for devices of a CA, $p->device($name, $n).

use strict;
use warnings;

use Time::HiRes ();

use MDM::Test ();
use MDM::Test::APNs ();
use MDM::Test::APNs::Verdict ();

our $conf = <<'CONF';
load_module %%MODULE%%;
thread_pool mdm threads=2;
worker_processes %%WORKERS%%;
events { worker_connections 1024; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" connections=2 timeout=60s;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    mdm_apns %%APNS%%;
    %%MORE%%
    client_max_body_size 8m;
    client_body_buffer_size 8m;
    keepalive_requests 100000;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; }
        location = /metrics { mdm metrics; }
        location /v1/ { mdm api; }
    }
}
CONF


sub start {
    my ($class, %option) = @_;

    my $self = bless { tenants => { acme => 1 }, workers => 1, %option }, $class;

    $self->{apns} //= MDM::Test::APNs->start;
    $self->{pg} //= MDM::Test::Postgres->start(migrate => 1);
    $self->{device_ca} = MDM::Test::PKI->ca('Device CA') if $self->{devices};

    $self->{tenant}{$_} = $self->{apns}->tenant($self->{pg}, $_,
        devices => $self->{tenants}{$_}, device_ca => $self->{device_ca},
        key => $self->{key})
        for sort keys %{ $self->{tenants} };

    $self->{nginx} = $self->node(%{ $self->{nginx} // {} });
    $_->certify($self->{nginx}->port) for values %{ $self->{tenant} };

    return $self;
}


sub pg     { return $_[0]{pg} }
sub nginx  { return $_[0]{nginx} }
sub apns   { return $_[0]{apns} }
sub tenant { return $_[0]{tenant}{ $_[1] } }


# An nginx that pushes; another one is another node. Options: mdm_apns, more (lines
# for http{}), workers, and those of MDM::Test::Nginx.

sub node {
    my ($self, %option) = @_;

    return MDM::Test::Nginx->start(pg => $self->{pg}, conf => $conf, vars => {
        APNS    => $option{mdm_apns} // $self->{mdm_apns} // $self->{apns}->directive,
        MORE    => $option{http} // $self->{http} // '',
        WORKERS => $option{workers} // $self->{workers},
    }, %option);
}


sub queue {
    my ($self, $name, @n) = @_;

    return $self->{tenant}{$name}->queue(@n);
}


# What came to the fake.

sub pushes { return $_[0]{apns}->pushes }


# Waits until so many devices were pushed; how many were.

sub reached {
    my ($self, $number, $seconds) = @_;

    my $n = 0;

    MDM::Test::wait_for($seconds // 10, sub {
        $n = keys %{ $self->{apns}->accepted };
        $n >= $number || (Time::HiRes::sleep(0.03), 0)[1];
    });

    return $n;
}


# Waits until a condition in SQL holds; psql takes more than a look at a log.

sub holds {
    my ($self, $condition, $seconds) = @_;

    my $end = Time::HiRes::time() + ($seconds // 8);

    while (1) {
        return 1 if $self->{pg}->psql("SELECT $condition") eq 't';
        return 0 if Time::HiRes::time() > $end;

        Time::HiRes::sleep(0.1);
    }
}


# Waits until all is SENT, but for those whom Apple refuses for good.

sub sent {
    my ($self, $seconds) = @_;

    return $self->holds(q{NOT EXISTS (SELECT FROM mdm.queue q
        WHERE state = 'QUEUED' AND sent_at IS NULL AND NOT EXISTS (
            SELECT FROM mdm.push_stop s WHERE s.enrollment_id = q.enrollment_id))},
        $seconds);
}


# Waits until no push is in hand.

sub settle {
    my ($self, $seconds) = @_;

    return $self->holds(q{NOT EXISTS (SELECT FROM mdm.push WHERE due_at = 'infinity')},
        $seconds);
}


sub verdict {
    my ($self, %option) = @_;

    $self->settle;

    return MDM::Test::APNs::Verdict->of(pg => $self->{pg},
        pushes => [ $self->pushes ], %option);
}


# What is told of one wish: its columns.

sub wish {
    my ($self, $name, $n, $columns) = @_;

    my ($id) = $self->{tenant}{$name}->ids($n);

    return $self->{pg}->psql("SELECT $columns FROM mdm.push p
        JOIN mdm.enrollment e USING (tenant_id, enrollment_id)
        WHERE device_id = '$id'");
}


# What was not accepted yet is due now, for those who would have to wait.

sub hasten {
    my ($self) = @_;

    $self->{pg}->psql('UPDATE mdm.push SET due_at = now()
        WHERE claimed_at IS NULL AND accepted_at IS NULL AND NOT stopped');
}


# Time passes for the wishes of a tenant: all that is past gets older, and all
# that is due comes nearer.

sub pass {
    my ($self, $name, $interval) = @_;

    my $tenant = $self->{tenant}{$name}{number};
    my @columns = map { "$_ = $_ - interval '$interval'" }
        qw(due_at accepted_at judge_from answered_at wanted_at);

    $self->{pg}->psql("UPDATE mdm.push SET @{[ join ', ', @columns ]}
            WHERE tenant_id = $tenant AND due_at < 'infinity';
        UPDATE mdm.queue SET queued_at = queued_at - interval '$interval',
            sent_at = sent_at - interval '$interval', notnow_at = notnow_at
            - interval '$interval' WHERE tenant_id = $tenant;
        UPDATE mdm.push_stop SET probe_at = probe_at - interval '$interval',
            stopped_at = stopped_at - interval '$interval' WHERE tenant_id = $tenant");
}


# A device that enrols as devices do, of the CA that devices => 1 makes.

sub device {
    my ($self, $name, $udid, %option) = @_;

    my $tenant = $self->{tenant}{$name};

    return MDM::Test::Device->new(sign => 1, udid => $udid, topic => $tenant->{topic},
        certificate => $self->{device_ca}->device($udid),
        client => MDM::Test::Client->new(port => $self->{nginx}->port,
            host => $tenant->{host}), %option);
}

1;
