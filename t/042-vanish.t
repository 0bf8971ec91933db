# Clients that vanish: the simulator breaks requests off where and how its
# options say, a server that keeps every byte saw the same, and each message
# came again with the same bytes until it was answered.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::SHA qw(sha256_hex);
use IO::Select;
use IO::Socket::INET;
use JSON::PP ();
use Test::More;
use MDM::Test;

needs('the simulator', -x build('mdm-sim'));

my $ca   = MDM::Test::PKI->ca('Device CA');
my $json = JSON::PP->new->utf8;

my $command = MDM::Test::Device->command('only', 'ProfileList')
    =~ s{(?=</plist>)}{'<!--' . 'x' x 100_000 . '-->'}er;


# A server of its own: it gives each device one command and tells, of each
# connection, which whole requests came, what was left over, and its end.

sub serve {
    my ($listen, $file, $reports) = @_;
    my $select = IO::Select->new($listen);
    my (%in, %seen, %done, %end);

    $SIG{PIPE} = 'IGNORE';

    open my $log, '>>', $file or die "$file: $!\n";
    $log->autoflush;

    while (1) {
        for my $s ($select->can_read) {
            if ($s == $listen) {
                my $new = $listen->accept or next;
                $select->add($new);
                $in{$new} = '';
                $seen{$new} = [];
                delete $end{$new};
                next;
            }

            my $n = sysread $s, $in{$s}, 65536, length $in{$s};

            if (!$n) {
                print $log $json->encode({ whole => $seen{$s},
                    left => length $in{$s},
                    end  => $end{$s} // (defined $n ? 'fin' : 'rst') }), "\n";
                $select->remove($s);
                delete $in{$s};
                close $s;
                next;
            }

            while ($in{$s} =~ /\A(.*?\r\n\r\n)/s) {
                my ($head) = $1;
                my ($length) = $head =~ /^Content-Length: (\d+)/mi;
                last if length $in{$s} < length($head) + $length;

                my $all = substr $in{$s}, 0, length($head) + $length, '';
                my ($udid) = $all =~ m{UDID</key>\s*<string>([^<]+)};
                my $status = $all =~ /Acknowledged/ ? 'report' : 'Idle';
                push @{ $seen{$s} }, [ $udid, $status, sha256_hex($all) ];

                $done{$udid} ||= $status eq 'report';
                my $body = $done{$udid} ? '' : $command;
                my $answer = $status eq 'report' ? $reports : 200;

                # A reset that is known by now is told to the write alone.
                $end{$s} = 'rst' if !defined syswrite $s, "HTTP/1.1 $answer\r\n"
                    . 'Content-Length: ' . length($body) . "\r\n\r\n$body";
            }
        }
    }
}


my $run = 0;

sub simulate {
    my ($reports, @options) = @_;
    my ($log, $seen) = map { test_dir() . "/$_." . ++$run } qw(log seen);
    my $listen = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 512)
        or die "listen: $!\n";

    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        eval { serve($listen, $seen, $reports) };
        warn $@;
        require POSIX;
        POSIX::_exit(0);
    }

    my ($exit, $text) = run_command(build('mdm-sim'), '--url',
        'http://127.0.0.1:' . $listen->sockport . '/mdm', '--sign',
        '--identity-ca', $ca->{cert}, '--identity-key', $ca->{key},
        '--kind', 'iphone=40', '--id-prefix', 'v', '--backoff', 5,
        '--log', $log, '--summary', @options);

    is $exit, 0, "@options: all is done" or diag $text;
    my @log = map { $json->decode($_) } split /\n/, slurp($log);
    my $conns = { $text =~ /^(connections) (\d+)$/m }->{connections};

    ok wait_for(10, sub { (my $all = slurp($seen)) =~ tr/\n// >= $conns }),
        '... the server saw the end of every connection';
    my @seen = map { $json->decode($_) } split /\n/, slurp($seen);

    kill 'KILL', $pid;
    waitpid $pid, 0;

    return { log => \@log, seen => \@seen,
        summary => { $text =~ /^vanished (\S+) (\d+)$/mg } };
}


# What was broken off, by way and end, and all told of it.

sub vanished {
    my ($of) = @_;
    my (%n, @odd);

    for my $e (@{ $of->{log} }) {
        next if $e->{status} == 200;

        my ($way, $end) = ($e->{reason} // '')
            =~ /\Avanished: (\w+), (reset|closed)\z/;

        push @odd, $json->encode($e) if !$way || $e->{answer} ne 'disconnected'
            || $e->{sent} ne ($way eq 'part' ? 'part' : 'all')
            || grep { exists $e->{$_} } qw(next_uuid next_type ms);
        $n{ $way // '' }{ $end // '' }++;
    }

    is_deeply \@odd, [], '... what vanished is told as such, and heard nothing';

    return \%n;
}


# Each channel's whole requests, in the order of their first coming.

sub repeats {
    my ($of) = @_;
    my (%bytes, $whole);

    for (map { @{ $_->{whole} } } @{ $of->{seen} }) {
        my ($udid, $status, $bytes) = @$_;

        $bytes{"$udid $status"}{$bytes}++;
        $whole++;
    }

    is scalar(grep { keys %$_ > 1 && /report/ } values %bytes), 0,
        '... a repeated report has the same bytes';
    is scalar(grep { /report/ } keys %bytes), 40, '... every device reported';
    is $whole, scalar(grep { $_->{sent} eq 'all' } @{ $of->{log} }),
        '... what was sent whole came whole';

    return $whole;
}


sub vanishes {
    my ($way) = @_;
    my $of = simulate(200, '--until-empty', '--vanish', "60:$way");
    my $n = vanished($of);
    my ($left, $rst) = (0, 0);

    is_deeply [ keys %$n ], [ $way ], '... all of them in that way';
    cmp_ok $n->{$way}{$_}, '>', 10, "... many are $_" for qw(reset closed);
    is $of->{summary}{$way}, $n->{$way}{reset} + $n->{$way}{closed},
        '... which the summary counts';

    repeats($of);

    my %end;
    $end{ $_->{left} ? 'part' : 'whole' }{ $_->{end} }++ for @{ $of->{seen} };

    if ($way eq 'part') {
        is_deeply $end{part}, { rst => $n->{part}{reset}, fin => $n->{part}{closed} },
            '... the server sees parts, and how each one ends';

    } else {
        is $end{part}, undef, '... the server sees no parts';
        cmp_ok $end{whole}{rst} // 0, '>=', $n->{$way}{reset},
            '... but connections that were reset';
    }
}


# What happens to each request of a channel, in its order.

sub course {
    my (@options) = @_;
    my %course;

    push @{ $course{ $_->{device} } }, $_->{reason} // $_->{status}
        for @{ simulate(200, '--until-empty', '--vanish', '50:part,sent,answer',
            @options)->{log} };

    return \%course;
}


sub follows_the_seed {
    my $course = course('--seed', 7);

    is_deeply course('--seed', 7, '--concurrency', 3, '--new-connection'), $course,
        '... and the same seed makes the same requests vanish';
    isnt $json->canonical->encode(course('--seed', 8)),
        $json->canonical->encode($course), '... another seed makes others';
    unlike $json->encode($course), qr/late/, '... in the ways that were named';
}


# A server that takes no report until the end, and devices that go on trying.

sub ends_in_time {
    my $of = simulate(503, '--duration', 2, '--retries', 1_000, '--backoff-max', 10);
    my @tries = grep { $_->{message} eq 'Acknowledged' } @{ $of->{log} };

    is scalar(grep { $_->{status} != 503 } @tries), 0, '... 503 is heard';

    # Pauses that doubled on would leave time for 10 tries.
    cmp_ok scalar @tries, '>', 40 * 13, '... again and again';
}


sub refuses {
    for my $bad (qw(101 x 10: 10:never -1), '10:late,', '10,late') {
        my ($exit, $text) = run_command(build('mdm-sim'), '--url',
            'http://127.0.0.1:9/', '--no-client-cert', '--vanish', $bad);

        is $exit, 1, "--vanish $bad is refused";
        like $text, qr/--vanish cannot be "\Q$bad\E": it wants PERCENT/,
            '... in words';
    }
}


vanishes($_) for qw(part sent late answer);
follows_the_seed();
ends_in_time();
refuses();

done_testing;
