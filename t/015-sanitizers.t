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

my @tests = grep { MDM::Test::slurp($_) =~ /MDM::Test::Nginx->(?:start|test)/ }
    glob tree() . '/t/*.t';

$ENV{MDM_TEST_ASAN} = 1;


for my $test (@tests) {
    my ($name) = $test =~ m{([^/]+)\z};
    my ($exit, $text) = run_command($^X, $test);

    is $exit, 0, "$name passes with sanitizers" or diag $text;
}

done_testing;
