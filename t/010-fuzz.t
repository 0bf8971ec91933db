# Every fuzz target: first all of the corpus that is kept with it, which holds
# what was ever found, then a few seconds of new inputs.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use MDM::Test;

my $seconds = $ENV{MDM_TEST_FUZZ_SECONDS} // 1;
my @programs = grep { -x && !/\.\w+\z/ } glob build('fuzz/fuzz_*');

needs('the fuzz targets', scalar @programs);


# -timeout= counts the time of a clock: a busy machine must not fail it.

sub run {
    my ($program, @arguments) = @_;

    return run_command($program, '-max_len=65536', '-timeout=60',
        '-rss_limit_mb=2048', @arguments);
}


for my $program (@programs) {
    my ($name) = $program =~ m{fuzz_([^/]+)\z};
    my $learned = test_dir() . "/$name";
    my $corpus = tree() . "/t/fuzz/corpus/$name";
    my $words = tree() . "/t/fuzz/$name.dict";

    mkdir $learned or die "$learned: $!";

    my @files = glob "$corpus/*";
    my ($exit, $text) = run($program, '-runs=0', $corpus);

    is $exit, 0, "the corpus of $name does no harm"
        or diag substr $text, -4000;
    ok @files && $text =~ /^INFO: seed corpus: files: ${\ scalar @files} /m,
        '... and all of it was run';

    ($exit, $text) = run($program, "-max_total_time=$seconds",
        "-artifact_prefix=$learned/", -f $words ? "-dict=$words" : (),
        $learned, $corpus);

    is $exit, 0, "no input of $seconds seconds harms $name"
        or diag substr $text, -4000;
}

done_testing;
