# Reports that come after we had given up, come twice, or that nobody asked for:
# what the device says is the truth, once.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $super = $pg->session;
my %role = map { $_ => $pg->session(role => "mdm_$_") } qw(device api job);

sub sql { return $super->run($_[0]) }

sql(q{SELECT mdm_r2.tenant_add('acme', '{}', '')});
$role{device}->run(q{
    SELECT mdm_r2.authenticate(1, 'device', 'A', sha256('a'), false, 2000000000, 'CN',
        '01', 'topic', '{}', NULL, NULL);
    SELECT mdm_r2.token_update(1, 'device', 'A', '', sha256('a'), false, 'topic', 't',
        'm', NULL, false, false, NULL, NULL, NULL, NULL)});

my $member = q{'{1}', '{A}', '{""}', ARRAY[sha256('a')], '{f}'};

sub idle {
    return $role{device}->run("SELECT command_uuid FROM mdm_r2.deliver($member)");
}

sub report {
    my ($uuid, $status, %o) = @_;

    return $role{device}->run(sprintf q{SELECT outcome || ' ' || coalesce(reported_type,
        '?') FROM mdm_r2.report(%s, '{%s}', '{%s}', ARRAY['%s'::bytea], '{NULL}',
        '{NULL}', ARRAY[%s]::text[], '{NULL}')}, $member, $uuid, $status // 'Acknowledged',
        $o{raw} // 'raw', $o{json} ? "'{\"attributes\": $o{json}}'" : 'NULL');
}

sub enqueue {
    my ($uuid, %o) = @_;

    return $role{api}->run(sprintf "SELECT outcome FROM mdm_r2.enqueue(1, 'joe', '', '%s',
        '%s', NULL, 'payload', 'digest', '%s', false, false, false, 3600, 0::smallint,
        0, NULL, '{A}', '{\"\"}', false) ORDER BY n DESC LIMIT 1", $uuid, $o{type} // 'ProfileList',
        $o{repeat} // 'safe');
}

sub cancel {
    return $role{api}->run(
        "SELECT outcome FROM mdm_r2.command_cancel(1, 'joe', '', '$_[0]', true)");
}

sub result {
    return sql("SELECT concat_ws(' ', from_state, state, encode(report, 'escape'))
                  FROM mdm.result WHERE command_uuid = '$_[0]'");
}

sub version {
    return sql(q{SELECT value_text FROM mdm.attribute WHERE name = 'OSVersion'});
}


subtest 'a cancelled command is answered' => sub {
    enqueue('cancelled', type => 'DeviceInformation');
    idle();
    cancel('cancelled');
    is result('cancelled'), 'PUSH CANCELLED', 'a delivered command is cancelled';
    is report('cancelled', 'NotNow'), 'ok DeviceInformation', 'a late NotNow';
    is result('cancelled'), 'PUSH CANCELLED', 'says nothing new';
    is report('cancelled', undef, json => '{"OSVersion": "1"}'), 'ok DeviceInformation',
        'a late answer is accepted';
    is result('cancelled'), 'CANCELLED ACKNOWLEDGED raw', 'and becomes the truth';
    is version(), '1', 'its effects are stored';
    is report('cancelled', 'Error', raw => 'x', json => '{"OSVersion": "2"}'),
        'ok DeviceInformation', 'a second answer is accepted too';
    is result('cancelled'), 'CANCELLED ACKNOWLEDGED raw', 'and changes nothing';
    is version(), '1', 'also no effect';
};


subtest 'an expired command is answered' => sub {
    enqueue('expired');
    idle();
    sql(q{UPDATE mdm.queue SET expires_at = now() - interval '1 second'});
    $role{job}->run('SELECT mdm_r2.sweep(100)');
    is result('expired'), 'PUSH EXPIRED', 'a delivered command expires';
    report('expired', 'Error');
    is result('expired'), 'EXPIRED ERROR raw', 'a late error becomes the truth';

    enqueue('in time');
    idle();
    sql(q{UPDATE mdm.queue SET expires_at = now() - interval '1 second'});
    report('in time');
    is result('in time'), 'PUSH ACKNOWLEDGED raw',
        'an answer before the sweep finds the command live';
};


subtest 'a stalled command is answered' => sub {
    enqueue('stalled', repeat => 'once');
    idle();
    idle();
    is sql(q{SELECT state FROM mdm.queue}), 'STALLED', 'a command is stalled';
    report('stalled');
    is result('stalled'), 'STALLED ACKNOWLEDGED raw', 'and its late answer ends it';
};


subtest 'a re-enrolled device answers for its old generation' => sub {
    enqueue('old');
    idle();
    $role{device}->run(q{
        SELECT mdm_r2.authenticate(1, 'device', 'A', sha256('a'), false, 2000000000,
            'CN', '01', 'topic', '{}', NULL, NULL);
        SELECT mdm_r2.token_update(1, 'device', 'A', '', sha256('a'), false, 'topic',
            't', 'm', NULL, false, false, NULL, NULL, NULL, NULL)});
    is result('old'), 'PUSH CANCELLED', 'the old queue is cancelled';
    is report('old'), 'ok ProfileList', 'an answer to it is accepted';
    is result('old'), 'CANCELLED ACKNOWLEDGED raw', 'and is the truth of that generation';
};


subtest 'answers to what was final' => sub {
    enqueue('final', type => 'DeviceInformation');
    idle();
    report('final', undef, json => '{"OSVersion": "3"}');
    is version(), '3', 'an answer has its effect';
    sql(q{UPDATE mdm.attribute SET value_text = 'moved'});
    is report('final', undef, raw => 'again', json => '{"OSVersion": "3"}'),
        'ok DeviceInformation', 'the same again is accepted';
    is result('final'), 'PUSH ACKNOWLEDGED raw', 'and is no second result';
    is version(), 'moved', 'or effect';
};


subtest 'answers to what was never delivered' => sub {
    enqueue('forgotten');
    is report('forgotten'), 'ok ProfileList',
        'an answer proves a delivery that the database forgot';
    is result('forgotten'), 'PUSH ACKNOWLEDGED raw', 'and closes the command';
    enqueue('forgotten-2');
    report('forgotten-2', 'NotNow');
    is sql(q{SELECT state, delivered_count FROM mdm.queue}), 'NOTNOW|1', 'so does NotNow';
    report('forgotten-2');

    enqueue('unsent');
    cancel('unsent');
    is report('unsent'), 'ok ?', 'an answer to what was cancelled before it went out';
    is result('unsent'), "QUEUED CANCELLED\nUNASKED raw", 'is kept beside it';
};


subtest 'answers that nobody asked for' => sub {
    is report('unknown'), 'ok ?', 'an unknown CommandUUID is accepted';
    is result('unknown'), 'UNASKED raw', 'and its report kept';
    report('unknown', undef, raw => 'again');
    is result('unknown'), 'UNASKED raw', 'once';
    is report('unknown-2', 'NotNow'), 'ok ?', 'NotNow for an unknown one';
    is result('unknown-2'), '', 'leaves nothing';
    $role{device}->run("DO \$\$ BEGIN FOR i IN 1 .. 120 LOOP
        PERFORM mdm_r2.report($member, ARRAY['many-' || i], '{Acknowledged}',
            ARRAY['raw'::bytea], '{NULL}', '{NULL}', '{NULL}', '{NULL}'); END LOOP; END \$\$");
    is sql(q{SELECT count(*) FROM mdm.result WHERE state = 'UNASKED'}), '100',
        'of such reports at most 100 are kept for a channel';
};


is sql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';

done_testing;
