
/*
 * The tree of values: making, finding, joining.  Must never follow a tree
 * deeper than MDM_NODE_MAX_DEPTH: plugins build them, too.
 */


#include <string.h>

#include "mdm_node.h"


static mdm_node_t *mdm_node_copy_at(mdm_arena_t *arena, const mdm_node_t *node,
    unsigned depth);
static mdm_rc_e mdm_node_link(mdm_node_t *list, mdm_node_t *node);
static void mdm_node_unlink(mdm_node_t *list, mdm_node_t *before,
    mdm_node_t *node);


mdm_node_t *
mdm_node_new(mdm_arena_t *arena, uint32_t type)
{
    mdm_node_t  *node;

    node = mdm_arena_zalloc(arena, sizeof(mdm_node_t));

    if (node) {
        node->type = type;
    }

    return node;
}


mdm_node_t *
mdm_node_text(mdm_arena_t *arena, uint32_t type, mdm_str_t text)
{
    mdm_node_t  *node;

    node = mdm_node_new(arena, type);
    if (node == NULL) {
        return NULL;
    }

    node->u.text = mdm_arena_str(arena, text.data ? text.data
                                            : (const unsigned char *) "",
                                 text.len);

    return mdm_str_is_set(node->u.text) ? node : NULL;
}


mdm_node_t *
mdm_node_copy(mdm_arena_t *arena, const mdm_node_t *node)
{
    return mdm_node_copy_at(arena, node, 0);
}


static mdm_node_t *
mdm_node_copy_at(mdm_arena_t *arena, const mdm_node_t *node, unsigned depth)
{
    mdm_rc_e           rc;
    mdm_node_t        *copy, *member;
    const mdm_node_t  *from;

    if (node->type == MDM_STRING || node->type == MDM_DATA) {
        return mdm_node_text(arena, node->type, node->u.text);
    }

    copy = mdm_node_new(arena, node->type);

    if (copy == NULL
        || (node->type != MDM_ARRAY && node->type != MDM_DICTIONARY))
    {
        if (copy) {
            copy->u = node->u;
        }

        return copy;
    }

    if (depth == MDM_NODE_MAX_DEPTH) {
        return NULL;
    }

    for (from = node->u.list.first; from; from = from->next) {
        member = mdm_node_copy_at(arena, from, depth + 1);
        if (member == NULL) {
            return NULL;
        }

        rc = (node->type == MDM_ARRAY)
             ? mdm_node_append(copy, member)
             : mdm_node_add(arena, copy, from->name, member);

        if (rc != MDM_OK) {
            return NULL;
        }
    }

    return copy;
}


/* The tab, line feed and carriage return are the control characters that XML
 * 1.0 has; U+FFFE and U+FFFF are none of its characters. */

bool
mdm_node_is_text(mdm_str_t text)
{
    size_t                i;
    const unsigned char  *p;

    p = text.data;

    if (!mdm_utf8_valid(p, text.len)) {
        return false;
    }

    for (i = 0; i < text.len; i++) {

        if (p[i] < 0x20 && p[i] != '\t' && p[i] != '\n' && p[i] != '\r') {
            return false;
        }

        if (p[i] == 0xef && p[i + 1] == 0xbf && p[i + 2] >= 0xbe) {
            return false;
        }
    }

    return true;
}


mdm_node_t *
mdm_node_get(const mdm_node_t *dict, const char *name)
{
    return mdm_node_get_str(dict, (mdm_str_t) {
                                strlen(name), (const unsigned char *) name });
}


mdm_node_t *
mdm_node_get_str(const mdm_node_t *dict, mdm_str_t name)
{
    mdm_node_t  *member;

    if (dict == NULL || dict->type != MDM_DICTIONARY) {
        return NULL;
    }

    for (member = dict->u.list.first; member; member = member->next) {
        if (mdm_str_eq(member->name, name)) {
            return member;
        }
    }

    return NULL;
}


mdm_rc_e
mdm_node_set(mdm_arena_t *arena, mdm_node_t *dict, const char *name,
    mdm_node_t *value)
{
    mdm_str_t    key;
    mdm_node_t  *member, *before;

    if (dict == NULL || dict->type != MDM_DICTIONARY
        || (value && (value->held || value == dict)))
    {
        return MDM_UNSUPPORTED;
    }

    key = (mdm_str_t) { strlen(name), (const unsigned char *) name };
    before = NULL;

    for (member = dict->u.list.first; member; member = member->next) {
        if (mdm_str_eq(member->name, key)) {
            break;
        }

        before = member;
    }

    if (member == NULL) {
        return value ? mdm_node_add(arena, dict, key, value) : MDM_OK;
    }

    if (value == NULL) {
        mdm_node_unlink(dict, before, member);
        return MDM_OK;
    }

    value->name = member->name;
    value->next = member->next;
    value->held = 1;
    member->next = NULL;
    member->held = 0;

    *(before ? &before->next : &dict->u.list.first) = value;

    if (dict->u.list.last == member) {
        dict->u.list.last = value;
    }

    return MDM_OK;
}


mdm_rc_e
mdm_node_add(mdm_arena_t *arena, mdm_node_t *dict, mdm_str_t name,
    mdm_node_t *value)
{
    mdm_str_t  copy;

    if (dict == NULL || dict->type != MDM_DICTIONARY || value->held
        || value == dict)
    {
        return MDM_UNSUPPORTED;
    }

    copy = mdm_arena_str(arena, name.data, name.len);
    if (!mdm_str_is_set(copy)) {
        return MDM_NO_MEMORY;
    }

    value->name = copy;

    return mdm_node_link(dict, value);
}


mdm_rc_e
mdm_node_append(mdm_node_t *array, mdm_node_t *item)
{
    if (array == NULL || array->type != MDM_ARRAY || item->held
        || item == array)
    {
        return MDM_UNSUPPORTED;
    }

    item->name = mdm_null_str;

    return mdm_node_link(array, item);
}


static mdm_rc_e
mdm_node_link(mdm_node_t *list, mdm_node_t *node)
{
    node->next = NULL;
    node->held = 1;

    if (list->u.list.last) {
        list->u.list.last->next = node;

    } else {
        list->u.list.first = node;
    }

    list->u.list.last = node;
    list->count++;

    return MDM_OK;
}


static void
mdm_node_unlink(mdm_node_t *list, mdm_node_t *before, mdm_node_t *node)
{
    *(before ? &before->next : &list->u.list.first) = node->next;

    if (list->u.list.last == node) {
        list->u.list.last = before;
    }

    list->count--;
    node->next = NULL;
    node->held = 0;
}
