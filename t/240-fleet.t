# A fleet of every kind, which answers, refuses, puts off, goes silent, breaks
# off and repeats itself: what the simulator's log says that devices heard and
# said must be what the database says, command by command.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use Test::More;
use MDM::Test;

needs('the simulator', -x build('mdm-sim'));

my $pg     = MDM::Test::Postgres->start(migrate => 1);
my $ca     = MDM::Test::PKI->ca('Device CA');
my $tls_ca = MDM::Test::PKI->ca('Server CA');
my $server = $tls_ca->server;
my $token  = $pg->tenant('acme', host => 'localhost', device_ca => $ca);

my $nginx = MDM::Test::Nginx->start(pg => $pg, level => 'warn',
    vars => { CERT => $server->{cert}, KEY => $server->{key} },
    conf => <<'CONF');
load_module %%MODULE%%;
worker_processes 2;
events { worker_connections 512; }
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    large_client_header_buffers 4 64k;

    server {
        listen 127.0.0.1:%%TLS_PORT%% ssl;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        location = /mdm { mdm connect; client_max_body_size 4m;
                          client_body_buffer_size 256k; }
        location /v1/ { mdm api; }
    }
}
CONF

my $api = MDM::Test::Client->new(port => $nginx->tls_port, ca => $tls_ca,
    token => $token);

# Two fleets of a hundred, told apart by how they prove who they are.

my %fleet = ('tls' => [], 'sign' => [ '--sign', '--no-client-cert' ]);

sub simulate {
    my ($fleet, @options) = @_;

    my ($exit, $text) = run_command(build('mdm-sim'),
        '--url', 'https://localhost:' . $nginx->tls_port . '/mdm',
        '--ca', $tls_ca->{cert}, '--identity-ca', $ca->{cert},
        '--identity-key', $ca->{key}, '--id-prefix', $fleet,
        '--kind', 'iphone=60', '--kind', 'byod=15', '--kind', 'mac=15',
        '--kind', 'sharedipad=10', '--state', test_dir() . "/$fleet.state",
        '--log', test_dir() . "/$fleet.log", '--summary', '--backoff', 50,
        '--retries', 3, @{ $fleet{$fleet} }, @options);

    is $exit, 0, "the fleet \"$fleet\" does what it is told" or diag $text;

    return { $text =~ /^(\S+) (\d+)$/mg };
}


# What each channel is asked, and what it answers.

my %answer = (
    DeviceInformation        => [ '' => 'acknowledge' ],
    SecurityInfo             => [ '@mac' => 'notnow:2' ],
    ProfileList              => [ '@iphone' => 'error:12021:MCMDMErrorDomain:No' ],
    CertificateList          => [ '@byod' => 'silence:3' ],
    InstalledApplicationList => [ '@sharedipad' => 'malformed' ],
    ManagedApplicationList   => [ '@mac' => 'disconnect:repeat' ],
    AvailableOSUpdates       => [ '@iphone' => 'disconnect' ],
    UserList                 => [ '@iphone' => 'formaterror' ],
    Restrictions             => [ '' => 'notnow:1' ],
    InstallProfile           => [ '@iphone' => 'disconnect:repeat' ],
    Settings                 => [ '@byod' => 'disconnect' ],
);
my @rules = map { ('--answer', "$_$answer{$_}[0]=$answer{$_}[1]") } sort keys %answer;

for my $fleet (sort keys %fleet) {
    my $summary = simulate($fleet, '--enroll');
    is $summary->{enrolled}, 100, '... and enrols';
}

my @channels = $pg->query(<<'SQL');
SELECT device_id, coalesce(user_short_name, ''), user_id FROM mdm.enrollment
 WHERE state = 'live'
SQL
is scalar @channels, 2 * (60 + 15 + 2 * 15 + 3 * 10), 'all channels are there';

my $ids = join ',', map { join ':', $_->[0], length $_->[2] ? $_->[2] : () } @channels;

for my $type (sort keys %answer) {
    my $body = $type eq 'InstallProfile'
        ? MDM::Test::Device->install_profile('com.example.fleet', $type)
        : MDM::Test::Device->command($type, $type);

    is $api->api(PUT => "/v1/enqueue/$ids", $body)->{status}, 200,
        "$type is asked of all";
}

for my $fleet (sort keys %fleet) {
    my $summary = simulate($fleet, @rules, '--until-empty', '--poll', 40);
    is $summary->{left} // 0, 0, '... and nobody is told to leave';
}

# The log, line by line: what each channel said and heard of each command.

my $json = JSON::PP->new->utf8;
my (%given, %said, %taken, %again, %status);

for my $line (map { split /\n/, slurp(test_dir() . "/$_.log") } sort keys %fleet) {
    my $e = $json->decode($line);
    my $channel = "$e->{device}:" . ($e->{user} // '');

    $status{ $e->{status} }++;

    if (defined(my $uuid = $e->{command_uuid})) {
        my $word = $e->{message};

        $said{"$channel $uuid"}{$word}++ if $e->{sent} eq 'all';
        $taken{"$channel $uuid"} = $word if $e->{status} == 200 && $word ne 'NotNow';
    }

    if ($e->{status} == 200 && defined $e->{next_uuid}) {
        my $next = "$channel $e->{next_uuid}";

        $given{$next}++;
        $again{$next}++ if $taken{$next};
    }
}

is join(' ', grep { $_ != 200 && $_ != 0 } keys %status), '',
    'every answer was 200, or not waited for';
cmp_ok $status{0} // 0, '>', 0, '... and some were not waited for';

# The database.

my %state;

push @{ $state{"$_->[0]:$_->[1] $_->[2]"} }, $_->[3] for $pg->query(<<'SQL');
SELECT device_id, coalesce(user_short_name, ''), command_uuid, r.state
  FROM mdm.result r JOIN mdm.enrollment e USING (tenant_id, enrollment_id)
SQL

my @asked = map { my $c = "$_->[0]:$_->[1]"; map { "$c $_" } keys %answer } @channels;
my %end = (Acknowledged => 'ACKNOWLEDGED', Error => 'ERROR', Malformed => 'ERROR',
    CommandFormatError => 'ERROR');

sub none {
    my ($name, @found) = @_;

    is scalar @found, 0, $name or diag join "\n", splice @found, 0, 5;
}


is $pg->psql('SELECT count(*) FROM mdm.queue'), 0, 'nothing waits any more';
none 'no command was lost', grep { !$given{$_} || !$state{$_} } @asked;
none 'none ended twice', grep { @{ $state{$_} // [] } > 1 } @asked;
is scalar keys %state, scalar @asked, 'no other command ended';
none 'what ended was said so by its device', grep {
    my ($key, $state) = ($_, $state{$_}[0] // '');
    !grep { $end{$_} && $end{$_} eq $state } keys %{ $said{$key} // {} };
} @asked;
none 'what was taken with 200 is what the database has', grep {
    $taken{$_} && $end{ $taken{$_} } ne ($state{$_}[0] // '')
} @asked;
none 'what was taken with 200 was not given again', sort keys %again;

# The script was played.

my %seen;

$seen{$_}++ for map { keys %$_ } values %said;
cmp_ok $seen{$_} // 0, '>', 0, "some said $_"
    for qw(Acknowledged Error Malformed CommandFormatError NotNow);
cmp_ok scalar(grep { $_ > 1 } values %given), '>', 0, 'some were given twice';
cmp_ok scalar(grep { ($_->{Acknowledged} // 0) > 1 } values %said), '>', 0,
    'some were answered twice';

my $revision = $pg->revision;
is_deeply [ $pg->query("SELECT * FROM $revision.check()") ], [],
    'the database is consistent';

done_testing;
