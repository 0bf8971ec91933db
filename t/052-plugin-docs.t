# docs/plugins.md is followed word for word: its commands build, test and load a
# new plugin outside of the tree.  And it names all that the header has.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use MDM::Test;

needs('the plugins', -e build('mdm-plugin-test')
    && -e build('ngx_mdm_module.so') && glob build('plugins/*.so'));

my $doc    = slurp(tree() . '/docs/plugins.md');
my $header = slurp(tree() . '/ngx_mdm_module/ngx_mdm_plugin.h');
my $home   = test_dir() . '/home';

my ($page, $reference) = $doc =~ /\A(.*?)^## What a plugin says\n(.*)\z/ms;
my @commands = $page =~ /^```sh\n(.*?)^```/msg;

mkdir $home or die "$home: $!\n";


# --- the page ---

# The blocks are one session of a shell: what one leaves the next finds.

delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};

my $script = join '', map { "$commands[$_]echo 'block $_ done'\n" }
    0 .. $#commands;

spew("$home/session.sh", 'cd ' . tree() . "\nset -e\n$script");

my ($exit, $output) = run_command('env', "HOME=$home", 'bash',
    "$home/session.sh");

is $exit, 0, 'the commands of the page end well, one after another'
    or diag substr $output, -2000;

my @said = split /^block \d+ done\n/m, $output;
my ($first, $changed) = grep { /^ok \d/m } @said;

my @ran = ($first // '') =~ /^ok \d+.*$/mg;
cmp_ok scalar @ran, '>=', 6, 'the vectors of the template are run';
is join("\n", $output =~ /^not ok.*$/mg), '', '... and each is as it says';
ok +(($changed // '') =~ /^ok \d+ .*a colour that there is not/m),
    '... and the one that the reader wrote, against the key that he added';
ok $output =~ /nginx.conf test is successful/,
    'nginx loads the new plugin beside all others';

my $plugin = "$home/mdm/usr/lib/nginx/mdm/greeting.so";
my (undef, $needed) = run_command('readelf', '-d', $plugin);
ok $needed =~ /Dynamic section/
    && !grep({ $_ ne 'libc.so.6' } $needed =~ /\(NEEDED\).*\[(.*?)\]/g),
    'it is linked to nothing of ours'
    or diag $needed;

ok !-e build('plugins/template.so')
    && !-e "$home/mdm/usr/lib/nginx/mdm/template.so",
    'the template itself is not installed';


# --- what the page asks a server ---

my $pg    = MDM::Test::Postgres->start(migrate => 1);
my $token = $pg->tenant('acme', host => 'localhost',
    device_ca => MDM::Test::PKI->ca('Device CA'));
my $nginx = MDM::Test::Nginx->start(pg => $pg, vars => { NEW => $plugin },
    conf => <<'CONF');
load_module %%MODULE%%;
thread_pool mdm threads=2;
events { worker_connections 256; }
http {
    %%HTTP%%
    mdm_plugin %%NEW%%;
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    server {
        listen 127.0.0.1:%%PORT%%;
        mdm_tenant $host;
        location /v1/ { mdm api; }
    }
}
CONF

my ($calls) = $page =~ /^```console\n(.*?)^```/ms;
my $server  = 'http://localhost:' . $nginx->port;
$calls =~ s{https://mdm\.example\.com}{$server}g;
$calls =~ s/^curl /curl -s -w '\\n%{http_code}\\n' /mg;

my ($ask, $post) = map { "TOKEN=$token\n$_" } split /^(?=curl)/m, $calls;

(undef, $output) = run_command('bash', '-c', $ask);
ok $output =~ /"Colour"/ && $output =~ /^200$/m,
    'the API shows the type with the key that the reader added'
    or diag substr $output, 0, 2000;

(undef, $output) = run_command('bash', '-c', $post);
like $output, qr/^201$/m, '... and takes a profile with it';

(undef, $output) = run_command('bash', '-c', $post =~ s/green/blue/r);
like $output, qr/PayloadContent\[0\]\.Colour.*^422$/ms,
    '... but none with a colour that there is not';


# --- the reference ---

my %missing;

for my $struct (qw(mdm_plugin_t mdm_type_t mdm_on_t mdm_host_t mdm_key_s)) {
    my ($fields) = $struct eq 'mdm_key_s'
        ? $header =~ /^struct mdm_key_s \{(.*?)^\};/ms
        : $header =~ /^typedef struct \{((?:(?!^\}).)*)^\} \Q$struct\E;/ms;
    die "no $struct in the header\n" if !defined $fields;

    $fields =~ s{/\*.*?\*/}{}gs;
    my @names = $fields =~ /\(\*(\w+)\)\(/g;
    $fields =~ s/[^;]*\(\*\w+\)\([^;]*;//g;
    push @names, $fields =~ /(\w+)\s*[,;]/g;

    for my $name (grep { !/\A(?:size|abi|\w+_size)\z/ } @names) {
        my $written = $name =~ /\Anew_/ ? 'new_' : $name;
        $missing{$name} = 1 if $reference !~ /`[^`\n]*\b\Q$written\E/;
    }
}

is join(' ', sort keys %missing), '', 'the reference has each field';

# The access rights, whose names are Apple's, are not in it.
(my $constants = $header)
    =~ s/^#define MDM_INSPECT_PROFILES .*^#define MDM_CHANGE_APPS //ms;
my ($types) = $constants =~ /typedef enum \{([^}]*)\} mdm_value_e/;

my @unsaid = grep { $reference !~ /\b$_\b/ }
    (grep { $_ ne 'MDM_END' } $types =~ /^ +(MDM_\w+)/mg),
    $constants =~ /^#define (MDM_\w+) +0x/mg;
is "@unsaid", '', '... and each type and flag';


# --- the header ---

my ($lines, $commented, $inside) = (0, 0, 0);

for my $line (split /\n/, $header) {
    my $has = $inside;

    while ($line =~ m{(/\*|\*/)}g) { $inside = $1 eq '/*'; $has = 1 }

    $lines++;
    $commented++ if $has;
}

cmp_ok $lines, '<=', 300, 'the header is short';
cmp_ok $commented, '>=', 0.45 * $lines, '... and half of it explains';

for my $compiler (qw(gcc clang)) {
    ($exit, $output) = run_command($compiler, qw(-std=c99 -Wall -Wextra
        -pedantic -Werror -fsyntax-only -x c),
        tree() . '/ngx_mdm_module/ngx_mdm_plugin.h');
    is $exit, 0, "$compiler takes it alone, and warns of nothing"
        or diag $output;
}

done_testing;
