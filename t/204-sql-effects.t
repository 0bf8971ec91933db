# What a report changes besides its command's state: all of it or nothing, once, and
# never instead of the report.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP;
use MIME::Base64;
use Test::More;
use MDM::Test;

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $super = $pg->session;
my %role = map { $_ => $pg->session(role => "mdm_$_") } qw(device api job);
my $json = JSON::PP->new->canonical;

sub sql { return $super->run($_[0]) }

sql(q{SELECT mdm_r2.tenant_add('acme', '{}', '')});
$role{device}->run("SELECT mdm_r2.authenticate(1, 'device', '$_', sha256('$_'), false,
    2000000000, 'CN', '01', 'topic', '{}', NULL, NULL);
    SELECT mdm_r2.token_update(1, 'device', '$_', '', sha256('$_'), false, 'topic', 't',
        'm', NULL, false, false, NULL, NULL, NULL, NULL)") for qw(A B C D);

sub members {
    return "'{" . join(',', map { 1 } @_) . "}', '{" . join(',', @_) . "}', '{"
        . join(',', map { '""' } @_) . "}', ARRAY[" . join(',', map { "sha256('$_')" } @_)
        . "], '{" . join(',', map { 'f' } @_) . "}'";
}

sub idle {
    return $role{device}->run("SELECT command_uuid FROM mdm_r2.deliver("
        . members($_[0]) . ')');
}

# outcome, reported type and the next command of each [device, uuid, effects, type,
# status].

sub reports {
    my $list = sub {
        my ($place, $default) = @_;
        return 'ARRAY[' . join(',', map {
            my $value = $_->[$place] // $default;
            $value = $json->encode($value) if ref $value;
            defined $value ? "'" . $value =~ s/'/''/gr . "'" : 'NULL';
        } @{ $_[2] }) . ']::text[]';
    };

    return $role{device}->run("SELECT concat_ws(' ', outcome, reported_type, command_uuid)
        FROM mdm_r2.report(" . join(', ', members(map { $_->[0] } @_),
            $list->(1, undef, \@_), $list->(4, 'Acknowledged', \@_),
            'ARRAY[' . join(',', map { "'raw'::bytea" } @_) . ']',
            $list->(9, undef, \@_), $list->(3, undef, \@_), $list->(2, undef, \@_),
            $list->(9, undef, \@_)) . ') ORDER BY n');
}

sub asked {
    my ($uuid, $device, $type) = @_;

    $role{api}->run(sprintf "SELECT outcome FROM mdm_r2.enqueue(1, 'joe', '', '%s',
        '%s', NULL, 'payload', 'digest', 'safe', false, false, false, 3600, 0::smallint,
        0, NULL, '{%s}', '{\"\"}', false)", $uuid, $type // 'Query', $device);
    return idle($device);
}

sub attribute {
    return sql("SELECT coalesce(value_text, value_number::text, value_boolean::text,
            value_time::text)
        FROM mdm.attribute JOIN mdm.enrollment USING (tenant_id, enrollment_id)
        WHERE device_id = '$_[0]' AND name = '$_[1]'");
}

sub result {
    return sql("SELECT concat_ws(' ', state, CASE WHEN effects_at IS NOT NULL
            THEN 'applied' END, effects_failed)
        FROM mdm.result WHERE command_uuid = '$_[0]'");
}

sub secret {
    my ($value, @digests) = @_;

    return { kind => 'bypass_code', value => encode_base64($value, ''),
             digest => encode_base64(join('', map { pack 'A32', $_ } @digests), '') };
}

sub secrets {
    return sql("SELECT string_agg(encode(value, 'escape'), ' ' ORDER BY secret_id)
                  FROM mdm.secret WHERE kind = 'bypass_code'");
}

sub follow {
    my ($uuid, %o) = @_;

    return { command_uuid => $uuid, request_type => 'Follow',
             payload => encode_base64("sealed $uuid", ''),
             digest => encode_base64(pack('A32', $uuid), ''), %o };
}


subtest 'attributes' => sub {
    asked('attributes', 'A');
    reports([ 'A', 'attributes', { attributes => {
        OSVersion => '18.1', Capacity => 64.5, IsSupervised => JSON::PP::true,
        Seen => { time => '2026-05-04T08:15:00Z' }, Gone => undef } } ]);
    is attribute('A', 'OSVersion'), '18.1', 'a text';
    is attribute('A', 'Capacity'), '64.5', 'a number';
    is attribute('A', 'IsSupervised'), 'true', 'a boolean';
    like attribute('A', 'Seen'), qr/^2026-05-04 /, 'a time';
    is sql(q{SELECT supervised FROM mdm.enrollment WHERE device_id = 'A'}), 't',
        'supervision is kept with the enrolment, too';
    is result('attributes'), 'ACKNOWLEDGED applied', 'and the result tells';

    asked('removed', 'A');
    reports([ 'A', 'removed', { attributes => { OSVersion => undef } } ]);
    is attribute('A', 'OSVersion'), '', 'null removes one';
    is attribute('A', 'Capacity'), '64.5', '... and no other';
};


subtest 'secrets' => sub {
    my $told = sub {
        my ($uuid, @what) = @_;
        asked($uuid, 'A');
        reports([ 'A', $uuid, { secrets => [ secret(@what) ] } ]);
    };

    $told->('first', 'one', 'd1');
    $told->('again', 'one, sealed anew', 'd1');
    is secrets(), 'one', 'a value that was told again is not new';
    $told->('rekeyed', 'one, with another key', 'e1', 'd1');
    is secrets(), 'one', '... also with a new key';
    $told->('second', 'two', 'd2');
    $told->('back', 'one', 'd1');
    is secrets(), 'one two one', 'another is, and so is the one before it';

    sql(q{INSERT INTO mdm.secret (tenant_id, enrollment_id, kind, generation, value)
          SELECT 1, enrollment_id, 'bypass_code', 1, 'old'
            FROM mdm.enrollment, generate_series(1, 150) WHERE device_id = 'A'});
    $told->('many', 'last', 'd9');
    is sql(q{SELECT count(*) FROM mdm.secret WHERE kind = 'bypass_code'}), 100,
        'the newest 100 are kept';
    like secrets(), qr/ last$/, '... the new one among them';
};


subtest 'events' => sub {
    asked('event', 'A');
    reports([ 'A', 'event', { events => [ { type => 'battery_low', data => {
        level => 0.1, device_id => 'B' } } ] } ]);
    is sql(q{SELECT data FROM mdm.event WHERE type = 'battery_low'}),
        '{"level": 0.1, "user_id": "", "device_id": "A", "command_uuid": "event", '
            . '"request_type": "Query"}', 'an event says whose it is, whatever its data say';
};


subtest 'commands that follow' => sub {
    asked('leads', 'A');
    is reports([ 'A', 'leads', { commands => [ follow('follows', subject => 's',
            repeat => 'once', expires => 60) ] } ]), 'ok Query follows',
        'the device gets what follows with the answer';
    is sql(q{SELECT concat_ws(' ', q.state, q.subject, q.repeat, q.generation,
            q.expires_at - q.queued_at, encode(c.payload, 'escape'), c.targets)
        FROM mdm.queue q JOIN mdm.command c USING (tenant_id, command_id)
        WHERE q.command_uuid = 'follows'}),
        'PUSH s once 1 00:01:00 sealed follows {1}', '... as its type wants it';
    is sql(q{SELECT string_agg((due_at - wanted_at)::text, ' ') FROM mdm.push}),
        '00:00:30', 'whether it took it is looked at soon, and then it is woken';
    reports([ 'A', 'follows' ]);
    sql('DELETE FROM mdm.push');

    asked('leads-2', 'A');
    is reports([ 'A', 'leads-2', { commands => [ follow('follows') ] } ]), 'ok Query',
        'a CommandUUID that was used is not used again';
    asked('leads-3', 'A');
    is reports([ 'A', 'leads-3', { commands => [ follow('old', subject => 's'),
            follow('new', subject => 's', supersedes => JSON::PP::true) ] } ]),
        'ok Query new', 'a newer one of its subject takes the place of the older';
    is result('old'), 'CANCELLED', '... which is cancelled';
    reports([ 'A', 'new' ]);
};


subtest 'the assumed type' => sub {
    asked('typed', 'A');
    my @wrong = ('A', 'typed', { attributes => { OSVersion => '1' } }, 'Other');
    is reports(\@wrong), 'wrong_type Query', 'another type is said';
    is result('typed'), '', '... and nothing stored';
    is attribute('A', 'OSVersion'), '', '... nor applied';
    is sql(q{SELECT state FROM mdm.queue WHERE command_uuid = 'typed'}), 'PUSH',
        '... and the command waits';

    asked("many-$_", $_) for qw(B C D);
    is reports(\@wrong, (map { [ $_, "many-$_", undef, 'Query' ] } qw(B C)),
        [ 'D', 'many-D', undef, 'Other' ]),
        "wrong_type Query\nok Query\nok Query\nwrong_type Query",
        'the others of a batch go on';
    is reports([ 'D', 'many-D', undef, 'Query' ]), 'ok Query', 'the right type is taken';
    is reports([ 'A', 'typed', $wrong[2], 'Query' ]), 'ok Query', '... also with effects';
    is attribute('A', 'OSVersion'), '1', '... which are applied';

    is $role{device}->run("SELECT request_type FROM mdm_r2.report_types('{1}', '{A}',
        '{\"\"}', '{typed}')"), '', 'what was answered has no type to ask for';
    asked('live', 'A');
    is $role{device}->run("SELECT request_type FROM mdm_r2.report_types('{1,1,1}',
        '{A,B,A}', '{\"\",\"\",\"\"}', '{live,live,none}') ORDER BY n"), "Query\n\n",
        'a live one has, for its channel';
    is reports([ 'A', 'live' ]), 'ok Query', 'who assumes nothing is not corrected';
};


subtest 'once' => sub {
    my $effects = { attributes => { OSVersion => '2' }, commands => [ follow('once') ] };

    asked('repeated', 'A');
    is reports([ 'A', 'repeated', $effects ]), 'ok Query once', 'the first time';
    sql(q{UPDATE mdm.attribute SET value_text = 'moved' WHERE name = 'OSVersion'});
    is reports([ 'A', 'repeated', $effects ]), 'ok Query once', 'a repeated report';
    is attribute('A', 'OSVersion'), 'moved', '... changes nothing';
    reports([ 'A', 'once' ]);

    asked('late', 'A');
    $role{api}->run(q{SELECT mdm_r2.command_cancel(1, 'joe', '', 'late', true)});
    is reports([ 'A', 'late', { attributes => { OSVersion => '3' } }, 'Other' ]),
        'wrong_type Query', 'late truth of another type';
    is reports([ 'A', 'late', { attributes => { OSVersion => '3' } }, 'Query' ]),
        'ok Query', '... and of the right one';
    is attribute('A', 'OSVersion'), '3', '... has its effects';
    is result('late'), 'ACKNOWLEDGED applied', '... and says so';
    reports([ 'A', 'late', { attributes => { OSVersion => '4' } } ]);
    is attribute('A', 'OSVersion'), '3', '... once';

    is reports([ 'A', 'stray', { attributes => { OSVersion => '5' } } ]), 'ok',
        'a report that nobody asked for';
    is attribute('A', 'OSVersion'), '3', '... has no effects';
};


subtest 'what fails' => sub {
    my $again = sub {
        return $role{api}->run("SELECT concat_ws(': ', outcome, reason)
            FROM mdm_r2.effects_again(1, 'joe', '', 'A', '', '$_[0]', "
            . ($_[1] ? "'" . $json->encode($_[1]) . "'" : 'NULL') . ')');
    };

    asked('fails', 'A');
    is reports([ 'A', 'fails', { failed => 'no luck' } ]), 'ok Query',
        'a handler that failed closes its command';
    is result('fails'), 'ACKNOWLEDGED no luck', '... with the reason';
    is sql(q{SELECT data ->> 'reason' FROM mdm.event WHERE type = 'effects_failed'}),
        'no luck', '... which an event tells';

    asked('refused', 'A');
    is reports([ 'A', 'refused', { attributes => { OSVersion => '6',
        Seen => { time => 'never' } }, secrets => [ secret('x', 'x') ] } ]), 'ok Query',
        'effects that the database refuses';
    is result('refused'), 'ACKNOWLEDGED the database refused an effect (22007)',
        '... failed, and the report did not';
    is attribute('A', 'OSVersion'), '3', '... and none of them was applied';

    is $again->('fails', { failed => 'still' }), 'failed: still', 'it fails again';
    is $again->('fails', { attributes => { OSVersion => '7' },
        commands => [ follow('again') ] }), 'ok', '... and then it does not';
    is attribute('A', 'OSVersion'), '7', '... and is applied';
    is result('fails'), 'ACKNOWLEDGED applied', '... which is the end of the reason';
    is sql('SELECT count(*) FROM mdm.push'), '1', 'the device is woken for what follows';
    is $again->('fails', {}), 'applied', '... once';
    is $again->('none', {}), 'none', 'no report, no effects';
    is $again->('stray', {}), 'none', '... nor of one that nobody asked for';
    is sql(q{SELECT string_agg(detail ->> 'outcome', ' ' ORDER BY audit_id)
               FROM mdm.audit WHERE action = 'effects_again'}),
        'failed ok applied none none', 'the audit has all of it';

    $role{device}->run(q{
        SELECT mdm_r2.authenticate(1, 'device', 'A', sha256('A2'), false, 2000000000, 'CN',
            '02', 'topic', '{}', NULL, NULL);
        SELECT mdm_r2.token_update(1, 'device', 'A', '', sha256('A2'), false, 'topic', 't',
            'm', NULL, true, false, NULL, NULL, NULL, NULL)});
    is $again->('refused', {}), 'gone', 'what a former enrolment said is history';
};


is sql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';

done_testing;
