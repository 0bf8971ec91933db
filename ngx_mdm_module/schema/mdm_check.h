
/*
 * What the files of the check share: one walk through contents, beside their
 * tables.
 */


#ifndef _MDM_CHECK_H_INCLUDED_
#define _MDM_CHECK_H_INCLUDED_


#include "mdm_host.h"
#include "mdm_schema_internal.h"


/* What a place of a finding may be long. */
#define MDM_CHECK_PATH          1000
#define MDM_CHECK_NAME          100

/* A profile in a value is read up to this. */
#define MDM_CHECK_PROFILE       (16 * 1024 * 1024)


/* Where the walk is: on the stack, and a text only when there is something to
 * say. */

typedef struct mdm_place_s  mdm_place_t;

struct mdm_place_s {
    const mdm_place_t            *around;
    mdm_str_t                     name;      /* absent: an item */
    size_t                        n;
};


/* Texts in which percent signs stand for themselves. */

typedef struct mdm_literal_s  mdm_literal_t;

struct mdm_literal_s {
    mdm_node_t                   *node;
    mdm_literal_t                *next;
};


typedef struct {
    mdm_check_t                  *check;
    const mdm_schema_type_t      *type;      /* whose keys these are */
    mdm_values_t                 *values;
    mdm_literal_t                *literals;
    unsigned                      depth;
    unsigned                      profiles;  /* one within another */
    bool                          exact;     /* nothing may be turned: the
                                                bytes go as they came */
    bool                          literal;
    bool                          alone;     /* a payload in no profile, which
                                                would complete it */
    bool                          too_many;  /* values; was told */
    mdm_rc_e                      rc;        /* MDM_NO_MEMORY stays */
} mdm_walk_t;


/* mdm_check.c */
void mdm_walk_dictionary(mdm_walk_t *walk, const mdm_schema_key_t *table,
    const mdm_schema_key_t *common, mdm_node_t *node,
    const mdm_place_t *place);
void mdm_walk_value(mdm_walk_t *walk, const mdm_schema_key_t *key,
    mdm_node_t *node, const mdm_place_t *place);
void mdm_walk_unknown(mdm_walk_t *walk, mdm_node_t *node,
    const mdm_place_t *place);
void mdm_walk_functions(mdm_walk_t *walk, const mdm_schema_type_t *type,
    mdm_node_t *node, const mdm_place_t *place, size_t faults);

/* mdm_check_value.c: what has no parts */
void mdm_walk_scalar(mdm_walk_t *walk, const mdm_schema_key_t *key,
    mdm_node_t *node, const mdm_place_t *place);
bool mdm_value_is(const mdm_schema_key_t *key, const mdm_node_t *node,
    bool exact);
bool mdm_value_one_of(const char *const *one_of, uint32_t type,
    const mdm_node_t *node);
void mdm_value_list(const char *const *one_of, char *text, size_t size);

/* mdm_check_item.c: NULL, after a fault: it is none of the kinds */
const mdm_schema_key_t *mdm_walk_kind(mdm_walk_t *walk,
    const mdm_schema_key_t *array, mdm_node_t *item,
    const mdm_place_t *place);
const mdm_schema_key_t *mdm_kind_find(const mdm_schema_key_t *array,
    const mdm_node_t *item, bool exact, size_t *of_type);

/* mdm_check_place.c */
mdm_str_t mdm_place_text(const mdm_place_t *place, char *buffer, size_t size);
void mdm_walk_say(mdm_walk_t *walk, bool warning, const char *code,
    const mdm_place_t *place, const mdm_node_t *found, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
void mdm_walk_no_key(mdm_walk_t *walk, const mdm_schema_key_t *table,
    const mdm_place_t *place);
void mdm_walk_demand(mdm_walk_t *walk, mdm_demand_e what,
    const mdm_schema_type_t *type, const mdm_schema_key_t *key,
    const mdm_place_t *place);
mdm_demands_t *mdm_demands_create(mdm_arena_t *arena);

/* mdm_check_text.c: per-device values */
bool mdm_walk_text(mdm_walk_t *walk, mdm_node_t *node, bool literal,
    const mdm_place_t *place);
void mdm_walk_merge(mdm_walk_t *walk, const mdm_values_t *values,
    const mdm_place_t *place);
void mdm_walk_literals(mdm_walk_t *walk);
void mdm_walk_want(mdm_walk_t *walk, mdm_str_t name, char sign,
    const char *what, const mdm_place_t *place);
void mdm_walk_wants(mdm_walk_t *walk);

/* mdm_check_profile.c */
void mdm_walk_profile(mdm_walk_t *walk, mdm_node_t *profile, bool complete,
    const mdm_place_t *place, mdm_profile_facts_t *facts);
void mdm_walk_payload(mdm_walk_t *walk, mdm_node_t *payload,
    const mdm_place_t *place, const mdm_schema_type_t **type);
void mdm_walk_payloads(mdm_walk_t *walk, mdm_node_t *array,
    const mdm_place_t *place);

/* mdm_check_variant.c: NULL: none; `several`: there are some, told by keys */
const mdm_schema_type_t *mdm_payload_type(const mdm_schema_t *schema,
    const mdm_node_t *payload, bool *several);

/* mdm_check_embed.c: a profile as a value */
void mdm_walk_embedded(mdm_walk_t *walk, const mdm_schema_key_t *key,
    mdm_node_t *node, const mdm_place_t *place);

/* mdm_check_complete.c */
mdm_rc_e mdm_profile_complete(mdm_arena_t *arena, mdm_node_t *profile);


#endif /* _MDM_CHECK_H_INCLUDED_ */
