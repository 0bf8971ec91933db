# "make run" leaves a server running that its environment describes, and
# "make stop" ends it.

use strict;
use warnings;

use Cwd ();
use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use MDM::Test;

my $run = test_dir() . '/run';
my $ca  = MDM::Test::PKI->ca('Another CA');

my %environment = (
    MDM_RUN_DIR   => $run,
    MDM_PORT      => free_port(),
    MDM_TLS_PORT  => free_port(),
    MDM_APNS_PORT => free_port(),
    MDM_WORKERS   => 3,
    MDM_DEVICE_CA => $ca->{cert},
    MDM_API_TOKEN => 'a-token-of-my-own',
);


sub dev {
    my ($command, %other) = @_;

    local %ENV = (%ENV, %environment, %other);

    return run_command(tree() . '/bin/mdm-dev', $command);
}


# With as few open files as a login of Debian's has, or still fewer.

sub dev_limited {
    my ($command, $limit) = @_;

    local %ENV = (%ENV, %environment);

    return run_command('sh', '-c', "ulimit $limit && exec \"\$0\" \"\$1\"",
        tree() . '/bin/mdm-dev', $command);
}


END { my $exit = $?; dev('stop') if -d $run; $? = $exit }


sub pid_in {
    my ($file) = @_;

    return -e "$run/$file" ? slurp("$run/$file") =~ /\A(\d+)\n\z/ : ();
}


sub client {
    my (%option) = @_;

    return MDM::Test::Client->new(port => $environment{MDM_TLS_PORT},
        ca => bless({ cert => "$run/server-ca.pem" }, 'MDM::Test::PKI'),
        %option);
}


sub starts {
    # As in a home directory that only root may enter.
    my $closed = test_dir() . '/closed';
    mkdir $closed, 0700 or die "$closed: $!\n";

    my $home = Cwd::getcwd();
    chdir $closed or die "$closed: $!\n";
    my ($exit, $text) = dev_limited('run', '-S -n 1024');
    chdir $home or die "$home: $!\n";

    is $exit, 0, 'the server starts' or BAIL_OUT($text);
    unlike $text, qr/could not|warn/, '... without a complaint';
    unlike slurp("$run/nginx-test.log"), qr/warn/, '... of nginx neither';
    like $text, qr{^API .*https://localhost:$environment{MDM_TLS_PORT}/v1/}m,
        '... and tells its address';
    like $text, qr/^token +a-token-of-my-own$/m, '... and the token';
}


sub keeps_secrets {
    my %mode = map { m{([^/]+)\z} => (stat)[2] & 0777 }
        glob "$run/*.pem $run/*.key $run/tokens";

    is sprintf('%o', $mode{$_}), /\.pem\z/ ? '644' : '600',
        /\.pem\z/ ? "everybody may read $_" : "only its owner may read $_"
        for sort keys %mode;
}


sub serves {
    my ($nginx) = pid_in('nginx.pid');
    my ($postgres) = pid_in('postgres.pid');

    like slurp("/proc/$nginx/comm"), qr/^nginx$/, 'nginx.pid names nginx';
    like slurp("/proc/$postgres/comm"), qr/^postgres$/,
        'postgres.pid names the postmaster';

    ok wait_for(5, sub {
        my @children = split ' ', slurp("/proc/$nginx/task/$nginx/children");
        3 == grep { slurp("/proc/$_/cmdline") =~ /worker process/ } @children;
    }), 'there are as many workers as MDM_WORKERS says';

    my $iphone = MDM::Test::Device->new(
        topic => 'com.apple.mgmt.External.00000000-0000-4000-8000-0000000000aa',
        client => client(certificate => $ca->device('iphone')));
    is $iphone->enroll->{status}, 200,
        'a device with a certificate of MDM_DEVICE_CA enrols';

    is_pushed($iphone);

    my $certificate = $ca->device('ipad');
    my $signing = MDM::Test::Device->new(certificate => $certificate, sign => 1,
        client => MDM::Test::Client->new(port => $environment{MDM_PORT}));
    is $signing->enroll->{status}, 200,
        'another enrols with Mdm-Signature on MDM_PORT';

    is client()->api(GET => '/version')->{status}, 200, 'the version is told';

    like slurp("$run/access.log"), qr/ tenant=demo enrollment=\S+ message=Auth/,
        'the access log has the variables of the sample';

    my $api = client(token => 'a-token-of-my-own')
        ->api(GET => '/v1/enrollments');
    is $api->{status}, 200, 'the API takes the token of MDM_API_TOKEN';
    is scalar @{ $api->{json}{items} }, 2, '... and shows both devices';
}


# Of the topic that it names; the stand-in tells which token.

sub is_pushed {
    my ($iphone) = @_;

    my $answer = client(token => 'a-token-of-my-own')
        ->api(PUT => '/v1/push/' . $iphone->device_id, '');
    is $answer->{status}, 200, '... is pushed through the stand-in of APNs'
        or diag $answer->{body};

    my $token = unpack 'H*', $iphone->{token};
    like slurp("$run/pushes.log"), qr/^\S+ $token 200 com\.apple\.mgmt\./m,
        '... which writes that down';
}


sub stops_for_its_owner {
    my @as = MDM::Test::unprivileged();
    my $program = tree() . '/bin/mdm-dev';

    SKIP: {
        skip 'only root has other users\' rights', 2 if !MDM::Test::worker_user();
        skip 'other users cannot reach the checkout', 2
            if (run_command(@as, 'test', '-x', $program))[0] != 0;

        local %ENV = (%ENV, %environment);
        my ($exit, $text) = run_command(@as, $program, 'stop');

        is $exit, 1, 'another user cannot stop it';
        is $text, "mdm-dev: the server in $run belongs to root, not to you\n",
            '... and hears whose it is';
    }
}


sub refuses {
    my $junk = spew(test_dir() . '/junk.pem', "no certificate\n");
    my $broken = spew(test_dir() . '/broken.pem',
        $ca->pem =~ s/\n[^\n]{64}\n/\n/r);

    my %case = (
        'a token of two words' => [MDM_API_TOKEN => 'two words',
            qr/^mdm-dev: MDM_API_TOKEN must be one word/m],
        'a CA file that is not there' => [MDM_DEVICE_CA => '/nowhere',
            qr{^mdm-dev: MDM_DEVICE_CA: cannot read /nowhere$}m],
        'a CA file without a certificate' => [MDM_DEVICE_CA => $junk,
            qr/"\Q$junk\E": .*^mdm-dev: .*MDM_DEVICE_CA$/ms],
        'a broken certificate' => [MDM_DEVICE_CA => $broken,
            qr/"\Q$broken\E": .*^mdm-dev: .*MDM_DEVICE_CA$/ms],
        'one port for both' => [MDM_PORT => $environment{MDM_TLS_PORT},
            qr/^mdm-dev: MDM_PORT and MDM_TLS_PORT are both \d+/m],
        'a port of the stand-in that is taken' =>
            [MDM_APNS_PORT => $environment{MDM_PORT},
            qr/^mdm-dev: MDM_APNS_PORT is \d+, as another port/m],
    );

    for my $what (sort keys %case) {
        my ($name, $value, $pattern) = @{ $case{$what} };
        my ($exit, $text) = dev('run', $name => $value);

        is $exit, 1, "$what is refused";
        like $text, $pattern, '... in words';
        ok !-e "$run/postgres.pid", '... and nothing is left running';
    }
}


sub stops {
    my ($nginx) = pid_in('nginx.pid');
    my ($apns) = pid_in('apns.pid');
    my ($postgres) = pid_in('postgres.pid');
    my ($exit, $text) = dev('run');

    is $exit, 1, 'a second start is refused';
    like $text, qr/it runs already; "make stop" ends it/, '... and told why';

    ($exit, $text) = dev('stop');
    is $exit, 0, 'the server stops' or diag $text;
    ok wait_for(5, sub { !grep { -e "/proc/$_" } $nginx, $apns, $postgres }),
        '... all processes end';
    ok !grep({ -e "$run/$_.pid" } qw(nginx apns postgres)),
        '... and the pid files are gone';

    ($exit, $text) = dev('stop');
    is $exit, 0, 'to stop what has stopped is no fault';
    is $text, '', '... and nothing to tell';
}


starts();
keeps_secrets();
serves();
stops_for_its_owner();
stops();
refuses();

done_testing;
