# Every directive with right and wrong values: what is wrong fails "nginx -t"
# with a line that names it and says what to write.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $server = MDM::Test::PKI->ca('Server CA')->server;

my $dir = test_dir();
my $key = spew("$dir/secret.key", "a1" x 32 . "\n");
my $key2 = spew("$dir/second.key", "b2" x 32 . "\n");
my $short = spew("$dir/short.key", "a1b2\n");
my $open = spew("$dir/open.key", "c3" x 32 . "\n");

chmod 0600, $key, $key2, $short;
chmod 0644, $open;

my $tls = "ssl_certificate $server->{cert}; "
    . "ssl_certificate_key $server->{key}; listen 127.0.0.1:%%TLS_PORT%% ssl;";
my $db = 'mdm_database "host=/nowhere dbname=mdm"';


# What a test changes: the http block before the server, the server before the
# location, and the location, which is a device route unless told otherwise.

sub check {
    my (%part) = @_;

    my %text = (
        top      => '',
        events   => 'worker_connections 256;',
        database => "$db;",
        key      => "mdm_secret_key $key;",
        tenant   => 'mdm_tenant acme;',
        http     => '',
        server   => '',
        location => 'mdm connect;',
        %part,
    );

    my $conf = <<'CONF';
load_module %%MODULE%%;
%%top%%
events { %%events%% }
http {
    %%HTTP%%
    %%database%%
    %%key%%
    %%tenant%%
    %%http%%
    server {
        listen 127.0.0.1:%%PORT%%;
        %%server%%
        location = /mdm { %%location%% }
    }
}
CONF
    $conf =~ s/%%([a-z]+)%%/$text{$1}/g;

    return MDM::Test::Nginx->test_conf($conf);
}


sub taken {
    my ($name, %part) = @_;

    my ($exit, $text) = check(%part);
    is $exit, 0, "$name is taken" or diag $text;
    unlike $text, qr/\[warn\]/, '... without a warning';
}


sub refused {
    my ($name, $says, %part) = @_;

    my ($exit, $text) = check(%part);
    is $exit, 1, "$name is refused";

    for my $words (ref $says ? @$says : $says) {
        like $text, qr/\[emerg\].*\Q$words\E/, "... with: $words";
    }
}


taken 'the least of all', ();

refused 'a route without a database',
    ['"mdm connect" in location "/mdm"', 'write "mdm_database'], database => '';
refused 'a route without a key',
    ['write "mdm_secret_key FILE;"', 'openssl rand -hex 32'], key => '';
refused 'a route without a tenant', 'write "mdm_tenant $host;"', tenant => '';
refused 'an empty tenant', 'write "mdm_tenant $host;"',
    tenant => 'mdm_tenant "";';
refused 'an unknown route',
    ['unknown route "conect"', 'there are: connect, api'],
    location => 'mdm conect;';
refused 'a second route in a location', '"mdm" directive is duplicate',
    location => 'mdm connect; mdm api;';
refused 'a second route, in "limit_except"', 'directive is not allowed here',
    location => 'mdm api; limit_except GET { mdm api; }';
refused 'a route outside of a location', 'directive is not allowed here',
    server => 'mdm connect;';

refused 'a key file that is missing', ["$dir/none", 'openssl rand -hex 32'],
    key => "mdm_secret_key $dir/none;";
refused 'a key that is too short', [$short, 'key has 4 characters, not 64'],
    key => "mdm_secret_key $short;";
refused 'a key file with other text', [$server->{cert}, 'key has'],
    key => "mdm_secret_key $server->{cert};";
refused 'the same key twice', 'the same key is given twice',
    key => "mdm_secret_key $key; mdm_secret_key $key;";
taken 'a second key', key => "mdm_secret_key $key; mdm_secret_key $key2;";

my ($exit, $text) = check(key => "mdm_secret_key $open;");
is $exit, 0, 'a key that everyone may read is taken';
like $text, qr/\[warn\] .*everyone may read "\Q$open\E": run "chmod 600"/,
    '... with a warning';
unlike $text, qr/c3c3/, '... that does not show the key';

taken 'all of mdm_database',
    database => "$db name=a connections=2 timeout=1s; "
        . "$db name=b connections=64 timeout=60s;";
refused 'too few connections', 'write a number from 2 to 64',
    database => "$db connections=1;";
refused 'too many connections', 'write a number from 2 to 64',
    database => "$db connections=65;";
refused 'a number that is none', 'write a number from 2 to 64',
    database => "$db connections=four;";
refused 'a short timeout', 'write a time from 1s to 60s',
    database => "$db timeout=999ms;";
refused 'a long timeout', 'write a time from 1s to 60s',
    database => "$db timeout=61s;";
refused 'an unknown parameter',
    ['unknown parameter "pool" of "mdm_database"', 'name=, connections=, timeout='],
    database => "$db pool=4;";
refused 'a connection string without quotes', 'unknown parameter "password" of',
    database => 'mdm_database dbname=mdm password=d0d0;';
unlike +(check(database => 'mdm_database dbname=mdm password=d0d0;'))[1], qr/d0d0/,
    '... without showing what stands behind it';
refused 'a parameter twice', 'parameter "name" of "mdm_database" is given twice',
    database => "$db name=a name=b;";
refused "a parameter without a value, $_,",
    'parameter "timeout" of "mdm_database" has no value', database => "$db $_;"
    for 'timeout=', 'timeout';
refused 'two databases of one name', 'two databases are named "a"',
    database => "$db name=a; $db name=a;";
refused 'two databases without a name', 'give each its own "name="',
    database => "$db; $db;";
refused 'a location with another handler',
    'another directive answers in location "/mdm" instead of "mdm connect"',
    location => "$_" for 'mdm connect; proxy_pass http://127.0.0.1:9;',
                         'proxy_pass http://127.0.0.1:9; mdm connect;',
                         'mdm connect; stub_status;', 'empty_gif; mdm connect;';
refused 'an "if" with another handler', 'another directive answers in location',
    location => 'mdm connect; if ($args) { proxy_pass http://127.0.0.1:9; }';
refused 'an sslmode that libpq does not know',
    '"sslmode" cannot be "foo", write one of: disable',
    database => 'mdm_database "host=/nowhere dbname=mdm sslmode=foo";';
refused 'a port out of range', 'port "65536" is not a number from 1 to 65535',
    database => 'mdm_database "host=/nowhere dbname=mdm port=65536";';
refused 'a user in the connection string', 'remove "user"',
    database => 'mdm_database "host=/nowhere dbname=mdm user=postgres";';
refused 'a connection string without a database', 'add "dbname="',
    database => 'mdm_database "host=/nowhere";';
refused 'a connection string that libpq does not read', 'colour',
    database => 'mdm_database "colour=red dbname=mdm";';
refused 'a host that has no address', 'cannot resolve "no.such.host.invalid"',
    database => 'mdm_database "host=no.such.host.invalid dbname=mdm";';

taken 'a database by name', database => "$db; $db name=b;",
    location => 'mdm connect; mdm_use_database b;';
taken 'a database by variable', server => 'mdm_use_database $host;';
refused 'a database that is not configured',
    ['"mdm_use_database c"', 'write "mdm_database', 'name=c'],
    location => 'mdm connect; mdm_use_database c;';

for my $right ('certificate', 'signature', 'certificate signature',
    'signature certificate', 'certificate+signature')
{
    taken "mdm_identity $right",
        server => "$tls ssl_verify_client optional_no_ca;",
        location => "mdm connect; mdm_identity $right;";
}

for my $wrong ('header', 'certificate header', 'certificate+signature signature',
    'signature certificate+signature')
{
    refused "mdm_identity $wrong", ['in "mdm_identity"', 'to demand both'],
        location => "mdm connect; mdm_identity $wrong;";
}

refused 'mdm_identity twice', '"mdm_identity" directive is duplicate',
    location => 'mdm connect; mdm_identity signature; mdm_identity signature;';
refused 'certificates where TLS asks for none',
    ['write "ssl_verify_client optional_no_ca;"', '"mdm_identity signature;"'],
    server => $tls;
taken 'signatures where TLS asks for no certificate', server => $tls,
    location => 'mdm connect; mdm_identity signature;';
refused 'certificates where there is no TLS',
    ['"ssl_certificate"', '"mdm_identity signature;"'],
    location => 'mdm connect; mdm_identity certificate;';

refused 'mdm_user_authenticate with a word', 'it must be "on" or "off"',
    location => 'mdm connect; mdm_user_authenticate yes;';

my $basic = 'auth_basic devices; auth_basic_user_file /none;';

refused 'auth_basic of the location', ['"auth_basic"', 'write "auth_basic off;"'],
    location => "mdm connect; $basic";
refused 'auth_basic of the server', 'write "auth_basic off;"',
    server => $basic;
refused 'auth_basic of http', 'write "auth_basic off;"', http => $basic;
refused 'auth_basic whose realm is a variable', 'write "auth_basic off;"',
    server => 'auth_basic $host;';
refused 'auth_basic in a limit_except of the location',
    'write "auth_basic off;"',
    location => "mdm connect; limit_except GET { $basic }";
taken 'auth_basic that is switched off', http => $basic,
    location => 'mdm connect; auth_basic off;';
taken 'auth_basic on the API', location => "mdm api; $basic";

refused 'auth_request of the location', 'write "auth_request off;"',
    location => 'mdm connect; auth_request /auth;';
refused 'auth_request of the server', 'write "auth_request off;"',
    server => 'auth_request /auth;';
taken 'auth_request that is switched off', server => 'auth_request /auth;',
    location => 'mdm connect; auth_request off;';

refused 'too few connections of a worker',
    ['"worker_connections 8"', 'write at least'],
    events => 'worker_connections 8;';

for my $where (qw(http server location)) {
    my %part = (tenant => '', $where => 'mdm_tenant $host; '
        . 'mdm_user_authenticate on; mdm_identity signature;');
    $part{location} .= ' mdm connect;' if $where eq 'location';
    taken "what a location needs, given in $where,", %part;
}

taken 'a nearer word replaces a farther one', server => $tls,
    http => 'mdm_identity certificate;',
    location => 'mdm connect; mdm_identity signature;';


# Webhooks.

my $hook = 'mdm_webhook https://hooks.example.com/mdm';
my $secret = spew("$dir/hook.secret", "d4d4\n");
my $empty = spew("$dir/empty.secret", "\n");
my $long = spew("$dir/long.secret", 'x' x 5000);

chmod 0600, $secret, $empty, $long;

taken 'all of mdm_webhook', http => "$hook name=a-B_1 tenant=acme secret=$secret "
    . "format=event ca=$server->{cert} timeout=60s; mdm_webhook http://127.0.0.1:8080;";
refused "$_ as URL", 'write an URL such as "https://hooks.example.com/mdm"',
    http => "mdm_webhook $_;" for qw(hooks.example.com ftp://hooks.example.com http://);
unlike +(check(http => 'mdm_webhook htps://me:pass@hooks.example.com;'))[1], qr/pass/,
    '... without showing it, for it may hold a password';
refused 'an unknown parameter of a webhook',
    ['unknown parameter "retry" of "mdm_webhook"', 'format=, ca=, timeout='],
    http => "$hook retry=4;";
refused 'a secret twice', 'parameter "secret" of "mdm_webhook" is given twice',
    http => "$hook secret=$secret secret=$secret;";
refused 'a tenant without a name', 'parameter "tenant" of "mdm_webhook" has no value',
    http => "$hook tenant=;";
refused 'two webhooks of one name', 'two webhooks of one database are named "default"',
    http => "$hook; $hook;";
refused "the name $_", 'a webhook\'s name has 1 to 64', http => "$hook name=$_;"
    for 'a/b', 'x' x 65;
refused 'a strange format', 'write "nanomdm" or "event"', http => "$hook format=xml;";
refused 'a short timeout of a webhook', '"timeout=1ms": write a time from 1s to 60s',
    http => "$hook timeout=1ms;";
refused 'an empty secret', 'the file is empty: make it with "openssl rand -hex 32"',
    http => "$hook secret=$empty;";
refused 'a long secret', 'passes 4096 bytes', http => "$hook secret=$long;";
refused 'a secret that is not there', 'cannot open "/nowhere" of "mdm_webhook"',
    http => "$hook secret=/nowhere;";
refused 'a CA that is none', 'the file has no certificate in PEM',
    http => "$hook ca=$secret;";
refused 'too many CAs', 'passes 32768 bytes',
    http => "$hook ca=" . spew(test_dir() . '/cas.pem', slurp($server->{cert}) x 60) . ';';
refused 'an unknown database of a webhook', 'reads from a database that there is not',
    http => "$hook database=x;";


# Pushes.

my $dns = 'resolver 127.0.0.1;';
my $apns = "$dns mdm_apns api.push.apple.com";

taken 'all of mdm_apns', http => "$apns:2197 development=api.sandbox.push.apple.com "
    . "proxy=http://me:p\@ss\@[::1]:3128 trusted_certificate=$server->{cert} rate=1000000;";
taken 'addresses without a resolver', http => 'mdm_apns 127.0.0.1 development=[::1]:2197;';
taken 'a proxy that has an address, without a resolver',
    http => 'mdm_apns api.push.apple.com proxy=127.0.0.1:3128;';
taken 'a node that does not push', http => 'mdm_apns off;';
refused 'mdm_apns twice', '"mdm_apns" directive is duplicate',
    http => "mdm_apns $_; $apns;" for 'off', '127.0.0.1';
refused "$_ as host", [qq{in "$_" of "mdm_apns"}, 'write "api.push.apple.com"'],
    http => "$dns mdm_apns $_;"
    for 'https://api.push.apple.com', 'a:0', ':443', 'unix:/a', '[::', '0.0.0.0', 'a,b',
        'on';
refused 'parameters of a node that does not push', ['in "off" of "mdm_apns"',
    'write "api.push.apple.com"'], http => "$dns mdm_apns off rate=1;";
refused 'development= without a host', ['no host in "development=:1"',
    'write "development=api.sandbox.push.apple.com"'], http => "$apns development=:1;";
refused "the proxy $_", 'in "proxy=" of "mdm_apns": write "proxy=HOST:PORT"',
    http => "$apns proxy=$_;" for qw(a https://a:1 a:b@c a:b@ a:1/b);
unlike +(check(http => "$apns proxy=me:pass\@:1;"))[1], qr/pass/,
    '... without showing it, for it may hold a password';
refused "rate=$_", qq{"rate=$_": write pushes a second of one topic},
    http => "$apns rate=$_;" for qw(0 1000001 -1 x);
refused 'an unknown parameter of mdm_apns', ['unknown parameter "key" of "mdm_apns"',
    'trusted_certificate=, rate='], http => "$apns key=/a;";
refused 'a rate twice', 'parameter "rate" of "mdm_apns" is given twice',
    http => "$apns rate=1 rate=2;";
refused 'a name without a resolver', '"mdm_apns" needs DNS for "b.example": write "resolver',
    http => "mdm_apns $_;" for 'b.example', '::1 development=b.example' =~ s/::1/[::1]/r,
    '127.0.0.1 proxy=b.example:1';
refused 'a resolver of the server alone', 'needs DNS', http => 'mdm_apns b.example;',
    server => $dns;
refused 'pushes without a key', '"mdm_apns" needs a database and a key',
    http => "$apns;", key => '', location => '';
refused 'CAs that are none', 'is no file with certificates in PEM',
    http => "$apns trusted_certificate=$_;" for '/nowhere', $secret;
refused 'too few connections of a worker that pushes', 'and APNs: write at least',
    http => "$apns;", events => 'worker_connections 20;';

done_testing;
