
/*
 * Secrets at rest: what is sealed opens again, and nothing else does.
 */


#include "pki_fixture.h"

#include "../../ngx_mdm_module/pki/mdm_secret.h"


#define KEY_ONE                                                               \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEY_TWO                                                               \
    "FFEEDDCCBBAA99887766554433221100ffeeddccbbaa99887766554433221100"

/* Tenant -2, kind "unlock_token", row "UDID-1", "token" under KEY_ONE; made by
 * another implementation of AES-256-GCM. */

#define KNOWN_VALUE                                                           \
    "4f284801e0148c2fa0a1a2a3a4a5a6a7a8a9aaab927717482b00f5c90aea"            \
    "c3b0aa546b9e31055f1091"


/* Of tenant -2 and the bytes 0 to 31, by another implementation of HMAC. */

#define KNOWN_DIGEST                                                          \
    "fdad98830fd22231f85801551e6c63d0721a9ea72e4d50f281bb1ad8cb636554"


static mdm_arena_t        arena;
static mdm_fault_t        fault;
static mdm_secret_ring_t  ring;


static int
setup(void **state)
{
    (void) state;

    mdm_arena_init(&arena);
    memset(&ring, 0, sizeof(mdm_secret_ring_t));

    return mdm_secret_ring_add(&ring, mdm_str(KEY_ONE "\n"), &fault);
}


static int
teardown(void **state)
{
    (void) state;

    mdm_arena_free(&arena);
    mdm_secret_ring_wipe(&ring);

    return 0;
}


static mdm_str_t
seal(mdm_str_t plain)
{
    mdm_str_t  sealed;

    assert_int_equal(mdm_secret_seal(&arena, &ring, 7, "command",
                                     mdm_str("row"), plain, &sealed),
                     MDM_OK);
    assert_int_equal(sealed.len, plain.len + MDM_SECRET_OVERHEAD);
    assert_no_openssl_error();

    return sealed;
}


static mdm_rc_e
open_as(int64_t tenant, const char *kind, mdm_str_t row, mdm_str_t sealed)
{
    mdm_rc_e   rc;
    mdm_str_t  plain;

    rc = mdm_secret_open(&arena, &ring, tenant, kind, row, sealed, &plain);
    assert_int_equal(mdm_str_is_set(plain), rc == MDM_OK);
    assert_no_openssl_error();

    return rc;
}


static void
test_round_trip(void **state)
{
    size_t          len;
    mdm_str_t       plain, sealed, opened;
    unsigned char   bytes[5000];

    (void) state;

    memset(bytes, 'x', sizeof(bytes));

    for (len = 0; len < sizeof(bytes); len = len * 2 + 1) {
        plain = (mdm_str_t) { len, bytes };
        sealed = seal(plain);

        assert_int_equal(mdm_secret_open(&arena, &ring, 7, "command",
                                         mdm_str("row"), sealed, &opened),
                         MDM_OK);
        assert_int_equal(opened.len, len);
        assert_memory_equal(opened.data, bytes, len);
        assert_int_equal(opened.data[len], 0);
    }

    sealed = seal(mdm_null_str);
    assert_int_equal(open_as(7, "command", mdm_str("row"), sealed), MDM_OK);
}


static void
test_every_seal_differs(void **state)
{
    mdm_str_t  a, b;

    (void) state;

    a = seal(mdm_str("the same secret"));
    b = seal(mdm_str("the same secret"));

    assert_memory_equal(a.data, b.data, MDM_SECRET_KEY_ID_SIZE);
    assert_memory_not_equal(a.data + MDM_SECRET_KEY_ID_SIZE,
                            b.data + MDM_SECRET_KEY_ID_SIZE,
                            MDM_SECRET_NONCE_SIZE);
}


static void
test_every_altered_byte_is_noticed(void **state)
{
    size_t          i;
    unsigned        bit;
    mdm_rc_e        rc;
    mdm_str_t       sealed;
    unsigned char  *p;

    (void) state;

    sealed = seal(mdm_str("unlock token"));
    p = (unsigned char *) sealed.data;

    for (i = 0; i < sealed.len; i++) {
        for (bit = 1; bit < 0x100; bit <<= 1) {
            p[i] ^= bit;
            rc = open_as(7, "command", mdm_str("row"), sealed);
            assert_int_equal(rc, i < MDM_SECRET_KEY_ID_SIZE ? MDM_UNSUPPORTED
                                                            : MDM_UNTRUSTED);
            p[i] ^= bit;
        }
    }

    assert_int_equal(open_as(7, "command", mdm_str("row"), sealed), MDM_OK);
}


static void
test_every_shortened_value_is_noticed(void **state)
{
    size_t     len;
    mdm_str_t  sealed, cut;

    (void) state;

    sealed = seal(mdm_str("unlock token"));

    for (len = 0; len < sealed.len; len++) {
        cut = fixture_exact(&arena, sealed, len);
        assert_int_equal(open_as(7, "command", mdm_str("row"), cut),
                         len < MDM_SECRET_OVERHEAD ? MDM_MALFORMED
                                                   : MDM_UNTRUSTED);
    }

    assert_int_equal(open_as(7, "command", mdm_str("row"), mdm_null_str),
                     MDM_MALFORMED);
}


static void
test_bound_to_tenant_kind_and_row(void **state)
{
    mdm_str_t  sealed;

    (void) state;

    sealed = seal(mdm_str("unlock token"));

    assert_int_equal(open_as(8, "command", mdm_str("row"), sealed),
                     MDM_UNTRUSTED);
    assert_int_equal(open_as(INT64_C(7) << 32, "command", mdm_str("row"),
                             sealed),
                     MDM_UNTRUSTED);
    assert_int_equal(open_as(7, "report", mdm_str("row"), sealed),
                     MDM_UNTRUSTED);
    assert_int_equal(open_as(7, "command", mdm_str("row2"), sealed),
                     MDM_UNTRUSTED);
    assert_int_equal(open_as(7, "command", mdm_null_str, sealed),
                     MDM_UNTRUSTED);

    /* the border between kind and row does not move */
    assert_int_equal(open_as(7, "commandr", mdm_str("ow"), sealed),
                     MDM_UNTRUSTED);
    assert_int_equal(open_as(7, "comman", mdm_str("drow"), sealed),
                     MDM_UNTRUSTED);
}


static void
test_kind_too_long(void **state)
{
    char       kind[MDM_SECRET_MAX_KIND + 2];
    mdm_str_t  sealed;

    (void) state;

    memset(kind, 'k', sizeof(kind));
    kind[MDM_SECRET_MAX_KIND + 1] = '\0';

    assert_int_equal(mdm_secret_seal(&arena, &ring, 7, kind, mdm_str("row"),
                                     mdm_str("x"), &sealed),
                     MDM_UNSUPPORTED);
    assert_false(mdm_str_is_set(sealed));

    kind[MDM_SECRET_MAX_KIND] = '\0';

    assert_int_equal(mdm_secret_seal(&arena, &ring, 7, kind, mdm_str("row"),
                                     mdm_str("x"), &sealed),
                     MDM_OK);
    assert_int_equal(open_as(7, kind, mdm_str("row"), sealed), MDM_OK);
}


static void
test_sizes_past_the_limit(void **state)
{
    mdm_str_t  huge, out;

    (void) state;

    /* refused by its length, before a byte of it is looked at */
    huge = (mdm_str_t) { (size_t) MDM_SECRET_MAX_SIZE + 1,
                         (const unsigned char *) "" };

    assert_int_equal(mdm_secret_seal(&arena, &ring, 7, "command",
                                     mdm_str("row"), huge, &out),
                     MDM_TOO_LARGE);
    assert_int_equal(mdm_secret_seal(&arena, &ring, 7, "command", huge,
                                     mdm_str("x"), &out),
                     MDM_TOO_LARGE);

    huge.len += MDM_SECRET_OVERHEAD;

    assert_int_equal(open_as(7, "command", mdm_str("row"), huge),
                     MDM_TOO_LARGE);
}


static void
test_older_key_still_opens(void **state)
{
    mdm_str_t  sealed, newer;

    (void) state;

    sealed = seal(mdm_str("unlock token"));

    mdm_secret_ring_wipe(&ring);
    assert_int_equal(open_as(7, "command", mdm_str("row"), sealed),
                     MDM_UNSUPPORTED);

    assert_int_equal(mdm_secret_ring_add(&ring, mdm_str(KEY_TWO), &fault),
                     MDM_OK);
    assert_int_equal(open_as(7, "command", mdm_str("row"), sealed),
                     MDM_UNSUPPORTED);

    assert_int_equal(mdm_secret_ring_add(&ring, mdm_str(KEY_ONE), &fault),
                     MDM_OK);
    assert_int_equal(open_as(7, "command", mdm_str("row"), sealed), MDM_OK);

    newer = seal(mdm_str("unlock token"));
    assert_memory_equal(newer.data, ring.keys[0].id, MDM_SECRET_KEY_ID_SIZE);
    assert_memory_equal(sealed.data, ring.keys[1].id, MDM_SECRET_KEY_ID_SIZE);
}


/* The id is part of what is stored: it must never change. */

static void
test_key_id(void **state)
{
    unsigned char  hash[32];
    unsigned char  text[10 + MDM_SECRET_KEY_SIZE];

    (void) state;

    memcpy(text, "mdm key id", 10);
    memcpy(text + 10, ring.keys[0].key, MDM_SECRET_KEY_SIZE);
    EVP_Digest(text, sizeof(text), hash, NULL, EVP_sha256(), NULL);

    assert_memory_equal(ring.keys[0].id, hash, MDM_SECRET_KEY_ID_SIZE);
    assert_int_equal(ring.keys[0].key[0], 0x00);
    assert_int_equal(ring.keys[0].key[31], 0x1f);
}


/* The layout must never change either. */

static void
test_known_value(void **state)
{
    long            len;
    mdm_str_t       plain, sealed;
    unsigned char  *p;

    (void) state;

    p = OPENSSL_hexstr2buf(KNOWN_VALUE, &len);
    assert_non_null(p);

    sealed = (mdm_str_t) { len, p };

    assert_int_equal(mdm_secret_open(&arena, &ring, -2, "unlock_token",
                                     mdm_str("UDID-1"), sealed, &plain),
                     MDM_OK);
    assert_true(mdm_str_eq_c(plain, "token"));

    OPENSSL_free(p);
}


static void
refuse_key(mdm_str_t text, mdm_rc_e rc, const char *words)
{
    unsigned  before;

    before = ring.nkeys;

    assert_int_equal(mdm_secret_ring_add(&ring, text, &fault), rc);
    assert_non_null(strstr(fault.text, words));
    assert_int_equal(ring.nkeys, before);
    assert_no_openssl_error();
}


static void
test_bad_keys(void **state)
{
    char  text[65];

    (void) state;

    refuse_key(mdm_null_str, MDM_MALFORMED, "0 characters");
    refuse_key(mdm_str(" \r\n\t"), MDM_MALFORMED, "0 characters");
    refuse_key(mdm_str("abc"), MDM_MALFORMED, "3 characters");
    refuse_key(mdm_str(KEY_TWO "0"), MDM_MALFORMED, "65 characters");
    refuse_key(mdm_str(KEY_TWO "\n" KEY_TWO), MDM_MALFORMED,
               "129 characters");
    refuse_key(mdm_str(KEY_ONE), MDM_MALFORMED, "twice");

    memcpy(text, KEY_TWO, 65);
    text[63] = 'g';
    refuse_key((mdm_str_t) { 64, (unsigned char *) text }, MDM_MALFORMED,
               "no hexadecimal digit");
    assert_null(strstr(fault.text, "FFEE"));

    text[63] = '\0';
    refuse_key((mdm_str_t) { 64, (unsigned char *) text }, MDM_MALFORMED,
               "no hexadecimal digit");

    assert_int_equal(mdm_secret_ring_add(&ring,
                         mdm_str(" \t\r\n" KEY_TWO "\r\n "), NULL),
                     MDM_OK);
}


static void
test_too_many_keys(void **state)
{
    char      text[] = KEY_TWO;
    unsigned  i;

    (void) state;

    for (i = 1; i < MDM_SECRET_MAX_KEYS; i++) {
        text[0] = '0' + i;
        assert_int_equal(mdm_secret_ring_add(&ring,
                             (mdm_str_t) { 64, (unsigned char *) text },
                             &fault),
                         MDM_OK);
    }

    text[0] = '9';
    refuse_key((mdm_str_t) { 64, (unsigned char *) text }, MDM_TOO_LARGE,
               "more than 8");
}


/* One digest for each key, the first key's first; others for another tenant. */

static void
test_digests(void **state)
{
    size_t         len, i;
    char           hex[2 * MDM_SECRET_DIGEST_SIZE + 1];
    unsigned char  sha256[MDM_SECRET_DIGEST_SIZE];
    unsigned char  one[MDM_SECRET_MAX_DIGESTS], two[MDM_SECRET_MAX_DIGESTS];

    (void) state;

    for (i = 0; i < sizeof(sha256); i++) {
        sha256[i] = (unsigned char) i;
    }

    assert_int_equal(mdm_secret_digest(&ring, -2, sha256, one, &len), MDM_OK);
    assert_int_equal(len, MDM_SECRET_DIGEST_SIZE);

    for (i = 0; i < len; i++) {
        sprintf(hex + 2 * i, "%02x", one[i]);
    }

    assert_string_equal(hex, KNOWN_DIGEST);

    assert_int_equal(mdm_secret_digest(&ring, 2, sha256, two, &len), MDM_OK);
    assert_memory_not_equal(one, two, len);

    mdm_secret_ring_wipe(&ring);
    assert_int_equal(mdm_secret_digest(&ring, -2, sha256, two, &len),
                     MDM_UNSUPPORTED);
    assert_int_equal(len, 0);

    assert_int_equal(mdm_secret_ring_add(&ring, mdm_str(KEY_TWO), &fault),
                     MDM_OK);
    assert_int_equal(mdm_secret_ring_add(&ring, mdm_str(KEY_ONE), &fault),
                     MDM_OK);
    assert_int_equal(mdm_secret_digest(&ring, -2, sha256, two, &len), MDM_OK);
    assert_int_equal(len, 2 * MDM_SECRET_DIGEST_SIZE);
    assert_memory_equal(one, two + MDM_SECRET_DIGEST_SIZE,
                        MDM_SECRET_DIGEST_SIZE);
    assert_memory_not_equal(one, two, MDM_SECRET_DIGEST_SIZE);
    assert_no_openssl_error();
}


static void
test_wipe(void **state)
{
    mdm_str_t                   sealed;
    static const unsigned char  zero[sizeof(mdm_secret_ring_t)];

    (void) state;

    mdm_secret_ring_wipe(&ring);
    assert_memory_equal(&ring, zero, sizeof(mdm_secret_ring_t));

    assert_int_equal(mdm_secret_seal(&arena, &ring, 7, "command",
                                     mdm_str("row"), mdm_str("x"), &sealed),
                     MDM_UNSUPPORTED);
    assert_false(mdm_str_is_set(sealed));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_seal_differs, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_every_altered_byte_is_noticed,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_shortened_value_is_noticed,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_bound_to_tenant_kind_and_row,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(test_kind_too_long, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sizes_past_the_limit, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_older_key_still_opens, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_key_id, setup, teardown),
        cmocka_unit_test_setup_teardown(test_known_value, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_digests, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wipe, setup, teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
