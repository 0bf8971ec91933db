
/*
 * Requests for push certificates, and what a vendor makes of them: what
 * OpenSSL and a reader of property lists find in them again.
 */


#include "pki_fixture.h"

#include "../../ngx_mdm_module/pki/mdm_push_request.h"
#include "../../ngx_mdm_module/pki/mdm_push_vendor.h"


static EVP_PKEY            *root_key, *middle_key, *vendor_key, *ec_key;
static X509                *root, *middle, *leaf;
static mdm_arena_t          arena;
static mdm_fault_t          fault;
static mdm_push_request_t   request;
static mdm_push_vendor_t    vendor;


static X509 *
authority(const char *subject, EVP_PKEY *key, X509 *issuer,
    EVP_PKEY *issuer_key)
{
    fixture_request_t  ask;

    memset(&ask, 0, sizeof(fixture_request_t));
    ask.subject = subject;
    ask.key = key;
    ask.issuer = issuer;
    ask.issuer_key = issuer_key;
    ask.constraints = FIXTURE_CA;
    ask.usage = "critical,keyCertSign,cRLSign";
    ask.key_id = true;

    return fixture_certificate(&ask);
}


static int
setup_group(void **state)
{
    (void) state;

    mdm_arena_init(&arena);

    root_key = fixture_rsa(2048);
    middle_key = fixture_rsa(2048);
    vendor_key = fixture_rsa(2048);
    ec_key = fixture_ec("P-256");

    root = authority("Root", root_key, NULL, NULL);
    middle = authority("Middle", middle_key, root, root_key);
    leaf = fixture_device("Vendor", vendor_key, middle, middle_key);

    return 0;
}


static int
teardown_group(void **state)
{
    (void) state;

    X509_free(root);
    X509_free(middle);
    X509_free(leaf);
    EVP_PKEY_free(root_key);
    EVP_PKEY_free(middle_key);
    EVP_PKEY_free(vendor_key);
    EVP_PKEY_free(ec_key);
    mdm_arena_free(&arena);

    return 0;
}


static mdm_str_t
text(const char *s)
{
    return (mdm_str_t) { strlen(s), (const unsigned char *) s };
}


static void
make(const char *name, const char *email, const char *country)
{
    mdm_push_subject_t  subject;

    subject.common_name = text(name);
    subject.email = text(email);
    subject.country = text(country);

    assert_null(mdm_push_subject_check(&subject, &fault));
    assert_int_equal(mdm_push_request_make(&arena, &subject, &request,
                                           &fault),
                     MDM_OK);
    assert_no_openssl_error();
}


static X509_REQ *
read_pem(void)
{
    BIO       *bio;
    X509_REQ  *req;

    bio = BIO_new_mem_buf(request.pem.data, (int) request.pem.len);
    req = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
    assert_non_null(req);
    BIO_free(bio);

    return req;
}


static void
test_request(void **state)
{
    int                   len;
    X509_REQ             *req;
    EVP_PKEY             *key;
    unsigned char        *p;
    const unsigned char  *der;

    (void) state;

    make("Grüße GmbH", "mdm@example.com", "DE");
    req = read_pem();

    assert_int_equal(X509_REQ_verify(req, X509_REQ_get0_pubkey(req)), 1);
    assert_int_equal(X509_REQ_get_version(req), 0);
    assert_int_equal(X509_REQ_get_signature_nid(req),
                     NID_sha256WithRSAEncryption);
    assert_int_equal(EVP_PKEY_get_bits(X509_REQ_get0_pubkey(req)), 2048);

    p = NULL;
    len = i2d_X509_REQ(req, &p);
    assert_int_equal(len, request.der.len);
    assert_memory_equal(p, request.der.data, request.der.len);
    OPENSSL_free(p);

    der = request.key.data;
    key = d2i_AutoPrivateKey(NULL, &der, (long) request.key.len);
    assert_non_null(key);
    assert_int_equal(EVP_PKEY_eq(key, X509_REQ_get0_pubkey(req)), 1);
    EVP_PKEY_free(key);

    assert_string_equal(request.subject,
                        "emailAddress=mdm@example.com,"
                        "CN=Gr\\C3\\BC\\C3\\9Fe GmbH,C=DE");

    X509_REQ_free(req);
}


static void
test_public_key(void **state)
{
    int             len;
    X509_REQ       *req;
    unsigned char  *p, sha256[MDM_SHA256_SIZE], first[MDM_SHA256_SIZE];

    (void) state;

    make("", "", "");
    assert_string_equal(request.subject, "CN=MDM push");
    req = read_pem();

    p = NULL;
    len = i2d_PUBKEY(X509_REQ_get0_pubkey(req), &p);
    assert_true(len > 0);
    EVP_Digest(p, (size_t) len, sha256, NULL, EVP_sha256(), NULL);
    OPENSSL_free(p);
    X509_REQ_free(req);

    assert_memory_equal(sha256, request.public_key, sizeof(sha256));

    memcpy(first, request.public_key, sizeof(first));
    make("", "", "");
    assert_memory_not_equal(first, request.public_key, sizeof(first));
}


static void
refuse_subject(const char *name, const char *email, const char *country,
    const char *member)
{
    mdm_push_subject_t  subject;

    subject.common_name = text(name);
    subject.email = text(email);
    subject.country = text(country);
    fault.text[0] = '\0';

    assert_string_equal(mdm_push_subject_check(&subject, &fault), member);
    assert_string_not_equal(fault.text, "");
}


static void
test_subjects(void **state)
{
    char  long_name[80], long_email[140];

    (void) state;

    memset(long_name, 'x', sizeof(long_name));
    long_name[64] = '\0';
    make(long_name, "a@b", "US");
    make("ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé",
         "", "");

    long_name[64] = 'x';
    long_name[65] = '\0';
    refuse_subject(long_name, "", "", "common_name");
    refuse_subject("a\nb", "", "", "common_name");
    refuse_subject("a\xff", "", "", "common_name");

    memset(long_email, 'x', sizeof(long_email));
    long_email[1] = '@';
    long_email[128] = '\0';
    make("", long_email, "");
    long_email[128] = 'x';
    long_email[129] = '\0';
    refuse_subject("", long_email, "", "email");
    refuse_subject("", "nobody", "", "email");
    refuse_subject("", "@b", "", "email");
    refuse_subject("", "a@", "", "email");
    refuse_subject("", "a@b@c", "", "email");
    refuse_subject("", "ü@example.com", "", "email");
    refuse_subject("", "a b@example.com", "", "email");

    refuse_subject("", "", "D", "country");
    refuse_subject("", "", "DEU", "country");
    refuse_subject("", "", "de", "country");
    refuse_subject("", "", "D1", "country");
}


static mdm_str_t
key_pem(EVP_PKEY *key)
{
    BIO        *bio;
    char       *data;
    long        len;
    mdm_str_t   pem;

    bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL,
                                              NULL), 1);
    len = BIO_get_mem_data(bio, &data);
    pem = mdm_arena_str(&arena, data, len);
    BIO_free(bio);

    return pem;
}


static mdm_str_t
chain_pem(X509 *a, X509 *b, X509 *c)
{
    mdm_str_t  pem;

    pem = mdm_str("");
    pem = a ? fixture_pem(&arena, pem, a) : pem;
    pem = b ? fixture_pem(&arena, pem, b) : pem;

    return c ? fixture_pem(&arena, pem, c) : pem;
}


static void
take(mdm_str_t certificates)
{
    assert_int_equal(mdm_push_vendor_read(&arena, certificates,
                                          key_pem(vendor_key), FIXTURE_NOW,
                                          &vendor, &fault),
                     MDM_OK);
    assert_no_openssl_error();

    assert_int_equal(vendor.n, 3);
    assert_true(mdm_str_eq(vendor.chain[0], fixture_der(&arena, leaf)));
    assert_true(mdm_str_eq(vendor.chain[1], fixture_der(&arena, middle)));
    assert_true(mdm_str_eq(vendor.chain[2], fixture_der(&arena, root)));
}


static void
refuse_at(mdm_str_t certificates, EVP_PKEY *key, int64_t now, mdm_rc_e rc,
    const char *words)
{
    fault.text[0] = '\0';

    assert_int_equal(mdm_push_vendor_read(&arena, certificates, key_pem(key),
                                          now, &vendor, &fault),
                     rc);
    mdm_push_vendor_free(&vendor);
    assert_no_openssl_error();

    if (strstr(fault.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", fault.text, words);
    }
}


static void
refuse(mdm_str_t certificates, EVP_PKEY *key, mdm_rc_e rc, const char *words)
{
    refuse_at(certificates, key, FIXTURE_NOW, rc, words);
}


static void
test_chains(void **state)
{
    X509  *stranger, *old;

    (void) state;

    take(chain_pem(leaf, middle, root));
    mdm_push_vendor_free(&vendor);
    take(chain_pem(root, leaf, middle));
    mdm_push_vendor_free(&vendor);

    /* what is beside it, and another of the same name that is no issuer */

    stranger = authority("Middle", ec_key, root, root_key);
    take(fixture_pem(&arena, chain_pem(stranger, root, leaf), middle));
    mdm_push_vendor_free(&vendor);
    X509_free(stranger);

    refuse(chain_pem(leaf, NULL, root), vendor_key, MDM_UNTRUSTED,
           "add the certificate of \"CN=Middle\"");
    refuse(chain_pem(leaf, middle, NULL), vendor_key, MDM_UNTRUSTED,
           "add the certificate of \"CN=Root\"");
    refuse(chain_pem(leaf, NULL, NULL), vendor_key, MDM_UNTRUSTED,
           "the chain is incomplete");
    refuse(chain_pem(root, NULL, NULL), root_key, MDM_UNTRUSTED,
           "signed by itself");

    old = authority("Middle", middle_key, root, root_key);
    ASN1_TIME_set(X509_getm_notAfter(old), FIXTURE_NOW - 1);
    X509_sign(old, root_key, EVP_sha256());
    refuse(chain_pem(leaf, old, root), vendor_key, MDM_UNTRUSTED,
           "the certificate of \"CN=Middle\" has expired");
    take(fixture_pem(&arena, chain_pem(old, root, leaf), middle));
    mdm_push_vendor_free(&vendor);
    X509_free(old);
}


static void
test_vendors(void **state)
{
    X509       *ec;
    mdm_str_t   chain;

    (void) state;

    chain = chain_pem(leaf, middle, root);

    refuse(chain, ec_key, MDM_UNTRUSTED, "does not belong");
    refuse_at(chain, vendor_key, FIXTURE_AFTER + 1, MDM_UNTRUSTED,
              "expired at 2027-01-15T08:00:00Z: the vendor gets another");
    refuse_at(chain, vendor_key, FIXTURE_BEFORE - 1, MDM_UNTRUSTED,
              "not valid before");
    refuse(mdm_str("nothing"), vendor_key, MDM_MALFORMED,
           "no certificate found");

    ec = fixture_device("EC", ec_key, middle, middle_key);
    refuse(chain_pem(ec, middle, root), ec_key, MDM_UNSUPPORTED,
           "the key is not RSA");
    X509_free(ec);

    assert_int_equal(mdm_push_vendor_read(&arena, chain, mdm_str(""),
                                          FIXTURE_NOW, &vendor, &fault),
                     MDM_MALFORMED);
    mdm_push_vendor_free(&vendor);
    assert_non_null(strstr(fault.text, "no private key found"));
}


static mdm_str_t
decode(mdm_str_t base64)
{
    int             n;
    size_t          pad;
    unsigned char  *p;

    p = mdm_arena_alloc(&arena, base64.len);
    n = EVP_DecodeBlock(p, base64.data, (int) base64.len);
    assert_true(n > 0);

    for (pad = 0; base64.data[base64.len - 1 - pad] == '='; pad++) {
        /* void */
    }

    return (mdm_str_t) { (size_t) n - pad, p };
}


static mdm_str_t
between(mdm_str_t s, const char *from, const char *to)
{
    const char  *p, *q;

    p = strstr((const char *) s.data, from);
    assert_non_null(p);
    p += strlen(from);
    q = strstr(p, to);
    assert_non_null(q);

    return (mdm_str_t) { (size_t) (q - p), (const unsigned char *) p };
}


static void
test_signed_request(void **state)
{
    size_t       i, line;
    mdm_str_t    signed_text, plist, signature, chain, der;
    EVP_MD_CTX  *ctx;

    (void) state;

    make("acme", "", "");
    take(chain_pem(root, middle, leaf));

    assert_int_equal(mdm_push_vendor_sign(&vendor, request.der,
                                          &signed_text),
                     MDM_OK);
    mdm_push_vendor_free(&vendor);
    assert_no_openssl_error();

    assert_int_equal(signed_text.data[signed_text.len], '\0');
    assert_null(memchr(signed_text.data, '\n', signed_text.len));

    plist = decode(signed_text);
    plist = mdm_arena_str(&arena, plist.data, plist.len);

    der = decode(between(plist, "<key>PushCertRequestCSR</key>\n<string>",
                         "</string>"));
    assert_true(mdm_str_eq(der, request.der));

    signature = decode(between(plist, "<key>PushCertSignature</key>\n"
                               "<string>", "</string>"));
    ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL,
                                          X509_get0_pubkey(leaf)), 1);
    assert_int_equal(EVP_DigestVerify(ctx, signature.data, signature.len,
                                      request.der.data, request.der.len), 1);
    EVP_MD_CTX_free(ctx);

    chain = between(plist, "<key>PushCertCertificateChain</key>\n<string>",
                    "</string>");
    assert_true(mdm_str_eq(chain, chain_pem(leaf, middle, root)));

    for (i = 0, line = 0; i < chain.len; i++, line++) {
        if (chain.data[i] == '\n') {
            assert_true(line <= 64);
            line = (size_t) -1;
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_public_key),
        cmocka_unit_test(test_subjects),
        cmocka_unit_test(test_chains),
        cmocka_unit_test(test_vendors),
        cmocka_unit_test(test_signed_request),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
