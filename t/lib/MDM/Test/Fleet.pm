package MDM::Test::Fleet;

# Hundreds of simulated devices at work while things break, and somebody who
# goes on asking commands of them, each until the API has said yes:
#
#     my $fleet = MDM::Test::Fleet->start(
#         kinds => { iphone => 120, mac => 20 }, seed => 1);
#     $fleet->begin;                  # devices poll, commands are asked
#     ...                             # faults
#     $fleet->end;                    # after the last one was mended
#     $fleet->settle;                 # what is left is worked off
#     my $count = $fleet->verdict;    # MDM::Test::Verdict, and its numbers
#     $fleet->opens;
#
# begin to verdict may be repeated. What everybody said and heard is in
# $fleet->sim_log (mdm-sim's JSON) and $fleet->asked_log: "ask UUID TYPE ID,ID",
# then "done UUID" when the answer came; both grow from round to round.
#
# Options: kinds, seed; workers (2); pg (a PostgreSQL that is there and
# migrated); database (the text of mdm_database); nginx (options for the server:
# daemon => 1); answers and sim (words for mdm-sim); client (the class of who
# asks); each => seconds between two asks (0.1); share => part of the fleet that a
# command is asked of (1/4).

use strict;
use warnings;

use POSIX ();
use Test::More ();
use Time::HiRes ();

use MDM::Test ();
use MDM::Test::Verdict ();

# What is asked in turn. RestartDevice is delivered once and never again by
# itself; newer InstallProfiles supersede older ones.

my @types = qw(DeviceInformation ProfileList InstallProfile SecurityInfo
    RestartDevice CertificateList InstalledApplicationList);

my @answers = ('ProfileList@iphone=notnow:1',
    'CertificateList@mac=error:12021:MCMDMErrorDomain:No');

# What no log and no table may show; it is in each profile that is sent.

our $secret = 'PlantedWiFiPassword';


sub start {
    my ($class, %option) = @_;

    MDM::Test::needs('the simulator', -x MDM::Test::build('mdm-sim'));

    my $self = bless {
        owner   => $$,
        kinds   => { iphone => 100 },
        seed    => 1,
        workers => 2,
        each    => 0.1,
        share   => 0.25,
        answers => \@answers,
        sim     => [],
        client  => 'MDM::Test::Client',
        round   => 0,
        %option,
    }, $class;

    $self->{pg} //= MDM::Test::Postgres->start(migrate => 1);
    $self->{ca} = MDM::Test::PKI->ca('Device CA');
    $self->{tls_ca} = MDM::Test::PKI->ca('Server CA');
    $self->{token} = $self->{pg}->tenant('acme', host => 'localhost',
        device_ca => $self->{ca});
    $self->start_nginx;
    $self->enroll;

    return $self;
}


sub start_nginx {
    my ($self) = @_;

    my $server = $self->{tls_ca}->server;

    $self->{nginx} = MDM::Test::Nginx->start(pg => $self->{pg}, level => 'notice',
        vars => { CERT => $server->{cert}, KEY => $server->{key},
            WORKERS => $self->{workers},
            DATABASE => $self->{database} // '"' . $self->{pg}->address . '" timeout=3s' },
        %{ $self->{nginx_options} // {} }, conf => <<'CONF');
load_module %%MODULE%%;
worker_processes %%WORKERS%%;
thread_pool mdm threads=2;
events { worker_connections 2048; }
http {
    %%HTTP%%
    mdm_database %%DATABASE%%;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    server {
        listen 127.0.0.1:%%TLS_PORT%% ssl backlog=1024;
        ssl_certificate %%CERT%%;
        ssl_certificate_key %%KEY%%;
        ssl_verify_client optional_no_ca;
        location = /mdm { mdm connect; client_body_buffer_size 256k; }
        location /v1/ { mdm api; }
        location = /metrics { mdm metrics; }
        location = /status { stub_status; }
    }
}
CONF
}


sub pg        { return $_[0]{pg} }
sub nginx     { return $_[0]{nginx} }
sub sim_log   { return MDM::Test::test_dir() . '/fleet.exchanges' }
sub asked_log { return MDM::Test::test_dir() . '/fleet.asked' }
sub released  { return $_[0]{released} // {} }


sub api {
    my ($self) = @_;

    return $self->{api} //= $self->{client}->new(ca => $self->{tls_ca},
        port => $self->{nginx}->tls_port, token => $self->{token}, close => 1);
}


sub sim_command {
    my ($self, @words) = @_;

    return (MDM::Test::build('mdm-sim'), '--host', 'localhost',
        '--url', 'https://127.0.0.1:' . $self->{nginx}->tls_port . '/mdm',
        '--ca', $self->{tls_ca}{cert}, '--identity-ca', $self->{ca}{cert},
        '--identity-key', $self->{ca}{key}, '--seed', $self->{seed},
        (map { ('--kind', "$_=$self->{kinds}{$_}") } sort keys %{ $self->{kinds} }),
        (map { ('--answer', $_) } @{ $self->{answers} }),
        '--concurrency', 512, '--backoff', 50, '--backoff-max', 500,
        '--retries', 1_000_000, '--timeout', 10_000, '--state', MDM::Test::test_dir() . '/fleet.state',
        '--log', $self->sim_log, @words);
}


sub enroll {
    my ($self) = @_;

    my ($exit, $text) = MDM::Test::run_command($self->sim_command('--enroll'));
    die "the fleet does not enrol: $text" if $exit != 0;

    $self->{ids} = [ map { join ':', grep { length } @$_ }
        $self->{pg}->query('SELECT device_id, user_id FROM mdm.enrollment
                             WHERE state = \'live\' ORDER BY 1, 2') ];
}


# The devices poll without end, and commands are asked, until end().

sub begin {
    my ($self) = @_;

    $self->{round}++;
    $self->{output} = MDM::Test::test_dir() . "/fleet.output$self->{round}";
    $self->{devices} = MDM::Test::spawn($self->{output}, $self->sim_command(
        '--duration', 86_400, '--poll', 1_000_000, '--interval', 100,
        '--summary', @{ $self->{sim} }));

    $self->{asker} = fork // die "fork: $!\n";

    if ($self->{asker} == 0) {
        my $done = eval { $self->ask_on; 1 };
        print STDERR "# $@" if !$done;
        POSIX::_exit($done ? 0 : 1);
    }
}


# The asker's own process: what was begun is asked until it is answered, also
# when it is told to stop.

sub ask_on {
    my ($self) = @_;

    my $stop = 0;
    local $SIG{USR1} = sub { $stop = 1 };
    local $SIG{ALRM} = sub { die "a command could not be asked\n" };

    my $number = 0;

    open my $log, '>>', $self->asked_log or die "$!\n";
    $log->autoflush(1);
    srand 100_003 * $self->{seed} + $self->{round};

    while (!$stop) {
        my $type = $types[ $number++ % @types ];
        my $uuid = "$type-$self->{round}-$number";
        my @ids = grep { rand() < $self->{share} } @{ $self->{ids} };
        next if !@ids;

        my $body = $type eq 'InstallProfile'
            ? MDM::Test::Device->install_profile('com.example.fleet', $uuid,
                Password => $secret)
            : MDM::Test::Device->command($type, $uuid);

        print {$log} "ask $uuid $type ", join(',', @ids), "\n";
        alarm 300;
        Time::HiRes::sleep(0.1) while !$self->ask($body, @ids);
        alarm 0;
        print {$log} "done $uuid\n";
        Time::HiRes::sleep($self->{each});
    }
}


# The same bytes again ask nothing twice.

sub ask {
    my ($self, $body, @ids) = @_;

    my $answer = eval { $self->api->api(
        PUT => '/v1/enqueue/' . join(',', @ids), $body) };

    return $answer && $answer->{status} == 200
        && $answer->{body} !~ /command_error/;
}


sub end {
    my ($self) = @_;

    kill 'USR1', $self->{asker};
    Test::More::ok(MDM::Test::reap($self->{asker}, 120),
        'each command was asked in the end');
    $self->{asker} = undef;

    kill 'TERM', $self->{devices};
    local $?;
    waitpid $self->{devices}, 0;
    $self->{devices} = undef;

    my $output = MDM::Test::slurp($self->{output});

    Test::More::is(($output =~ /^left (\d+)/m)[0] // 0, 0,
        'no device left') or Test::More::diag($output);
}


# Everything is worked off; what was delivered once and never answered waits for
# a person's word, which it gets here.

sub settle {
    my ($self) = @_;

    for my $try (1 .. 20) {
        my ($exit, $text) = MDM::Test::run_command(
            $self->sim_command('--until-empty', '--poll', 200));

        return Test::More::fail('the devices work off what is left')
            || Test::More::diag($text) if $exit != 0;

        my @stalled = $self->{pg}->query("
            SELECT DISTINCT command_uuid FROM mdm.queue WHERE state = 'STALLED'");
        last if !@stalled;

        for my $uuid (map { $_->[0] } @stalled) {
            my $answer = $self->api->api(POST => "/v1/commands/$uuid/release");
            die "release: $answer->{status} $answer->{body}\n"
                if $answer->{status} != 200;
            $self->{released}{$uuid}++;
        }
    }

    Test::More::is($self->{pg}->psql('SELECT count(*) FROM mdm.queue'), 0,
        'the devices worked off what was left');
}


sub verdict { return MDM::Test::Verdict->of($_[0]) }


# The last of a test: every sealed value is opened, for it gets another key,
# which nginx does not have.

sub opens {
    my ($self) = @_;

    my $pg = $self->{pg};
    my $key = MDM::Test::spew(MDM::Test::test_dir() . '/other.key',
        MDM::Test::run_or_die('openssl', 'rand', '-hex', '32'));
    chmod 0600, $key;

    my ($exit, $text) = MDM::Test::mdmctl('--database', $pg->conninfo,
        '--secret-key', $key, '--secret-key', $pg->secret_key, 'rekey');
    my ($count) = $text =~ /^(\d+) sealed values were/;

    Test::More::ok($exit == 0 && $count, 'each sealed value opens')
        or Test::More::diag($text);
}


sub DESTROY {
    my ($self) = @_;

    kill 'KILL', grep { defined } @$self{qw(asker devices)} if $$ == $self->{owner};
}

1;
