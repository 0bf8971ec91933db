# Each answer that docs/openapi.json describes of profiles and of the certificate
# that they are signed with.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Calls;

my $signer = $ca->certificate('Signer');
my $chain = $signer->pem . $signer->key_pem;
my $signing = '/v1/signing-certificate';

sub profile {
    my ($name, %keys) = @_;

    return { PayloadType => 'Configuration', PayloadVersion => 1,
        PayloadIdentifier => "com.example.$name", PayloadUUID => "UUID-$name",
        PayloadContent => [ { PayloadType => 'com.example.payload', PayloadVersion => 1,
            PayloadIdentifier => "com.example.$name.1", PayloadUUID => "UUID-$name-1" } ],
        %keys };
}

calls(
    [ GET => '/v1/profiles', undef, 200 ],
    [ GET => $signing, undef, '404 no_signing_certificate' ],
    [ DELETE => $signing, undef, '404 no_signing_certificate' ],
);

my $one = profile('one', PayloadDisplayName => 'of %SerialNumber%');
my $id = try(POST => '/v1/profiles', $one, 201)->{json}{id};
my $path = "/v1/profiles/$id";

calls(
    [ POST => '/v1/profiles', $one, 200 ],
    [ POST => '/v1/profiles', profile('two'), 201 ],
    [ POST => '/v1/profiles?check=1', $one, 200 ],
    [ POST => '/v1/profiles', '{', '400 bad_json' ],
    [ POST => '/v1/profiles', 'neither', '422 invalid_profile' ],
    [ POST => '/v1/profiles', profile('one', PayloadVersion => 'x'), '422 invalid_profile' ],
    [ GET => '/v1/profiles', undef, 200 ],
    [ GET => '/v1/profiles?identifier=com.example.one', undef, 200 ],
    [ GET => '/v1/profiles?identifier=', undef, '400 bad_filter' ],
    pages('/v1/profiles'),

    [ GET => $path, undef, 200 ],
    [ GET => "$path?format=json", undef, 200 ],
    [ GET => "$path?format=xml", undef, '400 bad_format' ],
    (map { (
        [ $_ => '/v1/profiles/%FF', undef, '400 bad_profile_id' ],
        [ $_ => '/v1/profiles/x', undef, '404 unknown_profile' ],
    ) } qw(GET DELETE)),

    [ PUT => $signing, $chain, 200 ],
    [ PUT => $signing, $signer->pem, '422 bad_certificate' ],
    [ GET => $signing, undef, 200 ],
    [ GET => "$path?format=mobileconfig", undef, 200 ],
);

# As a .mobileconfig, signed by the tenant; and once more in its own right.

my $two = (grep { $_->{identifier} eq 'com.example.two' }
    @{ try(GET => '/v1/profiles', undef, 200)->{json}{items} })[0]{id};
my $signed = try(GET => "/v1/profiles/$two?format=mobileconfig", undef, 200)->{body};

calls(
    [ POST => '/v1/profiles', $signed, 201 ],
    [ POST => '/v1/profiles?check=1', $signed, 200 ],
    sub { try(GET => "/v1/profiles/$_->{id}", undef, 200)
        for @{ try(GET => '/v1/profiles', undef, 200)->{json}{items} } },

    sub { $pg->psql("UPDATE mdm.signing_certificate SET certificates = 'x'") },
    [ GET => "/v1/profiles/$two?format=mobileconfig", undef, '503 cannot_sign' ],
    [ DELETE => $signing, undef, 200 ],
    [ DELETE => "/v1/profiles/$two", undef, 200 ],
    sub { alter(qw(profile content)) },
    [ GET => $path, undef, '503 cannot_open' ],
    [ PUT => $signing, $chain, 200 ],
);

finish('profiles', profile_id => $id);
