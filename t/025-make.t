# The Makefile says what is wrong with NGINX_SRC=.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use MDM::Test;

delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};

my $tree = test_dir();
spew("$tree/config", '');

for my $name ('/nowhere', $tree) {
    my ($exit, $text) = run_command('make', '-C', $tree, '-f',
        tree() . '/Makefile', "NGINX_SRC=$name", 'module');

    is $exit, 2, 'a directory without configure is refused';
    like $text, qr{^\Q$name\E has no configure: NGINX_SRC= names}m,
        '... and named';
    unlike $text, qr/configuring/, '... before anything is tried';
}

done_testing;
