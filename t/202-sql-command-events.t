# What listeners are told of commands: each report that changed something, and
# each command that we ended or set aside, once.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $super = $pg->session;
my %role = map { $_ => $pg->session(role => "mdm_$_") } qw(device api job);
my $seen = 0;

sub sql { return $super->run($_[0]) }

for my $tenant (1, 2) {
    sql("SELECT mdm_r2.tenant_add('tenant-$tenant', '{}', '')");
    for my $device (qw(A B)) {
        $role{device}->run(enrol($tenant, $device));
    }
}


sub enrol {
    my ($tenant, $device) = @_;

    return "SELECT mdm_r2.authenticate($tenant, 'device', '$device',
            sha256('$device$tenant'), false, 2000000000, 'CN', '01', 'topic', '{}', NULL,
            NULL);
        SELECT mdm_r2.token_update($tenant, 'device', '$device', '',
            sha256('$device$tenant'), false, 'topic', 't', 'm', NULL, false, false, NULL,
            NULL, NULL, NULL)";
}

# Members are "<tenant><device>".

sub members {
    my @members = map { [ split // ] } @_;

    return sprintf "'{%s}', '{%s}', '{%s}', ARRAY[%s], '{%s}'",
        join(',', map { $_->[0] } @members), join(',', map { $_->[1] } @members),
        join(',', map { '""' } @members),
        join(',', map { "sha256('$_->[1]$_->[0]')" } @members),
        join(',', map { 'f' } @members);
}

sub idle {
    return $role{device}->run('SELECT command_uuid FROM mdm_r2.deliver('
        . members(@_) . ')');
}

# Each report is [member, CommandUUID, status, reason, URL parameters].

sub report {
    my $list = sub {
        my ($place) = @_;
        return 'ARRAY[' . join(',', map { defined $_->[$place] ? "'$_->[$place]'" : 'NULL' }
            @_[1 .. $#_]) . ']::text[]';
    };

    return $role{device}->run('SELECT mdm_r2.report(' . members(map { $_->[0] } @_) . ', '
        . join(', ', $list->(1, @_), $list->(2, @_),
            'ARRAY[' . join(',', map { "'raw $_->[1]'::bytea" } @_) . ']',
            $list->(3, @_), $list->(9, @_), $list->(9, @_), $list->(4, @_)) . ')');
}

sub enqueue {
    my ($uuid, %o) = @_;

    for my $tenant (1, 2) {
        $role{api}->run(sprintf "SELECT mdm_r2.enqueue(%d, 'joe', '', '%s', 'ProfileList',
            %s, 'p', 'd', '%s', false, false, %s, %d, 0::smallint, 0, NULL, '{A,B}',
            '{\"\",\"\"}', false)", $tenant, $uuid, $o{subject} ? "'$o{subject}'" : 'NULL',
            $o{repeat} // 'safe', $o{subject} ? 'true' : 'false', $o{expires} // 0);
    }
}

# Events that were not looked at yet: tenant and device, type, data, payload.

sub news {
    my $text = sql("SELECT concat_ws(' ', e.tenant_id || (e.data ->> 'device_id'), e.type,
            e.data - '{device_id,user_id}'::text[], encode(e.payload, 'escape'))
        FROM mdm.event e JOIN mdm.enrollment c USING (tenant_id, enrollment_id)
       WHERE e.event_id > $seen AND e.type LIKE 'command%'
         AND (c.device_id, c.user_id) = (e.data ->> 'device_id', e.data ->> 'user_id')
       ORDER BY e.tenant_id, e.data ->> 'device_id', e.event_id");

    $seen = sql('SELECT max(event_id) FROM mdm.event');
    return $text;
}

sub data { return "\"status\": \"$_[0]\", \"command_uuid\": \"$_[1]\"" }

my $type = '"request_type": "ProfileList"';


subtest 'reports of two tenants in one batch' => sub {
    my @reports = (
        [ '2B', 'one', 'NotNow', undef, '{"site": "b"}' ],
        [ '1A', 'one', 'Acknowledged', undef, '{"site": "a"}' ],
        [ '2A', 'one', 'Acknowledged' ],
        [ '1B', 'one', 'Error', 'it is broken' ]);

    enqueue('one');
    idle(qw(1A 1B 2A 2B));
    report(@reports);
    is news(), join("\n",
        '1A command_acknowledged {"status": "Acknowledged", "url_params": {"site": "a"}, '
            . "\"command_uuid\": \"one\", $type}",
        '1B command_failed {"reason": "it is broken", ' . data('Error', 'one')
            . ", $type}",
        '2A command_acknowledged {' . data('Acknowledged', 'one') . ", $type}",
        '2B command_not_now {"status": "NotNow", "url_params": {"site": "b"}, '
            . "\"command_uuid\": \"one\", $type} raw one"),
        'each is told to its own tenant, NotNow with its message';

    report(@reports);
    is news(), '', 'and nothing when they are repeated';

    idle('2B');
    report([ '2B', 'one', 'NotNow' ]);
    is news(), '2B command_not_now {' . data('NotNow', 'one') . ", $type} raw one",
        'NotNow to a second delivery is told again';
    report([ '2B', 'one', 'Acknowledged' ]);
    like news(), qr/^2B command_acknowledged/, 'and the answer at last';
};


subtest 'reports without a reason, or without a command' => sub {
    enqueue('two');
    idle(qw(1A 1B));
    report([ '1A', 'two', 'CommandFormatError' ], [ '1B', 'two', 'Unreadable' ]);
    like news(), qr/^1A[ ]command_failed[ ].*the[ ]device[ ]could[ ]not[ ]read[ ]the.*
                    ^1B[ ]command_failed[ ].*the[ ]report[ ]could[ ]not[ ]be[ ]read/mxs,
        'a failure has a reason in plain words';

    report([ '1A', 'stray', 'Acknowledged' ]);
    is news(), '1A command_acknowledged {' . data('Acknowledged', 'stray') . '}',
        'an answer that nobody asked for is told, without a type';
    report([ '1A', 'stray', 'Acknowledged' ]);
    report([ '1A', 'unknown', 'NotNow' ]);
    is news(), '', 'once, and NotNow not at all';
};


subtest 'commands that we end' => sub {
    enqueue('three', subject => 's');
    news();
    enqueue('four', subject => 's');
    is news(), join("\n", map { "$_ command_cancelled {\"reason\": \"superseded by four\", "
        . "\"command_uuid\": \"three\", $type}" } qw(1A 1B 2A 2B)),
        'a newer command of the subject cancels the older, for all';

    idle('1A');
    $role{api}->run("SELECT mdm_r2.command_cancel(1, 'joe', '', 'four', true)");
    is news(), join("\n", map { "1$_ command_cancelled {\"reason\": \"cancelled by joe\", "
        . "\"command_uuid\": \"four\", $type}" } qw(A B)), 'an operator cancels one';
    report([ '1A', 'four', 'Acknowledged' ]);
    like news(), qr/^1A command_acknowledged .*"four"/, 'a late answer to it is told';
    report([ '1A', 'four', 'Acknowledged' ]);
    is news(), '', 'once';

    enqueue('five', expires => 3600);
    sql(q{UPDATE mdm.queue SET expires_at = now() - interval '1 second'
           WHERE command_uuid = 'five' AND tenant_id = 1});
    $role{job}->run('SELECT mdm_r2.sweep(100)');
    is news(), join("\n", map { "1$_ command_expired {\"reason\": \"its time ran out\", "
        . "\"command_uuid\": \"five\", $type}" } qw(A B)), 'the sweep ends what is too old';

    enqueue('six');
    $role{device}->run(enrol(1, 'B'));
    like news(), qr/^1B command_cancelled \{"reason": "re-enrolled".*"six"/,
        'a device that enrols anew loses its commands';
};


subtest 'commands that are set aside' => sub {
    enqueue('seven', repeat => 'once');
    sql(q{DELETE FROM mdm.queue WHERE command_uuid <> 'seven'});
    idle('1A');
    news();
    is idle('1A'), '', 'what may run once comes once';
    is news(), '1A command_stalled {"reason": "it was delivered without an answer and must '
        . "not run twice\", \"command_uuid\": \"seven\", $type}", 'which is told';
    is idle('1A'), '', 'and it comes no more';
    is news(), '', 'nor is it told again';

    enqueue('eight');
    idle('1A') for 1 .. 6;
    like news(), qr/^1A command_stalled \{"reason": "it was delivered 5 times without/,
        'what comes back five times is set aside as well';
};


done_testing;
