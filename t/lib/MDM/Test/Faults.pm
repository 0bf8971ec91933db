package MDM::Test::Faults;

# Things that break under a fleet, one by one or by lot from a seed, each
# counted:
#
#     my $faults = MDM::Test::Faults->new($fleet, seed => 7,
#         kinds => [qw(worker_killed reload)]);
#     $faults->inject('reload');
#     $faults->storm(30, 0.5);        # for 30 s, one about every half second
#     $faults->counts;                # { reload => 12, worker_killed => 9 }
#
# A kind is a row of %kinds: it breaks something, waits as long as it likes, and
# mends it again before it returns; the devices go on meanwhile. Those that befall
# PostgreSQL are in MDM::Test::Faults::Postgres.
#
# After each the service must be whole again within 15 seconds, and how long that
# took and what the error log got meanwhile is kept: $faults->table shows it. With
# pace => 0.5 faults last half as long.

use strict;
use warnings;

use Test::More ();
use Time::HiRes ();

use MDM::Test ();
use MDM::Test::Faults::Postgres ();
use MDM::Test::Metrics ();
use MDM::Test::Network ();
use MDM::Test::Poison ();

our %kinds = (
    %MDM::Test::Faults::Postgres::kinds,
    worker_killed  => sub { $_[0]->nginx->kill_worker },
    reload         => sub { kill 'HUP', $_[0]->nginx->pid },
    binary_upgrade => sub { $_[0]->nginx->upgrade },

    # in a network of their own (MDM::Test::Network); longer than the fleet's
    # deadline for an answer of the database
    database_cut   => sub { lose($_[0], qw(to from)) },
    database_deaf  => sub { lose($_[0], 'to') },
    database_mute  => sub { lose($_[0], 'from') },
    network_hiccup => sub { lose($_[0], qw(to from), 0.5) },

    # some channels alone, $faults->poisoned tells which and when; at least until
    # one was hit
    poison_row      => sub { poison(@_, 'row', 8, 0.6) },
    poison_commit   => sub { poison(@_, 'commit', 8, 0.6) },
    poison_delivery => sub { poison(@_, 'delivery', 8, 0.6) },
    poison_slow     => sub { poison(@_, 'slow', 3, 0.6) },
);


sub new {
    my ($class, $fleet, %option) = @_;

    my $self = bless {
        fleet => $fleet,
        kinds => $option{kinds} // [ sort keys %kinds ],
        lot   => $option{seed} // 1,
        pace  => $option{pace} // 1,
        count => {},
    }, $class;

    for my $kind (@{ $self->{kinds} }) {
        die "no such fault: $kind\n" if !$kinds{$kind};
    }

    return $self;
}


sub lose {
    my ($fleet, @words) = @_;

    my $seconds = $words[-1] =~ /\d/ ? pop @words : 3;

    MDM::Test::Network::lose(map { $_ => $fleet->pg->port } @words);
    Time::HiRes::sleep($seconds);
    MDM::Test::Network::heal();
}


sub poison {
    my ($fleet, $self, $kind, $number, $seconds) = @_;

    my $poison = $fleet->{poison} //= MDM::Test::Poison->set($fleet->pg);
    my @ids = map { $_->[0] } $fleet->pg->query("
        SELECT enrollment_id FROM mdm.enrollment WHERE state = 'live' ORDER BY 1");
    my @some = map { splice @ids, @ids * $self->chance, 1 } 1 .. $number;

    my $log = length $fleet->nginx->error_log;
    my $begun = now();
    $poison->give($kind, @some);
    my $from = now();
    Time::HiRes::sleep($seconds);
    MDM::Test::wait_for(30, sub { substr($fleet->nginx->error_log, $log)
        =~ /refused "\w+" of 1:|passed its deadline/ });
    my $to = now();
    $poison->take($kind);

    push @{ $self->{poisoned} }, { kind => $kind, begun => $begun, from => $from,
        to => $to, members => { map { $_ => 1 } @some } };
}


# The simulator's clock, in milliseconds.

sub now { return 1000 * Time::HiRes::clock_gettime(Time::HiRes::CLOCK_MONOTONIC()) }


sub poisoned { return @{ $_[0]{poisoned} // [] } }


sub inject {
    my ($self, $kind) = @_;

    my $fault = $kinds{$kind} // die "no such fault: $kind\n";
    my $log = $self->{fleet}->nginx->dir . '/error.log';
    my $from = -s $log;

    $fault->($self->{fleet}, $self);
    $self->{count}{$kind}++;

    my $mended = Time::HiRes::time();

    Test::More::fail("all is well after $kind") || Test::More::diag($self->{unwell})
        if !MDM::Test::wait_for(15, sub { $self->well || !Time::HiRes::sleep(0.1) });

    $self->keep($kind, seconds => Time::HiRes::time() - $mended);
    $self->keep($kind, lines => lines($log, $from));
}


# All connections are there, and no call waits for one.

sub well {
    my ($self) = @_;

    my $metrics = eval { MDM::Test::Metrics->scrape($self->{fleet}->api) };
    my ($wanted, $ready, $waiting) = map { $metrics ? $metrics->sum("database_$_") : 0 }
        qw(connections_wanted connections calls_waiting);

    $self->{unwell} = "$ready of $wanted connections, $waiting calls wait";

    return $wanted > 0 && $ready == $wanted && $waiting < 100;
}


# Requests that took nginx longer than 10 seconds, by its own word; how long devices
# wait says more about the machine.

sub late {
    my ($self) = @_;

    my $metrics = MDM::Test::Metrics->scrape($self->{fleet}->api);
    my ($all, $in_time) = map { $metrics->sum(@$_) } ['request_duration_seconds_count'],
        ['request_duration_seconds_bucket', le => 10];

    die "no request was counted\n" if $all == 0;

    return $all - $in_time;
}


# Lines for the operator that a log got since then.

sub lines {
    my ($log, $from) = @_;

    open my $in, '<', $log or die "$log: $!\n";
    seek $in, $from, 0;

    return scalar grep { /\[(?:warn|error|crit|alert|emerg)\]/ } <$in>;
}


sub keep {
    my ($self, $kind, $what, $value) = @_;

    my $most = \$self->{most}{$kind}{$what};

    $$most = $value if $value > ($$most // 0);
}


# For each kind: how often, the longest until all was well, the most lines.

sub table {
    my ($self) = @_;

    return join '', map {
        sprintf "%-20s %4d times, well again in %4.1f s, %5d lines\n", $_,
            $self->{count}{$_}, map { $_ // 0 } @{ $self->{most}{$_} }{qw(seconds lines)}
    } sort keys %{ $self->{count} };
}


# A number from 0 to below 1; the same seed gives the same ones.

sub chance {
    my ($self) = @_;

    $self->{lot} = ($self->{lot} * 1_103_515_245 + 12_345) % 2**31;

    return $self->{lot} / 2**31;
}


sub pick {
    my ($self, @of) = @_;

    return $of[ int @of * $self->chance ];
}


# Each kind once, then by lot until the time is over.

sub storm {
    my ($self, $seconds, $pause) = @_;

    my $end = Time::HiRes::time() + $seconds;
    my @first = @{ $self->{kinds} };

    while (@first || Time::HiRes::time() < $end) {
        $self->inject(shift @first // $self->pick(@{ $self->{kinds} }));
        Time::HiRes::sleep($pause * (0.5 + $self->chance));
    }
}


sub counts { return $_[0]{count} }
sub pace   { return $_[0]{pace} }


sub line {
    my ($self) = @_;

    return join ', ', map { "$_ $self->{count}{$_}" } sort keys %{ $self->{count} };
}

1;
