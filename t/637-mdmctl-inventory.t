# mdmctl about what devices have: lists, their items, and who has one.

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
    }
}
CONF

sub says {
    my ($exit, $pattern, $sentence, @words) = @_;

    push @words, '--tenant', 'acme' if !grep { $_ eq '--tenant' } @words;
    my ($got, $text) = mdmctl('--database', $pg->conninfo, @words);

    is $got, $exit, $sentence or diag $text;
    like $text, $pattern, '... and says so';
}

my ($mac, $ipad) = map { MDM::Test::Device->new(sign => 1, udid => $_,
    certificate => $ca->device($_),
    client => MDM::Test::Client->new(port => $nginx->port)) } qw(MAC IPAD);
$_->enroll->{status} == 200 or die 'not enrolled' for $mac, $ipad;

# Sent by mdmctl, which knows what asks for a part.

sub answered {
    my ($device, $keys, @names) = @_;

    my $uuid = $device->uuid;
    my $file = spew(test_dir() . '/command',
        $device->command('InstalledApplicationList', $uuid, %$keys));
    my ($exit, $text) = mdmctl('--database', $pg->conninfo, '--secret-key', $pg->secret_key,
        'send', $device->device_id, $file, '--tenant', 'acme', '--plugins',
        build('plugins') . '/apps.so');
    $exit == 0 or die $text;
    $device->idle->{command_uuid} eq $uuid or die "$uuid is not delivered";
    $device->report($uuid, 'Acknowledged', InstalledApplicationList => [
        map { { Identifier => "com.example.$_", Name => "The \x7f\xc2\x9b31m$_" } } @names
    ])->{status} == 200 or die 'the report is not taken';
}

says(0, qr/\Ait has told no list yet\n\z/, 'at first there is none', 'inventory', 'MAC');

answered($mac, {}, qw(one two three));
answered($mac, {}, qw(one two));
answered($mac, { Identifiers => [ 'com.example.four' ] }, 'four');
answered($ipad, {}, 'one');

says(0, qr/^applications +3 +\S+Z +\S+Z\s*$/m, 'a Mac has a list', 'inventory', 'MAC');
says(0, qr/^com\.example\.one .*\{.*The .*one/m, '... with its items', 'inventory', 'MAC',
    'applications');
my ($exit, $text) = mdmctl('--database', $pg->conninfo, 'inventory', 'MAC', 'applications',
    '--tenant', 'acme');
is_deeply [ $text =~ /^com\.example\.(\w+)/mg ], [qw(four one two)],
    '... in order, without what is gone, with what a part brought';
unlike $text, qr/\x7f|\xc2\x9b/, '... and no word of a device reaches the terminal as it is';
says(0, qr/^com\.example\.three +(?:\S+Z +){4}\{/m, 'what is gone is shown when asked for',
    'inventory', 'MAC', 'applications', '--gone');
says(0, qr/\Athere is no item; without LIST /, 'a list that was never told', 'inventory', 'MAC', 'users');

says(0, qr/^MAC +com\.example\.one .*^IPAD +com\.example\.one /ms, 'who has an app', 'who',
    'applications', 'com.example.one');
says(0, qr/^MAC +com\.example\.two /m, '... by how its name begins', 'who', 'applications',
    'com.example.t*');
says(0, qr/\Anobody has it\n\z/, 'nobody has what is gone', 'who', 'applications',
    'com.example.three');
says(0, qr/\Anobody has it\n\z/, 'nobody of another tenant', 'who', 'applications', '*',
    '--tenant', 'beta');

says(1, qr/there is no enrolment "NOBODY"/, 'nobody has no lists', 'inventory', 'NOBODY');
says(1, qr/there is no enrolment "NOBODY"/, '... nor items', 'inventory', 'NOBODY', 'users');
says(1, qr/there is no enrolment "MAC"/, 'nor has another tenant\'s device', 'inventory', 'MAC',
    '--tenant', 'beta');
says(2, qr/no list is called "a b"/, 'an odd name is none', 'inventory', 'MAC', 'a b');
says(2, qr/no list is called "4"/, '... for who has an item, too', 'who', '4', 'x');
says(2, qr/an item is text of 1 to 512 bytes/, 'an empty item is none', 'who', 'users', '');
says(2, qr/--gone is for the items of a list/, 'lists are never gone', 'inventory', 'MAC',
    '--gone');

done_testing;
