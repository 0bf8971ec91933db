
/*
 * Items of lists: what an answer's table keeps of each, by which key, and what
 * a handler tells.  Nothing is kept that no table describes, for it may be
 * secret; what a device says otherwise than the table is passed over.
 */


#include <math.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "mdm_check.h"
#include "mdm_effect.h"


#define MDM_EFFECT_SHA256  32
#define MDM_EFFECT_HASHED  "sha256:"

static bool mdm_effect_array_key(mdm_host_call_t *host,
    const mdm_schema_key_t *kind, const mdm_node_t *item, mdm_str_t *key);
static bool mdm_effect_key_part(mdm_host_call_t *host, const mdm_node_t *node,
    mdm_str_t *part);
static bool mdm_effect_key_join(mdm_host_call_t *host, const mdm_str_t *parts,
    size_t n, mdm_str_t *key);
static bool mdm_effect_hash(mdm_host_call_t *host, const char *prefix,
    mdm_str_t text, mdm_str_t *hash);
static mdm_node_t *mdm_effect_value(mdm_host_call_t *host,
    const mdm_schema_key_t *key, const mdm_node_t *node, unsigned depth);
static void mdm_effect_value_items(mdm_host_call_t *host,
    const mdm_schema_key_t *key, const mdm_node_t *node, mdm_node_t *copy,
    unsigned depth);
static bool mdm_effect_writable(const mdm_node_t *node, unsigned depth);
static mdm_effect_list_t *mdm_effect_list(mdm_host_call_t *host,
    mdm_str_t name);
static bool mdm_effect_item(mdm_host_call_t *host, mdm_effect_list_t *list,
    mdm_str_t key, const mdm_node_t *value);


/* --- by the table of the answer --- */

void
mdm_effect_list_array(mdm_host_call_t *host, const mdm_schema_key_t *key,
    const mdm_node_t *array, unsigned depth)
{
    size_t                   n;
    mdm_str_t                name;
    mdm_node_t              *value;
    const mdm_node_t        *item;
    mdm_effect_list_t       *list;
    const mdm_schema_key_t  *kind;

    list = array->type == MDM_ARRAY
           ? mdm_effect_list(host, mdm_schema_c(key->key->list)) : NULL;

    for (item = list ? array->u.list.first : NULL; item && !host->failed;
         item = item->next)
    {
        kind = mdm_kind_find(key, item, true, &n);

        if (kind == NULL || kind->type != item->type
            || !mdm_effect_array_key(host, kind, item, &name))
        {
            continue;
        }

        value = mdm_effect_value(host, kind, item, 1);

        if (value && mdm_effect_item(host, list, name, value)) {
            mdm_effect_answer(host, kind, item, depth + 1);
        }
    }
}


void
mdm_effect_list_rest(mdm_host_call_t *host, const mdm_schema_key_t *key)
{
    mdm_effect_list(host, mdm_schema_c(key->key->list));
}


void
mdm_effect_list_member(mdm_host_call_t *host, const mdm_schema_key_t *key,
    const mdm_node_t *member, unsigned depth)
{
    mdm_node_t         *value;
    mdm_effect_list_t  *list;

    list = mdm_effect_list(host, mdm_schema_c(key->key->list));
    value = list ? mdm_effect_value(host, key, member, 1) : NULL;

    if (value && member->name.len > 0 && mdm_node_is_text(member->name)
        && mdm_effect_item(host, list, member->name, value))
    {
        mdm_effect_answer(host, key, member, depth + 1);
    }
}


/* False: nothing tells it apart. */

static bool
mdm_effect_array_key(mdm_host_call_t *host, const mdm_schema_key_t *kind,
    const mdm_node_t *item, mdm_str_t *key)
{
    size_t             i, n;
    mdm_str_t          parts[MDM_SCHEMA_MAX_TELLERS];
    const mdm_node_t  *member;

    if (kind->type == MDM_STRING) {
        *key = item->u.text;
        return key->len > 0 && mdm_node_is_text(*key);
    }

    parts[0] = mdm_null_str;

    for (i = 0, n = 0; i < kind->nmembers && n < MDM_SCHEMA_MAX_TELLERS; i++) {

        if (!(kind->members[i].flags & MDM_TELLS)) {
            continue;
        }

        member = mdm_node_get(item, kind->members[i].name);

        if (member == NULL
            || !mdm_value_is(&kind->members[i], member, true)
            || !mdm_effect_key_part(host, member, &parts[n++]))
        {
            return false;
        }
    }

    *key = parts[0];

    return n == 1 || mdm_effect_key_join(host, parts, n, key);
}


/* A value as text; an empty one tells nothing. */

static bool
mdm_effect_key_part(mdm_host_call_t *host, const mdm_node_t *node,
    mdm_str_t *part)
{
    char  text[MDM_NODE_REAL_SIZE];

    switch (node->type) {

    case MDM_STRING:
        *part = node->u.text;
        return part->len > 0 && mdm_node_is_text(*part);

    case MDM_DATA:
        return node->u.text.len > 0
               && mdm_effect_hash(host, "", node->u.text, part);

    case MDM_BOOLEAN:
        *part = node->u.boolean ? mdm_str("true") : mdm_str("false");
        return true;

    case MDM_INTEGER:
        snprintf(text, sizeof(text), "%lld", (long long) node->u.integer);
        *part = mdm_arena_str(host->arena, text, strlen(text));
        break;

    case MDM_REAL:
        mdm_node_real_text(node->u.real, text);
        *part = mdm_arena_str(host->arena, text, strlen(text));
        break;

    default: /* MDM_DATE */
        *part = mdm_node_encode_date(host->arena, node->u.date);
    }

    host->failed |= !mdm_str_is_set(*part);

    return !host->failed;
}


/* "a/b"; a "/" or "\" in one of them has a "\" before it, so that others never
 * come to the same. */

static bool
mdm_effect_key_join(mdm_host_call_t *host, const mdm_str_t *parts, size_t n,
    mdm_str_t *key)
{
    size_t          i, k, len;
    unsigned char  *p, *start;

    for (i = 0, len = n; i < n; i++) {
        len += 2 * parts[i].len;
    }

    start = mdm_arena_alloc(host->arena, len);
    if (start == NULL) {
        host->failed = true;
        return false;
    }

    p = start;

    for (i = 0; i < n; i++) {

        if (i > 0) {
            *p++ = '/';
        }

        for (k = 0; k < parts[i].len; k++) {
            if (parts[i].data[k] == '/' || parts[i].data[k] == '\\') {
                *p++ = '\\';
            }

            *p++ = parts[i].data[k];
        }
    }

    *key = (mdm_str_t) { p - start, start };

    return true;
}


static bool
mdm_effect_hash(mdm_host_call_t *host, const char *prefix, mdm_str_t text,
    mdm_str_t *hash)
{
    char           hex[sizeof(MDM_EFFECT_HASHED) + 2 * MDM_EFFECT_SHA256];
    size_t         i, len;
    unsigned char  sha256[MDM_EFFECT_SHA256];

    if (EVP_Digest(text.data, text.len, sha256, NULL, EVP_sha256(), NULL)
        != 1)
    {
        ERR_clear_error();
        host->failed = true;
        return false;
    }

    len = strlen(prefix);
    memcpy(hex, prefix, len);

    for (i = 0; i < MDM_EFFECT_SHA256; i++, len += 2) {
        snprintf(hex + len, 3, "%02x", sha256[i]);
    }

    *hash = mdm_arena_str(host->arena, hex, len);
    host->failed |= !mdm_str_is_set(*hash);

    return !host->failed;
}


/* What the table has of a value, which shares its texts; NULL: nothing. */

static mdm_node_t *
mdm_effect_value(mdm_host_call_t *host, const mdm_schema_key_t *key,
    const mdm_node_t *node, unsigned depth)
{
    mdm_node_t  *copy;

    if (key->secret || key->type == MDM_PROFILE || depth > MDM_NODE_MAX_DEPTH
        || !mdm_value_is(key, node, true)
        || (key->members == NULL && !mdm_effect_writable(node, depth)))
    {
        return NULL;
    }

    copy = mdm_arena_alloc(host->arena, sizeof(mdm_node_t));

    if (copy == NULL) {
        host->failed = true;
        return NULL;
    }

    *copy = *node;
    copy->held = 0;
    copy->next = NULL;

    if (key->members) {
        copy->count = 0;
        copy->u.list.first = NULL;
        copy->u.list.last = NULL;
        mdm_effect_value_items(host, key, node, copy, depth);
    }

    return copy;
}


static void
mdm_effect_value_items(mdm_host_call_t *host, const mdm_schema_key_t *key,
    const mdm_node_t *node, mdm_node_t *copy, unsigned depth)
{
    size_t                   n;
    mdm_node_t              *value;
    const mdm_node_t        *item;
    const mdm_schema_key_t  *kind;

    for (item = node->u.list.first; item; item = item->next) {

        kind = node->type == MDM_ARRAY
               ? mdm_kind_find(key, item, true, &n)
               : mdm_schema_member(key, item->name);

        if (kind == NULL || !mdm_node_is_text(item->name)) {
            continue;
        }

        value = mdm_effect_value(host, kind, item, depth + 1);

        if (value) {
            value->held = 1;
            *(copy->u.list.last ? &copy->u.list.last->next
                                : &copy->u.list.first) = value;
            copy->u.list.last = value;
            copy->count++;
        }
    }
}


/* Can all of it be stored as JSON? */

static bool
mdm_effect_writable(const mdm_node_t *node, unsigned depth)
{
    const mdm_node_t  *item;

    switch (node->type) {

    case MDM_STRING:
        return mdm_node_is_text(node->u.text);

    case MDM_REAL:
        return isfinite(node->u.real);

    case MDM_ARRAY:
    case MDM_DICTIONARY:
        break;

    default:
        return true;
    }

    if (depth >= MDM_NODE_MAX_DEPTH) {
        return false;
    }

    for (item = node->u.list.first; item; item = item->next) {
        if (!mdm_node_is_text(item->name)
            || !mdm_effect_writable(item, depth + 1))
        {
            return false;
        }
    }

    return true;
}


/* --- what handlers call --- */

bool
mdm_effect_keep_item(mdm_call_t *call, const char *name, mdm_text_t key,
    const mdm_node_t *value)
{
    mdm_str_t           text;
    mdm_node_t         *copy;
    mdm_host_call_t    *host;
    mdm_effect_list_t  *list;

    host = (mdm_host_call_t *) call;
    text = (mdm_str_t) { key.len, (const unsigned char *) key.data };

    if (host == NULL || host->effects == NULL || host->failed) {
        return false;
    }

    if (!mdm_schema_name_valid(mdm_schema_c(name))) {
        return mdm_effect_refuse(host, "keep_item", name,
                                 "is no name for a list");
    }

    list = mdm_effect_list(host, mdm_schema_c(name));

    if (list == NULL || value == NULL) {
        return list != NULL;
    }

    /* of a longer one its SHA-256 is kept, so it may be data */

    if (text.data == NULL || text.len == 0
        || (text.len <= MDM_EFFECTS_MAX_KEY && !mdm_node_is_text(text)))
    {
        return mdm_effect_refuse(host, "keep_item", name,
                                 "is given a key that is no text");
    }

    if (!mdm_effect_writable(value, 1)) {
        return mdm_effect_refuse(host, "keep_item", name,
                                 "is given what is too deep, or text that is "
                                 "none");
    }

    copy = mdm_node_copy(host->arena, value);
    text = mdm_arena_str(host->arena, text.data, text.len);

    if (copy == NULL || !mdm_str_is_set(text)) {
        host->failed = true;
        return false;
    }

    return mdm_effect_item(host, list, text, copy);
}


/* --- both --- */

/* NULL: the call has failed. */

static mdm_effect_list_t *
mdm_effect_list(mdm_host_call_t *host, mdm_str_t name)
{
    mdm_effect_list_t  *list, **last;

    if (host->failed) {
        return NULL;
    }

    for (last = &host->effects->lists; *last; last = &(*last)->next) {
        if (mdm_str_eq((*last)->name, name)) {
            return *last;
        }
    }

    list = mdm_arena_zalloc(host->arena, sizeof(mdm_effect_list_t));

    if (list) {
        list->name = mdm_arena_str(host->arena, name.data, name.len);
    }

    if (list == NULL || !mdm_str_is_set(list->name)) {
        host->failed = true;
        return NULL;
    }

    *last = list;

    return list;
}


static bool
mdm_effect_item(mdm_host_call_t *host, mdm_effect_list_t *list, mdm_str_t key,
    const mdm_node_t *value)
{
    size_t              size;
    mdm_effects_t      *effects;
    mdm_effect_item_t  *item;

    effects = host->effects;

    if (effects->items == MDM_EFFECTS_MAX_ITEMS) {
        return mdm_effect_refuse(host, NULL, NULL,
                                 "a report has more than 10000 items of "
                                 "lists");
    }

    if ((key.len > MDM_EFFECTS_MAX_KEY || mdm_str_has_control(key))
        && !mdm_effect_hash(host, MDM_EFFECT_HASHED, key, &key))
    {
        return false;
    }

    size = key.len;

    if (!mdm_effect_size(value, 1, &size) || size > MDM_EFFECTS_MAX_ITEM) {
        return mdm_effect_refuse(host, NULL, NULL,
                                 "an item of a list is larger than 65536 "
                                 "bytes");
    }

    if (size > MDM_EFFECTS_MAX_ITEM_BYTES - effects->item_bytes) {
        return mdm_effect_refuse(host, NULL, NULL,
                                 "the items of lists are larger than 16777216 "
                                 "bytes");
    }

    item = mdm_arena_zalloc(host->arena, sizeof(mdm_effect_item_t));
    if (item == NULL) {
        host->failed = true;
        return false;
    }

    item->key = key;
    item->value = value;

    effects->items++;
    effects->item_bytes += size;

    *(list->last ? &list->last->next : &list->first) = item;
    list->last = item;

    return true;
}
