
/*
 * A profile as the value of a key: typed JSON, a plain .mobileconfig, or a
 * signed one, whose bytes nobody may change.  Its signature is not judged here:
 * the device does that.
 */


#include <string.h>

#include "../pki/mdm_cms.h"
#include "mdm_check.h"


#define MDM_EMBED_DER   0x30             /* the first byte of CMS */


static void mdm_embed_bytes(mdm_walk_t *walk, const mdm_schema_key_t *key,
    mdm_node_t *node, const mdm_place_t *place);
static mdm_node_t *mdm_embed_read(mdm_walk_t *walk, mdm_str_t bytes,
    const mdm_place_t *place);
static void mdm_embed_check(mdm_walk_t *walk, const mdm_schema_key_t *key,
    mdm_node_t *node, mdm_node_t *profile, bool is_signed,
    const mdm_place_t *place);
static bool mdm_embed_values(mdm_walk_t *walk, mdm_walk_t *inner,
    const mdm_schema_key_t *key, const mdm_place_t *place);
static void mdm_embed_write(mdm_walk_t *walk, mdm_node_t *node,
    const mdm_node_t *profile, const mdm_place_t *place);


void
mdm_walk_embedded(mdm_walk_t *walk, const mdm_schema_key_t *key,
    mdm_node_t *node, const mdm_place_t *place)
{
    mdm_str_t   data;
    mdm_node_t *profile;

    if (!mdm_value_is(key, node, walk->exact)) {
        mdm_walk_say(walk, false, "type", place, key->secret ? NULL : node,
                     "must be a profile, as Base64 or in place");
        return;
    }

    if (walk->profiles) {
        mdm_walk_say(walk, true, "profile", place, NULL,
                     "is a profile in a profile: it is not checked");
        return;
    }

    if (node->type == MDM_STRING) {

        if (!mdm_node_decode_data(walk->check->arena, node->u.text, &data)) {
            mdm_walk_say(walk, false, "type", place, NULL,
                         "must be a profile, as Base64 or in place");
            return;
        }

        if (!mdm_str_is_set(data)) {
            walk->rc = MDM_NO_MEMORY;
            return;
        }

        node->type = MDM_DATA;
        node->u.text = data;
    }

    if (node->type == MDM_DATA) {
        mdm_embed_bytes(walk, key, node, place);
        return;
    }

    /* node becomes data, and its name stays */

    profile = mdm_arena_alloc(walk->check->arena, sizeof(mdm_node_t));
    if (profile == NULL) {
        walk->rc = MDM_NO_MEMORY;
        return;
    }

    *profile = *node;
    profile->next = NULL;
    profile->held = 0;

    mdm_embed_check(walk, key, node, profile, false, place);
}


static void
mdm_embed_bytes(mdm_walk_t *walk, const mdm_schema_key_t *key,
    mdm_node_t *node, const mdm_place_t *place)
{
    bool         is_signed;
    mdm_node_t  *profile;

    is_signed = node->u.text.len && node->u.text.data[0] == MDM_EMBED_DER;

    profile = mdm_embed_read(walk, node->u.text, place);

    if (profile) {
        mdm_embed_check(walk, key, node, profile, is_signed, place);
    }
}


static mdm_node_t *
mdm_embed_read(mdm_walk_t *walk, mdm_str_t bytes, const mdm_place_t *place)
{
    mdm_rc_e      rc;
    mdm_str_t     content;
    mdm_node_t   *profile;
    mdm_fault_t   fault;

    fault.text[0] = '\0';
    content = bytes;
    rc = MDM_OK;

    if (bytes.len && bytes.data[0] == MDM_EMBED_DER) {
        rc = mdm_cms_content(walk->check->arena, bytes, &content, &fault);
    }

    if (rc == MDM_OK) {
        rc = mdm_node_read(walk->check->arena, content, MDM_CHECK_PROFILE,
                           &profile, &fault);
    }

    if (rc == MDM_OK) {
        return profile;
    }

    if (rc == MDM_NO_MEMORY) {
        walk->rc = rc;
        return NULL;
    }

    mdm_walk_say(walk, false, "profile", place, NULL,
                 "cannot be read as a profile: %s", fault.text);

    return NULL;
}


/* The inner walk has values of its own: only with them the profile is looked
 * through at delivery. */

static void
mdm_embed_check(mdm_walk_t *walk, const mdm_schema_key_t *key,
    mdm_node_t *node, mdm_node_t *profile, bool is_signed,
    const mdm_place_t *place)
{
    bool                  resolved, typed;
    size_t                faults;
    mdm_walk_t            inner;
    mdm_values_t         *values;
    mdm_profile_facts_t   facts;

    values = mdm_arena_zalloc(walk->check->arena, sizeof(mdm_values_t));
    if (values == NULL) {
        walk->rc = MDM_NO_MEMORY;
        return;
    }

    typed = node->type == MDM_DICTIONARY;

    inner = *walk;
    inner.values = values;
    inner.literals = NULL;
    inner.profiles++;
    inner.depth = 0;
    inner.exact = !typed;
    inner.literal |= is_signed || (key->flags & MDM_LITERAL);

    faults = walk->check->findings->faults;

    mdm_walk_profile(&inner, profile, typed, place, &facts);

    walk->rc = inner.rc;
    walk->too_many = inner.too_many;

    if (walk->rc != MDM_OK || walk->check->findings->faults != faults) {
        return;
    }

    resolved = mdm_embed_values(walk, &inner, key, place);

    if (typed || (resolved && inner.literals)) {

        if (resolved) {
            mdm_walk_literals(&inner);
        }

        if (inner.rc != MDM_OK) {
            walk->rc = inner.rc;
            return;
        }

        mdm_embed_write(walk, node, profile, place);
    }
}


/* Only what stands beside RequestType is found again at delivery. */

static bool
mdm_embed_values(mdm_walk_t *walk, mdm_walk_t *inner,
    const mdm_schema_key_t *key, const mdm_place_t *place)
{
    if (inner->values->n == 0 && !inner->values->escaped) {
        return false;
    }

    if (place->around == NULL || place->around->around
        || !mdm_str_is_set(place->name))
    {
        mdm_walk_say(walk, false, "value", place, NULL,
                     "is a profile with per-device values, which can be only "
                     "beside RequestType");
        return false;
    }

    mdm_walk_merge(walk, inner->values, place);
    mdm_walk_want(walk, place->name, ':', "profile", place);

    return true;
}


static void
mdm_embed_write(mdm_walk_t *walk, mdm_node_t *node, const mdm_node_t *profile,
    const mdm_place_t *place)
{
    mdm_rc_e   rc;
    mdm_str_t  xml;

    rc = mdm_node_write(walk->check->arena, profile, &xml);

    if (rc == MDM_OK) {
        node->type = MDM_DATA;
        node->u.text = xml;

    } else if (rc == MDM_NO_MEMORY) {
        walk->rc = rc;

    } else {
        mdm_walk_say(walk, false, "profile", place, NULL,
                     "cannot be written as a profile");
    }
}
