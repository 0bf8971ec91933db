# Each operation across tenants: what is anna's is to bert as if it did not exist,
# by id, CommandUUID and cursor, on his host and on hers; nothing of hers is told
# and nothing is changed.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use Test::More;
use MDM::Test;
use MDM::Test::API qw(operations good_call told token rows_of);

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $ca = MDM::Test::PKI->ca('Device CA');
my %token = map { $_ => $pg->tenant($_, host => "$_.example", device_ca => $ca) }
    qw(anna bert);
$pg->psql("SELECT mdm_r2.webhook_open('hook-$_', '$_');
    SELECT mdm_r2.webhook_set_aside('hook-$_', tenant_id, '1', n, 'enrolled', 404, 'HTTP')
      FROM mdm.tenant, generate_series(1, 2) n WHERE name = '$_'", role => 'mdm_job')
    for qw(anna bert);
$token{hoster} = token($pg, 'bert', 'hoster', 'admin', 'host');

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
        location = /mdm { mdm connect; client_max_body_size 4m; }
        location /v1/ { mdm api; client_max_body_size 4m; }
    }
}
CONF

my %client = map { $_ => MDM::Test::Client->new(port => $nginx->port,
    host => "$_.example", token => $token{$_}) } qw(anna bert);
my ($anna, $bert) = @client{qw(anna bert)};


# All that is a tenant's has the tenant's name in it, so that it is found in an
# answer; each has the same.

my (%fingerprint, %profile, %request);

sub life {
    my ($tenant) = @_;

    my @devices = map { MDM::Test::Device->new(sign => 1, client => $client{$tenant},
        udid => "UDID-$tenant-$_", topic => "com.apple.mgmt.$tenant",
        certificate => $ca->device("$tenant $_"), facts => {
            SerialNumber => "SERIAL-$tenant-$_", OSVersion => '26.0',
            ProductName => 'iPhone17,2', DeviceName => "the phone of $tenant" })
    } 1, 2;
    my $user = $devices[0]->user("USER-$tenant", $tenant, "$tenant Example");

    $_->enroll(UnlockToken => \"unlock $tenant")->{status} == 200
        or die 'not enrolled' for @devices, $user;
    $fingerprint{$tenant} = $devices[0]{certificate}->sha256;

    for my $push (map { $ca->push_certificate("com.apple.mgmt.$tenant$_") } '', '-2') {
        told($client{$tenant}->api(PUT => '/v1/pushcert?new_topic=1', $push->pem . $push->key_pem))
            eq '200' or die 'no push certificate';
    }

    for my $uuid (map { "$tenant-$_" } qw(done failed held waits last)) {
        my $ids = join ',', map { $_->enrollment } @devices, $user;
        told($client{$tenant}->api(PUT => "/v1/enqueue/$ids",
            $user->command('ProfileList', $uuid))) eq '200' or die 'not queued';
    }

    $request{$tenant} = $client{$tenant}->api(POST => '/v1/pushcert/request', { note =>
        "of $tenant" })->{json}{public_key_sha256} // die 'no request';

    $profile{$tenant} = $client{$tenant}->api(POST => '/v1/profiles', { PayloadIdentifier =>
        "com.example.$tenant.$_", PayloadDisplayName => "of $tenant", PayloadContent => [ {
        PayloadType => 'com.apple.wifi.managed', SSID_STR => "net of $tenant",
        EncryptionType => 'WPA2', Password => "secret of $tenant" } ] })->{json}{id}
        // die 'no profile' for 1, 2;
    my $signer = $ca->certificate("signer of $tenant");
    told($client{$tenant}->api(PUT => '/v1/signing-certificate', $signer->pem
        . $signer->key_pem)) eq '200' or die 'no signing certificate';

    for my $topic (map { "com.apple.mgmt.$tenant.$_" } 1, 2) {
        my $push = $ca->push_certificate($topic);
        told($client{$tenant}->api(PUT => '/v1/pushcert?new_topic=1', $push->pem . $push->key_pem))
            =~ /\A20/ or die 'no push certificate';
    }

    for my $channel ($devices[0], $user) {
        $channel->idle;
        $channel->report("$tenant-done", 'Acknowledged');
        $channel->report_error("$tenant-failed", 'MCMDMErrorDomain', 5);
        $channel->report("$tenant-held", 'NotNow');
    }

    $pg->psql("INSERT INTO mdm.push_stop (tenant_id, enrollment_id, topic, token, reason,
                                          counted, stopped_at, probe_at)
        SELECT tenant_id, enrollment_id, topic, push_token, 'of $tenant', false, now(), now()
          FROM mdm.enrollment WHERE topic = 'com.apple.mgmt.$tenant'");

    $pg->psql("INSERT INTO mdm.inventory_list (tenant_id, enrollment_id, list, asked_at,
                                               changed_at, items)
        SELECT tenant_id, enrollment_id, list, now(), now(), 2
          FROM mdm.enrollment, unnest('{applications,of-$tenant}'::text[]) AS list
         WHERE device_id = 'UDID-$tenant-1';
        INSERT INTO mdm.inventory_item (tenant_id, enrollment_id, list, key, value,
                                        first_seen_at, changed_at, seen_at)
        SELECT tenant_id, enrollment_id, list, '$tenant' || i, '{\"of\": \"$tenant\"}',
               now(), now(), now()
          FROM mdm.inventory_list JOIN mdm.enrollment USING (tenant_id, enrollment_id),
               generate_series(1, 2) AS i
         WHERE device_id = 'UDID-$tenant-1'");
}

life($_) for qw(anna bert);

# What each operation is tried with: of a tenant, or of nobody. All combinations
# of what a path names.

sub objects_of {
    my ($tenant) = @_;

    my %objects = (
        id           => [ map { "UDID-$tenant-$_" } '1', "1:USER-$tenant" ],
        command_uuid => [ map { "$tenant-$_" } qw(waits held done) ],
        kind         => [ qw(unlock_token bootstrap_token) ],
        topic        => [ "com.apple.mgmt.$tenant" ],
        fingerprint  => [ $fingerprint{$tenant} // '0' x 64 ],
        name         => [ "hook-$tenant" ],
        public_key   => [ $request{$tenant} // '0' x 64 ],
        profile_id   => [ $profile{$tenant} // 'no-profile' ],
    );
    my @all = ({});

    for my $kind (sort keys %objects) {
        @all = map { my $so_far = $_; map { { %$so_far, $kind => $_ } }
            @{ $objects{$kind} } } @all;
    }

    return @all;
}


# Filters that would find what is hers.

my %filter = (
    enrollment    => 'enrollment=UDID-anna-1',
    identifier    => 'identifier=com.example.anna.1',
    item          => 'item=anna*',
    serial        => 'serial=SERIAL-anna*',
    user          => 'user=anna',
    'attribute.*' => 'attribute.SerialNumber=SERIAL-anna-1',
);

# What a call says, in one text.

sub asked {
    my ($method, $path, $body) = @_;

    return join ' ', $path,
        ref $body ? JSON::PP->new->canonical->encode($body) : $body // '';
}


# The different calls of an operation that a tenant's objects make.

sub calls_of {
    my ($operation, $tenant) = @_;

    my %seen;

    return grep { !$seen{ asked(@$_) }++ }
        map { [ good_call($operation, %$_, new_uuid => 'new') ] } objects_of($tenant);
}


# The strings that only she has.

sub words_of { return map { s/\Ax(?=[0-9a-f]+\z)//r } split /[^\w.-]+/, rows_of($pg, $_[0]) }

my $unlock = encode_base64('unlock anna', '');
my %his = map { $_ => 1 } words_of('bert');
my @hers = grep { !$his{$_} && (/anna/i || /\A[0-9a-f]{24,}\z/i) } words_of('anna');
push @hers, $unlock;
cmp_ok scalar @hers, '>', 30, 'she has what he has not';


# Those that are in an answer, but not in what asked for it.

sub leaks {
    my ($answer, $asked) = @_;

    my $text = join "\n", $answer->{body}, values %{ $answer->{headers} };

    return join ' ', grep { index($text, $_) >= 0 && index($asked, $_) < 0 } @hers;
}


like leaks($anna->api(GET => '/v1/enrollments'), ''), qr/\bSERIAL-anna-1\b/,
    '... which is found where it is';


# An answer without the names that it was asked for.

sub bare {
    my ($answer, $asked) = @_;

    my $text = told($answer) . " $answer->{body}";
    my @names = sort { length $b <=> length $a } grep { /anna|nobody|\A[0-9a-f]{64}\z/ }
        split m{[^\w.-]+}, $asked;

    $text =~ s/\Q$_\E/?/g for @names;

    return $text;
}


# The audit first, for later it has what he himself has asked.

my @operations = sort { ($b->{pattern} eq '/v1/audit') <=> ($a->{pattern} eq '/v1/audit') }
    grep { defined $_->{scope} } operations();
my $before = rows_of($pg, 'anna');

for my $operation (@operations) {
    my $name = $operation->{name};
    my @theirs = calls_of($operation, 'anna');
    my @nobodys = calls_of($operation, 'nobody');

    for my $i (0 .. $#theirs) {
        my ($method, $path, @body) = @{ $theirs[$i] };
        my $asked = asked(@{ $theirs[$i] });
        my $answer = $bert->api($method, $path, @body);

        is leaks($answer, $asked), '', "$method $path tells bert nothing of hers";
        is bare($answer, $asked), bare($bert->api(@{ $nobodys[$i] }),
            asked(@{ $nobodys[$i] })), '... but what it says of nobody\'s'
            if $asked ne asked(@{ $nobodys[$i] });

        my $intruder = $anna->with(token => $token{bert});
        is told($intruder->api($method, $path, @body)), '403 wrong_tenant',
            '... he has no right on her host';
        is told($bert->api($method, $path, $body[0], 'Mdm-Tenant' => 'anna')),
            '403 missing_scope', '... nor by naming her';
    }

    for my $filter (map { $filter{$_} // () } split / /, $operation->{args} // '') {
        my ($method, $path) = @{ $nobodys[0] };
        my $answer = $bert->api($method, "$path?$filter");

        is leaks($answer, $filter), '', "$path?$filter tells bert nothing of hers";
                is_deeply $answer->{json}{items}, [], '... for there is none'
            if $answer->{json};
    }

    next if ($operation->{args} // '') !~ /\bafter\b/;

    # A cursor of hers, asked on with it for hers and for his.

    my @his = calls_of($operation, 'bert');

    for my $i (0 .. $#theirs) {
        my $list = $theirs[$i][1] =~ s{/events/stream\z}{/events}r;
        my $next = $anna->api(GET => "$list?limit=1")->{json}{next};

        ok $next, "$theirs[$i][1] has a cursor of hers";
        is leaks($bert->api(GET => "$_?after=$next"), "$_ $next"), '',
            "... with which $_ tells bert nothing"
            for $theirs[$i][1], $his[$i][1];
    }
}

is told($bert->api(GET => '/v1/pushcert?topic=com.apple.mgmt.anna')), '404 error',
    'her topic is nobody\'s';

# What a stream brings until it is silent: from its beginning, and from an event of
# hers on.

my ($of_hers, $of_his) = map {
    [ map { $_->{id} } @{ $_->api(GET => '/v1/events?limit=500')->{json}{items} } ]
} $anna, $bert;

for my $from ([], [ 'Last-Event-ID' => $of_hers->[0] ]) {
    my $stream = $bert->with(timeout => 3);

    $stream->write($stream->request_text(GET => '/v1/events/stream', undef,
        Authorization => "Bearer $token{bert}", @$from));
    1 while $stream->read_some;

    my @came = $stream->{buffer} =~ /^id: (\S+)\nevent: /mg;

    is_deeply \@came, $of_his, 'a stream brings what is his' if !@$from;
    ok @came > 1, '... and goes on where she was' if @$from;
    is leaks({ headers => {}, body => $stream->{buffer} }, "@$from"), '',
        '... and nothing of hers';
}

is rows_of($pg, 'anna'), $before, 'of all that nothing of hers has changed';

# He who may go there, may. What is done to one is not there for the next.

my $hoster = $bert->with(token => $token{hoster});
my %hers = (id => 'UDID-anna-1', command_uuid => 'anna-waits', kind => 'unlock_token',
    fingerprint => $fingerprint{anna}, new_uuid => 'new', name => 'hook-anna',
    profile_id => $profile{anna}, public_key => $request{anna},
    topic => 'com.apple.mgmt.anna');
my %other = (
    'POST /v1/commands/cancel'                 => { command_uuid => 'anna-last' },
    'DELETE /v1/enrollments/*/queue'           => { id => 'UDID-anna-2' },
    'DELETE /v1/enrollments/*/queue/*'         => { command_uuid => 'anna-held' },
    'GET /v1/enrollments/*/history/*/report'   => { command_uuid => 'anna-failed' },
    'POST /v1/enrollments/*/history/*/effects' => { command_uuid => 'anna-failed' },
);

for my $operation (@operations) {
    my ($method, $path, $body) = good_call($operation, %hers,
        %{ $other{ $operation->{name} } // {} });

    unlike told($hoster->api($method, $path, $body, 'Mdm-Tenant' => 'anna')),
        qr/\A(?:40[134]|5(?!00 push_error))/, "with host $operation->{name} finds what is hers";
}

isnt rows_of($pg, 'anna'), $before, '... and changes it';

done_testing;
