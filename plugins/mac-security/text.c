
/*
 * Text in an order, so that long lists can be searched.
 */


#include <string.h>

#include "mac-security.h"


int
text_compare(mdm_text_t one, mdm_text_t other)
{
    int     order;
    size_t  len;

    len = one.len < other.len ? one.len : other.len;
    order = len ? memcmp(one.data, other.data, len) : 0;

    if (order != 0 || one.len == other.len) {
        return order;
    }

    return one.len < other.len ? -1 : 1;
}
