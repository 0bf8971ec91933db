# The verdict of the tests of pushes finds what it is there for: of a log in which
# all is right it has nothing to say, and each thing that is put wrong it names.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::APNs::Tenant;
use MDM::Test::APNs::Verdict;

my $pg = MDM::Test::Postgres->start(migrate => 1);
my $ca = MDM::Test::PKI->ca('Push CA');
my $nginx = MDM::Test::Nginx->start(pg => $pg, conf => <<'CONF');
load_module %%MODULE%%;
thread_pool mdm threads=2;
events {}
http {
    %%HTTP%%
    mdm_database "%%PG%%";
    mdm_secret_key %%SECRET_KEY%%;
    mdm_tenant $host;
    server {
        listen 127.0.0.1:%%PORT%%;
        location /v1/ { mdm api; }
    }
}
CONF
my $acme = MDM::Test::APNs::Tenant->new($pg, 'acme', ca => $ca, devices => 5);

# Four devices were called, the third of them is gone; the fifth has nothing to do.

$acme->certify($nginx->port);
$acme->queue(1 .. 4);
$pg->psql(q{
    UPDATE mdm.queue q SET sent_at = now() FROM mdm.enrollment e
     WHERE e.enrollment_id = q.enrollment_id AND e.device_id <> 'acme-3';
    UPDATE mdm.push p SET apns_id = 'id-' || right(e.device_id, 1), due_at = now(),
           error = CASE e.device_id WHEN 'acme-3' THEN 'Unregistered' END
      FROM mdm.enrollment e WHERE e.enrollment_id = p.enrollment_id;
    INSERT INTO mdm.push_stop (tenant_id, enrollment_id, topic, token, reason,
           counted, stopped_at, probe_at)
    SELECT tenant_id, enrollment_id, topic, push_token, 'Unregistered', false, now(),
           now()
      FROM mdm.enrollment WHERE device_id = 'acme-3'});

my $now = time;


sub push_of {
    my ($n, $after, $status, $reason, %more) = @_;

    return { time => $now + 1 + $after, token => $acme->token($n), status => $status,
        topic => $acme->{topic}, reason => $reason, apns_id => "id-$n",
        expiration => $now + 7 * 86400, %more };
}

my @right = (
    push_of(1, 0, 200, ''), push_of(1, 29, 200, ''), push_of(1, 29 + 110, 200, ''),
    push_of(2, 0, '', '', apns_id => 'lost'), push_of(2, 0.1, 503, 'Shutdown', apns_id => 'x'),
    push_of(2, 1.1, 429, 'TooManyRequests', apns_id => 'y'), push_of(2, 60, 200, ''),
    push_of(3, 0, 410, 'Unregistered'),
    push_of(4, 0, 200, ''),
);

my %name = (
    called  => 'every enrolment with a queued command was pushed',
    refused => '... but those that Apple refused for good',
    often   => 'none was pushed more often than the ladder allows',
    dead    => 'none was pushed after a refusal for good',
    right   => 'every push was as it has to be',
    topic   => '... of the topic that its enrolment has',
    days    => '... and kept by Apple for days',
    sent    => 'what is SENT was accepted',
    record  => 'what was accepted is SENT',
    told    => 'what is told of the last push did happen',
    claimed => 'no push is claimed and forgotten',
);


sub finds {
    my ($what, $pushes, $wrong, %option) = @_;

    is join("\n", MDM::Test::APNs::Verdict->faults(pg => $pg, pushes => $pushes, %option)),
        join("\n", map { $name{$_} } @$wrong), $what;
}


sub table {
    my ($what, $statement, $wrong, %option) = @_;

    $pg->psql("CREATE TABLE public.q AS TABLE mdm.queue;
               CREATE TABLE public.p AS TABLE mdm.push; $statement");
    finds($what, \@right, $wrong, %option);
    $pg->psql('TRUNCATE mdm.queue, mdm.push; INSERT INTO mdm.queue TABLE public.q;
        INSERT INTO mdm.push TABLE public.p; DROP TABLE public.q; DROP TABLE public.p');
}

MDM::Test::APNs::Verdict->of(pg => $pg, pushes => \@right);

# In the log.

finds('one that was not pushed', [ @right[0 .. 7] ], [ qw(called sent told) ]);
finds('... is nothing when it need not be', [ @right[0 .. 7] ], [ qw(sent told) ],
    spare => { $acme->token(4) => 1 });
finds('one that was only refused', [ @right[0 .. 7], push_of(4, 0, 429, 'TooManyRequests') ],
    [ qw(called sent told) ]);
finds('a second push at once', [ @right, push_of(4, 3, 200, '') ], [ 'often' ]);
finds('... is nothing when an answer was lost', [ @right, push_of(4, 3, 200, '') ], [],
    again => 1);
finds('... but a third one is', [ @right, map { push_of(4, $_, 200, '') } 3, 4 ], [ 'often' ],
    again => 1);
finds('a third one too early', [ @right, push_of(4, 30, 200, ''), push_of(4, 60, 200, '') ],
    [ 'often' ]);
finds('one after 429 too early', [ @right, push_of(5, 0, 429, 'TooManyRequests'),
    push_of(5, 5, 200, '') ], [ 'often' ]);
finds('one after 500 too early', [ @right, push_of(5, 0, 500, 'InternalServerError'),
    push_of(5, 300, 200, '') ], [ 'often' ]);
finds('one to who is gone', [ @right, push_of(3, 100, 410, 'Unregistered') ], [ 'dead' ]);
finds('one that is wrong', [ @right, push_of(5, 0, 400, 'BadPriority') ], [ 'right' ]);
finds('... is nothing when it is wanted', [ @right, push_of(5, 0, 400, 'BadPriority') ], [],
    reasons => [ 'BadPriority' ]);
finds('one over another topic', [ @right, push_of(5, 0, 200, '', topic => 'x') ], [ 'topic' ]);
finds('one that Apple forgets', [ @right, push_of(5, 0, 200, '', expiration => $now) ],
    [ 'days' ]);

# In the tables.

table('one that is claimed for ever', "UPDATE mdm.push SET due_at = 'infinity'
    WHERE apns_id = 'id-1'", [ 'claimed' ]);
table('an accepted one that is not SENT', "UPDATE mdm.queue SET sent_at = null
    WHERE ctid IN (SELECT ctid FROM mdm.queue WHERE sent_at IS NOT NULL LIMIT 1)", [ 'record' ]);
table('... is nothing while things run', "UPDATE mdm.queue SET sent_at = null", [], running => 1);
table('what was refused is SENT', "UPDATE mdm.queue SET sent_at = now()", [ 'sent' ]);
table('an acceptance that never was', "UPDATE mdm.push SET error = null", [ 'told' ]);
table('an id that nobody sent', "UPDATE mdm.push SET apns_id = 'z' WHERE apns_id = 'id-1'",
    [ 'told' ]);
$pg->psql('UPDATE mdm.push_stop s SET enrollment_id = e.enrollment_id, token = e.push_token
    FROM mdm.enrollment e WHERE e.device_id = \'acme-4\'');
finds('a stop of who was not refused', \@right, [ qw(called refused) ]);

done_testing;
