
/*
 * Profiles: what is around the payloads, which types they are, what may not be
 * there twice, what is completed, and profiles as values of commands.
 */


#define _GNU_SOURCE             /* memmem() */

#include "pki_fixture.h"
#include "schema_fixture.h"


#define AROUND                                                                \
    "'PayloadType': 'Configuration', 'PayloadVersion': 1,"                    \
    "'PayloadIdentifier': 'com.example', 'PayloadUUID': 'U'"

#define TYPE_OF(type, n)                                                      \
    "'PayloadType': '" type "', 'PayloadVersion': 1,"                         \
    "'PayloadIdentifier': 'com.example." n "', 'PayloadUUID': 'U" n "'"


static const mdm_key_t  text_keys[] = {
    { .name = "Text", .type = MDM_STRING, .flags = MDM_NEEDED },
    { .name = "Data", .type = MDM_DATA },
    { .name = "Raw", .type = MDM_STRING, .flags = MDM_LITERAL },
    { .name = "Flag", .type = MDM_BOOLEAN },
    { .name = "Count", .type = MDM_INTEGER, .max = "5" },
    { 0 }
};

static const mdm_key_t  a_keys[] = {
    { .name = "A", .type = MDM_STRING }, { 0 }
};

static const mdm_key_t  b_keys[] = {
    { .name = "B", .type = MDM_INTEGER }, { 0 }
};

static const mdm_key_t  install_keys[] = {
    { .name = "Payload", .type = MDM_PROFILE, .flags = MDM_NEEDED },
    { .name = "Note", .type = MDM_STRING },
    { .name = "Raw", .type = MDM_STRING, .flags = MDM_LITERAL },
    { 0 }
};

static const mdm_type_t *const  types[] = {
    PAYLOAD(.name = "com.example.text", .keys = text_keys,
      EVERYWHERE),
    PAYLOAD(.name = "com.example.v", .variant = "a",
      .told_by = MDM_TEXTS("A"), .keys = a_keys, EVERYWHERE),
    PAYLOAD(.name = "com.example.v", .variant = "b",
      .told_by = MDM_TEXTS("B=7"), .keys = b_keys, EVERYWHERE),
    PAYLOAD(.name = "com.example.one", .flags = MDM_EXCLUSIVE,
      EVERYWHERE),
    PAYLOAD(.name = "com.example.mac",
      MDM_ON(.ios = { .introduced = "4.0", .many = MDM_NO },
             .macos = { .introduced = "10.7", .many = MDM_YES })),
    PAYLOAD(.name = "com.example.manage",
      .flags = MDM_MANAGES, EVERYWHERE),
    COMMAND(.name = "Install", .keys = install_keys,
      EVERYWHERE),
    NULL
};


static fixture_t  f;


static void
a_profile_is_looked_through(void **state)
{
    mdm_node_t           *node;
    mdm_profile_facts_t   facts;

    fixture_start(&f, types);

    fixture_profile(&f, "{" AROUND ", 'PayloadScope': 'System',"
        "'ConsentText': {'default': 'Yes?'},"
        "'PayloadContent': [{" TYPE_OF("com.example.text", "1") ","
        "'Text': 'x'}, {" TYPE_OF("com.example.v", "2") ", 'B': 7}]}",
        false, "");

    fixture_profile(&f, "{" AROUND ", 'PayloadScope': 'Both', 'Odd': 1,"
        "'ConsentText': {'default': 1}, 'RemovalDate': 'x',"
        "'PayloadContent': [{" TYPE_OF("com.example.text", "1") "},"
        " 3, {'PayloadVersion': 2}]}",
        false,
        "!PayloadScope: must be one of System, User [Both] (one_of)\n"
        "?Odd: is no key of a profile (unknown_key)\n"
        "!ConsentText.default: must be a string, not an integer [1] (type)\n"
        "!RemovalDate: must be a date, not a string [x] (type)\n"
        "!PayloadContent[0].Text: is required (required)\n"
        "!PayloadContent[1]: must be a dictionary, which a payload is [3]"
        " (type)\n"
        "!PayloadContent[2].PayloadVersion: must be 1 [2] (one_of)\n"
        "!PayloadContent[2].PayloadType: is required (required)\n"
        "!PayloadContent[2].PayloadIdentifier: is required (required)\n"
        "!PayloadContent[2].PayloadUUID: is required (required)\n");

    fixture_profile(&f, "{}", false,
        "!PayloadType: is required (required)\n"
        "!PayloadVersion: is required (required)\n"
        "!PayloadIdentifier: is required (required)\n"
        "!PayloadUUID: is required (required)\n"
        "!PayloadContent: is required (required)\n");

    fixture_forget(&f);
    node = fixture_json(&f, "{" AROUND ", 'PayloadDisplayName': 'N',"
        "'PayloadContent': [{" TYPE_OF("com.example.manage", "1") "}]}");

    assert_int_equal(mdm_schema_check_profile(&f.check, node, false, &facts),
                     MDM_OK);
    assert_true(mdm_str_eq_c(facts.identifier, "com.example"));
    assert_true(mdm_str_eq_c(facts.uuid, "U"));
    assert_true(mdm_str_eq_c(facts.display_name, "N"));
    assert_int_equal(facts.payloads, 1);
    assert_true(facts.manages);

    fixture_end(&f);
}


static void
types_and_variants_are_told(void **state)
{
    fixture_start(&f, types);

    fixture_profile(&f, "{" AROUND ", 'PayloadContent': ["
        "{" TYPE_OF("com.example.v", "1") ", 'A': 1},"
        "{" TYPE_OF("com.example.v", "2") ", 'B': 7, 'C': 1},"
        "{" TYPE_OF("com.example.v", "3") ", 'B': 8},"
        "{" TYPE_OF("org.nobody", "4") ", 'X': 1},"
        "{" TYPE_OF("com.Example.V", "5") ", 'X': 1}]}", false,
        "!PayloadContent[0].A: must be a string, not an integer [1] (type)\n"
        "?PayloadContent[1].C: is no key of com.example.v (b) (unknown_key)\n"
        "?PayloadContent[2].PayloadType: has several variants, and the "
        "payload has no key that tells which it is [com.example.v] "
        "(unknown_type)\n"
        "?PayloadContent[3].PayloadType: is described by no plugin: its keys "
        "are not checked [org.nobody] (unknown_type)\n"
        "?PayloadContent[4].PayloadType: is described by no plugin, "
        "com.example.v is: its keys are not checked [com.Example.V] "
        "(unknown_type)\n");

    f.check.strict = true;
    fixture_profile(&f, "{" AROUND ", 'PayloadContent': ["
        "{" TYPE_OF("org.nobody", "4") "}]}", false,
        "!PayloadContent[0].PayloadType: is described by no plugin, and the "
        "tenant is strict [org.nobody] (unknown_type)\n");

    fixture_end(&f);
}


static void
what_may_be_once_is_not_there_twice(void **state)
{
    mdm_facts_t  facts = { .platform = MDM_MACOS, .access_rights = -1 };

    fixture_start(&f, types);

    fixture_profile(&f, "{" AROUND ", 'PayloadContent': ["
        "{" TYPE_OF("com.example.one", "1") "},"
        "{" TYPE_OF("com.example.text", "2") ", 'Text': ''},"
        "{" TYPE_OF("com.example.one", "1") "},"
        "{" TYPE_OF("com.example.text", "4") ", 'Text': ''}]}", false,
        "!PayloadContent[2]: is the second com.example.one, there may be one"
        " (count)\n"
        "!PayloadContent[2].PayloadUUID: must be its own, PayloadContent[0] "
        "has it, too (count)\n"
        "!PayloadContent[2].PayloadIdentifier: must be its own, "
        "PayloadContent[0] has it, too (count)\n");

    fixture_profile(&f, "{" AROUND ", 'PayloadContent': ["
        "{" TYPE_OF("com.example.mac", "1") "},"
        "{" TYPE_OF("com.example.mac", "2") "}]}", false, "");

    mdm_schema_gate(f.check.demands, &facts, false, &f.findings);
    assert_string_equal(fixture_lines(&f), "");

    facts.platform = MDM_IOS;
    mdm_schema_gate(f.check.demands, &facts, false, &f.findings);
    assert_string_equal(fixture_lines(&f),
        "!PayloadContent[1]: com.example.mac may be there only once on iOS "
        "(count)\n");

    fixture_end(&f);
}


static void
an_encrypted_profile_cannot_be_looked_into(void **state)
{
    fixture_start(&f, types);

    fixture_profile(&f, "{" AROUND ", 'IsEncrypted': true,"
        "'EncryptedPayloadContent': {'$data': 'AAAA'}}", false,
        "?EncryptedPayloadContent: is encrypted: what it holds cannot be "
        "checked (profile)\n");

    fixture_end(&f);
}


/* --- completing --- */

static mdm_str_t
member(const mdm_node_t *node, const char *name)
{
    const mdm_node_t  *found;

    found = mdm_node_get(node, name);
    assert_non_null(found);
    assert_int_equal(found->type, MDM_STRING);

    return found->u.text;
}


static void
the_same_contents_are_completed_the_same(void **state)
{
    mdm_str_t           uuid;
    const mdm_node_t   *one, *two, *a, *b, *c;

    fixture_start(&f, types);

    one = fixture_profile(&f, "{'PayloadDisplayName': 'N', 'PayloadContent':"
        "[{'PayloadType': 'com.example.text', 'Text': 'x', 'Raw': 'y'},"
        " {'PayloadType': 'com.example.v', 'A': 'x'},"
        " {'PayloadType': 'com.example.text', 'Text': 'x', 'Raw': 'y'}]}",
        true, "");
    two = fixture_profile(&f, "{'PayloadContent':"
        "[{'Raw': 'y', 'Text': 'x', 'PayloadType': 'com.example.text'},"
        " {'PayloadType': 'com.example.v', 'A': 'x'},"
        " {'PayloadType': 'com.example.text', 'Raw': 'y', 'Text': 'x'}],"
        " 'PayloadDisplayName': 'N'}", true, "");

    uuid = member(one, "PayloadUUID");

    assert_int_equal(uuid.len, 36);
    assert_int_equal(uuid.data[14], '8');
    assert_true(mdm_str_eq(uuid, member(two, "PayloadUUID")));
    assert_true(mdm_str_eq_c(member(one, "PayloadType"), "Configuration"));
    assert_int_equal(mdm_node_get(one, "PayloadVersion")->u.integer, 1);

    a = mdm_node_get(one, "PayloadContent")->u.list.first;
    b = a->next->next;
    c = mdm_node_get(two, "PayloadContent")->u.list.first->next->next;

    assert_false(mdm_str_eq(member(a, "PayloadUUID"),
                            member(b, "PayloadUUID")));
    assert_true(mdm_str_eq(member(b, "PayloadUUID"),
                           member(c, "PayloadUUID")));
    assert_non_null(memmem(member(b, "PayloadIdentifier").data,
                           member(b, "PayloadIdentifier").len,
                           ".com.example.text.2", 19));

    /* other contents, another UUID */

    two = fixture_profile(&f, "{'PayloadDisplayName': 'N', 'PayloadContent':"
        "[{'PayloadType': 'com.example.text', 'Text': 'z', 'Raw': 'y'}]}",
        true, "");
    assert_false(mdm_str_eq(uuid, member(two, "PayloadUUID")));

    /* what is there stays */

    one = fixture_profile(&f, "{'PayloadIdentifier': 'mine',"
        "'PayloadUUID': 'too', 'PayloadContent':"
        "[{'PayloadType': 'com.example.text', 'Text': 'x'}]}", true, "");
    assert_true(mdm_str_eq_c(member(one, "PayloadUUID"), "too"));
    assert_true(mdm_str_eq_c(
        member(mdm_node_get(one, "PayloadContent")->u.list.first,
               "PayloadIdentifier"), "mine.com.example.text"));

    fixture_end(&f);
}


static void
ten_thousand_payloads_end(void **state)
{
    char                  uuid[16];
    unsigned              i;
    mdm_node_t           *profile, *array, *payload, *node;
    mdm_profile_facts_t   facts;

    fixture_start(&f, types);

    profile = fixture_json(&f, "{" AROUND "}");
    array = mdm_node_new(&f.arena, MDM_ARRAY);

    for (i = 0; i < 10000; i++) {
        payload = fixture_json(&f, "{'PayloadType': 'com.example.one',"
                               "'PayloadVersion': 1}");
        snprintf(uuid, sizeof(uuid), "u%u", i / 2);

        node = mdm_node_text(&f.arena, MDM_STRING, str(uuid));
        mdm_node_set(&f.arena, payload, "PayloadUUID", node);
        node = mdm_node_copy(&f.arena, node);
        mdm_node_set(&f.arena, payload, "PayloadIdentifier", node);
        mdm_node_append(array, payload);
    }

    mdm_node_set(&f.arena, profile, "PayloadContent", array);

    assert_int_equal(mdm_schema_check_profile(&f.check, profile, false,
                                              &facts),
                     MDM_OK);

    assert_int_equal(facts.payloads, 10000);
    assert_int_equal(f.findings.faults, 5000 + 5000 + 1);

    fixture_end(&f);
}


/* --- as a value --- */

static mdm_node_t *
data(const char *bytes, size_t len)
{
    mdm_node_t  *node;

    node = mdm_node_text(&f.arena, MDM_DATA,
                         (mdm_str_t) { len, (const unsigned char *) bytes });
    assert_non_null(node);

    return node;
}


static void
install(mdm_node_t *value, const char *lines)
{
    mdm_node_t  *command;

    fixture_forget(&f);
    command = mdm_node_new(&f.arena, MDM_DICTIONARY);
    mdm_node_set(&f.arena, command, "Payload", value);

    assert_int_equal(mdm_schema_check_command(&f.check,
                         mdm_schema_command(f.schema, str("Install")),
                         command),
                     MDM_OK);
    assert_string_equal(fixture_lines(&f), lines);
}


static void
a_typed_profile_becomes_one(void **state)
{
    mdm_node_t   *node, *profile;
    mdm_fault_t   fault;

    fixture_start(&f, types);

    node = fixture_command(&f, "Install", "{'Payload': {'PayloadContent': ["
        "{'PayloadType': 'com.example.text', 'Text': 'x',"
        " 'Data': 'AAEC'}]}}", "");

    node = mdm_node_get(node, "Payload");
    assert_int_equal(node->type, MDM_DATA);
    assert_int_equal(mdm_node_read(&f.arena, node->u.text, 100000, &profile,
                                   &fault),
                     MDM_OK);

    node = mdm_node_get(profile, "PayloadContent")->u.list.first;
    assert_int_equal(mdm_node_get(node, "Data")->type, MDM_DATA);
    assert_int_equal(mdm_node_get(node, "Data")->u.text.len, 3);
    assert_int_equal(f.check.nwants, 0);

    fixture_command(&f, "Install", "{'Payload': {'PayloadContent': ["
        "{'PayloadType': 'com.example.text'}]}}",
        "!Payload.PayloadContent[0].Text: is required (required)\n");
    fixture_command(&f, "Install", "{'Payload': 5}",
        "!Payload: must be a profile, as Base64 or in place [5] (type)\n");
    fixture_command(&f, "Install", "{'Payload': '%x%'}",
        "!Payload: must be a profile, as Base64 or in place (type)\n");
    fixture_command(&f, "Install", "{'Payload': 'AAAA'}",
        "!Payload: cannot be read as a profile: the property list holds "
        "a NUL (profile)\n");

    fixture_end(&f);
}


#define XML(contents)                                                         \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"                              \
    "<plist version=\"1.0\"><dict><key>PayloadType</key>"                     \
    "<string>Configuration</string><key>PayloadVersion</key>"                 \
    "<integer>1</integer><key>PayloadIdentifier</key><string>i</string>"      \
    "<key>PayloadUUID</key><string>u</string><key>PayloadContent</key>"       \
    "<array><dict><key>PayloadType</key><string>com.example.text</string>"    \
    "<key>PayloadVersion</key><integer>1</integer>"                           \
    "<key>PayloadIdentifier</key><string>i.1</string>"                        \
    "<key>PayloadUUID</key><string>u1</string>" contents                      \
    "</dict></array></dict></plist>"


static void
bytes_stay_as_they_came(void **state)
{
    mdm_node_t  *node;

    static const char  good[] = XML("<key>Text</key>  <string>x</string>");
    static const char  bad[] = XML("<key>Text</key><string>x</string>"
                                   "<key>Data</key><string>AAAA</string>");

    fixture_start(&f, types);

    node = data(good, strlen(good));
    install(node, "");
    assert_int_equal(node->u.text.len, strlen(good));
    assert_memory_equal(node->u.text.data, good, strlen(good));

    /* nobody turns a string into data here */

    install(data(bad, strlen(bad)),
            "!Payload.PayloadContent[0].Data: must be data, not a string "
            "[AAAA] (type)\n");

    install(data("\x30\x03\x02\x01\x05", 5),
            "!Payload: cannot be read as a profile: not a CMS message "
            "(profile)\n");

    fixture_end(&f);
}


static void
numbers_take_the_place_of_others_in_lists(void **state)
{
    mdm_node_t  *node;

    static const char  odd[] = "{" AROUND ", 'PayloadContent': [{"
        TYPE_OF("com.example.text", "1") ", 'Text': 'x', 'Flag': 1,"
        " 'Count': 4.0}]}";

    fixture_start(&f, types);

    node = fixture_profile(&f, odd, false,
        "?PayloadContent[0].Flag: should be a boolean, not an integer [1] "
        "(type)\n"
        "?PayloadContent[0].Count: should be an integer, not a real number [4]"
        " (type)\n");
    node = mdm_node_get(node, "PayloadContent")->u.list.first;
    assert_int_equal(mdm_node_get(node, "Flag")->type, MDM_BOOLEAN);
    assert_true(mdm_node_get(node, "Flag")->u.boolean);
    assert_int_equal(mdm_node_get(node, "Count")->type, MDM_INTEGER);
    assert_int_equal(mdm_node_get(node, "Count")->u.integer, 4);

    /* in JSON people can write what they mean */

    fixture_profile(&f, odd, true,
        "!PayloadContent[0].Flag: must be a boolean, not an integer [1] "
        "(type)\n"
        "!PayloadContent[0].Count: must be an integer, not a real number [4]"
        " (type)\n");

    /* what is no number of that kind, and what is out of range */

    fixture_profile(&f, "{" AROUND ", 'PayloadContent': [{"
        TYPE_OF("com.example.text", "1") ", 'Text': 1, 'Flag': 2,"
        " 'Count': 1e300}, {" TYPE_OF("com.example.text", "2")
        ", 'Text': 'x', 'Flag': 'true', 'Count': 6.0}, {"
        TYPE_OF("com.example.text", "3") ", 'Text': 'x', 'Count': true}]}",
        false,
        "!PayloadContent[0].Text: must be a string, not an integer [1] "
        "(type)\n"
        "!PayloadContent[0].Flag: must be a boolean, not an integer [2] "
        "(type)\n"
        "!PayloadContent[0].Count: must be an integer, not a real number "
        "[1e+300] (type)\n"
        "!PayloadContent[1].Flag: must be a boolean, not a string [true] "
        "(type)\n"
        "?PayloadContent[1].Count: should be an integer, not a real number [6]"
        " (type)\n"
        "!PayloadContent[1].Count: must be 5 or less [6] (range)\n"
        "?PayloadContent[2].Count: should be an integer, not a boolean [true]"
        " (type)\n");

    f.check.strict = true;
    fixture_profile(&f, odd, false,
        "!PayloadContent[0].Flag: must be a boolean, not an integer [1] "
        "(type)\n"
        "!PayloadContent[0].Count: must be an integer, not a real number [4]"
        " (type)\n");

    fixture_end(&f);
}


static bool
wants(const char *name)
{
    size_t  i;

    for (i = 0; i < f.check.nwants; i++) {
        if (mdm_str_eq_c(f.check.wants[i], name)) {
            return true;
        }
    }

    return false;
}


static void
values_inside_are_wanted_as_a_profile(void **state)
{
    mdm_node_t  *node;

    static const char  values[] = XML("<key>Text</key>"
                                      "<string>%Name%</string>");
    static const char  literal[] = XML("<key>Text</key>"
                                       "<string>%Name%</string><key>Raw</key>"
                                       "<string>100 %Name%</string>");

    fixture_start(&f, types);

    node = data(values, strlen(values));
    install(node, "");
    assert_true(wants("Payload:profile"));
    assert_true(wants("Name"));
    assert_int_equal(f.check.nwants, 2);
    assert_int_equal(node->u.text.len, strlen(values));

    /* what stands for itself is written so that it does after resolving */

    node = data(literal, strlen(literal));
    install(node, "");
    assert_non_null(memmem(node->u.text.data, node->u.text.len,
                           "100 %%Name%%", 12));

    /* values elsewhere leave the profile alone */

    node = fixture_command(&f, "Install", "{'Note': '%Other%',"
        "'Raw': '5 %', 'Payload': {'PayloadContent': []}}", "");
    assert_true(wants("Other"));
    assert_int_equal(f.check.nwants, 1);
    assert_true(mdm_str_eq_c(member(node, "Raw"), "5 %%"));

    f.check.literal = true;
    node = data(values, strlen(values));
    install(node, "");
    assert_int_equal(f.check.nwants, 0);
    assert_false(f.check.values.escaped);

    fixture_end(&f);
}


/* As an administrator's tool signs it. */

static mdm_node_t *
signed_data(const char *xml, bool intact)
{
    int               len;
    BIO              *bio;
    X509             *ca;
    EVP_PKEY         *key;
    mdm_node_t       *node;
    unsigned char    *p, *found;
    CMS_ContentInfo  *cms;

    key = fixture_ec("P-256");
    ca = fixture_ca("CA", key);
    bio = BIO_new_mem_buf(xml, -1);
    cms = CMS_sign(ca, key, NULL, bio, CMS_BINARY);
    assert_non_null(cms);

    p = NULL;
    len = i2d_CMS_ContentInfo(cms, &p);
    assert_true(len > 0);

    found = memmem(p, len, "<key>Text</key>", 15);
    assert_non_null(found);

    /* what was signed is something else now */

    if (!intact) {
        memcpy(found, "<key>TexT</key>", 15);
    }

    node = data((char *) p, len);

    OPENSSL_free(p);
    CMS_ContentInfo_free(cms);
    BIO_free(bio);
    X509_free(ca);
    EVP_PKEY_free(key);

    return node;
}


static void
a_signed_profile_is_checked_and_left_alone(void **state)
{
    size_t        len;
    mdm_str_t     before;
    mdm_node_t   *node;

    static const char  good[] = XML("<key>Text</key><string>%Name%</string>");
    static const char  bad[] = XML("<key>Text</key><integer>1</integer>");

    fixture_start(&f, types);

    node = signed_data(good, true);
    before = node->u.text;
    len = before.len;
    install(node, "");

    /* nobody may put values into it */

    assert_int_equal(f.check.nwants, 0);
    assert_ptr_equal(node->u.text.data, before.data);
    assert_int_equal(node->u.text.len, len);

    install(signed_data(bad, true),
            "!Payload.PayloadContent[0].Text: must be a string, not an "
            "integer [1] (type)\n");

    /* whether the signature holds is the device's to judge, and the contents
     * are checked as they are */

    install(signed_data(good, false),
            "?Payload.PayloadContent[0].TexT: is no key of com.example.text, "
            "which has Text (unknown_key)\n"
            "!Payload.PayloadContent[0].Text: is required (required)\n");

    node = signed_data(good, true);
    node->u.text.len = len / 2;
    install(node, "!Payload: cannot be read as a profile: BER is cut short "
            "or has a length past its end (profile)\n");

    fixture_end(&f);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(a_profile_is_looked_through),
        cmocka_unit_test(types_and_variants_are_told),
        cmocka_unit_test(what_may_be_once_is_not_there_twice),
        cmocka_unit_test(an_encrypted_profile_cannot_be_looked_into),
        cmocka_unit_test(the_same_contents_are_completed_the_same),
        cmocka_unit_test(ten_thousand_payloads_end),
        cmocka_unit_test(a_typed_profile_becomes_one),
        cmocka_unit_test(bytes_stay_as_they_came),
        cmocka_unit_test(numbers_take_the_place_of_others_in_lists),
        cmocka_unit_test(values_inside_are_wanted_as_a_profile),
        cmocka_unit_test(a_signed_profile_is_checked_and_left_alone)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
