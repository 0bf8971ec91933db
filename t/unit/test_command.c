
/*
 * Envelopes: what is read of them, what is refused, and how they are made.
 */


#include "command_types.h"
#include "pki_fixture.h"
#include "plist_fixture.h"

#include "message/mdm_command.h"
#include "message/mdm_plist.h"


#define ENVELOPE(command)                                                     \
    DICT(S("CommandUUID", "uuid-1") "<key>Command</key><dict>" command        \
         "</dict>")
#define TYPE(name)  S("RequestType", name)

#define PROFILE                                                               \
    DICT("<key>PayloadContent</key><array><dict>"                             \
         S("PayloadType", "com.apple.wifi.managed") "</dict></array>"         \
         S("PayloadIdentifier", "com.example.wifi")                           \
         S("PayloadType", "Configuration"))

#define MDM_PROFILE                                                           \
    DICT("<key>PayloadContent</key><array><string>x</string><dict>"           \
         S("PayloadType", "com.apple.security.scep") "</dict><dict>"          \
         S("PayloadType", "com.apple.mdm") "</dict></array>"                  \
         S("PayloadIdentifier", "com.example.mdm"))


static mdm_arena_t    arena;
static mdm_command_t  command;
static mdm_fault_t    fault;
static mdm_schema_t  *schema;


static int
setup(void **state)
{
    mdm_arena_init(&arena);
    schema = command_types_schema();
    memset(&fault, 0, sizeof(fault));

    return 0;
}


static int
teardown(void **state)
{
    mdm_schema_destroy(schema);
    mdm_arena_free(&arena);

    return 0;
}


static mdm_rc_e
reads(const char *body)
{
    return mdm_command_read(&arena, str(body), schema, &command, &fault);
}


#define assert_str(value, text)  assert_true(mdm_str_eq_c(value, text))


static void
an_envelope(void **state)
{
    assert_int_equal(reads(ENVELOPE(TYPE("DeviceInformation")
        "<key>Queries</key><array><string>OSVersion</string></array>")),
        MDM_OK);
    assert_str(command.command_uuid, "uuid-1");
    assert_str(command.request_type, "DeviceInformation");
    assert_false(mdm_str_is_set(command.subject));
    assert_string_equal(command.type->name, "DeviceInformation");
    assert_false(command.renewal);
    assert_false(command.urgent);

    assert_int_equal(reads(ENVELOPE(TYPE("FutureCommand"))), MDM_OK);
    assert_str(command.request_type, "FutureCommand");
    assert_string_equal(command.type->name, "");

    assert_int_equal(reads(ENVELOPE(TYPE("EraseDevice"))), MDM_OK);
    assert_true(command.urgent);
    assert_true(command.type->flags & MDM_ONCE);
}


/* What is false asks for all. */

static void
parts(void **state)
{
    size_t  i;

    static const struct {
        const char  *keys;
        bool         part;
    } cases[] = {
        { "", false },
        { "<key>Other</key><true/>", false },
        { "<key>ManagedAppsOnly</key><false/>", false },
        { "<key>ManagedAppsOnly</key><true/>", true },
        { "<key>Identifiers</key><array/>", true },
        { "<key>ManagedAppsOnly</key><false/>"
          "<key>Identifiers</key><array><string>a</string></array>", true }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char  body[1024];

        snprintf(body, sizeof(body), ENVELOPE("%s%s"),
                 TYPE("InstalledApplicationList"), cases[i].keys);
        assert_int_equal(reads(body), MDM_OK);
        assert_int_equal(command.part, cases[i].part);
    }

    assert_int_equal(reads(ENVELOPE(TYPE("FutureCommand")
                                    "<key>Identifiers</key><array/>")),
                     MDM_OK);
    assert_false(command.part);
}


/* Which of the two a device carries out is not known here. */

static void
two_types(void **state)
{
    assert_int_equal(reads(ENVELOPE(TYPE("EraseDevice")
                                    TYPE("ProfileList"))), MDM_MALFORMED);
    assert_string_equal(fault.text,
                        "a dictionary in the property list has a key twice");
}


static void
subjects(void **state)
{
    size_t  i;

    static const struct {
        const char  *body;
        const char  *subject;
    } rows[] = {
        { ENVELOPE(TYPE("InstallApplication") S("Identifier", "com.a")
                   I("iTunesStoreID", "1")), "app:com.a" },
        { ENVELOPE(TYPE("InstallApplication") I("iTunesStoreID", "361309726")),
          "app:361309726" },
        { ENVELOPE(TYPE("InstallApplication")
                   S("ManifestURL", "https://example.com/a?b&amp;c")),
          "app:https://example.com/a" },
        { ENVELOPE(TYPE("InstallApplication")
                   S("ManifestURL", "https://me:p@ss@example.com/a@b#c")),
          "app:https://example.com/a@b" },
        { ENVELOPE(TYPE("InstallEnterpriseApplication")
                   S("ManifestURL", "https://example.com/m")),
          "app:https://example.com/m" },
        { ENVELOPE(TYPE("InstallEnterpriseApplication")
                   "<key>Manifest</key><dict/>"), NULL },
        { ENVELOPE(TYPE("RemoveApplication") S("Identifier", "com.a")),
          "app:com.a" },
        { ENVELOPE(TYPE("ApplyRedemptionCode") S("Identifier", "com.a")),
          "app:com.a" },
        { ENVELOPE(TYPE("RemoveProfile") S("Identifier", "com.p")),
          "profile:com.p" },
        { ENVELOPE(TYPE("InstallMedia") I("iTunesStoreID", "5")), "media:5" },
        { ENVELOPE(TYPE("RemoveMedia") S("iTunesStoreID", "5")), "media:5" },
        { ENVELOPE(TYPE("InstallMedia") S("PersistentID", "p")
                   I("iTunesStoreID", "5")), "media:p" },
        { ENVELOPE(TYPE("DeleteUser") S("UserName", "u")), "user:u" },
        { ENVELOPE(TYPE("DeleteUser") B("DeleteAllUsers", "true")), NULL },
        { ENVELOPE(TYPE("UnlockUserAccount") S("UserName", "u")), "user:u" },
        { ENVELOPE(TYPE("LogOutUser")), "log-out" },
        { ENVELOPE(TYPE("Settings") "<key>Settings</key><array/>"),
          "settings" },
        { ENVELOPE(TYPE("EnableLostMode")), "lost-mode" },
        { ENVELOPE(TYPE("DisableLostMode")), "lost-mode" },
        { ENVELOPE(TYPE("RemoveProvisioningProfile") S("UUID", "x")),
          "provisioning-profile" },
        { ENVELOPE(TYPE("DeviceLock")), "lock" },
        { ENVELOPE(TYPE("ProfileList")), NULL }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(reads(rows[i].body), MDM_OK);

        if (rows[i].subject) {
            assert_str(command.subject, rows[i].subject);

        } else {
            assert_false(mdm_str_is_set(command.subject));
        }
    }
}


static void
subjects_that_are_refused(void **state)
{
    size_t     n, room;
    mdm_str_t  body;

    assert_int_equal(reads(ENVELOPE(TYPE("RemoveProfile")
                                    S("Identifier", ""))), MDM_MALFORMED);
    assert_string_equal(fault.text, "Identifier is missing or empty");

    assert_int_equal(reads(ENVELOPE(TYPE("RemoveProfile")
                                    D("Identifier", "AAAA"))), MDM_MALFORMED);
    assert_string_equal(fault.text, "Identifier is not a string");

    assert_int_equal(reads(ENVELOPE(TYPE("RemoveApplication")
                                    S("Identifier", "a&#10;b"))),
                     MDM_MALFORMED);

    room = MDM_COMMAND_SUBJECT_MAX - strlen("app:");

    for (n = room; n <= room + 1; n++) {
        body = repeated("<dict>" S("CommandUUID", "u") "<key>Command</key>"
                        "<dict>" TYPE("InstallApplication")
                        "<key>ManifestURL</key><string>", "x", n,
                        "</string></dict></dict>");
        assert_int_equal(reads((const char *) body.data),
                         n > room ? MDM_MALFORMED : MDM_OK);
        free((void *) body.data);
    }
}


static void
envelopes_that_are_refused(void **state)
{
    size_t     i, n;
    mdm_str_t  body;

    static const struct {
        const char  *body;
        const char  *fault;
    } rows[] = {
        { "", "the property list is empty" },
        { DICT("<key>Command</key><dict>" TYPE("ProfileList") "</dict>"),
          "CommandUUID is missing or empty" },
        { DICT(S("CommandUUID", "") "<key>Command</key><dict>"
               TYPE("ProfileList") "</dict>"),
          "CommandUUID is missing or empty" },
        { DICT(I("CommandUUID", "1") "<key>Command</key><dict>"
               TYPE("ProfileList") "</dict>"), "CommandUUID is not a string" },
        { DICT(S("CommandUUID", "a\nb") "<key>Command</key><dict>"
               TYPE("ProfileList") "</dict>"),
          "CommandUUID holds a control character" },
        { DICT(S("CommandUUID", "a")),
          "Command is missing or not a dictionary" },
        { DICT(S("CommandUUID", "a") S("Command", "ProfileList")),
          "Command is missing or not a dictionary" },
        { ENVELOPE(""), "RequestType is missing or empty" },
        { ENVELOPE(TYPE("")), "RequestType is missing or empty" },
        { ENVELOPE(I("RequestType", "1")), "RequestType is not a string" },
        { ENVELOPE(TYPE("A\tB")), "RequestType holds a control character" },
        { ENVELOPE(TYPE("InstallProfile")), "Payload is missing or empty" },
        { ENVELOPE(TYPE("InstallProfile") "<key>Payload</key><data/>"),
          "Payload is missing or empty" },
        { ENVELOPE(TYPE("InstallProfile") S("Payload", "x")),
          "Payload is not data" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(reads(rows[i].body), MDM_MALFORMED);
        assert_string_equal(fault.text, rows[i].fault);
    }

    for (n = MDM_COMMAND_UUID_MAX; n <= MDM_COMMAND_UUID_MAX + 1; n++) {
        body = repeated("<dict><key>Command</key><dict>" TYPE("ProfileList")
                        "</dict><key>CommandUUID</key><string>", "x", n,
                        "</string></dict>");
        assert_int_equal(reads((const char *) body.data),
                         n > MDM_COMMAND_UUID_MAX ? MDM_MALFORMED : MDM_OK);
        free((void *) body.data);
    }
}


static mdm_str_t
install_profile(mdm_str_t payload)
{
    plist_t    root, inner;
    mdm_str_t  body;

    root = plist_new_dict();
    inner = plist_new_dict();
    plist_dict_set_item(inner, "RequestType",
                        plist_new_string("InstallProfile"));
    plist_dict_set_item(inner, "Payload",
                        plist_new_data((const char *) payload.data,
                                       payload.len));
    plist_dict_set_item(root, "Command", inner);
    plist_dict_set_item(root, "CommandUUID", plist_new_string("uuid-1"));

    assert_int_equal(mdm_plist_write(&arena, root, &body), MDM_OK);
    plist_free(root);

    return body;
}


static mdm_rc_e
reads_profile(mdm_str_t payload)
{
    return mdm_command_read(&arena, install_profile(payload), schema, &command,
                            &fault);
}


static void
profiles(void **state)
{
    binary_t  b;
    uint32_t  root;

    assert_int_equal(reads_profile(str(PROFILE)), MDM_OK);
    assert_str(command.subject, "profile:com.example.wifi");
    assert_false(command.renewal);
    assert_true(command.type->flags & MDM_SUPERSEDES);

    assert_int_equal(reads_profile(str(MDM_PROFILE)), MDM_OK);
    assert_str(command.subject, "profile:com.example.mdm");
    assert_true(command.renewal);

    assert_int_equal(reads_profile(fixture_signed(&arena, str(MDM_PROFILE), 0)),
                     MDM_OK);
    assert_str(command.subject, "profile:com.example.mdm");
    assert_true(command.renewal);

    /* encrypted contents tell nothing of themselves */

    assert_int_equal(reads_profile(str(DICT(S("PayloadIdentifier", "p")
        D("EncryptedPayloadContent", "AAAA")))), MDM_OK);
    assert_str(command.subject, "profile:p");
    assert_false(command.renewal);

    binary_begin(&b);
    root = binary_ascii(&b, "PayloadIdentifier");
    root = binary_dict(&b, root, binary_ascii(&b, "com.example.binary"));
    assert_int_equal(reads_profile(binary_end(&b, root)), MDM_OK);
    assert_str(command.subject, "profile:com.example.binary");
    binary_free(&b);

    assert_no_openssl_error();
}


static void
profiles_that_are_refused(void **state)
{
    size_t     i;
    mdm_str_t  body;

    static const char *const  rows[] = {
        "x", "0", "0\x03\x02\x01\x01", DICT(S("PayloadType", "Configuration")),
        DICT(S("PayloadIdentifier", "")), DICT(I("PayloadIdentifier", "1")),
        XML("<array/>"),
        "<!DOCTYPE plist [<!ENTITY a \"b\">]><plist><dict>"
        S("PayloadIdentifier", "&a;") "</dict></plist>"
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(reads_profile(str(rows[i])), MDM_MALFORMED);
        assert_memory_equal(fault.text, "Payload cannot be read as a profile: ",
                            37);
    }

    /* a nest of arrays hidden in the payload */

    body = repeated("<dict>" S("PayloadIdentifier", "p") "<key>x</key>",
                    "<array>", 10000, "");
    assert_int_equal(reads_profile(body), MDM_MALFORMED);
    free((void *) body.data);

    assert_int_equal(reads_profile(fixture_signed(&arena, str(PROFILE),
                                                  CMS_DETACHED)),
                     MDM_MALFORMED);
    assert_int_equal(reads_profile(fixture_signed(&arena, mdm_str("x"), 0)),
                     MDM_MALFORMED);

    assert_no_openssl_error();
}


static mdm_rc_e
makes(mdm_str_t body, const char *uuid, mdm_str_t *envelope)
{
    mdm_rc_e  rc;

    rc = mdm_command_envelope(&arena, body, schema, str(uuid), envelope,
                              &fault);

    assert_true((rc == MDM_OK) == mdm_str_is_set(*envelope));

    return rc;
}


static void
a_whole_envelope_stays(void **state)
{
    mdm_str_t  body, made;

    body = str(ENVELOPE(TYPE("ProfileList")));

    assert_int_equal(makes(body, "uuid-2", &made), MDM_OK);
    assert_ptr_equal(made.data, body.data);
    assert_int_equal(made.len, body.len);

    assert_int_equal(makes(str(DICT(S("CommandUUID", "a\n")
        "<key>Command</key><dict>" TYPE("ProfileList") "</dict>")), "u",
        &made), MDM_MALFORMED);
    assert_int_equal(makes(str(DICT(S("CommandUUID", "a")
        S("Command", "x"))), "u", &made), MDM_MALFORMED);
}


/* What the operator wrote is inside of what is made, byte for byte. */

static void
an_envelope_is_made(void **state)
{
    size_t     i;
    mdm_str_t  made;

    static const struct {
        const char  *body;
        const char  *kept;
    } rows[] = {
        { DICT("<key>Command</key><dict>" TYPE("Settings")
               "<!-- why --><key>Settings</key><array/></dict>"),
          "<key>Command</key><dict>" TYPE("Settings")
          "<!-- why --><key>Settings</key><array/></dict>" },
        { DICT(TYPE("Settings") "<key>r</key><real>0.1</real>"
               "<key>Settings</key><array/>"),
          "<dict>" TYPE("Settings") "<key>r</key><real>0.1</real>"
          "<key>Settings</key><array/></dict>" },
        { "\xef\xbb\xbf<plist><dict>" TYPE("Settings") "</dict></plist>",
          "<dict>" TYPE("Settings") "</dict>" },
        { "<dict>" TYPE("Settings") "</dict>",
          "<dict>" TYPE("Settings") "</dict>" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(makes(str(rows[i].body), "a<b>&c", &made), MDM_OK);
        assert_non_null(strstr((const char *) made.data, rows[i].kept));

        assert_int_equal(mdm_command_read(&arena, made, schema, &command,
                                          &fault), MDM_OK);
        assert_str(command.command_uuid, "a<b>&c");
        assert_str(command.request_type, "Settings");
        assert_str(command.subject, "settings");
    }
}


static void
an_envelope_of_a_profile(void **state)
{
    size_t     i;
    plist_t    root;
    mdm_str_t  made, payload, bodies[2];

    bodies[0] = str(MDM_PROFILE);
    bodies[1] = fixture_signed(&arena, str(MDM_PROFILE), 0);

    for (i = 0; i < 2; i++) {
        assert_int_equal(makes(bodies[i], "uuid-3", &made), MDM_OK);

        assert_int_equal(mdm_command_read(&arena, made, schema, &command,
                                          &fault), MDM_OK);
        assert_str(command.command_uuid, "uuid-3");
        assert_str(command.request_type, "InstallProfile");
        assert_str(command.subject, "profile:com.example.mdm");
        assert_true(command.renewal);

        assert_int_equal(mdm_plist_parse(made, MDM_COMMAND_LIMIT, &root, NULL),
                         MDM_OK);
        mdm_plist_data(&arena, plist_dict_get_item(root, "Command"),
                       "Payload", &payload, NULL);
        assert_true(mdm_str_eq(payload, bodies[i]));
        plist_free(root);
    }
}


/* Without a plugin for it nobody knows which command brings a profile. */

static void
no_envelope_of_a_profile(void **state)
{
    mdm_str_t      made;
    mdm_schema_t  *empty;

    empty = mdm_schema_create();

    assert_int_equal(mdm_command_envelope(&arena, str(PROFILE), empty,
                                          mdm_str("u"), &made, &fault),
                     MDM_UNSUPPORTED);
    assert_string_equal(fault.text,
                        "no plugin describes a command that brings profiles");

    assert_int_equal(mdm_command_read(&arena,
                                      install_profile(str(MDM_PROFILE)), empty,
                                      &command, &fault), MDM_OK);
    assert_false(mdm_str_is_set(command.subject));
    assert_false(command.renewal);

    mdm_schema_destroy(empty);
}


static void
an_envelope_of_a_binary_list(void **state)
{
    binary_t   b;
    uint32_t   key, value, root;
    mdm_str_t  made;

    binary_begin(&b);
    key = binary_ascii(&b, "RequestType");
    value = binary_ascii(&b, "ProfileList");
    root = binary_dict(&b, key, value);
    assert_int_equal(makes(binary_end(&b, root), "u", &made), MDM_OK);
    binary_free(&b);

    assert_int_equal(mdm_command_read(&arena, made, schema, &command, &fault),
                     MDM_OK);
    assert_str(command.request_type, "ProfileList");

    binary_begin(&b);
    key = binary_ascii(&b, "RequestType");
    value = binary_ascii(&b, "ProfileList");
    root = binary_dict(&b, key, value);
    key = binary_ascii(&b, "Command");
    root = binary_dict(&b, key, root);
    assert_int_equal(makes(binary_end(&b, root), "u", &made), MDM_OK);
    binary_free(&b);

    assert_int_equal(mdm_command_read(&arena, made, schema, &command, &fault),
                     MDM_OK);
    assert_str(command.request_type, "ProfileList");
}


static void
envelopes_that_are_not_made(void **state)
{
    size_t     i;
    mdm_str_t  made, body, open;

    static const struct {
        const char  *body;
        const char  *uuid;
    } rows[] = {
        { "", "u" },
        { "x", "u" },
        { "0", "u" },
        { DICT(S("a", "b")), "u" },
        { DICT(TYPE("")), "u" },
        { DICT(I("RequestType", "1")), "u" },
        { DICT(S("PayloadIdentifier", "")), "u" },
        { DICT(TYPE("ProfileList")), "" },
        { DICT(TYPE("ProfileList")), "a\nb" },
        { DICT(TYPE("ProfileList")), "a\xff" },
        { PROFILE, "" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(makes(str(rows[i].body), rows[i].uuid, &made),
                         MDM_MALFORMED);
        assert_true(fault.text[0] != '\0');
    }

    /* whole by itself, too deep inside of an envelope */

    open = repeated("<dict>" TYPE("A") "<key>x</key>", "<array>",
                    MDM_PLIST_MAX_DEPTH - 1, "");
    body = repeated((const char *) open.data, "</array>",
                    MDM_PLIST_MAX_DEPTH - 1, "</dict>");

    assert_int_equal(mdm_plist_scan(body, MDM_COMMAND_LIMIT, &fault), MDM_OK);
    assert_int_equal(makes(body, "u", &made), MDM_TOO_LARGE);

    free((void *) open.data);
    free((void *) body.data);
}


int
main(void)
{
#define test(function)                                                        \
    cmocka_unit_test_setup_teardown(function, setup, teardown)

    const struct CMUnitTest  tests[] = {
        test(an_envelope),
        test(parts),
        test(two_types),
        test(subjects),
        test(subjects_that_are_refused),
        test(envelopes_that_are_refused),
        test(profiles),
        test(profiles_that_are_refused),
        test(a_whole_envelope_stays),
        test(an_envelope_is_made),
        test(an_envelope_of_a_profile),
        test(no_envelope_of_a_profile),
        test(an_envelope_of_a_binary_list),
        test(envelopes_that_are_not_made)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("command", tests, NULL, NULL);
}
