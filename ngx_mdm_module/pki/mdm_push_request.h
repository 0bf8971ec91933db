
/*
 * Requests for push certificates: a new key, and the request (PKCS #10) that
 * is made with it.
 */


#ifndef _MDM_PUSH_REQUEST_H_INCLUDED_
#define _MDM_PUSH_REQUEST_H_INCLUDED_


#include "mdm_certificate.h"


/* Who asks.  Apple puts a subject of its own in its place.  What is unset or
 * empty is left out, but for the name, which has a default. */

typedef struct {
    mdm_str_t             common_name;    /* at most 64 characters */
    mdm_str_t             email;          /* of ASCII, at most 128 */
    mdm_str_t             country;        /* two capital letters: ISO 3166 */
} mdm_push_subject_t;


/* All strings are the arena's. */

typedef struct {
    mdm_str_t             key;            /* PKCS #8, DER: secret */
    mdm_str_t             der;            /* the request */
    mdm_str_t             pem;
    unsigned char         public_key[MDM_SHA256_SIZE];
    char                  subject[256];   /* RFC 2253, cut */
} mdm_push_request_t;


/*
 * Makes an RSA key of 2048 bits and signs a request with it.  That may take
 * a second: for a thread.
 * The subject is checked before.
 */
mdm_rc_e mdm_push_request_make(mdm_arena_t *arena,
    const mdm_push_subject_t *subject, mdm_push_request_t *request,
    mdm_fault_t *fault);

/* The name of what is not as it may be, and why; NULL: all is. */
const char *mdm_push_subject_check(const mdm_push_subject_t *subject,
    mdm_fault_t *fault);

/* A PEM block with lines of 64 characters, and a NUL behind it; unset: no
 * memory. */
mdm_str_t mdm_pem_write(mdm_arena_t *arena, const char *label, mdm_str_t der);


#endif /* _MDM_PUSH_REQUEST_H_INCLUDED_ */
