
/*
 * Per-device values: which names a text has, and what becomes of a command
 * when they are put in.
 */


#define _GNU_SOURCE             /* memmem() */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "message/mdm_values.h"
#include "plist_fixture.h"


#define COMMAND(pairs)                                                        \
    DICT("<key>Command</key><dict>" S("RequestType", "%Name%") pairs "</dict>"\
         S("CommandUUID", "%Name%"))


static mdm_arena_t   arena;
static mdm_fault_t   fault;
static unsigned      asked;


/* Some of a device's attributes. */

static mdm_str_t
value_of(void *data, mdm_str_t name, bool secret)
{
    size_t  i;

    static const struct {
        const char  *name;
        bool         secret;
        const char  *value;
    } rows[] = {
        { "Name",           false, "iPad" },
        { "Markup",         false, "<&>\"' \xc3\xa9" },
        { "Percent",        false, "100%" },
        { "Nested",         false, "%Name% %% %Unknown%" },
        { "Empty",          false, "" },
        { "Control",        false, "a\x01" },
        { "Broken",         false, "a\xff" },
        { "unlock_token",   true,  "s3cr3t" }
    };

    asked++;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].secret == secret && mdm_str_eq_c(name, rows[i].name)) {
            return str(rows[i].value);
        }
    }

    return mdm_null_str;
}


static mdm_rc_e
resolve(mdm_str_t command, const char *wants, mdm_str_t *resolved)
{
    char        *copy, *word, *next;
    size_t       n;
    mdm_str_t    list[200];

    copy = (char *) mdm_arena_str(&arena, wants, strlen(wants)).data;
    n = 0;

    for (word = strtok_r(copy, " ", &next); word;
         word = strtok_r(NULL, " ", &next))
    {
        list[n++] = str(word);
    }

    fault.text[0] = '\0';

    return mdm_values_resolve(&arena, command, list, n, value_of, NULL,
                              resolved, &fault);
}


/* A member of the resolved command. */

static mdm_node_t *
member(mdm_str_t command, const char *wants, const char *name)
{
    mdm_str_t    resolved;
    mdm_node_t  *root;

    if (resolve(command, wants, &resolved) != MDM_OK) {
        print_message("# %s\n", fault.text);
        fail();
    }

    assert_int_equal(mdm_node_read(&arena, resolved, MDM_VALUES_MAX_SIZE * 2,
                                   &root, &fault), MDM_OK);
    assert_true(mdm_str_eq_c(mdm_node_get(root, "CommandUUID")->u.text,
                             "%Name%"));
    root = mdm_node_get(root, "Command");
    assert_true(mdm_str_eq_c(mdm_node_get(root, "RequestType")->u.text,
                             "%Name%"));

    return mdm_node_get(root, name);
}


static void
names_in_a_text(void **state)
{
    size_t        i, k;
    char          found[512];
    mdm_values_t  values;

    static const struct {
        const char  *text;
        const char  *names;
        bool         escaped;
    } rows[] = {
        { "",                           "",            false },
        { "plain",                      "",            false },
        { "%Name%",                     "Name ",       false },
        { "a%Name%b%Other%c%Name%",     "Name Other ", false },
        { "%%Name%%",                   "",            true  },
        { "%%%Name%",                   "Name ",       true  },
        { "%Name%%Other%",              "Name Other ", false },
        { "100% of 50%",                "",            false },
        { "50%a%",                      "a ",          false },
        { "/%C3%A9%20%e2%82%ac",        "",            false },
        { "%C3P%",                      "C3P ",        false },
        { "%1a%",                       "",            false },
        { "%a b%c%",                    "c ",          false },
        { "%a.b-c_9%",                  "a.b-c_9 ",    false },
        { "%",                          "",            false },
        { "%%",                         "",            true  },
        { "%Name",                      "",            false },
        { "%\xc3\xa9%",                 "",            false }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        memset(&values, 0, sizeof(mdm_values_t));
        assert_int_equal(mdm_values_find(str(rows[i].text), &values, NULL),
                         MDM_OK);
        found[0] = '\0';

        for (k = 0; k < values.n; k++) {
            strncat(found, (const char *) values.names[k].data,
                    values.names[k].len);
            strcat(found, " ");
        }

        assert_string_equal(found, rows[i].names);
        assert_int_equal(values.escaped, rows[i].escaped);
    }
}


static void
bounds_of_names(void **state)
{
    char          text[MDM_VALUES_MAX_NAMES * 8 + 64], *p;
    size_t        i;
    mdm_values_t  values;

    memset(&values, 0, sizeof(mdm_values_t));
    memset(text, 'a', 131);
    text[0] = '%';
    text[129] = '%';
    text[130] = '\0';
    assert_int_equal(mdm_values_find(str(text), &values, NULL), MDM_OK);
    assert_int_equal(values.n, 1);
    assert_int_equal(values.names[0].len, 128);

    text[129] = 'a';
    text[130] = '%';
    text[131] = '\0';
    values.n = 0;
    assert_int_equal(mdm_values_find(str(text), &values, NULL), MDM_OK);
    assert_int_equal(values.n, 0);

    p = text;

    for (i = 0; i < MDM_VALUES_MAX_NAMES; i++) {
        p += sprintf(p, "%%n%zu%%", i);
    }

    assert_int_equal(mdm_values_find(str(text), &values, NULL), MDM_OK);
    assert_int_equal(mdm_values_find(str("%n0%"), &values, NULL), MDM_OK);
    assert_int_equal(mdm_values_find(str("%more%"), &values, &fault),
                     MDM_TOO_LARGE);
    assert_string_equal(fault.text, "there are more than 64 different "
                        "per-device values");
}


static void
puts_values_in(void **state)
{
    size_t  i;

    static const struct {
        const char  *wants;
        const char  *text;               /* as XML */
        const char  *expected;
    } rows[] = {
        { "Name",           "%Name%",               "iPad" },
        { "Name",           "a %Name% b %Name%",    "a iPad b iPad" },
        { "Name Markup",    "%Markup%%Name%",       "<&>\"' \xc3\xa9iPad" },
        { "Name Percent",   "%Percent%Name%",       "100%Name%" },
        { "Name Nested",    "%Nested%",             "%Name% %% %Unknown%" },
        { "Empty",          "[%Empty%]",            "[]" },
        { "Name",           "%%Name%% 5%% &amp;",   "%Name% 5% &" },
        { "",               "%%Name%%%",            "%Name%%" },
        { "Name",           "%Other% %Name%",       "%Other% iPad" },
        { "Name",           "100% of %",            "100% of %" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char  command[1024];

        snprintf(command, sizeof(command), "%s%s%s",
                 XML_HEAD "<dict>" S("CommandUUID", "%Name%")
                 "<key>Command</key><dict>" S("RequestType", "%Name%")
                 "<key>%Name%</key><string>",
                 rows[i].text, "</string></dict></dict></plist>");

        assert_string_equal((const char *)
                            member(str(command), rows[i].wants,
                                   "%Name%")->u.text.data,
                            rows[i].expected);
    }
}


static void
looks_everywhere_in_command(void **state)
{
    mdm_node_t  *node;

    node = member(str(COMMAND("<key>List</key><array><dict>"
                              S("A", "%Name%") I("I", "-5") D("D", "JU5hbWUl")
                              "</dict></array>")), "Name", "List");

    node = node->u.list.first;
    assert_true(mdm_str_eq_c(mdm_node_get(node, "A")->u.text, "iPad"));
    assert_true(mdm_node_get(node, "I")->u.integer == -5);
    assert_true(mdm_str_eq_c(mdm_node_get(node, "D")->u.text, "%Name%"));
}


static void
asks_once(void **state)
{
    mdm_str_t  resolved;

    asked = 0;
    assert_int_equal(resolve(str(COMMAND(S("A", "%Name%%Name%")
                                         S("B", "%Name%"))), "Name Markup",
                             &resolved), MDM_OK);
    assert_int_equal(asked, 1);
}


static void
takes_from_escrow(void **state)
{
    mdm_node_t  *node;

    node = member(str(COMMAND(S("A", "x"))), "UnlockToken<unlock_token",
                  "UnlockToken");

    assert_int_equal(node->type, MDM_DATA);
    assert_true(mdm_str_eq_c(node->u.text, "s3cr3t"));
}


static mdm_str_t
with_profile(mdm_str_t profile)
{
    char        text[8192];
    mdm_str_t   base64;

    base64 = mdm_node_encode_data(&arena, profile);
    snprintf(text, sizeof(text), "%s%s%s",
             XML_HEAD "<dict>" S("CommandUUID", "%Name%")
             "<key>Command</key><dict>" S("RequestType", "%Name%")
             "<key>Payload</key><data>",
             (const char *) base64.data, "</data></dict></dict></plist>");

    return mdm_arena_str(&arena, text, strlen(text));
}


static void
looks_into_a_profile(void **state)
{
    mdm_str_t    command;
    mdm_node_t  *profile, *node;

    command = with_profile(str(DICT("<key>PayloadContent</key><array><dict>"
                                    S("User", "%Markup% %%")
                                    "</dict></array>")));

    node = member(command, "Markup Payload:profile", "Payload");
    assert_int_equal(node->type, MDM_DATA);
    assert_int_equal(mdm_node_read(&arena, node->u.text, 65536, &profile,
                                   NULL), MDM_OK);
    profile = mdm_node_get(profile, "PayloadContent")->u.list.first;
    assert_true(mdm_str_eq_c(mdm_node_get(profile, "User")->u.text,
                             "<&>\"' \xc3\xa9 %"));

    /* unless that is wanted */

    node = member(command, "Markup", "Payload");
    assert_non_null(memmem(node->u.text.data, node->u.text.len,
                           "%Markup% %%", 11));
}


static void
leaves_a_signed_profile(void **state)
{
    mdm_str_t    profile;
    mdm_node_t  *node;

    profile = str("0\x82\x01 %Name% %%");
    node = member(with_profile(profile), "Name Payload:profile", "Payload");
    assert_true(mdm_str_eq(node->u.text, profile));
}


static void
says_what_is_missing(void **state)
{
    size_t     i;
    mdm_str_t  resolved;

    static const struct {
        mdm_rc_e     rc;
        const char  *wants;
        const char  *command;
        const char  *words;
    } rows[] = {
        { MDM_MALFORMED, "Name Unknown", COMMAND(S("A", "%Name%%Unknown%")),
          "no value for %Unknown%" },
        { MDM_MALFORMED, "unlock_token", COMMAND(S("A", "%unlock_token%")),
          "no value for %unlock_token%" },
        { MDM_MALFORMED, "Control", COMMAND(S("A", "%Control%")),
          "the value for %Control% has a character that a property list "
          "cannot hold" },
        { MDM_MALFORMED, "Broken", COMMAND(S("A", "%Broken%")),
          "the value for %Broken% has a character that a property list "
          "cannot hold" },
        { MDM_MALFORMED, "Token<bypass_code", COMMAND(S("A", "x")),
          "no bypass_code of the device is in escrow" },
        { MDM_MALFORMED, "Token<Name", COMMAND(S("A", "x")),
          "no Name of the device is in escrow" },
        { MDM_MALFORMED, "Payload:profile", COMMAND(S("A", "x")),
          "Payload of the command is no data" },
        { MDM_MALFORMED, "A:profile", COMMAND(S("A", "x")),
          "A of the command is no data" },
        { MDM_MALFORMED, "Name", DICT(S("Command", "x")),
          "there is no Command in it" },
        { MDM_MALFORMED, "", COMMAND(S("A", "\x02")),
          "the command has a character that a property list cannot hold" }
    };

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(resolve(str(rows[i].command), rows[i].wants,
                                 &resolved), rows[i].rc);
        assert_string_equal(fault.text, rows[i].words);
        assert_null(resolved.data);
    }
}


/* A name may stand in a command a million times. */

static void
growth_is_bound(void **state)
{
    mdm_str_t  command, resolved;

    command = repeated(XML_HEAD "<dict><key>Command</key><dict>"
                       "<key>A</key><string>", "%Nested%", 450000,
                       "</string></dict></dict></plist>");

    assert_int_equal(resolve(command, "Nested", &resolved), MDM_TOO_LARGE);
    assert_string_equal(fault.text,
                        "the command is too large with its values");
    free((char *) command.data);
}


static void
literal_text_stays(void **state)
{
    size_t     i;
    mdm_str_t  literal;

    static const char *const  texts[][2] = {
        { "", "" }, { "%", "%%" }, { "a%Name%", "a%%Name%%" },
        { "%%", "%%%%" }
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char  command[1024];

        literal = mdm_values_literal(&arena, str(texts[i][0]));
        assert_true(mdm_str_eq_c(literal, texts[i][1]));

        snprintf(command, sizeof(command), "%s%s%s",
                 XML_HEAD "<dict>" S("CommandUUID", "%Name%")
                 "<key>Command</key><dict>" S("RequestType", "%Name%")
                 "<key>A</key><string>",
                 (const char *) literal.data,
                 "</string></dict></dict></plist>");
        assert_true(mdm_str_eq_c(member(str(command), "Name", "A")->u.text,
                                 texts[i][0]));
    }
}


static int
begin(void **state)
{
    mdm_arena_init(&arena);

    return 0;
}


static int
end(void **state)
{
    mdm_arena_free(&arena);

    return 0;
}


#define test(name)  cmocka_unit_test_setup_teardown(name, begin, end)


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        test(names_in_a_text),
        test(bounds_of_names),
        test(puts_values_in),
        test(looks_everywhere_in_command),
        test(asks_once),
        test(takes_from_escrow),
        test(looks_into_a_profile),
        test(leaves_a_signed_profile),
        test(says_what_is_missing),
        test(growth_is_bound),
        test(literal_text_stays)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests_name("values", tests, NULL, NULL);
}
