
/*
 * Signing: a CMS SignedData (RFC 5652) around what is signed, as devices take
 * a profile; and who signed one that came.
 */


#ifndef _MDM_CMS_SIGN_H_INCLUDED_
#define _MDM_CMS_SIGN_H_INCLUDED_


#include "mdm_certificate.h"
#include "mdm_cms.h"


/* More would keep a thread at work as long as their sender likes. */
#define MDM_CMS_MAX_SIGNERS       8
#define MDM_CMS_MAX_CERTIFICATES  64


/*
 * Signs with SHA-256: attached, in DER, with the time of signing and all
 * certificates.  `certificates` is DER, one behind another, the signer's
 * first; `key` is PKCS #8 in DER.  Too long for an event loop.
 */
mdm_rc_e mdm_cms_sign(mdm_arena_t *arena, mdm_str_t certificates,
    mdm_str_t key, mdm_str_t content, mdm_str_t *cms, mdm_fault_t *fault);


typedef struct {
    char                  subject[256];   /* RFC 2253, cut; "" when it is not
                                             known who signed */
    bool                  self_signed;
    bool                  expired;        /* at `now`, or not valid yet */
} mdm_cms_signer_t;

/*
 * Verifies every signature of a message that mdm_cms_content() reads, with the
 * certificates in it, and tells whose the first is.  Whether anybody trusts
 * that certificate is not asked.
 *
 * MDM_OK: they hold.  MDM_UNTRUSTED, MDM_UNSUPPORTED, MDM_MALFORMED: they do
 * not, and why.
 */
mdm_rc_e mdm_cms_verify(mdm_arena_t *arena, mdm_str_t cms, int64_t now,
    mdm_cms_signer_t *signer, mdm_fault_t *fault);


#endif /* _MDM_CMS_SIGN_H_INCLUDED_ */
