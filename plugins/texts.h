
/*
 * What tells the items of an array apart: the text that each has under one key,
 * or is, sorted, so that a long array is searched as fast as a short one.
 */


#ifndef _MDM_PLUGINS_TEXTS_H_INCLUDED_
#define _MDM_PLUGINS_TEXTS_H_INCLUDED_


#include <stdlib.h>

#include "text.h"


typedef struct {
    mdm_text_t         text;
    const mdm_node_t  *item;
    size_t             n;        /* which item it is */
} text_t;

typedef struct {
    text_t            *first;
    size_t             n;
} texts_t;


static inline int
text_order(const void *a, const void *b)
{
    int            rc;
    const text_t  *one, *two;

    one = a;
    two = b;

    rc = text_compare(one->text, two->text);

    return rc ? rc : (one->n > two->n) - (one->n < two->n);
}


/* Items without the key are left out; NULL: they are texts themselves. */

static inline bool
texts_of(mdm_call_t *call, const mdm_node_t *array, const char *key,
    texts_t *texts)
{
    size_t             i;
    text_t            *text;
    const mdm_host_t  *host;

    host = call->host;

    texts->n = 0;
    texts->first = host->alloc(call, host->count(array) * sizeof(text_t) + 1);

    if (texts->first == NULL) {
        return false;
    }

    for (i = 0; i < host->count(array); i++) {
        text = &texts->first[texts->n];

        text->item = host->item(array, i);
        text->text = host->text(key ? host->get(text->item, key) : text->item);
        text->n = i;

        texts->n += text->text.data != NULL;
    }

    qsort(texts->first, texts->n, sizeof(text_t), text_order);

    return true;
}


/* Does the nth of them have the text of the one before it? */

static inline bool
texts_again(const texts_t *texts, size_t n)
{
    return n > 0 && text_compare(texts->first[n].text,
                                 texts->first[n - 1].text) == 0;
}


static inline bool
texts_have(const texts_t *texts, mdm_text_t text)
{
    int     rc;
    size_t  low, high, middle;

    low = 0;
    high = texts->n;

    while (low < high) {
        middle = low + (high - low) / 2;
        rc = text_compare(text, texts->first[middle].text);

        if (rc == 0) {
            return true;
        }

        if (rc < 0) {
            high = middle;

        } else {
            low = middle + 1;
        }
    }

    return false;
}


#endif /* _MDM_PLUGINS_TEXTS_H_INCLUDED_ */
