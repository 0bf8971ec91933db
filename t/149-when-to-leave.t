# A device is told to leave when an operator ended its enrolment and it shows its
# own certificate, and by nothing that only looks so; 410 and 404 are said to
# nobody who is not believed.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Plist qw(plist integer);

with_sanitizers();

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $ca = MDM::Test::PKI->ca('Device CA');
my $tls_ca = MDM::Test::PKI->ca('Server CA');
my $server = $tls_ca->server;
my $revision = $pg->revision;

my $token = $pg->tenant('acme', device_ca => $ca);
$pg->tenant('umbrella', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg,
    vars => { CERT => $server->{cert}, KEY => $server->{key} }, conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 1;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" timeout=2s;
    mdm_secret_key %%SECRET_KEY%%;

    server {
        listen 127.0.0.1:%%TLS_PORT%% ssl;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        location = /mdm { mdm connect; mdm_tenant acme; }
        location /v1/ { mdm api; mdm_tenant acme; }
        location = /umbrella { mdm connect; mdm_tenant umbrella; }
        location = /nobody { mdm connect; mdm_tenant nobody; }
    }
}
CONF

my $count = 0;


sub client {
    return MDM::Test::Client->new(port => $nginx->tls_port, ca => $tls_ca,
        certificate => $_[0]);
}


sub as {
    my ($device, $certificate, %option) = @_;

    return $device->with(certificate => $certificate, client => client($certificate), %option);
}


sub fresh { return $ca->device('device ' . ++$count, @_) }


sub device {
    my $certificate = fresh();
    my $device = MDM::Test::Device->new(certificate => $certificate,
        client => client($certificate), @_);

    $device->enroll->{status} == 200 or die 'a device does not enrol';
    return $device;
}


sub end_text {
    my ($device, $tenant) = @_;

    return "SELECT $revision.enrollment_end(t.tenant_id, 'test', '', '${\ $device->device_id}')
              FROM mdm.tenant t WHERE t.name = '" . ($tenant // 'acme') . q{'};
}


sub ended {
    my ($device, $tenant) = @_;

    $pg->psql(end_text($device, $tenant)) eq 'ok' or die 'an enrolment is not ended';
    return $device;
}


# Everything that a device can say, and all that it hears, each answer once.

my %said = (
    Idle           => sub { $_[0]->idle },
    NotNow         => sub { $_[0]->report('x', 'NotNow') },
    Acknowledged   => sub { $_[0]->report('x', 'Acknowledged') },
    Error          => sub { $_[0]->report_error('x') },
    user           => sub { $_[0]->user('USER', 'user')->idle },
    TokenUpdate    => sub { $_[0]->token_update },
    CheckOut       => sub { $_[0]->check_out },
    UserAuthenticate => sub { $_[0]->checkin('UserAuthenticate', UserID => 'USER') },
    SetBootstrapToken => sub { $_[0]->checkin('SetBootstrapToken', BootstrapToken => \'t') },
    GetBootstrapToken => sub { $_[0]->checkin('GetBootstrapToken') },
    map({ my $endpoint = $_; ($_ => sub { $_[0]->checkin('DeclarativeManagement',
        Endpoint => $endpoint) }) } qw(tokens declaration-items declaration/a/b status)),
    GetToken       => sub { $_[0]->checkin('GetToken', TokenServiceType => 'x') },
    ReturnToService => sub { $_[0]->checkin('ReturnToService') },
);


sub heard {
    my ($answer) = @_;

    my $body = $answer->{body};

    return join ' ', $answer->{status},
        ($answer->{headers}{'www-authenticate'} ? 'challenge' : ()),
        ($body =~ /com\.apple\.unrecognized\.device/ ? 'coded' : length $body ? 'body' : ());
}


sub hears {
    my ($name, $device, $expected, @messages) = @_;

    my %got;

    push @{ $got{ heard($said{$_}->($device)) } }, $_
        for @messages ? @messages : sort keys %said;

    is join(', ', map { $_ eq $expected ? $_ : "$_ (@{ $got{$_} })" } sort keys %got),
        $expected, "$name: $expected";
}


# Who is told, and told what.

hears 'ended, with its own certificate', ended(device()), '403 coded';
is heard($said{UserAuthenticate}->(device())), '410', 'a user who is declined: 410';
is heard($said{'declaration/a/b'}->(device())), '404', 'a declaration that is not there: 404';


# Who is not told.

my $live = device();
my $gone = ended(device());

hears 'ended, with a certificate that nobody has', as($gone, fresh()), '403';
hears 'ended, with one that has expired', as($gone, fresh(days => -1)), '403';
hears 'ended, with one that is not valid yet', as($gone, fresh(starts => 2)), '403';
hears 'ended, with one of another CA',
    as($gone, MDM::Test::PKI->ca('Other CA')->device('x')), '403';
hears 'ended, with that of a live device', as($gone, $live->{certificate}), '403';
hears 'ended, with that of another ended one', as($gone, ended(device())->{certificate}), '403';
hears 'live, with the certificate of an ended one', as($live, $gone->{certificate}), '403';
hears 'never seen, with the certificate of an ended one',
    as($gone, $gone->{certificate}, id => { UDID => 'NOBODY' }), '403';
hears 'ended, without a certificate', as($gone, undef), '400';
is heard($gone->send('application/x-apple-aspen-mdm', 'x')), '400', 'ended, and unreadable: 400';
hears 'ended, where it says another tenant', $gone->with(path => '/umbrella'), '403';
hears 'ended, where there is no tenant', $gone->with(path => '/nobody'), '503';

my $revoked = ended(device());
is $pg->psql("SELECT $revision.identity_revoke(tenant_id, 'test', '',
    decode('${\ $revoked->{certificate}->sha256}', 'hex')) FROM mdm.tenant WHERE name = 'acme'"),
    'ok', 'a certificate is revoked';
hears 'ended, with a certificate that was revoked', $revoked, '403';

my $here = device();
my $there = MDM::Test::Device->new(path => '/umbrella', certificate => fresh(),
    udid => $here->device_id);
$there = as($there, $there->{certificate});
is $there->enroll->{status}, 200, 'another tenant has a device of the same name';
ended($there, 'umbrella');
is heard($here->idle), '200', 'ended there, it is served here';
hears 'ended there, with the certificate of here', as($there, $here->{certificate}), '403';

my $left = device();
$left->check_out;
hears 'checked out', $left, '403';

# A renewal replaced the certificate, and then the enrolment was ended.

my $old = device();
my $new = as($old, fresh());
my %head = (PayloadIdentifier => 'org.example.mdm', PayloadVersion => integer(1),
    PayloadUUID => $old->uuid);
my $profile = plist({ %head, PayloadType => 'Configuration', PayloadContent => [
    { %head, PayloadType => 'com.apple.mdm', Topic => $old->{topic},
      ServerURL => 'https://localhost/mdm' } ] });
is client()->with(token => $token)->api(PUT => '/v1/enqueue/' . $old->enrollment,
    $old->command('InstallProfile', 'RENEWAL', Payload => \$profile))->{status}, 200,
    'a renewal is queued';
is $old->idle->{command_uuid}, 'RENEWAL', '... and delivered';
is $new->enroll->{status}, 200, 'a device renews its certificate';
ended($new);
hears 'ended, with the certificate before the last', $old, '403';
hears '... and with the last', $new, '403 coded';

# An end that is not there yet, and one that is over.

my $session = $pg->session;
$session->run('BEGIN');
is $session->run(end_text($live)), 'ok', 'an operator ends an enrolment';
is heard($live->idle), '200', '... and has not committed: it is served';
is heard($live->token_update), '503', '... or comes again';
$session->run('ROLLBACK');
is heard($live->idle), '200', '... nor ever does: it is served';

my $back = ended(device());
is $back->authenticate->{status}, 200, 'an ended device begins to enrol again';
is heard($back->idle), '200', '... waits for its TokenUpdate: there is nothing to do';
hears '... nothing to hear', $back, '503', grep { !/Idle|NotNow|Acknow|Error|Update|Check|user/ }
    sort keys %said;
is $back->token_update->{status}, 200, '... and is enrolled';
is heard($back->idle), '200', '... and served';

my $half = MDM::Test::Device->new(certificate => fresh());
$half = as($half, $half->{certificate});
$half->authenticate;
is $pg->psql(end_text($half)), 'pending', 'an enrolment that has only begun is not ended';
is $half->token_update->{status}, 200, '... and goes on';

# The CA is not the tenant's any more; the database is away.

my ($exit, $text) = mdmctl('--database', $pg->conninfo, 'tenant', 'set', 'umbrella',
    '--device-ca', MDM::Test::PKI->ca('New CA')->{cert});
is $exit, 0, 'a tenant gets another CA' or diag $text;
ok wait_for(10, sub { heard($there->idle) eq '403' }), 'ended, with the CA before: 403';
hears '... whatever it says', $there, '403';

$pg->stop;
hears 'ended, and no database', $gone, '503';
hears 'live, and no database', $live, '503';
$pg->launch;
ok wait_for(20, sub { heard($live->idle) eq '200' }), 'it is back';
hears 'ended, and the database is back', $gone, '403 coded', 'Idle';

done_testing;
