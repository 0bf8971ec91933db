
/*
 * The pre-scan of a binary property list: follows every reference from the
 * root and counts what it would unfold to, since one object may be named many
 * times over.  Must never descend further than the permitted depth, nor read
 * a byte outside of the list.
 */


#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mdm_plist_scan.h"


#define MDM_BINARY_HEADER        8
#define MDM_BINARY_TRAILER       32

/* Seconds from 2001 to well before the year 1 and beyond the year 9999; what
 * lies outside has no calendar date that XML could hold. */
#define MDM_BINARY_DATE_MAX      2.6e11



typedef enum {
    MDM_BINARY_NEW = 0,
    MDM_BINARY_OPEN,                     /* on the path that is followed now */
    MDM_BINARY_DONE
} mdm_binary_state_e;


/* What one object unfolds to, found once. */

typedef struct {
    uint64_t              bytes;         /* of strings and data */
    uint32_t              objects;
    uint8_t               height;        /* 0: a scalar */
    uint8_t               state;
    bool                  string;
} mdm_binary_object_t;


typedef struct {
    const unsigned char  *start;
    uint64_t              table;         /* offset of the offset table: no
                                            object reaches into it */
    uint64_t              nobjects;
    uint64_t              root;
    unsigned              offset_size;
    unsigned              ref_size;

    uint64_t              limit;
    mdm_binary_object_t  *objects;
    mdm_fault_t          *fault;
} mdm_binary_t;


static mdm_rc_e mdm_binary_trailer(mdm_binary_t *b, mdm_str_t body);
static mdm_rc_e mdm_binary_measure(mdm_binary_t *b, uint64_t index,
    unsigned depth);
static mdm_rc_e mdm_binary_object(mdm_binary_t *b, mdm_binary_object_t *object,
    uint64_t offset, unsigned depth);
static mdm_rc_e mdm_binary_count(mdm_binary_t *b, uint64_t *offset,
    unsigned info, uint64_t *count);
static mdm_rc_e mdm_binary_scalar(mdm_binary_t *b, unsigned type,
    unsigned info, uint64_t offset);
static mdm_rc_e mdm_binary_date(mdm_binary_t *b, uint64_t offset);
static mdm_rc_e mdm_binary_bytes(mdm_binary_t *b, mdm_binary_object_t *object,
    unsigned type, uint64_t offset, uint64_t count);
static mdm_rc_e mdm_binary_ascii(mdm_binary_t *b, uint64_t offset,
    uint64_t count);
static mdm_rc_e mdm_binary_utf16(mdm_binary_t *b, uint64_t offset,
    uint64_t count);
static mdm_rc_e mdm_binary_container(mdm_binary_t *b,
    mdm_binary_object_t *object, bool dict, uint64_t offset, uint64_t count,
    unsigned depth);
static mdm_rc_e mdm_binary_child(mdm_binary_t *b, mdm_binary_object_t *object,
    uint64_t index, bool key, unsigned depth);
static uint64_t mdm_binary_uint(const unsigned char *p, unsigned size);
static mdm_rc_e mdm_binary_bad(mdm_binary_t *b, const char *what);


mdm_rc_e
mdm_plist_scan_binary(mdm_str_t body, size_t limit,
    mdm_plist_outline_t *outline, mdm_fault_t *fault)
{
    mdm_rc_e      rc;
    mdm_binary_t  b;

    memset(&b, 0, sizeof(mdm_binary_t));

    b.start = body.data;
    b.limit = limit;
    b.fault = fault;

    rc = mdm_binary_trailer(&b, body);
    if (rc != MDM_OK) {
        return rc;
    }

    b.objects = calloc(b.nobjects, sizeof(mdm_binary_object_t));
    if (b.objects == NULL) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory for a scan");
    }

    rc = mdm_binary_measure(&b, b.root, 0);

    outline->objects = b.objects[b.root].objects;

    free(b.objects);

    return rc;
}


static mdm_rc_e
mdm_binary_trailer(mdm_binary_t *b, mdm_str_t body)
{
    uint64_t              end;
    const unsigned char  *trailer;

    if (body.len < MDM_BINARY_HEADER + MDM_BINARY_TRAILER) {
        return mdm_binary_bad(b, "the list is cut short");
    }

    end = body.len - MDM_BINARY_TRAILER;
    trailer = body.data + end;

    b->offset_size = trailer[6];
    b->ref_size = trailer[7];
    b->nobjects = mdm_binary_uint(trailer + 8, 8);
    b->root = mdm_binary_uint(trailer + 16, 8);
    b->table = mdm_binary_uint(trailer + 24, 8);

    if (b->offset_size < 1 || b->offset_size > 8
        || b->ref_size < 1 || b->ref_size > 8)
    {
        return mdm_binary_bad(b, "impossible sizes of references");
    }

    if (b->nobjects > MDM_PLIST_MAX_OBJECTS) {
        return mdm_fault(b->fault, MDM_TOO_LARGE,
                         "the property list has more than %d objects",
                         MDM_PLIST_MAX_OBJECTS);
    }

    if (b->root >= b->nobjects) {
        return mdm_binary_bad(b, "the root object does not exist");
    }

    /* the count is bounded by now, so the product is far from overflow */

    if (b->table < MDM_BINARY_HEADER || b->table > end
        || b->nobjects * b->offset_size > end - b->table)
    {
        return mdm_binary_bad(b, "the offset table lies outside of the list");
    }

    return MDM_OK;
}


/*
 * Fills in b->objects[index].  Recursion ends at the permitted depth, and an
 * object that was measured before is not entered again.
 */

static mdm_rc_e
mdm_binary_measure(mdm_binary_t *b, uint64_t index, unsigned depth)
{
    mdm_rc_e              rc;
    uint64_t              offset;
    mdm_binary_object_t  *object;

    object = &b->objects[index];

    if (object->state == MDM_BINARY_OPEN) {
        return mdm_binary_bad(b, "an object contains itself");
    }

    if (object->state == MDM_BINARY_NEW) {

        offset = mdm_binary_uint(b->start + b->table + index * b->offset_size,
                                 b->offset_size);

        if (offset < MDM_BINARY_HEADER || offset >= b->table) {
            return mdm_binary_bad(b, "an object lies outside of the list");
        }

        object->state = MDM_BINARY_OPEN;
        object->objects = 1;

        rc = mdm_binary_object(b, object, offset, depth);
        if (rc != MDM_OK) {
            return rc;
        }

        object->state = MDM_BINARY_DONE;
    }

    if (depth + object->height > MDM_PLIST_MAX_DEPTH) {
        return mdm_fault(b->fault, MDM_TOO_LARGE,
                         "the property list is nested more than %d deep",
                         MDM_PLIST_MAX_DEPTH);
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_binary_object(mdm_binary_t *b, mdm_binary_object_t *object,
    uint64_t offset, unsigned depth)
{
    mdm_rc_e  rc;
    uint64_t  count;
    unsigned  type, info;

    type = b->start[offset] >> 4;
    info = b->start[offset] & 0x0f;
    offset++;

    if (type <= 0x3) {
        return mdm_binary_scalar(b, type, info, offset);
    }

    rc = mdm_binary_count(b, &offset, info, &count);
    if (rc != MDM_OK) {
        return rc;
    }

    switch (type) {

    case 0x4:
    case 0x5:
    case 0x6:
        return mdm_binary_bytes(b, object, type, offset, count);

    case 0xa:
    case 0xd:
        return mdm_binary_container(b, object, type == 0xd, offset, count,
                                    depth);

    default:
        return mdm_binary_bad(b, "an object of a type that XML does not have");
    }
}


/* The length of an object: in its first byte, or in an integer behind it. */

static mdm_rc_e
mdm_binary_count(mdm_binary_t *b, uint64_t *offset, unsigned info,
    uint64_t *count)
{
    unsigned  marker, size;

    *count = info;

    if (info != 0x0f) {
        return MDM_OK;
    }

    if (*offset >= b->table) {
        return mdm_binary_bad(b, "an object is cut short");
    }

    marker = b->start[(*offset)++];
    size = 1u << (marker & 0x0f);

    if (marker >> 4 != 0x1 || size > 8 || size > b->table - *offset) {
        return mdm_binary_bad(b, "an object's length cannot be read");
    }

    *count = mdm_binary_uint(b->start + *offset, size);
    *offset += size;

    return MDM_OK;
}


/* Booleans, integers, reals and dates. */

static mdm_rc_e
mdm_binary_scalar(mdm_binary_t *b, unsigned type, unsigned info,
    uint64_t offset)
{
    static const uint16_t  sizes[] = {   /* a bit for each allowed info */
        1 << 8 | 1 << 9,                 /* false, true */
        1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4,
        1 << 2 | 1 << 3,
        1 << 3
    };

    if ((sizes[type] >> info & 1) == 0) {
        return mdm_binary_bad(b, "a scalar of impossible size");
    }

    if (type != 0 && (1u << info) > b->table - offset) {
        return mdm_binary_bad(b, "an object is cut short");
    }

    return (type == 0x3) ? mdm_binary_date(b, offset) : MDM_OK;
}


static mdm_rc_e
mdm_binary_date(mdm_binary_t *b, uint64_t offset)
{
    double    date;
    uint64_t  bits;

    bits = mdm_binary_uint(b->start + offset, 8);
    memcpy(&date, &bits, sizeof(date));

    if (!isfinite(date) || fabs(date) > MDM_BINARY_DATE_MAX) {
        return mdm_binary_bad(b, "a date out of range");
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_binary_bytes(mdm_binary_t *b, mdm_binary_object_t *object, unsigned type,
    uint64_t offset, uint64_t count)
{
    uint64_t  room;

    room = b->table - offset;

    if (count > (type == 0x6 ? room / 2 : room)) {
        return mdm_binary_bad(b, "an object is cut short");
    }

    switch (type) {

    case 0x5:
        object->string = true;
        object->bytes = count;
        return mdm_binary_ascii(b, offset, count);

    case 0x6:
        object->string = true;
        object->bytes = count * 3;       /* at most, in UTF-8 */
        return mdm_binary_utf16(b, offset, count);

    default:
        object->bytes = count;
        return MDM_OK;
    }
}


static mdm_rc_e
mdm_binary_ascii(mdm_binary_t *b, uint64_t offset, uint64_t count)
{
    uint64_t  i;

    for (i = 0; i < count; i++) {
        if (b->start[offset + i] == 0 || b->start[offset + i] > 0x7f) {
            return mdm_binary_bad(b, "an ASCII string that holds a NUL or is "
                                     "not ASCII");
        }
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_binary_utf16(mdm_binary_t *b, uint64_t offset, uint64_t count)
{
    bool      lead;
    uint64_t  i, unit;

    lead = false;

    for (i = 0; i < count; i++) {
        unit = mdm_binary_uint(b->start + offset + i * 2, 2);

        if (unit == 0 || lead != (unit >= 0xdc00 && unit <= 0xdfff)) {
            return mdm_binary_bad(b, "a string that holds a NUL or half a "
                                     "surrogate pair");
        }

        lead = (unit >= 0xd800 && unit <= 0xdbff);
    }

    /* libplist refuses an empty one, which writers spell in ASCII */

    if (lead || count == 0) {
        return mdm_binary_bad(b, "a UTF-16 string is cut short");
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_binary_container(mdm_binary_t *b, mdm_binary_object_t *object, bool dict,
    uint64_t offset, uint64_t count, unsigned depth)
{
    mdm_rc_e              rc;
    uint64_t              i, refs;
    const unsigned char  *p;

    object->height = 1;

    if (depth >= MDM_PLIST_MAX_DEPTH) {
        return MDM_OK;                   /* the caller refuses this height */
    }

    if (dict && count > MDM_PLIST_MAX_KEYS) {
        return mdm_fault(b->fault, MDM_TOO_LARGE,
                         "a dictionary has more than %d keys",
                         MDM_PLIST_MAX_KEYS);
    }

    if (count > (b->table - offset) / b->ref_size / (dict ? 2 : 1)) {
        return mdm_binary_bad(b, "an object is cut short");
    }

    refs = dict ? count * 2 : count;
    p = b->start + offset;

    for (i = 0; i < refs; i++) {
        rc = mdm_binary_child(b, object, mdm_binary_uint(p, b->ref_size),
                              dict && i < count, depth + 1);
        if (rc != MDM_OK) {
            return rc;
        }

        p += b->ref_size;
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_binary_child(mdm_binary_t *b, mdm_binary_object_t *object, uint64_t index,
    bool key, unsigned depth)
{
    mdm_rc_e              rc;
    mdm_binary_object_t  *child;

    if (index >= b->nobjects) {
        return mdm_binary_bad(b, "a reference to no object");
    }

    rc = mdm_binary_measure(b, index, depth);
    if (rc != MDM_OK) {
        return rc;
    }

    child = &b->objects[index];

    if (key && !child->string) {
        return mdm_binary_bad(b, "a key that is not a string");
    }

    object->objects += child->objects;
    object->bytes += child->bytes;

    if (object->height <= child->height) {
        object->height = child->height + 1;
    }

    if (object->objects > MDM_PLIST_MAX_OBJECTS) {
        return mdm_fault(b->fault, MDM_TOO_LARGE,
                         "the property list unfolds to more than %d objects",
                         MDM_PLIST_MAX_OBJECTS);
    }

    if (object->bytes > b->limit) {
        return mdm_fault(b->fault, MDM_TOO_LARGE,
                         "the property list unfolds to more than %zu bytes",
                         (size_t) b->limit);
    }

    return MDM_OK;
}


/* Big-endian. */

static uint64_t
mdm_binary_uint(const unsigned char *p, unsigned size)
{
    unsigned  i;
    uint64_t  value;

    value = 0;

    for (i = 0; i < size; i++) {
        value = value << 8 | p[i];
    }

    return value;
}


static mdm_rc_e
mdm_binary_bad(mdm_binary_t *b, const char *what)
{
    return mdm_fault(b->fault, MDM_MALFORMED, "binary property list: %s",
                     what);
}
