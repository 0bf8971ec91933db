# A database that holds wishes and push certificates from before pushes were sent: what
# they need is there once it is migrated.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use File::Path qw(make_path);
use Test::More;
use MDM::Test;

my $pg = MDM::Test::Postgres->start;
my $sql = test_dir() . '/sql';
my $tree = tree() . '/sql';

sub migrate {
    my ($exit, $text) = mdmctl('--database', $pg->conninfo, 'migrate', @_);

    is $exit, 0, 'it is migrated' or diag $text;
    return $text;
}


# The tables as they were, without functions.

make_path("$sql/migrations", "$sql/functions");
spew("$sql/$_", slurp("$tree/$_")) for 'roles.sql',
    grep { m{/00(\d\d)_} && $1 < 22 } map { substr $_, 1 + length $tree }
    glob "$tree/migrations/*.sql";
spew("$sql/functions/none.sql", "SELECT 1;\n");
spew("$sql/grants.sql", "SELECT 1;\n");
migrate('--sql', $sql);

$pg->psql(q{
INSERT INTO mdm.tenant (tenant_id, name) OVERRIDING SYSTEM VALUE
VALUES (1, 'acme'), (2, 'beta');
INSERT INTO mdm.push_certificate (tenant_id, topic, certificate, private_key, not_before,
    not_after, subject, issuer, serial, fingerprint)
SELECT i, 'topic-' || i, '', '', now(), now() + interval '1 year', 's', 'i', '1', ''
  FROM generate_series(1, 2) i;
INSERT INTO mdm.enrollment (tenant_id, device_id, channel, state, generation, certificate,
                            topic, push_token, push_magic, token_at, enrolled_at)
SELECT 1 + i % 2, 'D' || i, 'device', 'live', 1, sha256(int4send(i)),
       CASE WHEN i < 4 THEN 'topic-' || 1 + i % 2 END, '\x00', 'magic', now(), now()
  FROM generate_series(1, 4) i;
INSERT INTO mdm.push (tenant_id, enrollment_id, wanted_at, due_at)
SELECT tenant_id, enrollment_id, now(), now() FROM mdm.enrollment});

like migrate(), qr/0022_push_topic/, '... for pushes, too';

is $pg->psql(q{SELECT string_agg(e.device_id || '=' || p.topic, ' ' ORDER BY e.device_id)
    FROM mdm.push p JOIN mdm.enrollment e USING (tenant_id, enrollment_id)}),
    'D1=topic-2 D2=topic-1 D3=topic-2 D4=', 'wishes have the topics of their enrolments';
is $pg->psql(q{SELECT string_agg(tenant_id || '/' || topic, ' ' ORDER BY tenant_id)
    FROM mdm.push_topic}), '1/topic-1 2/topic-2', 'each certificate has a topic to be pushed';
is $pg->psql(q{SELECT string_agg(relname, ' ') FROM pg_class
    WHERE relrowsecurity AND NOT relforcerowsecurity}), '',
    'the owner of the tables sees no tenant unasked any more';
is $pg->session(role => 'mdm_job')->run(q{SELECT tenant_id, topic
    FROM mdm_r2.push_lease('one', 15, NULL, 10) ORDER BY 1}), "1|topic-1\n2|topic-2",
    'they are there to be pushed';
is $pg->psql(q{SELECT count(*) FROM mdm_r2.check() c WHERE c::text LIKE '%push%'}), '0',
    'the tables agree with each other';

done_testing;
