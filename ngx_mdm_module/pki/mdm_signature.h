
/*
 * The Mdm-Signature header: Base64 of a detached CMS SignedData (RFC 5652,
 * section 5) over the request body.  It is cut apart by hand behind a depth
 * guard, so that the certificate can come from a cache and only the signature
 * is verified for each request.
 */


#ifndef _MDM_SIGNATURE_H_INCLUDED_
#define _MDM_SIGNATURE_H_INCLUDED_


#include "mdm_ber.h"
#include "mdm_certificate.h"
#include "mdm_cms.h"


#define MDM_SIGNATURE_HEADER_MAX  (32 * 1024)


typedef struct {
    mdm_str_t             certificate;    /* DER of the signer's certificate */
    mdm_str_t             signed_attrs;   /* content of [0], or absent */
    mdm_str_t             signed_attrs_der; /* as SET OF, for the digest */
    mdm_str_t             message_digest; /* from the signed attributes */
    mdm_str_t             signature;
    int                   digest_nid;     /* SHA-256, -384 or -512 */
    int                   key_nid;        /* EVP_PKEY_RSA or EVP_PKEY_EC */
} mdm_signature_t;


/*
 * Decodes the header and finds the single signer and its certificate (by
 * issuer and serial number, or by subject key identifier).  Indefinite-length
 * BER is rewritten as DER first.  The parts live as long as the arena.
 *
 * MDM_UNSUPPORTED: readable, but not what a device sends: an algorithm that
 * is not taken (RSA-PSS, SHA-1), content inside, no or several signers, or a
 * signer without a certificate in the message.
 */
mdm_rc_e mdm_signature_read(mdm_arena_t *arena, mdm_str_t header,
    mdm_signature_t *signature, mdm_fault_t *fault);

/*
 * Verifies over the exact body: with signed attributes contentType must be
 * id-data and messageDigest must match, and the signature covers them; without
 * them it covers the body.  RSA (PKCS #1 v1.5) and ECDSA.  Uses only `key`,
 * so it may run on any thread with an up-referenced key.
 *
 * Says nothing about whose key it is: judge the certificate as well.
 */
mdm_rc_e mdm_signature_verify(const mdm_signature_t *signature, EVP_PKEY *key,
    mdm_str_t body, mdm_fault_t *fault);


#endif /* _MDM_SIGNATURE_H_INCLUDED_ */
