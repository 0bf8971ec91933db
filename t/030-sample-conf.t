# The nginx.conf that operators begin with is one that nginx takes.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use MDM::Test;

my $sample = slurp(tree() . '/conf/nginx.conf.sample');
my $server = MDM::Test::PKI->ca('Server CA')->server;


# The same text with this machine's paths.

sub placed {
    my ($conf) = @_;

    $conf =~ s{modules/ngx_mdm_module\.so}{%%MODULE%%};
    $conf =~ s{/etc/nginx/mdm/server\.pem}{$server->{cert}};
    $conf =~ s{/etc/nginx/mdm/server\.key}{$server->{key}};
    $conf =~ s{/etc/nginx/mdm/secret\.key}{%%DIR%%/secret.key};
    $conf =~ s{/var/log/nginx/}{%%DIR%%/};
    $conf =~ s{listen 443}{listen 127.0.0.1:%%TLS_PORT%%};
    $conf =~ s{http \{}{http \{ %%HTTP%%};

    return $conf;
}


my $nginx = MDM::Test::Nginx->prepare(conf => placed($sample));
spew($nginx->dir . '/secret.key',
    MDM::Test::run_or_die('openssl', 'rand', '-hex', '32'));

chmod 0600, $nginx->dir . '/secret.key';

my ($exit, $text) = $nginx->check;
is $exit, 0, 'nginx -t takes the sample' or diag $text;
unlike $text, qr/\[warn\]/, 'nginx has no warning about it';

done_testing;
