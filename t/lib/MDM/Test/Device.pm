package MDM::Test::Device;

# One device, or one user of it, that says exactly what a test wants.
#
#     my $device = MDM::Test::Device->new(client => $client,
#         certificate => $ca->device('iphone'), sign => 1);
#     $device->enroll;                      # Authenticate, TokenUpdate
#     my $answer = $device->idle;                      # the client's answer,
#     $answer->{command_uuid}, $answer->{request_type} # and what it brought
#     $device->report($uuid, 'Acknowledged', QueryResponses => {...});
#
#     $device->begin('idle');                # several at once: send, and
#     my $later = $device->finish;           # take the answer later
#
#     my $user = $device->user('501-ANNA', 'anna', 'Anna Example');
#     my $pupil = $device->shared_user('pupil@example.com');
#
# sign => 1 sends Mdm-Signature, otherwise the client's TLS certificate speaks.

use strict;
use warnings;

use MDM::Test ();
use MDM::Test::Plist qw(plist plist_string true false integer);

my $serial = 0;

my $checkin_type = 'application/x-apple-aspen-mdm-checkin';
my $report_type = 'application/x-apple-aspen-mdm';
my $all_f = 'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF';


# Options: client; certificate; sign; path ('/mdm'); udid or enrollment_id;
# topic; facts (what Authenticate tells); headers (sent always).

sub new {
    my ($class, %option) = @_;

    my $number = sprintf '%06d%04d', $$, ++$serial;

    my $self = bless {
        path   => '/mdm',
        topic  => 'com.apple.mgmt.External.'
            . '11111111-2222-4333-8444-555555555555',
        magic  => "MAGIC-$number",
        token  => pack('N8', $$, $serial, 1 .. 6),
        header => $option{headers} // {},
        %option,
    }, $class;

    $self->{id} = $option{enrollment_id}
        ? { EnrollmentID => $option{enrollment_id} }
        : { UDID => $option{udid} // "00008101-$number" };

    $self->{facts} //= $option{enrollment_id} ? {} : {
        SerialNumber => "SN$number",
        OSVersion    => '17.5',
        BuildVersion => '21F79',
        ProductName  => 'iPhone15,2',
    };

    return $self;
}


# What the API calls this device or user (the user part is never encoded here:
# tests choose names without special characters, but for '@').

sub enrollment {
    my ($self) = @_;

    my $id = $self->{id};
    my $user = $id->{EnrollmentUserID} // $id->{UserID};
    $user = $id->{UserShortName} if defined $user && $user eq $all_f;

    return join ':', grep { defined } $self->device_id, $user;
}


sub device_id { return $_[0]{id}{UDID} // $_[0]{id}{EnrollmentID} }


# Channels of users: the same connection and certificate, other names.

sub channel {
    my ($self, %id) = @_;

    return bless {
        %$self,
        id    => { %{ $self->{id} }, %id },
        magic => $self->{magic} . '-' . ++$serial,
        token => pack('N8', $$, $serial, 1 .. 6),
    }, ref $self;
}


sub user {
    my ($self, $id, $short, $long) = @_;

    return $self->channel(
        (exists $self->{id}{EnrollmentID} ? 'EnrollmentUserID' : 'UserID')
            => $id,
        UserShortName => $short,
        UserLongName  => $long,
    );
}


sub shared_user {
    my ($self, $short, $long) = @_;

    return $self->channel(UserID => $all_f, UserShortName => $short,
        UserLongName => $long);
}


# The same device with another certificate, as after a renewal or on a clone.

sub with {
    my ($self, %option) = @_;

    return bless { %$self, %option }, ref $self;
}


sub checkin {
    my ($self, $type, %keys) = @_;

    return $self->send($checkin_type,
        { MessageType => $type, %{ $self->{id} }, %keys });
}


sub authenticate {
    my ($self, %keys) = @_;

    return $self->checkin('Authenticate', Topic => $self->{topic},
        %{ $self->{facts} }, %keys);
}


sub token_update {
    my ($self, %keys) = @_;

    return $self->checkin('TokenUpdate', Topic => $self->{topic},
        Token => \$self->{token}, PushMagic => $self->{magic}, %keys);
}


sub check_out {
    my ($self, %keys) = @_;

    return $self->checkin('CheckOut', Topic => $self->{topic}, %keys);
}


# Authenticate and TokenUpdate; a user's channel has only the latter.

sub enroll {
    my ($self, %keys) = @_;

    if (!grep { $self->{id}{$_} } qw(UserID EnrollmentUserID)) {
        my $answer = $self->authenticate;
        return $answer if $answer->{status} != 200;
    }

    return $self->token_update(%keys);
}


sub idle {
    my ($self, %keys) = @_;

    return $self->send($report_type,
        { Status => 'Idle', %{ $self->{id} }, %keys });
}


sub report {
    my ($self, $uuid, $status, %keys) = @_;

    return $self->send($report_type, { Status => $status,
        CommandUUID => $uuid, %{ $self->{id} }, %keys });
}


sub report_error {
    my ($self, $uuid, $domain, $code, %keys) = @_;

    return $self->report($uuid, 'Error', ErrorChain => [{
        ErrorDomain => $domain // 'MCMDMErrorDomain',
        ErrorCode   => integer($code // 12021),
        LocalizedDescription => 'It does not work',
        USEnglishDescription => 'It does not work',
    }], %keys);
}


# Sends a message, given as Perl data or as bytes.

sub send {
    my ($self, $type, $message, %header) = @_;

    my $body = ref $message ? plist($message) : $message;

    $header{'Mdm-Signature'} //= $self->{certificate}->sign($body)
        if $self->{sign};

    %header = ('Content-Type' => $type, %{ $self->{header} }, %header);

    my $client = $self->{client};

    if ($self->{later}) {
        $client->write($client->request_text(PUT => $self->{path}, $body,
            %header));
        return;
    }

    return brought($client->request(PUT => $self->{path}, $body, %header));
}


# Any of the messages above, sent without waiting for its answer, and that
# answer. Devices that do so at the same time need clients of their own.

sub begin {
    my ($self, $message, @arguments) = @_;

    local $self->{later} = 1;
    $self->$message(@arguments);

    return $self;
}


sub finish {
    my ($self) = @_;

    return brought($self->{client}->read_answer('PUT')
        // { status => 0, headers => {}, body => '' });
}


sub brought {
    my ($answer) = @_;

    $answer->{command_uuid} = plist_string($answer->{body}, 'CommandUUID');
    $answer->{request_type} = plist_string($answer->{body}, 'RequestType');

    return $answer;
}


# A command's envelope, as a client of the API writes it.

sub command {
    my ($class, $type, $uuid, %keys) = @_;

    return plist({
        CommandUUID => $uuid // $class->uuid,
        Command     => { RequestType => $type, %keys },
    });
}


sub uuid {
    return sprintf '%08X-%04X-4%03X-8%03X-%04X%08X', map { int rand $_ }
        2**32, 2**16, 2**12, 2**12, 2**16, 2**32;
}


# A profile of one payload, and the command that installs it.

sub profile {
    my ($class, $identifier, %keys) = @_;

    return plist({
        PayloadType        => 'Configuration',
        PayloadVersion     => integer(1),
        PayloadIdentifier  => $identifier,
        PayloadUUID        => $class->uuid,
        PayloadDisplayName => "Profile $identifier",
        PayloadContent     => [{
            PayloadType       => 'com.apple.mobiledevice.passwordpolicy',
            PayloadVersion    => integer(1),
            PayloadIdentifier => "$identifier.payload",
            PayloadUUID       => $class->uuid,
            forcePIN          => true(),
            minLength         => integer(6),
            %keys,
        }],
    });
}


sub install_profile {
    my ($class, $identifier, $uuid, %keys) = @_;

    my $profile = $class->profile($identifier, %keys);

    return $class->command('InstallProfile', $uuid, Payload => \$profile);
}

1;
