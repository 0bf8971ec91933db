
/*
 * Reports and plugins' functions: what an answer's table keeps, what a handler
 * tells, and that nonsense leaves nothing behind.
 */


#include <math.h>

#include "schema_fixture.h"


#define HOST  const mdm_host_t  *h = call->host


static mdm_text_t
text(const char *s)
{
    return (mdm_text_t) { strlen(s), s };
}


static bool
good(mdm_call_t *call, const mdm_result_t *result)
{
    HOST;
    mdm_node_t  *dict;

    dict = h->new_dictionary(call);

    return h->type(result->report) == MDM_DICTIONARY
           && result->request_type.len == 4
           && result->status.len == 12
           && h->set(call, dict, "N", h->new_integer(call, 7))
           && h->set_attribute(call, "Name", h->get(result->report, "Name"))
           && h->set_attribute(call, "Gone", NULL)
           && h->keep_secret(call, "token", text("abc"))
           && h->queue_command(call, "Next", dict)
           && h->set(call, dict, "N", h->new_integer(call, 8))
           && h->queue_command(call, "Empty", NULL)
           && h->emit_event(call, "seen", dict);
}


static bool
nothing(mdm_call_t *call, const mdm_result_t *result)
{
    return false;
}


static bool
says_why(mdm_call_t *call, const mdm_result_t *result)
{
    call->host->fault(call, "Status", "is odd");

    return true;
}


/* Each of these returns true, as if nothing had happened. */

static bool
no_name(mdm_call_t *call, const mdm_result_t *result)
{
    call->host->set_attribute(call, "Before", NULL);
    call->host->set_attribute(call, NULL, NULL);

    return true;
}


static bool
odd_name(mdm_call_t *call, const mdm_result_t *result)
{
    call->host->set_attribute(call, "a b", NULL);

    return true;
}


static bool
odd_type(mdm_call_t *call, const mdm_result_t *result)
{
    call->host->set_attribute(call, "Name", call->host->new_array(call));

    return true;
}


static bool
long_text(mdm_call_t *call, const mdm_result_t *result)
{
    char  *p;

    p = call->host->alloc(call, 5000);
    memset(p, 'x', 4097);
    call->host->set_attribute(call, "Name",
                              call->host->new_string(call,
                                                     (mdm_text_t) { 4097,
                                                                    p }));
    return true;
}


static bool
many(mdm_call_t *call, const mdm_result_t *result)
{
    unsigned  i;

    for (i = 0; i < 10000; i++) {
        call->host->set_attribute(call, "Name",
                                  call->host->new_integer(call, i));
    }

    return true;
}


static bool
large(mdm_call_t *call, const mdm_result_t *result)
{
    char      *p;
    unsigned   i;

    p = call->host->alloc(call, 65536);

    for (i = 0; i < 17; i++) {
        call->host->keep_secret(call, "token", (mdm_text_t) { 65536, p });
    }

    return true;
}


static bool
no_secret(mdm_call_t *call, const mdm_result_t *result)
{
    call->host->keep_secret(call, "token", (mdm_text_t) { 5, NULL });

    return true;
}


static bool
no_dictionary(mdm_call_t *call, const mdm_result_t *result)
{
    call->host->emit_event(call, "x", call->host->new_integer(call, 1));

    return true;
}


static bool
deep(mdm_call_t *call, const mdm_result_t *result)
{
    unsigned     i;
    mdm_node_t  *node, *outer;

    node = call->host->new_dictionary(call);

    for (i = 0; i < 1000; i++) {
        outer = call->host->new_dictionary(call);
        call->host->set(call, outer, "x", node);
        node = outer;
    }

    call->host->queue_command(call, "Next", node);

    return true;
}


/* Everything of the host with nothing. */

static bool
null_everywhere(mdm_call_t *call, const mdm_result_t *result)
{
    HOST;
    mdm_node_t  *array, *dict;
    mdm_text_t   none = { 0, NULL };

    assert_int_equal(h->size, sizeof(mdm_host_t));
    assert_int_equal(h->type(NULL), MDM_END);
    assert_null(h->get(NULL, "x"));
    assert_null(h->get(result->report, NULL));
    assert_int_equal(h->count(NULL), 0);
    assert_null(h->item(NULL, 0));
    assert_null(h->name(NULL).data);
    assert_false(h->boolean(NULL));
    assert_int_equal(h->integer(NULL), 0);
    assert_true(h->real(NULL) == 0);
    assert_null(h->text(NULL).data);
    assert_int_equal(h->date(NULL), 0);

    assert_null(h->new_boolean(NULL, true));
    assert_null(h->new_string(call, none));
    assert_null(h->new_string(call, text("\xff")));
    assert_null(h->new_string(call, (mdm_text_t) { 2, "a\0" }));
    assert_null(h->new_data(call, none));
    assert_null(h->new_real(call, INFINITY));
    assert_null(h->new_real(call, NAN));
    assert_null(h->copy(call, NULL));
    assert_null(h->copy(NULL, result->report));
    assert_null(h->alloc(call, SIZE_MAX));
    assert_null(h->alloc(NULL, 1));

    array = h->new_array(call);
    dict = h->new_dictionary(call);

    assert_false(h->set(call, NULL, "x", dict));
    assert_false(h->set(call, dict, NULL, array));
    assert_false(h->set(call, dict, "\x01", array));
    assert_false(h->set(call, array, "x", dict));
    assert_false(h->append(call, dict, array));
    assert_false(h->append(call, array, NULL));
    assert_false(h->append(call, NULL, dict));

    /* a tree stays one */

    assert_false(h->append(call, array, array));
    assert_true(h->append(call, array, dict));
    assert_false(h->append(call, array, dict));
    assert_false(h->set(call, dict, "x", array));
    assert_true(h->set(call, dict, "x", NULL));

    h->fault(NULL, "x", "y");
    h->warn(NULL, NULL, NULL);
    assert_false(h->set_attribute(NULL, "x", NULL));
    assert_false(h->keep_secret(NULL, "x", none));
    assert_false(h->queue_command(NULL, "x", NULL));
    assert_false(h->emit_event(NULL, "x", NULL));

    return true;
}


static bool
walk(mdm_call_t *call, const mdm_result_t *result)
{
    HOST;
    size_t             i, n;
    int64_t            sum;
    const mdm_node_t  *list;

    list = h->get(result->report, "List");
    n = h->count(list);

    for (i = 0, sum = 0; i < n; i++) {
        sum += h->integer(h->item(list, i));
    }

    assert_null(h->item(list, n));
    assert_int_equal(h->integer(h->item(list, 1)), 1);
    assert_true(h->real(h->item(list, 1)) == 1);

    return h->set_attribute(call, "Sum", h->new_integer(call, sum));
}


/* As handlers do it that look at what lies in a list, and make something of it
 * meanwhile. */

static bool
walk_two(mdm_call_t *call, const mdm_result_t *result)
{
    HOST;
    size_t             i, n;
    int64_t            sum;
    mdm_node_t        *made;
    const mdm_node_t  *list;

    list = h->get(result->report, "List");
    n = h->count(list);
    made = h->new_array(call);

    for (i = 0, sum = 0; i < n; i++) {
        sum += h->integer(h->item(list, i));

        assert_true(h->append(call, made, h->new_integer(call, i)));
        assert_int_equal(h->integer(h->item(made, i / 2)), i / 2);
        assert_int_equal(h->integer(h->item(list, i)), i);
    }

    return h->set_attribute(call, "Sum", h->new_integer(call, sum));
}


static const mdm_key_t  answer[] = {
    { .name = "Answers", .type = MDM_DICTIONARY,
      MDM_KEYS({ .name = "Name", .type = MDM_STRING, .attribute = "Name" },
               { .name = "Level", .type = MDM_REAL, .attribute = "Level" },
               { .name = "Seen", .type = MDM_DATE, .attribute = "Seen" },
               { .name = "Other", .type = MDM_STRING }) },
    { .name = "Token", .type = MDM_DATA, .escrow = "token" },
    { 0 }
};

static const mdm_type_t *const  types[] = {
    COMMAND(.name = "Good", .result = good, EVERYWHERE),
    COMMAND(.name = "Table", .answer = answer, EVERYWHERE),
    COMMAND(.name = "Both", .answer = answer, .result = nothing,
      EVERYWHERE),
    COMMAND(.name = "Neither", EVERYWHERE),
    COMMAND(.name = "SaysWhy", .result = says_why, EVERYWHERE),
    COMMAND(.name = "NoName", .result = no_name, EVERYWHERE),
    COMMAND(.name = "OddName", .result = odd_name, EVERYWHERE),
    COMMAND(.name = "OddType", .result = odd_type, EVERYWHERE),
    COMMAND(.name = "LongText", .result = long_text,
      EVERYWHERE),
    COMMAND(.name = "Many", .result = many, EVERYWHERE),
    COMMAND(.name = "Large", .result = large, EVERYWHERE),
    COMMAND(.name = "NoSecret", .result = no_secret,
      EVERYWHERE),
    COMMAND(.name = "NoDictionary", .result = no_dictionary,
      EVERYWHERE),
    COMMAND(.name = "Deep", .result = deep, EVERYWHERE),
    COMMAND(.name = "Null", .result = null_everywhere,
      EVERYWHERE),
    COMMAND(.name = "Walk", .result = walk, EVERYWHERE),
    COMMAND(.name = "WalkTwo", .result = walk_two, EVERYWHERE),
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


static void
a_handler_tells_effects_in_order(void **state)
{
    const mdm_effect_t  *e;

    fixture_start(&f, types);

    assert_int_equal(result("Good", "{'Status': 'Acknowledged',"
                            "'Name': 'n'}"), MDM_OK);
    assert_int_equal(effects.n, 6);

    e = effects.first;
    assert_int_equal(e->what, MDM_EFFECT_ATTRIBUTE);
    assert_true(mdm_str_eq_c(e->name, "Name"));
    assert_true(mdm_str_eq_c(e->value->u.text, "n"));

    e = e->next;
    assert_true(mdm_str_eq_c(e->name, "Gone"));
    assert_null(e->value);

    e = e->next;
    assert_int_equal(e->what, MDM_EFFECT_SECRET);
    assert_true(mdm_str_eq_c(e->text, "abc"));

    /* as it was when it was told */

    e = e->next;
    assert_int_equal(e->what, MDM_EFFECT_COMMAND);
    assert_int_equal(mdm_node_get(e->value, "N")->u.integer, 7);

    e = e->next;
    assert_int_equal(e->value->type, MDM_DICTIONARY);
    assert_int_equal(e->value->count, 0);

    e = e->next;
    assert_int_equal(e->what, MDM_EFFECT_EVENT);
    assert_int_equal(mdm_node_get(e->value, "N")->u.integer, 8);
    assert_null(e->next);
    assert_ptr_equal(effects.last, e);

    fixture_end(&f);
}


static void
a_table_keeps_what_is_as_it_says(void **state)
{
    const mdm_effect_t  *e;

    fixture_start(&f, types);

    assert_true(mdm_schema_command(f.schema, str("Table"))->handles);
    assert_true(mdm_schema_command(f.schema, str("Good"))->handles);
    assert_false(mdm_schema_command(f.schema, str("Neither"))->handles);

    assert_int_equal(result("Table", "{'Status': 'Acknowledged',"
                            "'Token': {'$data': 'AAEC'},"
                            "'Answers': {'Other': 'x', 'Level': 1,"
                            " 'Name': 'n',"
                            " 'Seen': {'$date': '2026-05-04T08:15:00Z'}}}"),
                     MDM_OK);
    assert_int_equal(effects.n, 4);

    e = effects.first;
    assert_int_equal(e->what, MDM_EFFECT_SECRET);
    assert_int_equal(e->text.len, 3);
    assert_true(mdm_str_eq_c(e->next->name, "Level"));
    assert_true(mdm_str_eq_c(e->next->next->name, "Name"));
    assert_int_equal(e->next->next->next->value->type, MDM_DATE);

    /* a device may answer with anything */

    assert_int_equal(result("Table", "{'Status': 'Acknowledged',"
                            "'Token': 'x',"
                            "'Answers': {'Name': 5, 'Level': 'x'}}"), MDM_OK);
    assert_int_equal(effects.n, 0);
    assert_int_equal(result("Table", "{'Status': 'Acknowledged',"
                            "'Answers': []}"), MDM_OK);
    assert_int_equal(effects.n, 0);

    /* and an error is no answer */

    assert_int_equal(result("Table", "{'Status': 'Error',"
                            "'Answers': {'Name': 'n'}}"), MDM_OK);
    assert_int_equal(effects.n, 0);

    assert_int_equal(result("Neither", "{}"), MDM_OK);
    assert_int_equal(effects.n, 0);

    fixture_end(&f);
}


static void
a_handler_that_fails_leaves_nothing(void **state)
{
    size_t  i;

    static const struct {
        const char  *type;
        const char  *words;
    } cases[] = {
        { "Both", "the handler of Both failed" },
        { "SaysWhy", "the handler of SaysWhy failed: Status: is odd" },
        { "NoName", "set_attribute(): \"no name\" is no name for an "
                    "attribute" },
        { "OddName", "set_attribute(): \"a b\" is no name for an attribute" },
        { "OddType", "set_attribute(): \"Name\" is given neither a boolean, "
                     "a number, a string nor a date" },
        { "LongText", "set_attribute(): \"Name\" is given a text of more "
                      "than 4096 bytes" },
        { "Many", "a report has more than 1000 effects" },
        { "Large", "the effects of a report are larger than 1048576 bytes" },
        { "NoSecret", "keep_secret(): \"token\" is given nothing to keep" },
        { "NoDictionary", "emit_event(): \"x\" is given what is no "
                          "dictionary" },
        { "Deep", "queue_command(): \"Next\" is given what is too large or "
                  "too deep, or text that is none" }
    };

    fixture_start(&f, types);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(result(cases[i].type, "{'Answers':"
                                "{'Name': 'n'}}"), MDM_MALFORMED);
        assert_string_equal(fault.text, cases[i].words);
        assert_int_equal(effects.n, 0);
        assert_int_equal(effects.bytes, 0);
        assert_null(effects.first);
    }

    fixture_end(&f);
}


static void
the_host_takes_nothing_for_anything(void **state)
{
    fixture_start(&f, types);

    assert_int_equal(result("Null", "{}"), MDM_OK);
    assert_int_equal(effects.n, 0);

    fixture_end(&f);
}


/* By numbers, as a plugin must, a list is walked in one pass: with a search
 * from its beginning each time this would take minutes. */

static void
a_long_list_is_walked_by_numbers(void **state)
{
    unsigned     i;
    mdm_node_t  *report, *list, *item;

    fixture_start(&f, types);

    report = mdm_node_new(&f.arena, MDM_DICTIONARY);
    list = mdm_node_new(&f.arena, MDM_ARRAY);

    for (i = 0; i < 500000; i++) {
        item = mdm_node_new(&f.arena, MDM_INTEGER);
        item->u.integer = i;
        mdm_node_append(list, item);
    }

    mdm_node_set(&f.arena, report, "List", list);

    for (i = 0; i < 2; i++) {
        assert_int_equal(mdm_schema_result(mdm_schema_command(f.schema,
                                               str(i ? "WalkTwo" : "Walk")),
                                           &f.arena, report, &effects,
                                           &fault),
                         MDM_OK);
        assert_true(effects.first->value->u.integer
                    == INT64_C(499999) * 500000 / 2);
    }

    fixture_end(&f);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(a_handler_tells_effects_in_order),
        cmocka_unit_test(a_table_keeps_what_is_as_it_says),
        cmocka_unit_test(a_handler_that_fails_leaves_nothing),
        cmocka_unit_test(the_host_takes_nothing_for_anything),
        cmocka_unit_test(a_long_list_is_walked_by_numbers)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
