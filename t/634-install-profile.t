# A stored profile to devices: put into the command that carries one, signed by the
# tenant, byte for byte when it came signed, and unsigned when each device gets its
# own; judged for each device like one that comes with the command.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);
my $rival = $pg->tenant('rival', host => 'rival.example', device_ca => $ca);

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
    client_body_buffer_size 4m;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);
my $other = $client->with(token => $rival, host => 'rival.example');
my @devices = map { MDM::Test::Device->new(client => $client, sign => 1, udid => "UDID-$_",
    certificate => $ca->device($_), facts => { SerialNumber => "SERIAL-$_",
        OSVersion => '26.0', ProductName => 'iPhone17,2' }) } qw(one two);
$_->enroll->{status} == 200 or die 'not enrolled' for @devices;
my ($one, $two) = @devices;
my @ids = map { $_->enrollment } @devices;

sub profile {
    my ($name, %keys) = @_;

    return { PayloadIdentifier => "com.example.$name", PayloadContent => [ {
        PayloadType => 'com.apple.wifi.managed', SSID_STR => 'Office',
        EncryptionType => 'WPA2', Password => 'correct horse', %keys } ] };
}

sub store { return $api->api(POST => '/v1/profiles', $_[0])->{json}{id} // die 'not stored' }
sub file { return $api->api(GET => "/v1/profiles/$_[0]?format=mobileconfig")->{body} }

sub ask {
    my ($id, %more) = @_;

    return $api->api(POST => '/v1/commands', { request_type => 'InstallProfile',
        to => { enrollments => \@ids }, profile => $id, %more });
}

# What a device gets for a command that was asked; it says that it is done.

sub got {
    my ($device, $answer) = @_;

    my $command = $device->idle;
    my ($payload) = $command->{body} =~ m{<key>Payload</key>\s*<data>([^<]*)</data>};

    is $command->{command_uuid}, $answer->{json}{command_uuid}, '... it is offered';
    $device->report($command->{command_uuid}, 'Acknowledged');

    return MIME::Base64::decode_base64($payload // '');
}

sub faults { return join ' ', map { "$_->{path}: $_->{rule}" }
    @{ $_[0]{json}{error}{faults} } }

# Plain.

my $id = store(profile('plain'));
my $answer = ask($id);
is $answer->{status}, 200, 'a stored profile is asked of devices' or diag $answer->{body};
is $answer->{json}{queued}, 2, '... of all';
is $answer->{json}{subject}, 'profile:com.example.plain', '... under its identifier';
is got($_, $answer), file($id), '... and each gets it as it is kept' for @devices;

$answer = ask($id, command => {});
is $answer->{status}, 200, 'an empty command beside it does no harm';
$_->report($_->idle->{command_uuid}, 'Acknowledged') for @devices;

# Values: each device its own.

my $wanting = store(profile('wanting', SSID_STR => '%SerialNumber% & <co>'));
$answer = ask($wanting);
is $answer->{status}, 200, 'one with per-device values is asked' or diag $answer->{body};
like got($one, $answer), qr{SERIAL-one &amp; &lt;co&gt;}, '... and resolved for one';
like got($two, $answer), qr{SERIAL-two &amp; &lt;co&gt;}, '... and for the other';

# Signed by the tenant, or by whom it came from.

my $signer = $ca->certificate('Signer');
$api->api(PUT => '/v1/signing-certificate', $signer->pem . $signer->key_pem)->{status} == 200
    or die 'no signing certificate';
$answer = ask($id);
my $signed = got($one, $answer);
my $file = spew(test_dir() . '/signed', $signed);
MDM::Test::run_or_die('openssl', 'cms', '-verify', '-binary', '-inform', 'DER', '-in', $file,
    '-CAfile', $ca->{cert}, '-purpose', 'any', '-out', "$file.plist");
$api->api(DELETE => '/v1/signing-certificate');
is slurp("$file.plist"), file($id), 'a tenant with a certificate signs';
is got($two, $answer), $signed, '... once for all';

my $came = MIME::Base64::decode_base64($ca->certificate('Author')->sign(file($wanting)
    =~ s/wanting/signed/gr, '-nodetach'));
my $own = store($came);
$answer = ask($own);
is $answer->{status}, 200, 'one that came signed is asked' or diag $answer->{body};
is got($_, $answer), $came, '... and goes out byte for byte, values or not' for @devices;

$api->api(PUT => '/v1/signing-certificate', $signer->pem . $signer->key_pem);
$answer = ask($wanting);
like got($_, $answer), qr/\A<\?xml.*SERIAL/s, 'what differs by device is not signed'
    for @devices;

# Kept by the command.

$answer = ask($id, command_uuid => 'kept');
is $api->api(DELETE => "/v1/profiles/$id")->{status}, 200, 'a profile is forgotten';
ok length got($one, $answer), '... and a command that was asked has it still';
$two->report($two->idle->{command_uuid}, 'Acknowledged');

# Faults.

$answer = ask($id);
is "$answer->{status} $answer->{json}{error}{code}", '422 invalid_command',
    'what is not kept cannot be asked';
like faults($answer), qr/\Aprofile: must be the id of a stored profile/, '... and that is said';
$answer = $other->api(POST => '/v1/commands', { request_type => 'InstallProfile',
    to => { enrollments => [ 'x' ] }, profile => $own });
like faults($answer), qr/\Aprofile: must be the id/, '... nor what is another tenant\'s';
like faults(ask($own, command => { Payload => profile('x') })),
    qr/\Aprofile: takes the place of Payload/, 'nor two profiles at once';
like faults(ask($own, request_type => 'DeviceLock')),
    qr/\Aprofile: is for commands that carry a profile, and DeviceLock carries none/,
    'nor one with a command that carries none';
is ask([ $own ])->{json}{error}{code}, 'bad_body', 'an id is a string';

# Judged for each device, as any.

my $lock = store({ PayloadIdentifier => 'com.example.lock', PayloadContent => [ {
    PayloadType => 'com.apple.app.lock', App => { Identifier => 'com.example.app' } } ] });
$pg->psql("UPDATE mdm.enrollment SET supervised = (device_id = 'UDID-two')");
$answer = ask($lock);
is $answer->{status}, 207, 'a payload that needs supervision' or diag $answer->{body};
is $answer->{json}{queued}, 1, '... is asked of who is supervised';
like $answer->{json}{refused}[0]{rule}, qr/supervis/, '... and the other refused in words';
$answer = $api->api(POST => '/v1/commands?check=1', { request_type => 'InstallProfile',
    to => { enrollments => \@ids }, profile => $lock });
is $answer->{json}{would_queue}, 1, 'a dry run says the same';

$pg->psql("UPDATE mdm.profile SET content = set_byte(content, 30,
    (get_byte(content, 30) + 1) % 256)");
is ask($lock)->{json}{error}{code}, 'cannot_open', 'what does not open is not asked';
is $pg->psql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';

done_testing;
