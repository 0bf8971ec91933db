
/*
 * Mutation of DER and BER that keeps the lengths right, since a length that no
 * longer fits ends every parser at once: elements are altered, doubled,
 * removed, exchanged, wrapped and made indefinite, and the lengths around them
 * written anew.  Also within OCTET STRINGs that hold an element, and within
 * the Base64 of PEM.
 */


#ifndef _FUZZ_DER_H_INCLUDED_
#define _FUZZ_DER_H_INCLUDED_


#include <openssl/evp.h>

#include "fuzz.h"


#define FUZZ_DER_MAX        65536
#define FUZZ_DER_ELEMENTS   512


typedef struct {
    size_t                start;
    size_t                content;
    size_t                end;
    int                   parent;        /* -1: none */
} fuzz_der_element_t;


typedef struct {
    const uint8_t        *data;
    int                   n;
    fuzz_der_element_t    elements[FUZZ_DER_ELEMENTS];
} fuzz_der_t;


/* One element of low tag number and definite length. */

static inline bool
fuzz_der_header(const uint8_t *data, size_t pos, size_t end,
    fuzz_der_element_t *element)
{
    size_t  n, len;

    if (end - pos < 2 || (data[pos] & 0x1f) == 0x1f) {
        return false;
    }

    element->start = pos;
    len = data[pos + 1];
    pos += 2;

    if (len >= 0x80) {
        n = len & 0x7f;

        if (n == 0 || n > 3 || n > end - pos) {
            return false;
        }

        for (len = 0; n > 0; n--) {
            len = len << 8 | data[pos++];
        }
    }

    element->content = pos;
    element->end = pos + len;

    return len <= end - pos;
}


static inline bool
fuzz_der_whole(const uint8_t *data, size_t pos, size_t end)
{
    fuzz_der_element_t  element;

    while (pos < end) {
        if (!fuzz_der_header(data, pos, end, &element)) {
            return false;
        }

        pos = element.end;
    }

    return true;
}


/* A queue: the children of each element follow those of the one before. */

static inline void
fuzz_der_parse(fuzz_der_t *der, const uint8_t *data, size_t size)
{
    int                  i;
    size_t               pos, end;
    fuzz_der_element_t  *element;

    der->data = data;
    der->n = 0;

    for (i = -1; i < der->n; i++) {

        pos = (i < 0) ? 0 : der->elements[i].content;
        end = (i < 0) ? size : der->elements[i].end;

        if (i >= 0
            && !(data[der->elements[i].start] & 0x20)
            && (data[der->elements[i].start] != 0x04
                || !fuzz_der_whole(data, pos, end)))
        {
            continue;
        }

        while (pos < end && der->n < FUZZ_DER_ELEMENTS) {
            element = &der->elements[der->n];

            if (!fuzz_der_header(data, pos, end, element)) {
                break;
            }

            element->parent = i;
            pos = element->end;
            der->n++;
        }
    }
}


static inline size_t
fuzz_der_put_header(uint8_t *p, uint8_t tag, size_t len)
{
    size_t  n;

    n = 0;
    p[n++] = tag;

    if (len >= 0x10000) {
        p[n++] = 0x83;
        p[n++] = (uint8_t) (len >> 16);
        p[n++] = (uint8_t) (len >> 8);

    } else if (len >= 0x100) {
        p[n++] = 0x82;
        p[n++] = (uint8_t) (len >> 8);

    } else if (len >= 0x80) {
        p[n++] = 0x81;
    }

    p[n++] = (uint8_t) len;

    return n;
}


/* What stands instead of the element; at most `max` bytes. */

static inline size_t
fuzz_der_replacement(const fuzz_der_t *der, int index, uint8_t *out,
    size_t max, unsigned choice)
{
    size_t                     len, n, other;
    uint8_t                    header[8];
    const uint8_t             *data;
    const fuzz_der_element_t  *element, *from;

    static const uint8_t  wraps[] = { 0x30, 0x31, 0x04, 0x24, 0xa0, 0xa1 };

    data = der->data;
    element = &der->elements[index];
    len = element->end - element->start;
    from = &der->elements[choice / 16 % (unsigned) der->n];
    other = from->end - from->start;

    switch (choice % 16) {

    case 0:                              /* gone */
        return 0;

    case 1:                              /* twice */
        if (len * 2 > max) {
            break;
        }

        memcpy(out, data + element->start, len);
        memcpy(out + len, data + element->start, len);
        return len * 2;

    case 2:                              /* another one */
    case 3:
        if (other > max) {
            break;
        }

        memcpy(out, data + from->start, other);
        return other;

    case 4:                              /* deeper */
    case 5:
        if (len + 5 > max) {
            break;
        }

        n = fuzz_der_put_header(out, wraps[choice / 16 % sizeof(wraps)], len);
        memcpy(out + n, data + element->start, len);
        return n + len;

    case 6:                              /* indefinite */
    case 7:
        n = element->end - element->content;

        if (!(data[element->start] & 0x20) || n + 4 > max) {
            break;
        }

        out[0] = data[element->start];
        out[1] = 0x80;
        memcpy(out + 2, data + element->content, n);
        memset(out + 2 + n, 0, 2);
        return n + 4;

    case 8:                              /* of another kind */
        memcpy(out, data + element->start, len);
        out[0] = (uint8_t) (choice / 16);
        return len;

    default:
        break;
    }

    /* with other content */

    n = element->end - element->content;

    if (n + 5 > max) {
        return 0;
    }

    memcpy(out + 4, data + element->content, n);
    n = LLVMFuzzerMutate(out + 4, n, max - 5 < n + 64 ? max - 5 : n + 64);

    len = fuzz_der_put_header(header, data[element->start], n);
    memmove(out + len, out + 4, n);
    memcpy(out, header, len);

    return len + n;
}


/* The elements around it, from the inside out. */

static inline size_t
fuzz_der_rebuild(const fuzz_der_t *der, int index, size_t size, uint8_t *text,
    size_t len, size_t max)
{
    int                        i;
    size_t                     n, before, after, start, end, close;
    uint8_t                    header[8];
    const fuzz_der_element_t  *parent;

    start = der->elements[index].start;
    end = der->elements[index].end;

    for (i = der->elements[index].parent; /* void */ ;
         i = der->elements[i].parent)
    {
        parent = (i < 0) ? NULL : &der->elements[i];
        before = start - (parent ? parent->content : 0);
        close = parent ? parent->end : size;
        after = close - end;

        n = parent ? fuzz_der_put_header(header, der->data[parent->start],
                                         before + len + after) : 0;

        if (n + before + len + after > max) {
            return 0;
        }

        memmove(text + n + before, text, len);
        memcpy(text, header, n);
        memcpy(text + n, der->data + start - before, before);
        memcpy(text + n + before + len, der->data + end, after);

        len += n + before + after;

        if (parent == NULL) {
            return len;
        }

        start = parent->start;
        end = parent->end;
    }
}


static inline size_t
fuzz_der_mutate(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    int                index;
    size_t             len;

    static uint8_t     text[FUZZ_DER_MAX * 2];
    static fuzz_der_t  der;

    max = max < FUZZ_DER_MAX ? max : FUZZ_DER_MAX;

    if (size > max || seed % 4 == 0) {
        return LLVMFuzzerMutate(data, size, max);
    }

    fuzz_der_parse(&der, data, size);

    if (der.n == 0) {
        return LLVMFuzzerMutate(data, size, max);
    }

    seed /= 4;
    index = (int) (seed % (unsigned) der.n);

    len = fuzz_der_replacement(&der, index, text, max,
                               seed / (unsigned) der.n);
    len = fuzz_der_rebuild(&der, index, size, text, len, max);

    if (len == 0) {
        return LLVMFuzzerMutate(data, size, max);
    }

    memcpy(data, text, len);

    return len;
}


/* --- PEM: one of its blocks --- */

static inline bool
fuzz_pem_block(const uint8_t *data, size_t size, unsigned which,
    size_t *begin, size_t *end)
{
    const uint8_t  *p, *last;

    p = data;
    last = data + size;

    do {
        p = memmem(p, last - p, "-----BEGIN", 10);
        p = p ? memmem(p, last - p, "-----\n", 6) : NULL;

        if (p == NULL) {
            return false;
        }

        *begin = (size_t) (p - data) + 6;

        p = memmem(p + 6, last - p - 6, "-----END", 8);
        if (p == NULL) {
            return false;
        }

        *end = (size_t) (p - data);

    } while (which-- > 0);

    return true;
}


static inline size_t
fuzz_pem_decode(const uint8_t *data, size_t size, uint8_t *der)
{
    int              n, last;
    bool             ok;
    EVP_ENCODE_CTX  *ctx;

    ctx = EVP_ENCODE_CTX_new();
    EVP_DecodeInit(ctx);

    n = last = 0;
    ok = EVP_DecodeUpdate(ctx, der, &n, data, (int) size) >= 0
         && EVP_DecodeFinal(ctx, der + n, &last) == 1;

    EVP_ENCODE_CTX_free(ctx);
    ERR_clear_error();

    return ok ? (size_t) (n + last) : 0;
}


static inline size_t
fuzz_pem_encode(const uint8_t *der, size_t size, uint8_t *text)
{
    int              n, last;
    EVP_ENCODE_CTX  *ctx;

    ctx = EVP_ENCODE_CTX_new();
    EVP_EncodeInit(ctx);
    EVP_EncodeUpdate(ctx, text, &n, der, (int) size);
    EVP_EncodeFinal(ctx, text + n, &last);
    EVP_ENCODE_CTX_free(ctx);

    return (size_t) (n + last);
}


static inline size_t
fuzz_pem_mutate(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    size_t          begin, end, tail, len;

    static uint8_t  der[FUZZ_DER_MAX], text[FUZZ_DER_MAX];

    if (size > FUZZ_DER_MAX / 2 || seed % 4 == 0
        || !fuzz_pem_block(data, size, seed / 4 % 3, &begin, &end))
    {
        return LLVMFuzzerMutate(data, size, max);
    }

    len = fuzz_pem_decode(data + begin, end - begin, der);
    len = fuzz_der_mutate(der, len, FUZZ_DER_MAX / 2, seed / 12);
    len = fuzz_pem_encode(der, len, text);
    tail = size - end;

    if (begin + len + tail > max) {
        return LLVMFuzzerMutate(data, size, max);
    }

    memmove(data + begin + len, data + end, tail);
    memcpy(data + begin, text, len);

    return begin + len + tail;
}


#endif /* _FUZZ_DER_H_INCLUDED_ */
