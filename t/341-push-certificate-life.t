# The life of a push certificate: an event at each bound before its end, once, and one
# when it has ended; another certificate begins anew. Requests that nobody used go.
# Time passes because the test moves it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg = MDM::Test::Postgres->start(migrate => 1);
$pg->tenant($_, host => "$_.example") for qw(anna bert);

my $job = $pg->session(role => 'mdm_job');
my $super = $pg->session;

sub sweep { return $job->run("SELECT count(*) FROM mdm_r2.push_certificate_watch($_[0])") }

sub certificate {
    my ($tenant, $topic, $days, $account) = @_;

    $super->run("INSERT INTO mdm.push_certificate (tenant_id, topic, certificate, private_key,
            not_before, not_after, subject, issuer, serial, fingerprint, apple_account)
        VALUES ($tenant, '$topic', '', '', now() - interval '1 year',
            now() + interval '$days', 's', 'i', '01', ''," . ($account ? "'$account'" : 'NULL')
            . ')');
}


sub ends_in {
    my ($topic, $when) = @_;

    $super->run("UPDATE mdm.push_certificate SET not_after = now() + interval '$when'
                  WHERE topic = '$topic'");
}


# Those since the last time, of this topic.

my $seen = 0;

sub events {
    my @rows = split /\n/, $super->run("SELECT event_id, tenant_id || ' '
            || replace(type, 'push_certificate_', '') || ' ' || (data ->> 'topic')
            || coalesce(' ' || (data ->> 'days_left'), '')
            || coalesce(' ' || (data ->> 'apple_account'), '')
        FROM mdm.event WHERE event_id > $seen AND type LIKE 'push_certificate_exp%'
       ORDER BY event_id");

    ($seen) = $rows[-1] =~ /^(\d+)/ if @rows;

    return join ', ', map { s/^\d+\|//r } @rows;
}


certificate(1, 'far', '46 days');
is sweep(100), 0, 'a certificate that ends in 46 days needs no word';
is events(), '', '... and gets none';

# Each bound, and none twice.

for my $step ([ '44 days 20 hours', 44 ], [ '29 days 1 hour', 29 ], [ '13 days 23 hours', 13 ],
    [ '6 days 1 minute', 6 ], [ '23 hours', 0 ])
{
    my ($when, $days) = @$step;

    ends_in('far', $when);
    is sweep(100), 1, "$when before its end there is something to do";
    is events(), "1 expiring far $days", '... an event';
    is sweep(100), 0, '... once';
    ends_in('far', "$when - 1 minute");
    is sweep(100), 0, '... and not again at the same bound';
    is events(), '', '... for which nobody asked';
}

ends_in('far', '-1 second');
is sweep(100), 1, 'when it has ended there is something to do';
is events(), '1 expired far', '... another event';
is sweep(100), 0, '... once';
ends_in('far', '-30 days');
is sweep(100), 0, '... and for good';
is events(), '', '... without another word';

# Another certificate.

$pg->psql("SELECT mdm_r2.push_certificate_store(1, 'joe', '', 'far', '', '', 0,
    extract(epoch FROM now() + interval '10 days' - interval '1 minute')::bigint, 's', 'i', '02', sha256('x'))",
    role => 'mdm_api');
is sweep(100), 1, 'a certificate with ten days left is told of at once';
is events(), '1 expiring far 9', '... by the nearest bound alone';

# Whose it is, in each tenant, however many.

certificate(2, 'theirs', '20 days', 'boss@example.com');
certificate(2, "of-$_", '-1 day') for 1 .. 5;
is sweep(2), 2, 'at most as many as are asked for';
is sweep(100), 4, '... and then the rest';
is join(', ', sort split /, /, events()), join(', ', (map { "2 expired of-$_" } 1 .. 5),
    '2 expiring theirs 19 boss@example.com'), '... each in its tenant, with its account';

# Who holds a row is not waited for.

ends_in('theirs', '2 days');
my $holder = $pg->session;
$holder->run("BEGIN; SELECT FROM mdm.push_certificate WHERE topic = 'theirs' FOR UPDATE");
is sweep(100), 0, 'a certificate that is being stored is left';
$holder->run('COMMIT');
is sweep(100), 1, '... for the next round';
is events(), '2 expiring theirs 1 boss@example.com', '... which tells of it';

# Sealed keys stay behind their tenant, also while it looks.

is $job->run('SELECT count(*) FROM mdm.push_certificate'), 0, 'the job sees none by itself';
is $job->run("SELECT current_setting('mdm.measure', true)"), '', '... nor afterwards';

# Requests.

$super->run("INSERT INTO mdm.push_request (tenant_id, public_key, private_key, request, subject,
        actor, created_at)
    SELECT t, sha256((t || ' ' || d)::bytea), '', '', d::text, 'a', now() - d * interval '1 day'
      FROM generate_series(1, 2) t, unnest('{0,89,91,400}'::integer[]) d");
sweep(100);
is $super->run("SELECT string_agg(tenant_id || ' ' || subject, ', ' ORDER BY tenant_id,
    subject) FROM mdm.push_request"), '1 0, 1 89, 2 0, 2 89',
    'requests that waited for 90 days go, and no others';

# The plan over all tenants: by the index.

$super->run("INSERT INTO mdm.push_certificate (tenant_id, topic, certificate, private_key,
        not_before, not_after, subject, issuer, serial, fingerprint)
    SELECT 1, 'many-' || i, '', '', now(), now() + interval '300 days', 's', 'i', '01', ''
      FROM generate_series(1, 20000) i; ANALYZE mdm.push_certificate");
like $super->run("EXPLAIN SELECT c.tenant_id, c.topic FROM mdm.push_certificate c
     WHERE c.not_after <= now() + interval '45 days'
       AND coalesce(c.warned_days, 100) > mdm_r2.push_certificate_bound(c.not_after)
     ORDER BY c.not_after LIMIT 100"), qr/Index Scan using push_certificate_expires/,
    'among 20000 certificates those that end soon are found by their index';

done_testing;
