
/*
 * A profile as those see it who may not see its secrets.  What no plugin
 * describes may be secret: of such payloads only the common keys are shown, and
 * of others only the keys that are described.
 */


#include <string.h>

#include "mdm_check.h"


static void mdm_hide_payload(const mdm_schema_t *schema, mdm_arena_t *arena,
    mdm_node_t *payload);
static void mdm_hide_members(const mdm_schema_key_t *table,
    const mdm_schema_key_t *common, mdm_node_t *node, unsigned depth);
static void mdm_hide_value(const mdm_schema_key_t *key, mdm_node_t *node,
    unsigned depth);
static void mdm_hide_items(const mdm_schema_key_t *key, mdm_node_t *node,
    unsigned depth);
static void mdm_hide(mdm_node_t *node);


/* What stands in the place of a value: no schema takes it for one, so what was
 * shown to somebody cannot be sent back by mistake. */

static mdm_node_t  mdm_hidden = {
    .type = MDM_BOOLEAN,
    .held = 1,
    .name = { sizeof("$secret") - 1, (const unsigned char *) "$secret" },
    .u.boolean = true
};


void
mdm_schema_hide(const mdm_schema_t *schema, mdm_arena_t *arena,
    mdm_node_t *profile)
{
    mdm_node_t  *contents, *payload;

    contents = mdm_node_get(profile, "PayloadContent");

    if (contents == NULL) {
        return;
    }

    if (contents->type != MDM_ARRAY) {
        mdm_hide(contents);
        return;
    }

    for (payload = contents->u.list.first; payload; payload = payload->next) {
        mdm_hide_payload(schema, arena, payload);
    }
}


static void
mdm_hide_payload(const mdm_schema_t *schema, mdm_arena_t *arena,
    mdm_node_t *payload)
{
    bool                      several;
    mdm_node_t               *member;
    const mdm_schema_type_t  *type;

    if (payload->type != MDM_DICTIONARY) {
        mdm_hide(payload);
        return;
    }

    type = mdm_payload_type(schema, payload, &several);

    if (type && type->keys) {
        mdm_hide_members(type->keys, schema->payload->keys, payload, 0);
        return;
    }

    for (member = payload->u.list.first; member; member = member->next) {
        if (mdm_schema_named(schema->payload->keys, member->name) == NULL) {
            mdm_hide(member);
        }
    }
}


static void
mdm_hide_members(const mdm_schema_key_t *table,
    const mdm_schema_key_t *common, mdm_node_t *node, unsigned depth)
{
    mdm_node_t              *member;
    const mdm_schema_key_t  *key;

    for (member = node->u.list.first; member; member = member->next) {
        key = mdm_schema_member(table, member->name);

        if (key == NULL && common) {
            key = mdm_schema_named(common, member->name);
        }

        if (key) {
            mdm_hide_value(key, member, depth);

        } else {
            mdm_hide(member);
        }
    }
}


/* What is not of the type that it must be was no checked profile's. */

static void
mdm_hide_value(const mdm_schema_key_t *key, mdm_node_t *node, unsigned depth)
{
    if (key->secret || key->type == MDM_PROFILE || depth > MDM_NODE_MAX_DEPTH)
    {
        mdm_hide(node);

    } else if (key->members && node->type != key->type) {
        mdm_hide(node);

    } else if (key->members && key->type == MDM_ARRAY) {
        mdm_hide_items(key, node, depth + 1);

    } else if (key->members) {
        mdm_hide_members(key, NULL, node, depth + 1);
    }
}


static void
mdm_hide_items(const mdm_schema_key_t *key, mdm_node_t *node, unsigned depth)
{
    size_t                   n;
    mdm_node_t              *item;
    const mdm_schema_key_t  *kind;

    for (item = node->u.list.first; item; item = item->next) {
        kind = mdm_kind_find(key, item, false, &n);

        if (kind) {
            mdm_hide_value(kind, item, depth);

        } else {
            mdm_hide(item);
        }
    }
}


static void
mdm_hide(mdm_node_t *node)
{
    node->type = MDM_DICTIONARY;
    node->count = 1;
    node->u.list.first = &mdm_hidden;
    node->u.list.last = &mdm_hidden;
}
