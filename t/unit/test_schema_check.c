
/*
 * Contents beside their tables: every rule, all that is wrong at once, and
 * never a secret among it.
 */


#include "schema_fixture.h"


static const mdm_key_t  item_kinds[] = {
    { .name = "Roaming", .type = MDM_DICTIONARY,
      MDM_KEYS({ .name = "Item", .type = MDM_STRING, .flags = MDM_NEEDED,
                 MDM_ONE_OF("Roaming") },
               { .name = "Enabled", .type = MDM_BOOLEAN,
                 .flags = MDM_NEEDED }) },
    { .name = "Wallpaper", .type = MDM_DICTIONARY,
      MDM_KEYS({ .name = "Item", .type = MDM_STRING, .flags = MDM_NEEDED,
                 MDM_ONE_OF("Wallpaper") },
               { .name = "Image", .type = MDM_DATA, .flags = MDM_NEEDED }) },
    { .type = MDM_INTEGER },
    { 0 }
};

static const mdm_key_t  keys[] = {
    { .name = "Flag", .type = MDM_BOOLEAN },
    { .name = "Count", .type = MDM_INTEGER, .min = "1", .max = "10" },
    { .name = "Least", .type = MDM_REAL, .min = "0.5" },
    { .name = "Most", .type = MDM_INTEGER, .max = "9" },
    { .name = "Level", .type = MDM_INTEGER, MDM_ONE_OF("1", "5") },
    { .name = "Word", .type = MDM_STRING, MDM_ONE_OF("a", "b") },
    { .name = "PIN", .type = MDM_STRING, .flags = MDM_SECRET,
      .pattern = "^[0-9]{6}$" },
    { .name = "Digits", .type = MDM_STRING, .pattern = "^[0-9]+$" },
    { .name = "Data", .type = MDM_DATA },
    { .name = "Date", .type = MDM_DATE },
    { .name = "Any", .type = MDM_ANY },
    { .name = "Names", .type = MDM_ARRAY, .least = 1, .most = 2,
      MDM_KEYS({ .type = MDM_STRING, .pattern = "^[a-z]+$" }) },
    { .name = "Items", .type = MDM_ARRAY, .keys = item_kinds },
    { .name = "Queries", .type = MDM_ARRAY,
      MDM_KEYS({ .type = MDM_STRING, MDM_ONE_OF("One") },
               { .type = MDM_STRING, MDM_ONE_OF("Two") }) },
    { .name = "Free", .type = MDM_ARRAY },
    { .name = "Inner", .type = MDM_DICTIONARY,
      MDM_KEYS({ .name = "Must", .type = MDM_STRING, .flags = MDM_NEEDED }) },
    { .name = "Hidden", .type = MDM_DICTIONARY, .flags = MDM_SECRET,
      MDM_KEYS({ .name = "N", .type = MDM_INTEGER },
               { .name = "A", .type = MDM_ARRAY,
                 MDM_KEYS({ .type = MDM_STRING }) }) },
    { .name = "Map", .type = MDM_DICTIONARY,
      MDM_KEYS({ .name = "*", .type = MDM_INTEGER },
               { .name = "Named", .type = MDM_STRING }) },
    { 0 }
};

static const mdm_key_t  needy[] = {
    { .name = "Here", .type = MDM_STRING, .flags = MDM_NEEDED },
    { .name = "Mac", .type = MDM_STRING, .flags = MDM_NEEDED,
      MDM_ON(.ios = { .introduced = MDM_NEVER_THERE },
             .macos = { .introduced = "10.8" }) },
    { 0 }
};

static bool
refuse(mdm_call_t *call, const mdm_node_t *value)
{
    const mdm_host_t  *host = call->host;

    if (host->get(value, "Quiet")) {
        return false;
    }

    call->host->warn(call, "Two", "looks odd");
    call->host->fault(call, "One[3]", "must be odd");
    call->host->fault(call, NULL, NULL);

    return false;
}

static bool
build(mdm_call_t *call, mdm_node_t *value)
{
    return call->host->set(call, value, "Built",
                           call->host->new_boolean(call, true));
}

static const mdm_type_t *const  types[] = {
    COMMAND(.name = "All", .keys = keys, EVERYWHERE),
    COMMAND(.name = "Needy", .keys = needy, EVERYWHERE),
    COMMAND(.name = "Free", EVERYWHERE),
    COMMAND(.name = "Refuse", .validate = refuse, EVERYWHERE),
    COMMAND(.name = "Build", .build = build, EVERYWHERE,
      MDM_KEYS({ .name = "N", .type = MDM_INTEGER })),
    NULL
};


static fixture_t  f;


static void
what_is_right_passes(void **state)
{
    mdm_node_t  *node;

    fixture_start(&f, types);

    node = fixture_command(&f, "All",
        "{'Flag': true, 'Count': 10, 'Least': 1, 'Level': 5, 'Word': 'b',"
        " 'PIN': '123456', 'Data': 'aGVsbG8=',"
        " 'Date': '2026-05-04T08:15:00Z', 'Any': {'x': [1, 'y']},"
        " 'Names': ['a'], 'Free': [1, {}], 'Inner': {'Must': ''},"
        " 'Map': {'x': 1, 'y': 2, 'Named': 'z'}, 'Queries': ['Two', 'One'],"
        " 'Items': [{'Item': 'Wallpaper', 'Image': 'AA=='}, 7,"
        "           {'Item': 'Roaming', 'Enabled': true}]}", "");

    assert_int_equal(mdm_node_get(node, "Data")->type, MDM_DATA);
    assert_int_equal(mdm_node_get(node, "Data")->u.text.len, 5);
    assert_int_equal(mdm_node_get(node, "Date")->type, MDM_DATE);
    assert_int_equal(f.check.nwants, 0);
    assert_false(f.check.values.escaped);

    fixture_end(&f);
}


static void
everything_that_is_wrong_is_told_at_once(void **state)
{
    fixture_start(&f, types);

    fixture_command(&f, "All",
        "{'Flag': 1, 'Count': 11, 'Least': 0.25, 'Most': 12, 'Level': 2,"
        " 'Word': 'c', 'Digits': 'x', 'Data': 'a%', 'Date': 'tomorrow',"
        " 'Names': [], 'Inner': {}, 'Map': {'x': 'y'}}",
        "!Flag: must be a boolean, not an integer [1] (type)\n"
        "!Count: must be from 1 to 10 [11] (range)\n"
        "!Least: must be 0.5 or more [0.25] (range)\n"
        "!Most: must be 9 or less [12] (range)\n"
        "!Level: must be one of 1, 5 [2] (one_of)\n"
        "!Word: must be one of a, b [c] (one_of)\n"
        "!Digits: must match ^[0-9]+$ [x] (pattern)\n"
        "!Data: must be data, in JSON as Base64 [a%] (type)\n"
        "!Date: must be a date, in JSON like 2026-05-04T08:15:00Z [tomorrow]"
        " (type)\n"
        "!Names: must have 1 or more items [an array of 0] (count)\n"
        "!Inner.Must: is required (required)\n"
        "!Map.x: must be an integer, not a string [y] (type)\n");

    assert_int_equal(f.findings.faults, 12);
    assert_int_equal(f.findings.warnings, 0);

    fixture_end(&f);
}


static void
items_are_told_apart(void **state)
{
    fixture_start(&f, types);

    fixture_command(&f, "All",
        "{'Items': [{'Item': 'Roaming'}, {'Item': 'Nothing'}, {}, 'x',"
        " {'Item': 'Wallpaper', 'Image': 1}],"
        " 'Queries': ['Three', 4], 'Names': ['a', 'B', 'c']}",
        "!Items[0].Enabled: is required (required)\n"
        "!Items[1].Item: must be one of: Roaming, Wallpaper [Nothing]"
        " (one_of)\n"
        "!Items[2].Item: is required, it is one of: Roaming, Wallpaper"
        " (required)\n"
        "!Items[3]: must be one of: a dictionary, an integer [x] (type)\n"
        "!Items[4].Image: must be data, not an integer [1] (type)\n"
        "!Queries[0]: must be one of: One, Two [Three] (one_of)\n"
        "!Queries[1]: must be a string [4] (type)\n"
        "!Names: must have 2 or fewer items [an array of 3] (count)\n"
        "!Names[1]: must match ^[a-z]+$ [B] (pattern)\n");

    fixture_end(&f);
}


static void
secrets_are_never_shown(void **state)
{
    fixture_start(&f, types);

    fixture_command(&f, "All",
        "{'PIN': 'topsecret', 'Hidden': {'N': 'topsecret',"
        " 'A': [1, {'x': 'topsecret'}], 'B': 'topsecret'}}",
        "!PIN: must match ^[0-9]{6}$ (pattern)\n"
        "!Hidden.N: must be an integer, not a string (type)\n"
        "!Hidden.A[0]: must be a string, not an integer (type)\n"
        "!Hidden.A[1]: must be a string, not a dictionary (type)\n"
        "?Hidden.B: is no key of All (unknown_key)\n");

    fixture_command(&f, "All", "{'PIN': 1, 'Hidden': 'topsecret'}",
        "!PIN: must be a string, not an integer (type)\n"
        "!Hidden: must be a dictionary, not a string (type)\n");

    fixture_end(&f);
}


static void
unknown_keys_are_faults_of_the_strict(void **state)
{
    fixture_start(&f, types);

    fixture_command(&f, "All", "{'Odd': 1, 'Inner': {'Must': '', 'x': 2}}",
        "?Odd: is no key of All (unknown_key)\n"
        "?Inner.x: is no key of All (unknown_key)\n");

    /* one that is there in other capitals is named */

    fixture_command(&f, "All", "{'pin': '1', 'PIN2': '1', 'inner': {}}",
        "?pin: is no key of All, which has PIN (unknown_key)\n"
        "?PIN2: is no key of All (unknown_key)\n"
        "?inner: is no key of All, which has Inner (unknown_key)\n");

    f.check.strict = true;
    fixture_command(&f, "All", "{'Odd': 1}",
        "!Odd: is no key of All (unknown_key)\n");

    fixture_command(&f, "Free", "{'Odd': 1}", "");

    fixture_end(&f);
}


static void
what_only_some_systems_need_is_left_to_gating(void **state)
{
    mdm_facts_t  facts = {
        .platform = MDM_MACOS, .version = 11 << 20, .access_rights = -1
    };

    fixture_start(&f, types);

    fixture_command(&f, "Needy", "{}", "!Here: is required (required)\n");
    fixture_command(&f, "Needy", "{'Here': 'x'}", "");

    mdm_schema_gate(f.check.demands, &facts, false, &f.findings);
    assert_string_equal(fixture_lines(&f),
        "!Mac: Mac of Needy is required on macOS (required)\n");

    fixture_forget(&f);
    facts.version = 0;
    mdm_schema_gate(f.check.demands, &facts, false, &f.findings);
    assert_string_equal(fixture_lines(&f),
        "?Mac: Mac of Needy depends on the version of its system, which is "
        "not known yet (unknown_fact)\n");

    fixture_forget(&f);
    facts.platform = MDM_IOS;
    mdm_schema_gate(f.check.demands, &facts, false, &f.findings);
    assert_string_equal(fixture_lines(&f), "");

    fixture_end(&f);
}


static void
functions_have_their_say(void **state)
{
    mdm_node_t  *node;

    fixture_start(&f, types);

    fixture_command(&f, "Refuse", "{}",
        "?Two: looks odd (plugin)\n"
        "!One[3]: must be odd (plugin)\n"
        "!: is not as it must be (plugin)\n");
    fixture_command(&f, "Refuse", "{'Quiet': 1}",
        "!: is refused by the plugin test (plugin)\n");

    node = fixture_command(&f, "Build", "{'N': 1}", "");
    assert_true(mdm_node_get(node, "Built")->u.boolean);

    /* not of what is refused anyway */

    node = fixture_command(&f, "Build", "{'N': 'x'}",
        "!N: must be an integer, not a string [x] (type)\n");
    assert_null(mdm_node_get(node, "Built"));

    fixture_end(&f);
}


/* --- the hostile --- */

static void
a_text_of_ten_megabytes_is_quoted_in_a_hundred_bytes(void **state)
{
    size_t       i, size;
    char        *text;
    mdm_node_t  *node, *value;

    fixture_start(&f, types);

    size = 10 * 1024 * 1024;
    text = malloc(size);
    assert_non_null(text);

    for (i = 0; i + 1 < size; i += 2) {
        memcpy(text + i, "\xc3\xa4", 2);          /* two bytes each */
    }

    text[0] = 'x';
    text[1] = 'x';
    text[2] = 'x';                                /* 100 is inside of one */
    text[3] = 'x';
    text[4] = 'x';
    memmove(text + 5, text + 6, size - 6);

    node = mdm_node_new(&f.arena, MDM_DICTIONARY);
    value = mdm_node_text(&f.arena, MDM_STRING,
                          (mdm_str_t) { size - 1,
                                        (unsigned char *) text });
    mdm_node_set(&f.arena, node, "Digits", value);

    assert_int_equal(mdm_schema_check_command(&f.check,
                         mdm_schema_command(f.schema, str("All")), node),
                     MDM_OK);

    assert_int_equal(f.findings.faults, 1);
    assert_int_equal(f.findings.first->found.len, 99);
    assert_true(mdm_utf8_valid(f.findings.first->found.data, 99));
    assert_string_equal(f.findings.first->code, "pattern");

    free(text);
    fixture_end(&f);
}


static void
what_is_too_deep_is_told_once(void **state)
{
    unsigned     i;
    mdm_node_t  *node, *inner, *outer;

    fixture_start(&f, types);

    inner = mdm_node_new(&f.arena, MDM_ARRAY);

    for (i = 0; i < 1000; i++) {
        outer = mdm_node_new(&f.arena, MDM_ARRAY);
        assert_int_equal(mdm_node_append(outer, inner), MDM_OK);
        inner = outer;
    }

    node = mdm_node_new(&f.arena, MDM_DICTIONARY);
    mdm_node_set(&f.arena, node, "Any", inner);

    assert_int_equal(mdm_schema_check_command(&f.check,
                         mdm_schema_command(f.schema, str("All")), node),
                     MDM_OK);
    assert_int_equal(f.findings.faults, 1);

    fixture_end(&f);
}


static void
findings_past_the_bound_are_counted(void **state)
{
    char                  name[16];
    size_t                kept;
    unsigned              i;
    mdm_node_t           *node, *map, *value;
    const mdm_finding_t  *finding;

    fixture_start(&f, types);

    node = mdm_node_new(&f.arena, MDM_DICTIONARY);
    map = mdm_node_new(&f.arena, MDM_DICTIONARY);

    for (i = 0; i < 100000; i++) {
        snprintf(name, sizeof(name), "k%u", i);
        value = mdm_node_text(&f.arena, MDM_STRING, str("x"));
        mdm_node_add(&f.arena, i % 2 ? map : node, str(name), value);
    }

    mdm_node_set(&f.arena, node, "Map", map);

    assert_int_equal(mdm_schema_check_command(&f.check,
                         mdm_schema_command(f.schema, str("All")), node),
                     MDM_OK);

    assert_int_equal(f.findings.faults, 50000);
    assert_int_equal(f.findings.warnings, 50000);

    for (kept = 0, finding = f.findings.first; finding;
         finding = finding->next)
    {
        kept++;
    }

    assert_int_equal(kept, 2 * MDM_FINDINGS_MAX);

    fixture_end(&f);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(what_is_right_passes),
        cmocka_unit_test(everything_that_is_wrong_is_told_at_once),
        cmocka_unit_test(items_are_told_apart),
        cmocka_unit_test(secrets_are_never_shown),
        cmocka_unit_test(unknown_keys_are_faults_of_the_strict),
        cmocka_unit_test(what_only_some_systems_need_is_left_to_gating),
        cmocka_unit_test(functions_have_their_say),
        cmocka_unit_test(a_text_of_ten_megabytes_is_quoted_in_a_hundred_bytes),
        cmocka_unit_test(what_is_too_deep_is_told_once),
        cmocka_unit_test(findings_past_the_bound_are_counted)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
