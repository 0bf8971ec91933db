
/*
 * Device certificates: which are read, and which are judged good.
 */


#include "pki_fixture.h"

#include "../../ngx_mdm_module/pki/mdm_certificate.h"


static EVP_PKEY    *ca_key, *other_key, *device_key;
static X509        *ca, *other_ca;
static mdm_arena_t  arena;
static mdm_fault_t  fault;


static int
setup_group(void **state)
{
    (void) state;

    mdm_arena_init(&arena);

    ca_key = fixture_ec("P-256");
    other_key = fixture_rsa(2048);
    device_key = fixture_rsa(2048);

    ca = fixture_ca("Tenant CA", ca_key);
    other_ca = fixture_ca("Other CA", other_key);

    return 0;
}


static int
teardown_group(void **state)
{
    (void) state;

    X509_free(ca);
    X509_free(other_ca);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(other_key);
    EVP_PKEY_free(device_key);
    mdm_arena_free(&arena);

    return 0;
}


static mdm_certificate_t *
parse(X509 *x509)
{
    mdm_certificate_t  *certificate;

    assert_int_equal(mdm_certificate_parse(fixture_der(&arena, x509),
                                           &certificate, &fault),
                     MDM_OK);
    assert_no_openssl_error();

    return certificate;
}


static void
refuse(mdm_str_t der, mdm_rc_e rc, const char *words)
{
    mdm_certificate_t  *certificate;

    assert_int_equal(mdm_certificate_parse(der, &certificate, &fault), rc);
    assert_null(certificate);
    assert_non_null(strstr(fault.text, words));
    assert_no_openssl_error();
}


static mdm_anchors_t *
anchors_of(X509 *one, X509 *two)
{
    mdm_str_t       pem;
    mdm_anchors_t  *anchors;

    pem = fixture_pem(&arena, mdm_str("text before is ignored\n"), one);

    if (two) {
        pem = fixture_pem(&arena, pem, two);
    }

    assert_int_equal(mdm_anchors_parse(pem, &anchors, &fault), MDM_OK);
    assert_int_equal(mdm_anchors_count(anchors), two ? 2 : 1);
    assert_no_openssl_error();

    return anchors;
}


static void
refuse_anchors(mdm_str_t pem, mdm_rc_e rc, const char *words)
{
    mdm_anchors_t  *anchors;

    assert_int_equal(mdm_anchors_parse(pem, &anchors, &fault), rc);
    assert_null(anchors);
    assert_non_null(strstr(fault.text, words));
    assert_no_openssl_error();
}


/* Frees the certificate that it is given. */

static mdm_certificate_verdict_e
judge(X509 *x509, X509 *anchor, int64_t now)
{
    mdm_anchors_t              *anchors;
    mdm_certificate_t          *certificate;
    mdm_certificate_verdict_e   verdict;

    certificate = parse(x509);
    anchors = anchors_of(anchor, NULL);

    verdict = mdm_certificate_judge(certificate, anchors, now);
    assert_no_openssl_error();

    mdm_anchors_free(anchors);
    mdm_certificate_free(certificate);
    X509_free(x509);

    return verdict;
}


static X509 *
device_with(const char *constraints, const char *usage,
    const char *extended_usage)
{
    fixture_request_t  request;

    memset(&request, 0, sizeof(fixture_request_t));
    request.subject = "Device";
    request.key = device_key;
    request.issuer = ca;
    request.issuer_key = ca_key;
    request.constraints = constraints;
    request.usage = usage;
    request.extended_usage = extended_usage;

    return fixture_certificate(&request);
}


static void
test_fields(void **state)
{
    X509               *x509;
    unsigned            len;
    mdm_certificate_t  *c;
    unsigned char       hash[EVP_MAX_MD_SIZE];

    (void) state;

    x509 = fixture_device("Ger\xc3\xa4t\n1", device_key, ca, ca_key);
    c = parse(x509);

    assert_int_equal(X509_digest(x509, EVP_sha256(), hash, &len), 1);
    assert_memory_equal(c->sha256, hash, MDM_SHA256_SIZE);
    assert_int_equal(c->not_before, FIXTURE_BEFORE);
    assert_int_equal(c->not_after, FIXTURE_AFTER);
    assert_string_equal(c->subject, "CN=Ger\\C3\\A4t\\0A1");
    assert_int_equal(strncmp(c->serial, "10", 2), 0);
    assert_int_equal(EVP_PKEY_eq(c->key, device_key), 1);

    mdm_certificate_free(c);
    mdm_certificate_free(NULL);
    X509_free(x509);
}


static void
test_long_fields_are_cut(void **state)
{
    X509               *x509;
    ASN1_INTEGER       *serial;
    mdm_certificate_t  *c;
    unsigned char       digits[40];

    (void) state;

    x509 = fixture_device("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
                          "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
                          "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
                          "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
                          "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
                          "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
                          "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4",
                          device_key, ca, ca_key);

    memset(digits, 0xab, sizeof(digits));
    serial = ASN1_INTEGER_new();
    ASN1_STRING_set(serial, digits, sizeof(digits));
    serial->type = V_ASN1_NEG_INTEGER;
    X509_set_serialNumber(x509, serial);
    ASN1_INTEGER_free(serial);

    assert_int_not_equal(X509_sign(x509, ca_key, EVP_sha256()), 0);

    c = parse(x509);

    assert_int_equal(strlen(c->subject), sizeof(c->subject) - 1);
    assert_int_equal(strlen(c->serial), sizeof(c->serial) - 1);
    assert_int_equal(strncmp(c->serial, "-ABAB", 5), 0);

    mdm_certificate_free(c);
    X509_free(x509);
}


static void
test_every_cut_certificate_is_refused(void **state)
{
    X509               *x509;
    size_t              len;
    mdm_str_t           der;
    mdm_certificate_t  *certificate;

    (void) state;

    x509 = fixture_device("Device", device_key, ca, ca_key);
    der = fixture_der(&arena, x509);
    X509_free(x509);

    for (len = 0; len < der.len; len++) {
        refuse(fixture_exact(&arena, der, len), MDM_MALFORMED, "cut short");
    }

    assert_int_equal(mdm_certificate_parse(der, &certificate, NULL), MDM_OK);
    mdm_certificate_free(certificate);
}


static void
test_more_than_a_certificate_is_refused(void **state)
{
    X509           *x509;
    mdm_str_t       der;
    unsigned char  *p;

    (void) state;

    x509 = fixture_device("Device", device_key, ca, ca_key);
    der = fixture_der(&arena, x509);
    X509_free(x509);

    p = mdm_arena_alloc(&arena, der.len + 1);
    memcpy(p, der.data, der.len);
    p[der.len] = '\0';

    refuse((mdm_str_t) { der.len + 1, p }, MDM_MALFORMED, "1 more byte");

    p = mdm_arena_zalloc(&arena, MDM_CERTIFICATE_MAX_SIZE + 1);
    refuse((mdm_str_t) { MDM_CERTIFICATE_MAX_SIZE + 1, p }, MDM_TOO_LARGE,
           "larger");

    refuse(mdm_str("\x30\x03\x02\x01\x05"), MDM_MALFORMED, "cannot be read");
}


/* The same certificate in other bytes would have another hash. */

static void
test_other_encoding_is_refused(void **state)
{
    X509           *x509;
    mdm_str_t       der;
    unsigned char  *p;

    (void) state;

    x509 = fixture_device("Device", device_key, ca, ca_key);
    der = fixture_der(&arena, x509);
    X509_free(x509);

    /* 30 82 xx xx becomes 30 83 00 xx xx, then 30 80 ... 00 00 */

    assert_int_equal(der.data[1], 0x82);

    p = mdm_arena_alloc(&arena, der.len + 2);
    memcpy(p, "\x30\x83\x00", 3);
    memcpy(p + 3, der.data + 2, der.len - 2);
    refuse((mdm_str_t) { der.len + 1, p }, MDM_MALFORMED, "not DER");

    memcpy(p, "\x30\x80", 2);
    memcpy(p + 2, der.data + 4, der.len - 4);
    memcpy(p + der.len - 2, "\0\0", 2);
    refuse((mdm_str_t) { der.len, p }, MDM_MALFORMED, "not DER");
}


static void
refuse_key(EVP_PKEY *key, const char *words)
{
    X509  *x509;

    x509 = fixture_device("Device", key, ca, ca_key);
    refuse(fixture_der(&arena, x509), MDM_UNSUPPORTED, words);

    X509_free(x509);
    EVP_PKEY_free(key);
}


static void
test_keys_that_are_not_taken(void **state)
{
    X509               *x509;
    EVP_PKEY           *key;
    mdm_certificate_t  *c;

    (void) state;

    refuse_key(fixture_rsa(1024), "1024 bits");
    refuse_key(fixture_ec("P-224"), "not on P-256");
    refuse_key(fixture_ec("secp256k1"), "not on P-256");

    key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    refuse_key(key, "neither RSA nor EC");

    key = fixture_ec("P-521");
    x509 = fixture_device("Device", key, ca, ca_key);
    c = parse(x509);
    mdm_certificate_free(c);
    X509_free(x509);
    EVP_PKEY_free(key);
}


static void
test_long_exponent_is_refused(void **state)
{
    BIGNUM        *e;
    EVP_PKEY      *key;
    EVP_PKEY_CTX  *ctx;

    (void) state;

    e = BN_new();
    assert_int_equal(BN_set_bit(e, 64), 1);
    assert_int_equal(BN_set_bit(e, 0), 1);

    key = NULL;
    ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
    assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048), 1);
    assert_int_equal(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, e), 1);
    assert_int_equal(EVP_PKEY_keygen(ctx, &key), 1);

    EVP_PKEY_CTX_free(ctx);
    BN_free(e);

    refuse_key(key, "exponent");
}


static void
test_sha1_signature_is_refused(void **state)
{
    X509               *x509;
    fixture_request_t   request;

    (void) state;

    memset(&request, 0, sizeof(fixture_request_t));
    request.subject = "Device";
    request.key = device_key;
    request.issuer = other_ca;
    request.issuer_key = other_key;
    request.md = EVP_sha1();

    x509 = fixture_certificate(&request);
    refuse(fixture_der(&arena, x509), MDM_UNSUPPORTED, "signed with sha1");
    X509_free(x509);
}


static void
test_broken_extension_is_refused(void **state)
{
    X509               *x509;
    X509_EXTENSION     *extension;
    ASN1_OCTET_STRING  *value;

    (void) state;

    x509 = fixture_device("Device", device_key, ca, ca_key);

    value = ASN1_OCTET_STRING_new();
    ASN1_OCTET_STRING_set(value, (const unsigned char *) "\x30\x05", 2);
    extension = X509_EXTENSION_create_by_NID(NULL, NID_basic_constraints, 1,
                                             value);
    X509_add_ext(x509, extension, -1);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);

    assert_int_not_equal(X509_sign(x509, ca_key, EVP_sha256()), 0);
    refuse(fixture_der(&arena, x509), MDM_MALFORMED, "extension");
    ERR_clear_error();

    X509_free(x509);
}


static void
test_good_device(void **state)
{
    (void) state;

    assert_int_equal(judge(fixture_device("Device", device_key, ca, ca_key),
                           ca, FIXTURE_NOW),
                     MDM_CERTIFICATE_GOOD);
}


static void
test_time(void **state)
{
    X509               *x509;
    mdm_anchors_t      *anchors;
    mdm_certificate_t  *c;
    unsigned            i;

    static const struct {
        int64_t                    now;
        mdm_certificate_verdict_e  verdict;
    } cases[] = {
        { 0, MDM_CERTIFICATE_NOT_YET_VALID },
        { FIXTURE_BEFORE - 1, MDM_CERTIFICATE_NOT_YET_VALID },
        { FIXTURE_BEFORE, MDM_CERTIFICATE_GOOD },
        { FIXTURE_AFTER, MDM_CERTIFICATE_GOOD },
        { FIXTURE_AFTER + 1, MDM_CERTIFICATE_EXPIRED },
        { INT64_C(99999999999), MDM_CERTIFICATE_EXPIRED },
    };

    (void) state;

    x509 = fixture_device("Device", device_key, ca, ca_key);
    c = parse(x509);
    X509_free(x509);
    anchors = anchors_of(ca, NULL);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(mdm_certificate_judge(c, anchors, cases[i].now),
                         cases[i].verdict);

        /* from a cache, whatever it was when it was judged */

        assert_int_equal(mdm_certificate_at(c, MDM_CERTIFICATE_GOOD,
                                            cases[i].now),
                         cases[i].verdict);
        assert_int_equal(mdm_certificate_at(c, MDM_CERTIFICATE_EXPIRED,
                                            cases[i].now),
                         cases[i].verdict);
        assert_int_equal(mdm_certificate_at(c, MDM_CERTIFICATE_NOT_YET_VALID,
                                            cases[i].now),
                         cases[i].verdict);
        assert_int_equal(mdm_certificate_at(c, MDM_CERTIFICATE_UNTRUSTED,
                                            cases[i].now),
                         MDM_CERTIFICATE_UNTRUSTED);
        assert_int_equal(mdm_certificate_at(c, MDM_CERTIFICATE_NOT_CLIENT,
                                            cases[i].now),
                         MDM_CERTIFICATE_NOT_CLIENT);
        assert_int_equal(mdm_certificate_at(c, MDM_CERTIFICATE_FAULT,
                                            cases[i].now),
                         MDM_CERTIFICATE_FAULT);
    }

    mdm_anchors_free(anchors);
    mdm_certificate_free(c);
}


static void
test_usage(void **state)
{
    unsigned  i;

    static const struct {
        const char                *constraints;
        const char                *usage;
        const char                *extended;
        mdm_certificate_verdict_e  verdict;
    } cases[] = {
        { NULL, NULL, NULL, MDM_CERTIFICATE_GOOD },
        { "CA:FALSE", NULL, NULL, MDM_CERTIFICATE_GOOD },
        { NULL, NULL, "clientAuth", MDM_CERTIFICATE_GOOD },
        { NULL, NULL, "critical,clientAuth", MDM_CERTIFICATE_GOOD },
        { NULL, NULL, "serverAuth,clientAuth", MDM_CERTIFICATE_GOOD },
        { NULL, NULL, "anyExtendedKeyUsage", MDM_CERTIFICATE_GOOD },
        { NULL, "digitalSignature,keyEncipherment", NULL,
          MDM_CERTIFICATE_GOOD },
        { NULL, NULL, "serverAuth", MDM_CERTIFICATE_NOT_CLIENT },
        { NULL, NULL, "emailProtection", MDM_CERTIFICATE_NOT_CLIENT },
        { NULL, NULL, "1.2.3.4", MDM_CERTIFICATE_NOT_CLIENT },
        { NULL, "keyEncipherment", NULL, MDM_CERTIFICATE_NOT_CLIENT },
        { NULL, "keyEncipherment", "clientAuth", MDM_CERTIFICATE_NOT_CLIENT },
        { "CA:TRUE", NULL, NULL, MDM_CERTIFICATE_NOT_CLIENT },
        { "critical,CA:TRUE,pathlen:0", "digitalSignature,keyCertSign",
          "clientAuth", MDM_CERTIFICATE_NOT_CLIENT },
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(judge(device_with(cases[i].constraints,
                                           cases[i].usage, cases[i].extended),
                               ca, FIXTURE_NOW),
                         cases[i].verdict);
    }

    /* usage is said before time: waiting or renewing would not help */

    assert_int_equal(judge(device_with(NULL, NULL, "serverAuth"), ca,
                           FIXTURE_AFTER + 1),
                     MDM_CERTIFICATE_NOT_CLIENT);
}


static void
test_other_ca(void **state)
{
    X509  *impostor;

    (void) state;

    assert_int_equal(judge(fixture_device("Device", device_key, other_ca,
                                          other_key),
                           ca, FIXTURE_NOW),
                     MDM_CERTIFICATE_UNTRUSTED);

    /* expired and a stranger's is a stranger's */

    assert_int_equal(judge(fixture_device("Device", device_key, other_ca,
                                          other_key),
                           ca, FIXTURE_AFTER + 1),
                     MDM_CERTIFICATE_UNTRUSTED);

    /* the name of our CA with another key */

    impostor = fixture_ca("Tenant CA", other_key);
    assert_int_equal(judge(fixture_device("Device", device_key, impostor,
                                          other_key),
                           ca, FIXTURE_NOW),
                     MDM_CERTIFICATE_UNTRUSTED);
    X509_free(impostor);
}


static void
test_self_signed(void **state)
{
    fixture_request_t  request;

    (void) state;

    memset(&request, 0, sizeof(fixture_request_t));
    request.subject = "Device";
    request.key = device_key;

    assert_int_equal(judge(fixture_certificate(&request), ca, FIXTURE_NOW),
                     MDM_CERTIFICATE_UNTRUSTED);

    /* the CA's own certificate proves no device */

    X509_up_ref(ca);
    assert_int_equal(judge(ca, ca, FIXTURE_NOW), MDM_CERTIFICATE_NOT_CLIENT);
}


static void
test_altered_certificate(void **state)
{
    X509       *x509, *altered;
    mdm_str_t   der;

    (void) state;

    x509 = fixture_device("Device", device_key, ca, ca_key);
    der = fixture_der(&arena, x509);
    X509_free(x509);

    *fixture_find(der, "Device", 6) = 'N';

    altered = d2i_X509(NULL, (const unsigned char **) &der.data, der.len);
    assert_non_null(altered);
    assert_int_equal(judge(altered, ca, FIXTURE_NOW),
                     MDM_CERTIFICATE_UNTRUSTED);
}


/* An issuing CA stands by itself; beside its root each is enough. */

static void
test_intermediate_as_anchor(void **state)
{
    X509               *issuing, *device;
    EVP_PKEY           *issuing_key;
    mdm_anchors_t      *anchors;
    mdm_certificate_t  *c;
    fixture_request_t   request;

    (void) state;

    issuing_key = fixture_ec("P-384");

    memset(&request, 0, sizeof(fixture_request_t));
    request.subject = "Issuing CA";
    request.key = issuing_key;
    request.issuer = ca;
    request.issuer_key = ca_key;
    request.constraints = FIXTURE_CA;
    request.usage = "critical,keyCertSign";
    issuing = fixture_certificate(&request);

    device = fixture_device("Device", device_key, issuing, issuing_key);
    c = parse(device);

    X509_up_ref(device);
    assert_int_equal(judge(device, issuing, FIXTURE_NOW),
                     MDM_CERTIFICATE_GOOD);

    /* its root alone is not: a device sends no chain */

    assert_int_equal(judge(device, ca, FIXTURE_NOW),
                     MDM_CERTIFICATE_UNTRUSTED);

    anchors = anchors_of(ca, issuing);
    assert_int_equal(mdm_certificate_judge(c, anchors, FIXTURE_NOW),
                     MDM_CERTIFICATE_GOOD);
    mdm_anchors_free(anchors);

    anchors = anchors_of(other_ca, issuing);
    assert_int_equal(mdm_certificate_judge(c, anchors, FIXTURE_NOW),
                     MDM_CERTIFICATE_GOOD);
    assert_no_openssl_error();
    mdm_anchors_free(anchors);

    mdm_certificate_free(c);
    X509_free(issuing);
    EVP_PKEY_free(issuing_key);
}


static void
test_ca_that_may_not_sign_certificates(void **state)
{
    X509               *limited;
    fixture_request_t   request;

    (void) state;

    memset(&request, 0, sizeof(fixture_request_t));
    request.subject = "Limited CA";
    request.key = other_key;
    request.constraints = FIXTURE_CA;
    request.usage = "critical,digitalSignature";
    limited = fixture_certificate(&request);

    refuse_anchors(fixture_pem(&arena, mdm_str(""), limited), MDM_UNSUPPORTED,
                   "not a CA");

    X509_free(limited);
}


static void
test_anchors_that_are_not_taken(void **state)
{
    X509               *x509;
    EVP_PKEY           *weak;
    mdm_str_t           pem;
    fixture_request_t   request;

    (void) state;

    refuse_anchors(mdm_null_str, MDM_MALFORMED, "no PEM certificate");
    refuse_anchors(mdm_str("hello\n"), MDM_MALFORMED, "no PEM certificate");
    refuse_anchors(mdm_str("-----BEGIN CERTIFICATE-----\nMAA=\n"),
                   MDM_MALFORMED, "PEM block 1");
    refuse_anchors(mdm_str("-----BEGIN CERTIFICATE-----\nMAA=\n"
                           "-----END CERTIFICATE-----\n"),
                   MDM_MALFORMED, "PEM block 1");
    refuse_anchors(mdm_str("-----BEGIN PRIVATE KEY-----\nMAA=\n"
                           "-----END PRIVATE KEY-----\n"),
                   MDM_MALFORMED, "not a CERTIFICATE");

    x509 = fixture_device("Device", device_key, ca, ca_key);
    pem = fixture_pem(&arena, fixture_pem(&arena, mdm_str(""), ca), x509);
    refuse_anchors(pem, MDM_UNSUPPORTED, "PEM block 2: certificate is not a");
    X509_free(x509);

    pem = fixture_pem(&arena, mdm_str(""), ca);
    pem.len -= 30;
    refuse_anchors(pem, MDM_MALFORMED, "PEM block 1 cannot be read");

    weak = fixture_rsa(1024);
    memset(&request, 0, sizeof(fixture_request_t));
    request.subject = "Weak CA";
    request.key = weak;
    request.constraints = FIXTURE_CA;
    x509 = fixture_certificate(&request);
    refuse_anchors(fixture_pem(&arena, mdm_str(""), x509), MDM_UNSUPPORTED,
                   "1024 bits");
    X509_free(x509);
    EVP_PKEY_free(weak);

    mdm_anchors_free(NULL);
}


static void
test_too_many_anchors(void **state)
{
    unsigned        i;
    mdm_str_t       one, all;
    unsigned char  *p;
    mdm_anchors_t  *anchors;

    (void) state;

    one = fixture_pem(&arena, mdm_str(""), ca);
    p = mdm_arena_alloc(&arena, one.len * (MDM_ANCHORS_MAX_COUNT + 1));

    for (i = 0; i <= MDM_ANCHORS_MAX_COUNT; i++) {
        memcpy(p + i * one.len, one.data, one.len);
    }

    all.data = p;
    all.len = one.len * MDM_ANCHORS_MAX_COUNT;
    assert_int_equal(mdm_anchors_parse(all, &anchors, &fault), MDM_OK);
    assert_int_equal(mdm_anchors_count(anchors), MDM_ANCHORS_MAX_COUNT);
    mdm_anchors_free(anchors);

    all.len += one.len;
    refuse_anchors(all, MDM_TOO_LARGE, "more than 256");

    all.len = MDM_ANCHORS_MAX_SIZE + 1;
    refuse_anchors(all, MDM_TOO_LARGE, "larger");
}


static void
test_verdicts_have_words(void **state)
{
    int  verdict;

    (void) state;

    for (verdict = MDM_CERTIFICATE_GOOD; verdict <= MDM_CERTIFICATE_FAULT;
         verdict++)
    {
        assert_string_not_equal(mdm_certificate_verdict_text(verdict),
                                "unknown");
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_long_fields_are_cut),
        cmocka_unit_test(test_every_cut_certificate_is_refused),
        cmocka_unit_test(test_more_than_a_certificate_is_refused),
        cmocka_unit_test(test_other_encoding_is_refused),
        cmocka_unit_test(test_keys_that_are_not_taken),
        cmocka_unit_test(test_long_exponent_is_refused),
        cmocka_unit_test(test_sha1_signature_is_refused),
        cmocka_unit_test(test_broken_extension_is_refused),
        cmocka_unit_test(test_good_device),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_usage),
        cmocka_unit_test(test_other_ca),
        cmocka_unit_test(test_self_signed),
        cmocka_unit_test(test_altered_certificate),
        cmocka_unit_test(test_intermediate_as_anchor),
        cmocka_unit_test(test_ca_that_may_not_sign_certificates),
        cmocka_unit_test(test_anchors_that_are_not_taken),
        cmocka_unit_test(test_too_many_anchors),
        cmocka_unit_test(test_verdicts_have_words),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
