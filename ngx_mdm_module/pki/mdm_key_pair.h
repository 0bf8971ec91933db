
/*
 * A certificate and its private key as an operator hands them over: read from
 * PEM, matched and judged.  What the certificate is for is the caller's
 * question.
 */


#ifndef _MDM_KEY_PAIR_H_INCLUDED_
#define _MDM_KEY_PAIR_H_INCLUDED_


#include <openssl/evp.h>
#include <openssl/x509.h>

#include "mdm_certificate.h"


#define MDM_KEY_PAIR_MAX_SIZE    (64 * 1024)     /* of the text */
#define MDM_KEY_PAIR_MAX_COUNT   16              /* certificates */


typedef struct {
    mdm_arena_t          *arena;
    mdm_fault_t          *fault;
    bool                  keyless;       /* a text without a key will do */
    EVP_PKEY             *key;
    unsigned              n;
    mdm_str_t             certificates[MDM_KEY_PAIR_MAX_COUNT];   /* DER */
    X509                 *x509[MDM_KEY_PAIR_MAX_COUNT];
} mdm_key_pair_t;


/*
 * Reads PEM blocks in any order, with or without line ends and text between
 * them; blocks of other kinds are passed over.  The key must be the only one,
 * in clear, RSA or EC; NULL if `keyless` and there is none.  The pair starts
 * zeroed but for arena, fault and that, and is freed in any case.
 */
mdm_rc_e mdm_key_pair_read(mdm_key_pair_t *pair, mdm_str_t pem);
void mdm_key_pair_free(mdm_key_pair_t *pair);

/* The one certificate that has the key.  The same one twice is one. */
mdm_rc_e mdm_key_pair_match(mdm_key_pair_t *pair, mdm_str_t *certificate);

/*
 * Is it valid at `now`, and does the key, if there is one, sign what verifies
 * with it?  Signs once: too long for an event loop.  `renew` says what to do
 * when the certificate has expired.
 */
mdm_rc_e mdm_key_pair_judge(mdm_key_pair_t *pair,
    const mdm_certificate_t *certificate, int64_t now, const char *renew);

/* The key alone. */
mdm_rc_e mdm_key_pair_prove(mdm_key_pair_t *pair,
    const mdm_certificate_t *certificate);

/* The SHA-256 of a public key (SubjectPublicKeyInfo); false: no memory. */
bool mdm_key_pair_sha256(X509_PUBKEY *public,
    unsigned char sha256[MDM_SHA256_SIZE]);

/* The key as PKCS #8 in DER: secret. */
mdm_rc_e mdm_key_pair_key_der(mdm_key_pair_t *pair, mdm_str_t *der);

/* That, decoded again; the caller's.  NULL: it is none. */
EVP_PKEY *mdm_key_pair_decode(mdm_str_t der);


#endif /* _MDM_KEY_PAIR_H_INCLUDED_ */
