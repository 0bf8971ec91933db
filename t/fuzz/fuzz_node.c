
/*
 * Typed JSON: what is taken means the same as an XML and as a binary property
 * list, and as JSON again; with per-device values put in it is still a list,
 * and what is literal comes out as it went in.
 */


#include "fuzz.h"
#include "message/mdm_json.h"
#include "message/mdm_node.h"
#include "message/mdm_values.h"


#define FUZZ_LIMIT  (64 * 1024 * 1024)


static json_t *
fuzz_json(const mdm_node_t *node)
{
    json_t  *json;

    json = mdm_node_to_json(node, false);
    fuzz_expect(json != NULL);

    return json;
}


static void
fuzz_same(const mdm_node_t *a, const mdm_node_t *b)
{
    json_t  *left, *right;

    left = fuzz_json(a);
    right = fuzz_json(b);
    fuzz_expect(json_equal(left, right));
    json_decref(left);
    json_decref(right);
}


/* A list may be within all bounds but those of libplist's time. */

static mdm_node_t *
fuzz_read(mdm_arena_t *arena, mdm_str_t body)
{
    mdm_rc_e     rc;
    mdm_node_t  *node;

    rc = mdm_node_read(arena, body, FUZZ_LIMIT, &node, NULL);
    fuzz_expect(rc == MDM_OK || rc == MDM_TOO_LARGE);

    return node;
}


static void
fuzz_as_plist(mdm_arena_t *arena, const mdm_node_t *node)
{
    char        *bytes;
    plist_t      plist;
    uint32_t     len;
    mdm_str_t    xml;
    mdm_node_t  *again;

    fuzz_expect(mdm_node_write(arena, node, &xml) == MDM_OK);

    again = fuzz_read(arena, xml);
    if (again == NULL) {
        return;
    }

    fuzz_same(again, node);

    fuzz_expect(mdm_plist_parse(xml, FUZZ_LIMIT, &plist, NULL) == MDM_OK);
    bytes = NULL;
    len = 0;
    plist_to_bin(plist, &bytes, &len);
    again = fuzz_read(arena, (mdm_str_t) { len, (unsigned char *) bytes });

    if (again != NULL) {
        fuzz_same(again, node);
    }

    mdm_plist_free(plist);
    free(bytes);
}


static void
fuzz_as_json(mdm_arena_t *arena, const mdm_node_t *node)
{
    json_t      *json;
    mdm_rc_e     rc;
    mdm_node_t  *again;

    json = fuzz_json(node);
    rc = mdm_node_from_json(arena, json, &again, NULL);
    fuzz_expect(rc == MDM_OK);
    fuzz_same(again, node);
    json_decref(json);

    again = mdm_node_copy(arena, node);
    fuzz_expect(again != NULL);
    fuzz_same(again, node);
}


static mdm_str_t
fuzz_value(void *data, mdm_str_t name, bool secret)
{
    return secret ? mdm_null_str : mdm_str("<&>%A%%% \r\n");
}


/* Collects names, or, without `values`, makes texts literal. */

static bool
fuzz_texts(mdm_arena_t *arena, mdm_node_t *node, mdm_values_t *values)
{
    mdm_node_t  *item;

    if (node->type == MDM_STRING) {
        if (values) {
            return mdm_values_find(node->u.text, values, NULL) == MDM_OK;
        }

        node->u.text = mdm_values_literal(arena, node->u.text);
        return true;
    }

    if (node->type == MDM_ARRAY || node->type == MDM_DICTIONARY) {
        for (item = node->u.list.first; item; item = item->next) {
            if (!fuzz_texts(arena, item, values)) {
                return false;
            }
        }
    }

    return true;
}


/* What becomes of it in a command; NULL: that is too deep or too large. */

static mdm_node_t *
fuzz_resolve(mdm_arena_t *arena, mdm_node_t *node, const mdm_values_t *values)
{
    mdm_rc_e      rc;
    mdm_str_t     xml, resolved;
    mdm_node_t   *root, *command;

    root = mdm_node_new(arena, MDM_DICTIONARY);
    command = mdm_node_new(arena, MDM_DICTIONARY);
    (void) mdm_node_set(arena, root, "Command", command);
    (void) mdm_node_set(arena, command, "Value", node);

    if (mdm_node_write(arena, root, &xml) != MDM_OK) {
        return NULL;
    }

    rc = mdm_values_resolve(arena, xml, values->names, values->n, fuzz_value,
                            NULL, &resolved, NULL);
    fuzz_expect(rc == MDM_OK || rc == MDM_TOO_LARGE);

    root = (rc == MDM_OK) ? fuzz_read(arena, resolved) : NULL;

    return mdm_node_get(mdm_node_get(root, "Command"), "Value");
}


static void
fuzz_values(mdm_arena_t *arena, const mdm_node_t *node)
{
    mdm_node_t    *copy, *resolved;
    mdm_values_t   values;

    memset(&values, 0, sizeof(mdm_values_t));
    copy = mdm_node_copy(arena, node);

    if (!fuzz_texts(arena, copy, &values)) {
        return;
    }

    resolved = fuzz_resolve(arena, copy, &values);

    if (resolved && values.n == 0 && !values.escaped) {
        fuzz_same(resolved, node);
    }

    copy = mdm_node_copy(arena, node);
    (void) fuzz_texts(arena, copy, NULL);
    resolved = fuzz_resolve(arena, copy, &values);

    if (resolved) {
        fuzz_same(resolved, node);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t       *json;
    mdm_rc_e      rc;
    mdm_node_t   *node;
    mdm_arena_t   arena;
    mdm_fault_t   fault;

    if (mdm_json_read(fuzz_input(data, size), &json, NULL) != MDM_OK) {
        return 0;
    }

    mdm_arena_init(&arena);
    fault.text[0] = '\0';

    rc = mdm_node_from_json(&arena, json, &node, &fault);
    fuzz_expect((rc == MDM_OK) == (node != NULL));
    fuzz_expect((rc == MDM_OK) == (fault.text[0] == '\0'));
    json_decref(json);

    /* {"$date": …} alone is a date, and no list has one at its root */

    if (rc == MDM_OK && node->type == MDM_DICTIONARY) {
        fuzz_as_plist(&arena, node);
        fuzz_as_json(&arena, node);
        fuzz_values(&arena, node);
    }

    mdm_arena_free(&arena);

    return 0;
}
