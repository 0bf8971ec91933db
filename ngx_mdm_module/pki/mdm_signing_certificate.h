
/*
 * Signing certificates: what a tenant signs its profiles with, as an operator
 * hands it over.
 */


#ifndef _MDM_SIGNING_CERTIFICATE_H_INCLUDED_
#define _MDM_SIGNING_CERTIFICATE_H_INCLUDED_


#include "mdm_key_pair.h"


/* All strings are the arena's. */

typedef struct {
    mdm_str_t             certificates;   /* DER, one behind another: that of
                                             the key first */
    mdm_str_t             key;            /* PKCS #8, DER: secret */
    unsigned char         sha256[MDM_SHA256_SIZE];    /* of the first */
    int64_t               not_before;     /* seconds since 1970 */
    int64_t               not_after;
    char                  subject[256];   /* RFC 2253, cut */
    char                  issuer[256];
    char                  serial[48];     /* hexadecimal, cut */
} mdm_signing_certificate_t;


/*
 * Reads a chain and the private key of one of its certificates from PEM, see
 * mdm_key_pair_read().  The certificate must be valid at `now`, and its key
 * usage, if it says any, must allow signatures.  Others are taken along as
 * they are, for who verifies.
 *
 * It signs once with the key: too long for an event loop.  The text is left
 * to the caller to wipe.
 */
mdm_rc_e mdm_signing_certificate_read(mdm_arena_t *arena, mdm_str_t pem,
    int64_t now, mdm_signing_certificate_t *signing, mdm_fault_t *fault);


#endif /* _MDM_SIGNING_CERTIFICATE_H_INCLUDED_ */
