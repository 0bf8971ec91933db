
/*
 * A CMS SignedData (RFC 5652, section 5.1) cut into its parts.
 */


#ifndef _MDM_CMS_H_INCLUDED_
#define _MDM_CMS_H_INCLUDED_


#include "mdm_ber.h"


typedef struct {
    mdm_str_t             content_type;   /* content of the OID */
    mdm_str_t             content;        /* absent when detached */
    mdm_str_t             certificates;   /* CertificateChoices in a row, or
                                             absent */
    mdm_str_t             signers;        /* SignerInfos in a row */
} mdm_cms_t;


/*
 * Guards the BER, makes lengths definite and cuts.  The parts point into
 * `ber` or, where it had to be rewritten, into arena memory.
 */
mdm_rc_e mdm_cms_read(mdm_arena_t *arena, mdm_str_t ber, mdm_cms_t *cms,
    mdm_fault_t *fault);

/*
 * The content inside a CMS SignedData (a signed .mobileconfig), unverified.
 * Lives as long as both `der` and the arena do.
 */
mdm_rc_e mdm_cms_content(mdm_arena_t *arena, mdm_str_t der, mdm_str_t *content,
    mdm_fault_t *fault);


#endif /* _MDM_CMS_H_INCLUDED_ */
