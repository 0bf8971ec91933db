# docs/catalogue has a page for each type, made of what the plugins describe now,
# and no page of what is gone.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use Encode ();
use JSON::PP ();

use MDM::Test;

needs('the plugins', -e build('mdm-plugin-test') && glob build('plugins/*.so'));

my $dir = test_dir() . '/catalogue';
my $docs = tree() . '/docs/catalogue';


sub make {
    return run_command(tree() . '/bin/mdm-catalogue', build('mdm-plugin-test'),
        build('plugins'), @_);
}


sub pages {
    my ($directory) = @_;

    return { map { s{.*/}{}r => slurp($_) } glob "$directory/*" };
}


my ($exit, $text) = make($dir);
is $exit, 0, 'the catalogue is made' or diag $text;

my $made = pages($dir);
my $kept = pages($docs);
my @old = grep { !defined $kept->{$_} || $made->{$_} ne $kept->{$_} } sort keys %$made;

is join(' ', @old), '', 'docs/catalogue is current: else "make catalogue"';
is join(' ', grep { !$made->{$_} } sort keys %$kept), '', '... and nothing is left over';


# --- what is in a page ---

sub paths {
    my ($before, @keys) = @_;

    return map {
        my $path = $before . ($_->{key} // '');
        my $items = @{ $_->{items} // [] };

        ($path =~ s/.*[.\]]//sr,
            paths("$path.", @{ $_->{keys} // [] }),
            paths("$path\[]", map { { %$_, key => '' } } $items == 1 ? @{ $_->{items} } : ()));
    } @keys;
}

my ($types, @unsaid) = (0);

for my $plugin (glob build('plugins/*.so')) {
    (undef, $text) = run_command(build('mdm-plugin-test'), '--describe', $plugin);

    for my $type (@{ JSON::PP->new->utf8->decode($text) }) {
        my $file = join('-', $type->{name} =~ s/\A\.//r, $type->{variant} // ()) . '.md';
        my $page = Encode::decode_utf8($made->{$file} // '');

        $types++;
        push @unsaid, "$file: $_" for grep { $page !~ /^\| `[^`]*\Q$_\E`/m }
            grep { $_ ne '' } paths('', @{ $type->{keys} // [] }, @{ $type->{answer} // [] });
        push @unsaid, "$file: $_" for grep { $page !~ /^\|  \|.* \Q$_\E \|/m }
            keys %{ $type->{systems} };
    }
}

is join("\n", @unsaid), '', 'each page has all keys of its type, and all systems';
is scalar keys %$made, $types + 2, '... and there is one for each, and two more';

my @links = map { /\]\(([^)]+\.md)\)/g } values %$made;
cmp_ok scalar @links, '>', $types, 'the index names them';
is join(' ', grep { !$made->{$_} } @links), '', '... and no others';

sub is_uneven {
    my ($page) = @_;

    for my $table ($page =~ /((?:^\|.*\n)+)/mg) {
        my %bars = map { scalar(() = /(?<!\\)\|/g) => 1 } split /\n/, $table;
        return 1 if keys %bars > 1;
    }

    return 0;
}

is join(' ', grep { is_uneven($made->{$_}) } sort keys %$made), '',
    'the rows of each table have as many cells';


# --- the program ---

spew("$dir/Gone.md", "old\n");
make($dir);
ok !-e "$dir/Gone.md", 'a page that is left over goes';

($exit, $text) = run_command(tree() . '/bin/mdm-catalogue', build('mdm-plugin-test'),
    test_dir(), $dir);
isnt $exit, 0, 'without plugins there is no catalogue';
like $text, qr/has no plugins/, '... which is said';
is_deeply pages($dir), $made, '... and nothing is touched';

done_testing;
