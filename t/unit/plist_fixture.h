
/*
 * Property lists for tests: XML around a fragment, and binary lists that are
 * put together object by object, so that they may be wrong in any way.
 */


#ifndef _PLIST_FIXTURE_H_INCLUDED_
#define _PLIST_FIXTURE_H_INCLUDED_


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message/mdm_base.h"


#define XML_HEAD                                                              \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                            \
    "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\""                  \
    " \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"                  \
    "<plist version=\"1.0\">\n"

#define XML(value)     XML_HEAD value "\n</plist>\n"
#define DICT(pairs)    XML("<dict>" pairs "</dict>")
#define S(key, value)  "<key>" key "</key><string>" value "</string>"
#define D(key, value)  "<key>" key "</key><data>" value "</data>"
#define I(key, value)  "<key>" key "</key><integer>" value "</integer>"
#define B(key, value)  "<key>" key "</key><" value "/>"


static inline mdm_str_t
str(const char *text)
{
    return (mdm_str_t) { strlen(text), (const unsigned char *) text };
}


/* n times a text between two others; the caller frees .data. */

static inline mdm_str_t
repeated(const char *before, const char *text, size_t n, const char *after)
{
    size_t  i, len;
    char   *p, *start;

    len = strlen(before) + strlen(text) * n + strlen(after);
    start = malloc(len + 1);
    p = stpcpy(start, before);

    for (i = 0; i < n; i++) {
        p = stpcpy(p, text);
    }

    stpcpy(p, after);

    return (mdm_str_t) { len, (unsigned char *) start };
}


#define BINARY_OBJECTS   200000

typedef struct {
    unsigned char  *bytes;
    size_t          len;
    size_t          size;
    uint32_t       *offsets;
    uint32_t        n;
} binary_t;


static inline void
binary_begin(binary_t *b)
{
    b->size = 16 * 1024 * 1024;
    b->bytes = malloc(b->size);
    b->offsets = malloc(BINARY_OBJECTS * sizeof(uint32_t));
    memcpy(b->bytes, "bplist00", 8);
    b->len = 8;
    b->n = 0;
}


static inline void
binary_byte(binary_t *b, unsigned byte)
{
    b->bytes[b->len++] = byte;
}


/* Starts an object and returns its index. */

static inline uint32_t
binary_object(binary_t *b, unsigned marker)
{
    b->offsets[b->n] = b->len;
    binary_byte(b, marker);

    return b->n++;
}


/* An object with a length: of type 4, 5, 6, a or d. */

static inline uint32_t
binary_sized(binary_t *b, unsigned type, uint32_t count)
{
    uint32_t  index;

    if (count < 15) {
        return binary_object(b, type << 4 | count);
    }

    index = binary_object(b, type << 4 | 0x0f);
    binary_byte(b, 0x12);
    binary_byte(b, count >> 24);
    binary_byte(b, count >> 16 & 0xff);
    binary_byte(b, count >> 8 & 0xff);
    binary_byte(b, count & 0xff);

    return index;
}


/* References take four bytes. */

static inline void
binary_ref(binary_t *b, uint32_t index)
{
    binary_byte(b, index >> 24);
    binary_byte(b, index >> 16 & 0xff);
    binary_byte(b, index >> 8 & 0xff);
    binary_byte(b, index & 0xff);
}


static inline uint32_t
binary_ascii(binary_t *b, const char *text)
{
    uint32_t  index;

    index = binary_sized(b, 0x5, strlen(text));
    memcpy(b->bytes + b->len, text, strlen(text));
    b->len += strlen(text);

    return index;
}


static inline uint32_t
binary_dict(binary_t *b, uint32_t key, uint32_t value)
{
    uint32_t  index;

    index = binary_sized(b, 0xd, 1);
    binary_ref(b, key);
    binary_ref(b, value);

    return index;
}


static inline void
binary_uint64(binary_t *b, uint64_t value)
{
    int  shift;

    for (shift = 56; shift >= 0; shift -= 8) {
        binary_byte(b, value >> shift & 0xff);
    }
}


/* The trailer with what it should say, or with lies. */

static inline mdm_str_t
binary_trailer(binary_t *b, unsigned offset_size, unsigned ref_size,
    uint64_t objects, uint64_t root, uint64_t table)
{
    int  i;

    for (i = 0; i < 6; i++) {
        binary_byte(b, 0);
    }

    binary_byte(b, offset_size);
    binary_byte(b, ref_size);
    binary_uint64(b, objects);
    binary_uint64(b, root);
    binary_uint64(b, table);

    return (mdm_str_t) { b->len, b->bytes };
}


static inline size_t
binary_table(binary_t *b)
{
    size_t    table;
    uint32_t  i;

    table = b->len;

    for (i = 0; i < b->n; i++) {
        binary_ref(b, b->offsets[i]);
    }

    return table;
}


static inline mdm_str_t
binary_end(binary_t *b, uint32_t root)
{
    size_t  table;

    table = binary_table(b);

    return binary_trailer(b, 4, 4, b->n, root, table);
}


static inline void
binary_free(binary_t *b)
{
    free(b->bytes);
    free(b->offsets);
}


#endif /* _PLIST_FIXTURE_H_INCLUDED_ */
