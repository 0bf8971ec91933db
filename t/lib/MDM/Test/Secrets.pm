package MDM::Test::Secrets;

# Secrets that a test plants, and the search for them, whatever they were made
# into on the way: hexadecimal as bytea shows it, Base64 at any place of a longer
# text, UTF-16, escapes of URLs, JSON and XML.
#
#     my $secrets = MDM::Test::Secrets->new;
#     my $pin = $secrets->plant('pin');                # text
#     $secrets->add('key', $bytes);                    # bytes that are known
#     my %found = $secrets->search(@files_and_directories);
#     # (pin => 'hex', key => 'Base64')

use strict;
use warnings;

use MIME::Base64 ();

use MDM::Test ();

my @letters = ('a' .. 'k', 'm' .. 'z', 2 .. 9);


sub new { return bless { form => {}, name => {} }, $_[0] }


# Letters and digits at random: no escape changes them but one of all characters.

sub plant {
    my ($self, $name, $length) = @_;

    my $secret = join '', map { $letters[rand @letters] } 1 .. $length // 24;
    $self->add($name, $secret);

    return $secret;
}


sub names { return sort keys %{ $_[0]{name} } }


# What a text or some bytes may look like.

sub add {
    my ($self, $name, $secret) = @_;

    my $hex = unpack 'H*', $secret;
    my @forms = (
        [ 'as it is',          $secret ],
        [ 'backwards',         scalar reverse $secret ],
        [ 'hexadecimal',       $hex ],
        [ 'hexadecimal',       uc $hex ],
        [ 'UTF-16',            pack 'v*', unpack 'C*', $secret ],
        [ 'UTF-16',            pack 'n*', unpack 'C*', $secret ],
        [ 'percent-encoded',   $hex =~ s/(..)/%$1/gr ],
        [ 'percent-encoded',   uc($hex) =~ s/(..)/%$1/gr ],
        [ 'escaped for JSON',  $hex =~ s/(..)/\\u00$1/gr ],
        [ 'escaped for XML',   $hex =~ s/(..)/&#x$1;/gr ],
        (map { [ 'Base64', inner($_, $secret) ] } 0 .. 2),
        (map { [ 'Base64 in hexadecimal', unpack 'H*', inner($_, $secret) ] } 0 .. 2),
    );

    $self->{name}{$name} = 1;

    # A line is a pattern; what has a line's end is found by its other forms.
    $self->{form}{ $_->[1] } = [ $name, $_->[0] ] for grep { $_->[1] !~ /\n/ } @forms;
}


# The part of Base64 that does not depend on what stands before and behind.

sub inner {
    my ($before, $secret) = @_;

    my $text = MIME::Base64::encode_base64("\0" x $before . $secret, '');
    my $first = $before == 0 ? 0 : 4;
    my $last = int(($before + length $secret) / 3) * 4;

    return substr $text, $first, $last - $first;
}


# Which secrets are in the files, and how the first of each looks.

sub search {
    my ($self, @files) = @_;

    my $patterns = MDM::Test::spew(MDM::Test::test_dir() . '/patterns',
        join '', map { "$_\n" } sort keys %{ $self->{form} });
    my ($exit, $text) = MDM::Test::run_command('env', 'LC_ALL=C', 'grep', '-r', '-a', '-o',
        '-h', '-F', '-f', $patterns, '--', @files);
    die "grep: exit $exit\n$text" if $exit > 1;

    return $self->told($text);
}


# The same in a text.

sub search_text {
    my ($self, $text) = @_;

    return $self->search(MDM::Test::spew(MDM::Test::test_dir() . '/searched', $text));
}


sub told {
    my ($self, $lines) = @_;

    my %found;

    for my $line (split /\n/, $lines) {
        my $form = $self->{form}{$line} // die "grep found what nobody sought\n";
        $found{ $form->[0] } //= $form->[1];
    }

    return %found;
}

1;
