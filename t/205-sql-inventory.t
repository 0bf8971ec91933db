# Lists of what devices have, in the database: what comes, changes and goes; parts;
# late and repeated answers; that nothing is written twice; bounds.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP;
use Test::More;
use MDM::Test;

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $super = $pg->session;
my %role = map { $_ => $pg->session(role => "mdm_$_") } qw(device api job);
my $json = JSON::PP->new->canonical;
my $number = 0;

sub sql { return $super->run($_[0]) }

sub enrol {
    my ($device, $certificate) = @_;

    $certificate //= "sha256('$device')";
    $role{device}->run("SELECT mdm_r2.authenticate(1, 'device', '$device', $certificate,
            false, 2000000000, 'CN', '01', 'topic', '{}', NULL, NULL);
        SELECT mdm_r2.token_update(1, 'device', '$device', '', $certificate, false,
            'topic', 't', 'm', NULL, false, false, NULL, NULL, NULL, NULL)");
}

sql(q{SELECT mdm_r2.tenant_add('acme', '{}', '')});
enrol($_) for qw(A B C);

sub members { return "'{1}', '{$_[0]}', '{\"\"}', ARRAY[sha256('$_[0]')], '{f}'" }

# Asks and delivers; what an answer says is JSON.

sub asked {
    my ($device, %o) = @_;

    my $uuid = $o{uuid} // 'command-' . ++$number;
    my $part = $o{part} ? 'true' : 'false';
    $role{api}->run("SELECT outcome FROM mdm_r2.enqueue(1, 'joe', '', '$uuid', 'List', NULL,
        'payload', 'digest', 'safe', false, false, false, 3600, 0::smallint, 0, NULL,
        '{$device}', '{\"\"}', false, NULL, $part)");
    $role{device}->run("SELECT FROM mdm_r2.deliver(" . members($device) . ')');
    return $uuid;
}

sub answered {
    my ($device, $uuid, $lists, $effects) = @_;

    my ($l, $e) = map { "'" . $json->encode($_) =~ s/'/''/gr . "'" } $lists, $effects // {};
    return $role{device}->run("SELECT outcome FROM mdm_r2.report(" . members($device)
        . ", '{$uuid}', '{Acknowledged}', ARRAY['raw'::bytea], '{NULL}', '{List}',
            ARRAY[$e], '{NULL}', ARRAY[$l])");
}

sub told {
    my ($device, $apps, %o) = @_;

    my $uuid = asked($device, %o);
    my $outcome = answered($device, $uuid, { apps => $apps });
    $outcome eq 'ok' or die "a report is not taken: $outcome";
    return $uuid;
}

# We end a command that the device has: its answer comes late.

sub closed {
    sql("SELECT mdm_r2.queue_finish(1, array_agg(enrollment_id), array_agg(command_uuid::text),
            'CANCELLED', 'of no use') FROM mdm.queue WHERE command_uuid = '$_[0]'");
}

sub items {
    my ($device, $list) = @_;

    $list //= 'apps';
    return sql("SELECT coalesce(string_agg(i.key || CASE WHEN i.gone_at IS NULL THEN '='
                || i.value::text ELSE ' gone' END, ', ' ORDER BY i.key), '')
        FROM mdm.inventory_item i JOIN mdm.enrollment USING (tenant_id, enrollment_id)
        WHERE device_id = '$device' AND list = '$list'");
}

# Versions of rows: what was written since has others.

sub rows {
    return sql("SELECT string_agg(key || ' ' || ctid || ' ' || i.xmin || ' ' || i.xmax, ','
            ORDER BY key)
        FROM mdm.inventory_item i JOIN mdm.enrollment USING (tenant_id, enrollment_id)
        WHERE device_id = '$_[0]'");
}

sub list {
    my ($device, $column) = @_;

    return sql("SELECT $column FROM mdm.inventory_list l
        JOIN mdm.enrollment USING (tenant_id, enrollment_id)
        WHERE device_id = '$device' AND list = 'apps'");
}

sub result {
    return sql("SELECT concat_ws(' ', state, CASE WHEN effects_at IS NOT NULL
        THEN 'applied' END, effects_failed) FROM mdm.result WHERE command_uuid = '$_[0]'");
}


subtest 'what comes, changes and goes' => sub {
    my $uuid = told('A', { one => { v => 1 }, two => { v => 1 } });
    is items('A'), 'one={"v": 1}, two={"v": 1}', 'items come';
    is list('A', 'items'), 2, 'their number is known';
    is result($uuid), 'ACKNOWLEDGED applied', 'the result says that they were applied';

    told('A', { one => { v => 2 }, three => {} });
    is items('A'), 'one={"v": 2}, three={}, two gone', 'one changed, one came, one went';
    is sql(q{SELECT changed_at > first_seen_at FROM mdm.inventory_item WHERE key = 'one'}),
        't', 'what changed was seen before';
    is sql(q{SELECT seen_at < gone_at FROM mdm.inventory_item WHERE key = 'two'}), 't',
        'what went was seen before, too';

    told('A', { two => { v => 3 } });
    is items('A'), 'one gone, three gone, two={"v": 3}', 'what was gone comes back';
    is sql(q{SELECT first_seen_at < changed_at FROM mdm.inventory_item WHERE key = 'two'}),
        't', '... and is not seen for the first time';

    told('A', {});
    is list('A', 'items'), 0, 'an empty answer leaves nothing';
    is items('B'), '', 'another device has its own';
};

subtest 'an unchanged answer' => sub {
    told('A', { one => { v => 1 }, two => 'text' });
    my ($rows, $seen) = (rows('A'), list('A', 'seen_at'));
    my $changed = list('A', 'changed_at');
    told('A', { one => { v => 1 }, two => 'text' });
    is rows('A'), $rows, 'writes no item, and locks none';
    isnt list('A', 'seen_at'), $seen, 'but when the list was seen';
    is list('A', 'changed_at'), $changed, '... and not that it changed';
};

subtest 'parts' => sub {
    told('A', { one => { v => 1, w => 1 }, two => { v => 1 } });
    my $seen = list('A', 'seen_at');
    told('A', { one => { v => 2 }, three => { v => 1 } }, part => 1);
    is items('A'), 'one={"v": 2, "w": 1}, three={"v": 1}, two={"v": 1}',
        'a part adds items and members, and takes nothing away';
    is list('A', 'seen_at'), $seen, '... and is no sight of the whole list';
    told('A', { one => { v => 2 } }, part => 1);
    is list('A', 'items'), 3, '... though it names one';
    told('B', { one => {} }, part => 1);
    is list('B', 'seen_at IS NULL'), 't', 'a list may be known by parts alone';
};

subtest 'older answers' => sub {
    asked('A', uuid => 'older');
    closed('older');
    told('A', { new => { v => 1 } });
    my $now = items('A');
    is answered('A', 'older', { apps => { old => {} } }), 'ok', 'an answer comes late';
    is items('A'), $now, '... and is passed over, for a newer one was there before';
    is result('older'), 'ACKNOWLEDGED applied', '... which settles it';

    asked('A', uuid => 'late');
    closed('late');
    is answered('A', 'late', { apps => { new => { v => 2 } } }), 'ok', 'another one';
    like items('A'), qr/^new=\{"v": 2\}, one gone/, '... is the newest, and counts';

    my $uuid = asked('A');
    answered('A', $uuid, {}, { failed => 'it is odd' });
    told('A', { new => { w => 2 } }, part => 1);
    $role{api}->run("SELECT outcome FROM mdm_r2.effects_again(1, 'joe', '', 'A', '', '$uuid',
        '{}', '{\"apps\": {\"new\": {\"v\": 3, \"w\": 1, \"x\": 1}, \"late\": {}}}')");
    like items('A'), qr/^late=\{\}, new=\{"v": 2, "w": 2, "x": 1\}, /,
        'one that is older than a part adds what is not known';
};

subtest 'once' => sub {
    told('B', { one => { v => 1 } });
    my $uuid = told('B', { one => { v => 2 } });
    is answered('B', $uuid, { apps => {} }), 'ok', 'a repeated report is ok';
    is items('B'), 'one={"v": 2}', '... and changes nothing';

    answered('B', 'never-asked', { apps => {} });
    is items('B'), 'one={"v": 2}', 'nor does one that nobody asked for';

    $uuid = asked('B');
    answered('B', $uuid, { apps => { one => { v => 3 } } }, { failed => 'it is odd' });
    is items('B'), 'one={"v": 2}', 'nor what failed';
    is $role{api}->run("SELECT outcome FROM mdm_r2.effects_again(1, 'joe', '', 'B', '',
            '$uuid', '{}', '{\"apps\": {\"one\": {\"v\": 3}}}')"), 'ok', 'it runs again';
    is items('B'), 'one={"v": 3}', '... with effect';
    is $role{api}->run("SELECT outcome FROM mdm_r2.effects_again(1, 'joe', '', 'B', '',
            '$uuid', '{}', '{\"apps\": {}}')"), 'applied', '... once';
};

subtest 'all or nothing' => sub {
    my $uuid = asked('B');
    answered('B', $uuid, { apps => { ('x' x 257) => 1, two => 1 } },
        { attributes => { Name => 'n' } });
    like result($uuid), qr/^ACKNOWLEDGED the database refused an effect/,
        'a key that is too long fails all effects';
    is items('B'), 'one={"v": 3}', '... items';
    is sql(q{SELECT count(*) FROM mdm.attribute WHERE name = 'Name'}), 0, '... and others';
};

subtest 'bounds' => sub {
    for my $turn (1 .. 3) {
        told('B', { map { ("turn-$turn-$_" => 1) } 1 .. 9000 });
    }
    is sql(q{SELECT count(*) FROM mdm.inventory_item WHERE key LIKE 'turn-%'}), 20000,
        'what is gone stays up to 20000 items';
    is list('B', 'items'), 9000, '... besides those that are there';
    is sql(q{SELECT count(*) FROM mdm.inventory_item WHERE key LIKE 'turn-3-%'}), 9000,
        '... all of them';

    sql(q{UPDATE mdm.inventory_item SET gone_at = now() - interval '31 days'
           WHERE key LIKE 'turn-2-%'});
    1 while $role{job}->run('SELECT mdm_r2.sweep(5000)') > 0;
    is sql(q{SELECT count(*) FROM mdm.inventory_item WHERE key LIKE 'turn-2-%'}), 0,
        'after 30 days they go';
    is list('B', 'items'), 9000, '... and no other';
    is sql('SELECT count(*) FROM mdm_r2.check()'), 0, 'all tables agree'
        or diag sql('SELECT * FROM mdm_r2.check()');
};

subtest 'the end of an enrolment' => sub {
    enrol('A', "sha256('another')");
    is items('A'), '', 'a device that enrols anew has no lists';
    is list('A', 'count(*)'), 0, '... not even their names';
    $role{device}->run("SELECT mdm_r2.check_out(1, 'B', sha256('B'), false, NULL, NULL)");
    is sql('SELECT count(*) FROM mdm.inventory_item'), 0, 'nor has one that checked out';
};

subtest 'attributes that are as they were' => sub {
    my $row = sub { sql(q{SELECT string_agg(name || ctid || xmin || xmax, ' ' ORDER BY name)
                            FROM mdm.attribute}) };
    my $say = sub { answered('C', asked('C'), {}, { attributes => $_[0] }) };
    my %all = (Text => 'a', Number => 1.5, Truth => JSON::PP::true,
               Time => { time => '2026-05-04T08:15:00Z' });
    $say->(\%all);
    my $before = $row->();
    $say->(\%all);
    is $row->(), $before, 'are not written again';
    $say->({ %all, Text => 'b' });
    isnt $row->(), $before, '... unlike one that differs';
    $say->({ %all, Number => '1.5' });
    is sql(q{SELECT value_text FROM mdm.attribute WHERE name = 'Number'}), '1.5',
        '... be it in its type alone';
};

subtest 'the same answer again, but not upon the same list' => sub {
    my %whole = (one => { v => 1 }, two => { v => 1 });

    told('C', \%whole);
    told('C', { three => { v => 1 }, two => { v => 2 } }, part => 1);
    is items('C'), 'one={"v": 1}, three={"v": 1}, two={"v": 2}', 'a part was between them';
    told('C', \%whole);
    is items('C'), 'one={"v": 1}, three gone, two={"v": 1}', '... and is undone';

    my $late = asked('C');
    closed($late);
    told('C', { one => { v => 3 } }, part => 1);
    answered('C', $late, { apps => { %whole, four => { v => 1 } } });
    is items('C'), 'four={"v": 1}, one={"v": 3}, three gone, two={"v": 1}',
        'what is older than a part adds';
    told('C', \%whole);
    is items('C'), 'four gone, one={"v": 1}, three gone, two={"v": 1}', '... until it is told anew';
    my $rows = rows('C');
    told('C', \%whole);
    is rows('C'), $rows, '... and then nothing is written';
};

done_testing;
