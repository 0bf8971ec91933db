
/*
 * Secrets at rest: the input as a key file, as a sealed value, and as what is
 * sealed and opened again.
 */


#include "fuzz.h"
#include "pki/mdm_secret.h"


#define KEY                                                                   \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"


static void
try_key(mdm_secret_ring_t *ring, mdm_str_t text)
{
    mdm_rc_e     rc;
    mdm_fault_t  fault;

    rc = mdm_secret_ring_add(ring, text, &fault);
    fuzz_expect(ring->nkeys == (rc == MDM_OK ? 2 : 1));

    /* never twice */

    if (rc == MDM_OK) {
        fuzz_expect(mdm_secret_ring_add(ring, text, NULL) == MDM_MALFORMED);
        fuzz_expect(ring->nkeys == 2);
    }
}


static void
try_open(mdm_arena_t *arena, const mdm_secret_ring_t *ring, mdm_str_t sealed)
{
    mdm_rc_e   rc;
    mdm_str_t  plain;

    rc = mdm_secret_open(arena, ring, 1, "command", mdm_str("row"), sealed,
                         &plain);
    fuzz_expect((rc == MDM_OK) == mdm_str_is_set(plain));
}


/* One bit, wherever the input says, or another tenant, kind or row. */

static void
tamper(mdm_arena_t *arena, const mdm_secret_ring_t *ring, mdm_str_t row,
    mdm_str_t sealed, mdm_str_t in)
{
    int64_t         tenant;
    mdm_str_t       opened;
    unsigned char  *copy;

    tenant = (int64_t) in.len;
    copy = mdm_arena_alloc(arena, sealed.len);
    fuzz_expect(copy != NULL);
    memcpy(copy, sealed.data, sealed.len);
    copy[(in.len * 31 + row.len) % sealed.len]
        ^= (unsigned char) (1u << row.len % 8);

    fuzz_expect(mdm_secret_open(arena, ring, tenant, "report", row,
                                (mdm_str_t) { sealed.len, copy }, &opened)
                != MDM_OK);
    fuzz_expect(mdm_secret_open(arena, ring, tenant + 1, "report", row,
                                sealed, &opened)
                == MDM_UNTRUSTED);
    fuzz_expect(mdm_secret_open(arena, ring, tenant, "reports", row, sealed,
                                &opened)
                == MDM_UNTRUSTED);
    fuzz_expect(mdm_secret_open(arena, ring, tenant, "report", mdm_str("~"),
                                sealed, &opened)
                == (mdm_str_eq_c(row, "~") ? MDM_OK : MDM_UNTRUSTED));
}


/* The border between row and value is the first byte of the input. */

static void
round_trip(mdm_arena_t *arena, const mdm_secret_ring_t *ring, mdm_str_t in)
{
    size_t     n;
    mdm_str_t  row, plain, sealed, opened;

    n = in.len ? in.data[0] : 0;
    n = n < in.len ? n : in.len;

    row = (mdm_str_t) { n, in.data };
    plain = (mdm_str_t) { in.len - n, in.data + n };

    fuzz_expect(mdm_secret_seal(arena, ring, (int64_t) in.len, "report", row,
                           plain, &sealed)
                == MDM_OK);
    fuzz_expect(mdm_secret_open(arena, ring, (int64_t) in.len, "report", row,
                           sealed, &opened)
                == MDM_OK);
    fuzz_expect(opened.len == plain.len
                && memcmp(opened.data, plain.data, plain.len) == 0);

    tamper(arena, ring, row, sealed, in);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mdm_str_t          in;
    mdm_arena_t        arena;
    mdm_secret_ring_t  ring;

    mdm_arena_init(&arena);
    memset(&ring, 0, sizeof(mdm_secret_ring_t));
    fuzz_expect(mdm_secret_ring_add(&ring, mdm_str(KEY), NULL) == MDM_OK);

    in = size ? (mdm_str_t) { size, data } : mdm_str("");

    round_trip(&arena, &ring, in);
    try_open(&arena, &ring, in);
    try_key(&ring, in);

    mdm_secret_ring_wipe(&ring);
    mdm_arena_free(&arena);

    return 0;
}
