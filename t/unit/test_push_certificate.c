
/*
 * Push certificates: which texts are taken, which leaf is chosen, and in what
 * words all else is refused.
 */


#include "pki_fixture.h"

#include <openssl/bn.h>
#include <openssl/param_build.h>

#include "../../ngx_mdm_module/pki/mdm_push_certificate.h"


#define TOPIC  "com.apple.mgmt.External.0b1c2d3e-0000-4000-8000-00000000abcd"


static EVP_PKEY                *ca_key, *rsa_key, *ec_key;
static X509                    *ca, *rsa, *ec;
static mdm_arena_t              arena;
static mdm_fault_t              fault;
static mdm_push_certificate_t   push;


static X509 *
issue(const char *uid, EVP_PKEY *key)
{
    X509       *x509;
    X509_NAME  *name;

    x509 = fixture_device("APSP:1", key, ca, ca_key);

    if (uid != NULL) {
        name = X509_get_subject_name(x509);
        assert_int_equal(X509_NAME_add_entry_by_NID(name, NID_userId,
                             MBSTRING_UTF8, (const unsigned char *) uid, -1,
                             -1, 0),
                         1);
        assert_int_not_equal(X509_sign(x509, ca_key, EVP_sha256()), 0);
    }

    return x509;
}


static int
setup_group(void **state)
{
    (void) state;

    mdm_arena_init(&arena);

    ca_key = fixture_ec("P-256");
    rsa_key = fixture_rsa(2048);
    ec_key = fixture_ec("P-256");

    ca = fixture_ca("Push CA", ca_key);
    rsa = issue(TOPIC, rsa_key);
    ec = issue(TOPIC, ec_key);

    return 0;
}


static int
teardown_group(void **state)
{
    (void) state;

    X509_free(ca);
    X509_free(rsa);
    X509_free(ec);
    EVP_PKEY_free(ca_key);
    EVP_PKEY_free(rsa_key);
    EVP_PKEY_free(ec_key);
    mdm_arena_free(&arena);

    return 0;
}


static mdm_str_t
taken(BIO *bio)
{
    char       *data;
    long        len;
    mdm_str_t   text;

    len = BIO_get_mem_data(bio, &data);
    text = mdm_arena_str(&arena, data, len);
    BIO_free(bio);

    return text;
}


static mdm_str_t
join(mdm_str_t one, mdm_str_t two)
{
    BIO  *bio;

    bio = BIO_new(BIO_s_mem());
    BIO_write(bio, one.data, (int) one.len);
    BIO_write(bio, two.data, (int) two.len);

    return taken(bio);
}


static mdm_str_t
certificate_pem(X509 *x509)
{
    return fixture_pem(&arena, mdm_str(""), x509);
}


/* PKCS #8; sealed with a passphrase when there is one. */

static mdm_str_t
key_pem(EVP_PKEY *key, const char *passphrase)
{
    BIO  *bio;

    bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey(bio, key,
                         passphrase ? EVP_aes_256_cbc() : NULL, NULL, 0, NULL,
                         (void *) passphrase),
                     1);

    return taken(bio);
}


/* PKCS #1 and SEC 1 */

static mdm_str_t
traditional_pem(EVP_PKEY *key, const char *passphrase)
{
    BIO  *bio;

    bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, key,
                         passphrase ? EVP_aes_256_cbc() : NULL, NULL, 0, NULL,
                         (void *) passphrase),
                     1);

    return taken(bio);
}


static mdm_str_t
without(mdm_str_t text, const char *bytes)
{
    size_t          i;
    mdm_str_t       copy;
    unsigned char  *p;

    copy = mdm_arena_str(&arena, text.data, text.len);
    p = (unsigned char *) copy.data;
    copy.len = 0;

    for (i = 0; i < text.len; i++) {
        if (strchr(bytes, text.data[i]) == NULL) {
            p[copy.len++] = text.data[i];
        }
    }

    return copy;
}


static mdm_str_t
with_crlf(mdm_str_t text)
{
    BIO     *bio;
    size_t   i;

    bio = BIO_new(BIO_s_mem());

    for (i = 0; i < text.len; i++) {
        if (text.data[i] == '\n') {
            BIO_write(bio, "\r", 1);
        }

        BIO_write(bio, text.data + i, 1);
    }

    return taken(bio);
}


/* Read, and what was read is this certificate with this key. */

static void
take(mdm_str_t pem, X509 *x509, EVP_PKEY *key)
{
    EVP_PKEY             *again;
    mdm_str_t             exact, der;
    const unsigned char  *p;

    exact = fixture_exact(&arena, pem, pem.len);
    fault.text[0] = '\0';

    assert_int_equal(mdm_push_certificate_read(&arena, exact, FIXTURE_NOW,
                                               &push, &fault),
                     MDM_OK);
    assert_no_openssl_error();

    assert_true(mdm_str_eq_c(push.topic, TOPIC));

    der = fixture_der(&arena, x509);
    assert_true(mdm_str_eq(push.certificate, der));

    p = push.key.data;
    again = d2i_AutoPrivateKey(NULL, &p, (long) push.key.len);
    assert_non_null(again);
    assert_int_equal(EVP_PKEY_eq(again, key), 1);
    EVP_PKEY_free(again);
}


static void
refuse_at(mdm_str_t pem, int64_t now, mdm_rc_e rc, const char *words)
{
    pem = fixture_exact(&arena, pem, pem.len);

    assert_int_equal(mdm_push_certificate_read(&arena, pem, now, &push,
                                               &fault),
                     rc);
    assert_no_openssl_error();

    if (strstr(fault.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", fault.text, words);
    }
}


static void
refuse(mdm_str_t pem, mdm_rc_e rc, const char *words)
{
    refuse_at(pem, FIXTURE_NOW, rc, words);
}


static void
test_taken(void **state)
{
    mdm_str_t  key, old, certificate, both;

    (void) state;

    certificate = certificate_pem(rsa);
    key = key_pem(rsa_key, NULL);
    old = traditional_pem(rsa_key, NULL);
    both = join(certificate, key);

    take(both, rsa, rsa_key);
    take(join(key, certificate), rsa, rsa_key);
    take(join(certificate, old), rsa, rsa_key);
    take(join(certificate_pem(ec), key_pem(ec_key, NULL)), ec, ec_key);
    take(join(certificate_pem(ec), traditional_pem(ec_key, NULL)), ec, ec_key);

    take(with_crlf(both), rsa, rsa_key);
    take(join(without(certificate, "\n"), old), rsa, rsa_key);
    take(without(both, "\n"), rsa, rsa_key);
    take(without(join(key, certificate), "\n"), rsa, rsa_key);
    take(join(mdm_str("Bag Attributes\n  friendlyName: push\n"),
              join(certificate, join(mdm_str("\nand its key:\n"), key))),
         rsa, rsa_key);
}


static void
test_what_is_read(void **state)
{
    mdm_certificate_t  *certificate;

    (void) state;

    take(join(certificate_pem(rsa), key_pem(rsa_key, NULL)), rsa, rsa_key);

    assert_int_equal(mdm_certificate_parse(push.certificate, &certificate,
                                           &fault),
                     MDM_OK);
    assert_memory_equal(push.sha256, certificate->sha256, MDM_SHA256_SIZE);
    assert_string_equal(push.serial, certificate->serial);
    mdm_certificate_free(certificate);

    assert_string_equal(push.subject, "UID=" TOPIC ",CN=APSP:1");
    assert_string_equal(push.issuer, "CN=Push CA");
    assert_int_equal(push.not_before, FIXTURE_BEFORE);
    assert_int_equal(push.not_after, FIXTURE_AFTER);
}


static void
test_others_beside_it(void **state)
{
    mdm_str_t  certificate, key, chain;

    (void) state;

    certificate = certificate_pem(rsa);
    key = key_pem(rsa_key, NULL);
    chain = join(certificate_pem(ca), certificate_pem(ec));

    take(join(chain, join(certificate, key)), rsa, rsa_key);
    take(join(certificate, join(chain, key)), rsa, rsa_key);
    take(join(certificate, join(certificate, key)), rsa, rsa_key);
    take(join(mdm_str("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n"
                      "-----END EC PARAMETERS-----\n"),
              join(certificate, key)),
         rsa, rsa_key);
}


static void
test_missing(void **state)
{
    mdm_str_t  certificate, key;

    (void) state;

    certificate = certificate_pem(rsa);
    key = key_pem(rsa_key, NULL);

    refuse(mdm_str(""), MDM_MALFORMED, "no certificate found");
    refuse(mdm_str("garbage\0\xff"), MDM_MALFORMED, "no certificate found");
    refuse(fixture_der(&arena, rsa), MDM_MALFORMED, "no certificate found");
    refuse(key, MDM_MALFORMED, "no certificate found");
    refuse(join(certificate, join(key, key)), MDM_MALFORMED,
           "more than one private key");
    refuse(join(certificate, key_pem(ec_key, NULL)), MDM_UNTRUSTED,
           "does not belong to the certificate");
}


/* Then the one that names a topic is meant, and its key may come later. */

static void
test_without_a_key(void **state)
{
    X509           *other;
    mdm_str_t       certificate, key;
    unsigned char   sha256[MDM_SHA256_SIZE];

    (void) state;

    certificate = certificate_pem(rsa);
    key = key_pem(rsa_key, NULL);
    other = fixture_device("d", ec_key, ca, ca_key);

    take(join(certificate, key), rsa, rsa_key);
    memcpy(sha256, push.public_key, sizeof(sha256));
    key = push.key;

    certificate = join(certificate_pem(ca), join(certificate, certificate));
    assert_int_equal(mdm_push_certificate_read(&arena, certificate,
                                               FIXTURE_NOW, &push, &fault),
                     MDM_OK);
    assert_true(mdm_str_eq_c(push.topic, TOPIC));
    assert_false(mdm_str_is_set(push.key));
    assert_true(mdm_str_eq(push.certificate, fixture_der(&arena, rsa)));
    assert_memory_equal(push.public_key, sha256, sizeof(sha256));

    assert_int_equal(mdm_push_certificate_key(&push, key, &fault), MDM_OK);
    key.len--;
    assert_int_equal(mdm_push_certificate_key(&push, key, &fault),
                     MDM_UNTRUSTED);
    take(join(certificate_pem(ec), key_pem(ec_key, NULL)), ec, ec_key);
    key = push.key;
    assert_int_equal(mdm_push_certificate_read(&arena, certificate,
                                               FIXTURE_NOW, &push, &fault),
                     MDM_OK);
    assert_int_equal(mdm_push_certificate_key(&push, key, &fault),
                     MDM_UNTRUSTED);
    assert_string_equal(fault.text, "the private key that is kept does not "
                        "belong to the certificate");
    assert_no_openssl_error();

    refuse(join(certificate_pem(rsa), certificate_pem(ec)), MDM_MALFORMED,
           "there are two push certificates");
    refuse(certificate_pem(other), MDM_UNSUPPORTED, "there is no UID");
    refuse_at(certificate, FIXTURE_AFTER + 1, MDM_UNTRUSTED, "expired at");

    X509_free(other);
}


static void
test_encrypted(void **state)
{
    mdm_str_t  certificate;

    (void) state;

    certificate = certificate_pem(rsa);

    refuse(join(certificate, key_pem(rsa_key, "secret")), MDM_UNSUPPORTED,
           "remove the passphrase with \"openssl pkey");
    refuse(join(traditional_pem(rsa_key, "secret"), certificate),
           MDM_UNSUPPORTED, "is encrypted");
}


static void
test_keys_of_other_kinds(void **state)
{
    EVP_PKEY   *key;
    mdm_str_t   certificate;

    (void) state;

    certificate = certificate_pem(rsa);
    key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

    refuse(join(certificate, key_pem(key, NULL)), MDM_MALFORMED,
           "must be an RSA or EC key");
    refuse(join(certificate,
                mdm_str("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"
                        "-----END OPENSSH PRIVATE KEY-----\n")),
           MDM_MALFORMED, "must be an RSA or EC key");
    refuse(join(certificate,
                mdm_str("-----BEGIN PRIVATE KEY-----\nMAA=\n"
                        "-----END PRIVATE KEY-----\n")),
           MDM_MALFORMED, "must be an RSA or EC key");

    EVP_PKEY_free(key);
}


static void
test_weak(void **state)
{
    X509      *x509;
    EVP_PKEY  *key;

    (void) state;

    key = fixture_rsa(1024);
    x509 = issue(TOPIC, key);

    refuse(join(certificate_pem(x509), key_pem(key, NULL)), MDM_UNSUPPORTED,
           "RSA key of 1024 bits");

    X509_free(x509);
    EVP_PKEY_free(key);
}


/* The public half fits, the private one does not. */

static void
test_damaged(void **state)
{
    int                   len;
    BIO                  *bio;
    BIGNUM               *d;
    mdm_str_t             der;
    unsigned char         bytes[256], *p;
    PKCS8_PRIV_KEY_INFO  *info;

    (void) state;

    d = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(rsa_key, "d", &d), 1);
    len = BN_bn2bin(d, bytes);
    BN_free(d);

    take(join(certificate_pem(rsa), key_pem(rsa_key, NULL)), rsa, rsa_key);
    der = mdm_arena_str(&arena, push.key.data, push.key.len);

    p = fixture_find(der, bytes, (size_t) len);
    p[len / 2] ^= 0x55;

    /* and one of the numbers that are used in place of it */
    p[len + 2 * 128 + 100] ^= 0x55;

    bio = BIO_new_mem_buf(der.data, (int) der.len);
    info = d2i_PKCS8_PRIV_KEY_INFO_bio(bio, NULL);
    assert_non_null(info);
    BIO_free(bio);

    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, info);
    PKCS8_PRIV_KEY_INFO_free(info);

    refuse(join(certificate_pem(rsa), taken(bio)), MDM_UNTRUSTED,
           "the private key is damaged");
}


static void
push_number(OSSL_PARAM_BLD *build, const char *name, BIGNUM **n)
{
    *n = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(rsa_key, name, n), 1);
    assert_int_equal(OSSL_PARAM_BLD_push_BN(build, name, *n), 1);
}


/* It would sign well, and may take as long as it likes. */

static void
test_long_numbers(void **state)
{
    size_t           i;
    BIGNUM          *numbers[8], *phi;
    BN_CTX          *bn;
    EVP_PKEY        *key;
    OSSL_PARAM      *params;
    EVP_PKEY_CTX    *ctx;
    OSSL_PARAM_BLD  *build;

    static const char *const  names[] = {
        "n", "e", "rsa-factor1", "rsa-factor2", "rsa-exponent1",
        "rsa-exponent2", "rsa-coefficient1", "d"
    };

    (void) state;

    key = NULL;
    bn = BN_CTX_new();
    phi = BN_new();
    build = OSSL_PARAM_BLD_new();
    ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);

    for (i = 0; i < 7; i++) {
        push_number(build, names[i], &numbers[i]);
    }

    /* d and a multiple of (p - 1)(q - 1) */

    BN_sub_word(numbers[2], 1);
    BN_sub_word(numbers[3], 1);
    BN_mul(phi, numbers[2], numbers[3], bn);
    BN_add_word(numbers[2], 1);
    BN_add_word(numbers[3], 1);
    BN_lshift(phi, phi, 4096);

    numbers[7] = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(rsa_key, "d", &numbers[7]), 1);
    BN_add(numbers[7], numbers[7], phi);
    assert_int_equal(OSSL_PARAM_BLD_push_BN(build, "d", numbers[7]), 1);

    params = OSSL_PARAM_BLD_to_param(build);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params),
                     1);

    refuse(join(certificate_pem(rsa), key_pem(key, NULL)), MDM_UNTRUSTED,
           "the private key is damaged");

    for (i = 0; i < 8; i++) {
        BN_free(numbers[i]);
    }

    EVP_PKEY_free(key);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    BN_free(phi);
    BN_CTX_free(bn);
}


static void
refuse_uid(const char *uid, const char *words)
{
    X509  *x509;

    x509 = issue(uid, rsa_key);
    refuse(join(certificate_pem(x509), key_pem(rsa_key, NULL)),
           MDM_UNSUPPORTED, words);
    X509_free(x509);
}


static void
test_topics(void **state)
{
    char  text[MDM_PUSH_TOPIC_MAX + 2];

    (void) state;

    refuse_uid(NULL, "there is no UID in its subject");
    refuse_uid("com.example.app", "does not begin with com.apple.mgmt.");
    refuse_uid("com.apple.mgmt.", "does not begin with com.apple.mgmt.");
    refuse_uid("com.apple.mgmt.a b", "is no push certificate of MDM");
    refuse_uid("com.apple.mgmt.\xc3\xbc", "is no push certificate of MDM");

    memset(text, 'x', sizeof(text));
    memcpy(text, "com.apple.mgmt.", 15);

    assert_true(mdm_push_topic_valid(mdm_str(TOPIC)));
    assert_true(mdm_push_topic_valid((mdm_str_t) {
        MDM_PUSH_TOPIC_MAX, (unsigned char *) text }));
    assert_false(mdm_push_topic_valid((mdm_str_t) {
        MDM_PUSH_TOPIC_MAX + 1, (unsigned char *) text }));
    assert_false(mdm_push_topic_valid(mdm_str("com.apple.mgmt.x\0")));
    assert_false(mdm_push_topic_valid(mdm_str("")));
}


/* The first UID that is a topic counts. */

static void
test_two_uids(void **state)
{
    X509       *x509;
    X509_NAME  *name;

    (void) state;

    x509 = issue("somebody", rsa_key);
    name = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_NID(name, NID_userId, MBSTRING_UTF8,
                               (const unsigned char *) TOPIC, -1, -1, 0);
    assert_int_not_equal(X509_sign(x509, ca_key, EVP_sha256()), 0);

    take(join(certificate_pem(x509), key_pem(rsa_key, NULL)), x509, rsa_key);

    X509_free(x509);
}


static void
test_times(void **state)
{
    mdm_str_t  both;

    (void) state;

    both = join(certificate_pem(rsa), key_pem(rsa_key, NULL));

    refuse_at(both, FIXTURE_AFTER + 1, MDM_UNTRUSTED,
              "expired at 2027-01-15T08:00:00Z");
    refuse_at(both, FIXTURE_BEFORE - 1, MDM_UNTRUSTED,
              "not valid before 2023-11-14T22:13:20Z");

    assert_int_equal(mdm_push_certificate_read(&arena, both, FIXTURE_AFTER,
                                               &push, &fault),
                     MDM_OK);
    assert_int_equal(mdm_push_certificate_read(&arena, both, FIXTURE_BEFORE,
                                               &push, &fault),
                     MDM_OK);
}


static void
test_renewed_with_the_same_key(void **state)
{
    X509  *newer;

    (void) state;

    newer = issue(TOPIC, rsa_key);
    refuse(join(certificate_pem(rsa),
                join(certificate_pem(newer), key_pem(rsa_key, NULL))),
           MDM_MALFORMED, "two certificates have this private key");
    X509_free(newer);
}


static void
test_blocks(void **state)
{
    mdm_str_t  key, certificate, cut;

    (void) state;

    key = key_pem(rsa_key, NULL);
    certificate = certificate_pem(rsa);
    cut = (mdm_str_t) { certificate.len - 10, certificate.data };

    refuse(cut, MDM_MALFORMED, "PEM block 1 has no END line");
    refuse(join(cut, key), MDM_MALFORMED, "PEM block 1 has no END line");
    refuse(join(key, mdm_str("-----BEGIN CERTIFICATE-----\n!\n"
                             "-----END CERTIFICATE-----\n")),
           MDM_MALFORMED, "PEM block 2 is not Base64");
    refuse(join(key, mdm_str("-----BEGIN CERTIFICATE-----\n"
                             "-----END CERTIFICATE-----\n")),
           MDM_MALFORMED, "PEM block 2 is not Base64");
    refuse(join(key, mdm_str("-----BEGIN CERTIFICATE-----\nMAA=\n"
                             "-----END CERTIFICATE-----\n")),
           MDM_MALFORMED, "PEM block 2 says that it is a certificate");
    refuse(mdm_str("-----BEGIN CERTIFICATE-----\nMAA=\n"
                   "-----END PRIVATE KEY-----\n"),
           MDM_MALFORMED, "PEM block 1 has no END line");
    refuse(mdm_str("-----BEGIN "), MDM_MALFORMED, "no END line");
}


static void
test_bounds(void **state)
{
    int        i;
    char      *text;
    mdm_str_t  many, both;

    (void) state;

    both = join(certificate_pem(ec), key_pem(ec_key, NULL));

    for (i = 0, many = both; i < MDM_KEY_PAIR_MAX_COUNT - 1; i++) {
        many = join(many, certificate_pem(ca));
    }

    take(many, ec, ec_key);
    refuse(join(many, certificate_pem(ca)), MDM_TOO_LARGE,
           "more than 16 certificates");

    text = mdm_arena_alloc(&arena, MDM_KEY_PAIR_MAX_SIZE + 1);
    memset(text, 'x', MDM_KEY_PAIR_MAX_SIZE + 1);
    memcpy(text, both.data, both.len);

    take((mdm_str_t) { MDM_KEY_PAIR_MAX_SIZE,
                       (unsigned char *) text }, ec, ec_key);
    refuse((mdm_str_t) { MDM_KEY_PAIR_MAX_SIZE + 1,
                         (unsigned char *) text },
           MDM_TOO_LARGE, "larger than 65536 bytes");

    memset(text, 'A', 12000);
    refuse(join(certificate_pem(ec),
                join(mdm_str("-----BEGIN RSA PRIVATE KEY-----\n"),
                     join((mdm_str_t) { 12000, (unsigned char *) text },
                          mdm_str("\n-----END RSA PRIVATE KEY-----\n")))),
           MDM_TOO_LARGE, "the private key is larger than 6144 bytes");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_what_is_read),
        cmocka_unit_test(test_others_beside_it),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_without_a_key),
        cmocka_unit_test(test_encrypted),
        cmocka_unit_test(test_keys_of_other_kinds),
        cmocka_unit_test(test_weak),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_long_numbers),
        cmocka_unit_test(test_topics),
        cmocka_unit_test(test_two_uids),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_renewed_with_the_same_key),
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_bounds),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
