
/*
 * What a device makes of several payloads of one type: each key by its rule,
 * then what the plugin knows.  Two values without a rule are a conflict, for
 * which of them wins is not said.
 */


#include <string.h>

#include "mdm_check.h"


typedef struct {
    const mdm_schema_type_t     *type;
    mdm_arena_t                 *arena;
    mdm_findings_t              *findings;
    bool                         told;       /* conflicts; not where merge()
                                                has a say in them */
    mdm_rc_e                     rc;
} mdm_merge_t;


static void mdm_merge_dictionary(mdm_merge_t *merge,
    const mdm_schema_key_t *table, const mdm_node_t *from, mdm_node_t *into,
    const mdm_place_t *place);
static void mdm_merge_member(mdm_merge_t *merge, const mdm_schema_key_t *key,
    const mdm_node_t *from, mdm_node_t *has, const mdm_place_t *place);
static bool mdm_merge_combine(mdm_merge_t *merge, const mdm_schema_key_t *key,
    const mdm_node_t *from, mdm_node_t *has);
static bool mdm_merge_numbers(const mdm_schema_key_t *key,
    const mdm_node_t *from, mdm_node_t *has);
static bool mdm_merge_listed(const mdm_schema_key_t *key,
    const mdm_node_t *from, mdm_node_t *has);
static bool mdm_merge_arrays(mdm_merge_t *merge, const mdm_schema_key_t *key,
    const mdm_node_t *from, mdm_node_t *has);
static void mdm_merge_common_items(const mdm_node_t *from, mdm_node_t *has);
static void mdm_merge_conflict(mdm_merge_t *merge, const mdm_place_t *place);
static void mdm_merge_function(mdm_merge_t *merge,
    const mdm_node_t *const *payloads, size_t n, mdm_node_t *into);
static bool mdm_merge_has(const mdm_node_t *array, const mdm_node_t *item);
static bool mdm_merge_same(const mdm_node_t *a, const mdm_node_t *b,
    unsigned depth);


mdm_rc_e
mdm_schema_merge(const mdm_schema_type_t *type, mdm_arena_t *arena,
    const mdm_node_t *const *payloads, size_t n, mdm_node_t **merged,
    mdm_findings_t *findings)
{
    size_t        i;
    mdm_node_t   *into;
    mdm_merge_t   merge;
    mdm_place_t   place;

    *merged = NULL;

    memset(&merge, 0, sizeof(mdm_merge_t));
    memset(&place, 0, sizeof(mdm_place_t));

    merge.type = type;
    merge.arena = arena;
    merge.findings = findings;
    merge.told = type->type->merge == NULL;

    into = mdm_node_new(arena, MDM_DICTIONARY);
    if (into == NULL) {
        return MDM_NO_MEMORY;
    }

    for (i = 0; i < n && merge.rc == MDM_OK; i++) {
        if (payloads[i]->type == MDM_DICTIONARY) {
            mdm_merge_dictionary(&merge, type->keys, payloads[i], into,
                                 &place);
        }
    }

    if (type->type->merge && merge.rc == MDM_OK) {
        mdm_merge_function(&merge, payloads, n, into);
    }

    if (merge.rc != MDM_OK || findings->no_memory) {
        return MDM_NO_MEMORY;
    }

    *merged = into;

    return MDM_OK;
}


static void
mdm_merge_dictionary(mdm_merge_t *merge, const mdm_schema_key_t *table,
    const mdm_node_t *from, mdm_node_t *into, const mdm_place_t *place)
{
    mdm_node_t              *has, *copy;
    mdm_place_t              at;
    const mdm_node_t        *member;
    const mdm_schema_key_t  *key;

    at.around = place;
    at.n = 0;

    for (member = from->u.list.first; member; member = member->next) {
        at.name = member->name;

        key = table ? mdm_schema_member(table, member->name) : NULL;
        has = mdm_node_get_str(into, member->name);

        if (has) {
            mdm_merge_member(merge, key, member, has, &at);

        } else {
            copy = mdm_node_copy(merge->arena, member);

            if (copy == NULL
                || mdm_node_add(merge->arena, into, member->name, copy)
                   != MDM_OK)
            {
                merge->rc = MDM_NO_MEMORY;
            }
        }

        if (merge->rc != MDM_OK) {
            return;
        }
    }
}


/* The keys that every payload has are the first one's. */

static void
mdm_merge_member(mdm_merge_t *merge, const mdm_schema_key_t *key,
    const mdm_node_t *from, mdm_node_t *has, const mdm_place_t *place)
{
    if (key == NULL && place->around->around == NULL
        && mdm_schema_is_common(from->name))
    {
        return;
    }

    if (key && key->type == MDM_DICTIONARY && key->members
        && key->key->combine == MDM_COMBINE_UNSAID
        && from->type == MDM_DICTIONARY && has->type == MDM_DICTIONARY)
    {
        mdm_merge_dictionary(merge, key, from, has, place);
        return;
    }

    if (key && mdm_merge_combine(merge, key, from, has)) {
        return;
    }

    if (!mdm_merge_same(from, has, 0)) {
        mdm_merge_conflict(merge, place);
    }
}


/* false: its rule says nothing of two such values. */

static bool
mdm_merge_combine(mdm_merge_t *merge, const mdm_schema_key_t *key,
    const mdm_node_t *from, mdm_node_t *has)
{
    switch (key->key->combine) {

    case MDM_COMBINE_OR:
    case MDM_COMBINE_AND:
        if (from->type != MDM_BOOLEAN || has->type != MDM_BOOLEAN) {
            return false;
        }

        has->u.boolean = key->key->combine == MDM_COMBINE_OR
                             ? has->u.boolean || from->u.boolean
                             : has->u.boolean && from->u.boolean;
        return true;

    case MDM_COMBINE_MIN:
    case MDM_COMBINE_MAX:
        return mdm_merge_numbers(key, from, has);

    case MDM_COMBINE_ENUM_FIRST:
    case MDM_COMBINE_ENUM_LAST:
        return mdm_merge_listed(key, from, has);

    case MDM_COMBINE_FIRST:
        return true;

    case MDM_COMBINE_APPEND:
    case MDM_COMBINE_UNION:
    case MDM_COMBINE_INTERSECTION:
        return mdm_merge_arrays(merge, key, from, has);

    default:
        return false;
    }
}


static bool
mdm_merge_numbers(const mdm_schema_key_t *key, const mdm_node_t *from,
    mdm_node_t *has)
{
    bool    less;
    double  a, b;

    if ((from->type != MDM_INTEGER && from->type != MDM_REAL)
        || (has->type != MDM_INTEGER && has->type != MDM_REAL))
    {
        return false;
    }

    a = from->type == MDM_INTEGER ? (double) from->u.integer : from->u.real;
    b = has->type == MDM_INTEGER ? (double) has->u.integer : has->u.real;

    less = from->type == MDM_INTEGER && has->type == MDM_INTEGER
               ? from->u.integer < has->u.integer : a < b;

    if (less == (key->key->combine == MDM_COMBINE_MIN)) {
        has->type = from->type;
        has->u = from->u;
    }

    return true;
}


static bool
mdm_merge_listed(const mdm_schema_key_t *key, const mdm_node_t *from,
    mdm_node_t *has)
{
    size_t               i;
    bool                 is_from, is_has;
    const char          *one[2];
    const char *const   *one_of;

    if (from->type != has->type
        || (from->type != MDM_STRING && from->type != MDM_INTEGER))
    {
        return false;
    }

    one_of = key->key->one_of;
    one[1] = NULL;
    is_from = false;
    is_has = false;

    if (!mdm_value_one_of(one_of, key->type, from)
        || !mdm_value_one_of(one_of, key->type, has))
    {
        return false;
    }

    for (i = 0; one_of[i]; i++) {
        one[0] = one_of[i];
        is_from = mdm_value_one_of(one, key->type, from);
        is_has = mdm_value_one_of(one, key->type, has);

        if (is_from || is_has) {
            break;
        }
    }

    if (one_of[i] && is_has != is_from
        && is_from == (key->key->combine == MDM_COMBINE_ENUM_FIRST))
    {
        has->u = from->u;
    }

    return true;
}


static bool
mdm_merge_arrays(mdm_merge_t *merge, const mdm_schema_key_t *key,
    const mdm_node_t *from, mdm_node_t *has)
{
    mdm_node_t        *copy;
    const mdm_node_t  *item;

    if (from->type != MDM_ARRAY || has->type != MDM_ARRAY) {
        return false;
    }

    if (key->key->combine == MDM_COMBINE_INTERSECTION) {
        mdm_merge_common_items(from, has);
        return true;
    }

    for (item = from->u.list.first; item; item = item->next) {

        if (key->key->combine == MDM_COMBINE_UNION && mdm_merge_has(has, item))
        {
            continue;
        }

        copy = mdm_node_copy(merge->arena, item);

        if (copy == NULL || mdm_node_append(has, copy) != MDM_OK) {
            merge->rc = MDM_NO_MEMORY;
            break;
        }
    }

    return true;
}


static void
mdm_merge_common_items(const mdm_node_t *from, mdm_node_t *has)
{
    mdm_node_t  *item, *next;

    item = has->u.list.first;

    has->u.list.first = NULL;
    has->u.list.last = NULL;
    has->count = 0;

    for ( /* void */ ; item; item = next) {
        next = item->next;
        item->next = NULL;
        item->held = 0;

        if (mdm_merge_has(from, item)) {
            (void) mdm_node_append(has, item);
        }
    }
}


static void
mdm_merge_conflict(mdm_merge_t *merge, const mdm_place_t *place)
{
    char  path[MDM_CHECK_PATH];

    if (!merge->told) {
        return;
    }

    mdm_finding(merge->findings, false, "conflict",
                mdm_place_text(place, path, sizeof(path)), mdm_null_str,
                "is set to different values, which do not combine");
}


/* It sees all payloads, and what the rules have made of them. */

static void
mdm_merge_function(mdm_merge_t *merge, const mdm_node_t *const *payloads,
    size_t n, mdm_node_t *into)
{
    bool             good;
    mdm_host_call_t  host;

    mdm_host_enter(&host, merge->arena, merge->type->plugin->state);

    host.findings = merge->findings;

    good = merge->type->type->merge(&host.call, payloads, n, into);

    mdm_host_leave(&host);

    if (!good && host.faults == 0) {
        mdm_finding(merge->findings, false, "conflict", mdm_str(""),
                    mdm_null_str, "could not be combined by the plugin %s",
                    merge->type->plugin->plugin->name);
    }
}


static bool
mdm_merge_has(const mdm_node_t *array, const mdm_node_t *item)
{
    const mdm_node_t  *other;

    for (other = array->u.list.first; other; other = other->next) {
        if (mdm_merge_same(other, item, 0)) {
            return true;
        }
    }

    return false;
}


static bool
mdm_merge_same(const mdm_node_t *a, const mdm_node_t *b, unsigned depth)
{
    const mdm_node_t  *item, *other;

    if (a->type != b->type || depth > MDM_NODE_MAX_DEPTH) {
        return false;
    }

    switch (a->type) {

    case MDM_STRING:
    case MDM_DATA:
        return mdm_str_eq(a->u.text, b->u.text);

    case MDM_BOOLEAN:
        return a->u.boolean == b->u.boolean;

    case MDM_INTEGER:
        return a->u.integer == b->u.integer;

    case MDM_REAL:
        return a->u.real == b->u.real;

    case MDM_DATE:
        return a->u.date == b->u.date;

    default:
        break;
    }

    if (a->count != b->count) {
        return false;
    }

    other = b->u.list.first;

    for (item = a->u.list.first; item; item = item->next) {

        if (a->type == MDM_DICTIONARY) {
            other = mdm_node_get_str(b, item->name);
        }

        if (other == NULL || !mdm_merge_same(item, other, depth + 1)) {
            return false;
        }

        if (a->type == MDM_ARRAY) {
            other = other->next;
        }
    }

    return true;
}
