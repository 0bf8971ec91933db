# mdmctl about devices: found, looked into and explained; what they gave in escrow;
# ended, and their certificates revoked.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Plist qw(true);

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
my $key = $pg->secret_key;


# mdmctl with this database and key, for the tenant acme unless the words name one:
# the exit code and what it says.

sub ctl {
    my @words = @_;

    push @words, '--tenant', 'acme' if !grep { $_ eq '--tenant' } @words;
    push @words, '--secret-key', $key if !grep { $_ eq '--secret-key' } @words;

    return mdmctl('--database', $pg->conninfo, @words);
}


# The same, checked: exit code, a pattern in the text, and the sentence.

sub says {
    my ($exit, $pattern, $sentence, @words) = @_;
    my ($got, $text) = ctl(@words);

    is $got, $exit, $sentence or diag $text;
    like $text, $pattern, '... and says so';

    return $text;
}


# The ids in a list of devices.

sub found {
    my (@filter) = @_;
    my ($exit, $text) = ctl('devices', @filter);

    diag $text if $exit != 0;

    return join ' ', $text =~ /^(\S+) +(?:device|user|enrollment)\b/mg;
}


sub last_audit {
    return $pg->psql("SELECT concat_ws(' ', actor, '[' || remote || ']', action,
        detail ->> 'kind', detail ->> 'outcome') FROM mdm.audit
        ORDER BY audit_id DESC LIMIT 1");
}


my $certificate = $ca->device('mac');
my $mac = MDM::Test::Device->new(client => $client, sign => 1, udid => 'MAC',
    certificate => $certificate, facts => { SerialNumber => 'C02', OSVersion => '26.0' });
my $anna = $mac->user('501', 'anna', 'Anna Example');
my $phone = MDM::Test::Device->new(client => $client, sign => 1, udid => 'PHONE',
    certificate => $ca->device('phone'),
    facts => { SerialNumber => 'F4K', OSVersion => '26.1' });

is $mac->enroll(UnlockToken => \"un\0lock")->{status}, 200, 'a Mac enrols';
is $anna->enroll->{status}, 200, 'and its user';
is $phone->enroll->{status}, 200, 'and a phone';
$mac->checkin('SetBootstrapToken', BootstrapToken => \'boot');


# Finding them.

# Copies of the phone, which no worker knows: one never came, one long ago.

sub copies {
    my ($name, $rows, $ownership) = @_;

    $pg->psql("INSERT INTO mdm.enrollment (tenant_id, device_id, user_id, channel,
            ownership, state, generation, topic, certificate, created_at)
        SELECT tenant_id, $name, '', channel, '$ownership', 'closed', generation, topic,
               sha256(($name)::bytea), created_at
          FROM mdm.enrollment, $rows WHERE device_id = 'PHONE'");
}

copies('n', "(VALUES ('NEVER'), ('OLD')) v (n)", 'user');
$pg->psql("INSERT INTO mdm.enrollment_seen (tenant_id, enrollment_id, seen_at)
    SELECT tenant_id, enrollment_id, '2026-01-02T00:00:00Z' FROM mdm.enrollment
     WHERE device_id = 'OLD'");

my %filter = (
    ''                                        => 'MAC MAC:501 NEVER OLD PHONE',
    '--kind user'                             => 'MAC:501',
    '--kind device --serial C02'              => 'MAC',
    '--serial C*'                             => 'MAC',
    '--user anna'                             => 'MAC:501',
    '--attribute OSVersion=26.1'              => 'PHONE',
    '--attribute OSVersion=26.* --attribute SerialNumber=C02' => 'MAC',
    '--state live --ownership organization'   => 'MAC MAC:501 PHONE',
    '--state ended'                           => '',
    '--supervised true'                       => '',
    '--ownership user --seen-after 2026-01-01T00:00:00Z'        => 'OLD',
    '--ownership user --seen-before 2026-01-02T00:00:00.001Z'   => 'NEVER OLD',
    '--ownership user --seen-before 2026-01-02T01:00:00+01:00'  => 'NEVER',
);

is found(split / /, $_), $filter{$_}, "devices $_" for sort keys %filter;
says(0, qr/\Anothing fits\n\z/, 'no device fits', 'devices', '--serial', 'X');
says(0, qr/\Anothing is enrolled yet\n\z/, 'another tenant has none', 'devices',
    '--tenant', 'beta');

my %wrong = (
    '--kind car'                => qr/--kind is one of: device user/,
    '--state gone'              => qr/--state is one of: pending live/,
    '--ownership mine'          => qr/--ownership is one of:/,
    '--supervised yes'          => qr/--supervised is one of: true false/,
    '--seen-after today'        => qr/--seen-after is a time of RFC 3339/,
    '--seen-before 2026-02-30T00:00:00Z' => qr/--seen-before is a time/,
    '--attribute OSVersion'     => qr/--attribute is NAME=VALUE/,
    '--attribute =26'           => qr/--attribute is NAME=VALUE/,
    '--attribute OSVersion='    => qr/--attribute is NAME=VALUE/,
    '--serial ' . 'x' x 513     => qr/--serial is text of 1 to 512 bytes/,
    join(' ', ('--attribute A=B') x 9) => qr/more than 8 times/,
);

says(2, $wrong{$_}, 'devices ' . substr($_, 0, 40) . ' is a wrong command line', 'devices',
    split / /, $_) for sort keys %wrong;


# More than one page, and more than one call examines.

copies("'X' || to_char(n, 'FM00000')", 'generate_series(1, 10200) n', 'organization');
my @ids = split / /, found();
is "$#ids $ids[0] $ids[-1]", '10204 MAC X10200', 'all pages are shown';
is scalar(() = (ctl('devices'))[1] =~ /^ID /mg), 1, '... under one title';
$pg->psql("UPDATE mdm.enrollment SET state = 'ended' WHERE device_id = 'X10199'");
is found('--state', 'ended'), 'X10199', 'what is found late is found';
$pg->psql("DELETE FROM mdm.enrollment WHERE device_id LIKE 'X%'");


# One of them.

my $shown = says(0, qr/^id +MAC$/m, 'a device is shown', 'device', 'MAC');
my $fingerprint = $pg->psql("SELECT encode(certificate, 'hex') FROM mdm.enrollment
    WHERE device_id = 'MAC' AND user_id = ''");

like $shown, qr/^Users:\nID\nMAC:501\n/m, '... with its users';
like $shown, qr/^Attributes:\nNAME .*^SerialNumber +C02$/ms, '... its attributes';
like $shown, qr/^Certificates:\n.*^\Q$fingerprint\E +bound /ms, '... its certificates';
like $shown, qr/^Generations:\n.*^1 +live /ms, '... its generation';
like $shown, qr/^Push:\n.*^token +true$/ms, '... whether it can be pushed';
like $shown, qr/^Secrets in escrow:\n.*^bootstrap_token .*^unlock_token /ms,
    '... and the kinds of its secrets';
unlike $shown, qr/boot$|un.lock|MAGIC/m, '... not what they are';

says(0, qr/^device +MAC$|^user_short_name +anna$/m, 'a user is shown', 'device', 'MAC:501');
for my $verb (qw(device why end queue history)) {
    says(1, qr/there is no enrolment "NOBODY"/, "$verb of nobody fails", $verb, 'NOBODY');
    says(1, qr/there is no enrolment "MAC"/, '... and of another tenant\'s device', $verb,
        'MAC', '--tenant', 'beta');
    says(1, qr{\Amdmctl: "a/b": }, '... and of what is no id', $verb, 'a/b');
}


# Why?

says(0, qr/\AMAC is live\n\nnothing_waits\n  No command waits.*\n  Look at/,
    'a device with nothing to do says so', 'why', 'MAC');
$client->with(token => $token)->api(PUT => '/v1/enqueue/MAC',
    MDM::Test::Device->command('DeviceInformation', 'info'));
$mac->idle;
$mac->report('info', 'NotNow');
says(0, qr/^not_now, since \S+Z, command info\n  The device said that it cannot/m,
    'a command put off is the reason', 'why', 'MAC');


# What a device writes does not reach the terminal as an order.

$pg->psql("UPDATE mdm.attribute SET value_text = E'F4K\\x1b[2J\\n\\u009b1mX'
    WHERE name = 'SerialNumber' AND value_text = 'F4K'");
says(0, qr/^PHONE .* F4K\?\[2J\?\?1mX  26\.1 /m, 'control characters are not shown', 'devices');
says(0, qr/^SerialNumber +F4K\?\[2J\?\?1mX$/m, '... nowhere', 'device', 'PHONE');


# What it gave.

is_deeply [ctl('secret', 'MAC', 'unlock_token')], [0, "un\0lock"],
    'an unlock token comes byte for byte';
is last_audit(), 'mdmctl [] secret_read unlock_token ok', '... and the audit knows';
is_deeply [ctl('secret', 'MAC', 'bootstrap_token')], [0, 'boot'], 'a bootstrap token, too';
says(1, qr/\Amdmctl: the device has given no such secret/, 'a phone has none', 'secret',
    'PHONE', 'unlock_token');
is last_audit(), 'mdmctl [] secret_read unlock_token none', '... which the audit knows, too';
says(1, qr/there is no enrolment "MAC"/, 'another tenant has no such device', 'secret',
    'MAC', 'unlock_token', '--tenant', 'beta');
says(2, qr/"pass word" is no kind of secret: write unlock_token, bootstrap_token, or/,
    'an unknown kind is a wrong command line', 'secret', 'MAC', 'pass word');

my $stranger = spew(test_dir() . '/stranger.key', 'ab' x 32 . "\n");
my $audit = last_audit();
says(1, qr/is not this database's/, 'a stranger\'s key opens nothing', 'secret', 'MAC',
    'unlock_token', '--secret-key', $stranger);
is last_audit(), $audit, '... and nothing is read';
is((mdmctl('--database', $pg->conninfo, 'secret', 'MAC', 'unlock_token'))[0], 1,
    '... nor without a key');
$pg->psql("UPDATE mdm.secret SET value = overlay(value PLACING 'x' FROM 30)");
says(1, qr/\Amdmctl: the unlock_token "MAC" of tenant \d+ does not open: it was altered/,
    'an altered one is not shown', 'secret', 'MAC', 'unlock_token');


# Ended and revoked.

says(2, qr/is no fingerprint: write the SHA-256/, 'a word is no fingerprint', 'revoke', 'abc');
says(1, qr/no device of this tenant has shown/, 'an unknown certificate is not revoked',
    'revoke', '0' x 64);
says(1, qr/no device of this tenant has shown/, '... nor another tenant\'s', 'revoke',
    $fingerprint, '--tenant', 'beta');
is $mac->idle->{status}, 200, 'nothing has happened to it';
says(0, qr/the certificate is revoked/, 'a certificate is revoked', 'revoke',
    uc $fingerprint);
is last_audit(), 'mdmctl [] identity_revoke', '... and the audit knows';
is $mac->idle->{status}, 403, '... and it is refused';
says(0, qr/is revoked already/, 'once more is no harm', 'revoke', $fingerprint);

says(1, qr/"MAC:501" is a user of the device "MAC": end the device/,
    'a user alone is not ended', 'end', 'MAC:501');
says(0, qr/\APHONE is ended/, 'a device is ended', 'end', 'PHONE');
is last_audit(), 'mdmctl [] enrollment_end', '... and the audit knows';
like $phone->idle->{body}, qr/com\.apple\.unrecognized\.device/, '... and is told so';
says(1, qr/only a live enrolment can be ended; "PHONE" is ended/, 'that is once', 'end',
    'PHONE');

$nginx->expect(qr/refused|revoked|certificate/);

done_testing;
