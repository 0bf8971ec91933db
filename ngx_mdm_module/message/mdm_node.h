
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
#include "mdm_plist.h"
#include "../ngx_mdm_plugin.h"


struct mdm_node_s {
    uint32_t              type;          /* MDM_BOOLEAN … MDM_DICTIONARY */
    uint32_t              count:31;      /* of items or members */
    uint32_t              held:1;        /* by a container */
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


/* What can be read again: the plist's scan counts a root as 1. */
#define MDM_NODE_MAX_DEPTH    MDM_PLIST_MAX_DEPTH
#define MDM_NODE_MAX_MEMBERS  MDM_PLIST_MAX_KEYS


/* Makers: NULL when memory ran out.  Strings are copied.  A copy of what is
 * nested deeper than MDM_NODE_MAX_DEPTH is NULL, too. */
mdm_node_t *mdm_node_new(mdm_arena_t *arena, uint32_t type);
mdm_node_t *mdm_node_text(mdm_arena_t *arena, uint32_t type, mdm_str_t text);
mdm_node_t *mdm_node_copy(mdm_arena_t *arena, const mdm_node_t *node);

/* Well-formed UTF-8 of characters that XML 1.0 has: what strings and names of
 * members must be to be written. */
bool mdm_node_is_text(mdm_str_t text);

mdm_node_t *mdm_node_get(const mdm_node_t *dict, const char *name);
mdm_node_t *mdm_node_get_str(const mdm_node_t *dict, mdm_str_t name);

/*
 * Containers grow by values that stand in none: MDM_UNSUPPORTED otherwise, and
 * when what should grow is no dictionary (or array).  set() replaces a member
 * where it stands, or adds it last; it removes it when value is NULL.  add()
 * does not look whether the name is there already.
 */
mdm_rc_e mdm_node_set(mdm_arena_t *arena, mdm_node_t *dict, const char *name,
    mdm_node_t *value);
mdm_rc_e mdm_node_add(mdm_arena_t *arena, mdm_node_t *dict, mdm_str_t name,
    mdm_node_t *value);
mdm_rc_e mdm_node_append(mdm_node_t *array, mdm_node_t *item);


/* From libplist's tree.  MDM_UNSUPPORTED: a UID, an integer above 2^63 - 1, a
 * real that is no number, a date outside of the years 1 to 9999. */
mdm_rc_e mdm_node_from_plist(mdm_arena_t *arena, plist_t plist,
    mdm_node_t **node, mdm_fault_t *fault);

/* mdm_plist_parse_strict() and mdm_node_from_plist() in one. */
mdm_rc_e mdm_node_read(mdm_arena_t *arena, mdm_str_t body, size_t limit,
    mdm_node_t **node, mdm_fault_t *fault);

/*
 * As an XML property list, with Apple's header and DOCTYPE.  MDM_MALFORMED: a
 * text that is none, a real that is no number, a date without a year of four
 * digits, a value of no type.  MDM_TOO_LARGE: nested deeper, or a dictionary
 * of more members, than could be read again.
 */
mdm_rc_e mdm_node_write(mdm_arena_t *arena, const mdm_node_t *node,
    mdm_str_t *xml);

/*
 * JSON without a schema.  {"$data": "Base64"} and {"$date": "RFC 3339"}, with
 * no other member, stand for what JSON lacks; null is refused, and so is text
 * that XML cannot hold.  MDM_MALFORMED names the path.  What a schema knows to
 * be data or a date may be a plain string: schema/ turns it.
 */
mdm_rc_e mdm_node_from_json(mdm_arena_t *arena, json_t *json,
    mdm_node_t **node, mdm_fault_t *fault);

/* With `plain` data and dates are plain strings (what typed JSON shows).  NULL:
 * no memory, or what cannot be written.  The caller owns it. */
json_t *mdm_node_to_json(const mdm_node_t *node, bool plain);

/* Base64 (RFC 4648, white space allowed), RFC 3339; false: it is none.  For
 * lack of memory the data are absent. */
bool mdm_node_decode_data(mdm_arena_t *arena, mdm_str_t text, mdm_str_t *data);
bool mdm_node_decode_date(mdm_str_t text, int64_t *date);

/* The other way; absent: no memory, or no such date. */
mdm_str_t mdm_node_encode_data(mdm_arena_t *arena, mdm_str_t data);
mdm_str_t mdm_node_encode_date(mdm_arena_t *arena, int64_t date);

/* The shortest decimal of 15 to 17 digits that is read as the same number;
 * `text` holds MDM_NODE_REAL_SIZE bytes. */
#define MDM_NODE_REAL_SIZE  32
void mdm_node_real_text(double real, char *text);


#endif /* _MDM_NODE_H_INCLUDED_ */
