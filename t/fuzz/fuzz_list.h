
/*
 * Property lists for the targets that read them: the other form of a list, and
 * mutation that keeps a binary list readable.  Its trailer and offset table
 * stand behind the objects, so plain mutation of an object's length breaks all
 * that follows: here one object, offset or reference is altered and the table
 * written anew.
 */


#ifndef _FUZZ_LIST_H_INCLUDED_
#define _FUZZ_LIST_H_INCLUDED_


#include "fuzz.h"
#include "message/mdm_plist.h"


#define FUZZ_LIST_MAX       65536
#define FUZZ_LIST_OBJECTS   1024

#define FUZZ_LIST_HEADER    8
#define FUZZ_LIST_TRAILER   32


typedef struct {
    unsigned              ref_size;
    size_t                root;
    size_t                table;
    size_t                n;
    size_t                offsets[FUZZ_LIST_OBJECTS + 1];
    size_t                sizes[FUZZ_LIST_OBJECTS + 1];
    const uint8_t        *objects[FUZZ_LIST_OBJECTS + 1];
} fuzz_list_t;


/* A binary list as XML and the reverse, in the arena; absent when it is no
 * list that the core takes, or has a key twice. */

static inline mdm_str_t
fuzz_list_other(mdm_arena_t *arena, mdm_str_t body, size_t limit)
{
    char       *text;
    plist_t     root;
    uint32_t    len;
    mdm_str_t   other;

    if (mdm_plist_parse_strict(body, limit, &root, NULL) != MDM_OK) {
        return mdm_null_str;
    }

    text = NULL;
    len = 0;

    if (plist_is_binary((const char *) body.data, body.len)) {
        plist_to_xml(root, &text, &len);

    } else {
        plist_to_bin(root, &text, &len);
    }

    other = text ? mdm_arena_str(arena, text, len) : mdm_null_str;

    free(text);
    plist_free(root);

    return other;
}


static inline uint64_t
fuzz_list_number(const uint8_t *p, unsigned size)
{
    uint64_t  n;

    for (n = 0; size > 0; size--) {
        n = n << 8 | *p++;
    }

    return n;
}


static inline void
fuzz_list_put(uint8_t *p, unsigned size, uint64_t n)
{
    while (size > 0) {
        p[--size] = (uint8_t) n;
        n >>= 8;
    }
}


/* Each object reaches up to the next one. */

static inline bool
fuzz_list_parse(fuzz_list_t *list, const uint8_t *data, size_t size)
{
    size_t          i, j, end;
    unsigned        offset_size;
    const uint8_t  *trailer;

    if (size < FUZZ_LIST_HEADER + FUZZ_LIST_TRAILER
        || memcmp(data, "bplist00", FUZZ_LIST_HEADER) != 0)
    {
        return false;
    }

    trailer = data + size - FUZZ_LIST_TRAILER;
    offset_size = trailer[6];
    list->ref_size = trailer[7];
    list->n = fuzz_list_number(trailer + 8, 8);
    list->root = fuzz_list_number(trailer + 16, 8);
    list->table = fuzz_list_number(trailer + 24, 8);
    end = size - FUZZ_LIST_TRAILER;

    if (offset_size < 1 || offset_size > 8
        || list->ref_size < 1 || list->ref_size > 8
        || list->n == 0 || list->n > FUZZ_LIST_OBJECTS
        || list->table < FUZZ_LIST_HEADER || list->table > end
        || list->n * offset_size > end - list->table)
    {
        return false;
    }

    for (i = 0; i < list->n; i++) {
        list->offsets[i] = fuzz_list_number(data + list->table
                                            + i * offset_size, offset_size);

        if (list->offsets[i] < FUZZ_LIST_HEADER
            || list->offsets[i] >= list->table)
        {
            return false;
        }
    }

    for (i = 0; i < list->n; i++) {
        end = list->table;

        for (j = 0; j < list->n; j++) {
            if (list->offsets[j] > list->offsets[i]
                && list->offsets[j] < end)
            {
                end = list->offsets[j];
            }
        }

        list->objects[i] = data + list->offsets[i];
        list->sizes[i] = end - list->offsets[i];
    }

    return true;
}


static inline size_t
fuzz_list_build(const fuzz_list_t *list, uint8_t *out, size_t max)
{
    size_t    i, len, table;
    unsigned  offset_size;

    len = FUZZ_LIST_HEADER;

    for (i = 0; i < list->n; i++) {
        len += list->sizes[i];
    }

    offset_size = len < 0x100 ? 1 : len < 0x10000 ? 2 : 3;
    table = len;

    if (table + list->n * offset_size + FUZZ_LIST_TRAILER > max) {
        return 0;
    }

    memcpy(out, "bplist00", FUZZ_LIST_HEADER);
    len = FUZZ_LIST_HEADER;

    for (i = 0; i < list->n; i++) {
        memcpy(out + len, list->objects[i], list->sizes[i]);
        fuzz_list_put(out + table + i * offset_size, offset_size, len);
        len += list->sizes[i];
    }

    len = table + list->n * offset_size;

    memset(out + len, 0, FUZZ_LIST_TRAILER);
    out[len + 6] = (uint8_t) offset_size;
    out[len + 7] = (uint8_t) list->ref_size;
    fuzz_list_put(out + len + 8, 8, list->n);
    fuzz_list_put(out + len + 16, 8, list->root);
    fuzz_list_put(out + len + 24, 8, table);

    return len + FUZZ_LIST_TRAILER;
}


/* One of the references of a container, to another object. */

static inline void
fuzz_list_refer(fuzz_list_t *list, uint8_t *object, size_t size,
    unsigned seed)
{
    size_t  n;

    if (object[0] >> 4 != 0xa && object[0] >> 4 != 0xd) {
        object[0] ^= (uint8_t) (1u << seed % 8);
        return;
    }

    n = (size - 1) / list->ref_size;

    if (n > 0) {
        fuzz_list_put(object + size - (1 + seed % n) * list->ref_size,
                      list->ref_size, seed / 7 % list->n);
    }
}


static inline size_t
fuzz_list_mutate_binary(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    size_t              i, len;

    static uint8_t      object[FUZZ_LIST_MAX], out[FUZZ_LIST_MAX];
    static fuzz_list_t  list;

    if (!fuzz_list_parse(&list, data, size)) {
        return 0;
    }

    i = seed / 8 % list.n;
    len = list.sizes[i];
    memcpy(object, list.objects[i], len);

    switch (seed % 8) {

    case 0:                              /* one more, nobody's yet */
        list.objects[list.n] = list.objects[i];
        list.sizes[list.n++] = len;
        break;

    case 1:                              /* the same as another */
        list.objects[i] = list.objects[seed / 64 % list.n];
        list.sizes[i] = list.sizes[seed / 64 % list.n];
        break;

    case 2:
    case 3:
        fuzz_list_refer(&list, object, len, seed / 64);
        list.objects[i] = object;
        break;

    case 4:
        list.root = i;
        break;

    default:
        list.sizes[i] = LLVMFuzzerMutate(object, len,
                                         len + 64 < sizeof(object)
                                         ? len + 64 : sizeof(object));
        list.objects[i] = object;
    }

    len = fuzz_list_build(&list, out, max < sizeof(out) ? max : sizeof(out));
    memcpy(data, out, len);

    return len;
}


/* A quarter as bytes; now and then the list in its other form. */

static inline size_t
fuzz_list_mutate(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    size_t       len;
    mdm_str_t    other;
    mdm_arena_t  arena;

    len = 0;

    if (seed % 32 == 1) {
        mdm_arena_init(&arena);
        other = fuzz_list_other(&arena, fuzz_input(data, size),
                                FUZZ_LIST_MAX);

        if (other.len > 0 && other.len <= max) {
            memcpy(data, other.data, other.len);
            len = other.len;
        }

        mdm_arena_free(&arena);

    } else if (seed % 4 != 0 && size <= FUZZ_LIST_MAX) {
        len = fuzz_list_mutate_binary(data, size, max, seed / 32);
    }

    return len ? len : LLVMFuzzerMutate(data, size, max);
}


#endif /* _FUZZ_LIST_H_INCLUDED_ */
