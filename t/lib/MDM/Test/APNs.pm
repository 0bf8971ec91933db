package MDM::Test::APNs;

# Apple's push service as tests have it: an nginx of its own (without our
# module) with TLS, HTTP/2 and client certificates, that checks each push,
# answers by the token, and writes down what it got.
#
#     my $apns  = MDM::Test::APNs->start;
#     my $nginx = MDM::Test::Nginx->start(pg => $pg,
#         vars => { APNS => $apns->directive }, conf => <<'CONF');
#         ... mdm_apns %%APNS%%; ...
#     CONF
#     my $acme  = $apns->tenant($pg, 'acme', devices => 1000);
#     $acme->certify($nginx->port);             # PUT /v1/pushcert
#     $acme->queue(1 .. 1000);                  # a command for each
#     $apns->rules($acme->token(7) => '410 Unregistered 1767225600123');
#     my @got = $apns->log;
#
# A rule's key is a token in hexadecimal, the beginning of tokens with "*", a
# topic, or "default"; the first that fits in this order counts. Its value:
#
#     200                                   accepted
#     400 BadDeviceToken                    refused; without a reason: the usual one
#     410 Unregistered 1767225600123        and the time of it
#     503 ServiceUnavailable after=20       with Retry-After
#     slow 2                                accepted after 2 s; slow 2 429 ...
#     never                                 no answer at all
#
# rules() replaces all rules by a reload: idle connections end with GOAWAY, busy
# ones are cut after two seconds. What is wrong in a push is answered as Apple
# does, with the reason; a wrong client certificate with 403.
#
# A line of log() has: time, token, topic, apns_id, priority, expiration, status,
# reason, took, subject and serial of the certificate, connection, host, sni (the
# name that TLS asked for), body.
#
# Options of start: rules; streams (at once on one connection, 128); requests (on
# one connection, then GOAWAY); plain => 1 (accepts everything of everybody unseen,
# as fast as it can, and writes less); ca (of push certificates), tls_ca, server (its
# certificate); address (127.0.0.1); workers (1).

use strict;
use warnings;

use IO::Socket::INET ();

use MDM::Test ();
use MDM::Test::APNs::Tenant ();

our @ISA = ('MDM::Test::Nginx');

my %usual = (
    200 => '-',
    400 => 'BadDeviceToken',
    403 => 'BadCertificate',
    404 => 'BadPath',
    405 => 'MethodNotAllowed',
    410 => 'Unregistered',
    413 => 'PayloadTooLarge',
    429 => 'TooManyRequests',
    500 => 'InternalServerError',
    503 => 'ServiceUnavailable',
);

my @columns = qw(time token topic apns_id priority expiration status reason took
    subject serial connection host sni body);

my $columns = join '\t', qw($msec $token $http_apns_topic $http_apns_id
    $http_apns_priority $http_apns_expiration $status $reason $request_time
    $ssl_client_s_dn $ssl_client_serial $connection $host
    $ssl_server_name $request_body);

# What a push must be: variable, pattern, answer; in this order.

my $twice = '(?:[0-9a-f]{2})';

my @must = (
    [ '$request_method',       '^POST$',                  '405 MethodNotAllowed' ],
    [ '$request_uri',          "^/3/device/$twice\{1,100}\$", '404 BadPath' ],
    [ '$http_apns_topic',      '.',                       '400 MissingTopic' ],
    [ '$topic_and_subject',    '^([^|]+)\|(?:.*,)?UID=\1(?:,|$)', '400 TopicDisallowed' ],
    [ '$http_apns_push_type',  '^mdm$',                   '400 InvalidPushType' ],
    [ '$http_apns_priority',   '^10$',                    '400 BadPriority' ],
    [ '$http_apns_expiration', '^[0-9]{10}$',             '400 BadExpirationDate' ],
    [ '$http_apns_id', "^$twice\{4}(?:-$twice\{2}){3}-$twice\{6}\$", '400 BadMessageId' ],
    [ '$content_type',         '^application/json$',      '400 PayloadEmpty' ],
    [ '$request_body', '^\{"mdm":"(?:[^"\\\\]|\\\\.)+"\}\z', '400 PayloadEmpty' ],
);


sub start {
    my ($class, %option) = @_;

    my $self = $class->prepare(conf => '-');

    $self->{option} = { streams => 128, requests => 1_000_000_000, workers => 1,
        address => '127.0.0.1', rules => {}, %option };
    $self->{ca} = $option{ca} // MDM::Test::PKI->ca('Push CA');
    $self->{tls_ca} = $option{tls_ca} // MDM::Test::PKI->ca('Push Server CA');
    $self->{server} = $option{server} // $self->{tls_ca}->server;

    # takes connections, and never says anything
    $self->{mute} = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 4096)
        or die "listen: $@\n";

    mkdir "$self->{dir}/none" or die "mkdir: $!";
    $self->{conf} = $self->text;

    for my $try (1 .. 10) {
        return $self if $self->launch;
        $self->choose_ports;
    }

    die "the fake of APNs finds no free port:\n", $self->error_log;
}


# Sanitizers are not for it.

sub environment { return }


sub answers {
    my ($self) = @_;

    return defined IO::Socket::INET->new(Timeout => 5,
        PeerAddr => "$self->{option}{address}:" . $self->tls_port);
}


# After the word mdm_apns; other arguments may follow.

sub directive {
    my ($self, $host) = @_;

    return ($host // $self->{option}{address}) . ':' . $self->tls_port
        . " trusted_certificate=$self->{tls_ca}{cert}";
}


sub ca     { return $_[0]{ca} }
sub tls_ca { return $_[0]{tls_ca} }


sub rules {
    my ($self, %rules) = @_;

    $self->{option}{rules} = \%rules;
    $self->reload($self->text);
}


# Other options of start(), from now on.

sub become {
    my ($self, %option) = @_;

    $self->{option} = { %{ $self->{option} }, %option };
    $self->{$_} = $option{$_} // $self->{$_} for qw(ca server);
    $self->reload($self->text);
}


sub log_file { return "$_[0]{dir}/pushes.log" }


# Everything it answered so far, in the order of the answers. A line may come a
# moment after its answer; one that is being written has no end yet. Who went away
# before the answer has no status.

sub log {
    my ($self) = @_;

    open my $in, '<:raw', $self->log_file or return;
    seek $in, $self->{read} // 0, 0;

    while (defined(my $text = <$in>)) {
        last if $text !~ /\n\z/;

        my %line;
        $self->{read} += length $text;
        chomp $text;
        @line{@columns} = map { s/\\x(..)/chr hex $1/ger =~ s/\A-\z//r }
            split /\t/, $text, -1;
        $line{status} = '' if $line{status} eq '499';
        $self->{accepted}{ $line{token} }++ if $line{status} eq '200';
        push @{ $self->{lines} }, \%line;
    }

    return @{ $self->{lines} // [] };
}


sub pushes { return $_[0]->log }


# How often each token was pushed with success.

sub accepted {
    my ($self) = @_;

    $self->log;

    return $self->{accepted} // {};
}


# Of plain => 1: only how many.

sub count {
    my ($self) = @_;

    return scalar(() = MDM::Test::Nginx::log_text($self->log_file) =~ /\n/g);
}


# With SIGUSR1 nginx opens the log anew.

sub forget {
    my ($self) = @_;

    unlink $self->log_file;
    delete @$self{qw(read lines accepted)};
    kill 'USR1', $self->{pid};
    MDM::Test::wait_for(5, sub { -e $self->log_file })
        or die "the log is not opened anew\n";
}


sub text {
    my ($self) = @_;

    my $option = $self->{option};
    my $part = $option->{plain} ? $self->plain : $self->checked;

    return <<"CONF";
worker_processes $option->{workers};
worker_shutdown_timeout 2s;
events { worker_connections 8192; }
http {
    %%HTTP%%
    map_hash_bucket_size 256;
    log_format plain '\$msec\\t\$http_apns_topic\\t\$connection';
    map \$request_uri \$token { default -; ~^/3/device/(?<hex>.*)\$ \$hex; }
    $part->{http}
    server {
        listen $option->{address}:%%TLS_PORT%% ssl http2;
        ssl_certificate $self->{server}{cert};
        ssl_certificate_key $self->{server}{key};
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_client_certificate $self->{ca}{cert};
        ssl_verify_client @{[ $option->{plain} ? 'optional' : 'on' ]};
        http2_max_concurrent_streams $option->{streams};
        keepalive_requests $option->{requests};
        keepalive_timeout 1h;
        client_body_buffer_size 8k;
        client_max_body_size 8k;
        root $self->{dir}/none;
        log_not_found off;
        recursive_error_pages on;
        $part->{server}
    }
}
CONF
}


sub plain {
    my ($self) = @_;

    return { http => '', server => 'access_log ' . $self->log_file
        . ' plain buffer=64k flush=1s; location / {'
        . ' add_header apns-id $http_apns_id always; return 200; }' };
}


# The body must have been read before it is judged, for which "return" and others
# do not wait: "mirror" does, and then there is no such file.

sub checked {
    my ($self) = @_;

    my $rules = $self->{option}{rules};
    my %seen;
    my @answers = grep { !$seen{$_}++ } 200, sort(values %$rules),
        '403 BadCertificate', '403 MissingProviderToken', map { $_->[2] } @must;
    my %number = map { $answers[$_] => $_ } 0 .. $#answers;

    return {
        http => join("\n    ", "log_format pushes '$columns';",
            'access_log ' . $self->log_file . ' pushes;',
            'map $http_apns_topic|$ssl_client_s_dn $topic_and_subject '
                . '{ volatile; ~^(?<both>.*)$ $both; }',
            map_of('$uri', '$reason', 'default -',
                map { "/answer/$_ " . reason($answers[$_]) } 0 .. $#answers),
            judgements(\%number), wishes($rules, \%number)),
        server => join("\n        ",
            'location / { mirror /body; error_page 403 404 405 = /answer/$judged0; }',
            'location = /body { internal; access_log off; return 204; }',
            "error_page 495 =403 /answer/$number{'403 BadCertificate'};",
            "error_page 496 =403 /answer/$number{'403 MissingProviderToken'};",
            map { $self->location($_, $answers[$_]) } 0 .. $#answers),
    };
}


sub map_of {
    my ($from, $to, @lines) = @_;

    return join "\n        ", "map $from $to {", (map { "$_;" } @lines), '}';
}


sub judgements {
    my ($number) = @_;

    return map {
        my ($variable, $pattern, $answer) = @{ $must[$_] };

        $pattern =~ s/([\\"])/\\$1/g;
        map_of($variable, '$judged' . $_, "default $number->{$answer}",
            "\"~$pattern\" \$" . ($_ == $#must ? 'wanted' : 'judged' . ($_ + 1)));
    } 0 .. $#must;
}


sub wishes {
    my ($rules, $number) = @_;

    my @keys = sort { length $b <=> length $a } grep { $_ ne 'default' } keys %$rules;
    my @tokens = grep { /\A[0-9a-f]+\*?\z/ } @keys;
    my @topics = grep { !/\A[0-9a-f]+\*?\z/ } @keys;

    return (
        map_of('$token', '$wanted', 'default $wanted_by_topic',
            map { (/(.*)\*/ ? "~^$1" : $_) . " $number->{ $rules->{$_} }" } @tokens),
        map_of('$http_apns_topic', '$wanted_by_topic',
            'default ' . $number->{ $rules->{default} // 200 },
            map { "$_ $number->{ $rules->{$_} }" } @topics),
    );
}


# What an answer is made of: (seconds of delay, status, reason, time, seconds of
# Retry-After); no status: there is none.

sub parse {
    my ($answer) = @_;

    my ($slow, $after);

    return (86400) if $answer eq 'never';

    $answer =~ s/\Aslow ([\d.]+) ?// and $slow = $1;
    $answer =~ s/ after=(\d+)// and $after = $1;

    my ($status, $reason, $time) = split ' ', $answer;
    $status //= 200;

    return ($slow, $status, $reason // $usual{$status}, $time, $after);
}


sub reason { return (parse($_[0]))[2] // 'never' }


sub location {
    my ($self, $n, $answer) = @_;

    my ($slow, $status, $reason, $time, $after) = parse($answer);
    my $head = 'add_header apns-id $http_apns_id always;'
        . (defined $after ? " add_header retry-after $after always;" : '')
        . ' default_type application/json;';
    my $body = !$status ? '' : $status == 200 ? 'return 200;'
        : "return $status '{\"reason\":\"$reason\""
          . (defined $time ? ",\"timestamp\":$time" : '') . "}';";

    return "location = /answer/$n { internal; $head $body }" if !$slow;

    my $wait = int($slow * 1000) . 'ms';

    return "location = /answer/$n { internal; proxy_method GET;"
        . ' proxy_pass http://127.0.0.1:' . $self->{mute}->sockport . '/;'
        . ' proxy_pass_request_body off; proxy_set_header Content-Length "";'
        . " proxy_read_timeout $wait; proxy_connect_timeout $wait;"
        . ($status ? " error_page 504 = \@then$n;" : '') . ' }'
        . ($status ? " location \@then$n { $head $body }" : '');
}


# A tenant with devices that have enrolled, all by SQL.

sub tenant {
    my ($self, $pg, $name, %option) = @_;

    return MDM::Test::APNs::Tenant->new($pg, $name, ca => $self->{ca}, %option);
}

1;
