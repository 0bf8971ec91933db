# The walk of docs/api.md: its lines run as they are written, and are answered as
# is written below them.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use MIME::Base64 qw(decode_base64url);
use Test::More;
use MDM::Test;
use MDM::Test::API qw(token);

needs('curl', grep { -x "$_/curl" } split /:/, $ENV{PATH});

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $ca = MDM::Test::PKI->ca('Device CA');
$pg->tenant('acme', host => 'localhost', device_ca => $ca);

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
        location = /version { mdm api; }
    }
}
CONF

# The device of the document.

my $iphone = MDM::Test::Device->new(sign => 1, certificate => $ca->device('iphone'),
    client => MDM::Test::Client->new(port => $nginx->port),
    topic => 'com.apple.mgmt.External.0b1c2d3e-0000-4000-8000-00000000abcd',
    udid => '00008140-000A11112222801E', facts => { SerialNumber => 'TESTSERIAL01',
        OSVersion => '26.0', ProductName => 'iPhone17,2' });
is $iphone->enroll->{status}, 200, 'the device of the document enrols';

$ENV{HOST} = 'http://localhost:' . $nginx->port;
$ENV{TOKEN} = token($pg, 'acme', 'console', 'admin');
$ENV{ID} = $iphone->enrollment;


# Times, cursors and a certificate's names differ from those that are written; all
# else is the same.

sub timeless {
    my ($value) = @_;

    return $value =~ /\A[\d-]+T[\d:.]+Z\z/ ? $value =~ s/\d/0/gr
         : $value =~ /\A[0-9a-f]{64}\z/ ? 'a fingerprint'
         : $value =~ /\A[0-9A-F]{36,40}\z/ ? 'a serial number'
         : decode_base64url($value) =~ /\A([a-z]+)\n[\d\n]+\z/ ? "a cursor of $1"
         : $value
        if !ref $value;
    return [ map { timeless($_) } @$value ] if ref $value eq 'ARRAY';
    return { map { $_ => timeless($value->{$_}) } keys %$value } if ref $value eq 'HASH';
    return $value;
}


sub read_json { return timeless(eval { JSON::PP->new->utf8->decode($_[0]) } // {}) }


my ($walk) = slurp(tree() . '/docs/api.md') =~ /^## A walk with curl\n(.*?)(?=^## )/ms;
my @steps = $walk =~ /^(<!-- .*? -->|```\w+\n.*?^```)$/msg;
my ($said, $answers) = (undef, 0);

cmp_ok scalar @steps, '>', 10, 'docs/api.md has a walk';
chdir test_dir() or die;

for my $step (@steps) {

    if ($step =~ /\A<!-- the device acknowledges (\S+) -->/) {
        is $iphone->idle->{command_uuid}, $1, "the device gets $1";
        is $iphone->report($1, 'Acknowledged')->{status}, 200, '... and acknowledges it';

    } elsif ($step =~ /\A```sh\n(.*?)^```/ms) {
        my $lines = $1;

        # An event shows when no older transaction is open.
        wait_for(10, sub { $pg->psql('SELECT count(*) FROM pg_stat_activity
            WHERE backend_xid IS NOT NULL') == 0 });
        (my $exit, $said) = MDM::Test::run_command('bash', '-euo', 'pipefail', '-c', $lines);
        is $exit, 0, $lines =~ s/\A.*(?=\bcurl )//sr =~ s/\s+/ /gr or diag $said;

    } elsif ($step =~ /\A```json\n(.*?)^```/ms) {
        is_deeply read_json($said), read_json($1), '... is answered as is written'
            or diag $said;
        $answers++;

    } else {
        fail("what this step is: $step");
    }
}

is $answers, scalar(grep { /\A```sh/ } @steps), 'each line has an answer';

chdir '/';

done_testing;
