# mdm_plugin: which files are loaded, and what nginx -t says about those that
# cannot be.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use MDM::Test;
use MDM::Test::Plugin;

my $dir = test_dir();
my $key = spew("$dir/secret.key", 'a1' x 32 . "\n");
chmod 0600, $key;
mkdir "$dir/$_" or die $! for qw(some none clash);

sub plugin { return MDM::Test::Plugin->build("$dir/" . shift, @_) }

my $first = plugin('some/first.so');
my $second = plugin('some/second.so', NAME => '"second"',
    TYPES => 'PAYLOAD("com.example.second"),PAYLOAD("com.example.second",.variant="Other")');
my $tuned = plugin('tuned.so', NAME => '"tuned"', PARAMETERS => '"colour","size"',
    TYPES => 'COMMAND("Tuned")');
symlink 'some/first.so', "$dir/link.so" or die $!;


sub check {
    my ($plugins, $location) = @_;

    $location //= 'mdm connect;';

    # without %%HTTP%%, which has plugins of its own
    return MDM::Test::Nginx->test_conf(<<"CONF");
load_module %%MODULE%%;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path %%DIR%%/body;
    mdm_database "host=/nowhere dbname=mdm";
    mdm_secret_key $key;
    mdm_tenant acme;
    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { $location }
    }
    $plugins
}
CONF
}


sub taken {
    my ($name, @conf) = @_;

    my ($exit, $text) = check(@conf);
    is $exit, 0, "$name: taken" or diag $text;
    unlike $text, qr/\[warn\]/, '... without a warning';
}


sub refused {
    my ($name, $says, @conf) = @_;

    my ($exit, $text) = check(@conf);
    is $exit, 1, "$name: refused";
    like $text, qr/\[emerg\].*$says/, '... in these words';
}


taken 'a file', "mdm_plugin $first;";
taken 'a pattern', "mdm_plugin $dir/some/*.so;";
taken 'a symbolic link', "mdm_plugin $dir/link.so;";
taken 'parameters', "mdm_plugin $tuned colour=blue size=;";
taken 'a file with parameters, then a pattern that has it, too',
    "mdm_plugin $tuned colour=red; mdm_plugin $dir/tun*.so; mdm_plugin $dir/link.so;"
    . " mdm_plugin $dir/some/*.so;";
taken 'metrics without plugins', '', 'mdm metrics;';

refused 'a device route without plugins',
    qr{"mdm connect" in location "/mdm" needs plugins, .* write "mdm_plugin /usr/lib/nginx/mdm/\*\.so;" in http},
    '';
refused 'the API without plugins', qr/"mdm api" in location "\/mdm" needs plugins/, '',
    'mdm api;';
refused 'a missing file', qr/"\Q$dir\E\/missing\.so": there is no such file/,
    "mdm_plugin $dir/missing.so;";
refused 'a dangling link', qr/there is no such file/, "mdm_plugin $dir/dangling.so;"
    if symlink 'nothing', "$dir/dangling.so";
refused 'a pattern that nothing has', qr/no file has such a name/, "mdm_plugin $dir/x*.so;";
refused 'an empty directory', qr/no file has such a name/, "mdm_plugin $dir/none/*;";
refused 'a directory', qr/"\Q$dir\E\/some": this is no file/, "mdm_plugin $dir/some;";
refused 'a text', qr/"\Q$key\E": cannot be loaded: invalid ELF header/, "mdm_plugin $key;";

my $strange = plugin('strange.so', NOT_A_PLUGIN => undef);
refused 'another shared object',
    qr/"\Q$strange\E": is no plugin: it has no function ngx_mdm_plugin\(\)/,
    "mdm_plugin $strange;";
refused 'one without a description', qr/ngx_mdm_plugin\(\) returns no description/,
    'mdm_plugin ' . plugin('nothing.so', NOTHING => undef) . ';';
refused 'another ABI', qr/is a plugin of ABI 7, expected ABI 1: build it anew/,
    'mdm_plugin ' . plugin('abi.so', ABI => 7) . ';';

my $twin = plugin('clash/twin.so', NAME => '"twin"');
my $variants = plugin('clash/variants.so', NAME => '"variants"',
    TYPES => 'PAYLOAD("com.example.second",.variant="Other")');
refused 'the same command twice', qr/Example.*(first\.so.*twin\.so|twin\.so.*first\.so)/,
    "mdm_plugin $first; mdm_plugin $twin;";
refused 'the same variant twice',
    qr/com\.example\.second.*(second\.so.*variants\.so|variants\.so.*second\.so)/,
    "mdm_plugin $second; mdm_plugin $variants;";
refused 'the same file twice', qr/Example.*first\.so.*first\.so/,
    "mdm_plugin $first; mdm_plugin $first;";

refused 'a parameter of no plugin',
    qr/"\Q$tuned\E": takes no parameter "shape", there are: colour, size/,
    "mdm_plugin $tuned shape=round;";
refused 'a parameter of a plugin that has none', qr/takes no parameter "a", nor any other/,
    "mdm_plugin $first a=b;";
refused 'a parameter twice', qr/parameter "size" is given twice/,
    "mdm_plugin $tuned size=1 size=2;";
refused 'a word that is no parameter', qr/"blue" in "mdm_plugin": write name=value/,
    "mdm_plugin $tuned blue;";
refused 'a value that the plugin refuses', qr/"\Q$tuned\E": colour must be a colour/,
    "mdm_plugin $tuned colour=wrong;";
refused 'a value that it refuses without a word', qr/config\(\) failed and does not say why/,
    "mdm_plugin $tuned colour=mute;";

done_testing;
