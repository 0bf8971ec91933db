
/*
 * The guard and what stands behind it: libplist must build exactly what was
 * counted, refuse nothing that the guard let pass, and the writer must survive
 * it.
 */


#include "fuzz_list.h"


#define FUZZ_LIMIT   (32 * 1024)

/* What libplist allocates for one object, key or value, with what the
 * sanitizer's allocator adds; and the guard's own table. */
#define FUZZ_OBJECT  768
#define FUZZ_FIXED   (64 * 1024)

/* larger ones take too long to be written twice */
#define FUZZ_STABLE  2048


static uint32_t
fuzz_count(plist_t node, unsigned depth)
{
    char             *key;
    plist_t           child;
    uint32_t          n;
    plist_dict_iter   pairs;
    plist_array_iter  items;

    fuzz_expect(depth <= MDM_PLIST_MAX_DEPTH);

    n = 1;

    switch (plist_get_node_type(node)) {

    case PLIST_DICT:
        pairs = NULL;
        plist_dict_new_iter(node, &pairs);

        for ( ;; ) {
            plist_dict_next_item(node, pairs, &key, &child);

            if (child == NULL) {
                break;
            }

            free(key);
            n += 1 + fuzz_count(child, depth + 1);
        }

        free(pairs);
        break;

    case PLIST_ARRAY:
        items = NULL;
        plist_array_new_iter(node, &items);

        for ( ;; ) {
            plist_array_next_item(node, items, &child);

            if (child == NULL) {
                break;
            }

            n += fuzz_count(child, depth + 1);
        }

        free(items);
        break;

    default:
        break;
    }

    return n;
}


/* What was read is written and read again as often as one likes: the same
 * bytes come out. */

static void
fuzz_stable(mdm_arena_t *arena, plist_t root, uint32_t objects)
{
    plist_t     again;
    mdm_rc_e    rc;
    mdm_str_t   xml, xml_again;

    fuzz_expect(mdm_plist_write(arena, root, &xml) == MDM_OK);

    rc = mdm_plist_parse(xml, SIZE_MAX, &again, NULL);

    /* only the limits of large dictionaries differ between the forms */

    fuzz_expect(rc == MDM_OK || rc == MDM_TOO_LARGE);

    if (rc != MDM_OK) {
        return;
    }

    fuzz_expect(fuzz_count(again, 0) == objects);
    fuzz_expect(mdm_plist_write(arena, again, &xml_again) == MDM_OK);
    fuzz_expect(mdm_str_eq(xml, xml_again));

    plist_free(again);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                peak;
    plist_t               root;
    uint32_t              n;
    mdm_rc_e              rc, scanned;
    mdm_str_t             body;
    mdm_arena_t           arena;
    mdm_fault_t           fault;
    mdm_plist_outline_t   outline;

    body = fuzz_input(data, size);
    fault.text[0] = '\0';

    scanned = mdm_plist_outline(body, FUZZ_LIMIT, &outline, NULL);

    fuzz_meter_start();
    rc = mdm_plist_parse(body, FUZZ_LIMIT, &root, &fault);
    peak = fuzz_meter_peak();

    /* what is refused costs little: the guard, or what it let pass */

    fuzz_expect(peak <= FUZZ_FIXED + size * 16
                        + (scanned == MDM_OK
                           ? (size_t) outline.objects * FUZZ_OBJECT
                             + FUZZ_LIMIT * 2
                           : (size_t) MDM_PLIST_MAX_OBJECTS * 24));

    if (rc != MDM_OK) {
        fuzz_expect(root == NULL && fault.text[0] != '\0');
        fuzz_expect(strcmp(fault.text, "the property list cannot be read")
                    != 0);
        fuzz_expect(fuzz_meter_live() == 0);
        return 0;
    }

    fuzz_expect(scanned == MDM_OK);
    fuzz_expect(outline.objects <= MDM_PLIST_MAX_OBJECTS);
    fuzz_expect(outline.root <= outline.inside && outline.end <= size);

    /* in XML a key of an inner dictionary may be there twice */

    n = fuzz_count(root, 0);
    fuzz_expect(outline.binary ? n == outline.objects : n <= outline.objects);

    if (n <= FUZZ_STABLE) {
        mdm_arena_init(&arena);
        fuzz_stable(&arena, root, n);
        mdm_arena_free(&arena);
    }

    plist_free(root);

    return 0;
}


size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    return fuzz_list_mutate(data, size, max, seed);
}
