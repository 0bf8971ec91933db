
/*
 * The depth guard, against OpenSSL's own reading of the same bytes: what the
 * guard lets pass, OpenSSL sees nested no deeper than was allowed, and its
 * parsers take no more stack than a fixed room.  And the rewriter: what it
 * gives has the same primitive values, definite lengths only, and is not
 * rewritten again.
 */


#include <openssl/asn1.h>
#include <openssl/cms.h>
#include <openssl/x509.h>

#include "fuzz.h"
#include "fuzz_der.h"
#include "pki/mdm_ber.h"


#define FUZZ_STACK   (64 * 1024)


typedef struct {
    unsigned              depth;         /* the most that was seen */
    bool                  indefinite;
    bool                  stopped;       /* at what OpenSSL does not read */
} fuzz_seen_t;


/* As asn1_check_tlen() and asn1_find_end() of OpenSSL go; returns where they
 * come to. */

static const unsigned char *
fuzz_walk(const unsigned char *p, const unsigned char *end, unsigned depth,
    bool indefinite, fuzz_seen_t *seen)
{
    int   flags, tag, class;
    long  len;

    if (depth > seen->depth) {
        seen->depth = depth;
    }

    while (p < end && !seen->stopped && depth <= MDM_BER_MAX_DEPTH + 1) {

        if (indefinite && end - p >= 2 && p[0] == 0 && p[1] == 0) {
            return p + 2;
        }

        flags = ASN1_get_object(&p, &len, &tag, &class, end - p);

        if (flags & 0x80) {
            seen->stopped = true;
            break;
        }

        if (!(flags & V_ASN1_CONSTRUCTED)) {
            p += len;

        } else if (flags & 1) {
            seen->indefinite = true;
            p = fuzz_walk(p, end, depth + 1, true, seen);

        } else {
            fuzz_walk(p, p + len, depth + 1, false, seen);
            p += len;
        }
    }

    return p;
}


static void
fuzz_guard(mdm_str_t ber, unsigned limit)
{
    mdm_rc_e     rc;
    fuzz_seen_t  seen;

    rc = mdm_ber_guard(ber, limit, NULL);

    memset(&seen, 0, sizeof(seen));
    fuzz_walk(ber.data, ber.data + ber.len, 0, false, &seen);
    ERR_clear_error();

    if (rc == MDM_OK) {
        fuzz_expect(seen.depth <= limit);
    }

    if (rc == MDM_TOO_LARGE) {
        fuzz_expect(seen.depth > limit || seen.stopped);
    }
}


/* The values of primitive elements one after the other, without those frames
 * that the rewriter takes away. */

static size_t
fuzz_values(mdm_str_t ber, unsigned char *out)
{
    size_t      n;
    mdm_str_t   rest;
    mdm_ber_t   item;

    n = 0;
    rest = ber;

    while (mdm_ber_next(&rest, &item)) {

        if (item.tag & 0x20) {
            n += fuzz_values(item.content, out + n);

        } else {
            memcpy(out + n, item.content.data, item.content.len);
            n += item.content.len;
        }
    }

    fuzz_expect(rest.len == 0);

    return n;
}


/* The same of BER as it came, by OpenSSL's headers. */

static size_t
fuzz_values_ber(const unsigned char **p, const unsigned char *end,
    bool indefinite, unsigned char *out)
{
    int                   flags, tag, class;
    long                  len;
    size_t                n;
    const unsigned char  *inside;

    n = 0;

    while (*p < end) {

        if (indefinite && end - *p >= 2 && (*p)[0] == 0 && (*p)[1] == 0) {
            *p += 2;
            break;
        }

        flags = ASN1_get_object(p, &len, &tag, &class, end - *p);
        fuzz_expect(!(flags & 0x80));

        if (!(flags & V_ASN1_CONSTRUCTED)) {
            memcpy(out + n, *p, (size_t) len);
            n += (size_t) len;
            *p += len;

        } else if (flags & 1) {
            n += fuzz_values_ber(p, end, true, out + n);

        } else {
            inside = *p;
            n += fuzz_values_ber(&inside, *p + len, false, out + n);
            *p += len;
        }
    }

    return n;
}


static void
fuzz_rewrite(mdm_arena_t *arena, mdm_str_t ber)
{
    size_t                n, m;
    mdm_rc_e              rc;
    mdm_str_t             der, again;
    fuzz_seen_t           seen;
    unsigned char        *before, *after;
    const unsigned char  *p;

    rc = mdm_ber_definite(arena, ber, MDM_BER_MAX_DEPTH, &der, NULL);
    fuzz_expect(rc == mdm_ber_guard(ber, MDM_BER_MAX_DEPTH, NULL));
    fuzz_expect((rc == MDM_OK) == mdm_str_is_set(der));

    if (rc != MDM_OK) {
        return;
    }

    fuzz_expect(der.len <= ber.len + ber.len / 256 + 512);
    fuzz_expect(mdm_ber_guard(der, MDM_BER_MAX_DEPTH, NULL) == MDM_OK);
    fuzz_expect(mdm_ber_definite(arena, der, MDM_BER_MAX_DEPTH, &again, NULL)
                == MDM_OK);
    fuzz_expect(again.data == der.data && again.len == der.len);

    memset(&seen, 0, sizeof(seen));
    fuzz_walk(ber.data, ber.data + ber.len, 0, false, &seen);
    ERR_clear_error();

    if (seen.stopped) {
        return;                          /* a tag number over 31 bits */
    }

    before = mdm_arena_alloc(arena, ber.len);
    after = mdm_arena_alloc(arena, der.len);
    fuzz_expect(before != NULL && after != NULL);

    p = ber.data;
    n = fuzz_values_ber(&p, ber.data + ber.len, false, before);
    m = fuzz_values(der, after);

    fuzz_expect(n == m && memcmp(before, after, n) == 0);
}


/* What the core gives to OpenSSL behind the guard, and other shapes. */

static size_t
fuzz_openssl(mdm_str_t ber)
{
    const unsigned char  *p;

    fuzz_meter_start();

    p = ber.data;
    X509_free(d2i_X509(NULL, &p, (long) ber.len));

    p = ber.data;
    CMS_ContentInfo_free(d2i_CMS_ContentInfo(NULL, &p, (long) ber.len));

    p = ber.data;
    PKCS8_PRIV_KEY_INFO_free(d2i_PKCS8_PRIV_KEY_INFO(NULL, &p,
                                                     (long) ber.len));

    p = ber.data;
    ASN1_TYPE_free(d2i_ASN1_TYPE(NULL, &p, (long) ber.len));

    ERR_clear_error();

    return fuzz_meter_stack();
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t       i;
    mdm_str_t    ber;
    mdm_arena_t  arena;

    static bool  loaded;

    static const unsigned  limits[] = { 0, 1, 3, 8, 31, MDM_BER_MAX_DEPTH };

    ber = fuzz_input(data, size);

    for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        fuzz_guard(ber, limits[i]);
    }

    mdm_arena_init(&arena);
    fuzz_rewrite(&arena, ber);
    mdm_arena_free(&arena);

    if (mdm_ber_guard(ber, MDM_BER_MAX_DEPTH, NULL) == MDM_OK) {

        /* the first call reads OpenSSL's configuration */

        fuzz_expect(fuzz_openssl(ber) < FUZZ_STACK || !loaded);
        loaded = true;
    }

    return 0;
}


size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    return fuzz_der_mutate(data, size, max, seed);
}
