package MDM::Test::Process;

# What the kernel tells of running processes: memory, descriptors, threads,
# children.
#
#     my $kilobytes = memory($pid)->{Rss};      # Pss, Private_Dirty, ...
#     my $kinds     = descriptors($pid);        # {socket => 9, file => 2, ...}
#     my $growth    = growth(@kilobytes);       # but for one step
#     my $counted   = counted($nginx);          # what is given back must be as before
#
# malloc() takes memory of the system now and then, in one step; what leaks
# takes some in each round. So growth() leaves the largest step out.

use strict;
use warnings;

use Exporter 'import';
use List::Util 'max';

use MDM::Test ();

our @EXPORT_OK = qw(
    memory descriptors threads children zombies shared_zones growth counted words
);


# Kilobytes, by the names of smaps_rollup.

sub memory {
    my ($pid) = @_;

    my $text = MDM::Test::slurp("/proc/$pid/smaps_rollup");

    return { $text =~ /^(\w+): +(\d+) kB$/mg };
}


# How many of each kind: socket, pipe, anon_inode:[eventpoll], file.

sub descriptors {
    my ($pid) = @_;

    my %count;

    for my $link (glob "/proc/$pid/fd/*") {
        my $name = readlink $link // next;
        $count{ $name =~ m{^/} ? 'file' : $name =~ s/:?\[\d+\]$//r }++;
    }

    return \%count;
}


sub threads {
    my ($pid) = @_;

    return scalar(my @threads = glob "/proc/$pid/task/*");
}


sub children {
    my ($pid) = @_;

    return split ' ',
        eval { MDM::Test::slurp("/proc/$pid/task/$pid/children") } // '';
}


sub zombies {
    my ($pid) = @_;

    return grep {
        eval { MDM::Test::slurp("/proc/$_/stat") =~ /\) Z / }
    } children($pid);
}


# Mapped bytes that a process shares with its children.

sub shared_zones {
    my ($pid) = @_;

    no warnings 'portable';         # hex() of 64 bits
    my $sum = 0;

    for (split /\n/, eval { MDM::Test::slurp("/proc/$pid/maps") } // '') {
        $sum += hex($2) - hex $1
            if m{^([0-9a-f]+)-([0-9a-f]+) rw-s .*/dev/zero};
    }

    return $sum;
}


# All of an nginx that can be counted: of the master, and of its workers in no
# order, for after a reload they are others.

sub counted {
    my ($nginx) = @_;

    my $master = $nginx->pid;
    my @workers = children($master);

    return {
        descriptors => words(descriptors($master)),
        zones       => shared_zones($master),
        threads     => threads($master),
        children    => scalar @workers,
        zombies     => scalar(my @dead = zombies($master)),
        workers     => join(' / ', sort map {
            words(descriptors($_)) . ', threads ' . threads($_)
                . ', zones ' . shared_zones($_)
        } @workers),
        temporary   => scalar(my @files
            = glob $nginx->dir . '/{client_body,proxy}/*'),
    };
}


sub words {
    my ($hash) = @_;

    return join ', ', map { "$_ $hash->{$_}" } sort keys %$hash;
}


sub growth {
    my (@samples) = @_;

    return 0 if @samples < 3;

    return $samples[-1] - $samples[0]
        - max map { $samples[$_] - $samples[$_ - 1] } 1 .. $#samples;
}

1;
