package MDM::Test;

# What every test needs: real servers of its own, in a directory of its own,
# that are gone when the test ends, however it ends.  Nothing here knows the
# MDM protocol; MDM::Test::Client does.
#
#     use MDM::Test;
#
#     my $pg    = MDM::Test::Postgres->start(migrate => 1);
#     my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
#     ...
#     CONF
#
# MDM_TEST_LEAVE=1 keeps the files, MDM_TEST_ASAN=1 loads the module that was
# built with sanitizers.

use strict;
use warnings;

use Exporter 'import';
use Cwd ();
use File::Basename ();
use File::Path ();
use File::Temp ();
use IO::Socket::INET ();
use POSIX ();
use Test::More ();
use Time::HiRes ();

our @EXPORT = qw(
    tree build test_dir run_command mdmctl slurp spew wait_for free_port
    worker_user needs with_sanitizers
);

my $tree = Cwd::abs_path(
    File::Basename::dirname(__FILE__) . '/../../..');
my $owner = $$;

my ($dir, $memory_dir, @running, $failed);

$ENV{MDM_PLUGINS} //= "$tree/build/plugins/*.so";      # for mdmctl


sub import_servers {
    require MDM::Test::Postgres;
    require MDM::Test::PKI;
    require MDM::Test::Nginx;
    require MDM::Test::Plist;
    require MDM::Test::Device;
    require MDM::Test::Client;
    require MDM::Test::Receiver;
}


# The checkout, and a file of its build directory.

sub tree  { return $tree }
sub build { return "$tree/build/$_[0]" }


# What must have been built for a test, and whether it was: without it the test
# is skipped, but fails when all is to be tested (MDM_TEST_ALL, "make test").

sub needs {
    my ($what, $there) = @_;

    return if $there;

    die "not built: $what\n" if $ENV{MDM_TEST_ALL};
    Test::More::plan(skip_all => "not built: $what");
}


# First in a test of hostile input or of faults: it runs with the sanitizers'
# module, and that once is enough.

sub with_sanitizers {
    needs('the module with sanitizers', -e build('asan/ngx_mdm_module.so'));
    $ENV{MDM_TEST_ASAN} = 1;
}


# A directory of this test program; others may pass through it, not list it,
# because nginx's workers run as another user when the tests run as root.

sub test_dir {
    return $dir if defined $dir;

    $dir = File::Temp::tempdir('mdm-test-XXXXXX', TMPDIR => 1);
    chmod 0711, $dir or die "chmod $dir: $!";

    return $dir;
}


# One for what has many files: in memory, if that has room for it, since making
# and removing them takes a tenth of the time there.

sub memory_dir {
    return $memory_dir if defined $memory_dir;

    my ($exit, $text) = run_command(qw(stat -f -c), '%T %a %S', '/dev/shm');
    my ($free, $size) = $text =~ /\Atmpfs (\d+) (\d+)$/;

    return test_dir() if $exit != 0 || !defined $size || $free * $size < 2 ** 31;

    $memory_dir = File::Temp::tempdir('mdm-test-XXXXXX', DIR => '/dev/shm');
    chmod 0711, $memory_dir or die "chmod $memory_dir: $!";

    return $memory_dir;
}


# The unprivileged user that PostgreSQL and nginx's workers run as: undef when
# the tests do not run as root, for then it is the user himself.

sub worker_user {
    return undef if $> != 0;

    for my $name (qw(postgres nobody)) {
        return $name if defined getpwnam $name;
    }

    die "neither user postgres nor user nobody exists\n";
}


# Words in front of a command that make it run as that user and end with us.

sub unprivileged {
    my $user = worker_user();
    my @words = ('setpriv', '--pdeathsig', 'INT');

    push @words, "--reuid=$user", '--regid=' . (getpwnam $user)[3],
        '--init-groups'
        if defined $user;

    return (@words, '--');
}


# Runs a command to its end; returns its exit code and everything it wrote.

sub run_command {
    my @command = @_;

    my $pid = open my $out, '-|';
    die "fork: $!" if !defined $pid;

    if ($pid == 0) {
        open STDIN, '<', '/dev/null';
        open STDERR, '>&', \*STDOUT;
        no warnings 'exec';
        exec { $command[0] } @command;
        print "cannot run $command[0]: $!\n";
        POSIX::_exit(127);
    }

    my $text = do { local $/; <$out> };

    { local $?; close $out; $pid = $? }

    return (($pid & 127) ? 128 + ($pid & 127) : $pid >> 8, $text // '');
}


# Like run_command(), but the command must succeed; returns its output.

sub run_or_die {
    my ($exit, $text) = run_command(@_);

    die "@_: exit $exit\n$text" if $exit != 0;

    return $text;
}


sub mdmctl {
    return run_command(build('mdmctl'), @_);
}


# Starts a server in the foreground of a child; its output goes to a file.

sub spawn {
    my ($log, @command) = @_;

    my $pid = fork;
    die "fork: $!" if !defined $pid;

    if ($pid == 0) {
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP PIPE);
        open STDIN,  '<',  '/dev/null';
        open STDOUT, '>>', $log;
        open STDERR, '>&', \*STDOUT;
        chdir '/';
        no warnings 'exec';
        exec { $command[0] } @command;
        print "cannot run $command[0]: $!\n";
        POSIX::_exit(127);
    }

    return $pid;
}


# Waits until a child has gone, at most so many seconds; true when it has.

sub reap {
    my ($pid, $seconds) = @_;

    local $?;

    return wait_for($seconds, sub { waitpid($pid, POSIX::WNOHANG()) != 0 });
}


# Calls the sub until it returns something true; that, or nothing in the end.

sub wait_for {
    my ($seconds, $ready) = @_;

    my $end = Time::HiRes::time() + $seconds;

    while (1) {
        my $got = $ready->();

        return $got if $got;
        return $got if Time::HiRes::time() > $end;

        Time::HiRes::sleep(0.02);
    }
}


# A TCP port that nobody listens on, from below the range that the system
# gives to outgoing connections.

sub free_port {
    for (1 .. 200) {
        my $port = 10000 + int rand 20000;
        my $socket = IO::Socket::INET->new(
            LocalAddr => '127.0.0.1',
            LocalPort => $port,
            Listen    => 1,
        );

        return $port if defined $socket;
    }

    die "no free port found\n";
}


sub slurp {
    my ($file) = @_;

    open my $in, '<:raw', $file or die "$file: $!\n";
    local $/;

    return scalar(<$in>) // '';
}


sub spew {
    my ($file, $text) = @_;

    open my $out, '>:raw', $file or die "$file: $!\n";
    print {$out} $text;
    close $out or die "$file: $!\n";

    return $file;
}


# Servers tell here that they run; the last started stops first.

sub running { push @running, $_[0] }
sub stopped { my $s = $_[0]; @running = grep { $_ != $s } @running }


# What goes wrong when a test is already over still fails it.

sub failed {
    print STDERR "# $_[0]";
    $failed = 1;
}


sub stop_all {
    while (my $server = pop @running) {
        eval { $server->stop; 1 } or failed($@);
    }

    for my $left (grep { defined } $dir, $memory_dir) {
        if ($ENV{MDM_TEST_LEAVE}) {
            print STDERR "# files are left in $left\n";

        } else {
            File::Path::remove_tree($left);
        }
    }

    undef $dir;
    undef $memory_dir;
}


END {
    if ($$ == $owner) {
        my $exit = $?;
        stop_all();
        $? = $exit || ($failed ? 1 : 0);
    }
}

for my $signal (qw(INT TERM HUP)) {
    $SIG{$signal} = sub {
        die "stopped by SIG$signal\n" if $$ == $owner;
        POSIX::_exit(1);
    };
}

$SIG{PIPE} = 'IGNORE';

import_servers();

1;
