# mdmctl about commands: asked with all options, shown, withdrawn, released, and
# what devices reported.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);
$pg->tenant('beta', host => 'beta.example', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);
my $key = $pg->secret_key;


sub ctl {
    my @words = @_;

    push @words, '--tenant', 'acme' if !grep { $_ eq '--tenant' } @words;

    return mdmctl('--database', $pg->conninfo, '--secret-key', $key, @words);
}


# Exit code, a pattern in the text, and the sentence; returns the text.

sub says {
    my ($exit, $pattern, $sentence, @words) = @_;
    my ($got, $text) = ctl(@words);

    is $got, $exit, $sentence or diag $text;
    like $text, $pattern, '... and says so';

    return $text;
}


sub file {
    my ($type, $uuid, %keys) = @_;

    return spew(test_dir() . "/$uuid.plist",
        MDM::Test::Device->command($type, $uuid, %keys));
}


sub last_audit {
    return $pg->psql("SELECT concat_ws(' ', actor, '[' || remote || ']', action,
        detail ->> 'command_uuid', detail ->> 'outcome') FROM mdm.audit
        ORDER BY audit_id DESC LIMIT 1");
}


my ($one, $two) = map {
    MDM::Test::Device->new(client => $client, sign => 1, udid => $_,
        certificate => $ca->device(lc $_));
} qw(ONE TWO);

is $_->enroll->{status}, 200, $_->enrollment . ' enrols' for $one, $two;


# Asking.

$pg->psql('DELETE FROM mdm.push');
says(0, qr/^ONE: queued$/m, 'a command is sent with all options', 'send', 'ONE',
    file('DeviceInformation', 'first'), '--no-push', '--priority', -5,
    '--not-before-in', 3600, '--expires-in', 7200, '--dedupe-key', 'daily');
is $pg->psql("SELECT concat_ws(' ', priority, dedupe_key,
        round(extract(epoch FROM not_before - queued_at)),
        round(extract(epoch FROM expires_at - queued_at)),
        (SELECT count(*) FROM mdm.push)) FROM mdm.queue"), '-5 daily 3600 7200 0',
    '... and each is there';

my $body = {
    enrollments => ['ONE'], command => slurp(test_dir() . '/first.plist'), push => \0,
    priority => -5, not_before_in => 3600, expires_in => 7200, dedupe_key => 'daily',
};
is $api->api(POST => '/v1/commands', $body)->{json}{queued}, 1,
    'the API takes the same for a repetition';
$api->api(POST => '/v1/commands',
    { enrollments => ['TWO'], command => slurp(file('ProfileList', 'second')),
      priority => 3 });
says(0, qr/was sent before, nothing is queued twice/, '... and mdmctl what the API queued',
    'send', 'TWO', test_dir() . '/second.plist', '--priority', 3);
says(1, qr/another command, or this one with other options, was sent as second/,
    'with another option it is another', 'send', 'TWO', test_dir() . '/second.plist');
says(0, qr/^ONE: one with the same key waits already$/m, 'a dedupe key counts', 'send', 'ONE',
    file('DeviceInformation', 'again'), '--dedupe-key', 'daily');

my %wrong = (
    '--priority 101'                          => qr/--priority is a number from -100 to 100/,
    '--priority x'                            => qr/--priority is a number/,
    '--not-before-in -1'                      => qr/--not-before-in is a number from 0 to/,
    '--expires-in 99999999'                   => qr/--expires-in is a number from 0 to/,
    "--dedupe-key \t"                         => qr/--dedupe-key is text of 1 to 255 bytes/,
    '--dedupe-key ' . 'x' x 256               => qr/--dedupe-key is text of 1 to 255 bytes/,
);
says(2, $wrong{$_}, 'send ' . substr($_, 0, 30) . ' is a wrong command line', 'send', 'ONE',
    test_dir() . '/first.plist', split / /, $_) for sort keys %wrong;
says(1, qr/would expire after 10 seconds, before it may go out after 20/,
    'it may not expire before it goes out', 'send', 'ONE', file('ProfileList', 'early'),
    '--not-before-in', 20, '--expires-in', 10);


# Showing.

says(0, qr/\AProfileList second, asked at \S+Z, of 1: QUEUED 1\n\nID .*\nTWO +QUEUED /,
    'a command is shown', 'command', 'second');
says(1, qr/there is no command "nothing"/, 'an unknown one fails', 'command', 'nothing');
says(1, qr/there is no command "second"/, '... and another tenant\'s', 'command', 'second',
    '--tenant', 'beta');

is_deeply [ctl('payload', 'second')], [0, slurp(test_dir() . '/second.plist')],
    'its payload comes byte for byte';
is last_audit(), 'mdmctl [] command_payload second', '... and the audit knows';
says(1, qr/there is no command "second"/, 'another tenant does not get it', 'payload',
    'second', '--tenant', 'beta');


# Reports.

is $two->idle->{command_uuid}, 'second', 'the device gets it';
$two->report('second', 'Acknowledged', Heart => 'beats');
says(0, qr/^TWO +ACKNOWLEDGED +1 /m, 'that it is done is shown', 'command', 'second');

my ($exit, $report) = ctl('report', 'TWO', 'second');
is $exit, 0, 'its report comes';
like $report, qr{\A<\?xml.*<key>Heart</key>\s*<string>beats</string>.*</plist>\s*\z}s, '... as the device sent it';
is last_audit(), 'mdmctl [] report_read second ok', '... and the audit knows';
says(1, qr/no report of this enrolment on this command is kept/, 'another has none', 'report',
    'ONE', 'second');
says(1, qr/there is no enrolment "TWO"/, 'another tenant does not get it', 'report', 'TWO',
    'second', '--tenant', 'beta');

says(0, qr/^second +ProfileList +ACKNOWLEDGED .* yes/m, 'the history has it', 'history',
    'TWO', '--state', 'ACKNOWLEDGED', '--request-type', 'ProfileList');
says(0, qr/\Ano command is done\n\z/, 'filters leave it out', 'history', 'TWO', '--state',
    'ERROR');
says(2, qr/--state is one of: ACKNOWLEDGED/, 'an unknown state is wrong', 'history', 'TWO',
    '--state', 'QUEUED');


# Withdrawing.

ctl('send', 'ONE', 'TWO', file('ProfileList', $_)) for 'a', 'b', 'c', 'd';
is $two->idle->{command_uuid}, 'a', 'one of several is delivered';

my $text = says(1, qr/^a: 1 withdrawn\nmdmctl: a: 1 delivered and not answered.*--force/m,
    'what is delivered is left', 'cancel', 'a', 'b', 'nothing');
like $text, qr/^b: 2 withdrawn$/m, '... other commands are withdrawn';
like $text, qr/^mdmctl: nothing: nobody waits/m, '... unknown ones are named';
is last_audit(), 'mdmctl [] commands_cancel', '... and the audit knows';
says(0, qr/\Aa: 1 withdrawn\n\z/, '--force gives it up', 'cancel', 'a', '--force');

says(0, qr/\Ac: 1 withdrawn\n\z/, 'one is withdrawn at one device', 'cancel', 'c', '--device',
    'ONE');
says(1, qr/\Amdmctl: c: nobody waits for this command\n\z/, '... once', 'cancel', 'c',
    '--device', 'ONE');
says(0, qr/^c +ProfileList +QUEUED/m, '... and waits at another', 'queue', 'TWO');
says(0, qr/\ATWO: 2 withdrawn\n\z/, 'a queue is emptied', 'cancel', '--device', 'TWO');
says(0, qr/\ATWO: 0 withdrawn\n\z/, 'an empty one, too', 'cancel', '--device', 'TWO');
says(1, qr/there is no enrolment "NOBODY"/, 'nobody\'s is not', 'cancel', '--device',
    'NOBODY');
says(2, qr/say what to cancel/, 'without words nothing is withdrawn', 'cancel', '--force');
says(1, qr/nobody waits for this command/, 'another tenant withdraws nothing', 'cancel', 'd',
    '--tenant', 'beta');
says(0, qr/^d +ProfileList +QUEUED/m, '... indeed', 'queue', 'ONE');
ctl('cancel', '--device', 'ONE');


# Releasing.

ctl('send', 'ONE', 'TWO', file('RestartDevice', 'restart'));
says(1, qr/\Amdmctl: restart: is not stalled/, 'what waits is not released', 'release',
    'restart');
$_->idle for $one, $one, $two, $two;
says(0, qr/STALLED 2$/m, 'a command stalls', 'command', 'restart');
says(0, qr/\Arestart: 1 released\n\z/, 'it is released at one', 'release', 'restart',
    '--device', 'ONE');
is $one->idle->{command_uuid}, 'restart', '... and goes out again';
is $two->idle->{command_uuid}, undef, '... there only';
says(0, qr/\Arestart: 1 released\n\z/, 'it is released at all', 'release', 'restart');
is last_audit(), 'mdmctl [] command_release restart', '... and the audit knows';
is $two->idle->{command_uuid}, 'restart', '... and goes out again';
says(1, qr/nobody waits for this command/, 'an unknown one is not', 'release', 'nothing');
says(1, qr/nobody waits for this command/, '... nor another tenant\'s', 'release', 'restart',
    '--tenant', 'beta');
says(1, qr/there is no enrolment "NOBODY"/, '... nor at nobody', 'release', 'restart',
    '--device', 'NOBODY');


# Long queues, long histories.

$pg->psql("SELECT mdm_r2.enqueue(tenant_id, 'test', '', 'many-' || to_char(n, 'FM0000'),
        'ProfileList', NULL, '\\x00', sha256(n::text::bytea), 'safe', false, false, false,
        0, 0::smallint, 0, NULL, '{ONE}', '{\"\"}', false)
    FROM mdm.tenant, generate_series(1, 1200) n WHERE name = 'acme'");
($exit, $text) = ctl('queue', 'ONE');
is scalar(() = $text =~ /^many-/mg), 1200, 'a long queue is shown to its end';
is scalar(() = $text =~ /^COMMAND /mg), 2, '... each part under one title';
says(0, qr/^ONE: 12\d\d withdrawn/, 'it is withdrawn at once', 'cancel', '--device', 'ONE',
    '--force');
($exit, $text) = ctl('queue', 'ONE');
is scalar(() = $text =~ / CANCELLED /g), 100, 'of what is done the last are shown';
like $text, qr/^older ones: "mdmctl history ONE"$/m, '... and where the others are';
($exit, $text) = ctl('history', 'ONE');
is scalar(() = $text =~ /^many-/mg), 1200, 'the history is shown to its end';

done_testing;
