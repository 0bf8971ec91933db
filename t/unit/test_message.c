
/*
 * Check-ins, reports, what is salvaged of unreadable ones, and the bodies of
 * answers.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "message/mdm_command.h"
#include "message/mdm_message.h"
#include "message/mdm_plist.h"
#include "plist_fixture.h"


#define TYPE(name)  S("MessageType", name)
#define UDID        S("UDID", "00008140-000A11112222801E")
#define USER        UDID S("UserID", "U")
#define TOPIC       S("Topic", "com.apple.mgmt.External.abcd")
#define TOKEN       D("Token", "AAECAw==")
#define MAGIC       S("PushMagic", "magic")
#define STATUS(s)   S("Status", s)
#define UUID        S("CommandUUID", "5f2a6d0c")


static mdm_arena_t    arena;
static mdm_message_t  message;
static mdm_fault_t    fault;


static int
setup(void **state)
{
    mdm_arena_init(&arena);
    memset(&fault, 0, sizeof(fault));

    return 0;
}


static int
teardown(void **state)
{
    mdm_arena_free(&arena);

    return 0;
}


static mdm_rc_e
checkin(const char *body)
{
    return mdm_checkin_decode(&arena, str(body), &message, &fault);
}


static mdm_rc_e
report(const char *body)
{
    return mdm_report_decode(&arena, str(body), &message, NULL, &fault);
}


#define assert_str(value, text)  assert_true(mdm_str_eq_c(value, text))
#define assert_absent(value)     assert_false(mdm_str_is_set(value))


static void
authenticate(void **state)
{
    assert_int_equal(checkin(DICT(TYPE("Authenticate") UDID TOPIC
        S("BuildVersion", "23A341") S("OSVersion", "26.0")
        S("ProductName", "iPhone17,2") S("SerialNumber", "TESTSERIAL01")
        S("Challenge", "x"))), MDM_OK);

    assert_int_equal(message.type, MDM_AUTHENTICATE);
    assert_int_equal(message.id.channel, MDM_CHANNEL_DEVICE);
    assert_str(message.id.device_id, "00008140-000A11112222801E");
    assert_str(message.topic, "com.apple.mgmt.External.abcd");
    assert_str(message.attributes,
               "{\"OSVersion\":\"26.0\",\"BuildVersion\":\"23A341\","
               "\"ProductName\":\"iPhone17,2\","
               "\"SerialNumber\":\"TESTSERIAL01\"}");
    assert_absent(message.token);

    /* a Mac's keys; a fact of a strange type is passed over */

    assert_int_equal(checkin(DICT(TYPE("Authenticate") UDID TOPIC
        S("DeviceName", "A \\ \"B\"") S("Model", "M") S("ModelName", "N")
        S("IMEI", "1") S("MEID", "2") D("OSVersion", "AAAA"))), MDM_OK);
    assert_str(message.attributes,
               "{\"IMEI\":\"1\",\"MEID\":\"2\","
               "\"DeviceName\":\"A \\\\ \\\"B\\\"\",\"Model\":\"M\","
               "\"ModelName\":\"N\"}");

    /* a user enrolment may say nothing at all */

    assert_int_equal(checkin(DICT(TYPE("Authenticate")
        S("EnrollmentID", "E") TOPIC)), MDM_OK);
    assert_int_equal(message.id.channel, MDM_CHANNEL_ENROLLMENT);
    assert_absent(message.attributes);
}


static void
token_update(void **state)
{
    assert_int_equal(checkin(DICT(TYPE("TokenUpdate") UDID TOPIC TOKEN MAGIC)),
                     MDM_OK);
    assert_int_equal(message.type, MDM_TOKEN_UPDATE);
    assert_int_equal(message.token.len, 4);
    assert_memory_equal(message.token.data, "\0\1\2\3", 4);
    assert_str(message.push_magic, "magic");
    assert_absent(message.unlock_token);
    assert_false(message.awaiting_configuration);
    assert_false(message.not_on_console);
    assert_absent(message.attributes);

    assert_int_equal(checkin(DICT(TYPE("TokenUpdate") UDID TOPIC TOKEN MAGIC
        D("UnlockToken", "/w==") B("AwaitingConfiguration", "true"))), MDM_OK);
    assert_int_equal(message.unlock_token.len, 1);
    assert_true(message.awaiting_configuration);

    /* present and empty is told apart from absent */

    assert_int_equal(checkin(DICT(TYPE("TokenUpdate") UDID TOPIC TOKEN MAGIC
        D("UnlockToken", ""))), MDM_OK);
    assert_true(mdm_str_is_set(message.unlock_token));
    assert_int_equal(message.unlock_token.len, 0);

    assert_int_equal(checkin(DICT(TYPE("TokenUpdate") USER TOPIC TOKEN MAGIC
        B("NotOnConsole", "true") S("UserShortName", "u")
        S("UserLongName", "U U"))), MDM_OK);
    assert_int_equal(message.id.channel, MDM_CHANNEL_USER);
    assert_true(message.not_on_console);
    assert_str(message.id.user_long_name, "U U");
}


static void
check_out(void **state)
{
    assert_int_equal(checkin(DICT(TYPE("CheckOut") UDID TOPIC)), MDM_OK);
    assert_int_equal(message.type, MDM_CHECK_OUT);
    assert_str(message.topic, "com.apple.mgmt.External.abcd");
}


static void
user_authenticate(void **state)
{
    assert_int_equal(checkin(DICT(TYPE("UserAuthenticate") USER)), MDM_OK);
    assert_int_equal(message.type, MDM_USER_AUTHENTICATE);
    assert_absent(message.digest_response);

    assert_int_equal(checkin(DICT(TYPE("UserAuthenticate") USER
        S("DigestResponse", "Digest username=&quot;u&quot;"))), MDM_OK);
    assert_str(message.digest_response, "Digest username=\"u\"");
}


static void
bootstrap_tokens(void **state)
{
    assert_int_equal(checkin(DICT(TYPE("SetBootstrapToken") UDID
        D("BootstrapToken", "AAE=") B("AwaitingConfiguration", "true"))),
        MDM_OK);
    assert_int_equal(message.type, MDM_SET_BOOTSTRAP_TOKEN);
    assert_int_equal(message.bootstrap_token.len, 2);
    assert_true(message.awaiting_configuration);

    assert_int_equal(checkin(DICT(TYPE("SetBootstrapToken") UDID)), MDM_OK);
    assert_absent(message.bootstrap_token);

    assert_int_equal(checkin(DICT(TYPE("SetBootstrapToken") UDID
        "<key>BootstrapToken</key><data/>")), MDM_OK);
    assert_int_equal(message.bootstrap_token.len, 0);

    assert_int_equal(checkin(DICT(TYPE("GetBootstrapToken") UDID)), MDM_OK);
    assert_int_equal(message.type, MDM_GET_BOOTSTRAP_TOKEN);
}


static void
other_check_ins(void **state)
{
    assert_int_equal(checkin(DICT(TYPE("DeclarativeManagement") UDID
        S("Endpoint", "status") D("Data", "e30="))), MDM_OK);
    assert_int_equal(message.type, MDM_DECLARATIVE_MANAGEMENT);
    assert_str(message.endpoint, "status");
    assert_str(message.data, "{}");

    assert_int_equal(checkin(DICT(TYPE("DeclarativeManagement") USER
        S("Endpoint", "tokens"))), MDM_OK);
    assert_absent(message.data);

    assert_int_equal(checkin(DICT(TYPE("GetToken") UDID
        S("TokenServiceType", "com.apple.maid")
        "<key>TokenParameters</key><dict/>")), MDM_OK);
    assert_int_equal(message.type, MDM_GET_TOKEN);
    assert_str(message.token_service_type, "com.apple.maid");

    assert_int_equal(checkin(DICT(TYPE("ReturnToService") UDID)), MDM_OK);
    assert_int_equal(message.type, MDM_RETURN_TO_SERVICE);
}


static void
check_ins_that_are_refused(void **state)
{
    size_t  i;

    static const struct {
        const char  *body;
        const char  *fault;
    } rows[] = {
        { DICT(UDID TOPIC), "MessageType is missing or empty" },
        { DICT(TYPE("") UDID), "MessageType is missing or empty" },
        { DICT(I("MessageType", "1") UDID), "MessageType is not a string" },
        { DICT(TYPE("authenticate") UDID TOPIC),
          "MessageType is not a known one" },
        { DICT(TYPE("Report") UDID), "MessageType is not a known one" },

        { DICT(TYPE("Authenticate") TOPIC),
          "neither UDID nor EnrollmentID is present" },
        { DICT(TYPE("Authenticate") UDID), "Topic is missing or empty" },
        { DICT(TYPE("Authenticate") UDID S("Topic", "")),
          "Topic is missing or empty" },
        { DICT(TYPE("Authenticate") UDID D("Topic", "AAAA")),
          "Topic is not a string" },
        { DICT(TYPE("Authenticate") UDID S("Topic", "a&#13;b")),
          "Topic holds a control character" },
        { DICT(TYPE("Authenticate") USER TOPIC),
          "Authenticate does not come from a channel of kind user" },

        { DICT(TYPE("TokenUpdate") UDID TOKEN MAGIC),
          "Topic is missing or empty" },
        { DICT(TYPE("TokenUpdate") UDID TOPIC MAGIC),
          "Token is missing or empty" },
        { DICT(TYPE("TokenUpdate") UDID TOPIC MAGIC D("Token", "")),
          "Token is missing or empty" },
        { DICT(TYPE("TokenUpdate") UDID TOPIC MAGIC S("Token", "ab")),
          "Token is not data" },
        { DICT(TYPE("TokenUpdate") UDID TOPIC TOKEN),
          "PushMagic is missing or empty" },
        { DICT(TYPE("TokenUpdate") UDID TOPIC TOKEN D("PushMagic", "AAAA")),
          "PushMagic is not a string" },
        { DICT(TYPE("TokenUpdate") UDID TOPIC TOKEN MAGIC
               S("UnlockToken", "a")), "UnlockToken is not data" },
        { DICT(TYPE("TokenUpdate") UDID TOPIC TOKEN MAGIC
               S("AwaitingConfiguration", "true")),
          "AwaitingConfiguration is not a boolean" },
        { DICT(TYPE("TokenUpdate") UDID TOPIC TOKEN MAGIC
               I("NotOnConsole", "1")), "NotOnConsole is not a boolean" },

        { DICT(TYPE("CheckOut") UDID), "Topic is missing or empty" },
        { DICT(TYPE("CheckOut") USER TOPIC),
          "CheckOut does not come from a channel of kind user" },

        { DICT(TYPE("UserAuthenticate") UDID),
          "UserAuthenticate does not come from a channel of kind device" },
        { DICT(TYPE("UserAuthenticate") S("EnrollmentID", "E")
               S("EnrollmentUserID", "EU")),
          "UserAuthenticate does not come from a channel of kind "
          "enrollment_user" },
        { DICT(TYPE("UserAuthenticate") UDID
               S("UserID", MDM_SHARED_IPAD_USER_ID) S("UserShortName", "a")),
          "UserAuthenticate does not come from a channel of kind "
          "shared_user" },
        { DICT(TYPE("UserAuthenticate") USER D("DigestResponse", "AAAA")),
          "DigestResponse is not a string" },

        { DICT(TYPE("SetBootstrapToken") UDID S("BootstrapToken", "a")),
          "BootstrapToken is not data" },
        { DICT(TYPE("SetBootstrapToken") UDID I("AwaitingConfiguration", "1")),
          "AwaitingConfiguration is not a boolean" },
        { DICT(TYPE("SetBootstrapToken") USER),
          "SetBootstrapToken does not come from a channel of kind user" },
        { DICT(TYPE("GetBootstrapToken") USER),
          "GetBootstrapToken does not come from a channel of kind user" },

        { DICT(TYPE("DeclarativeManagement") UDID),
          "Endpoint is missing or empty" },
        { DICT(TYPE("DeclarativeManagement") UDID B("Endpoint", "true")),
          "Endpoint is not a string" },
        { DICT(TYPE("DeclarativeManagement") UDID S("Endpoint", "status")
               S("Data", "{}")), "Data is not data" },
        { DICT(TYPE("GetToken") UDID), "TokenServiceType is missing or empty" },
        { DICT(TYPE("GetToken") UDID I("TokenServiceType", "1")),
          "TokenServiceType is not a string" },
        { DICT(TYPE("ReturnToService") USER),
          "ReturnToService does not come from a channel of kind user" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(checkin(rows[i].body), MDM_MALFORMED);
        assert_string_equal(fault.text, rows[i].fault);
    }
}


static void
longest_fields(void **state)
{
    size_t     i, n;
    mdm_str_t  body;

    static const struct {
        const char  *before;
        const char  *after;
        size_t       max;
    } rows[] = {
        { "<dict>" TYPE("CheckOut") UDID "<key>Topic</key><string>",
          "</string></dict>", 255 },
        { "<dict>" TYPE("TokenUpdate") UDID TOPIC TOKEN
          "<key>PushMagic</key><string>", "</string></dict>", 255 },
        { "<dict>" TYPE("DeclarativeManagement") UDID
          "<key>Endpoint</key><string>", "</string></dict>", 1024 }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (n = rows[i].max; n <= rows[i].max + 1; n++) {
            body = repeated(rows[i].before, "x", n, rows[i].after);
            assert_int_equal(checkin((const char *) body.data),
                             n > rows[i].max ? MDM_MALFORMED : MDM_OK);
            free((void *) body.data);
        }
    }

    /* three bytes of a token each, and one group more than allowed */

    body = repeated("<dict>" TYPE("TokenUpdate") UDID TOPIC MAGIC
                    "<key>Token</key><data>", "AAAA", 341, "</data></dict>");
    assert_int_equal(checkin((const char *) body.data), MDM_OK);
    free((void *) body.data);

    body = repeated("<dict>" TYPE("TokenUpdate") UDID TOPIC MAGIC
                    "<key>Token</key><data>", "AAAA", 342, "</data></dict>");
    assert_int_equal(checkin((const char *) body.data), MDM_MALFORMED);
    free((void *) body.data);

    /* an attribute that could not be indexed is left out */

    body = repeated("<dict>" TYPE("Authenticate") UDID TOPIC S("Model", "M")
                    "<key>DeviceName</key><string>", "x", 1025,
                    "</string></dict>");
    assert_int_equal(checkin((const char *) body.data), MDM_OK);
    assert_str(message.attributes, "{\"Model\":\"M\"}");
    free((void *) body.data);
}


static void
sizes(void **state)
{
    size_t     n, frame;
    mdm_str_t  body;

    frame = strlen("<dict>" TYPE("CheckOut") UDID TOPIC "</dict>");

    for (n = MDM_CHECKIN_LIMIT; n <= MDM_CHECKIN_LIMIT + 1; n++) {
        body = repeated("<dict>" TYPE("CheckOut") UDID TOPIC, " ", n - frame,
                        "</dict>");
        assert_int_equal(body.len, n);
        assert_int_equal(mdm_checkin_decode(&arena, body, &message, &fault),
                         n > MDM_CHECKIN_LIMIT ? MDM_TOO_LARGE : MDM_OK);
        free((void *) body.data);
    }

    frame = strlen("<dict>" STATUS("Idle") UDID "</dict>");

    for (n = MDM_REPORT_LIMIT; n <= MDM_REPORT_LIMIT + 1; n++) {
        body = repeated("<dict>" STATUS("Idle") UDID, " ", n - frame,
                        "</dict>");
        assert_int_equal(mdm_report_decode(&arena, body, &message, NULL,
                                           &fault),
                         n > MDM_REPORT_LIMIT ? MDM_TOO_LARGE : MDM_OK);
        free((void *) body.data);
    }
}


static void
names(void **state)
{
    assert_string_equal(mdm_message_type_name(MDM_AUTHENTICATE),
                        "Authenticate");
    assert_string_equal(mdm_message_type_name(MDM_TOKEN_UPDATE),
                        "TokenUpdate");
    assert_string_equal(mdm_message_type_name(MDM_CHECK_OUT), "CheckOut");
    assert_string_equal(mdm_message_type_name(MDM_USER_AUTHENTICATE),
                        "UserAuthenticate");
    assert_string_equal(mdm_message_type_name(MDM_SET_BOOTSTRAP_TOKEN),
                        "SetBootstrapToken");
    assert_string_equal(mdm_message_type_name(MDM_GET_BOOTSTRAP_TOKEN),
                        "GetBootstrapToken");
    assert_string_equal(mdm_message_type_name(MDM_DECLARATIVE_MANAGEMENT),
                        "DeclarativeManagement");
    assert_string_equal(mdm_message_type_name(MDM_GET_TOKEN), "GetToken");
    assert_string_equal(mdm_message_type_name(MDM_RETURN_TO_SERVICE),
                        "ReturnToService");
    assert_string_equal(mdm_message_type_name(MDM_REPORT), "Report");

    assert_string_equal(mdm_report_status_name(MDM_STATUS_IDLE), "Idle");
    assert_string_equal(mdm_report_status_name(MDM_STATUS_COMMAND_FORMAT_ERROR),
                        "CommandFormatError");
    assert_string_equal(mdm_report_status_name(MDM_STATUS_UNREADABLE),
                        "Unreadable");
}


static void
statuses(void **state)
{
    size_t  i;
    char    body[512];

    static const struct {
        const char           *name;
        mdm_report_status_e   status;
    } rows[] = {
        { "Acknowledged", MDM_STATUS_ACKNOWLEDGED },
        { "Error", MDM_STATUS_ERROR },
        { "CommandFormatError", MDM_STATUS_COMMAND_FORMAT_ERROR },
        { "NotNow", MDM_STATUS_NOT_NOW }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        snprintf(body, sizeof(body), "<dict>" UDID UUID
                 "<key>Status</key><string>%s</string></dict>", rows[i].name);

        assert_int_equal(report(body), MDM_OK);
        assert_int_equal(message.type, MDM_REPORT);
        assert_int_equal(message.status, rows[i].status);
        assert_string_equal(mdm_report_status_name(message.status),
                            rows[i].name);
        assert_str(message.command_uuid, "5f2a6d0c");
        assert_absent(message.error);
        assert_absent(message.attributes);
    }

    assert_int_equal(report(DICT(STATUS("Idle") USER
                                 B("NotOnConsole", "true"))), MDM_OK);
    assert_int_equal(message.status, MDM_STATUS_IDLE);
    assert_int_equal(message.id.channel, MDM_CHANNEL_USER);
    assert_true(message.not_on_console);
    assert_absent(message.command_uuid);

    /* Idle answers no command, whatever it carries */

    assert_int_equal(report(DICT(STATUS("Idle") UDID UUID)), MDM_OK);
    assert_absent(message.command_uuid);
}


static void
reports_that_are_refused(void **state)
{
    size_t     i, n;
    mdm_str_t  body;

    static const struct {
        const char  *body;
        const char  *fault;
    } rows[] = {
        { DICT(UDID UUID), "Status is missing or empty" },
        { DICT(STATUS("") UDID UUID), "Status is missing or empty" },
        { DICT(I("Status", "1") UDID UUID), "Status is not a string" },
        { DICT(STATUS("idle") UDID), "Status is not a known one" },
        { DICT(STATUS("Unreadable") UDID UUID), "Status is not a known one" },
        { DICT(STATUS("Acknowledged") UDID),
          "CommandUUID is missing or empty" },
        { DICT(STATUS("NotNow") UDID S("CommandUUID", "")),
          "CommandUUID is missing or empty" },
        { DICT(STATUS("Error") UDID I("CommandUUID", "1")),
          "CommandUUID is not a string" },
        { DICT(STATUS("Error") UDID S("CommandUUID", "a&#9;")),
          "CommandUUID holds a control character" },
        { DICT(STATUS("Idle")), "neither UDID nor EnrollmentID is present" },
        { DICT(STATUS("Idle") UDID S("NotOnConsole", "true")),
          "NotOnConsole is not a boolean" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(report(rows[i].body), MDM_MALFORMED);
        assert_string_equal(fault.text, rows[i].fault);
    }

    for (n = MDM_COMMAND_UUID_MAX; n <= MDM_COMMAND_UUID_MAX + 1; n++) {
        body = repeated("<dict>" STATUS("Error") UDID
                        "<key>CommandUUID</key><string>", "x", n,
                        "</string></dict>");
        assert_int_equal(report((const char *) body.data),
                         n > MDM_COMMAND_UUID_MAX ? MDM_MALFORMED : MDM_OK);
        free((void *) body.data);
    }
}


#define CHAIN(items)                                                          \
    DICT(STATUS("Error") UDID UUID "<key>ErrorChain</key>" items)


static void
error_chains(void **state)
{
    size_t     i;
    mdm_str_t  body;

    static const struct {
        const char  *body;
        const char  *error;
    } rows[] = {
        { CHAIN("<array><dict>" I("ErrorCode", "12021")
                S("ErrorDomain", "MCMDMErrorDomain") "</dict><dict>"
                I("ErrorCode", "1") S("ErrorDomain", "B") "</dict></array>"),
          "MCMDMErrorDomain 12021" },
        { CHAIN("<array><dict>" I("ErrorCode", "-3") S("ErrorDomain", "D")
                "</dict></array>"), "D -3" },
        { CHAIN("<array><dict>" S("ErrorDomain", "D") "</dict></array>"),
          "D" },
        { CHAIN("<array><dict>" I("ErrorCode", "5") "</dict></array>"), "5" },
        { CHAIN("<array><dict>" S("ErrorCode", "5") D("ErrorDomain", "AA==")
                "</dict></array>"), NULL },
        { CHAIN("<array><dict>" I("ErrorCode", "5") S("ErrorDomain", "a\tb")
                "</dict></array>"), "5" },
        { CHAIN("<array><dict/></array>"), NULL },
        { CHAIN("<array><string>x</string></array>"), NULL },
        { CHAIN("<array/>"), NULL },
        { CHAIN("<dict/>"), NULL },
        { CHAIN("<string>x</string>"), NULL }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(report(rows[i].body), MDM_OK);

        if (rows[i].error) {
            assert_str(message.error, rows[i].error);

        } else {
            assert_absent(message.error);
        }
    }

    /* a long domain is cut between characters */

    body = repeated("<dict>" STATUS("Error") UDID UUID
                    "<key>ErrorChain</key><array><dict>" I("ErrorCode", "7")
                    "<key>ErrorDomain</key><string>", "\xe4\xb8\xad", 200,
                    "</string></dict></array></dict>");
    assert_int_equal(report((const char *) body.data), MDM_OK);
    assert_int_equal(message.error.len, 255 + 2);
    assert_true(mdm_utf8_valid(message.error.data, message.error.len));
    free((void *) body.data);

    body = repeated("<dict>" STATUS("Error") UDID UUID
                    "<key>ErrorChain</key><array><dict>" I("ErrorCode", "7")
                    "<key>ErrorDomain</key><string>x", "\xc3\xa9", 200,
                    "</string></dict></array></dict>");
    assert_int_equal(report((const char *) body.data), MDM_OK);
    assert_int_equal(message.error.len, 255 + 2);
    free((void *) body.data);

    body = repeated("<dict>" STATUS("Error") UDID UUID
                    "<key>ErrorChain</key><array><dict>" I("ErrorCode", "7")
                    "<key>ErrorDomain</key><string>", "\xc3\xa9", 200,
                    "</string></dict></array></dict>");
    assert_int_equal(report((const char *) body.data), MDM_OK);
    assert_int_equal(message.error.len, 254 + 2);
    assert_true(mdm_utf8_valid(message.error.data, message.error.len));
    free((void *) body.data);
}


static void
kept(void **state)
{
    plist_t    root;
    mdm_str_t  body;

    body = str(DICT(STATUS("Acknowledged") UDID UUID
                    "<key>QueryResponses</key><dict>"
                    S("DeviceName", "A") "</dict>"));

    assert_int_equal(mdm_report_decode(&arena, body, &message, &root, &fault),
                     MDM_OK);
    assert_absent(message.attributes);
    assert_int_equal(plist_get_node_type(plist_dict_get_item(root,
                                                     "QueryResponses")),
                     PLIST_DICT);
    mdm_plist_free(root);

    body = str(DICT(STATUS("Perhaps") UDID UUID));
    assert_int_equal(mdm_report_decode(&arena, body, &message, &root, &fault),
                     MDM_MALFORMED);
    assert_null(root);
}


static void
salvage(void **state)
{
    size_t     i;
    mdm_str_t  body;

    /* each is refused as a report for a reason of its own */

    static const char *const  rows[] = {
        DICT(UUID STATUS("Acknowledged") UDID S("x", "\xff")),
        DICT(UUID STATUS("Acknowledged") UDID S("x", "&nbsp;")),
        DICT(UUID UDID),
        DICT(S("x", "&#0;") UUID STATUS("Error") UDID),
        DICT("<key>x</key><array><dict>" S("CommandUUID", "inner")
             S("UDID", "inner") S("y", "\xff") "</dict></array>" UUID UDID),
        DICT(S("x", "<![CDATA[</dict>" S("UDID", "in CDATA") "\xff]]>") UUID
             UDID),
        DICT("<!-- </dict>" S("UDID", "in a comment") "\xff -->" UUID UDID),
        "<plist><dict>" UUID "\n\t" UDID "<key>x</key><string>cut",
        DICT(UUID UDID "<key>x</key><uid>1</uid>"),
        DICT("<key>x</key><dict >" S("UDID", "inner") "</dict\n>"
             "<key >CommandUUID</key\t><string\n>5f2a6d0c</string > " UDID
             S("y", "\xff"))
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(report(rows[i]), MDM_MALFORMED);
        assert_int_equal(mdm_report_salvage(&arena, str(rows[i]), &message),
                         MDM_OK);
        assert_int_equal(message.type, MDM_REPORT);
        assert_int_equal(message.status, MDM_STATUS_UNREADABLE);
        assert_str(message.command_uuid, "5f2a6d0c");
        assert_int_equal(message.id.channel, MDM_CHANNEL_DEVICE);
        assert_str(message.id.device_id, "00008140-000A11112222801E");
        assert_absent(message.error);
    }

    /* too large, with the identity at the very end */

    body = repeated("<dict>" UUID "<key>x</key><array>",
                    "<true/><true/><true/><true/>", MDM_PLIST_MAX_OBJECTS,
                    "</array>" UDID "</dict>");
    assert_int_equal(mdm_report_decode(&arena, body, &message, NULL, NULL),
                     MDM_TOO_LARGE);
    assert_int_equal(mdm_report_salvage(&arena, body, &message), MDM_OK);
    assert_str(message.command_uuid, "5f2a6d0c");
    free((void *) body.data);

    /* too deep */

    body = repeated("<dict>" UUID UDID "<key>x</key>", "<array>", 10000, "");
    assert_int_equal(mdm_report_salvage(&arena, body, &message), MDM_OK);
    free((void *) body.data);

    /* a user, with references */

    assert_int_equal(mdm_report_salvage(&arena, str(
        "<dict>" UUID UDID S("UserID", MDM_SHARED_IPAD_USER_ID)
        S("UserShortName", "a&amp;b@example.com") "\xff"), &message), MDM_OK);
    assert_int_equal(message.id.channel, MDM_CHANNEL_SHARED_USER);
    assert_str(message.id.user_id, "a&b@example.com");
}


static void
nothing_to_salvage(void **state)
{
    size_t     i;
    mdm_str_t  body;

    static const char *const  rows[] = {
        "", "\xff", "bplist00", "<dict>", "<plist><dict/></plist>",
        "<dict>" UDID, "<dict>" UUID, UUID UDID,
        "<dict>" UUID UDID S("UDID", "another"),
        "<dict>" UUID UUID UDID,
        "<dict>" UUID I("UDID", "1"),
        "<dict>" UUID "<key>UDID</key>",
        "<dict>" UUID "<key>UDID</key><string>cut",
        "<dict>" UUID "<key>UDID</key><string>a<b/></string>",
        "<dict>" UUID S("UDID", "a\xff"),
        "<dict>" UUID S("UDID", "a/b"),
        "<dict>" UUID S("UDID", "&entity;"),
        "<dict>" UUID UDID S("EnrollmentID", "E"),
        "<dict>" UDID S("CommandUUID", ""),
        "<dict>" UDID S("CommandUUID", "a\nb"),
        "<dict></dict>" UUID UDID,
        "<array><dict>" UUID UDID,
        "<!-- <dict>" UUID UDID,
        "<![CDATA[<dict>" UUID UDID
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (mdm_report_salvage(&arena, str(rows[i]), &message)
            != MDM_MALFORMED)
        {
            fail_msg("salvaged from \"%s\"", rows[i]);
        }

        assert_absent(message.command_uuid);
    }

    assert_int_equal(mdm_report_salvage(&arena, mdm_null_str, &message),
                     MDM_MALFORMED);

    body = repeated("<dict>" UDID "<key>CommandUUID</key><string>", "x",
                    MDM_COMMAND_UUID_MAX + 1, "</string>");
    assert_int_equal(mdm_report_salvage(&arena, body, &message),
                     MDM_MALFORMED);
    free((void *) body.data);
}


static plist_t
parsed(mdm_str_t body)
{
    plist_t  root;

    assert_int_equal(mdm_plist_parse(body, 65536, &root, NULL), MDM_OK);

    return root;
}


static void
replies(void **state)
{
    bool       flag;
    plist_t    root;
    mdm_str_t  body, value;

    assert_int_equal(mdm_reply_digest_challenge(&arena,
        mdm_str("Digest nonce=\"a&b\""), &body), MDM_OK);
    root = parsed(body);
    mdm_plist_string(&arena, root, "DigestChallenge", &value, NULL);
    assert_str(value, "Digest nonce=\"a&b\"");
    plist_free(root);

    assert_int_equal(mdm_reply_digest_challenge(&arena, mdm_null_str, &body),
                     MDM_OK);
    root = parsed(body);
    mdm_plist_string(&arena, root, "DigestChallenge", &value, NULL);
    assert_str(value, "");
    plist_free(root);

    assert_int_equal(mdm_reply_bootstrap_token(&arena, mdm_str("t\1"), &body),
                     MDM_OK);
    root = parsed(body);
    mdm_plist_data(&arena, root, "BootstrapToken", &value, NULL);
    assert_str(value, "t\1");
    plist_free(root);

    assert_int_equal(mdm_reply_bootstrap_token(&arena, mdm_null_str, &body),
                     MDM_OK);
    root = parsed(body);
    assert_int_equal(plist_dict_get_size(root), 0);
    plist_free(root);

    assert_int_equal(mdm_reply_return_to_service(&arena, true, &body), MDM_OK);
    root = parsed(body);
    assert_int_equal(mdm_plist_bool(
        plist_dict_get_item(root, "ReturnToService"), "Enabled", &flag, NULL),
        MDM_OK);
    assert_true(flag);
    plist_free(root);
}


int
main(void)
{
#define test(function)                                                        \
    cmocka_unit_test_setup_teardown(function, setup, teardown)

    const struct CMUnitTest  tests[] = {
        test(authenticate),
        test(token_update),
        test(check_out),
        test(user_authenticate),
        test(bootstrap_tokens),
        test(other_check_ins),
        test(check_ins_that_are_refused),
        test(longest_fields),
        test(sizes),
        test(names),
        test(statuses),
        test(reports_that_are_refused),
        test(error_chains),
        test(kept),
        test(salvage),
        test(nothing_to_salvage),
        test(replies)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
