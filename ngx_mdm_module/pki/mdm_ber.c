
/*
 * BER (X.690): guard, rewriter and reader.  Everything here sees bytes of a
 * stranger first; it must never recurse, never read past a length it has not
 * checked, and never leave it to OpenSSL to find out how deep a value goes.
 */


#include <string.h>

#include "mdm_ber.h"


#define MDM_BER_CONSTRUCTED       0x20
#define MDM_BER_TAG_MASK          0x1f
#define MDM_BER_INDEFINITE        0x80
#define MDM_BER_STRING_IN_PARTS   (MDM_BER_OCTET_STRING | MDM_BER_CONSTRUCTED)

#define MDM_BER_MAX_LENGTH_BYTES  4


typedef struct {
    unsigned char         tag;
    bool                  indefinite;
    const unsigned char  *start;
    const unsigned char  *length;         /* where the length octets begin */
    const unsigned char  *content;
    size_t                size;           /* of the content, when definite */
} mdm_ber_header_t;


typedef enum {
    MDM_BER_CONTAINER = 0,
    MDM_BER_STRING,                       /* OCTET STRING that comes in parts */
    MDM_BER_PART                          /* such a string as a part of one */
} mdm_ber_frame_e;


typedef struct {
    mdm_ber_frame_e       kind;
    bool                  indefinite;
    const unsigned char  *end;            /* the enclosing one if indefinite */
    unsigned char        *out;            /* where the written content begins */
} mdm_ber_frame_t;


typedef struct {
    const unsigned char  *p;
    const unsigned char  *end;
    unsigned              depth;
    unsigned              level;
    bool                  definite;       /* nothing to rewrite so far */
    unsigned char        *out;            /* NULL: guard only */
    unsigned char        *last;
    mdm_fault_t          *fault;
    mdm_ber_frame_t       frames[MDM_BER_MAX_DEPTH];
} mdm_ber_walk_t;


static bool mdm_ber_header(const unsigned char *p, const unsigned char *end,
    mdm_ber_header_t *h);
static mdm_rc_e mdm_ber_walk(mdm_ber_walk_t *walk);
static mdm_rc_e mdm_ber_walk_open(mdm_ber_walk_t *walk, mdm_ber_header_t *h);
static mdm_rc_e mdm_ber_walk_begin(mdm_ber_walk_t *walk,
    mdm_ber_frame_t *frame, mdm_ber_header_t *h);
static mdm_rc_e mdm_ber_walk_value(mdm_ber_walk_t *walk, mdm_ber_header_t *h);
static mdm_rc_e mdm_ber_walk_end(mdm_ber_walk_t *walk, mdm_ber_header_t *h);
static mdm_rc_e mdm_ber_walk_close(mdm_ber_walk_t *walk);
static mdm_rc_e mdm_ber_walk_write(mdm_ber_walk_t *walk,
    const unsigned char *data, size_t len);
static void mdm_ber_walk_init(mdm_ber_walk_t *walk, mdm_str_t ber,
    unsigned depth, mdm_fault_t *fault);
static size_t mdm_ber_put_length(unsigned char *p, size_t len);


mdm_rc_e
mdm_ber_guard(mdm_str_t ber, unsigned depth, mdm_fault_t *fault)
{
    mdm_ber_walk_t  walk;

    mdm_ber_walk_init(&walk, ber, depth, fault);

    return mdm_ber_walk(&walk);
}


mdm_rc_e
mdm_ber_definite(mdm_arena_t *arena, mdm_str_t ber, unsigned depth,
    mdm_str_t *der, mdm_fault_t *fault)
{
    size_t           size;
    mdm_rc_e         rc;
    unsigned char   *out;
    mdm_ber_walk_t   walk;

    *der = mdm_null_str;

    mdm_ber_walk_init(&walk, ber, depth, fault);

    rc = mdm_ber_walk(&walk);
    if (rc != MDM_OK) {
        return rc;
    }

    if (walk.definite) {
        *der = ber;
        return MDM_OK;
    }

    /*
     * A definite length is longer than 0x80 and the end-of-contents octets
     * only from 64 KB on, by two bytes, once a level: less than 1/256.
     */

    size = ber.len + ber.len / 256 + 512;

    out = mdm_arena_alloc(arena, size);
    if (out == NULL) {
        return mdm_fault(fault, MDM_NO_MEMORY, "no memory to rewrite BER");
    }

    mdm_ber_walk_init(&walk, ber, depth, fault);
    walk.out = out;
    walk.last = out + size;

    rc = mdm_ber_walk(&walk);
    if (rc != MDM_OK) {
        return rc;
    }

    der->data = out;
    der->len = walk.out - out;

    return MDM_OK;
}


bool
mdm_ber_next(mdm_str_t *rest, mdm_ber_t *item)
{
    mdm_ber_header_t      h;
    const unsigned char  *end;

    if (rest->len == 0) {
        return false;
    }

    end = rest->data + rest->len;

    if (!mdm_ber_header(rest->data, end, &h) || h.indefinite) {
        return false;
    }

    /* first *rest: it may be the content of the very item */

    rest->data = h.content + h.size;
    rest->len = end - rest->data;

    item->tag = h.tag;
    item->whole.data = h.start;
    item->whole.len = h.content + h.size - h.start;
    item->content.data = h.content;
    item->content.len = h.size;

    return true;
}


bool
mdm_ber_take(mdm_str_t *rest, unsigned char tag, mdm_ber_t *item)
{
    if (rest->len == 0 || rest->data[0] != tag) {
        return false;
    }

    return mdm_ber_next(rest, item);
}


mdm_str_t
mdm_ber_wrap(mdm_arena_t *arena, unsigned char tag, mdm_str_t content)
{
    size_t          n;
    mdm_str_t       whole;
    unsigned char  *p;

    p = mdm_arena_alloc(arena, content.len + 2 + sizeof(size_t));
    if (p == NULL) {
        return mdm_null_str;
    }

    p[0] = tag;
    n = 1 + mdm_ber_put_length(p + 1, content.len);

    if (content.len > 0) {
        memcpy(p + n, content.data, content.len);
    }

    whole.data = p;
    whole.len = n + content.len;

    return whole;
}


/* Identifier and length octets (X.690, sections 8.1.2 and 8.1.3). */

static bool
mdm_ber_header(const unsigned char *p, const unsigned char *end,
    mdm_ber_header_t *h)
{
    size_t  n;

    if (p == end) {
        return false;
    }

    h->start = p;
    h->tag = *p++;

    if ((h->tag & MDM_BER_TAG_MASK) == MDM_BER_TAG_MASK) {

        while (p < end && (*p & 0x80)) {
            p++;
        }

        if (p == end) {
            return false;
        }

        p++;
    }

    if (p == end) {
        return false;
    }

    h->length = p;
    n = *p++;
    h->indefinite = (n == MDM_BER_INDEFINITE);
    h->size = 0;

    if (n < 0x80) {
        h->size = n;

    } else {
        n &= 0x7f;

        if (n > MDM_BER_MAX_LENGTH_BYTES || n > (size_t) (end - p)) {
            return false;
        }

        while (n--) {
            h->size = h->size << 8 | *p++;
        }
    }

    h->content = p;

    return h->size <= (size_t) (end - p);
}


static void
mdm_ber_walk_init(mdm_ber_walk_t *walk, mdm_str_t ber, unsigned depth,
    mdm_fault_t *fault)
{
    if (ber.len == 0) {
        ber = mdm_str("");
    }

    walk->p = ber.data;
    walk->end = ber.data + ber.len;
    walk->depth = depth < MDM_BER_MAX_DEPTH ? depth : MDM_BER_MAX_DEPTH;
    walk->level = 0;
    walk->definite = true;
    walk->out = NULL;
    walk->last = NULL;
    walk->fault = fault;
}


static mdm_rc_e
mdm_ber_walk(mdm_ber_walk_t *walk)
{
    mdm_rc_e              rc;
    mdm_ber_header_t      h;
    const unsigned char  *end;

    do {
        end = walk->level ? walk->frames[walk->level - 1].end : walk->end;

        if (!mdm_ber_header(walk->p, end, &h)) {
            return mdm_fault(walk->fault, MDM_MALFORMED,
                             "BER is cut short or has a length past its end");
        }

        if (h.tag == 0) {
            rc = mdm_ber_walk_end(walk, &h);

        } else if (h.tag & MDM_BER_CONSTRUCTED) {
            rc = mdm_ber_walk_open(walk, &h);

        } else {
            rc = mdm_ber_walk_value(walk, &h);
        }

        while (rc == MDM_OK
               && walk->level > 0
               && !walk->frames[walk->level - 1].indefinite
               && walk->frames[walk->level - 1].end == walk->p)
        {
            rc = mdm_ber_walk_close(walk);
        }

        if (rc != MDM_OK) {
            return rc;
        }

    } while (walk->level > 0);

    if (walk->p != walk->end) {
        return mdm_fault(walk->fault, MDM_MALFORMED,
                         "BER is followed by %zu more bytes",
                         (size_t) (walk->end - walk->p));
    }

    return MDM_OK;
}


static mdm_rc_e
mdm_ber_walk_open(mdm_ber_walk_t *walk, mdm_ber_header_t *h)
{
    mdm_ber_frame_t  *frame, *parent;

    if (walk->level == walk->depth) {
        return mdm_fault(walk->fault, MDM_TOO_LARGE,
                         "BER is nested deeper than %u levels", walk->depth);
    }

    parent = walk->level ? &walk->frames[walk->level - 1] : NULL;
    frame = &walk->frames[walk->level++];

    frame->kind = h->tag == MDM_BER_STRING_IN_PARTS ? MDM_BER_STRING
                                                    : MDM_BER_CONTAINER;
    frame->indefinite = h->indefinite;
    frame->end = h->content + h->size;

    if (h->indefinite) {
        frame->end = parent ? parent->end : walk->end;
    }

    if (h->indefinite || frame->kind == MDM_BER_STRING) {
        walk->definite = false;
    }

    walk->p = h->content;

    if (parent == NULL || parent->kind == MDM_BER_CONTAINER) {
        return mdm_ber_walk_begin(walk, frame, h);
    }

    if (frame->kind != MDM_BER_STRING) {
        return mdm_fault(walk->fault, MDM_MALFORMED,
                         "OCTET STRING has a part of another type");
    }

    frame->kind = MDM_BER_PART;

    return MDM_OK;
}


static mdm_rc_e
mdm_ber_walk_begin(mdm_ber_walk_t *walk, mdm_ber_frame_t *frame,
    mdm_ber_header_t *h)
{
    mdm_rc_e       rc;
    unsigned char  tag;

    if (frame->kind == MDM_BER_STRING) {
        tag = MDM_BER_OCTET_STRING;
        rc = mdm_ber_walk_write(walk, &tag, 1);

    } else {
        rc = mdm_ber_walk_write(walk, h->start, h->length - h->start);
    }

    frame->out = walk->out;

    return rc;
}


static mdm_rc_e
mdm_ber_walk_value(mdm_ber_walk_t *walk, mdm_ber_header_t *h)
{
    if (h->indefinite) {
        return mdm_fault(walk->fault, MDM_MALFORMED,
                         "BER has a primitive value of indefinite length");
    }

    walk->p = h->content + h->size;

    if (walk->level == 0
        || walk->frames[walk->level - 1].kind == MDM_BER_CONTAINER)
    {
        return mdm_ber_walk_write(walk, h->start, walk->p - h->start);
    }

    if (h->tag != MDM_BER_OCTET_STRING) {
        return mdm_fault(walk->fault, MDM_MALFORMED,
                         "OCTET STRING has a part of another type");
    }

    return mdm_ber_walk_write(walk, h->content, h->size);
}


/* End-of-contents octets (X.690, section 8.1.5); tag 0 is nothing else. */

static mdm_rc_e
mdm_ber_walk_end(mdm_ber_walk_t *walk, mdm_ber_header_t *h)
{
    if (h->indefinite
        || h->size != 0
        || walk->level == 0
        || !walk->frames[walk->level - 1].indefinite)
    {
        return mdm_fault(walk->fault, MDM_MALFORMED,
                         "BER has end-of-contents octets out of place");
    }

    walk->p = h->content;

    return mdm_ber_walk_close(walk);
}


/* The length of what was written is known only here: make room for it. */

static mdm_rc_e
mdm_ber_walk_close(mdm_ber_walk_t *walk)
{
    size_t            n, len;
    unsigned char     length[1 + sizeof(size_t)];
    mdm_ber_frame_t  *frame;

    frame = &walk->frames[--walk->level];

    if (walk->out == NULL || frame->kind == MDM_BER_PART) {
        return MDM_OK;
    }

    len = walk->out - frame->out;
    n = mdm_ber_put_length(length, len);

    if (n > (size_t) (walk->last - walk->out)) {
        return mdm_fault(walk->fault, MDM_MALFORMED,
                         "BER grows when it is rewritten");
    }

    memmove(frame->out + n, frame->out, len);
    memcpy(frame->out, length, n);
    walk->out += n;

    return MDM_OK;
}


static mdm_rc_e
mdm_ber_walk_write(mdm_ber_walk_t *walk, const unsigned char *data, size_t len)
{
    if (walk->out == NULL || len == 0) {
        return MDM_OK;
    }

    if (len > (size_t) (walk->last - walk->out)) {
        return mdm_fault(walk->fault, MDM_MALFORMED,
                         "BER grows when it is rewritten");
    }

    memcpy(walk->out, data, len);
    walk->out += len;

    return MDM_OK;
}


static size_t
mdm_ber_put_length(unsigned char *p, size_t len)
{
    size_t  n, rest;

    if (len < 0x80) {
        p[0] = (unsigned char) len;
        return 1;
    }

    for (n = 0, rest = len; rest > 0; rest >>= 8) {
        n++;
    }

    p[0] = (unsigned char) (0x80 | n);

    for (rest = n; rest > 0; rest--) {
        p[rest] = (unsigned char) len;
        len >>= 8;
    }

    return n + 1;
}
