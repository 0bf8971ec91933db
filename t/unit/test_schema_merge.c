
/*
 * Payloads of one type made one, profiles without their secrets, and types
 * described.
 */


#include "schema_fixture.h"


static const mdm_key_t  keys[] = {
    { .name = "Or", .type = MDM_BOOLEAN, .combine = MDM_COMBINE_OR },
    { .name = "And", .type = MDM_BOOLEAN, .combine = MDM_COMBINE_AND },
    { .name = "Min", .type = MDM_INTEGER, .combine = MDM_COMBINE_MIN },
    { .name = "Max", .type = MDM_REAL, .combine = MDM_COMBINE_MAX },
    { .name = "First", .type = MDM_STRING, .combine = MDM_COMBINE_FIRST },
    { .name = "Low", .type = MDM_STRING, MDM_ONE_OF("a", "b", "c"),
      .combine = MDM_COMBINE_ENUM_FIRST },
    { .name = "High", .type = MDM_STRING, MDM_ONE_OF("a", "b", "c"),
      .combine = MDM_COMBINE_ENUM_LAST },
    { .name = "All", .type = MDM_ARRAY, .combine = MDM_COMBINE_APPEND },
    { .name = "Any", .type = MDM_ARRAY, .combine = MDM_COMBINE_UNION },
    { .name = "Both", .type = MDM_ARRAY,
      .combine = MDM_COMBINE_INTERSECTION },
    { .name = "Own", .type = MDM_STRING },
    { .name = "In", .type = MDM_DICTIONARY,
      MDM_KEYS({ .name = "Or", .type = MDM_BOOLEAN,
                 .combine = MDM_COMBINE_OR },
               { .name = "Own", .type = MDM_INTEGER }) },
    { 0 }
};

static bool
merge(mdm_call_t *call, const mdm_node_t *const *values, size_t n,
    mdm_node_t *into)
{
    return call->host->set(call, into, "Of",
                           call->host->new_integer(call, n));
}

static const mdm_key_t  secret_keys[] = {
    { .name = "Password", .type = MDM_STRING, .flags = MDM_SECRET,
      .pattern = "^.+$" },
    { .name = "User", .type = MDM_STRING, .preset = "x",
      MDM_ON(.ios = { .introduced = "9.0", .supervised = MDM_YES }) },
    { .name = "List", .type = MDM_ARRAY, .least = 1,
      MDM_KEYS({ .type = MDM_DICTIONARY,
                 MDM_KEYS({ .name = "Key", .type = MDM_DATA,
                            .flags = MDM_SECRET },
                          { .name = "Open", .type = MDM_INTEGER,
                            .min = "1" }) }) },
    { 0 }
};

static const mdm_type_t *const  types[] = {
    PAYLOAD(.name = "com.example.m", .title = "M",
      .keys = keys, EVERYWHERE),
    PAYLOAD(.name = "com.example.f", .keys = keys,
      .merge = merge, EVERYWHERE),
    PAYLOAD(.name = "com.example.s", .keys = secret_keys,
      MDM_ON(.ios = { .introduced = "4.0", .many = MDM_YES })),
    NULL
};


static fixture_t  f;


static void
merged(const char *type, const char *a, const char *b, const char *json,
    const char *lines)
{
    char                     *text, *p;
    json_t                   *dumped;
    mdm_node_t               *into;
    const mdm_node_t         *payloads[2];
    const mdm_schema_type_t  *of;

    fixture_forget(&f);

    payloads[0] = fixture_json(&f, a);
    payloads[1] = fixture_json(&f, b);
    of = mdm_schema_find(f.schema, MDM_PAYLOAD, str(type));

    assert_int_equal(mdm_schema_merge(of, &f.arena, payloads, 2, &into,
                                      &f.findings),
                     MDM_OK);

    dumped = mdm_node_to_json(into, true);
    text = json_dumps(dumped, JSON_COMPACT);

    for (p = text; *p; p++) {
        *p = *p == '"' ? '\'' : *p;
    }

    assert_string_equal(text, json);
    assert_string_equal(fixture_lines(&f), lines);

    free(text);
    json_decref(dumped);
}


static void
each_key_combines_by_its_rule(void **state)
{
    fixture_start(&f, types);

    merged("com.example.m",
        "{'Or': false, 'And': true, 'Min': 3, 'Max': 1, 'First': 'x',"
        " 'Low': 'b', 'High': 'b', 'All': [1], 'Any': [1, [2]],"
        " 'Both': [1, 2, 3], 'Own': 's', 'In': {'Own': 1}}",
        "{'Or': true, 'And': false, 'Min': 2, 'Max': 1.5, 'First': 'y',"
        " 'Low': 'a', 'High': 'c', 'All': [1], 'Any': [[2], 3],"
        " 'Both': [3, 1], 'Own': 's', 'In': {'Or': true, 'Own': 1}}",
        "{'Or':true,'And':false,'Min':2,'Max':1.5,'First':'x','Low':'a',"
        "'High':'c','All':[1,1],'Any':[1,[2],3],'Both':[1,3],'Own':'s',"
        "'In':{'Own':1,'Or':true}}", "");

    merged("com.example.m", "{'Min': 2, 'Low': 'a', 'High': 'c'}",
        "{'Min': 3, 'Low': 'c', 'High': 'a'}",
        "{'Min':2,'Low':'a','High':'c'}", "");

    fixture_end(&f);
}


static void
what_differs_without_a_rule_is_a_conflict(void **state)
{
    fixture_start(&f, types);

    merged("com.example.m",
        "{'PayloadUUID': 'a', 'Own': 's', 'Odd': 1, 'In': {'Own': 1},"
        " 'Min': 'x'}",
        "{'PayloadUUID': 'b', 'Own': 't', 'Odd': 2, 'In': {'Own': 2},"
        " 'Min': 1}",
        "{'PayloadUUID':'a','Own':'s','Odd':1,'In':{'Own':1},'Min':'x'}",
        "!Own: is set to different values, which do not combine (conflict)\n"
        "!Odd: is set to different values, which do not combine (conflict)\n"
        "!In.Own: is set to different values, which do not combine "
        "(conflict)\n"
        "!Min: is set to different values, which do not combine "
        "(conflict)\n");

    merged("com.example.f", "{'Own': 's'}", "{'Own': 't'}",
           "{'Own':'s','Of':2}", "");

    fixture_end(&f);
}


static void
secrets_are_hidden(void **state)
{
    char        *text;
    json_t      *json;
    mdm_node_t  *profile;

    fixture_start(&f, types);

    profile = fixture_json(&f, "{'PayloadDisplayName': 'N',"
        "'PayloadContent': [{'PayloadType': 'com.example.s',"
        "  'Password': 'topsecret', 'User': 'u',"
        "  'List': [{'Key': {'$data': 'AAAA'}, 'Open': 1}, 'topsecret']},"
        " {'PayloadType': 'org.nobody', 'PayloadUUID': 'U',"
        "  'What': ['topsecret']}, 'topsecret']}");

    mdm_schema_hide(f.schema, &f.arena, profile);

    json = mdm_node_to_json(profile, true);
    text = json_dumps(json, JSON_COMPACT);

    assert_string_equal(text, "{\"PayloadDisplayName\":\"N\","
        "\"PayloadContent\":[{\"PayloadType\":\"com.example.s\","
        "\"Password\":{\"$secret\":true},\"User\":\"u\",\"List\":"
        "[{\"Key\":{\"$secret\":true},\"Open\":1},{\"$secret\":true}]},"
        "{\"PayloadType\":\"org.nobody\",\"PayloadUUID\":\"U\","
        "\"What\":{\"$secret\":true}},{\"$secret\":true}]}");

    free(text);
    json_decref(json);

    fixture_end(&f);
}


static void
a_type_is_described_with_every_fact(void **state)
{
    char    *text;
    json_t  *json;

    fixture_start(&f, types);

    json = mdm_schema_describe(f.schema,
                               mdm_schema_find(f.schema, MDM_PAYLOAD,
                                               str("com.example.s")));
    text = json_dumps(json, JSON_COMPACT);

    assert_string_equal(text, "{\"kind\":\"payload\","
        "\"name\":\"com.example.s\",\"title\":\"com.example.s\","
        "\"plugin\":\"test\",\"version\":\"1\",\"file\":\"test.so\","
        "\"systems\":{\"iOS\":{\"introduced\":\"4.0\",\"many\":true}},"
        "\"keys\":["
        "{\"key\":\"Password\",\"type\":\"string\",\"secret\":true,"
        "\"pattern\":\"^.+$\"},"
        "{\"key\":\"User\",\"type\":\"string\",\"default\":\"x\","
        "\"systems\":{\"iOS\":{\"introduced\":\"9.0\",\"supervised\":true}}},"
        "{\"key\":\"List\",\"type\":\"array\",\"least\":1,\"items\":["
        "{\"type\":\"dictionary\",\"keys\":["
        "{\"key\":\"Key\",\"type\":\"data\",\"secret\":true},"
        "{\"key\":\"Open\",\"type\":\"integer\",\"min\":\"1\"}]}]}]}");

    free(text);
    json_decref(json);

    json = mdm_schema_describe(f.schema, NULL);
    assert_int_equal(json_array_size(json), 3);
    assert_string_equal(json_string_value(json_object_get(
                            json_array_get(json, 1), "title")), "M");
    assert_null(json_object_get(json_array_get(json, 1), "keys"));
    json_decref(json);

    fixture_end(&f);
}


static void
the_keys_of_no_plugin_are_described(void **state)
{
    json_t      *json, *keys;
    size_t       i;
    const char  *first;

    static const char *const  around[] = { "profile", "payload" };

    fixture_start(&f, types);

    json = mdm_schema_describe_common(f.schema);
    assert_int_equal(json_object_size(json), 2);

    for (i = 0; i < 2; i++) {
        keys = json_object_get(json_object_get(json, around[i]), "keys");
        assert_true(json_array_size(keys) >= 8);

        first = json_string_value(json_object_get(json_array_get(keys, 0),
                                                  "key"));
        assert_string_equal(first, "PayloadType");
        assert_non_null(json_object_get(
            json_object_get(json_object_get(json, around[i]), "systems"),
            "watchOS"));
    }

    json_decref(json);
    fixture_end(&f);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(each_key_combines_by_its_rule),
        cmocka_unit_test(what_differs_without_a_rule_is_a_conflict),
        cmocka_unit_test(secrets_are_hidden),
        cmocka_unit_test(a_type_is_described_with_every_fact),
        cmocka_unit_test(the_keys_of_no_plugin_are_described)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
