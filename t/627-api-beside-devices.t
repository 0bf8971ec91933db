# Devices do not wait for the API: its calls have connections of their own, and
# each ends at its deadline.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Select;
use Test::More;
use MDM::Test;

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 1;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" timeout=4s;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; }
        location = /version { mdm api; }
    }
}
CONF

sub client { return MDM::Test::Client->new(port => $nginx->port, @_) }

my $api = client(token => $token);
my $iphone = MDM::Test::Device->new(client => client(), sign => 1,
    certificate => $ca->device('iphone'));
$iphone->enroll->{status} == 200 or die "not enrolled\n";

my @uuids = map { $iphone->uuid } 1 .. 10;
for my $uuid (@uuids) {
    $api->api(PUT => '/v1/enqueue/' . $iphone->enrollment,
        $iphone->command('ProfileList', $uuid))->{status} == 200 or die "not queued\n";
}


# Listings read this table, polls and reports on profiles do not.

my $lock = $pg->session;
$lock->run('BEGIN; LOCK TABLE mdm.attribute IN ACCESS EXCLUSIVE MODE');

my @listings = map { client() } 1 .. 8;
for my $listing (@listings) {
    $listing->write($listing->request_text(GET => '/v1/enrollments', undef,
        Authorization => "Bearer $token"));
}

my $held = MDM::Test::wait_for(3, sub {
    $pg->psql("SELECT count(*) FROM pg_stat_activity
                WHERE usename = 'mdm_api' AND wait_event_type = 'Lock'") eq '2'
});
ok $held, 'all connections of the API wait for a lock';

my $given = $iphone->idle->{command_uuid};
my @done;
while (defined $given) {
    push @done, $given;
    $given = $iphone->report($given, 'Acknowledged')->{command_uuid};
}

is_deeply \@done, \@uuids, 'a device gets and answers all its commands';
is $iphone->token_update->{status}, 200, '... and checks in';
is client()->get('/version')->{status}, 200, 'what needs no database is answered';
is scalar(grep { IO::Select->new($_->{socket})->can_read(0) } @listings), 0,
    '... and the listings were still waiting then';

my %answers;
$answers{ $_->read_answer('GET')->{status} }++ for @listings;
is_deeply \%answers, { 503 => 8 }, 'at their deadline they hear 503';
is $iphone->idle->{status}, 200, 'the device goes on';

$lock->run('ROLLBACK');
ok MDM::Test::wait_for(8, sub { $api->api(GET => '/v1/enrollments')->{status} == 200 }),
    'without the lock the API answers again';
is $pg->psql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree';

done_testing;
