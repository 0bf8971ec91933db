# mdmctl: what an operator types, and what it says to him.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use MDM::Test;

my $pg = MDM::Test::Postgres->start;
my $key = $pg->secret_key;
my @database = ('--database', $pg->conninfo);


# mdmctl with this database and, unless the words name another, this key.

sub ctl {
    my @words = @_;

    push @words, '--secret-key', $key
        if !grep { $_ eq '--secret-key' } @words;

    return mdmctl(@database, @words);
}


sub said {
    my ($text, $pattern, $sentence) = @_;

    like $text, $pattern, $sentence;
}


sub new_key {
    my ($name) = @_;

    return spew(test_dir() . "/$name.key",
        MDM::Test::run_or_die('openssl', 'rand', '-hex', '32'));
}


sub refuses_bad_command_lines {
    my %case = (
        'no command at all'  => [[],                 qr/no command given/],
        'an unknown command' => [['dance'],          qr/no command "dance"/],
        'half a command'     => [['tenant'],
                                 qr/^usage: mdmctl tenant add .*\n.*tenant list/],
        'a wrong second word' => [['tenant', 'x'],   qr/no command "tenant x"/],
        'a missing word'     => [['tenant', 'add'],  qr/usage: mdmctl tenant/],
        'a word too many'    => [['devices', 'x'],   qr/usage: mdmctl devices/],
        'an option that the command does not take'
                             => [['devices', '--host', 'x'],
                                 qr/"devices" takes no --host/],
        'an unknown option'  => [['devices', '--colour'],
                                 qr/mdmctl help/],
        'a token without a number'
                             => [['token', 'revoke', 'abc'],
                                 qr/"abc" is no token's number/],
    );

    for my $what (sort keys %case) {
        my ($words, $pattern) = @{ $case{$what} };
        my ($exit, $text) = mdmctl(@$words);

        is $exit, 2, "$what is a wrong command line";
        said $text, $pattern, "$what is named";
    }
}


sub helps {
    my ($exit, $text) = mdmctl('--help');

    is $exit, 0, '--help succeeds';
    is_deeply [mdmctl($_)], [0, $text], "$_ is the same" for 'help', '-h';
    said $text, qr/^  \Q$_\E\b/m, "--help shows \"$_\""
        for 'migrate', 'tenant add', 'token revoke', 'device', 'why', 'queue',
            'send', 'cancel', 'report', 'events', 'audit', 'webhook replay',
            'pushcert request', 'pushcert requests', 'pushcert forget', 'pushcert store',
            'pushcert list', 'rekey';
    said $text, qr/^Exit codes: 0 done; 1 failed/m, '... and the exit codes';
}


sub needs_a_database {
    my ($exit, $text) = mdmctl('devices');

    is $exit, 1, 'without a database nothing is done';
    said $text, qr/--database .* MDM_DATABASE/, 'both ways to name it are told';

    ($exit, $text) = mdmctl('--database', 'host=/nowhere', 'devices');
    is $exit, 1, 'a database that is not there is a failure';
    said $text, qr/cannot connect/, 'the failure is said';

    ($exit, $text) = ctl('devices');
    is $exit, 1, 'a database that is not prepared is a failure';
    said $text, qr/run "mdmctl migrate"/, 'the command to run is told';
}


sub migrates {
    my ($exit, $text) = ctl('migrate', '--sql', '/nowhere');
    is $exit, 1, 'without SQL files nothing is migrated';
    said $text, qr/--sql DIR/, 'the option for their place is told';

    migrates_two_at_once();

    ($exit, $text) = ctl('migrate');
    is $exit, 0, 'migrate succeeds again';
    said $text, qr/nothing to do/, 'the second time there is nothing to do';

    my @files = glob tree() . '/sql/migrations/*.sql';
    is $pg->psql('SELECT count(*) FROM mdm.schema_version'), @files,
        'each migration is recorded once';
    is $pg->psql("SELECT count(*) FROM pg_class c
                    JOIN pg_namespace n ON n.oid = relnamespace
                   WHERE nspname IN ('mdm', 'mdm_r2')
                     AND pg_get_userbyid(relowner) <> 'mdm_owner'"), 0,
        'mdm_owner owns every table';
}


sub migrates_two_at_once {
    my @out = map { test_dir() . "/migrate-$_" } 1, 2;
    my @command = (build('mdmctl'), @database, '--secret-key', $key, 'migrate');
    my @exit = map { MDM::Test::spawn($_, @command) } @out;

    for my $pid (@exit) {
        waitpid $pid, 0;
        $pid = $?;
    }

    is_deeply \@exit, [0, 0], 'two migrations at once both succeed'
        or diag map { slurp($_) } @out;

    my $all = join '', map { slurp($_) } @out;
    is scalar(() = $all =~ /made the functions/g), 1,
        'one of them makes the functions';
    is scalar(() = $all =~ /nothing to do/g), 1,
        'the other finds nothing to do';
    is scalar(() = $all =~ /registered the secret key/g), 1,
        'the secret key is registered once';
}


sub changes_nothing_when_it_fails {
    my $sql = test_dir() . '/sql';
    MDM::Test::run_or_die('cp', '-r', tree() . '/sql', $sql);
    spew("$sql/migrations/9998_good.sql", "CREATE TABLE mdm.good ();\n");
    spew("$sql/migrations/9999_bad.sql", "SELECT 1;\n\nSELEC 2;\n");

    my ($exit, $text) = ctl('migrate', '--sql', $sql);

    is $exit, 1, 'a migration with a fault fails';
    said $text, qr{migrations/9999_bad\.sql:3: syntax error},
        'its file and line are named';
    is $pg->psql("SELECT to_regclass('mdm.good') IS NULL"), 't',
        'the migration before it is undone';

    spew("$sql/migrations/9999_bad.sql", "COMMIT;\n");
    ($exit, $text) = ctl('migrate', '--sql', $sql);
    is $exit, 1, 'a migration that ends the transaction fails';
}


sub knows_its_key {
    my ($exit, $text) = ctl('migrate', '--secret-key', new_key('stranger'));

    is $exit, 1, 'a key of another database is refused';
    said $text, qr/is not this database's.*mdmctl rekey/s,
        'it says so, and what to do';

    my $short = spew(test_dir() . '/short.key', "abcd\n");
    ($exit, $text) = ctl('migrate', '--secret-key', $short);
    is $exit, 1, 'a file that holds no key is refused';
    said $text, qr/secret key "\Q$short\E": /, 'the file is named';

    ($exit, $text) = ctl('rekey', '--secret-key', '/nowhere');
    said $text, qr{cannot open "/nowhere"}, 'a missing key file is named';

    ($exit, $text) = mdmctl(@database, 'rekey');
    said $text, qr/no secret key given/, 'rekey without a key says so';
}


sub keeps_tenants {
    my $ca = MDM::Test::PKI->ca('Device CA');
    my $two = spew(test_dir() . '/two.pem',
        $ca->pem . MDM::Test::PKI->ca('Other CA')->pem);
    my ($exit, $text) = ctl('tenant', 'list');

    said $text, qr/there is no tenant yet/, 'at first there is no tenant';

    ($exit, $text) = ctl('tenant', 'add', 'acme', '--host', 'mdm.example.com',
        '--host', 'mdm2.example.com', '--device-ca', $ca->{cert});
    is $exit, 0, 'a tenant is made' or diag $text;
    said $text, qr/1 CA\b/, 'its CA is counted';

    ($exit, $text) = ctl('tenant', 'list');
    said $text, qr/^acme +.*mdm2\.example\.com/m, 'the list shows its hosts';

    ($exit, $text) = ctl('tenant', 'set', 'acme', '--device-ca', $two);
    is $exit, 0, 'its CAs are replaced';
    said $text, qr/2 CAs/, 'both are counted';

    ($exit, $text) = ctl('tenant', 'set', 'acme', '--device-ca', $two,
        '--device-ca', MDM::Test::PKI->ca('Third CA')->{cert});
    said $text, qr/3 CAs/, 'several files are taken together';

    ($exit, $text) = ctl('tenant', 'set', 'nobody', '--device-ca', $two);
    is $exit, 1, 'a tenant that does not exist is not changed';
    said $text, qr/no tenant "nobody"/, 'it is named';

    ($exit, $text) = ctl('tenant', 'add', 'acme');
    is $exit, 1, 'a name is given once';
    said $text, qr/there is a tenant "acme" already/, '... and it says so';

    ($exit, $text) = ctl('tenant', 'add', 'Acme_2');
    is $exit, 1, 'a name with other characters is refused';
    said $text, qr/small letters, digits and hyphens/, '... with those allowed';

    ($exit, $text) = ctl('tenant', 'add', 'two', '--host', 'MDM.example.com');
    is $exit, 1, 'a host belongs to one tenant';
    said $text, qr/another tenant has one of these hosts/, '... and it says so';

    ($exit, $text) = ctl('tenant', 'add', 'other', '--device-ca', $key);
    is $exit, 1, 'a file without certificates is refused';
    said $text, qr/\Q$key\E/, 'that file is named';

    ($exit, $text) = ctl('tenant', 'set', 'acme', '--device-ca', $two,
        '--device-ca', $key);
    is $exit, 1, '... also behind a good one';
    said $text, qr/\Q$key\E/, 'that file is named';
}


sub keeps_tokens {
    my ($exit, $token) = ctl('token', 'add', 'acme', 'script', '--scope', 'command');
    chomp $token;

    is $exit, 0, 'a token is made' or diag $token;
    said $token, qr/\A[-\w]{43}\z/, 'it is 32 bytes in base64url';
    is $pg->psql("SELECT count(*) FROM mdm.api_token
                   WHERE token_hash = sha256('$token')"), 1,
        'the database has its SHA-256';
    is $pg->psql("SELECT count(*) FROM mdm.api_token t
                   WHERE t::text LIKE '%$token%'"), 0,
        'the database does not have its text';

    my $file = spew(test_dir() . '/token', "of-my-own-making\n");
    ($exit) = ctl('token', 'add', 'acme', 'own', '--token-file', $file);
    is $exit, 0, 'a token from a file is registered';
    is $pg->psql("SELECT count(*) FROM mdm.api_token
                   WHERE token_hash = sha256('of-my-own-making')"), 1,
        'it is the word in the file';

    my $text;
    ($exit, $text) = ctl('token', 'add', 'acme', 'own', '--token-file', $file);
    is $exit, 1, 'but not twice';
    said $text, qr/is registered already/, '... and it says so';

    ctl('tenant', 'add', 'rival');
    ($exit, $text) = ctl('token', 'add', 'rival', 'own', '--token-file', $file);
    is $exit, 1, '... nor for another tenant';
    $pg->psql("DELETE FROM mdm.tenant WHERE name = 'rival'");

    ($exit) = ctl('token', 'add', 'nobody', 'script');
    is $exit, 1, 'a tenant that does not exist has no token';

    ($exit, $text) = ctl('token', 'add', 'acme', 'script', '--scope', 'read',
        '--scope', 'wrong');
    is $exit, 1, 'an unknown scope is refused';
    said $text, qr/\Amdmctl: there is no scope "wrong": write read, command, destructive, secrets, admin or host\n\z/,
        '... with those that exist, and no token is shown';

    revokes_tokens();
}


sub revokes_tokens {
    my ($exit, $text) = ctl('token', 'list');
    my ($number) = $text =~ /^(\d+) +acme +script\b/m;

    ok defined $number, 'the list shows the token' or diag $text;
    $number //= 0;

    ($exit) = ctl('token', 'revoke', $number);
    is $exit, 0, 'it is revoked';
    ($exit) = ctl('token', 'revoke', $number);
    is $exit, 1, 'it is not revoked twice';
    ($exit) = ctl('token', 'revoke', 999999);
    is $exit, 1, 'a token that does not exist is not revoked';
}


sub has_no_devices_yet {
    my ($exit, $text) = ctl('devices');

    is $exit, 0, 'devices succeeds without any';
    said $text, qr/nothing is enrolled yet/, 'it says that there is none';

    my $command = spew(test_dir() . '/command.plist',
        MDM::Test::Device->command('DeviceInformation'));
    ($exit, $text) = ctl('send', 'UDID-1', $command);
    is $exit, 1, 'a command for an unknown device fails';
    said $text, qr/^UDID-1: is not enrolled/m, 'that device is named';

    ($exit, $text) = ctl('queue', 'UDID-1');
    is $exit, 1, 'an unknown device has no queue';
    said $text, qr/there is no enrolment "UDID-1"/, '... and it is named';

    my $junk = spew(test_dir() . '/junk.plist', 'this is no list');
    ($exit, $text) = ctl('send', 'UDID-1', $junk);
    is $exit, 1, 'a file that is no command is refused';
    said $text, qr/\Q$junk\E/, 'that file is named';

    ($exit, $text) = ctl('devices', '--tenant', 'nobody');
    said $text, qr/no tenant "nobody"/, 'an unknown tenant is named';
}


# What is stored and refused is tested in 618-api-pushcert.t.

sub has_no_push_certificate_yet {
    my ($exit, $text) = ctl('pushcert', 'list');

    is $exit, 0, 'pushcert list succeeds without any';
    said $text, qr/no push certificate yet.*mdmctl pushcert request/,
        'it says so, and what to do';

    ($exit, $text) = ctl('pushcert', 'store', $key);
    is $exit, 1, 'a file that holds no certificate is refused';
    said $text, qr/\A.*"\Q$key\E": no certificate found/, 'that file is named';

    ($exit, $text) = mdmctl(@database, 'pushcert', 'store', $key);
    said $text, qr/no secret key given/, 'without a secret key nothing is stored';

    ($exit, $text) = ctl('pushcert', 'store');
    is $exit, 2, 'it wants a file';
}


# An enrolment as the device functions make it, without a server.

sub enroll {
    my ($udid) = @_;

    my $certificate = "sha256('$udid')";
    my $tenant = $pg->psql("SELECT tenant_id FROM mdm.tenant
                             WHERE name = 'acme'");

    $pg->psql("SELECT mdm_r2.authenticate($tenant, 'device', '$udid',
        $certificate, false, extract(epoch FROM now())::bigint + 86400,
        'CN=$udid', '01', 'topic', NULL, NULL, NULL)", role => 'mdm_device');
    $pg->psql("SELECT mdm_r2.token_update($tenant, 'device', '$udid', '',
        $certificate, false, 'topic', 'token', 'magic', NULL, false, false,
        NULL, NULL, NULL, NULL)", role => 'mdm_device');
}


sub sends {
    enroll('UDID-1');

    my $file = spew(test_dir() . '/command.plist',
        MDM::Test::Device->command('DeviceInformation', 'UUID-1'));
    my ($exit, $text) = ctl('send', 'UDID-1', 'UDID-2', $file);

    is $exit, 1, 'one of two devices is not enrolled';
    said $text, qr/^UDID-1: queued$/m, 'the enrolled one gets the command';
    said $text, qr/^UDID-2: is not enrolled$/m, 'the other does not';

    my $profile = spew(test_dir() . '/six.mobileconfig',
        MDM::Test::Device->profile('com.example.six'));
    ($exit, $text) = ctl('send', 'UDID-1', $profile);
    is $exit, 0, 'a profile is sent as it is' or diag $text;
    said $text, qr/^InstallProfile [-0-9A-F]{36}$/m,
        'it became an InstallProfile with a UUID of its own';

    ($exit, $text) = ctl('queue', 'UDID-1');
    said $text, qr/^UUID-1 +DeviceInformation +QUEUED/m,
        'the queue shows the command';

    ($exit, $text) = ctl('devices');
    said $text, qr/^UDID-1 +device/m, 'the device is in the list';
}


# Who sealed what: key ids of all stored payloads.

sub sealed_with {
    return $pg->psql("SELECT string_agg(DISTINCT
        encode(substring(payload FOR 8), 'hex'), ' ') FROM mdm.command");
}


sub rekeys {
    my $old_id = sealed_with();
    my $new = new_key('new');
    my $values = $pg->psql('SELECT count(*) FROM mdm.command');

    my ($exit, $text) = ctl('rekey', '--secret-key', $new);
    is $exit, 1, 'without the old key nothing is re-encrypted';
    said $text, qr/sealed with the key $old_id/, 'the missing key is named';

    ($exit, $text) = ctl('rekey', '--secret-key', $new, '--secret-key', $key);
    is $exit, 0, 'with both keys it is' or diag $text;
    said $text, qr/^$values sealed values were re-encrypted/m,
        'all of them are';
    said $text, qr/key $old_id seals nothing now.*rekey --retire/,
        'the old key stays in use, and the next step is told';
    isnt sealed_with(), $old_id, 'another key seals them now';

    ($exit, $text) = ctl('rekey', '--secret-key', $new);
    is $exit, 0, 'once more is no harm';
    said $text, qr/^0 sealed values/m, 'and nothing is left to do';

    ($exit, $text) = ctl('rekey', '--secret-key', $new, '--retire');
    said $text, qr/key $old_id is retired/, 'the old key is retired on request';

    ($exit, $text) = ctl('send', 'UDID-1', '--secret-key', $key,
        test_dir() . '/command.plist');
    is $exit, 1, 'the old key is void now';
    said $text, qr/is not this database's/, 'it is told so';

    ($exit) = ctl('migrate', '--secret-key', $new);
    is $exit, 0, 'the new key is this database\'s';

    my $altered = "overlay(payload PLACING 'x' FROM 30)";
    $pg->psql("UPDATE mdm.command SET payload = $altered");
    ($exit, $text) = ctl('rekey', '--secret-key', new_key('third'),
        '--secret-key', $new);
    is $exit, 1, 'an altered value stops it';
    said $text, qr/it was altered in the database/, 'it is told so';
}


refuses_bad_command_lines();
helps();
needs_a_database();
migrates();
changes_nothing_when_it_fails();
knows_its_key();
keeps_tenants();
keeps_tokens();
has_no_devices_yet();
has_no_push_certificate_yet();
sends();
rekeys();

done_testing;
