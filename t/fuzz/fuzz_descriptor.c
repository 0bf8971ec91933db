
/*
 * Descriptors of plugins, put together from bytes: they are refused in words,
 * or taken, and then described, checked by and judged by.  Sizes are any, for a
 * plugin may be of another build; its pointers are good, or it would crash.
 */


#include "fuzz_schema.h"
#include "schema/mdm_effects.h"


#define FUZZ_TABLES   64
#define FUZZ_KEYS     8


typedef struct {
    const uint8_t        *p;
    const uint8_t        *last;
    mdm_arena_t          *arena;
    unsigned              tables;
} fuzz_bytes_t;


static unsigned
fuzz_byte(fuzz_bytes_t *b)
{
    return b->p < b->last ? *b->p++ : 0;
}


static unsigned
fuzz_below(fuzz_bytes_t *b, unsigned n)
{
    return fuzz_byte(b) % n;
}


/* A word that means something here, or bytes of the input. */

static const char *
fuzz_text(fuzz_bytes_t *b)
{
    size_t       len;
    unsigned     n;
    mdm_str_t    text;

    static const char *const  words[] = {
        NULL, "", "a", "Key", "*", "Item", "1", "-7", "2.5", "true", "11.3",
        "n/a", "^[0-9]+$", "(", "[[:alpha:]", "9223372036854775808", "a b",
        "\xff", "x{1,3}", "10.7"
    };

    n = fuzz_below(b, 24);

    if (n < sizeof(words) / sizeof(words[0])) {
        return words[n];
    }

    len = fuzz_below(b, 16);

    if (len > (size_t) (b->last - b->p)) {
        len = b->last - b->p;
    }

    text = mdm_arena_str(b->arena, b->p, len);
    b->p += len;

    return (const char *) text.data;
}


static const char *const *
fuzz_texts(fuzz_bytes_t *b)
{
    unsigned      i, n;
    const char  **texts;

    n = fuzz_below(b, 8);

    if (n > 4) {
        return NULL;
    }

    texts = mdm_arena_zalloc(b->arena, (n + 1) * sizeof(texts[0]));

    for (i = 0; i < n; i++) {
        texts[i] = fuzz_text(b);
    }

    return texts;
}


static void
fuzz_on(fuzz_bytes_t *b, mdm_on_t *on)
{
    on->introduced = fuzz_text(b);
    on->deprecated = fuzz_below(b, 4) ? NULL : fuzz_text(b);
    on->removed = fuzz_below(b, 4) ? NULL : fuzz_text(b);
    on->access_rights = fuzz_byte(b);
    on->supervised = fuzz_below(b, 4);
    on->device_channel = fuzz_below(b, 3);
    on->user_channel = fuzz_below(b, 3);
    on->many = fuzz_below(b, 3);
    on->user_enrollment = fuzz_below(b, 6);
    on->shared_ipad = fuzz_below(b, 5);
}


static const mdm_systems_t *
fuzz_systems(fuzz_bytes_t *b)
{
    mdm_systems_t  *systems;

    if (fuzz_below(b, 4) == 0) {
        return NULL;
    }

    systems = mdm_arena_zalloc(b->arena, sizeof(mdm_systems_t));
    systems->ios.introduced = "4.0";

    if (fuzz_below(b, 2)) {
        fuzz_on(b, &systems->ios);
        fuzz_on(b, &systems->macos);
    }

    return systems;
}


static const mdm_key_t *
fuzz_table(fuzz_bytes_t *b, unsigned depth)
{
    unsigned           i, n;
    mdm_key_t         *keys, *key;
    static mdm_key_t   ring[2];

    if (b->tables++ == FUZZ_TABLES || depth == 6) {
        return NULL;
    }

    /* one that holds itself */

    if (fuzz_below(b, 64) == 1) {
        ring[0] = (mdm_key_t) { .name = "R", .type = MDM_DICTIONARY,
                                .keys = ring };
        return ring;
    }

    n = fuzz_below(b, FUZZ_KEYS);
    keys = mdm_arena_zalloc(b->arena, (n + 1) * sizeof(mdm_key_t));

    for (i = 0; i < n; i++) {
        key = &keys[i];

        key->type = fuzz_below(b, MDM_PROFILE + 2);
        key->name = fuzz_text(b);

        if (fuzz_below(b, 2)) {
            key->flags = fuzz_below(b, 10);
            key->one_of = fuzz_texts(b);
            key->on = fuzz_systems(b);
        }

        if (fuzz_below(b, 4) == 1) {
            key->pattern = fuzz_text(b);
            key->min = fuzz_text(b);
            key->max = fuzz_text(b);
            key->least = fuzz_below(b, 4);
            key->most = fuzz_below(b, 4);
            key->preset = fuzz_text(b);
            key->combine = fuzz_below(b, MDM_COMBINE_INTERSECTION + 2);
            key->attribute = fuzz_text(b);
            key->escrow = fuzz_text(b);
        }

        if (key->type == MDM_ARRAY || key->type == MDM_DICTIONARY) {
            key->keys = fuzz_table(b, depth + 1);
        }
    }

    return keys;
}


static void
fuzz_type(fuzz_bytes_t *b, mdm_type_t *type)
{
    unsigned  odd;

    odd = fuzz_byte(b);

    type->kind = odd & 1 ? MDM_COMMAND : MDM_PAYLOAD;
    type->name = odd & 2 ? "Do" : fuzz_text(b);
    type->on = fuzz_systems(b);
    type->keys = fuzz_table(b, 0);

    if (odd & 8) {
        type->flags = fuzz_byte(b);
        type->variant = fuzz_text(b);
        type->told_by = fuzz_texts(b);
        type->title = fuzz_text(b);
    }

    if (odd & 16) {
        type->answer = fuzz_table(b, 0);
        type->subject = fuzz_text(b);
        type->subject_keys = fuzz_texts(b);
    }
}


static void
fuzz_taken(mdm_arena_t *arena, const mdm_schema_t *schema)
{
    size_t                     i;
    json_t                    *json;
    mdm_node_t                *node, *member, *merged;
    mdm_check_t                check;
    mdm_effects_t              effects;
    mdm_findings_t             findings;
    const mdm_node_t          *both[2];
    const mdm_schema_type_t   *type;

    for (i = 0; (type = mdm_schema_nth(schema, i)) != NULL; i++) {
        json = mdm_schema_describe(schema, type);

        /* names of keys may be text that JSON has not */

        json_decref(json);

        node = mdm_node_new(arena, MDM_DICTIONARY);
        member = mdm_node_text(arena, MDM_STRING, mdm_str("7"));
        fuzz_expect(mdm_node_set(arena, node, "Key", member) == MDM_OK);
        member = mdm_node_new(arena, MDM_DICTIONARY);
        fuzz_expect(mdm_node_set(arena, node, "a", member) == MDM_OK);
        member = mdm_node_text(arena, MDM_STRING, (mdm_str_t) {
                                   strlen(type->name),
                                   (const unsigned char *) type->name });
        fuzz_expect(mdm_node_set(arena, node, "PayloadType", member)
                    == MDM_OK);

        fuzz_check_start(&check, &findings, arena);
        check.schema = schema;

        fuzz_expect((type->kind == MDM_COMMAND
                         ? mdm_schema_check_command(&check, type, node)
                         : mdm_schema_check_payload(&check, node))
                    == MDM_OK);
        fuzz_check_end(&check);

        if (type->kind == MDM_COMMAND) {
            fuzz_expect(mdm_schema_result(type, arena, node, &effects, NULL)
                        != MDM_NO_MEMORY);
            continue;
        }

        both[0] = node;
        both[1] = node;
        fuzz_expect(mdm_schema_merge(type, arena, both, 2, &merged, &findings)
                    == MDM_OK);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned           i, n;
    mdm_rc_e           rc;
    mdm_type_t         types[4];
    mdm_arena_t        arena;
    mdm_fault_t        fault;
    mdm_plugin_t       plugin = { MDM_PLUGIN, .version = "1", .name = "fuzz" };
    mdm_schema_t      *schema;
    fuzz_bytes_t       b;
    const mdm_type_t  *pointers[5];

    mdm_arena_init(&arena);

    b = (fuzz_bytes_t) { data, data + size, &arena, 0 };

    memset(types, 0, sizeof(types));
    memset(pointers, 0, sizeof(pointers));
    plugin.types = pointers;

    switch (fuzz_below(&b, 16)) {

    case 1:
        plugin.abi = fuzz_byte(&b);
        break;

    case 2:
        plugin.size = fuzz_byte(&b) % (sizeof(mdm_plugin_t) + 1);
        plugin.name = fuzz_text(&b);
        break;

    case 3:
        plugin.key_size = fuzz_byte(&b);
        plugin.key_size -= plugin.key_size > sizeof(mdm_key_t)
                               ? plugin.key_size - sizeof(mdm_key_t) : 0;
        break;

    default:
        break;
    }

    n = fuzz_below(&b, 4);

    for (i = 0; i < n; i++) {
        fuzz_type(&b, &types[i]);
        pointers[i] = &types[i];
    }

    schema = mdm_schema_create();
    fuzz_expect(schema != NULL);

    fault.text[0] = '\0';
    rc = mdm_schema_add(schema, &plugin, "one.so", NULL, &fault);

    fuzz_expect((rc == MDM_OK) == (fault.text[0] == '\0'));
    fuzz_expect((rc == MDM_OK) == (mdm_schema_nth(schema, 0) != NULL));
    fuzz_expect((rc == MDM_OK) == (mdm_schema_plugin(schema, 0) != NULL));

    if (rc == MDM_OK) {
        fuzz_taken(&arena, schema);

        /* it cannot be there twice */

        fuzz_expect(mdm_schema_add(schema, &plugin, "two.so", NULL, &fault)
                    == MDM_MALFORMED);
        fuzz_expect(mdm_schema_plugin(schema, 1) == NULL);
    }

    mdm_schema_destroy(schema);
    mdm_arena_free(&arena);

    return 0;
}
