
/*
 * The registry: what is described is found, what makes no sense is refused in
 * words, and nothing of a refused plugin stays.
 */


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "schema/mdm_schema_internal.h"


#define ALL_SYSTEMS                                                           \
    MDM_ON(.ios = { .introduced = "4.0", .supervised = MDM_NO },              \
           .macos = { .introduced = "10.7" })


static const mdm_key_t  lock_keys[] = {
    { .name = "Message", .type = MDM_STRING },
    { .name = "PIN", .type = MDM_STRING, .flags = MDM_SECRET,
      .pattern = "^[0-9]{6}$",
      MDM_ON(.ios = { .introduced = MDM_NEVER_THERE },
             .macos = { .introduced = "10.8" }) },
    { .name = "Size", .type = MDM_INTEGER, .min = "1", .max = "3",
      .preset = "2" },
    { .name = "Inner", .type = MDM_DICTIONARY,
      MDM_ON(.ios = { .supervised = MDM_YES }),
      MDM_KEYS({ .name = "Deep", .type = MDM_BOOLEAN }) },
    { 0 }
};

/* rows of a table of types */

#define COMMAND(...)                                                          \
    &(const mdm_type_t) { .kind = MDM_COMMAND, __VA_ARGS__ }

#define PAYLOAD(...)                                                          \
    &(const mdm_type_t) { .kind = MDM_PAYLOAD, __VA_ARGS__ }

static const mdm_type_t *const  lock_types[] = {
    PAYLOAD(.name = "com.example.z", .variant = "b",
      .told_by = MDM_TEXTS("B"), ALL_SYSTEMS),
    COMMAND(.name = "Lock", .flags = MDM_ONCE, .subject = "lock",
      .expires = 7, ALL_SYSTEMS, .keys = lock_keys),
    PAYLOAD(.name = "com.example.z", .variant = "a",
      .told_by = MDM_TEXTS("A"), ALL_SYSTEMS),
    COMMAND(.name = "Loc", ALL_SYSTEMS),
    NULL
};

static const mdm_plugin_t  lock_plugin = {
    MDM_PLUGIN, .name = "lock", .version = "1", .types = lock_types
};


static mdm_str_t
text(const char *s)
{
    return mdm_schema_c(s);
}


static void
types_are_found_and_listed_in_order(void **state)
{
    mdm_fault_t               fault;
    mdm_schema_t             *schema;
    const mdm_schema_type_t  *type;

    schema = mdm_schema_create();
    assert_non_null(schema);

    assert_int_equal(mdm_schema_add(schema, &lock_plugin, "/x/lock.so", NULL,
                                    &fault),
                     MDM_OK);

    assert_string_equal(mdm_schema_nth(schema, 0)->name, "Loc");
    assert_string_equal(mdm_schema_nth(schema, 1)->name, "Lock");
    assert_string_equal(mdm_schema_nth(schema, 2)->variant, "a");
    assert_string_equal(mdm_schema_nth(schema, 3)->variant, "b");
    assert_null(mdm_schema_nth(schema, 4));

    type = mdm_schema_command(schema, text("Lock"));
    assert_int_equal(type->flags, MDM_ONCE);
    assert_int_equal(type->expires, 7);
    assert_string_equal(type->plugin->file, "/x/lock.so");
    assert_int_equal(type->plugin->types, 4);
    assert_ptr_equal(type->plugin, mdm_schema_plugin(schema, 0));
    assert_null(mdm_schema_plugin(schema, 1));
    assert_false(type->handles);

    type = mdm_schema_find(schema, MDM_PAYLOAD, text("com.example.z"));
    assert_string_equal(type->variant, "a");
    assert_string_equal(type->next->variant, "b");
    assert_null(type->next->next);

    assert_null(mdm_schema_find(schema, MDM_PAYLOAD, text("Lock")));
    assert_null(mdm_schema_find(schema, MDM_COMMAND, text("Lo")));
    assert_null(mdm_schema_find(schema, MDM_COMMAND, text("Lockk")));

    type = mdm_schema_command(schema, text("Nothing"));
    assert_string_equal(type->name, "");
    assert_int_equal(type->expires, 90 * 86400);

    mdm_schema_destroy(schema);
}


static void
what_is_unsaid_holds_as_around_it(void **state)
{
    mdm_fault_t              fault;
    mdm_schema_t            *schema;
    const mdm_schema_key_t  *keys, *key;

    schema = mdm_schema_create();
    assert_int_equal(mdm_schema_add(schema, &lock_plugin, NULL, NULL, &fault),
                     MDM_OK);

    keys = mdm_schema_command(schema, text("Lock"))->keys;

    key = mdm_schema_member(keys, text("Message"));
    assert_ptr_equal(key->on, keys->on);

    key = mdm_schema_member(keys, text("PIN"));
    assert_int_equal(key->on->on[MDM_IOS].introduced, MDM_SCHEMA_NEVER);
    assert_int_equal(key->on->on[MDM_MACOS].introduced,
                     mdm_version(text("10.8")));
    assert_int_equal(key->on->on[MDM_TVOS].introduced, MDM_SCHEMA_NEVER);
    assert_ptr_equal(key->on->around, keys->on);
    assert_true(key->secret);

    key = mdm_schema_member(mdm_schema_member(keys, text("Inner")),
                            text("Deep"));
    assert_int_equal(key->on->on[MDM_IOS].on.supervised, MDM_YES);
    assert_int_equal(key->on->on[MDM_IOS].introduced,
                     mdm_version(text("4.0")));

    assert_null(mdm_schema_member(keys, text("Deep")));

    mdm_schema_destroy(schema);
}


/* --- what is refused --- */

static void
refuse_plugin(const mdm_plugin_t *plugin, const char *words)
{
    mdm_fault_t    fault;
    mdm_schema_t  *schema;

    schema = mdm_schema_create();
    fault.text[0] = '\0';

    assert_int_equal(mdm_schema_add(schema, plugin, "f.so", NULL, &fault),
                     MDM_MALFORMED);
    assert_null(mdm_schema_nth(schema, 0));
    assert_null(mdm_schema_plugin(schema, 0));

    if (strstr(fault.text, words) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", fault.text, words);
    }

    mdm_schema_destroy(schema);
}


static void
refuse_type(mdm_type_t type, const char *words)
{
    mdm_plugin_t  plugin = lock_plugin;

    plugin.types = MDM_TYPES(&type);
    refuse_plugin(&plugin, words);
}


static void
refuse_key(mdm_key_t key, const char *words)
{
    mdm_key_t  keys[2] = { key, { 0 } };

    refuse_type((mdm_type_t) { .kind = MDM_COMMAND, .name = "T", ALL_SYSTEMS,
                               .keys = keys }, words);
}


static void
another_abi_is_refused(void **state)
{
    mdm_plugin_t  plugin;

    plugin = lock_plugin;
    plugin.abi = 2;
    refuse_plugin(&plugin, "expected ABI 1, found ABI 2");

    plugin = lock_plugin;
    plugin.size = 8;
    refuse_plugin(&plugin, "found one of 8");

    plugin = lock_plugin;
    plugin.key_size -= 8;
    refuse_plugin(&plugin, "expected a key of");

    plugin = lock_plugin;
    plugin.type_size = 0;
    refuse_plugin(&plugin, "expected a type of");

    plugin = lock_plugin;
    plugin.systems_size = 100000;
    refuse_plugin(&plugin, "expected a table of systems of");

    plugin = lock_plugin;
    plugin.types = NULL;
    refuse_plugin(&plugin, "it describes no type");

    plugin = lock_plugin;
    plugin.name = "";
    refuse_plugin(&plugin, "no name");

    refuse_plugin(NULL, "returned nothing");
}


static void
odd_types_are_refused(void **state)
{
    refuse_type((mdm_type_t) { .kind = 9, .name = "T", ALL_SYSTEMS },
                "neither MDM_COMMAND nor MDM_PAYLOAD");
    refuse_type((mdm_type_t) { .kind = MDM_COMMAND, .name = "T T",
                               ALL_SYSTEMS }, "type 1 has no name");
    refuse_type((mdm_type_t) { .kind = MDM_COMMAND, .name = "T" },
                "does not say for which systems");
    refuse_type((mdm_type_t) { .kind = MDM_COMMAND, .name = "T",
                               MDM_ON(.ios = { .supervised = MDM_YES }) },
                "of no system when it was introduced");
    refuse_type((mdm_type_t) { .kind = MDM_COMMAND, .name = "T",
                               MDM_ON(.ios = { .introduced = "x1" }) },
                "a version like 11.3 or n/a, it is \"x1\"");
    refuse_type((mdm_type_t) { .kind = MDM_COMMAND, .name = "T",
                               .flags = MDM_MANAGES, ALL_SYSTEMS },
                "no flags 0x2 for commands");
    refuse_type((mdm_type_t) { .kind = MDM_PAYLOAD, .name = "T",
                               .subject = "x", ALL_SYSTEMS },
                "are for commands");
    refuse_type((mdm_type_t) { .kind = MDM_COMMAND, .name = "T",
                               .subject_keys = MDM_TEXTS("A"), ALL_SYSTEMS },
                "subject_keys are for a type with a subject");
    refuse_type((mdm_type_t) { .kind = MDM_PAYLOAD, .name = "T",
                               .told_by = MDM_TEXTS("A"), ALL_SYSTEMS },
                "told_by is for a type with a variant");
}


static void
odd_keys_are_refused(void **state)
{
    refuse_key((mdm_key_t) { .type = MDM_STRING }, "key 1 of its table has no");
    refuse_key((mdm_key_t) { .name = "K", .type = 99 },
               "T, K: there is no type 99");
    refuse_key((mdm_key_t) { .name = "K", .type = MDM_STRING, .flags = 0x40 },
               "no flags 0x40");
    refuse_key((mdm_key_t) { .name = "K", .type = MDM_STRING,
                             .pattern = "^(a" },
               "its pattern cannot be used");
    refuse_key((mdm_key_t) { .name = "K", .type = MDM_INTEGER, .min = "3",
                             .max = "2" }, "min 3 is above max 2");
    refuse_key((mdm_key_t) { .name = "K", .type = MDM_INTEGER, .min = "1.5" },
               "\"1.5\" is not an integer");
    refuse_key((mdm_key_t) { .name = "K", .type = MDM_STRING, .min = "1" },
               "min and max are for numbers, this is a string");
    refuse_key((mdm_key_t) { .name = "K", .type = MDM_INTEGER,
                             MDM_ONE_OF("1", "two") },
               "one_of has \"two\", which is not an integer");
    refuse_key((mdm_key_t) { .name = "K", .type = MDM_STRING,
                             MDM_ONE_OF("a", "\xff") },
               "value 2 of one_of is no text");
    refuse_key((mdm_key_t) { .name = "K", .type = MDM_STRING,
                             .pattern = "\xff" }, "its pattern is no text");
    refuse_key((mdm_key_t) { .name = "K", .type = MDM_STRING,
                             .preset = "\xff" }, "its preset is no text");
    refuse_key((mdm_key_t) { .name = "K", .type = MDM_STRING, .least = 1 },
               "least and most are for arrays");
    refuse_key((mdm_key_t) { .name = "K", .type = MDM_ARRAY, .least = 3,
                             .most = 2 }, "least 3 is above most 2");
    refuse_key((mdm_key_t) { .name = "K", .type = MDM_INTEGER, .max = "5",
                             .preset = "6" }, "its preset \"6\"");
    refuse_key((mdm_key_t) { .name = "K", .type = MDM_STRING,
                             MDM_ONE_OF("a"), .preset = "b" },
               "its preset \"b\"");
    refuse_key((mdm_key_t) { .name = "K", .type = MDM_STRING,
                             .combine = MDM_COMBINE_OR },
               "is for a boolean, this is a string");
    refuse_key((mdm_key_t) { .name = "K", .type = MDM_STRING,
                             .attribute = "A" }, "of answers only");
    refuse_key((mdm_key_t) { .name = "K", .type = MDM_STRING,
                             .escrow = "a" }, "escrow is for data");
    refuse_key((mdm_key_t) { .name = "K", .type = MDM_STRING,
                             MDM_KEYS({ .name = "L", .type = MDM_STRING }) },
               "keys are for arrays and dictionaries");
    refuse_key((mdm_key_t) { .name = "K", .type = MDM_DICTIONARY,
                             MDM_KEYS({ .name = "E", .type = MDM_DATA,
                                        .escrow = "x" }) },
               "must stand beside RequestType");
    refuse_key((mdm_key_t) { .name = "K", .type = MDM_DICTIONARY,
                             MDM_KEYS({ .name = "E", .type = MDM_DATA },
                                      { .name = "E", .type = MDM_DATE }) },
               "T, K: it has the key E twice");
}


static void
a_table_that_holds_itself_is_refused(void **state)
{
    mdm_key_t  keys[2] = {
        { .name = "K", .type = MDM_DICTIONARY }, { 0 }
    };

    keys[0].keys = keys;
    refuse_type((mdm_type_t) { .kind = MDM_COMMAND, .name = "T", ALL_SYSTEMS,
                               .keys = keys }, "nested deeper than 64");
}


static void
a_table_without_end_is_refused(void **state)
{
    unsigned          i;
    static mdm_key_t  keys[MDM_SCHEMA_MAX_KEYS + 2];
    static char       names[MDM_SCHEMA_MAX_KEYS + 2][8];

    for (i = 0; i < MDM_SCHEMA_MAX_KEYS + 2; i++) {
        snprintf(names[i], sizeof(names[i]), "k%u", i);
        keys[i] = (mdm_key_t) { .name = names[i], .type = MDM_STRING };
    }

    refuse_type((mdm_type_t) { .kind = MDM_COMMAND, .name = "T", ALL_SYSTEMS,
                               .keys = keys }, "more than 20000 keys");
}


static void
the_same_type_twice_names_both_files(void **state)
{
    mdm_fault_t    fault;
    mdm_schema_t  *schema;

    schema = mdm_schema_create();

    assert_int_equal(mdm_schema_add(schema, &lock_plugin, "one.so", NULL,
                                    &fault),
                     MDM_OK);
    assert_int_equal(mdm_schema_add(schema, &lock_plugin, "two.so", NULL,
                                    &fault),
                     MDM_MALFORMED);
    assert_non_null(strstr(fault.text, "one.so"));
    assert_non_null(strstr(fault.text, "two.so"));

    assert_int_equal(mdm_schema_add(schema, &lock_plugin, "/a/directory/that/"
                                    "is/deep/and/has/a/long/name/three.so",
                                    NULL, &fault),
                     MDM_MALFORMED);
    assert_non_null(strstr(fault.text, "one.so"));
    assert_non_null(strstr(fault.text, "three.so"));

    assert_non_null(mdm_schema_nth(schema, 3));
    assert_null(mdm_schema_nth(schema, 4));
    assert_null(mdm_schema_plugin(schema, 1));

    mdm_schema_destroy(schema);
}


/* A plugin of a later day: each row is longer than ours. */

typedef struct {
    mdm_key_t   key;
    void       *later;
} long_key_t;

typedef struct {
    mdm_type_t  type;
    void       *later[2];
} long_type_t;


static void
longer_rows_are_read_by_their_size(void **state)
{
    mdm_fault_t              fault;
    mdm_plugin_t             plugin;
    mdm_schema_t            *schema;
    const mdm_schema_key_t  *keys;

    static const long_key_t  long_keys[] = {
        { { .name = "One", .type = MDM_STRING }, NULL },
        { { .name = "Two", .type = MDM_INTEGER }, NULL },
        { { 0 }, NULL }
    };
    const long_type_t         type = {
        { .kind = MDM_COMMAND, .name = "A", ALL_SYSTEMS,
          .keys = &long_keys[0].key }, { NULL }
    };

    plugin = lock_plugin;
    plugin.key_size = sizeof(long_key_t);
    plugin.type_size = sizeof(long_type_t);
    plugin.types = MDM_TYPES(&type.type);

    schema = mdm_schema_create();
    assert_int_equal(mdm_schema_add(schema, &plugin, "", NULL, &fault),
                     MDM_OK);

    keys = mdm_schema_command(schema, text("A"))->keys;
    assert_int_equal(mdm_schema_member(keys, text("One"))->type, MDM_STRING);
    assert_int_equal(mdm_schema_member(keys, text("Two"))->type, MDM_INTEGER);

    mdm_schema_destroy(schema);
}


static void
versions_compare(void **state)
{
    assert_true(mdm_version(text("11.3")) < mdm_version(text("11.10")));
    assert_true(mdm_version(text("9.3.5")) < mdm_version(text("10")));
    assert_int_equal(mdm_version(text("11")), mdm_version(text("11.0.0")));
    assert_true(mdm_version(text("26.0.1")) > mdm_version(text("26")));
    assert_int_equal(mdm_version(text("16.5.1.2")),
                     mdm_version(text("16.5.1")));

    assert_int_equal(mdm_version(text("")), 0);
    assert_int_equal(mdm_version(text("11.")), 0);
    assert_int_equal(mdm_version(text(".1")), 0);
    assert_int_equal(mdm_version(text("11..1")), 0);
    assert_int_equal(mdm_version(text("1x")), 0);
    assert_int_equal(mdm_version(text("99999999999999999999")), 0);
    assert_int_equal(mdm_version(mdm_null_str), 0);
}


static void
products_tell_the_system(void **state)
{
    assert_int_equal(mdm_platform(text("iPhone14,2")), MDM_IOS);
    assert_int_equal(mdm_platform(text("iPadOS")), MDM_IOS);
    assert_int_equal(mdm_platform(text("MacBookPro18,1")), MDM_MACOS);
    assert_int_equal(mdm_platform(text("iMac21,1")), MDM_MACOS);
    assert_int_equal(mdm_platform(text("VirtualMac2,1")), MDM_MACOS);
    assert_int_equal(mdm_platform(text("AppleTV11,1")), MDM_TVOS);
    assert_int_equal(mdm_platform(text("RealityDevice14,1")), MDM_VISIONOS);
    assert_int_equal(mdm_platform(text("Watch6,1")), MDM_WATCHOS);
    assert_int_equal(mdm_platform(text("Toaster")), MDM_PLATFORM_UNKNOWN);
    assert_int_equal(mdm_platform(mdm_null_str), MDM_PLATFORM_UNKNOWN);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(types_are_found_and_listed_in_order),
        cmocka_unit_test(what_is_unsaid_holds_as_around_it),
        cmocka_unit_test(another_abi_is_refused),
        cmocka_unit_test(odd_types_are_refused),
        cmocka_unit_test(odd_keys_are_refused),
        cmocka_unit_test(a_table_that_holds_itself_is_refused),
        cmocka_unit_test(a_table_without_end_is_refused),
        cmocka_unit_test(the_same_type_twice_names_both_files),
        cmocka_unit_test(longer_rows_are_read_by_their_size),
        cmocka_unit_test(versions_compare),
        cmocka_unit_test(products_tell_the_system)
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
