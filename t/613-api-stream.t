# Events as a stream: they come as they happen, each once and in order, to many
# who listen for the price of one, to slow ones at their pace, over HTTP/1.1 and
# HTTP/2, and across restarts of the database and reloads.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Select ();
use IO::Socket::INET ();
use JSON::PP ();
use Socket ();
use Test::More;
use Time::HiRes ();
use MDM::Test;

my $pg     = MDM::Test::Postgres->start(migrate => 1, conf => { log_statement => 'all' });
my $tls_ca = MDM::Test::PKI->ca('Server CA');
my $server = $tls_ca->server;
my $token  = $pg->tenant('acme', host => 'localhost');
my $other  = $pg->tenant('other', host => 'other.example');

my $nginx = MDM::Test::Nginx->start(pg => $pg,
    vars => { CERT => $server->{cert}, KEY => $server->{key} }, conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 1;
events { worker_connections 512; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;

    server {
        listen 127.0.0.1:%%PORT%%;
        listen 127.0.0.1:%%TLS_PORT%% ssl http2;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        location /v1/ { mdm api; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);

sub add_token {
    my ($exit, $text) = mdmctl('--database', $pg->conninfo, 'token', 'add', 'acme', @_);

    return $text =~ /([\w-]{43})/ ? $1 : die "no token in: $text";
}


# An event of acme, as any function would write it.

sub event {
    my ($name, %o) = @_;

    return sprintf "INSERT INTO mdm.event (tenant_id, type, data)
        SELECT tenant_id, '%s', '{\"device_id\": \"%s\", \"user_id\": \"\", \"name\": \"%s\"}'
          FROM mdm.tenant WHERE name = '%s'", $o{type} // 'enrolled', $o{device} // 'D',
        $name, $o{tenant} // 'acme';
}

sub happens { $pg->psql(event(@_)) }


# A stream that is open: its head, and what came of its body so far.

sub stream {
    my ($query, %o) = @_;

    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $nginx->port)
        or die "no connection: $!\n";
    setsockopt $socket, Socket::SOL_SOCKET(), Socket::SO_RCVBUF(), $o{room} if $o{room};
    syswrite $socket, "GET /v1/events/stream$query HTTP/1.1\r\nHost: "
        . ($o{host} // 'localhost') . "\r\nAuthorization: Bearer " . ($o{token} // $token)
        . "\r\n" . ($o{header} // '') . "\r\n";

    my $stream = { socket => $socket, raw => '', text => '', events => [] };
    fill($stream, 10, sub { $_[0]{raw} =~ /\r\n\r\n/ });
    $stream->{head} = $1 if $stream->{raw} =~ s/\A(.*?\r\n\r\n)//s;

    return $stream;
}


# Reads until the sub is content, the stream ends, or time is over.

sub fill {
    my ($stream, $seconds, $content) = @_;

    my $until = Time::HiRes::time() + $seconds;
    decode($stream);

    while (!$content->($stream) && !$stream->{ended}) {
        my $left = $until - Time::HiRes::time();
        return 0 if $left <= 0
            || !IO::Select->new($stream->{socket})->can_read($left);

        my $n = sysread $stream->{socket}, $stream->{raw}, 65536, length $stream->{raw};
        $stream->{ended} = 'closed' if !$n;
        decode($stream);
    }

    return 1;
}

sub decode {
    my ($stream) = @_;

    return if !defined $stream->{head};

    while ($stream->{raw} =~ /\A([0-9a-f]+)\r\n/) {
        my ($size, $head) = (hex $1, length $&);
        last if length $stream->{raw} < $head + $size + 2;
        $stream->{text} .= substr $stream->{raw}, $head, $size;
        substr($stream->{raw}, 0, $head + $size + 2) = '';
        $stream->{ended} = 'complete' if $size == 0;
    }

    while ($stream->{text} =~ s/\A(.*?)\n\n//s) {
        my @lines = split /\n/, $1;
        $stream->{comments}++ if $lines[0] =~ /^:/;
        my %field = map { /^(\w+): (.*)/ ? ($1, $2) : () } @lines;
        $stream->{id} = $field{id} if $field{id};
        next if !$field{data};
        push @{ $stream->{events} }, \%field;
    }
}

sub names { return join ' ', map { $_->{data} =~ /"name": ?"(\w+)"/ } @{ $_[0]{events} } }


# What came since it was last asked, when there are as many as expected.

sub got {
    my ($stream, $n, $seconds) = @_;

    fill($stream, $seconds // 6, sub { @{ $_[0]{events} } >= $n });
    my $names = names($stream);
    $stream->{events} = [];

    return $names;
}


# One over HTTP/2, into a file; returns the process.

sub curl {
    my ($file, $query, @options) = @_;

    return MDM::Test::spawn($file, 'curl', '-sN', '--http2', '--cacert', $tls_ca->{cert},
        '-w', '<%{http_code} %{http_version}>', '-H', "Authorization: Bearer $token",
        '--resolve', 'localhost:' . $nginx->tls_port . ':127.0.0.1', @options,
        'https://localhost:' . $nginx->tls_port . "/v1/events/stream$query");
}


# One that is idle, and one whose token is revoked: they are looked at in the end.

my $idle = stream('?type=nothing');
my $void = stream('?type=nothing', token => add_token('void', '--scope', 'read'));
mdmctl('--database', $pg->conninfo, 'token', 'revoke',
    $pg->psql("SELECT token_id FROM mdm.api_token WHERE name = 'void'"));

happens('a');
my $all = stream('');
like $all->{head}, qr{^HTTP/1.1 200 }, 'there is a stream';
like $all->{head}, qr/^$_\r$/mi, "... with $_" for 'Content-Type: text/event-stream',
    'Transfer-Encoding: chunked', 'Cache-Control: no-store';
fill($all, 6, sub { @{ $_[0]{events} } });
my ($event) = @{ $all->{events} };
my $json = JSON::PP::decode_json($event->{data});
is $event->{event}, 'enrolled', 'an event has its type';
is $json->{id}, $event->{id}, '... and id';
is_deeply $json->{data}, { device_id => 'D', user_id => '', name => 'a' },
    '... and is the one of the list';
is got($all, 1), 'a', 'what was before comes first';

happens('b');
is got($all, 1, 3), 'b', 'what happens comes while it is open';
$pg->psql(join ';', map { event("c$_") } 1 .. 450);
is got($all, 450), join(' ', map { "c$_" } 1 .. 450), '... also much at once';

# Where streams begin, and what they want.

my $new = stream('?after=now');
my $resumed = stream('', header => "Last-Event-ID: $event->{id}\r\n");
is got($resumed, 451), join(' ', 'b', map { "c$_" } 1 .. 450), 'Last-Event-ID goes on';
my $both = stream('?after=now', header => "Last-Event-ID: $all->{id}\r\n");
my %filtered = (type => stream('?after=now&type=checked_out,erased'),
    enrollment => stream('?after=now&enrollment=E'),
    both => stream('?after=now&type=checked_out&enrollment=E'));
fill($_, 1.5, sub { 0 }) for $new;
happens('d');
happens('e', type => 'checked_out');
happens('f', type => 'checked_out', device => 'E');
happens('g', device => 'E');
is got($new, 4), 'd e f g', 'after=now leaves out what was';
is got($both, 4), 'd e f g', '... unless the header knows better';
is got($filtered{type}, 2), 'e f', 'types are chosen';
is got($filtered{enrollment}, 2), 'f g', '... or an enrolment';
is got($filtered{both}, 1), 'f', '... or both';

# Commits in the other order.

my ($first, $second) = map { $pg->session } 1 .. 2;
got($_, 4) for $all, $resumed;
$first->run('BEGIN');
$first->run(event('slow'));
$second->run(event('fast'));
is got($all, 1, 2.5), '', 'what began earlier is waited for';
$first->run('COMMIT');
is got($all, 2), 'slow fast', '... and nothing is lost';
is got($resumed, 2), 'slow fast', '... for anybody';

# One question a second for all of them.

my $asked = () = $pg->log =~ /mdm_r2\.events\(/g;
sleep 4;
my $more = () = $pg->log =~ /mdm_r2\.events\(/g;
cmp_ok $more - $asked, '>=', 3, 'the database is asked';
cmp_ok $more - $asked, '<=', 6, '... for eight streams as often as for one';

# Refusals are answers like others.

sub refusal {
    my ($query, %o) = @_;

    my $answer = $client->with(token => $o{token} // $token, host => $o{host} // 'localhost')
        ->api(GET => "/v1/events/stream$query");
    return "$answer->{status} $answer->{json}{error}{code}";
}

is refusal('?after=x'), '400 bad_cursor', 'a bad cursor is refused';
is refusal('?type=A'), '400 bad_filter', '... and a bad type';
is refusal('?enrollment=a,b'), '400 bad_enrollment_id', '... and a bad id';
is refusal('?limit=1'), '400 unknown_argument', '... and an argument that it has not';
is refusal('', token => add_token('writer', '--scope', 'command')), '403 missing_scope',
    'it needs its scope';
is refusal('', token => $other), '403 wrong_tenant', '... of this tenant';
my $there = stream("?after=$event->{id}", token => $other, host => 'other.example');
happens('theirs', tenant => 'other');
is got($there, 1), 'theirs', 'another tenant has its own';
is got($all, 1, 1.5), '', '... and this one has not';

# A client that does not read: its events wait, nobody else does.

my $slow = stream('?after=now', room => 65536);
my $late = test_dir() . '/late';
my $leaves = curl($late, '?after=now', '--limit-rate', '100k');
got($new, 2);
my $memory = sub { slurp('/proc/' . ($nginx->workers)[0] . '/statm') =~ /^\d+ (\d+)/ };
my ($before) = $memory->();
$pg->psql(q{INSERT INTO mdm.event (tenant_id, type, data) SELECT t.tenant_id, 'erased',
    jsonb_build_object('device_id', 'D', 'user_id', '', 'name', 'n' || i, 'pad',
        repeat('x', 5000)) FROM mdm.tenant t, generate_series(1, 5000) i
    WHERE t.name = 'acme'});
my $names = join ' ', map { "n$_" } 1 .. 5000;
ok got($new, 5000, 40) eq $names, 'readers get 25 MB';
my ($after) = $memory->();
cmp_ok(($after - $before) * 4096, '<', 16e6, '... and the slow one takes no memory')
    if !$ENV{MDM_TEST_ASAN};
ok got($slow, 5000, 40) eq $names, 'when it reads it gets each once and in order';
ok wait_for(5, sub { -s $late > 5000 }), 'over HTTP/2 one is slow, too';
kill 'KILL', $leaves;
MDM::Test::reap($leaves, 5);
happens('h');
is got($slow, 1), 'h', '... and what comes then';
ok got($filtered{type}, 5000, 40) eq $names, 'so do the others';
got($_, 5001, 40) for $all, $resumed, $both;
got($new, 1);

# The database goes and comes.

$nginx->expect(qr/PostgreSQL/);
happens('before');
$pg->restart;
happens('after');
is got($all, 2, 30), 'before after', 'a restart of the database loses and repeats nothing';
happens('later');
is got($all, 1, 30), 'later', '... and the stream goes on';
is got($slow, 3, 30), 'before after later', '... each of them';

# HTTP/2.

my $output = test_dir() . '/curl';
curl($output, "?after=$all->{id}");
ok wait_for(6, sub { -e $output && slurp($output) =~ /^:/ }), 'a stream over HTTP/2 begins';
happens('two');
ok wait_for(4, sub { slurp($output) =~ /^event: enrolled\ndata: .*"two"/m }), '... goes on';

# Silence, and a revoked token.

fill($idle, 20, sub { $_[0]{comments} && $_[0]{comments} > 1 });
cmp_ok $idle->{comments}, '>', 1, 'a silent stream is kept alive';
fill($void, 60, sub { 0 });
is $void->{ended}, 'complete', 'the stream of a token that was revoked has ended';

# Too many.

my @many = map { stream('?after=now') } 1 .. 100;
my @refused = grep { $_->{head} =~ /^HTTP\S+ 429 / } @many;
is scalar @refused, 10, 'a hundred streams of a tenant may be open';
is refusal(''), '429 too_many_streams', '... and it is told so';
like stream('?after=now', token => $other, host => 'other.example')->{head},
    qr/^HTTP\S+ 200 /, '... another tenant has its own hundred';
close $_->{socket} for @many;
ok wait_for(5, sub { stream('?after=now')->{head} =~ /^HTTP\S+ 200 / }),
    'those who leave make room';

# A reload.

got($new, 5);
my ($old) = $nginx->workers;
my $since = Time::HiRes::time();
$nginx->reload;
fill($new, 5, sub { 0 });
is $new->{ended}, 'complete', 'on reload streams end';
fill($slow, 5, sub { 0 });
is $slow->{ended}, 'complete', '... all of them';
ok wait_for(5, sub { slurp($output) =~ /<200 2>\z/ }), '... over HTTP/2, too';
ok wait_for(10, sub { !-e "/proc/$old" }), '... and the worker goes';
cmp_ok Time::HiRes::time() - $since, '<', 20, '... at once';
happens('again');
is got(stream('', header => "Last-Event-ID: $new->{id}\r\n"), 1), 'again',
    'who comes back gets what he missed';

# A reload while a stream waits for its first events, and its client has sent more:
# then nginx keeps the request for a while after its end.

my $lock = $pg->session;
($old) = $nginx->workers;
$lock->run('BEGIN');
$lock->run('LOCK TABLE mdm.event');
my $ended = stream('?after=now');
syswrite $ended->{socket}, "GET / HTTP/1.1\r\n";
kill 'HUP', $nginx->{pid};
fill($ended, 5, sub { 0 });
$lock->run('COMMIT');
is $ended->{ended}, 'complete', 'a stream that waits for the database ends';
ok wait_for(10, sub { !-e "/proc/$old" }), '... and so does its worker';
unlike $nginx->error_log, qr/exited on signal/, '... in peace';

# A reload while the database is away.

my $lonely = stream('?after=now');
$pg->stop;
sleep 1;
$nginx->reload;
fill($lonely, 5, sub { 0 });
is $lonely->{ended}, 'complete', 'without the database they end, too';

done_testing;
