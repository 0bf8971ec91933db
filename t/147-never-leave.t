# Every way in which the engine itself can end a device's request, read from its
# source, provoked with an enrolled device: it hears 401, 404, 410 or a code in a
# 403 only where the row says so, over HTTP with a signature, over TLS with a
# certificate, and over HTTP/2.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::INET ();
use Test::More;
use MDM::Test;
use MDM::Test::Metrics;
use MDM::Test::Plist qw(plist);

with_sanitizers();

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $ca = MDM::Test::PKI->ca('Device CA');
my $tls_ca = MDM::Test::PKI->ca('Server CA');
my $server = $tls_ca->server;
my $silent = IO::Socket::INET->new(Listen => 50, LocalAddr => '127.0.0.1') or die;
my $other_key = spew(test_dir() . '/other.key', 'ab' x 32);
my $revision = $pg->revision;
my $report = 'application/x-apple-aspen-mdm';

$pg->tenant('acme', host => 'localhost', device_ca => $ca);
$pg->tenant('umbrella', device_ca => $ca);
$pg->psql('CREATE DATABASE full_up CONNECTION LIMIT 0');

sub conf {
    my ($key) = @_;

    return <<"CONF";
load_module %%MODULE%%;
worker_processes 1;
thread_pool mdm threads=1 max_queue=1;
events { worker_connections 512; }
http {
    %%HTTP%%
    mdm_database "%%PG%%" connections=2 timeout=1s;
    mdm_database "host=/nowhere dbname=mdm" name=nowhere connections=2 timeout=1s;
    mdm_database "host=127.0.0.1 port=%%SILENT%% dbname=mdm" name=silent connections=2 timeout=1s;
    mdm_database "%%PG%% dbname=template1" name=empty connections=2 timeout=1s;
    mdm_database "%%PG%% dbname=full_up" name=full connections=2 timeout=1s;
    mdm_database "%%PG%% options='-c default_transaction_read_only=on'" name=readonly
                 connections=2 timeout=1s;
    mdm_secret_key $key;
    mdm_tenant acme;
    large_client_header_buffers 4 32k;
    client_max_body_size 4m;
    client_body_buffer_size 4m;
    server {
        listen 127.0.0.1:%%PORT%%;
        listen 127.0.0.1:%%TLS_PORT%% ssl http2;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        location = /mdm { mdm connect; mdm_use_database \$arg_db; }
        location = /tenant { mdm connect; mdm_tenant \$arg_t; }
        location = /both { mdm connect; mdm_identity certificate+signature; }
        location = /users { mdm connect; mdm_user_authenticate on; }
        location = /metrics { mdm metrics; }
    }
}
CONF
}

my %vars = (CERT => $server->{cert}, KEY => $server->{key}, SILENT => $silent->sockport);
my $nginx = MDM::Test::Nginx->start(pg => $pg, vars => \%vars, conf => conf('%%SECRET_KEY%%'));
my $strange = MDM::Test::Nginx->start(pg => $pg, vars => \%vars, conf => conf($other_key));


# A client that speaks HTTP/2: curl, once for each request.

package MDM::Test::HTTP2;

sub new { my ($class, %option) = @_; return bless { %option }, $class }
sub with { my ($self, %option) = @_; return bless { %$self, %option }, ref $self }

sub request {
    my ($self, $method, $path, $body, %header) = @_;

    my $file = MDM::Test::spew(MDM::Test::test_dir() . '/http2', $body // '');
    my ($exit, $text) = MDM::Test::run_command('curl', '-sS', '-i', '--http2', '--cacert',
        $self->{ca}{cert}, '--max-time', 20, '-X', $method, '--data-binary', "\@$file",
        ($self->{certificate} ? ('--cert', $self->{certificate}{cert}, '--key',
            $self->{certificate}{key}) : ()),
        map({ ('-H', $header{$_} eq '' ? "$_;" : "$_: $header{$_}") } sort keys %header),
        "https://localhost:$self->{port}$path");
    my ($status, $head, $answer) = $text =~ m{^HTTP/2 (\d+) *\r\n(.*?\r\n)\r\n(.*)}s;

    return { status => $status // 0, body => $answer // '',
        headers => { map { /^([\w-]+): (.*)$/ ? (lc $1 => $2) : () }
            split /\r\n/, $head // '' } };
}

package main;


my @kinds = ('HTTP', 'TLS', 'HTTP/2');

sub client {
    my ($kind, $certificate, $to) = @_;

    $to //= $nginx;

    return MDM::Test::Client->new(port => $to->port) if $kind eq 'HTTP';

    my %option = (port => $to->tls_port, ca => $tls_ca, certificate => $certificate);

    return $kind eq 'TLS' ? MDM::Test::Client->new(%option) : MDM::Test::HTTP2->new(%option);
}


sub device {
    my ($kind, $certificate, %option) = @_;

    return MDM::Test::Device->new(certificate => $certificate, sign => $kind eq 'HTTP',
        client => client($kind, $certificate), %option);
}


# The same device with another certificate.

sub as {
    my ($device, $certificate, %option) = @_;

    return $device->with(certificate => $certificate,
        client => client($device->{kind}, $certificate), %option);
}


my $plain = MDM::Test::Client->new(port => $nginx->port);
my %device = map { $_ => device($_, $ca->device(s{/}{}r), kind => $_) } @kinds;
my $good = device('TLS', $ca->device('good'), kind => 'TLS');

is $_->enroll->{status}, 200, "$_->{certificate}{name} enrols"
    for $good, map { $device{$_} } @kinds;

my %bad = (
    untrusted => MDM::Test::PKI->ca('Other CA')->device('untrusted'),
    starts    => $ca->device('early', starts => 2),
    server    => $ca->device('server', eku => 'serverAuth'),
    expired   => $ca->device('expired', days => -1),
    weak      => $ca->device('weak', key => 'rsa1024'),
    stranger  => $ca->device('stranger'),
);


# For the time of a request a function of the database does something else.

sub instead {
    my ($function, $body, $do) = @_;

    my $old = $pg->psql("SELECT pg_get_functiondef('$revision.$function'::regproc)");
    my $new = $old =~ s/AS \$function\$.*\$function\$/AS \$function\$BEGIN $body END\$function\$/sr;

    die "nothing replaced in $old" if $new eq $old;

    $pg->psql($new);
    my $answer = $do->();
    $pg->psql($old);

    return $answer;
}


# While a trigger lies in wait for the devices' updates.

sub trapped {
    my ($sql, $do) = @_;

    $pg->psql("CREATE OR REPLACE FUNCTION public.trap() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN $sql; RETURN NEW; END'; CREATE TRIGGER trap BEFORE UPDATE ON mdm.enrollment
        FOR EACH ROW EXECUTE FUNCTION public.trap()");
    my $answer = $do->();
    $pg->psql('DROP TRIGGER trap ON mdm.enrollment');

    return $answer;
}


sub queued {
    my ($device) = @_;

    my $id = $device->device_id;

    $pg->psql(<<"SQL");
BEGIN;
WITH e AS (SELECT * FROM mdm.enrollment WHERE device_id = '$id'),
     c AS (INSERT INTO mdm.command (tenant_id, command_uuid, request_type, payload, targets,
                                    created_at)
           SELECT tenant_id, 'BROKEN-$id', 'ProfileList', 'x', ARRAY[enrollment_id], now()
             FROM e RETURNING *)
INSERT INTO mdm.queue (tenant_id, enrollment_id, generation, command_id, command_created_at,
                       command_uuid, request_type, queued_at)
SELECT e.tenant_id, e.enrollment_id, e.generation, c.command_id, c.created_at,
       c.command_uuid, c.request_type, now() FROM e, c;
COMMIT
SQL
}


sub declare { $_[0]->checkin('DeclarativeManagement', Endpoint => $_[1]) }

sub large {
    return plist({ Status => 'Acknowledged', CommandUUID => 'L', %{ $_[0]{id} },
        Filler => 'x' x 100_000 });
}

my $user = 'FFFFFFFF-0000-0000-0000-000000000000';

# [ what, what it covers, what is heard, how it is counted as a refused identity,
# what asks, and with which kind of device alone ].
my @rows = (
    # The route.
    [ 'a method', 'refuse NOT_ALLOWED', '405', undef,
        sub { $_[0]{client}->request('POST', '/mdm', 'x', 'Content-Type' => $report) } ],
    [ 'a media type', 'refuse UNSUPPORTED_MEDIA_TYPE', '415', undef,
        sub { $_[0]->send('text/xml', 'x') } ],
    [ 'a large check-in', 'refuse REQUEST_ENTITY_TOO_LARGE', '413', undef,
        sub { $_[0]->send("$report-checkin", 'x' x 70_000) } ],
    [ 'an unknown database', 'refuse SERVICE_UNAVAILABLE', '503 retry', undef,
        sub { $_[0]->with(path => '/mdm?db=x')->idle } ],

    # The tenant and the databases.
    [ 'an unknown tenant', 'fault unknown tenant', '503 retry', undef,
        sub { $_[0]->with(path => '/tenant?t=x')->idle } ],
    (map { my $db = $_; [ "the database \"$db\"", 'fault cannot load the tenant', '503 retry',
        undef, sub { $_[0]->with(path => "/mdm?db=$db")->idle } ] }
        qw(nowhere silent empty full readonly)),
    [ 'a wrong key', 'fault cannot load the tenant', '503 retry', undef,
        sub { $_[0]->with(client => client($_[0]{kind}, $_[0]{certificate}, $strange))->idle } ],

    # Certificates and signatures.
    [ 'nothing to know it by', 'finish exchange 400', '400', 'absent',
        sub { $_[0]->with(sign => 0, client => client($_[0]{kind}))->idle } ],
    [ 'one of two', 'finish exchange 403:400', '400', 'absent', sub { $_[0]->with(sign => 1,
        path => '/both', client => client($_[0]{kind}))->idle } ],
    [ 'two that differ', 'finish exchange 403:400', '403', 'mismatch', sub { $_[0]->with(
        sign => 1, path => '/both', client => client('TLS', $bad{stranger}))->idle } ],
    [ 'no signature', 'finish exchange 413:400', '400', 'unreadable',
        sub { $_[0]->send($report, 'x', 'Mdm-Signature' => 'x' x 400) } ],
    [ 'a signature of something else', 'finish exchange 413:400', '400', 'bad_signature',
        sub { $_[0]->send($report, 'x', 'Mdm-Signature' => $_[0]{certificate}->sign('y')) } ],
    (map { my ($name, $heard, $reason) = @$_; [ "a certificate: $name", 'finish exchange 403',
        $heard, $reason, sub { as($_[0], $bad{$name})->idle }, $name eq 'weak' ? 'HTTP' : () ] }
        [ untrusted => '403', 'untrusted' ], [ starts => '403', 'not_yet_valid' ],
        [ server => '403', 'not_client' ], [ weak => '400', 'unreadable' ],
        [ expired => '403', 'expired' ], [ stranger => '403', 'not_bound' ]),
    [ 'an unknown device', 'outcome unknown', '403', 'unknown',
        sub { as($_[0], $bad{stranger}, id => { UDID => 'NOBODY' })->idle } ],
    [ 'a clone', 'outcome other_device', '403', 'other_device',
        sub { as($_[0], $good->{certificate})->idle } ],
    [ 'another tenant\'s', 'outcome other_tenant', '403', 'other_tenant',
        sub { $_[0]->with(path => '/tenant?t=umbrella')->authenticate } ],
    [ 'an unknown user', 'outcome unknown', '403', 'unknown', sub { $_[0]->idle(UserID => 'X') } ],

    # Bodies.
    [ 'no plist', 'finish exchange 413:400', '400', undef, sub { $_[0]->send($report, 'x') } ],
    [ 'a deep one', 'finish exchange 413:400', '413', undef, sub { $_[0]->send($report,
        '<plist version="1.0">' . '<array>' x 5000 . '</array>' x 5000 . '</plist>') } ],

    # What features answer.
    [ 'a user who is declined', 'finish hook 410', '410', undef,
        sub { $_[0]->checkin('UserAuthenticate', UserID => $user) } ],
    [ 'a user who is accepted', 'finish hook 200', '200 body', undef, sub {
        $_[0]->with(path => '/users')->checkin('UserAuthenticate', UserID => $user) } ],
    [ 'a declaration that is not there', 'finish hook 404', '404', undef,
        sub { declare($_[0], 'declaration/activation/x') } ],
    [ 'an unknown endpoint', 'finish hook 400', '400', undef, sub { declare($_[0], 'x') } ],
    [ 'a token', 'finish hook 400', '400', undef,
        sub { $_[0]->checkin('GetToken', TokenServiceType => 'x') } ],
    [ 'a bootstrap token', 'finish checkin 200', '200 body', undef,
        sub { $_[0]->checkin('GetBootstrapToken') } ],
    [ 'nothing to do', 'finish queue 200', '200', undef, sub { $_[0]->idle } ],
    [ 'a report, and nothing more to do', 'finish deliver 200', '200', undef,
        sub { $_[0]->report('x', 'Acknowledged') } ],

    # The database in the middle of a request.
    [ 'an exception', 'fault PostgreSQL refused the statement', '503 retry', undef,
        sub { my $d = $_[0]; trapped("RAISE ''trapped''", sub { $d->token_update }) }, 'TLS' ],
    [ 'a slow statement', 'fault PostgreSQL refused the statement', '503 retry', undef,
        sub { my $d = $_[0]; trapped('PERFORM pg_sleep(5)', sub { $d->token_update }) }, 'TLS' ],
    [ 'a lock', 'fault PostgreSQL refused the statement', '503 retry', undef, sub {
        my $session = $pg->session;
        $session->run('BEGIN; SELECT 1 FROM mdm.enrollment FOR UPDATE');
        my $answer = $_[0]->token_update;
        $session->run('ROLLBACK');
        return $answer }, 'TLS' ],
    [ 'another word', 'outcome NULL', '503 retry', undef, sub { my $d = as($_[0], $bad{stranger});
        instead(identity_check => 'RETURN $x$surprise$x$;', sub { $d->idle }) }, 'TLS' ],
    [ 'a broken token', 'fault cannot open the stored bootstrap token', '503 retry', undef, sub {
        $_[0]->checkin('SetBootstrapToken', BootstrapToken => \'token');
        $pg->psql("UPDATE mdm.secret SET value = 'x' WHERE kind = 'bootstrap_token'");
        return $_[0]->checkin('GetBootstrapToken') }, 'TLS' ],
    [ 'a broken command', 'fault cannot open a stored command', '503 retry', undef, sub {
        queued($_[0]);
        my $answer = $_[0]->idle;
        $pg->psql('DELETE FROM mdm.queue');
        return $answer }, 'TLS' ],
);


# An answer in a few words.

sub heard {
    my ($answer) = @_;

    my ($status, $header, $body) = @$answer{qw(status headers body)};

    return join ' ', $status,
        (defined $header->{'retry-after'}
            ? $header->{'retry-after'} =~ /^[1-5]\d$/ ? 'retry' : 'badly' : ()),
        ($header->{location} ? 'away' : ()), ($header->{'www-authenticate'} ? 'challenge' : ()),
        ($body =~ /com\.apple\.unrecognized\.device/ ? 'coded' : length $body ? 'body' : ());
}


# What the source says, in the words of the rows.

sub in_source {
    my %found;
    my $engine = tree() . '/ngx_mdm_module';

    for my $file (glob "$engine/*/*.c") {
        my ($name) = $file =~ m{([a-z]+)\.c\z};
        my $text = slurp($file) =~ s{/\*.*?\*/}{}gsr;

        while ($text =~ /\bngx_mdm_(?:exchange_(finish|fail)|connect_(refuse))\(([^;{]*)\);/g) {
            my ($what, $words) = ($1 // $2, $3);
            my @texts = $words =~ /"([^"]+)"/g;
            my ($macro) = $words =~ /NGX_HTTP_(\w+)/;

            $found{"refuse $macro"} = 1 if $what eq 'refuse' && $macro;
            $found{"finish $name " . join ':', $words =~ /\b(\d{3})\b/g} = 1
                if $what eq 'finish' && $words =~ /\b\d{3}\b/;
            $found{"fault $_"} = 1 for $what eq 'fail' ? @texts : ();
        }
    }

    my ($calls) = slurp("$engine/pg/ngx_mdm_pg.c") =~ /ngx_mdm_pg_rc_texts\[\] = \{(.*?)\}/s;
    $found{"fault $_"} = 1 for grep { $_ ne 'done' } $calls =~ /"([^"]+)"/g;

    my ($table) = slurp("$engine/engine/ngx_mdm_outcome.c") =~ /ngx_mdm_outcomes\[\] = \{(.*?)\n\};/s;
    $found{'outcome ' . s/"//gr} = 1 for $table =~ /\{ ("\w+"|NULL),/g;

    return sort keys %found;
}

# Each row, for each kind of device; then a good one goes on.

my %covered;

sub hears {
    my ($name, $expected, $reason, $fault, $ask) = @_;

    my ($status) = $expected =~ /^(\d+)/;
    my @metrics = ([ 'requests_total', status => $status ], [ 'identities_refused_total' ],
        [ 'identities_refused_total', reason => $reason // '' ], [ 'guarded_total' ]);
    my @names = map { $_->[0] } @metrics;
    my $before = MDM::Test::Metrics->some($plain, @names);
    my $from = length $nginx->error_log;
    my $answer = $ask->();
    my $log = substr $nginx->error_log, $from;
    my @more;

    # a request is counted when it ends, which may be after its answer

    wait_for(5, sub {
        my $after = MDM::Test::Metrics->some($plain, @names);
        @more = map { $after->sum(@$_) - $before->sum(@$_) } @metrics;
        return $more[0];
    }) if $name !~ /wrong key/;

    is heard($answer), $expected, "$name: $expected";
    is_deeply [ $more[0] > 0, @more[1 .. 3] ], [ 1, $reason ? (1, 1) : (0, 0), 0 ],
        '... counted as it should be' if @more;
    # of many alike only the first few have level error
    like $log, qr/\[(?:error|info)\].* mdm: \Q$fault\E, tenant .*: the device hears 503/,
        '... logged'
        if defined $fault && $name !~ /wrong key/;
    return if !$pg->pid;
    is $good->idle->{status}, 200, '... and a good device goes on';
}

for my $row (@rows) {
    my ($name, $covers, $expected, $reason, $ask, @only) = @$row;
    my ($fault) = $covers =~ /^fault (.*)/;

    $covered{$covers} = 1;
    hears("$_, $name", $expected, $reason, $fault, sub { $ask->($device{$_}) })
        for @only ? @only : @kinds;
}


# A word of the database for somebody who is not the bound one, in answer to each
# message: what makes a device leave is one word, and no other status does.

my %word = (
    unknown => '403', expired => '403', revoked => '403', not_bound => '403',
    other_device => '403', other_tenant => '403', former => '503 retry',
    ended => '403 coded', pending => '503 retry', ok => '200', renewal => '200',
);
my $asker = as($device{TLS}, $bad{stranger});
my @messages = (
    sub { $_[0]->idle }, sub { $_[0]->report('x', 'NotNow') },
    sub { $_[0]->report('x', 'Acknowledged') }, sub { $_[0]->token_update },
    sub { $_[0]->user('U', 'u')->token_update }, sub { $_[0]->check_out },
    sub { $_[0]->checkin('UserAuthenticate', UserID => $user) },
    sub { $_[0]->checkin('SetBootstrapToken', BootstrapToken => \'token') },
    sub { $_[0]->checkin('GetBootstrapToken') }, sub { declare($_[0], 'tokens') },
    sub { declare($_[0], 'declaration/x/y') },
    sub { $_[0]->checkin('GetToken', TokenServiceType => 'x') },
    sub { $_[0]->checkin('ReturnToService') },
);

for my $word (sort keys %word) {
    my @asked = $word{$word} eq '200' ? $messages[0] : @messages;
    my @expected = ($word{$word}) x @asked;

    # who has nothing yet to be asked, and who gives up, hear 200
    @expected[0, 1, 2, 5] = (200) x 4 if $word eq 'pending';

    $covered{"outcome $word"} = 1;
    instead(identity_roll_back => "RETURN '$word';", sub {
        instead(identity_check => "RETURN '$word';", sub {
            is_deeply [ map { heard($_->($asker)) } @asked ], \@expected,
                "\"$word\" from the database: $word{$word}, whatever was sent";
        });
    });
    is $good->idle->{status}, 200, '... and a good device goes on';
}
$covered{"finish exchange $_"} = 1 for 200, 403, 503;


# Several at once: more than the pool takes, and more than the database can do in
# time.

sub at_once {
    my ($name, $covers, $do) = @_;

    for my $try (1 .. 5) {
        my $from = length $nginx->error_log;
        my @heard = map { heard($_) } $do->();

        is_deeply [ grep { !/^(?:200|503 retry)$/ } @heard ], [], "$name: 200 or 503";
        last if !grep { substr($nginx->error_log, $from) !~ /mdm: \Q$_\E, tenant/ } @$covers;
        fail("$name is not provoked") if $try == 5;
    }
    $covered{"fault $_"} = 1 for @$covers;
    ok wait_for(10, sub { $good->idle->{status} == 200 }), '... and a good device goes on';
}

my @asking = map { $device{TLS}->with(client => $device{TLS}{client}->with) } 1 .. 12;

at_once('large reports', [ 'the thread pool is full' ], sub {
    my ($worker) = $nginx->workers;

    $_->{client}->connect for @asking;
    kill 'STOP', $worker;
    $_->begin(send => $report, large($_)) for @asking;
    kill 'CONT', $worker;
    return map { $_->finish } @asking;
});

at_once('a slow database', [ 'PostgreSQL did not answer within mdm_database\'s timeout',
    'no connection to PostgreSQL' ], sub {
    instead(poll => 'PERFORM pg_sleep(0.45); RETURN;', sub {
        $_->begin('idle') for @asking;
        return [ map { $_->finish } @asking ];
    })->@*;
});


# PostgreSQL dies under a request, and is away; nginx ends under another.

sub trap {
    my ($seconds) = @_;

    $pg->psql("CREATE OR REPLACE FUNCTION public.trap() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_sleep($seconds); RETURN NEW; END'");
}


# Until a check-in is in it; a poll of before may still sleep.

sub in_trap {
    wait_for(5, sub {
        $pg->psql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'mdm_device'
                      AND wait_event = 'PgSleep' AND query !~ 'poll'");
    }) or die "no check-in is in the trap\n";
}

trap(20);
$pg->psql('CREATE TRIGGER trap BEFORE UPDATE ON mdm.enrollment
    FOR EACH ROW EXECUTE FUNCTION public.trap()');

my $waiting = $asking[0];

hears('PostgreSQL dies', '503 retry', undef, 'the connection to PostgreSQL broke', sub {
    $waiting->begin('token_update');
    in_trap();
    $pg->kill9;
    $waiting->finish;
});
hears("$_, no PostgreSQL", '503 retry', undef, 'no connection to PostgreSQL',
    sub { $device{$_}->idle }) for @kinds;
$covered{'fault the connection to PostgreSQL broke'} = 1;

$pg->launch;
trap(0.4);
ok wait_for(20, sub { $good->token_update->{status} == 200 }), 'it comes back';
$waiting->begin('token_update');
in_trap();
kill 'QUIT', $nginx->pid;
is heard($waiting->finish), '200', 'nginx ends: who waits is answered';


# Nothing in the source without a row.

my %never = (
    'fault PostgreSQL answered no row'          => 'functions answer one row, sql/functions',
    'fault no hook for this message'            => 'each type has one, ngx_mdm_hook.c',
    'fault too many calls wait for PostgreSQL'  => '4096 of one worker',
    'fault too many commands that cannot be filled in' => 't/252-values.t',
    'fault out of memory'                       => 't/150-no-memory.t',
    'fault cannot build an inventory command'   => 't/150-no-memory.t',
    'fault cannot judge a certificate'          => 't/150-no-memory.t',
    'fault cannot take a request in'            => 't/150-no-memory.t',
);
my @source = in_source();

cmp_ok scalar @source, '>', 40, 'the source tells of many ends';
is join("\n", grep { !$covered{$_} && !$never{$_} } @source), '', '... and each has a row';
is join("\n", grep { my $row = $_; !grep { $_ eq $row } @source } keys %covered, keys %never),
    '', '... and each row is in the source';

done_testing;
