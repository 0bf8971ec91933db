# What SQL says of per-device values: what a command wants is told with it, one by
# one and in batches, of the right generation; and how a delivery fails.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $super = $pg->session;
my %role = map { $_ => $pg->session(role => "mdm_$_") } qw(device api);

$super->run(q{SELECT mdm_r2.tenant_add('acme', '{}', '')});

sub sql    { return $super->run($_[0]) }
sub device { return $role{device}->run($_[0]) }

sub enroll {
    my ($device, $token) = @_;

    device("SELECT mdm_r2.authenticate(1, 'device', '$device', sha256('$device'), false,
        2000000000, 'CN', '01', 'topic', '{\"SerialNumber\": \"SN-$device\"}', NULL, NULL);
        SELECT mdm_r2.token_update(1, 'device', '$device', '', sha256('$device'), false,
            'topic', 't', 'm', $token, true, false, NULL, NULL, NULL, NULL)");
}

sub enqueue {
    my ($uuid, $wants, @devices) = @_;

    return $role{api}->run(sprintf "SELECT outcome FROM mdm_r2.enqueue(1, 'joe', '', '%s',
        'T', NULL, 'payload', '%s', 'safe', false, false, false, 0, 0::smallint, 0, NULL,
        '{%s}', array_fill(''::text, ARRAY[%d]), false, %s)", $uuid, $uuid,
        join(',', @devices), scalar @devices, $wants);
}

sub deliver {
    my ($what, @devices) = @_;
    my $n = @devices;

    return device(sprintf "SELECT string_agg(concat_ws(' ', command_uuid, %s), ', '
        ORDER BY n) FROM mdm_r2.deliver(array_fill(1::bigint, ARRAY[$n]), '{%s}',
            array_fill(''::text, ARRAY[$n]), ARRAY[%s], array_fill(false, ARRAY[$n]))",
        $what, join(',', @devices), join(', ', map { "sha256('$_')" } @devices));
}

sub report {
    my ($uuid, $what, @devices) = @_;
    my $n = @devices;

    return device(sprintf "SELECT string_agg(concat_ws(' ', command_uuid, %s), ', '
        ORDER BY n) FROM mdm_r2.report(array_fill(1::bigint, ARRAY[$n]), '{%s}',
            array_fill(''::text, ARRAY[$n]), ARRAY[%s], array_fill(false, ARRAY[$n]),
            array_fill('$uuid'::text, ARRAY[$n]),
            array_fill('Acknowledged'::text, ARRAY[$n]),
            array_fill('raw'::bytea, ARRAY[$n]), array_fill(NULL::text, ARRAY[$n]),
            array_fill(NULL::text, ARRAY[$n]), array_fill(NULL::text, ARRAY[$n]),
            array_fill(NULL::text, ARRAY[$n]))",
        $what, join(',', @devices), join(', ', map { "sha256('$_')" } @devices));
}

sub undeliverable {
    my ($device, $uuid, %o) = @_;

    return device(sprintf "SELECT concat_ws(' ', outcome, command_uuid, wanted)
        FROM mdm_r2.delivery_failed(1, '%s', '', sha256('%s'), false, '%s', 'a reason',
                                    %s)",
        $device, $o{certificate} // $device, $uuid, $o{idle} // 'true');
}

sub state {
    return sql("SELECT state FROM mdm.queue WHERE command_uuid = '$_[0]' UNION ALL
                SELECT concat_ws(': ', state, reason) FROM mdm.result
                 WHERE command_uuid = '$_[0]'");
}

my $serial = q{wanted::jsonb #>> '{values,SerialNumber}'};
my @d = map { "D$_" } 1 .. 4;

enroll($_, 'NULL') for @d;

subtest 'what is told' => sub {
    enqueue('plain', 'NULL', 'D1');
    is deliver('wanted', 'D1'), 'plain', 'a command that wants nothing has nothing with it';
    report('plain', 'wanted', 'D1');

    enqueue('some', q{'{SerialNumber,Unknown,Token<kind,Data:profile}'}, 'D1');
    is deliver('wanted', 'D1'), 'some {"wants": ["SerialNumber", "Unknown", "Token<kind", '
        . '"Data:profile"], "values": {"SerialNumber": "SN-D1"}, "secrets": {}}',
        'one that does has all that is known';
    report('some', 'wanted', 'D1');

    enqueue('none', q{'{}'}, 'D1');
    is deliver('wanted', 'D1'), 'none {"wants": [], "values": {}, "secrets": {}}',
        'it may want nothing but its percent signs';
    report('none', 'wanted', 'D1');
};


subtest 'batches' => sub {
    enqueue("first-$_", q{'{SerialNumber}'}, @d) for 1, 2;

    is deliver($serial, @d), join(', ', map { "first-1 SN-$_" } @d),
        'deliveries in a batch tell each device its own';
    is report('first-1', $serial, @d), join(', ', map { "first-2 SN-$_" } @d),
        'and so do reports';
    report('first-2', $serial, @d);
};


subtest 'secrets are those of the live generation' => sub {
    my $token = q{convert_from(decode(wanted::jsonb #>> '{secrets,unlock_token,value}',
                                      'base64'), 'UTF8'),
                  wanted::jsonb #>> '{secrets,unlock_token,row}'};

    enroll('D2', "'old'");
    enqueue('token-1', q{'{Token<unlock_token}'}, 'D2');
    is deliver($token, 'D2'), 'token-1 old D2', 'the one of now, with the row of its seal';
    report('token-1', $token, 'D2');

    enroll('D2', 'NULL');
    enqueue('token-2', q{'{Token<unlock_token}'}, 'D2');
    is deliver($token, 'D2'), 'token-2', 'none of before';
    report('token-2', $token, 'D2');
};


subtest 'a delivery that fails' => sub {
    enqueue("fail-$_", q{'{Unknown}'}, 'D3') for 1 .. 3;

    deliver('wanted', 'D3');
    is undeliverable('D3', 'fail-1', certificate => 'D4'), 'other_device',
        'nobody else can say so';
    is state('fail-1'), 'PUSH', '... and nothing is closed';
    is undeliverable('D3', 'fail-3'),
        'ok fail-1 {"wants": ["Unknown"], "values": {}, "secrets": {}}', 'one that was not delivered stays, and the first is offered again';
    is state('fail-3'), 'QUEUED', '... in its place';

    is undeliverable('D3', 'fail-1', idle => 'false') =~ s/ \{.*//r, 'ok fail-2',
        'one that was is closed, and the next comes';
    is state('fail-1'), 'ERROR: a reason', '... with the reason';
    is undeliverable('D3', 'fail-1') =~ s/ \{.*//r, 'ok fail-2', 'once';
    is sql(q{SELECT count(*) FROM mdm.event WHERE data ->> 'command_uuid' = 'fail-1'}), 1,
        '... with one event';

    enqueue('fail-4', 'NULL', 'D3');
    is undeliverable('D3', 'fail-2') =~ s/ \{.*//r, 'ok fail-3', 'the one after it';
    is undeliverable('D3', 'fail-3'), 'ok fail-4', '... and after that';
    is undeliverable('D3', 'unknown'), 'ok fail-4', 'an unknown one changes nothing';
    report('fail-4', 'wanted', 'D3');
    is undeliverable('D3', 'fail-4'), 'ok', 'nor does one that was answered';
    is state('fail-4'), 'ACKNOWLEDGED', '... which stays so';
};


is sql('SELECT mdm_r2.check()'), '', 'the tables agree with each other';

done_testing;
