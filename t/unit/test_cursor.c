
/*
 * Cursors: what is written is read again, and nothing else is: not those of
 * other lists, not with other fields, not letters of no alphabet.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "message/mdm_cursor.h"


#define STR(s)  (mdm_str_t) { strlen(s), (const unsigned char *) (s) }


static const mdm_cursor_list_t  mixed = { "mixed", "tit" };


/* Memory of exactly the size that is promised to suffice. */

static mdm_str_t
written(const mdm_cursor_list_t *list, mdm_str_t fields)
{
    size_t          size;
    unsigned char  *p;

    size = mdm_cursor_size(list, fields.len);
    p = malloc(size);
    assert_non_null(p);
    assert_int_equal(mdm_cursor_write(list, fields, p) - p, size);

    return (mdm_str_t) { size, p };
}


static mdm_rc_e
reads(const mdm_cursor_list_t *list, mdm_str_t cursor, mdm_str_t expected)
{
    mdm_rc_e        rc;
    mdm_str_t       fields;
    unsigned char  *buf;

    buf = malloc(cursor.len + 1);
    assert_non_null(buf);
    rc = mdm_cursor_read(list, cursor, buf, &fields);

    if (rc == MDM_OK) {
        assert_true(mdm_str_eq(fields, expected));
    }

    free(buf);

    return rc;
}


static mdm_rc_e
there_and_back(const mdm_cursor_list_t *list, mdm_str_t fields)
{
    mdm_rc_e   rc;
    mdm_str_t  cursor;

    cursor = written(list, fields);
    rc = reads(list, cursor, fields);
    free((void *) cursor.data);

    return rc;
}


static void
an_event_has_this_cursor(void **state)
{
    mdm_str_t  cursor;

    static const char  text[] = "ZXZlbnRzCjgxMgo0NAoxNzc3ODgyNTAwMDAwMDAw";

    cursor = written(&mdm_cursor_events, mdm_str("812\n44\n1777882500000000"));
    assert_true(mdm_str_eq_c(cursor, text));
    free((void *) cursor.data);
}


static void
what_is_written_is_read(void **state)
{
    size_t      i;
    const char  *rows[] = {
        "a\n1\nb", "\n0\n", "\xc3\xa4?>\n12\n\xf0\x9f\x98\x80", "ab\n1\n",
        "abc\n999999999999999999\n", "abcd\n000\n~~~"
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(there_and_back(&mixed, STR(rows[i])), MDM_OK);
    }
}


static void
fields_must_fit(void **state)
{
    size_t      i;
    const char  *rows[] = {
        "", "a", "a\n1", "a\n1\nb\nc", "a\n\nb", "a\n-1\nb", "a\n1.5\nb",
        "a\n1000000000000000000\nb", "a\n 1\nb", "\xff\n1\nb"
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(there_and_back(&mixed, STR(rows[i])), MDM_MALFORMED);
    }

    assert_int_equal(there_and_back(&mixed, mdm_str("a\0\n1\nb")),
                     MDM_MALFORMED);
}


static void
others_are_refused(void **state)
{
    size_t      i;
    mdm_str_t   cursor;
    const char  *rows[] = {
        "", "Z", "bWl4ZWQ", "bWl4ZWQK", "bWl4ZWQKYQoxCmI=", "bWl4ZWQKYQoxCmI ",
        "bWl4ZWQKYQoxCmI+", "bWl4ZWQKYQoxCmI\xc3", "bWl4ZWQKYQoxCmJ", "AAAAA"
    };

    assert_int_equal(reads(&mixed, mdm_str("bWl4ZWQKYQoxCmI"),
                           mdm_str("a\n1\nb")),
                     MDM_OK);

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(reads(&mixed, STR(rows[i]), mdm_str("a\n1\nb")),
                         MDM_MALFORMED);
    }

    cursor = written(&mdm_cursor_events, mdm_str("1\n2\n3"));
    assert_int_equal(reads(&mixed, cursor, mdm_str("")), MDM_MALFORMED);
    free((void *) cursor.data);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(an_event_has_this_cursor),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(fields_must_fit),
        cmocka_unit_test(others_are_refused)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("cursor", tests, NULL, NULL);
}
