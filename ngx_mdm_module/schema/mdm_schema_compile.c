
/*
 * Tables of keys as plugins write them, compiled: bounded in depth and number,
 * for tables may name themselves, and each with its keys in the order of
 * names.  Must never keep a pointer to a row of a plugin's: rows may be longer
 * than ours.
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mdm_schema_internal.h"


#define MDM_SCHEMA_MAX_PATH   160


/* One table, while it and what is below it are compiled. */

typedef struct {
    const mdm_key_t             *source;
    const mdm_schema_systems_t  *on;
    const char                  *path;    /* for faults of the descriptor */
    const char                  *around;  /* the path of the key around it */
    unsigned                     depth;
    bool                         array;   /* its keys are kinds of items */
    mdm_schema_list_e            list;
} mdm_schema_table_t;


static mdm_rc_e mdm_schema_table(mdm_schema_compile_t *compile,
    const mdm_schema_table_t *table, mdm_schema_key_t *key);
static mdm_rc_e mdm_schema_table_count(mdm_schema_compile_t *compile,
    const mdm_schema_table_t *table, size_t *n);
static mdm_rc_e mdm_schema_table_row(mdm_schema_compile_t *compile,
    const mdm_schema_table_t *table, size_t n, bool secret,
    mdm_schema_key_t *key);
static mdm_rc_e mdm_schema_table_lists(mdm_schema_compile_t *compile,
    const mdm_schema_table_t *table, mdm_schema_key_t *members, size_t n,
    mdm_schema_key_t *key);
static mdm_rc_e mdm_schema_table_sort(mdm_schema_compile_t *compile,
    const mdm_schema_table_t *table, mdm_schema_key_t *key);
static const char *mdm_schema_table_path(mdm_schema_compile_t *compile,
    const char *around, const char *name);
static int mdm_schema_table_order(const void *a, const void *b);


static size_t
mdm_schema_stride(const mdm_schema_compile_t *compile)
{
    return compile->unit->copy.key_size;
}


static const mdm_key_t *
mdm_schema_row(const mdm_schema_compile_t *compile, const mdm_key_t *keys,
    size_t n)
{
    return (const mdm_key_t *) ((const char *) keys
                                + n * mdm_schema_stride(compile));
}


mdm_rc_e
mdm_schema_compile(mdm_schema_compile_t *compile, const mdm_key_t *keys,
    const mdm_schema_systems_t *on, const mdm_schema_key_t **root)
{
    mdm_rc_e             rc;
    mdm_key_t           *source;
    mdm_schema_key_t    *key;
    mdm_schema_table_t   table;

    key = mdm_arena_zalloc(&compile->unit->arena, sizeof(mdm_schema_key_t));
    source = mdm_arena_zalloc(&compile->unit->arena, sizeof(mdm_key_t));

    if (key == NULL || source == NULL) {
        return MDM_NO_MEMORY;
    }

    source->type = MDM_DICTIONARY;
    source->keys = keys;

    rc = mdm_schema_key_compile(compile, source, compile->type, key);
    if (rc != MDM_OK) {
        return rc;
    }

    key->on = on;
    key->path = "";
    compile->keys = 0;

    table = (mdm_schema_table_t) { keys, on, compile->type, "", 1, false,
                                   MDM_LIST_NONE };

    rc = mdm_schema_table(compile, &table, key);

    *root = key;

    return rc;
}


static mdm_rc_e
mdm_schema_table(mdm_schema_compile_t *compile,
    const mdm_schema_table_t *table, mdm_schema_key_t *key)
{
    size_t             n, i;
    mdm_rc_e           rc;
    mdm_schema_key_t  *members;

    if (table->depth > MDM_SCHEMA_MAX_DEPTH) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: its keys are nested deeper than %u",
                         compile->type, MDM_SCHEMA_MAX_DEPTH);
    }

    n = 0;

    rc = mdm_schema_table_count(compile, table, &n);
    if (rc != MDM_OK) {
        return rc;
    }

    members = mdm_arena_zalloc(&compile->unit->arena,
                               n * sizeof(mdm_schema_key_t));
    if (members == NULL) {
        return MDM_NO_MEMORY;
    }

    for (i = 0; i < n; i++) {
        rc = mdm_schema_table_row(compile, table, i, key->secret,
                                  &members[i]);
        if (rc != MDM_OK) {
            return rc;
        }

        key->keeps |= members[i].keeps;
    }

    key->members = members;
    key->nmembers = n;

    if (table->list == MDM_LIST_MEMBERS) {
        rc = mdm_schema_list_table(compile, table->path, key);
        if (rc != MDM_OK) {
            return rc;
        }
    }

    if (table->array) {
        return MDM_OK;
    }

    return mdm_schema_table_lists(compile, table, members, n, key);
}


static mdm_rc_e
mdm_schema_table_count(mdm_schema_compile_t *compile,
    const mdm_schema_table_t *table, size_t *n)
{
    size_t  i;

    for (i = 0; mdm_schema_row(compile, table->source, i)->type != MDM_END;
         i++)
    {
        if (++compile->keys > MDM_SCHEMA_MAX_KEYS) {
            return mdm_fault(compile->fault, MDM_MALFORMED,
                             "%.96s: it has more than %u keys, or a table "
                             "without { 0 } at its end", compile->type,
                             MDM_SCHEMA_MAX_KEYS);
        }
    }

    *n = i;

    return MDM_OK;
}


static mdm_rc_e
mdm_schema_table_row(mdm_schema_compile_t *compile,
    const mdm_schema_table_t *table, size_t n, bool secret,
    mdm_schema_key_t *key)
{
    char                 path[MDM_SCHEMA_MAX_PATH];
    mdm_rc_e             rc;
    mdm_key_t           *copy;
    const mdm_key_t     *source;
    mdm_schema_list_e    list;
    mdm_schema_table_t   below;

    source = mdm_schema_row(compile, table->source, n);

    copy = mdm_arena_alloc(&compile->unit->arena, sizeof(mdm_key_t));
    if (copy == NULL) {
        return MDM_NO_MEMORY;
    }

    *copy = *source;             /* never shorter, mdm_schema_add.c saw to it */

    if (table->array) {
        snprintf(path, sizeof(path), "%.*s[%s]",
                 MDM_SCHEMA_MAX_PATH / 2, table->path,
                 copy->name ? copy->name : "");

    } else if (copy->name == NULL || copy->name[0] == '\0') {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: key %zu of its table has no name",
                         table->path, n + 1);

    } else {
        snprintf(path, sizeof(path), "%.*s%s%s", MDM_SCHEMA_MAX_PATH / 2,
                 table->path, table->depth == 1 ? ", " : ".", copy->name);
    }

    rc = mdm_schema_key_compile(compile, copy, path, key);
    if (rc != MDM_OK) {
        return rc;
    }

    if (copy->escrow && !compile->answer && table->depth > 1) {
        return mdm_fault(compile->fault, MDM_MALFORMED,
                         "%.96s: what comes from escrow must stand beside "
                         "RequestType", path);
    }

    rc = mdm_schema_systems(compile, copy->on, table->on, path, &key->on);
    if (rc != MDM_OK) {
        return rc;
    }

    key->path = mdm_schema_table_path(compile, table->around, key->name);
    if (key->path == NULL) {
        return MDM_NO_MEMORY;
    }

    key->secret = secret || (key->flags & MDM_SECRET) || copy->escrow;
    key->keeps = copy->attribute || copy->escrow || copy->list;

    rc = mdm_schema_list_row(compile, path, key, table->list, &list);
    if (rc != MDM_OK) {
        return rc;
    }

    if (copy->keys == NULL) {
        return MDM_OK;
    }

    below = (mdm_schema_table_t) { copy->keys, key->on, path, key->path,
                                   table->depth + 1,
                                   key->type == MDM_ARRAY, list };

    return mdm_schema_table(compile, &below, key);
}


/* "Outer.Name"; kinds of items without a name add nothing. */

static const char *
mdm_schema_table_path(mdm_schema_compile_t *compile, const char *around,
    const char *name)
{
    char    *path;
    size_t   len, more;

    len = strlen(around);
    more = strlen(name);

    if (len == 0 || more == 0) {
        return more ? name : around;
    }

    path = mdm_arena_alloc(&compile->unit->arena, len + more + 2);

    if (path) {
        memcpy(path, around, len);
        path[len] = '.';
        memcpy(path + len + 1, name, more + 1);
    }

    return path;
}


/* What a dictionary is checked by: its keys by name, those whose absence
 * matters, and those that tell it from others. */

static mdm_rc_e
mdm_schema_table_lists(mdm_schema_compile_t *compile,
    const mdm_schema_table_t *table, mdm_schema_key_t *members, size_t n,
    mdm_schema_key_t *key)
{
    size_t                    i;
    const mdm_schema_key_t  **lists;

    lists = mdm_arena_alloc(&compile->unit->arena, 3 * n * sizeof(lists[0]));
    if (lists == NULL) {
        return MDM_NO_MEMORY;
    }

    key->sorted = lists;
    key->awaited = lists + n;
    key->tellers = lists + 2 * n;

    for (i = 0; i < n; i++) {

        if (strcmp(members[i].name, "*") == 0) {

            if (key->rest) {
                return mdm_fault(compile->fault, MDM_MALFORMED,
                                 "%.96s: it has the key \"*\" twice",
                                 table->path);
            }

            key->rest = &members[i];
            continue;
        }

        key->sorted[key->nsorted++] = &members[i];

        if ((members[i].flags & MDM_NEEDED)
            || (members[i].key->escrow && !compile->answer))
        {
            members[i].slot = key->nawaited;
            key->awaited[key->nawaited++] = &members[i];
        }

        if (members[i].key->one_of && members[i].key->one_of[1] == NULL) {
            key->tellers[key->ntellers++] = &members[i];
        }
    }

    return mdm_schema_table_sort(compile, table, key);
}


static mdm_rc_e
mdm_schema_table_sort(mdm_schema_compile_t *compile,
    const mdm_schema_table_t *table, mdm_schema_key_t *key)
{
    size_t  i;

    if (key->nsorted == 0) {
        return MDM_OK;
    }

    qsort(key->sorted, key->nsorted, sizeof(key->sorted[0]),
          mdm_schema_table_order);

    for (i = 1; i < key->nsorted; i++) {
        if (strcmp(key->sorted[i - 1]->name, key->sorted[i]->name) == 0) {
            return mdm_fault(compile->fault, MDM_MALFORMED,
                             "%.96s: it has the key %.64s twice", table->path,
                             key->sorted[i]->name);
        }
    }

    return MDM_OK;
}


static int
mdm_schema_table_order(const void *a, const void *b)
{
    const mdm_schema_key_t *const  *one, *const *two;

    one = a;
    two = b;

    return strcmp((*one)->name, (*two)->name);
}


const mdm_schema_key_t *
mdm_schema_named(const mdm_schema_key_t *table, mdm_str_t name)
{
    int          rc;
    size_t       low, high, middle, len;
    const char  *other;

    low = 0;
    high = table->nsorted;

    while (low < high) {
        middle = low + (high - low) / 2;
        other = table->sorted[middle]->name;
        len = strlen(other);

        rc = memcmp(name.data, other, name.len < len ? name.len : len);

        if (rc == 0) {
            rc = (name.len > len) - (name.len < len);
        }

        if (rc == 0) {
            return table->sorted[middle];
        }

        if (rc < 0) {
            high = middle;

        } else {
            low = middle + 1;
        }
    }

    return NULL;
}


const mdm_schema_key_t *
mdm_schema_member(const mdm_schema_key_t *table, mdm_str_t name)
{
    const mdm_schema_key_t  *key;

    key = mdm_schema_named(table, name);

    return key ? key : table->rest;
}
