
/*
 * Who sends a message: every row of the identity table, what is refused, and
 * the written form there and back.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "message/mdm_enrollment_id.h"
#include "message/mdm_plist.h"
#include "plist_fixture.h"


#define ALL_F  S("UserID", MDM_SHARED_IPAD_USER_ID)


static mdm_rc_e
identity(mdm_arena_t *arena, const char *xml, mdm_enrollment_id_t *id,
    mdm_fault_t *fault)
{
    plist_t   root;
    mdm_rc_e  rc;

    assert_int_equal(mdm_plist_parse(str(xml), 65536, &root, fault), MDM_OK);
    rc = mdm_enrollment_id_read(arena, root, id, fault);
    plist_free(root);

    return rc;
}


static void
rows_of_the_table(void **state)
{
    size_t               i;
    mdm_arena_t          arena;
    mdm_enrollment_id_t  id;

    static const struct {
        const char     *xml;
        mdm_channel_e   channel;
        const char     *device;
        const char     *user;
    } rows[] = {
        { DICT(S("UDID", "D")), MDM_CHANNEL_DEVICE, "D", "" },
        { DICT(S("UDID", "D") S("UserID", "U")), MDM_CHANNEL_USER, "D", "U" },
        { DICT(S("UDID", "D") S("UserID", "U") S("UserShortName", "s")
               S("UserLongName", "l")), MDM_CHANNEL_USER, "D", "U" },
        { DICT(S("UDID", "D") ALL_F S("UserShortName", "a@example.com")),
          MDM_CHANNEL_SHARED_USER, "D", "a@example.com" },
        { DICT(S("EnrollmentID", "E")), MDM_CHANNEL_ENROLLMENT, "E", "" },
        { DICT(S("EnrollmentID", "E") S("EnrollmentUserID", "EU")),
          MDM_CHANNEL_ENROLLMENT_USER, "E", "EU" },

        /* an empty key counts as an absent one */

        { DICT(S("UDID", "D") S("UserID", "") S("EnrollmentID", "")),
          MDM_CHANNEL_DEVICE, "D", "" },
        { DICT(S("UDID", "") S("EnrollmentID", "E")), MDM_CHANNEL_ENROLLMENT,
          "E", "" },

        /* the key of the other kind of enrolment adds nothing */

        { DICT(S("UDID", "D") S("UserID", "U") S("EnrollmentUserID", "EU")),
          MDM_CHANNEL_USER, "D", "U" },
        { DICT(S("EnrollmentID", "E") S("EnrollmentUserID", "EU")
               S("UserID", "U")), MDM_CHANNEL_ENROLLMENT_USER, "E", "EU" },

        /* a short name alone makes no user */

        { DICT(S("UDID", "D") S("UserShortName", "s")), MDM_CHANNEL_DEVICE,
          "D", "" },

        /* only the exact constant is a Shared iPad */

        { DICT(S("UDID", "D")
               S("UserID", "ffffffff-ffff-ffff-ffff-ffffffffffff")),
          MDM_CHANNEL_USER, "D", "ffffffff-ffff-ffff-ffff-ffffffffffff" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        mdm_arena_init(&arena);

        assert_int_equal(identity(&arena, rows[i].xml, &id, NULL), MDM_OK);
        assert_int_equal(id.channel, rows[i].channel);
        assert_true(mdm_str_eq_c(id.device_id, rows[i].device));
        assert_true(mdm_str_eq_c(id.user_id, rows[i].user));

        mdm_arena_free(&arena);
    }
}


static void
names_of_users(void **state)
{
    mdm_arena_t          arena;
    mdm_enrollment_id_t  id;

    mdm_arena_init(&arena);

    assert_int_equal(identity(&arena, DICT(S("UDID", "D") S("UserID", "U")
        S("UserShortName", "a:b/c") S("UserLongName", "A\tB")), &id, NULL),
        MDM_OK);
    assert_true(mdm_str_eq_c(id.user_short_name, "a:b/c"));
    assert_true(mdm_str_eq_c(id.user_long_name, "A\tB"));

    assert_int_equal(identity(&arena, DICT(S("UDID", "D")), &id, NULL),
                     MDM_OK);
    assert_false(mdm_str_is_set(id.user_short_name));
    assert_false(mdm_str_is_set(id.user_long_name));
    assert_non_null(id.user_id.data);

    mdm_arena_free(&arena);
}


static void
what_is_refused(void **state)
{
    size_t               i;
    mdm_arena_t          arena;
    mdm_fault_t          fault;
    mdm_enrollment_id_t  id;

    static const struct {
        const char  *xml;
        const char  *fault;
    } rows[] = {
        { DICT(S("a", "b")), "neither UDID nor EnrollmentID is present" },
        { DICT(S("UDID", "") S("EnrollmentID", "")),
          "neither UDID nor EnrollmentID is present" },
        { DICT(S("UserID", "U")), "neither UDID nor EnrollmentID is present" },
        { DICT(S("UDID", "D") S("EnrollmentID", "E")),
          "both UDID and EnrollmentID are present" },
        { DICT(S("UDID", "D") S("EnrollmentUserID", "EU")),
          "EnrollmentUserID without EnrollmentID" },
        { DICT(S("EnrollmentID", "E") S("UserID", "U")),
          "EnrollmentID with UserID, without EnrollmentUserID" },
        { DICT(S("UDID", "D") ALL_F),
          "a Shared iPad's user without UserShortName" },
        { DICT(S("UDID", "D") ALL_F S("UserShortName", "")),
          "a Shared iPad's user without UserShortName" },
        { DICT(I("UDID", "1")), "UDID is not a string" },
        { DICT(D("EnrollmentID", "AAAA")), "EnrollmentID is not a string" },
        { DICT(S("UDID", "D") "<key>UserID</key><array/>"),
          "UserID is not a string" },
        { DICT(S("UDID", "D") B("UserShortName", "true")),
          "UserShortName is not a string" },
        { DICT(S("UDID", "D") B("UserLongName", "true")),
          "UserLongName is not a string" },
        { DICT(S("UDID", "a:b")), "UDID holds a ':'" },
        { DICT(S("UDID", "a,b")), "UDID holds a ','" },
        { DICT(S("UDID", "a/b")), "UDID holds a '/'" },
        { DICT(S("UDID", "a%b")), "UDID holds a '%'" },
        { DICT(S("UDID", "a&#10;b")), "UDID holds a control character" },
        { DICT(S("UDID", "a&#x7f;b")), "UDID holds a control character" },
        { DICT(S("EnrollmentID", "a/b")), "EnrollmentID holds a '/'" },
        { DICT(S("UDID", "D") S("UserID", "a:b")), "UserID holds a ':'" },
        { DICT(S("EnrollmentID", "E") S("EnrollmentUserID", "a,b")),
          "EnrollmentUserID holds a ','" },
        { DICT(S("UDID", "D") ALL_F S("UserShortName", "a\nb")),
          "UserShortName holds a control character" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        mdm_arena_init(&arena);

        assert_int_equal(identity(&arena, rows[i].xml, &id, &fault),
                         MDM_MALFORMED);
        assert_string_equal(fault.text, rows[i].fault);

        mdm_arena_free(&arena);
    }
}


static void
longest_ids(void **state)
{
    size_t               i, n;
    mdm_str_t            body;
    mdm_arena_t          arena;
    mdm_enrollment_id_t  id;

    static const struct {
        const char  *before;
        const char  *after;
    } rows[] = {
        { "<dict><key>UDID</key><string>", "</string></dict>" },
        { "<dict><key>EnrollmentID</key><string>", "</string></dict>" },
        { "<dict>" S("UDID", "D") "<key>UserID</key><string>",
          "</string></dict>" },
        { "<dict>" S("UDID", "D") ALL_F "<key>UserShortName</key><string>",
          "</string></dict>" },
        { "<dict>" S("EnrollmentID", "E")
          "<key>EnrollmentUserID</key><string>", "</string></dict>" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (n = MDM_ENROLLMENT_ID_MAX; n <= MDM_ENROLLMENT_ID_MAX + 1; n++) {
            mdm_arena_init(&arena);
            body = repeated(rows[i].before, "x", n, rows[i].after);

            assert_int_equal(identity(&arena, (const char *) body.data, &id,
                                      NULL),
                             n > MDM_ENROLLMENT_ID_MAX ? MDM_MALFORMED
                                                       : MDM_OK);

            free((void *) body.data);
            mdm_arena_free(&arena);
        }
    }
}


static void
channels(void **state)
{
    assert_string_equal(mdm_channel_name(MDM_CHANNEL_DEVICE), "device");
    assert_string_equal(mdm_channel_name(MDM_CHANNEL_USER), "user");
    assert_string_equal(mdm_channel_name(MDM_CHANNEL_SHARED_USER),
                        "shared_user");
    assert_string_equal(mdm_channel_name(MDM_CHANNEL_ENROLLMENT),
                        "enrollment");
    assert_string_equal(mdm_channel_name(MDM_CHANNEL_ENROLLMENT_USER),
                        "enrollment_user");

    assert_false(mdm_channel_is_user(MDM_CHANNEL_DEVICE));
    assert_true(mdm_channel_is_user(MDM_CHANNEL_USER));
    assert_true(mdm_channel_is_user(MDM_CHANNEL_SHARED_USER));
    assert_false(mdm_channel_is_user(MDM_CHANNEL_ENROLLMENT));
    assert_true(mdm_channel_is_user(MDM_CHANNEL_ENROLLMENT_USER));
}


static void
there_and_back(void **state)
{
    size_t       i;
    mdm_str_t    written, device, user;
    mdm_arena_t  arena;

    static const struct {
        const char  *device;
        const char  *user;
        const char  *written;
    } rows[] = {
        { "00008140-000A11112222801E", "", "00008140-000A11112222801E" },
        { "D", "9B3C6F7A-0000-4000-8000-00000000ABCD",
          "D:9B3C6F7A-0000-4000-8000-00000000ABCD" },
        { "D", "a.b_c~d@example.com", "D:a.b_c~d@example.com" },
        { "D", "a b/c:d%e,f", "D:a%20b%2Fc%3Ad%25e%2Cf" },
        { "D", "\xc3\xa9", "D:%C3%A9" }
    };

    mdm_arena_init(&arena);

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        written = mdm_enrollment_id_write(&arena, str(rows[i].device),
                                          str(rows[i].user));
        assert_true(mdm_str_eq_c(written, rows[i].written));
        assert_int_equal(written.data[written.len], 0);

        assert_int_equal(mdm_enrollment_id_parse(&arena, written, &device,
                                                 &user, NULL), MDM_OK);
        assert_true(mdm_str_eq_c(device, rows[i].device));
        assert_true(mdm_str_eq_c(user, rows[i].user));
    }

    /* small digits, and what nobody had to encode */

    assert_int_equal(mdm_enrollment_id_parse(&arena,
        mdm_str("D:%c3%a9 !"), &device, &user, NULL), MDM_OK);
    assert_true(mdm_str_eq_c(user, "\xc3\xa9 !"));

    mdm_arena_free(&arena);
}


static void
what_is_not_written_so(void **state)
{
    size_t       i;
    mdm_str_t    device, user, text;
    mdm_arena_t  arena;

    static const char *const  rows[] = {
        "", ":", ":U", "D:", "D:a:b", "D:a,b", "D:a/b", "D,E", "D/E", "D%20",
        "D:%", "D:%4", "D:%4g", "D:%g4", "D:a%2", "D:%00", "D:%0a", "D:%ff",
        "D:\xff", "\xff", "D\n", "D:a\n"
    };

    mdm_arena_init(&arena);

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {

        /* without a NUL behind it */

        text.len = strlen(rows[i]);
        text.data = memcpy(malloc(text.len ? text.len : 1), rows[i], text.len);

        if (mdm_enrollment_id_parse(&arena, text, &device, &user, NULL)
            != MDM_MALFORMED)
        {
            fail_msg("\"%s\" is read", rows[i]);
        }

        free((void *) text.data);
    }

    assert_int_equal(mdm_enrollment_id_parse(&arena, mdm_null_str, &device,
                                             &user, NULL), MDM_MALFORMED);

    for (i = MDM_ENROLLMENT_ID_MAX; i <= MDM_ENROLLMENT_ID_MAX + 1; i++) {
        text = repeated("", "x", i, "");
        assert_int_equal(mdm_enrollment_id_parse(&arena, text, &device, &user,
                                                 NULL),
                         i > MDM_ENROLLMENT_ID_MAX ? MDM_MALFORMED : MDM_OK);
        free((void *) text.data);

        text = repeated("D:", "%41", i, "");
        assert_int_equal(mdm_enrollment_id_parse(&arena, text, &device, &user,
                                                 NULL),
                         i > MDM_ENROLLMENT_ID_MAX ? MDM_MALFORMED : MDM_OK);
        free((void *) text.data);
    }

    mdm_arena_free(&arena);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(rows_of_the_table),
        cmocka_unit_test(names_of_users),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(longest_ids),
        cmocka_unit_test(channels),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(what_is_not_written_so)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("enrollment_id", tests, NULL, NULL);
}
