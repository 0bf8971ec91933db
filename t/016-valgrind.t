# Unit tests under valgrind, without sanitizers: no error, and nothing that is
# left at the end, not even what could still be reached. Those that make RSA
# keys take minutes and run only when all are asked for, MDM_TEST_VALGRIND=all.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use MDM::Test;

my %slow = map { $_ => 1 } qw(certificate push_certificate push_request signature
    ber cms_sign);
my @tests = grep { -x && !/\.o\z/ } glob build('plain/unit/test_*');

needs('the plain unit tests', scalar @tests);
needs('valgrind', -x '/usr/bin/valgrind');


for my $test (@tests) {
    my ($name) = $test =~ /test_(\w+)\z/ or next;
    next if $slow{$name} && ($ENV{MDM_TEST_VALGRIND} // '') ne 'all';

    my ($exit, $text) = run_command('valgrind', '--quiet', '--error-exitcode=9',
        '--leak-check=full', '--show-leak-kinds=all', '--errors-for-leak-kinds=all',
        $test);

    is $exit, 0, "test_$name" or diag $text;
}

done_testing;
