
/*
 * Requests for push certificates as Apple's portal takes them: signed by a
 * vendor, whose certificate Apple gave for this, in a property list with the
 * chain of that certificate.
 */


#ifndef _MDM_PUSH_VENDOR_H_INCLUDED_
#define _MDM_PUSH_VENDOR_H_INCLUDED_


#include "mdm_key_pair.h"


typedef struct {
    mdm_key_pair_t        pair;
    unsigned              n;              /* of the chain, the vendor's own
                                             certificate first */
    mdm_str_t             chain[MDM_KEY_PAIR_MAX_COUNT];    /* DER */
} mdm_push_vendor_t;


/*
 * Reads the vendor's certificate, those above it up to a root, and his private
 * key from PEM, in any order; what belongs to no chain is passed over.  The
 * key must be the certificate's and RSA, and all of the chain valid at `now`.
 * A missing root or intermediate is named.
 *
 * It signs once: too long for an event loop.  The texts are left to the caller
 * to wipe.  Free it in any case.
 */
mdm_rc_e mdm_push_vendor_read(mdm_arena_t *arena, mdm_str_t certificates,
    mdm_str_t key, int64_t now, mdm_push_vendor_t *vendor,
    mdm_fault_t *fault);
void mdm_push_vendor_free(mdm_push_vendor_t *vendor);

/* Signs a request (PKCS #10, DER): *text is what is uploaded at the portal,
 * Base64 in one line, with a NUL behind it. */
mdm_rc_e mdm_push_vendor_sign(mdm_push_vendor_t *vendor, mdm_str_t der,
    mdm_str_t *text);


#endif /* _MDM_PUSH_VENDOR_H_INCLUDED_ */
