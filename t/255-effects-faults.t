# Handlers that fail, that tell nonsense, that want too much: the report is stored
# and its command closed all the same, nothing of the effects is, and a person is
# told. They run again when the plugin behaves.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Plist qw(integer);
use MDM::Test::Plugin;

my $dir = test_dir();
chmod 0755, $dir;

my $source = MDM::Test::tree() . '/t/plugins/effects/effects.c';

sub point {
    symlink $_[0], "$dir/effects.so.new" or die "effects.so: $!";
    rename "$dir/effects.so.new", "$dir/effects.so" or die "effects.so: $!";
}

MDM::Test::Plugin->build("$dir/bad.so", source => $source);
MDM::Test::Plugin->build("$dir/good.so", source => $source, GOOD => undef);
point('bad.so');

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);
my $nginx = MDM::Test::Nginx->start(pg => $pg, daemon => 1, conf => <<"CONF");
load_module %%MODULE%%;
events { worker_connections 256; }
thread_pool mdm threads=2;
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_plugin $dir/effects.so;
    mdm_tenant \$host;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; }
        location = /metrics { mdm metrics; }
        location /v1/ { mdm api; }
    }
}
CONF

$nginx->expect(qr/the effects of a report failed/);

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);
my $mac = MDM::Test::Device->new(client => $client, sign => 1,
    certificate => $ca->device('mac'), udid => 'MAC');
my $path = '/v1/enrollments/MAC';

is $mac->enroll->{status}, 200, 'a Mac enrols';

sub given {
    my $uuid = $mac->uuid;

    $api->api(PUT => '/v1/enqueue/MAC', $mac->command('Effects', $uuid));
    $mac->idle->{command_uuid} eq $uuid or die 'Effects is not delivered';

    return $uuid;
}

sub history {
    my ($uuid) = @_;
    my ($row) = grep { $_->{command_uuid} eq $uuid }
        @{ $api->api(GET => "$path/history")->{json}{items} };
    return $row;
}

sub attributes { return $api->api(GET => $path)->{json}{attributes} }
sub again { return $api->api(POST => "$path/history/$_[0]/effects") }

my %why = (
    fail     => qr/^the handler of Effects failed$/,
    many     => qr/^a report has more than 1000 effects$/,
    huge     => qr/^keep_secret\(\): "huge" is given more than 65536 bytes$/,
    name     => qr/^set_attribute\(\): "no name" is no name for an attribute$/,
    bytes    => qr/^set_attribute\(\): "Bytes" is given neither/,
    deep     => qr/^emit_event\(\)|failed/,
    unknown  => qr/^no plugin describes the command that should follow$/,
    wrong    => qr/^EffectsFollow that should follow is refused: Text must be/,
    poses    => qr/^an event may not be of the type "checked_out"$/,
    reserved => qr/^a secret may not be of the kind "report"$/,
);
my %failed;

for my $how (sort keys %why) {
    my $uuid = $failed{$how} = given();
    my $answer = $mac->report($uuid, 'Acknowledged', Bad => $how, Attribute => $how,
        Number => integer(7), Code => $how, Follow => $how, Event => $how);

    is $answer->{status}, 200, "a handler that does it ($how) does not fail the report";
    is $answer->{command_uuid}, undef, '... and nothing follows';

    my $row = history($uuid);
    is $row->{state}, 'ACKNOWLEDGED', '... the command is closed';
    like $row->{effects_failed}, $why{$how}, '... and the reason is kept';
    is $row->{effects_at}, undef, '... and no time';
}

is attributes()->{$_}, undef, "no $_ of them is an attribute" for qw(Attribute Number Many);
is $pg->psql('SELECT count(*) FROM mdm.secret'), '0', '... nor anything a secret';
is $pg->psql(q{SELECT count(*) FROM mdm.event WHERE type = 'effects_test'}), '0',
    '... nor told';
is $pg->psql(q{SELECT count(*) FROM mdm.event WHERE type = 'effects_failed'}),
    scalar(keys %why), 'but that they failed is, of each';

my @lines = $nginx->error_log =~ /(\[error\].*the effects of a report failed: .*)/g;
cmp_ok scalar(@lines), '>', 0, 'the log has it';
cmp_ok scalar(@lines), '<=', scalar(keys %why), '... once each, at most';
like $lines[0], qr/tenant "localhost", enrollment "MAC", command "[^"]+", request type "Effects"/,
    '... with whose it is';
like $client->request(GET => '/metrics')->{body},
    qr/^mdm_report_effects_total\{[^}]*result="failed"\} ${\ scalar keys %why}$/m,
    '... and the metrics count them';


# Run again.

is told(again($failed{fail})), '422 effects_failed', 'it fails as long as it does';
like history($failed{fail})->{effects_failed}, $why{fail}, '... for a reason';

sub told {
    my ($answer) = @_;
    return join ' ', $answer->{status}, $answer->{json}{error}{code} // ();
}

point('good.so');
$nginx->reload;
ok wait_for(10, sub { told(again($failed{fail})) eq '200' }), 'then the plugin behaves';
is_deeply { %{ attributes() }{qw(Attribute Number)} }, { Attribute => 'fail', Number => 7 },
    '... and its effects are there';
is history($failed{fail})->{effects_failed}, undef, '... and the reason is gone';
like history($failed{fail})->{effects_at}, qr/^2/, '... for a time';
is told(again($failed{fail})), '409 effects_applied', '... once';
like $mac->idle->{body}, qr{<string>fail</string>}, 'what follows waits for the device';

for my $how (grep { $_ ne 'fail' } sort keys %failed) {
    is told(again($failed{$how})), '200', "what failed otherwise ($how) runs again, too";
}
is $pg->psql(q{SELECT count(*) FROM mdm.event WHERE type = 'effects_test'}),
    scalar(keys %why), 'each of them told its event, once';
is $pg->psql(q{SELECT count(*) FROM mdm.result WHERE effects_failed IS NOT NULL}), '0',
    'none is left';
is $pg->psql('SELECT * FROM mdm_r2.check()'), '', 'the tables agree with each other';

done_testing;
