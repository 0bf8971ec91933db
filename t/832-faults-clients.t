# Clients vanish, devices and those who ask commands of them: in a request, when
# it is sent, after its commit and in its answer. Each says the same again, and
# no command is lost or done twice; the workers keep nothing of who has gone.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 ();
use Test::More;
use Time::HiRes ();
use MDM::Test;
use MDM::Test::Fleet;
use MDM::Test::Metrics;

with_sanitizers();


# Half of the requests that ask for a command are broken off, in turn by each
# way and end, and so is whatever else is asked by give_up().

package Vanishing {
    use parent -norequire, 'MDM::Test::Client';

    my $turn = 0;
    my @ways = map { ([ $_, 0 ], [ $_, 1 ]) } qw(part sent late answer);

    sub request {
        my ($self, $method, @rest) = @_;

        return $self->SUPER::request($method, @rest)
            if $method ne 'PUT' || rand() < 0.5;

        return $self->give_up($method, @rest);
    }

    sub give_up {
        my ($self, @what) = @_;

        my ($way, $reset) = @{ $ways[ $turn++ % @ways ] };
        my $text = $self->request_text(@what);

        $text = substr $text, 0, 1 + rand(length($text) - 1) if $way eq 'part';
        $self->write($text);
        Time::HiRes::sleep(rand 0.1) if $way eq 'late';
        $self->read_some if $way eq 'answer';
        $self->vanish($reset);

        open my $log, '>>', MDM::Test::test_dir() . '/vanished' or die "$!\n";
        print $log "$what[0] $way\n";

        return { status => 0, headers => {}, body => '' };
    }
}


# The deadline is one that a busy machine keeps.

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $fleet = MDM::Test::Fleet->start(client => 'Vanishing', pg => $pg,
    database => '"' . $pg->address . '" timeout=9s',
    nginx_options => { level => 'info' },
    sim   => [ '--vanish', 30, '--backoff-max', 200 ],
    kinds => { iphone => 120, mac => 20, sharedipad => 10, byod => 10 });
my $nginx = $fleet->nginx;
my @workers = sort $nginx->workers;

my $reader = Vanishing->new(ca => $fleet->{tls_ca}, port => $nginx->tls_port);
my %token = (Authorization => 'Basic '
    . MIME::Base64::encode_base64("mdm:$fleet->{token}", ''));

$fleet->begin;

# At least until each way had its turn.

my $end = Time::HiRes::time() + 4;

while (Time::HiRes::time() < $end || Time::HiRes::time() < $end + 60
    && slurp(test_dir() . '/vanished') !~ /^PUT answer/m)
{
    $reader->give_up(GET => $_, undef, %token)
        for '/v1/enrollments?limit=1000', '/v1/events/stream', '/metrics';
}

$fleet->end;
$fleet->settle;
$fleet->verdict;


# Who vanished, and where.

my %vanished;
my $exchanges = slurp($fleet->sim_log);
my $requests = slurp(test_dir() . '/vanished');

$vanished{"devices: $1"}++ while $exchanges =~ /"vanished: (\w+, \w+)"/g;
$vanished{"clients: $1"}++ while $requests =~ /^(.+)$/mg;

cmp_ok delete $vanished{$_} // 0, '>', 0, "some vanished, $_"
    for (map { ("devices: $_, reset", "devices: $_, closed", "clients: PUT $_",
        "clients: GET $_") } qw(part sent late answer));
is_deeply \%vanished, {}, '... and none in another way';


# Those who left when their word was stored already, by the clock of each side.

my $monotonic = Time::HiRes::clock_gettime(Time::HiRes::CLOCK_MONOTONIC());
my $epoch = Time::HiRes::time();
my (%left, $stored);

for (grep { /"vanished: late/ && /"command_uuid"/ && !/"user"/ } split /\n/, $exchanges) {
    my %e = /"(\w+)":"?([^",}]*)/g;

    $left{"$e{device} $e{command_uuid}"} //= $e{time} / 1000 - $monotonic + $epoch;
}

for ($pg->query('SELECT device_id, command_uuid, extract(epoch FROM reported_at)
      FROM mdm.result r JOIN mdm.enrollment e USING (tenant_id, enrollment_id)
     WHERE user_id = \'\' AND reported_at IS NOT NULL')) {
    my ($device, $uuid, $when) = @$_;

    $stored++ if $when < ($left{"$device $uuid"} // 0);
}

cmp_ok $stored, '>', 0, "$stored of the devices left after the commit";


# What the server keeps, and what it has to say.

my $client = MDM::Test::Client->new(ca => $fleet->{tls_ca}, port => $nginx->tls_port);
my $active;

ok wait_for(10, sub {
    ($active) = $client->get('/status')->{body} =~ /Active connections: (\d+)/;
    $active == 1;
}), 'no connection is left' or diag "$active are";

my $metrics = MDM::Test::Metrics->scrape($client);

is $metrics->sum('database_calls_waiting'), 0, '... and no call of the database';
is join(' ', sort $nginx->workers), "@workers", 'the workers are the same';

my @lines = grep { !/\[(?:debug|info|notice)\]/ } split /\n/, $nginx->error_log;

is scalar @lines, 0, 'nobody has to read of it in the error log'
    or diag join "\n", splice @lines, 0, 10;

$fleet->opens;

done_testing;
