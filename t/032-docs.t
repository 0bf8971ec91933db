# What the documents say of directives, variables, operations and log lines is
# what the code has, and the other way round.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;
use Text::ParseWords qw(shellwords);

use MDM::Test;

my $module = tree() . '/ngx_mdm_module';

my %doc = map {
    my ($name) = m{/([\w-]+)\.md\z};
    $name => slurp($_);
} glob tree() . '/docs/*.md';


# Names in a table of C, from the line that begins it to its null entry.

sub names_in {
    my ($file, $table, $pattern) = @_;

    my ($text) = slurp("$module/$file")
        =~ /\Q$table\E\[\] = \{(.*?)(?:ngx_\w*null\w*|\{ (?:0, )?NULL\b)/s;
    die "no $table in $file\n" if !defined $text;

    return sort { $a cmp $b } $text =~ /$pattern/g;
}


sub section {
    my ($text, $title) = @_;

    my ($section) = $text =~ /^## \Q$title\E\n(.*?)(?=^## |\z)/ms;

    return $section // die "no section \"$title\"\n";
}


sub unique { my %seen; return sort grep { !$seen{$_}++ } @_ }


# --- names ---

my @directives = section($doc{directives}, 'Directives') =~ /^### (\w+)$/mg;
is_deeply [ sort @directives ],
    [ names_in('ngx_mdm_module.c', 'ngx_mdm_commands', qr/\("(\w+)"\)/) ],
    'docs/directives.md has the directives of the module, no more, no less';

my @variables = section($doc{directives}, 'Log variables')
    =~ /^\| `\$(\w+)` \|/mg;
is_deeply [ sort @variables ],
    [ names_in('route/ngx_mdm_variables.c', 'ngx_mdm_variables',
        qr/\("(\w+)"\)/) ],
    '... and its log variables';

my ($routes) = $doc{directives} =~ /^\| syntax \| `mdm connect`(.*)\|$/m;
is_deeply [ sort 'connect', $routes =~ /`(\w+)`/g ],
    [ names_in('route/ngx_mdm_route.c', 'ngx_mdm_routes', qr/\("(\w+)"\)/) ],
    '... and its routes';

is_deeply [ sort $doc{api} =~ m{^\| `[A-Z]+ (/\S+)`}mg ],
    [ sort(names_in('route/ngx_mdm_api.c', 'ngx_mdm_api_operations',
        qr{"(/[^"]+)"})) ],
    'docs/api.md has the operations of the API';

my $api = join '', map { slurp($_) } glob "$module/route/ngx_mdm_api*.c";
is_deeply [ unique(section($doc{api}, 'Errors') =~ /^\| \d+ \| `(\w+)`/mg) ],
    [ unique($api =~ /ngx_mdm_api_(?:error\(api,\ \w+,|refuse\(api,
        |gate_error\(|gate_invalid\(\S+)\s*"(\w+)"/gx) ],
    '... and its error codes';

my ($commands) = slurp(tree() . '/bin/mdmctl.c')
    =~ /mdmctl_commands\[\] = \{(.*?)^\};/ms;
my ($changes) = slurp(tree() . '/CHANGES') =~ /mdmctl: (.*?)\./s;
is_deeply [ sort split /,\s+/, $changes ],
    [ sort $commands =~ /^\s+\{ "([a-z ]+)"/mg ],
    'CHANGES has the commands of mdmctl';


# Without a database they all fail, but none for a wrong command line. The check
# of the network wants none and would try it: only its options are read.

delete @ENV{qw(MDM_DATABASE MDM_SECRET_KEY MDM_PLUGINS)};
my @lines = map { s/\\\n\s+//gr } join('', values %doc)
    =~ /^    mdmctl ((?:.*\\\n)*.*?)(?: >\S+)?$/mg;
my @bad = grep {
    my $line = s/\$SHA256/'0' x 64/er;
    my $check = $line =~ /^check /;
    (mdmctl(shellwords($line), $check ? '--help' : ()))[0] != ($check ? 0 : 1);
} @lines;
ok @lines > 30 && !@bad, 'mdmctl takes the command lines of the documents'
    or diag join "\n", scalar @lines, @bad;


my $sql = join '', map { slurp($_) } glob tree() . '/sql/functions/*.sql';
my ($revision) = slurp("$module/pg/ngx_mdm_pg.h")
    =~ /^#define NGX_MDM_REVISION\s+(\d+)/m;
my @calls = unique(map { /\b(mdm_r\d+\.\w+)\(/g } values %doc);
my @strange = grep {
    !/\Amdm_r$revision\.(\w+)/ || $sql !~ /FUNCTION \@revision\@\.$1\(/
} @calls;
ok @calls && !@strange, 'the SQL functions of the documents exist'
    or diag "@strange";


my @promised = unique($doc{security} =~ m{`(t/[\w/-]+\.t)`}g);
my @unproved = grep { !-e tree() . "/$_" } @promised;
ok @promised > 30 && !@unproved, 'the tests that docs/security.md names exist'
    or diag "@unproved";


# --- messages ---

# The string literals of the module as people see them: joined, with '…' for
# what a format fills in; each with what stands before it.

my (@literals, @logged, @refused);

for my $file (glob("$module/*.c $module/*/*.c")) {
    my $text = slurp($file);
    my $literal = qr/"(?:[^"\\\n]|\\.)*"/;

    while ($text =~ /($literal(?:\s+$literal)*)/g) {
        my ($joined, $before) = ($1, substr $text, 0, $-[0]);

        $joined = join '', map { substr $_, 1, -1 } $joined =~ /$literal/g;
        $joined =~ s/\\"/"/g;
        $joined =~ s/%(?:\.?\*s|\.\d+s|z?[usdVLPM]i?)/\x{2026}/g;
        push @literals, $joined;

        my ($call) = $before =~ /.*\b(ngx_log_error|ngx_conf_log_error
            |ngx_log_debug\d?)\([^;]*\z/sx or next;

        push @logged, $joined if $call eq 'ngx_log_error' && $joined =~ /^mdm:/;
        push @refused, $joined if $call eq 'ngx_conf_log_error';
    }
}


# First cells of a document's tables that are one quotation.

sub quoted {
    my ($section) = @_;

    utf8::decode($section);

    return $section =~ /^\| `([^`]+)` \|/mg;
}


# Is a row the text of a literal?  What a format fills in may be quoted as
# '…' with all that stands around it.

sub same {
    my ($row, $literal) = @_;

    my $pattern = join '.*', map { quotemeta } split /\x{2026}+/, $row, -1;

    return $literal =~ /\A$pattern\z/s;
}


sub compare {
    my ($name, $rows, $literals) = @_;

    my @unknown = grep {
        my $row = $_;
        !grep { same($row, $_) } @literals
    } @$rows;
    my @missing = grep {
        my $literal = $_;
        !grep { same($_, $literal) } @$rows
    } @$literals;

    is join("\n", @unknown), '', "$name: each message exists in the code";
    is join("\n", @missing), '', "$name: each message of the code is there";
}


binmode Test::More->builder->failure_output, ':utf8';

my @outcomes = slurp("$module/engine/ngx_mdm_outcome.c")
    =~ /\bNGX_MDM_OUTCOME_\w+,\s+"([^"]+)"/g;
my @faults = map { slurp($_) =~ /ngx_mdm_exchange_fail\(x, "([^"]+)"\)/g }
    glob "$module/*/*.c";
my ($calls) = slurp("$module/pg/ngx_mdm_pg.c")
    =~ /ngx_mdm_pg_rc_texts\[\] = \{(.*?)\}/s;

my @known = quoted($doc{operations});
my @rows = quoted(section($doc{directives}, 'What nginx -t says'));

compare('log lines of docs/operations.md', \@known,
    [ @logged, @outcomes, grep { $_ ne 'done' } $calls =~ /"([^"]+)"/g ]);
compare('docs/directives.md, nginx -t', \@rows,
    [ grep { /\w{4}/ } @refused ]);

my @silent = grep {
    my $fault = $_;
    !grep { $_ eq $fault } @known, 'no hook for this message',
        'cannot build an inventory command'
} @faults;
is join("\n", @silent), '', 'docs/operations.md has the reasons for 503';


# --- examples ---

# The examples of directives, each in the smallest configuration around it.

my $key = test_dir() . '/secret.key';
spew($key, 'ab' x 32 . "\n");
chmod 0600, $key;

my @examples = $doc{directives} =~ /^```nginx\n(.*?)^```/msg;
ok @examples > 5, 'docs/directives.md has examples';

for my $example (@examples) {
    my %need = (
        mdm_database   => 'mdm_database "host=/tmp dbname=mdm";',
        mdm_secret_key => "mdm_secret_key $key;",
        mdm_tenant     => 'mdm_tenant acme;',
    );
    my ($first) = $example =~ /\A\s*(\w+)/;

    $example =~ s{/etc/nginx/mdm/secret.key}{$key};
    $example =~ s{/usr/lib/nginx/mdm/\*\.so}{%%PLUGINS%%};
    $example =~ s{/var/log/nginx/}{%%DIR%%/};
    $example =~ s{host=[\w,-]+}{host=127.0.0.1}g;
    $example =~ s{listen 127.0.0.1:\d+}{listen 127.0.0.1:%%PORT2%%};
    $example = "server { listen 127.0.0.1:%%PORT%%; $example }"
        if $first eq 'location';

    my $around = join "\n", map { $need{$_} }
        grep { $example !~ /^\s*$_\b/m } sort keys %need;

    my ($exit, $text) = MDM::Test::Nginx->test_conf(
        "load_module %%MODULE%%;\nevents {}\nhttp {\n%%HTTP%%\n$around\n"
        . "$example\nserver { listen 127.0.0.1:%%TLS_PORT%%;\n"
        . "location /mdm { mdm connect; } }\n}\n");

    is $exit, 0, "nginx takes the example that begins with $first"
        or diag $text, $example;
}


# --- links ---

for my $file ('README.md', map { "docs/$_.md" } sort keys %doc) {
    my $text = slurp(tree() . "/$file");
    my ($dir) = $file =~ m{\A(.*/)?};
    my @broken;

    for my $link ($text =~ /\]\(([^)\s]+)\)/g) {
        my ($to, $anchor) = $link =~ /\A([^#]*)#?(.*)\z/;
        my $path = tree() . '/' . ($to ne '' ? ($dir // '') . $to : $file);

        my @anchors = !-e $path ? () : map {
            lc s/[^\w\s-]//gr =~ s/\s/-/gr
        } slurp($path) =~ /^#+ (.*)$/mg;

        push @broken, $link
            if !-e $path || ($anchor ne '' && !grep { $_ eq $anchor } @anchors);
    }

    is "@broken", '', "$file: each link leads somewhere";
}

cmp_ok scalar(split /\n/, slurp(tree() . '/README.md')), '<=', 150,
    'the README is short';

done_testing;
