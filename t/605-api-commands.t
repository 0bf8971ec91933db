# POST /v1/commands: what it takes and answers, what tells a repetition; and one
# command looked at, with its targets and its payload.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 qw(encode_base64);
use Test::More;
use MDM::Test;
use MDM::Test::Plist qw(plist);

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
thread_pool mdm threads=2;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    client_max_body_size 4m;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; client_body_buffer_size 4m; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);

my ($iphone, $mac) = map { MDM::Test::Device->new(client => $client, sign => 1,
    certificate => $ca->device($_), udid => "UDID-$_") } qw(iphone mac);
$_->enroll->{status} == 200 or die 'not enrolled' for $iphone, $mac;


sub ask {
    my ($body, %header) = @_;

    return $api->api(POST => '/v1/commands', { enrollments => [ 'UDID-iphone' ],
        %$body }, %header);
}


sub code { return "$_[0]{status} " . ($_[0]{json}{error}{code} // '') }


sub number { return 0 + $pg->psql("SELECT count(*) FROM mdm.$_[0]") }


# Forms of a command.

my $uuid = $iphone->uuid;
my $whole = $iphone->command('ProfileList', $uuid);
my $answer = ask({ command => $whole });

is_deeply [ @$answer{qw(status json)} ], [ 200, { command_uuid => $uuid,
    request_type => 'ProfileList', queued => 1, failed => [] } ], 'a whole envelope';
is $iphone->idle->{body}, $whole, '... goes out as it is';
$iphone->report($uuid, 'Acknowledged');

my %form = (
    'an envelope without CommandUUID'
        => [ plist({ Command => { RequestType => 'ProfileList' } }), 'ProfileList' ],
    'a command alone' => [ plist({ RequestType => 'SecurityInfo' }), 'SecurityInfo' ],
    'a profile' => [ $iphone->profile('com.example.wifi'), 'InstallProfile' ],
);

for my $form (sort keys %form) {
    my ($text, $type) = @{ $form{$form} };

    for my $body ({ command => $text },
        { command_base64 => encode_base64($text, '') })
    {
        $answer = ask($body);
        is "$answer->{status} $answer->{json}{request_type}", "200 $type",
            "$form, in " . (keys %$body)[0];
        like $answer->{json}{command_uuid}, qr/^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/,
            '... is given a CommandUUID';
        my $brought = $iphone->idle;
        is $brought->{command_uuid}, $answer->{json}{command_uuid}, '... and goes out';
        $iphone->report($brought->{command_uuid}, 'Acknowledged');
    }
}
is ask({ command => $iphone->profile('com.example.vpn'), push => \0,
    enrollments => [ 'UDID-mac' ] })->{json}{subject}, 'profile:com.example.vpn', 'the subject is told';

# Options.

ask({ command => plist({ RequestType => 'UserList' }), priority => 7, push => \0,
    not_before_in => 60, expires_in => 3600, dedupe_key => 'users',
    enrollments => [ 'UDID-mac' ] });
is $pg->psql(q{SELECT priority, dedupe_key, round(extract(epoch FROM not_before - queued_at)),
    round(extract(epoch FROM expires_at - queued_at)) FROM mdm.queue
    WHERE request_type = 'UserList'}), '7|users|60|3600', 'options are kept';
is $pg->psql(q{SELECT count(*) FROM mdm.push JOIN mdm.enrollment
    USING (tenant_id, enrollment_id) WHERE device_id = 'UDID-mac'}), 0,
    '... and no push is wished without';
$answer = ask({ command => plist({ RequestType => 'UserList' }), dedupe_key => 'users',
    enrollments => [ qw(UDID-mac UDID-iphone nobody UDID-mac) ], expires_in => 0 });
is $answer->{status}, 207, 'some of the targets';
is_deeply [ sort { $a->{enrollment} cmp $b->{enrollment} } @{ $answer->{json}{failed} } ], [
    { enrollment => 'UDID-mac', code => 'duplicate',
      message => 'a live command of this enrolment is the same' },
    { enrollment => 'UDID-mac', code => 'duplicate',
      message => 'a live command of this enrolment is the same' },
    { enrollment => 'nobody', code => 'unknown_enrollment',
      message => 'no such enrolment' } ], '... the others are listed';
is $answer->{json}{queued}, 1, '... and who has it is counted';
is $pg->psql("SELECT expires_at FROM mdm.queue
    WHERE command_uuid = '$answer->{json}{command_uuid}'"), '', '... without an end';
$answer = ask({ command => $whole, enrollments => [ 'nobody' ] });
is "$answer->{status} $answer->{json}{queued}", '404 0', 'none of the targets';
is code(ask({ command => plist({ RequestType => 'UserList' }), not_before_in => 31536000 })),
    '400 bad_body', 'a command that would expire first is refused';

# Repetition.

my $body = { command => plist({ RequestType => 'CertificateList' }), priority => 3 };
my @key = ('Idempotency-Key' => 'ticket 4711');
my $queued = number('queue');
my $first = ask($body, @key);
is $first->{status}, 200, 'a call with an Idempotency-Key';
is_deeply ask($body, @key)->{json}, $first->{json}, '... is answered the same again';
is number('queue'), $queued + 1, '... and queued once';
is code(ask({ %$body, $_->[0] => $_->[1] }, @key)), '409 idempotency_conflict',
    "... but with another $_->[0] it is a conflict"
    for [ priority => 4 ], [ enrollments => [ 'UDID-mac' ] ], [ push => \0 ],
        [ command => plist({ RequestType => 'ProfileList' }) ];
isnt ask($body, 'Idempotency-Key' => 'ticket 4712')->{json}{command_uuid},
    $first->{json}{command_uuid}, '... and another key another command';
is code(ask($body, 'Idempotency-Key' => 'x' x 256)), '400 bad_idempotency_key',
    'a key has 255 bytes';
is code(ask({ command => $whole }, @key)), '400 two_keys',
    'a CommandUUID and a key are too much';

$uuid = $iphone->uuid;
$whole = $iphone->command('CertificateList', $uuid);
is ask({ command => $whole })->{status}, 200, 'a CommandUUID, too, tells a repetition';
is ask({ command => $whole, enrollments => [ 'UDID-mac' ] })->{json}{queued}, 1,
    '... also for another target';
is $api->api(PUT => '/v1/enqueue/UDID-mac', $whole)->{status}, 200,
    '... and on the other route';
is code(ask({ command => $whole, priority => 1 })), '409 idempotency_conflict',
    '... but not with other options';
is number("queue WHERE command_uuid = '$uuid'"), 2, '... each has it once';

# One command.

my $shown = $api->api(GET => "/v1/commands/$uuid?limit=1");
is $shown->{status}, 200, 'a command is shown';
is_deeply $shown->{json}{states}, { QUEUED => 2 }, '... with its states';
is "@{ $shown->{json} }{qw(command_uuid request_type targets)}",
    "$uuid CertificateList 2", '... what it is, and of how many';
is $shown->{json}{items}[0]{device_id}, 'UDID-iphone', '... and a page of them';
$shown = $api->api(GET => "/v1/commands/$uuid?limit=1&after=$shown->{json}{next}");
is $shown->{json}{items}[0]{device_id}, 'UDID-mac', '... then the next';
ok !exists $shown->{json}{next} && !exists $shown->{json}{states}, '... which is the last';

while (my $brought = $mac->idle->{command_uuid}) {
    $mac->report($brought, $brought eq $uuid ? 'Error' : 'Acknowledged');
}
$shown = $api->api(GET => "/v1/commands/$uuid")->{json};
is_deeply $shown->{states}, { QUEUED => 1, ERROR => 1 }, 'what is answered counts';
is $shown->{items}[1]{state}, 'ERROR', '... with its state';
like $shown->{items}[1]{means}, qr/refused/, '... in words';
like $shown->{items}[1]{finished_at}, qr/^\d{4}-.*Z$/, '... and times';
is code($api->api(GET => '/v1/commands/none')), '404 unknown_command', 'unknown ones';
is code($api->api(GET => '/v1/commands/none/payload')), '404 unknown_command',
    '... have no payload';
is code($api->api(GET => "/v1/commands/$uuid?after=bm9uZQo")), '400 bad_cursor',
    'a cursor of another list is refused';

$answer = $api->api(GET => "/v1/commands/$uuid/payload");
is "$answer->{status} $answer->{headers}{'content-type'}", '200 application/xml',
    'the payload is shown';
is $answer->{body}, $whole, '... as it is sent';
is number("audit WHERE action = 'command_payload'
    AND detail ->> 'command_uuid' = '$uuid'"), 1, '... which the audit keeps';

$pg->psql("UPDATE mdm.command SET payload = set_byte(payload, 40,
    (get_byte(payload, 40) + 1) % 256) WHERE command_uuid = '$uuid'");
is code($api->api(GET => "/v1/commands/$uuid/payload")), '503 cannot_open',
    'an altered one is not shown';
like $nginx->error_log, qr/\[error\] .* cannot open a stored command, tenant "localhost"/,
    '... and logged';

# Many: one call, in the order of the clock and of the keys.

$pg->psql(q{INSERT INTO mdm.enrollment (tenant_id, device_id, channel, state, generation,
        certificate, topic, enrolled_at)
    SELECT 1, 'D' || i, 'device', 'live', 1, sha256(int4send(i)), 'topic', now()
      FROM generate_series(1, 9999) i});
$answer = ask({ command => plist({ RequestType => 'ProfileList' }),
    enrollments => [ 'nobody', map { "D$_" } 1 .. 9999 ] });
is "$answer->{status} $answer->{json}{queued}", '207 9999', '10000 ids are one call';
is_deeply [ map { $_->{enrollment} } @{ $answer->{json}{failed} } ], [ 'nobody' ],
    '... and only who failed is named';
is $api->api(GET => "/v1/commands/$answer->{json}{command_uuid}")->{json}{states}{QUEUED},
    9999, '... all of them are shown';

done_testing;
