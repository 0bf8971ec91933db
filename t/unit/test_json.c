
/*
 * JSON bodies: what is an object, what is none, and what is refused before it
 * is looked at closely.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "message/mdm_json.h"


#define STR(s)  (mdm_str_t) { strlen(s), (const unsigned char *) (s) }


static mdm_fault_t  fault;


static mdm_rc_e
reads(mdm_str_t text)
{
    json_t    *object;
    mdm_rc_e   rc;

    fault.text[0] = '\0';
    rc = mdm_json_read(text, &object, &fault);

    assert_true((rc == MDM_OK) == (object != NULL));
    assert_true((rc == MDM_OK) == (fault.text[0] == '\0'));
    json_decref(object);

    return rc;
}


/* `n` times `piece` between two texts, freed by the caller. */

static mdm_str_t
repeated(const char *head, const char *piece, size_t n, const char *tail)
{
    char    *text, *p;
    size_t   i;

    text = malloc(strlen(head) + strlen(piece) * n + strlen(tail) + 1);
    assert_non_null(text);

    p = stpcpy(text, head);

    for (i = 0; i < n; i++) {
        p = stpcpy(p, piece);
    }

    p = stpcpy(p, tail);

    return (mdm_str_t) { p - text, (unsigned char *) text };
}


static void
what_is_an_object(void **state)
{
    size_t  i;

    static const char *const  rows[] = {
        "{}", " {\t}\r\n", "{\"a\":1,\"b\":[1.5,null,true,\"x\"]}",
        "{\"\":{\"\\\"\":\"\\\\\"}}", "{\"\xc3\xa9\":\"\\ud83d\\ude00\"}"
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(reads(STR(rows[i])), MDM_OK);
    }
}


static void
what_is_none(void **state)
{
    size_t  i;

    static const char *const  rows[] = {
        "", " ", "x", "[]", "1", "\"x\"", "null", "{", "{\"a\"}", "{\"a\":1",
        "{\"a\":1}x", "{\"a\":1,}", "{'a':1}", "{\"a\":1,\"a\":1}",
        "{\"a\":\"\\u0000\"}", "{\"\\u0000\":1}", "{\"a\":\"\xff\"}",
        "{\"a\":\"\\ud800\"}", "{\"a\":\"\x01\"}", "{\"a\":NaN}",
        "{\"a\":99999999999999999999}", "{\"a\":1e999}", "\xef\xbb\xbf{}"
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(reads(STR(rows[i])), MDM_MALFORMED);
    }

    assert_int_equal(reads(mdm_null_str), MDM_MALFORMED);
    assert_int_equal(reads(mdm_str("{\"a\":1}\0")), MDM_MALFORMED);
    assert_int_equal(reads(mdm_str("{\"a\":\"\0\"}")), MDM_MALFORMED);
}


static void
what_is_counted(void **state)
{
    size_t           i;
    mdm_json_size_t  size;

    static const struct {
        const char  *text;
        size_t       values;
        size_t       depth;
    } rows[] = {
        { "1",                                    1, 0 },
        { "[]",                                   1, 1 },
        { " [ ] ",                                1, 1 },
        { "[[]]",                                 2, 2 },
        { "[[],{}]",                              3, 2 },
        { "{\"a\":1,\"b\":{\"c\":[1,2]}}",        6, 3 },
        { "{\"[,{\":\",\\\",[\"}",                2, 1 },
        { "[\"\\\\\",1]",                         3, 1 },
        { "]]][",                                 1, 1 },
        { "[\"\\",                                2, 1 }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size = mdm_json_measure(STR(rows[i].text));
        assert_int_equal(size.values, rows[i].values);
        assert_int_equal(size.depth, rows[i].depth);
    }
}


static void
how_much_is_too_much(void **state)
{
    size_t     i;
    mdm_str_t  text;

    static const struct {
        const char  *head, *piece, *tail;
        size_t       n;
        mdm_rc_e     rc;
        const char  *words;
    } rows[] = {
        { "{\"a\":[0", ",0", "]}", MDM_JSON_MAX_VALUES - 3, MDM_OK, "" },
        { "{\"a\":[0", ",0", "]}", MDM_JSON_MAX_VALUES - 2, MDM_TOO_LARGE,
          "the body holds more than 20000 values" },
        { "{\"a\":[0", ",[]", "]}", 1000000, MDM_TOO_LARGE,
          "the body holds more than 20000 values" },
        { "", "[", "", 1000000, MDM_TOO_LARGE,
          "the body is nested more than 64 deep" },
        { "", "{\"a\":", "", MDM_JSON_MAX_DEPTH, MDM_MALFORMED, "the body is" },
        { "", "{\"a\":", "", MDM_JSON_MAX_DEPTH + 1, MDM_TOO_LARGE,
          "the body is nested more than 64 deep" },
        { "{\"a\":\"", "[", "\"}", 1000000, MDM_OK, "" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        text = repeated(rows[i].head, rows[i].piece, rows[i].n, rows[i].tail);

        assert_int_equal(reads(text), rows[i].rc);
        assert_memory_equal(fault.text, rows[i].words,
                            strlen(rows[i].words));
        free((void *) text.data);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(what_is_an_object),
        cmocka_unit_test(what_is_none),
        cmocka_unit_test(what_is_counted),
        cmocka_unit_test(how_much_is_too_much)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
