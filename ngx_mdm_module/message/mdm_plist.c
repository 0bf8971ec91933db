
/*
 * Reading and writing property lists with libplist, behind the pre-scan.
 * Nothing else in the tree calls libplist's parsers.  Must never show it
 * bytes that mdm_plist_outline() has not passed.
 */


#include <stdlib.h>
#include <string.h>

#include "mdm_plist.h"
#include "mdm_plist_scan.h"


static bool mdm_plist_keys_differ(plist_t root,
    const mdm_plist_outline_t *outline);


mdm_rc_e
mdm_plist_parse(mdm_str_t body, size_t limit, plist_t *root,
    mdm_fault_t *fault)
{
    size_t                bom;
    mdm_rc_e              rc;
    plist_t               parsed;
    const char           *text;
    mdm_plist_outline_t   outline;

    *root = NULL;
    parsed = NULL;

    rc = mdm_plist_outline(body, limit, &outline, fault);
    if (rc != MDM_OK) {
        return rc;
    }

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
        plist_free(parsed);
        return mdm_fault(fault, MDM_MALFORMED,
                         "the property list is not a dictionary");
    }

    if (!mdm_plist_keys_differ(parsed, &outline)) {
        plist_free(parsed);
        return mdm_fault(fault, MDM_MALFORMED,
                         "the property list has a key twice");
    }

    *root = parsed;

    return MDM_OK;
}


/*
 * From XML libplist keeps the last of equal keys, so that one is missing from
 * the count; from a binary list it keeps all and finds the first.
 */

static bool
mdm_plist_keys_differ(plist_t root, const mdm_plist_outline_t *outline)
{
    bool             differ;
    char            *key;
    plist_t          value;
    plist_dict_iter  iter;

    if (!outline->binary) {
        return plist_dict_get_size(root) == outline->root_keys;
    }

    iter = NULL;
    plist_dict_new_iter(root, &iter);

    for (differ = true; differ; free(key)) {
        key = NULL;
        plist_dict_next_item(root, iter, &key, &value);

        if (key == NULL) {
            break;
        }

        differ = (plist_dict_get_item(root, key) == value);
    }

    free(iter);

    return differ;
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
