# All unit tests under valgrind, also those that take minutes.

use strict;
use warnings;

use FindBin ();

$ENV{MDM_TEST_VALGRIND} = 'all';
exec $^X, "$FindBin::Bin/../016-valgrind.t" or die "exec: $!\n";
