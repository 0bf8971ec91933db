
/*
 * Pushes: path, body, and what each answer of Apple's means.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "message/mdm_push.h"


#define STR(s)  (mdm_str_t) { strlen(s), (const unsigned char *) (s) }


static void
paths(void **state)
{
    char           path[MDM_PUSH_MAX_PATH];
    size_t         n;
    unsigned char  token[MDM_PUSH_MAX_TOKEN + 1];

    n = mdm_push_path(mdm_str("\x00\xfc\x5a\xAB\x01"), path);
    assert_int_equal(n, strlen("/3/device/00fc5aab01"));
    assert_memory_equal(path, "/3/device/00fc5aab01", n);

    memset(token, 0xe9, sizeof(token));

    n = mdm_push_path((mdm_str_t) { MDM_PUSH_MAX_TOKEN, token }, path);
    assert_int_equal(n, MDM_PUSH_MAX_PATH);
    assert_memory_equal(path + n - 4, "e9e9", 4);

    assert_int_equal(mdm_push_path((mdm_str_t) { sizeof(token), token }, path),
                     0);
    assert_int_equal(mdm_push_path(mdm_str(""), path), 0);
    assert_int_equal(mdm_push_path(mdm_null_str, path), 0);
}


static void
bodies(void **state)
{
    char    body[64];
    size_t  i, n;

    static const struct {
        const char  *magic, *body;
    } rows[] = {
        { "PushMagicValue",      "{\"mdm\":\"PushMagicValue\"}" },
        { "",                    "{\"mdm\":\"\"}" },
        { "a\"b\\c/",            "{\"mdm\":\"a\\\"b\\\\c/\"}" },
        { "\x01\n\x1f\x7f",      "{\"mdm\":\"\\u0001\\u000a\\u001f\x7f\"}" },
        { "\xc3\xa9",            "{\"mdm\":\"\xc3\xa9\"}" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        n = mdm_push_body(STR(rows[i].magic), body, sizeof(body));
        assert_int_equal(n, strlen(rows[i].body));
        assert_memory_equal(body, rows[i].body, n);
    }

    n = mdm_push_body(mdm_str("a\0b"), body, sizeof(body));
    assert_int_equal(n, strlen("{\"mdm\":\"a\\u0000b\"}"));
    assert_memory_equal(body, "{\"mdm\":\"a\\u0000b\"}", n);

    assert_int_equal(mdm_push_body(mdm_str("\xff"), body, sizeof(body)), 0);
}


/* What does not fit is not cut. */

static void
bodies_that_do_not_fit(void **state)
{
    char    body[24];
    size_t  size;

    for (size = 0; size <= sizeof(body); size++) {
        memset(body, '#', sizeof(body));

        assert_int_equal(mdm_push_body(mdm_str("PushMagicValue"), body, size),
                         size == 24 ? 24 : 0);
        assert_true(size == sizeof(body) || body[size] == '#');
        assert_int_equal(mdm_push_body(mdm_str("a\"b\\c\nd"), body, size),
                         size >= 24 ? 24 : 0);
    }
}


static void
reasons(void **state)
{
    char               body[96];
    size_t             i;
    mdm_push_answer_t  answer;

    static const struct {
        unsigned     status;
        const char  *reason, *class;
    } rows[] = {
        { 400, "BadDeviceToken",              "refused" },
        { 400, "DeviceTokenNotForTopic",      "refused" },
        { 400, "BadTopic",                    "misconfigured" },
        { 400, "MissingTopic",                "misconfigured" },
        { 400, "TopicDisallowed",             "misconfigured" },
        { 400, "BadCollapseId",               "our_fault" },
        { 400, "BadExpirationDate",           "our_fault" },
        { 400, "BadMessageId",                "our_fault" },
        { 400, "BadPriority",                 "our_fault" },
        { 400, "InvalidPushType",             "our_fault" },
        { 400, "DuplicateHeaders",            "our_fault" },
        { 400, "MissingDeviceToken",          "our_fault" },
        { 400, "PayloadEmpty",                "our_fault" },
        { 400, "IdleTimeout",                 "reconnect" },
        { 403, "BadCertificate",              "misconfigured" },
        { 403, "BadCertificateEnvironment",   "misconfigured" },
        { 403, "Forbidden",                   "refused" },
        { 403, "MissingProviderToken",        "misconfigured" },
        { 403, "InvalidProviderToken",        "misconfigured" },
        { 403, "ExpiredProviderToken",        "misconfigured" },
        { 403, "UnrelatedKeyIdInToken",       "misconfigured" },
        { 403, "BadEnvironmentKeyIdInToken",  "misconfigured" },
        { 404, "BadPath",                     "our_fault" },
        { 405, "MethodNotAllowed",            "our_fault" },
        { 410, "Unregistered",                "dead" },
        { 410, "ExpiredToken",                "dead" },
        { 413, "PayloadTooLarge",             "our_fault" },
        { 429, "TooManyRequests",             "throttled" },
        { 429, "TooManyProviderTokenUpdates", "throttled" },
        { 500, "InternalServerError",         "again" },
        { 503, "ServiceUnavailable",          "reconnect" },
        { 503, "Shutdown",                    "reconnect" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(body, sizeof(body), "{\"reason\":\"%s\"}", rows[i].reason);
        memset(&answer, 0xff, sizeof(answer));
        mdm_push_answer_read(&answer, rows[i].status, STR(body));

        assert_int_equal(answer.status, rows[i].status);
        assert_string_equal(answer.reason, rows[i].reason);
        assert_string_equal(mdm_push_class_name(answer.class), rows[i].class);
        assert_int_equal(answer.time, 0);
    }
}


/* No word, a word that is none, or one that belongs to another status. */

static void
statuses(void **state)
{
    size_t             i, k;
    mdm_push_answer_t  answer;

    static const char *const  bodies[] = {
        "", "{}", "[]", "{", "oops", "{\"reason\":410}",
        "{\"reason\":\"Whatever\"}", "{\"reason\":\"BadDeviceToke\"}",
        "{\"reason\":null,\"reason\":\"BadDeviceToken\"}"
    };

    static const struct {
        unsigned     status;
        const char  *class;
    } rows[] = {
        { 200, "accepted" },   { 202, "again" },      { 301, "again" },
        { 400, "our_fault" },  { 403, "misconfigured" },
        { 404, "our_fault" },  { 407, "our_fault" },  { 408, "reconnect" },
        { 410, "dead" },       { 413, "our_fault" },  { 421, "reconnect" },
        { 429, "throttled" },  { 500, "again" },      { 502, "again" },
        { 503, "reconnect" },  { 504, "again" },      { 999, "again" },
        { 100, "again" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (k = 0; k < sizeof(bodies) / sizeof(bodies[0]); k++) {
            mdm_push_answer_read(&answer, rows[i].status, STR(bodies[k]));

            assert_string_equal(mdm_push_class_name(answer.class),
                                rows[i].class);
            assert_string_equal(answer.reason,
                                rows[i].status == 200 ? "" : "Unknown");
        }
    }

    mdm_push_answer_read(&answer, 500, STR("{\"reason\":\"Unregistered\"}"));
    assert_int_equal(answer.class, MDM_PUSH_AGAIN);
    assert_string_equal(answer.reason, "Unregistered");
}


static void
times(void **state)
{
    size_t             i;
    mdm_push_answer_t  answer;

    static const struct {
        unsigned     status;
        const char  *body;
        int64_t      time;
    } rows[] = {
        { 410, "{\"reason\":\"Unregistered\",\"timestamp\":1767225600123}",
          INT64_C(1767225600123) },
        { 410, "{\"timestamp\":1}", 1 },
        { 410, "{\"timestamp\":0}", 0 },
        { 410, "{\"timestamp\":-5}", 0 },
        { 410, "{\"timestamp\":\"1767225600123\"}", 0 },
        { 410, "{\"timestamp\":1.5}", 0 },
        { 410, "{\"timestamp\":99999999999999999999}", 0 },
        { 400, "{\"reason\":\"BadDeviceToken\",\"timestamp\":7}", 0 }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        mdm_push_answer_read(&answer, rows[i].status, STR(rows[i].body));
        assert_true(answer.time == rows[i].time);
    }
}


static void
long_answers(void **state)
{
    size_t             i;
    unsigned char      body[MDM_PUSH_MAX_ANSWER + 1];
    mdm_push_answer_t  answer;

    static const char  word[] = "{\"reason\":\"BadTopic\"}";

    memset(body, ' ', sizeof(body));
    memcpy(body, word, sizeof(word) - 1);

    for (i = 0; i < 2; i++) {
        mdm_push_answer_read(&answer, 400,
                             (mdm_str_t) { MDM_PUSH_MAX_ANSWER + i, body });
        assert_string_equal(answer.reason, i ? "Unknown" : "BadTopic");
    }
}


/* For who counts: each reason has a place of its own, and what is none has
 * that of "Unknown". */

static void
places(void **state)
{
    unsigned           i;
    mdm_push_answer_t  answer;

    for (i = 0; mdm_push_reason(i) != NULL; i++) {
        assert_int_equal(mdm_push_reason_place(mdm_push_reason(i)), i);
    }

    assert_in_range(i, 33, 48);

    mdm_push_answer_read(&answer, 410,
                         mdm_str("{\"reason\":\"Unregistered\"}"));
    assert_string_equal(mdm_push_reason(mdm_push_reason_place(answer.reason)),
                        "Unregistered");

    mdm_push_answer_read(&answer, 400, mdm_str("{\"reason\":\"Nonsense\"}"));
    assert_string_equal(mdm_push_reason(mdm_push_reason_place(answer.reason)),
                        "Unknown");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(paths),
        cmocka_unit_test(bodies),
        cmocka_unit_test(bodies_that_do_not_fit),
        cmocka_unit_test(reasons),
        cmocka_unit_test(statuses),
        cmocka_unit_test(times),
        cmocka_unit_test(long_answers),
        cmocka_unit_test(places)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("push", tests, NULL, NULL);
}
