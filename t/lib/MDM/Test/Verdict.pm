package MDM::Test::Verdict;

# Did a fleet lose anything? What the devices said and heard, and what was asked
# of them, is compared with the tables, command by command; the module's own
# word counts for nothing here.
#
#     my $count = MDM::Test::Verdict->of($fleet);
#     # { commands => 4100, lost => 0, doubled => 0, left => 0, ... }; slowest is
#     # the longest that a device waited for an answer, in milliseconds; late what
#     # 19 of 20 who heard 503 did not wait for
#
# Each check is a test, and fails with the first few of what is wrong; faults()
# only returns the names of the checks that fail.

use strict;
use warnings;

use Test::More ();

use MDM::Test ();

my %final = (
    Acknowledged       => 'ACKNOWLEDGED',
    Error              => 'ERROR',
    CommandFormatError => 'ERROR',
    Malformed          => 'ERROR',
);

# Where sealed values are; a sealed value begins with the id of its key.

my %sealed = (
    command => 'payload',
    result  => 'report',
    event   => 'payload',
    secret  => 'value',
);


sub of {
    my ($class, $fleet) = @_;

    my $self = $class->new($fleet);

    for my $check (@{ $self->{checks} }) {
        my ($name, @found) = @$check;

        Test::More::is(scalar @found, 0, $name)
            or Test::More::diag(join "\n", splice @found, 0, 5);
    }

    Test::More::note($self->line);

    return $self->{count};
}


sub faults {
    my ($class, $fleet) = @_;

    return map { $_->[0] } grep { @$_ > 1 } @{ $class->new($fleet)->{checks} };
}


sub new {
    my ($class, $fleet) = @_;

    my $self = bless { fleet => $fleet, checks => [],
        map { $_ => {} } qw(given said taken again once status asked state count)
    }, $class;

    $self->read_exchanges($fleet->sim_log);
    $self->late;
    $self->read_asked($fleet->asked_log);
    $self->read_tables($fleet->pg);

    $self->commands;
    $self->truth;
    $self->statuses;
    $self->tables;
    $self->secrets;

    return $self;
}


# The simulator's own flat lines; JSON::PP would take minutes.

sub read_exchanges {
    my ($self, $file) = @_;

    open my $in, '<', $file or die "$file: $!\n";

    while (my $line = <$in>) {
        my %e = $line =~ /"(\w+)":(?|"([^"]*)"|([-\d.]+))/g;
        die "what is this line: $line" if !defined $e{device};

        $self->exchange(\%e);
    }
}


sub late {
    my ($self) = @_;

    my @took = sort { $a <=> $b } @{ $self->{refused} // [] };

    $self->{count}{late} = int($took[0.95 * $#took] // 0);
}


sub exchange {
    my ($self, $e) = @_;

    my $channel = "$e->{device}:" . ($e->{user} // '');

    $self->{count}{exchanges}++;
    $self->{status}{ $e->{status} }++;
    $self->{answer}{ $e->{answer} }++ if $e->{status} == 0;
    $self->{count}{slowest} = int $e->{ms}
        if ($e->{ms} // 0) > ($self->{count}{slowest} // 0);

    push @{ $self->{refused} }, $e->{ms} // 0 if $e->{status} == 503;

    if (defined(my $uuid = $e->{command_uuid})) {
        my $key = "$channel $uuid";

        $self->{said}{$key}{ $e->{message} }++ if $e->{sent} eq 'all';
        $self->{taken}{$key} = $e->{message}
            if $e->{status} == 200 && $e->{message} ne 'NotNow';
    }

    return if $e->{status} != 200 || !defined $e->{next_uuid};

    my $key = "$channel $e->{next_uuid}";

    $self->{given}{$key}++;
    $self->{again}{$key}++ if $self->{taken}{$key};
    $self->{once}{$key}++ if $e->{next_type} eq 'RestartDevice';
}


sub read_asked {
    my ($self, $file) = @_;

    my %channel = map { my ($device, $user, $short) = @$_;
        (join(':', grep { length } $device, $user) => "$device:$short")
    } $self->{fleet}->pg->query("
        SELECT device_id, user_id, coalesce(user_short_name, '')
          FROM mdm.enrollment");
    my (%targets, %done);

    for my $line (split /\n/, MDM::Test::slurp($file)) {
        my ($word, $uuid, $type, $ids) = split / /, $line;

        $word eq 'done' ? $done{$uuid}++ : ($targets{$uuid} = [ split /,/, $ids ]);
    }

    for my $uuid (grep { $done{$_} } keys %targets) {
        $self->{asked}{"$channel{$_} $uuid"} = 1 for @{ $targets{$uuid} };
    }

    $self->{count}{commands} = keys %{ $self->{asked} };
}


sub read_tables {
    my ($self, $pg) = @_;

    for my $row ($pg->query("
        SELECT device_id, coalesce(user_short_name, ''), command_uuid, r.state
          FROM mdm.result r JOIN mdm.enrollment e USING (tenant_id, enrollment_id)"))
    {
        push @{ $self->{state}{"$row->[0]:$row->[1] $row->[2]"} }, $row->[3];
    }
}


# A check: a list that must be empty; its length is counted under a word.

sub none {
    my ($self, $word, $name, @found) = @_;

    $self->{count}{$word} += @found;
    push @{ $self->{checks} }, [ $name, @found ];
}


sub rows {
    my ($self, $sql) = @_;

    return map { join ' ', @$_ } $self->{fleet}->pg->query($sql);
}


sub commands {
    my ($self) = @_;

    my ($asked, $state) = @$self{qw(asked state)};

    $self->none(idle => 'commands were asked', keys %$asked ? () : 'none was');
    $self->none(lost => 'no command was lost', grep { !$state->{$_} } keys %$asked);
    $self->none(doubled => 'none ended twice',
        grep { @{ $state->{$_} } > 1 } keys %$state);
    $self->none(strange => 'none ended that was not asked',
        grep { !$asked->{$_} } keys %$state);
    $self->none(waiting => 'none waits', $self->rows(
        'SELECT enrollment_id, command_uuid, state FROM mdm.queue'));
}


sub truth {
    my ($self) = @_;

    my ($state, $said, $taken) = @$self{qw(state said taken)};
    my $released = $self->{fleet}->released;

    $self->none(invented => 'what ended was said so by its device', grep {
        my ($key, $end) = ($_, $state->{$_}[0]);

        $end eq 'CANCELLED' ? $key !~ / InstallProfile/
            : !grep { ($final{$_} // '') eq $end } keys %{ $said->{$key} // {} };
    } keys %$state);

    $self->none(forgotten => 'what was taken with 200 is what the tables have', grep {
        ($state->{$_}[0] // '') ne $final{ $taken->{$_} }
    } keys %$taken);

    $self->none(again => 'what was taken with 200 was not given again',
        keys %{ $self->{again} });

    $self->none(twice => 'what is given once was not given twice', grep {
        my ($uuid) = / (.*)/;
        $self->{once}{$_} > 1 + ($released->{$uuid} // 0);
    } keys %{ $self->{once} });
}


sub statuses {
    my ($self) = @_;

    my $status = $self->{status};

    $self->{count}{"status_$_"} = $status->{$_} for keys %$status;
    $self->{count}{"unanswered_$_"} = $self->{answer}{$_} for keys %{ $self->{answer} };
    $self->none(left => 'no device heard a status that may tell it to leave',
        map { ($_) x $status->{$_} } grep { /^(?:401|403|404|410)$/ } keys %$status);
    $self->none(other => 'every answer was 200 or 503',
        grep { !/^(?:0|200|503)$/ } keys %$status);
}


sub tables {
    my ($self) = @_;

    my $ends = "type IN ('command_acknowledged', 'command_failed')";
    my ($revision) = $self->rows("SELECT max(nspname) FROM pg_namespace
                                   WHERE nspname LIKE 'mdm\\_r%'");

    $self->none(disagreeing => 'the tables agree with each other',
        $self->rows("SELECT * FROM $revision.check()"));

    $self->none(told => 'each end was told in one event', $self->rows("
        SELECT r.enrollment_id, r.command_uuid, count(event_id)
          FROM mdm.result r
          LEFT JOIN mdm.event e ON e.tenant_id = r.tenant_id
                               AND e.enrollment_id = r.enrollment_id
                               AND e.data->>'command_uuid' = r.command_uuid
                               AND e.$ends
         WHERE r.reported_at IS NOT NULL
         GROUP BY 1, 2 HAVING count(event_id) <> 1"));

    $self->none(deadlocks => 'nobody met a deadlock',
        $self->{fleet}->pg->log =~ /(deadlock detected)/g);
}


sub secrets {
    my ($self) = @_;

    for my $table (sort keys %sealed) {
        my $column = $sealed{$table};

        $self->none(unsealed => "all secrets in mdm.$table are sealed", $self->rows("
            SELECT tenant_id, substr($column, 1, 40) FROM mdm.$table t
             WHERE $column IS NOT NULL
               AND (position('plist'::bytea IN $column) > 0 OR NOT EXISTS (
                    SELECT FROM mdm.secret_key k
                     WHERE substr(t.$column, 1, octet_length(k.key_id)) = k.key_id))"));
    }
}


sub line {
    my ($self) = @_;

    my $count = $self->{count};

    return join ', ', map { "$_ " . ($count->{$_} // 0) } qw(exchanges commands
        lost doubled left slowest), sort grep { /^status_/ } keys %$count;
}

1;
