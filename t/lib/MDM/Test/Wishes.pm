package MDM::Test::Wishes;

# Pushes as far as SQL decides them: a tenant with a topic, devices of it, and the
# calls of the topic's owner.  Time passes by moving the times of rows.
#
#     my $w = MDM::Test::Wishes->new;
#     my $device = $w->device;
#     $w->enqueue('uuid', $device);
#     is $w->claim, $device, 'it is pushed';
#     $w->record($device => 'accepted');
#     $w->later('30 seconds');
#
# $w->{pg} is the cluster; $w->{super}, {api}, {job} and {device} are its sessions.

use strict;
use warnings;

use MDM::Test ();


sub new {
    my ($class, %option) = @_;

    my $pg = MDM::Test::Postgres->start(migrate => 1, %option);
    my $self = bless {
        pg     => $pg,
        owner  => 'one',
        topic  => 'topic',
        tenant => 1,
        super  => $pg->session,
        apns   => 0,
        count  => 0,
        map { $_ => $pg->session(role => "mdm_$_") } qw(device api job),
    }, $class;

    $self->sql("SELECT mdm_r2.tenant_add('acme', '{}', '')");
    $self->certificate;
    return $self;
}


sub sql { return $_[0]{super}->run($_[1]) }


# A certificate of the topic, valid for so many days more.

sub certificate {
    my ($self, %o) = @_;

    my ($tenant, $topic) = ($o{tenant} // $self->{tenant}, $o{topic} // $self->{topic});

    $self->sql(sprintf q{
        INSERT INTO mdm.push_certificate (tenant_id, topic, certificate, private_key,
            not_before, not_after, subject, issuer, serial, fingerprint)
        VALUES (%d, '%s', 'der', 'sealed', now(), now() + interval '%d days', 'CN=a',
            'CN=b', '01', sha256('%s'));
        INSERT INTO mdm.push_topic (tenant_id, topic) VALUES (%1$d, '%2$s')
        ON CONFLICT DO NOTHING}, $tenant, $topic, $o{days} // 100, $topic);
}


# A live device, or with user another channel of it.  Its token is its name.

sub device {
    my ($self, %o) = @_;

    my $device = $o{device} // 'D' . ++$self->{count};

    $self->{device}->run("SELECT mdm_r2.authenticate($self->{tenant}, 'device', '$device',
        sha256('$self->{tenant}$device'), false, 2000000000, 'CN', '01', '$self->{topic}',
        '{}', NULL, NULL)") if !$o{user};
    $self->token($device, %o);
    return $device;
}


sub token {
    my ($self, $device, %o) = @_;

    my $user = $o{user} // '';

    return $self->{device}->run(sprintf "SELECT outcome FROM mdm_r2.token_update(
        %d, '%s', '%s', '%s', sha256('%d%3\$s'), false, '%s', '%s', 'magic', NULL,
        false, false, NULL, NULL, NULL, NULL)", $self->{tenant},
        $user ? 'user' : 'device', $device, $user, $self->{tenant},
        $o{topic} // $self->{topic}, $o{token} // "$device$user");
}


# Commands for these devices; "D1:user" is a user's channel.

sub enqueue {
    my ($self, $uuid, @devices) = @_;

    my %o = ref $devices[-1] ? %{ pop @devices } : ();

    return $self->{api}->run(sprintf "SELECT string_agg(concat_ws(' ', outcome, queued),
            ' ' ORDER BY n)
        FROM mdm_r2.enqueue(%d, 'joe', '', '%s', 'ProfileList', %s, 'payload', 'digest',
            'safe', false, false, false, %d, 0::smallint, %d, NULL, %s, %s)",
        $self->{tenant}, $uuid, $o{subject} ? "'$o{subject}'" : 'NULL', $o{expires} // 0,
        $o{not_before} // 0, ids(@devices), $o{push} // 'true');
}


sub ids {
    my @part = map { [ split /:/, $_ ] } @_;

    return sprintf "'{%s}', '{%s}'", join(',', map { $_->[0] } @part),
        join(',', map { '"' . ($_->[1] // '') . '"' } @part);
}


# The names of the channels that are to be pushed, by name, joined by blanks; or
# the outcome, if it is not ok.

sub claim {
    my ($self, %o) = @_;

    my @rows = map { [ split /\|/, $_, -1 ] } split /\n/, $self->{job}->run(sprintf
        "SELECT n, outcome, next_ms, enrollment_id, convert_from(token, 'UTF8'), magic
           FROM mdm_r2.push_claim('%s', %d, '%s', %d)", $o{owner} // $self->{owner},
        $o{tenant} // $self->{tenant}, $o{topic} // $self->{topic}, $o{limit} // 500);
    my $first = shift @rows;

    $self->{next_ms} = $first->[2];
    return $first->[1] if $first->[1] ne 'ok';
    $self->{ids}{ $_->[4] } = $_->[3] for @rows;
    return join ' ', sort map { $_->[4] } @rows;
}


# What became of the pushes of these: pairs of token and outcome; an outcome may be
# [ outcome, reason, wait, time ].

sub record {
    my ($self, @pairs) = @_;

    my (@columns, $n);

    while (my ($token, $outcome) = splice @pairs, 0, 2) {
        my ($word, $reason, $wait, $time) = ref $outcome ? @$outcome : $outcome;

        push @{ $columns[0] }, $self->{ids}{$token};
        push @{ $columns[1] }, unpack 'H*', $token;
        push @{ $columns[2] }, $self->{same} // 'apns-' . ++$self->{apns};
        push @{ $columns[3] }, $word;
        push @{ $columns[4] }, '"' . ($reason // ($word eq 'refused' ? 'BadDeviceToken'
            : $word eq 'dead' ? 'Unregistered' : '')) . '"';
        push @{ $columns[5] }, $wait // 0;
        push @{ $columns[6] }, $time // 0;
    }
    return $self->{job}->run(sprintf "SELECT outcome FROM mdm_r2.push_record('%s', %d, '%s', %s)",
        $self->{owner}, $self->{tenant}, $self->{topic},
        join ', ', map { "'{" . join(',', @$_) . "}'" } @columns);
}


# Takes the topics that have something due, however short the last look is ago.

sub lease {
    my ($self, %o) = @_;

    $self->sql(q{DELETE FROM mdm.lease WHERE name = 'push_lease'});
    return join ' ', sort split /\n/, $self->{job}->run(sprintf
        "SELECT tenant_id || '/' || topic || CASE WHEN owner <> '%s' THEN '=' || owner
            ELSE '' END FROM mdm_r2.push_lease('%s', 15, %s, %d)", $o{owner} // $self->{owner},
        $o{owner} // $self->{owner}, $o{tenant} // 'NULL', $o{limit} // 100);
}


# So much time passes for all that is pushed.

sub later {
    my ($self, $interval) = @_;

    my %columns = (
        push            => 'wanted_at due_at claimed_at accepted_at judge_from answered_at',
        push_topic      => 'until stopped_at failing_since accepted_at window_at health_at',
        push_stop       => 'stopped_at probe_at',
        queue           => 'queued_at not_before expires_at sent_at pushed_at notnow_at',
        enrollment_seen => 'seen_at',
        enrollment      => 'token_at',
    );

    $self->sql(join '; ', map {
        my $table = $_;

        "UPDATE mdm.$table SET " . join ', ',
            map { "$_ = $_ - interval '$interval'" } split / /, $columns{$table};
    } sort keys %columns);
}


# In how many seconds the channel's wish is due: "-" none, "claimed".

sub due {
    my ($self, $token) = @_;

    return $self->sql("SELECT coalesce((SELECT CASE WHEN p.due_at = 'infinity' THEN 'claimed'
            ELSE round(extract(epoch FROM p.due_at - now()))::text END
        FROM mdm.push p JOIN mdm.enrollment e USING (tenant_id, enrollment_id)
        WHERE e.tenant_id = $self->{tenant} AND e.device_id || e.user_id = '$token'), '-')");
}


# The device comes: Idle, and what it is given.

sub idle {
    my ($self, $device, $user) = @_;

    my $member = sprintf "'{%d}', '{%s}', '{\"%s\"}', ARRAY[sha256('%d%s')], '{f}'",
        $self->{tenant}, $device, $user // '', $self->{tenant}, $device;

    $self->seen($device . ($user // ''));
    return $self->{device}->run("SELECT command_uuid FROM mdm_r2.deliver($member)");
}


sub report {
    my ($self, $device, $uuid, $status) = @_;

    return $self->{device}->run(sprintf "SELECT command_uuid FROM mdm_r2.report('{%d}',
        '{%s}', '{\"\"}', ARRAY[sha256('%d%s')], '{f}', '{%s}', '{%s}', ARRAY['raw'::bytea],
        '{NULL}', '{NULL}', '{NULL}', '{NULL}')", $self->{tenant}, $device,
        $self->{tenant}, $device, $uuid, $status // 'Acknowledged');
}


sub seen {
    my ($self, $name) = @_;

    $self->sql("INSERT INTO mdm.enrollment_seen SELECT tenant_id, enrollment_id, now()
        FROM mdm.enrollment WHERE tenant_id = $self->{tenant}
         AND device_id || user_id = '$name'
        ON CONFLICT (tenant_id, enrollment_id) DO UPDATE SET seen_at = now()");
}


sub events {
    my ($self, $type) = @_;

    return $self->sql("SELECT string_agg(concat_ws(' ', data ->> 'device_id',
            data ->> 'topic', data ->> 'reason'), '; ' ORDER BY event_id)
        FROM mdm.event WHERE type = '$type' AND tenant_id = $self->{tenant}");
}


1;
