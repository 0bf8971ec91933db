# The life of a command as far as SQL decides it: order, NotNow, subjects,
# repetition, time, and who may take a command back.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $super = $pg->session;
my %role = map { $_ => $pg->session(role => "mdm_$_") } qw(device api job);
my $name = 'A';

$super->run(q{SELECT mdm_r2.tenant_add('acme', '{}', '')});

sub sql  { return $super->run($_[0]) }
sub flag { return $_[0] ? 'true' : 'false' }


# A device of its own for each subtest, live since just now.

sub device {
    my $device = 'device-' . $name++;

    $role{device}->run("SELECT mdm_r2.authenticate(1, 'device', '$device',
        sha256('$device'), false, 2000000000, 'CN', '01', 'topic', '{}', NULL, NULL);
        SELECT mdm_r2.token_update(1, 'device', '$device', '', sha256('$device'),
            false, 'topic', 't', 'm', NULL, false, false, NULL, NULL, NULL, NULL)");
    return $device;
}


sub members {
    return "'{1}', '{$_[0]}', '{\"\"}', ARRAY[sha256('$_[0]')], '{f}'";
}

# The command that an Idle, or a report, is given.

sub idle {
    return $role{device}->run('SELECT command_uuid FROM mdm_r2.deliver('
        . members($_[0]) . ')');
}

sub report {
    my ($device, $uuid, $status, %o) = @_;

    return $role{device}->run('SELECT command_uuid FROM mdm_r2.report('
        . members($device) . sprintf ", '{%s}', '{%s}', ARRAY['raw'::bytea],
        ARRAY[%s]::text[], '{NULL}', ARRAY[%s]::text[], '{NULL}')", $uuid, $status // 'Acknowledged',
        $o{reason} ? "'$o{reason}'" : 'NULL', $o{json} ? "'$o{json}'" : 'NULL');
}

sub has_work {
    return $role{device}->run('SELECT has_work FROM mdm_r2.poll(' . members($_[0]) . ')');
}


# The outcome of the command, how many channels have it, and the outcomes of those
# that do not, joined by blanks.

sub enqueue {
    my ($devices, $uuid, %o) = @_;

    $devices = join ',', @$devices if ref $devices;
    return $role{api}->run(sprintf "SELECT string_agg(concat_ws(' ', outcome, queued), ' ' ORDER BY n)
        FROM mdm_r2.enqueue(1, 'joe', '', '%s', '%s', %s, 'payload', '%s', '%s', %s, %s, %s,
            %d, %d::smallint, %d, %s, '{%s}', array_fill(''::text, ARRAY[%d]), %s)",
        $uuid, $o{type} // 'ProfileList', $o{subject} ? "'$o{subject}'" : 'NULL',
        $o{digest} // 'digest', $o{repeat} // 'safe', flag($o{urgent}),
        flag($o{renewal}), flag($o{supersedes}), $o{expires} // 0, $o{priority} // 0,
        $o{not_before} // 0, $o{dedupe} ? "'$o{dedupe}'" : 'NULL', $devices,
        scalar(my @n = split /,/, $devices), flag($o{push} // 1));
}

sub state {
    return sql("SELECT state FROM mdm.queue WHERE command_uuid = '$_[0]'
                UNION ALL
                SELECT concat_ws(': ', state, reason) FROM mdm.result
                 WHERE command_uuid = '$_[0]'");
}

sub cancel {
    my ($uuid, $force) = @_;

    return $role{api}->run("SELECT * FROM mdm_r2.command_cancel(1, 'joe', '', '$uuid', "
        . flag($force) . ')');
}

sub release {
    my ($device, $uuid) = @_;

    return $role{api}->run(
        "SELECT mdm_r2.command_release(1, 'joe', '', '$device', '', '$uuid')");
}


subtest 'every move is legal or refused' => sub {
    my $d = device();
    my @states = split /\n/, sql(q{SELECT state FROM mdm.command_state
        WHERE state <> 'SENT' ORDER BY state});
    my %live = map { $_ => 1 } qw(QUEUED PUSH NOTNOW STALLED);
    my %legal = map { $_ => 1 } split /\n/, sql(
        q{SELECT from_state || '>' || to_state FROM mdm.command_move});

    enqueue($d, 'move');
    for my $from (@states) {
        for my $to (@states) {
            # From final to live: such a row would have to be made anew, which
            # is a new command.
            next if !$live{$from} && $live{$to};

            my $statement
                = $live{$to}   ? "UPDATE mdm.queue SET state = '$to'"
                : $live{$from} ? "INSERT INTO mdm.result VALUES (1, 1, 1, NULL, NULL,
                      'move', 'T', '$from', '$to', NULL, NULL, false, 0, NULL, NULL,
                      NULL, NULL, now(), NULL)"
                :                "UPDATE mdm.result SET state = '$to'
                      WHERE command_uuid = 'final'";
            my $text = sql("BEGIN;
                SET LOCAL session_replication_role = replica;
                UPDATE mdm.queue SET state = '"
                . ($live{$from} ? $from : 'QUEUED') . "';
                INSERT INTO mdm.result SELECT 1, 1, 1, NULL, NULL, 'final', 'T', NULL,
                    '$from', NULL, NULL, false, 0, NULL, NULL, NULL, NULL, now(), NULL
                    WHERE '$from' IN ('ACKNOWLEDGED', 'ERROR', 'EXPIRED', 'CANCELLED',
                                      'UNASKED');
                SET LOCAL session_replication_role = origin;
                $statement;
                ROLLBACK");

            if ($legal{"$from>$to"}) {
                is $text, '', "$from may become $to";
            } else {
                like $text, qr/there is no move from $from to $to/,
                    "$from may not become $to";
            }
        }
    }

    # A row that comes final into result: from whatever it says that it was.
    for my $from ('NULL', map { "'$_'" } @states, 'nonsense') {
        for my $to (grep { !$live{$_} } @states) {
            my $name = $from =~ tr/'//dr;
            my $text = sql("BEGIN; INSERT INTO mdm.result VALUES (1, 1, 1, NULL, NULL, 'new',
                'T', $from, '$to', NULL, NULL, false, 0, NULL, NULL, NULL, NULL, now(), NULL);
                ROLLBACK");
            my $may = $name eq 'NULL' ? $to eq 'UNASKED' : $legal{"$name>$to"};
            is scalar($text =~ /there is no move from \w+ to $to/), $may ? '' : 1,
                "what was $name may " . ($may ? '' : 'not ') . "come as $to";
        }
    }

    sql('DELETE FROM mdm.queue');
    is sql(q{SELECT count(*) FROM mdm.command_state
              WHERE means ~ '^[A-Z].*[.]$' AND next ~ '^[A-Z].*[.]$'}), '10',
        'each state says what it means and what happens next';
};


subtest 'the usual moves are legal without being looked up' => sub {
    my $calls = q{coalesce(pg_stat_get_xact_function_calls('mdm.check_move'::regproc), 0)};

    for my $move (split /\n/, sql(q{SELECT from_state || ' ' || to_state
            FROM mdm.command_move WHERE to_state IN ('CANCELLED', 'EXPIRED')
              OR from_state = 'PUSH' AND to_state IN ('ACKNOWLEDGED', 'ERROR')})) {
        my ($from, $to) = split / /, $move;
        is sql("BEGIN; SET LOCAL track_functions = 'all';
            INSERT INTO mdm.result VALUES (1, 1, 1, NULL, NULL, 'usual', 'T', '$from', '$to',
                NULL, NULL, false, 0, NULL, NULL, NULL, NULL, now(), NULL);
            SELECT $calls; ROLLBACK"), 0, "$from to $to";
    }
    is sql("BEGIN; SET LOCAL track_functions = 'all';
        INSERT INTO mdm.result VALUES (1, 1, 1, NULL, NULL, 'usual', 'T', 'STALLED', 'ERROR',
            NULL, NULL, false, 0, NULL, NULL, NULL, NULL, now(), NULL);
        SELECT $calls; ROLLBACK"), 1, 'others are looked up';
};


subtest 'the plain life' => sub {
    my $d = device();

    is has_work($d), 'f', 'a device with an empty queue has no work';
    is idle($d), '', 'and gets nothing';
    is enqueue($d, 'plain-1'), 'ok 1', 'a command is queued';
    is has_work($d), 't', 'then there is work';
    is state('plain-1'), 'QUEUED', 'it waits';
    is idle($d), 'plain-1', 'and goes out';
    is state('plain-1'), 'PUSH', 'delivered and unanswered';
    enqueue($d, 'plain-2');
    is report($d, 'plain-1'), 'plain-2', 'the answer is followed by the next command';
    is state('plain-1'), 'ACKNOWLEDGED', 'the first is done';
    is report($d, 'plain-2', 'Error', reason => 'no'), '', 'an error ends a command too';
    is state('plain-2'), 'ERROR: no', 'with its reason';
    enqueue($d, $_), idle($d) for 'plain-3';
    report($d, 'plain-3', 'CommandFormatError');
    is state('plain-3'), 'ERROR: the device could not read the command',
        'so does a format error';
    enqueue($d, $_), idle($d) for 'plain-4';
    report($d, 'plain-4', 'Unreadable');
    is state('plain-4'), 'ERROR: the report could not be read',
        'a report that cannot be read closes its command';
    is sql(q{SELECT encode(report, 'escape') FROM mdm.result
              WHERE command_uuid = 'plain-4'}), 'raw', 'and is kept raw';
    enqueue($d, 'plain-5', type => 'DeviceInformation'), idle($d);
    report($d, 'plain-5', undef, json =>
        '{"attributes": {"OSVersion": "18.1", "IsSupervised": true}}');
    is $role{api}->run("SELECT os_version, supervised
        FROM mdm_r2.enrollments(1, '', 500) WHERE device_id = '$d'"), '18.1|t',
        'a report tells attributes and supervision';
};


subtest 'order' => sub {
    my $d = device();

    enqueue($d, 'order-1');
    enqueue($d, 'order-2');
    enqueue($d, 'order-high', priority => 5);
    is idle($d), 'order-high', 'priority goes before age';
    is report($d, 'order-high'), 'order-1', 'then the oldest';
    enqueue($d, 'order-higher', priority => 9);
    is idle($d), 'order-1', 'what is unanswered goes before priority';
    enqueue($d, 'order-erase', urgent => 1, repeat => 'once');
    is idle($d), 'order-erase', 'urgent goes before what is unanswered';
    is report($d, 'order-erase'), 'order-1', 'which comes next';
    is report($d, 'order-1'), 'order-higher', 'then priority again';
    is report($d, 'order-higher'), 'order-2', 'then age again';
};


subtest 'NotNow' => sub {
    my $d = device();

    enqueue($d, 'later-1');
    enqueue($d, 'later-2');
    is idle($d), 'later-1', 'a command goes out';
    is report($d, 'later-1', 'NotNow'), 'later-2',
        'NotNow is answered with the next, never with the same';
    is state('later-1'), 'NOTNOW', 'the first waits';
    is report($d, 'later-2'), '', 'other answers skip it too';
    is idle($d), 'later-1', 'Idle offers it again';
    for (1 .. 7) {
        report($d, 'later-1', 'NotNow');
        idle($d);
    }
    is state('later-1'), 'PUSH', 'NotNow is an answer: it never stalls a command';
    is report($d, 'later-1'), '', 'in the end it is done';
    is state('later-1'), 'ACKNOWLEDGED', 'for good';
    is report($d, 'later-1', 'NotNow'), '', 'NotNow for what is done changes nothing';
    is state('later-1'), 'ACKNOWLEDGED', 'at all';
};


subtest 'subjects' => sub {
    my $d = device();

    enqueue($d, 'wifi-1', subject => 'wifi');
    enqueue($d, 'wifi-2', subject => 'wifi', priority => 9);
    enqueue($d, 'vpn', subject => 'vpn');
    is idle($d), 'wifi-1', 'priority does not overtake within a subject';
    is report($d, 'wifi-1', 'NotNow'), 'vpn', 'nor does NotNow let the newer one pass';
    is report($d, 'vpn'), '', 'the newer one waits';
    like $role{api}->run("SELECT reason FROM mdm_r2.enrollment_queue(1, '$d', '', '', 9)
        WHERE command_uuid = 'wifi-2'"), qr/waits for wifi-1/, 'and says for whom';
    is idle($d), 'wifi-1', 'Idle offers the older one';
    is report($d, 'wifi-1'), 'wifi-2', 'whose end frees the newer';
    report($d, 'wifi-2');

    enqueue($d, 'reset-1', subject => 'reset', repeat => 'once');
    enqueue($d, 'reset-2', subject => 'reset');
    is idle($d), 'reset-1', 'a command that may run once goes out';
    is idle($d), '', 'unanswered it is not sent again, and holds its subject';
    is state('reset-1'), 'STALLED', 'it is stalled';
    report($d, 'reset-1');
    is idle($d), 'reset-2', 'its end frees the newer one';
    report($d, 'reset-2');

    enqueue($d, 'future-1', subject => 'future', not_before => 3600);
    enqueue($d, 'future-2', subject => 'future');
    is idle($d), 'future-2', 'a command whose time has not come holds nobody';
    report($d, 'future-2');
    cancel('future-1');
};


subtest 'superseding' => sub {
    my $d = device();
    my %install = (type => 'InstallProfile', subject => 'p', supersedes => 1);

    enqueue($d, 'install-1', %install);
    enqueue($d, 'install-2', %install);
    is state('install-1'), 'CANCELLED: superseded by install-2',
        'a newer install supersedes one that waits';
    is idle($d), 'install-2', 'and goes out';
    enqueue($d, 'install-3', %install);
    is state('install-2'), 'PUSH', 'one that was delivered is left';
    is idle($d), 'install-2', 'and comes first';
    report($d, 'install-2', 'NotNow');
    enqueue($d, 'install-4', %install);
    is state('install-2'), 'CANCELLED: superseded by install-4', 'NotNow is superseded';
    is idle($d), 'install-4', 'the newest is what the device gets';
    report($d, 'install-4');
};


subtest 'delivered again' => sub {
    my $d = device();

    enqueue($d, 'again');
    is idle($d), 'again', "a harmless command goes out, delivery $_" for 1 .. 5;
    is idle($d), '', 'not a sixth time';
    is state('again'), 'STALLED', 'it is set aside';
    is has_work($d), 'f', 'and is no work';
    is release($d, 'again'), 'ok', 'a person may release it';
    is idle($d), 'again', 'then it goes out';
    is release($d, 'again'), 'not_stalled', 'what is not stalled cannot be released';
    is report($d, 'again', 'Acknowledged'), '', 'and is answered';
    is sql(q{SELECT delivered_count FROM mdm.result WHERE command_uuid = 'again'}), '6',
        'all deliveries are counted';

    enqueue($d, 'once', repeat => 'once');
    idle($d);
    enqueue($d, 'other');
    is idle($d), 'other', 'after one unanswered delivery the next goes out';
    is state('once'), 'STALLED', 'what may run once is stalled';
    report($d, 'once', 'NotNow');
    is state('once'), 'NOTNOW', 'a late NotNow proves that it did not run';
    report($d, 'other');
    is idle($d), 'once', 'so it is offered again';
    report($d, 'once');
};


subtest 'time' => sub {
    my $d = device();

    enqueue($d, 'tomorrow', not_before => 86400);
    is has_work($d), 'f', 'a command is no work before its time';
    is idle($d), '', 'and does not go out';
    sql(q{UPDATE mdm.queue SET not_before = now() - interval '1 second'});
    is idle($d), 'tomorrow', 'after it, it does';
    report($d, 'tomorrow');

    enqueue($d, 'short', expires => 60, subject => 's');
    enqueue($d, 'long', subject => 's');
    sql(q{UPDATE mdm.queue SET expires_at = now() - interval '1 second'
           WHERE command_uuid = 'short'});
    is idle($d), 'long', 'a command past its time neither goes out nor holds others';
    $role{job}->run('SELECT mdm_r2.sweep(100)');
    is state('short'), 'EXPIRED: its time ran out', 'the sweep closes it';
    is state('long'), 'PUSH', 'and nothing else';
    report($d, 'long');
};


subtest 'asking twice' => sub {
    my ($d, $e) = (device(), device());

    is enqueue([$d, $e, 'nobody'], 'twice'), 'ok 2 unknown', 'two targets of three';
    idle($d);
    report($d, 'twice');
    is enqueue([$d, $e, 'nobody'], 'twice'), 'repeated 2 unknown',
        'the same request again is a repetition';
    is idle($d), '', 'who has answered is not asked again';
    is sql(q{SELECT count(*) FROM mdm.queue WHERE command_uuid = 'twice'}), '1',
        'who was asked is asked once';
    is enqueue($d, 'twice', digest => 'other'), 'conflict 0',
        'the same CommandUUID for something else is refused';
    is sql(q{SELECT count(*) FROM mdm.audit WHERE detail ->> 'command_uuid' = 'twice'}),
        '2', 'what was done is audited';

    is enqueue($d, 'dedupe-1', dedupe => 'inventory'), 'ok 1', 'a key is free';
    is enqueue($d, 'dedupe-2', dedupe => 'inventory'), 'ok 0 duplicate',
        'and taken while its command lives';
    idle($d);
    report($d, 'dedupe-1');
    is enqueue($d, 'dedupe-3', dedupe => 'inventory'), 'ok 1', 'then free again';
    is enqueue([$d, $d], 'same'), 'ok 1', 'a target named twice is asked once';
    is sql(q{SELECT count(*) FROM mdm.queue WHERE command_uuid = 'same'}), '1', 'indeed';
};


subtest 'cancelling' => sub {
    my ($d, $e) = (device(), device());

    enqueue([$d, $e], 'cancel');
    idle($d);
    is cancel('cancel'), 'delivered|1|1|', 'who has it unanswered keeps it';
    is cancel('cancel', 1), 'ok|1|1|', 'but for force';
    is cancel('cancel'), 'unknown|0|0|', 'then nothing is left';
    is sql(q{SELECT DISTINCT reason FROM mdm.result WHERE command_uuid = 'cancel'}),
        'cancelled by joe', 'the reason names who did it';
    is release($d, 'cancel'), 'unknown', 'what is cancelled cannot be released';
};


subtest 'a release to all that has to wait' => sub {
    my ($d, $e) = (device(), device());
    my ($holder, $releaser) = ($pg->session, $pg->session(role => 'mdm_api'));

    # The row of $e comes after the release has chosen its rows.
    enqueue([ $d, $e ], 'race');
    idle($_) for ($d, $e) x 6;
    sql(q{DELETE FROM mdm.push;
          CREATE TABLE public.late AS SELECT q.* FROM mdm.queue q
            JOIN mdm.enrollment USING (tenant_id, enrollment_id)
           WHERE command_uuid = 'race' AND device_id = '} . $e . q{';
          DELETE FROM mdm.queue q USING public.late l
           WHERE q.command_uuid = 'race' AND q.enrollment_id = l.enrollment_id});
    $holder->run(q{BEGIN; SELECT 1 FROM mdm.queue WHERE command_uuid = 'race' FOR UPDATE});
    $releaser->send(q{SELECT * FROM mdm_r2.command_release_all(1, 'joe', '', 'race', '{}')});
    ok MDM::Test::wait_for(5, sub { sql(q{SELECT 1 FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND query ~ '^SELECT . FROM mdm_r2.command_release_all'}) }),
        'it waits for another';
    sql(q{SET session_replication_role = replica;
          INSERT INTO mdm.queue SELECT * FROM public.late;
          RESET session_replication_role;
          DROP TABLE public.late});
    $holder->run('COMMIT');

    is $releaser->finish, 'ok|1', 'one is released';
    is sql(q{SELECT string_agg(device_id, ' ') FROM mdm.queue
        JOIN mdm.enrollment USING (tenant_id, enrollment_id)
        WHERE command_uuid = 'race' AND released_at IS NOT NULL}), $d,
        '... the one that was there';
    is sql(q{SELECT string_agg(device_id, ' ') FROM mdm.push
        JOIN mdm.enrollment USING (tenant_id, enrollment_id)}), $d, '... and it is woken';
};


subtest 'pushes and what is shown' => sub {
    my $d = device();
    my $wish = qq{SELECT count(*) FROM mdm.push p JOIN mdm.enrollment e
        USING (tenant_id, enrollment_id) WHERE e.device_id = '$d'};

    enqueue($d, 'quiet', push => 0);
    is sql($wish), '0', 'a command may be queued without a push';
    enqueue($d, "loud-$_") for 1 .. 3;
    is sql($wish), '1', 'several commands want one push';
    sql(q{UPDATE mdm.queue SET sent_at = now() WHERE command_uuid = 'quiet'});
    is $role{api}->run("SELECT string_agg(state, ' ')
        FROM mdm_r2.enrollment_queue(1, '$d', '', '', 9)"), 'SENT QUEUED QUEUED QUEUED',
        'a waiting command whose push was accepted is shown as SENT';
    idle($d);
    is sql($wish), '1', 'devices never write pushes';
    report($d, 'quiet');
    is $role{api}->run("SELECT command_uuid, state, means
        FROM mdm_r2.enrollment_history(1, '$d', '', '', 9)"),
        'quiet|ACKNOWLEDGED|The device has carried out the command.',
        'the history tells the end in plain words';
};


is sql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';

done_testing;
