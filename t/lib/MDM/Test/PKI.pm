package MDM::Test::PKI;

# Certificate authorities, certificates and signatures, all made by the
# openssl command, never by the code under test.
#
#     my $ca     = MDM::Test::PKI->ca('Device CA');
#     my $server = $ca->server;                       # localhost, 127.0.0.1
#     my $device = $ca->device('iphone-1');
#     my $old    = $ca->device('old', days => -1);    # expired yesterday
#     my $soon   = $ca->device('new', starts => 2);   # valid in two days
#     my $web    = $ca->device('web', eku => 'serverAuth');
#     my $rsa    = $ca->device('rsa', key => 'rsa');
#     my $push   = $ca->push_certificate('com.apple.mgmt.External.1');
#     my $push   = $ca->push_certificate_of($request, 'com.apple.mgmt.External.1');
#     my $header = $device->sign($body);              # Mdm-Signature
#
# An object has: name, cert, key (files), ca.

use strict;
use warnings;

use Digest::SHA ();
use MIME::Base64 ();
use POSIX ();

use MDM::Test ();

my $count = 0;


sub new_object {
    my ($class, $name) = @_;

    my $stem = MDM::Test::test_dir() . '/pki-' . ++$count;

    return bless {
        name => $name,
        stem => $stem,
        cert => "$stem.pem",
        key  => "$stem.key",
    }, $class;
}


sub openssl {
    return MDM::Test::run_or_die('openssl', @_);
}


sub ca {
    my ($class, $name, %option) = @_;

    my $self = new_object($class, $name);

    $self->make_key($option{key});
    $self->write_ca_conf;

    openssl('req', '-new', '-x509', '-sha256', '-days', 3650,
        '-config', $self->{conf}, '-extensions', 'ca',
        '-key', $self->{key}, '-out', $self->{cert}, '-subj', "/CN=$name");

    return $self;
}


sub make_key {
    my ($self, $type) = @_;

    my @type = ($type // 'ec') =~ /\Arsa(\d*)\z/
        ? ('-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:' . ($1 || 2048))
        : ('-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256');

    openssl('genpkey', @type, '-out', $self->{key});
}


sub write_ca_conf {
    my ($self) = @_;

    $self->{conf} = MDM::Test::spew("$self->{stem}.cnf", <<"EOF_CONF");
[req]
distinguished_name = subject
[subject]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[this]
database = $self->{stem}.index
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
email_in_dn = no
[any]
UID = optional
commonName = supplied
EOF_CONF

    MDM::Test::spew("$self->{stem}.index", '');
}


sub device {
    my ($self, $name, %option) = @_;

    return $self->certificate($name, eku => 'clientAuth', %option);
}


sub server {
    my ($self, $name, %option) = @_;

    return $self->certificate($name // 'localhost', eku => 'serverAuth',
        san => 'DNS:localhost, DNS:*.example.com, IP:127.0.0.1', %option);
}


# As Apple issues them: the topic is the UID in the subject.

sub push_certificate {
    my ($self, $topic, %option) = @_;

    my ($last) = $topic =~ /([^.]*)\z/;

    return $self->certificate("APSP:$last", uid => $topic, key => 'rsa',
        eku => 'clientAuth', %option);
}


# The same of a request (PEM) that somebody else made.

sub push_certificate_of {
    my ($self, $request, $topic, %option) = @_;

    my ($last) = $topic =~ /([^.]*)\z/;
    my $new = new_object(ref $self, "APSP:$last");

    $new->{ca} = $self;
    MDM::Test::spew("$new->{stem}.csr", $request);
    openssl('ca', '-batch', '-notext', '-config', $self->{conf},
        '-name', 'this', '-cert', $self->{cert}, '-keyfile', $self->{key},
        '-in', "$new->{stem}.csr", '-subj', "/UID=$topic/CN=APSP:$last",
        '-out', $new->{cert}, '-outdir', MDM::Test::test_dir(),
        '-extfile', $new->extensions(eku => 'clientAuth'), lifetime(%option));

    return $new;
}


# Options: uid (in the subject), days (of life, negative: ended so long ago),
# starts (in days), eku ('' for none), usage (key usage), san, key ('ec', 'rsa',
# 'rsa1024' or another object whose key is used again), ca (true: an issuing CA).

sub certificate {
    my ($self, $name, %option) = @_;

    my $new = new_object(ref $self, $name);
    my $request = "$new->{stem}.csr";

    $new->{ca} = $self;
    $new->{key} = $option{key}{key} if ref $option{key};
    $new->make_key($option{key}) if !ref $option{key};
    $new->write_ca_conf if $option{ca};

    openssl('req', '-new', '-config', $self->{conf}, '-key', $new->{key},
        '-subj', ($option{uid} ? "/UID=$option{uid}" : '') . "/CN=$name",
        '-out', $request);
    openssl('ca', '-batch', '-notext', '-config', $self->{conf},
        '-name', 'this', '-cert', $self->{cert}, '-keyfile', $self->{key},
        '-in', $request, '-out', $new->{cert}, '-outdir', MDM::Test::test_dir(),
        '-extfile', $new->extensions(%option), lifetime(%option));

    return $new;
}


sub lifetime {
    my (%option) = @_;

    my $end = $option{days} // 365;
    my $start = $option{starts} // ($end < 0 ? $end - 10 : -1);

    return ('-startdate', date_of($start), '-enddate', date_of($end));
}


sub date_of {
    my ($days) = @_;

    return POSIX::strftime('%Y%m%d%H%M%SZ', gmtime time + $days * 86400);
}


sub extensions {
    my ($self, %option) = @_;

    my @lines = $option{ca}
        ? ('basicConstraints = critical, CA:TRUE',
           'keyUsage = critical, keyCertSign')
        : ('basicConstraints = CA:FALSE',
           'keyUsage = critical, ' . ($option{usage} // 'digitalSignature'));

    push @lines, 'subjectKeyIdentifier = hash';
    push @lines, "extendedKeyUsage = $option{eku}" if $option{eku};
    push @lines, "subjectAltName = $option{san}"   if $option{san};

    return MDM::Test::spew("$self->{stem}.ext", join("\n", @lines) . "\n");
}


sub pem { return MDM::Test::slurp($_[0]{cert}) }
sub key_pem { return MDM::Test::slurp($_[0]{key}) }


sub der {
    my ($self) = @_;

    my ($base64) = $self->pem =~
        /-----BEGIN CERTIFICATE-----(.*?)-----END/s;

    return MIME::Base64::decode_base64($base64);
}


# What the database knows a certificate by.

sub sha256 { return Digest::SHA::sha256_hex($_[0]->der) }


# A detached CMS signature over the body, in Base64, as a device sends it.
# Further options of "openssl cms" may follow: '-noattr', '-nocerts', ...

sub sign {
    my ($self, $body, @option) = @_;

    my $file = "$self->{stem}-" . ++$count;
    MDM::Test::spew($file, $body);

    openssl('cms', '-sign', '-binary', '-nosmimecap', '-md', 'sha256',
        '-outform', 'DER', '-signer', $self->{cert}, '-inkey', $self->{key},
        '-in', $file, '-out', "$file.cms", @option);

    my $der = MDM::Test::slurp("$file.cms");
    unlink $file, "$file.cms";

    return MIME::Base64::encode_base64($der, '');
}

1;
