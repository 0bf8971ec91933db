
/*
 * Signing certificates, signing with them, and who signed what came.  What we
 * sign is verified by OpenSSL against the root, and what we verify is altered
 * byte by byte.
 */


#include "pki_fixture.h"

#include "../../ngx_mdm_module/pki/mdm_cms_sign.h"
#include "../../ngx_mdm_module/pki/mdm_signing_certificate.h"


#define CONTENT  "<?xml version=\"1.0\"?>\r\n<plist><dict/></plist>\n"


static EVP_PKEY                   *ca_key, *rsa_key, *ec_key;
static X509                       *ca, *rsa, *ec, *lone;
static mdm_arena_t                 arena;
static mdm_fault_t                 fault;
static mdm_signing_certificate_t   signing;
static mdm_cms_signer_t            signer;


static X509 *
with_usage(const char *usage)
{
    fixture_request_t  request;

    memset(&request, 0, sizeof(fixture_request_t));
    request.subject = "Usage";
    request.key = ec_key;
    request.usage = usage;

    return fixture_certificate(&request);
}


static int
setup_group(void **state)
{
    (void) state;

    mdm_arena_init(&arena);

    ca_key = fixture_ec("P-256");
    rsa_key = fixture_rsa(2048);
    ec_key = fixture_ec("P-256");

    ca = fixture_ca("Root", ca_key);
    rsa = fixture_device("RSA", rsa_key, ca, ca_key);
    ec = fixture_device("EC", ec_key, ca, ca_key);
    lone = with_usage(NULL);

    return 0;
}


static int
teardown_group(void **state)
{
    (void) state;

    X509_free(ca);
    X509_free(rsa);
    X509_free(ec);
    X509_free(lone);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(rsa_key);
    EVP_PKEY_free(ec_key);
    mdm_arena_free(&arena);

    return 0;
}


/* Adds the key to what is there. */

static mdm_str_t
with_key(mdm_str_t before, EVP_PKEY *key)
{
    BIO        *bio;
    char       *data;
    long        len;
    mdm_str_t   pem;

    bio = BIO_new(BIO_s_mem());
    BIO_write(bio, before.data, (int) before.len);
    assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL,
                                              NULL),
                     1);

    len = BIO_get_mem_data(bio, &data);
    pem = mdm_arena_str(&arena, data, len);
    BIO_free(bio);

    return pem;
}


static mdm_rc_e
read_at(mdm_str_t pem, int64_t now)
{
    mdm_rc_e  rc;

    fault.text[0] = '\0';
    rc = mdm_signing_certificate_read(&arena, pem, now, &signing, &fault);
    assert_no_openssl_error();
    assert_true((rc == MDM_OK) == (fault.text[0] == '\0'));

    return rc;
}


/* The root stands first and is there twice; it goes along once, and last. */

static mdm_str_t
chain_of(X509 *x509, EVP_PKEY *key)
{
    mdm_str_t  pem;

    pem = fixture_pem(&arena, mdm_str(""), ca);
    pem = fixture_pem(&arena, pem, x509);
    pem = fixture_pem(&arena, pem, ca);

    return with_key(pem, key);
}


static mdm_str_t
sign_as(X509 *x509, EVP_PKEY *key)
{
    mdm_str_t  cms;

    assert_int_equal(read_at(chain_of(x509, key), FIXTURE_NOW), MDM_OK);
    assert_int_equal(mdm_cms_sign(&arena, signing.certificates, signing.key,
                                  mdm_str(CONTENT), &cms, &fault),
                     MDM_OK);
    assert_no_openssl_error();

    return cms;
}


static mdm_rc_e
verify(mdm_str_t cms, int64_t now)
{
    mdm_rc_e  rc;

    cms = fixture_exact(&arena, cms, cms.len);
    fault.text[0] = '\0';
    rc = mdm_cms_verify(&arena, cms, now, &signer, &fault);
    assert_no_openssl_error();
    assert_true((rc == MDM_OK) == (fault.text[0] == '\0'));

    return rc;
}


static void
test_pair(void **state)
{
    mdm_str_t  leaf, root;

    (void) state;

    assert_int_equal(read_at(chain_of(rsa, rsa_key), FIXTURE_NOW), MDM_OK);

    leaf = fixture_der(&arena, rsa);
    root = fixture_der(&arena, ca);

    assert_int_equal(signing.certificates.len, leaf.len + root.len);
    assert_memory_equal(signing.certificates.data, leaf.data, leaf.len);
    assert_memory_equal(signing.certificates.data + leaf.len, root.data,
                        root.len);
    assert_string_equal(signing.subject, "CN=RSA");
    assert_string_equal(signing.issuer, "CN=Root");
    assert_int_equal(signing.not_after, FIXTURE_AFTER);
}


static void
test_refusals(void **state)
{
    X509  *encipher;

    (void) state;

    assert_int_equal(read_at(chain_of(rsa, ec_key), FIXTURE_NOW),
                     MDM_UNTRUSTED);
    assert_non_null(strstr(fault.text, "does not belong"));

    assert_int_equal(read_at(chain_of(rsa, rsa_key), FIXTURE_AFTER + 1),
                     MDM_UNTRUSTED);
    assert_non_null(strstr(fault.text, "expired at"));

    assert_int_equal(read_at(chain_of(rsa, rsa_key), FIXTURE_BEFORE - 1),
                     MDM_UNTRUSTED);
    assert_non_null(strstr(fault.text, "not valid before"));

    encipher = with_usage("critical,keyEncipherment");
    assert_int_equal(read_at(chain_of(encipher, ec_key), FIXTURE_NOW),
                     MDM_UNSUPPORTED);
    assert_non_null(strstr(fault.text, "digitalSignature"));
    X509_free(encipher);

    assert_int_equal(read_at(with_key(mdm_str(""), ec_key), FIXTURE_NOW),
                     MDM_MALFORMED);
    assert_int_equal(read_at(fixture_pem(&arena, mdm_str(""), ec),
                             FIXTURE_NOW),
                     MDM_MALFORMED);
}


/* As a device would look at it. */

static void
openssl_takes(mdm_str_t cms)
{
    BIO                  *out;
    char                 *data;
    X509_STORE           *store;
    CMS_ContentInfo      *info;
    const unsigned char  *p;

    p = cms.data;
    info = d2i_CMS_ContentInfo(NULL, &p, (long) cms.len);
    store = X509_STORE_new();
    out = BIO_new(BIO_s_mem());

    assert_non_null(info);
    assert_ptr_equal(p, cms.data + cms.len);
    X509_STORE_add_cert(store, ca);
    X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), FIXTURE_NOW);
    X509_STORE_set_purpose(store, X509_PURPOSE_ANY);

    assert_int_equal(CMS_verify(info, NULL, store, NULL, out, CMS_BINARY), 1);
    assert_int_equal(BIO_get_mem_data(out, &data), sizeof(CONTENT) - 1);
    assert_memory_equal(data, CONTENT, sizeof(CONTENT) - 1);

    BIO_free(out);
    X509_STORE_free(store);
    CMS_ContentInfo_free(info);
}


static void
test_sign(void **state)
{
    size_t     i;
    mdm_str_t  cms, content;

    struct { X509 *x509; EVP_PKEY *key; const char *subject; } all[] = {
        { rsa, rsa_key, "CN=RSA" },
        { ec, ec_key, "CN=EC" }
    };

    (void) state;

    for (i = 0; i < 2; i++) {
        cms = sign_as(all[i].x509, all[i].key);

        openssl_takes(cms);
        assert_int_equal(mdm_cms_content(&arena, cms, &content, NULL), MDM_OK);
        assert_true(mdm_str_eq(content, mdm_str(CONTENT)));

        assert_int_equal(verify(cms, FIXTURE_NOW), MDM_OK);
        assert_string_equal(signer.subject, all[i].subject);
        assert_false(signer.self_signed);
        assert_false(signer.expired);

        assert_int_equal(verify(cms, FIXTURE_AFTER + 1), MDM_OK);
        assert_true(signer.expired);
    }

    cms = sign_as(lone, ec_key);
    assert_int_equal(verify(cms, FIXTURE_NOW), MDM_OK);
    assert_true(signer.self_signed);
}


static void
test_no_key(void **state)
{
    mdm_str_t  cms;

    (void) state;

    assert_int_equal(read_at(chain_of(rsa, rsa_key), FIXTURE_NOW), MDM_OK);

    assert_int_equal(mdm_cms_sign(&arena, signing.certificates, mdm_str("x"),
                                  mdm_str(CONTENT), &cms, &fault),
                     MDM_MALFORMED);
    assert_int_equal(mdm_cms_sign(&arena, mdm_str(""), signing.key,
                                  mdm_str(CONTENT), &cms, &fault),
                     MDM_MALFORMED);
    assert_int_equal(mdm_cms_sign(&arena, mdm_str("0\x03\x02\x01\x01"),
                                  signing.key, mdm_str(CONTENT), &cms, &fault),
                     MDM_MALFORMED);
    assert_no_openssl_error();
}


/* Indefinite lengths and pieces of octets are the same message. */

static void
test_loose(void **state)
{
    mdm_str_t       cms;
    unsigned char  *out, *end;

    (void) state;

    cms = sign_as(rsa, rsa_key);
    out = mdm_arena_alloc(&arena, cms.len * 4);
    end = fixture_loosen(out, cms);

    assert_int_equal(verify((mdm_str_t) { end - out, out }, FIXTURE_NOW),
                     MDM_OK);
    assert_string_equal(signer.subject, "CN=RSA");
}


static void
test_altered(void **state)
{
    size_t          i;
    mdm_str_t       cms;
    unsigned char  *p;

    (void) state;

    cms = sign_as(ec, ec_key);
    p = fixture_find(cms, CONTENT, sizeof(CONTENT) - 1);

    p[10] ^= 1;
    assert_int_equal(verify(cms, FIXTURE_NOW), MDM_UNTRUSTED);
    assert_non_null(strstr(fault.text, "altered"));
    assert_string_equal(signer.subject, "CN=EC");
    p[10] ^= 1;

    p = (unsigned char *) cms.data;

    for (i = 0; i < cms.len; i++) {
        p[i] ^= 0x11;
        (void) verify(cms, FIXTURE_NOW);
        (void) verify((mdm_str_t) { i, p }, FIXTURE_NOW);
        p[i] ^= 0x11;
    }

    assert_int_equal(verify(cms, FIXTURE_NOW), MDM_OK);
}


/* Without the signer's certificate, without a signature, with too many. */

static void
test_odd(void **state)
{
    int               len;
    BIO              *bio;
    unsigned          i, n, flags;
    mdm_str_t         cms;
    unsigned char    *p;
    CMS_ContentInfo  *info;

    static const struct {
        unsigned      signers;
        unsigned      flags;
        const char   *words;
    } odd[] = {
        { 1, CMS_NOCERTS, "is not in it" },
        { 0, 0, "nobody has signed it" },
        { MDM_CMS_MAX_SIGNERS + 1, CMS_NOCERTS, "more than 8 signers" }
    };

    (void) state;

    for (i = 0; i < 3; i++) {
        bio = BIO_new_mem_buf(CONTENT, -1);
        flags = odd[i].flags|CMS_BINARY;
        info = CMS_sign(NULL, NULL, NULL, bio, CMS_PARTIAL|flags);

        for (n = 0; n < odd[i].signers; n++) {
            assert_non_null(CMS_add1_signer(info, ec, ec_key, NULL, flags));
        }

        if (n > 0) {
            assert_int_equal(CMS_final(info, bio, NULL, flags), 1);
        }

        p = NULL;
        len = i2d_CMS_ContentInfo(info, &p);
        cms = mdm_arena_str(&arena, p, len);

        OPENSSL_free(p);
        CMS_ContentInfo_free(info);
        BIO_free(bio);

        assert_int_not_equal(verify(cms, FIXTURE_NOW), MDM_OK);
        assert_non_null(strstr(fault.text, odd[i].words));
        assert_string_equal(signer.subject, "");
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_pair),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_sign),
        cmocka_unit_test(test_no_key),
        cmocka_unit_test(test_loose),
        cmocka_unit_test(test_altered),
        cmocka_unit_test(test_odd),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
