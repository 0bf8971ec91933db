package MDM::Test::Plugin;

# A plugin made of t/lib/plugin.c, as a file of the test:
#
#     my $file = MDM::Test::Plugin->build("$dir/a.so", VERSION => '"2.0"',
#         TYPES => 'COMMAND("A"), PAYLOAD("com.example.b")');
#
# A source of the test's own is given as source => FILE.  The file takes its
# name at once, as "make" and "make install" have it.

use strict;
use warnings;

use MDM::Test ();


sub build {
    my ($class, $file, %define) = @_;

    my $source = delete $define{source} // MDM::Test::tree() . '/t/lib/plugin.c';

    MDM::Test::run_or_die('gcc', '-shared', '-fPIC', '-fvisibility=hidden', '-Wall',
        '-Wextra', '-Wno-unused-parameter', '-Werror', '-I',
        MDM::Test::tree() . '/ngx_mdm_module',
        map({ defined $define{$_} ? "-D$_=$define{$_}" : "-D$_" } sort keys %define),
        '-o', "$file.new", $source);

    rename "$file.new", $file or die "$file: $!\n";

    return $file;
}

1;
