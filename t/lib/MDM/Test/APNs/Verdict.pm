package MDM::Test::APNs::Verdict;

# Was everybody called for whom something waits, and nobody more often than the
# ladder allows? The fake's own log says so; the tables only say who it had to be.
#
#     MDM::Test::APNs::Verdict->of(pg => $pg, pushes => [ $apns->log ]);
#
# Each check is a test, and fails with the first few of what is wrong; faults()
# only returns the names of the checks that fail. A push is {time, token, topic,
# apns_id, status, reason}; without status it was not answered.
#
# Options: again (0): so many pushes of a channel may be too early, since so many
# faults took an answer away before it was recorded; spare: tokens of which none
# need have come, { token => 1 }; reasons: what rules of the test refuse with,
# besides permanent ones; running => 1: what was accepted need not be recorded yet.

use strict;
use warnings;

use List::Util ();
use Test::More ();

use MDM::Test ();

# Seconds to the next push after the first accepted one, the second, ...; and
# after other answers. All may be a fifth shorter, by lot.

my @ladder = (30, 120, 480, 1800, 7200, 28800, 86400);
my %pause = (429 => 60, 500 => 900, 503 => 1);

my %permanent = map { $_ => 1 } qw(BadDeviceToken DeviceTokenNotForTopic Forbidden
    Unregistered ExpiredToken);


sub of {
    my ($class, %option) = @_;

    my $self = $class->new(%option);

    for my $check (@{ $self->{checks} }) {
        my ($name, @found) = @$check;

        Test::More::is(scalar @found, 0, $name)
            or Test::More::diag(join "\n", splice @found, 0, 5);
    }

    return $self;
}


sub faults {
    my ($class, %option) = @_;

    return map { $_->[0] } grep { @$_ > 1 } @{ $class->new(%option)->{checks} };
}


sub new {
    my ($class, %option) = @_;

    my $self = bless { again => 0, spare => {}, reasons => [], %option,
        checks => [] }, $class;

    $self->{reasons} = { map { $_ => 1 } @{ $self->{reasons} }, keys %permanent };

    push @{ $self->{by_token}{ $_->{token} } }, $_
        for sort { $a->{time} <=> $b->{time} } @{ $self->{pushes} };

    $self->read_tables;
    $self->called;
    $self->often;
    $self->right;
    $self->recorded;

    return $self;
}


sub check {
    my ($self, $name, @found) = @_;

    push @{ $self->{checks} }, [ $name, @found ];
}


# Of each channel that has a token: its topic, what waits for it, since when, its
# wish and its stop.

sub read_tables {
    my ($self) = @_;

    my @columns = qw(token topic tenant_id waiting queued sent stopped claimed
        apns_id error);

    for my $row ($self->{pg}->query(q{
        SELECT encode(e.push_token, 'hex'), e.topic, e.tenant_id,
               count(q.command_id) FILTER (WHERE q.state = 'QUEUED'),
               string_agg(extract(epoch FROM q.queued_at)::text, ' '),
               count(q.sent_at) FILTER (WHERE q.state = 'QUEUED'),
               coalesce(s.token = e.push_token, false), p.due_at = 'infinity',
               p.apns_id, p.error
          FROM mdm.enrollment e
          LEFT JOIN mdm.queue q USING (tenant_id, enrollment_id)
          LEFT JOIN mdm.push p USING (tenant_id, enrollment_id)
          LEFT JOIN mdm.push_stop s USING (tenant_id, enrollment_id)
         WHERE e.state = 'live' AND e.push_token IS NOT NULL
           AND (e.tenant_id, e.topic) IN (SELECT tenant_id, topic
                                            FROM mdm.push_certificate)
         GROUP BY e.tenant_id, e.enrollment_id, p.tenant_id, p.enrollment_id,
                  s.tenant_id, s.enrollment_id}))
    {
        my %channel;
        @channel{@columns} = @$row;
        $self->{channel}{ $channel{token} } = \%channel;
    }
}


sub accepted {
    my ($self, $token) = @_;

    return grep { ($_->{status} || 0) == 200 } @{ $self->{by_token}{$token} // [] };
}


sub called {
    my ($self) = @_;

    my @waiting = grep { $_->{waiting} && !$self->{spare}{ $_->{token} } }
        values %{ $self->{channel} };

    $self->check('every enrolment with a queued command was pushed', map {
        "$_->{token} was not: " . said(@{ $self->{by_token}{ $_->{token} } // [] })
    } grep { $_->{stopped} ne 't' && !$self->accepted($_->{token}) } @waiting);

    $self->check('... but those that Apple refused for good', map {
        "$_->{token} is stopped: " . said(@{ $self->{by_token}{ $_->{token} } // [] })
    } grep {
        my $token = $_->{token};
        $_->{stopped} eq 't' && !grep { $permanent{ $_->{reason} // '' } }
            @{ $self->{by_token}{$token} // [] }
    } @waiting);

    $self->check('no push is claimed and forgotten', map { $_->{token} }
        grep { $_->{claimed} eq 't' } values %{ $self->{channel} });
}


sub said {
    return join(', ', map { sprintf '%.3f %s', $_->{time},
        $_->{status} ? "$_->{status} " . ($_->{reason} // '') : 'unanswered' } @_)
        || 'no push';
}


# A command that was queued meanwhile begins the ladder anew.

sub often {
    my ($self) = @_;

    my (@often, @dead);

    for my $token (sort keys %{ $self->{by_token} }) {
        my @pushes = @{ $self->{by_token}{$token} };
        my @queued = split ' ', ($self->{channel}{$token} // {})->{queued} // '';
        my ($step, $early, $before) = (0, 0);

        for my $push (@pushes) {
            if ($before) {
                $step = 1 if $step && grep { $_ > $before->{time}
                    && $_ <= $push->{time} } @queued;
                $early++ if $push->{time} - $before->{time}
                    < 0.8 * pause($before, $step) - 0.05;

                push @dead, "$token: " . said(@pushes)
                    if $permanent{ $before->{reason} // '' };
            }

            $before = $push;
            $step++ if ($push->{status} || 0) == 200;
        }

        push @often, "$token: " . said(@pushes) if $early > $self->{again};
    }

    $self->check('none was pushed more often than the ladder allows', @often);
    $self->check('none was pushed after a refusal for good', @dead);
}


sub pause {
    my ($push, $step) = @_;

    return 0 if !$push->{status};
    return $ladder[ List::Util::min($step - 1, $#ladder) ] if $push->{status} == 200;
    return $pause{ $push->{status} } // 0;
}


sub right {
    my ($self) = @_;

    my @pushes = @{ $self->{pushes} };

    $self->check('every push was as it has to be', map { "$_->{token}: " . said($_) }
        grep { $_->{reason} && !$self->{reasons}{ $_->{reason} }
            && $_->{status} =~ /^4/ && $_->{status} != 429 } @pushes);

    $self->check('... of the topic that its enrolment has', map {
        "$_->{token}: $_->{topic}"
    } grep {
        my $channel = $self->{channel}{ $_->{token} };
        $channel && $channel->{topic} ne $_->{topic}
    } @pushes);

    $self->check('... and kept by Apple for days', map {
        "$_->{token}: " . ($_->{expiration} - $_->{time})
    } grep {
        my $seconds = ($_->{expiration} || 0) - $_->{time};
        $_->{expiration} && ($seconds < 86400 || $seconds > 30 * 86400)
    } @pushes);
}


sub recorded {
    my ($self) = @_;

    my @channels = values %{ $self->{channel} };
    my %status = map { $_->{apns_id} => $_->{status} } @{ $self->{pushes} };

    $self->check('what is SENT was accepted', map { $_->{token} }
        grep { $_->{sent} && !$self->accepted($_->{token}) } @channels);

    $self->check('what was accepted is SENT', map { "$_->{token}: "
        . said($self->accepted($_->{token})) } grep {
        my $newest = List::Util::max(split ' ', $_->{queued});
        my ($last) = reverse $self->accepted($_->{token});
        $last && $_->{waiting} && $last->{time} > $newest
            && $_->{sent} < $_->{waiting}
    } @channels) if !$self->{running};

    $self->check('what is told of the last push did happen', map {
        "$_->{token}: $_->{apns_id} $_->{error}, "
            . said(@{ $self->{by_token}{ $_->{token} } // [] })
    } grep {
        $_->{apns_id} ne '' && $_->{error} eq '' && ($status{ $_->{apns_id} } || 0) != 200
    } @channels);
}

1;
