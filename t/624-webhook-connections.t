# A worker without a free connection cannot post; when it has some again it goes on.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Select;
use IO::Socket::INET ();
use Test::More;
use MDM::Test;

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $receiver = MDM::Test::Receiver->start;

$pg->tenant('acme', host => 'localhost');

my $nginx = MDM::Test::Nginx->start(pg => $pg, vars => { HOOK => $receiver->port },
    conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 1;
events { worker_connections 64; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_webhook http://127.0.0.1:%%HOOK%%/ format=event timeout=1s;
    server { listen 127.0.0.1:%%PORT%%; }
}
CONF

$nginx->expect(qr/worker_connections are not enough|webhook "default" fails/);
ok wait_for(30, sub { $pg->psql('SELECT count(*) FROM mdm.webhook') == 1 }),
    'the webhook is known';

# Half a request keeps its connection once nginx has read it; before that a newcomer
# may take its place, so they come one by one, until three in a row are turned away.

my (@clients, $turned_away);

while (@clients < 200 && ($turned_away // 0) < 3) {
    my $client = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $nginx->port)
        or die "no connection: $!\n";
    syswrite $client, "GET / HTTP/1.1\r\nX: ";
    push @clients, $client;
    $turned_away = IO::Select->new($client)->can_read(0.1) ? $turned_away + 1 : 0;
}

is $turned_away, 3, 'all connections of the worker are in use';

sub starved { return scalar(() = $nginx->error_log =~ /worker_connections are not enough/g) }

sub happen {
    $pg->psql(q{INSERT INTO mdm.event (tenant_id, type, data)
        SELECT tenant_id, 'thing', '{}' FROM mdm.tenant});
}

my $before = starved();
happen();
ok wait_for(20, sub { starved() > $before }), 'a post lacks a connection';

close $_ for @clients;

ok wait_for(40, sub { $pg->psql('SELECT delivered FROM mdm.webhook') == 1 }),
    'with one it succeeds';
happen();
ok wait_for(40, sub { $pg->psql('SELECT delivered FROM mdm.webhook') == 2 }),
    '... and so does the next';

done_testing;
