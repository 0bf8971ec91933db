package MDM::Test::Routes;

# Every route of the module as a good request of it, for tests that try something
# on all of them: check-ins and reports at /mdm, in files at /file, metrics, and
# each operation of the API in its own table.
#
#     my @routes = routes(device => $device, token => $token);
#
# A route has: name, method, path, headers (name, value, …), body (or undef), kind
# (connect, metrics, stream, api, or raw: an operation that takes a body), allow
# (the methods of its path), full (false: one of many operations that are alike).

use strict;
use warnings;

use Exporter 'import';
use JSON::PP ();

use MDM::Test ();
use MDM::Test::API qw(operations good_call);
use MDM::Test::Plist qw(plist);

our @EXPORT_OK = qw(routes connect_route $checkin $report $smuggled);

our $checkin = 'application/x-apple-aspen-mdm-checkin';
our $report = 'application/x-apple-aspen-mdm';

# What would leave its line in the access log, were it taken for a request.

our $smuggled = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";

my %full = map { $_ => 1 } 'PUT /v1/enqueue/*', 'POST /v1/commands', 'GET /v1/enrollments',
    'GET /v1/events/stream', 'GET /version';
my %signature;


sub routes {
    my (%o) = @_;

    my $device = $o{device};
    my $tokens = plist({ MessageType => 'DeclarativeManagement', Endpoint => 'tokens',
        %{ $device->{id} } });
    my $idle = plist({ Status => 'Idle', %{ $device->{id} } });
    my @operations = operations();

    return (
        connect_route($device, 'a check-in', '/mdm', $checkin, $tokens),
        connect_route($device, 'a report', '/mdm', $report, $idle),
        connect_route($device, 'a check-in in a file', '/file', $checkin, $tokens),
        { name => 'metrics', method => 'GET', path => '/metrics', headers => [],
            kind => 'metrics', allow => { GET => 1, HEAD => 1 }, full => 1 },
        map { operation_route($_, $o{token}, @operations) } @operations,
    );
}


sub connect_route {
    my ($device, $name, $path, $type, $body) = @_;

    $signature{$body} //= $device->{certificate}->sign($body);

    return { name => $name, method => 'PUT', path => $path, kind => 'connect',
        headers => [ 'content-type' => $type, 'mdm-signature' => $signature{$body} ],
        body => $body, allow => { PUT => 1 }, full => 1 };
}


sub operation_route {
    my ($operation, $token, @operations) = @_;

    my ($method, $path, $body) = good_call($operation);
    my %allow = map { $_->{method} => 1 }
        grep { $_->{pattern} eq $operation->{pattern} } @operations;

    return { name => $operation->{name}, method => $method, path => $path,
        headers => [ authorization => "Bearer $token" ], allow => \%allow,
        body => ref $body ? JSON::PP->new->canonical->encode($body) : $body,
        kind => $path =~ /stream/ ? 'stream' : defined $body ? 'raw' : 'api',
        full => $full{ $operation->{name} } };
}

1;
