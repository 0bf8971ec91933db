# What keeps a command back or takes it away: an older one of its subject, a newer
# one, its time, and the operator.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg     = MDM::Test::Postgres->start(migrate => 1);
my $ca     = MDM::Test::PKI->ca('Device CA');
my $tls_ca = MDM::Test::PKI->ca('Server CA');
my $server = $tls_ca->server;
my $token  = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg,
    vars => { CERT => $server->{cert}, KEY => $server->{key} },
    conf => <<'CONF');
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
        location = /mdm { mdm connect; client_max_body_size 4m; }
        location /v1/ { mdm api; }
    }
}
CONF

my $api = MDM::Test::Client->new(port => $nginx->tls_port, ca => $tls_ca,
    token => $token);
my ($revision) = $pg->psql(
    "SELECT max(nspname) FROM pg_namespace WHERE nspname LIKE 'mdm\\_r%'");

sub device {
    my ($name) = @_;

    my $certificate = $ca->device($name);
    my $device = MDM::Test::Device->new(certificate => $certificate,
        client => MDM::Test::Client->new(port => $nginx->tls_port,
            ca => $tls_ca, certificate => $certificate));

    $device->enroll->{status} == 200 or die "$name does not enrol";

    return $device;
}


# Asks a command, given by its type or as a body; returns its CommandUUID.

sub ask {
    my ($channel, $type, %keys) = @_;

    my $uuid = $channel->uuid;
    my $body = $type eq 'InstallProfile'
        ? $channel->install_profile($keys{Identifier}, $uuid)
        : $channel->command($type, $uuid, %keys);

    my $answer = $api->api(PUT => '/v1/enqueue/' . $channel->enrollment, $body);
    $answer->{status} == 200 or die "not queued: $answer->{body}";

    return $uuid;
}


sub gets {
    my ($answer, $uuid, $name) = @_;

    is "$answer->{status} " . ($answer->{command_uuid} // 'nothing'),
        '200 ' . ($uuid // 'nothing'), $name;
}


# State and reason, as the API shows them.

sub state_of {
    my ($channel, $uuid) = @_;

    for my $list (qw(queue history)) {
        my $items = $api->api(GET => '/v1/enrollments/' . $channel->enrollment
            . "/$list")->{json}{items};

        for my $item (grep { $_->{command_uuid} eq $uuid } @$items) {
            return join ': ', $item->{state}, $item->{reason} // ();
        }
    }

    return 'gone';
}


sub profile { return ask($_[0], $_[1] . 'Profile', Identifier => $_[2]) }

my $pad = device('ipad');
my $install = profile($pad, 'Install', 'com.example.a');
gets $pad->idle, $install, 'InstallProfile goes out';
my $remove = profile($pad, 'Remove', 'com.example.a');
my $other = profile($pad, 'Install', 'com.example.b');
gets $pad->report($install, 'NotNow'), $other,
    'after NotNow RemoveProfile of it stays behind, another profile does not';
is state_of($pad, $remove),
    "QUEUED: waits for $install, which has the same subject", '... and says why';
gets $pad->report($other, 'Acknowledged'), undef, '... nor does it go later';
gets $pad->idle, $install, 'an Idle brings InstallProfile again';
gets $pad->report($install, 'Acknowledged'), $remove, '... then comes RemoveProfile';
gets $pad->report($remove, 'Acknowledged'), undef, '... and that is all';

my @old = map { profile($pad, 'Install', $_) } qw(com.example.a com.example.b);
gets $pad->idle, $old[0], 'another InstallProfile goes out';
gets $pad->report($old[0], 'NotNow'), $old[1], '... is put off';
gets $pad->report($old[1], 'Acknowledged'), undef, '... and waits';
my @new = map { profile($pad, $_, 'com.example.a') } qw(Install Remove Install);
is state_of($pad, $old[0]), "CANCELLED: superseded by $new[0]",
    'a newer InstallProfile supersedes what was put off';
is state_of($pad, $new[0]), "CANCELLED: superseded by $new[1]",
    '... RemoveProfile supersedes what was not delivered';
is state_of($pad, $new[1]), "CANCELLED: superseded by $new[2]",
    '... and so does InstallProfile';
gets $pad->idle, $new[2], 'the last one goes out';
profile($pad, 'Install', 'com.example.a');
is state_of($pad, $new[2]), 'PUSH', 'what was delivered is not superseded';
$pg->psql('DELETE FROM mdm.queue');

# Time.

my ($late, $early) = map { ask($pad, $_) } qw(ProfileList SecurityInfo);
$pg->psql("UPDATE mdm.queue SET not_before = now() + interval '1 hour'
            WHERE command_uuid = '$early'");
$pg->psql("UPDATE mdm.queue SET expires_at = now() WHERE command_uuid = '$late'");
gets $pad->idle, undef, 'nothing goes out past its time or before it';
$pg->psql("SELECT $revision.sweep(100)");
is state_of($pad, $late), 'EXPIRED: its time ran out', 'what is past is closed';
$pg->psql('UPDATE mdm.queue SET not_before = now()');
gets $pad->idle, $early, 'what was early goes out in its time';
gets $pad->report($early, 'Acknowledged'), undef, '... alone';

# Withdrawal.

sub cancel {
    my $answer = $api->api(DELETE => "/v1/commands/$_[0]");
    my $json = $answer->{json};

    return join ' ', $answer->{status}, $json->{cancelled} // $json->{error}{code};
}

my ($plain, $held) = map { ask($pad, $_) } qw(ProfileList SecurityInfo);
is cancel($plain), '200 1', 'a command is withdrawn';
is state_of($pad, $plain), 'CANCELLED: cancelled by test', '... by name';
gets $pad->idle, $held, '... and does not go out';
is cancel($plain), '404 unknown_command', '... and cannot be withdrawn twice';
is cancel($held), '409 delivered', 'what was delivered is not withdrawn';
is state_of($pad, $held), 'PUSH', '... and stays';
is cancel("$held?force=0"), '409 delivered', '... also with force=0';
is cancel("$held?force=1"), '200 1', '... but by force';
gets $pad->idle, undef, '... and then it is not offered';

my $once = ask($pad, 'ShutDownDevice');
gets $pad->idle, $once, 'what may run once is delivered';
gets $pad->idle, undef, '... and set aside without an answer';
is cancel($once), '409 delivered', '... and not withdrawn, for the device had it';
is cancel("$once?force=1"), '200 1', '... but by force';
my $put_off = ask($pad, 'ProfileList');
$pad->idle;
$pad->report($put_off, 'NotNow');
is cancel($put_off), '200 1', 'what was put off is withdrawn';

is_deeply [ $pg->query("SELECT * FROM $revision.check()") ], [],
    'the database is consistent';

done_testing;
