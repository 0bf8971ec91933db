# A plugin whose file changes under a running nginx: what runs on, what a reload
# takes, and what is said about it, once.

use strict;
use warnings;

use FindBin ();
use lib "$FindBin::Bin/lib";
use Test::More;

use MDM::Test;
use MDM::Test::Plugin;

my $pg  = MDM::Test::Postgres->start(migrate => 1);
my $token = $pg->tenant('acme');
my $dir = test_dir();
chmod 0755, $dir;


# Each writes a line of its version when it is configured and given back.

sub plugin {
    my ($file, $name, $version) = @_;

    return MDM::Test::Plugin->build("$dir/$file", NAME => qq("$name"),
        VERSION => qq("$version"), MARK => qq("$dir/$name.mark"),
        TYPES => qq(COMMAND("$name")));
}


sub point {
    my ($link, $file) = @_;

    symlink $file, "$dir/$link.new" or die "$link: $!";
    rename "$dir/$link.new", "$dir/$link" or die "$link: $!";
}


sub marks { return join ' ', split /\n/, slurp("$dir/$_[0].mark") }


plugin('linked-1.so', 'Linked', 1);
point('linked.so', 'linked-1.so');
plugin('same.so', 'Same', 1);

my $nginx = MDM::Test::Nginx->start(pg => $pg, daemon => 1, hurry => 60, conf => <<"CONF");
load_module %%MODULE%%;
worker_processes 2;
thread_pool mdm threads=1;
events {}
http {
    %%HTTP%%
    mdm_database "%%PG%%" timeout=60s;
    mdm_secret_key %%SECRET_KEY%%;
    mdm_plugin $dir/linked.so;
    mdm_plugin $dir/same.so;
    server {
        listen 127.0.0.1:%%PORT%%;
        location / { mdm_tenant acme; mdm api; }
    }
}
CONF

my $client = MDM::Test::Client->new(port => $nginx->port, token => $token);

# The versions of two plugins, with a mark when their files were replaced.

sub told {
    my $answer;

    # the hurry is one of PostgreSQL's deadlines, too
    wait_for(10, sub { ($answer = $client->api(GET => '/v1/schema'))->{status} == 200 });

    return join ', ', map { "$_->{name} $_->{version}" . ($_->{replaced} ? '!' : '') }
        grep { $_->{name} =~ /^(?:Linked|Same)$/ } @{ $answer->{json}{plugins} };
}

sub said { return scalar(() = $nginx->error_log =~ /$_[0]/g) }
sub a_while { select undef, undef, undef, 1.3 }      # as a look takes

a_while();
is said(qr/\[warn\].*the plugin/), 0, 'files that stay are no matter';
is told(), 'Linked 1, Same 1', '... the API shows them';


plugin('linked-2.so', 'Linked', 2);
point('linked.so', 'linked-2.so');

my $elsewhere = qr/\[warn\].*mdm: the plugin "\Q$dir\E\/linked\.so" names another file now: reload nginx/;

ok $nginx->wait_for_log($elsewhere), 'a link that leads elsewhere is noticed';
unlike marks('Linked'), qr/config 2/, '... its new file is not loaded yet';
a_while();
is said($elsewhere), 1, '... and one worker says so, once';
is told(), 'Linked 1!, Same 1', '... and the API at once';

$nginx->reload;
like marks('Linked'), qr/config 2/, 'a reload takes the new file';
is told(), 'Linked 2, Same 1', '... as the API shows';
ok wait_for(5, sub { marks('Linked') =~ /shutdown 1/ }),
    '... and gives the old one back';
is said($elsewhere), 1, '... of which nothing more is said';


my $replaced = qr/\[warn\].*mdm: the plugin "\Q$dir\E\/same\.so" was replaced, and its old code runs on: restart nginx, or upgrade it with "kill -USR2"/;

plugin('same.so', 'Same', 2);
ok $nginx->wait_for_log($replaced), 'a file that was replaced under its name is noticed';
a_while();
is said($replaced), 1, '... and said once';
is told(), 'Linked 2, Same 1!', '... and by the API';

$nginx->reload;
unlike marks('Same'), qr/config 2/, 'the name leads a reload to the old code';
is said($replaced), 2, '... which says so';
is told(), 'Linked 2, Same 1!', '... and by the API, with the version that runs';
a_while();
is said($replaced), 2, '... once';

$nginx->reload;
is said($replaced), 3, 'the next reload knows it, too';
unlike marks('Same'), qr/config 2/, '... for it has the old code still';

$nginx->upgrade;
like marks('Same'), qr/config 2/, 'an upgrade takes the new code';
ok wait_for(10, sub { told() eq 'Linked 2, Same 2' }), '... as the API shows';
is said($replaced), 3, '... and there is nothing to say';


unlink "$dir/same.so" or die $!;
ok $nginx->wait_for_log(qr/\[warn\].*"\Q$dir\E\/same\.so" is gone, and nginx will not start again/),
    'a file that is gone is noticed';

my ($exit, $text) = $nginx->test_conf($nginx->{conf});
is $exit, 1, '... nginx -t refuses the configuration';
like $text, qr/same\.so": there is no such file/, '... and says why';

done_testing;
