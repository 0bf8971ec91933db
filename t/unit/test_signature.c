
/*
 * The Mdm-Signature header: what a device may send is read and verified, and
 * every other form is refused in words.
 */


#include "pki_fixture.h"

#include "../../ngx_mdm_module/pki/mdm_signature.h"


#define BODY      "<plist><dict><key>Status</key></dict></plist>"
#define DEEP      10000

#define OID_SHA256  "\x60\x86\x48\x01\x65\x03\x04\x02\x01"

/* CMS_sign() adds attributes unless told not to */
#define NO_ATTRS  CMS_NOATTR


static EVP_PKEY    *ca_key, *rsa_key, *p256_key, *p384_key;
static X509        *ca, *rsa_cert, *p256_cert, *p384_cert;
static mdm_arena_t  arena;
static mdm_fault_t  fault;


static int
setup_group(void **state)
{
    (void) state;

    ca_key = fixture_ec("P-256");
    rsa_key = fixture_rsa(2048);
    p256_key = fixture_ec("P-256");
    p384_key = fixture_ec("P-384");

    ca = fixture_ca("Tenant CA", ca_key);
    rsa_cert = fixture_device("RSA device", rsa_key, ca, ca_key);
    p256_cert = fixture_device("P-256 device", p256_key, ca, ca_key);
    p384_cert = fixture_device("P-384 device", p384_key, ca, ca_key);

    return 0;
}


static int
teardown_group(void **state)
{
    (void) state;

    X509_free(ca);
    X509_free(rsa_cert);
    X509_free(p256_cert);
    X509_free(p384_cert);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(rsa_key);
    EVP_PKEY_free(p256_key);
    EVP_PKEY_free(p384_key);

    return 0;
}


static int
setup(void **state)
{
    (void) state;

    mdm_arena_init(&arena);

    return 0;
}


static int
teardown(void **state)
{
    (void) state;

    mdm_arena_free(&arena);

    return 0;
}


/* Unfinished, for tests that add to it. */

static CMS_ContentInfo *
start(X509 *cert, EVP_PKEY *key, const EVP_MD *md, unsigned flags)
{
    CMS_ContentInfo  *cms;

    flags |= CMS_PARTIAL | CMS_BINARY | CMS_DETACHED;

    cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
    assert_non_null(cms);
    assert_non_null(CMS_add1_signer(cms, cert, key, md, flags));

    return cms;
}


static void
finish(CMS_ContentInfo *cms, unsigned flags)
{
    BIO  *bio;

    bio = BIO_new_mem_buf(BODY, -1);
    assert_int_equal(CMS_final(cms, bio, NULL,
                               flags | CMS_BINARY | CMS_DETACHED),
                     1);
    BIO_free(bio);
}


static CMS_ContentInfo *
sign(X509 *cert, EVP_PKEY *key, const EVP_MD *md, unsigned flags)
{
    CMS_ContentInfo  *cms;

    cms = start(cert, key, md, flags);
    finish(cms, flags);

    return cms;
}


/* Takes the message and frees it. */

static mdm_str_t
der_of(CMS_ContentInfo *cms)
{
    int             len;
    mdm_str_t       der;
    unsigned char  *p;

    p = NULL;
    len = i2d_CMS_ContentInfo(cms, &p);
    assert_true(len > 0);

    der = mdm_arena_str(&arena, p, len);

    OPENSSL_free(p);
    CMS_ContentInfo_free(cms);
    ERR_clear_error();

    return der;
}


static mdm_str_t
base64_of(mdm_str_t der)
{
    int             len;
    unsigned char  *p;

    p = mdm_arena_alloc(&arena, der.len / 3 * 4 + 5);
    assert_non_null(p);

    len = EVP_EncodeBlock(p, der.data, (int) der.len);

    return (mdm_str_t) { len, p };
}


static mdm_rc_e
read_der(mdm_str_t der, mdm_signature_t *signature)
{
    mdm_rc_e   rc;
    mdm_str_t  header;

    header = base64_of(der);

    memset(&fault, 0, sizeof(mdm_fault_t));
    rc = mdm_signature_read(&arena, fixture_exact(&arena, header, header.len),
                            signature, &fault);
    assert_no_openssl_error();
    assert_int_equal(rc == MDM_OK, fault.text[0] == '\0');
    assert_int_equal(rc == MDM_OK, mdm_str_is_set(signature->certificate));

    return rc;
}


static mdm_rc_e
verify(const mdm_signature_t *signature, EVP_PKEY *key, mdm_str_t body)
{
    mdm_rc_e  rc;

    memset(&fault, 0, sizeof(mdm_fault_t));
    rc = mdm_signature_verify(signature, key, body, &fault);
    assert_no_openssl_error();
    assert_int_equal(rc == MDM_OK, fault.text[0] == '\0');

    return rc;
}


static void
refuse(mdm_str_t der, mdm_rc_e rc, const char *words)
{
    mdm_signature_t  signature;

    assert_int_equal(read_der(der, &signature), rc);

    if (strstr(fault.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", fault.text, words);
    }
}


/* Reads, finds the certificate, verifies by its key; the key of another does
 * not do. */

static void
accept(mdm_str_t der, X509 *cert, EVP_PKEY *key, int nid)
{
    mdm_signature_t     signature;
    mdm_certificate_t  *certificate;

    assert_int_equal(read_der(der, &signature), MDM_OK);
    assert_int_equal(signature.digest_nid, nid);
    assert_int_equal(signature.key_nid, EVP_PKEY_get_base_id(key));
    assert_true(mdm_str_eq(signature.certificate, fixture_der(&arena, cert)));

    assert_int_equal(mdm_certificate_parse(signature.certificate,
                                           &certificate, &fault),
                     MDM_OK);

    assert_int_equal(verify(&signature, certificate->key, mdm_str(BODY)),
                     MDM_OK);
    assert_int_equal(verify(&signature, certificate->key, mdm_str(BODY " ")),
                     MDM_UNTRUSTED);
    assert_int_equal(verify(&signature, certificate->key, mdm_null_str),
                     MDM_UNTRUSTED);
    assert_int_equal(verify(&signature, ca_key, mdm_str(BODY)),
                     MDM_UNTRUSTED);

    mdm_certificate_free(certificate);
}


static void
test_accepted_forms(void **state)
{
    unsigned  i;

    const struct {
        X509          *cert;
        EVP_PKEY      *key;
        const EVP_MD  *md;
        unsigned       flags;
    } cases[] = {
        { rsa_cert, rsa_key, NULL, 0 },
        { rsa_cert, rsa_key, EVP_sha256(), NO_ATTRS },
        { rsa_cert, rsa_key, EVP_sha384(), 0 },
        { rsa_cert, rsa_key, EVP_sha512(), 0 },
        { rsa_cert, rsa_key, EVP_sha512(), NO_ATTRS },
        { rsa_cert, rsa_key, EVP_sha256(), CMS_NOSMIMECAP },
        { rsa_cert, rsa_key, EVP_sha256(), CMS_USE_KEYID },
        { p256_cert, p256_key, EVP_sha256(), 0 },
        { p256_cert, p256_key, EVP_sha256(), NO_ATTRS },
        { p256_cert, p256_key, EVP_sha512(), 0 },
        { p256_cert, p256_key, EVP_sha256(), CMS_USE_KEYID | NO_ATTRS },
        { p384_cert, p384_key, EVP_sha384(), 0 },
        { p384_cert, p384_key, EVP_sha384(), NO_ATTRS },
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        accept(der_of(sign(cases[i].cert, cases[i].key, cases[i].md,
                           cases[i].flags)),
               cases[i].cert, cases[i].key,
               cases[i].md ? EVP_MD_get_type(cases[i].md) : NID_sha256);
    }
}


static void
test_attributes_are_cut_out(void **state)
{
    mdm_signature_t  signature;

    (void) state;

    assert_int_equal(read_der(der_of(sign(rsa_cert, rsa_key, EVP_sha256(),
                                          0)),
                              &signature),
                     MDM_OK);
    assert_int_equal(signature.message_digest.len, 32);
    assert_int_equal(signature.signed_attrs_der.data[0], MDM_BER_SET);
    assert_true(signature.signed_attrs_der.len > signature.signed_attrs.len);

    assert_int_equal(read_der(der_of(sign(rsa_cert, rsa_key, EVP_sha256(),
                                          NO_ATTRS)),
                              &signature),
                     MDM_OK);
    assert_false(mdm_str_is_set(signature.signed_attrs));
    assert_false(mdm_str_is_set(signature.signed_attrs_der));
    assert_false(mdm_str_is_set(signature.message_digest));
    assert_int_equal(signature.signature.len, 256);
}


/* The certificate is found among others, wherever it stands. */

static void
test_chain_certificates(void **state)
{
    unsigned          flags;
    CMS_ContentInfo  *cms;

    (void) state;

    for (flags = 0; flags <= CMS_USE_KEYID; flags += CMS_USE_KEYID) {

        cms = sign(rsa_cert, rsa_key, NULL, flags);
        assert_int_equal(CMS_add1_cert(cms, ca), 1);
        assert_int_equal(CMS_add1_cert(cms, p384_cert), 1);
        accept(der_of(cms), rsa_cert, rsa_key, NID_sha256);

        cms = sign(p384_cert, p384_key, EVP_sha384(), flags | CMS_NOCERTS);
        assert_int_equal(CMS_add1_cert(cms, ca), 1);
        assert_int_equal(CMS_add1_cert(cms, rsa_cert), 1);
        assert_int_equal(CMS_add1_cert(cms, p384_cert), 1);
        accept(der_of(cms), p384_cert, p384_key, NID_sha384);

        refuse(der_of(sign(rsa_cert, rsa_key, NULL, flags | CMS_NOCERTS)),
               MDM_UNSUPPORTED, "does not bring");

        cms = sign(rsa_cert, rsa_key, NULL, flags | CMS_NOCERTS);
        assert_int_equal(CMS_add1_cert(cms, ca), 1);
        refuse(der_of(cms), MDM_UNSUPPORTED, "does not bring");
    }
}


/* Names are compared by their bytes, and so is the serial number. */

static void
test_same_serial_of_another_issuer(void **state)
{
    X509             *twin;
    CMS_ContentInfo  *cms;

    (void) state;

    twin = X509_dup(rsa_cert);
    X509_NAME_add_entry_by_txt(X509_get_issuer_name(twin), "O", MBSTRING_ASC,
                               (const unsigned char *) "Other", -1, -1, 0);
    assert_int_not_equal(X509_sign(twin, ca_key, EVP_sha256()), 0);

    cms = sign(rsa_cert, rsa_key, NULL, CMS_NOCERTS);
    assert_int_equal(CMS_add1_cert(cms, twin), 1);
    refuse(der_of(cms), MDM_UNSUPPORTED, "does not bring");

    cms = sign(rsa_cert, rsa_key, NULL, 0);
    assert_int_equal(CMS_add1_cert(cms, twin), 1);
    accept(der_of(cms), rsa_cert, rsa_key, NID_sha256);

    X509_free(twin);
}


/* The signature algorithm may name its digest, if it is the same one. */

static void
test_named_rsa_algorithms(void **state)
{
    unsigned          i;
    X509_ALGOR       *algorithm;
    CMS_ContentInfo  *cms;
    CMS_SignerInfo   *si;

    static const struct {
        int          nid;
        mdm_rc_e     rc;
        const char  *words;
    } cases[] = {
        { NID_sha256WithRSAEncryption, MDM_OK, "" },
        { NID_sha384WithRSAEncryption, MDM_MALFORMED, "one digest" },
        { NID_sha512WithRSAEncryption, MDM_MALFORMED, "one digest" },
        { NID_sha1WithRSAEncryption, MDM_UNSUPPORTED,
          "signature algorithm sha1WithRSAEncryption" },
        { NID_dsa_with_SHA256, MDM_UNSUPPORTED, "dsa_with_SHA256" },
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cms = sign(rsa_cert, rsa_key, EVP_sha256(), 0);
        si = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
        CMS_SignerInfo_get0_algs(si, NULL, NULL, NULL, &algorithm);
        X509_ALGOR_set0(algorithm, OBJ_nid2obj(cases[i].nid), V_ASN1_NULL,
                        NULL);

        if (cases[i].rc == MDM_OK) {
            accept(der_of(cms), rsa_cert, rsa_key, NID_sha256);

        } else {
            refuse(der_of(cms), cases[i].rc, cases[i].words);
        }
    }
}


static void
test_pss(void **state)
{
    unsigned          flags;
    EVP_PKEY_CTX     *ctx;
    CMS_ContentInfo  *cms;
    CMS_SignerInfo   *si;

    (void) state;

    flags = CMS_PARTIAL | CMS_BINARY | CMS_DETACHED | CMS_KEY_PARAM;

    cms = CMS_sign(NULL, NULL, NULL, NULL, flags);
    si = CMS_add1_signer(cms, rsa_cert, rsa_key, EVP_sha256(), flags);
    assert_non_null(si);

    ctx = CMS_SignerInfo_get0_pkey_ctx(si);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING),
                     1);
    finish(cms, 0);

    refuse(der_of(cms), MDM_UNSUPPORTED,
           "signature algorithm rsassaPss is not taken");
}


static void
test_weak_digests(void **state)
{
    (void) state;

    refuse(der_of(sign(rsa_cert, rsa_key, EVP_sha1(), 0)), MDM_UNSUPPORTED,
           "digest algorithm sha1 is not taken");
    refuse(der_of(sign(rsa_cert, rsa_key, EVP_sha1(), NO_ATTRS)),
           MDM_UNSUPPORTED, "sha1");
    refuse(der_of(sign(p256_cert, p256_key, EVP_sha224(), 0)),
           MDM_UNSUPPORTED, "sha224");
    refuse(der_of(sign(rsa_cert, rsa_key, EVP_md5(), 0)), MDM_UNSUPPORTED,
           "md5");
}


static void
test_digests_that_differ(void **state)
{
    mdm_str_t  der;

    (void) state;

    der = der_of(sign(p256_cert, p256_key, EVP_sha256(), NO_ATTRS));

    /* SHA-256 becomes SHA-384 where the signer names the message's digest */

    fixture_find(der, OID_SHA256, 9)[8] = 0x02;
    refuse(der, MDM_MALFORMED, "one digest");

    /* and an identifier that nobody knows is printed as digits */

    fixture_find(der, "\x60\x86\x48\x01\x65\x03\x04\x02\x02", 9)[8] = 0x7f;
    refuse(der, MDM_UNSUPPORTED,
           "digest algorithm 2.16.840.1.101.3.4.2.127 is not taken");
}


static void
test_signers(void **state)
{
    CMS_ContentInfo  *cms;

    (void) state;

    cms = start(rsa_cert, rsa_key, NULL, 0);
    assert_non_null(CMS_add1_signer(cms, p256_cert, p256_key, NULL,
                                    CMS_PARTIAL | CMS_BINARY));
    finish(cms, 0);
    refuse(der_of(cms), MDM_UNSUPPORTED, "more than one signer");

    cms = CMS_sign(NULL, NULL, NULL, NULL,
                   CMS_PARTIAL | CMS_BINARY | CMS_DETACHED);
    assert_int_equal(CMS_add1_cert(cms, rsa_cert), 1);
    refuse(der_of(cms), MDM_UNSUPPORTED, "no signer");
}


static void
test_content_inside(void **state)
{
    BIO              *bio;
    CMS_ContentInfo  *cms;

    (void) state;

    bio = BIO_new_mem_buf(BODY, -1);
    cms = CMS_sign(rsa_cert, rsa_key, NULL, bio, CMS_BINARY);
    assert_non_null(cms);
    BIO_free(bio);

    refuse(der_of(cms), MDM_UNSUPPORTED, "must be detached");
}


static void
test_other_content_type(void **state)
{
    CMS_ContentInfo  *cms;

    (void) state;

    cms = start(rsa_cert, rsa_key, NULL, 0);
    assert_int_equal(CMS_set1_eContentType(cms, OBJ_nid2obj(NID_pkcs7_digest)),
                     1);
    finish(cms, 0);
    refuse(der_of(cms), MDM_UNSUPPORTED, "other than data");

    /* and when only the signed attribute says so */

    cms = start(rsa_cert, rsa_key, NULL, 0);
    assert_int_equal(CMS_set1_eContentType(cms, OBJ_nid2obj(NID_pkcs7_digest)),
                     1);
    finish(cms, 0);
    assert_int_equal(CMS_set1_eContentType(cms, OBJ_nid2obj(NID_pkcs7_data)),
                     1);
    refuse(der_of(cms), MDM_MALFORMED, "contentType is not data");
}


static CMS_SignerInfo *
signer_of(CMS_ContentInfo *cms)
{
    return sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
}


/* Without the attribute that names its digest a signature covers no body. */

static void
test_attribute_missing(void **state)
{
    int               place;
    CMS_ContentInfo  *cms;
    CMS_SignerInfo   *si;

    (void) state;

    cms = sign(rsa_cert, rsa_key, NULL, 0);
    si = signer_of(cms);
    place = CMS_signed_get_attr_by_NID(si, NID_pkcs9_messageDigest, -1);
    X509_ATTRIBUTE_free(CMS_signed_delete_attr(si, place));
    refuse(der_of(cms), MDM_MALFORMED, "messageDigest is missing");

    cms = sign(rsa_cert, rsa_key, NULL, 0);
    si = signer_of(cms);
    place = CMS_signed_get_attr_by_NID(si, NID_pkcs9_contentType, -1);
    X509_ATTRIBUTE_free(CMS_signed_delete_attr(si, place));
    refuse(der_of(cms), MDM_MALFORMED, "contentType is missing");

    cms = sign(rsa_cert, rsa_key, NULL, 0);
    si = signer_of(cms);

    while (CMS_signed_get_attr_count(si) > 0) {
        X509_ATTRIBUTE_free(CMS_signed_delete_attr(si, 0));
    }

    refuse(der_of(cms), MDM_MALFORMED, "contentType is missing");
}


static X509_ATTRIBUTE *
attribute(CMS_ContentInfo *cms, int nid)
{
    CMS_SignerInfo  *si;

    si = signer_of(cms);

    return CMS_signed_get_attr(si, CMS_signed_get_attr_by_NID(si, nid, -1));
}


static void
test_attribute_with_two_values(void **state)
{
    CMS_ContentInfo  *cms;

    (void) state;

    cms = sign(rsa_cert, rsa_key, NULL, 0);
    assert_int_equal(X509_ATTRIBUTE_set1_data(
                         attribute(cms, NID_pkcs9_messageDigest),
                         V_ASN1_OCTET_STRING, "x", 1),
                     1);
    refuse(der_of(cms), MDM_MALFORMED, "messageDigest has not one value");

    cms = sign(rsa_cert, rsa_key, NULL, 0);
    assert_int_equal(X509_ATTRIBUTE_set1_data(
                         attribute(cms, NID_pkcs9_contentType),
                         V_ASN1_OBJECT, OBJ_nid2obj(NID_pkcs7_data), -1),
                     1);
    refuse(der_of(cms), MDM_MALFORMED, "contentType has not one value");
}


/* OpenSSL adds no attribute twice, so another one is renamed. */

static void
test_attribute_given_twice(void **state)
{
    mdm_str_t         der;
    CMS_ContentInfo  *cms;

    (void) state;

    cms = start(rsa_cert, rsa_key, NULL, CMS_NOSMIMECAP);
    assert_int_equal(CMS_signed_add1_attr_by_NID(signer_of(cms),
                         NID_pkcs9_challengePassword, V_ASN1_OCTET_STRING,
                         "0123456789abcdef0123456789abcdef", 32),
                     1);
    finish(cms, CMS_NOSMIMECAP);
    der = der_of(cms);
    accept(der, rsa_cert, rsa_key, NID_sha256);

    fixture_find(der, "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07", 9)[8] = 0x04;
    refuse(der, MDM_MALFORMED, "messageDigest is given twice");

    fixture_find(der, "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04", 9)[8] = 0x03;
    refuse(der, MDM_MALFORMED, "contentType");
}


static void
alter_each(mdm_signature_t *signature, EVP_PKEY *key, mdm_str_t part)
{
    size_t          i;
    unsigned char  *p;

    p = (unsigned char *) part.data;

    for (i = 0; i < part.len; i++) {
        p[i] ^= 0x10;
        assert_int_equal(verify(signature, key, mdm_str(BODY)),
                         MDM_UNTRUSTED);
        p[i] ^= 0x10;
    }

    assert_int_equal(verify(signature, key, mdm_str(BODY)), MDM_OK);
}


static void
test_every_altered_byte_is_noticed(void **state)
{
    mdm_signature_t  signature;

    (void) state;

    assert_int_equal(read_der(der_of(sign(rsa_cert, rsa_key, NULL, 0)),
                              &signature),
                     MDM_OK);
    alter_each(&signature, rsa_key, signature.signed_attrs_der);
    alter_each(&signature, rsa_key, signature.message_digest);
    alter_each(&signature, rsa_key, signature.signature);

    assert_int_equal(read_der(der_of(sign(p256_cert, p256_key, NULL,
                                          NO_ATTRS)),
                              &signature),
                     MDM_OK);
    alter_each(&signature, p256_key, signature.signature);
}


static void
test_every_altered_body_is_noticed(void **state)
{
    char             body[] = BODY;
    size_t           i, len;
    unsigned         flags;
    mdm_signature_t  signature;

    (void) state;

    len = sizeof(body) - 1;

    for (flags = 0; flags <= NO_ATTRS; flags += NO_ATTRS) {
        assert_int_equal(read_der(der_of(sign(rsa_cert, rsa_key, NULL,
                                              flags)),
                                  &signature),
                         MDM_OK);

        for (i = 0; i < len; i++) {
            body[i] ^= 0x01;
            assert_int_equal(verify(&signature, rsa_key,
                                 (mdm_str_t) { len, (unsigned char *) body }),
                             MDM_UNTRUSTED);
            body[i] ^= 0x01;

            assert_int_equal(verify(&signature, rsa_key,
                                 (mdm_str_t) { i, (unsigned char *) body }),
                             MDM_UNTRUSTED);
        }
    }
}


static void
test_wrong_key(void **state)
{
    EVP_PKEY         *other;
    mdm_signature_t   signature;

    (void) state;

    assert_int_equal(read_der(der_of(sign(rsa_cert, rsa_key, NULL, 0)),
                              &signature),
                     MDM_OK);

    other = fixture_rsa(2048);
    assert_int_equal(verify(&signature, other, mdm_str(BODY)), MDM_UNTRUSTED);
    assert_non_null(strstr(fault.text, "does not hold"));
    EVP_PKEY_free(other);

    assert_int_equal(verify(&signature, p256_key, mdm_str(BODY)),
                     MDM_UNTRUSTED);
    assert_non_null(strstr(fault.text, "different kinds"));

    assert_int_equal(verify(&signature, rsa_key, mdm_str("another")),
                     MDM_UNTRUSTED);
    assert_non_null(strstr(fault.text, "another body"));

    assert_int_equal(mdm_signature_verify(&signature, rsa_key,
                                          mdm_str("another"), NULL),
                     MDM_UNTRUSTED);

    memset(&signature, 0, sizeof(mdm_signature_t));
    assert_int_equal(verify(&signature, rsa_key, mdm_str(BODY)),
                     MDM_UNSUPPORTED);
}


/* A message around one SignerInfo; indefinite lengths spare the counting. */

static mdm_str_t
around(mdm_str_t before, mdm_str_t signer)
{
    size_t          len;
    unsigned char  *p;

    static const char  head[] = "\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d"
                                "\x01\x07\x02\xa0\x80\x30\x80";

    len = sizeof(head) - 1 + before.len + 4 + signer.len + 10;
    p = mdm_arena_zalloc(&arena, len);
    assert_non_null(p);

    memcpy(p, head, sizeof(head) - 1);
    memcpy(p + sizeof(head) - 1, before.data, before.len);
    memcpy(p + sizeof(head) - 1 + before.len, "\x31\x80\x30\x80", 4);

    if (signer.len > 0) {
        memcpy(p + sizeof(head) - 1 + before.len + 4, signer.data,
               signer.len);
    }

    return (mdm_str_t) { len, p };
}


/* What stands in a SignedData before its signers, and in the first signer. */

static void
take_apart(mdm_str_t der, mdm_str_t *before, mdm_str_t *signer)
{
    mdm_str_t  rest;
    mdm_ber_t  item, part;

    rest = der;
    assert_true(mdm_ber_take(&rest, MDM_BER_SEQUENCE, &item));
    assert_true(mdm_ber_next(&item.content, &part));
    assert_true(mdm_ber_take(&item.content, MDM_BER_CONTEXT(0), &item));
    assert_true(mdm_ber_take(&item.content, MDM_BER_SEQUENCE, &item));

    *before = item.content;

    do {
        before->len = item.content.data - before->data;
        assert_true(mdm_ber_next(&item.content, &part));
    } while (item.content.len > 0);

    assert_true(mdm_ber_take(&part.content, MDM_BER_SEQUENCE, &item));
    *signer = item.content;
}


static void
test_signer_with_a_part_missing(void **state)
{
    size_t            i, n;
    mdm_str_t         before, signer, rest, less;
    mdm_ber_t         part;
    unsigned char    *p;
    mdm_signature_t   signature;

    (void) state;

    take_apart(der_of(sign(rsa_cert, rsa_key, NULL, 0)), &before, &signer);
    accept(around(before, signer), rsa_cert, rsa_key, NID_sha256);

    rest = signer;

    for (i = 0; mdm_ber_next(&rest, &part); i++) {
        n = part.whole.data - signer.data;
        p = mdm_arena_alloc(&arena, signer.len);
        memcpy(p, signer.data, n);
        memcpy(p + n, rest.data, rest.len);
        less = (mdm_str_t) { n + rest.len, p };

        if (i != 3) {
            refuse(around(before, less), MDM_MALFORMED, "parts in order");
            continue;
        }

        /* without its attributes a signature is read, but does not hold */

        assert_int_equal(read_der(around(before, less), &signature), MDM_OK);
        assert_int_equal(verify(&signature, rsa_key, mdm_str(BODY)),
                         MDM_UNTRUSTED);
    }

    assert_int_equal(i, 6);
}


static void
test_signer_with_more(void **state)
{
    mdm_str_t       before, signer;
    unsigned char  *p;

    (void) state;

    take_apart(der_of(sign(rsa_cert, rsa_key, NULL, 0)), &before, &signer);

    p = mdm_arena_alloc(&arena, signer.len + 2);
    memcpy(p, signer.data, signer.len);
    signer = (mdm_str_t) { signer.len + 2, p };

    memcpy(p + signer.len - 2, "\xa1\x00", 2);            /* unsignedAttrs */
    accept(around(before, signer), rsa_cert, rsa_key, NID_sha256);

    memcpy(p + signer.len - 2, "\x05\x00", 2);
    refuse(around(before, signer), MDM_MALFORMED, "parts in order");

    refuse(around(before, mdm_null_str), MDM_MALFORMED, "parts in order");
}


/* Streaming signers send indefinite lengths. */

static void
test_indefinite_lengths(void **state)
{
    unsigned          flags;
    mdm_str_t         der, ber;
    unsigned char    *p;
    CMS_ContentInfo  *cms;

    (void) state;

    cms = sign(rsa_cert, rsa_key, NULL, 0);
    p = NULL;
    ber.len = ASN1_item_ndef_i2d((ASN1_VALUE *) cms, &p,
                                 ASN1_ITEM_rptr(CMS_ContentInfo));
    ber.data = p;
    assert_int_equal(p[1], 0x80);
    accept(ber, rsa_cert, rsa_key, NID_sha256);
    OPENSSL_free(p);
    CMS_ContentInfo_free(cms);
    ERR_clear_error();

    for (flags = 0; flags <= NO_ATTRS; flags += NO_ATTRS) {
        der = der_of(sign(p256_cert, p256_key, NULL, flags));
        p = mdm_arena_alloc(&arena, 4 * der.len);
        ber = (mdm_str_t) { fixture_loosen(p, der) - p, p };
        assert_int_not_equal(ber.len, der.len);
        accept(ber, p256_cert, p256_key, NID_sha256);
    }
}


static void
test_every_cut_message_is_refused(void **state)
{
    size_t           len;
    mdm_str_t        der, header;
    mdm_signature_t  signature;

    (void) state;

    der = der_of(sign(rsa_cert, rsa_key, NULL, 0));

    for (len = 1; len < der.len; len++) {
        refuse(fixture_exact(&arena, der, len), MDM_MALFORMED, "cut short");
    }

    header = base64_of(der);

    for (len = 0; len < header.len; len++) {
        assert_int_equal(mdm_signature_read(&arena,
                             fixture_exact(&arena, header, len), &signature,
                             NULL),
                         MDM_MALFORMED);
        assert_no_openssl_error();
    }
}


static void
test_trailing_bytes(void **state)
{
    mdm_str_t       der;
    unsigned char  *p;

    (void) state;

    der = der_of(sign(rsa_cert, rsa_key, NULL, 0));

    p = mdm_arena_alloc(&arena, der.len + 1);
    memcpy(p, der.data, der.len);
    p[der.len] = 0;

    refuse((mdm_str_t) { der.len + 1, p }, MDM_MALFORMED, "1 more byte");
}


static void
test_deep_nesting(void **state)
{
    size_t          i;
    mdm_str_t       nest;
    unsigned char  *p;

    (void) state;

    p = mdm_arena_alloc(&arena, 2 * DEEP);

    for (i = 0; i < DEEP; i++) {
        p[2 * i] = 0x30;
        p[2 * i + 1] = 0x80;
    }

    nest = (mdm_str_t) { 2 * DEEP, p };
    refuse(nest, MDM_TOO_LARGE, "nested deeper than 32");
}


static void
refuse_header(const char *header, mdm_rc_e rc, const char *words)
{
    mdm_signature_t  signature;

    assert_int_equal(mdm_signature_read(&arena,
                         (mdm_str_t) { strlen(header),
                                       (const unsigned char *) header },
                         &signature, &fault),
                     rc);
    assert_non_null(strstr(fault.text, words));
    assert_no_openssl_error();
}


static void
test_base64(void **state)
{
    (void) state;

    refuse_header("", MDM_MALFORMED, "empty");
    refuse_header(" \t\r\n", MDM_MALFORMED, "empty");
    refuse_header("AAA", MDM_MALFORMED, "not Base64");
    refuse_header("AA=", MDM_MALFORMED, "not Base64");
    refuse_header("====", MDM_MALFORMED, "not Base64");
    refuse_header("A===", MDM_MALFORMED, "not Base64");
    refuse_header("=AAA", MDM_MALFORMED, "not Base64");
    refuse_header("AA=A", MDM_MALFORMED, "not Base64");
    refuse_header("AA==AAAA", MDM_MALFORMED, "not Base64");
    refuse_header("AAAA====", MDM_MALFORMED, "not Base64");
    refuse_header("AA A", MDM_MALFORMED, "not Base64");
    refuse_header("AAAA\nAAAA", MDM_MALFORMED, "not Base64");
    refuse_header("AAA-", MDM_MALFORMED, "not Base64");
    refuse_header("AAA\xc3", MDM_MALFORMED, "not Base64");

    /* an empty SEQUENCE, and the same with a bit set that nobody reads */
    refuse_header("MAA=", MDM_MALFORMED, "not a CMS");
    refuse_header("MAB=", MDM_MALFORMED, "not Base64");
    refuse_header("MB==", MDM_MALFORMED, "not Base64");
    refuse_header(" +/+/ ", MDM_MALFORMED, "BER");
}


static void
test_white_space_and_size(void **state)
{
    char            *p;
    mdm_str_t        header;
    mdm_signature_t  signature;

    (void) state;

    header = base64_of(der_of(sign(rsa_cert, rsa_key, NULL, 0)));

    p = mdm_arena_alloc(&arena, MDM_SIGNATURE_HEADER_MAX + 2);
    memset(p, ' ', MDM_SIGNATURE_HEADER_MAX + 1);
    p[MDM_SIGNATURE_HEADER_MAX + 1] = '\0';
    memcpy(p + 5, header.data, header.len);

    refuse_header(p, MDM_TOO_LARGE, "longer than 32768");

    header = (mdm_str_t) { MDM_SIGNATURE_HEADER_MAX, (unsigned char *) p };
    assert_int_equal(mdm_signature_read(&arena, header, &signature, &fault),
                     MDM_OK);
    assert_int_equal(verify(&signature, rsa_key, mdm_str(BODY)), MDM_OK);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_accepted_forms, setup, teardown),
        cmocka_unit_test_setup_teardown(test_attributes_are_cut_out, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_chain_certificates, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_same_serial_of_another_issuer,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_named_rsa_algorithms, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_pss, setup, teardown),
        cmocka_unit_test_setup_teardown(test_weak_digests, setup, teardown),
        cmocka_unit_test_setup_teardown(test_digests_that_differ, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_signers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_content_inside, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_content_type, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_attribute_missing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_attribute_with_two_values, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_attribute_given_twice, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_every_altered_byte_is_noticed,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_altered_body_is_noticed,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signer_with_a_part_missing,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_signer_with_more, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_indefinite_lengths, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_every_cut_message_is_refused,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_trailing_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deep_nesting, setup, teardown),
        cmocka_unit_test_setup_teardown(test_base64, setup, teardown),
        cmocka_unit_test_setup_teardown(test_white_space_and_size, setup,
                                        teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
