
/*
 * Arguments of URLs: cut apart, decoded, and as JSON; and enrolment ids as
 * they stand in a path.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "message/mdm_enrollment_id.h"
#include "message/mdm_url.h"


#define STR(s)  (mdm_str_t) { strlen(s), (const unsigned char *) (s) }


static void
decoding(void **state)
{
    size_t         i;
    mdm_str_t      plain;
    unsigned char  buf[32];

    static const struct {
        const char  *encoded, *plain;
    } rows[] = {
        { "",             "" },
        { "a+b",          "a+b" },
        { "%41%6a%6A",    "Ajj" },
        { "%c3%A9",       "\xc3\xa9" },
        { "%2541",        "%41" },
        { "%",            "%" },
        { "%4",           "%4" },
        { "a%zz",         "a%zz" },
        { "%4z%%41",      "%4z%A" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        plain = mdm_url_decode(STR(rows[i].encoded), buf);
        assert_true(mdm_str_eq_c(plain, rows[i].plain));
    }
}


static void
cutting(void **state)
{
    size_t     i;
    mdm_str_t  args, name, value;

    static const struct {
        const char  *name, *value;
    } rows[] = {
        { "a", "1" }, { "", NULL }, { "b", NULL }, { "c", "" },
        { "", "d" }, { "e", "f=g" }
    };

    args = mdm_str("a=1&&b&c=&=d&e=f=g&");

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_true(mdm_url_argument(&args, &name, &value));
        assert_true(mdm_str_eq_c(name, rows[i].name));
        assert_true(rows[i].value ? mdm_str_eq_c(value, rows[i].value)
                                  : !mdm_str_is_set(value));
    }

    assert_false(mdm_url_argument(&args, &name, &value));

    args = mdm_null_str;
    assert_false(mdm_url_argument(&args, &name, &value));
}


static void
as_json(void **state)
{
    size_t       i;
    mdm_str_t    json;
    mdm_arena_t  arena;

    static const struct {
        const char  *args, *json;
    } rows[] = {
        { "",                      "{}" },
        { "a=1&b",                 "{\"a\":\"1\",\"b\":\"\"}" },
        { "a=1&a=2",               "{\"a\":\"2\"}" },
        { "=1&&a=%22",             "{\"a\":\"\\\"\"}" },
        { "a=%ff&%ff=1&b=%00&c%00=1&d=\xff", "{}" },
        { "a=%zz",                 "{\"a\":\"%zz\"}" }
    };

    mdm_arena_init(&arena);

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(mdm_url_arguments_json(&arena, STR(rows[i].args),
                                                &json),
                         MDM_OK);
        assert_true(mdm_str_eq_c(json, rows[i].json));
    }

    mdm_arena_free(&arena);
}


static void
ids(void **state)
{
    size_t       i;
    mdm_rc_e     rc;
    mdm_str_t    device, user;
    mdm_arena_t  arena;

    static const struct {
        const char  *part, *device, *user;
    } rows[] = {
        { "U",                     "U", "" },
        { "U:a%40b",               "U", "a@b" },
        { "U%3Aa%2540b",           "U", "a@b" },
        { "%55",                   "U", "" },
        { "a%zz",                  NULL, NULL },
        { "U%3Aa%zz",              NULL, NULL },
        { "%00",                   NULL, NULL },
        { "",                      NULL, NULL }
    };

    mdm_arena_init(&arena);

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rc = mdm_enrollment_id_of_url(&arena, STR(rows[i].part), &device,
                                      &user, NULL);

        assert_int_equal(rc, rows[i].device ? MDM_OK : MDM_MALFORMED);

        if (rc == MDM_OK) {
            assert_true(mdm_str_eq_c(device, rows[i].device));
            assert_true(mdm_str_eq_c(user, rows[i].user));
        }
    }

    assert_int_equal(mdm_enrollment_id_of_url(&arena, mdm_null_str, &device,
                                              &user, NULL),
                     MDM_MALFORMED);

    mdm_arena_free(&arena);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(decoding),
        cmocka_unit_test(cutting),
        cmocka_unit_test(as_json),
        cmocka_unit_test(ids)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
