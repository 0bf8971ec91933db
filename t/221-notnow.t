# NotNow: a command that was put off waits for the next Idle, never for the
# answer to its own NotNow; and the channels of a device do not share a queue.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Acme qw(gets);
use MDM::Test::Plist qw(true false);

my $acme = MDM::Test::Acme->start;
$acme->nginx(<<'CONF');
load_module %%MODULE%%;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;

    server {
        listen 127.0.0.1:%%TLS_PORT%% ssl;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; }
    }
}
CONF

my ($pg, $api) = ($acme->pg, $acme->api);

sub states {
    my ($channel, @uuids) = @_;

    my %state = map { $_->{command_uuid} => $_->{state} } map {
        @{ $api->api(GET => '/v1/enrollments/' . $channel->enrollment
            . "/$_")->{json}{items} }
    } qw(queue history);

    return join ' ', map { $state{$_} // 'none' } @uuids;
}


# One device, one connection.

my $iphone = $acme->enrolled('iphone', path => '/mdm?site=Berlin%20Mitte');
my ($a, $b) = map { $acme->ask($iphone, $_) } qw(CertificateList SecurityInfo);

gets $iphone->idle, $a, 'a device gets the first command';
gets $iphone->report($a, 'NotNow'), $b, 'NotNow brings the second';
is states($iphone, $a, $b), 'NOTNOW PUSH', '... and the first waits';
gets $iphone->report($b, 'Acknowledged'), undef,
    'the first is not offered on the same connection';
gets $iphone->idle, $a, '... but at the next Idle';
is states($iphone, $a, $b), 'PUSH ACKNOWLEDGED', '... as delivered again';
is $pg->psql(q{SELECT type, data ->> 'command_uuid', data -> 'url_params',
        octet_length(payload) > 300 FROM mdm.event WHERE type LIKE 'command%'
        ORDER BY event_id}),
    "command_not_now|$a|{\"site\": \"Berlin Mitte\"}|t\n"
    . "command_acknowledged|$b|{\"site\": \"Berlin Mitte\"}|",
    'listeners are told of both, with the message of the first, and the URL';
gets $iphone->report($a, 'NotNow'), undef, 'NotNow alone brings nothing';
gets $iphone->report($a, 'NotNow'), undef, '... nor does it when repeated';
is states($iphone, $a), 'NOTNOW', '... and changes nothing';

my $c = $acme->ask($iphone, 'ProfileList');
gets $iphone->report($a, 'NotNow'), $c,
    'its repetition brings what was queued since';
gets $iphone->report($c, 'NotNow'), undef, '... and when that is put off, nothing';
gets $iphone->idle, $a, 'an Idle brings them in their order';
gets $iphone->report($a, 'NotNow'), undef, '... where the first is put off again';
gets $iphone->idle, $a, '... and comes first at each Idle';
gets $iphone->report($a, 'Acknowledged'), undef, 'the first is done';
gets $iphone->idle, $c, '... and the other comes';
gets $iphone->report($c, 'Acknowledged'), undef, '... and is done';

# NotNow is an answer: it does not count towards STALLED.

my $d = $acme->ask($iphone, 'CertificateList');

for (1 .. 7) {
    my $idle = $iphone->idle;
    is $idle->{command_uuid}, $d, "offer $_ of a command that is put off";
    $iphone->report($d, 'NotNow');
}
is states($iphone, $d), 'NOTNOW', 'it waits on, seven NotNow later';

# A late NotNow of a command that may run once: it did not run.

my $erase = $acme->ask($iphone, 'EraseDevice');
gets $iphone->idle, $erase, 'EraseDevice is delivered';
gets $iphone->idle, $d, '... not answered, and set aside';
is states($iphone, $erase), 'STALLED', '... as stalled';
gets $iphone->report($erase, 'NotNow'), $d, 'then NotNow comes after all';
is states($iphone, $erase), 'NOTNOW', '... and it was not carried out';
gets $iphone->idle, $erase, '... so that it may be offered again';
gets $iphone->report($erase, 'Acknowledged'), $d, '... and end';
$iphone->report($d, 'Acknowledged');

gets $iphone->report($iphone->uuid, 'NotNow'), undef,
    'NotNow to a command that nobody asked is taken';
gets $iphone->report($d, 'NotNow'), undef, '... and so is one that is done';
is states($iphone, $d), 'ACKNOWLEDGED', '... which stays as it is';

# What a Mac says besides.

my $mac = $acme->enrolled('mac');
my $anna = $mac->user('5D5E4B2A-0001-4000-8000-000000000221', 'anna', 'Anna');
$anna->token_update(NotOnConsole => true())->{status} == 200 or die;

my @flags = ([ NeedSyncResponse => true() ], [ UserConfiguration => true() ],
    [ NotOnConsole => true() ], [ NotOnConsole => false() ]);

for my $flag (@flags) {
    my $uuid = $acme->ask($anna, 'ProfileList');
    my $name = "$flag->[0] " . ${ $flag->[1] };

    gets $anna->idle(@$flag), $uuid, "a Mac's user with $name gets a command";
    gets $anna->report($uuid, 'NotNow', @$flag), undef, '... may put it off';
    gets $anna->idle(@$flag), $uuid, '... gets it again';
    gets $anna->report($uuid, 'Acknowledged', @$flag), undef, '... and does it';
}

# Channels.

my $pad = $acme->enrolled('ipad');
my $byod = $acme->enrolled('byod', enrollment_id => 'BYOD-221');
my @users = ($anna, map({ $pad->shared_user("$_\@school.example", $_) }
    qw(one two)), $byod->user('BYUSER-221', 'bea', 'Bea'));
$_->token_update->{status} == 200 or die 'a user does not enrol' for @users;

my @channels = ($mac, $pad, $byod, @users);
my %command = map { $_ => $acme->ask($_, 'ProfileList') } @channels;

for my $channel (reverse @channels) {
    my ($name, $uuid) = ($channel->enrollment, $command{$channel});

    gets $channel->idle, $uuid, "$name gets its own command";
    gets $channel->report($uuid, 'NotNow'), undef, '... and no other';
    gets $channel->idle, $uuid, '... gets it again';
    gets $channel->report($uuid, 'Acknowledged'), undef, '... and ends it';
    is states($channel, $uuid), 'ACKNOWLEDGED', '... for itself';
}

my $revision = $pg->revision;
is_deeply [ $pg->query("SELECT * FROM $revision.check()") ], [],
    'the database is consistent';

done_testing;
