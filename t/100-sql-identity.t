# Who may speak for a channel, and how generations, renewals and returns from a
# backup change that: the functions of sql/functions/identity.sql and checkin.sql.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $super = $pg->session;
my %role = map { $_ => $pg->session(role => "mdm_$_") } qw(device api job);

$super->run(q{SELECT mdm_r2.tenant_add('acme', '{}', '');
              SELECT mdm_r2.tenant_add('beta', '{}', '')});


sub sql   { return $super->run($_[0]) }
sub cert  { return "sha256('$_[0]')" }
sub flag  { return $_[0] ? 'true' : 'false' }
sub quote { return defined $_[0] ? "'$_[0]'" : 'NULL' }


sub authenticate {
    my ($device, $cert, %o) = @_;

    return $role{device}->run(sprintf
        "SELECT mdm_r2.authenticate(%d, 'device', '%s', %s, %s, 2000000000,
                'CN=%s', '01', 'topic', '%s', NULL, NULL)",
        $o{tenant} // 1, $device, cert($cert), flag($o{expired}), $cert,
        $o{attributes} // '{"SerialNumber": "S1"}');
}


sub token_update {
    my ($device, $cert, %o) = @_;

    return $role{device}->run(sprintf
        "SELECT outcome, generation FROM mdm_r2.token_update(%d, '%s', '%s', '%s',
                %s, false, 'topic', '%s', 'magic', %s, %s, false, NULL, NULL,
                'raw', %s)",
        $o{tenant} // 1, $o{channel} // ($o{user} ? 'user' : 'device'), $device,
        $o{user} // '', cert($cert), $o{token} // 't', quote($o{unlock}),
        flag($o{awaiting}), quote($o{params}));
}


sub enrol {
    my ($device, $cert, %o) = @_;

    authenticate($device, $cert, %o);
    return token_update($device, $cert, %o);
}


sub members {
    my ($device, $cert, %o) = @_;

    return sprintf "'{%d}', '{%s}', '{\"%s\"}', ARRAY[%s], '{%s}'",
        $o{tenant} // 1, $device, $o{user} // '', cert($cert), flag($o{expired});
}


# "outcome" of poll(), and "outcome command" of deliver() and report().

sub outcome {
    return $role{device}->run('SELECT outcome FROM mdm_r2.poll('
        . members(@_) . ')');
}

sub idle {
    return $role{device}->run(q{SELECT concat_ws(' ', outcome, command_uuid)
        FROM mdm_r2.deliver(} . members(@_) . ')');
}

sub report {
    my ($device, $cert, $uuid, $status, %o) = @_;

    return $role{device}->run(q{SELECT concat_ws(' ', outcome, command_uuid)
        FROM mdm_r2.report(} . members($device, $cert, %o) . ", '{$uuid}', '{$status}',
        ARRAY['raw'::bytea], '{NULL}', '{NULL}', '{NULL}', '{NULL}')");
}


sub enqueue {
    my ($device, $uuid, %o) = @_;

    return $role{api}->run(sprintf "SELECT outcome FROM mdm_r2.enqueue(1, 'test', '', '%s',
        '%s', NULL, 'payload', 'digest', 'safe', false, %s, false, 0, 0::smallint, 0,
        NULL, '{%s}', '{\"%s\"}', true) ORDER BY n DESC LIMIT 1",
        $uuid, $o{type} // 'ProfileList', flag($o{renewal}), $device, $o{user} // '');
}


sub final {
    return sql("SELECT state || coalesce(': ' || reason, '') FROM mdm.result
                 WHERE command_uuid = '$_[0]'");
}

sub field {
    my ($device, $field, $user) = @_;

    return sql(sprintf "SELECT %s FROM mdm.enrollment WHERE tenant_id = 1
                  AND device_id = '%s' AND user_id = '%s'", $field, $device, $user // '');
}

sub events {
    return sql("SELECT string_agg(type, ' ' ORDER BY event_id) FROM mdm.event
                 WHERE data ->> 'device_id' = '$_[0]' AND type NOT LIKE 'command%'");
}


subtest 'a first enrolment' => sub {
    is outcome('A', 'a1'), 'unknown', 'a device that never came is unknown';
    is token_update('A', 'a1'), 'unknown|', 'and cannot begin with a TokenUpdate';
    is authenticate('A', 'a1'), 'ok', 'Authenticate is accepted';
    is authenticate('A', 'a1'), 'ok', 'and may be repeated';
    is outcome('A', 'a1'), 'pending', 'until the TokenUpdate the device is pending';
    is enqueue('A', 'a-early'), 'pending', 'nothing can be queued for it';
    is report('A', 'a1', 'a-stray', 'Acknowledged'), 'pending',
        'a report of a pending device is taken';
    is final('a-stray'), 'UNASKED', 'and kept as it came';
    is enqueue('B', 'b-early'), 'unknown', 'nothing can be queued for a stranger';
    is token_update('A', 'a1'), 'ok|1', 'TokenUpdate opens generation 1';
    is outcome('A', 'a1'), 'ok', 'and the device is served';
    is events('A'), 'authenticated authenticated enrolled token_updated',
        'all is told as events';
    token_update('A', 'a1');
    token_update('A', 'a1', params => '{"a": "b"}');
    is sql(q{SELECT string_agg(data ->> 'tally', ' ' ORDER BY event_id) FROM mdm.event
              WHERE type = 'token_updated'}), '1 2 3', '... each TokenUpdate, counted';
    is sql(q{SELECT data, encode(payload, 'escape') FROM mdm.event
              WHERE type = 'token_updated' ORDER BY event_id DESC LIMIT 1}),
        '{"tally": 3, "message": "TokenUpdate", "user_id": "", "device_id": "A", '
        . '"url_params": {"a": "b"}}|raw', '... with the message that brought it';
    is sql(q{SELECT value_text FROM mdm.attribute WHERE name = 'SerialNumber'}), 'S1',
        'what Authenticate said of the device is kept';
};


subtest 'certificates that do not fit' => sub {
    enrol('B', 'b1');
    is outcome('B', 'nobody'), 'not_bound', 'an unknown certificate is not bound';
    is outcome('B', 'nobody', expired => 1), 'expired', 'nor is an expired one';
    is outcome('B', 'a1'), 'other_device', 'the certificate of another device is a clone';
    is authenticate('B', 'a1'), 'other_device', 'and cannot enrol another device';
    is authenticate('Z', 'a1'), 'other_device', 'or a new one';
    is field('Z', 'count(*)'), '0', 'and leaves no trace of it';
    is authenticate('B', 'b2', expired => 1), 'expired', 'an expired one cannot enrol';
    is idle('B', 'b1', expired => 1), 'ok', 'the bound one may be expired';

    enqueue('B', 'b-plain');
    enqueue('B', 'b-renewal', renewal => 1);
    is idle('B', 'b1', expired => 1), 'ok b-renewal', 'and then gets only its renewal';
    is report('B', 'b1', 'b-renewal', 'Error', expired => 1), 'ok',
        'and after that nothing';
    is idle('B', 'b1'), 'ok b-plain', 'a valid one gets the rest';
};


subtest 'a certificate belongs to one tenant' => sub {
    is authenticate('A', 'a1', tenant => 2), 'other_tenant',
        'a certificate known to one tenant cannot enrol with another';
    is sql('SELECT count(*) FROM mdm.enrollment WHERE tenant_id = 2'), '0',
        'and nothing is made there';
    is outcome('A', 'a1', tenant => 2), 'unknown', 'where its device is unknown';
    is enrol('A', 'beta-a1', tenant => 2), 'ok|1',
        'the same UDID may live in another tenant';
    is outcome('A', 'a1'), 'ok', 'without touching the first';
};


subtest 'user channels' => sub {
    authenticate('C', 'c1');
    is token_update('C', 'c1', user => 'U'), 'ok|1',
        'the TokenUpdate of a user that comes first opens the generation';
    is field('C', 'state, push_token IS NULL'), 'live|t',
        'its device is live and has no token yet';
    is token_update('C', 'c1'), 'ok|1', 'then the device brings its own';
    is outcome('C', 'c1', user => 'U'), 'ok', "a user shows the device's certificate";
    is outcome('C', 'c1', user => 'V'), 'unknown', 'a user who never came is unknown';
    token_update('C', 'c1', user => 'joe', channel => 'shared_user');
    is field('C', 'ownership'), 'shared', 'a Shared iPad user makes the device shared';
};


subtest 'enrolling again' => sub {
    enrol('D', 'd1');
    token_update('D', 'd1', user => 'U');
    sql(q{INSERT INTO mdm.attribute VALUES (1, (SELECT enrollment_id FROM mdm.enrollment
          WHERE tenant_id = 1 AND device_id = 'D' AND user_id = ''), 'Old', 'x')});
    enqueue('D', 'd-erase', type => 'EraseDevice');
    idle('D', 'd1');
    enqueue('D', 'd-erase-2', type => 'EraseDevice');
    enqueue('D', 'd-list');
    enqueue('D', 'd-user', user => 'U');

    is authenticate('D', 'd2'), 'ok', 'a valid certificate may enrol a device again';
    is idle('D', 'd2'), 'pending', 'it gets nothing of the old queue';
    is idle('D', 'd1'), 'ok d-erase', 'the old certificate is still served';
    is idle('D', 'd1', user => 'U'), 'ok d-user', 'also for users';
    is token_update('D', 'd2'), 'ok|2', 'TokenUpdate opens generation 2';
    is final('d-erase'), 'CANCELLED: erased: device came back',
        'a delivered EraseDevice was carried out';
    is final('d-erase-2'), 'CANCELLED: re-enrolled', 'one not delivered was not';
    is final('d-list'), 'CANCELLED: re-enrolled', 'the rest of the queue is cancelled';
    is final('d-user'), 'CANCELLED: re-enrolled', 'and that of the users';
    is field('D', 'state', 'U'), 'closed', 'whose channels are closed';
    is outcome('D', 'd2', user => 'U'), 'unknown', 'and not served';
    is sql(q{SELECT count(*) FROM mdm.attribute WHERE name = 'Old'}), '0',
        'the attributes are those of the new generation';
    is token_update('D', 'd2', user => 'U'), 'ok|2', 'a user comes back with a TokenUpdate';

    enqueue('D', 'd-next');
    is authenticate('D', 'd2'), 'ok', 'a device may enrol again with the same certificate';
    is idle('D', 'd2'), 'pending', 'which gets nothing of the old queue';
    is idle('D', 'd2', user => 'U'), 'pending', 'on no channel';
    is token_update('D', 'd2'), 'ok|3', 'until its TokenUpdate';

    authenticate('D', 'd3');
    authenticate('D', 'd4');
    is outcome('D', 'd3'), 'not_bound', 'a pending certificate is replaced by the next';
    is authenticate('E', 'd3'), 'ok', 'and is free again';
};


subtest 'renewal' => sub {
    enrol('F', 'f1');
    token_update('F', 'f1', user => 'U');
    enqueue('F', 'f-install', type => 'InstallProfile', renewal => 1);
    is authenticate('F', 'f2'), 'ok', 'a new certificate is no renewal before one was delivered';
    is idle('F', 'f1'), 'ok f-install', 'the renewal goes to the old certificate';
    is report('F', 'f1', 'f-install', 'Acknowledged'), 'ok', 'and is acknowledged';
    enqueue('F', 'f-list');
    is authenticate('F', 'f3'), 'renewal', 'then a new certificate is a renewal';
    is outcome('F', 'f3'), 'ok', 'it is accepted at once';
    is outcome('F', 'f1'), 'ok', 'the old one still is';
    is outcome('F', 'f3', user => 'U'), 'ok', 'both for users too';
    is token_update('F', 'f3', user => 'U'), 'ok|1', 'the TokenUpdate of a user changes nothing';
    is outcome('F', 'f1'), 'ok', 'the old certificate is kept until the device itself';
    is token_update('F', 'f3'), 'ok|1', 'sends its TokenUpdate, in the same generation';
    is outcome('F', 'f3', user => 'U'), 'ok', 'the users follow';
    is idle('F', 'f3'), 'ok f-list', 'the queue goes on';
    like events('F'), qr/identity_renewed/, 'an event tells it';
    is authenticate('F', 'f4'), 'ok', 'the next new certificate is no renewal';

    enrol('G', 'g1');
    enqueue('G', 'g-install', renewal => 1);
    idle('G', 'g1');
    report('G', 'g1', 'g-install', 'Error');
    is authenticate('G', 'g2'), 'ok', 'a renewal that the device refused opens nothing';

    enrol('H', 'h1');
    enqueue('H', 'h-install', renewal => 1);
    enqueue('H', 'h-list');
    idle('H', 'h1');
    is authenticate('H', 'h2'), 'renewal', 'a device may be set up anew during a renewal';
    is token_update('H', 'h2', awaiting => 1), 'ok|2',
        'awaiting configuration makes a new generation';
    is final('h-list'), 'CANCELLED: re-enrolled', 'and closes the old one';
};


subtest 'back from a backup' => sub {
    is outcome('F', 'f1'), 'former', 'a certificate that was bound is recognised';
    is outcome('F', 'f1', expired => 1), 'expired', 'but not past its time';
    is $role{device}->run("SELECT mdm_r2.identity_roll_back(1, 'F', '', "
        . cert('f1') . ", 'f-inventory',
        'DeviceInformation', 'payload')"), 'ok', 'it can be bound again';
    is outcome('F', 'f1', user => 'U'), 'ok', 'on all channels';
    is field('F', 'rolled_back_at IS NOT NULL'), 't', 'the device is marked';
    is idle('F', 'f1'), 'ok f-list', 'its queue goes on';
    is report('F', 'f1', 'f-list', 'Acknowledged'), 'ok f-inventory',
        'and a fresh inventory is asked for';
    is outcome('F', 'f3'), 'former', 'the newer certificate is the former one now';
    like events('F'), qr/identity_rolled_back/, 'an event tells it';
};


subtest 'revoked' => sub {
    enrol('I', 'i1');
    is $role{api}->run("SELECT mdm_r2.identity_revoke(1, 'test', '', " . cert('i1') . ')'),
        'ok', 'a certificate can be revoked';
    is outcome('I', 'i1'), 'revoked', 'and is refused from then on';
    is authenticate('I', 'i1'), 'revoked', 'also to enrol';
    is enrol('I', 'i2'), 'ok|2', 'another one may enrol the device again';
};


subtest 'tokens in escrow' => sub {
    my $get = "SELECT outcome, encode(token, 'escape')
                 FROM mdm_r2.bootstrap_token_get(1, 'J', " . cert('j1') . q{, false, 'raw', NULL)};
    my $set = "SELECT mdm_r2.bootstrap_token_set(1, 'J', " . cert('j1') . ', false, ';

    enrol('J', 'j1', unlock => 'first');
    token_update('J', 'j1');
    is sql(q{SELECT string_agg(encode(s.value, 'escape'), ' ') FROM mdm.secret s}), 'first',
        'a TokenUpdate without UnlockToken keeps the stored one';
    token_update('J', 'j1', unlock => 'second');
    is sql(q{SELECT string_agg(encode(s.value, 'escape'), ' ' ORDER BY secret_id)
               FROM mdm.secret s}), 'first second', 'a new one is added to the history';
    is $role{device}->run($get), 'ok|', 'no bootstrap token is no error';
    is $role{device}->run("${set}'boot', 'raw', NULL)"), 'ok', 'one can be stored';
    is $role{device}->run($get), 'ok|boot', 'and fetched';
    $role{device}->run("${set}NULL, 'raw', NULL)");
    is $role{device}->run($get), 'ok|', 'and taken back';
    $role{device}->run("${set}'boot', 'raw', NULL)");
    enrol('J', 'j1');
    is $role{device}->run($get), 'ok|', 'a new generation does not see the old one';
    is sql(q{SELECT string_agg(type || ' ' || (data ->> 'message'), ', ' ORDER BY event_id)
               FROM mdm.event WHERE type LIKE 'bootstrap%'}),
        join(', ', map { "bootstrap_token_$_" } map { $_ ? 'set SetBootstrapToken'
            : 'read GetBootstrapToken' } 0, 1, 0, 1, 0, 1, 0),
        'each of it is told as an event';
    is sql(q{SELECT string_agg(data ->> 'tally', ' ' ORDER BY event_id) FROM mdm.event
              WHERE type = 'token_updated' AND data ->> 'device_id' = 'J'}), '1 2 3 1',
        'a new generation counts its TokenUpdates anew';
};


subtest 'leaving' => sub {
    my $check_out = sub { $role{device}->run(
        "SELECT mdm_r2.check_out(1, '$_[0]', " . cert($_[1]) . q{, false, 'raw', NULL)}) };

    enrol('K', 'k1');
    token_update('K', 'k1', user => 'U');
    enqueue('K', 'k-list');
    authenticate('K', 'k2');
    is $check_out->('K', 'k2'), 'ok', 'CheckOut with a pending certificate';
    is outcome('K', 'k1'), 'ok', 'drops the pending generation only';
    is events('K'), join(' ', qw(authenticated enrolled token_updated enrolled
        token_updated authenticated checked_out)), 'which is told';
    is $check_out->('K', 'b1'), 'other_device', 'a stranger checks nothing out';
    is $check_out->('K', 'k1'), 'ok', 'CheckOut with the bound certificate';
    is sql(q{SELECT count(*) FROM mdm.event WHERE type = 'checked_out'}), 2,
        'is told, the refused one is not';
    is outcome('K', 'k1'), 'unknown', 'closes the device';
    is outcome('K', 'k1', user => 'U'), 'unknown', 'and its users';
    is final('k-list'), 'CANCELLED: checked out', 'and cancels the queue';
    is enqueue('K', 'k-late'), 'closed', 'nothing more can be queued';
    is enrol('K', 'k1'), 'ok|2', 'the same certificate may enrol it again';

    enqueue('K', 'k-end');
    is $role{api}->run(q{SELECT mdm_r2.enrollment_end(1, 'joe', '', 'K')}), 'ok',
        'an operator ends an enrolment';
    is outcome('K', 'k1'), 'ended', 'its own certificate hears that';
    is outcome('K', 'nobody'), 'not_bound', 'another one does not';
    is final('k-end'), 'CANCELLED: enrollment ended by joe', 'the queue is cancelled';
    is $role{api}->run(q{SELECT mdm_r2.enrollment_end(1, 'joe', '', 'K')}), 'ended',
        'it cannot be ended twice';
    is enrol('K', 'k1'), 'ok|3', 'an ended device may enrol anew';
};


subtest 'what time does' => sub {
    my $refused = "SELECT mdm_r2.identity_refused(1, 'B', '', " . cert('nobody')
        . ", 'not_bound')";
    my $count = q{SELECT count(*) FROM mdm.event WHERE type = 'identity_refused'};

    $role{device}->run($refused) for 1 .. 3;
    is sql($count), '1', 'a refused certificate is told once';
    sql(q{UPDATE mdm.idempotency SET created_at = now() - interval '61 minutes'});
    $role{device}->run($refused);
    is sql($count), '2', 'and again after an hour';

    authenticate('L', 'l1');
    is $role{api}->run(q{SELECT pending FROM mdm_r2.enrollments(1, '', 500)
        WHERE device_id = 'L'}), 'enrolling', 'a pending device is shown as enrolling';
    sql(q{UPDATE mdm.enrollment SET pending_since = now() - interval '16 minutes'
           WHERE device_id = 'L'});
    is $role{api}->run(q{SELECT pending FROM mdm_r2.enrollments(1, '', 500)
        WHERE device_id = 'L'}), 'enrolling, stuck', 'after 15 minutes as stuck';
    sql(q{UPDATE mdm.enrollment SET pending_since = now() - interval '8 days'
           WHERE pending_since IS NOT NULL});
    $role{job}->run('SELECT mdm_r2.sweep(100)');
    is field('L', 'state'), 'closed', 'after a week the sweep drops it';
    is outcome('L', 'l1'), 'unknown', 'and it has to begin anew';
};


is sql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';

done_testing;
