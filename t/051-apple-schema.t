# What a server with all plugins says of commands and payloads against what Apple
# publishes: every fact of every key, both ways.  What is different on purpose
# stands in MDM::Test::AppleMeant, and what our tables have no place for in
# %aside below, each with its reason.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use MDM::Test;
use MDM::Test::AppleMeant;
use MDM::Test::AppleSchema;
use MDM::Test::Plugin;
use MDM::Test::SchemaFacts;
use MDM::Test::SchemaPlant;

# Beside the checkout, or where it is said to be.

my $directory = $ENV{MDM_TEST_APPLE_SCHEMA}
    // tree() . '/../shared/apple-schema';

plan skip_all => "no mdm/commands in $directory: MDM_TEST_APPLE_SCHEMA names "
    . "a copy of Apple's schema"
    if !-d "$directory/mdm/commands";

needs('the module and the plugins',
    -e build('ngx_mdm_module.so') && glob build('plugins/*.so'));

my %aside = (
    'title' => 'ours are our own words',
    'description' => 'sentences for readers of Apple\'s documents',
    'content' => 'sentences for readers, too; rules in them are for validate()',
    'notes' => 'the same',
    'subkeytype' => 'a name that only documents have for a table',
    'subtype' => 'a string that is a URL or the name of a host: no form is '
        . 'defined, so there is no pattern for it',
    'item' => 'the name of what an array holds, which no device sees',
    'kind' => 'the same of several kinds; here it is compared',
    'presence' => 'of an item: an array that is there may be empty',
    'itself' => 'a table that holds itself: compared as deep as ours goes',
    'accessrights: Special Case' => 'the rights are those of its keys',
    'accessrights: n/a' => 'none is needed',
    'introduced: all' => 'of a key: it is as old as what is around it',
);


# --- what the two say ---

sub served {
    my ($plugins) = @_;

    my $pg = our $cluster //= MDM::Test::Postgres->start(migrate => 1);
    our $token //= $pg->tenant('acme', host => 'localhost',
        device_ca => MDM::Test::PKI->ca('Device CA'));

    my $nginx = MDM::Test::Nginx->start(pg => $pg, vars => { THESE => $plugins },
        conf => <<'CONF');
load_module %%MODULE%%;
thread_pool mdm threads=2;
events { worker_connections 64; }
http {
    access_log off;
    client_body_temp_path %%DIR%%/body;
    mdm_plugin %%THESE%%;
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    server {
        listen 127.0.0.1:%%PORT%%;
        mdm_tenant acme;
        location /v1/ { mdm api; }
    }
}
CONF
    my $client = MDM::Test::Client->new(port => $nginx->port);
    my $all = $client->api(GET => '/v1/schema', undef, Authorization => "Bearer $token");

    return ($all->{json}{common}, map {
        @{ $client->api(GET => "/v1/schema/$_", undef,
            Authorization => "Bearer $token")->{json}{items} }
    } do { my %names = map { $_->{name} => 1 } @{ $all->{json}{items} }; sort keys %names });
}


my %counted;
my @all = compare_schema($directory, \%counted, served(build('plugins/*.so')));

my @files = grep { $_->{apple} && $_->{name} !~ /\A(?:TopLevel|CommonPayloadKeys)\z/ } @all;
my @payloads = map { $_->{name} } grep { $_->{what} =~ /\Apayload / } @files;
my %types = map { $_ => 1 } @payloads;

is scalar(grep { $_->{what} =~ /\Acommand / } @files), 66, 'Apple has 66 commands';
is scalar @payloads, 126, '... and tells of payloads in 126 files';
is scalar keys %types, 120, '... which are of 120 types';


# --- compared ---

sub told {
    return map { "$_->[0]: $_->[1]: Apple's is \"$_->[2]\", ours \"$_->[3]\"\n" } @_;
}


my %sum = (types => 0, keys => 0, facts => 0, wrong => 0, meant => 0, spared => 0);

for my $one (@all) {
    my $whole = $one->{apple} && $one->{ours};

    ok $whole && !@{ $one->{wrong} }, $whole ? "$one->{what} is as Apple has it, but for "
        . 'what is meant' : $one->{apple} ? "$one->{what} is described: $one->{apple}{file}"
        : "$one->{what} is Apple's"
        or diag told(@{ $one->{wrong} });

    $sum{types}++;
    $sum{$_} += $one->{$_} for qw(keys facts);
    $sum{wrong} += $whole ? @{ $one->{wrong} } : 1;
    $sum{$_} += @{ $one->{$_} } for qw(meant spared);
}

is join(', ', unused()), '', 'nothing is meant to differ that does not';
is join(', ', grep { !$aside{$_} } sort keys %counted), '',
    'nothing of Apple\'s is left aside without a reason';

diag "$sum{types} tables (types, variants, and what all have), $sum{keys} keys, "
    . "$sum{facts} facts compared, $sum{wrong} differences beyond the $sum{meant} that "
    . "are meant; $sum{spared} keys of borrowed tables are not there";
diag 'left aside: ', join ', ', map { $_ . ' ' . ($counted{$_} // 0) } sort keys %aside;


# --- planted errors are found ---

# Of each kind, in several types, on either side.

my $each = 4;
my (%planted, @missed);


sub tried {
    my ($side, $one, $known, $plant) = @_;

    my @rows = @{ $one->{rows} };

    $plant->{change}->();
    $rows[$side eq 'ours'] = $side eq 'ours' ? our_rows($one->{ours})
        : apple_rows($one->{apple}{document}, {}, $rows[1]);
    my (undef, @now) = differences(@rows);
    $plant->{undo}->();

    my @new = grep { !$known->{"$_->[0]: $_->[1]"} } @now;
    my $exact = $plant->{fact} eq 'key'
        ? @new == 2 && !grep { $_->[1] ne 'key' } @new
        : @new == 1 && $new[0][0] eq $plant->{path} && $new[0][1] eq $plant->{fact};

    push @missed, "$one->{what}: $side: $plant->{kind} at $plant->{path}: ", told(@new), "\n"
        if !$exact;

    return;
}


for my $one (sort { reverse($a->{what}) cmp reverse($b->{what}) } grep { $_->{rows} } @all) {
    my %known = map { ("$_->[0]: $_->[1]" => 1) } map { @{ $one->{$_} } }
        qw(wrong meant spared);
    my @rows = @{ $one->{rows} };
    my %here;

    for my $side (qw(apple ours)) {
        for my $plant (plants($side, $rows[$side eq 'ours'])) {
            my $kind = "$side $plant->{kind}";

            next if ($planted{$kind} // 0) >= $each || $here{$kind}++
                || $known{"$plant->{path}: $plant->{fact}"}
                || grep { !$_->{$plant->{path}} } @rows;

            $planted{$kind}++;
            tried($side, $one, \%known, $plant);
        }
    }
}

is join('', @missed), '', 'each planted error is found, and nothing else';

for my $side (qw(apple ours)) {
    my @none = grep { !$planted{"$side = $_"} && !$planted{"$side + $_"} }
        schema_facts(), $side eq 'apple' ? 'combine' : ();
    is "@none", '', "... of each kind of fact, in what $side says";
}

my $number = 0;
$number += $_ for values %planted;
diag "$number errors planted, of " . keys(%planted) . ' kinds';


# --- a plugin that is wrong ---

# A real one, in whose text facts were changed.

my %false = (
    '"8.0"' => '"9.0"',
    'MDM_CHANGE_APPS' => 'MDM_ERASE',
    '.user_enrollment = MDM_ALLOWED' => '.user_enrollment = MDM_FORBIDDEN',
    '"MediaType", MDM_STRING, MDM_NEEDED' => '"MediaType", MDM_STRING, 0',
    '"Book"' => '"Book", "Film"',
    '{ "iTunesStoreID", MDM_STRING }' => '{ "iTunesStoreID", MDM_INTEGER }',
    '{ "PersistentID", MDM_STRING }' => '{ "PersistentId", MDM_STRING }',
);
my $text = slurp(tree() . '/plugins/media/RemoveMedia.c');

$text =~ s/\Q$_\E/$false{$_}/ or die "$_ is not in it\n" for sort keys %false;
$text =~ s{#include "}{'#include "' . tree() . '/plugins/media/'}e;

my $source = spew(test_dir() . '/wrong.c', $text . <<'C');


static const mdm_plugin_t  plugin = {
    MDM_PLUGIN, .name = "wrong", .version = "1",
    .types = MDM_TYPES(&remove_media)
};

const mdm_plugin_t *
ngx_mdm_plugin(void)
{
    return &plugin;
}
C

(undef, my $false) = served(MDM::Test::Plugin->build(test_dir() . '/wrong.so',
    source => $source));
my ($true) = grep { $_->{what} eq 'command RemoveMedia' } @all;
my (undef, @differ) = differences($true->{rows}[0], our_rows($false));

is_deeply [ sort map { "$_->[0] $_->[1]" } @differ ], [ sort
    'MediaType one_of', 'MediaType required', 'PersistentID key', 'PersistentId key',
    ' iOS access_rights', ' iOS introduced', ' iOS user_enrollment',
    'iTunesStoreID type',
], 'a plugin that is wrong in eight ways is told so, by the server that loaded it'
    or diag told(@differ);

done_testing;
