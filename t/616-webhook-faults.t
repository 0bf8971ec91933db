# Webhooks when things go wrong: receivers that are down, refuse, or answer one
# event with 500 for ever; reloads, killed workers, a database that goes away.
# Nothing is lost, and the order of each enrolment stays.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;

with_sanitizers();

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $receiver = MDM::Test::Receiver->start;
my $hurt = MDM::Test::Receiver->start;

$pg->tenant('acme', host => 'localhost');

my $conf = <<'CONF';
load_module %%MODULE%%;
worker_processes 2;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" connections=2;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_webhook http://127.0.0.1:%%HOOK%%/ format=event timeout=%%TIMEOUT%% %%NAME%%;
    server { listen 127.0.0.1:%%PORT%%; }
}
CONF

# The other receiver refuses for minutes, which need not be ours, and is left alone
# by what befalls the first one's server.

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => $conf,
    vars => { HOOK => $receiver->port, TIMEOUT => '3s', NAME => '' });
my $patient = MDM::Test::Nginx->start(pg => $pg, conf => $conf, hurry => 4,
    vars => { HOOK => $hurt->port, TIMEOUT => '20s', NAME => 'name=hurt' });

ok wait_for(60, sub { $pg->psql('SELECT count(*) FROM mdm.webhook') == 2 }),
    'the webhooks are known';

$pg->psql(q{INSERT INTO mdm.enrollment (tenant_id, device_id, channel, state,
        generation, certificate, topic, enrolled_at)
    SELECT tenant_id, 'D' || i, 'device', 'live', 1, sha256(i::text::bytea), 't', now()
      FROM mdm.tenant, generate_series(1, 20) i});

my $sent = 0;


# So many events, each of the next of the twenty enrolments.

sub happen {
    my ($n) = @_;

    my $from = $sent + 1;
    $sent += $n;

    $pg->psql(qq{
        INSERT INTO mdm.event (tenant_id, type, enrollment_id, data)
        SELECT tenant_id, 'thing', enrollment_id, jsonb_build_object('n', i)
          FROM generate_series($from, $sent) i
          JOIN mdm.enrollment e ON e.device_id = 'D' || (1 + i % 20)
         ORDER BY i});
}


sub numbers {
    my ($receiver, $status) = @_;

    return map { $_->{json}{data}{n} }
        grep { $_->{status} == ($status // 200) } $receiver->got;
}


sub distinct { my %n = map { $_ => 1 } @_; return scalar keys %n }


# Events of an enrolment must first have come in their order.

sub in_order {
    my (%seen, %last, @wrong);

    for my $n (@_) {
        next if $seen{$n}++;
        push @wrong, $n if $n < ($last{ $n % 20 } // 0);
        $last{ $n % 20 } = $n;
    }

    return !@wrong;
}


sub all_came { wait_for($_[0], sub { distinct(numbers($receiver)) == $sent }) }


# The events 7 to 9 of the other webhook stay bad for the rest of this test.

sub bad_events {
    $hurt->answer(default => 200, '"n":7}' => 500, '"n":8}' => 404, '"n":9}' => 302,
        '"n":10}' => '429 1');
    happen(60);

    ok all_came(60), 'sixty events come';
    ok in_order(numbers($receiver)), '... those of an enrolment in order';
    is scalar(my @n = numbers($receiver)), 60, '... each once';
    ok wait_for(60, sub { distinct(numbers($hurt)) >= 60 - 4 * 3 }),
        'a bad event holds back those of its enrolment, not the others';

    ok wait_for(60, sub { numbers($hurt, 429) >= 2 }), 'one that is put off is tried again';
    $hurt->answer(default => 200, '"n":7}' => 500, '"n":8}' => 404, '"n":9}' => 302);
    ok wait_for(60, sub { (grep { $_ == 10 } numbers($hurt)) }), '... until it is taken';
}


sub receiver_goes_down {
    $receiver->stop;
    happen(100);
    ok $nginx->wait_for_log(qr/webhook "default" fails and is tried again: .*connect/i, 60),
        'that a receiver is down is logged';
    ok wait_for(60, sub { $pg->psql("SELECT failing_since IS NOT NULL AND attempts > 0
        AND last_error <> '' FROM mdm.webhook WHERE name = 'default'") eq 't' }),
        '... and stored';
    happen(100);
    $receiver->start_again;
    ok all_came(60), 'when it is back it gets everything';
    ok in_order(numbers($receiver)), '... in order';
    is scalar(my @n = numbers($receiver)), $sent, '... once';
    ok $nginx->wait_for_log(qr/webhook "default" works again after \d+ seconds/),
        '... and the log says so';
    ok wait_for(60, sub { $pg->psql("SELECT attempts = 0 AND failing_since IS NULL
        FROM mdm.webhook WHERE name = 'default'") eq 't' }), '... and the table';

    $receiver->answer(default => '503 2');
    happen(1);
    wait_for(60, sub { numbers($receiver, 503) >= 1 });
    $receiver->answer(default => 200);
    ok all_came(60), 'a busy receiver gets it, too';
    my ($busy) = grep { $_->{status} == 503 } $receiver->got;
    cmp_ok((($receiver->got)[-1]{at} - $busy->{at}), '>=', 1.9,
        '... no sooner than it asked for');
}


sub workers_come_and_go {
    $receiver->answer(default => 200, slow => 0.1);
    happen(200);
    wait_for(60, sub { numbers($receiver) > 5 + $sent - 200 });
    $nginx->reload;
    $receiver->answer(default => 200);
    ok all_came(60), 'a reload in the midst loses nothing';
    ok in_order(numbers($receiver)), '... keeps the order';
    is numbers($receiver) - $sent, 0, '... and doubles nothing';

    $receiver->answer(default => 200, slow => 0.1);
    my $before = numbers($receiver);
    happen(200);
    wait_for(60, sub { numbers($receiver) > $before + 20 });
    my ($owner) = $pg->psql("SELECT owner FROM mdm.lease
                              WHERE name = 'webhook:default'") =~ m{/(\d+)$};
    $nginx->expect(qr/process $owner exited on signal/);
    kill KILL => $owner;
    $pg->psql("UPDATE mdm.lease SET until = now() WHERE name = 'webhook:default'");
    $receiver->answer(default => 200);
    ok all_came(60), 'a killed worker loses nothing';
    ok in_order(numbers($receiver)), '... keeps the order';
    cmp_ok numbers($receiver) - $sent, '<=', 64, '... and doubles few';

    $pg->terminate_backends('mdm_job');
    happen(50);
    ok all_came(60), 'a lost connection to PostgreSQL loses nothing';
    ok in_order(numbers($receiver)), '... keeps the order';
}


# Events of a transaction that began early and ends late are not passed by.

sub late_commits {
    my $open = $pg->session;
    my $n = ++$sent;

    $open->run("BEGIN; INSERT INTO mdm.event (tenant_id, type, enrollment_id, data)
        SELECT tenant_id, 'late', enrollment_id, jsonb_build_object('n', $n)
          FROM mdm.enrollment WHERE device_id = 'D1'");
    happen(5);
    Time::HiRes::sleep(2.5);
    is scalar(grep { $_ >= $n } numbers($receiver)), 0,
        'behind an open transaction nothing is sent';
    $open->run('COMMIT');
    ok all_came(60), '... and after it everything';
}


sub set_aside {
    ok wait_for(60, sub { $pg->psql("SELECT count(*) FROM mdm.webhook_failure
        WHERE name = 'hurt'") == 3 }), 'what is refused again and again is set aside';
    is $pg->psql("SELECT string_agg(status || ' ' || error, ', ' ORDER BY status)
                    FROM mdm.webhook_failure WHERE name = 'hurt'"),
        '302 HTTP 302, 404 HTTP 404, 500 HTTP 500', '... with the answer';
    is scalar(my @n = grep { $_ == 8 } numbers($hurt, 404)), 5, '... after five times';
    is scalar(@n = grep { $_ == 9 } numbers($hurt, 302)), 5, '... also a redirect';
    is scalar(grep { $_->{path} ne '/' } $hurt->got), 0, '... which is not followed';
    is scalar(@n = grep { $_ == 7 } numbers($hurt, 500)), 20,
        '... and 500 after twenty times';
    ok wait_for(60, sub { distinct(numbers($hurt)) == $sent - 3 }),
        '... and all the others came';
}


bad_events();
receiver_goes_down();
workers_come_and_go();
late_commits();
set_aside();

done_testing;
