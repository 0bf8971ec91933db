# Each answer that docs/openapi.json describes of lists that devices tell.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Calls;

my ($iphone, $ipad) = map { enrolled($_) } qw(iphone ipad);
my $lists = '/v1/enrollments/UDID-iphone/inventory';

sub apps {
    my ($device, $uuid, @names) = @_;

    $device->idle->{command_uuid} eq $uuid or die "$uuid is not delivered";
    $device->report($uuid, 'Acknowledged', InstalledApplicationList => [
        map { { Identifier => "com.example.$_", Version => '1.0' } } @names
    ])->{status} == 200 or die "the report on $uuid is refused";
}

sub answer {
    apps($iphone, 'first', qw(one two gone));
    apps($iphone, 'second', qw(one two));
    apps($ipad, 'other', 'one');
    $iphone->idle->{command_uuid} eq 'certificates' or die 'the certificates are not asked';
    $iphone->report('certificates', 'Acknowledged', CertificateList => []);
}

calls(
    [ GET => $lists, undef, 200 ],
    (map { [ PUT => "/v1/enqueue/UDID-$_->[0]",
        $iphone->command($_->[2] // 'InstalledApplicationList', $_->[1]), 200 ] }
        [qw(iphone first)], [qw(iphone second)], [qw(ipad other)],
        [qw(iphone certificates CertificateList)]),
    \&answer,

    [ GET => $lists, undef, 200 ],
    pages($lists),
    names(GET => '/v1/enrollments/%s/inventory'),

    [ GET => "$lists/applications", undef, 200 ],
    [ GET => "$lists/applications?gone=true", undef, 200 ],
    pages("$lists/applications"),
    [ GET => "$lists/applications?gone=1", undef, '400 bad_filter' ],
    [ GET => "$lists/nothing", undef, 200 ],
    [ GET => "$lists/%20", undef, '404 unknown_list' ],
    names(GET => '/v1/enrollments/%s/inventory/applications'),

    [ GET => '/v1/inventory/applications', undef, 200 ],
    pages('/v1/inventory/applications'),
    (map { [ GET => "/v1/inventory/applications?item=$_", undef, 200 ] }
        'com.example.one', 'com.*', 'nothing'),
    [ GET => '/v1/inventory/applications?item=', undef, '400 bad_filter' ],
    [ GET => '/v1/inventory/4', undef, '404 unknown_list' ],
);

sub found { return try(GET => $_[0], undef, 200)->{json}{items} }

is_deeply [ map { "$_->{list} $_->{count}" } @{ found($lists) } ],
    [ 'applications 2', 'certificates 0' ], 'the lists of one, and how long they are';
is_deeply [ map { $_->{key} } @{ found("$lists/applications") } ],
    [qw(com.example.one com.example.two)], 'what is there';
my ($gone) = grep { $_->{gone_at} } @{ found("$lists/applications?gone=true") };
is $gone->{key}, 'com.example.gone', '... and what was';
is_deeply [ map { $_->{enrollment} } @{ found('/v1/inventory/applications?item=com.example.one') } ],
    [qw(UDID-iphone UDID-ipad)], 'who has an app';
is scalar @{ found('/v1/inventory/applications?item=com.example.*') }, 3, 'by a prefix';
is_deeply found('/v1/inventory/applications?item=com.example.gone'), [],
    'not who had it';

finish('inventory', id => 'UDID-iphone', list => 'applications');
