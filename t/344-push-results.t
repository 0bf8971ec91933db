# What Apple answers to a push is told to who asked for it, in NanoMDM's shapes:
# each answer, the status of the whole, and that it is waited for.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Time::HiRes qw(time);
use MDM::Test;
use MDM::Test::APNs;

my $pg   = MDM::Test::Postgres->start(migrate => 1);
my $apns = MDM::Test::APNs->start;

my $conf = <<'CONF';
load_module %%MODULE%%;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_apns %%APNS%%;
    mdm_tenant $host;
    server {
        listen 127.0.0.1:%%PORT%%;
        location /v1/ { mdm api; }
    }
}
CONF

my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => $conf,
    vars => { APNS => $apns->directive });
my $acme = $apns->tenant($pg, 'acme', devices => 9);
$acme->{client} = MDM::Test::Client->new(port => $nginx->port, host => $acme->{host},
    token => $acme->{secret});
my $uuid_form = qr/\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\z/;
my ($answer, $began);

sub ids { return join ',', $acme->ids(@_) }

sub push_to { return $acme->api($_[1] // 'PUT', '/v1/push/' . ids(@{ $_[0] })) }

sub enqueue {
    my ($n, $uuid, $type, $query) = @_;

    return $acme->api(PUT => '/v1/enqueue/' . ids(@$n) . ($query // ''),
        MDM::Test::Device->command($type // 'ProfileList', $uuid));
}

# Of each target a word: accepted, when the fake has a push of this id and token.

sub answered {
    my ($got) = @_;

    my %token = map { $_->{apns_id} => $_->{token} } $apns->log;
    my $status = $got->{json}{status};

    return join ', ', $got->{status}, map {
        my $id = $status->{$_}{push_result} // '';
        my ($n) = /(\d+)\z/;

        "$n: " . ($status->{$_}{command_error} // $status->{$_}{push_error}
            // ($id eq '' ? 'nothing' : $id !~ $uuid_form ? "no id: $id"
                : MDM::Test::wait_for(2, sub {
                    %token = map { $_->{apns_id} => $_->{token} } $apns->log
                        if !defined $token{$id};
                    defined $token{$id};
                }) && $token{$id} eq $acme->token($n) ? 'accepted' : 'another'));
    } sort keys %$status;
}


# Without a certificate.

$answer = push_to([ 1 ]);
is answered($answer), '500, 1: there is no push certificate for its topic',
    'without a certificate nothing is pushed';
like $answer->{json}{push_error}, qr/the tenant has no push certificate/,
    '... as is said of all';
is answered(enqueue([ 1 ], 'early')), '500, 1: there is no push certificate for its topic',
    '... nor with a command';
is $pg->psql('SELECT count(*) FROM mdm.queue'), 1, '... but it is queued';
$pg->psql('DELETE FROM mdm.queue');

$acme->certify($nginx->port);
$apns->rules(
    $acme->token(2) => '400 BadDeviceToken',
    $acme->token(3) => '410 Unregistered 4000000000000',
    $acme->token(4) => 'slow 0.7',
    $acme->token(5) => '429 TooManyRequests',
    $acme->token(6) => 'never',
);

# What takes five seconds is asked now and read later: what Apple never answers, and
# pushes of one that has no way to Apple.

sub ask {
    my ($tenant, $n) = @_;

    my $c = $tenant->{client}->with;
    $c->write($c->request_text(PUT => '/v1/push/' . join(',', $tenant->ids(@$n)), undef,
        Authorization => "Bearer $tenant->{secret}"));

    return $c;
}

my $pg2 = MDM::Test::Postgres->start(migrate => 1);
my $lost = MDM::Test::Nginx->start(pg => $pg2, conf => $conf,
    vars => { APNS => '127.0.0.1:1' });
my $beta = $apns->tenant($pg2, 'beta')->certify($lost->port);
my $asked = time;
my ($never, $unreached) = (ask($acme, [ 9, 6 ]), ask($beta, [ 1 ]));

# Pushes that are asked for.

for my $method (qw(GET PUT POST)) {
    $answer = push_to([ 1 ], $method);
    is answered($answer), '200, 1: accepted', "$method gives Apple's id of the push";
    is_deeply [ keys %{ $answer->{json} } ], ['status'], '... and nothing else';
}

$began = time;
is answered(push_to([ 4 ])), '200, 4: accepted', 'an answer that takes its time';
cmp_ok time - $began, '>', 0.6, '... is waited for';
like answered(push_to([ 2 ])), qr/\A500, 2: .*BadDeviceToken/,
    'what Apple refuses is told with its reason';
like answered(push_to([ 3 ])), qr/\A500, 3: .*Unregistered/, '... a dead token';
like answered(push_to([ 5 ])), qr/\A500, 5: .*TooManyRequests/,
    '... and what is tried again';
like answered(push_to([ 1, 2 ])), qr/\A207, 1: accepted, 2: .*BadDeviceToken/,
    'some of several is 207';
# Commands.

is answered(enqueue([ 1, 7 ], 'first')), '200, 1: accepted, 7: accepted',
    'a command is pushed';
is $pg->psql("SELECT count(*) FROM mdm.queue WHERE sent_at IS NOT NULL
    AND command_uuid = 'first'"), 2, '... and SENT';
my ($first) = map { $_->{json}{status}{'acme-7'}{push_result} } enqueue([ 7 ], 'first');
my $again = enqueue([ 7 ], 'first');
is answered($again), '200, 7: accepted', 'the same once more has the same answer';
is $again->{json}{status}{'acme-7'}{push_result}, $first, '... of the same push';
like answered(enqueue([ 2, 8 ], 'mixed')), qr/\A207, 2: .*BadDeviceToken.*, 8: accepted/,
    'a channel that is stopped is told at once';
like answered(enqueue([ 2 ], 'none')), qr/\A500, 2: .*BadDeviceToken/,
    '... and is 500 alone, as in NanoMDM';
is $pg->psql("SELECT count(*) FROM mdm.queue WHERE command_uuid = 'none'"), 1,
    '... though it has the command';

$answer = $acme->api(PUT => '/v1/enqueue/nobody,acme-9',
    MDM::Test::Device->command('ProfileList', 'nobody'));
is $answer->{status}, 207, 'an unknown id beside another';
is_deeply $answer->{json}{status}{nobody}, { command_error => 'no such enrolment' },
    '... is told of the command only';
like $answer->{json}{status}{'acme-9'}{push_result}, $uuid_form, '... which is pushed';

# What took five seconds.

$answer = $never->read_answer;
$answer->{json} = JSON::PP::decode_json($answer->{body});
like answered($answer), qr/\A207, 6: Apple has not answered yet.*, 9: accepted/,
    'what Apple does not answer is not known';
cmp_ok time - $asked, '>', 4.9, '... after five seconds';
$answer = $unreached->read_answer;
is $answer->{status}, 207, '... nor is it when Apple is not reached';
like $answer->{body}, qr/Apple is not reached \(cannot connect .*refused\)/,
    '... and why not is said';


# Where it is known that there is no way, and for how long.

MDM::Test::wait_for(8, sub { $pg2->psql("SELECT retry_at > now() + interval '6 seconds'
    FROM mdm.push_topic") eq 't' }) or die 'the next attempt is soon';
$began = time;
$answer = $beta->api(PUT => '/v1/push/beta-1');
cmp_ok time - $began, '<', 2, 'what is not tried again in that time is not waited for';
is $answer->{status}, 207, '... is no failure either';
like $answer->{json}{status}{'beta-1'}{push_error}, qr/Apple is not reached \(cannot connect/,
    '... and why is said';
is $pg2->psql('SELECT asked FROM mdm.push'), 't', '... and the wish stays';

# What is shown of a device.

my $shown = $acme->expect(200, GET => '/v1/enrollments/acme-7')->{push};
is $shown->{apns_id}, $first, 'a device is shown with its last push';
like $shown->{$_}, qr/\A20.*Z\z/, "... and $_" for qw(accepted_at answered_at next_at);
is $acme->expect(200, GET => '/v1/enrollments/acme-2')->{push}{stop_reason},
    'BadDeviceToken', '... or with why it is not pushed';

# What does not wait.

my $pushes = sub { return scalar grep { $_->{token} eq $acme->token($_[0]) } $apns->log };
my $before = $pushes->(4);
$began = time;
$answer = enqueue([ 4 ], 'quiet', 'ProfileList', '?nopush=1');
is_deeply [ @{ $answer->{json} }{qw(status no_push)} ],
    [ { 'acme-4' => {} }, JSON::PP::true() ], 'nopush has no result of a push';
is $answer->{status}, 200, '... and is well';
$acme->expect(409, PUT => '/v1/enqueue/acme-4',
    MDM::Test::Device->command('SecurityInfo', 'quiet'));
$acme->expect(200, POST => '/v1/commands', { enrollments => ['acme-6'],
    command => MDM::Test::Device->command('ProfileList') });
cmp_ok time - $began, '<', 0.6, 'nopush, a conflict and POST /v1/commands do not wait';
is $pushes->(4), $before, '... and nopush pushes nothing';

done_testing;
