package MDM::Test::Plist;

# Writes XML property lists from Perl data: a hash is a dictionary, an array an
# array, a reference to a string is data, true(), false(), integer(), real() and
# date() make the rest; anything else is a string.

use strict;
use warnings;

use Exporter 'import';
use MIME::Base64 ();

our @EXPORT_OK = qw(plist plist_value true false integer real date
    plist_string);

my $head = qq{<?xml version="1.0" encoding="UTF-8"?>\n}
    . q{<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" }
    . qq{"http://www.apple.com/DTDs/PropertyList-1.0.dtd">\n};


sub true  { return bless \(my $x = 'true'),  'MDM::Test::Plist::Word' }
sub false { return bless \(my $x = 'false'), 'MDM::Test::Plist::Word' }


sub integer {
    my ($number) = @_;

    return bless \$number, 'MDM::Test::Plist::Integer';
}


sub real { return bless [ real => $_[0] ], 'MDM::Test::Plist::Element' }
sub date { return bless [ date => $_[0] ], 'MDM::Test::Plist::Element' }


sub plist {
    my ($value) = @_;

    return $head . '<plist version="1.0">' . plist_value($value)
        . "</plist>\n";
}


sub plist_value {
    my ($value) = @_;

    my $type = ref $value;

    return '<' . $$value . '/>' if $type eq 'MDM::Test::Plist::Word';
    return "<integer>$$value</integer>"
        if $type eq 'MDM::Test::Plist::Integer';
    return "<$value->[0]>$value->[1]</$value->[0]>"
        if $type eq 'MDM::Test::Plist::Element';
    return '<data>' . MIME::Base64::encode_base64($$value, '') . '</data>'
        if $type eq 'SCALAR';
    return '<array>' . join('', map { plist_value($_) } @$value) . '</array>'
        if $type eq 'ARRAY';
    return dictionary($value) if $type eq 'HASH';

    return '<string>' . escape($value) . '</string>';
}


# Keys without a value are left out.

sub dictionary {
    my ($hash) = @_;

    return '<dict>' . join('', map {
        '<key>' . escape($_) . '</key>' . plist_value($hash->{$_})
    } grep { defined $hash->{$_} } sort keys %$hash) . '</dict>';
}


sub escape {
    my ($text) = @_;

    my %entity = ('&' => '&amp;', '<' => '&lt;', '>' => '&gt;');
    $text =~ s/([&<>])/$entity{$1}/g;

    return $text;
}


# The string (or data, decoded) behind a key anywhere in an answer.

sub plist_string {
    my ($xml, $key) = @_;

    return undef if $xml !~
        m{<key>\Q$key\E</key>\s*<(string|data|integer)>(.*?)</\1>}s;

    my ($type, $text) = ($1, $2);
    return MIME::Base64::decode_base64($text) if $type eq 'data';

    my %char = (amp => '&', lt => '<', gt => '>', quot => '"', apos => "'");
    $text =~ s/&(amp|lt|gt|quot|apos);/$char{$1}/g;

    return $text;
}

1;
