# Pushes to nghttpd, a server that is neither Apple's nor nginx: padding, no
# tables of HPACK, small windows, few streams, no apns-id in the answers.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::APNs::Nghttpd;
use MDM::Test::Pushing;

my %servers = (
    'one stream at a time'   => [ '-m', 1 ],
    'padding and no tables'  => [ '-b', 200, '-c', 0, '--encoder-header-table-size=0' ],
    'windows of a few bytes' => [ '-w', 4, '-W', 16 ],
);

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $name = 'acme';

for my $what (sort keys %servers) {
    my $apns = MDM::Test::APNs::Nghttpd->start(@{ $servers{$what} });
    my $p = MDM::Test::Pushing->start(pg => $pg, apns => $apns,
        tenants => { ++$name => 200 });
    my $acme = $p->tenant($name);

    $p->nginx->expect(qr/404/);
    $apns->knows(map { $acme->token($_) } 1 .. 199);
    $p->queue($name => 1 .. 200);

    is $p->reached(199), 199, "$what: all are pushed";
    ok $p->holds('(SELECT count(*) FROM mdm.queue WHERE sent_at IS NOT NULL) = 199'),
        '... and known to be SENT';

    my %times;
    $times{ $_->{token} }++ for $p->pushes;
    is join(' ', sort { $a <=> $b } values %times), join(' ', (1) x 200), '... each once';

    my ($push) = grep { $_->{token} eq $acme->token(7) } $p->pushes;
    is_deeply { map { $_ => $push->{$_} } qw(:method :scheme :path topic
        push_type priority content_type content_length) }, {
        ':method' => 'POST', ':scheme' => 'https', ':path' => '/3/device/' . $acme->token(7),
        topic => $acme->{topic}, push_type => 'mdm', priority => 10,
        content_type => 'application/json', content_length => 17,
    }, '... as Apple wants it';
    is $push->{':authority'}, '127.0.0.1:' . $apns->tls_port, '... to whom it is';

    is $p->wish($name => 200, 'error'), 'Unknown', 'a 404 is no acceptance';
    $p->nginx->stop;
    $apns->stop;
    $pg->psql('TRUNCATE mdm.push, mdm.queue');
}

done_testing;
