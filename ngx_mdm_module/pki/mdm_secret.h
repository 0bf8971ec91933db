
/*
 * Secrets at rest: AES-256-GCM, key id || nonce || ciphertext || tag, bound to
 * tenant, kind and row by the additional data.  Keys live here and in the
 * operator's file, never in PostgreSQL.
 *
 * The additional data is the tenant id as eight bytes, big-endian, then one
 * byte with the length of the kind, the kind, and the row up to the end; so
 * no two different triples give the same bytes.
 *
 * Nonces are random: one key should seal no more than 2^32 values (NIST
 * SP 800-38D, section 8.3).  Put a new key first long before that.
 */


#ifndef _MDM_SECRET_H_INCLUDED_
#define _MDM_SECRET_H_INCLUDED_


#include "../message/mdm_base.h"


#define MDM_SECRET_KEY_SIZE      32
#define MDM_SECRET_KEY_ID_SIZE   8      /* first bytes of SHA-256("mdm key id"
                                           || key) */
#define MDM_SECRET_NONCE_SIZE    12
#define MDM_SECRET_TAG_SIZE      16
#define MDM_SECRET_OVERHEAD      (MDM_SECRET_KEY_ID_SIZE                      \
                                  + MDM_SECRET_NONCE_SIZE                     \
                                  + MDM_SECRET_TAG_SIZE)
#define MDM_SECRET_MAX_KEYS      8
#define MDM_SECRET_DIGEST_SIZE   32
#define MDM_SECRET_MAX_DIGESTS   (MDM_SECRET_MAX_KEYS * MDM_SECRET_DIGEST_SIZE)
#define MDM_SECRET_MAX_KIND      255
#define MDM_SECRET_MAX_SIZE      0x3fffffff     /* of the row, of the value */


typedef struct {
    unsigned char         id[MDM_SECRET_KEY_ID_SIZE];
    unsigned char         key[MDM_SECRET_KEY_SIZE];
} mdm_secret_key_t;


/* Starts zeroed. */

typedef struct {
    mdm_secret_key_t      keys[MDM_SECRET_MAX_KEYS];  /* the first encrypts */
    unsigned              nkeys;
} mdm_secret_ring_t;


/*
 * Adds one key from the text of a key file: 64 hexadecimal digits (as
 * "openssl rand -hex 32" prints), white space around them ignored.  Refuses
 * the same key twice and more than MDM_SECRET_MAX_KEYS.
 */
mdm_rc_e mdm_secret_ring_add(mdm_secret_ring_t *ring, mdm_str_t text,
    mdm_fault_t *fault);
void mdm_secret_ring_wipe(mdm_secret_ring_t *ring);

/*
 * Kinds in use: "command" (row = CommandUUID), "report" (row = written
 * enrolment id '/' CommandUUID), "unlock_token", "bootstrap_token" and
 * "message" (row = written enrolment id), "push_key" (row = topic),
 * "push_request" (row = the public key's SHA-256 in hex), "profile" (row = its
 * id), "signing_key" (row = the certificate's SHA-256 in hex), "check" (tenant
 * 0, row = key id in hex); and what plugins put in escrow, by names of their
 * own (row = written enrolment id).
 *
 * MDM_UNSUPPORTED: the ring is empty, or the kind is longer than
 * MDM_SECRET_MAX_KIND.
 */
mdm_rc_e mdm_secret_seal(mdm_arena_t *arena, const mdm_secret_ring_t *ring,
    int64_t tenant_id, const char *kind, mdm_str_t row, mdm_str_t plain,
    mdm_str_t *sealed);

/* MDM_MALFORMED: too short to have been sealed.
 * MDM_UNSUPPORTED: sealed with a key that the ring does not hold.
 * MDM_UNTRUSTED: altered, or sealed for another tenant, kind or row. */
mdm_rc_e mdm_secret_open(mdm_arena_t *arena, const mdm_secret_ring_t *ring,
    int64_t tenant_id, const char *kind, mdm_str_t row, mdm_str_t sealed,
    mdm_str_t *plain);

/*
 * What tells that a tenant's values are the same and, to who has no key,
 * nothing else: from the SHA-256 of a value, which could be guessed from for a
 * PIN.  A digest for each key, of which the first is to be stored, and any may
 * equal what was stored.  `digests` has room for MDM_SECRET_MAX_DIGESTS; set
 * is how many bytes they are.
 */
mdm_rc_e mdm_secret_digest(const mdm_secret_ring_t *ring, int64_t tenant_id,
    const unsigned char sha256[MDM_SECRET_DIGEST_SIZE],
    unsigned char *digests, size_t *len);


#endif /* _MDM_SECRET_H_INCLUDED_ */
