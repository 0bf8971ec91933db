package MDM::Test::Postgres;

# A private PostgreSQL cluster on a socket of its own.  It starts as a copy of
# build/pg-template, or of one that mdmctl has migrated; each is made once.  It
# lies in memory where there is enough; with fsync it is on the disk.
#
#     my $pg = MDM::Test::Postgres->start(
#         migrate => 1,                      # through mdmctl
#         tcp     => 1,                      # on 127.0.0.1 too
#         conf    => { fsync => 'on' },
#     );
#     my $standby = MDM::Test::Postgres->start(standby_of => $pg);
#     my $count = $pg->psql('SELECT count(*) FROM mdm.queue');
#     my @rows  = $pg->query('SELECT a, b FROM c', role => 'mdm_device');
#
# migrate => 1 makes a secret key too; its file is $pg->secret_key.

use strict;
use warnings;

use Digest::SHA ();
use Fcntl ':flock';
use File::Path ();
use IPC::Open2 ();

use MDM::Test ();

my $count = 0;

# Now and then it holds back who waits for older transactions, or changes a plan.

my %default_conf = (
    autovacuum                 => $ENV{SOAK_TIME} ? 'on' : 'off',
    fsync                      => 'off',
    full_page_writes           => 'off',
    shared_buffers             => '32MB',
    max_connections            => 100,
    log_line_prefix            => '%m [%p] %q%u ',
    listen_addresses           => '',
    unix_socket_permissions    => '0777',
    wal_level                  => 'minimal',
    max_wal_senders            => 0,
);


sub start {
    my ($class, %option) = @_;

    my $durable = ($option{conf}{fsync} // '') eq 'on';
    my $dir = ($durable ? MDM::Test::test_dir() : MDM::Test::memory_dir())
        . '/pg' . ++$count;
    my $self = bless {
        owner => $$,
        dir   => $dir,
        keys  => $option{standby_of} ? $option{standby_of}{keys} : $dir,
        port  => 5432,
        conf  => { $option{standby_of} ? () : %default_conf,
                   %{ $option{conf} // {} } },
    }, $class;

    if ($option{tcp}) {
        $self->{port} = MDM::Test::free_port();
        $self->{conf}{listen_addresses} = '127.0.0.1';
        $self->{tcp} = 1;
    }

    $self->copy($option{standby_of}, $option{migrate});
    $self->launch;

    return $self;
}


# The data are a template's, or a running primary's, which needs wal_level and
# max_wal_senders for it.

sub copy {
    my ($self, $primary, $migrated) = @_;

    my $dir = $self->{dir};
    my $user = MDM::Test::worker_user();

    File::Path::make_path("$dir/socket");

    if ($primary) {
        MDM::Test::run_or_die(program('pg_basebackup'), '-D', "$dir/data",
            '-d', $primary->conninfo, '-R', '-c', 'fast', '-X', 'stream',
            '--no-sync');
        $self->{conf} = { %{ $primary->{conf} }, %{ $self->{conf} } };

    } else {
        my ($template, $lock) = $migrated ? migrated() : template();

        MDM::Test::run_or_die('cp', '-a', $template, "$dir/data");
        rename "$dir/data/secret.key", "$dir/secret.key" if $migrated;
    }

    $self->write_conf;

    MDM::Test::run_or_die('chown', '-R', $user, $dir) if defined $user;
    chmod 0700, "$dir/data" or die "chmod: $!";
}


sub write_conf {
    my ($self) = @_;

    my %conf = (
        %{ $self->{conf} },
        port                    => $self->{port},
        unix_socket_directories => "$self->{dir}/socket",
    );

    open my $out, '>>', "$self->{dir}/data/postgresql.conf" or die $!;
    print {$out} map { "$_ = '$conf{$_}'\n" } sort keys %conf;
    close $out or die $!;
}


# The template is made by the first of all tests that run at once, in a
# directory that the unprivileged user can reach, and then moved home.

sub template {
    return kept('pg-template', \&initdb);
}


# What is migrated depends on mdmctl, on the SQL that it reads, and on the day,
# for which there are partitions.  The key that its check value is of lies in it.

sub migrated {
    my $from = Digest::SHA->new(256);
    my $sql = MDM::Test::tree() . '/sql';
    my @day = (gmtime)[5, 7];

    $from->addfile($_)
        for MDM::Test::build('mdmctl'), sort glob "$sql/*.sql $sql/*/*.sql";

    return kept(join('-', 'pg-migrated', @day, substr $from->hexdigest, 0, 16), sub {
        remove_old(grep { -d && !/\.new\z/ } glob MDM::Test::build('pg-migrated-*'));

        my $pg = MDM::Test::Postgres->start;

        $pg->migrate;
        $pg->stop;
        rename $pg->secret_key, "$pg->{dir}/data/secret.key" or die "rename: $!";

        return "$pg->{dir}/data";
    });
}


# Nothing is taken from under one who copies it: he has the lock that is returned.

sub kept {
    my ($name, $make) = @_;

    my $home = MDM::Test::build($name);

    File::Path::make_path(MDM::Test::build(''));
    my $lock = locked($home, LOCK_SH);
    return ($home, $lock) if -d $home;

    flock $lock, LOCK_EX or die "flock: $!\n";
    return ($home, $lock) if -d $home;

    my $made = $make->();

    File::Path::remove_tree("$home.new");       # of a run that was killed
    MDM::Test::run_or_die('cp', '-a', $made, "$home.new");
    rename "$home.new", $home or die "rename: $!";

    return ($home, $lock);
}


sub locked {
    my ($home, $how) = @_;

    open my $lock, '>', "$home.lock" or die "$home.lock: $!\n";

    return flock($lock, $how) ? $lock : ();
}


sub remove_old {
    for my $old (@_) {
        my $lock = locked($old, LOCK_EX | LOCK_NB) or next;

        File::Path::remove_tree($old);
    }
}


# Each file is copied for each test, so a database that nobody needs goes.

sub initdb {
    my $dir = MDM::Test::test_dir() . '/template';
    my $user = MDM::Test::worker_user();
    my @as = MDM::Test::unprivileged();

    mkdir $dir or die "$dir: $!";
    MDM::Test::run_or_die('chown', $user, $dir) if defined $user;

    MDM::Test::run_or_die(@as, program('initdb'), '-D', "$dir/data",
        '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8',
        '--wal-segsize=1', '--no-sync');

    for my $sql ('CREATE DATABASE mdm',
        "UPDATE pg_database SET datistemplate = false WHERE datname = 'template0'",
        'DROP DATABASE template0', 'DROP DATABASE postgres')
    {
        MDM::Test::run_or_die(@as, 'sh', '-c', 'echo "$2" | "$0" --single -D "$1" template1',
            program('postgres'), "$dir/data", $sql);
    }

    return "$dir/data";
}


# Debian keeps the server's programs out of PATH.

sub program {
    my ($name) = @_;

    my @found = sort { version_of($b) <=> version_of($a) }
        glob "/usr/lib/postgresql/*/bin/$name";

    return @found ? $found[0] : $name;
}


sub version_of { return $_[0] =~ m{/(\d+)/} ? $1 : 0 }


sub launch {
    my ($self) = @_;

    my $dir = $self->{dir};

    $self->{pid} = MDM::Test::spawn($self->log_file,
        MDM::Test::unprivileged(), program('postgres'), '-D', "$dir/data");
    MDM::Test::running($self);

    MDM::Test::wait_for(30, sub { $self->ready || kill(0, $self->{pid}) == 0 });

    die "PostgreSQL does not start:\n", MDM::Test::slurp($self->log_file)
        if !$self->ready;
}


# As the postmaster itself tells it in its file, where pg_ctl looks, too.

sub ready {
    my ($self) = @_;

    my $text = eval { MDM::Test::slurp("$self->{dir}/data/postmaster.pid") } // '';

    return $text =~ /\A$self->{pid}\n.*^ready\s*\z/ms;
}


# Prepares the database with mdmctl; returns what mdmctl says.

sub migrate {
    my ($self) = @_;

    my ($exit, $text) = MDM::Test::mdmctl('--database', $self->conninfo,
        '--secret-key', $self->secret_key, 'migrate');
    die "mdmctl migrate: exit $exit\n$text" if $exit != 0;

    return $text;
}


# The file of a secret key, made at first use.

# A tenant with a token that may do all; returns the token.

sub tenant {
    my ($self, $name, %option) = @_;

    my @database = ('--database', $self->conninfo);

    my ($exit, $text) = MDM::Test::mdmctl(@database, 'tenant', 'add', $name,
        map({ ('--host', $_) } $option{host} // ()),
        map({ ('--device-ca', $_->{cert}) } $option{device_ca} // ()));
    die "mdmctl tenant add: exit $exit\n$text" if $exit != 0;

    ($exit, $text) = MDM::Test::mdmctl(@database, 'token', 'add', $name,
        'test', '--scope', 'admin');
    die "mdmctl token add: exit $exit\n$text" if $exit != 0;

    return $text =~ /([\w-]{43})/ ? $1 : die "no token in: $text";
}


sub secret_key {
    my ($self) = @_;

    my $file = "$self->{keys}/secret.key";
    return $file if -e $file;

    MDM::Test::spew($file,
        MDM::Test::run_or_die('openssl', 'rand', '-hex', '32'));
    chmod 0600, $file;

    return $file;
}


# Without a role: the database's superuser.

sub conninfo {
    my ($self, $role) = @_;

    return $self->address . ' user=' . ($role // 'postgres');
}


# Without a user, as the module's directive wants it.

sub address {
    my ($self) = @_;

    my $host = $self->{tcp} ? '127.0.0.1' : "$self->{dir}/socket";

    return "host=$host port=$self->{port} dbname=mdm";
}


sub socket_dir { return "$_[0]{dir}/socket" }
sub port       { return $_[0]{port} }
sub pid        { return $_[0]{pid} }
sub log_file   { return "$_[0]{dir}/postgresql.log" }
sub log        { return MDM::Test::slurp($_[0]->log_file) }


# Runs SQL text; returns what psql prints (unaligned, '|' between columns),
# without the last line end.  Dies with the server's words on an error.

sub psql {
    my ($self, $sql, %option) = @_;

    my ($exit, $text) = $self->try_psql($sql, %option);
    die "$text(in: $sql)\n" if $exit != 0;

    chomp $text;
    return $text;
}


# The same, but errors are the caller's: returns (exit code, output).

sub try_psql {
    my ($self, $sql, %option) = @_;

    return MDM::Test::run_command($self->psql_command(%option), '-c', $sql);
}


# The newest schema of functions, mdm_rN.

sub revision {
    my ($self) = @_;

    return $self->psql(
        "SELECT max(nspname) FROM pg_namespace WHERE nspname LIKE 'mdm\\_r%'");
}


sub psql_file {
    my ($self, $file, %option) = @_;

    return MDM::Test::run_or_die($self->psql_command(%option), '-f', $file);
}


sub psql_command {
    my ($self, %option) = @_;

    return (program('psql'), '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1',
        '-F', $option{separator} // '|', '-R', $option{record} // "\n",
        '-d', $self->conninfo($option{role}));
}


# Rows as array references; NULL and the empty string look alike.

sub query {
    my ($self, $sql, %option) = @_;

    my $text = $self->psql($sql, %option, separator => "\x1f",
        record => "\x1e");

    return map { [ split /\x1f/, $_, -1 ] } split /\x1e/, $text;
}


# A connection that stays open, for locks and transactions across statements.

sub session {
    my ($self, %option) = @_;

    return MDM::Test::Postgres::Session->new($self->psql_command(%option));
}


sub stop {
    my ($self, $signal) = @_;

    return if !defined $self->{pid};

    kill $signal // 'INT', $self->{pid};

    if (!MDM::Test::reap($self->{pid}, 20)) {
        kill 'QUIT', $self->{pid};
        MDM::Test::reap($self->{pid}, 10);
    }

    undef $self->{pid};
    MDM::Test::stopped($self);
}


sub restart {
    my ($self) = @_;

    $self->stop;
    $self->launch;
}


# Becomes a standby of another cluster, whatever it was.

sub follow {
    my ($self, $primary) = @_;

    $self->stop;
    File::Path::remove_tree("$self->{dir}/data");
    $self->copy($primary);
    $self->launch;
}


# From now on a commit is answered when all that follow have it, too.

sub wait_for_standby {
    my ($self) = @_;

    $self->psql('ALTER SYSTEM SET synchronous_standby_names = \'*\'');
    $self->psql('SELECT pg_reload_conf()');

    MDM::Test::wait_for(20, sub {
        $self->psql('SELECT count(*) FROM pg_stat_replication
                      WHERE sync_state = \'sync\'')
    }) or die "no standby is synchronous\n";
}


# As if the machine lost power, but for what the disk holds.

sub kill9 {
    my ($self) = @_;

    my @backends = $self->children;

    kill 'KILL', $self->{pid}, @backends;
    MDM::Test::reap($self->{pid}, 10);
    MDM::Test::wait_for(10, sub { !kill 0, @backends });
    unlink "$self->{dir}/data/postmaster.pid";

    undef $self->{pid};
    MDM::Test::stopped($self);
}


sub children {
    my ($self) = @_;

    return split ' ',
        MDM::Test::slurp("/proc/$self->{pid}/task/$self->{pid}/children");
}


# Ends all connections of a role, or of everybody but us; returns how many.

sub terminate_backends {
    my ($self, $role) = @_;

    my $whose = defined $role ? "usename = '$role'" : 'true';

    return $self->psql("SELECT count(pg_terminate_backend(pid))
                          FROM pg_stat_activity
                         WHERE backend_type = 'client backend'
                           AND pid <> pg_backend_pid() AND $whose");
}


# Stops every process of the cluster where it stands, and lets it go on: a
# host that is silent, not gone.  First the one who would make another.

sub freeze {
    my ($self) = @_;

    kill 'STOP', $self->{pid};
    MDM::Test::wait_for(5, sub {
        MDM::Test::slurp("/proc/$self->{pid}/stat") =~ /\) T /;
    }) or die "PostgreSQL does not stop\n";
    kill 'STOP', $self->children;
}


sub thaw { my ($self) = @_; kill 'CONT', $self->{pid}, $self->children }


sub DESTROY {
    my ($self) = @_;

    local ($@, $?);
    $self->stop if $$ == $self->{owner};
}


package MDM::Test::Postgres::Session;

use strict;
use warnings;

sub new {
    my ($class, @psql) = @_;

    my $self = bless { mark => 0 }, $class;

    @psql = map { $_ eq 'ON_ERROR_STOP=1' ? 'ON_ERROR_STOP=0' : $_ } @psql;
    $self->{pid} = IPC::Open2::open2($self->{out}, $self->{in},
        'sh', '-c', 'exec "$@" 2>&1', 'sh', @psql);

    return $self;
}


# Sends a statement and does not wait for it.

sub send {
    my ($self, $sql) = @_;

    $self->{mark}++;
    print { $self->{in} } "$sql;\n\\echo mark-$self->{mark}\n";
    $self->{in}->flush;
}


# What the statements sent so far have printed, errors among it.

sub finish {
    my ($self) = @_;

    my $text = '';

    while (defined(my $line = readline $self->{out})) {
        if ($line =~ /\Amark-(\d+)\Z/) {
            last if $1 == $self->{mark};
            next;
        }
        $text .= $line;
    }

    chomp $text;
    return $text;
}


sub run {
    my ($self, $sql) = @_;

    $self->send($sql);

    return $self->finish;
}


sub close {
    my ($self) = @_;

    return if !defined $self->{pid};

    CORE::close $self->{in};
    CORE::close $self->{out};

    { local $?; waitpid $self->{pid}, 0 }
    undef $self->{pid};
}


sub DESTROY { $_[0]->close }

1;
