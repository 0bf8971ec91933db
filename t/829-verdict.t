# The checker of the fault tests finds what it is there for: after a quiet run
# it has nothing to say, and each thing that is put wrong it names.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;
use MDM::Test::Fleet;
use MDM::Test::Verdict;

my $fleet = MDM::Test::Fleet->start(kinds => { iphone => 20, mac => 5 }, each => 0.05);
my $pg = $fleet->pg;

$fleet->begin;
MDM::Test::wait_for(30, sub { $pg->psql('SELECT count(*) FROM mdm.result') > 200 });
$fleet->end;
$fleet->settle;

cmp_ok $fleet->verdict->{commands}, '>', 100, 'a quiet run of many commands';


# Each of these, alone, must be found; then it is taken back.

sub finds {
    my ($what, @names) = @_;

    is join("\n", MDM::Test::Verdict->faults($fleet)), join("\n", @names), $what;
}


# In the tables: $one is the result of a command.

sub table {
    my ($what, $statement, @names) = @_;

    $pg->psql("CREATE TABLE public.kept AS TABLE mdm.result;
        SET session_replication_role = replica;
        $statement");
    finds($what, @names);
    $pg->psql('SET session_replication_role = replica;
        DELETE FROM mdm.result; DELETE FROM mdm.event WHERE data ? \'planted\';
        INSERT INTO mdm.result TABLE public.kept; DROP TABLE public.kept');
}

my ($enrollment, $uuid) = @{ ($pg->query("
    SELECT enrollment_id, command_uuid FROM mdm.result
     WHERE state = 'ACKNOWLEDGED' AND command_uuid LIKE 'DeviceInformation%' LIMIT 1"))[0] };
my $one = "enrollment_id = $enrollment AND command_uuid = '$uuid'";

table('a result that is gone', "DELETE FROM mdm.result WHERE $one",
    'no command was lost', 'what was taken with 200 is what the tables have');
table('a result that is there twice',
    "UPDATE public.kept SET finished_at = finished_at + interval '1 s' WHERE $one;
     INSERT INTO mdm.result SELECT * FROM public.kept WHERE $one;
     UPDATE public.kept SET finished_at = finished_at - interval '1 s' WHERE $one",
    'none ended twice', 'the tables agree with each other', 'each end was told in one event');
table('a result of what nobody asked',
    "UPDATE mdm.result SET command_uuid = 'ProfileList-x' WHERE $one",
    'no command was lost', 'none ended that was not asked',
    'what ended was said so by its device', 'what was taken with 200 is what the tables have',
    'each end was told in one event');
table('a state that no device said', "UPDATE mdm.result SET state = 'ERROR' WHERE $one",
    'what ended was said so by its device', 'what was taken with 200 is what the tables have');
table('a report in clear', "UPDATE mdm.result SET report = '<plist>' WHERE $one",
    'all secrets in mdm.result are sealed');
table('an end that was told twice',
    "INSERT INTO mdm.event (tenant_id, type, enrollment_id, data)
     SELECT tenant_id, type, enrollment_id, data || '{\"planted\": 1}'
       FROM mdm.event WHERE enrollment_id = $enrollment AND data->>'command_uuid' = '$uuid'",
    'each end was told in one event');


# In the simulator's log: a line more.

my $log = slurp($fleet->sim_log);
my ($device, $taken) = $log =~
    /"device":"([^"]+)","kind":"iphone","message":"Acknowledged","command_uuid":"(RestartDevice[^"]+)"/;

sub heard {
    my ($what, $line, @names) = @_;

    spew($fleet->sim_log, qq($log\{"device":"$device","message":"Idle","sent":"all",$line}\n));
    finds($what, @names);
}

heard('a device that was told to leave', '"status":401',
    'no device heard a status that may tell it to leave', 'every answer was 200 or 503');
heard('an answer that should not be', '"status":500', 'every answer was 200 or 503');
heard('a command that was given again',
    qq("status":200,"next_uuid":"$taken","next_type":"RestartDevice"),
    'what was taken with 200 was not given again', 'what is given once was not given twice');
spew($fleet->sim_log, $log =~ s/^.*"message":"Acknowledged","command_uuid":"\Q$taken\E".*\n//mr);
finds('a report that its device never sent', 'what ended was said so by its device');
spew($fleet->sim_log, $log);
finds('nothing when all is as it was');

done_testing;
