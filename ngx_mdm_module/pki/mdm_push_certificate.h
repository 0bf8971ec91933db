
/*
 * Push certificates: what an operator hands over as text, read and judged.
 * Nothing is taken that Apple's push service would refuse for a reason which
 * can be seen here.
 */


#ifndef _MDM_PUSH_CERTIFICATE_H_INCLUDED_
#define _MDM_PUSH_CERTIFICATE_H_INCLUDED_


#include "mdm_key_pair.h"


#define MDM_PUSH_TOPIC_MAX               255


/* All strings are the arena's, and those of names are terminated. */

typedef struct {
    mdm_str_t             topic;
    mdm_str_t             certificate;    /* DER */
    mdm_str_t             key;            /* PKCS #8, DER: secret; absent when
                                             none came along */
    unsigned char         sha256[MDM_SHA256_SIZE];
    unsigned char         public_key[MDM_SHA256_SIZE];
    int64_t               not_before;     /* seconds since 1970 */
    int64_t               not_after;
    char                  subject[256];   /* RFC 2253, cut */
    char                  issuer[256];
    char                  serial[48];     /* hexadecimal, cut */
} mdm_push_certificate_t;


/*
 * Reads certificate and private key from PEM blocks in any order, with or
 * without line ends and text between them.  The key must be the only one, in
 * clear, RSA or EC, and one certificate must have it; others (intermediate
 * CAs) are passed over, and so are blocks of other kinds.  Without a key the
 * certificate that names a topic is meant.  It must be valid at `now`, and its
 * subject must name a topic.
 *
 * It signs once with the key: too long for an event loop.  The text is left
 * to the caller to wipe.
 */
mdm_rc_e mdm_push_certificate_read(mdm_arena_t *arena, mdm_str_t pem,
    int64_t now, mdm_push_certificate_t *push, mdm_fault_t *fault);

/* Is a key that was known before (PKCS #8, DER) the one of the certificate?
 * Signs with it, too. */
mdm_rc_e mdm_push_certificate_key(const mdm_push_certificate_t *push,
    mdm_str_t key, mdm_fault_t *fault);

/* "com.apple.mgmt." and letters, digits, dots, hyphens and underscores. */
bool mdm_push_topic_valid(mdm_str_t topic);


#endif /* _MDM_PUSH_CERTIFICATE_H_INCLUDED_ */
