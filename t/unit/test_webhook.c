
/*
 * What webhooks post: NanoMDM's JSON for each kind of message and channel, our
 * own form, and the HMAC.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "message/mdm_webhook.h"


#define STR(s)  (mdm_str_t) { strlen(s), (const unsigned char *) (s) }


static mdm_webhook_event_t
event(const char *type, const char *channel, const char *user,
    const char *data)
{
    mdm_webhook_event_t  e;

    memset(&e, 0, sizeof(e));
    e.event_id = STR("17");
    e.cursor = STR("812\n44\n1777882500000000");
    e.tenant = STR("acme");
    e.at = STR("2026-05-04T08:15:00.000Z");
    e.device_id = STR("D");
    e.type = STR(type);
    e.user_id = STR(user);
    e.data = STR(data);

    if (channel != NULL) {
        e.channel = STR(channel);
    }

    return e;
}


static void
posts(const mdm_webhook_event_t *e, const char *raw, const char *expected)
{
    mdm_str_t    body;
    mdm_arena_t  arena;

    mdm_arena_init(&arena);
    assert_int_equal(mdm_webhook_nanomdm(&arena, e, STR(raw), &body), MDM_OK);
    assert_int_equal(body.len, strlen(expected));
    assert_memory_equal(body.data, expected, body.len);
    mdm_arena_free(&arena);
}


#define HEAD(topic)                                                           \
    "{\"topic\":\"" topic "\",\"event_id\":\"17\","                           \
    "\"created_at\":\"2026-05-04T08:15:00.000Z\",\"tenant\":\"acme\","


static void
messages_have_nanomdms_form(void **state)
{
    mdm_webhook_event_t  e;

    e = event("authenticated", "device", "", "{\"url_params\":{\"a\":\"b\"}}");
    posts(&e, "hello", HEAD("mdm.Authenticate")
          "\"checkin_event\":{\"ids\":{\"id\":\"D\",\"type\":\"Device\"},"
          "\"udid\":\"D\",\"url_params\":{\"a\":\"b\"},"
          "\"raw_payload\":\"aGVsbG8=\"}}");

    e = event("token_updated", "user", "U 1", "{\"tally\":3}");
    posts(&e, "", HEAD("mdm.TokenUpdate")
          "\"checkin_event\":{\"ids\":{\"id\":\"D:U%201\",\"type\":\"User\","
          "\"parent_id\":\"D\"},\"udid\":\"D\",\"token_update_tally\":3,"
          "\"url_params\":null,\"raw_payload\":\"\"}}");

    e = event("checked_out", "enrollment", "", "{\"tally\":3}");
    posts(&e, "abc", HEAD("mdm.CheckOut")
          "\"checkin_event\":{\"ids\":{\"id\":\"D\","
          "\"type\":\"User Enrollment (Device)\"},\"enrollment_id\":\"D\","
          "\"url_params\":null,\"raw_payload\":\"YWJj\"}}");

    e = event("command_not_now", "enrollment_user", "u",
              "{\"status\":\"NotNow\",\"command_uuid\":\"C\"}");
    posts(&e, "abcd", HEAD("mdm.Connect")
          "\"acknowledge_event\":{\"ids\":{\"id\":\"D:u\","
          "\"type\":\"User Enrollment\",\"parent_id\":\"D\"},"
          "\"enrollment_id\":\"D\",\"status\":\"NotNow\","
          "\"command_uuid\":\"C\",\"url_params\":null,"
          "\"raw_payload\":\"YWJjZA==\"}}");

    e = event("command_failed", "shared_user", "u",
              "{\"status\":\"Unreadable\",\"command_uuid\":\"C\"}");
    posts(&e, "", HEAD("mdm.Connect")
          "\"acknowledge_event\":{\"ids\":{\"id\":\"D:u\","
          "\"type\":\"Shared iPad\",\"parent_id\":\"D\"},\"udid\":\"D\","
          "\"status\":\"Error\",\"command_uuid\":\"C\",\"url_params\":null,"
          "\"raw_payload\":\"\"}}");
}


static void
the_rest_is_left_out(void **state)
{
    size_t               i;
    mdm_str_t            body;
    mdm_arena_t          arena;
    mdm_webhook_event_t  e;

    static const struct {
        const char  *type;
        const char  *channel;
        const char  *data;
        mdm_rc_e     rc;
    } rows[] = {
        { "enrolled", "device", "{}", MDM_UNSUPPORTED },
        { "", "device", "{}", MDM_UNSUPPORTED },
        { "authenticated", NULL, "{}", MDM_UNSUPPORTED },
        { "authenticated", "device", "[]", MDM_MALFORMED },
        { "authenticated", "device", "{", MDM_MALFORMED },
        { "command_acknowledged", "device", "", MDM_MALFORMED }
    };

    mdm_arena_init(&arena);

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        e = event(rows[i].type, rows[i].channel, "", rows[i].data);
        assert_int_equal(mdm_webhook_nanomdm(&arena, &e, mdm_null_str, &body),
                         rows[i].rc);
    }

    mdm_arena_free(&arena);
}


static void
all_events_have_our_form(void **state)
{
    mdm_str_t            body;
    mdm_arena_t          arena;
    mdm_webhook_event_t  e;

    static const char  whole[] =
        "{\"id\":\"ZXZlbnRzCjgxMgo0NAoxNzc3ODgyNTAwMDAwMDAw\",\"type\":\"enrolled\","
        "\"tenant\":\"acme\",\"enrollment\":\"D:u\","
        "\"at\":\"2026-05-04T08:15:00.000Z\",\"data\":{\"a\":[1,null]}}";

    mdm_arena_init(&arena);

    e = event("enrolled", "user", "u", "{\"a\": [1, null]}");
    assert_int_equal(mdm_webhook_plain(&arena, &e, &body), MDM_OK);
    assert_string_equal((const char *) body.data, whole);

    e.device_id = mdm_str("");
    assert_int_equal(mdm_webhook_plain(&arena, &e, &body), MDM_OK);
    assert_non_null(strstr((const char *) body.data, "\"enrollment\":null"));

    e.data = mdm_str("7");
    assert_int_equal(mdm_webhook_plain(&arena, &e, &body), MDM_MALFORMED);

    mdm_arena_free(&arena);
}


/* RFC 4231, test case 2 */

static void
the_hmac_is_that_of_the_rfc(void **state)
{
    char  hmac[MDM_WEBHOOK_HMAC_SIZE];

    assert_int_equal(mdm_webhook_hmac(mdm_str("Jefe"),
                                mdm_str("what do ya want for nothing?"), hmac),
                     MDM_OK);
    assert_string_equal(hmac, "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=");
    assert_int_equal(strlen(hmac), MDM_WEBHOOK_HMAC_SIZE - 1);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_have_nanomdms_form),
        cmocka_unit_test(the_rest_is_left_out),
        cmocka_unit_test(all_events_have_our_form),
        cmocka_unit_test(the_hmac_is_that_of_the_rfc)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("webhook", tests, NULL, NULL);
}
