
/*
 * Lists in the tables of answers: what may be one, and what tells its items
 * apart, so that keeping them needs no doubt.  Must never look at a report.
 */


#include <string.h>

#include "mdm_schema_internal.h"


static mdm_rc_e mdm_schema_list_keeps(mdm_schema_compile_t *compile,
    const char *path, const mdm_schema_key_t *key, mdm_schema_list_e *below);
static mdm_rc_e mdm_schema_list_kind(mdm_schema_compile_t *compile,
    const char *path, const mdm_schema_key_t *key, mdm_schema_list_e *below);
static mdm_rc_e mdm_schema_list_tells(mdm_schema_compile_t *compile,
    const char *path, const mdm_schema_key_t *key);


/* `below`: where the keys of this row lie. */

mdm_rc_e
mdm_schema_list_row(mdm_schema_compile_t *compile, const char *path,
    const mdm_schema_key_t *key, mdm_schema_list_e at,
    mdm_schema_list_e *below)
{
    mdm_rc_e  rc;

    *below = at == MDM_LIST_NONE ? MDM_LIST_NONE : MDM_LIST_INSIDE;

    if (key->flags & MDM_TELLS) {

        if (at != MDM_LIST_MEMBERS) {
            return mdm_fault(compile->fault, MDM_MALFORMED,
                             "%.96s: MDM_TELLS is for members of a list's "
                             "items", path);
        }

        rc = mdm_schema_list_tells(compile, path, key);
        if (rc != MDM_OK) {
            return rc;
        }
    }

    if (at != MDM_LIST_NONE && key->key->attribute) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: items of a list have no attributes", path);
    }

    if (key->key->list) {

        if (at != MDM_LIST_NONE) {
            return mdm_fault(compile->fault, MDM_MALFORMED,
                             "%.96s: a list cannot lie in another", path);
        }

        return mdm_schema_list_keeps(compile, path, key, below);
    }

    if (at == MDM_LIST_KINDS) {
        return mdm_schema_list_kind(compile, path, key, below);
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_schema_list_keeps(mdm_schema_compile_t *compile, const char *path,
    const mdm_schema_key_t *key, mdm_schema_list_e *below)
{
    bool         rest;
    const char  *list;

    list = key->key->list;
    rest = strcmp(key->name, "*") == 0;

    if (!compile->answer) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: lists are kept of answers only", path);
    }

    if (!mdm_schema_name_valid(mdm_schema_c(list))) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.64s: \"%.32s\" is no name for a list: letters, "
                         "digits and ._- after a letter", path, list);
    }

    if (key->secret) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: what is secret cannot be kept in a list",
                         path);
    }

    if (!rest && (key->type != MDM_ARRAY || key->key->keys == NULL)) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: a list is an array that says its items, or "
                         "the key \"*\"", path);
    }

    compile->lists = true;
    *below = rest ? MDM_LIST_INSIDE : MDM_LIST_KINDS;

    return MDM_OK;
}


static mdm_rc_e
mdm_schema_list_kind(mdm_schema_compile_t *compile, const char *path,
    const mdm_schema_key_t *key, mdm_schema_list_e *below)
{
    if (key->secret) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: what is secret cannot be kept in a list",
                         path);
    }

    if (key->type == MDM_STRING) {
        return MDM_OK;
    }

    if (key->type != MDM_DICTIONARY || key->key->keys == NULL) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: items of a list are strings, or "
                         "dictionaries that say their keys", path);
    }

    *below = MDM_LIST_MEMBERS;

    return MDM_OK;
}


static mdm_rc_e
mdm_schema_list_tells(mdm_schema_compile_t *compile, const char *path,
    const mdm_schema_key_t *key)
{
    if (key->type > MDM_DATE) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: %s cannot tell items of a list apart", path,
                         mdm_schema_type_name(key->type));
    }

    if (key->secret) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: what is secret cannot tell items of a list "
                         "apart", path);
    }

    return MDM_OK;
}


/* A table of members of items, with its rows compiled. */

mdm_rc_e
mdm_schema_list_table(mdm_schema_compile_t *compile, const char *path,
    const mdm_schema_key_t *key)
{
    size_t  i, n;

    for (i = 0, n = 0; i < key->nmembers; i++) {
        n += (key->members[i].flags & MDM_TELLS) != 0;
    }

    if (n == 0) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: nothing tells the items of its list apart: "
                         "a member needs MDM_TELLS", path);
    }

    if (n > MDM_SCHEMA_MAX_TELLERS) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: more than %d members tell items apart", path,
                         MDM_SCHEMA_MAX_TELLERS);
    }

    return MDM_OK;
}


/* A command's part_keys are keys that it has. */

mdm_rc_e
mdm_schema_list_parts(mdm_schema_compile_t *compile,
    const mdm_schema_type_t *type)
{
    const char *const  *name;

    for (name = type->type->part_keys; name && *name; name++) {

        if (type->keys && mdm_schema_key_type(type, *name) == MDM_END) {
            return mdm_fault(compile->fault, MDM_MALFORMED,
                             "%.64s: %.64s is none of its keys, and is said "
                             "in part_keys", type->name, *name);
        }
    }

    return MDM_OK;
}
