
/* Times of RFC 3339: what they are in microseconds, and what is none. */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "message/mdm_time.h"


static mdm_rc_e
read_time(const char *text, int64_t *micros)
{
    mdm_str_t  s;

    s.data = (const unsigned char *) text;
    s.len = strlen(text);

    return mdm_time_read(s, micros);
}


static void
what_they_are(void **state)
{
    size_t   i;
    int64_t  micros;

    static const struct {
        const char  *text;
        int64_t      micros;
    } rows[] = {
        { "1970-01-01T00:00:00Z",             0 },
        { "1969-12-31T23:59:59Z",             -1000000 },
        { "2026-05-04T08:15:00Z",             1777882500000000 },
        { "2026-05-04T08:15:00.25Z",          1777882500250000 },
        { "2026-05-04T08:15:00.1234567Z",     1777882500123456 },
        { "2026-05-04T10:15:00+02:00",        1777882500000000 },
        { "2026-05-04T05:45:00-02:30",        1777882500000000 },
        { "2024-02-29T00:00:00Z",             1709164800000000 },
        { "2000-02-29T12:00:00Z",             951825600000000 },
        { "0001-01-01T00:00:00Z",             -62135596800000000 },
        { "9999-12-31T23:59:60Z",             253402300800000000 }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(read_time(rows[i].text, &micros), MDM_OK);
        assert_true(micros == rows[i].micros);
    }
}


static void
what_is_none(void **state)
{
    size_t   i;
    int64_t  micros;

    static const char *const  rows[] = {
        "", "now", "2026-05-04", "2026-05-04T08:15:00", "2026-05-04 08:15:00Z",
        "2026-05-04T08:15Z", "2026-05-04T08:15:00z", "2026-05-04T08:15:00.Z",
        "2026-05-04T08:15:00ZZ", "2026-05-04T08:15:00+0200",
        "2026-05-04T08:15:00+24:00", "2026-05-04T08:15:00+02:60",
        "2026-05-04T24:15:00Z", "2026-05-04T08:60:00Z", "2026-05-04T08:15:61Z",
        "2026-13-04T08:15:00Z", "2026-00-04T08:15:00Z", "2026-05-00T08:15:00Z",
        "2026-04-31T08:15:00Z", "2026-02-29T08:15:00Z", "1900-02-29T08:15:00Z",
        "0000-05-04T08:15:00Z", "+026-05-04T08:15:00Z", "2026-5-004T08:15:00Z"
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(read_time(rows[i], &micros), MDM_MALFORMED);
    }
}


static void
how_they_are_written(void **state)
{
    char    text[MDM_TIME_SIZE];
    size_t  i;

    static const struct {
        int64_t      seconds;
        const char  *text;
    } rows[] = {
        { 0,                          "1970-01-01T00:00:00Z" },
        { -1,                         "1969-12-31T23:59:59Z" },
        { 1777882500,                 "2026-05-04T08:15:00Z" },
        { 951825600,                  "2000-02-29T12:00:00Z" },
        { INT64_C(-62135596800),      "0001-01-01T00:00:00Z" },
        { INT64_C(253402300799),      "9999-12-31T23:59:59Z" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(mdm_time_write(rows[i].seconds, text), MDM_OK);
        assert_string_equal(text, rows[i].text);
    }

    assert_int_equal(mdm_time_write(INT64_C(-62135596801), text),
                     MDM_MALFORMED);
    assert_int_equal(mdm_time_write(INT64_C(253402300800), text),
                     MDM_MALFORMED);
    assert_int_equal(mdm_time_write(INT64_MIN, text), MDM_MALFORMED);
    assert_int_equal(mdm_time_write(INT64_MAX, text), MDM_MALFORMED);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(what_they_are),
        cmocka_unit_test(what_is_none),
        cmocka_unit_test(how_they_are_written)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("time", tests, NULL, NULL);
}
