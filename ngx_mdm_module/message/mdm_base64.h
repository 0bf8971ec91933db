
/*
 * Base64 (RFC 4648, section 4), read strictly.
 */


#ifndef _MDM_BASE64_H_INCLUDED_
#define _MDM_BASE64_H_INCLUDED_


#include "mdm_base.h"


/* What it takes at most to decode so many characters. */
#define mdm_base64_size(len)  ((len) / 4 * 3 + 3)

/* Writes the bytes of a text in which, with `spaces`, white space may stand
 * anywhere; false when it is no Base64. */
bool mdm_base64_decode(mdm_str_t text, bool spaces, unsigned char *out,
    size_t *len);


#endif /* _MDM_BASE64_H_INCLUDED_ */
