# Who pushes a topic: one owner at a time, also after one has died; topics of two
# tenants that are called alike never meet; and a certificate that has expired.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Wishes;

my $w = MDM::Test::Wishes->new;

sub renew {
    my (%o) = @_;

    return $w->{job}->run(sprintf "SELECT n, held, version, stopped, expired
        FROM mdm_r2.push_renew('%s', 15, '{%s}', '{%s}', '{%s}', '{%s}', '{%s}')",
        $o{owner} // 'one', $o{tenants} // 1, $o{topics} // 'topic', $o{connections} // 1,
        $o{errors} // '""', $o{retries} // join ',', (0) x split /,/, $o{topics} // 'topic');
}

sub column { return $w->sql("SELECT $_[0] FROM mdm.push_topic WHERE tenant_id = 1
    AND topic = 'topic'") }


subtest 'a lease' => sub {
    my $d = $w->device;

    $w->enqueue('one', $d);
    is $w->lease, '1/topic', 'it is taken';
    is $w->lease(owner => 'two'), '', '... and nobody else gets it';
    is $w->lease(owner => 'two', tenant => 1), '1/topic=one', '... but hears who has it';
    $w->later('10 seconds');
    is renew(connections => 3), '1|t|1|f|f', 'its owner keeps it';
    is column('connections'), 3, '... and tells of its connections';
    $w->later('14 seconds');
    is $w->lease(owner => 'two'), '', '... 15 seconds from then';
    is $w->claim, $d, 'he claims';
    $w->later('2 seconds');
    is $w->claim(owner => 'two'), 'lost', 'while nobody else has taken it';
    is renew(), '1|t|1|f|f', '... it is still his';
};


subtest 'a dead owner' => sub {
    $w->later('16 seconds');
    is $w->lease(owner => 'two'), '1/topic', 'another takes it over after 15 seconds';
    is $w->claim, 'lost', 'the former one has lost it';
    is renew(), '1|f||f|t', '... as he hears';
    is $w->claim(owner => 'two'), 'D1', 'what he had in hand is pushed again';
    is $w->record(D1 => 'accepted'), 'ok', 'what he still hears is recorded';
    is $w->due('D1'), 30, '... and counts';
    $w->{job}->run("SELECT mdm_r2.push_release('one', '{1}', '{topic}')");
    is column('owner'), 'two', 'he can not give back what he has not';

    $w->later('30 seconds');
    is $w->lease, '1/topic', 'an idle topic is taken over, too';
    is $w->claim, 'D1', '... when it is time';
    $w->{job}->run("SELECT mdm_r2.push_release('one', '{1,1}', '{topic,none}')");
    is column("owner || until"), '-infinity', 'he gives it back';
    is $w->due('D1'), 0, '... with what he had in hand';
    is $w->lease, '1/topic', '... and may take it again';
    $w->claim;
    $w->later('16 seconds');
    is $w->lease, '1/topic', 'one of the same name may be another process';
    is $w->due('D1'), 0, '... so what it had in hand is due';
    $w->claim;
    $w->later('2 hours');
    renew();
    is $w->due('D1'), 0, 'a wish that its owner forgot is found';
};


subtest 'a claim that outlives its worker' => sub {
    for my $give ("push_release('one', '{1}', '{topic}')", "push_leave('one')") {
        my ($name) = $give =~ /^(\w+)/;
        my $late = $w->{pg}->session(role => 'mdm_job');

        $w->sql(q{UPDATE mdm.push SET due_at = now(), claimed_at = NULL;
            UPDATE mdm.push_topic SET owner = 'one', until = now() + interval '15 seconds'});
        like $late->run("BEGIN; SELECT count(*) FROM mdm_r2.push_claim('one', 1, 'topic', 500)"),
            qr/2/, 'it has not committed';
        $w->{job}->send("SELECT mdm_r2.$give");
        select undef, undef, undef, 0.2;
        $late->run('COMMIT');
        unlike $w->{job}->finish, qr/ERROR/, "$name() waits for it";
        is column('owner') . $w->due('D1'), 0, '... and what it claimed is due';
    }
    is $w->lease, '1/topic', 'so it is pushed';
};


subtest 'no way to Apple' => sub {
    $w->sql('DELETE FROM mdm.event');
    renew(errors => '"no route"');
    is column('error') . (column('failing_since') ? ' since' : ''), 'no route since',
        'it is told why';
    is $w->sql('SELECT count(*) FROM mdm.event'), 0, '... and for a minute nobody is alarmed';
    $w->later('61 seconds');
    renew(errors => '"no route"') for 1 .. 2;
    is $w->sql(q{SELECT string_agg(type || ' ' || (data ->> 'error'), ' ') FROM mdm.event}),
        'push_topic_failing no route', '... then once';
    renew() for 1 .. 2;
    is $w->sql(q{SELECT string_agg(type, ' ' ORDER BY event_id) FROM mdm.event}),
        'push_topic_failing push_topic_working', '... as is the end';
    is column('error') . column('failing_since'), '', '... and no reason is left';
};


subtest 'a certificate that expires' => sub {
    $w->sql(q{UPDATE mdm.push SET due_at = now(), claimed_at = NULL;
        UPDATE mdm.push_certificate SET not_after = now() - interval '1 second'});
    is $w->claim, 'expired', 'nothing is pushed with it';
    is renew(), '1|t|1|f|t', '... as its owner hears';
    $w->{job}->run("SELECT mdm_r2.push_release('one', '{1}', '{topic}')");
    is $w->lease . $w->lease(tenant => 1), '', 'nobody takes the topic';
    $w->sql(q{UPDATE mdm.push_certificate SET not_after = now() + interval '1 year',
        version = 2});
    is $w->lease, '1/topic', 'a renewed one is seen by itself';
    is $w->{job}->run(q{SELECT * FROM mdm_r2.push_open(1, 'topic')}), '2|\x646572|\x7365616c6564|f',
        '... and is opened';
    is $w->{job}->run(q{SELECT version FROM mdm_r2.push_claim('one', 1, 'topic', 1) WHERE n = 0}),
        2, '... when its version is another';
};


subtest 'two tenants' => sub {
    my ($one, $two) = ($w->device, 'D9');

    $w->sql("SELECT mdm_r2.tenant_add('other', '{}', '')");
    $w->enqueue('mine', $one);
    $w->{tenant} = 2;
    $w->certificate;
    $w->device(device => $two);
    $w->enqueue('theirs', $two);
    is $w->claim, 'lost', 'who has a topic of one has none of the other';
    is $w->lease(owner => 'two'), '2/topic', 'each has an owner of its own';
    is $w->claim(owner => 'two'), $two, '... and its own pushes';
    $w->record($two => 'accepted');
    $w->{tenant} = 1;
    $w->claim;
    is $w->record($two => 'dead'), 'ok', 'a record of one';
    is $w->sql('SELECT count(*) FROM mdm.push_stop'), 0, '... reaches nobody of the other';
    $w->record($one => [ 'misconfigured', 'BadCertificate' ]);
    $w->{tenant} = 2;
    $w->later('30 seconds');
    is $w->lease(owner => 'two'), '2/topic', 'what stops one';
    is $w->claim(owner => 'two'), $two, '... does not stop the other';
    is renew(owner => 'two', tenants => '2,1', topics => 'topic,topic', connections => '1,2',
        errors => '"",""'), "2|f||f|t\n1|t|1|f|f", 'leases of several are renewed together';
    is $w->{api}->run(q{SELECT * FROM mdm_r2.push_resume(2, 'joe', '', 'topic', '{D1,D2}',
        '{"",""}')}), 'ok|0', 'nobody resumes devices of another';
};


subtest 'many topics' => sub {
    $w->sql(q{INSERT INTO mdm.push_certificate (tenant_id, topic, certificate, private_key,
            not_before, not_after, subject, issuer, serial, fingerprint)
        SELECT 2, 'many-' || i, '', '', now(), now() + interval '1 day', 's', 'i', '1', ''
          FROM generate_series(1, 50) i;
        INSERT INTO mdm.push_topic (tenant_id, topic)
        SELECT tenant_id, topic FROM mdm.push_certificate WHERE topic ~ 'many';
        INSERT INTO mdm.enrollment (tenant_id, device_id, channel, state, topic)
        SELECT tenant_id, topic, 'device', 'closed', topic FROM mdm.push_topic
         WHERE topic ~ 'many';
        INSERT INTO mdm.push (tenant_id, enrollment_id, topic, wanted_at, due_at)
        SELECT tenant_id, enrollment_id, topic, now(), now() FROM mdm.enrollment
         WHERE topic ~ 'many'});
    is scalar(my @a = split / /, $w->lease(limit => 20)), 20, 'an owner takes so many';
    is scalar(my @b = split / /, $w->lease(owner => 'two', limit => 100)), 30,
        '... another the rest';
    is $w->lease(owner => 'three'), '', '... and a third none';
    is $w->{job}->run(q{SELECT count(*), max(next_ms) FROM mdm_r2.push_claim('two', 2, '}
        . ($b[0] =~ s/2\///r) . q{', 500)}), '1|', 'who is no more is not pushed';
    is $w->sql(q{SELECT count(*) FROM mdm.push WHERE topic = '} . ($b[0] =~ s/2\///r) . q{'}), 0,
        '... and nobody wishes it any longer';

    my $holder = $w->{pg}->session(role => 'mdm_job');
    $holder->run("BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('mdm.push_lease', 0))");
    $w->{job}->run("SELECT mdm_r2.push_release('one', array_fill(2::bigint, '{20}'), '{"
        . join(',', map { s/2\///r } @a) . "}')");
    is $w->lease, '', 'one at a time looks through all';
    is scalar(my @c = split / /, $w->lease(tenant => 2)), 20 + 29,
        '... and any of his own tenant';
    $holder->run('COMMIT');
};


is $w->sql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';

done_testing;
