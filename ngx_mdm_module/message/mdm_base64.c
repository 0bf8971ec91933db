
/*
 * Base64.  Of the choices that RFC 4648 leaves these are the strict ones:
 * padding is demanded, and the bits that the last group has too many are zero.
 */


#include <string.h>

#include "mdm_base64.h"


static unsigned mdm_base64_digit(unsigned char c);


bool
mdm_base64_decode(mdm_str_t text, bool spaces, unsigned char *out,
    size_t *len)
{
    size_t          i, n, pad;
    uint32_t        bits;
    unsigned        digit;
    unsigned char   c, *p;

    p = out;
    n = 0;
    pad = 0;
    bits = 0;

    for (i = 0; i < text.len; i++) {
        c = text.data[i];

        if (spaces && c != '\0' && strchr(" \t\r\n", c) != NULL) {
            continue;
        }

        digit = (c == '=') ? 0 : mdm_base64_digit(c);
        pad += (c == '=');

        if (digit > 63 || (pad && c != '=') || pad > 2) {
            return false;
        }

        bits = bits << 6 | digit;

        if (++n % 4 == 0) {
            *p++ = (unsigned char) (bits >> 16);
            *p++ = (unsigned char) (bits >> 8);
            *p++ = (unsigned char) bits;
        }
    }

    /* the bytes that padding stands for must have come out as zero */

    if (n % 4 != 0 || (pad && p[-1] != 0) || (pad == 2 && p[-2] != 0)) {
        return false;
    }

    *len = p - out - pad;

    return true;
}


/* 64: it is none. */

static unsigned
mdm_base64_digit(unsigned char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }

    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }

    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }

    return c == '+' ? 62 : c == '/' ? 63 : 64;
}
