
/* Text against text: it ends where its length says, not at a NUL. */


#ifndef _MDM_PLUGINS_TEXT_H_INCLUDED_
#define _MDM_PLUGINS_TEXT_H_INCLUDED_


#include <string.h>

#include "plugins.h"


static inline bool
text_begins(mdm_text_t text, const char *with)
{
    size_t  len;

    len = strlen(with);

    return text.data != NULL && text.len >= len
           && memcmp(text.data, with, len) == 0;
}


static inline bool
text_is(mdm_text_t text, const char *what)
{
    return text.len == strlen(what) && text_begins(text, what);
}


/* less than, equal to, or greater than 0; what is absent is as what is empty */

static inline int
text_compare(mdm_text_t a, mdm_text_t b)
{
    int     rc;
    size_t  len;

    len = a.len < b.len ? a.len : b.len;
    rc = len ? memcmp(a.data, b.data, len) : 0;

    return rc ? rc : (a.len > b.len) - (a.len < b.len);
}


#endif /* _MDM_PLUGINS_TEXT_H_INCLUDED_ */
