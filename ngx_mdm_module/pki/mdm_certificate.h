
/*
 * Device certificates: parsed once, judged against a tenant's anchors.  Each
 * function leaves OpenSSL's error queue empty.
 *
 * Keys of devices and anchors are RSA of 2048 to 8192 bits or EC on P-256,
 * P-384 or P-521, and no certificate but an anchor may carry a signature
 * weaker than SHA-256 with such a key.  That is what OpenSSL's security level
 * 2, Debian's default, takes in a handshake; so a device is not taken through
 * one door and refused at the other.
 */


#ifndef _MDM_CERTIFICATE_H_INCLUDED_
#define _MDM_CERTIFICATE_H_INCLUDED_


#include <openssl/x509.h>

#include "../message/mdm_base.h"


#define MDM_SHA256_SIZE           32
#define MDM_CERTIFICATE_MAX_SIZE  (64 * 1024)
#define MDM_ANCHORS_MAX_SIZE      (512 * 1024)
#define MDM_ANCHORS_MAX_COUNT     256


typedef enum {
    MDM_CERTIFICATE_GOOD = 0,
    MDM_CERTIFICATE_EXPIRED,         /* chains, but its time has passed */
    MDM_CERTIFICATE_NOT_YET_VALID,
    MDM_CERTIFICATE_UNTRUSTED,       /* no chain to an anchor */
    MDM_CERTIFICATE_NOT_CLIENT,      /* extended key usage without clientAuth,
                                        key usage without digitalSignature, or
                                        a CA or proxy certificate */
    MDM_CERTIFICATE_FAULT            /* ours, memory ran out: not to be cached,
                                        no word about the certificate */
} mdm_certificate_verdict_e;


typedef struct {
    X509                 *x509;
    EVP_PKEY             *key;
    unsigned char         sha256[MDM_SHA256_SIZE];    /* of the DER */
    int64_t               not_before;                 /* seconds since 1970 */
    int64_t               not_after;
    char                  subject[256];               /* RFC 2253, cut */
    char                  serial[48];                 /* hexadecimal, cut */
} mdm_certificate_t;


/*
 * *certificate is the caller's, freed with mdm_certificate_free().  Only DER
 * is taken: one certificate has one SHA-256.  A key or a signature of a kind
 * that is not taken (see above) is MDM_UNSUPPORTED.
 */
mdm_rc_e mdm_certificate_parse(mdm_str_t der, mdm_certificate_t **certificate,
    mdm_fault_t *fault);
void mdm_certificate_free(mdm_certificate_t *certificate);

/* A name in RFC 2253's form, cut where the room ends; false: no memory. */
bool mdm_certificate_name(const X509_NAME *name, char *text, size_t size);


typedef struct mdm_anchors_s  mdm_anchors_t;

/* One or more PEM certificates; each counts as a trust anchor by itself, so
 * an issuing CA needs no root beside it.  Each must be a CA; its time is not
 * looked at, here or later: who no longer trusts it takes it out. */
mdm_rc_e mdm_anchors_parse(mdm_str_t pem, mdm_anchors_t **anchors,
    mdm_fault_t *fault);
void mdm_anchors_free(mdm_anchors_t *anchors);
unsigned mdm_anchors_count(const mdm_anchors_t *anchors);

/*
 * Chains without regard to time, then looks at usage, then at time (`now`,
 * seconds since 1970).  The verdict GOOD becomes EXPIRED at not_after + 1, so
 * a cache keeps {chains, usage} and asks mdm_certificate_at() again: that
 * turns GOOD, EXPIRED and NOT_YET_VALID into each other and leaves the rest.
 */
mdm_certificate_verdict_e mdm_certificate_judge(
    const mdm_certificate_t *certificate, const mdm_anchors_t *anchors,
    int64_t now);
mdm_certificate_verdict_e mdm_certificate_at(
    const mdm_certificate_t *certificate, mdm_certificate_verdict_e verdict,
    int64_t now);

/* "expired", "does not chain to a CA of this tenant", ... for log lines. */
const char *mdm_certificate_verdict_text(mdm_certificate_verdict_e verdict);


#endif /* _MDM_CERTIFICATE_H_INCLUDED_ */
