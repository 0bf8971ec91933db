
/*
 * The BER guard, the rewriter and the reader, on bytes written by hand.
 */


#include "pki_fixture.h"

#include "../../ngx_mdm_module/pki/mdm_ber.h"
#include "../../ngx_mdm_module/pki/mdm_cms.h"


#define DEEP  10000


static mdm_arena_t  arena;
static mdm_fault_t  fault;


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


/* From a copy of exactly its size, for the sanitizers. */

static mdm_rc_e
guard(mdm_str_t ber)
{
    return mdm_ber_guard(fixture_exact(&arena, ber, ber.len),
                         MDM_BER_MAX_DEPTH, &fault);
}


static mdm_str_t
definite(mdm_str_t ber)
{
    mdm_str_t  der;

    assert_int_equal(mdm_ber_definite(&arena,
                                      fixture_exact(&arena, ber, ber.len),
                                      MDM_BER_MAX_DEPTH, &der, &fault),
                     MDM_OK);
    assert_int_equal(guard(der), MDM_OK);

    return der;
}


static void
test_good(void **state)
{
    unsigned  i;

    static const mdm_str_t  cases[] = {
        { 2, (const unsigned char *) "\x05\x00" },
        { 2, (const unsigned char *) "\x30\x00" },
        { 4, (const unsigned char *) "\x30\x80\x00\x00" },
        { 5, (const unsigned char *) "\x30\x03\x02\x01\x05" },
        { 7, (const unsigned char *) "\x30\x80\x02\x01\x05\x00\x00" },
        { 6, (const unsigned char *) "\x30\x81\x03\x02\x01\x05" },
        { 8, (const unsigned char *) "\x30\x84\x00\x00\x00\x02\x05\x00" },
        { 6, (const unsigned char *) "\x30\x04\x30\x80\x00\x00" },
        { 5, (const unsigned char *) "\x1f\x81\x01\x01\xff" },
        { 6, (const unsigned char *) "\xbf\x22\x80\x00\x00" "\x00" },
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]) - 1; i++) {
        assert_int_equal(guard(cases[i]), MDM_OK);
    }

    assert_int_equal(guard(cases[i]), MDM_MALFORMED);      /* a byte more */
}


static void
test_bad(void **state)
{
    unsigned  i;

    static const struct {
        mdm_str_t    ber;
        const char  *words;
    } cases[] = {
        { { 0, NULL }, "cut short" },
        { { 1, (const unsigned char *) "\x30" }, "cut short" },
        { { 2, (const unsigned char *) "\x30\x01" }, "cut short" },
        { { 2, (const unsigned char *) "\x04\x7f" }, "cut short" },
        { { 2, (const unsigned char *) "\x30\x82" }, "cut short" },
        { { 3, (const unsigned char *) "\x30\x82\x01" }, "cut short" },
        { { 6, (const unsigned char *) "\x04\x84\xff\xff\xff\xff" }, "cut" },
        { { 8, (const unsigned char *) "\x04\x85\0\0\0\0\x01\0" }, "cut" },
        { { 3, (const unsigned char *) "\x04\xff\x00" }, "cut short" },
        { { 2, (const unsigned char *) "\x30\x80" }, "cut short" },
        { { 3, (const unsigned char *) "\x30\x80\x00" }, "cut short" },
        { { 1, (const unsigned char *) "\x1f" }, "cut short" },
        { { 4, (const unsigned char *) "\x1f\x81\x81\x81" }, "cut short" },
        { { 3, (const unsigned char *) "\x1f\x81\x01" }, "cut short" },
        { { 2, (const unsigned char *) "\x00\x00" }, "out of place" },
        { { 4, (const unsigned char *) "\x30\x02\x00\x00" }, "out of place" },
        { { 5, (const unsigned char *) "\x30\x80\x00\x01\x00" }, "place" },
        { { 4, (const unsigned char *) "\x30\x80\x00\x80" }, "out of place" },
        { { 4, (const unsigned char *) "\x04\x80\x00\x00" }, "primitive" },
        { { 5, (const unsigned char *) "\x30\x03\x04\x02\x00" }, "cut short" },
        { { 6, (const unsigned char *) "\x30\x02\x30\x80\0\0" }, "cut short" },
        { { 3, (const unsigned char *) "\x05\x00\x00" }, "1 more byte" },
        { { 6, (const unsigned char *) "\x30\x00\x30\x02\x05\x00" }, "4 more" },
        { { 5, (const unsigned char *) "\x24\x03\x02\x01\x05" }, "part of" },
        { { 6, (const unsigned char *) "\x24\x80\x30\x00\0\0" }, "part of" },
    };

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(guard(cases[i].ber), MDM_MALFORMED);
        assert_non_null(strstr(fault.text, cases[i].words));
    }

    assert_int_equal(mdm_ber_guard(mdm_null_str, MDM_BER_MAX_DEPTH, NULL),
                     MDM_MALFORMED);
}


static void
test_depth(void **state)
{
    size_t          i;
    unsigned char   nest[2 * (MDM_BER_MAX_DEPTH + 1)];

    (void) state;

    for (i = 0; i <= MDM_BER_MAX_DEPTH; i++) {
        nest[2 * i] = 0x30;
        nest[2 * i + 1] = (unsigned char) (2 * (MDM_BER_MAX_DEPTH - i));
    }

    assert_int_equal(guard((mdm_str_t) { sizeof(nest), nest }),
                     MDM_TOO_LARGE);
    assert_non_null(strstr(fault.text, "deeper than 32"));

    assert_int_equal(guard((mdm_str_t) { sizeof(nest) - 2, nest + 2 }),
                     MDM_OK);

    /* a smaller limit holds, a larger one does not */

    assert_int_equal(mdm_ber_guard((mdm_str_t) { 4, nest + sizeof(nest) - 4 },
                                   1, &fault),
                     MDM_TOO_LARGE);
    assert_int_equal(mdm_ber_guard((mdm_str_t) { 4, nest + sizeof(nest) - 4 },
                                   2, &fault),
                     MDM_OK);
    assert_int_equal(mdm_ber_guard((mdm_str_t) { sizeof(nest), nest }, 1000,
                                   &fault),
                     MDM_TOO_LARGE);
    assert_int_equal(mdm_ber_guard(mdm_str("\x05\x00"), 0, &fault), MDM_OK);
    assert_int_equal(mdm_ber_guard(mdm_str("\x30\x00"), 0, &fault),
                     MDM_TOO_LARGE);
}


static void
test_very_deep(void **state)
{
    size_t          i;
    unsigned char  *p;

    (void) state;

    p = mdm_arena_zalloc(&arena, 4 * DEEP);
    assert_non_null(p);

    for (i = 0; i < DEEP; i++) {
        p[2 * i] = 0x30;
        p[2 * i + 1] = 0x80;
    }

    assert_int_equal(guard((mdm_str_t) { 4 * DEEP, p }), MDM_TOO_LARGE);

    for (i = 0; i < DEEP; i++) {
        p[2 * i] = 0x24;
    }

    assert_int_equal(guard((mdm_str_t) { 4 * DEEP, p }), MDM_TOO_LARGE);
}


static void
test_definite_is_left_alone(void **state)
{
    mdm_str_t  ber, der;

    (void) state;

    ber = mdm_str("\x30\x81\x05\x31\x03\x02\x01\x05");
    assert_int_equal(mdm_ber_definite(&arena, ber, MDM_BER_MAX_DEPTH, &der,
                                      &fault),
                     MDM_OK);
    assert_ptr_equal(der.data, ber.data);
    assert_int_equal(der.len, ber.len);

    assert_int_equal(mdm_ber_definite(&arena, mdm_str("\x30"),
                                      MDM_BER_MAX_DEPTH, &der, &fault),
                     MDM_MALFORMED);
    assert_false(mdm_str_is_set(der));
}


static void
test_rewritten(void **state)
{
    (void) state;

    assert_true(mdm_str_eq(definite(mdm_str("\x30\x80\0\0")),
                           mdm_str("\x30\0")));

    assert_true(mdm_str_eq(definite(mdm_str("\x30\x80\x31\x80\x05\0\0\0\0\0")),
                           mdm_str("\x30\x04\x31\x02\x05\0")));

    /* parts within parts, and an empty one */

    assert_true(mdm_str_eq(definite(mdm_str("\x24\x80\x04\x01" "a\x24\x05\x04"
                                            "\x00\x04\x01" "b\0\0")),
                           mdm_str("\x04\x02" "ab")));

    assert_true(mdm_str_eq(definite(mdm_str("\x24\x00")), mdm_str("\x04\0")));

    /* the identifier is kept, however long */

    assert_true(mdm_str_eq(definite(mdm_str("\xbf\x81\x22\x80\x05\0\0\0")),
                           mdm_str("\xbf\x81\x22\x02\x05\0")));

    /* a SET stays in the order in which it came */

    assert_true(mdm_str_eq(definite(mdm_str("\x31\x80\x02\x01\x09\x02\x01\x01"
                                            "\0\0")),
                           mdm_str("\x31\x06\x02\x01\x09\x02\x01\x01")));
}


/* Lengths of every width, and the worst growth there is. */

static void
test_rewritten_sizes(void **state)
{
    size_t          i, n, len;
    mdm_str_t       ber, der;
    mdm_ber_t       item;
    unsigned char  *p;

    static const size_t  sizes[] = {
        0, 1, 126, 127, 128, 129, 254, 255, 256, 65534, 65535, 65536, 70000,
        1 << 20, (1 << 24) - 1, 1 << 24
    };

    (void) state;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        len = 0;
        p = mdm_arena_zalloc(&arena, sizes[i] + 200);
        assert_non_null(p);

        for (n = 0; n < MDM_BER_MAX_DEPTH - 1; n++) {
            p[len++] = 0x30;
            p[len++] = 0x80;
        }

        p[len++] = 0x04;
        p[len++] = 0x84;
        p[len++] = (unsigned char) (sizes[i] >> 24);
        p[len++] = (unsigned char) (sizes[i] >> 16);
        p[len++] = (unsigned char) (sizes[i] >> 8);
        p[len++] = (unsigned char) sizes[i];
        len += sizes[i] + 2 * n;

        ber = (mdm_str_t) { len, p };
        assert_int_equal(mdm_ber_definite(&arena, ber, MDM_BER_MAX_DEPTH,
                                          &der, &fault),
                         MDM_OK);

        while (n--) {
            assert_true(mdm_ber_take(&der, MDM_BER_SEQUENCE, &item));
            assert_int_equal(der.len, 0);
            der = item.content;
        }

        assert_true(mdm_ber_take(&der, MDM_BER_OCTET_STRING, &item));
        assert_int_equal(item.content.len, sizes[i]);

        mdm_arena_free(&arena);
        mdm_arena_init(&arena);
    }
}


/* A certificate taken to pieces comes back byte for byte. */

static void
test_certificate_comes_back(void **state)
{
    X509           *ca;
    size_t          len;
    EVP_PKEY       *key;
    mdm_str_t       der, ber, cut;
    unsigned char  *p;

    (void) state;

    key = fixture_ec("P-256");
    ca = fixture_ca("CA", key);
    der = fixture_der(&arena, ca);

    p = mdm_arena_alloc(&arena, 4 * der.len);
    assert_non_null(p);

    ber.data = p;
    ber.len = fixture_loosen(p, der) - p;

    assert_int_not_equal(ber.len, der.len);
    assert_true(mdm_str_eq(definite(ber), der));

    for (len = 0; len < ber.len; len++) {
        cut = fixture_exact(&arena, ber, len);
        assert_int_equal(mdm_ber_definite(&arena, cut, MDM_BER_MAX_DEPTH,
                                          &der, NULL),
                         MDM_MALFORMED);
    }

    X509_free(ca);
    EVP_PKEY_free(key);
}


static void
test_reader(void **state)
{
    mdm_str_t  rest;
    mdm_ber_t  item;

    (void) state;

    rest = mdm_str("\x30\x05\x02\x01\x05\x05\x00\x04\x01x");

    assert_false(mdm_ber_take(&rest, MDM_BER_SET, &item));
    assert_int_equal(rest.len, 10);

    assert_true(mdm_ber_take(&rest, MDM_BER_SEQUENCE, &item));
    assert_int_equal(rest.len, 3);
    assert_int_equal(item.whole.len, 7);
    assert_int_equal(item.content.len, 5);

    /* stepping into an element by itself */

    assert_true(mdm_ber_take(&item.content, MDM_BER_INTEGER, &item));
    assert_int_equal(item.whole.len, 3);
    assert_true(mdm_str_eq(item.content, mdm_str("\x05")));

    assert_true(mdm_ber_next(&rest, &item));
    assert_int_equal(item.tag, MDM_BER_OCTET_STRING);
    assert_int_equal(rest.len, 0);
    assert_false(mdm_ber_next(&rest, &item));

    rest = mdm_str("\x30\x80\x00\x00");
    assert_false(mdm_ber_next(&rest, &item));
    assert_int_equal(rest.len, 4);

    rest = mdm_str("\x04\x05x");
    assert_false(mdm_ber_next(&rest, &item));

    rest = mdm_null_str;
    assert_false(mdm_ber_next(&rest, &item));
    assert_false(mdm_ber_take(&rest, MDM_BER_SET, &item));
}


static void
test_wrap(void **state)
{
    size_t          len;
    mdm_str_t       rest;
    mdm_ber_t       item;
    unsigned char  *p;

    (void) state;

    p = mdm_arena_zalloc(&arena, 70000);

    for (len = 0; len < 70000; len = len * 2 + 1) {
        rest = mdm_ber_wrap(&arena, MDM_BER_SET, (mdm_str_t) { len, p });
        assert_true(mdm_ber_take(&rest, MDM_BER_SET, &item));
        assert_int_equal(item.content.len, len);
        assert_int_equal(rest.len, 0);
    }

    assert_true(mdm_str_eq(mdm_ber_wrap(&arena, MDM_BER_SET, mdm_null_str),
                           mdm_str("\x31\0")));
}


static void
test_cms_content(void **state)
{
    size_t          len;
    mdm_str_t       der, ber, content, cut;
    unsigned char  *p;

    (void) state;

    der = fixture_signed(&arena, mdm_str("<plist/>"), 0);

    assert_int_equal(mdm_cms_content(&arena, der, &content, &fault), MDM_OK);
    assert_true(mdm_str_eq(content, mdm_str("<plist/>")));
    assert_true(content.data > der.data
                && content.data < der.data + der.len);

    p = mdm_arena_alloc(&arena, 4 * der.len);
    ber = (mdm_str_t) { fixture_loosen(p, der) - p, p };
    assert_int_equal(mdm_cms_content(&arena, ber, &content, &fault), MDM_OK);
    assert_true(mdm_str_eq(content, mdm_str("<plist/>")));

    for (len = 0; len < der.len; len++) {
        cut = fixture_exact(&arena, der, len);
        assert_int_equal(mdm_cms_content(&arena, cut, &content, &fault),
                         MDM_MALFORMED);
        assert_false(mdm_str_is_set(content));
    }

    assert_no_openssl_error();
}


static void
test_cms_without_content(void **state)
{
    mdm_str_t       der, content;
    unsigned char  *oid;

    (void) state;

    der = fixture_signed(&arena, mdm_str("<plist/>"), CMS_DETACHED);
    assert_int_equal(mdm_cms_content(&arena, der, &content, &fault),
                     MDM_UNSUPPORTED);
    assert_non_null(strstr(fault.text, "detached"));

    /* signedData becomes envelopedData */

    der = fixture_signed(&arena, mdm_str("<plist/>"), 0);
    oid = (unsigned char *) der.data + 4;
    assert_memory_equal(oid, "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02",
                        11);
    oid[10] = 0x03;
    assert_int_equal(mdm_cms_content(&arena, der, &content, &fault),
                     MDM_UNSUPPORTED);
    assert_non_null(strstr(fault.text, "not a SignedData"));

    assert_int_equal(mdm_cms_content(&arena, mdm_str("\x30\x02\x05\0"),
                                     &content, &fault),
                     MDM_MALFORMED);
    assert_int_equal(mdm_cms_content(&arena, mdm_str("<plist/>"), &content,
                                     &fault),
                     MDM_MALFORMED);
}


/* Each element left out, one at a time: words, no harm. */

static void
test_cms_with_a_part_missing(void **state)
{
    size_t          i, before;
    mdm_str_t       der, rest, whole, content;
    mdm_ber_t       item, part;
    unsigned char  *p;

    (void) state;

    der = fixture_signed(&arena, mdm_str("<plist/>"), 0);

    rest = der;
    assert_true(mdm_ber_take(&rest, MDM_BER_SEQUENCE, &item));
    assert_true(mdm_ber_next(&item.content, &part));
    assert_true(mdm_ber_take(&item.content, MDM_BER_CONTEXT(0), &item));
    assert_true(mdm_ber_take(&item.content, MDM_BER_SEQUENCE, &item));

    for (i = 0; i < 5; i++) {
        rest = item.content;
        before = 0;

        do {
            assert_true(mdm_ber_next(&rest, &part));
        } while (before++ < i);

        p = mdm_arena_alloc(&arena, item.content.len);
        before = part.whole.data - item.content.data;
        memcpy(p, item.content.data, before);
        memcpy(p + before, rest.data, rest.len);

        whole = mdm_ber_wrap(&arena, MDM_BER_SEQUENCE,
                             (mdm_str_t) { before + rest.len, p });
        whole = mdm_ber_wrap(&arena, MDM_BER_CONTEXT(0), whole);

        p = mdm_arena_alloc(&arena, whole.len + 11);
        memcpy(p, "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", 11);
        memcpy(p + 11, whole.data, whole.len);
        whole = mdm_ber_wrap(&arena, MDM_BER_SEQUENCE,
                             (mdm_str_t) { whole.len + 11, p });

        /* only the certificates may be absent */

        assert_int_equal(mdm_cms_content(&arena, whole, &content, &fault),
                         i == 3 ? MDM_OK : MDM_MALFORMED);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(test_good, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad, setup, teardown),
        cmocka_unit_test_setup_teardown(test_depth, setup, teardown),
        cmocka_unit_test_setup_teardown(test_very_deep, setup, teardown),
        cmocka_unit_test_setup_teardown(test_definite_is_left_alone, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_rewritten, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rewritten_sizes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_certificate_comes_back, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_reader, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cms_content, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cms_without_content, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_cms_with_a_part_missing, setup,
                                        teardown),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
