# What changes while a push is under way: commands that come, are withdrawn or
# fetched, enrolments that end, other topics, another owner. And many who ask at
# once, with devices that come at the same time: each is pushed, nobody waits for
# each other in PostgreSQL.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use POSIX ();
use Test::More;
use MDM::Test;
use MDM::Test::APNs::Scripted;
use MDM::Test::Pushing;

my $apns = MDM::Test::APNs::Scripted->start;
my $p = MDM::Test::Pushing->start(apns => $apns, workers => 2,
    tenants => { acme => 300, other => 1 });
my $acme = $p->tenant('acme');
my %id = map { @$_ } $p->pg->query('SELECT device_id, enrollment_id FROM mdm.enrollment');


sub got { my %got = $apns->tokens('got'); return $got{ $acme->token($_[0]) } // 0 }


sub sql {
    my ($n, $select) = @_;

    return $p->pg->psql($select =~ s/ID/$id{"acme-$n"}/gr);
}

$apns->tell('hold');
$p->queue(acme => 1 .. 6, 8);
ok wait_for(4, sub { 7 == grep { got($_) } 1 .. 8 }), 'pushes are under way';

# Meanwhile ...

$p->queue(acme => 1);
$acme->expect(200, DELETE => '/v1/enrollments/acme-2/queue');
$acme->expect(200, DELETE => '/v1/enrollments/acme-3');
sql(4, "UPDATE mdm.enrollment SET topic = 'com.apple.mgmt.External.none'
    WHERE enrollment_id = ID");
sql(5, "UPDATE mdm.enrollment SET push_token = null WHERE enrollment_id = ID");
sql(6, "UPDATE mdm.queue SET state = 'PUSH', delivered_count = 1 WHERE enrollment_id = ID");
sql(8, "UPDATE mdm.push SET due_at = now(), claimed_at = null WHERE enrollment_id = ID");

$apns->tell('release');
ok $p->holds(q{NOT EXISTS (SELECT FROM mdm.push WHERE claimed_at IS NOT NULL)}),
    'what was under way is recorded';
is sql(1, 'SELECT count(sent_at) || count(*)::text FROM mdm.queue WHERE enrollment_id = ID'),
    '22', 'a command that came meanwhile is SENT, too';
is got(1), 1, '... with the same push';
$p->pass(acme => '31 s');
ok $p->holds(qq{NOT EXISTS (SELECT FROM mdm.push WHERE enrollment_id IN
    ($id{'acme-2'}, $id{'acme-3'}))}), 'who has nothing to do any more has no wish';
is got(2) . got(3), '11', '... and is not pushed again';
is got(4) . got(5), '11', 'nor who has another topic, or no token';
ok wait_for(4, sub { got(6) == 2 }), 'what was delivered and not answered is pushed again';
is sql(6, "SELECT state FROM mdm.queue WHERE enrollment_id = ID"), 'PUSH', '... as it is';
cmp_ok got(8), '<=', 3, 'a wish that somebody changed is recorded all the same';

# Another owner, while pushes are under way: what the first one was told is kept.

$apns->tell('hold');
$p->queue(acme => 10 .. 40);
wait_for(4, sub { 31 == grep { got($_) } 10 .. 40 });
$p->pg->psql("UPDATE mdm.push_topic SET owner = 'nobody/1', until = now() + interval '3 s'
    WHERE topic LIKE '%acme'");
$apns->tell('release');
ok $p->sent, 'who lost the lease records what it was told';
is scalar(grep { got($_) > 2 } 10 .. 40), 0, '... and at most once more it is pushed';

# A topic that is stopped while a push is under way, which the server then leaves to
# another connection: there may never be one, and the lease does not wait for it.

sub lost {
    my ($n) = MDM::Test::Client->new(port => $p->nginx->port)->request(GET => '/metrics')->{body}
        =~ /^mdm_push_leases_total\{.*event="lost"\} (\d+)/m;
    return $n;
}

$apns->tell('hold');
my ($before, $lost) = (got(9), lost());
$p->queue(acme => 9);
wait_for(4, sub { got(9) > $before });
$apns->tell('late 1');
$p->pg->psql("UPDATE mdm.push_topic SET stopped_at = now() WHERE topic LIKE '%acme'");
$p->queue(acme => 7);
ok wait_for(7, sub { lost() > $lost }), 'a topic is stopped while a push is under way';
$apns->tell('goaway 0');
ok $p->holds(q{NOT EXISTS (SELECT FROM mdm.push_topic WHERE topic LIKE '%acme'
    AND owner <> '')}, 4), 'what the server did not process does not keep the lease';
$p->pg->psql("UPDATE mdm.push_topic SET stopped_at = null WHERE topic LIKE '%acme'");
$apns->tell('late 0', 'release');
ok $p->sent, '... and is pushed by who comes then';

# Four ask at once for the same devices, all in another order, while these come and
# fetch, by the same functions that their requests call.

my @children = map {
    my $n = $_;
    my $pid = fork // die;

    if ($pid == 0) {
        srand $n;
        delete $acme->{client}{socket};
        for (1 .. 25) {
            my %chosen = map { (41 + int rand 260 => 1) } 1 .. 40;
            $acme->queue(keys %chosen);
        }
        POSIX::_exit(0);
    }

    $pid;
} 1 .. 4;

my $failed = 0;
for (@children) { waitpid $_, 0; $failed ||= $? }

is $failed, 0, 'many who ask at once are all answered';
ok $p->sent(10), '... and all is SENT';
unlike $p->pg->log, qr/deadlock/, 'nobody waited for each other';
$p->verdict(again => 2);

done_testing;
