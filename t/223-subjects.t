# What keeps a command back or takes it away: an older one of its subject, a newer
# one, its time, and the operator.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Acme qw(gets);

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
        location = /mdm { mdm connect; client_max_body_size 4m; }
        location /v1/ { mdm api; }
    }
}
CONF

my ($pg, $api) = ($acme->pg, $acme->api);
my $revision = $pg->revision;

# Asks to install or remove a profile.

sub profile {
    my ($channel, $verb, $identifier) = @_;

    return $acme->ask($channel, 'RemoveProfile', Identifier => $identifier)
        if $verb eq 'Remove';

    my $uuid = $channel->uuid;
    $acme->enqueue($channel->enrollment, $channel->install_profile($identifier, $uuid));

    return $uuid;
}


my $pad = $acme->enrolled('ipad');
my $install = profile($pad, 'Install', 'com.example.a');
gets $pad->idle, $install, 'InstallProfile goes out';
my $remove = profile($pad, 'Remove', 'com.example.a');
my $other = profile($pad, 'Install', 'com.example.b');
gets $pad->report($install, 'NotNow'), $other,
    'after NotNow RemoveProfile of it stays behind, another profile does not';
is $acme->state_of($pad, $remove),
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
is $acme->state_of($pad, $old[0]), "CANCELLED: superseded by $new[0]",
    'a newer InstallProfile supersedes what was put off';
is $acme->state_of($pad, $new[0]), "CANCELLED: superseded by $new[1]",
    '... RemoveProfile supersedes what was not delivered';
is $acme->state_of($pad, $new[1]), "CANCELLED: superseded by $new[2]",
    '... and so does InstallProfile';
gets $pad->idle, $new[2], 'the last one goes out';
profile($pad, 'Install', 'com.example.a');
is $acme->state_of($pad, $new[2]), 'PUSH', 'what was delivered is not superseded';
$pg->psql('DELETE FROM mdm.queue');

# Time.

my ($late, $early) = map { $acme->ask($pad, $_) } qw(ProfileList SecurityInfo);
$pg->psql("UPDATE mdm.queue SET not_before = now() + interval '1 hour'
            WHERE command_uuid = '$early'");
$pg->psql("UPDATE mdm.queue SET expires_at = now() WHERE command_uuid = '$late'");
gets $pad->idle, undef, 'nothing goes out past its time or before it';
$pg->psql("SELECT $revision.sweep(100)");
is $acme->state_of($pad, $late), 'EXPIRED: its time ran out', 'what is past is closed';
$pg->psql('UPDATE mdm.queue SET not_before = now()');
gets $pad->idle, $early, 'what was early goes out in its time';
gets $pad->report($early, 'Acknowledged'), undef, '... alone';

# Withdrawal.

sub cancel {
    my $answer = $api->api(DELETE => "/v1/commands/$_[0]");
    my $json = $answer->{json};

    return join ' ', $answer->{status}, $json->{cancelled} // $json->{error}{code};
}

my ($plain, $held) = map { $acme->ask($pad, $_) } qw(ProfileList SecurityInfo);
is cancel($plain), '200 1', 'a command is withdrawn';
is $acme->state_of($pad, $plain), 'CANCELLED: cancelled by test', '... by name';
gets $pad->idle, $held, '... and does not go out';
is cancel($plain), '404 unknown_command', '... and cannot be withdrawn twice';
is cancel($held), '409 delivered', 'what was delivered is not withdrawn';
is $acme->state_of($pad, $held), 'PUSH', '... and stays';
is cancel("$held?force=0"), '409 delivered', '... also with force=0';
is cancel("$held?force=1"), '200 1', '... but by force';
gets $pad->idle, undef, '... and then it is not offered';

my $once = $acme->ask($pad, 'ShutDownDevice');
gets $pad->idle, $once, 'what may run once is delivered';
gets $pad->idle, undef, '... and set aside without an answer';
is cancel($once), '409 delivered', '... and not withdrawn, for the device had it';
is cancel("$once?force=1"), '200 1', '... but by force';
my $put_off = $acme->ask($pad, 'ProfileList');
$pad->idle;
$pad->report($put_off, 'NotNow');
is cancel($put_off), '200 1', 'what was put off is withdrawn';

is_deeply [ $pg->query("SELECT * FROM $revision.check()") ], [],
    'the database is consistent';

done_testing;
