# A worker that exits: its threads are gone before it takes down what they use.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

MDM::Test::import_servers();

my $pg = MDM::Test::Postgres->start(migrate => 1);

for my $signal ('QUIT', 'TERM') {
    my $file = test_dir() . "/gone-$signal";

    my $nginx = MDM::Test::Nginx->start(pg => $pg, linger => $file, conf => <<'CONF');
load_module %%MODULE%%;
thread_pool mdm threads=2;
worker_processes 1;
events {}
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    server { listen 127.0.0.1:%%PORT%%; location = /mdm { mdm connect; } }
}
CONF

    $nginx->stop($signal);

    is slurp($file), "gone\n" x 2, "$signal: both threads left before the worker";
    unlike $nginx->error_log, qr/before its threads have/, '... which did not give up';
}

done_testing;
