# The check-in messages on the channels of every kind of enrolment.  The two
# that carry secrets are in t/121-secrets.t.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use Test::More;
use MDM::Test;
use MDM::Test::Acme;

my $acme = MDM::Test::Acme->start;
$acme->nginx(<<'CONF');
load_module %%MODULE%%;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;

    server {
        listen 127.0.0.1:%%TLS_PORT%% ssl;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        location = /mdm { mdm connect; }
        location = /users { mdm connect; mdm_user_authenticate on; }
    }
}
CONF

my $pg = $acme->pg;

# Status and body; a check-in that has no answer gets an empty one.

sub heard {
    my ($answer, $status, $name) = @_;

    is "$answer->{status} <$answer->{body}>", "$status <>", $name;
}


sub told {
    my ($answer, $type, $name) = @_;

    is $answer->{status}, 200, $name;
    is $answer->{headers}{'content-type'}, $type, "... as $type";

    return $answer->{body};
}


# JSON answers are the client's to decode.

sub json { return JSON::PP->new->decode($_[0]) }


my $iphone = $acme->device('iphone');
my $mac    = $acme->device('mac', facts => { SerialNumber => 'C02', OSVersion => '26.0',
    BuildVersion => '25A1', ProductName => 'Mac15,3', DeviceName => 'desk',
    Model => 'Mac15,3', ModelName => 'MacBook Pro' });
my $anna   = $mac->user('5D5E4B2A-0001-4000-8000-000000000001', 'anna', 'Anna A');
my $ipad   = $acme->device('ipad');
my @pupils = ($ipad->shared_user('one@school.example', 'One'),
    $ipad->shared_user('two@school.example', 'Two'));
my $byod   = $acme->device('byod', enrollment_id => 'BYOD-0001');
my $byuser = $byod->user('BYUSER-1', 'bea', 'Bea B');

my @devices = ($iphone, $mac, $ipad, $byod);
my @users = ($anna, @pupils, $byuser);

for my $channel (@devices) {
    heard $channel->authenticate, 200, $channel->enrollment . ' authenticates';
    heard $channel->token_update, 200, '... and brings its token';
}
for my $channel (@users) {
    heard $channel->token_update, 200, $channel->enrollment . ' brings its token';
}
for my $channel (@devices, @users) {
    heard $channel->idle, 200, $channel->enrollment . ' is enrolled';
}

is_deeply [ $pg->query(<<'SQL') ], [
SELECT channel, ownership, user_id, user_short_name, user_long_name
  FROM mdm.enrollment ORDER BY enrollment_id
SQL
    [ 'device', 'organization', '', '', '' ],
    [ 'device', 'organization', '', '', '' ],
    [ 'device', 'shared', '', '', '' ],
    [ 'enrollment', 'user', '', '', '' ],
    [ 'user', 'organization', $anna->{id}{UserID}, 'anna', 'Anna A' ],
    [ 'shared_user', 'shared', 'one@school.example', 'one@school.example', 'One' ],
    [ 'shared_user', 'shared', 'two@school.example', 'two@school.example', 'Two' ],
    [ 'enrollment_user', 'user', 'BYUSER-1', 'bea', 'Bea B' ],
], 'every channel is kept under its own key and kind';

is $pg->psql("SELECT string_agg(name || '=' || value_text, ' ' ORDER BY name)
                FROM mdm.attribute JOIN mdm.enrollment USING (tenant_id, enrollment_id)
               WHERE value_text = 'C02' OR name = 'ModelName'"),
    'ModelName=MacBook Pro SerialNumber=C02', 'what Authenticate tells is kept';

for my $channel (@devices, @users) {
    my $body = told $channel->checkin('DeclarativeManagement',
        Endpoint => 'tokens'), 'application/json', $channel->enrollment
        . ' asks for declaration tokens';
    my $token = json($body)->{SyncTokens}{DeclarationsToken};
    like json($body)->{SyncTokens}{Timestamp}, qr/^\d{4}-\d\d-\d\dT[\d:]{8}Z$/,
        '... with a time';
    $body = told $channel->checkin('DeclarativeManagement',
        Endpoint => 'declaration-items'), 'application/json', '... and for items';
    is_deeply json($body), { DeclarationsToken => $token, Declarations => {
        map { $_ => [] } qw(Activations Assets Configurations Management) } },
        '... and there are none, under the same token';
    my $status = '{"StatusItems":{}}';
    heard $channel->checkin('DeclarativeManagement', Endpoint => 'status',
        Data => \$status), 200, '... its status report is taken';
    heard $channel->checkin('DeclarativeManagement',
        Endpoint => 'declaration/configuration/gone'), 404,
        '... a declaration that is not there passes as 404';
    heard $channel->checkin('DeclarativeManagement', Endpoint => 'other'), 400,
        '... another endpoint is 400';
    heard $channel->checkin('GetToken', TokenServiceType => 'com.example.none'),
        400, '... and so is a token service that we do not have';
}

my $body = told $iphone->checkin('ReturnToService'), 'application/xml',
    'ReturnToService is answered';
like $body, qr{<key>ReturnToService</key>\s*<dict>\s*<key>Enabled</key>\s*<false\s*/>},
    '... as not enabled';

for my $path ([ '/mdm', 410 ], [ '/users', 200 ]) {
    my $user = $mac->with(path => $path->[0])->user(
        '5D5E4B2A-0002-4000-8000-000000000002', undef, undef);
    my $answer = $user->checkin('UserAuthenticate');
    my $second = $user->checkin('UserAuthenticate', DigestResponse =>
        'Digest username="net1",nonce="n",uri="/",response="00"');

    if ($path->[1] == 410) {
        heard $answer, 410, 'a directory user is declined by default';
        heard $second, 410, '... and with a response, too';
    } else {
        $body = told $answer, 'application/xml', 'mdm_user_authenticate takes him';
        like $body, qr{<key>DigestChallenge</key>\s*<string(?:></string>|\s*/>)},
            '... without a challenge';
        heard $second, 200, '... and a second request gets nothing';
        heard $user->token_update, 200, '... before his channel begins';
    }
}

# Leaving.

heard $anna->check_out, 400, 'CheckOut does not come from a user';
heard $anna->authenticate, 400, '... nor does Authenticate';
heard $mac->check_out, 200, 'a Mac checks out';
heard $mac->idle, 403, '... and is no longer known';
heard $anna->idle, 403, '... its user neither';
heard $byod->check_out, 200, 'a user enrolment checks out';
heard $byuser->idle, 403, '... with its user';
heard $iphone->idle, 200, 'others stay';

my $revision = $pg->revision;
is_deeply [ $pg->query("SELECT * FROM $revision.check()") ], [],
    'the database is consistent';

done_testing;
