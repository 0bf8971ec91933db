
/*
 * Lists of items: which items an answer's table keeps and by which keys, what a
 * handler keeps, and which tables are refused.
 */


#include "schema_fixture.h"


static bool
keeps(mdm_call_t *call, const mdm_result_t *result)
{
    const mdm_host_t  *h = call->host;
    char              *p, *data;
    mdm_node_t        *value;

    value = h->new_integer(call, 1);
    p = h->alloc(call, 257);
    memset(p, 'x', 257);
    data = h->alloc(call, 257);
    memset(data, 0xff, 257);

    return h->keep_item(call, "none", (mdm_text_t) { 0, NULL }, NULL)
           && h->keep_item(call, "some", (mdm_text_t) { 3, "one" }, value)
           && h->keep_item(call, "some", (mdm_text_t) { 256, p }, value)
           && h->keep_item(call, "some", (mdm_text_t) { 257, p }, value)
           && h->keep_item(call, "some", (mdm_text_t) { 257, data }, value)
           && h->keep_item(call, "some", (mdm_text_t) { 3, "a\nb" }, value)
           && !h->keep_item(NULL, "some", (mdm_text_t) { 1, "a" }, value);
}


/* Each of these returns true, as if nothing had happened. */

static bool
odd_list(mdm_call_t *call, const mdm_result_t *result)
{
    call->host->keep_item(call, "a b", (mdm_text_t) { 1, "a" },
                          call->host->new_integer(call, 1));
    return true;
}


static bool
no_key(mdm_call_t *call, const mdm_result_t *result)
{
    call->host->keep_item(call, "some", (mdm_text_t) { 0, NULL },
                          call->host->new_integer(call, 1));
    return true;
}


static bool
odd_key(mdm_call_t *call, const mdm_result_t *result)
{
    call->host->keep_item(call, "some", (mdm_text_t) { 2, "a\0" },
                          call->host->new_integer(call, 1));
    return true;
}


static bool
many(mdm_call_t *call, const mdm_result_t *result)
{
    unsigned     i;
    mdm_node_t  *value;

    value = call->host->new_integer(call, 1);

    for (i = 0; i < 10001; i++) {
        call->host->keep_item(call, i % 2 ? "odd" : "even",
                              (mdm_text_t) { 1, "a" }, value);
    }

    return true;
}


static bool
large(mdm_call_t *call, const mdm_result_t *result)
{
    char        *p;
    unsigned     i;
    mdm_node_t  *value;

    p = call->host->alloc(call, 60000);
    memset(p, 'x', 60000);
    value = call->host->new_string(call, (mdm_text_t) { 60000, p });

    /* of such a key the hash is kept, so its length does not count */

    for (i = 0; i < 280; i++) {
        call->host->keep_item(call, "some", (mdm_text_t) { 60000, p }, value);
    }

    return true;
}


static bool
large_one(mdm_call_t *call, const mdm_result_t *result)
{
    char  *p;

    p = call->host->alloc(call, 65536);
    memset(p, 'x', 65536);
    call->host->keep_item(call, "some", (mdm_text_t) { 1, "a" },
                          call->host->new_string(call,
                                                 (mdm_text_t) { 65536, p }));
    return true;
}


static const mdm_key_t  apps[] = {
    { "Apps", MDM_ARRAY, .list = "applications",
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ "Identifier", MDM_STRING, MDM_TELLS },
                          { "Size", MDM_INTEGER },
                          { "Share", MDM_REAL },
                          { "Token", MDM_STRING, MDM_SECRET },
                          { "Code", MDM_STRING, .escrow = "code" },
                          { "Icons", MDM_ARRAY,
                            MDM_KEYS({ NULL, MDM_STRING }) },
                          { "More", MDM_DICTIONARY },
                          { "Inner", MDM_DICTIONARY,
                            MDM_KEYS({ "Key", MDM_DATA, MDM_SECRET },
                                     { "Open", MDM_BOOLEAN }) }) }) },
    { 0 }
};

static const mdm_key_t  parts[] = {
    { "Parts", MDM_ARRAY, .list = "parts",
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ "A", MDM_STRING, MDM_TELLS },
                          { "N", MDM_INTEGER, MDM_TELLS },
                          { "D", MDM_DATE },
                          { "B", MDM_STRING, MDM_TELLS }) }) },
    { 0 }
};

static const mdm_key_t  certificates[] = {
    { "Certificates", MDM_ARRAY, .list = "certificates",
      MDM_KEYS({ NULL, MDM_DICTIONARY,
                 MDM_KEYS({ "Data", MDM_DATA, MDM_TELLS }) }) },
    { 0 }
};

static const mdm_key_t  names[] = {
    { "Names", MDM_ARRAY, .list = "names", MDM_KEYS({ NULL, MDM_STRING }) },
    { 0 }
};

static const mdm_key_t  rest[] = {
    { "Known", MDM_STRING, .attribute = "Known" },
    { "Managed", MDM_DICTIONARY,
      MDM_KEYS({ "Version", MDM_STRING },
               { "*", MDM_DICTIONARY, .list = "managed",
                 MDM_KEYS({ "Status", MDM_STRING },
                          { "Code", MDM_STRING, MDM_SECRET }) }) },
    { 0 }
};

static const mdm_type_t *const  types[] = {
    COMMAND(.name = "Apps", .answer = apps, EVERYWHERE),
    COMMAND(.name = "Parts", .answer = parts, EVERYWHERE),
    COMMAND(.name = "Certificates", .answer = certificates, EVERYWHERE),
    COMMAND(.name = "Names", .answer = names, EVERYWHERE),
    COMMAND(.name = "Rest", .answer = rest, EVERYWHERE),
    COMMAND(.name = "Keeps", .result = keeps, EVERYWHERE),
    COMMAND(.name = "OddList", .result = odd_list, EVERYWHERE),
    COMMAND(.name = "NoKey", .result = no_key, EVERYWHERE),
    COMMAND(.name = "OddKey", .result = odd_key, EVERYWHERE),
    COMMAND(.name = "Many", .result = many, EVERYWHERE),
    COMMAND(.name = "Large", .result = large, EVERYWHERE),
    COMMAND(.name = "LargeOne", .result = large_one, EVERYWHERE),
    NULL
};


static fixture_t      f;
static mdm_effects_t  effects;
static mdm_fault_t    fault;


static mdm_rc_e
result(const char *type, const char *json)
{
    fault.text[0] = '\0';

    return mdm_schema_result(mdm_schema_command(f.schema, str(type)),
                             &f.arena, fixture_json(&f, json), &effects,
                             &fault);
}


/* All lists as one line of text: "name(key=value key=value) name()". */

static void
lists_are(const char *type, const char *json, const char *expected)
{
    char                     *text, *value;
    FILE                     *file;
    size_t                    size;
    json_t                   *object;
    const mdm_effect_item_t  *item;
    const mdm_effect_list_t  *list;

    assert_int_equal(result(type, json), MDM_OK);

    file = open_memstream(&text, &size);

    for (list = effects.lists; list; list = list->next) {
        fprintf(file, "%s%.*s(", list == effects.lists ? "" : " ",
                (int) list->name.len, list->name.data);

        for (item = list->first; item; item = item->next) {
            object = mdm_node_to_json(item->value, true);
            value = json_dumps(object, JSON_COMPACT|JSON_ENCODE_ANY);
            fprintf(file, "%s%.*s=%s", item == list->first ? "" : " ",
                    (int) item->key.len, item->key.data, value);
            free(value);
            json_decref(object);
        }

        fprintf(file, ")");
    }

    fclose(file);
    assert_string_equal(text, expected);
    free(text);
}


static void
items_of_an_array_are_told_apart_by_members(void **state)
{
    fixture_start(&f, types);

    assert_true(mdm_schema_command(f.schema, str("Apps"))->handles);

    lists_are("Apps", "{'Status': 'Acknowledged', 'Apps': ["
              "{'Identifier': 'a', 'Size': 1, 'Share': 2},"
              "{'Identifier': 'b', 'Icons': ['x', 5], 'More': {'any': [1]}}"
              "]}",
              "applications(a={\"Identifier\":\"a\",\"Size\":1,\"Share\":2} "
              "b={\"Identifier\":\"b\",\"Icons\":[\"x\"],"
              "\"More\":{\"any\":[1]}})");
    assert_int_equal(effects.items, 2);

    lists_are("Parts", "{'Status': 'Acknowledged', 'Parts': ["
              "{'A': 'a', 'B': 'b', 'N': -1},"
              "{'A': 'a/b', 'B': 'c\\\\', 'N': 2}]}",
              "parts(a/-1/b={\"A\":\"a\",\"B\":\"b\",\"N\":-1} "
              "a\\/b/2/c\\\\={\"A\":\"a/b\",\"B\":\"c\\\\\",\"N\":2})");

    lists_are("Certificates", "{'Status': 'Acknowledged', 'Certificates': ["
              "{'Data': {'$data': 'YWJj'}}]}",
              "certificates(ba7816bf8f01cfea414140de5dae2223b00361a396177a9c"
              "b410ff61f20015ad={\"Data\":\"YWJj\"})");

    lists_are("Names", "{'Status': 'Acknowledged', 'Names': ['a', '', 'b']}",
              "names(a=\"a\" b=\"b\")");

    fixture_end(&f);
}


static void
what_is_secret_or_not_described_is_left_out(void **state)
{
    fixture_start(&f, types);

    lists_are("Apps", "{'Status': 'Acknowledged', 'Apps': ["
              "{'Identifier': 'a', 'Token': 'geheim', 'Unknown': 1,"
              " 'Inner': {'Key': {'$data': 'AAEC'}, 'Open': true}}]}",
              "applications(a={\"Identifier\":\"a\","
              "\"Inner\":{\"Open\":true}})");
    assert_int_equal(effects.n, 0);

    /* but what goes to escrow goes there */

    lists_are("Apps", "{'Status': 'Acknowledged', 'Apps': ["
              "{'Identifier': 'a', 'Code': 'geheim'}]}",
              "applications(a={\"Identifier\":\"a\"})");
    assert_int_equal(effects.n, 1);
    assert_true(mdm_str_eq_c(effects.first->text, "geheim"));

    lists_are("Rest", "{'Status': 'Acknowledged', 'Managed': "
              "{'a': {'Status': 'Managed', 'Code': 'geheim'}}}",
              "managed(a={\"Status\":\"Managed\"})");

    fixture_end(&f);
}


static void
members_of_a_dictionary_are_their_own_keys(void **state)
{
    fixture_start(&f, types);

    lists_are("Rest", "{'Status': 'Acknowledged', 'Known': 'k', 'Managed': "
              "{'Version': '1', 'a': {'Status': 'Managed'}, 'b': {}, "
              "'c': 'odd'}}",
              "managed(a={\"Status\":\"Managed\"} b={})");
    assert_int_equal(effects.n, 1);

    fixture_end(&f);
}


static void
a_list_is_told_even_when_it_is_empty(void **state)
{
    fixture_start(&f, types);

    lists_are("Apps", "{'Status': 'Acknowledged', 'Apps': []}",
              "applications()");
    lists_are("Rest", "{'Status': 'Acknowledged', 'Managed': {}}",
              "managed()");

    /* what is not there says nothing, and neither does what is no list, or
     * no answer */

    lists_are("Apps", "{'Status': 'Acknowledged'}", "");
    lists_are("Apps", "{'Status': 'Acknowledged', 'Apps': {}}", "");
    lists_are("Rest", "{'Status': 'Acknowledged', 'Managed': 1}", "");
    lists_are("Apps", "{'Status': 'Error', 'Apps': []}", "");

    fixture_end(&f);
}


static void
what_nothing_tells_apart_is_passed_over(void **state)
{
    fixture_start(&f, types);

    lists_are("Apps", "{'Status': 'Acknowledged', 'Apps': ["
              "{'Size': 1}, 'text', {'Identifier': 5}, {'Identifier': ''},"
              "{'Identifier': 'a', 'Size': 'odd', 'Share': 'odd'}]}",
              "applications(a={\"Identifier\":\"a\"})");
    lists_are("Parts", "{'Status': 'Acknowledged', 'Parts': ["
              "{'A': 'a', 'B': 'b'}]}", "parts()");

    fixture_end(&f);
}


static void
a_handler_keeps_items(void **state)
{
    const mdm_effect_item_t  *item;

    fixture_start(&f, types);

    assert_int_equal(result("Keeps", "{}"), MDM_OK);
    assert_null(effects.lists->first);

    item = effects.lists->next->first;
    assert_true(mdm_str_eq_c(item->key, "one"));
    assert_int_equal(item->next->key.len, 256);

    /* for a longer key stands its hash, be it text or data */

    item = item->next->next;
    assert_int_equal(item->key.len, 71);
    assert_memory_equal(item->key.data, "sha256:", 7);
    assert_int_equal(item->next->key.len, 71);
    assert_memory_equal(item->next->key.data, "sha256:", 7);
    assert_int_equal(effects.items, 5);

    fixture_end(&f);
}


static void
nonsense_leaves_nothing(void **state)
{
    size_t  i;

    static const struct {
        const char  *type;
        const char  *words;
    } cases[] = {
        { "OddList", "keep_item(): \"a b\" is no name for a list" },
        { "NoKey", "keep_item(): \"some\" is given a key that is no text" },
        { "OddKey", "keep_item(): \"some\" is given a key that is no text" },
        { "Many", "a report has more than 10000 items of lists" },
        { "Large", "the items of lists are larger than 16777216 bytes" },
        { "LargeOne", "an item of a list is larger than 65536 bytes" }
    };

    fixture_start(&f, types);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(result(cases[i].type, "{}"), MDM_MALFORMED);
        assert_string_equal(fault.text, cases[i].words);
        assert_null(effects.lists);
        assert_int_equal(effects.items, 0);
    }

    fixture_end(&f);
}


/* --- tables that are refused --- */

static void
refuse(mdm_type_t type, const char *words)
{
    mdm_fault_t              why;
    mdm_plugin_t             plugin;
    mdm_schema_t            *schema;
    const mdm_type_t *const  all[] = { &type, NULL };

    type.kind = type.kind ? type.kind : MDM_COMMAND;
    type.name = "T";
    type.on = types[0]->on;

    plugin = (mdm_plugin_t) { MDM_PLUGIN, .name = "test", .version = "1",
                              .types = all };

    schema = mdm_schema_create();
    assert_int_equal(mdm_schema_add(schema, &plugin, "", NULL, &why),
                     MDM_MALFORMED);

    if (strstr(why.text, words) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", words, why.text);
    }

    mdm_schema_destroy(schema);
}


#define ANSWER(...)  .answer = (const mdm_key_t[]) { __VA_ARGS__, { 0 } }
#define ITEM(...)    MDM_KEYS({ NULL, MDM_DICTIONARY, MDM_KEYS(__VA_ARGS__) })

static void
a_table_that_makes_no_sense_is_refused(void **state)
{
    refuse((mdm_type_t) { .keys = names }, "lists are kept of answers only");
    refuse((mdm_type_t) { ANSWER({ "L", MDM_ARRAY, .list = "a b",
                                   MDM_KEYS({ NULL, MDM_STRING }) }) },
           "T, L: \"a b\" is no name for a list");
    refuse((mdm_type_t) { ANSWER({ "L", MDM_STRING, .list = "l" }) },
           "a list is an array that says its items");
    refuse((mdm_type_t) { ANSWER({ "L", MDM_ARRAY, .list = "l" }) },
           "a list is an array that says its items");
    refuse((mdm_type_t) { ANSWER({ "L", MDM_ARRAY, MDM_SECRET, .list = "l",
                                   MDM_KEYS({ NULL, MDM_STRING }) }) },
           "what is secret cannot be kept in a list");
    refuse((mdm_type_t) { ANSWER({ "L", MDM_ARRAY, .list = "l",
                                   MDM_KEYS({ NULL, MDM_INTEGER }) }) },
           "items of a list are strings, or dictionaries");
    refuse((mdm_type_t) { ANSWER({ "L", MDM_ARRAY, .list = "l",
                                   ITEM({ "K", MDM_STRING }) }) },
           "T, L[]: nothing tells the items of its list apart");
    refuse((mdm_type_t) { ANSWER({ "L", MDM_ARRAY, .list = "l",
                                   ITEM({ "K", MDM_ARRAY, MDM_TELLS }) }) },
           "an array cannot tell items of a list apart");
    refuse((mdm_type_t) { ANSWER({ "L", MDM_ARRAY, .list = "l",
                                   ITEM({ "K", MDM_STRING,
                                          MDM_TELLS|MDM_SECRET }) }) },
           "what is secret cannot tell items");
    refuse((mdm_type_t) { ANSWER({ "L", MDM_ARRAY, .list = "l",
                                   ITEM({ "K", MDM_STRING, MDM_TELLS,
                                          .attribute = "A" }) }) },
           "items of a list have no attributes");
    refuse((mdm_type_t) { ANSWER({ "L", MDM_ARRAY, .list = "l",
                                   ITEM({ "K", MDM_STRING, MDM_TELLS },
                                        { "M", MDM_ARRAY, .list = "m",
                                          MDM_KEYS({ NULL,
                                                     MDM_STRING }) }) }) },
           "a list cannot lie in another");
    refuse((mdm_type_t) { ANSWER({ "K", MDM_STRING, MDM_TELLS }) },
           "MDM_TELLS is for members of a list's items");
    refuse((mdm_type_t) { .keys = names + 1, .part_keys = MDM_TEXTS("X") },
           "X is none of its keys, and is said in part_keys");
    refuse((mdm_type_t) { .kind = MDM_PAYLOAD,
                          .part_keys = MDM_TEXTS("X") },
           "part_keys and expires are for commands");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(items_of_an_array_are_told_apart_by_members),
        cmocka_unit_test(what_is_secret_or_not_described_is_left_out),
        cmocka_unit_test(members_of_a_dictionary_are_their_own_keys),
        cmocka_unit_test(a_list_is_told_even_when_it_is_empty),
        cmocka_unit_test(what_nothing_tells_apart_is_passed_over),
        cmocka_unit_test(a_handler_keeps_items),
        cmocka_unit_test(nonsense_leaves_nothing),
        cmocka_unit_test(a_table_that_makes_no_sense_is_refused)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
