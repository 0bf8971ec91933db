# A secret is planted through every way that one comes in, good calls and refused
# ones, while all that can write writes all it can; then every log, answer, table,
# file and list is searched for each of them. What is no secret is planted, too,
# and must be found by the same search everywhere: else the search sees nothing.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::SHA ();
use IO::Select ();
use IO::Socket::INET ();
use MIME::Base64 ();
use Test::More;
use MDM::Test;
use MDM::Test::API qw(token);
use MDM::Test::Plist qw(plist plist_string);
use MDM::Test::Secrets;

# A secret and the only places where it may be seen: "device", "revealed" (the
# operations that need the right "secrets"), "hook" (the receiver of webhooks).

my %may = (
    'unlock token'          => 'revealed hook',
    'bootstrap token'       => 'device revealed hook',
    'first bootstrap token' => 'hook',
    'PIN'                   => 'device revealed',
    'recovery password'     => 'device revealed',
    'Wi-Fi password'        => 'device revealed',
    'stored Wi-Fi password' => 'device revealed',
    'refused Wi-Fi password' => '',
    'PKCS #12'              => 'device revealed',
    'PKCS #12 password'     => 'device revealed',
    'command of mdmctl'     => 'device revealed',
    'manifest token'        => 'device revealed',
    'manifest password'     => 'device revealed',
    'FileVault key'         => 'revealed hook',
    'bypass code'           => 'revealed hook',
    'large report'          => 'revealed hook',
    'error chain'           => 'revealed hook',
    'unreadable report'     => 'revealed hook',
    'Authenticate'          => 'hook',
    'TokenUpdate'           => 'hook',
    'NotNow'                => 'hook',
    'password of the hook'  => 'hook',
    (map { $_ => '' } 'digest', 'declarations', 'Idle',
        'no plist', 'unsigned', 'unknown device', 'wrong type', 'too large', 'no JSON',
        'wrong JSON', 'no command', 'conflict', 'unknown target', 'no right',
        'other tenant', 'wrong key', 'database away', 'DETAIL', 'temporary file',
        'secret of the hook', 'passphrase', 'no token', 'query of the API',
        'Idempotency-Key', 'guessed secret'),
);

my $secrets = MDM::Test::Secrets->new;
my $open = $secrets->plant('no secret');
my %secret = map { $_ => $secrets->plant($_, $_ eq 'no JSON' ? 14 : 24) } sort keys %may;

# What is not made here (keys, tokens, digests) nobody may see.


# nginx itself writes URLs and headers at debug level, and a request's line beside
# an error; the rest is ours.

sub ours {
    my ($log) = @_;

    return join "\n", map { s/, request: ".*//r }
        map { / \[debug\] / ? s{"/[^"]*"}{}r : $_ }
        grep { !/ \[debug\] .* http (?:header|args|request line): "/ } split /\n/, $log;
}


# --- the servers, all of them talkative ---

my %library = map { $_ => 1 } grep { -e "/usr/lib/postgresql/"
    . (MDM::Test::Postgres::program('postgres') =~ m{/(\d+)/bin})[0] . "/lib/$_.so" }
    qw(auto_explain pg_stat_statements);
my $pg = MDM::Test::Postgres->start(conf => {
    log_statement => 'all', log_parameter_max_length => -1, wal_level => 'replica',
    log_parameter_max_length_on_error => -1, log_min_duration_statement => 0,
    log_error_verbosity => 'verbose', full_page_writes => 'on', max_wal_senders => 2,
    wal_keep_size => '512MB', track_activity_query_size => '64kB',
    %library ? (shared_preload_libraries => join ',', sort keys %library) : (),
    $library{auto_explain} ? ('auto_explain.log_min_duration' => 0,
        'auto_explain.log_nested_statements' => 'on') : (),
});
$pg->migrate;
$pg->psql('CREATE EXTENSION pg_stat_statements') if $library{pg_stat_statements};

my $key  = $pg->secret_key;
my $next = spew(test_dir() . '/next.key', MDM::Test::run_or_die('openssl', 'rand', '-hex', 32));
chmod 0600, $next;
my %file = ('secret key' => $key, 'next secret key' => $next);
for my $name (keys %file) {
    my $hex = slurp($file{$name}) =~ s/\s+\z//r;
    $secrets->add($name, $_) for $hex, pack 'H*', $hex;
}

my $ca     = MDM::Test::PKI->ca('Device CA');
my $tls_ca = MDM::Test::PKI->ca('Server CA');
my $server = $tls_ca->server;
my $hook   = MDM::Test::Receiver->start;
my $plain  = MDM::Test::Receiver->start;
my $tenant = "acme-$open";
my $admin  = $pg->tenant($tenant, host => 'localhost', device_ca => $ca);
my $rival  = $pg->tenant('rival', host => 'rival.example', device_ca => $ca);
my $reader = token($pg, $tenant, 'reader', 'read');
$secrets->add('token', $_) for $admin, $reader;
$secrets->add('token of another', $rival);

my $conf = <<'CONF';
load_module %%MODULE%%;
thread_pool mdm threads=2;
events { worker_connections 256; }
http {
    %%HTTP%%
    log_format ours '$status $mdm_tenant $mdm_enrollment $mdm_message $mdm_status '
                    '$mdm_command_uuid $mdm_request_type $mdm_db_time';
    access_log %%DIR%%/ours.log ours;
    mdm_database "%%PG%%" timeout=2s;
    mdm_secret_key KEYS;
    mdm_tenant $host;
    mdm_webhook http://anna:%%PASSWORD%%@127.0.0.1:%%HOOK%%/ name=%%OPEN%% secret=%%HOOK_SECRET%%;
    mdm_webhook http://127.0.0.1:%%PLAIN%%/ name=plain format=event;
    client_max_body_size 4m;
    client_body_buffer_size 4m;

    server {
        listen 127.0.0.1:%%PORT%%;
        listen 127.0.0.1:%%TLS_PORT%% ssl;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        location = /mdm { mdm connect; mdm_user_authenticate on; }
        location = /small { mdm connect; client_body_buffer_size 1k; }
        location /v1/ { mdm api; }
        location = /metrics { mdm metrics; }
    }
}
CONF
my $hook_secret = spew(test_dir() . '/hook.secret', $secret{'secret of the hook'});
chmod 0600, $hook_secret;
my $nginx = MDM::Test::Nginx->start(pg => $pg, level => 'debug',
    conf => $conf =~ s/KEYS/%%SECRET_KEY%%/r,
    vars => { CERT => $server->{cert}, KEY => $server->{key}, OPEN => $open,
        HOOK => $hook->port, PLAIN => $plain->port, HOOK_SECRET => $hook_secret,
        PASSWORD => $secret{'password of the hook'}, NEXT => $next });
$nginx->expect(qr/\[alert\].*(?:thread|worker process)/);

# What clients hear, by who they are.

our $to = 'answers';
my %heard;
{
    no warnings 'redefine';
    my $read = MDM::Test::Client->can('read_answer');
    *MDM::Test::Client::read_answer = sub {
        my $answer = $read->(@_);
        my %header = %{ ($answer // {})->{headers} // {} };
        $heard{$to} .= join "\n", (map { "$_: $header{$_}" } sort keys %header),
            ($answer // {})->{body} // '', '';
        return $answer;
    };
}

sub hear { my ($where, $sub) = @_; local $to = $where; return $sub->() }

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $admin);

sub device {
    my ($name, %option) = @_;

    my $certificate = $ca->device($name);
    my $device = MDM::Test::Device->new(certificate => $certificate, udid => "$name-$open",
        topic => 'com.apple.mgmt.External.1', facts => { DeviceName => "name-$open" },
        path => "/mdm?site=$open", client => MDM::Test::Client->new(
            port => $nginx->tls_port, ca => $tls_ca, certificate => $certificate), %option);
    add_key('key of a device', $certificate);

    return $device;
}


# The private part of a key, in DER and as PEM has it.

sub add_key {
    my ($name, $certificate, $in_pem) = @_;

    my $pem = slurp($certificate->{key});
    my $text = MDM::Test::run_or_die('openssl', 'pkey', '-in', $certificate->{key},
        '-noout', '-text');
    my ($numbers) = $text =~ /^(?:priv|prime1):\n((?:\s+[0-9a-f:]+\n)+)/m;
    $secrets->add($name, substr pack('H*', $numbers =~ s/[^0-9a-f]//gr), 3, 27);
    my @lines = grep { !/---/ } split /\n/, $pem;
    $secrets->add($in_pem, substr $lines[@lines / 2], 8, 40) if $in_pem;
}


# --- what devices bring ---

ok wait_for(20, sub { $pg->psql('SELECT count(*) FROM mdm.webhook') == 2 }),
    'the webhooks begin';

my $mac = device('mac');
is $mac->authenticate(Secret => $secret{Authenticate})->{status}, 200,
    'a device authenticates';
is $mac->token_update(UnlockToken => \$secret{'unlock token'},
    Secret => $secret{TokenUpdate})->{status}, 200, '... and has an unlock token';
is $mac->with(path => '/small')->checkin('SetBootstrapToken', BootstrapToken => \$_)->{status},
    200, '... and a bootstrap token' for @secret{'first bootstrap token', 'bootstrap token'};
my $user = $mac->user('501-ANNA', 'anna', 'Anna');
is $user->checkin('UserAuthenticate', DigestResponse => $secret{digest})->{status}, 200,
    'a user authenticates';
is $user->token_update->{status}, 200, '... and comes';
$user->checkin('DeclarativeManagement', Endpoint => 'status',
    Data => \qq({"StatusItems":{"x":"$secret{declarations}"}}));
is $mac->idle(Secret => $secret{Idle})->{status}, 200, 'an Idle may hold anything';

my $signer = device('signer', client => $client);
my $idle = plist({ Status => 'Idle', UDID => $signer->device_id });
my $signature = $signer->{certificate}->sign($idle);
my $der = MIME::Base64::decode_base64($signature);
$secrets->add('Mdm-Signature', substr $der, -30);
is $signer->send('application/x-apple-aspen-mdm', $idle, 'Mdm-Signature' => $signature)
    ->{status}, 403, 'a signature is taken';

# --- commands, in every way, and what devices answer ---

my %uuid;
my $id = $mac->enrollment;

sub command {
    my ($name, $type, %keys) = @_;

    my $command = $mac->command($type, $uuid{$name} = $mac->uuid, %keys);

    # A PIN is soon guessed from the hash of the command that has it.
    $secrets->add("digest of $name", Digest::SHA::sha256($command));

    return $command;
}


sub profile {
    my ($name, %keys) = @_;

    return command($name, 'InstallProfile', Payload => \$mac->profile("$name-$open", %keys));
}

my $mobileconfig = spew(test_dir() . '/secret.mobileconfig',
    profile(mdmctl => Password => $secret{'command of mdmctl'}));
my @ctl = ('--database', $pg->conninfo, '--secret-key', $key);
my $lock = command(pin => 'DeviceLock', PIN => $secret{PIN}, Message => 'lost');
my @asked = (
    $api->api(PUT => "/v1/enqueue/$id", $lock),
    $api->api(POST => '/v1/commands', { enrollments => [ $id ], command =>
        command(recovery => 'SetRecoveryLock', NewPassword => $secret{'recovery password'}) },
        'X-Other' => 1),
    $api->api(POST => '/v1/commands', { enrollments => [ $id ], command_base64 =>
        MIME::Base64::encode_base64(profile(wifi => Password => $secret{'Wi-Fi password'}), '') }),
    $api->api(PUT => "/v1/enqueue/$id", profile(p12 => PayloadContent => \$secret{'PKCS #12'},
        Password => $secret{'PKCS #12 password'})),
    $api->api(PUT => "/v1/enqueue/$id", command(app => 'InstallApplication', ManifestURL =>
        "https://anna:$secret{'manifest password'}\@apps.example/$open?"
        . "token=$secret{'manifest token'}")),
);
is join(' ', map { $_->{status} } @asked), '200 200 200 200 200', 'commands are queued';

# A profile that is kept, signed, and asked of the device.

sub kept {
    my ($name, $password) = @_;

    return $api->api(POST => '/v1/profiles', { PayloadIdentifier => "com.example.$name",
        PayloadDisplayName => "kept-$open", PayloadContent => [ { PayloadType =>
        'com.apple.wifi.managed', SSID_STR => 'x', EncryptionType => 'WPA2',
        Password => $password } ] });
}

my $author = $ca->certificate('Author');
add_key('signing key', $author, 'signing key in PEM');
is $api->api(PUT => '/v1/signing-certificate', $author->pem . $author->key_pem)->{status},
    200, 'a signing certificate is stored';
my $kept = kept(kept => $secret{'stored Wi-Fi password'});
is $kept->{status}, 201, '... and a profile';
is kept(refused => [ $secret{'refused Wi-Fi password'} ])->{status}, 422,
    '... and another refused';
$kept = $kept->{json}{id};
is $api->api(POST => '/v1/commands', { request_type => 'InstallProfile', profile => $kept,
    to => { enrollments => [ $id ] }, command_uuid => $uuid{kept} = $mac->uuid })->{status},
    200, '... and the first asked of a device';
is +(mdmctl(@ctl, 'send', $id, $mobileconfig, '--tenant', $tenant))[0], 0, '... by mdmctl, too';

my %answers = (
    pin      => [ Error => ErrorChain => [ { ErrorDomain => 'MCMDMErrorDomain',
        LocalizedDescription => $secret{'error chain'},
        USEnglishDescription => $secret{'error chain'} } ] ],
    recovery => [ Acknowledged => RotateResult => {
        EncryptedNewRecoveryKey => \$secret{'FileVault key'} },
        SecurityInfo => { FDE_PersonalRecoveryKeyCMS => \$secret{'FileVault key'} } ],
    wifi     => [ Acknowledged => QueryResponses => { DeviceName => "name-$open",
        ActivationLockBypassCode => $secret{'bypass code'} } ],
    p12      => [ Acknowledged => InstalledApplicationList => [
        ({ Name => $secret{'large report'} }) x 3000 ] ],
    mdmctl   => [ 'Unreadable' ],
    kept     => [ 'Acknowledged' ],
);
my %name = reverse %uuid;
my $done = 0;
hear device => sub {
    my $answer = $mac->idle;
    while (my $uuid = $answer->{command_uuid}) {
        my ($status, @keys) = @{ $answers{ $name{$uuid} } // [ 'Acknowledged' ] };
        $answer = $name{$uuid} eq 'app' && !$done++
            ? $mac->report($uuid, 'NotNow', Secret => $secret{NotNow})
            : $status eq 'Unreadable'
            ? $mac->send('application/x-apple-aspen-mdm', plist({ Status => 'Acknowledged',
                CommandUUID => $uuid, UDID => $id })
                =~ s{<dict>}{<dict><key>a</key><string>$secret{'unreadable report'}&no;</string>}r)
            : $mac->report($uuid, $status, @keys);
    }
    my $uuid = $mac->idle->{command_uuid};
    is $uuid, $uuid{app}, 'the device answers them all, and one is offered again';
    is $mac->report($uuid, 'Acknowledged')->{status}, 200, '... and answered';
    $mac->checkin('GetBootstrapToken');
};
is $pg->psql('SELECT count(*) FROM mdm.queue'), 0, '... and nothing waits';

# --- push certificates ---

my $apple = MDM::Test::PKI->ca('Push CA');
my @push = map { $apple->push_certificate("com.apple.mgmt.External.$_",
    key => $_ == 1 ? 'rsa' : 'ec') } 1 .. 3;
add_key('push key', $push[0], 'push key in PEM');
add_key('refused push key', $_, 'refused push key') for @push[1, 2];
my $encrypted = MDM::Test::run_or_die('openssl', 'pkcs8', '-topk8', '-in', $push[2]{key},
    '-passout', "pass:$secret{passphrase}");
$secrets->add('encrypted push key', (split /\n/, $encrypted)[2]);
is join(' ', map { $_->{status} } map { $api->api(PUT => '/v1/pushcert', $_) }
    $push[0]->pem . $push[0]->key_pem,
    $push[0]->pem . $push[1]->key_pem,
    $push[2]->pem . $encrypted . "passphrase: $secret{passphrase}\n",
    $push[1]->key_pem . 'x' x 70000), '200 400 400 400',
    'a push certificate is stored, and others are refused';

# --- what is refused ---

my @refused = (
    [ 400 => $mac->send('application/x-apple-aspen-mdm', "<plist>$secret{'no plist'}") ],
    [ 400 => device('nobody', client => $client)->idle(Secret => $secret{unsigned}) ],
    [ 403 => device('stranger')->idle(Secret => $secret{'unknown device'}) ],
    [ 415 => $mac->send('text/plain', $secret{'wrong type'}) ],
    [ 413 => $mac->send('application/x-apple-aspen-mdm-checkin',
        $secret{'too large'} x 4000) ],
    [ 413 => $api->api(PUT => "/v1/enqueue/$id", $secret{'too large'} x 180_000) ],
    [ 400 => $api->api(POST => '/v1/commands', "{\"a\": $secret{'no JSON'}}",
        'Content-Type' => 'application/json') ],
    [ 400 => $api->api(POST => '/v1/commands', qq({"a": "b" "$secret{'no JSON'}"}),
        'Content-Type' => 'application/json') ],
    [ 400 => $api->api(POST => '/v1/commands', { enrollments => $secret{'wrong JSON'},
        command => { x => $secret{'wrong JSON'} }, priority => $secret{'wrong JSON'} }) ],
    [ 400 => $api->api(PUT => "/v1/enqueue/$id", "<a>$secret{'no command'}</a>") ],
    [ 400 => $api->api(PUT => "/v1/enqueue/$id", plist({ Command => {
        RequestType => "\x01$secret{'no command'}" }, CommandUUID => 'x' })) ],
    [ 409 => $api->api(PUT => "/v1/enqueue/$id", $mac->command('DeviceLock', $uuid{pin},
        PIN => $secret{conflict})) ],
    [ 500 => $api->api(PUT => '/v1/enqueue/nobody', $mac->command('DeviceLock', $mac->uuid,
        PIN => $secret{'unknown target'})) ],
    [ 403 => $client->with(token => $reader)->api(PUT => "/v1/enqueue/$id",
        $mac->command('DeviceLock', $mac->uuid, PIN => $secret{'no right'})) ],
    [ 403 => $client->with(token => $rival)->api(PUT => "/v1/enqueue/$id",
        $mac->command('DeviceLock', $mac->uuid, PIN => $secret{'other tenant'})) ],
    [ 401 => $client->with(token => $secret{'no token'})->api(GET => '/v1/audit') ],
    [ 400 => $api->api(GET => "/v1/enrollments?token=$secret{'query of the API'}") ],
    [ 200 => $api->api(POST => '/v1/commands', { enrollments => [ $id ], command =>
        plist({ Command => { RequestType => 'ProfileList' } }) },
        'Idempotency-Key' => $secret{'Idempotency-Key'}) ],
    [ 400 => $api->api(GET => "/v1/enrollments/$id/secrets/$secret{'guessed secret'}%20") ],
    [ 200 => $mac->with(path => '/small')->report($mac->uuid, 'NotNow',
        Secret => $secret{'temporary file'}, Fill => 'x' x 5000) ],
);
is join(' ', map { $_->[1]{status} } @refused), join(' ', map { $_->[0] } @refused),
    'what must be refused is';

# --- faults: a row in DETAIL, another key, no database ---

$pg->psql(q{CREATE FUNCTION public.poison() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'poison' USING DETAIL = 'a row: ' || NEW; END $$;
    CREATE TRIGGER poison BEFORE INSERT ON mdm.secret FOR EACH ROW
        EXECUTE FUNCTION public.poison()});
is $mac->checkin('SetBootstrapToken', BootstrapToken => \$secret{DETAIL})->{status}, 503,
    'a row that PostgreSQL refuses is 503';
$pg->psql('DROP FUNCTION public.poison() CASCADE');
like $pg->log, qr/DETAIL:  a row: /, '... which PostgreSQL shows in its log';
like $nginx->error_log, qr/PostgreSQL refused "bootstrap_token_set"/, '... and of which we tell';
unlike $nginx->error_log, qr/a row: /, '... without the row';

$nginx->reload($conf =~ s/KEYS/%%NEXT%%/r);
my $locked = plist({ Status => 'Idle', UDID => $id, Secret => $secret{'wrong key'} });
$mac->{client}->disconnect;
is $mac->send('application/x-apple-aspen-mdm', $locked)->{status}, 503, 'a wrong key is 503';
is +(mdmctl(@ctl[0, 1], '--secret-key', $next, '--secret-key', $key, 'rekey'))[0], 0,
    'all is sealed with the next key';
$nginx->reload($conf =~ s/KEYS/%%NEXT%%; mdm_secret_key %%SECRET_KEY%%/r);
ok wait_for(20, sub { $api->api(GET => '/v1/webhooks')->{status} == 200 }), '... which serves';

is $api->api(PUT => "/v1/enqueue/$id", $lock)->{status}, 200,
    '... and knows the repetition of a command';

# --- what is shown to whom ---

my @hosts = ('--tenant', $tenant);
hear revealed => sub {
    $api->api(GET => "/v1/commands/$_/payload") for values %uuid;
    $api->api(GET => "/v1/enrollments/$id/history/$_/report") for values %uuid;
    $api->api(GET => "/v1/enrollments/$id/secrets/$_") for qw(unlock_token bootstrap_token);
    $api->api(GET => "/v1/profiles/$kept$_") for '', '?format=mobileconfig';
};
$client->with(token => $reader)->api(GET => "/v1/profiles/$kept$_")
    for '', '?format=mobileconfig';
$api->api(GET => "/v1/$_") for 'enrollments', "enrollments/$id", "enrollments/$id/why",
    "enrollments/$id/queue", "enrollments/$id/history", "commands/$uuid{app}", 'events',
    'audit?limit=500', 'webhooks', "webhooks/$open/failures", 'push-certificates', 'profiles',
    'signing-certificate',
    'pushcert?topic=com.apple.mgmt.External.1', "push/$id";
$client->get('/metrics');
$client->get('/v1/audit', Authorization => "Bearer $admin");

my $stream = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $nginx->port);
print $stream "GET /v1/events/stream HTTP/1.1\r\nHost: localhost\r\n"
    . "Authorization: Bearer $reader\r\n\r\n";
my $events = '';
while ($events !~ /push_certificate_stored/ && IO::Select->new($stream)->can_read(10)) {
    last if !sysread $stream, $events, 65536, length $events;
}

my $lists = join '', map { my ($exit, $text) = mdmctl(@ctl[0, 1], @$_);
    $exit == 0 ? $text : die "mdmctl @$_: $text" } [ qw(tenant list) ], [ qw(token list) ],
    map { [ @$_, @hosts ] } [ 'devices' ], [ device => $id ], [ why => $id ], [ queue => $id ],
    [ history => $id ], [ command => $uuid{pin} ], [ 'events' ], [ 'audit' ],
    [ qw(webhook list) ], [ webhook => failures => $open ], [ qw(pushcert list) ];
ok wait_for(20, sub { $pg->psql('SELECT count(*) FROM mdm.event e, mdm.webhook w
    WHERE (e.xid, e.event_id) > (w.cursor_xid, w.cursor_event_id)') == 0 }),
    'the webhooks have told all';
my $follow = fork // die "fork: $!";
if ($follow == 0) {
    open STDOUT, '>', '/dev/null';
    exec MDM::Test::build('mdmctl'), @ctl, 'events', '--follow', @hosts or POSIX::_exit(1);
}
my $processes = '';
wait_for(5, sub { MDM::Test::Nginx::title($follow) =~ /follow/ });
for my $pid ($nginx->pid, $nginx->workers, $follow) {
    $processes .= slurp("/proc/$pid/$_") . "\n" for qw(environ cmdline);
}
{ local $?; kill TERM => $follow; waitpid $follow, 0 }

my @tables = map { $_->[0] } $pg->query(q{SELECT format('%I.%I', nspname, relname)
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
   WHERE relkind IN ('r', 'p', 'm') AND NOT relispartition
     AND nspname NOT IN ('information_schema') AND nspname !~ '^pg_(toast|temp)'});
my $rows = $pg->psql(join ';', map { "SELECT t::text FROM $_ t" } @tables);
my $active = $pg->psql("SELECT query FROM pg_stat_activity /* $open */"
    . ($library{pg_stat_statements} ? ' UNION ALL SELECT query FROM pg_stat_statements' : ''));
MDM::Test::run_or_die(MDM::Test::Postgres::program('pg_dump'), '-f',
    test_dir() . '/dump.sql', '-d', $pg->conninfo);
$pg->psql('CHECKPOINT');
cmp_ok scalar(@tables), '>', 80, 'all tables are read, those of PostgreSQL, too';

# PostgreSQL goes away while something is on its way.

$nginx->expect(qr/PostgreSQL/);
my $data = "$pg->{dir}/data";
$pg->stop;
is $mac->send('application/x-apple-aspen-mdm', plist({ Status => 'Idle', UDID => $id,
    Secret => $secret{'database away'} }))->{status}, 503, 'without a database it is 503';
is $api->api(PUT => "/v1/enqueue/$id", $mac->command('DeviceLock', $mac->uuid,
    PIN => $secret{'database away'}))->{status}, 503, '... for the API as well';

# --- the search ---

# Texts, and what stands in them in Base64, down to a profile in a command.

sub unfolded {
    my ($text) = @_;

    my @inner = map { MIME::Base64::decode_base64($_) } $text
        =~ m{(?:<data>|"raw_payload":"|"value":"|Basic )([A-Za-z0-9+/=\s]{8,}?)(?:[<"]|\z)}g;

    return join "\n", $text, map { unfolded($_) } @inner;
}

my $hooks = join '', map { "$_->{body}\n" . ($_->{headers}{authorization} // '') . "\"\n" }
    $hook->got;
my %place = (
    'the error log at debug level'  => ours($nginx->error_log),
    'the log of our variables'      => slurp($nginx->dir . '/ours.log'),
    'the log of PostgreSQL'         => [ $pg->log_file ],
    'the tables'                    => $rows,
    'the files of the cluster'      => [ map { "$data/$_" } qw(base global pg_xact) ],
    'the write-ahead log'           => [ "$data/pg_wal" ],
    'the dump'                      => [ test_dir() . '/dump.sql' ],
    'statements and activity'       => $active,
    'answers of the API and errors' => $heard{answers},
    'events as they happen'         => $events,
    'webhooks in our form'          => join("\n", map { $_->{body} } $plain->got),
    'the lists of mdmctl'           => $lists,
    'words and environment of processes' => $processes,
    device   => unfolded($heard{device}),
    revealed => unfolded($heard{revealed}),
    hook     => unfolded($hooks),
);
my %seen;

for my $place (sort keys %place) {
    my %found = $secrets->search(ref $place{$place} ? @{ $place{$place} }
        : spew(test_dir() . '/place', $place{$place}));

    $seen{"$_ $place"} = 1 for keys %found;
    ok delete $found{'no secret'}, "the search finds what is no secret in $place";
    delete $found{$_} for grep { ($may{$_} // '') =~ /\b\Q$place\E\b/ } keys %found;
    is join(', ', map { "$_ ($found{$_})" } sort keys %found), '', '... and no secret';
}

is join(' ', map { glob "$_/*" } grep { -d } glob $nginx->dir . '/*'), '',
    'nginx leaves no temporary file';
is join(', ', grep { !$seen{$_} } map { my $name = $_;
    map { "$name $_" } split ' ', $may{$name} } sort keys %may), '',
    'each secret is seen by those who may see it';

# Of each form.

my $form = $secrets->{form};
my @forms = grep { $form->{$_}[0] eq 'no secret' } keys %$form;
is_deeply { $secrets->search_text("a${_}b") }, { 'no secret' => $form->{$_}[1] },
    "the search knows $form->{$_}[1]" for sort { $form->{$a}[1] cmp $form->{$b}[1] } @forms;

done_testing;
