# Statements about profiles touch as many rows as they show, however many a tenant
# keeps: each goes by an index, and no list is sorted.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use MDM::Test;

my $pg = MDM::Test::Postgres->start(migrate => 1, conf => {
    session_preload_libraries            => 'auto_explain',
    'auto_explain.log_nested_statements' => 'on',
    'auto_explain.log_level'             => 'notice',
    'auto_explain.log_analyze'           => 'on',
    'auto_explain.log_timing'            => 'off',
});

$pg->psql(q{SELECT mdm_r2.tenant_add('acme', '{}', '')});
$pg->psql(q{INSERT INTO mdm.profile (tenant_id, profile_uuid, identifier, payload_uuid,
        payloads, payload_types, manages, secret, signed, content, digest, actor)
    SELECT 1, 'P' || i, 'com.example.' || to_char(i / 2, 'FM00000'), 'U', 1, '{}', false,
           i % 2 = 0, false, '', sha256(int4send(i)), 'joe'
      FROM generate_series(1, 100000) i;
    ANALYZE mdm.profile;
    ALTER ROLE mdm_api SET auto_explain.log_min_duration = 0});

my $session = $pg->session(role => 'mdm_api');

sub check {
    my ($name, $call, $answer, $index) = @_;

    my $text = $session->run($call);

    subtest $name => sub {
        like $text, qr/^\Q$answer\E$/m, 'the answer is right' or diag $text;
        like $text, qr/Index (?:Only )?Scan using $index on profile/, "it goes by $index";
        unlike $text, qr/Seq Scan on profile|Bitmap/, '... and by nothing else';
        unlike $text, qr/on profile .*actual rows=\d{3}/, '... touching few rows';
    };
}

sub list {
    my ($after, $identifier) = @_;

    return "SELECT string_agg(id, ' ') FROM mdm_r2.profile_list(1, $after, 3, $identifier)";
}

check('the first page', list("''", 'NULL'), 'P1 P2 P3', 'profile_identifier');
check('one behind it', list("'3' || chr(10) || 'com.example.00001'", 'NULL'), 'P4 P5 P6',
    'profile_identifier');
check('one identifier', list("''", "'com.example.00007'"), 'P14 P15', 'profile_identifier');
check('one that nobody has', "SELECT count(*) FROM mdm_r2.profile_list(1, '', 3, 'com.a')", 0,
    'profile_identifier');
check('the end of one identifier', "SELECT count(*) FROM mdm_r2.profile_list(1,
    '15' || chr(10) || 'com.example.00007', 3, 'com.example.00007')", 0, 'profile_identifier');
check('one profile', "SELECT identifier, current FROM mdm_r2.profile_get(1, 'joe', '', 'P14',
    true)", 'com.example.00007|f', 'profile_pkey');
is $pg->psql("SELECT count(*) FROM mdm.audit WHERE action = 'profile_read'"), 1,
    '... whose secrets were read';

my $new = "1, 'joe', '', 'new', 'com.example.new', 'u', NULL, 1, '{}', false, false, false,
    NULL, NULL, 'sealed'";
check('one that is kept', "SELECT outcome, profile_uuid, current FROM mdm_r2.profile_store($new,
    sha256('other key') || sha256(int4send(15)))", 'same|P15|t', 'profile_digest');
check('one that is not', "SELECT outcome, profile_uuid, current FROM mdm_r2.profile_store($new,
    sha256('new') || sha256('other key'))", 'new|new|t', 'profile_digest');
check('one that goes', "SELECT mdm_r2.profile_delete(1, 'joe', '', 'new')", 'ok',
    'profile_pkey');

done_testing;
