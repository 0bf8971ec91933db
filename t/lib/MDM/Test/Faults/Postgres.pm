package MDM::Test::Faults::Postgres;

# What happens to a PostgreSQL, as kinds of MDM::Test::Faults, and a cluster that
# all of it can happen to:
#
#     MDM::Test::Faults::Postgres->own_mounts;    # first of all
#     my $pg = MDM::Test::Faults::Postgres->start;
#     my $fleet = MDM::Test::Fleet->start(pg => $pg, ...);
#
# Its disks are in memory, so that they can be filled and a crash is soon over. For
# these one must be root and have a mount namespace of one's own; without them
# kinds() leaves full disks out.

use strict;
use warnings;

use IO::Socket::UNIX ();
use Test::More ();
use Time::HiRes ();

use MDM::Test ();

our %kinds = (
    postgres_stopped    => \&stopped,
    postgres_restarted  => sub { $_[0]->pg->restart },
    postgres_killed     => \&killed,
    postgres_frozen     => \&frozen,
    backend_terminated  => \&backend_terminated,
    backend_killed      => \&backend_killed,
    backend_frozen      => \&backend_frozen,
    read_only           => \&read_only,
    connections_refused => \&connections_refused,
    connections_taken   => \&connections_taken,
    rows_locked         => \&rows_locked,
    table_locked        => \&table_locked,
    rows_slow           => sub { trapped(@_, 'slow') },
    poison              => sub { trapped(@_, 'poison') },
    commit_error        => sub { trapped(@_, 'commit') },
    tables_full         => \&tables_full,
    wal_full            => \&wal_full,
);

my $roles = "usename IN ('mdm_device', 'mdm_api', 'mdm_job')";


sub kinds {
    my ($class) = @_;

    return grep { own() || !/_full\z/ } sort keys %kinds;
}


# The program again, in a mount namespace that ends with it.

sub own_mounts {
    return if $> != 0 || own();

    my ($exit) = MDM::Test::run_command('unshare', '--mount', 'true');
    exec 'unshare', '--mount', $^X, $0, @ARGV if $exit == 0;
}


sub own {
    my @spaces = map { readlink "/proc/$_/ns/mnt" } 'self', getppid;

    return $> == 0 && @spaces == 2 && $spaces[0] ne $spaces[1];
}


# A crash is a true one, and connections can run out.

sub start {
    my ($class) = @_;

    my $pg = MDM::Test::Postgres->start(conf => {
        fsync            => 'on',
        full_page_writes => 'on',
        max_connections  => 40,
        wal_recycle      => 'off',
    });

    disks($pg) if own();
    $pg->migrate;
    traps($pg);

    $pg->psql('ALTER TABLE ALL IN TABLESPACE pg_default OWNED BY mdm_owner
                  SET TABLESPACE small') if own();

    return $pg;
}


# The log of writes and the engine's tables each have a disk of their own.

sub disks {
    my ($pg) = @_;

    my ($data, $wal, $tables) = map { MDM::Test::Faults::Disk->mount($_) }
        qw(disk.data disk.wal disk.tables);

    $pg->stop;
    move("$pg->{dir}/data", $data);
    move("$data->{dir}/pg_wal", $wal);
    $pg->launch;
    $pg->psql("CREATE TABLESPACE small LOCATION '$tables->{dir}'");

    @$pg{qw(wal_disk tables_disk)} = ($wal, $tables);
}


sub move {
    my ($from, $disk) = @_;

    MDM::Test::run_or_die('sh', '-c',
        'mv "$0"/* "$1" && rmdir "$0" && ln -s "$1" "$0"', $from, $disk->{dir});
}


# What goes wrong in a statement, switched on by the kinds below.

sub traps {
    my ($pg) = @_;

    $pg->psql(<<'SQL');
CREATE FUNCTION public.trap() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF random() < TG_ARGV[1]::float THEN
        IF TG_ARGV[0] = 'slow' THEN
            PERFORM pg_sleep(random() * 0.3);
        ELSE
            RAISE 'trapped' USING ERRCODE =
                ('{P0001,40001,40P01,53200,57014}'::text[])[1 + floor(random() * 5)];
        END IF;
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER slow BEFORE UPDATE OR DELETE ON mdm.queue
    FOR EACH ROW EXECUTE FUNCTION public.trap('slow', 0.1);
CREATE TRIGGER poison BEFORE INSERT OR UPDATE OR DELETE ON mdm.queue
    FOR EACH ROW EXECUTE FUNCTION public.trap('raise', 0.05);
CREATE CONSTRAINT TRIGGER commit AFTER INSERT OR UPDATE OR DELETE ON mdm.queue
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION public.trap('raise', 0.05);
SQL

    $pg->psql("ALTER TABLE mdm.queue DISABLE TRIGGER $_") for qw(slow poison commit);
}


# So many seconds is what is broken left alone, at a pace of 1.

sub wait_a_while {
    my ($faults, $from, $to) = @_;

    Time::HiRes::sleep($faults->pace * ($from + ($to - $from) * $faults->chance));
}


sub stopped {
    my ($fleet, $faults) = @_;

    $fleet->pg->stop($faults->pick(qw(INT INT QUIT)));
    wait_a_while($faults, 0.1, 0.8);
    $fleet->pg->launch;
}


sub killed {
    my ($fleet, $faults) = @_;

    $fleet->pg->kill9;
    wait_a_while($faults, 0, 0.4);
    $fleet->pg->launch;
}


# Now and then for longer than anybody waits.

sub frozen {
    my ($fleet, $faults) = @_;

    $fleet->pg->freeze;
    Time::HiRes::sleep($faults->pick(0.5, 1, 1, 4));
    $fleet->pg->thaw;
}


sub backend {
    my ($pg, $faults) = @_;

    my ($pid) = MDM::Test::wait_for(10, sub {
        $faults->pick(map { $_->[0] } $pg->query(
            "SELECT pid FROM pg_stat_activity WHERE $roles ORDER BY 1"));
    });

    return $pid // die "the module has no connection\n";
}


sub backend_terminated {
    my ($fleet, $faults) = @_;

    my $backend = backend($fleet->pg, $faults);
    $fleet->pg->psql("SELECT pg_terminate_backend($backend)");
}


# PostgreSQL takes it for a crash, and starts all over.

sub backend_killed {
    my ($fleet, $faults) = @_;

    my $backend = backend($fleet->pg, $faults);
    kill 'KILL', $backend;
    MDM::Test::wait_for(10, sub { !kill 0, $backend });
    there($fleet->pg);
}


sub there {
    my ($pg) = @_;

    MDM::Test::wait_for(30, sub { ($pg->try_psql('SELECT 1'))[0] == 0 })
        or die "PostgreSQL does not come back\n";
}


sub backend_frozen {
    my ($fleet, $faults) = @_;

    my $backend = backend($fleet->pg, $faults);
    kill 'STOP', $backend;
    Time::HiRes::sleep($faults->pick(0.3, 0.5, 1, 4));
    kill 'CONT', $backend;
}


# As a standby is, or a primary that is being demoted.

sub read_only {
    my ($fleet, $faults) = @_;

    my $pg = $fleet->pg;

    $pg->psql('ALTER SYSTEM SET default_transaction_read_only = on');
    $pg->psql('SELECT pg_reload_conf()');
    wait_a_while($faults, 0.5, 1.2);
    $pg->psql('ALTER SYSTEM RESET default_transaction_read_only');
    $pg->psql('SELECT pg_reload_conf()');
}


sub connections_refused {
    my ($fleet, $faults) = @_;

    my $pg = $fleet->pg;

    $pg->psql('ALTER ROLE mdm_device CONNECTION LIMIT 0');
    $pg->terminate_backends('mdm_device');
    wait_a_while($faults, 0.3, 1);
    $pg->psql('ALTER ROLE mdm_device CONNECTION LIMIT -1');
}


# Somebody else has all but those of the superuser, and takes most of ours when
# they are closed.

sub connections_taken {
    my ($fleet, $faults) = @_;

    my ($pg, @taken) = ($fleet->pg);

    push @taken, take_all($pg);
    $pg->terminate_backends('mdm_device');
    push @taken, take_all($pg);
    wait_a_while($faults, 0.2, 0.6);
}


sub take_all {
    my ($pg) = @_;

    my $hello = pack 'N (Z*)* x', 196_608,
        qw(user mdm_api database mdm application_name somebody);
    my @taken;

    for (1 .. 100) {
        my $socket = IO::Socket::UNIX->new(
            Peer => $pg->socket_dir . '/.s.PGSQL.' . $pg->port) or last;
        my $answer = '';

        syswrite $socket, pack('N', 4 + length $hello) . $hello;
        sysread $socket, $answer, 1;
        last if $answer ne 'R';
        push @taken, $socket;
    }

    return @taken;
}


sub locked {
    my ($fleet, $faults, $sql) = @_;

    my $session = $fleet->pg->session;

    $session->run("BEGIN; $sql");
    wait_a_while($faults, 0.5, 1.5);
    $session->run('ROLLBACK');
    $session->close;
}


# The rows of a quarter of the fleet.

sub rows_locked {
    my ($fleet, $faults) = @_;

    my $table = $faults->pick(qw(queue queue enrollment));
    my $which = $faults->pick(0 .. 3);

    locked($fleet, $faults, "SELECT count(*) FROM (SELECT FROM mdm.$table
        WHERE enrollment_id % 4 = $which FOR UPDATE SKIP LOCKED) s");
}


sub table_locked {
    my ($fleet, $faults) = @_;

    my $table = $faults->pick(qw(queue queue result event));

    locked($fleet, $faults, "LOCK TABLE mdm.$table IN ACCESS EXCLUSIVE MODE");
}


sub trapped {
    my ($fleet, $faults, $trap) = @_;

    $fleet->pg->psql("ALTER TABLE mdm.queue ENABLE TRIGGER $trap");
    wait_a_while($faults, 0.4, 1);
    $fleet->pg->psql("ALTER TABLE mdm.queue DISABLE TRIGGER $trap");
}


# Rows find no place; PostgreSQL goes on.

sub tables_full {
    my ($fleet, $faults) = @_;

    my $disk = $fleet->pg->{tables_disk};

    $disk->fill;
    wait_a_while($faults, 0.5, 1.2);
    $disk->free;
}


# The log of writes finds no place: PostgreSQL stops everything, and comes back
# when there is room, or must be started.

sub wal_full {
    my ($fleet, $faults) = @_;

    my $pg = $fleet->pg;

    $pg->{wal_disk}->fill;
    MDM::Test::wait_for(10, sub {
        ($pg->try_psql('SELECT pg_current_xact_id(), pg_switch_wal()'))[0] != 0;
    }) or die "PostgreSQL does not mind that pg_wal is full\n";
    wait_a_while($faults, 0.1, 0.6);
    $pg->{wal_disk}->free;

    if (MDM::Test::reap($pg->pid, 0.2)) {
        MDM::Test::stopped($pg);
        $pg->launch;
    }
    there($pg);
}


package MDM::Test::Faults::Disk;

use strict;
use warnings;

# What it may hold when it is not full.
my $size = '2g';


sub mount {
    my ($class, $name) = @_;

    my $dir = MDM::Test::test_dir() . "/$name";
    my $user = MDM::Test::worker_user();
    my (undef, undef, $uid, $gid) = getpwnam $user;

    mkdir $dir or die "$dir: $!\n";
    MDM::Test::run_or_die('mount', '-t', 'tmpfs', '-o',
        "size=$size,mode=0700,uid=$uid,gid=$gid", 'tmpfs', $dir);

    my $self = bless { dir => $dir }, $class;
    MDM::Test::running($self);

    return $self;
}


# Its size becomes what it holds; whoever writes just then makes it fail.

sub fill {
    my ($self) = @_;

    MDM::Test::wait_for(10, sub {
        my ($used) = MDM::Test::run_or_die('df', '-k', '--output=used',
            $self->{dir}) =~ /(\d+)/;
        $self->resize($used . 'k');
    }) or die "$self->{dir} cannot be filled\n";
}


sub free {
    my ($self) = @_;

    $self->resize($size) or die "$self->{dir} cannot be freed\n";
}


sub resize {
    my ($self, $to) = @_;

    my ($exit) = MDM::Test::run_command('mount', '-o', "remount,size=$to",
        $self->{dir});

    return $exit == 0;
}


sub stop {
    my ($self) = @_;

    MDM::Test::run_or_die('umount', '-l', $self->{dir});
}

1;
