
/*
 * Reading and writing property lists with libplist, behind the pre-scan.
 * Nothing else in the tree calls libplist's parsers.  Must never show it
 * bytes that mdm_plist_outline() has not passed.
 */


#include <stdlib.h>
#include <string.h>

#include "mdm_plist.h"
#include "mdm_plist_scan.h"


static mdm_rc_e mdm_plist_read(mdm_str_t body, plist_t *root,
    const mdm_plist_outline_t *outline, mdm_fault_t *fault);
static void mdm_plist_wipe(plist_t node);
static bool mdm_plist_keys_differ(plist_t root,
    const mdm_plist_outline_t *outline);
static bool mdm_plist_unique(plist_t node, uint32_t *objects);
static bool mdm_plist_unique_array(plist_t array, uint32_t *objects);
static bool mdm_plist_unique_dict(plist_t dict, uint32_t *objects);
static bool mdm_plist_unique_keys(plist_t dict);
static int mdm_plist_compare(const void *a, const void *b);


mdm_rc_e
mdm_plist_parse(mdm_str_t body, size_t limit, plist_t *root,
    mdm_fault_t *fault)
{
    mdm_rc_e             rc;
    mdm_plist_outline_t  outline;

    *root = NULL;

    rc = mdm_plist_outline(body, limit, &outline, fault);

    return (rc == MDM_OK) ? mdm_plist_read(body, root, &outline, fault) : rc;
}


mdm_rc_e
mdm_plist_parse_strict(mdm_str_t body, size_t limit, plist_t *root,
    mdm_fault_t *fault)
{
    mdm_rc_e             rc;
    uint32_t             objects;
    mdm_plist_outline_t  outline;

    *root = NULL;

    rc = mdm_plist_outline(body, limit, &outline, fault);

    if (rc == MDM_OK) {
        rc = mdm_plist_read(body, root, &outline, fault);
    }

    if (rc != MDM_OK) {
        return rc;
    }

    /* from XML libplist keeps one of equal keys, so that some are missing */

    objects = 0;

    if (mdm_plist_unique(*root, &objects)
        && (outline.binary || objects == outline.objects))
    {
        return MDM_OK;
    }

    mdm_plist_free(*root);
    *root = NULL;

    return mdm_fault(fault, MDM_MALFORMED,
                     "a dictionary in the property list has a key twice");
}


static mdm_rc_e
mdm_plist_read(mdm_str_t body, plist_t *root,
    const mdm_plist_outline_t *outline, mdm_fault_t *fault)
{
    size_t       bom;
    plist_t      parsed;
    const char  *text;

    parsed = NULL;
    text = (const char *) body.data;

    if (plist_is_binary(text, body.len)) {
        plist_from_bin(text, body.len, &parsed);

    } else {

        /* libplist does not know the byte order mark */

        bom = (body.data[0] == 0xef) ? MDM_PLIST_BOM_SIZE : 0;
        plist_from_xml(text + bom, body.len - bom, &parsed);
    }

    if (parsed == NULL) {
        return mdm_fault(fault, MDM_MALFORMED,
                         "the property list cannot be read");
    }

    if (plist_get_node_type(parsed) != PLIST_DICT) {
        mdm_plist_free(parsed);
        return mdm_fault(fault, MDM_MALFORMED,
                         "the property list is not a dictionary");
    }

    if (!mdm_plist_keys_differ(parsed, outline)) {
        mdm_plist_free(parsed);
        return mdm_fault(fault, MDM_MALFORMED,
                         "the property list has a key twice");
    }

    *root = parsed;

    return MDM_OK;
}


void
mdm_plist_free(plist_t root)
{
    if (root != NULL) {
        mdm_plist_wipe(root);
        plist_free(root);
    }
}


/* The pre-scan has bound the depth. */

static void
mdm_plist_wipe(plist_t node)
{
    void       *iter;
    char       *bytes;
    plist_t     item;
    uint64_t    len;

    len = 0;
    bytes = NULL;
    iter = NULL;
    item = NULL;

    switch (plist_get_node_type(node)) {

    case PLIST_STRING:
        bytes = (char *) plist_get_string_ptr(node, &len);
        break;

    case PLIST_DATA:
        bytes = (char *) plist_get_data_ptr(node, &len);
        break;

    case PLIST_DICT:
        plist_dict_new_iter(node, &iter);

        for ( ;; ) {
            plist_dict_next_item(node, iter, NULL, &item);

            if (item == NULL) {
                break;
            }

            mdm_plist_wipe(item);
        }

        break;

    case PLIST_ARRAY:
        plist_array_new_iter(node, &iter);

        for ( ;; ) {
            plist_array_next_item(node, iter, &item);

            if (item == NULL) {
                break;
            }

            mdm_plist_wipe(item);
        }

        break;

    default:
        return;
    }

    free(iter);

    if (bytes != NULL) {
        explicit_bzero(bytes, len);
    }
}


/*
 * From XML libplist keeps the last of equal keys, so that one is missing from
 * the count; from a binary list it keeps all and finds the first.
 */

static bool
mdm_plist_keys_differ(plist_t root, const mdm_plist_outline_t *outline)
{
    return outline->binary ? mdm_plist_unique_keys(root)
                           : plist_dict_get_size(root) == outline->root_keys;
}


/* Counts as well.  Recursion ends at the depth that the scan permits. */

static bool
mdm_plist_unique(plist_t node, uint32_t *objects)
{
    (*objects)++;

    switch (plist_get_node_type(node)) {

    case PLIST_ARRAY:
        return mdm_plist_unique_array(node, objects);

    case PLIST_DICT:
        return mdm_plist_unique_dict(node, objects);

    default:
        return true;
    }
}


static bool
mdm_plist_unique_array(plist_t array, uint32_t *objects)
{
    bool              unique;
    plist_t           item;
    plist_array_iter  iter;

    iter = NULL;
    plist_array_new_iter(array, &iter);

    do {
        item = NULL;
        plist_array_next_item(array, iter, &item);
        unique = (item == NULL || mdm_plist_unique(item, objects));

    } while (item != NULL && unique);

    free(iter);

    return unique;
}


static bool
mdm_plist_unique_dict(plist_t dict, uint32_t *objects)
{
    bool             unique;
    plist_t          value;
    plist_dict_iter  iter;

    iter = NULL;
    plist_dict_new_iter(dict, &iter);

    do {
        value = NULL;
        plist_dict_next_item(dict, iter, NULL, &value);
        *objects += (value != NULL);     /* the key */
        unique = (value == NULL || mdm_plist_unique(value, objects));

    } while (value != NULL && unique);

    free(iter);

    return unique && mdm_plist_unique_keys(dict);
}


/* Sorted, since libplist looks each key up by comparing it with all before:
 * 2048 of them took 14 ms. */

static bool
mdm_plist_unique_keys(plist_t dict)
{
    bool             unique;
    char            *keys[MDM_PLIST_MAX_KEYS];
    size_t           i, n;
    plist_t          value;
    plist_dict_iter  iter;

    iter = NULL;
    plist_dict_new_iter(dict, &iter);

    for (n = 0; n < MDM_PLIST_MAX_KEYS; n++) {
        keys[n] = NULL;
        plist_dict_next_item(dict, iter, &keys[n], &value);

        if (keys[n] == NULL) {
            break;
        }
    }

    free(iter);

    qsort(keys, n, sizeof(char *), mdm_plist_compare);

    for (i = 1, unique = true; i < n && unique; i++) {
        unique = (strcmp(keys[i - 1], keys[i]) != 0);
    }

    while (n > 0) {
        free(keys[--n]);
    }

    return unique;
}


static int
mdm_plist_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}


mdm_rc_e
mdm_plist_string(mdm_arena_t *arena, plist_t dict, const char *key,
    mdm_str_t *value, mdm_fault_t *fault)
{
    plist_t      node;
    uint64_t     len;
    const char  *text;

    *value = mdm_null_str;

    node = plist_dict_get_item(dict, key);
    if (node == NULL) {
        return MDM_OK;
    }

    len = 0;
    text = plist_get_string_ptr(node, &len);

    if (text == NULL) {
        return mdm_fault(fault, MDM_MALFORMED, "%s is not a string", key);
    }

    *value = mdm_arena_str(arena, text, len);

    if (!mdm_str_is_set(*value)) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for %s", key);
    }

    return MDM_OK;
}


mdm_rc_e
mdm_plist_data(mdm_arena_t *arena, plist_t dict, const char *key,
    mdm_str_t *value, mdm_fault_t *fault)
{
    plist_t      node;
    uint64_t     len;
    const char  *bytes;

    *value = mdm_null_str;

    node = plist_dict_get_item(dict, key);
    if (node == NULL) {
        return MDM_OK;
    }

    if (plist_get_node_type(node) != PLIST_DATA) {
        return mdm_fault(fault, MDM_MALFORMED, "%s is not data", key);
    }

    len = 0;
    bytes = plist_get_data_ptr(node, &len);

    /* an empty <data/> has no buffer */

    *value = mdm_arena_str(arena, bytes ? bytes : "", bytes ? len : 0);

    if (!mdm_str_is_set(*value)) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for %s", key);
    }

    return MDM_OK;
}


mdm_rc_e
mdm_plist_bool(plist_t dict, const char *key, bool *value, mdm_fault_t *fault)
{
    plist_t  node;
    uint8_t  flag;

    *value = false;

    node = plist_dict_get_item(dict, key);
    if (node == NULL) {
        return MDM_OK;
    }

    if (plist_get_node_type(node) != PLIST_BOOLEAN) {
        return mdm_fault(fault, MDM_MALFORMED, "%s is not a boolean", key);
    }

    flag = 0;
    plist_get_bool_val(node, &flag);

    *value = (flag != 0);

    return MDM_OK;
}


mdm_rc_e
mdm_plist_write(mdm_arena_t *arena, plist_t root, mdm_str_t *xml)
{
    char      *text;
    uint32_t   len;

    text = NULL;
    len = 0;
    *xml = mdm_null_str;

    plist_to_xml(root, &text, &len);

    if (text == NULL) {
        return MDM_NO_MEMORY;
    }

    *xml = mdm_arena_str(arena, text, len);

    explicit_bzero(text, len);
    free(text);

    return mdm_str_is_set(*xml) ? MDM_OK : MDM_NO_MEMORY;
}
