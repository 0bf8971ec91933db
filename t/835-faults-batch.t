# Poison in a batch, with a fleet in flight: what some channels say makes
# PostgreSQL fail. They alone hear 503, as long as it lasts, and lose nothing;
# the others are served meanwhile.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::Fleet;
use MDM::Test::Faults;
use MDM::Test::Metrics;

my $fleet = MDM::Test::Fleet->start(
    kinds => { iphone => 80, mac => 20, sharedipad => 10 });
my $pg = $fleet->pg;
my $faults = MDM::Test::Faults->new($fleet, seed => 835,
    kinds => [qw(poison_row poison_commit poison_delivery poison_slow)]);
my $client = MDM::Test::Client->new(ca => $fleet->{tls_ca},
    port => $fleet->nginx->tls_port);

sub bisections {
    return MDM::Test::Metrics->scrape($client)->sum('database_bisections_total');
}


my $before = bisections();

$fleet->begin;
ok wait_for(30, sub { $pg->psql('SELECT count(*) FROM mdm.result') > 100 }),
    'the fleet is at work';
$faults->storm(0, 0.1);
my $bisections = bisections() - $before;
$fleet->end;

$fleet->settle;
$fleet->verdict;

cmp_ok $bisections, '>', 0, "batches were cut in halves ($bisections)";


# Who heard 503, and when.

my %id = map { ("$_->[0]:$_->[1]" => $_->[2]) } $pg->query("
    SELECT device_id, coalesce(user_short_name, ''), enrollment_id FROM mdm.enrollment");
my @refused;

for (grep { /"status":503/ } split /\n/, slurp($fleet->sim_log)) {
    my %e = /"(\w+)":"?([^",}]*)/g;

    push @refused, [ $id{ "$e{device}:" . ($e{user} // '') }, $e{time} ];
}


# What ended, or was given out, from one time of the simulator's clock to
# another, of these channels or of the others.

my $epoch = Time::HiRes::time() - MDM::Test::Faults::now() / 1000;

sub done {
    my ($p, $not) = @_;

    my ($from, $to) = map { $epoch + $p->{$_} / 1000 } qw(from to);
    my $when = $p->{kind} eq 'delivery' ? 'pushed_at' : 'finished_at';

    return $pg->psql("SELECT count(*) FROM mdm.result
        WHERE reported_at IS NOT NULL
          AND $when BETWEEN to_timestamp($from) AND to_timestamp($to)
          AND $not enrollment_id IN (" . join(',', keys %{ $p->{members} }) . ')');
}


for my $p ($faults->poisoned) {
    my ($kind, $members) = @$p{qw(kind members)};
    my @during = grep { $_->[1] >= $p->{begun} && $_->[1] < $p->{to} + 3_500 } @refused;
    my %hit = map { $_->[0] => 1 } grep { $members->{ $_->[0] } } @during;

    cmp_ok scalar(keys %hit), '>', 0,
        "poison of the kind \"$kind\" makes its channels hear 503";
    is done($p, ''), 0, '... and nothing of theirs is done';
    cmp_ok done($p, 'NOT'), '>', 0, '... while what others say is';
}


# Who waits behind a slow statement may come too late, and tries again; else a
# 503 is that of a poisoned channel.

my ($slow) = grep { $_->{kind} eq 'slow' } $faults->poisoned;

my @strange = grep {
    my ($id, $at) = @$_;

    $at < $slow->{begun} && !grep {
        $_->{members}{$id} && $at >= $_->{begun} && $at < $_->{to} + 3_500
    } $faults->poisoned;
} @refused;

is scalar @strange, 0, 'nobody else hears 503'
    or diag join "\n", map { "channel $_->[0] at $_->[1]" } @strange;

$fleet->opens;

done_testing;
