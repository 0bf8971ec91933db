
/*
 * The guard and what stands behind it: libplist must build exactly what was
 * counted, and the writer must survive whatever the guard let pass.
 */


#include <stdlib.h>

#include "message/mdm_plist.h"


#define FUZZ_LIMIT   (256 * 1024)


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static uint32_t
fuzz_count(plist_t node, unsigned depth)
{
    char             *key;
    plist_t           child;
    uint32_t          n;
    plist_dict_iter   pairs;
    plist_array_iter  items;

    if (depth > MDM_PLIST_MAX_DEPTH) {
        abort();
    }

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


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    plist_t              root;
    uint32_t             n;
    mdm_str_t            body, xml;
    mdm_fault_t          fault;
    mdm_arena_t          arena;
    mdm_plist_outline_t  outline;

    body = (mdm_str_t) { size, data };

    if (mdm_plist_parse(body, FUZZ_LIMIT, &root, &fault) != MDM_OK) {
        return 0;
    }

    if (mdm_plist_outline(body, FUZZ_LIMIT, &outline, NULL) != MDM_OK
        || outline.objects > MDM_PLIST_MAX_OBJECTS
        || outline.root > outline.inside || outline.end > size)
    {
        abort();
    }

    /* in XML a key of an inner dictionary may be there twice */

    n = fuzz_count(root, 0);

    if (outline.binary ? n != outline.objects : n > outline.objects) {
        abort();
    }

    mdm_arena_init(&arena);

    if (mdm_plist_write(&arena, root, &xml) != MDM_OK) {
        abort();
    }

    mdm_arena_free(&arena);
    plist_free(root);

    return 0;
}
