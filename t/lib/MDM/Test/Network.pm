package MDM::Test::Network;

# A network of the test's own, in which packets get lost without a word: not
# refused, not reset, gone.
#
#     MDM::Test::Network::alone();            # first of all: begins anew in it
#     MDM::Test::Network::lose(to => $port);  # and from => $port
#     MDM::Test::Network::heal();
#
# It has the loopback interface alone. Namespaces and packet filters need root;
# others skip such a test.

use strict;
use warnings;

use Test::More ();

use MDM::Test ();

my %match = (to => 'dport', from => 'sport');


sub alone {
    return if $ENV{MDM_TEST_NETWORK};

    Test::More::plan(skip_all => 'a network of its own needs root') if $> != 0;

    MDM::Test::run_or_die('unshare', '--net', 'true');

    $ENV{MDM_TEST_NETWORK} = 1;
    exec 'unshare', '--net', 'sh', '-c',
        'ip link set lo up && exec "$0" "$@"', $^X, $0, @ARGV
        or die "unshare: $!\n";
}


sub nft { MDM::Test::run_or_die('nft', @_) }


sub lose {
    my %port = @_;

    nft('add', 'table', 'inet', 'mdm');
    nft('add', 'chain', 'inet', 'mdm', 'input',
        '{ type filter hook input priority 0; }');
    nft('add', 'rule', 'inet', 'mdm', 'input', 'tcp', $match{$_}, $port{$_}, 'drop')
        for sort keys %port;
}


sub heal { nft('delete', 'table', 'inet', 'mdm') }

1;
