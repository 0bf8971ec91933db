# Pushes for people: asking for one, what became of it, the topics of a tenant, and
# letting go on what was stopped.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Wishes;

my $w = MDM::Test::Wishes->new;


# Asks, and returns the "at" for results().

sub ask {
    my (@devices) = @_;

    my @rows = split /\n/, $w->{api}->run("SELECT n, outcome, at
        FROM mdm_r2.push_ask(1, 'joe', '', " . MDM::Test::Wishes::ids(@devices) . ')');
    $w->{outcomes} = join ' ', map { (split /\|/)[1] } @rows;
    return (split /\|/, $rows[0])[2];
}

sub results {
    my ($at, @devices) = @_;

    return join ' ', split /\n/, $w->{api}->run("SELECT state || coalesce('=' || apns_id, '')
        || coalesce(': ' || error, '') || coalesce(', ' || round(retry_ms, -3), '')
        FROM mdm_r2.push_results(1, "
        . MDM::Test::Wishes::ids(@devices) . ", '$at')");
}

sub topic { return $w->{api}->run("SELECT item ->> '$_[0]' FROM mdm_r2.push_topics(1, '', 9)
    WHERE item ->> 'topic' = 'topic'") }

sub resume {
    return $w->{api}->run("SELECT * FROM mdm_r2.push_resume(1, 'joe', '', '"
        . ($_[0] // 'topic') . "', " . ($_[1] ? MDM::Test::Wishes::ids(@_[1 .. $#_])
        : 'NULL, NULL') . ')');
}


subtest 'asking for a push' => sub {
    my ($d, $e) = ($w->device, $w->device);

    is topic('state'), 'ready', 'a topic is ready';
    my $at = ask($d, 'nobody', $e);

    is $w->{outcomes}, 'ok ok unknown ok', 'each target is told of';
    is results($at, $d, 'nobody'), 'waiting failed: it is not enrolled', 'both wait';
    is topic('state'), 'no_worker', '... until a push is due that nobody looks for';
    $w->lease;
    is topic('state'), 'pushing', 'then somebody has it';
    is $w->claim, "$d $e", 'they are pushed though nothing waits';
    is results($at, $d), 'waiting', 'nobody has answered yet';
    $w->record($d => 'accepted', $e => [ 'throttled', 'TooManyRequests' ]);
    is results($at, $d, $e), 'accepted=apns-1 failed: Apple answered TooManyRequests',
        'what Apple answered is told';
    cmp_ok $w->due($e), '>', 40, 'the other is tried again later';
    ask($e);
    is $w->claim, $e, '... or at once when somebody asks again';
    $w->record($e => 'accepted');
    $w->later('30 seconds');
    is $w->claim, '', 'it is done then';
    is $w->due($d), '-', '... and no wish is left';
    is results($at, $d), 'came', 'who has no wish needs none';
    is $w->sql(q{SELECT string_agg(detail::text, ' ' ORDER BY audit_id) FROM mdm.audit
        WHERE action = 'push'}), '{"pushed": 2, "targets": 3} {"pushed": 1, "targets": 1}',
        'the audit knows';
};


subtest 'a command that an accepted push serves, too' => sub {
    my $d = $w->device;
    my @at = map { $w->{api}->run("SELECT at FROM mdm_r2.enqueue(1, 'joe', '', 'c$_',
        'ProfileList', NULL, 'p', 'd', 'safe', false, false, false, 0, 0::smallint, 0,
        NULL, '{$d}', '{\"\"}', true)") . ($_ == 1 && $w->claim && '') . ($_ == 2
            && $w->record($d => 'accepted') && '') } 1 .. 3;

    is results($at[0], $d), 'accepted=apns-' . $w->{apns}, 'the first was pushed';
    is results($at[1], $d), 'accepted=apns-' . $w->{apns}, 'one that came meanwhile, too';
    is results($at[2], $d), 'accepted=apns-' . $w->{apns}, '... and one shortly after';
    is $w->sql(q{SELECT count(sent_at) FROM mdm.queue}), 3, 'all are SENT';
    is $w->claim, '', 'nothing more is pushed';
};


subtest 'stops, and their end' => sub {
    my @d = map { $w->device } 1 .. 3;

    my $at = ask(@d);
    $w->claim;
    $w->record(map { $_ => 'dead' } @d);
    is results($at, $d[0]), 'failed: Apple refused its push token: Unregistered',
        'who asked hears why';
    is topic('stopped_devices'), 3, 'they are counted';
    is topic('refused'), '{"Unregistered":3,"TooManyRequests":1}', 'and so are the reasons';
    like $w->{api}->run(q{SELECT item, cursor FROM mdm_r2.push_stops(1, 'topic', '', 2)
        WHERE n = 2}), qr/"id" : "$d[1]", "reason" : "Unregistered", "at" : "[^"]+Z"/,
        'they are listed';
    is $w->{api}->run(qq{SELECT count(*) FROM mdm_r2.push_stops(1, 'topic',
        (SELECT cursor FROM mdm_r2.push_stops(1, 'topic', '', 2) WHERE n = 2), 9)
        WHERE n > 0}), 1, '... page by page';
    is $w->{api}->run(q{SELECT outcome FROM mdm_r2.push_stops(1, 'none', '', 2)}), 'unknown',
        'a topic may be unknown';

    is resume('topic', $d[0], $d[0], 'nobody'), 'ok|1', 'one is resumed';
    is $w->claim, '', '... and looked at';
    is resume(), 'ok|2', 'all are';
    is topic('stopped_devices'), 0, '... and none is left';
    is resume('none'), 'unknown|0', 'an unknown topic is not';
};


subtest 'asking beside the ladder' => sub {
    my $d = $w->device;

    $w->enqueue('beside', $d);
    for my $time (1 .. 4) {
        is $w->claim, $d, 'it is pushed';
        $w->record($d => 'accepted');
        is $w->due($d), 30, "... and again half a minute later, the $time. time too";
        ask($d);
    }
    $w->sql('DELETE FROM mdm.push');
};


subtest 'why a topic is not pushed' => sub {
    my $d = $w->device;
    my $at = ask($d);

    $w->claim;
    is $w->record($d => [ 'misconfigured', 'BadCertificate' ]), 'stopped', 'it is stopped';
    is topic('state') . ' ' . topic('reason'), 'stopped BadCertificate', '... as is told';
    is results($at, $d), 'failed: Apple answered BadCertificate', '... to who asked';
    is resume(), 'ok|0', 'it is resumed';
    is $w->events('push_topic_resumed'), 'topic BadCertificate', '... which is an event';
    is $w->claim, $d, '... and goes on';
    $w->record($d => [ 'returned', '', 0 ]);

    $w->sql(q{UPDATE mdm.push_certificate SET not_after = now() - interval '1 day',
        apple_account = 'it@example.org'});
    is topic('state'), 'certificate_expired', 'the certificate has expired';
    like topic('next'), qr/Apple account it\@example\.org/, '... and who can renew it';
    is results(ask($d), $d), 'failed: the push certificate of its topic has expired',
        'who asks hears of it';
    $w->sql(q{UPDATE mdm.push_certificate SET not_after = now() + interval '9 days'});

    $w->{job}->run(q{SELECT mdm_r2.push_renew('one', 15, '{1}', '{topic}', '{0}',
        '{no route}', '{40000}')});
    is topic('state') . ' ' . topic('reason'), 'failing no route', 'no connection is made';
    is results(ask($d), $d), 'waiting: no route, 40000', '... which may end, and when';
    $w->{job}->run(q{SELECT count(*) FROM mdm_r2.push_lease('one', 15, 1, 9)});
    is topic('state'), 'failing', '... for its owner';
    $w->later('20 seconds');
    is results(ask($d), $d), 'waiting', '... which nobody knows whose owner is gone';
    $w->lease(owner => 'two');
    is topic('state'), 'pushing', 'of the next one it is not known yet';
    is results(ask($d), $d), 'waiting', '... and nobody is told';
    cmp_ok $w->sql(q{SELECT until - now() < interval '7 seconds' FROM mdm.lease
        WHERE name = 'push'}), 'eq', 't', 'that nobody pushes is known soon';
    $w->later('2 minutes');
    is topic('state'), 'no_worker', 'and nobody may push at all';
};


is $w->sql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';

done_testing;
