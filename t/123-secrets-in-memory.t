# What a worker's memory still holds when requests are over: private keys in PEM,
# tokens and passwords that came in or were shown are wiped. Read from outside, as root
# reads it, or as a core dump would have it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use MIME::Base64 ();
use Test::More;
use MDM::Test;
use MDM::Test::Plist qw(plist plist_string);
use MDM::Test::Secrets;

plan skip_all => 'only root reads the memory of others' if $> != 0;
plan skip_all => 'what is freed stays, under AddressSanitizer' if $ENV{MDM_TEST_ASAN};

my $secrets = MDM::Test::Secrets->new;
my $pg      = MDM::Test::Postgres->start(migrate => 1);
my $ca      = MDM::Test::PKI->ca('Device CA');
my $tls_ca  = MDM::Test::PKI->ca('Server CA');
my $server  = $tls_ca->server;
my $apple   = MDM::Test::PKI->ca('Push CA');
my $admin   = $pg->tenant('acme', host => 'localhost', device_ca => $ca);
my $hook    = MDM::Test::Receiver->start(tls => $server);

$secrets->add('token', $admin);
$secrets->add('token as it comes', MIME::Base64::encode_base64("mdm:$admin", ''));
$secrets->add('text of the secret key', slurp($pg->secret_key) =~ s/\n//r);

my $nginx = MDM::Test::Nginx->start(pg => $pg,
    vars => { CERT => $server->{cert}, KEY => $server->{key}, HOOK => $hook->port,
        CA => $tls_ca->{cert} }, conf => <<'CONF');
load_module %%MODULE%%;
thread_pool mdm threads=1;
worker_processes 1;
events { worker_connections 64; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    mdm_webhook https://localhost:%%HOOK%%/ ca=%%CA%%;
    client_max_body_size 4m;
    client_body_buffer_size 4m;
    keepalive_timeout 600s;

    server {
        listen 127.0.0.1:%%PORT%%;
        listen 127.0.0.1:%%TLS_PORT%% ssl;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; }
    }
}
CONF


# The memory that a process may write to, in a file.

sub memory_of {
    my ($pid) = @_;

    my $file = test_dir() . '/memory';
    open my $in, '<:raw', "/proc/$pid/mem" or die "memory of $pid: $!\n";
    open my $out, '>:raw', $file or die $!;

    no warnings 'portable';

    for my $line (split /\n/, slurp("/proc/$pid/maps")) {
        my ($from, $to) = map { hex } $line =~ /\A([0-9a-f]+)-([0-9a-f]+) rw/ or next;

        sysseek $in, $from, 0 or next;
        while ($from < $to) {
            my $n = sysread $in, my $part, $to - $from > 1 << 20 ? 1 << 20 : $to - $from
                or last;
            print $out $part;
            $from += $n;
        }
    }

    close $out or die $!;
    return $file;
}


sub found {
    my %found = $secrets->search(memory_of(($nginx->workers)[0]));

    return join ', ', map { "$_ ($found{$_})" } sort keys %found;
}


# A webhook may still be posting what came.

sub left_nothing {
    my $found;

    return 1 if wait_for(10, sub { ($found = found()) eq '' });

    diag $found;
    return 0;
}


sub tls {
    my ($certificate) = @_;

    return MDM::Test::Client->new(port => $nginx->tls_port, ca => $tls_ca,
        certificate => $certificate);
}

my %secret;
sub planted { return $secret{ $_[0] } = $secrets->plant($_[0]) }

my $api = MDM::Test::Client->new(port => $nginx->port, token => $admin);
my $tls_api = tls()->with(token => $admin);
my $certificate = $ca->device('mac');
my $mac = MDM::Test::Device->new(certificate => $certificate, client => tls($certificate));
my $id = $mac->enrollment;
my %uuid;


# Calls, one after the other, and after each what it left.

sub leaves_nothing {
    my ($name, $sub, $status) = @_;

    my $answer = $sub->();
    is $answer->{status}, $status // 200, $name or diag $answer->{body};
    ok left_nothing(), '... and leaves nothing';
}


sub command {
    my ($name, $type, @keys) = @_;

    return $mac->command($type, $uuid{$name} = $mac->uuid, @keys);
}

ok wait_for(60, sub { $pg->psql('SELECT count(*) FROM mdm.webhook') == 1 }),
    'the webhook begins';

my $seen = $secrets->plant('in a URL');
is $mac->with(path => "/mdm?$seen")->enroll->{status}, 200, 'a device enrols';
like found(), qr/in a URL/, 'the search finds what nobody wiped';
delete $secrets->{form}{$_} for grep { $secrets->{form}{$_}[0] eq 'in a URL' }
    keys %{ $secrets->{form} };

leaves_nothing 'an unlock token', sub { $mac->token_update(UnlockToken => \planted('unlock')) };
leaves_nothing 'a bootstrap token', sub {
    $mac->checkin('SetBootstrapToken', BootstrapToken => \planted('bootstrap')) };
leaves_nothing 'a bootstrap token that is asked for', sub { $mac->checkin('GetBootstrapToken') };

for my $client ($api, $tls_api) {
    my $way = $client == $api ? 'in clear' : 'over TLS';

    leaves_nothing "a command $way", sub {
        $client->api(PUT => "/v1/enqueue/$id", command(pin => 'DeviceLock',
            PIN => planted("pin $way"))) };
    leaves_nothing "... in JSON", sub {
        $client->api(POST => '/v1/commands', { enrollments => [ $id ], command =>
            command(json => 'SetRecoveryLock', NewPassword => planted("json $way")) }) };
    leaves_nothing "... with an Idempotency-Key", sub {
        $client->api(POST => '/v1/commands', { enrollments => [ $id ], command => plist({
            RequestType => 'SetRecoveryLock', NewPassword => planted("key $way") }) },
            'Idempotency-Key' => $way =~ tr/ /-/r) };
    leaves_nothing '... that cannot be read', sub {
        $client->api(PUT => "/v1/enqueue/$id", plist({ a => planted("bad $way") })) }, 400;
    leaves_nothing '... shown', sub { $client->api(GET => "/v1/commands/$uuid{pin}/payload") };
    leaves_nothing 'an unlock token, shown', sub {
        $client->api(GET => "/v1/enrollments/$id/secrets/unlock_token") };
    leaves_nothing 'a push certificate', sub {
        my $push = $apple->push_certificate("com.apple.mgmt.External.$way" =~ tr/ /-/r);
        my @lines = grep { !/---/ } split /\n/, $push->key_pem;
        $secrets->add("PEM $way $_", $lines[$_]) for 6, 12, 18;
        $client->api(PUT => '/v1/pushcert?new_topic=1', $push->pem . $push->key_pem);
    };
    leaves_nothing 'a vendor who signs a request', sub {
        my $vendor = $apple->certificate("Vendor $way", key => 'rsa');
        my @lines = grep { !/---/ } split /\n/, $vendor->key_pem;
        $secrets->add("vendor $way $_", $lines[$_]) for 6, 12, 18;
        $client->api(POST => '/v1/pushcert/request', { vendor => {
            certificates => $vendor->pem . $apple->pem, private_key => $vendor->key_pem } });
    }, 201;
    leaves_nothing 'a signing certificate', sub {
        my $signer = $apple->certificate("Signer $way");
        my @lines = grep { !/---/ } split /\n/, $signer->key_pem;
        $secrets->add("signer $way $_", $lines[$_]) for 0, 1;
        $client->api(PUT => '/v1/signing-certificate', $signer->pem . $signer->key_pem);
    };
    my $profile;
    leaves_nothing 'a profile', sub {
        $profile = $client->api(POST => '/v1/profiles', { PayloadIdentifier =>
            "com.example.$way" =~ tr/ /-/r, PayloadContent => [ { PayloadType =>
            'com.apple.wifi.managed', SSID_STR => 'x', EncryptionType => 'WPA2',
            Password => planted("Wi-Fi $way") } ] }) }, 201;
    $profile = "/v1/profiles/$profile->{json}{id}";
    leaves_nothing '... shown', sub { $client->api(GET => $profile) };
    leaves_nothing '... signed', sub { $profile = $client->api(GET =>
        "$profile?format=mobileconfig") };
    leaves_nothing '... and taken signed', sub {
        $client->api(POST => '/v1/profiles', $profile->{body}) }, 201;
}

leaves_nothing 'a command that a device fetches', sub { $mac->idle };
leaves_nothing 'a command with an unlock token', sub {
    $api->api(PUT => "/v1/enqueue/$id", command(clear => 'ClearPasscode'));
    $pg->psql("UPDATE mdm.command SET wants = '{UnlockToken<unlock_token}'
        WHERE command_uuid = '$uuid{clear}'; UPDATE mdm.queue SET priority = 9,
        offer_rank = 0, urgent = true WHERE command_uuid = '$uuid{clear}'");
    my $answer = $mac->idle;
    is plist_string($answer->{body}, 'UnlockToken'), $secret{unlock}, '... comes with it';
    return $answer;
};
leaves_nothing 'a report', sub {
    $mac->report($uuid{pin}, 'Acknowledged', QueryResponses => {
        ActivationLockBypassCode => planted('bypass'), Data => \planted('data') }) };
leaves_nothing 'a large report', sub {
    $mac->report($uuid{json}, 'Acknowledged', List => [ ({ Name => planted('large') }) x 3000 ]) };

ok wait_for(20, sub { grep { $_->{body} =~ /mdm.TokenUpdate/ } $hook->got }), 'a webhook';
ok left_nothing(), '... leaves nothing';

done_testing;
