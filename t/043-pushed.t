# Simulated devices that come because they were pushed: they follow the log of
# a push service, whatever its lines look like, and stay away without it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use Test::More;
use Time::HiRes ();
use MDM::Test;

needs('the simulator', -x build('mdm-sim'));

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $ca    = MDM::Test::PKI->ca('Device CA');
my $token = $pg->tenant('acme', host => 'localhost', device_ca => $ca);
my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
events {}
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant acme;
    large_client_header_buffers 4 64k;
    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; mdm_identity signature; }
        location /v1/ { mdm api; }
    }
}
CONF

my $api    = MDM::Test::Client->new(port => $nginx->port, token => $token);
my $pushes = test_dir() . '/pushes.log';
my $id     = '2F9C1C6E-8A3B-4D1F-9F00-0A1B2C3D4E5F';
my $run    = 0;


sub command {
    return (build('mdm-sim'), '--url', 'http://localhost:' . $nginx->port . '/mdm',
        '--sign', '--identity-ca', $ca->{cert}, '--identity-key', $ca->{key},
        '--state', test_dir() . '/state', '--id-prefix', 'p', '--kind', 'iphone=3',
        '--kind', 'mac=1', '--kind', 'sharedipad=1', '--summary', '--log',
        test_dir() . '/log.' . ++$run, '--pushes', $pushes, '--push-delay', 20, @_);
}


# What it did: its exit code and words, the summary, and who polled.

sub done {
    my ($exit, $text) = @_;
    my (%polled, @other);

    for my $line (map { JSON::PP::decode_json($_) }
        split /\n/, slurp(test_dir() . "/log.$run"))
    {
        next if $line->{message} ne 'Idle';
        $polled{ $line->{device} . ($line->{user} ? ":$line->{user}" : '') }++;
        push @other, $line if ($line->{round} // '') ne 'push';
    }

    is @other, 0, '... and no round began by itself';

    return { exit => $exit, text => $text, polled => \%polled,
        count => { $text =~ /^(\w+) (\d+)$/mg } };
}


sub simulate { return done(run_command(command(@_))) }


my %line = (
    ours  => sub { "1767225600.123\t$_[0]\tcom.apple.mgmt.External.x\t\L$id\E\t10"
        . "\t1767830400\t$_[1]\t-\t0.002\n" },
    nginx => sub { qq(127.0.0.1 - - [23/Nov/2026:03:00:00 +0000] "POST )
        . qq(/3/device/$_[0] HTTP/2.0" $_[1] 200 "-" "-"\n) },
    short => sub { "$_[0] $_[1]\n" },
);

# Nobody is pushed: they enrol and wait.

my $waits = simulate('--enroll', '--duration', 0.3);
is $waits->{exit}, 0, 'devices enrol and wait for pushes' or diag $waits->{text};
is_deeply $waits->{polled}, {}, '... which nobody sends';

my $tokens = <<'SQL';
SELECT device_id || CASE WHEN user_id = '' THEN '' ELSE ':' || user_short_name END
       || '|' || encode(push_token, 'hex')
  FROM mdm.enrollment
SQL
my %token = map { split /\|/ } split /\n/, $pg->psql($tokens);

is keys %token, 8, 'each of eight channels has a token';
is $pg->psql('SELECT count(DISTINCT push_token), count(DISTINCT push_magic)
    FROM mdm.enrollment'), '8|8', '... and a magic of its own';

# Lines of every form; only 200 calls, and five pushes are one round.

spew($pushes, join '',
    $line{ours}->($token{'p-iphone-000000'}, 200),
    $line{nginx}->($token{'p-mac-000000:jdoe'}, 200),
    ($line{short}->($token{'p-sharedipad-000000:bob@example.com'}, 200)) x 5,
    $line{ours}->($token{'p-iphone-000001'}, 410),
    $line{nginx}->($token{'p-iphone-000001'}, 400),
    $line{short}->('ab' x 32, 200), "x" x 20_000 . "\n", "\n",
    'a line without its end ' . $token{'p-iphone-000001'} . ' 200');

my $comes = simulate('--duration', 0.5);
is $comes->{exit}, 0, 'devices come that were pushed';
is_deeply $comes->{polled}, { 'p-iphone-000000' => 1, 'p-mac-000000:jdoe' => 1,
    'p-sharedipad-000000:bob@example.com' => 1 }, '... they alone, and once';
is_deeply [ @{ $comes->{count} }{qw(pushes pushed absent)} ], [ 7, 3, 0 ],
    '... and both are counted';

# Pushed while it runs, and with a command; then the log begins anew.

spew($pushes, '');
$api->api(PUT => '/v1/enqueue/p-iphone-000001',
    MDM::Test::Device->command('ProfileList', 'asked'));

my $out = test_dir() . '/out';
my $sim = MDM::Test::spawn($out, command('--duration', 20, '--poll', 2,
    '--kind', 'iphone=2', '--kind', 'mac=0', '--kind', 'sharedipad=0'));
my $sees = sub {
    my ($rounds) = @_;
    return wait_for(5, sub {
        $rounds == (() = (-e test_dir() . "/log.$run" ? slurp(test_dir() . "/log.$run") : '')
            =~ /"round":"push"/g) });
};

for my $round (1, 2) {
    spew($pushes, $line{ours}->($token{'p-iphone-000001'}, 200));
    ok $sees->($round), "a push makes a round: $round";
    spew($pushes, '');
    Time::HiRes::sleep(0.1);
}

is $pg->psql("SELECT state FROM mdm.result WHERE command_uuid = 'asked'"),
    'ACKNOWLEDGED', '... in which the command is done';

spew($pushes, $line{nginx}->($token{'p-iphone-000000'}, 200));
ok $sees->(3), 'another one comes';
spew($pushes, '');
Time::HiRes::sleep(0.1);
spew($pushes, $line{nginx}->($token{'p-iphone-000000'}, 200));
ok MDM::Test::reap($sim, 10), '... and after its two rounds all is over';
done(0, slurp($out));

# A device that is told to stay does; the others do not hear of it.

spew($pushes, join '', map { $line{short}->($token{$_}, 200) }
    'p-mac-000000', 'p-iphone-000000');
my $stays = simulate('--duration', 0.4, '--answer', '*=notnow', '--answer',
    'Push@mac=silence:1');
is_deeply $stays->{polled}, { 'p-iphone-000000' => 1 }, 'one stays away';
is $stays->{count}{absent}, 1, '... and is counted';

spew($pushes, slurp($pushes) x 2);
is_deeply simulate('--duration', 0.4, '--answer', 'Push@mac=silence:1')->{polled},
    { 'p-iphone-000000' => 1, 'p-mac-000000' => 1 }, '... but for one push only';

# Another token is told to the server, and calls as the first did.

spew($pushes, join '', map { $line{short}->($token{$_}, 200) } keys %token);
my $renewed = simulate('--duration', 0.4, '--token-update', 2);
is $renewed->{exit}, 0, 'devices get other tokens' or diag $renewed->{text};
is_deeply $renewed->{polled}, {}, '... and the old ones call nobody';

my %new = map { split /\|/ } split /\n/, $pg->psql($tokens);
is scalar(grep { $new{$_} ne $token{$_} } keys %new), 8, '... the server has the new ones';

spew($pushes, $line{short}->($new{'p-iphone-000002'}, 200));
is_deeply simulate('--duration', 0.4, '--token-update', 2)->{polled},
    { 'p-iphone-000002' => 1 }, '... which call';

spew($pushes, '');
my $missed = simulate('--duration', 0.4, '--until-empty');
is $missed->{exit}, 1, 'under --until-empty each wants a push';
like $missed->{text}, qr/channels that failed: 8; .* time ran out before a push called it/,
    '... and who got none is told';

for my $bad ([ '--poll', 1 ], [ '--duration', 1, '--bench', 'poll' ],
    [ '--duration', 1, '--answer', 'Push=notnow' ])
{
    my ($exit, $text) = run_command(command(@$bad));
    is $exit, 1, "@$bad is refused with --pushes";
    like $text, qr/needs --duration|cannot be "Push=notnow"/, '... in words';
}

done_testing;
