# Events are read in the order of commits, whatever their numbers say: none is
# lost, none comes twice, and a page is cut where its reader goes on.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $super = $pg->session;
my $api = $pg->session(role => 'mdm_api');

sub sql { return $super->run($_[0]) }

sql(q{SELECT mdm_r2.tenant_add('acme', '{}', ''), mdm_r2.tenant_add('beta', '{}', '')});


# A statement that writes an event; its time may be moved.

sub event {
    my ($name, %o) = @_;

    return sprintf "INSERT INTO mdm.event (tenant_id, type, data, at) VALUES (%d, '%s',
        '{\"device_id\": \"%s\", \"user_id\": \"%s\", \"name\": \"%s\"}', now() - %s)",
        $o{tenant} // 1, $o{type} // 'enrolled', $o{device} // 'D', $o{user} // '', $name,
        $o{age} ? "interval '$o{age}'" : "interval '0'";
}


# A page: the names, then where to go on and whether there is more.

sub page {
    my ($after, %o) = @_;

    my $quote = sub { defined $_[0] ? "'$_[0]'" : 'NULL' };
    my @rows = map { [ split /\|/, $_, -1 ] } split /;/, $api->run(sprintf
        "SELECT string_agg(concat_ws('|', coalesce(data ->> 'name', ''),
                                     replace(cursor, chr(10), ','), more), ';' ORDER BY n)
           FROM mdm_r2.events(%d, replace('%s', ',', chr(10)), %d, %s, %s, %s)
                WITH ORDINALITY AS e (cursor, type, enrollment, at, data, more, n)",
        $o{tenant} // 1, $after, $o{limit} // 100, $quote->($o{types}),
        $quote->($o{device}), $quote->($o{user}));

    my $last = pop @rows;
    return (join(' ', map { $_->[0] } @rows), @$last[1, 2], map { $_->[1] } @rows);
}

my ($first, $second) = map { $pg->session } 1 .. 2;
my ($names, $next, $more);

is_deeply [ (page(''))[0, 2] ], [ '', 'f' ], 'at first there is none';

subtest 'two transactions end in the other order than their numbers' => sub {
    $first->run('BEGIN');
    $first->run(event('a'));
    $second->run('BEGIN');
    $second->run(event('b'));
    $second->run('COMMIT');

    cmp_ok sql(q{SELECT event_id FROM mdm.event}), '>', 1, 'the later number is there';
    ($names, $next) = page('');
    is $names, '', 'it waits for the earlier one';
    is((page($next))[0], '', '... also behind a cursor');

    $first->run('COMMIT');
    ($names, $next) = page($next);
    is $names, 'a b', 'then both come, nothing is lost';
    is((page($next))[0], '', '... once');
};

subtest 'a transaction takes its place by its first write, not its number' => sub {
    $first->run("BEGIN; SELECT pg_current_xact_id()");
    $second->run(event('c'));
    $first->run(event('d'));
    is((page($next))[0], '', 'a long transaction holds readers back');
    is sql('SELECT count(*) FROM mdm.event'), 3, '... though an event is committed';
    $first->run('COMMIT');
    ($names, $next) = page($next);
    is $names, 'd c', '... and when it ends all is there';

    $first->run('BEGIN');
    $first->run(event('never'));
    $second->run(event('e'));
    is((page($next))[0], '', 'one that will be rolled back holds them back, too');
    $first->run('ROLLBACK');
    ($names, $next) = page($next);
    is $names, 'e', '... and leaves no gap that is waited for';
};

subtest 'a reader who saw the end misses nothing that was open then' => sub {
    $first->run('BEGIN');
    $first->run(event('f'));
    $second->run(event('g'));
    my (undef, $end) = page($next);
    my (undef, $now) = page('now');
    $first->run('COMMIT');
    is((page($end))[0], 'f g', 'behind the end of an empty page');
    is((page($now))[0], 'f g', 'behind "now"');
    (undef, $now) = page('now');
    is((page($now))[0], '', '"now" is behind all that was committed');
    sql(event('h'));
    is((page($now))[0], 'h', '... and before what comes');
};

subtest 'pages' => sub {
    my @all = split / /, (page(''))[0];
    is "@all", 'a b d c e f g h', 'all events, in the order of commits';

    for my $limit (1 .. 9) {
        my ($after, $rest, @seen) = ('', 't');
        for (1 .. 10) {
            ($names, $after, $rest) = page($after, limit => $limit);
            push @seen, split / /, $names;
            last if $rest eq 'f';
        }
        is "@seen", "@all", "in pages of $limit each comes once";
    }

    my (undef, $end, undef, @cursors) = page('');
    is join(' ', map { (page($_, limit => 1))[0] || '-' } @cursors),
        "@all[1 .. 7] -", 'each event is a place to go on from';
};

subtest 'filters' => sub {
    sql(event("u$_", type => 'token_updated', device => 'E', user => "U$_")) for 1 .. 3;
    is((page('', types => '{token_updated}'))[0], 'u1 u2 u3', 'by type');
    is((page('', types => '{token_updated,enrolled}'))[0] =~ tr/ //, 10, '... or types');
    is((page('', device => 'E', user => 'U2'))[0], 'u2', 'by enrolment');
    is((page('', types => '{enrolled}', device => 'E', user => 'U2'))[0], '', '... and both');
    is((page('', tenant => 2))[0], '', 'another tenant has none');

    sql(q{INSERT INTO mdm.event (tenant_id, type, data)
          SELECT 2, 'enrolled', '{"device_id": "D", "user_id": ""}'
            FROM generate_series(1, 12000)});
    sql(event('rare', tenant => 2, type => 'checked_out'));
    my ($after, $calls, $found) = ('', 0, '');
    do {
        ($found, $after, $more) = page($after, tenant => 2, types => '{checked_out}');
        $calls++;
    } while ($more eq 't' && $found eq '' && $calls < 10);
    is "$found $calls", 'rare 3', 'a rare one is found in steps of 5000';
};

subtest 'time' => sub {
    sql(event('tomorrow', age => '-20 hours'));
    my ($end) = (page(''))[-1];
    sql(event('today'));
    is((page($end))[0], 'today', 'a transaction may have begun before the last event');
    my ($xid, $id) = split /,/, $end;
    is((page("$xid,$id,999999999999999999"))[0], '', 'a time to come shows nothing');
    cmp_ok((split /,/, (page('999999999999999999,999999999999999999,0'))[1])[0], '<=',
        sql('SELECT pg_current_xact_id()'), 'a place to come becomes the end');
};

done_testing;
