
/*
 * Per-device values and what is in escrow: which names a command wants at its
 * delivery, and which texts only look like it.
 */


#include "schema_fixture.h"


static const mdm_key_t  keys[] = {
    { .name = "Name", .type = MDM_STRING, .flags = MDM_NEEDED },
    { .name = "Word", .type = MDM_STRING, MDM_ONE_OF("a", "b") },
    { .name = "Digits", .type = MDM_STRING, .pattern = "^[0-9]+$" },
    { .name = "Number", .type = MDM_INTEGER },
    { .name = "Flag", .type = MDM_BOOLEAN },
    { .name = "Raw", .type = MDM_STRING, .flags = MDM_LITERAL },
    { .name = "Any", .type = MDM_ANY },
    { .name = "Token", .type = MDM_DATA, .flags = MDM_NEEDED,
      .escrow = "unlock_token" },
    { 0 }
};

static const mdm_type_t *const  types[] = {
    COMMAND(.name = "C", .keys = keys, EVERYWHERE),
    NULL
};


static fixture_t  f;


static void
wants(const char *list)
{
    char    text[4096];
    size_t  i, len;

    len = 0;
    text[0] = '\0';

    for (i = 0; i < f.check.nwants; i++) {
        len += snprintf(text + len, sizeof(text) - len, "%.*s ",
                        (int) f.check.wants[i].len, f.check.wants[i].data);
    }

    assert_string_equal(text, list);
}


static void
names_are_found_in_every_string(void **state)
{
    fixture_start(&f, types);

    fixture_command(&f, "C", "{'Name': 'x %A% %B%', 'Any': [{'y': '%C%'}],"
                    "'Odd': {'z': '%A%%D%'}, 'Token': 'AAAA'}",
                    "?Odd: is no key of C (unknown_key)\n");
    wants("A B C D ");

    /* and of a command that no plugin describes */

    fixture_command(&f, "Nothing", "{'Name': ['%A%']}", "");
    wants("A ");

    fixture_command(&f, "C", "{'Name': '100 % %-A% %A', 'Token': 'AAAA'}",
                    "");
    wants("");
    assert_false(f.check.values.escaped);

    fixture_command(&f, "C", "{'Name': '100 %% more', 'Token': 'AAAA'}", "");
    wants("");
    assert_true(f.check.values.escaped);

    fixture_end(&f);
}


static void
what_a_value_will_be_is_not_judged(void **state)
{
    fixture_start(&f, types);

    fixture_command(&f, "C", "{'Name': '', 'Word': '%A%',"
                    "'Digits': '1%B%', 'Token': 'AAAA'}", "");
    wants("A B ");

    fixture_command(&f, "C", "{'Name': '', 'Word': '%%', 'Digits': '%',"
                    "'Number': '%A%', 'Flag': '%A%', 'Token': 'AAAA'}",
        "!Word: must be one of a, b [%%] (one_of)\n"
        "!Digits: must match ^[0-9]+$ [%] (pattern)\n"
        "!Number: must be an integer, not a string [%A%] (type)\n"
        "!Flag: must be a boolean, not a string [%A%] (type)\n");

    fixture_end(&f);
}


static void
what_stands_for_itself_stays(void **state)
{
    mdm_node_t  *node;

    fixture_start(&f, types);

    node = fixture_command(&f, "C", "{'Name': '', 'Raw': '%A%',"
                           "'Token': 'AAAA'}", "");
    wants("");
    assert_true(mdm_str_eq_c(mdm_node_get(node, "Raw")->u.text, "%A%"));

    /* written so that resolving the others gives it back */

    node = fixture_command(&f, "C", "{'Name': '%A%', 'Raw': '%A%',"
                           "'Token': 'AAAA'}", "");
    wants("A ");
    assert_true(mdm_str_eq_c(mdm_node_get(node, "Raw")->u.text, "%%A%%"));

    f.check.literal = true;
    node = fixture_command(&f, "C", "{'Name': '%A%', 'Raw': '%%',"
                           "'Token': 'AAAA'}", "");
    wants("");
    assert_true(mdm_str_eq_c(mdm_node_get(node, "Name")->u.text, "%A%"));

    /* but with something from escrow it will be resolved */

    node = fixture_command(&f, "C", "{'Name': '%A%'}", "");
    wants("Token<unlock_token ");
    assert_true(mdm_str_eq_c(mdm_node_get(node, "Name")->u.text, "%%A%%"));

    fixture_end(&f);
}


static void
what_is_absent_comes_from_escrow(void **state)
{
    fixture_start(&f, types);

    fixture_command(&f, "C", "{'Name': '%A%'}", "");
    wants("Token<unlock_token A ");

    fixture_end(&f);
}


static void
too_many_values_are_told_once(void **state)
{
    char         text[32];
    unsigned     i;
    mdm_node_t  *node, *array, *item;

    fixture_start(&f, types);

    node = fixture_json(&f, "{'Name': '', 'Token': 'AAAA'}");
    array = mdm_node_new(&f.arena, MDM_ARRAY);

    for (i = 0; i < 10000; i++) {
        snprintf(text, sizeof(text), "%%N%u%%", i);
        item = mdm_node_text(&f.arena, MDM_STRING, str(text));
        mdm_node_append(array, item);
    }

    mdm_node_set(&f.arena, node, "Any", array);

    assert_int_equal(mdm_schema_check_command(&f.check,
                         mdm_schema_command(f.schema, str("C")), node),
                     MDM_OK);
    assert_string_equal(fixture_lines(&f),
        "!Any[64]: there are more than 64 different per-device values "
        "(value)\n");
    assert_int_equal(f.check.nwants, 64);

    fixture_end(&f);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(names_are_found_in_every_string),
        cmocka_unit_test(what_a_value_will_be_is_not_judged),
        cmocka_unit_test(what_stands_for_itself_stays),
        cmocka_unit_test(what_is_absent_comes_from_escrow),
        cmocka_unit_test(too_many_values_are_told_once)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
