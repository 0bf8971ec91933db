package MDM::Test::Nginx;

# Debian's own nginx with the module, on a whole nginx.conf of the test:
#
#     my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
#     load_module %%MODULE%%;
#     events {}
#     http {
#         %%HTTP%%
#         mdm_database "%%PG%%";
#         mdm_secret_key %%SECRET_KEY%%;
#         server { listen 127.0.0.1:%%PORT%%; ... }
#     }
#     CONF
#
# %%PORT%%, %%PORT2%%, %%TLS_PORT%% are free ports, %%DIR%% is a directory of
# this server, %%PG%% and %%SECRET_KEY%% come from pg, %%HTTP%% is what every
# http block needs here (paths, the access log, the plugins, which %%PLUGINS%%
# names); vars => {...} adds others.
# The pid file, the error log and the user are given on the command line.
#
# hurry => 4 makes its timers, not its time of day, run four times as fast;
# daemon => 1 lets it leave us, which upgrade() needs; nomemory => [...] names
# libraries whose allocations fail_allocation() counts, besides nginx's own;
# probe => 1 makes it write down which turns of its event loop took long, and
# what waited there: probed() tells; scarce => FILE makes allocations of its
# workers fail, t/lib/scarce.c says how; linger => FILE makes its threads slow to
# leave, and each write a line there at the end; tardy => FILE has its threads
# wait in TLS handshakes as many milliseconds as the file says, and write a line
# in FILE.log for each step.
#
# When the server stops, [alert], [emerg] and sanitizers' lines in its error
# log are a failure, unless they match a pattern given by expect().

use strict;
use warnings;

use File::Path ();
use IO::Socket::INET ();
use Time::HiRes ();

use MDM::Test ();

my $count = 0;


sub start {
    my ($class, %option) = @_;

    my $self = $class->prepare(%option);

    for my $try (1 .. 10) {
        return $self if $self->launch;
        $self->choose_ports;
    }

    die "nginx finds no free port:\n", $self->error_log;
}


sub prepare {
    my ($class, %option) = @_;

    my $dir = MDM::Test::test_dir() . '/nginx' . ++$count;
    mkdir $dir or die "$dir: $!";

    my $self = bless {
        owner  => $$,
        dir    => $dir,
        conf   => $option{conf} // die("no conf given\n"),
        pg     => $option{pg},
        level  => $option{level} // 'info',
        vars   => $option{vars} // {},
        hurry  => $option{hurry},
        daemon => $option{daemon},
        nomemory => $option{nomemory},
        probe  => $option{probe},
        scarce => $option{scarce},
        linger => $option{linger},
        tardy  => $option{tardy},
        expect => [],
    }, $class;

    $self->choose_ports;

    return $self;
}


# The result of "nginx -t" on a configuration: (exit code, output).

sub test_conf {
    my ($class, $conf, %option) = @_;

    my $self = ref $class
        ? (ref $class)->prepare(%$class, conf => $conf, %option)
        : $class->prepare(conf => $conf, %option);

    return $self->check;
}


sub check {
    my ($self) = @_;

    $self->write_conf;

    return MDM::Test::run_command($self->environment,
        $self->command('notice'), '-t');
}


sub choose_ports {
    my ($self) = @_;

    $self->{ports} = {
        map { $_ => MDM::Test::free_port() } qw(PORT PORT2 TLS_PORT)
    };
}


sub write_conf {
    my ($self) = @_;

    my %value = ($self->placeholders, %{ $self->{ports} }, %{ $self->{vars} });
    my $conf = $self->{conf};

    $conf =~ s{%%(\w+)%%}{
        $value{$1} // die "nothing is known for %%$1%% in nginx.conf\n"
    }ge;

    MDM::Test::spew("$self->{dir}/nginx.conf", $conf);
}


sub placeholders {
    my ($self) = @_;

    my ($dir, $pg) = @$self{qw(dir pg)};

    return (
        DIR    => $dir,
        MODULE => module(),
        HTTP   => join("\n    ",
            (map { "${_}_temp_path $dir/$_;" }
                qw(client_body proxy fastcgi uwsgi scgi)),
            "access_log $dir/access.log;",
            $self->{conf} =~ /%%MODULE%%/ ? 'mdm_plugin ' . plugins() . ';' : ()),
        PLUGINS => plugins(),
        $pg ? (PG => $pg->address, SECRET_KEY => $pg->secret_key) : (),
    );
}


sub module {
    return MDM::Test::build($ENV{MDM_TEST_ASAN}
        ? 'asan/ngx_mdm_module.so' : 'ngx_mdm_module.so');
}


sub plugins {
    return MDM::Test::build('plugins/*.so');
}


# What the linker is to load first, and what sanitizers are told.

sub environment {
    my ($self) = @_;

    my @preload;

    if ($ENV{MDM_TEST_ASAN}) {
        push @preload, MDM::Test::run_or_die('gcc', '-print-file-name=libasan.so');
        chomp @preload;
    }

    push @preload, $self->preload('hurry', "-DHURRY=$self->{hurry}") if $self->{hurry};
    push @preload, $self->preload('probe') if $self->{probe};
    push @preload, $self->preload('scarce') if $self->{scarce};
    push @preload, $self->preload('linger') if $self->{linger};
    push @preload, $self->preload('tardy') if $self->{tardy};

    if ($self->{nomemory}) {
        push @preload, $self->preload('nomemory');
        $self->fail_allocation(0);
        chmod 0666, "$self->{dir}/nomemory" or die "chmod: $!";
    }

    return if !@preload;

    return ('env', 'LD_PRELOAD=' . join(':', @preload), 'ASAN_OPTIONS=detect_leaks=0',
        'UBSAN_OPTIONS=print_stacktrace=1', "PROBE=$self->{dir}/probe",
        $self->{scarce} ? "SCARCE=$self->{scarce}" : (),
        $self->{linger} ? "LINGER=$self->{linger}" : (),
        $self->{tardy} ? "TARDY=$self->{tardy}" : (),
        $self->{nomemory} ? ("NOMEMORY=$self->{dir}/nomemory",
            "NOMEMORY_FOR=@{ $self->{nomemory} }") : ());
}


sub preload {
    my ($self, $name, @options) = @_;

    my $library = "$self->{dir}/$name.so";

    MDM::Test::run_or_die('gcc', '-shared', '-fPIC', '-O2', '-Wall', '-Werror', @options,
        '-o', $library, MDM::Test::tree() . "/t/lib/$name.c");

    return $library;
}


# The allocation with this number, counted from now, fails, once; 0 is none.
# Returns how many are left of what was asked before: 0 when it has failed.

sub fail_allocation {
    my ($self, $number) = @_;

    my $file = "$self->{dir}/nomemory";
    my $mode = -e $file ? '+<:raw' : '+>:raw';

    open my $shared, $mode, $file or die "$file: $!\n";
    sysread $shared, my $left, 4;
    sysseek $shared, 0, 0;
    syswrite $shared, pack 'l', $number;

    return length $left ? unpack 'l', $left : 0;
}


sub command {
    my ($self, $level) = @_;

    my $dir = $self->{dir};
    my $user = MDM::Test::worker_user();
    my $group = defined $user ? getgrgid((getpwnam $user)[3]) : '';

    my @main = (
        'daemon ' . ($self->{daemon} ? 'on' : 'off'),
        "pid $dir/nginx.pid",
        "error_log $dir/error.log " . ($level // $self->{level}),
        defined $user ? "user $user $group" : (),
        # for the new binary of an upgrade
        map({ "env $_" } qw(LD_PRELOAD ASAN_OPTIONS UBSAN_OPTIONS)),
    );

    return (nginx(), '-p', $dir, '-c', "$dir/nginx.conf",
        '-e', "$dir/error.log", '-g', join('; ', @main) . ';');
}


sub nginx {
    return -x '/usr/sbin/nginx' ? '/usr/sbin/nginx' : 'nginx';
}


# True when it runs; false when a port was taken by somebody meanwhile.

sub launch {
    my ($self) = @_;

    $self->write_conf;

    my $pid = MDM::Test::spawn("$self->{dir}/output",
        $self->{daemon} ? () : ('setpriv', '--pdeathsig', 'TERM', '--'),
        $self->environment, $self->command);

    if ($self->{daemon}) {
        MDM::Test::reap($pid, 20);
        $pid = $self->pid_in_file;
    }

    $self->{pid} = $pid;

    my $ready = MDM::Test::wait_for(20, sub {
        return 'gone' if $self->gone(-1);
        return $self->workers && $self->answers;
    });

    if ($ready && $ready ne 'gone') {
        MDM::Test::running($self);
        return 1;
    }

    my $log = $self->error_log . MDM::Test::slurp("$self->{dir}/output");

    if ($ready) {
        undef $self->{pid};
        unlink "$self->{dir}/error.log";
        return 0 if $log =~ /Address already in use/;

    } else {
        kill 'KILL', $self->{pid};
    }

    die "nginx does not start:\n$log";
}


# Waits until the master has gone; a daemon is no child of ours, and stays a
# zombie where nobody reaps it.

sub gone {
    my ($self, $seconds) = @_;

    return MDM::Test::reap($self->{pid}, $seconds) if !$self->{daemon};

    return MDM::Test::wait_for($seconds, sub { !running($self->{pid}) });
}


sub running {
    my ($pid) = @_;

    return defined $pid
        && (eval { MDM::Test::slurp("/proc/$pid/stat") } // '') =~ /\) [^ZX] /;
}


sub pid_in_file {
    my ($self) = @_;

    my ($pid) = log_text("$self->{dir}/nginx.pid") =~ /(\d+)/;

    return $pid;
}


sub answers {
    my ($self) = @_;

    for my $name (sort keys %{ $self->{ports} }) {
        next if $self->{conf} !~ /%%$name%%/;

        return 0 if !IO::Socket::INET->new(
            PeerAddr => '127.0.0.1',
            PeerPort => $self->{ports}{$name},
            Timeout  => 5,
        );
    }

    return 1;
}


sub port     { return $_[0]{ports}{PORT} }
sub port2    { return $_[0]{ports}{PORT2} }
sub tls_port { return $_[0]{ports}{TLS_PORT} }
sub dir      { return $_[0]{dir} }
sub pid      { return $_[0]{pid} }


# Process ids of workers that are not shutting down.

sub workers {
    my ($self) = @_;

    my $file = "/proc/$self->{pid}/task/$self->{pid}/children";
    return if !-r $file;

    return grep {
        title($_) =~ /worker process(?! is shutting down)/
    } split ' ', eval { MDM::Test::slurp($file) } // '';
}


# The most memory that a worker ever had, in MB; sanitizers need ten times as much,
# and are allowed it.

sub peak {
    my ($self) = @_;

    my ($most) = sort { $b <=> $a } map {
        MDM::Test::slurp("/proc/$_/status") =~ /^VmHWM:\s+(\d+) kB/m ? $1 / 1024 : die
    } $self->workers;

    return $ENV{MDM_TEST_ASAN} ? $most / 10 : $most;
}


# How many connections of clients it has, by their state in the kernel.

sub connections {
    my ($self) = @_;

    my $ports = join '|', map { sprintf '%04X', $_ } values %{ $self->{ports} };

    return scalar grep { /^ *\d+: 0100007F:(?:$ports) [0-9A-F:]+ 0[18] / }
        split /\n/, MDM::Test::slurp('/proc/net/tcp');
}


# Of a log whose lines begin with a name and $request_time, the names of those that
# took a second or more; with sanitizers, three.  From: the length of what is known.

sub late {
    my ($self, $log, $from) = @_;

    my $limit = $ENV{MDM_TEST_ASAN} ? 3 : 1;

    return map { /^(\S+) ([\d.]+)/ && $1 ne '-' && $2 >= $limit ? $1 : () }
        split /\n/, substr MDM::Test::slurp("$self->{dir}/$log"), $from // 0;
}


# The sub tries again what took too long, by name: a busy machine is late now and
# then, what is slow always.  Returns what was late each time.

sub late_again {
    my ($self, $log, $try) = @_;

    my @late = $self->late($log);

    for (1 .. 4) {
        last if !@late;

        my $from = -s "$self->{dir}/$log";
        $try->(@late);
        @late = $self->late($log, $from);
    }

    return @late;
}


sub title {
    my ($pid) = @_;

    return eval { MDM::Test::slurp("/proc/$pid/cmdline") } // '';
}


# Takes a new configuration (the old text when none is given); waits until new
# workers have it.  Old ones may still end their requests.

sub reload {
    my ($self, $conf) = @_;

    $self->{conf} = $conf if defined $conf;
    $self->write_conf;

    my %old = map { $_ => 1 } $self->workers;
    my $from = length $self->error_log;

    kill 'HUP', $self->{pid};

    MDM::Test::wait_for(20, sub {
        my @now = $self->workers;

        die "nginx does not take the configuration:\n",
            substr($self->error_log, $from), "\n"
            if substr($self->error_log, $from) =~ /\[emerg\]/;

        return @now && !grep { $old{$_} } @now;
    }) or die "nginx does not reload\n";
}


# A new master from the same file takes over the sockets; the old one is asked
# to quit and may still end its requests.

sub upgrade {
    my ($self) = @_;

    die "only a daemon can be upgraded\n" if !$self->{daemon};

    my $old = $self->{pid};

    # a master whose parent still runs takes no such signal
    MDM::Test::wait_for(30, sub { !running($self->{old}) })
        or die "the master before the last one does not quit\n";
    kill 'USR2', $old;

    MDM::Test::wait_for(20, sub {
        my $new = $self->pid_in_file;

        return if !running($new) || $new == $old;

        local $self->{pid} = $new;
        return scalar $self->workers;
    }) or die "nginx is not upgraded:\n", $self->error_log;

    $self->{pid} = $self->pid_in_file;
    kill 'QUIT', $old;

    $self->{old} = $old;
}


# Kills a worker as a fault of its would; returns its pid when the next one
# has taken its place.

sub kill_worker {
    my ($self, $signal) = @_;

    my ($victim) = $self->workers;
    my $number = $self->workers;

    $self->expect(qr/process $victim exited on signal/);
    kill $signal // 'KILL', $victim;

    MDM::Test::wait_for(10, sub {
        my @now = $self->workers;
        return @now == $number && !grep { $_ == $victim } @now;
    }) or die "no worker came after $victim\n";

    return $victim;
}


sub error_log  { return log_text("$_[0]{dir}/error.log") }
sub access_log { return log_text("$_[0]{dir}/access.log") }


sub log_text {
    my ($file) = @_;

    return -e $file ? MDM::Test::slurp($file) : '';
}


# Waits until the error log has a line that matches.

sub wait_for_log {
    my ($self, $pattern, $seconds) = @_;

    return MDM::Test::wait_for($seconds // 5, sub {
        $self->error_log =~ $pattern
    });
}


# What probe => 1 has written since this was last asked: the CPU time of the
# longest turn of the event loop in milliseconds, and the calls that wait.

sub probed {
    my ($self) = @_;

    my $text = log_text("$self->{dir}/probe");
    my $new = substr $text, $self->{probed} // 0;

    $self->{probed} = length $text;

    return ((sort { $b <=> $a } map { $_ / 1000 } $new =~ /^turn (\d+)$/mg)[0] // 0,
        $new =~ /^call (.*)$/mg);
}


# Lines of the error log that a test causes on purpose.

sub expect {
    my ($self, @patterns) = @_;

    push @{ $self->{expect} }, @patterns;
}


sub complaints {
    my ($self) = @_;

    return grep {
        my $line = $_;
        !grep { $line =~ $_ } @{ $self->{expect} }
    } grep {
        /\[(?:alert|emerg)\]|Sanitizer|runtime error:/
    } split /\n/, $self->error_log . log_text("$self->{dir}/output");
}


sub stop {
    my ($self, $signal) = @_;

    return if !defined $self->{pid};

    kill $signal // 'QUIT', $self->{pid};

    my $in_time = $self->gone(15);

    if (!$in_time) {
        kill 'TERM', $self->{pid};
        $self->gone(5) or kill 'KILL', $self->{pid};
    }

    if (!MDM::Test::wait_for(10, sub { !running($self->{old}) })) {
        kill 'KILL', $self->{old};
        $in_time = 0;
    }

    undef $self->{pid};
    MDM::Test::stopped($self);

    my @complaints = $self->complaints;
    push @complaints, 'it does not stop' if !$in_time;

    die join("\n# ", 'nginx complains:', @complaints), "\n" if @complaints;
}


sub DESTROY {
    my ($self) = @_;

    return if $$ != $self->{owner} || !defined $self->{pid};

    local ($@, $?);
    eval { $self->stop; 1 } or MDM::Test::failed($@);
}

1;
