
/*
 * From libplist's tree to ours.  What it cannot say exactly, differently from
 * version to version, is found out here; nobody else reads its numbers and
 * dates.
 */


#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mdm_node.h"
#include "mdm_time.h"


#define MDM_NODE_EPOCH  INT64_C(978307200)       /* 2001-01-01 */
#define MDM_NODE_SHOWN  40                       /* a number or date, and NUL */


typedef struct {
    mdm_arena_t          *arena;
    mdm_fault_t          *fault;
    unsigned              depth;
} mdm_node_reader_t;


static mdm_rc_e mdm_node_value(mdm_node_reader_t *r, plist_t plist,
    mdm_node_t **node);
static mdm_rc_e mdm_node_integer(mdm_node_reader_t *r, plist_t plist,
    int64_t *integer);
static mdm_rc_e mdm_node_date(mdm_node_reader_t *r, plist_t plist,
    int64_t *date);
static bool mdm_node_shown(plist_t plist, const char *tag, char *text);
static mdm_rc_e mdm_node_bytes(mdm_node_reader_t *r, plist_t plist,
    mdm_node_t *node);
static mdm_rc_e mdm_node_array(mdm_node_reader_t *r, plist_t plist,
    mdm_node_t *node);
static mdm_rc_e mdm_node_dictionary(mdm_node_reader_t *r, plist_t plist,
    mdm_node_t *node);
static mdm_rc_e mdm_node_no_memory(mdm_node_reader_t *r);


mdm_rc_e
mdm_node_read(mdm_arena_t *arena, mdm_str_t body, size_t limit,
    mdm_node_t **node, mdm_fault_t *fault)
{
    plist_t   root;
    mdm_rc_e  rc;

    *node = NULL;

    rc = mdm_plist_parse_strict(body, limit, &root, fault);

    if (rc == MDM_OK) {
        rc = mdm_node_from_plist(arena, root, node, fault);
        mdm_plist_free(root);
    }

    return rc;
}


mdm_rc_e
mdm_node_from_plist(mdm_arena_t *arena, plist_t plist, mdm_node_t **node,
    mdm_fault_t *fault)
{
    mdm_rc_e           rc;
    mdm_node_reader_t  r;

    r.arena = arena;
    r.fault = fault;
    r.depth = 0;

    rc = mdm_node_value(&r, plist, node);

    if (rc != MDM_OK) {
        *node = NULL;
    }

    return rc;
}


static mdm_rc_e
mdm_node_value(mdm_node_reader_t *r, plist_t plist, mdm_node_t **node)
{
    uint8_t      boolean;
    mdm_node_t  *value;

    value = mdm_node_new(r->arena, MDM_END);
    if (value == NULL) {
        return mdm_node_no_memory(r);
    }

    *node = value;

    switch (plist_get_node_type(plist)) {

    case PLIST_BOOLEAN:
        boolean = 0;
        plist_get_bool_val(plist, &boolean);
        value->type = MDM_BOOLEAN;
        value->u.boolean = (boolean != 0);
        return MDM_OK;

    case PLIST_UINT:
        value->type = MDM_INTEGER;
        return mdm_node_integer(r, plist, &value->u.integer);

    case PLIST_REAL:
        value->type = MDM_REAL;
        plist_get_real_val(plist, &value->u.real);

        return isfinite(value->u.real) ? MDM_OK
               : mdm_fault(r->fault, MDM_UNSUPPORTED,
                           "a real in the property list is no number");

    case PLIST_DATE:
        value->type = MDM_DATE;
        return mdm_node_date(r, plist, &value->u.date);

    case PLIST_STRING:
    case PLIST_DATA:
        return mdm_node_bytes(r, plist, value);

    case PLIST_ARRAY:
        return mdm_node_array(r, plist, value);

    case PLIST_DICT:
        return mdm_node_dictionary(r, plist, value);

    default:
        return mdm_fault(r->fault, MDM_UNSUPPORTED,
                         "the property list has a value of a type that no "
                         "message uses");
    }
}


/* libplist 2.2 gives the same bits for a negative number and one above 2^63 - 1
 * and knows which it is, as it shows when it writes. */

static mdm_rc_e
mdm_node_integer(mdm_node_reader_t *r, plist_t plist, int64_t *integer)
{
    char      text[MDM_NODE_SHOWN];
    uint64_t  bits;

    bits = 0;
    plist_get_uint_val(plist, &bits);

    if (bits > INT64_MAX
        && (!mdm_node_shown(plist, "<integer>", text) || text[0] != '-'))
    {
        return mdm_fault(r->fault, MDM_UNSUPPORTED,
                         "an integer in the property list is too large");
    }

    *integer = (int64_t) bits;

    return MDM_OK;
}


/* The seconds are an int32_t, which ends in 1932 and 2069. */

static mdm_rc_e
mdm_node_date(mdm_node_reader_t *r, plist_t plist, int64_t *date)
{
    char       text[MDM_NODE_SHOWN], padded[MDM_NODE_SHOWN + 3];
    size_t     year;
    int32_t    seconds, micros;
    mdm_str_t  s;

    seconds = 0;
    micros = 0;
    plist_get_date_val(plist, &seconds, &micros);

    if (seconds != INT32_MIN && seconds != INT32_MAX) {
        *date = seconds + MDM_NODE_EPOCH;
        return MDM_OK;
    }

    if (mdm_node_shown(plist, "<date>", text)) {

        /* it writes early years with fewer digits */

        year = strcspn(text, "-");
        s.len = snprintf(padded, sizeof(padded), "%.*s%s",
                         year < 4 ? (int) (4 - year) : 0, "000", text);
        s.data = (const unsigned char *) padded;

        if (mdm_node_decode_date(s, date)) {
            return MDM_OK;
        }
    }

    return mdm_fault(r->fault, MDM_UNSUPPORTED,
                     "a date in the property list is not of the years 1 to "
                     "9999");
}


/* What libplist writes between the tags of a scalar. */

static bool
mdm_node_shown(plist_t plist, const char *tag, char *text)
{
    char      *xml, *from;
    size_t     n;
    uint32_t   len;

    xml = NULL;
    len = 0;
    n = 0;
    plist_to_xml(plist, &xml, &len);

    from = xml ? strstr(xml, tag) : NULL;

    if (from) {
        from += strlen(tag);
        n = strcspn(from, "<");
        n = (n < MDM_NODE_SHOWN) ? n : 0;
        memcpy(text, from, n);
    }

    text[n] = '\0';
    free(xml);

    return n > 0;
}


static mdm_rc_e
mdm_node_bytes(mdm_node_reader_t *r, plist_t plist, mdm_node_t *node)
{
    uint64_t     len;
    const char  *bytes;

    len = 0;

    if (plist_get_node_type(plist) == PLIST_STRING) {
        node->type = MDM_STRING;
        bytes = plist_get_string_ptr(plist, &len);

    } else {
        node->type = MDM_DATA;
        bytes = plist_get_data_ptr(plist, &len);
    }

    /* what is empty has no buffer */

    node->u.text = mdm_arena_str(r->arena, bytes ? bytes : "",
                                 bytes ? len : 0);

    return mdm_str_is_set(node->u.text) ? MDM_OK : mdm_node_no_memory(r);
}


static mdm_rc_e
mdm_node_array(mdm_node_reader_t *r, plist_t plist, mdm_node_t *node)
{
    plist_t           value;
    mdm_rc_e          rc;
    mdm_node_t       *item;
    plist_array_iter  iter;

    if (r->depth == MDM_NODE_MAX_DEPTH) {
        return mdm_fault(r->fault, MDM_TOO_LARGE,
                         "the property list is nested too deep");
    }

    node->type = MDM_ARRAY;
    rc = MDM_OK;
    iter = NULL;
    plist_array_new_iter(plist, &iter);
    r->depth++;

    while (rc == MDM_OK) {
        value = NULL;
        plist_array_next_item(plist, iter, &value);

        if (value == NULL) {
            break;
        }

        rc = mdm_node_value(r, value, &item);

        if (rc == MDM_OK) {
            rc = mdm_node_append(node, item);
        }
    }

    r->depth--;
    free(iter);

    return rc;
}


static mdm_rc_e
mdm_node_dictionary(mdm_node_reader_t *r, plist_t plist, mdm_node_t *node)
{
    char            *key;
    plist_t          value;
    mdm_rc_e         rc;
    mdm_str_t        name;
    mdm_node_t      *member;
    plist_dict_iter  iter;

    if (r->depth == MDM_NODE_MAX_DEPTH) {
        return mdm_fault(r->fault, MDM_TOO_LARGE,
                         "the property list is nested too deep");
    }

    node->type = MDM_DICTIONARY;
    rc = MDM_OK;
    iter = NULL;
    plist_dict_new_iter(plist, &iter);
    r->depth++;

    while (rc == MDM_OK) {
        key = NULL;
        value = NULL;
        plist_dict_next_item(plist, iter, &key, &value);

        if (value == NULL) {
            free(key);
            break;
        }

        rc = mdm_node_value(r, value, &member);

        if (rc == MDM_OK) {
            name.data = (const unsigned char *) (key ? key : "");
            name.len = strlen((const char *) name.data);
            rc = mdm_node_add(r->arena, node, name, member);
        }

        free(key);
    }

    r->depth--;
    free(iter);

    return (rc == MDM_NO_MEMORY) ? mdm_node_no_memory(r) : rc;
}


static mdm_rc_e
mdm_node_no_memory(mdm_node_reader_t *r)
{
    return mdm_fault(r->fault, MDM_NO_MEMORY,
                     "no memory for a property list");
}
