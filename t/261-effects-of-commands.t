# What reports of Apple's commands leave behind, as the vectors of the plugins say,
# by way of a device, nginx, PostgreSQL and the API.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use B ();
use JSON::PP ();
use MIME::Base64 qw(decode_base64);
use Test::More;
use MDM::Test;
use MDM::Test::Plist qw(true false integer real date);

my $pg     = MDM::Test::Postgres->start(migrate => 1);
my $ca     = MDM::Test::PKI->ca('Device CA');
my $token  = $pg->tenant('acme', host => 'localhost', device_ca => $ca);
my $nginx  = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
events { worker_connections 256; }
thread_pool mdm threads=2;
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;

    server {
        listen 127.0.0.1:%%PORT%%;
        location = /mdm { mdm connect; }
        location /v1/ { mdm api; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port);
my $api = $client->with(token => $token);
my $device = MDM::Test::Device->new(client => $client, sign => 1,
    certificate => $ca->device('device'), udid => 'DEVICE');
my $path = '/v1/enrollments/DEVICE';

is $device->enroll->{status}, 200, 'a device enrols';


# A value of a vector's report, as a device writes it.

sub written {
    my ($value) = @_;

    return [ map { written($_) } @$value ] if ref $value eq 'ARRAY';
    return $value ? true() : false() if JSON::PP::is_bool($value);

    if (ref $value eq 'HASH') {
        return \decode_base64($value->{'$data'}) if defined $value->{'$data'};
        return date($value->{'$date'}) if defined $value->{'$date'};
        return { map { $_ => written($value->{$_}) } keys %$value };
    }

    my $flags = B::svref_2object(\$value)->FLAGS;

    return $value if $flags & B::SVp_POK;
    return $flags & B::SVp_IOK ? integer($value) : real($value);
}


# What is there of the kinds of effects that a vector tells of, in its form.

sub found {
    my ($effect) = @_;

    if (exists $effect->{attribute}) {
        my $value = $api->api(GET => $path)->{json}{attributes}{ $effect->{attribute} };
        $value =~ s/\.000Z\z/Z/ if defined $value && !ref $value;
        return $value;
    }

    if (exists $effect->{secret}) {
        my $secret = $api->api(GET => "$path/secrets/$effect->{secret}")->{json};
        return decode_base64($secret->{value} // '');
    }

    if (exists $effect->{event}) {
        my ($event) = reverse grep { $_->{type} eq $effect->{event} }
            @{ $api->api(GET => '/v1/events?limit=500')->{json}{items} };
        return { map { $_ => $event->{data}{$_} } keys %{ $effect->{value} } };
    }

    my $items = $api->api(GET => "$path/inventory/$effect->{list}")->{json}{items};
    my ($item) = grep { $_->{key} eq ($effect->{key} // '') } @$items;

    return defined $effect->{key} ? $item->{value} : $items;
}


sub tried {
    my ($vector) = @_;

    my $uuid = $device->uuid;
    my %report = %{ $vector->{report} };
    my $status = delete $report{Status};

    $api->api(PUT => '/v1/enqueue/DEVICE', $device->command($vector->{type}, $uuid))
        ->{status} == 200 or die "$vector->{type} is not queued";
    $device->idle->{command_uuid} eq $uuid or die "$vector->{type} is not delivered";
    $device->report($uuid, $status, %{ written(\%report) })->{status} == 200
        or die "$vector->{type} is not answered";

    my @effects = @{ $vector->{effects} };
    my @found = map { found($_) } @effects;

    is_deeply \@found, [ map {
        exists $_->{list} && !defined $_->{key} ? [] : $_->{value}
    } @effects ], "$vector->{type}: $vector->{what}";
}


my @vectors = grep { @{ $_->{effects} // [] } }
    map { JSON::PP::decode_json(slurp($_)) } sort glob tree() . '/plugins/*/vectors/*.json';
cmp_ok scalar @vectors, '>=', 40, 'there are vectors of reports';

tried($_) for @vectors;

done_testing;
