# Every fuzz target for a few seconds, from the seeds that are kept with it.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use MDM::Test;

my $seconds = $ENV{MDM_TEST_FUZZ_SECONDS} // 3;
my @programs = grep { -x && !/\.\w+\z/ } glob build('fuzz/fuzz_*');

needs('the fuzz targets', scalar @programs);


for my $program (@programs) {
    my ($name) = $program =~ m{fuzz_([^/]+)\z};
    my $learned = test_dir() . "/$name";
    my $seeds = tree() . "/t/fuzz/corpus/$name";

    mkdir $learned or die "$learned: $!";

    my ($exit, $text) = run_command($program, "-max_total_time=$seconds",
        '-max_len=65536', '-timeout=10', '-rss_limit_mb=2048',
        "-artifact_prefix=$learned/", $learned, -d $seeds ? $seeds : ());

    is $exit, 0, "no input of $seconds seconds harms $name"
        or diag substr $text, -4000;
}

done_testing;
