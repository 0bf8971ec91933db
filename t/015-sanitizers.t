# The tests of the module again, with the module that was built with the
# address and undefined behaviour sanitizers: each must pass as it does without.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use MDM::Test;

plan skip_all => 'MDM_TEST_ASAN is set already' if $ENV{MDM_TEST_ASAN};
needs('the module with sanitizers', -e build('asan/ngx_mdm_module.so'));

# Not those that have them anyhow, nor those whose way through the module another
# one takes, too: fleets, faults, documents, operations that are compared with a
# document or called by mdmctl, by each role or by another tenant; nor tests of what
# sanitizers change, or of others' programs.
my $left_out = qr{/(?:02\d|03[12]|043|05[125]|240|260|32[0-3]|340|344|346|348|604|617|62[0156]
                   |633|636|637|638|803|829|833|834|835|840|850|851)-}x;

my @tests = grep {
    my $text = slurp($_);
    !/$left_out/ && $text !~ /^with_sanitizers/m
        && $text =~ /MDM::Test::(?:Nginx->(?:start|test)|Fleet->start)/
} glob tree() . '/t/*.t';

$ENV{MDM_TEST_ASAN} = 1;


# Most of a test is waiting, so two at once share a core well.

my %running;

while (@tests || %running) {
    if (@tests && keys %running < 2) {
        my $test = shift @tests;
        my ($name) = $test =~ m{([^/]+)\z};
        my $log = test_dir() . "/$name.log";

        $running{ MDM::Test::spawn($log, $^X, $test) } = [ $name, $log ];
        next;
    }

    my $pid = waitpid -1, 0;
    my ($name, $log) = @{ delete $running{$pid} // next };

    is $?, 0, "$name passes with sanitizers" or diag slurp($log);
}

done_testing;
