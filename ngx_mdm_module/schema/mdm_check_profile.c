
/*
 * A profile as a whole: the keys around its payloads, each payload by its type,
 * and what may not be there twice.
 */


#include <stdlib.h>
#include <string.h>

#include "mdm_check.h"


/* One payload, for what may not be twice. */

typedef struct {
    mdm_str_t                   text;
    const mdm_schema_type_t    *type;
    size_t                      n;       /* which one it is */
} mdm_twice_t;


static void mdm_profile_contents(mdm_walk_t *walk, mdm_node_t *profile,
    const mdm_place_t *place);
static void mdm_profile_facts(mdm_walk_t *walk, const mdm_node_t *profile,
    mdm_profile_facts_t *facts);
static mdm_str_t mdm_profile_text(const mdm_node_t *dict, const char *name);
static void mdm_payload_common(mdm_walk_t *walk, mdm_node_t *payload,
    const mdm_place_t *place);
static void mdm_payload_own(mdm_walk_t *walk, mdm_node_t *payload,
    const mdm_place_t *place, const mdm_schema_type_t *type);
static void mdm_payload_rest(mdm_walk_t *walk, mdm_node_t *payload,
    const mdm_place_t *place);
static void mdm_payload_unknown(mdm_walk_t *walk, const mdm_node_t *name,
    const mdm_place_t *at);
static void mdm_payload_no_type(mdm_walk_t *walk, mdm_node_t *payload,
    const mdm_place_t *place, bool several);
static void mdm_payloads_unique(mdm_walk_t *walk, const mdm_node_t *array,
    const mdm_place_t *place, mdm_twice_t *twice, const char *key);
static void mdm_payloads_types(mdm_walk_t *walk, const mdm_place_t *place,
    mdm_twice_t *twice, size_t n);
static void mdm_payloads_type_twice(mdm_walk_t *walk,
    const mdm_place_t *place, const mdm_twice_t *twice);
static int mdm_twice_by_text(const void *a, const void *b);
static int mdm_twice_by_type(const void *a, const void *b);


void
mdm_walk_profile(mdm_walk_t *walk, mdm_node_t *profile, bool complete,
    const mdm_place_t *place, mdm_profile_facts_t *facts)
{
    const mdm_schema_type_t  *type, *around;

    memset(facts, 0, sizeof(mdm_profile_facts_t));

    if (profile->type != MDM_DICTIONARY) {
        mdm_walk_say(walk, false, "type", place, profile,
                     "must be a dictionary, which a profile is");
        return;
    }

    if (complete
        && mdm_profile_complete(walk->check->arena, profile) != MDM_OK)
    {
        walk->rc = MDM_NO_MEMORY;
        return;
    }

    type = walk->check->schema->profile;
    around = walk->type;
    walk->type = type;

    mdm_walk_demand(walk, MDM_DEMAND_ON, type, NULL, place);
    mdm_walk_dictionary(walk, type->keys, NULL, profile, place);
    mdm_profile_contents(walk, profile, place);

    walk->type = around;

    mdm_profile_facts(walk, profile, facts);
}


/* One of the two must be there, and the second cannot be looked into. */

static void
mdm_profile_contents(mdm_walk_t *walk, mdm_node_t *profile,
    const mdm_place_t *place)
{
    mdm_place_t  at;

    at.around = place;
    at.name = mdm_str("PayloadContent");
    at.n = 0;

    if (mdm_node_get(profile, "EncryptedPayloadContent")) {
        at.name = mdm_str("EncryptedPayloadContent");
        mdm_walk_say(walk, true, "profile", &at, NULL,
                     "is encrypted: what it holds cannot be checked");

    } else if (mdm_node_get(profile, "PayloadContent") == NULL) {
        mdm_walk_say(walk, false, "required", &at, NULL, "is required");
    }
}


static void
mdm_profile_facts(mdm_walk_t *walk, const mdm_node_t *profile,
    mdm_profile_facts_t *facts)
{
    bool                      several;
    const mdm_node_t         *contents, *payload;
    const mdm_schema_type_t  *type;

    facts->identifier = mdm_profile_text(profile, "PayloadIdentifier");
    facts->uuid = mdm_profile_text(profile, "PayloadUUID");
    facts->display_name = mdm_profile_text(profile, "PayloadDisplayName");

    contents = mdm_node_get(profile, "PayloadContent");

    if (contents == NULL || contents->type != MDM_ARRAY) {
        return;
    }

    facts->payloads = contents->count;

    for (payload = contents->u.list.first; payload; payload = payload->next) {
        type = mdm_payload_type(walk->check->schema, payload, &several);

        facts->manages |= type && (type->flags & MDM_MANAGES);
    }
}


static mdm_str_t
mdm_profile_text(const mdm_node_t *dict, const char *name)
{
    const mdm_node_t  *member;

    member = mdm_node_get(dict, name);

    return member && member->type == MDM_STRING ? member->u.text
                                                : mdm_null_str;
}


/* --- payloads --- */

void
mdm_walk_payload(mdm_walk_t *walk, mdm_node_t *payload,
    const mdm_place_t *place, const mdm_schema_type_t **found)
{
    bool                      several;
    size_t                    faults;
    const mdm_schema_type_t  *type, *around;

    *found = NULL;

    if (payload->type != MDM_DICTIONARY) {
        mdm_walk_say(walk, false, "type", place, payload,
                     "must be a dictionary, which a payload is");
        return;
    }

    around = walk->type;
    faults = walk->check->findings->faults;

    mdm_payload_common(walk, payload, place);

    type = mdm_payload_type(walk->check->schema, payload, &several);

    if (type) {
        walk->type = type;
        mdm_payload_own(walk, payload, place, type);
        mdm_walk_functions(walk, type, payload, place, faults);

    } else {
        mdm_payload_no_type(walk, payload, place, several);
    }

    walk->type = around;
    *found = type;
}


/* A type may describe a common key anew; then its own row holds. */

static void
mdm_payload_common(mdm_walk_t *walk, mdm_node_t *payload,
    const mdm_place_t *place)
{
    bool                      several;
    uint64_t                  seen;
    mdm_node_t               *member;
    mdm_place_t               at;
    const mdm_schema_key_t   *key, *table;
    const mdm_schema_type_t  *type;

    walk->type = walk->check->schema->payload;
    table = walk->type->keys;
    type = mdm_payload_type(walk->check->schema, payload, &several);

    at.around = place;
    at.n = 0;
    seen = 0;

    for (member = payload->u.list.first; member; member = member->next) {
        at.name = member->name;

        key = mdm_schema_named(table, member->name);
        if (key == NULL) {
            continue;
        }

        if (key->slot != MDM_SCHEMA_NO_SLOT) {
            seen |= UINT64_C(1) << key->slot;
        }

        if (type == NULL || type->keys == NULL
            || mdm_schema_named(type->keys, member->name) == NULL)
        {
            mdm_walk_value(walk, key, member, &at);
        }
    }

    for (at.n = 0; at.n < table->nawaited; at.n++) {
        at.name = mdm_schema_c(table->awaited[at.n]->name);

        if (!(seen >> at.n & 1)
            && !(walk->alone && !mdm_str_eq_c(at.name, "PayloadType")))
        {
            mdm_walk_say(walk, false, "required", &at, NULL, "is required");
        }
    }
}


static void
mdm_payload_own(mdm_walk_t *walk, mdm_node_t *payload,
    const mdm_place_t *place, const mdm_schema_type_t *type)
{
    mdm_walk_demand(walk, MDM_DEMAND_ON, type, NULL, place);

    if (type->keys) {
        mdm_walk_dictionary(walk, type->keys,
                            walk->check->schema->payload->keys, payload,
                            place);
        return;
    }

    mdm_payload_rest(walk, payload, place);
}


/* What no table says anything of, beside the common keys. */

static void
mdm_payload_rest(mdm_walk_t *walk, mdm_node_t *payload,
    const mdm_place_t *place)
{
    mdm_node_t   *member;
    mdm_place_t   at;

    at.around = place;
    at.n = 0;

    for (member = payload->u.list.first; member; member = member->next) {
        at.name = member->name;

        if (!mdm_schema_named(walk->check->schema->payload->keys,
                              member->name))
        {
            mdm_walk_unknown(walk, member, &at);
        }
    }
}


/* A type that is not there or no string was told with the common keys. */

static void
mdm_payload_no_type(mdm_walk_t *walk, mdm_node_t *payload,
    const mdm_place_t *place, bool several)
{
    mdm_place_t        at;
    const mdm_node_t  *name;

    name = mdm_node_get(payload, "PayloadType");

    if (name && name->type == MDM_STRING) {
        at.around = place;
        at.name = mdm_str("PayloadType");
        at.n = 0;

        if (several) {
            mdm_walk_say(walk, !walk->check->strict, "unknown_type", &at, name,
                         "has several variants, and the payload has no key "
                         "that tells which it is");

        } else {
            mdm_payload_unknown(walk, name, &at);
        }
    }

    mdm_payload_rest(walk, payload, place);
}


static void
mdm_payload_unknown(mdm_walk_t *walk, const mdm_node_t *name,
    const mdm_place_t *at)
{
    bool             strict;
    const char      *alike;
    mdm_findings_t  *findings;

    strict = walk->check->strict;
    findings = walk->check->findings;

    alike = (strict ? findings->faults : findings->warnings) < MDM_FINDINGS_MAX
                ? mdm_schema_alike(walk->check->schema, MDM_PAYLOAD,
                                   name->u.text)
                : NULL;

    mdm_walk_say(walk, !strict, "unknown_type", at, name,
                 "is described by no plugin%s%s%s%s",
                 alike ? ", " : "", alike ? alike : "", alike ? " is" : "",
                 strict ? ", and the tenant is strict"
                        : ": its keys are not checked");
}


void
mdm_walk_payloads(mdm_walk_t *walk, mdm_node_t *array,
    const mdm_place_t *place)
{
    size_t                    n;
    mdm_node_t               *payload;
    mdm_twice_t              *twice;
    mdm_place_t               at;
    const mdm_schema_type_t  *type;

    twice = mdm_arena_alloc(walk->check->arena,
                            2 * array->count * sizeof(mdm_twice_t));
    if (twice == NULL) {
        walk->rc = MDM_NO_MEMORY;
        return;
    }

    at.around = place;
    at.name = mdm_null_str;
    at.n = 0;
    n = 0;

    walk->depth++;

    for (payload = array->u.list.first; payload; payload = payload->next) {
        mdm_walk_payload(walk, payload, &at, &type);

        if (type) {
            twice[n].type = type;
            twice[n].n = at.n;
            n++;
        }

        at.n++;
    }

    walk->depth--;

    mdm_payloads_types(walk, place, twice, n);
    mdm_payloads_unique(walk, array, place, twice, "PayloadUUID");
    mdm_payloads_unique(walk, array, place, twice, "PayloadIdentifier");
}


static void
mdm_payloads_unique(mdm_walk_t *walk, const mdm_node_t *array,
    const mdm_place_t *place, mdm_twice_t *twice, const char *key)
{
    size_t             n, i, first;
    mdm_place_t        at, of;
    const mdm_node_t  *payload;

    n = 0;
    i = 0;

    for (payload = array->u.list.first; payload; payload = payload->next) {
        twice[n].text = mdm_profile_text(payload, key);
        twice[n].n = i++;

        n += mdm_str_is_set(twice[n].text);
    }

    qsort(twice, n, sizeof(mdm_twice_t), mdm_twice_by_text);

    at.around = place;
    at.name = mdm_null_str;
    of.around = &at;
    of.name = mdm_schema_c(key);
    of.n = 0;

    for (i = 1, first = 0; i < n; i++) {

        if (!mdm_str_eq(twice[i].text, twice[first].text)) {
            first = i;
            continue;
        }

        at.n = twice[i].n;

        mdm_walk_say(walk, false, "count", &of, NULL,
                     "must be its own, PayloadContent[%zu] has it, too",
                     twice[first].n);
    }
}


static void
mdm_payloads_types(mdm_walk_t *walk, const mdm_place_t *place,
    mdm_twice_t *twice, size_t n)
{
    size_t  i, first;

    qsort(twice, n, sizeof(mdm_twice_t), mdm_twice_by_type);

    for (i = 1, first = 0; i < n; i++) {

        if (twice[i].type != twice[first].type) {
            first = i;

        } else if (i == first + 1) {
            mdm_payloads_type_twice(walk, place, &twice[i]);
        }
    }
}


/* Where it may be once on every system that has it, the device is not asked
 * for. */

static void
mdm_payloads_type_twice(mdm_walk_t *walk, const mdm_place_t *place,
    const mdm_twice_t *twice)
{
    bool                         never, always, once;
    unsigned                     i;
    mdm_place_t                  at;
    const mdm_schema_on_t       *on;
    const mdm_schema_systems_t  *systems;

    systems = mdm_schema_entry(twice->type)->on;
    never = true;
    always = true;

    for (i = MDM_IOS; i < MDM_SCHEMA_PLATFORMS; i++) {
        on = &systems->on[i];

        if (on->introduced == MDM_SCHEMA_NEVER) {
            continue;
        }

        once = on->on.many == MDM_NO
               || (on->on.many == MDM_UNSAID
                   && (twice->type->flags & MDM_EXCLUSIVE));
        always &= once;
        never &= !once;
    }

    if (never) {
        return;
    }

    at.around = place;
    at.name = mdm_null_str;
    at.n = twice->n;

    if (always) {
        mdm_walk_say(walk, false, "count", &at, NULL,
                     "is the second %s, there may be one",
                     twice->type->name);

    } else {
        mdm_walk_demand(walk, MDM_DEMAND_ONE, twice->type, NULL, &at);
    }
}


static int
mdm_twice_by_text(const void *a, const void *b)
{
    int                 rc;
    const mdm_twice_t  *one, *two;

    one = a;
    two = b;

    rc = memcmp(one->text.data, two->text.data,
                one->text.len < two->text.len ? one->text.len
                                              : two->text.len);

    if (rc == 0) {
        rc = (one->text.len > two->text.len)
             - (one->text.len < two->text.len);
    }

    return rc ? rc : (one->n > two->n) - (one->n < two->n);
}


static int
mdm_twice_by_type(const void *a, const void *b)
{
    int                 rc;
    const mdm_twice_t  *one, *two;

    one = a;
    two = b;

    rc = mdm_schema_compare(one->type, two->type);

    return rc ? rc : (one->n > two->n) - (one->n < two->n);
}
