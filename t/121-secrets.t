# Unlock and bootstrap tokens: kept for the device, the newest of them, and taken
# back. That they are sealed and in no log is t/122-planted-secrets.t.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Acme;
use MDM::Test::Plist qw(plist_string);

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


sub bootstrap {
    my $answer = $_[0]->checkin('GetBootstrapToken');

    return plist_string(told($answer, 'application/xml',
        'GetBootstrapToken is answered'), 'BootstrapToken');
}


my %secret = map { $_ => "SECRET-$_" } qw(bootstrap unlock newer);

my $iphone = $acme->device('iphone');
my $mac = $acme->device('mac');

heard $iphone->authenticate, 200, 'a device authenticates';
is $iphone->checkin('SetBootstrapToken', BootstrapToken => \$secret{newer})->{status},
    503, 'a token that cannot be kept yet is not taken for kept';
is $iphone->checkin('GetBootstrapToken')->{status}, 503, '... nor answered with nothing';
heard $iphone->token_update, 200, 'the device brings its push token';
heard $mac->enroll, 200, '... and a Mac enrols';

is bootstrap($iphone) // '', '', '... with nothing before a token was set';
for my $device ($iphone, $mac) {
    heard $device->checkin('SetBootstrapToken', BootstrapToken => \$secret{newer}),
        200, 'SetBootstrapToken is taken';
    heard $device->checkin('SetBootstrapToken', BootstrapToken => \$secret{bootstrap}),
        200, '... and another';
    is bootstrap($device), $secret{bootstrap}, '... the newest of them';
}
heard $iphone->checkin('SetBootstrapToken'), 200, 'SetBootstrapToken without a token';
is bootstrap($iphone) // '', '', '... deletes it';
heard $mac->checkin('SetBootstrapToken', BootstrapToken => \''), 200,
    'SetBootstrapToken with an empty one';
is bootstrap($mac) // '', '', '... deletes it as well';
heard $mac->checkin('SetBootstrapToken', BootstrapToken => \$secret{bootstrap}),
    200, 'a token that stays is set';

my $unlock = 'SELECT value FROM mdm.secret JOIN mdm.enrollment USING (tenant_id, '
    . 'enrollment_id) WHERE kind = \'unlock_token\' AND device_id = \''
    . $iphone->device_id . '\' ORDER BY secret_id DESC LIMIT 1';

heard $iphone->token_update(UnlockToken => \$secret{unlock}), 200, 'an UnlockToken';
my $sealed = $pg->psql($unlock);
cmp_ok length $sealed, '>', 2 * length $secret{unlock}, '... is kept, and longer';
heard $iphone->token_update, 200, 'a TokenUpdate without one';
heard $iphone->token_update(UnlockToken => \''), 200, '... or with an empty one';
is $pg->psql($unlock), $sealed, '... keeps the first';
heard $iphone->token_update(UnlockToken => \$secret{newer}), 200, 'a newer one';
isnt $pg->psql($unlock), $sealed, '... replaces it';

my $rows = $pg->psql("SELECT count(*) FROM mdm.secret WHERE value IS NOT NULL");
cmp_ok $rows, '>=', 7, 'all of them are rows of mdm.secret';

done_testing;
