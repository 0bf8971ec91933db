
/*
 * Contents beside their tables: everything that is wrong, told at once.  Must
 * never stop at a fault, and never look at a value more often than its tables
 * are deep.
 */


#include <string.h>

#include "mdm_check.h"


#define MDM_CHECK_SEEN   64              /* awaited keys in one word */


static void mdm_walk_start(mdm_walk_t *walk, mdm_check_t *check,
    const mdm_schema_type_t *type);
static mdm_rc_e mdm_walk_end(mdm_walk_t *walk);
static void mdm_walk_awaited(mdm_walk_t *walk, const mdm_schema_key_t *table,
    const uint64_t *seen, const mdm_place_t *place);
static void mdm_walk_missing(mdm_walk_t *walk, const mdm_schema_key_t *key,
    const mdm_schema_key_t *table, const mdm_place_t *place);
static bool mdm_walk_preset(const mdm_walk_t *walk,
    const mdm_schema_key_t *key, const mdm_node_t *node);
static bool mdm_walk_everywhere(const mdm_schema_systems_t *on,
    const mdm_schema_systems_t *around);
static void mdm_walk_array(mdm_walk_t *walk, const mdm_schema_key_t *key,
    mdm_node_t *node, const mdm_place_t *place);
static bool mdm_walk_deeper(mdm_walk_t *walk, const mdm_place_t *place);
static void mdm_walk_validate(mdm_walk_t *walk, const mdm_schema_type_t *type,
    mdm_node_t *node, const mdm_place_t *place);
static void mdm_walk_build(mdm_walk_t *walk, const mdm_schema_type_t *type,
    mdm_node_t *node, const mdm_place_t *place);


mdm_rc_e
mdm_schema_check_command(mdm_check_t *check, const mdm_schema_type_t *type,
    mdm_node_t *command)
{
    size_t       faults;
    mdm_walk_t   walk;
    mdm_place_t  place;

    mdm_walk_start(&walk, check, type);
    memset(&place, 0, sizeof(mdm_place_t));

    if (walk.rc != MDM_OK) {
        return walk.rc;
    }

    if (command->type != MDM_DICTIONARY) {
        mdm_walk_say(&walk, false, "type", &place, command,
                     "must be a dictionary");
        return mdm_walk_end(&walk);
    }

    faults = check->findings->faults;

    if (type->plugin) {
        mdm_walk_demand(&walk, MDM_DEMAND_ON, type, NULL, &place);
    }

    if (type->keys) {
        mdm_walk_dictionary(&walk, type->keys, NULL, command, &place);

    } else {
        mdm_walk_unknown(&walk, command, &place);
    }

    mdm_walk_functions(&walk, type, command, &place, faults);

    mdm_walk_wants(&walk);

    if (check->nwants || check->values.escaped) {
        mdm_walk_literals(&walk);
    }

    return mdm_walk_end(&walk);
}


mdm_rc_e
mdm_schema_check_profile(mdm_check_t *check, mdm_node_t *profile,
    bool complete, mdm_profile_facts_t *facts)
{
    mdm_walk_t   walk;
    mdm_place_t  place;

    mdm_walk_start(&walk, check, check->schema->profile);
    memset(&place, 0, sizeof(mdm_place_t));

    if (walk.rc != MDM_OK) {
        return walk.rc;
    }

    walk.exact = !complete;
    walk.profiles = 1;

    mdm_walk_profile(&walk, profile, complete, &place, facts);
    mdm_walk_wants(&walk);

    return mdm_walk_end(&walk);
}


mdm_rc_e
mdm_schema_check_payload(mdm_check_t *check, mdm_node_t *payload)
{
    mdm_walk_t                walk;
    mdm_place_t               place;
    const mdm_schema_type_t  *type;

    mdm_walk_start(&walk, check, check->schema->payload);
    memset(&place, 0, sizeof(mdm_place_t));

    if (walk.rc != MDM_OK) {
        return walk.rc;
    }

    walk.profiles = 1;
    walk.alone = true;

    mdm_walk_payload(&walk, payload, &place, &type);
    mdm_walk_wants(&walk);

    return mdm_walk_end(&walk);
}


static void
mdm_walk_start(mdm_walk_t *walk, mdm_check_t *check,
    const mdm_schema_type_t *type)
{
    memset(walk, 0, sizeof(mdm_walk_t));

    check->demands = mdm_demands_create(check->arena);
    check->values.n = 0;
    check->values.escaped = false;
    check->nwants = 0;

    walk->check = check;
    walk->type = type;
    walk->values = &check->values;
    walk->literal = check->literal;

    if (check->demands == NULL) {
        walk->rc = MDM_NO_MEMORY;
        return;
    }

    check->demands->strict = check->strict;
}


/* Half of a check is none. */

static mdm_rc_e
mdm_walk_end(mdm_walk_t *walk)
{
    if (walk->rc != MDM_OK || walk->check->findings->no_memory) {
        walk->check->demands = NULL;
        return MDM_NO_MEMORY;
    }

    return MDM_OK;
}


/* `common` has the keys that every payload has, beside its own. */

void
mdm_walk_dictionary(mdm_walk_t *walk, const mdm_schema_key_t *table,
    const mdm_schema_key_t *common, mdm_node_t *node,
    const mdm_place_t *place)
{
    uint64_t                *seen, few[2] = { 0, 0 };
    size_t                   words;
    mdm_node_t              *member;
    mdm_place_t              at;
    const mdm_schema_key_t  *key;

    if (!mdm_walk_deeper(walk, place)) {
        return;
    }

    seen = few;
    words = table->nawaited / MDM_CHECK_SEEN + 1;

    if (words > sizeof(few) / sizeof(few[0])) {
        seen = mdm_arena_zalloc(walk->check->arena, words * sizeof(seen[0]));
        if (seen == NULL) {
            walk->rc = MDM_NO_MEMORY;
            return;
        }
    }

    at.around = place;
    at.n = 0;

    for (member = node->u.list.first; member; member = member->next) {
        at.name = member->name;

        key = mdm_schema_named(table, member->name);

        if (key && key->slot != MDM_SCHEMA_NO_SLOT) {
            seen[key->slot / MDM_CHECK_SEEN] |=
                UINT64_C(1) << key->slot % MDM_CHECK_SEEN;
        }

        if (key == NULL && common
            && mdm_schema_named(common, member->name))
        {
            continue;
        }

        key = key ? key : table->rest;

        if (key) {
            mdm_walk_value(walk, key, member, &at);
            continue;
        }

        mdm_walk_no_key(walk, table, &at);
        mdm_walk_unknown(walk, member, &at);
    }

    mdm_walk_awaited(walk, table, seen, place);

    walk->depth--;
}


static void
mdm_walk_awaited(mdm_walk_t *walk, const mdm_schema_key_t *table,
    const uint64_t *seen, const mdm_place_t *place)
{
    size_t  i;

    for (i = 0; i < table->nawaited; i++) {
        if (!(seen[i / MDM_CHECK_SEEN] >> i % MDM_CHECK_SEEN & 1)) {
            mdm_walk_missing(walk, table->awaited[i], table, place);
        }
    }
}


/* What is in escrow comes at delivery; what only some systems know is missed
 * by gating. */

static void
mdm_walk_missing(mdm_walk_t *walk, const mdm_schema_key_t *key,
    const mdm_schema_key_t *table, const mdm_place_t *place)
{
    mdm_place_t  at;

    at.around = place;
    at.name = mdm_schema_c(key->name);
    at.n = 0;

    if (key->key->escrow) {
        mdm_walk_want(walk, at.name, '<', key->key->escrow, &at);

    } else if (mdm_walk_everywhere(key->on, table->on)) {
        mdm_walk_say(walk, false, "required", &at, NULL, "is required");

    } else {
        mdm_walk_demand(walk, MDM_DEMAND_KEY, walk->type, key, &at);
    }
}


static bool
mdm_walk_everywhere(const mdm_schema_systems_t *on,
    const mdm_schema_systems_t *around)
{
    unsigned  i;

    for (i = MDM_IOS; on != around && i < MDM_SCHEMA_PLATFORMS; i++) {
        if (on->on[i].introduced != around->on[i].introduced) {
            return false;
        }
    }

    return true;
}


/* A payload with what a device does by itself asks nothing of it: many list all
 * that they might forbid, and allow most of it. */

static bool
mdm_walk_preset(const mdm_walk_t *walk, const mdm_schema_key_t *key,
    const mdm_node_t *node)
{
    return walk->type->kind == MDM_PAYLOAD && key->type == MDM_BOOLEAN
           && node->type == MDM_BOOLEAN && key->key->preset
           && strcmp(key->key->preset, node->u.boolean ? "true" : "false")
              == 0;
}


void
mdm_walk_value(mdm_walk_t *walk, const mdm_schema_key_t *key,
    mdm_node_t *node, const mdm_place_t *place)
{
    if (!mdm_walk_preset(walk, key, node)) {
        mdm_walk_demand(walk, MDM_DEMAND_ON, walk->type, key, place);
    }

    switch (key->type) {

    case MDM_ANY:
        mdm_walk_unknown(walk, node, place);
        return;

    case MDM_PROFILE:
        mdm_walk_embedded(walk, key, node, place);
        return;

    case MDM_ARRAY:
    case MDM_DICTIONARY:
        break;

    default:
        mdm_walk_scalar(walk, key, node, place);
        return;
    }

    if (node->type != key->type) {
        mdm_walk_say(walk, false, "type", place, key->secret ? NULL : node,
                     "must be %s, not %s", mdm_schema_type_name(key->type),
                     mdm_schema_type_name(node->type));
        return;
    }

    if (key == walk->check->schema->contents) {
        mdm_walk_payloads(walk, node, place);

    } else if (key->type == MDM_ARRAY) {
        mdm_walk_array(walk, key, node, place);

    } else if (key->members) {
        mdm_walk_dictionary(walk, key, NULL, node, place);

    } else {
        mdm_walk_unknown(walk, node, place);
    }
}


static void
mdm_walk_array(mdm_walk_t *walk, const mdm_schema_key_t *key,
    mdm_node_t *node, const mdm_place_t *place)
{
    mdm_node_t              *item;
    mdm_place_t              at;
    const mdm_schema_key_t  *kind;

    if (node->count < key->key->least) {
        mdm_walk_say(walk, false, "count", place, node,
                     "must have %u or more items", key->key->least);
    }

    if (key->key->most && node->count > key->key->most) {
        mdm_walk_say(walk, false, "count", place, node,
                     "must have %u or fewer items", key->key->most);
    }

    if (key->members == NULL) {
        mdm_walk_unknown(walk, node, place);
        return;
    }

    if (!mdm_walk_deeper(walk, place)) {
        return;
    }

    at.around = place;
    at.name = mdm_null_str;
    at.n = 0;

    for (item = node->u.list.first; item; item = item->next) {
        kind = mdm_walk_kind(walk, key, item, &at);

        if (kind) {
            mdm_walk_value(walk, kind, item, &at);

        } else {
            mdm_walk_unknown(walk, item, &at);
        }

        at.n++;
    }

    walk->depth--;
}


/* What no table says anything of has values in its strings, too. */

void
mdm_walk_unknown(mdm_walk_t *walk, mdm_node_t *node, const mdm_place_t *place)
{
    mdm_node_t   *item;
    mdm_place_t   at;

    if (node->type == MDM_STRING) {
        mdm_walk_text(walk, node, false, place);
        return;
    }

    if ((node->type != MDM_ARRAY && node->type != MDM_DICTIONARY)
        || !mdm_walk_deeper(walk, place))
    {
        return;
    }

    at.around = place;
    at.n = 0;

    for (item = node->u.list.first; item; item = item->next) {
        at.name = node->type == MDM_ARRAY ? mdm_null_str : item->name;
        mdm_walk_unknown(walk, item, &at);
        at.n++;
    }

    walk->depth--;
}


/* Trees may be built by others than our readers. */

static bool
mdm_walk_deeper(mdm_walk_t *walk, const mdm_place_t *place)
{
    if (walk->depth == MDM_NODE_MAX_DEPTH) {
        mdm_walk_say(walk, false, "type", place, NULL,
                     "is nested deeper than %d", MDM_NODE_MAX_DEPTH);
        return false;
    }

    walk->depth++;

    return true;
}


/* --- a plugin's functions --- */

/* validate() is asked even when the tables found faults, so that a person hears
 * of all at once; build() works on what is right alone.  `faults` were there
 * before. */

void
mdm_walk_functions(mdm_walk_t *walk, const mdm_schema_type_t *type,
    mdm_node_t *node, const mdm_place_t *place, size_t faults)
{
    if (type->type->validate && walk->rc == MDM_OK) {
        mdm_walk_validate(walk, type, node, place);
    }

    if (type->type->build && !walk->exact && walk->rc == MDM_OK
        && walk->check->findings->faults == faults)
    {
        mdm_walk_build(walk, type, node, place);
    }
}


static void
mdm_walk_validate(mdm_walk_t *walk, const mdm_schema_type_t *type,
    mdm_node_t *node, const mdm_place_t *place)
{
    bool             good;
    char             path[MDM_CHECK_PATH];
    mdm_host_call_t  host;

    mdm_host_enter(&host, walk->check->arena, type->plugin->state);

    host.findings = walk->check->findings;
    host.prefix = mdm_place_text(place, path, sizeof(path));

    good = type->type->validate(&host.call, node);

    mdm_host_leave(&host);

    if (!good && host.faults == 0) {
        mdm_walk_say(walk, false, "plugin", place, NULL,
                     "is refused by the plugin %s",
                     type->plugin->plugin->name);
    }
}


static void
mdm_walk_build(mdm_walk_t *walk, const mdm_schema_type_t *type,
    mdm_node_t *node, const mdm_place_t *place)
{
    bool             good;
    char             path[MDM_CHECK_PATH];
    mdm_host_call_t  host;

    mdm_host_enter(&host, walk->check->arena, type->plugin->state);

    host.findings = walk->check->findings;
    host.prefix = mdm_place_text(place, path, sizeof(path));

    good = type->type->build(&host.call, node);

    mdm_host_leave(&host);

    if (!good && host.faults == 0) {
        mdm_walk_say(walk, false, "plugin", place, NULL,
                     "could not be built by the plugin %s",
                     type->plugin->plugin->name);
    }
}
