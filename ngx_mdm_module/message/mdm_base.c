
/*
 * Strings, the arena and faults of the pure core.  Must never keep state
 * between calls, and never give memory back to the system without wiping it.
 */


#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mdm_base.h"


#define MDM_ARENA_CHUNK   4096
#define MDM_ARENA_ALIGN   _Alignof(max_align_t)


struct mdm_arena_chunk_s {
    mdm_arena_chunk_t    *next;
    size_t                size;         /* of data, bytes */
    size_t                used;

    _Alignas(max_align_t) unsigned char  data[];
};


static mdm_arena_chunk_t *mdm_arena_grow(mdm_arena_t *arena, size_t size);
static size_t mdm_utf8_sequence(const unsigned char *p, size_t len);


bool
mdm_str_eq(mdm_str_t a, mdm_str_t b)
{
    if (a.data == NULL || b.data == NULL) {
        return a.data == b.data;
    }

    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}


bool
mdm_str_eq_c(mdm_str_t a, const char *b)
{
    size_t  len;

    if (a.data == NULL) {
        return false;
    }

    len = strlen(b);

    return a.len == len && memcmp(a.data, b, len) == 0;
}


mdm_str_t
mdm_str_trim(mdm_str_t s)
{
    while (s.len > 0 && memchr(" \t\r\n", s.data[0], 4)) {
        s.data++;
        s.len--;
    }

    while (s.len > 0 && memchr(" \t\r\n", s.data[s.len - 1], 4)) {
        s.len--;
    }

    return s;
}


bool
mdm_str_has_control(mdm_str_t s)
{
    size_t  i;

    for (i = 0; i < s.len; i++) {
        if (s.data[i] < 0x20 || s.data[i] == 0x7f) {
            return true;
        }
    }

    return false;
}


bool
mdm_utf8_valid(const unsigned char *data, size_t len)
{
    size_t    n, i;
    uint64_t  word;

    i = 0;

    while (i < len) {

        /* nearly all text is ASCII: eight bytes at a time */

        while (len - i >= sizeof(word)) {
            memcpy(&word, data + i, sizeof(word));

            if (word & 0x8080808080808080ULL) {
                break;
            }

            i += sizeof(word);
        }

        if (i == len) {
            break;
        }

        if (data[i] < 0x80) {
            i++;
            continue;
        }

        n = mdm_utf8_sequence(data + i, len - i);
        if (n == 0) {
            return false;
        }

        i += n;
    }

    return true;
}


/*
 * The length of a well-formed sequence that starts with a byte over 0x7f, or
 * 0: RFC 3629 admits no overlong form, no surrogate, nothing past U+10FFFF.
 */

static size_t
mdm_utf8_sequence(const unsigned char *p, size_t len)
{
    size_t         n, i;
    unsigned char  low, high;

    low = 0x80;
    high = 0xbf;

    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        n = 2;

    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        n = 3;
        low = (p[0] == 0xe0) ? 0xa0 : low;
        high = (p[0] == 0xed) ? 0x9f : high;

    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        n = 4;
        low = (p[0] == 0xf0) ? 0x90 : low;
        high = (p[0] == 0xf4) ? 0x8f : high;

    } else {
        return 0;
    }

    if (len < n || p[1] < low || p[1] > high) {
        return 0;
    }

    for (i = 2; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    return n;
}


void
mdm_arena_init(mdm_arena_t *arena)
{
    arena->chunks = NULL;
}


void
mdm_arena_free(mdm_arena_t *arena)
{
    mdm_arena_chunk_t  *chunk, *next;

    for (chunk = arena->chunks; chunk; chunk = next) {
        next = chunk->next;
        explicit_bzero(chunk->data, chunk->used);
        free(chunk);
    }

    arena->chunks = NULL;
}


void *
mdm_arena_alloc(mdm_arena_t *arena, size_t size)
{
    void               *p;
    mdm_arena_chunk_t  *chunk;

    if (size > SIZE_MAX / 2) {
        return NULL;
    }

    /* an empty allocation gets an address of its own too */

    size = size ? (size + MDM_ARENA_ALIGN - 1) & ~(MDM_ARENA_ALIGN - 1)
                : MDM_ARENA_ALIGN;

    chunk = arena->chunks;

    if (chunk == NULL || chunk->size - chunk->used < size) {
        chunk = mdm_arena_grow(arena, size);
        if (chunk == NULL) {
            return NULL;
        }
    }

    p = chunk->data + chunk->used;
    chunk->used += size;

    return p;
}


/*
 * A large request gets a chunk of its own behind the current one, which keeps
 * serving small requests.
 */

static mdm_arena_chunk_t *
mdm_arena_grow(mdm_arena_t *arena, size_t size)
{
    size_t              room;
    mdm_arena_chunk_t  *chunk;

    room = MDM_ARENA_CHUNK - sizeof(mdm_arena_chunk_t);

    chunk = malloc(sizeof(mdm_arena_chunk_t) + (size > room ? size : room));
    if (chunk == NULL) {
        return NULL;
    }

    chunk->size = size > room ? size : room;
    chunk->used = 0;

    if (size > room && arena->chunks) {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;

    } else {
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }

    return chunk;
}


void *
mdm_arena_zalloc(mdm_arena_t *arena, size_t size)
{
    void  *p;

    p = mdm_arena_alloc(arena, size);

    if (p) {
        memset(p, 0, size);
    }

    return p;
}


mdm_str_t
mdm_arena_str(mdm_arena_t *arena, const void *data, size_t len)
{
    unsigned char  *p;

    if (data == NULL || len == SIZE_MAX) {
        return mdm_null_str;
    }

    p = mdm_arena_alloc(arena, len + 1);
    if (p == NULL) {
        return mdm_null_str;
    }

    memcpy(p, data, len);
    p[len] = '\0';

    return (mdm_str_t) { len, p };
}


void
mdm_free(void *p)
{
    if (p) {
        explicit_bzero(p, malloc_usable_size(p));
        free(p);
    }
}


void *
mdm_realloc(void *p, size_t size)
{
    void    *grown;
    size_t   had;

    had = p ? malloc_usable_size(p) : 0;

    if (had != 0 && size != 0 && size <= had) {
        return p;
    }

    grown = malloc(size);

    if (grown) {
        memcpy(grown, p ? p : "", had < size ? had : size);
        mdm_free(p);
    }

    return grown;
}


mdm_rc_e
mdm_fault(mdm_fault_t *fault, mdm_rc_e rc, const char *fmt, ...)
{
    va_list  args;

    if (fault) {
        va_start(args, fmt);
        vsnprintf(fault->text, sizeof(fault->text), fmt, args);
        va_end(args);
    }

    return rc;
}
