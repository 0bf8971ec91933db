
/*
 * A value of a property list in an arena: what typed JSON and plists become,
 * what schema/ checks and plugins read.  libplist stays behind the conversions,
 * so that numbers, dates and order are the same with every version of it.
 */


#ifndef _MDM_NODE_H_INCLUDED_
#define _MDM_NODE_H_INCLUDED_


#include <jansson.h>
#include <plist/plist.h>

#include "mdm_base.h"
#include "../ngx_mdm_plugin.h"


struct mdm_node_s {
    uint32_t              type;          /* MDM_BOOLEAN … MDM_DICTIONARY */
    uint32_t              count;         /* of items or members */
    mdm_str_t             name;          /* of a member */
    mdm_node_t           *next;          /* item or member, in order */
    union {
        bool              boolean;
        int64_t           integer;
        double            real;
        mdm_str_t         text;          /* string, data */
        int64_t           date;          /* seconds since 1970, UTC */
        struct {
            mdm_node_t   *first;
            mdm_node_t   *last;
        } list;                          /* array, dictionary */
    } u;
};


/* Makers: NULL when memory ran out.  Strings are copied. */
mdm_node_t *mdm_node_new(mdm_arena_t *arena, uint32_t type);
mdm_node_t *mdm_node_text(mdm_arena_t *arena, uint32_t type, mdm_str_t text);
mdm_node_t *mdm_node_copy(mdm_arena_t *arena, const mdm_node_t *node);

mdm_node_t *mdm_node_get(const mdm_node_t *dict, const char *name);
mdm_node_t *mdm_node_get_str(const mdm_node_t *dict, mdm_str_t name);

/* Replaces a member where it stands, or adds it last; removes it when value is
 * NULL.  The value must be in no other container. */
mdm_rc_e mdm_node_set(mdm_arena_t *arena, mdm_node_t *dict, const char *name,
    mdm_node_t *value);
void mdm_node_append(mdm_node_t *array, mdm_node_t *item);


/* From libplist's tree; UIDs are MDM_MALFORMED.  Integers above 2^63 - 1 are
 * MDM_UNSUPPORTED. */
mdm_rc_e mdm_node_from_plist(mdm_arena_t *arena, plist_t plist,
    mdm_node_t **node, mdm_fault_t *fault);

/* mdm_plist_parse_strict() and mdm_node_from_plist() in one. */
mdm_rc_e mdm_node_read(mdm_arena_t *arena, mdm_str_t body, size_t limit,
    mdm_node_t **node, mdm_fault_t *fault);

/* As an XML property list, with Apple's header and DOCTYPE. */
mdm_rc_e mdm_node_write(mdm_arena_t *arena, const mdm_node_t *node,
    mdm_str_t *xml);

/*
 * JSON without a schema.  {"$data": "Base64"} and {"$date": "RFC 3339"} stand
 * for what JSON lacks; null is refused.  MDM_MALFORMED names the path.  What a
 * schema knows to be data or a date may be a plain string: schema/ turns it.
 */
mdm_rc_e mdm_node_from_json(mdm_arena_t *arena, json_t *json,
    mdm_node_t **node, mdm_fault_t *fault);

/* With `plain` data and dates are plain strings (what typed JSON shows);
 * NULL when memory ran out.  The caller owns it. */
json_t *mdm_node_to_json(const mdm_node_t *node, bool plain);

/* Base64 (RFC 4648, white space allowed), RFC 3339; false: it is none. */
bool mdm_node_decode_data(mdm_arena_t *arena, mdm_str_t text, mdm_str_t *data);
bool mdm_node_decode_date(mdm_str_t text, int64_t *date);


#endif /* _MDM_NODE_H_INCLUDED_ */
