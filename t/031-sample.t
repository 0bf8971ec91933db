# The configurations that operators begin with, the sample and the README's:
# nginx takes them, and a device can enrol and poll.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use MDM::Test;

my $pg     = MDM::Test::Postgres->start(migrate => 1);
my $ca     = MDM::Test::PKI->ca('Device CA');
my $tls_ca = MDM::Test::PKI->ca('Server CA');
my $server = $tls_ca->server;

my $closed = free_port();       # nobody but a test's network is pushed
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);


# The same text with this machine's paths; the user is given elsewhere.

sub placed {
    my ($conf) = @_;

    my %place = (
        'modules/ngx_mdm_module.so'  => '%%MODULE%%',
        '/etc/nginx/mdm/server.pem'  => $server->{cert},
        '/etc/nginx/mdm/server.key'  => $server->{key},
        '/etc/nginx/mdm/secret.key'  => '%%SECRET_KEY%%',
        '/var/log/nginx/'            => '%%DIR%%/',
        'host=/run/postgresql dbname=mdm' => '%%PG%%',
        '/usr/lib/nginx/mdm/*.so'    => '%%PLUGINS%%',
        'listen 443'                 => 'listen 127.0.0.1:%%TLS_PORT%%',
        'http {'                     => 'http { %%HTTP%%',
        'api.push.apple.com;'        => "127.0.0.1:$closed;",
    );

    $conf =~ s{^user www-data;.*\n}{}m or die "no user in it\n";

    for my $text (keys %place) {
        next if $text eq '/var/log/nginx/' && $conf !~ /access_log/;

        $conf =~ s{\Q$text\E}{$place{$text}} or die "no \"$text\" in it\n";
    }

    return $conf;
}


sub readme {
    my ($conf) = slurp(tree() . '/README.md') =~ /^```nginx\n(.*?)^```/ms;

    is scalar(my @lines = split /\n/, $conf), 15, "the README's has 15 lines";

    return $conf;
}


my %conf = (
    'the sample'   => slurp(tree() . '/conf/nginx.conf.sample'),
    "the README's" => readme(),
);

for my $name (sort keys %conf) {
    my $nginx = MDM::Test::Nginx->prepare(pg => $pg,
        conf => placed($conf{$name}));

    my ($exit, $text) = $nginx->check;
    is $exit, 0, "nginx -t takes $name" or diag $text;
    unlike $text, qr/\[warn\]/, '... without a warning';

    $nginx = MDM::Test::Nginx->start(pg => $pg, conf => placed($conf{$name}));

    for my $sign (0, 1) {
        my $certificate = $ca->device("iphone $name $sign");
        my $client = MDM::Test::Client->new(port => $nginx->tls_port,
            ca => $tls_ca, certificate => $sign ? undef : $certificate);
        my $iphone = MDM::Test::Device->new(client => $client, sign => $sign,
            certificate => $certificate);

        is $iphone->enroll->{status}, 200, $sign
            ? '... a device enrols with Mdm-Signature'
            : '... a device enrols with a client certificate';
        is $iphone->idle->{status}, 200, '... and polls';
    }
}

my ($sample) = map { MDM::Test::Nginx->start(pg => $pg, conf => placed($_)) }
    $conf{'the sample'};
my $sample_client = MDM::Test::Client->new(port => $sample->tls_port,
    ca => $tls_ca, token => $token);
my $api = $sample_client->api(GET => '/v1/enrollments');

is $api->{status}, 200, 'the API of the sample answers';
is scalar @{ $api->{json}{items} }, 4, '... and shows the devices';

# A thousand ids in the path are 37 KB.

my @ids = map { $_->{device_id} } @{ $api->{json}{items} };
my $long = join ',', @ids, map { MDM::Test::Device->uuid } 1 .. 1000 - @ids;
my $many = $sample_client->api(PUT => "/v1/enqueue/$long?nopush=1",
    MDM::Test::Device->command('ProfileList'));
cmp_ok length $long, '>', 36_000, 'a thousand ids are a long path';
is $many->{status}, 207, '... which it takes';
is scalar(keys %{ $many->{json}{status} }), 1000, '... with an answer for each';

is $sample_client->api(GET => '/version')->{status}, 200,
    '... and tells its version';

like $sample->access_log . MDM::Test::slurp($sample->dir . '/mdm.log'),
    qr/tenant=acme enrollment=- message=- device_says=- command=- type=- db=\d/,
    'its log format has the variables';

done_testing;
